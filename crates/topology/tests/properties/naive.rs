//! The sums by nested loops over distinct spans: the definition, slow and without state. Shares with the product what a
//! single span says (`classify`) and the arithmetic of a row, nothing of pairing.

use std::collections::{BTreeMap, BTreeSet};

use model::{Span, SpanId, TraceId};
use topology::classify::{Assumptions, Classified, ResourceFacts, SpanView, classify};
use topology::rollup::{
    CodeCount, EdgeKey, EdgeKind, EdgeSums, Exemplar, OperationKey, OperationSums, bucket_of,
};
use topology::call_fact::ProxyKind;
use topology::{CallFact, Class, EdgeRow, EntityId, Layer, Layers, OperationRow, PeerId, Resolution, Role};

struct Known<'a> {
    span: &'a Span,
    view: SpanView<'a>,
    resource: ResourceFacts,
}

fn bucket(at_ns: i64) -> i64 {
    bucket_of(at_ns, Resolution::TenSeconds)
}

/// The rows that these spans, each once, must give.
pub fn rows(spans: &[Span]) -> (Vec<EdgeRow>, Vec<OperationRow>) {
    let known: Vec<Known<'_>> = spans
        .iter()
        .map(|span| Known {
            span,
            view: SpanView::of(span),
            resource: ResourceFacts::of(&span.resource.attributes, &Assumptions::default()),
        })
        .collect();
    let facts: Vec<Classified<'_>> = known.iter().map(|known| classify(&known.view, &known.resource)).collect();
    let mut edges: BTreeMap<(i64, EdgeKey), EdgeSums> = BTreeMap::new();
    let mut operations: BTreeMap<(i64, OperationKey), OperationSums> = BTreeMap::new();
    for (at, Classified { fact, .. }) in facts.iter().enumerate() {
        let span = known[at].span;
        let exemplar = Exemplar::of(span.trace_id, span.span_id);
        let key = OperationKey {
            entity: fact.entity,
            name: span.name.clone(),
            kind: span.kind,
            status: span.status_code,
            class: fact.class,
        };
        let one = OperationSums {
            calls: 1,
            calls_weighted: i64::from(fact.weight),
            errors: i64::from(fact.outcome.error),
            errors_weighted: if fact.outcome.error { i64::from(fact.weight) } else { 0 },
            exemplar: Some(exemplar),
            ..OperationSums::default()
        };
        let sums = operations.entry((bucket(fact.start_ns), key)).or_default();
        sums.merge(&one);
        sums.duration.record(fact.duration_ns, 1);

        if fact.role != Role::None {
            let kind = if fact.role.calls() { EdgeKind::Client } else { EdgeKind::Server };
            for layer in fact.layers.iter() {
                let sums = edges.entry((bucket(fact.start_ns), key_of(fact, kind, layer))).or_default();
                half(sums, fact);
                let wanted = |held: Option<Exemplar>| held.map_or(exemplar, |held| held.min(exemplar));
                sums.exemplar = Some(wanted(sums.exemplar));
                if fact.outcome.error {
                    sums.error_exemplar = Some(wanted(sums.error_exemplar));
                }
            }
        }
        let parents: BTreeSet<EntityId> = (0..spans.len())
            .filter(|other| Some(spans[*other].span_id) == span.parent_span_id)
            .filter(|other| spans[*other].trace_id == span.trace_id && span.parent_span_id != Some(span.span_id))
            .map(|other| facts[other].fact.entity)
            .collect();
        for parent in parents {
            let key = EdgeKey { kind: EdgeKind::Parent, src: parent, dst: fact.entity, ..EdgeKey::default() };
            edges.entry((bucket(fact.start_ns), key)).or_default().calls += 1;
        }
    }
    let mut matched: BTreeSet<(usize, Layer)> = BTreeSet::new();
    for server in 0..facts.len() {
        let called = &facts[server].fact;
        if !called.role.serves() || called.class == Class::Poll {
            continue;
        }
        for (key, proxies) in reached(&known, &facts, server) {
            for client in 0..facts.len() {
                let caller = &facts[client].fact;
                let span = known[client].span;
                if !caller.role.calls() || caller.class == Class::Poll || (span.trace_id, span.span_id) != key {
                    continue;
                }
                let layers = caller.layers.and(called.layers);
                let layers = if proxies == 0 { layers } else { layers.and(Layers::APP) };
                for layer in layers.iter() {
                    for (side, kind) in [(client, EdgeKind::ClientMatched), (server, EdgeKind::ServerMatched)] {
                        if matched.insert((side, layer)) {
                            let fact = &facts[side].fact;
                            let key = (bucket(fact.start_ns), key_of(fact, kind, layer));
                            half(edges.entry(key).or_default(), fact);
                        }
                    }
                    let key = EdgeKey { dst: called.entity, ..key_of(caller, EdgeKind::Pair, layer) };
                    let exemplar = (proxies == 0).then(|| Exemplar::of(span.trace_id, span.span_id));
                    pair(edges.entry((bucket(caller.start_ns), key)).or_default(), caller, called, exemplar);
                }
            }
        }
    }
    let edges = edges.into_iter().map(|((bucket_ns, key), sums)| EdgeRow { bucket_ns, key, sums }).collect();
    let rows = operations.into_iter();
    (edges, rows.map(|((bucket_ns, key), sums)| OperationRow { bucket_ns, key, sums }).collect())
}

