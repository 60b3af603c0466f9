//! One edge or node with everything known of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Edge, Node};
use crate::traffic::{CodeCalls, Series, Traffic};

/// An edge with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct EdgeDetail {
    /// The caller.
    pub source: Node,
    /// The callee.
    pub target: Node,
    /// The edges between them in this direction, one a kind and protocol.
    pub edges: Vec<Edge>,
    /// Their numbers over time.
    pub series: Series,
    /// The numbers as each side saw them.
    pub views: Vec<View>,
    /// Calls by outcome, the most frequent first.
    pub codes: Vec<CodeCalls>,
    /// Calls by host, the most called first; at most 50.
    pub hosts: Vec<HostCalls>,
    /// Calls by operation, the most time spent first; at most 50.
    pub operations: Vec<OperationTraffic>,
    /// Calls to look at.
    pub exemplars: Vec<Exemplar>,
    /// The statement that gives calls and errors.
    pub sql: String,
    /// Path and query of the traces that are counted here.
    pub traces: String,
}

/// A node with everything known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct NodeDetail {
    /// The node.
    pub node: Node,
    /// Numbers of the calls that it answered, or that it was asked when it tells nothing itself.
    pub series: Series,
    /// The nodes that the edges below name.
    pub neighbours: Vec<Node>,
    /// Edges into it.
    pub callers: Vec<Edge>,
    /// Edges out of it.
    pub callees: Vec<Edge>,
    /// Calls by operation, the most time spent first; at most 50.
    pub operations: Vec<OperationTraffic>,
    /// Calls by outcome, the most frequent first.
    pub codes: Vec<CodeCalls>,
    /// Calls to look at.
    pub exemplars: Vec<Exemplar>,
    /// The statement that gives its calls and errors.
    pub sql: String,
    /// Path and query of its traces.
    pub traces: String,
}

/// The numbers of an edge as one side saw them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct View {
    /// client, server, or network for the difference of the two.
    pub observer: String,
    /// Its numbers.
    pub traffic: Traffic,
}

/// Calls to one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct HostCalls {
    /// `host:port` as the callers said it.
    pub host: String,
    /// Calls.
    pub calls: i64,
    /// Failed ones.
    pub errors: i64,
}

/// Calls of one operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct OperationTraffic {
    /// Route, method, or operation of a database.
    pub operation: String,
    /// Its numbers.
    pub traffic: Traffic,
}

/// A call to look at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Exemplar {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// Duration of the span.
    pub duration_ns: i64,
    /// Whether it failed.
    pub error: bool,
}
