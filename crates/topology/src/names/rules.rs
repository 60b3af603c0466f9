//! The file of naming rules: who is meant by a host that sends no spans.
//!
//! In: YAML text (`externals`, `service_entries`, `expected`, `catalogue`; docs/naming.md). Out: checked
//! rules, or every problem at once, each with place and remedy. Not here: reading files, deciding which
//! rule wins (`index`), Istio's own files (`service_entry`).

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::pattern::Pattern;

/// Most rules of one file; a file is searched for each unmatched host of a query.
pub const RULES_MAX: usize = 10_000;

/// What is wrong with a text, where, and what helps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line from 1; 0 when unknown.
    pub line: u64,
    /// Column from 1; 0 when unknown.
    pub column: u64,
    /// The entry, as `externals[2].match[0]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong.
    pub message: String,
    /// What helps.
    pub remedy: String,
}

/// What a rule makes of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// Somebody else's service.
    External,
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A broker.
    Queue,
    /// A gateway or load balancer: drawn as an external node that others stand behind.
    Gateway,
    /// Not drawn at all.
    Ignore,
    /// One of our own services.
    Internal {
        /// Its namespace.
        namespace: String,
        /// Its name.
        service: String,
    },
}

impl RuleKind {
    fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "external" => Self::External,
            "database" => Self::Database,
            "cache" => Self::Cache,
            "queue" => Self::Queue,
            "gateway" => Self::Gateway,
            "ignore" => Self::Ignore,
            _ => {
                let (namespace, service) = text.strip_prefix("internal:")?.split_once('/')?;
                if namespace.is_empty() || service.is_empty() {
                    return None;
                }
                Self::Internal { namespace: namespace.to_owned(), service: service.to_owned() }
            }
        })
    }

    /// The word of the rules file.
    pub fn word(&self) -> &'static str {
        match self {
            Self::External => "external",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::Gateway => "gateway",
            Self::Ignore => "ignore",
            Self::Internal { .. } => "internal",
        }
    }
}

/// One checked rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Name of the node; may hold `{host}`, `{port}`, `{db}`, `{system}`.
    pub name: String,
    /// What it makes of the hosts.
    pub kind: RuleKind,
    /// A box around nodes of one owner, such as `Google`.
    pub group: Option<String>,
    /// A picture's name.
    pub icon: Option<String>,
    /// Also names calls whose server span was found, hiding that service.
    pub force: bool,
    /// The patterns with the texts they were written as.
    pub patterns: Vec<(String, Pattern)>,
    /// Line of the rule in its file.
    pub line: u64,
}

/// A call that should be seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Expected {
    /// Name of the caller: `service` or `namespace/service`.
    pub from: String,
    /// Name of the callee, or a host.
    pub to: String,
}

/// How nodes of ServiceEntries are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntryName {
    /// `metadata.name`.
    #[default]
    Name,
    /// `metadata.name` and namespace with a dot between.
    NameAndNamespace,
}

/// A checked rules file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rules {
    /// In the order of the file.
    pub externals: Vec<Rule>,
    /// Globs of files with ServiceEntries, to be read by whoever holds the file system.
    pub entry_files: Vec<String>,
    /// How nodes of ServiceEntries are named.
    pub entry_name: EntryName,
    /// Calls that should be seen.
    pub expected: Vec<Expected>,
    /// Whether the built-in catalogue is used; it is unless switched off.
    pub catalogue_off: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileText {
    #[serde(default)]
    externals: Vec<Spanned<RuleText>>,
    #[serde(default)]
    service_entries: EntriesText,
    #[serde(default)]
    expected: Vec<Spanned<ExpectedText>>,
    catalogue: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleText {
    name: Spanned<String>,
    kind: Option<Spanned<String>>,
    group: Option<String>,
    icon: Option<String>,
    #[serde(default)]
    force: bool,
    #[serde(rename = "match")]
    patterns: Spanned<Vec<Spanned<String>>>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields)]
struct EntriesText {
    #[serde(default)]
    files: Vec<String>,
    from_kubernetes: Option<Spanned<bool>>,
    name: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedText {
    from: String,
    to: String,
}

impl Rules {
    /// Reads a rules file; an empty one is no rules at all.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        if text.lines().all(|line| line.trim().is_empty() || line.trim_start().starts_with('#')) {
            return Ok(Self::default());
        }
        let file =
            serde_saphyr::from_str::<FileText>(text).map_err(|error| vec![Problem::of_yaml(&error)])?;
        let mut problems = Vec::new();
        if file.externals.len() > RULES_MAX {
            problems.push(Problem {
                message: format!("{} rules, at most {RULES_MAX}", file.externals.len()),
                remedy: "join rules by wildcards or networks".to_owned(),
                ..Problem::default()
            });
        }
        let externals = file
            .externals
            .iter()
            .enumerate()
            .filter_map(|(at, rule)| check_rule(at, rule, &mut problems))
            .collect::<Vec<_>>();
        let expected = check_expected(&file.expected, &mut problems);
        let entry_name = check_entries(&file.service_entries, &mut problems);
        if !problems.is_empty() {
            problems.sort_by_key(|problem| (problem.line, problem.column));
            return Err(problems);
        }
        Ok(Self {
            externals,
            entry_files: file.service_entries.files,
            entry_name,
            expected,
            catalogue_off: file.catalogue == Some(false),
        })
    }
}

