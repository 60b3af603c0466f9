//! `X-Scope-OrgID`: ignored and counted by default, the tenant when tenancy is on.

use server::wiring::listen::Listener;

use crate::client;
use crate::running::start;
use crate::spans::batch;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[tokio::test(flavor = "multi_thread")]
async fn without_tenancy_the_header_is_ignored_and_counted() {
    let server = start("").await;
    let sent = batch(2);
    let reply = server.post("/v1/traces", &[PROTOBUF, ("x-scope-orgid", "../..")], &sent.protobuf()).await;
    assert_eq!(reply.status, 200);
    assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
    let text = server.get(Listener::Main, "/metrics").await.text();
    assert!(text.contains("throughline_receive_tenant_headers_ignored_total 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn with_tenancy_nobody_sees_the_others() {
    let server = start("[tenancy]\nenabled = true\ntenants_max = 2\n").await;
    let sent = batch(2);
    let post = async |tenant: &str, body: &[u8]| {
        let headers = [PROTOBUF, ("x-scope-orgid", tenant)];
        let given = if tenant.is_empty() { &headers[..1] } else { &headers[..] };
        server.post("/v1/traces", given, body).await.status
    };
    assert_eq!(post("red", &sent.protobuf()).await, 200);
    assert_eq!(post("blue", &batch(1).protobuf()).await, 200);
    assert_eq!(post("green", &sent.protobuf()).await, 400, "one too many");
    for wrong in ["", ".", "..", "a/b", &"x".repeat(65)] {
        assert_eq!(post(wrong, &sent.protobuf()).await, 400, "{wrong:?}");
    }
    let get = async |tenant: &str| {
        let path = format!("/api/traces/{}", sent.trace_id);
        let address = server.address(Listener::Tempo);
        client::http(address, "GET", &path, &[("x-scope-orgid", tenant)], b"").await.status
    };
    assert_eq!(get("red").await, 200);
    assert_eq!(get("blue").await, 404);
    let stages = async |tenant: &str| {
        let address = server.address(Listener::Main);
        let reply = client::http(address, "GET", "/api/v1/stages", &[("x-scope-orgid", tenant)], b"").await;
        let body: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        body["signals"]["traces"]["accepted"].as_u64()
    };
    assert_eq!((stages("red").await, stages("blue").await), (Some(2), Some(1)));
}
