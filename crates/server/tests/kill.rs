//! kill -9 under load, again and again: what was acknowledged is there, once.
//!
//! A child process takes requests from several connections and is killed at a random moment, while it flushes and compacts
//! all the time. After each start the requests that were not acknowledged are sent again. At the end every span that was
//! ever acknowledged is read by its trace id, and the account holds. `THROUGHLINE_KILL_ROUNDS` sets the rounds (default 50),
//! `THROUGHLINE_KILL_SEED` repeats a run's random moments.

#[path = "kill/process.rs"]
mod process;
#[path = "kill/requests.rs"]
mod requests;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use process::Process;
use requests::{Connection, SPANS, body, trace_id};

/// Connections that send at one time.
const SENDERS: usize = 4;
/// No further round begins after this, so that a slow machine still ends in time.
const TIME_MAX: Duration = Duration::from_secs(90);

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
    let started = Instant::now();
    let acknowledged = Mutex::new(Vec::new());
    let mut pending: Vec<u64> = Vec::new();
    let mut next = 0u64;
    let mut done = 0;
    while done < rounds && (asked_rounds.is_some() || started.elapsed() < TIME_MAX) {
        done += 1;
        // More than can be sent before the kill, the unacknowledged ones first.
        let fresh = 400;
        let again = pending.len();
        let queue: Vec<u64> = pending.drain(..).chain(next..next + fresh).collect();
        next += fresh;
        // Short rounds meet the moments after a start, long ones several flushes and a compaction.
        let kill_after = 1 + random.below(if done % 5 == 0 { 390 } else { 40 }) as usize;
        let linger = Duration::from_micros(random.below(4_000));
        let mut process = Process::start(folder.path());
        let address = process.address("otlp-http");
        let at = AtomicUsize::new(0);
        let count = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| {
                    let Ok(mut connection) = Connection::open(address) else { return };
                    loop {
                        let Some(&request) = queue.get(at.fetch_add(1, Ordering::Relaxed)) else { return };
                        // Any failure means that the process is gone; the request counts as not acknowledged.
                        match connection.post("/v1/traces", &body(request)) {
                            Ok(200) => {
                                acknowledged.lock().expect("no panics").push(request);
                                count.fetch_add(1, Ordering::Release);
                            }
                            Ok(503) => {}
                            Ok(status) => panic!("request {request} was answered {status}"),
                            Err(_) => return,
                        }
                    }
                });
            }
            while count.load(Ordering::Acquire) < kill_after && !process.has_ended() {
                std::thread::yield_now();
            }
            let moment = Instant::now();
            while moment.elapsed() < linger {
                std::hint::spin_loop();
            }
            process.kill();
        });
        let known = acknowledged.lock().expect("no panics");
        let known: std::collections::HashSet<u64> = known.iter().copied().collect();
        // What nobody tried is not part of the run yet, but for what an earlier round tried.
        let tried = at.load(Ordering::Relaxed).min(queue.len()).max(again);
        pending = queue[..tried].iter().copied().filter(|request| !known.contains(request)).collect();
        next -= (queue.len() - tried) as u64;
    }
    let elapsed = started.elapsed();

    let process = Process::start(folder.path());
    let mut connection = Connection::open(process.address("otlp-http")).expect("connects");
    for request in &pending {
        assert_eq!(connection.post("/v1/traces", &body(*request)).expect("an answer"), 200);
        acknowledged.lock().expect("no panics").push(*request);
    }
    let mut main = Connection::open(process.address("main")).expect("connects");
    assert_eq!(main.post("/api/v1/flush", b"").expect("an answer"), 200);
    let (status, stages) = main.get("/api/v1/stages").expect("an answer");
    assert_eq!(status, 200);
    let stages: serde_json::Value = serde_json::from_slice(&stages).expect("JSON");
    let account = &stages["signals"]["traces"];
    let mut acknowledged = acknowledged.into_inner().expect("no panics");
    let times = acknowledged.len();
    acknowledged.sort_unstable();
    acknowledged.dedup();
    assert_eq!(acknowledged.len(), times, "a request was acknowledged and sent again");
    eprintln!("{done} kills in {elapsed:?}, {times} requests acknowledged, {account}");
    let spans = (acknowledged.len() * SPANS) as u64;
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
