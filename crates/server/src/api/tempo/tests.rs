//! Requests in, answers out, over spans in memory.

use super::*;
use expect_test::{Expect, expect};
use model::{
    AttrValue, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode as Code, TimeNs, TraceId,
};
use query::memory::MemorySource;
use tower::ServiceExt;

/// A span that uses every field.
fn full_span() -> Span {
    let map = [("k", AttrValue::Int(1))].into_iter().collect();
    Span {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        parent_span_id: Some(SpanId([3; 8])),
        name: "op".into(),
        kind: SpanKind::CLIENT,
        start: TimeNs(9),
        duration_nano: -4,
        status_code: Code::ERROR,
        status_message: "boom".into(),
        trace_state: "a=b".into(),
        flags: 257,
        attributes: [
            ("bytes", AttrValue::Bytes(b"ab"[..].into())),
            ("map", AttrValue::Map(map)),
            ("list", AttrValue::Array(vec![1.into(), true.into(), AttrValue::Empty])),
        ]
        .into_iter()
        .collect(),
        dropped_attributes_count: 1,
        events: vec![Event { time: TimeNs(5), name: "e".into(), ..Event::default() }],
        dropped_events_count: 2,
        links: vec![Link { trace_id: TraceId([4; 16]), flags: 1, ..Link::default() }],
        dropped_links_count: 3,
        resource: Arc::new(Resource { schema_url: "r".into(), ..Resource::default() }),
        scope: Arc::new(Scope { schema_url: "s".into(), ..Scope::default() }),
        received: TimeNs(0),
    }
}

async fn ask(path: &str, accept: &str) -> (String, Vec<u8>) {
    let source = MemorySource::new();
    source.add(&TenantId::single(), [full_span()]);
    let api = router(Arc::new(source), TenantId::single());
    let request = Request::builder().uri(path).header(ACCEPT, accept).body(Body::empty()).expect("a request");
    let response = api.oneshot(request).await.expect("never fails");
    let head = format!("{} {:?}", response.status().as_u16(), response.headers().get("content-type"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a whole body");
    (head, body.to_vec())
}

async fn check(path: &str, want: Expect) {
    let (head, body) = ask(path, "*/*").await;
    want.assert_eq(&format!("{head}\n{}", String::from_utf8_lossy(&body)));
}

#[tokio::test]
async fn texts() {
    check(
        "/api/echo",
        expect![[r#"
        200 Some("text/plain; charset=utf-8")
        echo
    "#]],
    )
    .await;
    check(
        "/ready",
        expect![[r#"
        200 Some("text/plain; charset=utf-8")
        ready
    "#]],
    )
    .await;
    check("/api/status/buildinfo", expect![[r#"
        200 Some("application/json")
        {"version":"3.0.3","revision":"throughline-0.1.0","branch":"","buildUser":"","buildDate":"","goVersion":""}
    "#]]).await;
    check(
        "/api/search",
        expect![[r#"
        404 Some("text/plain; charset=utf-8")
        404 page not found
    "#]],
    )
    .await;
    check(
        "/api/traces/01",
        expect![[r#"
        404 None
    "#]],
    )
    .await;
    check(
        "/api/v2/traces/01",
        expect![[r#"
        200 Some("application/json")
        {"trace":{},"metrics":{}}"#]],
    )
    .await;
    check(
        "/api/v2/traces/0x",
        expect![[r#"
        400 Some("text/plain; charset=utf-8")
        trace IDs can only contain hex characters: invalid character 'x' at position 2"#]],
    )
    .await;
    check(
        "/api/traces/1?mode=recent",
        expect![[r#"
        400 Some("text/plain; charset=utf-8")
        invalid value for mode recent"#]],
    )
    .await;
    check(
        "/api/traces/1?start=2&end=1",
        expect![[r#"
        400 Some("text/plain; charset=utf-8")
        http parameter start must be before end. received start=2 end=1"#]],
    )
    .await;
}

#[tokio::test]
async fn nothing_is_lost_in_json() {
    check(&format!("/api/v2/traces/{}", "01".repeat(16)), expect![[r#"
        200 Some("application/json")
        {"trace":{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"traceId":"AQEBAQEBAQEBAQEBAQEBAQ==","spanId":"AgICAgICAgI=","traceState":"a=b","parentSpanId":"AwMDAwMDAwM=","flags":257,"name":"op","kind":"SPAN_KIND_CLIENT","startTimeUnixNano":"9","endTimeUnixNano":"5","attributes":[{"key":"bytes","value":{"bytesValue":"YWI="}},{"key":"map","value":{"kvlistValue":{"values":[{"key":"k","value":{"intValue":"1"}}]}}},{"key":"list","value":{"arrayValue":{"values":[{"intValue":"1"},{"boolValue":true},{}]}}}],"droppedAttributesCount":1,"events":[{"timeUnixNano":"5","name":"e"}],"droppedEventsCount":2,"links":[{"traceId":"BAQEBAQEBAQEBAQEBAQEBA==","spanId":"AAAAAAAAAAA=","flags":1}],"droppedLinksCount":3,"status":{"message":"boom","code":"STATUS_CODE_ERROR"}}],"schemaUrl":"s"}],"schemaUrl":"r"}]},"metrics":{}}"#]]).await;
}

#[tokio::test]
async fn nothing_is_lost_in_protobuf() {
    use opentelemetry_proto::tonic::trace::v1::TracesData;
    use prost::Message;
    let (head, body) = ask(&format!("/api/traces/{}", "01".repeat(16)), "application/protobuf").await;
    assert_eq!(head, "200 Some(\"application/protobuf\")");
    let data = TracesData::decode(&*body).expect("own bytes");
    assert_eq!(data.encode_to_vec(), body, "no unknown field");
    let resource_spans = &data.resource_spans[0];
    let span = &resource_spans.scope_spans[0].spans[0];
    assert_eq!((&*resource_spans.schema_url, &*resource_spans.scope_spans[0].schema_url), ("r", "s"));
    assert_eq!((span.flags, span.links[0].flags), (257, 1));
    assert_eq!((span.start_time_unix_nano, span.end_time_unix_nano), (9, 5));
    assert_eq!(span.attributes.len(), 3);
    let counts = (span.dropped_attributes_count, span.dropped_events_count, span.dropped_links_count);
    assert_eq!(counts, (1, 2, 3));

    let (_, wrapped) = ask(&format!("/api/v2/traces/{}", "01".repeat(16)), "application/protobuf").await;
    assert_eq!(wrapped[..1], [0x0a]);
    assert_eq!(wrapped[wrapped.len() - 2..], [0x12, 0x00]);
    let (_, unknown) = ask("/api/v2/traces/1", "application/protobuf").await;
    assert_eq!(unknown, [0x0a, 0x00, 0x12, 0x00]);
}
