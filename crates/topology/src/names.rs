//! Who is meant by a host: names given at read time, so that a new rule renames all of history.
//!
//! In: the rules file, ServiceEntries, the built-in catalogue; then hosts. Out: which rule names a host,
//! by source: the user's rules beat ServiceEntries, these beat the catalogue. Not here: files and
//! HTTP, and what else can be known of a peer without a rule (`resolve`).

mod book;
mod catalogue;
mod index;
pub mod pattern;
pub mod resolve;
pub mod rules;
pub mod service_entry;
mod statistics;

use std::sync::Arc;

use index::Index;
use rules::{EntryName, Problem, Rule, RuleKind, Rules};
use service_entry::ServiceEntry;

pub use book::{Book, BookState};
pub use statistics::{DryRunRow, HostCalls, RuleUse, dry_run, rule_use};

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleSource {
    /// The rules file.
    Rules,
    /// An Istio ServiceEntry.
    ServiceEntries,
    /// The built-in catalogue.
    Catalogue,
}

impl RuleSource {
    /// The word that replies use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Rules => "rule",
            Self::ServiceEntries => "service entry",
            Self::Catalogue => "catalogue",
        }
    }
}

/// A rule that names a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId {
    /// Which list.
    pub source: RuleSource,
    /// Place in it, from 0.
    pub place: usize,
}

/// All names of one moment. Cheap to share, never changed.
#[derive(Debug, Clone)]
pub struct Names {
    rules: Rules,
    entries: Vec<ServiceEntry>,
    catalogue: Arc<Rules>,
    by_rule: Index,
    by_entry: Index,
    by_catalogue: Arc<Index>,
    revision: u64,
}

/// What is asked about a host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// Lower case, without a trailing dot.
    pub host: &'a str,
    /// `None` when the caller's span did not say.
    pub port: Option<u16>,
    /// Namespace of the caller: some ServiceEntries hold for it alone.
    pub namespace: &'a str,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<'n> {
    /// Which rule.
    pub rule: RuleId,
    /// Its name, placeholders not filled.
    pub name: std::borrow::Cow<'n, str>,
    /// What the host is.
    pub kind: RuleKind,
    /// The namespace that a ServiceEntry gives.
    pub namespace: Option<&'n str>,
    /// Box around nodes of one owner.
    pub group: Option<&'n str>,
    /// Picture.
    pub icon: Option<&'n str>,
    /// Also names matched calls.
    pub force: bool,
}

impl Default for Names {
    fn default() -> Self {
        Self::new(Rules::default(), Vec::new())
    }
}

impl Names {
    /// Names from checked rules and entries. Entries are searched with the oldest first, as Istio
    /// settles conflicts, after those of the caller's own namespace.
    pub fn new(rules: Rules, mut entries: Vec<ServiceEntry>) -> Self {
        entries.sort_by(|a, b| {
            let age = |entry: &ServiceEntry| (entry.created.is_none(), entry.created.clone());
            (age(a), &a.namespace, &a.name).cmp(&(age(b), &b.namespace, &b.name))
        });
        let mut by_entry = Index::default();
        for (at, entry) in entries.iter().enumerate() {
            for pattern in &entry.patterns {
                by_entry.add(pattern, u32::try_from(at).unwrap_or(u32::MAX));
            }
        }
        let (catalogue, by_catalogue) = catalogue::shared();
        Self {
            by_rule: index_of(&rules.externals),
            by_entry,
            revision: 0,
            rules,
            entries,
            catalogue,
            by_catalogue,
        }
    }

    /// Number of the change that brought these names; 0 for names that are not in force.
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The user's rules.
    pub const fn rules(&self) -> &Rules {
        &self.rules
    }

    /// ServiceEntries, oldest first.
    pub fn entries(&self) -> &[ServiceEntry] {
        &self.entries
    }

