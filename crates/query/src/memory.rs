//! Spans in a list in memory as a [`TraceSource`]: the plainest reading of the trait, for tests of the dialects
//! and as the reference that the engine is compared with.
//!
//! In: spans by tenant. Out: the answers of the trait, computed by looking at every span. Nothing is indexed and
//! nothing is written; a server does not use it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use async_trait::async_trait;
use model::{Span, StatusCode, TenantId, TimeNs, TraceId};
use parking_lot::RwLock;

use crate::identity::{content_hash, same_content};
use crate::source::{FoundTrace, Operation, SourceError, TraceQuery, TraceSource, TraceSummary};

/// All spans, by tenant and trace.
#[derive(Debug, Default)]
pub struct MemorySource {
    tenants: RwLock<BTreeMap<TenantId, BTreeMap<TraceId, Stored>>>,
}

/// The spans of one trace, each content once.
#[derive(Debug, Default)]
struct Stored {
    spans: Vec<Span>,
    /// Places in `spans` by the hash of the content.
    by_hash: HashMap<u64, Vec<usize>>,
}

impl MemorySource {
    /// Without spans.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds spans; one that is there already with the same content is left out.
    pub fn add(&self, tenant: &TenantId, spans: impl IntoIterator<Item = Span>) {
        let mut tenants = self.tenants.write();
        let traces = tenants.entry(tenant.clone()).or_default();
        for span in spans {
            let Stored { spans, by_hash } = traces.entry(span.trace_id).or_default();
            let places = by_hash.entry(content_hash(&span)).or_default();
            if !places.iter().any(|&place| same_content(&spans[place], &span)) {
                places.push(spans.len());
                spans.push(span);
            }
        }
    }

    /// The newest matching traces in the order of the trait, each with all of its spans.
    fn find(&self, tenant: &TenantId, query: &TraceQuery) -> Vec<FoundTrace> {
        let tenants = self.tenants.read();
        let Some(traces) = tenants.get(tenant) else {
            return Vec::new();
        };
        let is_hit = |span: &Span| query.range.contains(span.start) && query.predicate.matches(span);
        let mut hits: Vec<(TimeNs, TraceId, &[Span])> = traces
            .iter()
            .filter(|(_, stored)| stored.spans.iter().any(is_hit))
            .map(|(id, stored)| {
                let start = stored.spans.iter().map(|span| span.start).min().unwrap_or_default();
                (start, *id, stored.spans.as_slice())
            })
            .collect();
        hits.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        hits.truncate(query.limit);
        hits.into_iter().map(|(_, trace_id, spans)| FoundTrace { trace_id, spans: spans.to_vec() }).collect()
    }
}

#[async_trait]
impl TraceSource for MemorySource {
    async fn trace(&self, tenant: &TenantId, id: TraceId) -> Result<Vec<Span>, SourceError> {
        let tenants = self.tenants.read();
        let stored = tenants.get(tenant).and_then(|traces| traces.get(&id));
        Ok(stored.map(|stored| stored.spans.clone()).unwrap_or_default())
    }

    async fn search(&self, tenant: &TenantId, query: &TraceQuery) -> Result<Vec<FoundTrace>, SourceError> {
        Ok(self.find(tenant, query))
    }

    async fn summaries(
        &self,
        tenant: &TenantId,
        query: &TraceQuery,
    ) -> Result<Vec<TraceSummary>, SourceError> {
        Ok(self.find(tenant, query).iter().map(|found| summarize(found.trace_id, &found.spans)).collect())
    }

    async fn services(&self, tenant: &TenantId) -> Result<Vec<Option<Arc<str>>>, SourceError> {
        let tenants = self.tenants.read();
        let names: BTreeSet<Option<Arc<str>>> = tenants
            .get(tenant)
            .into_iter()
            .flat_map(|traces| traces.values().flat_map(|stored| &stored.spans))
            .map(|span| span.resource.service_name().map(Arc::from))
            .collect();
        Ok(names.into_iter().collect())
    }

    async fn operations(
        &self,
        tenant: &TenantId,
        service: Option<&str>,
    ) -> Result<Vec<Operation>, SourceError> {
        let tenants = self.tenants.read();
        let operations: BTreeSet<Operation> = tenants
            .get(tenant)
            .into_iter()
            .flat_map(|traces| traces.values().flat_map(|stored| &stored.spans))
            .filter(|span| span.resource.service_name() == service)
            .map(|span| Operation { name: Arc::clone(&span.name), kind: span.kind })
            .collect();
        Ok(operations.into_iter().collect())
    }
}

