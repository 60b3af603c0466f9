//! OTLP/gRPC as SDKs send it, and as nobody should.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use server::wiring::listen::Listener;

use crate::client::{self, framed};
use crate::running::start;
use crate::spans::{batch, encoded, rejected_spans};

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const LOGS: &str = "/opentelemetry.proto.collector.logs.v1.LogsService/Export";

#[tokio::test(flavor = "multi_thread")]
async fn every_encoding_is_taken_on_every_otlp_listener() {
    let server = start("").await;
    for listener in [Listener::OtlpGrpc, Listener::OtlpHttp, Listener::Main] {
        for encoding in ["identity", "gzip", "deflate", "zstd"] {
            let sent = batch(3);
            let message = framed(&encoded(encoding, &sent.protobuf()), encoding != "identity");
            let reply =
                client::grpc(server.address(listener), TRACES, &[("grpc-encoding", encoding)], &message)
                    .await;
            assert_eq!((reply.status, reply.header("grpc-status")), (200, "0"), "{encoding} {reply:?}");
            assert_eq!(reply.trailers.get("grpc-status").map(|status| status.as_bytes()), Some(&b"0"[..]));
            assert_eq!(reply.body, framed(b"", false));
            assert_eq!(reply.header("grpc-accept-encoding"), "identity,gzip,deflate,zstd");
            assert_eq!(server.span_names(&sent.trace_id).await, sent.names(), "{encoding}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_trailers_alone() {
    let server = start("[limits]\nbody_size = \"1MiB\"\n").await;
    let address = server.address(Listener::OtlpGrpc);
    let check = async |path: &str, encoding: &str, body: &[u8], status: &str, message: &str| {
        let reply = client::grpc(address, path, &[("grpc-encoding", encoding)], body).await;
        assert_eq!((reply.status, reply.header("grpc-status")), (200, status), "{reply:?}");
        let begins = reply.header("grpc-message").starts_with(message);
        assert!(begins, "{:?} should begin with {message:?}", reply.header("grpc-message"));
        assert!(reply.body.is_empty());
        assert_eq!(reply.header("grpc-status-details-bin"), "");
    };
    let good = batch(1).protobuf();
    check(LOGS, "identity", &framed(b"", false), "12", "logs are not available in this version; traces are.")
        .await;
    check("/shop.Cart/Add", "identity", &framed(b"", false), "12", "unknown method /shop.Cart/Add").await;
    check(TRACES, "identity", &framed(b"\xff\xff", false), "3", "").await;
    check(TRACES, "identity", b"", "3", "the call has 0 bytes").await;
    check(TRACES, "identity", &framed(&good, false)[..20], "3", "the message should have").await;
    check(
        TRACES,
        "identity",
        &[framed(&good, false), framed(&good, false)].concat(),
        "3",
        "a unary call has one",
    )
    .await;
    check(TRACES, "identity", &framed(&good, true), "13", "the message is flagged as compressed").await;
    check(TRACES, "snappy", &framed(&good, true), "12", "grpc-encoding `snappy` is not known").await;
    check(TRACES, "gzip", &framed(b"this is no gzip but plain text", true), "3", "the gzip data").await;
    let zeros = vec![0; 1 << 21];
    check(TRACES, "identity", &framed(&zeros, false), "3", "the body is larger than").await;
    check(
        TRACES,
        "gzip",
        &framed(&encoded("gzip", &zeros), true),
        "3",
        "the decompressed body is larger than",
    )
    .await;
    assert_eq!(server.account().await["received"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_span_is_a_partial_success() {
    let server = start("").await;
    let mut sent = batch(2);
    sent.request.resource_spans[0].scope_spans[0].spans[0].span_id = vec![1, 2];
    let message = framed(&prost::Message::encode_to_vec(&sent.request), false);
    let reply = client::grpc(server.address(Listener::OtlpGrpc), TRACES, &[], &message).await;
    assert_eq!(reply.header("grpc-status"), "0");
    assert_eq!(rejected_spans(&reply.body[5..]), 1);
    assert_eq!(server.span_names(&sent.trace_id).await, ["span 1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_should_come_again_hears_when() {
    let server = start("[limits]\nin_flight_size = \"1MiB\"\n").await;
    let message = framed(&vec![0; 2 << 20], false);
    let reply = client::grpc(server.address(Listener::OtlpGrpc), TRACES, &[], &message).await;
    assert_eq!(reply.header("grpc-status"), "14");
    let details = STANDARD_NO_PAD.decode(reply.header("grpc-status-details-bin")).expect("base64");
    let text = String::from_utf8_lossy(&details);
    assert!(text.contains("type.googleapis.com/google.rpc.RetryInfo"), "{text}");
    let refused = server.stages().await["refused_requests"]["traces"].clone();
    assert_eq!(refused, serde_json::json!({"overloaded": 1}));
}
