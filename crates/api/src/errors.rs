//! Failed spans grouped by what went wrong.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Groups of errors, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroups {
    /// The groups.
    pub groups: Vec<ErrorGroup>,
    /// Whether every failed span of the range was looked at and all groups are there.
    pub complete: bool,
}

/// Failed spans of one service that failed alike.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ErrorGroup {
    /// The service; null when its spans named none.
    pub service: Option<String>,
    /// Type of the exception, else `error.type`, else the status code of the answer; empty when nothing says it.
    pub kind: String,
    /// Message of the newest one: the exception's, else the span's status message.
    pub message: String,
    /// Name of the newest one's span.
    pub operation: String,
    /// Failed spans.
    pub count: i64,
    /// Earliest in the range.
    pub first_unix_nano: String,
    /// Newest in the range.
    pub last_unix_nano: String,
    /// Trace of the newest one.
    pub trace_id: String,
    /// Its span.
    pub span_id: String,
    /// Failed spans by equal parts of the range, oldest first.
    pub sparkline: Vec<i64>,
}
