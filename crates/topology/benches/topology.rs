//! What the map costs on the way in: classification, pairing and sums a span, as a part of decoding and compressing the same
//! bytes; and what a call that waits takes. JSON lines. Rounds alternate, the median counts, so that a busy machine slows
//! both.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use decode::{Limits, otlp};
use model::span_rows::SpanReader;
use model::{Attrs, Resource, Scope, Span, SpanId, SpanKind, TimeNs, TraceId};
use prost::Message;
use topology::{Aggregator, Layers, Options};
use topology::pending::{self, Arrival, Half, Pair, Pending, Sink};

const TRACES_A_REQUEST: usize = 40;
const REQUESTS: usize = 40;
const ROUNDS: usize = 31;
const NOW_NS: i64 = 1_800_000_000_000_000_000;

fn main() {
    let bodies: Vec<Bytes> = (0..REQUESTS).map(request).collect();
    let limits = Limits::default();
    let batches: Vec<_> =
        bodies.iter().map(|body| otlp::traces(body.clone(), TimeNs(NOW_NS), &limits).expect("a request").batch).collect();
    let spans: f64 = batches.iter().map(|batch| batch.num_rows()).sum::<usize>() as f64;
    let (mut decoding, mut zipping, mut mapping, mut cutting) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        decoding.push(nanos(|| {
            for body in &bodies {
                black_box(otlp::traces(body.clone(), TimeNs(NOW_NS), &limits).expect("a request"));
            }
        }));
        zipping.push(nanos(|| {
            for body in &bodies {
                black_box(zstd::bulk::compress(body, 1).expect("bytes"));
            }
        }));
        let mut aggregator = Aggregator::new(Options::default());
        mapping.push(nanos(|| {
            for batch in &batches {
                aggregator.ingest(batch, NOW_NS).expect("spans");
            }
        }));
        cutting.push(nanos(|| {
            let delta = aggregator.cut();
            black_box(topology::rollup::batches::edges_to_batch(&delta.edges).expect("rows"));
            black_box(topology::rollup::batches::operations_to_batch(&delta.operations).expect("rows"));
        }));
    }
    let [decode_ns, zstd_ns, map_ns, cut_ns] =
        [decoding, zipping, mapping, cutting].map(|times| median(times) / spans);
    println!(
        "{{\"bench\":\"topology/ingest\",\"spans\":{spans},\"ns_per_span\":{map_ns:.0},\"cut_ns_per_span\":{cut_ns:.0},\"decode_ns_per_span\":{decode_ns:.0},\"zstd1_ns_per_span\":{zstd_ns:.0},\"ratio\":{:.3}}}",
        (map_ns + cut_ns) / (decode_ns + zstd_ns),
    );
    for calls in [50_000u32, 115_000, 200_000] {
        let bytes = waiting(calls);
        println!("{{\"bench\":\"topology/pending\",\"calls\":{calls},\"bytes_per_call\":{bytes:.1}}}");
    }
}

struct Deaf;

impl Sink for Deaf {
    fn entity_of(&self, _: u32) -> u32 {
        0
    }
    fn pair(&mut self, pair: Pair) {
        black_box(pair);
    }
    fn parent(&mut self, _: u32, _: u32, _: i64, _: i64) {}
    fn left(&mut self, _: &Half, _: Layers, _: bool) {}
    fn late(&mut self, _: Option<TraceId>, _: i64) {}
    fn evicted(&mut self, _: i64) {}
}

/// Bytes a call with both halves waiting, entries of both spans, nodes and index included.
fn waiting(calls: u32) -> f64 {
    let mut pending = Pending::new(pending::Limits::default());
    pending.advance(0, &mut Deaf);
    for n in 0..calls {
        let ids = [u64::from(n) * 2 + 1, u64::from(n) * 2 + 2].map(|id| SpanId(id.to_be_bytes()));
        for (span_id, parent, calls) in [(ids[0], None, true), (ids[1], Some(ids[0]), false)] {
            let half = Half { tag: 1, calls, layers: Layers::APP, start_ns: NOW_NS, duration_ns: 1000, sizes: None };
            let arrival = Arrival {
                trace_id: TraceId([1; 16]),
                span_id,
                parent,
                fingerprint: 1,
                entity: 1,
                bucket_ns: NOW_NS,
                half: Some(half),
                contracted: false,
                shared_id: false,
                links: &[],
            };
            pending.arrive(&arrival, &mut Deaf);
        }
    }
    pending.bytes() as f64 / f64::from(calls)
}

