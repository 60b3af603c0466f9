//! Many connections that do nothing, or too slowly.

use std::io::Write;
use std::net::TcpStream;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::connection::Connection;
use crate::process::Process;
use crate::steady::beside;

const MIB: u64 = 1 << 20;
/// Connections of the idle crowd.
const CROWD: usize = 10_000;
/// Files that the test needs besides.
const OTHER_FILES: u64 = 100;

/// How many connections this machine lets one process have, at most [`CROWD`].
fn allowed() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    assert!(raised.is_ok(), "a process may raise its limit to its maximum");
    let most = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(OTHER_FILES);
    let allowed = usize::try_from(most).unwrap_or(usize::MAX).min(CROWD);
    if allowed < CROWD {
        eprintln!("this machine allows only {allowed} of {CROWD} connections (ulimit -Hn)");
    }
    allowed
}

#[test]
fn ten_thousand_idle_connections_disturb_nobody() {
    let crowd = allowed();
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(&folder.path().join("data"), &[("LIMITS_HEADER_TIMEOUT", "10m")]);
    let before = process.peak_bytes();
    let mut silent = Vec::new();
    let mut resting = Vec::new();
    for at in 0..crowd {
        let address = process.address(["otlp-http", "otlp-grpc", "main", "jaeger", "tempo"][at % 5]);
        if at % 2 == 0 {
            silent
                .push(TcpStream::connect(address).unwrap_or_else(|error| panic!("connection {at}: {error}")));
        } else {
            // These have been served once and are kept.
            let mut connection = Connection::open(address).unwrap_or_else(|e| panic!("connection {at}: {e}"));
            connection.ask("GET", "/healthz", &[], b"").expect("an answer");
            resting.push(connection);
        }
    }
    let met = beside(&process, || {
        let mut main = Connection::open(process.address("main")).expect("connects");
        let (_, metrics) = main.get("/metrics").expect("an answer");
        let metrics = String::from_utf8(metrics).expect("text");
        let open = metrics.lines().find_map(|line| line.strip_prefix("throughline_receive_connections "));
        let open: usize = open.and_then(|text| text.parse().ok()).expect("the connections are counted");
        assert!(open >= crowd, "{open} connections are open");
    });
    let bytes = process.peak_bytes() - before;
    eprintln!(
        "{crowd} idle connections: {} KiB each, {} MiB at most; beside them {met:?}",
        bytes / 1024 / crowd as u64,
        process.peak_bytes() / MIB
    );
    assert!(process.peak_bytes() < 400 * MIB, "{} bytes", process.peak_bytes());
    // Each of them is still served.
    for connection in resting.iter_mut().step_by(500) {
        connection.ask("GET", "/healthz", &[], b"").expect("an answer");
    }
    drop((silent, resting));
    process.stop();
}

#[test]
fn slow_senders_disturb_nobody_and_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(
        &folder.path().join("data"),
        &[("LIMITS_HEADER_TIMEOUT", "2s"), ("LIMITS_BODY_IDLE_TIMEOUT", "2s")],
    );
    let beginnings: [&[u8]; 5] = [
        b"",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\nx-slow: ",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n",
        b"\x16\x03\x01",
        b"POST /v1/traces HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-protobuf\r\ncontent-length: 60000000\r\n\r\nabc",
    ];
    let met = beside(&process, || {
        let mut slow = Vec::new();
        for at in 0..1_000 {
            let address = process.address(["otlp-http", "otlp-grpc", "main"][at % 3]);
            let mut stream = TcpStream::connect(address).expect("connects");
            stream.write_all(beginnings[at % beginnings.len()]).expect("writes");
            slow.push(stream);
        }
        // A byte of the head now and then, until the server has had enough; of a body each byte is progress.
        let trickling: Vec<usize> = (0..slow.len()).filter(|at| at % beginnings.len() == 1).collect();
        let mut open = trickling.clone();
        while !open.is_empty() {
            open.retain(|at| slow[*at].write_all(b"y").is_ok());
            std::thread::yield_now();
        }
        // Those that say nothing more are closed as well.
        for stream in slow {
            let mut connection = stream;
            let _ = std::io::copy(&mut connection, &mut std::io::sink());
        }
    });
    eprintln!("beside 1000 slow senders {met:?}, {} MiB at most", process.peak_bytes() / MIB);
    assert!(process.peak_bytes() < 300 * MIB, "{} bytes", process.peak_bytes());
    process.stop();
}
