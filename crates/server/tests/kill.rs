//! kill -9 under load, again and again: what was acknowledged is there, once.
//!
//! A child process takes requests from several connections and is killed at a chosen moment, while it flushes, merges, writes
//! checkpoints and removes replaced files all the time: after so many receipts, when files tell that it is at a certain place
//! ([`moment`]), or while it still recovers. After each start the requests that were not acknowledged are sent again, and some
//! that were. At the end SQL counts as many spans as were acknowledged, each is read by its trace id, and the account holds.
//! `THROUGHLINE_KILL_ROUNDS` sets the rounds (default 50), `THROUGHLINE_KILL_SEED` repeats a run's choices.

#[allow(dead_code, reason = "each test uses a part")]
#[path = "support/connection.rs"]
mod connection;
#[path = "kill/moment.rs"]
mod moment;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "support/process.rs"]
mod process;
#[path = "support/requests.rs"]
mod requests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use connection::Connection;
use moment::{Moment, Watch, places_met};
use process::Process;
use requests::{SPANS, body, trace_id};

/// Connections that send at one time.
const SENDERS: usize = 4;
/// No further round begins after this, so that a slow machine still ends in time.
const TIME_MAX: Duration = Duration::from_secs(120);
/// More requests than can be sent before most kills.
const FRESH: u64 = 400;
/// Acknowledged requests that are sent once more in each round.
const AGAIN: usize = 8;
/// A server that does everything all the time.
const SETTINGS: &[(&str, &str)] = &[
    ("FLUSH_SIZE", "16KiB"),
    ("FLUSH_INTERVAL", "100ms"),
    ("FLUSH_SMALL_INTERVAL", "100ms"),
    ("COMPACTION_FILES", "4"),
    ("WAL_FILE_SIZE", "1MiB"),
    ("STORAGE_CHECKPOINT", "5"),
    ("RETENTION_INTERVAL", "200ms"),
    ("RETENTION_VACUUM_KEEP", "1s"),
    ("LISTEN_OTLP_GRPC", "off"),
    ("LISTEN_JAEGER", "off"),
    ("LISTEN_TEMPO", "off"),
];

/// xorshift64*: enough for moments.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// What was sent and what came of it.
#[derive(Default)]
struct Truth {
    acknowledged: Vec<u64>,
    /// Tried without a receipt.
    pending: Vec<u64>,
    next: u64,
    /// Places between two steps, and how many kills met each.
    met: BTreeMap<&'static str, usize>,
    /// Traces of earlier kills.
    seen: BTreeSet<String>,
}

#[test]
fn acknowledged_spans_survive_kill_9() {
    let asked_rounds = number("THROUGHLINE_KILL_ROUNDS");
    let rounds = asked_rounds.unwrap_or(50);
    let seed = number("THROUGHLINE_KILL_SEED").unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        u64::from(now.subsec_nanos()) << 20 | u64::from(std::process::id())
    });
    eprintln!("THROUGHLINE_KILL_SEED={seed}");
    let mut random = Random(seed | 1);
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let started = Instant::now();
    let mut truth = Truth::default();
    let mut done = 0;
    while done < rounds && (asked_rounds.is_some() || started.elapsed() < TIME_MAX) {
        done += 1;
        if done % 7 == 0 {
            recover(&data, &mut random, &mut truth);
        }
        let moment = match done % 3 {
            // Short rounds meet the moments after a start, long ones several flushes and a merge.
            0 => Moment::Receipts(1 + random.below(if done % 6 == 0 { 390 } else { 40 }) as usize),
            _ => Moment::OF_FILES[(done as usize * 2 / 3) % Moment::OF_FILES.len()],
        };
        round(&data, moment, &mut random, &mut truth);
        for place in places_met(&data, &mut truth.seen) {
            *truth.met.entry(place).or_default() += 1;
        }
    }
    let elapsed = started.elapsed();
    eprintln!("{done} kills in {elapsed:?}; places met: {:#?}", truth.met);
    check(&data, truth, seed);
}

/// Starts, sends, kills at the moment.
fn round(data: &Path, moment: Moment, random: &mut Random, truth: &mut Truth) {
    let again = truth.pending.len();
    let known: Vec<u64> = (0..AGAIN.min(truth.acknowledged.len()))
        .map(|_| truth.acknowledged[random.below(truth.acknowledged.len() as u64) as usize])
        .collect();
    let mut queue = std::mem::take(&mut truth.pending);
    queue.extend(&known);
    queue.extend(truth.next..truth.next + FRESH);
    truth.next += FRESH;
    let linger = Duration::from_micros(random.below(4_000));
    let mut process = Process::start(data, SETTINGS);
    let errors = process.errors();
    let watch = Watch::new(data, moment);
    let address = process.address("otlp-http");
    let at = AtomicUsize::new(0);
    let ended = AtomicUsize::new(0);
    let receipts = Mutex::new(Vec::new());
    let count = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                send(address, &queue, &at, &receipts, &count);
                ended.fetch_add(1, Ordering::Release);
            });
        }
        let has_come = || match moment {
            Moment::Receipts(wanted) => count.load(Ordering::Acquire) >= wanted,
            _ => watch.has_come(),
        };
        // Files come a little after the last receipt, too: merges and removals wait for their turn.
        let mut last: Option<Instant> = None;
        while !has_come() && !process.has_ended() {
            let is_over = ended.load(Ordering::Acquire) == SENDERS;
            if is_over && last.get_or_insert_with(Instant::now).elapsed() > Duration::from_secs(3) {
                break;
            }
            std::thread::yield_now();
        }
        if matches!(moment, Moment::Receipts(_)) {
            let moment = Instant::now();
            while moment.elapsed() < linger {
                std::hint::spin_loop();
            }
        }
        process.kill();
    });
    let errors = errors.lock().expect("no panics").clone();
    assert!(errors.is_empty(), "killed at {moment:?}, it had logged {errors:#?}");
    let mut receipts = receipts.into_inner().expect("no panics");
    receipts.retain(|request| !known.contains(request));
    let acknowledged: std::collections::HashSet<u64> = receipts.iter().copied().chain(known).collect();
    truth.acknowledged.extend(receipts);
    // What nobody tried is not part of the run yet, but for what an earlier round tried.
    let tried = at.load(Ordering::Relaxed).min(queue.len()).max(again);
    truth.pending =
        queue[..tried].iter().copied().filter(|request| !acknowledged.contains(request)).collect();
    let fresh_untried = queue[tried..].iter().filter(|request| **request >= truth.next - FRESH).count();
    truth.next -= fresh_untried as u64;
}

