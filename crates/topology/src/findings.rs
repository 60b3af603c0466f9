//! Why there is no edge between two nodes, or not the whole of it.
//!
//! In: a drawing, what ids mean, and evidence that only spans have. Out: findings with stable codes, the
//! likeliest first, each with numbers and traces. Not here: reading spans, and findings about a whole
//! installation.
//!
//! `pair` asks about the two nodes and what lies between them, `senders` about how their spans arrive.

mod pair;
mod senders;

use api::topology::{Evidence, Finding, Why};

use crate::node::NodeKey;
use crate::view::lookup::Lookup;
use crate::view::{Drawing, is_node};

/// Every code that is looked at, in the order in which findings are told.
pub const CODES: [&str; 12] = [
    "TOPO-02", "TOPO-03", "TOPO-01", "TOPO-11", "TOPO-10", "TOPO-04", "TOPO-14", "TOPO-07", "TOPO-08",
    "TOPO-05", "TOPO-06", "TOPO-09",
];
/// Codes about the server itself, which follow the others.
pub const OWN_CODES: [&str; 2] = ["TOPO-13", "TOPO-12"];

/// A number with traces that show it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shown {
    /// How many, or a share.
    pub value: f64,
    /// Traces as 32 hexadecimal digits, at most 5.
    pub trace_ids: Vec<String>,
    /// The statement that gives the number; empty when it is a counter of the server.
    pub sql: String,
}

/// What rows of sums do not tell. Whoever asks fills in what can be had; absent evidence finds nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SpanEvidence {
    /// Server spans of the callee without a parent.
    pub callee_roots: Option<Shown>,
    /// Server spans of the callee whose parent was not found.
    pub callee_orphans: Option<Shown>,
    /// Client spans of the caller that no server span answers.
    pub caller_unanswered: Option<Shown>,
    /// Share of the spans of either that came later than the pairing window, 0 to 1.
    pub late_share: Option<Shown>,
    /// Share of the spans of either that were sent twice, 0 to 1.
    pub duplicate_share: Option<Shown>,
    /// Share of the caller's traces that say they are sampled, 0 to 1.
    pub caller_sampled_share: Option<Shown>,
    /// The same of the callee.
    pub callee_sampled_share: Option<Shown>,
    /// Hosts, operations or versions beyond a limit.
    pub truncated: Option<Shown>,
    /// Halves given up for lack of memory.
    pub evicted: Option<Shown>,
    /// Corrections that wait.
    pub pending_repairs: Option<Shown>,
}

/// The two ends of a question as the map has them.
pub(crate) struct Pair<'a> {
    pub source: &'a str,
    pub target: &'a str,
    pub sources: Vec<&'a NodeKey>,
    pub targets: Vec<&'a NodeKey>,
    pub drawing: &'a Drawing,
    pub lookup: &'a Lookup,
    pub spans: &'a SpanEvidence,
}

/// What speaks for calls between two nodes that the map does not show, by ids or names.
pub fn why(source: &str, target: &str, drawing: &Drawing, lookup: &Lookup, spans: &SpanEvidence) -> Why {
    let find = |name: &str| {
        let all = drawing.graph.nodes.keys();
        all.filter(|key| is_node(key, name, lookup)).collect::<Vec<_>>()
    };
    let pair = Pair { source, target, sources: find(source), targets: find(target), drawing, lookup, spans };
    let calls = pair.edges().map(|(_, edge)| edge.tally.calls).sum();
    let mut findings = pair::findings(&pair);
    findings.extend(senders::findings(&pair));
    let order = |code: &str| CODES.iter().chain(&OWN_CODES).position(|other| *other == code);
    findings.sort_by_key(|finding| order(&finding.code));
    let checked = CODES
        .iter()
        .chain(&OWN_CODES)
        .filter(|code| findings.iter().all(|finding| finding.code != **code))
        .map(|code| (*code).to_owned())
        .collect();
    Why { source: source.to_owned(), target: target.to_owned(), calls, findings, checked }
}

/// Builds a finding.
pub(crate) struct Found(Finding);

impl Found {
    pub fn new(code: &str, message: String, remedy: &str) -> Self {
        Self(Finding {
            code: code.to_owned(),
            message,
            remedy: remedy.to_owned(),
            values: Vec::new(),
            evidence: Vec::new(),
            trace_ids: Vec::new(),
        })
    }

    pub fn value(mut self, name: &str, value: impl ToString) -> Self {
        self.0.values.push((name.to_owned(), value.to_string()));
        self
    }

    pub fn counted(mut self, what: &str, value: i64) -> Self {
        self.0.evidence.push(Evidence { what: what.to_owned(), value: value as f64, sql: String::new() });
        self
    }

    pub fn shown(mut self, what: &str, shown: Option<&Shown>) -> Self {
        if let Some(shown) = shown {
            self.0.evidence.push(Evidence {
                what: what.to_owned(),
                value: shown.value,
                sql: shown.sql.clone(),
            });
            for trace in &shown.trace_ids {
                if self.0.trace_ids.len() < 5 && !self.0.trace_ids.contains(trace) {
                    self.0.trace_ids.push(trace.clone());
                }
            }
        }
        self
    }