    /// Which rule names the host, if any.
    pub fn find(&self, ask: Ask<'_>) -> Option<Named<'_>> {
        self.by_rule
            .find(ask.host, ask.port)
            .next()
            .and_then(|at| named_by_rule(RuleSource::Rules, &self.rules.externals, at))
            .or_else(|| self.find_entry(ask))
            .or_else(|| {
                if self.rules.catalogue_off {
                    return None;
                }
                let at = self.by_catalogue.find(ask.host, ask.port).next()?;
                named_by_rule(RuleSource::Catalogue, &self.catalogue.externals, at)
            })
    }

    /// All rules of the user that cover the host, the winner first.
    pub fn covering(&self, ask: Ask<'_>) -> Vec<usize> {
        let mut found = Vec::new();
        for at in self.by_rule.find(ask.host, ask.port) {
            let at = at as usize;
            if !found.contains(&at) {
                found.push(at);
            }
        }
        found
    }

    fn find_entry(&self, ask: Ask<'_>) -> Option<Named<'_>> {
        let mut best = None;
        for at in self.by_entry.find(ask.host, ask.port) {
            let Some(entry) = self.entries.get(at as usize) else { continue };
            if !entry.is_visible_from(ask.namespace) || !entry.has_port(ask.port) {
                continue;
            }
            let rank =
                entry.patterns.iter().filter(|p| p.matches(ask.host, ask.port)).map(|p| p.rank()).min();
            let key = (rank, entry.namespace != ask.namespace, at);
            if best.is_none_or(|found| key < found) {
                best = Some(key);
            }
        }
        let (_, _, at) = best?;
        let entry = self.entries.get(at as usize)?;
        let name = match self.rules.entry_name {
            EntryName::Name => entry.name.as_str().into(),
            EntryName::NameAndNamespace => format!("{}.{}", entry.name, entry.namespace).into(),
        };
        let kind = if entry.is_internal {
            RuleKind::Internal { namespace: entry.namespace.clone(), service: entry.name.clone() }
        } else {
            RuleKind::External
        };
        Some(Named {
            rule: RuleId { source: RuleSource::ServiceEntries, place: at as usize },
            name,
            kind,
            namespace: Some(&entry.namespace),
            group: None,
            icon: None,
            force: false,
        })
    }

    /// What gave a name, in the words of the API: `rule NAME`, `service entry NAME`, `catalogue`.
    pub fn describe(&self, rule: RuleId) -> String {
        match rule.source {
            RuleSource::Rules => {
                format!("rule {}", self.rules.externals.get(rule.place).map_or("", |found| &found.name))
            }
            RuleSource::ServiceEntries => {
                format!("service entry {}", self.entries.get(rule.place).map_or("", |found| &found.name))
            }
            RuleSource::Catalogue => "catalogue".to_owned(),
        }
    }
}

fn index_of(rules: &[Rule]) -> Index {
    let mut index = Index::default();
    for (at, rule) in rules.iter().enumerate() {
        for (_, pattern) in &rule.patterns {
            index.add(pattern, u32::try_from(at).unwrap_or(u32::MAX));
        }
    }
    index
}

fn named_by_rule(source: RuleSource, rules: &[Rule], at: u32) -> Option<Named<'_>> {
    let rule = rules.get(at as usize)?;
    Some(Named {
        rule: RuleId { source, place: at as usize },
        name: rule.name.as_str().into(),
        kind: rule.kind.clone(),
        namespace: None,
        group: rule.group.as_deref(),
        icon: rule.icon.as_deref(),
        force: rule.force,
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use service_entry::{Imported, conflicts};

    /// Hosts, one a line as `[namespace/]host[:port]`, named by rules and entries.
    fn check(rules: &str, entries: &str, hosts: &str, wanted: &Expect) {
        let rules = Rules::parse(rules).unwrap();
        let imported = Imported::parse(entries).unwrap();
        let mut shown = String::new();
        for problem in &imported.problems {
            shown += &format!("{problem}\n");
        }
        let names = Names::new(rules, imported.entries);
        for (host, a, b) in conflicts(names.entries()) {
            let name = |at: usize| format!("{}/{}", names.entries()[at].namespace, names.entries()[at].name);
            shown += &format!("conflict {host}: {} {}\n", name(a), name(b));
        }
        for line in hosts.split_whitespace() {
            let (namespace, rest) = line.split_once('/').unwrap_or(("", line));
            let (host, port) = match rest.rsplit_once(':') {
                Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
                _ => (rest, None),
            };
            let host = pattern::plain_host(host);
            let named = names.find(Ask { host: &host, port, namespace });
            shown += &match named {
                None => format!("{line} -> none\n"),
                Some(named) => format!(
                    "{line} -> {} ({}) by {}\n",
                    named.name,
                    named.kind.word(),
                    names.describe(named.rule)
                ),
            };
        }
        wanted.assert_eq(&shown);
    }

    const THREE: &str = "
externals:
  - { name: google-oauth, match: [ accounts.google.com, oauth2.googleapis.com ] }
  - { name: openai-external, match: [ api.openai.com ] }
  - { name: aws-cloudfront, match: [ '*.cloudfront.net' ] }
  - { name: corp-postgres, kind: database, match: [ '10.20.0.0/16:5432', 'db-*.corp.local:5432' ] }
  - { name: ignore-metadata, kind: ignore, match: [ 169.254.169.254, metadata.google.internal ] }
";

    #[test]
    fn rules_of_the_user() {
        check(
            THREE,
            "",
            "accounts.google.com Accounts.Google.COM. api.openai.com d111.cloudfront.net a.b.cloudfront.net:443
             foo.example.org 10.20.1.2:5432 10.20.1.2:80 db-1.corp.local metadata.google.internal www.googleapis.com",
            &expect![[r#"
                accounts.google.com -> google-oauth (external) by rule google-oauth
                Accounts.Google.COM. -> google-oauth (external) by rule google-oauth
                api.openai.com -> openai-external (external) by rule openai-external
                d111.cloudfront.net -> aws-cloudfront (external) by rule aws-cloudfront
                a.b.cloudfront.net:443 -> aws-cloudfront (external) by rule aws-cloudfront
                foo.example.org -> none
                10.20.1.2:5432 -> corp-postgres (database) by rule corp-postgres
                10.20.1.2:80 -> none
                db-1.corp.local -> corp-postgres (database) by rule corp-postgres
                metadata.google.internal -> ignore-metadata (ignore) by rule ignore-metadata
                www.googleapis.com -> google-userinfo (external) by catalogue
            "#]],
        );
    }

    #[test]
    fn an_exact_host_beats_an_earlier_wildcard() {
        check(
            "
externals:
  - { name: all-google, match: [ '*.googleapis.com' ] }
  - { name: oauth, match: [ oauth2.googleapis.com ] }
  - { name: deep, match: [ '*.storage.googleapis.com' ] }
  - { name: net, match: [ 10.0.0.0/8 ] }
  - { name: subnet, match: [ 10.1.0.0/16 ] }
  - { name: pg, match: [ '10.1.0.1:5432' ] }
catalogue: false
",
            "",
            "oauth2.googleapis.com x.googleapis.com b.storage.googleapis.com 10.2.0.1 10.1.9.9 10.1.0.1:5432 10.1.0.1:80 kapi.kakao.com",
            &expect![[r#"
                oauth2.googleapis.com -> oauth (external) by rule oauth
                x.googleapis.com -> all-google (external) by rule all-google
                b.storage.googleapis.com -> deep (external) by rule deep
                10.2.0.1 -> net (external) by rule net
                10.1.9.9 -> subnet (external) by rule subnet
                10.1.0.1:5432 -> pg (external) by rule pg
                10.1.0.1:80 -> subnet (external) by rule subnet
                kapi.kakao.com -> none
            "#]],
        );
    }

    #[test]
    fn service_entries() {
        check(
            "",
            "
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: openai-external, namespace: chat, creationTimestamp: '2026-02-01T00:00:00Z' }
spec:
  hosts: [ api.openai.com ]
  ports: [ { number: 443, name: https, protocol: TLS } ]
  location: MESH_EXTERNAL
  resolution: DNS
---
apiVersion: networking.istio.io/v1beta1
kind: ServiceEntry
metadata: { name: openai-old, namespace: legacy, creationTimestamp: '2025-02-01T00:00:00Z' }
spec: { hosts: [ api.openai.com ], ports: [ { number: 443 } ] }
---
apiVersion: v1
kind: List
items:
  - apiVersion: networking.istio.io/v1alpha3
    kind: ServiceEntry
    metadata: { name: github, namespace: dev }
    spec:
      hosts: [ github.com ]
      addresses: [ 192.30.252.0/22, 2620:112:3000::/44 ]
      ports: [ { number: 22, protocol: TCP } ]
  - apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: { name: private, namespace: pay }
    spec: { hosts: [ '*.bank.example' ], exportTo: [ '.', audit ] }
  - apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: { name: ledger, namespace: pay }
    spec:
      hosts: [ ledger.pay.internal ]
      location: MESH_INTERNAL
      resolution: STATIC
      endpoints: [ { address: 10.9.0.1 }, { address: 'unix:///x' } ]
  - apiVersion: networking.istio.io/v1
    kind: ServiceEntry
    metadata: { name: pods, namespace: pay }
    spec: { hosts: [ pods.pay ], workloadSelector: { labels: { app: x } } }
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: g }
spec: { servers: [] }
",
            "api.openai.com:443 chat/api.openai.com:443 api.openai.com:80 api.openai.com legacy/api.openai.com
             192.30.253.7:22 192.30.253.7:443 2620:112:3000::1 pay/www.bank.example audit/a.b.bank.example shop/www.bank.example
             ledger ledger.pay.internal 10.9.0.1 pods.pay",
            &expect![[r#"
                38:5: pods: a ServiceEntry with workloadSelector names pods of the cluster, not hosts; nothing to do: these pods send spans or are named by their service
                conflict api.openai.com: legacy/openai-old chat/openai-external
                api.openai.com:443 -> openai-old (external) by service entry openai-old
                chat/api.openai.com:443 -> openai-external (external) by service entry openai-external
                api.openai.com:80 -> openai (external) by catalogue
                api.openai.com -> openai-old (external) by service entry openai-old
                legacy/api.openai.com -> openai-old (external) by service entry openai-old
                192.30.253.7:22 -> github (external) by service entry github
                192.30.253.7:443 -> none
                2620:112:3000::1 -> github (external) by service entry github
                pay/www.bank.example -> private (external) by service entry private
                audit/a.b.bank.example -> private (external) by service entry private
                shop/www.bank.example -> none
                ledger -> ledger (internal) by service entry ledger
                ledger.pay.internal -> ledger (internal) by service entry ledger
                10.9.0.1 -> ledger (internal) by service entry ledger
                pods.pay -> none
            "#]],
        );
    }

    #[test]
    fn the_catalogue_names_what_nobody_named() {
        check(
            "externals: [ { name: my-bucket, match: [ pics.s3.ap-northeast-2.amazonaws.com ] } ]",
            "",
            "accounts.google.com kauth.kakao.com kapi.kakao.com nid.naver.com openapi.naver.com api.openai.com
             s3.ap-northeast-2.amazonaws.com b.s3.ap-northeast-2.amazonaws.com pics.s3.ap-northeast-2.amazonaws.com
             d1.cloudfront.net api.stripe.com api.github.com generativelanguage.googleapis.com 169.254.169.254 foo.example.org",
            &expect![[r#"
                accounts.google.com -> google-oauth (external) by catalogue
                kauth.kakao.com -> kakao-oauth (external) by catalogue
                kapi.kakao.com -> kakao-api (external) by catalogue
                nid.naver.com -> naver-oauth (external) by catalogue
                openapi.naver.com -> naver-openapi (external) by catalogue
                api.openai.com -> openai (external) by catalogue
                s3.ap-northeast-2.amazonaws.com -> aws-s3 (external) by catalogue
                b.s3.ap-northeast-2.amazonaws.com -> aws-s3 (external) by catalogue
                pics.s3.ap-northeast-2.amazonaws.com -> my-bucket (external) by rule my-bucket
                d1.cloudfront.net -> aws-cloudfront (external) by catalogue
                api.stripe.com -> stripe (external) by catalogue
                api.github.com -> github (external) by catalogue
                generativelanguage.googleapis.com -> google-gemini (external) by catalogue
                169.254.169.254 -> cloud-metadata (external) by catalogue
                foo.example.org -> none
            "#]],
        );
    }
}
