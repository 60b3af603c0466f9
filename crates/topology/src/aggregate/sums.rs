//! The running sums between two cuts, by small numbers instead of names.

use std::collections::BTreeSet;

use hashbrown::HashMap;
use model::{SpanKind, StatusCode, TraceId};

use super::Books;
use crate::call_fact::{CallFact, Class, Layer, Layers, Outcome, Protocol, Role, Security};
use crate::classify::SpanView;
use crate::pending::{Half, Pair, Sink};
use crate::rollup::{
    CodeCount, EdgeKey, EdgeKind, EdgeRow, EdgeSums, Exemplar, OperationKey, OperationRow, OperationSums,
    Resolution, bucket_of,
};

/// Most traces of late spans that are named between two cuts; their buckets are marked all the same.
const LATE_TRACES_MAX: usize = 10_000;

/// What a half says but times and sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    role: Role,
    class: Class,
    layers: Layers,
    protocol: Protocol,
    security: Security,
    entity: u32,
    peer: u32,
    op: u32,
    outcome: Outcome,
    weight: u32,
    retry: bool,
}

impl Shape {
    /// The shape of a fact.
    pub fn of(fact: &CallFact<'_>, entity: u32, peer: u32, op: u32) -> Self {
        Self {
            role: fact.role,
            class: fact.class,
            layers: fact.layers,
            protocol: fact.protocol,
            security: fact.security,
            entity,
            peer,
            op,
            outcome: fact.outcome,
            weight: fact.weight,
            retry: fact.retry,
        }
    }

    fn key(&self, kind: EdgeKind, layer: Layer, bucket_ns: i64) -> Key {
        let calls = self.role.calls();
        Key {
            bucket_ns,
            kind,
            layer,
            protocol: self.protocol,
            security: self.security,
            class: self.class,
            src: if calls { self.entity } else { 0 },
            peer: self.peer,
            dst: if calls { 0 } else { self.entity },
            op: self.op,
        }
    }
}

/// An edge's key in small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    bucket_ns: i64,
    kind: EdgeKind,
    layer: Layer,
    protocol: Protocol,
    security: Security,
    class: Class,
    src: u32,
    peer: u32,
    dst: u32,
    op: u32,
}

/// An operation's key in small numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Name {
    bucket_ns: i64,
    entity: u32,
    name: u32,
    kind: SpanKind,
    status: StatusCode,
    class: Class,
}

/// Sums since the last cut.
#[derive(Debug, Default)]
pub struct Tally {
    shapes: Vec<Shape>,
    by_shape: HashMap<Shape, u32>,
    edges: HashMap<Key, EdgeSums>,
    operations: HashMap<Name, OperationSums>,
    dirty: BTreeSet<i64>,
    late_traces: BTreeSet<TraceId>,
    orphans: u64,
}

/// A tally as the ear of what waits.
#[derive(Debug)]
pub struct Counting<'a> {
    tally: &'a mut Tally,
    on: bool,
}

