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
    check("GET /api/services", expect![[r#"
        200 Some("application/json")
        {"data":["a/b"],"total":1,"limit":0,"offset":0,"errors":null}"#]]).await;
    check("GET /jaeger/api/services", expect![[r#"
        200 Some("application/json")
        {"data":["a/b"],"total":1,"limit":0,"offset":0,"errors":null}"#]]).await;
    check("HEAD /api/services", expect![[r#"
        200 Some("application/json")
    "#]]).await;
    check("POST /api/services", expect![[r#"
        404 Some("text/plain; charset=utf-8")
        404 page not found
    "#]]).await;
    check("GET /api/services/a%2Fb/operations", expect![[r#"
        200 Some("application/json")
        {"data":["op"],"total":1,"limit":0,"offset":0,"errors":null}"#]]).await;
    check("GET /jaeger/api", expect![[r#"
        307 Some("text/html; charset=utf-8")
        <a href="/jaeger/api/">Temporary Redirect</a>.

    "#]]).await;
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
