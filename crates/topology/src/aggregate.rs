//! Sums by bucket of ten seconds, from the stream.
//!
//! In: batches of spans in the order of the log, each with the time at which it is taken in. Out, at a cut: the rows that
//! everything since the last cut adds ([`Delta`]), to be committed at the log position of the last batch taken in, and the
//! buckets that repair should look at. One aggregator a tenant.
//!
//! After a start the halves that were waiting come back by [`Aggregator::rebuild`], which counts nothing.

mod books;
mod sums;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use hashbrown::HashMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::call_fact::{CallFact, Class, ProxyKind, Role};
use crate::classify::{Assumptions, Classified, ResourceFacts, SpanRows, SpanView, classify};
use crate::error::Error;
use crate::pending::{self, Arrival, Half, Pending, Seen};
use crate::rollup::{EdgeRow, EntityRow, OperationRow, PeerRow, Resolution, bucket_of};
pub use books::{Books, OTHER, Overflow};
use sums::{Shape, Tally};

/// Settings of an aggregator.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Limits of waiting.
    pub pending: pending::Limits,
    /// What the operator tells.
    pub assumptions: Assumptions,
    /// Caps on keys.
    pub caps: Caps,
}

/// Caps on keys; what is beyond is summed under [`OTHER`] and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caps {
    /// Names of operations a service, spans' names and calls' operations each.
    pub operations_per_service: usize,
    /// Entities.
    pub entities: usize,
    /// Peers that one entity calls.
    pub peers_per_entity: usize,
    /// Instances an entity that are listed.
    pub instances_per_entity: usize,
    /// Different combinations of what halves say that can wait at a time; when it is reached, what waits is evicted.
    pub shapes: usize,
    /// Resources whose facts are remembered.
    pub resources: usize,
}

impl Default for Caps {
    fn default() -> Self {
        Self {
            operations_per_service: 1_000,
            entities: 100_000,
            peers_per_entity: 5_000,
            instances_per_entity: 1_000,
            shapes: 1 << 20,
            resources: 65_536,
        }
    }
}

/// What a round adds to the tables.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delta {
    /// Rows for `edges_10s`, ordered.
    pub edges: Vec<EdgeRow>,
    /// Rows for `operations_10s`, ordered.
    pub operations: Vec<OperationRow>,
    /// Rows for `entities`: instances that appeared or were seen since the last cut.
    pub entities: Vec<EntityRow>,
    /// Rows for `peers`: those that were named since the last cut.
    pub peers: Vec<PeerRow>,
    /// Starts of buckets (nanoseconds) whose sums may miss something until repair.
    pub dirty: BTreeSet<i64>,
    /// Traces of late spans: every bucket in which one of their spans starts is to be looked at too, for what a late half
    /// completes stands in the bucket of the other half.
    pub late_traces: BTreeSet<model::TraceId>,
}

/// Sums of one tenant's spans.
#[derive(Debug)]
pub struct Aggregator {
    options: Options,
    books: Books,
    pending: Pending,
    tally: Tally,
    resources: HashMap<Vec<u8>, (Arc<ResourceFacts>, u32)>,
    key: Vec<u8>,
    spans: u64,
}

impl Aggregator {
    /// An aggregator that has seen nothing.
    pub fn new(options: Options) -> Self {
        let books = Books::new(options.caps);
        Self::with_books(options, books)
    }

    /// One that already knows which names are within the caps, so that it decides like the one whose books these are.
    pub fn with_books(options: Options, books: Books) -> Self {
        Self {
            pending: Pending::new(options.pending),
            books,
            tally: Tally::default(),
            resources: HashMap::new(),
            key: Vec::new(),
            spans: 0,
            options,
        }
    }

    /// The names that are within the caps.
    pub fn books(&self) -> &Books {
        &self.books
    }

    /// Takes in a batch. `now_ns` is the time of taking it in, nanoseconds since the epoch, and lets old halves leave; it
    /// never goes back. Nothing is counted if the batch is not one of spans.
    pub fn ingest(&mut self, batch: &RecordBatch, now_ns: i64) -> Result<(), Error> {
        self.take(batch, now_ns, true)
    }

