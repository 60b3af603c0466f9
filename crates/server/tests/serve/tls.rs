//! TLS told apart by its first byte, with and without a certificate.

use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use server::wiring::listen::Listener;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::client::{self, framed};
use crate::running::{Running, start};
use crate::spans::batch;

const TRACES: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn with_certificate(more: &str) -> String {
    format!("[tls]\ncertificate = \"{}\"\nkey = \"{}\"\n{more}", fixture("tls.crt"), fixture("tls.key"))
}

async fn connect(server: &Running, listener: Listener) -> std::io::Result<TlsStream<TcpStream>> {
    let pem = std::fs::read(fixture("tls.crt")).expect("the fixture");
    let mut roots = RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut &pem[..]) {
        roots.add(certificate.expect("PEM")).expect("a certificate");
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address(listener)).await.expect("connects");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

#[tokio::test(flavor = "multi_thread")]
async fn both_otlp_ports_speak_tls_beside_plain() {
    let server = start(&with_certificate("")).await;
    for listener in [Listener::OtlpHttp, Listener::OtlpGrpc] {
        let sent = batch(2);
        let stream = connect(&server, listener).await.expect("a handshake");
        let reply = client::http_over(stream, "POST", "/v1/traces", &[PROTOBUF], &sent.protobuf()).await;
        assert_eq!(reply.status, 200);
        assert_eq!(server.span_names(&sent.trace_id).await, sent.names());

        let sent = batch(2);
        let stream = connect(&server, listener).await.expect("a handshake");
        let reply = client::grpc_over(stream, TRACES, &[], &framed(&sent.protobuf(), false)).await;
        assert_eq!(reply.header("grpc-status"), "0");
        assert_eq!(server.span_names(&sent.trace_id).await, sent.names());

        let reply =
            client::http(server.address(listener), "POST", "/v1/traces", &[PROTOBUF], &batch(1).protobuf())
                .await;
        assert_eq!(reply.status, 200);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_certificate_the_sender_fails_at_once() {
    let server = start("").await;
    let error = connect(&server, Listener::OtlpGrpc).await.expect_err("no certificate").to_string();
    assert!(error.contains("HandshakeFailure"), "{error}");
    let text = server.get(Listener::Main, "/metrics").await.text();
    assert!(text.contains("throughline_receive_tls_refused_total 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn plain_connections_can_be_refused() {
    let server = start(&with_certificate("required = true\n")).await;
    assert!(connect(&server, Listener::OtlpHttp).await.is_ok());
    let answer = client::raw(server.address(Listener::OtlpHttp), b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(answer, b"");
}