fn check_rule(at: usize, rule: &Spanned<RuleText>, problems: &mut Vec<Problem>) -> Option<Rule> {
    let before = problems.len();
    let text = &rule.value;
    let path = format!("externals[{at}]");
    if text.name.value.trim().is_empty() {
        problems.push(Problem::at(
            &text.name,
            &format!("{path}.name"),
            "the name is empty",
            "give the node a name",
        ));
    }
    for (open, _) in text.name.value.match_indices('{') {
        let rest = &text.name.value[open..];
        let word = rest.find('}').map_or(rest, |close| &rest[..=close]);
        if !["{host}", "{port}", "{db}", "{system}"].contains(&word) {
            problems.push(Problem::at(
                &text.name,
                &format!("{path}.name"),
                format!("`{word}` stands for nothing"),
                "use {host}, {port}, {db} or {system}",
            ));
        }
    }
    let kind = match &text.kind {
        None => RuleKind::External,
        Some(kind) => RuleKind::parse(&kind.value).unwrap_or_else(|| {
            problems.push(Problem::at(
                kind,
                &format!("{path}.kind"),
                format!("`{}` is no kind", kind.value),
                "one of external, database, cache, queue, gateway, ignore, internal:NAMESPACE/SERVICE",
            ));
            RuleKind::External
        }),
    };
    if text.patterns.value.is_empty() {
        problems.push(Problem::at(
            &text.patterns,
            &format!("{path}.match"),
            "the rule matches nothing",
            "list at least one host, wildcard or network",
        ));
    }
    let mut patterns = Vec::new();
    for (nth, pattern) in text.patterns.value.iter().enumerate() {
        match Pattern::parse(&pattern.value) {
            Ok(parsed) => patterns.push((pattern.value.trim().to_ascii_lowercase(), parsed)),
            Err(error) => problems.push(Problem::at(
                pattern,
                &format!("{path}.match[{nth}]"),
                error.message,
                error.remedy,
            )),
        }
    }
    (problems.len() == before).then(|| Rule {
        name: text.name.value.trim().to_owned(),
        kind,
        group: text.group.clone(),
        icon: text.icon.clone(),
        force: text.force,
        patterns,
        line: rule.referenced.line(),
    })
}

fn check_expected(expected: &[Spanned<ExpectedText>], problems: &mut Vec<Problem>) -> Vec<Expected> {
    let mut checked = Vec::new();
    for (at, edge) in expected.iter().enumerate() {
        let (from, to) = (edge.value.from.trim(), edge.value.to.trim());
        if from.is_empty() || to.is_empty() {
            let path = format!("expected[{at}]");
            problems.push(Problem::at(
                edge,
                &path,
                "one end is empty",
                "name a service or host at both ends",
            ));
            continue;
        }
        checked.push(Expected { from: from.to_owned(), to: to.to_owned() });
    }
    checked
}

fn check_entries(entries: &EntriesText, problems: &mut Vec<Problem>) -> EntryName {
    if let Some(switch) = entries.from_kubernetes.as_ref().filter(|switch| switch.value) {
        problems.push(Problem::at(
            switch,
            "service_entries.from_kubernetes",
            "reading from a cluster is not supported",
            "export them with `kubectl get serviceentries -A -o yaml` and list the file",
        ));
    }
    match entries.name.as_ref().map(|name| name.value.as_str()) {
        None | Some("metadata.name" | "{name}") => EntryName::Name,
        Some("{name}.{namespace}") => EntryName::NameAndNamespace,
        Some(other) => {
            if let Some(name) = &entries.name {
                problems.push(Problem::at(
                    name,
                    "service_entries.name",
                    format!("`{other}` is no naming"),
                    "write `metadata.name` or `{name}.{namespace}`",
                ));
            }
            EntryName::Name
        }
    }
}

