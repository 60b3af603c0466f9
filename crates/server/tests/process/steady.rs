//! A client that does nothing wrong, while others do.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::connection::Connection;
use crate::process::Process;
use crate::requests::{SPANS, body, trace_id};

/// What a well-behaved client met.
#[derive(Debug, Default)]
pub struct Met {
    pub requests: u64,
    pub slowest: Duration,
}

/// Sends and reads back on kept connections while `disturb` runs, at least ten times.
///
/// # Panics
/// When anything is not as it would be without the disturbance.
pub fn beside(process: &Process, disturb: impl FnOnce()) -> Met {
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let client = scope.spawn(|| serve(process, &is_over));
        disturb();
        is_over.store(true, Ordering::Release);
        client.join().expect("a well-behaved client is served")
    })
}

fn serve(process: &Process, is_over: &AtomicBool) -> Met {
    // Numbers of its own, so that servers can be shared.
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1 << 32);
    let mut met = Met::default();
    let mut sender = Connection::open(process.address("otlp-http")).expect("connects");
    let mut reader = Connection::open(process.address("tempo")).expect("connects");
    while met.requests < 10 || !is_over.load(Ordering::Acquire) {
        let request = NEXT.fetch_add(1, Ordering::Relaxed);
        let started = Instant::now();
        assert_eq!(sender.post("/v1/traces", &body(request)).expect("an answer"), 200);
        let (status, trace) =
            reader.get(&format!("/api/v2/traces/{}", trace_id(request))).expect("an answer");
        met.slowest = met.slowest.max(started.elapsed());
        assert_eq!(status, 200);
        assert_eq!(String::from_utf8_lossy(&trace).matches("\"spanId\"").count(), SPANS);
        met.requests += 1;
    }
    met
}
