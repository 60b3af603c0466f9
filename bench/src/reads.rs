//! Questions to a warm server, one at a time on one connection.
//!
//! In: a server with data, ids of traces that it has. Out: milliseconds of each kind of question, and whether the answers hold
//! what they must: a fast wrong answer would be worth nothing.

use std::time::Instant;

use bytes::Bytes;
use serde_json::Value;

use crate::child::Server;
use crate::client::{Address, Connection, Protocol};
use crate::load::{HOUR_NS, NEEDLE};
use crate::{Error, now_unix_nano, quantile};

/// Times that a question is asked before and while it is measured.
const WARM: usize = 5;
const ASKED: usize = 50;

/// A service that calls others in many kinds of traces.
const SERVICE: &str = "checkout";

/// Median and 99th percentile, milliseconds.
pub type Times = (f64, f64);

/// What was measured.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reads {
    /// A whole trace by its id.
    pub trace: Times,
    /// The newest 20 of a service, ids and summaries.
    pub newest: Times,
    /// The same as whole traces in Jaeger's words.
    pub newest_whole: Times,
    /// All traces with the rare attribute, ids and summaries.
    pub needle: Times,
    /// The list of services, and the operations of one.
    pub services: Times,
    /// See `services`.
    pub operations: Times,
}

/// Asks everything. `needles`: how many traces have the rare attribute.
pub fn ask(server: &Server, traces: &[[u8; 16]], needles: u64) -> Result<Reads, Error> {
    let address = Address { protocol: Protocol::Http, authority: server.authority("main")? };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut asker = Asker { connection: Connection::open(&address).await? };
        let end_us = now_unix_nano() / 1000 + 60_000_000;
        let begin_us = end_us - 2 * HOUR_NS / 1000;
        let paths: Vec<String> = traces.iter().map(|id| format!("/api/v1/traces/{}", hex(id))).collect();
        let newest = format!("/api/v1/traces?service={SERVICE}&limit=20");
        let whole = format!("/jaeger/api/traces?service={SERVICE}&limit=20&start={begin_us}&end={end_us}");
        let needle = format!("/api/v1/traces?attribute={}={}&limit=20", NEEDLE.0, NEEDLE.1);
        let list = |name: &'static str, want: u64| {
            move |body: &Value| body[name].as_array().map_or(0, Vec::len) as u64 == want
        };
        Ok(Reads {
            trace: asker.times(&paths, |body| spans_of(body) >= 28).await?,
            newest: asker.times(&[newest], list("traces", 20)).await?,
            newest_whole: asker.times(&[whole], list("data", 20)).await?,
            needle: asker.times(&[needle], list("traces", needles.min(20))).await?,
            services: asker.times(&["/api/v1/services".to_owned()], list("services", 30)).await?,
            operations: asker
                .times(&[format!("/api/v1/services/{SERVICE}/operations")], |body| {
                    body["operations"].as_array().is_some_and(|list| list.len() > 5)
                })
                .await?,
        })
    })
}

struct Asker {
    connection: Connection,
}

impl Asker {
    /// Asks the paths in turn.
    async fn times(&mut self, paths: &[String], holds: impl Fn(&Value) -> bool) -> Result<Times, Error> {
        let mut times = Vec::new();
        for (at, path) in paths.iter().cycle().take(WARM + ASKED).enumerate() {
            let began = Instant::now();
            let reply = self.connection.ask("GET", path, Bytes::new()).await?;
            let took = began.elapsed().as_secs_f64() * 1e3;
            if at >= WARM {
                times.push(took);
            }
            let body: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
            if reply.status != 200 || !holds(&body) {
                let text: String = String::from_utf8_lossy(&reply.body).chars().take(400).collect();
                return Err(format!("{path}: status {}, not what it must be: {text}", reply.status).into());
            }
        }
        times.sort_by(f64::total_cmp);
        Ok((quantile(&times, 0.5), quantile(&times, 0.99)))
    }
}

fn spans_of(body: &Value) -> usize {
    let list = |value: &Value, name: &str| value[name].as_array().cloned().unwrap_or_default();
    list(body, "resourceSpans")
        .iter()
        .flat_map(|resource| list(resource, "scopeSpans"))
        .map(|scope| list(&scope, "spans").len())
        .sum()
}

fn hex(id: &[u8]) -> String {
    id.iter().map(|byte| format!("{byte:02x}")).collect()
}
