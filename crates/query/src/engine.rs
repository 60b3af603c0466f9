//! [`TraceSource`] over a store: one snapshot a question.

use std::sync::Arc;

use async_trait::async_trait;
use model::{Span, TenantId, TraceId};
use stdx::Kind;
use store::{Snapshot, Store};

use crate::fetch;
use crate::names;
use crate::search;
use crate::source::{FoundTrace, Operation, SourceError, TraceQuery, TraceSource, TraceSummary};

/// Answers questions about what a store holds.
#[derive(Debug, Clone)]
pub struct Engine {
    store: Store,
}

impl Engine {
    /// An engine over a running or read-only store.
    pub fn new(store: Store) -> Self {
        Self { store }
    }

    /// The store behind it.
    pub fn store(&self) -> &Store {
        &self.store
    }

    pub(crate) fn view(&self) -> View {
        View { snapshot: self.store.snapshot(), objects: self.store.objects() }
    }
}

/// A snapshot and where its files are read.
#[derive(Debug, Clone)]
pub(crate) struct View {
    pub(crate) snapshot: Snapshot,
    pub(crate) objects: Arc<dyn object_store::ObjectStore>,
}

impl From<store::Error> for SourceError {
    fn from(error: store::Error) -> Self {
        Self { kind: error.kind(), message: error.chain() }
    }
}

impl From<segment::Error> for SourceError {
    fn from(error: segment::Error) -> Self {
        store::Error::from(error).into()
    }
}

impl From<model::span_rows::read::RowError> for SourceError {
    fn from(error: model::span_rows::read::RowError) -> Self {
        Self { kind: Kind::Corrupt, message: error.to_string() }
    }
}

#[async_trait]
impl TraceSource for Engine {
    async fn trace(&self, tenant: &TenantId, id: TraceId) -> Result<Vec<Span>, SourceError> {
        fetch::trace(&self.view(), tenant, id).await
    }

    async fn search(&self, tenant: &TenantId, query: &TraceQuery) -> Result<Vec<FoundTrace>, SourceError> {
        let view = self.view();
        let found = search::newest(&view, tenant, query).await?;
        let ids: Vec<TraceId> = found.iter().map(|found| found.trace_id).collect();
        let mut spans = fetch::traces(&view, tenant, &ids).await?;
        Ok(ids
            .into_iter()
            .map(|trace_id| FoundTrace { trace_id, spans: spans.remove(&trace_id).unwrap_or_default() })
            .collect())
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        query: &TraceQuery,
    ) -> Result<Vec<TraceSummary>, SourceError> {
        search::newest(&self.view(), tenant, query).await
    }

    async fn services(&self, tenant: &TenantId) -> Result<Vec<Option<Arc<str>>>, SourceError> {
        Ok(names::services(&self.view(), tenant))
    }

    async fn operations(
        &self,
        tenant: &TenantId,
        service: Option<&str>,
    ) -> Result<Vec<Operation>, SourceError> {
        Ok(names::operations(&self.view(), tenant, service))
    }
}

impl Engine {
    /// Attribute keys by scope with counts, over files that overlap the range.
    pub async fn attribute_keys(
        &self,
        tenant: &TenantId,
        range: model::TimeRange,
    ) -> Result<names::Counted<(names::KeyScope, String)>, SourceError> {
        names::keys(&self.view(), tenant, range)
    }

    /// Values of an attribute key as text with counts, over the newest rows that overlap the range.
    pub async fn attribute_values(
        &self,
        tenant: &TenantId,
        key: &str,
        range: model::TimeRange,
        limit: usize,
    ) -> Result<names::Counted<String>, SourceError> {
        names::values(&self.view(), tenant, key, range, limit).await
    }
}