/// Ids of spans that may be the caller's, with the number of proxies between.
fn reached(known: &[Known<'_>], facts: &[Classified<'_>], server: usize) -> Vec<((TraceId, SpanId), usize)> {
    let span = known[server].span;
    let own = (span.trace_id, span.span_id);
    let parent = span.parent_span_id.map(|parent| (span.trace_id, parent));
    let fact = &facts[server].fact;
    let mut starts: Vec<(TraceId, SpanId)> = Vec::new();
    if fact.shared_id {
        starts.push(own);
    } else {
        starts.extend(parent);
        if fact.role == Role::Consumer {
            starts.extend(span.links.iter().map(|link| (link.trace_id, link.span_id)));
        }
        starts.retain(|start| *start != own);
        let mut seen = BTreeSet::new();
        starts.retain(|start| seen.insert(*start));
    }
    let mut all = Vec::new();
    for start in starts {
        let mut next = Some(start);
        for proxies in 0..=4 {
            let Some(key) = next else { break };
            all.push((key, proxies));
            let proxy = (0..facts.len()).find(|at| {
                let span = known[*at].span;
                let contracted = facts[*at].fact.proxy == ProxyKind::Contracted;
                contracted && (span.trace_id, span.span_id) == key && span.parent_span_id.is_some()
            });
            next = proxy.and_then(|at| known[at].span.parent_span_id).map(|parent| (key.0, parent));
        }
    }
    all
}

fn key_of(fact: &CallFact<'_>, kind: EdgeKind, layer: Layer) -> EdgeKey {
    let calls = fact.role.calls();
    EdgeKey {
        kind,
        layer,
        protocol: fact.protocol,
        security: fact.security,
        class: fact.class,
        src: if calls { fact.entity } else { EntityId::NONE },
        peer: if fact.peer_id == PeerId::NONE { PeerId::NONE } else { fact.peer_id },
        dst: if calls { EntityId::NONE } else { fact.entity },
        op: (&*fact.op).into(),
    }
}

fn counts(sums: &mut EdgeSums, weight: u32, fact: &CallFact<'_>, retry: bool, sizes: Option<(u32, u32)>) {
    let weight = i64::from(weight);
    sums.calls += 1;
    sums.calls_weighted += weight;
    sums.calls_weighted_squared += weight * weight / 65_536;
    if fact.outcome.error {
        sums.errors += 1;
        sums.errors_weighted += weight;
    }
    if let Some((request, response)) = sizes {
        sums.request_bytes += i64::from(request);
        sums.response_bytes += i64::from(response);
        sums.sized += 1;
    }
    if retry {
        sums.retries += 1;
    }
}

fn half(sums: &mut EdgeSums, fact: &CallFact<'_>) {
    counts(sums, fact.weight, fact, fact.retry, fact.sizes);
    sums.add_code(CodeCount {
        code: fact.outcome.code,
        flags: fact.outcome.flags,
        calls: 1,
        ..CodeCount::default()
    });
    sums.duration.record(fact.duration_ns, 1);
}

fn pair(sums: &mut EdgeSums, caller: &CallFact<'_>, called: &CallFact<'_>, exemplar: Option<Exemplar>) {
    let weight = caller.weight.max(called.weight);
    counts(sums, weight, caller, caller.retry || called.retry, caller.sizes.or(called.sizes));
    sums.add_code(CodeCount {
        code: caller.outcome.code,
        flags: caller.outcome.flags,
        server_code: called.outcome.code,
        server_flags: called.outcome.flags,
        calls: 1,
    });
    sums.duration.record(caller.duration_ns, 1);
    sums.server_duration.record(called.duration_ns, 1);
    let (client_end, server_end) = (caller.start_ns + caller.duration_ns, called.start_ns + called.duration_ns);
    let network = if called.role == Role::Consumer {
        called.start_ns - client_end
    } else {
        caller.duration_ns - called.duration_ns
    };
    sums.network.record(network.max(0), 1);
    if called.duration_ns > caller.duration_ns {
        sums.asynchronous += 1;
    }
    sums.skew_us += (called.start_ns - caller.start_ns).div_euclid(1000);
    if called.start_ns < caller.start_ns || server_end > client_end {
        sums.skewed += 1;
    }
    let least = |held: Option<Exemplar>| match (held, exemplar) {
        (Some(held), Some(new)) => Some(held.min(new)),
        (held, new) => held.or(new),
    };
    sums.exemplar = least(sums.exemplar);
    if caller.outcome.error {
        sums.error_exemplar = least(sums.error_exemplar);
    }
}
