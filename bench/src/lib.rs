//! The load generator, and what `make bench` measures with it.
//!
//! In: the server's binary, how many spans to send, addresses of other servers. Out: rows of (target, reached, ratio) as a
//! table on standard error and as JSON lines on standard output. Gates are ratios within one run, because machines are noisy:
//! each stands beside a reference that ran in the same minute. It changes nothing and proves nothing that a test should prove.
//!
//! [`shop`] and [`load`] make the requests, [`send`] sends them, [`child`] runs the server and reads what the kernel counted
//! of it, [`reference`] has the measures of comparison, [`reads`] asks, [`run`] is the order of it all, [`report`] prints.

pub mod child;
pub mod client;
pub mod load;
pub mod protobuf;
pub mod reads;
pub mod reference;
pub mod report;
pub mod run;
pub mod send;
pub mod shop;

/// What went wrong, in words for whoever runs the bench.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Time on the wall in nanoseconds since the epoch.
pub fn now_unix_nano() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(u64::MAX))
}

/// The value below which this share of the sorted values lies; zero of none.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let at = (sorted.len() as f64 * share) as usize;
    sorted.get(at.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0.0)
}
