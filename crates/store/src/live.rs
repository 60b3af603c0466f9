//! The state that changes with each request and each round, behind one lock that is held for moments only.
//!
//! A reader's snapshot is taken under it, and a round switches from frozen buffer to new files under it by one step (I6).

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use buffer::Buffer;
use catalog::Table;
use model::{DropReason, Signal, TenantId};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};

use crate::account::{Amounts, Lines};
use crate::append::AppendError;
use crate::derived::Derived;
use crate::files::FileSet;
use crate::log_writer::Job;
use crate::options::{Options, Places};
use crate::retries::Retries;
use crate::round::Unfinished;
use crate::snapshot::Snapshot;

/// What readers and rounds share.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Rows that are in no table yet.
    pub(crate) buffer: Buffer,
    /// Position up to which every record is applied.
    pub(crate) applied: u64,
    /// Position up to which the tables hold everything.
    pub(crate) flushed: u64,
    /// Position at which the newest round was cut.
    pub(crate) cut: u64,
    /// Bytes of request bodies applied since the last round.
    pub(crate) waiting_bytes: u64,
    /// Monotonic time of the oldest request since the last round.
    pub(crate) waiting_since: Option<u64>,
    /// Account since the last round.
    pub(crate) pending: Lines,
    /// Account since the store was made, `pending` included.
    pub(crate) totals: Lines,
    /// The files of the tables.
    pub(crate) files: Arc<FileSet>,
}

/// Bytes in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Memory {
    /// Bytes of the buffer.
    pub buffer_bytes: u64,
    /// Rows of the buffer.
    pub buffer_rows: u64,
    /// Bytes of requests between receipt and buffer.
    pub in_flight_bytes: u64,
    /// The limit for both together.
    pub limit_bytes: u64,
    /// Bytes of the log on disk.
    pub log_bytes: u64,
}

/// Everything behind a [`crate::Store`].
#[derive(Debug)]
pub struct Inner {
    pub(crate) options: Options,
    pub(crate) places: Places,
    pub(crate) live: Mutex<Live>,
    pub(crate) retries: Mutex<Retries>,
    pub(crate) refused: Mutex<BTreeMap<(Signal, DropReason), u64>>,
    pub(crate) jobs: mpsc::Sender<Job>,
    pub(crate) in_flight: AtomicU64,
    pub(crate) log_bytes: AtomicU64,
    /// Whether the log holds acknowledged records that no sync has covered yet.
    pub(crate) unsynced: AtomicBool,
    /// Position of the last applied record, for those who wait for more.
    pub(crate) applied: watch::Sender<u64>,
    /// Acknowledged positions of followers.
    pub(crate) followers: Mutex<HashMap<&'static str, u64>>,
    /// Position below which the log was removed although a follower had not acknowledged it.
    pub(crate) lost_to_followers: AtomicU64,
    pub(crate) spans: Arc<Table>,
    pub(crate) traces: Arc<Table>,
    pub(crate) ingest: Arc<Table>,
    /// Tables that are made of the spans, and their maker.
    pub(crate) derived: Option<Derived>,
    /// Only one round, compaction or expiry changes the tables at a time.
    pub(crate) round: tokio::sync::Mutex<Option<Unfinished>>,
    /// Only one job merges files at a time: two could choose the same ones.
    pub(crate) merging: tokio::sync::Mutex<()>,
    /// Wakes the job that decides about rounds.
    pub(crate) wake: Notify,
    /// No more requests are taken.
    pub(crate) stopping: AtomicBool,
    /// The last round is done; followers end.
    pub(crate) ended: AtomicBool,
    pub(crate) tasks: Mutex<Vec<tokio::task::JoinHandle<()>>>,
}