/// A request as SDKs send it: whole traces of a gateway, two services and a database, half of the spans internal.
fn request(n: usize) -> Bytes {
    let mut spans = Vec::new();
    let service = |name: &str| {
        let attributes = Attrs::from_iter([
            ("service.name", name),
            ("service.version", "1.4.2"),
            ("k8s.namespace.name", "shop"),
            ("k8s.pod.name", "shop-7d9f8b6c5-x07kq"),
            ("telemetry.sdk.language", "python"),
        ]);
        std::sync::Arc::new(Resource { attributes, ..Resource::default() })
    };
    let resources = [service("gateway"), service("cart"), service("stock")];
    for trace in 0..TRACES_A_REQUEST {
        let trace_number = (n * TRACES_A_REQUEST + trace) as u64;
        let mut trace_id = [5; 16];
        trace_id[..8].copy_from_slice(&trace_number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
        // Service, parent, kind.
        let shape: [(usize, usize, SpanKind); 12] = [
            (0, 0, SpanKind::SERVER),
            (0, 1, SpanKind::INTERNAL),
            (0, 1, SpanKind::CLIENT),
            (1, 3, SpanKind::SERVER),
            (1, 4, SpanKind::INTERNAL),
            (1, 4, SpanKind::INTERNAL),
            (1, 4, SpanKind::CLIENT),
            (2, 7, SpanKind::SERVER),
            (2, 8, SpanKind::INTERNAL),
            (2, 8, SpanKind::CLIENT),
            (0, 1, SpanKind::INTERNAL),
            (2, 8, SpanKind::INTERNAL),
        ];
        for (at, (service, parent, kind)) in shape.into_iter().enumerate() {
            let id = |at: usize| SpanId((trace_number << 8 | at as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93).to_be_bytes());
            let mut attributes = Attrs::new();
            match kind {
                SpanKind::SERVER => {
                    attributes.push("http.request.method", "GET");
                    attributes.push("http.route", "/api/v1/items/{id}");
                    attributes.push("http.response.status_code", 200);
                    attributes.push("url.path", format!("/api/v1/items/{trace_number}"));
                    attributes.push("url.scheme", "http");
                    attributes.push("user_agent.original", "python-httpx/0.28.1");
                    attributes.push("client.address", "10.1.2.3");
                }
                SpanKind::CLIENT if at == 9 => {
                    attributes.push("db.system", "postgresql");
                    attributes.push("db.statement", "SELECT id, name FROM items WHERE id = $1");
                    attributes.push("net.peer.name", "orders-db");
                    attributes.push("net.peer.port", 5432);
                    attributes.push("db.name", "orders");
                }
                SpanKind::CLIENT => {
                    attributes.push("http.request.method", "GET");
                    attributes.push("url.full", format!("http://cart:8080/api/v1/items/{trace_number}"));
                    attributes.push("server.address", "cart");
                    attributes.push("server.port", 8080);
                    attributes.push("http.response.status_code", 200);
                }
                _ => attributes.push("asgi.event.type", "http.response.body"),
            }
            spans.push(Span {
                trace_id: TraceId(trace_id),
                span_id: id(at + 1),
                parent_span_id: (parent > 0).then(|| id(parent)),
                name: ["GET /api/v1/items/{id}", "http send", "GET", "SELECT orders"][at % 4].into(),
                kind,
                start: TimeNs(NOW_NS - 5_000_000_000 + trace_number as i64 * 1_000_000),
                duration_nano: 1_000_000 + (trace_number as i64 * 7_919 + at as i64 * 104_729) % 50_000_000,
                attributes,
                resource: std::sync::Arc::clone(&resources[service]),
                scope: std::sync::Arc::new(Scope { name: "opentelemetry.instrumentation".into(), ..Scope::default() }),
                received: TimeNs(NOW_NS),
                ..Span::default()
            });
        }
    }
    spans.sort_by(|a, b| a.resource.service_name().cmp(&b.resource.service_name()));
    // One group a service, as an exporter sends; the reader of rows shares a resource likewise.
    let mut request = testkit::otlp::request_of(&spans);
    let mut groups: Vec<opentelemetry_proto::tonic::trace::v1::ResourceSpans> = Vec::new();
    for group in request.resource_spans.drain(..) {
        match groups.last_mut().filter(|last| last.resource == group.resource) {
            Some(last) => {
                for (scope, more) in last.scope_spans.iter_mut().zip(group.scope_spans) {
                    scope.spans.extend(more.spans);
                }
            }
            None => groups.push(group),
        }
    }
    request.resource_spans = groups;
    let body: Bytes = request.encode_to_vec().into();
    let decoded = otlp::traces(body.clone(), TimeNs(NOW_NS), &Limits::default()).expect("a request");
    assert_eq!(SpanReader::new(&decoded.batch).expect("own schema").len(), spans.len());
    body
}

/// Processor time of `work` in nanoseconds, so that other programs do not count.
fn nanos(work: impl FnOnce()) -> f64 {
    let start = (processor_nanos(), Instant::now());
    work();
    match (start.0, processor_nanos()) {
        (Some(from), Some(to)) => to - from,
        _ => start.1.elapsed().as_nanos() as f64,
    }
}

/// What the kernel says this thread has run; `None` where it does not say.
fn processor_nanos() -> Option<f64> {
    std::fs::read_to_string("/proc/thread-self/schedstat").ok()?.split(' ').next()?.parse().ok()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
