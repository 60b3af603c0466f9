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
    let api = router(Arc::new(source), settings);
    Router::new().nest("/jaeger", api.clone()).merge(api)
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
    check("GET /api/services", expect![[""]]).await;
    check("GET /jaeger/api/services", expect![[""]]).await;
    check("HEAD /api/services", expect![[""]]).await;
    check("POST /api/services", expect![[""]]).await;
    check("GET /api/services/a%2Fb/operations", expect![[""]]).await;
    check("GET /jaeger/api", expect![[""]]).await;
    check("GET /api/v3/trace-summaries?query.startTimeMin=1970-01-01T00:00:00Z&query.startTimeMax=2000-01-01T00:00:00Z", expect![[""]]).await;
    check("POST /api/transform", expect![[""]]).await;
    check("POST /api/archive/1", expect![[""]]).await;
}

#[tokio::test]
async fn the_page_is_at_every_mount() {
    for path in ["/", "/jaeger", "/jaeger/", "/search", "/trace/abc"] {
        let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
        let response = api().oneshot(request).await.expect("never fails");
        assert_eq!(response.status(), StatusCode::OK, "{path}");
    }
}
