//! kill -9 in every mode of durability: what was acknowledged is there, once. A power cut is the simulator's matter.

use std::sync::Mutex;

use crate::connection::Connection;
use crate::process::Process;
use crate::requests::{SPANS, body};

fn check(mode: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let settings = [("WAL_DURABILITY", mode), ("WAL_SYNC_INTERVAL", "50ms"), ("FLUSH_INTERVAL", "300ms")];
    let mut acknowledged = Vec::new();
    for round in 0..4u64 {
        let mut process = Process::start(&data, &settings);
        let address = process.address("otlp-http");
        let receipts = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for sender in 0..4u64 {
                let receipts = &receipts;
                scope.spawn(move || {
                    let Ok(mut connection) = Connection::open(address) else { return };
                    for at in 0..1_000 {
                        let request = (round * 4 + sender) * 1_000 + at;
                        match connection.post("/v1/traces", &body(request)) {
                            Ok(200) => receipts.lock().expect("no panics").push(request),
                            Ok(status) => panic!("{mode}: {status}"),
                            Err(_) => return,
                        }
                    }
                });
            }
            while receipts.lock().expect("no panics").len() < 300 && !process.has_ended() {
                std::thread::yield_now();
            }
            process.kill();
        });
        acknowledged.extend(receipts.into_inner().expect("no panics"));
    }
    let process = Process::start(&data, &settings);
    let mut main = Connection::open(process.address("main")).expect("connects");
    let rows = main.sql("SELECT DISTINCT lower(hex(trace_id)) AS id FROM spans").expect("rows");
    let found: std::collections::HashSet<&str> =
        rows.as_array().expect("rows").iter().filter_map(|row| row["id"].as_str()).collect();
    let lost: Vec<u64> = acknowledged
        .iter()
        .copied()
        .filter(|request| !found.contains(crate::requests::trace_id(*request).as_str()))
        .collect();
    assert!(lost.is_empty(), "{mode}: {} of {} are gone: {lost:?}", lost.len(), acknowledged.len());
    let counted = main.sql("SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans").expect("rows");
    let spans = found.len() * SPANS;
    assert_eq!(counted, serde_json::json!([{"n": spans, "d": spans}]), "{mode}");
    eprintln!("{mode}: {} requests acknowledged before four kills, all there", acknowledged.len());
    process.stop();
}

#[test]
fn interval() {
    check("interval");
}

#[test]
fn none() {
    check("none");
}

#[test]
fn synced() {
    check("synced");
}
