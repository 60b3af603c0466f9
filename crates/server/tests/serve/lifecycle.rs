//! Start, stop, and what a folder and a port allow.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::Body;
use http_body_util::BodyExt;
use server::config::{Config, Raw};
use server::receive::Sender;
use server::shared::Shared;
use server::wiring::listen::Listener;
use server::wiring::{Server, routes};

use crate::running::{config, start, start_in};
use crate::spans::batch;

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

#[tokio::test(flavor = "multi_thread")]
async fn listeners_are_told_and_go_with_a_clean_stop() {
    let server = start("[listen]\ntempo = \"off\"\n").await;
    let path = server.folder().join("data/listeners.json");
    let told: serde_json::Value =
        serde_json::from_slice(&std::fs::read(&path).expect("is there")).expect("JSON");
    let names: Vec<_> = told.as_object().expect("an object").keys().cloned().collect();
    assert_eq!(names, ["main", "otlp-grpc", "otlp-http", "jaeger"]);
    assert_eq!(told["main"], server.address(Listener::Main).to_string());
    let folder = server.stop().await;
    assert!(!folder.path().join("data/listeners.json").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_a_stop() {
    let server = start("").await;
    let sent = batch(5);
    assert_eq!(server.post("/v1/traces", &[PROTOBUF], &sent.protobuf()).await.status, 200);
    assert_eq!(server.account().await["waiting"], 5);
    let folder = server.stop().await;
    let server = start_in(folder, "").await;
    assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
    let account = server.account().await;
    assert_eq!((&account["stored"], &account["waiting"]), (&5.into(), &0.into()), "{account}");
    // The retry of what the process before acknowledged is recognised.
    assert_eq!(server.post("/v1/traces", &[PROTOBUF], &sent.protobuf()).await.status, 200);
    server.flush().await;
    assert_eq!(server.account().await["stored"], 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flush_names_the_tables_and_their_versions() {
    let server = start("").await;
    server.post("/v1/traces", &[PROTOBUF], &batch(1).protobuf()).await;
    let first = server.flush().await;
    for table in ["spans", "traces", "ingest"] {
        assert!(first["tables"][table].as_i64().is_some(), "{first}");
    }
    server.post("/v1/traces", &[PROTOBUF], &batch(1).protobuf()).await;
    let second = server.flush().await;
    assert!(second["tables"]["spans"].as_i64() > first["tables"]["spans"].as_i64(), "{first} {second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_has_one_owner() {
    let server = start("").await;
    let refused = Server::start(config(server.folder(), "")).await.expect_err("is taken").to_string();
    let expected =
        format!("is in use by process {}; stop that one or name another folder", std::process::id());
    assert!(refused.contains(&expected), "{refused}");
}

/// A configuration with default ports on `host`, but for the ones named.
fn on_host(folder: &std::path::Path, host: &str, listen: &str) -> Config {
    let mut raw = Raw::default();
    raw.set_flag("server", "data_dir", "--data", folder.join("data").display().to_string());
    raw.set_flag("server", "bind", "--bind", host.to_owned());
    raw.read_file("test.toml", &format!("[listen]\n{listen}")).expect("known keys");
    Config::validate(&raw).expect("valid values")
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_ports() {
    let host = "127.71.3.9";
    let folder = tempfile::tempdir().expect("a folder");
    let busy = std::net::TcpListener::bind((host, 4317)).expect("binds");

    // A default port: the rest goes on.
    let server = Server::start(on_host(folder.path(), host, "main = \"0\"")).await.expect("starts");
    let names: Vec<_> = server.addresses().keys().map(|listener| listener.name()).collect();
    assert_eq!(names, ["main", "otlp-http", "jaeger", "tempo"]);
    server.stop().await.expect("stops");

    // One that was asked for: an error with the remedy.
    let asked = on_host(folder.path(), host, "main = \"0\"\notlp_grpc = \"4317\"");
    let refused = Server::start(asked).await.expect_err("is busy").to_string();
    assert_eq!(
        refused,
        "listener `otlp-grpc`: 127.71.3.9:4317 is in use by another program; free it, or choose another port with \
         `--listen otlp-grpc=PORT` (0 takes any free one), or leave it out with `--listen otlp-grpc=off`"
    );

    // `main`, asked for or not.
    let _main = std::net::TcpListener::bind((host, 4300)).expect("binds");
    let refused = Server::start(on_host(folder.path(), host, "")).await.expect_err("is busy").to_string();
    assert_eq!(
        refused,
        "listener `main`: 127.71.3.9:4300 is in use by another program; free it, or choose another port with \
         `--listen main=PORT` (0 takes any free one)"
    );
    drop(busy);
}

#[tokio::test]
async fn before_the_store_is_open_senders_are_asked_to_come_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let clock = Arc::new(stdx::SystemClock::new());
    let shared = Arc::new(Shared::new(config(folder.path(), ""), clock, Default::default()));
    let check = async |listener: Listener, method: &str, path: &str, status: u16, retry_after: &str| {
        let service = routes::service(&shared, listener);
        let peer = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
        let request = http::Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", "application/json")
            .body(Body::from("{}"))
            .expect("a request");
        let response = service.answer(Sender { peer, listener }, request).await;
        let told =
            response.headers().get("retry-after").and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert_eq!((response.status().as_u16(), told), (status, retry_after), "{path}");
        response.into_body().collect().await.expect("a body");
    };
    check(Listener::OtlpHttp, "POST", "/v1/traces", 503, "1").await;
    check(Listener::OtlpHttp, "POST", "/v1/logs", 503, "1").await;
    check(Listener::Jaeger, "GET", "/api/services", 503, "1").await;
    check(Listener::Main, "GET", "/readyz", 503, "1").await;
    check(Listener::Main, "GET", "/api/v1/stages", 503, "1").await;
    check(Listener::Main, "GET", "/healthz", 200, "").await;
    check(Listener::Main, "GET", "/metrics", 200, "").await;
    check(Listener::Main, "GET", "/", 200, "").await;
}
