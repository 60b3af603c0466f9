//! Wrong but unambiguous places: taken, counted, never lost.

use server::wiring::listen::Listener;

use crate::client::{self, framed};
use crate::running::start;
use crate::spans::{batch, encoded};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";

#[tokio::test(flavor = "multi_thread")]
async fn wrong_paths_and_ports_are_healed_and_counted() {
    let server = start("").await;
    let check = async |listener: Listener, path: &str, what: &str| {
        let before = server.stages().await["healed_requests"][what].as_u64().unwrap_or(0);
        for (content_type, encoding) in [("application/x-protobuf", ""), ("application/json", "gzip")] {
            let sent = batch(2);
            let body = if encoding.is_empty() { sent.protobuf() } else { encoded(encoding, &sent.json()) };
            let headers = [("content-type", content_type), ("content-encoding", encoding)];
            let reply = client::http(server.address(listener), "POST", path, &headers, &body).await;
            assert_eq!(reply.status, 200, "{listener:?} {path} {}", reply.text());
            assert_eq!(server.span_names(&sent.trace_id).await, sent.names(), "{listener:?} {path}");
        }
        let after = server.stages().await["healed_requests"][what].as_u64().unwrap_or(0);
        assert_eq!(after - before, 2, "{listener:?} {path} {what}");
    };
    for listener in [Listener::OtlpHttp, Listener::OtlpGrpc, Listener::Main] {
        check(listener, "/", "root").await;
        check(listener, "/v1/traces/v1/traces", "doubled").await;
        check(listener, "/otlp/v1/traces", "prefix").await;
        check(listener, "/v1/traces/", "slash").await;
        check(listener, "/v1/traces?tenant=growbin", "query").await;
    }
    check(Listener::Jaeger, "/v1/traces", "port").await;
    check(Listener::Tempo, "/v1/traces", "port").await;

    let sent = batch(2);
    let reply =
        client::grpc(server.address(Listener::Jaeger), TRACES, &[], &framed(&sent.protobuf(), false)).await;
    assert_eq!(reply.header("grpc-status"), "0");
    assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_meant_is_refused() {
    let server = start("").await;
    let json = [("content-type", "application/json")];
    for (path, body, status) in [
        ("/", &b"{\"resourceLogs\":[]}"[..], 404),
        ("/", b"{\"hello\":1}", 404),
        ("/v1/profiles", b"{}", 404),
        ("/api/v2/spans", b"[]", 404),
        ("/v1/traces/v1/logs", b"{}", 404),
    ] {
        let reply = server.post(path, &json, body).await;
        assert_eq!(reply.status, status, "{path} {}", reply.text());
    }
    let refused = server.stages().await["refused_requests"].clone();
    assert_eq!(
        refused,
        serde_json::json!({"logs": {"signal_not_available": 2}, "unknown": {"unknown_path": 3}}),
    );
    let seen = server.get(Listener::OtlpHttp, "/").await;
    assert_eq!(seen.status, 404);
    assert!(seen.text().contains("this port takes OTLP"), "{}", seen.text());
}
