//! Bodies that are too large, bombs, broken, of a wrong type, or at a wrong port.

use std::io::Write;

use crate::connection::Connection;
use crate::process::Process;
use crate::requests::{SPANS, body, trace_id};
use crate::steady::beside;

const MIB: usize = 1 << 20;
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

fn gzip(plain_bytes: usize) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; MIB];
    for _ in 0..plain_bytes / MIB {
        encoder.write_all(&zeros).expect("memory");
    }
    encoder.finish().expect("memory")
}

#[test]
fn bombs_cost_bounded_memory_and_disturb_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(&folder.path().join("data"), &[]);
    let bombs = [
        ("gzip", gzip(512 * MIB)),
        ("zstd", zstd::encode_all(&*vec![0; 256 * MIB], 1).expect("memory")),
        // As large as is allowed: this one is decoded.
        ("gzip", gzip(63 * MIB)),
    ];
    let met = beside(&process, || {
        std::thread::scope(|scope| {
            for sender in 0..8 {
                let (process, bombs) = (&process, &bombs);
                scope.spawn(move || {
                    for at in 0..6 {
                        let (encoding, bomb) = &bombs[(sender + at) % bombs.len()];
                        let listener = ["otlp-http", "otlp-grpc", "main"][at % 3];
                        let mut connection = Connection::open(process.address(listener)).expect("connects");
                        let headers = [PROTOBUF, ("content-encoding", encoding)];
                        let reply = connection.ask("POST", "/v1/traces", &headers, bomb).expect("an answer");
                        // 400: the zeros that are allowed are no message; 503: come again.
                        assert!(
                            [400, 413, 503].contains(&reply.status),
                            "{}: {}",
                            reply.status,
                            reply.text()
                        );
                    }
                });
            }
        });
    });
    let peak = process.peak_bytes() as usize / MIB;
    eprintln!("48 bombs: {peak} MiB at most; beside them {met:?}");
    assert!(peak < 600, "{peak} MiB");
    process.stop();
}

#[test]
fn broken_requests_disturb_nobody() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(
        &folder.path().join("data"),
        &[
            ("LIMITS_HEADER_TIMEOUT", "300ms"),
            ("LIMITS_BODY_IDLE_TIMEOUT", "300ms"),
            ("LIMITS_IDLE_TIMEOUT", "1s"),
        ],
    );
    let whole = body(1);
    let head = |path: &str, kind: &str, len: usize| {
        format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: {kind}\r\ncontent-length: {len}\r\n\r\n")
            .into_bytes()
    };
    let protobuf = "application/x-protobuf";
    // What is sent, and the status that must come back, if one can.
    let cases: Vec<(&str, Vec<u8>, Option<u16>)> = vec![
        ("nothing", Vec::new(), None),
        ("no HTTP", b"hello\r\n\r\n".to_vec(), None),
        ("a client that speaks TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec(), None),
        ("half of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00".to_vec(), None),
        (
            "a frame of HTTP/2 that is too long",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\x00\x00\x00\x00\x00\x01".to_vec(),
            None,
        ),
        ("a head without an end", [b"GET / HTTP/1.1\r\nx: ".as_slice(), &vec![b'y'; MIB]].concat(), None),
        (
            "a body that breaks off",
            [&head("/v1/traces", protobuf, whole.len())[..], &whole[..whole.len() / 2]].concat(),
            None,
        ),
        (
            "a message that breaks off",
            [&head("/v1/traces", protobuf, whole.len() - 3)[..], &whole[..whole.len() - 3]].concat(),
            Some(400),
        ),
        ("no message", [&head("/v1/traces", protobuf, 5)[..], b"\xff\xff\xff\xff\xff"].concat(), Some(400)),
        ("no JSON", [&head("/v1/traces", "application/json", 1)[..], b"{"].concat(), Some(400)),
        ("another type", [&head("/v1/traces", "text/xml", 4)[..], b"<a/>"].concat(), Some(415)),
        ("a body larger than any", head("/v1/traces", protobuf, 1 << 40), Some(413)),
        ("a path at which nothing is", [&head("/v2/spans", protobuf, 1)[..], b"x"].concat(), None),
        (
            "two lengths",
            b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab"
                .to_vec(),
            None,
        ),
        (
            "a chunk without a length",
            b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_vec(),
            None,
        ),
    ];
    let met = beside(&process, || {
        for listener in ["otlp-http", "otlp-grpc", "main", "jaeger", "tempo"] {
            for (name, bytes, status) in &cases {
                let mut connection = Connection::open(process.address(listener)).expect("connects");
                // The server may have closed before everything is written.
                let _ = connection.write(bytes);
                if let Some(status) = status {
                    let reply =
                        connection.answer(false).unwrap_or_else(|e| panic!("{name} at {listener}: {e}"));
                    assert_eq!(reply.status, *status, "{name} at {listener}: {}", reply.text());
                    assert!(!reply.body.is_empty(), "{name} at {listener}: a refusal says why");
                } else if !bytes.ends_with(b"abc") && name.ends_with("breaks off") {
                    drop(connection);
                } else {
                    connection.rest();
                }
            }
        }
        // OTLP at a port of another dialect is taken, and told.
        for (at, listener) in ["jaeger", "tempo", "main", "otlp-grpc"].into_iter().enumerate() {
            let mut connection = Connection::open(process.address(listener)).expect("connects");
            let request = 100 + at as u64;
            assert_eq!(connection.post("/v1/traces", &body(request)).expect("an answer"), 200, "{listener}");
            let mut tempo = Connection::open(process.address("tempo")).expect("connects");
            let (status, trace) =
                tempo.get(&format!("/api/v2/traces/{}", trace_id(request))).expect("an answer");
            assert_eq!(status, 200);
            assert_eq!(String::from_utf8_lossy(&trace).matches("\"spanId\"").count(), SPANS);
        }
    });
    let peak = process.peak_bytes() as usize / MIB;
    eprintln!("{} broken requests at five ports: {peak} MiB at most; beside them {met:?}", cases.len() * 5);
    assert!(peak < 300, "{peak} MiB");
    process.stop();
}