fn send(
    address: std::net::SocketAddr,
    queue: &[u64],
    at: &AtomicUsize,
    receipts: &Mutex<Vec<u64>>,
    count: &AtomicUsize,
) {
    let Ok(mut connection) = Connection::open(address) else { return };
    loop {
        let Some(&request) = queue.get(at.fetch_add(1, Ordering::Relaxed)) else { return };
        // Any failure means that the process is gone; the request counts as not acknowledged.
        match connection.post("/v1/traces", &body(request)) {
            Ok(200) => {
                receipts.lock().expect("no panics").push(request);
                count.fetch_add(1, Ordering::Release);
            }
            Ok(503) => {}
            Ok(status) => panic!("request {request} was answered {status}"),
            Err(_) => return,
        }
    }
}

/// Kills while it recovers, several times, each a little later; the next round must find everything all the same.
fn recover(data: &Path, random: &mut Random, truth: &mut Truth) {
    for wait_ms in [10, 30, 60, 100, 150] {
        let process = Process::begin(data, SETTINGS);
        let wait = Duration::from_micros(wait_ms * 1_000 + random.below(20_000));
        let begun = Instant::now();
        while begun.elapsed() < wait {
            std::thread::yield_now();
        }
        let is_ready = listens(data);
        process.kill();
        *truth.met.entry(if is_ready { "shortly after recovery" } else { "during recovery" }).or_default() +=
            1;
    }
}

/// Whether the server says that it is ready.
fn listens(data: &Path) -> bool {
    let text = std::fs::read(data.join("listeners.json")).unwrap_or_default();
    let addresses: serde_json::Value = serde_json::from_slice(&text).unwrap_or_default();
    let address = addresses["main"].as_str().and_then(|text| text.parse().ok());
    let connection = address.and_then(|address| Connection::open(address).ok());
    connection.is_some_and(|mut main| main.get("/readyz").is_ok_and(|(status, _)| status == 200))
}

/// Sends what is left, then counts.
fn check(data: &Path, mut truth: Truth, seed: u64) {
    let process = Process::start(data, SETTINGS);
    let mut connection = Connection::open(process.address("otlp-http")).expect("connects");
    for request in truth.pending {
        assert_eq!(connection.post("/v1/traces", &body(request)).expect("an answer"), 200);
        truth.acknowledged.push(request);
    }
    let mut acknowledged = truth.acknowledged;
    let times = acknowledged.len();
    acknowledged.sort_unstable();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), times, "the test counts a request twice");
    let spans = (acknowledged.len() * SPANS) as u64;
    let mut main = Connection::open(process.address("main")).expect("connects");
    let counted = main.sql("SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans").expect("rows");
    assert_eq!(counted, serde_json::json!([{"n": spans, "d": spans}]), "before the flush, seed {seed}");
    assert_eq!(main.post("/api/v1/flush", b"").expect("an answer"), 200);
    let counted = main.sql("SELECT count(*) AS n, count(DISTINCT span_id) AS d FROM spans").expect("rows");
    assert_eq!(counted, serde_json::json!([{"n": spans, "d": spans}]), "seed {seed}");
    let (status, stages) = main.get("/api/v1/stages").expect("an answer");
    assert_eq!(status, 200);
    let stages: serde_json::Value = serde_json::from_slice(&stages).expect("JSON");
    let account = &stages["signals"]["traces"];
    eprintln!("{times} requests acknowledged, {account}");
    assert_eq!(account["stored"], spans, "{account}");
    assert_eq!(account["waiting"], 0, "{account}");
    assert_eq!(account["rejected"], serde_json::json!({}), "{account}");
    let duplicates: u64 = account["duplicate"]
        .as_object()
        .expect("by reason")
        .values()
        .filter_map(serde_json::Value::as_u64)
        .sum();
    assert_eq!(account["accepted"].as_u64(), Some(spans + duplicates), "{account}");
    for request in acknowledged {
        let (status, trace) =
            main.get(&format!("/tempo/api/v2/traces/{}", trace_id(request))).expect("an answer");
        assert_eq!(status, 200);
        let text = String::from_utf8(trace).expect("text");
        assert_eq!(text.matches("\"spanId\"").count(), SPANS, "request {request}, seed {seed}");
    }
    process.stop();
}