    pub fn trace(mut self, trace: Option<String>) -> Self {
        if let Some(trace) =
            trace.filter(|trace| self.0.trace_ids.len() < 5 && !self.0.trace_ids.contains(trace))
        {
            self.0.trace_ids.push(trace);
        }
        self
    }

    pub fn done(self) -> Finding {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::view::fixture::Fixture;
    use crate::view::prepare;

    fn check(lines: &str, (source, target): (&str, &str), spans: &SpanEvidence, wanted: &Expect) {
        let fixture = Fixture::of(lines);
        let lookup = fixture.lookup();
        let drawing = prepare(&fixture.request, &fixture.facts(&lookup));
        let why = why(source, target, &drawing, &lookup, spans);
        let mut shown = format!("{} calls\n", why.calls);
        for finding in why.findings {
            shown += &format!("{}: {}\n", finding.code, finding.message);
            for evidence in finding.evidence {
                shown += &format!("  {} = {}\n", evidence.what, evidence.value);
            }
            if !finding.trace_ids.is_empty() {
                shown += &format!("  traces {}\n", finding.trace_ids.len());
            }
        }
        wanted.assert_eq(&shown);
    }

    #[test]
    fn the_context_is_lost() {
        let roots = Shown { value: 9.0, trace_ids: vec!["ab".repeat(16)], sql: "SELECT 1".to_owned() };
        let spans = SpanEvidence { callee_roots: Some(roots), ..SpanEvidence::default() };
        let lines = "client gateway -> host:auth-api.auth.svc.cluster.local:80 calls=9\nserver unknown -> auth/auth-api calls=9";
        check(
            lines,
            ("gateway", "auth-api"),
            &spans,
            &expect![[r#"
            9 calls
            TOPO-01: gateway calls auth-api 9 times and auth-api answers 9 calls of nobody: the trace context is lost between them
              calls without an answering span = 9
              answered calls without a calling span = 9
              pairs = 0
              server spans without a parent = 9
              traces 2
        "#]],
        );
    }

    #[test]
    fn one_side_sends_nothing() {
        let none = SpanEvidence::default();
        check(
            "client a -> host:b.shop.svc:80 calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            3 calls
            TOPO-02: a calls b 3 times, but no span of b has come
              calls without an answering span = 3
              traces 1
        "#]],
        );
        check(
            "server unknown -> b calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            0 calls
            TOPO-03: no span of a has come
              calls of the target from unknown callers = 3
              traces 1
        "#]],
        );
        check(
            "server unknown -> a calls=3\nserver unknown -> b calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            0 calls
            TOPO-03: a sends spans, but none of an outgoing call: its HTTP client is not instrumented
              calls of the target from unknown callers = 3
              traces 1
        "#]],
        );
        check(
            "server unknown -> a calls=3\nserver unknown -> unknown_service:python calls=1",
            ("a", "b"),
            &none,
            &expect![[r#"
            0 calls
            TOPO-02: no span of b has come, and no span names it as called
              spans = 0
            TOPO-03: a sends spans, but none of an outgoing call: its HTTP client is not instrumented
              calls of the target from unknown callers = 0
            TOPO-08: spans come from 1 services without a name, such as unknown_service:python; one may be the missing end
              services without a name = 1
        "#]],
        );
    }

    #[test]
    fn between_the_two() {
        let none = SpanEvidence::default();
        check(
            "publish a -> logs calls=3\nconsume logs -> b calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            0 calls
            TOPO-10: logs has producers and consumers, but no consumer's span has a link or parent to a producer's
              messages sent = 3
              messages taken = 3
              pairs = 0
              traces 1
        "#]],
        );
        check(
            "pair a -> b via b:80 calls=3 layer=proxy\nserver unknown -> b calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            3 calls
            TOPO-11: the proxies of a and b see 3 calls, but the spans of b begin new traces
              pairs by the proxies = 3
              answered calls without a calling span = 3
        "#]],
        );
        check(
            "server unknown -> b calls=1\nclient a -> host:x.example.org:443 calls=3",
            ("a", "b"),
            &none,
            &expect![[r#"
            0 calls
            TOPO-07: a calls hosts that nothing names, such as x.example.org; b may be one of them
              calls to x.example.org = 3
        "#]],
        );
        let twice = Shown { value: 0.25, ..Shown::default() };
        let spans = SpanEvidence {
            duplicate_share: Some(twice.clone()),
            late_share: Some(twice.clone()),
            evicted: Some(twice),
            ..none
        };
        check(
            "pair a -> b via b:80 calls=3",
            ("a", "b"),
            &spans,
            &expect![[r#"
            3 calls
            TOPO-05: 25.0 % of the spans come later than the window in which halves wait for each other
              share of late spans = 0.25
            TOPO-09: 25.0 % of the spans come twice; they are counted once
              share of doubled spans = 0.25
            TOPO-13: halves of calls were given up for lack of memory, or corrections wait
              halves given up = 0.25
        "#]],
        );
    }
}
