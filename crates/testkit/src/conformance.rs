//! The report of a conformance run: a score a corpus, failed cases by name, wanted differences by rule.
//!
//! In: cases with their subject (the query or input), our result and whether it is the wanted one. Out: a
//! line `conformance CORPUS PASSED/TOTAL` each, the failures above it, and a part of
//! `target/conformance.json`. A failing case that a rule of `tests/conformance/wanted-differences.toml`
//! catches counts as passed and is counted under the rule.

use std::collections::BTreeMap;
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

/// Scores of one list or folder of cases.
#[derive(Debug, Default)]
struct Corpus {
    passed: usize,
    total: usize,
    failures: Vec<(String, String)>,
    caught: BTreeMap<String, usize>,
}

/// Collects the cases of one runner.
#[derive(Debug)]
pub struct Report {
    runner: String,
    root: PathBuf,
    rules: Vec<Rule>,
    floors: BTreeMap<String, Floor>,
    corpora: BTreeMap<String, Corpus>,
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
        Self { runner: runner.to_owned(), root, rules, floors, corpora: BTreeMap::new() }
    }

    /// Notes one case. `subject` is its query or input, `ours` our result as text, `wanted` what the
    /// original gives; `passed` whether they agree by the corpus' own measure.
    pub fn case(&mut self, corpus: &str, name: &str, subject: &str, passed: bool, ours: &str, wanted: &str) {
        let scores = self.corpora.entry(corpus.to_owned()).or_default();
        scores.total += 1;
        if passed {
            scores.passed += 1;
            return;
        }
        let rule = self.rules.iter().find(|rule| {
            rule.corpora.iter().any(|prefix| corpus.starts_with(prefix.as_str()))
                && rule.subject.is_match(subject)
                && rule.ours.is_match(ours)
        });
        if let Some(rule) = rule {
            scores.passed += 1;
            *scores.caught.entry(rule.name.clone()).or_default() += 1;
        } else {
            let text = format!("{subject}\n      ours:   {ours}\n      wanted: {wanted}");
            scores.failures.push((name.to_owned(), text));
        }
    }

    /// Prints all scores, writes the JSON part and says whether every corpus passed whole or reached its floor. A
    /// floor speaks of the list that it was taken from: with other cases the corpus must pass whole.
    pub fn finish(self) -> bool {
        let mut parts = serde_json::Map::new();
        let mut all = true;
        for (name, corpus) in &self.corpora {
            for (case, text) in &corpus.failures {
                println!("  FAILED {name} {case}: {text}");
            }
            for (rule, count) in &corpus.caught {
                let reason = self.rules.iter().find(|r| r.name == *rule).map_or("", |r| &r.reason);
                println!("  wanted difference `{rule}` caught {count}: {reason}");
            }
            println!("conformance {name} {}/{}", corpus.passed, corpus.total);
            let floor = self.floors.get(name).filter(|floor| floor.total == corpus.total);
            let reached = corpus.failures.is_empty() || floor.is_some_and(|f| corpus.passed >= f.passed);
            if !reached {
                let wanted = floor.map_or(corpus.total, |floor| floor.passed);
                println!("  BELOW {name}: {} passed, {wanted} wanted", corpus.passed);
            }
            all &= reached;
            parts.insert(
                name.clone(),
                json!({
                    "passed": corpus.passed,
                    "total": corpus.total,
                    "failed": corpus.failures.iter().map(|(case, _)| case).collect::<Vec<_>>(),
                    "wanted_differences": corpus.caught,
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