    /// Takes in spans that are counted already, received within the last window before the cut, oldest first: they wait
    /// again, marked as paired where both halves are among them.
    pub fn rebuild(&mut self, batch: &RecordBatch, now_ns: i64) -> Result<(), Error> {
        self.take(batch, now_ns, false)
    }

    fn take(&mut self, batch: &RecordBatch, now_ns: i64, counting: bool) -> Result<(), Error> {
        let rows = SpanRows::new(batch)?;
        self.advance(now_ns);
        let mut last: Option<(usize, Arc<ResourceFacts>, u32)> = None;
        for row in 0..rows.len() {
            let (facts, entity) = match &last {
                Some((before, facts, entity)) if rows.same_resource(*before, row) => {
                    (Arc::clone(facts), *entity)
                }
                _ => self.resource(&rows, row),
            };
            let view = rows.view(row);
            self.span(&view, &facts, entity, counting);
            last = Some((row, facts, entity));
        }
        Ok(())
    }

    /// Takes in one span, as [`Aggregator::ingest`] does a row.
    pub fn ingest_span(&mut self, span: &model::Span, now_ns: i64) {
        self.take_span(span, now_ns, true);
    }

    /// Takes in one span, as [`Aggregator::rebuild`] does a row.
    pub fn rebuild_span(&mut self, span: &model::Span, now_ns: i64) {
        self.take_span(span, now_ns, false);
    }

    fn take_span(&mut self, span: &model::Span, now_ns: i64, counting: bool) {
        self.advance(now_ns);
        let facts = ResourceFacts::of(&span.resource.attributes, &self.options.assumptions);
        let entity = self.books.entity(&facts);
        self.span(&SpanView::of(span), &facts, entity, counting);
    }

    /// Lets old halves leave.
    pub fn advance(&mut self, now_ns: i64) {
        let Self { pending, tally, .. } = self;
        pending.advance(now_ns.div_euclid(1_000_000_000), &mut tally.counting(true));
        if tally.shapes() > self.options.caps.shapes {
            pending.drain(true, &mut tally.counting(true));
            tally.forget_shapes();
        }
    }

    fn resource(&mut self, rows: &SpanRows<'_>, row: usize) -> (Arc<ResourceFacts>, u32) {
        self.key.clear();
        rows.resource_key(row, &mut self.key);
        if let Some((facts, entity)) = self.resources.get(&self.key) {
            return (Arc::clone(facts), *entity);
        }
        let facts = Arc::new(ResourceFacts::of(&rows.resource_attributes(row), &self.options.assumptions));
        let entity = self.books.entity(&facts);
        if self.resources.len() >= self.options.caps.resources {
            self.resources.clear();
        }
        self.resources.insert(self.key.clone(), (Arc::clone(&facts), entity));
        (facts, entity)
    }

    fn span(&mut self, view: &SpanView<'_>, facts: &ResourceFacts, entity: u32, counting: bool) {
        let Classified { fact, proxy } = classify(view, facts);
        let entity = proxy.as_deref().map_or(entity, |proxy| self.books.entity(proxy));
        let peer = self.books.peer(entity, &fact.peer, fact.peer_id);
        let shape = if fact.role == Role::None {
            None
        } else {
            let op = self.books.op(entity, &fact.op);
            Some(self.tally.shape(Shape::of(&fact, entity, peer, op)))
        };
        let pairs = fact.class != Class::Poll;
        let half = shape.filter(|_| pairs).map(|tag| Half {
            tag,
            calls: fact.role.calls(),
            layers: fact.layers,
            start_ns: fact.start_ns,
            duration_ns: fact.duration_ns,
            sizes: fact.sizes,
        });
        let arrival = Arrival {
            trace_id: view.trace_id,
            span_id: view.span_id,
            parent: view.parent,
            fingerprint: fingerprint(view, &fact, entity),
            entity,
            bucket_ns: bucket_of(fact.start_ns, Resolution::TenSeconds),
            half,
            contracted: fact.proxy == ProxyKind::Contracted,
            shared_id: fact.shared_id,
            links: if fact.role == Role::Consumer { &view.links } else { &[] },
        };
        let seen = self.pending.arrive(&arrival, &mut self.tally.counting(counting));
        if seen == Seen::Duplicate || !counting {
            return;
        }
        self.spans += 1;
        let name = self.books.name(entity, view.name);
        self.tally.operation(view, &fact, entity, name, arrival.bucket_ns);
        if let Some(shape) = shape {
            self.tally.half(shape, view, &fact, arrival.bucket_ns);
        }
        self.books.seen(proxy.as_deref().unwrap_or(facts), entity, peer, fact.start_ns);
    }

