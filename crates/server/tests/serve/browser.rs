//! Browsers: preflights first, then the request, with the page's origin.

use server::wiring::listen::Listener;

use crate::client::{self, Reply};
use crate::running::{Running, start};
use crate::spans::batch;

async fn preflight(server: &Running, origin: &str) -> Reply {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        ("access-control-request-headers", "authorization,content-type"),
    ];
    client::http(server.address(Listener::OtlpHttp), "OPTIONS", "/v1/traces", &headers, b"").await
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_this_machine_may_send_by_default() {
    let server = start("").await;
    let origin = "http://localhost:5173";
    let reply = preflight(&server, origin).await;
    assert_eq!(reply.status, 204);
    assert_eq!(reply.header("access-control-allow-origin"), origin);
    assert_eq!(reply.header("access-control-allow-methods"), "POST");
    assert_eq!(reply.header("access-control-allow-headers"), "authorization,content-type");
    assert_eq!(reply.header("vary"), "origin");

    let sent = batch(1);
    let headers = [("origin", origin), ("content-type", "application/json")];
    let reply = server.post("/v1/traces", &headers, &sent.json()).await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (200, origin));

    let reply = preflight(&server, "https://shop.example").await;
    assert_eq!((reply.status, reply.header("access-control-allow-origin")), (403, ""));
    let text = server.get(Listener::Main, "/metrics").await.text();
    assert!(text.contains("throughline_receive_preflights_refused_total 1\n"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_pages_may_be_allowed() {
    let server = start("[cors]\nallowed_origins = [\"https://shop.example\"]\n").await;
    assert_eq!(preflight(&server, "https://shop.example").await.status, 204);
    assert_eq!(preflight(&server, "http://localhost:5173").await.status, 403);
}