impl Tally {
    /// Listens; counts nothing unless `on`.
    pub fn counting(&mut self, on: bool) -> Counting<'_> {
        Counting { tally: self, on }
    }

    /// Number of different shapes.
    pub fn shapes(&self) -> usize {
        self.shapes.len()
    }

    /// Forgets the shapes; nothing may wait.
    pub fn forget_shapes(&mut self) {
        self.shapes.clear();
        self.by_shape.clear();
    }

    /// Buckets for repair.
    pub fn dirty(&self) -> &BTreeSet<i64> {
        &self.dirty
    }

    /// Traces whose every bucket is for repair.
    pub fn late_traces(&self) -> &BTreeSet<TraceId> {
        &self.late_traces
    }

    /// Serving halves that left without a caller.
    pub fn orphans(&self) -> u64 {
        self.orphans
    }

    /// The number of a shape.
    pub fn shape(&mut self, shape: Shape) -> u32 {
        let next = self.shapes.len() as u32;
        let number = *self.by_shape.entry(shape).or_insert(next);
        if number == next {
            self.shapes.push(shape);
        }
        number
    }

    /// Counts a half by itself.
    pub fn half(&mut self, shape: u32, view: &SpanView<'_>, fact: &CallFact<'_>, bucket_ns: i64) {
        let Some(shape) = self.shapes.get(shape as usize).copied() else { return };
        let kind = if shape.role.calls() { EdgeKind::Client } else { EdgeKind::Server };
        let half = Half {
            tag: 0,
            calls: shape.role.calls(),
            layers: shape.layers,
            start_ns: fact.start_ns,
            duration_ns: fact.duration_ns,
            sizes: fact.sizes,
        };
        let exemplar = Exemplar::of(view.trace_id, view.span_id);
        for layer in shape.layers.iter() {
            let sums = self.edges.entry(shape.key(kind, layer, bucket_ns)).or_default();
            add_half(sums, &shape, &half);
            sums.exemplar = Exemplar::least(sums.exemplar, Some(exemplar));
            if shape.outcome.error {
                sums.error_exemplar = Exemplar::least(sums.error_exemplar, Some(exemplar));
            }
        }
    }

    /// Counts a span by its name.
    pub fn operation(
        &mut self,
        view: &SpanView<'_>,
        fact: &CallFact<'_>,
        entity: u32,
        name: u32,
        bucket_ns: i64,
    ) {
        let key = Name { bucket_ns, entity, name, kind: view.kind, status: view.status, class: fact.class };
        let sums = self.operations.entry(key).or_default();
        sums.calls += 1;
        sums.calls_weighted += i64::from(fact.weight);
        if fact.outcome.error {
            sums.errors += 1;
            sums.errors_weighted += i64::from(fact.weight);
        }
        sums.duration.record(fact.duration_ns, 1);
        sums.exemplar = Exemplar::least(sums.exemplar, Some(Exemplar::of(view.trace_id, view.span_id)));
    }

    /// Starts again from nothing; shapes stay, for what waits has their numbers.
    pub fn clear(&mut self) {
        self.edges.clear();
        self.operations.clear();
        self.dirty.clear();
        self.late_traces.clear();
    }

    /// The edges as rows, ordered by bucket and key.
    pub fn edges(&self, books: &Books) -> Vec<EdgeRow> {
        let mut rows: Vec<EdgeRow> = self
            .edges
            .iter()
            .filter(|(_, sums)| !sums.is_zero())
            .map(|(key, sums)| EdgeRow {
                bucket_ns: key.bucket_ns,
                key: EdgeKey {
                    kind: key.kind,
                    layer: key.layer,
                    protocol: key.protocol,
                    security: key.security,
                    class: key.class,
                    src: books.entity_id(key.src),
                    peer: books.peer_id(key.peer),
                    dst: books.entity_id(key.dst),
                    op: books.text_of(key.op),
                },
                sums: sums.clone(),
            })
            .collect();
        rows.sort_by(|a, b| (a.bucket_ns, &a.key).cmp(&(b.bucket_ns, &b.key)));
        rows
    }

    /// The operations as rows, ordered by bucket and key.
    pub fn operations(&self, books: &Books) -> Vec<OperationRow> {
        let mut rows: Vec<OperationRow> = self
            .operations
            .iter()
            .map(|(key, sums)| OperationRow {
                bucket_ns: key.bucket_ns,
                key: OperationKey {
                    entity: books.entity_id(key.entity),
                    name: books.text_of(key.name),
                    kind: key.kind,
                    status: key.status,
                    class: key.class,
                },
                sums: sums.clone(),
            })
            .collect();
        rows.sort_by(|a, b| (a.bucket_ns, &a.key).cmp(&(b.bucket_ns, &b.key)));
        rows
    }
}

/// Adds one half's own numbers.
fn add_half(sums: &mut EdgeSums, shape: &Shape, half: &Half) {
    add_counts(sums, shape.weight, shape.outcome.error, shape.retry, half.sizes);
    let Outcome { code, flags, .. } = shape.outcome;
    sums.add_code(CodeCount { code, flags, calls: 1, ..CodeCount::default() });
    sums.duration.record(half.duration_ns, 1);
}

fn add_counts(sums: &mut EdgeSums, weight: u32, error: bool, retry: bool, sizes: Option<(u32, u32)>) {
    sums.calls += 1;
    let weighted = i64::from(weight);
    sums.calls_weighted += weighted;
    // A square of two numbers in 65536ths is in 65536ths of 65536ths.
    sums.calls_weighted_squared =
        sums.calls_weighted_squared.wrapping_add(((weighted as i128 * weighted as i128) >> 16) as i64);
    if error {
        sums.errors += 1;
        sums.errors_weighted += weighted;
    }
    if let Some((request, response)) = sizes {
        sums.request_bytes += i64::from(request);
        sums.response_bytes += i64::from(response);
        sums.sized += 1;
    }
    sums.retries += i64::from(retry);
}

