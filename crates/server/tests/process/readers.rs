//! Readers beside writers, rounds, merges and removals: no row twice, none missing, at any moment.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::connection::Connection;
use crate::process::Process;
use crate::requests::{SPANS, body, trace_id};

/// Requests that are sent while readers read.
const REQUESTS: u64 = 3_000;

/// Two writers: each sends its own numbers in order, so that everything up to a count is known.
#[derive(Default)]
struct Writers {
    acknowledged: [AtomicU64; 2],
    sent: [AtomicU64; 2],
}

impl Writers {
    fn total(of: &[AtomicU64; 2]) -> u64 {
        of.iter().map(|count| count.load(Ordering::SeqCst)).sum::<u64>() * SPANS as u64
    }

    fn write(&self, process: &Process, writer: usize) {
        let mut connection = Connection::open(process.address("otlp-http")).expect("connects");
        for at in 0..REQUESTS / 2 {
            self.sent[writer].fetch_add(1, Ordering::SeqCst);
            assert_eq!(connection.post("/v1/traces", &body(number(writer, at))).expect("an answer"), 200);
            self.acknowledged[writer].fetch_add(1, Ordering::SeqCst);
            // The request before once more with others: as a whole it is known, so nothing is stored.
            if at % 16 == 0 {
                assert_eq!(connection.post("/v1/traces", &body(number(writer, at))).expect("an answer"), 200);
            }
        }
    }

    /// Counts by SQL: between what was acknowledged before the question and what was sent before the answer.
    fn count(&self, process: &Process, sql: &str) {
        let mut main = Connection::open(process.address("main")).expect("connects");
        let least = Self::total(&self.acknowledged);
        let rows = main.sql(sql).expect("rows");
        let most = Self::total(&self.sent);
        let (spans, distinct) = (rows[0]["n"].as_u64().unwrap_or(0), rows[0]["d"].as_u64().unwrap_or(0));
        assert_eq!(spans, distinct, "{sql}: spans are seen twice");
        assert!(
            (least..=most).contains(&spans),
            "{sql}: {spans} spans, at least {least} and at most {most} are there"
        );
    }

    /// Traces by id, as Tempo clients read them.
    fn by_id(&self, process: &Process, state: &mut u64) {
        let mut tempo = Connection::open(process.address("tempo")).expect("connects");
        for _ in 0..20 {
            *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let writer = (*state >> 40) as usize % 2;
            let known = self.acknowledged[writer].load(Ordering::SeqCst);
            if known == 0 {
                continue;
            }
            let request = number(writer, (*state >> 33) % known);
            let (status, trace) =
                tempo.get(&format!("/api/v2/traces/{}", trace_id(request))).expect("an answer");
            assert_eq!(status, 200, "request {request}");
            let found = String::from_utf8_lossy(&trace).matches("\"spanId\"").count();
            assert_eq!(found, SPANS, "request {request}");
        }
    }

    /// The newest traces, whole, as Jaeger clients read them.
    fn search(&self, process: &Process) {
        let least = Self::total(&self.acknowledged) / SPANS as u64;
        let mut jaeger = Connection::open(process.address("jaeger")).expect("connects");
        let (status, found) =
            jaeger.get("/api/v3/traces?query.startTimeMin=2000-01-01T00:00:00Z&query.startTimeMax=2100-01-01T00:00:00Z&query.searchDepth=20").expect("an answer");
        if least < 20 {
            return;
        }
        assert_eq!(status, 200);
        let text = String::from_utf8_lossy(&found);
        assert_eq!(text.matches("\"spanId\"").count(), 20 * SPANS, "twenty whole traces");
    }
}

fn number(writer: usize, at: u64) -> u64 {
    writer as u64 * 1_000_000 + at
}

#[test]
fn readers_see_each_row_once_beside_everything_that_moves() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(
        &folder.path().join("data"),
        &[
            ("FLUSH_SIZE", "16KiB"),
            ("FLUSH_INTERVAL", "100ms"),
            ("FLUSH_SMALL_INTERVAL", "100ms"),
            ("COMPACTION_FILES", "2"),
            ("WAL_FILE_SIZE", "1MiB"),
            ("STORAGE_CHECKPOINT", "5"),
            ("RETENTION_INTERVAL", "200ms"),
            ("RETENTION_VACUUM_KEEP", "10s"),
        ],
    );
    let writers = Writers::default();
    let is_over = AtomicBool::new(false);
    let looks = AtomicU64::new(0);
    let reader = |read: &(dyn Fn() + Sync)| {
        while !is_over.load(Ordering::SeqCst) {
            read();
            looks.fetch_add(1, Ordering::Relaxed);
        }
    };
    let reader = &reader;
    std::thread::scope(|scope| {
        let (process, writers) = (&process, &writers);
        scope.spawn(move || {
            reader(&|| {
                writers.count(process, "SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans")
            });
        });
        scope.spawn(move || {
            reader(&|| writers.count(process, "SELECT sum(span_count) AS n, count(*) * 12 AS d FROM traces"));
        });
        scope.spawn(move || {
            let state = std::sync::Mutex::new(7);
            reader(&|| writers.by_id(process, &mut state.lock().expect("no panics")));
        });
        scope.spawn(move || reader(&|| writers.search(process)));
        let sending: Vec<_> =
            (0..2).map(|writer| scope.spawn(move || writers.write(process, writer))).collect();
        let sent: Vec<_> = sending.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        is_over.store(true, Ordering::SeqCst);
        assert!(sent.iter().all(Result::is_ok), "every request was taken");
    });
    let mut main = Connection::open(process.address("main")).expect("connects");
    assert_eq!(main.ask("POST", "/api/v1/flush", &[], b"").expect("an answer").status, 200);
    let spans = REQUESTS * SPANS as u64;
    let counted = main.sql("SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans").expect("rows");
    assert_eq!(counted, serde_json::json!([{"n": spans, "d": spans}]));
    let rounds = main.sql("SELECT count(DISTINCT round) AS rounds FROM ingest").expect("rows");
    eprintln!("{} looks beside {REQUESTS} requests, rounds: {rounds}", looks.load(Ordering::Relaxed));
    assert_eq!(*process.errors().lock().expect("no panics"), Vec::<String>::new());
    process.stop();
}