impl Inner {
    /// All tables, in the order in which a round commits them.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &Arc<Table>> {
        let derived = self.derived.iter().flat_map(|derived| derived.tables.iter().map(|(_, table)| table));
        [&self.spans, &self.traces, &self.ingest].into_iter().chain(derived)
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let live = self.live.lock();
        Snapshot {
            parts: live.buffer.parts(),
            repeated: live.buffer.repeated_traces(),
            files: Arc::clone(&live.files),
            applied: live.applied,
            flushed: live.flushed,
        }
    }

    pub(crate) fn amounts(&self) -> Amounts {
        let lines = self.live.lock().totals.clone();
        Amounts { lines, refused_requests: self.refused.lock().clone() }
    }

    pub(crate) fn count_refused(&self, signal: Signal, reason: DropReason) {
        *self.refused.lock().entry((signal, reason)).or_default() += 1;
    }

    pub(crate) fn jobs(&self) -> &mpsc::Sender<Job> {
        &self.jobs
    }

    pub(crate) fn memory(&self) -> Memory {
        let live = self.live.lock();
        Memory {
            buffer_bytes: live.buffer.bytes(),
            buffer_rows: live.buffer.rows(),
            in_flight_bytes: self.in_flight.load(Ordering::Relaxed),
            limit_bytes: self.options.buffer_bytes_max,
            log_bytes: self.log_bytes.load(Ordering::Relaxed),
        }
    }

    /// Reserves room for a request of `plain_bytes`, which decoding about doubles.
    pub(crate) fn reserve(self: &Arc<Self>, plain_bytes: u64) -> Result<Reservation, AppendError> {
        if self.stopping.load(Ordering::Relaxed) {
            return Err(AppendError::Stopping);
        }
        let bytes = plain_bytes.saturating_mul(2);
        let limit_bytes = self.options.buffer_bytes_max;
        let buffered = self.live.lock().buffer.bytes();
        let before = self.in_flight.fetch_add(bytes, Ordering::Relaxed);
        let reservation = Reservation { inner: Arc::clone(self), bytes };
        let used_bytes = buffered + before;
        // One request always fits into an empty buffer, however large it is.
        if used_bytes > 0 && used_bytes + bytes > limit_bytes {
            self.wake.notify_one();
            return Err(AppendError::Overloaded { used_bytes, limit_bytes, retry_after_s: 1 });
        }
        Ok(reservation)
    }

    /// Refuses writers while too little disk is free.
    pub(crate) fn check_disk(&self) -> Result<(), AppendError> {
        let Some((free_bytes, total)) = (self.places.free_disk)() else { return Ok(()) };
        let short = free_bytes < self.options.free_disk_bytes_min
            || (free_bytes as f64) < total as f64 * self.options.free_disk_ratio_min;
        if short { Err(AppendError::DiskFull { free_bytes }) } else { Ok(()) }
    }

    /// Refuses writers once another node has the right to write: what they send could never reach the tables from here.
    pub(crate) fn check_lease(&self) -> Result<(), AppendError> {
        let lost = self.options.lease.as_ref().and_then(|lease| lease.loss());
        lost.map_or(Ok(()), |error| Err(AppendError::Unavailable(error.to_string())))
    }

    pub(crate) fn now(&self) -> i64 {
        self.places.clock.now_unix_nano()
    }

    /// The lowest position whose record somebody still needs: the tables or a follower.
    pub(crate) fn log_needed_from(&self) -> u64 {
        let flushed = self.live.lock().flushed;
        let slowest = self.followers.lock().values().copied().min().unwrap_or(u64::MAX);
        if self.log_bytes.load(Ordering::Relaxed) > self.options.log_held_bytes_max && slowest < flushed {
            self.lost_to_followers.fetch_max(flushed, Ordering::Relaxed);
            return flushed + 1;
        }
        flushed.min(slowest).saturating_add(1)
    }

    /// Name of this node's transactions in a table.
    pub(crate) fn application(&self, table: &str) -> String {
        format!("throughline/{}/{table}", self.places.node)
    }
}

/// Memory promised to a request on its way; given back when dropped.
#[derive(Debug)]
pub(crate) struct Reservation {
    inner: Arc<Inner>,
    bytes: u64,
}

impl Drop for Reservation {
    fn drop(&mut self) {
        self.inner.in_flight.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

impl Live {
    /// Enters a request's amounts.
    pub(crate) fn count(
        &mut self,
        tenant: &TenantId,
        signal: Signal,
        accepted: u64,
        rejected: &[(DropReason, u64)],
        duplicate: bool,
    ) {
        use crate::account::{DUPLICATE_REQUEST, Outcome};
        let refused: u64 = rejected.iter().map(|(_, count)| count).sum();
        let mut lines = Lines::default();
        lines.add(tenant, signal, Outcome::Received, "", accepted + refused);
        lines.add(tenant, signal, Outcome::Accepted, "", accepted);
        for (reason, count) in rejected {
            lines.add(tenant, signal, Outcome::Rejected, reason.as_str(), *count);
        }
        if duplicate {
            lines.add(tenant, signal, Outcome::Duplicate, DUPLICATE_REQUEST, accepted);
        }
        self.pending.merge(&lines);
        self.totals.merge(&lines);
    }
}