impl Sink for Counting<'_> {
    fn entity_of(&self, tag: u32) -> u32 {
        self.tally.shapes.get(tag as usize).map_or(0, |shape| shape.entity)
    }

    fn pair(&mut self, pair: Pair) {
        if !self.on {
            return;
        }
        let Pair { layer, client, server, client_first, server_first, exemplar } = pair;
        let shape_of = |tag: u32| self.tally.shapes.get(tag as usize).copied();
        let (Some(caller), Some(called)) = (shape_of(client.tag), shape_of(server.tag)) else { return };
        let client_bucket = bucket_of(client.start_ns, Resolution::TenSeconds);
        let server_bucket = bucket_of(server.start_ns, Resolution::TenSeconds);
        if client_first {
            let key = caller.key(EdgeKind::ClientMatched, layer, client_bucket);
            add_half(self.tally.edges.entry(key).or_default(), &caller, &client);
        }
        if server_first {
            let key = called.key(EdgeKind::ServerMatched, layer, server_bucket);
            add_half(self.tally.edges.entry(key).or_default(), &called, &server);
        }
        let key = Key { dst: called.entity, ..caller.key(EdgeKind::Pair, layer, client_bucket) };
        let sums = self.tally.edges.entry(key).or_default();
        let weight = caller.weight.max(called.weight);
        add_counts(
            sums,
            weight,
            caller.outcome.error,
            caller.retry || called.retry,
            client.sizes.or(server.sizes),
        );
        sums.add_code(CodeCount {
            code: caller.outcome.code,
            flags: caller.outcome.flags,
            server_code: called.outcome.code,
            server_flags: called.outcome.flags,
            calls: 1,
        });
        sums.duration.record(client.duration_ns, 1);
        sums.server_duration.record(server.duration_ns, 1);
        let client_end = client.start_ns.saturating_add(client.duration_ns);
        let network = if called.role == Role::Consumer {
            server.start_ns.saturating_sub(client_end)
        } else {
            client.duration_ns - server.duration_ns
        };
        sums.network.record(network.max(0), 1);
        sums.asynchronous += i64::from(server.duration_ns > client.duration_ns);
        let skew_us = server.start_ns.saturating_sub(client.start_ns).div_euclid(1000);
        sums.skew_us += skew_us.clamp(-1_000_000_000_000, 1_000_000_000_000);
        let outside = server.start_ns < client.start_ns
            || server.start_ns.saturating_add(server.duration_ns) > client_end;
        sums.skewed += i64::from(outside);
        sums.exemplar = Exemplar::least(sums.exemplar, exemplar);
        if caller.outcome.error {
            sums.error_exemplar = Exemplar::least(sums.error_exemplar, exemplar);
        }
    }

    fn parent(&mut self, parent: u32, child: u32, start_ns: i64, spans: i64) {
        if !self.on {
            return;
        }
        let key = Key {
            bucket_ns: bucket_of(start_ns, Resolution::TenSeconds),
            kind: EdgeKind::Parent,
            layer: Layer::App,
            protocol: Protocol::Other,
            security: Security::Unknown,
            class: Class::Traffic,
            src: parent,
            peer: 0,
            dst: child,
            op: 0,
        };
        self.tally.edges.entry(key).or_default().calls += spans;
    }

    fn left(&mut self, half: &Half, matched: Layers, _evicted: bool) {
        self.tally.orphans += u64::from(!half.calls && matched == Layers::default());
    }

    fn late(&mut self, trace_id: Option<TraceId>, start_ns: i64) {
        if let Some(trace_id) = trace_id.filter(|_| self.tally.late_traces.len() < LATE_TRACES_MAX) {
            self.tally.late_traces.insert(trace_id);
        }
        self.tally.dirty.insert(bucket_of(start_ns, Resolution::TenSeconds));
    }

    fn evicted(&mut self, start_ns: i64) {
        self.tally.dirty.insert(bucket_of(start_ns, Resolution::TenSeconds));
    }
}
