//! Requests in, answers out, over spans in memory.

use super::*;
use expect_test::{Expect, expect};
use model::{Resource, SpanId, TraceId};
use query::memory::MemorySource;
use stdx::clock::SystemClock;
use tower::ServiceExt;

fn api() -> Router {
    let source = MemorySource::new();
    let attributes = [("service.name", "a/b")].into_iter().collect();
    let span = Span {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        name: "op".into(),
        start: TimeNs(1_000_000),
        duration_nano: 2_000,
        resource: Arc::new(Resource { attributes, ..Resource::default() }),
        ..Span::default()
    };
    source.add(&TenantId::single(), [span]);
    let settings = Settings {
        tenant: TenantId::single(),
        clock: Arc::new(SystemClock::new()),
        read_otlp_json: Arc::new(|_| Err("not a trace".to_owned())),
    };
    let source = Arc::new(source);
    router(source.clone(), settings.clone()).merge(nested("/jaeger", source, settings))
}

async fn check(request: &str, want: Expect) {
    let (method, path) = request.split_once(' ').expect("method and path");
    let request = Request::builder().method(method).uri(path).body(Body::empty()).expect("a request");
    let response = api().oneshot(request).await.expect("never fails");
    let head = format!("{} {:?}", response.status().as_u16(), response.headers().get("content-type"));
    let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a whole body");
    want.assert_eq(&format!("{head}\n{}", String::from_utf8_lossy(&body)));
}

#[tokio::test]
async fn routes() {
    check(
        "GET /api/services",
        expect![[r#"
        200 Some("application/json")
        {"data":["a/b"],"total":1,"limit":0,"offset":0,"errors":null}"#]],
    )
    .await;
    check(
        "GET /jaeger/api/services",
        expect![[r#"
        200 Some("application/json")
        {"data":["a/b"],"total":1,"limit":0,"offset":0,"errors":null}"#]],
    )
    .await;
    check(
        "HEAD /api/services",
        expect![[r#"
        200 Some("application/json")
    "#]],
    )
    .await;
    check(
        "POST /api/services",
        expect![[r#"
        404 Some("text/plain; charset=utf-8")
        404 page not found
    "#]],
    )
    .await;
    check(
        "GET /api/services/a%2Fb/operations",
        expect![[r#"
        200 Some("application/json")
        {"data":["op"],"total":1,"limit":0,"offset":0,"errors":null}"#]],
    )
    .await;
    check(
        "GET /jaeger/api",
        expect![[r#"
        307 Some("text/html; charset=utf-8")
        <a href="/jaeger/api/">Temporary Redirect</a>.

    "#]],
    )
    .await;
    check("GET /api/v3/trace-summaries?query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2000-01-01T00:00:00Z", expect![[r#"
        200 Some("application/json")
        {"summaries":[{"traceId":"01010101010101010101010101010101","rootServiceName":"a/b","rootOperationName":"op","minStartTimeUnixNano":"1000000","maxEndTimeUnixNano":"1002000","spanCount":1,"services":[{"name":"a/b","spanCount":1}]}]}"#]]).await;
    check("POST /api/transform", expect![[r#"
        400 Some("text/plain; charset=utf-8")
        {"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":400,"msg":"cannot unmarshal OTLP : not a trace"}]}
    "#]]).await;
    check("POST /api/archive/1", expect![[r#"
        500 Some("text/plain; charset=utf-8")
        {"data":null,"total":0,"limit":0,"offset":0,"errors":[{"code":500,"msg":"archive span storage was not configured"}]}
    "#]]).await;
}

#[tokio::test]
async fn the_page_is_at_every_mount() {
    for path in ["/", "/jaeger", "/jaeger/", "/search", "/trace/abc"] {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = api().oneshot(request).await.expect("never fails");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}

/// The calls that Grafana's Jaeger data source and Jaeger's UI make, as their sources show them.
#[tokio::test]
async fn every_call_of_grafana_and_of_the_ui_is_answered() {
    let id = "01".repeat(16);
    let range = "query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2000-01-01T00:00:00Z";
    let snake = "query.start_time_min=1970-01-01T00:00:00Z&query.start_time_max=2000-01-01T00:00:00Z";
    for (call, field) in [
        ("/api/services".to_owned(), "data"),
        ("/api/services/a%2Fb/operations".to_owned(), "data"),
        (
            "/api/traces?limit=20&start=0&end=9000&service=a%2Fb&operation=op&minDuration=1us".to_owned(),
            "data",
        ),
        (format!("/api/traces/{id}?start=1&end=2"), "data"),
        ("/api/dependencies?endTs=1795296100000&lookback=604800000".to_owned(), "data"),
        ("/api/v3/services".to_owned(), "services"),
        ("/api/v3/operations?service=a%2Fb".to_owned(), "operations"),
        (format!("/api/v3/traces?query.service_name=a%2Fb&{snake}"), "result"),
        (
            format!("/api/v3/traces/{id}?start_time=1970-01-01T00:00:00Z&end_time=2000-01-01T00:00:00Z"),
            "result",
        ),
        (
            format!("/api/v3/trace-summaries?query.serviceName=a%2Fb&{range}&query.searchDepth=20"),
            "summaries",
        ),
        (
            format!("/api/v3/trace-summaries?{range}&query.attributes=%7B%22error%22%3A%22false%22%7D"),
            "summaries",
        ),
    ] {
        let request = Request::builder().uri(&call).body(Body::empty()).expect("a request");
        let response = api().oneshot(request).await.expect("never fails");
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), 1 << 20).await.expect("a whole body");
        let body: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        assert_eq!(status, StatusCode::OK, "{call}: {body}");
        let is_full =
            call.contains("dependencies") || body[field].as_array().is_none_or(|list| !list.is_empty());
        assert!(body.get(field).is_some() && is_full, "{call}: {body}");
    }
}