impl Problem {
    /// A problem of a value with a known place.
    pub fn at<T>(
        value: &Spanned<T>,
        path: &str,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Self {
        Self {
            line: value.referenced.line(),
            column: value.referenced.column(),
            path: path.to_owned(),
            message: message.into(),
            remedy: remedy.into(),
        }
    }

    /// What the YAML reader refused.
    pub fn of_yaml(error: &serde_saphyr::Error) -> Self {
        let place = error.location();
        let text = error.to_string();
        // The reader adds a picture of the place below its first line; ours is line and column.
        let first = text.lines().next().unwrap_or("the text is no YAML");
        let message = match place.and_then(|place| first.split_once(&format!("column {}: ", place.column())))
        {
            Some((_, message)) => message.to_owned(),
            None => first.to_owned(),
        };
        Self {
            line: place.map_or(0, |place| place.line()),
            column: place.map_or(0, |place| place.column()),
            path: String::new(),
            message,
            remedy:
                "the keys are externals (name, kind, group, icon, force, match), service_entries (files, \
                     name), expected (from, to) and catalogue"
                    .to_owned(),
        }
    }
}

impl Default for Problem {
    fn default() -> Self {
        Self { line: 0, column: 0, path: String::new(), message: String::new(), remedy: String::new() }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.line > 0 {
            write!(f, "{}:{}: ", self.line, self.column)?;
        }
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{}; {}", self.message, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(text: &str, wanted: &Expect) {
        let shown = match Rules::parse(text) {
            Ok(rules) => format!("{rules:#?}\n"),
            Err(problems) => problems.iter().map(|problem| format!("{problem}\n")).collect(),
        };
        wanted.assert_eq(&shown);
    }

    #[test]
    fn every_problem_is_told_with_its_place() {
        check(
            "
externals:
  - name: google-oauth
    kind: externals
    match: [ accounts.google.com, 'https://oauth2.googleapis.com/token' ]
  - name: pg-{database}
    match: []
expected:
  - { from: '', to: b }
service_entries: { from_kubernetes: true, name: '{host}' }
",
            &expect![[r#"
                4:11: externals[0].kind: `externals` is no kind; one of external, database, cache, queue, gateway, ignore, internal:NAMESPACE/SERVICE
                5:35: externals[0].match[1]: `https://oauth2.googleapis.com/token` is a URL, not a host; leave out the scheme and the path
                6:11: externals[1].name: `{database}` stands for nothing; use {host}, {port}, {db} or {system}
                7:12: externals[1].match: the rule matches nothing; list at least one host, wildcard or network
                9:5: expected[0]: one end is empty; name a service or host at both ends
                10:37: service_entries.from_kubernetes: reading from a cluster is not supported; export them with `kubectl get serviceentries -A -o yaml` and list the file
                10:49: service_entries.name: `{host}` is no naming; write `metadata.name` or `{name}.{namespace}`
            "#]],
        );
        check(
            "externals: [ { name: a, hosts: [b] } ]",
            &expect![[r#"
                1:25: unknown field `hosts`, expected one of name, kind, group, icon, force, match; the keys are externals (name, kind, group, icon, force, match), service_entries (files, name), expected (from, to) and catalogue
            "#]],
        );
        check(
            "externals: [ {",
            &expect![[r#"
                1:14: unclosed bracket '{'; the keys are externals (name, kind, group, icon, force, match), service_entries (files, name), expected (from, to) and catalogue
            "#]],
        );
    }

    #[test]
    fn a_file_of_comments_has_no_rules() {
        assert_eq!(Rules::parse("# nothing\n\n"), Ok(Rules::default()));
    }

    #[test]
    fn a_whole_file() {
        check(
            "
externals:
  - { name: corp-postgres, kind: database, group: Corp, force: true, match: [ '10.20.0.0/16:5432' ] }
  - { name: billing, kind: 'internal:pay/billing', match: [ billing.corp ] }
service_entries: { files: [ ./istio/*.yaml ], name: '{name}.{namespace}' }
expected: [ { from: chat-api, to: auth-api } ]
catalogue: false
",
            &expect![[r#"
                Rules {
                    externals: [
                        Rule {
                            name: "corp-postgres",
                            kind: Database,
                            group: Some(
                                "Corp",
                            ),
                            icon: None,
                            force: true,
                            patterns: [
                                (
                                    "10.20.0.0/16:5432",
                                    Pattern {
                                        shape: Network(
                                            Network {
                                                base: 10.20.0.0,
                                                bits: 16,
                                            },
                                        ),
                                        port: Some(
                                            5432,
                                        ),
                                    },
                                ),
                            ],
                            line: 3,
                        },
                        Rule {
                            name: "billing",
                            kind: Internal {
                                namespace: "pay",
                                service: "billing",
                            },
                            group: None,
                            icon: None,
                            force: false,
                            patterns: [
                                (
                                    "billing.corp",
                                    Pattern {
                                        shape: Exact(
                                            "billing.corp",
                                        ),
                                        port: None,
                                    },
                                ),
                            ],
                            line: 4,
                        },
                    ],
                    entry_files: [
                        "./istio/*.yaml",
                    ],
                    entry_name: NameAndNamespace,
                    expected: [
                        Expected {
                            from: "chat-api",
                            to: "auth-api",
                        },
                    ],
                    catalogue_off: true,
                }
            "#]],
        );
    }
}
