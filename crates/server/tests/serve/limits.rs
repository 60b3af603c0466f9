//! What hurts servers: bodies that are too large, bombs, slow senders, idle crowds, garbage.

use std::time::{Duration, Instant};

use server::wiring::listen::Listener;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client;
use crate::running::{Running, start};
use crate::spans::{batch, encoded};

const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

async fn still_serves(server: &Running) {
    let sent = batch(2);
    let reply = server.post("/v1/traces", &[PROTOBUF], &sent.protobuf()).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(server.span_names(&sent.trace_id).await, sent.names());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_bodies_and_bombs() {
    let server = start("[limits]\nbody_size = \"1MiB\"\n").await;
    let zeros = vec![0; (1 << 20) + 1];
    let reply = server.post("/v1/traces", &[PROTOBUF], &zeros).await;
    assert_eq!(reply.status, 413, "{}", reply.text());
    for encoding in ["gzip", "deflate", "zstd"] {
        let bomb = encoded(encoding, &vec![0; 64 << 20]);
        let reply = server.post("/v1/traces", &[PROTOBUF, ("content-encoding", encoding)], &bomb).await;
        assert_eq!(reply.status, 413, "{encoding} {}", reply.text());
    }
    // A body without a length, of which nobody knows where it ends.
    let mut endless = b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..20 {
        endless.extend(b"10000\r\n");
        endless.extend(vec![0; 0x10000]);
        endless.extend(b"\r\n");
    }
    let answer = client::raw(server.address(Listener::OtlpHttp), &endless).await;
    assert!(answer.starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer));
    let refused = server.stages().await["refused_requests"]["traces"].clone();
    assert_eq!(refused, serde_json::json!({"body_too_large": 5}));
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_for_requests_in_flight_is_bounded() {
    let server = start("[limits]\nin_flight_size = \"1MiB\"\n").await;
    let reply = server.post("/v1/traces", &[PROTOBUF], &vec![0; 2 << 20]).await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, "1"), "{}", reply.text());
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_buffer_asks_to_come_again() {
    // A request counts with twice its size against the smallest buffer.
    let server = start("[buffer]\nmemory = \"1MiB\"\n").await;
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let reply = server.post("/v1/traces", &[PROTOBUF], &batch(3_000).protobuf()).await;
        if reply.status == 503 {
            assert_eq!(reply.header("retry-after"), "1");
        }
        statuses.push(reply.status);
    }
    assert!(
        statuses.contains(&200) && statuses.iter().all(|status| [200, 503].contains(status)),
        "{statuses:?}"
    );
    server.flush().await;
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slow_senders_are_cut_off_and_disturb_nobody() {
    let server = start("[limits]\nheader_timeout = \"300ms\"\nbody_idle_timeout = \"300ms\"\n").await;
    let address = server.address(Listener::OtlpHttp);
    let slow: [&[u8]; 5] = [
        b"",
        b"PRI * HTTP/2",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"\x16\x03",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 100\r\n\r\nabc",
    ];
    let started = Instant::now();
    let ends = slow.map(|bytes| tokio::spawn(async move { client::raw(address, bytes).await }));
    still_serves(&server).await;
    for (end, bytes) in ends.into_iter().zip(slow) {
        let answer = end.await.expect("ends");
        let is_body = bytes.ends_with(b"abc");
        assert_eq!(answer.starts_with(b"HTTP/1.1 408 "), is_body, "{:?}", String::from_utf8_lossy(&answer));
    }
    assert!(started.elapsed() < Duration::from_secs(8), "{:?}", started.elapsed());
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trickling_head_is_cut_off_although_bytes_come() {
    let server = start("[limits]\nheader_timeout = \"300ms\"\n").await;
    let mut stream = TcpStream::connect(server.address(Listener::OtlpHttp)).await.expect("connects");
    stream.write_all(b"POST /v1/traces HTTP/1.1\r\nx: ").await.expect("writes");
    let mut interval = tokio::time::interval(Duration::from_millis(20));
    let started = Instant::now();
    while stream.write_all(b"y").await.is_ok() {
        interval.tick().await;
        assert!(started.elapsed() < Duration::from_secs(8), "still open");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_resting_connection_outlives_the_time_for_heads() {
    let server = start("[limits]\nheader_timeout = \"100ms\"\n").await;
    let mut stream = TcpStream::connect(server.address(Listener::Main)).await.expect("connects");
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let mut rest = tokio::time::interval(Duration::from_millis(400));
    for _ in 0..3 {
        rest.tick().await;
        stream.write_all(request).await.expect("is open");
        let mut answer = [0; 512];
        let len = stream.read(&mut answer).await.expect("answers");
        assert!(
            answer[..len].starts_with(b"HTTP/1.1 200 OK"),
            "{:?}",
            String::from_utf8_lossy(&answer[..len])
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn crowds_of_idle_connections_disturb_nobody() {
    let server = start("").await;
    let mut crowd = Vec::new();
    for at in 0..400 {
        let listener = [Listener::OtlpHttp, Listener::OtlpGrpc, Listener::Main][at % 3];
        crowd.push(TcpStream::connect(server.address(listener)).await.expect("connects"));
    }
    still_serves(&server).await;
    assert!(server.server().shared().monitor.connections.open_count() >= 400);
    drop(crowd);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_beyond_the_limit_are_closed_at_once() {
    let server = start("[limits]\nconnections = 16\n").await;
    let address = server.address(Listener::OtlpHttp);
    let mut held = Vec::new();
    for _ in 0..16 {
        let mut stream = TcpStream::connect(address).await.expect("connects");
        // An answer proves that the connection was taken.
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("writes");
        assert!(stream.read(&mut [0; 512]).await.expect("reads") > 0);
        held.push(stream);
    }
    let mut over = TcpStream::connect(address).await.expect("the system takes it");
    assert_eq!(over.read(&mut [0; 1]).await.unwrap_or(0), 0, "is closed");
    held.clear();
    let connections = &server.server().shared().monitor.connections;
    connections.drained(Duration::from_secs(10)).await;
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_breaks_nothing() {
    let server = start("[limits]\nheader_timeout = \"300ms\"\n").await;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..60 {
        let garbage: Vec<u8> = (0..round * 7)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 56) as u8
            })
            .collect();
        let listener = Listener::ALL[round % Listener::ALL.len()];
        if round % 3 == 0 {
            // A good beginning, then anything.
            let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
            client::raw(server.address(listener), &[&preface[..], &garbage].concat()).await;
        } else {
            client::raw(server.address(listener), &garbage).await;
        }
        let reply = server.post("/v1/traces", &[PROTOBUF], &garbage).await;
        assert!([200, 400].contains(&reply.status), "{}", reply.status);
    }
    still_serves(&server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_breaks_off_leaves_nothing() {
    let server = start("").await;
    let sent = batch(500);
    let body = sent.protobuf();
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    let mut stream = TcpStream::connect(server.address(Listener::OtlpHttp)).await.expect("connects");
    stream.write_all(head.as_bytes()).await.expect("writes");
    stream.write_all(&body[..body.len() / 2]).await.expect("writes");
    drop(stream);
    let connections = &server.server().shared().monitor.connections;
    connections.drained(Duration::from_secs(10)).await;
    assert_eq!(server.account().await["received"], 0);
    still_serves(&server).await;
}
