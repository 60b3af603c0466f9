//! A plan sent at saturation: several senders, each with one connection and one request in flight.
//!
//! In: a plan, an address. Out: what was acknowledged, and how long each acknowledgement took. A request that the server wants
//! again later is sent again and counted. Making a request is not part of its time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;

use crate::client::{Address, Connection};
use crate::load::{Load, Plan};
use crate::shop::Shop;
use crate::{Error, quantile};

/// Senders of a run.
pub const SENDERS: u64 = 4;

/// Pause after a request was refused for the moment; servers ask for a second, which would measure the pause.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of a plan.
#[derive(Debug, Default)]
pub struct Sent {
    /// Acknowledged spans.
    pub spans: u64,
    /// Acknowledged requests.
    pub requests: u64,
    /// Bytes of their bodies.
    pub bytes: u64,
    /// Times that a request was refused for the moment.
    pub refused: u64,
    /// Time on the wall from the first to the last request, seconds.
    pub seconds: f64,
    /// Milliseconds to each acknowledgement, sorted.
    pub latencies_ms: Vec<f64>,
    /// Ids of traces of about 30 spans.
    pub usual_traces: Vec<[u8; 16]>,
}

impl Sent {
    /// Median and 99th percentile of the acknowledgements, milliseconds.
    pub fn latency_ms(&self) -> (f64, f64) {
        (quantile(&self.latencies_ms, 0.5), quantile(&self.latencies_ms, 0.99))
    }

    /// Acknowledged spans a second.
    pub fn spans_a_second(&self) -> f64 {
        self.spans as f64 / self.seconds.max(1e-9)
    }
}

/// Sends the whole plan.
pub fn send(shop: &Arc<Shop>, plan: Plan, address: &Address) -> Result<Sent, Error> {
    let began = Instant::now();
    let shares: Result<Vec<Sent>, Error> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..SENDERS)
            .map(|at| scope.spawn(move || share(Load::new(Arc::clone(shop), plan, at, SENDERS), address)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("a sender panicked".into())))
            .collect()
    });
    let mut all = Sent { seconds: began.elapsed().as_secs_f64(), ..Sent::default() };
    for share in shares? {
        all.spans += share.spans;
        all.requests += share.requests;
        all.bytes += share.bytes;
        all.refused += share.refused;
        all.latencies_ms.extend(share.latencies_ms);
        all.usual_traces.extend(share.usual_traces);
    }
    all.latencies_ms.sort_by(f64::total_cmp);
    Ok(all)
}

fn share(mut load: Load, address: &Address) -> Result<Sent, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut sent = Sent::default();
        let mut connection = Connection::open(address).await?;
        while let Some(request) = load.next_request() {
            let body = Bytes::from(request.body);
            loop {
                let began = Instant::now();
                if connection.export(body.clone()).await? {
                    sent.latencies_ms.push(began.elapsed().as_secs_f64() * 1e3);
                    break;
                }
                sent.refused += 1;
                tokio::time::sleep(PAUSE).await;
            }
            sent.spans += request.spans as u64;
            sent.requests += 1;
            sent.bytes += body.len() as u64;
        }
        sent.usual_traces = std::mem::take(&mut load.usual_traces);
        Ok(sent)
    })
}