    /// The rows that everything since the last cut adds; the sums start again from nothing, what waits goes on waiting.
    pub fn cut(&mut self) -> Delta {
        let delta = self.snapshot();
        self.tally.clear();
        self.books.clear_seen();
        delta
    }

    /// The rows that [`Aggregator::cut`] would give, for queries that want what is not committed yet.
    pub fn snapshot(&self) -> Delta {
        Delta {
            edges: self.tally.edges(&self.books),
            operations: self.tally.operations(&self.books),
            entities: self.books.seen_entities(),
            peers: self.books.seen_peers(),
            dirty: self.tally.dirty().clone(),
            late_traces: self.tally.late_traces().clone(),
        }
    }

    /// Lets everything leave, as at the end of a stream of which nothing more comes.
    pub fn finish(&mut self) {
        let Self { pending, tally, .. } = self;
        pending.drain(false, &mut tally.counting(true));
    }

    /// Lets everything leave before its time, as when memory must be had at once. What is missed is marked.
    pub fn evict(&mut self) {
        let Self { pending, tally, .. } = self;
        pending.drain(true, &mut tally.counting(true));
    }

    /// Distinct spans counted.
    pub fn spans(&self) -> u64 {
        self.spans
    }

    /// Bytes of what waits.
    pub fn pending_bytes(&self) -> usize {
        self.pending.bytes()
    }

    /// Span ids that wait.
    pub fn pending_len(&self) -> usize {
        self.pending.len()
    }

    /// Numbers of what waits and waited, by name.
    pub fn counters(&self) -> BTreeMap<&'static str, u64> {
        let pending = self.pending.counters();
        let overflow = self.books.overflow();
        BTreeMap::from([
            ("duplicates", pending.duplicates),
            ("expired", pending.expired),
            ("evicted", pending.evicted),
            ("late", pending.late),
            ("owners_over", pending.owners_over),
            ("walks_cut", pending.walks_cut),
            ("chains_refused", pending.chains_refused),
            ("operations_over", overflow.operations),
            ("entities_over", overflow.entities),
            ("peers_over", overflow.peers),
            ("instances_over", overflow.instances),
            ("orphans", self.tally.orphans()),
        ])
    }
}

/// What tells spans with the same ids apart: everything that the sums see, and name and parent.
fn fingerprint(view: &SpanView<'_>, fact: &CallFact<'_>, entity: u32) -> u32 {
    let mut bytes = [0u8; 96];
    let (request, response) = fact.sizes.unwrap_or_default();
    let words = [
        view.start_ns as u64,
        view.duration_ns as u64,
        u64::from_le_bytes(view.parent.unwrap_or_default().0),
        fact.entity.0 ^ u64::from(entity == u32::MAX),
        fact.peer_id.0,
        xxh3_64(view.name.as_bytes()),
        xxh3_64(fact.op.as_bytes()),
        u64::from(request) << 32 | u64::from(response),
        (view.kind.0 as u64) << 32 | u64::from(view.status.0 as u32),
        u64::from(fact.weight) << 32 | u64::from(fact.outcome.flags.0),
        u64::from(fact.outcome.code) << 32
            | (fact.role as u64) << 24
            | (fact.class as u64) << 16
            | (fact.protocol as u64) << 8
            | fact.security as u64,
        u64::from(fact.retry) << 3
            | u64::from(fact.shared_id) << 2
            | u64::from(fact.outcome.error) << 1
            | u64::from(fact.sizes.is_some()),
    ];
    for (place, word) in bytes.chunks_exact_mut(8).zip(words) {
        place.copy_from_slice(&word.to_le_bytes());
    }
    xxh3_64(&bytes) as u32
}
