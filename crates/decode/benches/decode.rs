//! What decoding costs: our walk, and as a measure `prost` decoding of the same bytes into the generated
//! structs of `opentelemetry-proto`, which still have to become columns. JSON lines, one a way; `ratio` is
//! prost's time by ours. Rounds alternate, the median counts, so that a busy machine slows both.

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use decode::{Limits, otlp, otlp_json};
use model::TimeNs;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span};
use prost::Message;

const SPANS: usize = 512;
const ROUNDS: usize = 61;
const REQUESTS_A_ROUND: usize = 20;

fn main() {
    let bodies: Vec<Bytes> =
        (0..REQUESTS_A_ROUND).map(|n| request(n as u64).encode_to_vec().into()).collect();
    let bytes: usize = bodies.iter().map(Bytes::len).sum();
    let spans = (SPANS * REQUESTS_A_ROUND) as f64;
    let limits = Limits::default();
    let mut ours = Vec::new();
    let mut theirs = Vec::new();
    for _ in 0..ROUNDS {
        ours.push(nanos(|| {
            for body in &bodies {
                let decoded = otlp::traces(body.clone(), TimeNs(1), &limits).expect("a request");
                assert_eq!(black_box(decoded).batch.num_rows(), SPANS);
            }
        }));
        theirs.push(nanos(|| {
            for body in &bodies {
                let decoded = ExportTraceServiceRequest::decode(body.clone()).expect("a request");
                assert_eq!(black_box(decoded).resource_spans.len(), 1);
            }
        }));
    }
    let (ours, theirs) = (median(ours) / spans, median(theirs) / spans);
    println!(
        "{{\"bench\":\"decode/otlp_traces\",\"bytes_per_span\":{:.0},\"ours_ns_per_span\":{ours:.0},\"prost_ns_per_span\":{theirs:.0},\"ratio\":{:.2},\"mb_per_s\":{:.0}}}",
        bytes as f64 / spans,
        theirs / ours,
        bytes as f64 / spans / ours * 1000.0,
    );
    let json: Vec<String> = (0..REQUESTS_A_ROUND).map(|n| json(&request(n as u64))).collect();
    let times = (0..ROUNDS / 3).map(|_| {
        nanos(|| {
            for body in &json {
                black_box(otlp_json::traces_to_protobuf(body.as_bytes(), &limits).expect("JSON"));
            }
        })
    });
    println!(
        "{{\"bench\":\"decode/otlp_json\",\"transcode_ns_per_span\":{:.0}}}",
        median(times.collect()) / spans
    );
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

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, any_value::Value::StringValue(value.into()))
}

fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, any_value::Value::IntValue(value))
}

fn attribute(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// A request as a web service sends it: 15 attributes a span, 11 on the resource, some exceptions.
fn request(seed: u64) -> ExportTraceServiceRequest {
    let resource = Resource {
        attributes: vec![
            text("service.name", "checkout-api"),
            text("service.namespace", "shop"),
            text("service.version", "2026.11.4"),
            text("service.instance.id", "7f4a2d0e-1111-4222-8333-944455556666"),
            text("deployment.environment.name", "production"),
            text("telemetry.sdk.language", "python"),
            text("telemetry.sdk.name", "opentelemetry"),
            text("telemetry.sdk.version", "1.45.1"),
            text("k8s.namespace.name", "shop-production"),
            text("k8s.pod.name", "checkout-api-6d5f7c9b8d-x2x4z"),
            text("host.name", "node-17.example.internal"),
        ],
        ..Resource::default()
    };
    let scope =
        InstrumentationScope { name: "web.server".into(), version: "0.66b1".into(), ..Default::default() };
    let spans = (0..SPANS as u64).map(|n| one_span(seed * SPANS as u64 + n)).collect();
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans, schema_url: String::new() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(resource),
            scope_spans,
            schema_url: String::new(),
        }],
    }
}

fn one_span(n: u64) -> Span {
    let start = 1_795_295_270_846_226_698 + n * 1_000_003;
    let failed = n.is_multiple_of(50);
    let mut span = Span {
        trace_id: (u128::from(n / 8 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))
            .to_be_bytes()
            .to_vec(),
        span_id: (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec(),
        parent_span_id: if n.is_multiple_of(8) {
            Vec::new()
        } else {
            n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes().to_vec()
        },
        name: "POST /api/v1/orders/{order_id}".into(),
        kind: 2,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 7_654_321,
        flags: 0x101,
        attributes: vec![
            text("http.request.method", "POST"),
            text("url.scheme", "https"),
            text("url.path", format!("/api/v1/orders/{}", n * 7919 % 100_000)),
            text("http.route", "/api/v1/orders/{order_id}"),
            int("http.response.status_code", if failed { 500 } else { 201 }),
            text("server.address", "checkout.shop.example.com"),
            int("server.port", 443),
            text("client.address", format!("10.20.{}.{}", n % 250, n % 199)),
            text("network.peer.address", "10.20.0.1"),
            int("network.peer.port", 40_000 + (n % 20_000) as i64),
            text("network.protocol.version", "1.1"),
            text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"),
            text("user.id", format!("user-{}", n * 31 % 10_000)),
            text("session.id", format!("{:032x}", u128::from(n) * 0x1234_5678_9abc_def1)),
            int("thread.id", 140_234_000 + (n % 8) as i64),
        ],
        ..Span::default()
    };
    if failed {
        span.status = Some(Status { message: "Internal Server Error".into(), code: 2 });
        span.events.push(span::Event {
            time_unix_nano: start + 1000,
            name: "exception".into(),
            attributes: vec![
                text("exception.type", "ValueError"),
                text("exception.message", "order is \"closed\""),
                text(
                    "exception.stacktrace",
                    "Traceback (most recent call last):\n  File \"orders.py\", line 7\n".repeat(10),
                ),
            ],
            ..Default::default()
        });
    }
    span
}

/// The request in OTLP/JSON, as far as the requests above go.
fn json(request: &ExportTraceServiceRequest) -> String {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let attributes = |list: &[KeyValue]| {
        let one = |pair: &KeyValue| {
            let value = pair.value.as_ref().and_then(|value| value.value.as_ref());
            let value = match value {
                Some(any_value::Value::StringValue(text)) => serde_json::json!({"stringValue": text}),
                Some(any_value::Value::IntValue(number)) => serde_json::json!({"intValue": number}),
                _ => serde_json::json!({}),
            };
            serde_json::json!({"key": pair.key, "value": value})
        };
        list.iter().map(one).collect::<Vec<_>>()
    };
    let group = &request.resource_spans[0];
    let spans: Vec<serde_json::Value> = group.scope_spans[0]
        .spans
        .iter()
        .map(|span| {
            serde_json::json!({
                "traceId": hex(&span.trace_id), "spanId": hex(&span.span_id), "parentSpanId": hex(&span.parent_span_id),
                "name": span.name, "kind": span.kind, "flags": span.flags,
                "startTimeUnixNano": span.start_time_unix_nano.to_string(),
                "endTimeUnixNano": span.end_time_unix_nano.to_string(),
                "attributes": attributes(&span.attributes),
            })
        })
        .collect();
    let resource = group.resource.as_ref().map(|resource| attributes(&resource.attributes));
    let scope_spans =
        serde_json::json!([{"scope": {"name": "web.server", "version": "0.66b1"}, "spans": spans}]);
    serde_json::json!({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": scope_spans}]})
        .to_string()
}
