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
    "TOPO-02", "TOPO-03", "TOPO-01", "TOPO-11", "TOPO-10", "TOPO-04", "TOPO-14", "TOPO-07", "TOPO-08", "TOPO-05",
    "TOPO-06", "TOPO-09",
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
            self.0.evidence.push(Evidence { what: what.to_owned(), value: shown.value, sql: shown.sql.clone() });
            for trace in &shown.trace_ids {
                if self.0.trace_ids.len() < 5 && !self.0.trace_ids.contains(trace) {
                    self.0.trace_ids.push(trace.clone());
                }
            }
        }
        self
    }

    pub fn trace(mut self, trace: Option<String>) -> Self {
        if let Some(trace) = trace.filter(|trace| self.0.trace_ids.len() < 5 && !self.0.trace_ids.contains(trace)) {
            self.0.trace_ids.push(trace);
        }
        self
    }

    pub fn done(self) -> Finding {
        self.0
    }
}
