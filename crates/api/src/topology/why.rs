//! Why an edge is not on the map.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why there is no edge, or not the whole of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Why {
    /// The caller asked for.
    pub source: String,
    /// The callee asked for.
    pub target: String,
    /// Calls that the map has on this edge in the range.
    pub calls: i64,
    /// What was found, the likeliest cause first; empty when nothing speaks for a missing call.
    pub findings: Vec<Finding>,
    /// What was looked at without a finding: codes.
    pub checked: Vec<String>,
}

/// A cause with its evidence.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// A stable code such as `TOPO-01`.
    pub code: String,
    /// In one sentence, in English.
    pub message: String,
    /// What to do about it.
    pub remedy: String,
    /// Names and numbers in the sentence, for other languages.
    pub values: Vec<(String, String)>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Traces that show it; at most 5.
    pub trace_ids: Vec<String>,
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// What was counted.
    pub what: String,
    /// The number.
    pub value: f64,
    /// The statement that gives it; empty when it is not in the tables.
    pub sql: String,
}
