//! The report of a conformance run: a score a corpus, failed cases by name, wanted differences by rule.
//!
//! In: cases with their subject (the query or input), our result and whether it is the wanted one. Out: a
//! line `conformance CORPUS PASSED/TOTAL` each, the failures above it, and a part of
//! `target/conformance.json`. Cases may run on the same data in several states ([`Report::begin_state`]); one counts once, and passes
//! when it passes in all of them. A failing case that a rule of `tests/conformance/wanted-differences.toml`
//! catches counts as passed and is counted under the rule.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use serde_json::json;

/// A deliberate difference from the original.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    /// Short unique name.
    name: String,
    /// Corpora (path prefixes) in which it applies.
    corpora: Vec<String>,
    /// Regular expression over the query or input.
    subject: String,
    /// Regular expression over our result; it must match too.
    ours: String,
    /// Why we differ.
    reason: String,
}

#[derive(Debug, Deserialize)]
struct RawRules {
    #[serde(default)]
    rule: Vec<RawRule>,
}

#[derive(Debug)]
struct Rule {
    name: String,
    corpora: Vec<String>,
    subject: Regex,
    ours: Regex,
    reason: String,
}

/// What a corpus reached when it was last looked at; every other corpus must pass whole.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
struct Floor {
    passed: usize,
    total: usize,
}

/// What came of a case; the worst of all states in which it ran.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Passed,
    /// By the rule of this name.
    Caught(String),
    /// With what we gave and what was wanted.
    Failed(String),
}

/// One list or folder of cases.
#[derive(Debug, Default)]
struct Corpus {
    /// In the order in which they came first.
    cases: Vec<(String, Outcome)>,
    /// Places in `cases`, by name and which of that name.
    places: HashMap<(String, usize), usize>,
    /// How often each name came in this state.
    names: HashMap<String, usize>,
    states: Vec<String>,
}

impl Corpus {
    fn note(&mut self, state: &str, name: &str, outcome: Outcome) {
        if self.states.last().is_none_or(|last| last != state) {
            self.states.push(state.to_owned());
            self.names.clear();
        }
        let which = self.names.entry(name.to_owned()).or_default();
        let key = (name.to_owned(), *which);
        *which += 1;
        match self.places.get(&key) {
            Some(place) => {
                let known = &mut self.cases[*place].1;
                *known = known.clone().max(outcome);
            }
            None => {
                self.places.insert(key, self.cases.len());
                self.cases.push((name.to_owned(), outcome));
            }
        }
    }
}

/// Collects the cases of one runner.
#[derive(Debug)]
pub struct Report {
    runner: String,
    root: PathBuf,
    rules: Vec<Rule>,
    floors: BTreeMap<String, Floor>,
    corpora: BTreeMap<String, Corpus>,
    state: String,
}

impl Report {
    /// A report of the runner with this name; `manifest_dir` is the runner's `CARGO_MANIFEST_DIR`, two
    /// levels below the workspace.
    ///
    /// # Panics
    /// When the rules cannot be read: a run without them would judge wrongly.
    pub fn new(runner: &str, manifest_dir: &str) -> Self {
        let root = Path::new(manifest_dir).join("../..");
        let path = root.join("tests/conformance/wanted-differences.toml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let raw: RawRules =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let compile =
            |text: &str| Regex::new(text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let rules = raw
            .rule
            .into_iter()
            .map(|rule| Rule {
                subject: compile(&rule.subject),
                ours: compile(&rule.ours),
                name: rule.name,
                corpora: rule.corpora,
                reason: rule.reason,
            })
            .collect();
        let path = root.join("tests/conformance/floors.toml");
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let floors = toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        Self {
            runner: runner.to_owned(),
            root,
            rules,
            floors,
            corpora: BTreeMap::new(),
            state: String::new(),
        }
    }

    /// From here on the same cases run on the same data in another state; each must pass in all of them.
    pub fn begin_state(&mut self, state: &str) {
        state.clone_into(&mut self.state);
    }

    /// Notes one case. `subject` is its query or input, `ours` our result as text, `wanted` what the
    /// original gives; `passed` whether they agree by the corpus' own measure.
    pub fn case(&mut self, corpus: &str, name: &str, subject: &str, passed: bool, ours: &str, wanted: &str) {
        let rule = || {
            self.rules.iter().find(|rule| {
                rule.corpora.iter().any(|prefix| corpus.starts_with(prefix.as_str()))
                    && rule.subject.is_match(subject)
                    && rule.ours.is_match(ours)
            })
        };
        let outcome = match passed.then_some(Outcome::Passed) {
            Some(passed) => passed,
            None => match rule() {
                Some(rule) => Outcome::Caught(rule.name.clone()),
                None => {
                    let of_state =
                        if self.state.is_empty() { String::new() } else { format!(" [{}]", self.state) };
                    Outcome::Failed(format!(
                        "{subject}{of_state}\n      ours:   {ours}\n      wanted: {wanted}"
                    ))
                }
            },
        };
        self.corpora.entry(corpus.to_owned()).or_default().note(&self.state, name, outcome);
    }

    /// Prints all scores, writes the JSON part and says whether every corpus passed whole or reached its floor. A
    /// floor speaks of the list that it was taken from: with other cases the corpus must pass whole.
    pub fn finish(self) -> bool {
        let mut parts = serde_json::Map::new();
        let mut all = true;
        for (name, corpus) in &self.corpora {
            let (mut failed, mut caught) = (Vec::new(), BTreeMap::<&str, usize>::new());
            for (case, outcome) in &corpus.cases {
                match outcome {
                    Outcome::Passed => {}
                    Outcome::Caught(rule) => *caught.entry(rule).or_default() += 1,
                    Outcome::Failed(text) => {
                        println!("  FAILED {name} {case}: {text}");
                        failed.push(case);
                    }
                }
            }
            for (rule, count) in &caught {
                let reason = self.rules.iter().find(|r| r.name == *rule).map_or("", |r| &r.reason);
                println!("  wanted difference `{rule}` caught {count}: {reason}");
            }
            if corpus.states.len() > 1 {
                println!("  each case in {} states: {}", corpus.states.len(), corpus.states.join(", "));
            }
            let (passed, total) = (corpus.cases.len() - failed.len(), corpus.cases.len());
            println!("conformance {name} {passed}/{total}");
            let floor = self.floors.get(name).filter(|floor| floor.total == total);
            let reached = failed.is_empty() || floor.is_some_and(|f| passed >= f.passed);
            if !reached {
                let wanted = floor.map_or(total, |floor| floor.passed);
                println!("  BELOW {name}: {passed} passed, {wanted} wanted");
            }
            all &= reached;
            parts.insert(
                name.clone(),
                json!({
                    "passed": passed,
                    "total": total,
                    "failed": failed,
                    "wanted_differences": caught,
                    "states": corpus.states.iter().filter(|state| !state.is_empty()).collect::<Vec<_>>(),
                }),
            );
        }
        let folder = self.root.join("target/conformance");
        let written = std::fs::create_dir_all(&folder).and_then(|()| {
            let text = serde_json::to_vec_pretty(&parts)?;
            std::fs::write(folder.join(format!("{}.json", self.runner)), text)
        });
        if let Err(error) = written {
            println!("conformance: {}: {error}", folder.display());
            return false;
        }
        all
    }
}
