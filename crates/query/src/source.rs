//! What an API asks of stored traces, as one trait: trace by id, search, services, operations.
//!
//! In: a tenant and a question. Out: whole spans as sent, in no particular order inside a trace. The engine over
//! a store snapshot implements it; dialects adjust copies and print.

use std::sync::Arc;

use async_trait::async_trait;
use model::{Span, SpanKind, TenantId, TimeNs, TimeRange, TraceId};
use stdx::Kind;

use crate::predicate::Predicate;

/// A question about traces.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceQuery {
    /// A trace matches through a span that starts inside this range.
    pub range: TimeRange,
    /// What that span must fulfil.
    pub predicate: Predicate,
    /// The newest so many matches are answered.
    pub limit: usize,
}

/// A trace as found: all of its spans.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundTrace {
    /// Its id.
    pub trace_id: TraceId,
    /// All of its spans, also those outside the range.
    pub spans: Vec<Span>,
}

/// What is known of a trace without its spans.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceSummary {
    /// Its id.
    pub trace_id: TraceId,
    /// Start of its earliest stored span.
    pub start: TimeNs,
    /// End of its latest stored span.
    pub end: TimeNs,
    /// Service of its root; `None` when no root is stored or it has none.
    pub root_service: Option<Arc<str>>,
    /// Name of its root span; `None` when no root is stored.
    pub root_name: Option<Arc<str>>,
    /// Number of distinct spans.
    pub span_count: u64,
    /// Number of spans with an error status.
    pub error_count: u64,
    /// Number of spans that name a parent which is not stored.
    pub orphan_count: u64,
    /// Services with their numbers of spans and of error spans, sorted by name; `None`, which comes first, stands
    /// for spans without `service.name`.
    pub services: Vec<(Option<Arc<str>>, u64, u64)>,
}

/// A name of spans within a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Operation {
    /// The spans' name.
    pub name: Arc<str>,
    /// The spans' kind.
    pub kind: SpanKind,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// What sort of failure.
    pub kind: Kind,
    /// Cause and remedy for people.
    pub message: String,
}

impl std::fmt::Display for SourceError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for SourceError {}

/// Where the trace APIs get their data.
#[async_trait]
pub trait TraceSource: Send + Sync {
    /// All spans of a trace; empty when nothing is stored under the id.
    async fn trace(&self, tenant: &TenantId, id: TraceId) -> Result<Vec<Span>, SourceError>;

    /// The newest matching traces: by the start of the earliest stored span, descending, then by trace id
    /// ascending.
    async fn search(&self, tenant: &TenantId, query: &TraceQuery) -> Result<Vec<FoundTrace>, SourceError>;

    /// The same traces without their spans.
    async fn summaries(
        &self,
        tenant: &TenantId,
        query: &TraceQuery,
    ) -> Result<Vec<TraceSummary>, SourceError>;

    /// Names of services, sorted; `None`, which comes first, stands for spans without `service.name`.
    async fn services(&self, tenant: &TenantId) -> Result<Vec<Option<Arc<str>>>, SourceError>;

    /// Operations of a service (`None`: of spans without `service.name`), sorted.
    async fn operations(
        &self,
        tenant: &TenantId,
        service: Option<&str>,
    ) -> Result<Vec<Operation>, SourceError>;
}
