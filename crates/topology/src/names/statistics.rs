//! How rules fare against the hosts that were really called: used, never matched, shadowed; and what a
//! draft would change.
//!
//! In: names and hosts with their calls. Out: one row a rule, or one row a host whose name changes.
//! Not here: where the hosts come from.

use super::{Ask, Names, RuleId, RuleSource};

/// A host that was called and not answered by a span of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCalls {
    /// Lower case.
    pub host: String,
    /// As far as known.
    pub port: Option<u16>,
    /// Of the caller.
    pub namespace: String,
    /// Calls in the range that was looked at.
    pub calls: i64,
}

/// How one rule of the user fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleUse {
    /// Its name.
    pub name: String,
    /// Its line in the file.
    pub line: u64,
    /// Hosts that it named.
    pub hosts: usize,
    /// Calls to them.
    pub calls: i64,
    /// The rule that always wins over it, by name and line; then it can be removed or moved.
    pub shadowed_by: Option<String>,
    /// Whether it covers none of the hosts.
    pub never_matched: bool,
}

/// One host under a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRunRow {
    /// The host with its calls.
    pub host: HostCalls,
    /// Who names it now.
    pub before: Option<String>,
    /// The name now.
    pub name_before: Option<String>,
    /// Who would name it.
    pub after: Option<String>,
    /// The name then.
    pub name_after: Option<String>,
}

impl HostCalls {
    fn ask(&self) -> Ask<'_> {
        Ask { host: &self.host, port: self.port, namespace: &self.namespace }
    }
}

/// One row a rule of the rules file, in its order.
pub fn rule_use(names: &Names, hosts: &[HostCalls]) -> Vec<RuleUse> {
    let rules = &names.rules().externals;
    let mut rows = rules
        .iter()
        .map(|rule| RuleUse {
            name: rule.name.clone(),
            line: rule.line,
            hosts: 0,
            calls: 0,
            shadowed_by: None,
            never_matched: true,
        })
        .collect::<Vec<_>>();
    let describe = |place| names.describe(RuleId { source: RuleSource::Rules, place });
    for host in hosts {
        let covering = names.covering(host.ask());
        let Some(&winner) = covering.first() else { continue };
        for &place in &covering {
            rows[place].never_matched = false;
            if place != winner && rows[place].hosts == 0 {
                rows[place].shadowed_by.get_or_insert_with(|| describe(winner));
            }
        }
        rows[winner].hosts += 1;
        rows[winner].calls += host.calls;
        rows[winner].shadowed_by = None;
    }
    for (place, row) in rows.iter_mut().enumerate() {
        // Without any traffic a rule is shadowed all the same when an earlier one has all its patterns.
        let rule = &rules[place];
        let earlier = rules[..place].iter().position(|other| {
            rule.patterns.iter().all(|(_, mine)| other.patterns.iter().any(|(_, theirs)| mine == theirs))
        });
        if let Some(earlier) = earlier.filter(|_| row.hosts == 0) {
            row.shadowed_by.get_or_insert_with(|| describe(earlier));
        }
    }
    rows
}

/// The hosts that a draft names otherwise, the most called first.
pub fn dry_run(now: &Names, draft: &Names, hosts: &[HostCalls]) -> Vec<DryRunRow> {
    let mut rows = hosts
        .iter()
        .filter_map(|host| {
            let (before, after) = (now.find(host.ask()), draft.find(host.ask()));
            let same = match (&before, &after) {
                (Some(a), Some(b)) => (&a.name, &a.kind, a.group) == (&b.name, &b.kind, b.group),
                (None, None) => true,
                _ => false,
            };
            (!same).then(|| DryRunRow {
                host: host.clone(),
                before: before.as_ref().map(|named| now.describe(named.rule)),
                name_before: before.map(|named| named.name.into_owned()),
                after: after.as_ref().map(|named| draft.describe(named.rule)),
                name_after: after.map(|named| named.name.into_owned()),
            })
        })
        .collect::<Vec<_>>();
    rows.sort_by(|a, b| {
        (b.host.calls, &a.host.host, a.host.port).cmp(&(a.host.calls, &b.host.host, b.host.port))
    });
    rows
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::names::Rules;

    fn hosts(text: &str) -> Vec<HostCalls> {
        text.split_whitespace()
            .map(|word| {
                let (host, calls) = word.split_once('=').unwrap();
                HostCalls {
                    host: host.to_owned(),
                    port: None,
                    namespace: String::new(),
                    calls: calls.parse().unwrap(),
                }
            })
            .collect()
    }

    const RULES: &str = "
externals:
  - { name: all, match: [ '*.x.org' ] }
  - { name: a, match: [ a.x.org ] }
  - { name: a-again, match: [ a.x.org ] }
  - { name: wide, match: [ '*.org' ] }
  - { name: unused, match: [ y.com ] }
";

    #[test]
    fn used_shadowed_and_never_matched() {
        let names = Names::new(Rules::parse(RULES).unwrap(), Vec::new());
        let shown = rule_use(&names, &hosts("a.x.org=5 b.x.org=2 c.x.org=1"))
            .iter()
            .map(|row| {
                format!(
                    "{}: {} hosts, {} calls{}{}\n",
                    row.name,
                    row.hosts,
                    row.calls,
                    if row.never_matched { ", never matched" } else { "" },
                    row.shadowed_by.as_ref().map(|by| format!(", shadowed by {by}")).unwrap_or_default()
                )
            })
            .collect::<String>();
        expect![[r#"
            all: 2 hosts, 3 calls
            a: 1 hosts, 5 calls
            a-again: 0 hosts, 0 calls, shadowed by rule a
            wide: 0 hosts, 0 calls, shadowed by rule a
            unused: 0 hosts, 0 calls, never matched
        "#]]
        .assert_eq(&shown);
    }

    #[test]
    fn a_draft_shows_what_it_would_rename() {
        let now = Names::new(Rules::parse(RULES).unwrap(), Vec::new());
        let draft = Names::new(
            Rules::parse("externals: [ { name: b, match: [ b.x.org, q.io ] } ]").unwrap(),
            Vec::new(),
        );
        let shown = dry_run(&now, &draft, &hosts("a.x.org=5 b.x.org=2 q.io=9 z.io=1 api.openai.com=3"))
            .iter()
            .map(|row| format!("{} {:?} -> {:?}\n", row.host.host, row.name_before, row.name_after))
            .collect::<String>();
        expect![[r#"
            q.io None -> Some("b")
            a.x.org Some("a") -> None
            b.x.org Some("all") -> Some("b")
        "#]]
        .assert_eq(&shown);
    }
}