/// What is told of a trace without its spans. The root is the earliest span without a parent, by span id when
/// several began at once; an orphan names a parent that is not there.
pub fn summarize(trace_id: TraceId, spans: &[Span]) -> TraceSummary {
    let root = spans
        .iter()
        .filter(|span| span.parent_span_id.is_none())
        .min_by_key(|span| (span.start, span.span_id));
    let is_error = |span: &Span| u64::from(span.status_code == StatusCode::ERROR);
    let ids: HashSet<_> = spans.iter().map(|span| span.span_id).collect();
    let is_orphan = |span: &&Span| span.parent_span_id.is_some_and(|parent| !ids.contains(&parent));
    let mut services: BTreeMap<Option<Arc<str>>, (u64, u64)> = BTreeMap::new();
    for span in spans {
        let counts = services.entry(span.resource.service_name().map(Arc::from)).or_default();
        counts.0 += 1;
        counts.1 += is_error(span);
    }
    TraceSummary {
        trace_id,
        start: spans.iter().map(|span| span.start).min().unwrap_or_default(),
        end: spans.iter().map(Span::end).max().unwrap_or_default(),
        root_service: root.and_then(|root| root.resource.service_name().map(Arc::from)),
        root_name: root.map(|root| Arc::clone(&root.name)),
        span_count: spans.len() as u64,
        error_count: spans.iter().map(is_error).sum(),
        orphan_count: spans.iter().filter(is_orphan).count() as u64,
        services: services.into_iter().map(|(name, (spans, errors))| (name, spans, errors)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::predicate::Predicate;
    use futures::executor::block_on;
    use model::{Resource, SpanId, SpanKind, TimeRange};

    fn span(trace: u8, id: u8, start: i64, service: Option<&str>) -> Span {
        let attributes = service.map(|name| ("service.name", name)).into_iter().collect();
        Span {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId([id; 8]),
            start: TimeNs(start),
            resource: Arc::new(Resource { attributes, ..Resource::default() }),
            name: format!("op{id}").into(),
            ..Span::default()
        }
    }

    fn filled() -> (MemorySource, TenantId) {
        let (source, tenant) = (MemorySource::new(), TenantId::single());
        source.add(
            &tenant,
            [
                span(1, 1, 10, Some("a")),
                span(1, 2, 99, Some("b")),
                span(3, 1, 20, Some("a")),
                span(2, 1, 20, None),
                span(2, 1, 20, None),
            ],
        );
        (source, tenant)
    }

    #[test]
    fn newest_first_by_the_earliest_span_then_by_id() {
        let (source, tenant) = filled();
        let check = |limit, range, predicate, want: &[u8]| {
            let query = TraceQuery { range, predicate, limit };
            let found = block_on(source.search(&tenant, &query)).expect("memory answers");
            let ids: Vec<u8> = found.iter().map(|found| found.trace_id.0[0]).collect();
            assert_eq!(ids, want);
        };
        check(9, TimeRange::ALL, Predicate::always(), &[2, 3, 1]);
        check(2, TimeRange::ALL, Predicate::always(), &[2, 3]);
        check(9, TimeRange { start: TimeNs(10), end: TimeNs(20) }, Predicate::always(), &[1]);
        check(9, TimeRange::ALL, Predicate::Service(None), &[2]);
        check(9, TimeRange { start: TimeNs(20), end: TimeNs(99) }, Predicate::Service(Some("b".into())), &[]);
        let spans = block_on(source.trace(&tenant, TraceId([2; 16]))).expect("memory answers");
        assert_eq!(spans.len(), 1, "the resend collapsed");
    }

    #[test]
    fn names_and_summaries() {
        let (source, tenant) = filled();
        let services = block_on(source.services(&tenant)).expect("memory answers");
        assert_eq!(services, [None, Some("a".into()), Some("b".into())]);
        let operations = block_on(source.operations(&tenant, Some("a"))).expect("memory answers");
        assert_eq!(operations, [Operation { name: "op1".into(), kind: SpanKind::UNSPECIFIED }]);
        let mut orphan = span(1, 2, 5, Some("b"));
        orphan.parent_span_id = Some(SpanId([9; 8]));
        orphan.status_code = StatusCode::ERROR;
        let summary = summarize(TraceId([1; 16]), &[span(1, 1, 10, None), orphan]);
        assert_eq!((summary.start, summary.end), (TimeNs(5), TimeNs(10)));
        assert_eq!((summary.root_service, summary.root_name), (None, Some("op1".into())));
        assert_eq!((summary.span_count, summary.error_count, summary.orphan_count), (2, 1, 1));
        assert_eq!(summary.services, [(None, 1, 0), (Some("b".into()), 1, 1)]);
    }
}
