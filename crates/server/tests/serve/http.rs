//! OTLP/HTTP as SDKs send it, and as nobody should.

use server::wiring::listen::Listener;

use crate::client;
use crate::running::{Running, start};
use crate::spans::{batch, encoded, rejected_spans};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");
const JSON: (&str, &str) = ("content-type", "application/json");

#[tokio::test(flavor = "multi_thread")]
async fn every_format_and_encoding_is_taken() {
    let server = start("").await;
    for listener in [Listener::OtlpHttp, Listener::OtlpGrpc, Listener::Main] {
        for encoding in ["", "identity", "gzip", "deflate", "zstd"] {
            for content_type in ["application/x-protobuf", "application/json; charset=utf-8"] {
                let sent = batch(3);
                let (body, answer): (_, &[u8]) = match content_type {
                    "application/x-protobuf" => (sent.protobuf(), b"\x0a\0"),
                    _ => (sent.json(), b"{\"partialSuccess\":{}}"),
                };
                let mut headers = vec![("content-type", content_type)];
                if !encoding.is_empty() {
                    headers.push(("content-encoding", encoding));
                }
                let body = encoded(encoding, &body);
                let reply =
                    client::http(server.address(listener), "POST", "/v1/traces", &headers, &body).await;
                assert_eq!((reply.status, &reply.body[..]), (200, answer), "{encoding} {content_type}");
                assert_eq!(reply.header("content-type"), content_type.split(';').next().expect("a type"));
                assert_eq!(
                    server.span_names(&sent.trace_id).await,
                    sent.names(),
                    "{encoding} {content_type}"
                );
            }
        }
    }
    server.flush().await;
    let account = server.account().await;
    assert_eq!(account["stored"], 90, "{account}");
    assert_eq!(account["waiting"], 0, "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_say_why_in_the_format_of_the_request() {
    let server = start("[limits]\nbody_size = \"1MiB\"\n").await;
    let check = async |headers: &[(&str, &str)], body: &[u8], status: u16, begins: &str| {
        let reply = server.post("/v1/traces", headers, body).await;
        let text = reply.text();
        assert_eq!(reply.status, status, "{headers:?} {text}");
        assert!(text.starts_with(begins), "{text:?} should begin with {begins:?}");
        assert_eq!(reply.header("retry-after"), "");
    };
    check(&[], b"x", 415, "{\"code\":3,\"message\":\"415 unsupported media type ``, supported").await;
    check(&[("content-type", "text/plain")], b"x", 415, "{\"code\":3,").await;
    check(&[JSON], b"", 400, "{\"code\":3,").await;
    check(&[JSON], b"{\"resourceSpans\":[", 400, "{\"code\":3,").await;
    check(&[PROTOBUF], b"\xff\xff\xff", 400, "\x08\x03\x12").await;
    check(
        &[JSON, ("content-encoding", "br")],
        b"{}",
        400,
        "{\"code\":3,\"message\":\"content encoding `br` is not known",
    )
    .await;
    let packed = encoded("gzip", &batch(50).protobuf());
    check(&[PROTOBUF, ("content-encoding", "gzip")], &packed[..packed.len() / 2], 400, "\x08\x03\x12").await;
    check(
        &[JSON, ("content-encoding", "gzip")],
        b"this is no gzip but plain text",
        400,
        "{\"code\":3,\"message\":\"the gzip data are broken",
    )
    .await;
    check(&[PROTOBUF], b"", 200, "\x0a\0").await;
    let stages = server.stages().await;
    assert_eq!(
        stages["refused_requests"]["traces"],
        serde_json::json!({"content_type": 2, "content_encoding": 3, "malformed": 3}),
    );
    assert_eq!(stages["signals"]["traces"]["received"], 0, "{stages}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_methods_and_signals() {
    let server = start("").await;
    for method in ["GET", "PUT", "DELETE", "OPTIONS"] {
        let address = server.address(Listener::OtlpHttp);
        let reply = client::http(address, method, "/v1/traces", &[JSON], b"").await;
        assert_eq!((reply.status, reply.header("allow")), (405, "POST"), "{method}");
        assert_eq!(reply.text(), "{\"code\":3,\"message\":\"405 method not allowed, supported: [POST]\"}");
    }
    for signal in ["logs", "metrics"] {
        let reply = server.post(&format!("/v1/{signal}"), &[JSON], b"{}").await;
        assert_eq!(reply.status, 404);
        let expected =
            format!("{{\"code\":12,\"message\":\"{signal} are not available in this version; traces are.");
        assert!(reply.text().starts_with(&expected), "{}", reply.text());
    }
    let refused = server.stages().await["refused_requests"].clone();
    assert_eq!(refused["logs"]["signal_not_available"], 1, "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_one_span_costs_that_span() {
    let server = start("").await;
    let mut sent = batch(3);
    sent.request.resource_spans[0].scope_spans[0].spans[1].trace_id = vec![0; 16];
    let body = prost::Message::encode_to_vec(&sent.request);
    let reply = server.post("/v1/traces", &[PROTOBUF], &body).await;
    assert_eq!(reply.status, 200);
    assert_eq!(rejected_spans(&reply.body), 1);
    assert_eq!(server.span_names(&sent.trace_id).await, ["span 0", "span 2"]);
    let account = server.account().await;
    assert_eq!(account["rejected"], serde_json::json!({"invalid_trace_id": 1}));
    assert_eq!((account["received"].as_u64(), account["accepted"].as_u64()), (Some(3), Some(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_sent_again_is_kept_once() {
    let server = start("").await;
    let sent = batch(4);
    for encoding in ["", "gzip", "zstd"] {
        let body = encoded(encoding, &sent.protobuf());
        let reply = server.post("/v1/traces", &[PROTOBUF, ("content-encoding", encoding)], &body).await;
        assert_eq!(reply.status, 200);
    }
    assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
    server.flush().await;
    let account = server.account().await;
    assert_eq!(account["stored"], 4, "{account}");
    assert_eq!(account["duplicate"], serde_json::json!({"duplicate_request": 8}), "{account}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_serves_many_requests() {
    let server = start("").await;
    let first = batch(1);
    let second = batch(1);
    let request = |body: &[u8], last: bool| {
        let end = if last { "connection: close\r\n" } else { "" };
        let mut bytes = format!(
            "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n{end}transfer-encoding: chunked\r\n\r\n"
        )
        .into_bytes();
        for chunk in body.chunks(7) {
            bytes.extend(format!("{:x}\r\n", chunk.len()).bytes());
            bytes.extend(chunk);
            bytes.extend(b"\r\n");
        }
        bytes.extend(b"0\r\n\r\n");
        bytes
    };
    let both = [request(&first.json(), false), request(&second.json(), true)].concat();
    let answer = client::raw(server.address(Listener::OtlpHttp), &both).await;
    let answer = String::from_utf8(answer).expect("text");
    assert_eq!(answer.matches("HTTP/1.1 200 OK").count(), 2, "{answer}");
    for sent in [first, second] {
        assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_main() {
    let server = start("").await;
    let check = async |server: &Running, path: &str, status: u16, holds: &[&str]| {
        let reply = server.get(Listener::Main, path).await;
        assert_eq!(reply.status, status, "{path}");
        for part in holds {
            assert!(reply.text().contains(part), "{path} lacks {part}: {}", reply.text());
        }
    };
    let otlp = format!(
        "OTEL_EXPORTER_OTLP_ENDPOINT=http://server.test:{}",
        server.address(Listener::OtlpHttp).port()
    );
    check(&server, "/", 200, &["<html lang=\"en\">", &otlp]).await;
    check(&server, "/healthz", 200, &["ok"]).await;
    check(&server, "/readyz", 200, &["ready"]).await;
    check(
        &server,
        "/metrics",
        200,
        &["throughline_ready 1", "# TYPE throughline_receive_requests_total counter"],
    )
    .await;
    check(&server, "/jaeger/api/services", 200, &["\"data\""]).await;
    check(&server, "/tempo/api/echo", 200, &["echo"]).await;
    check(&server, "/nothing", 404, &[]).await;
    let korean = client::http(
        server.address(Listener::Main),
        "GET",
        "/",
        &[("accept-language", "ko-KR,ko;q=0.9,en;q=0.8")],
        b"",
    )
    .await;
    assert!(korean.text().contains("<html lang=\"ko\">"));
    assert!(korean.text().contains("복사해서 쓰는 설정"));
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_follow_the_account() {
    let server = start("").await;
    server.post("/v1/traces", &[PROTOBUF], &batch(5).protobuf()).await;
    server.post("/v1/traces", &[JSON], b"{").await;
    server.flush().await;
    let text = server.get(Listener::Main, "/metrics").await.text();
    for line in [
        "throughline_receive_requests_total{signal=\"traces\",transport=\"http\",outcome=\"accepted\",reason=\"\"} 1",
        "throughline_receive_requests_total{signal=\"traces\",transport=\"\",outcome=\"rejected\",reason=\"malformed\"} 1",
        "throughline_wal_items_total{tenant=\"default\",signal=\"traces\",outcome=\"accepted\",reason=\"\"} 5",
        "throughline_segment_items_total{tenant=\"default\",signal=\"traces\",outcome=\"stored\",reason=\"\"} 5",
        "throughline_buffer_items{signal=\"traces\"} 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no {line} in\n{text}");
    }
}
