//! Traces: found ones with their summaries, and one as a skeleton for a picture.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Found traces, newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundTraces {
    /// By the start of their earliest span, descending, then by id.
    pub traces: Vec<FoundTrace>,
    /// What the search has cost.
    pub cost: SearchCost,
}

/// What is known of a trace without its spans.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct FoundTrace {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Service of the root span; null when no root is stored or it named none.
    pub root_service: Option<String>,
    /// Name of the root span; null when no root is stored.
    pub root_name: Option<String>,
    /// Start of the earliest span.
    pub start_time_unix_nano: String,
    /// From the earliest start to the latest end.
    pub duration_nano: i64,
    /// Distinct spans.
    pub span_count: u64,
    /// Spans with status error.
    pub error_count: u64,
    /// Services by name.
    pub services: Vec<ServiceSpans>,
}

/// Spans of one service in a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceSpans {
    /// Name of the service; null when the spans named none.
    pub service: Option<String>,
    /// Its spans.
    pub spans: u64,
    /// Its spans with status error.
    pub errors: u64,
}

/// What a search has cost.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SearchCost {
    /// Time taken.
    pub elapsed_nano: u64,
}

/// A trace without attributes, events and links.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Skeleton {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// Spans by start.
    pub spans: Vec<SkeletonSpan>,
}

/// What a picture needs of a span.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SkeletonSpan {
    /// 16 hexadecimal digits.
    pub span_id: String,
    /// The same of the parent; null for a root.
    pub parent_span_id: Option<String>,
    /// Name of the service; null when none was sent.
    pub service: Option<String>,
    /// Name of the span.
    pub name: String,
    /// internal, server, client, producer, consumer or unspecified.
    pub kind: String,
    /// error, ok or unset.
    pub status: String,
    /// Text of the status, empty when absent.
    pub status_message: String,
    /// Start of the span.
    pub start_time_unix_nano: String,
    /// End minus start, negative if sent so.
    pub duration_nano: i64,
    /// Number of events.
    pub event_count: usize,
    /// Number of links.
    pub link_count: usize,
}
