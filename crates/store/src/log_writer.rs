//! The thread that owns the log: it appends what waits, syncs once, enters all of it into the buffer in the order of the
//! log, and replies.
//!
//! In: jobs from a bounded queue. Out: receipts. A failed sync gives every job of the group an error and frees the hashes
//! of their requests; nothing of them becomes visible.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use decode::request::Format;
use decode::{Rejected, SpanBatch};
use model::{DropReason, Signal, TenantId, TimeNs};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use wal::{NewRecord, Record, Records, RetryHash, Wal};

use crate::append::{AppendError, Request};
use crate::live::{Inner, Reservation};
use crate::options::Durability;

/// A record holds a request of spans.
pub(crate) const KIND_SPANS: u8 = 1;
/// A record says that a request was a duplicate, and how many items it had.
pub(crate) const KIND_DUPLICATE: u8 = 2;

/// So many bytes are appended before a sync even when more jobs wait.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// What a job wants.
#[derive(Debug)]
pub(crate) enum Entry {
    /// Keep a request.
    Request { request: Request, hash: u128, decoded: SpanBatch, reservation: Reservation },
    /// Note the items of a duplicate.
    Duplicate { tenant: TenantId, signal: Signal, received: TimeNs, accepted: u64, rejected: Vec<Rejected> },
    /// Sync what was acknowledged without a sync, and tell whether it is on disk now.
    Sync(Option<oneshot::Sender<bool>>),
    /// Remove log files that nobody needs.
    Trim,
    /// Read records from a position on.
    Read(u64, oneshot::Sender<Records>),
    /// Sync now and end.
    Stop(oneshot::Sender<Result<(), wal::Error>>),
    /// End now, without a sync.
    Abandon,
}

/// An entry and who waits for it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) entry: Entry,
    pub(crate) reply: Option<oneshot::Sender<Result<u64, AppendError>>>,
}

/// Words of a request's format in its record.
pub(crate) const fn content_type(format: Format) -> &'static str {
    match format {
        Format::Protobuf => "application/x-protobuf",
        Format::Json => "application/json",
    }
}

/// The format of a record.
pub(crate) fn format_of(record: &Record) -> Format {
    if record.content_type == content_type(Format::Json) { Format::Json } else { Format::Protobuf }
}

/// The payload of a duplicate's record.
pub(crate) fn duplicate_payload(accepted: u64, rejected: &[Rejected]) -> Vec<u8> {
    let rejected: Vec<Value> = rejected.iter().map(|r| json!([r.reason.as_str(), r.count])).collect();
    json!({"signal": Signal::Traces.as_str(), "accepted": accepted, "rejected": rejected})
        .to_string()
        .into_bytes()
}

/// Items accepted and rejected that such a payload tells of.
pub(crate) fn read_duplicate(payload: &[u8]) -> Option<(u64, Vec<(DropReason, u64)>)> {
    let value: Value = serde_json::from_slice(payload).ok()?;
    let rejected = value["rejected"]
        .as_array()?
        .iter()
        .filter_map(|pair| Some((DropReason::from_name(pair[0].as_str()?)?, pair[1].as_u64()?)))
        .collect();
    Some((value["accepted"].as_u64()?, rejected))
}

/// Runs until a `Stop` or until every sender is gone.
pub(crate) fn run(inner: &Arc<Inner>, mut wal: Wal, mut jobs: mpsc::Receiver<Job>) {
    let mut synced_at = inner.places.clock.monotonic_nano();
    while let Some(first) = jobs.blocking_recv() {
        let mut group = Group::default();
        let mut stop = None;
        let mut next = Some(first);
        while let Some(job) = next {
            match job.entry {
                Entry::Abandon => return,
                Entry::Stop(reply) => {
                    stop = Some(reply);
                    break;
                }
                Entry::Sync(waiting) => {
                    group.sync_wanted = true;
                    group.waiting.extend(waiting);
                }
                Entry::Trim => trim(inner, &mut wal),
                Entry::Read(from, reply) => drop(reply.send(wal.read_from(from))),
                entry => group.append(inner, &mut wal, Job { entry, reply: job.reply }),
            }
            next = if group.bytes < GROUP_BYTES_MAX { jobs.try_recv().ok() } else { None };
        }
        group.commit(inner, &mut wal, &mut synced_at);
        inner.log_bytes.store(wal.bytes(), Ordering::Relaxed);
        if let Some(reply) = stop {
            drop(reply.send(wal.sync().map(drop)));
            return;
        }
    }
}

fn trim(inner: &Inner, wal: &mut Wal) {
    if let Err(error) = wal.remove_before(inner.log_needed_from()) {
        tracing::warn!(%error, "log files that nobody needs could not be removed; they go with the next round");
    }
    inner.log_bytes.store(wal.bytes(), Ordering::Relaxed);
}

/// Jobs that share one sync.
#[derive(Debug, Default)]
struct Group {
    jobs: Vec<(u64, Job)>,
    bytes: usize,
    needs_sync: bool,
    /// Whether a sync is due whatever the durability.
    sync_wanted: bool,
    /// Who waits for it.
    waiting: Vec<oneshot::Sender<bool>>,
}

impl Group {
    fn append(&mut self, inner: &Inner, wal: &mut Wal, job: Job) {
        let rotated = wal.rotate_if_full(&mut || {
            let now = inner.now();
            let mut retries = inner.retries.lock();
            retries.forget_before(now.saturating_sub(window(inner)));
            let mut hashes = retries.list();
            // Rotating syncs, so the records of this group before it are durable and will be acknowledged.
            hashes.extend(self.jobs.iter().filter_map(|(_, waiting)| match &waiting.entry {
                Entry::Request { hash, .. } => Some(RetryHash { hash: *hash, acknowledged_unix_nano: now }),
                _ => None,
            }));
            hashes
        });
        let appended = rotated.and_then(|_| match &job.entry {
            Entry::Request { request, hash, .. } => wal.append(&NewRecord {
                kind: KIND_SPANS,
                tenant: request.tenant.as_str(),
                content_type: content_type(request.format),
                encoding: &request.encoding,
                received_unix_nano: request.received.0,
                request_hash: *hash,
                payload: &request.body,
            }),
            Entry::Duplicate { tenant, received, accepted, rejected, .. } => wal.append(&NewRecord {
                kind: KIND_DUPLICATE,
                tenant: tenant.as_str(),
                content_type: "application/json",
                encoding: "",
                received_unix_nano: received.0,
                request_hash: 0,
                payload: &duplicate_payload(*accepted, rejected),
            }),
            Entry::Sync(_) | Entry::Trim | Entry::Read(..) | Entry::Stop(_) | Entry::Abandon => Ok(0),
        });
        match appended {
            Ok(sequence) => {
                if let Entry::Request { request, .. } = &job.entry {
                    self.bytes += request.body.len();
                    self.needs_sync = true;
                }
                self.jobs.push((sequence, job));
            }
            Err(error) => {
                // Records of this group that the failure took with it are refused with it.
                if let wal::Error::Lost { first, .. } = &error {
                    let lost = self.jobs.iter().position(|(sequence, _)| sequence >= first);
                    let lost = self.jobs.split_off(lost.unwrap_or(self.jobs.len()));
                    lost.into_iter().for_each(|(_, job)| refuse(inner, job, &error));
                }
                refuse(inner, job, &error);
            }
        }
    }

    fn commit(&mut self, inner: &Arc<Inner>, wal: &mut Wal, synced_at: &mut u64) {
        if self.jobs.is_empty() && !self.sync_wanted {
            return;
        }
        let now = inner.places.clock.monotonic_nano();
        let sync = match inner.options.durability {
            Durability::Synced => self.needs_sync,
            Durability::Interval(every) => self.sync_wanted || now.saturating_sub(*synced_at) >= every,
            Durability::None => self.sync_wanted,
        };
        let mut is_synced = true;
        let mut jobs = std::mem::take(&mut self.jobs);
        if sync {
            *synced_at = now;
            if let Err(error) = wal.sync() {
                is_synced = false;
                if jobs.is_empty() {
                    // Their receipts are given: this is what the weaker durability may lose. The buffer still has them.
                    tracing::error!(%error, "the log could not be synced; a power cut before the next flush loses this");
                }
                let lost = match &error {
                    wal::Error::Lost { first, .. } => *first,
                    _ => 0,
                };
                let at = jobs.iter().position(|(sequence, _)| *sequence >= lost).unwrap_or(jobs.len());
                for (_, job) in jobs.split_off(at) {
                    refuse(inner, job, &error);
                }
            }
        }
        inner.unsynced.store(!sync, Ordering::Relaxed);
        if !jobs.is_empty() {
            apply_group(inner, jobs);
        }
        for waiting in self.waiting.drain(..) {
            // Nobody waits any more when the store is being abandoned.
            let _ = waiting.send(is_synced);
        }
    }
}

/// Enters durable jobs into the buffer in the order of the log, and replies.
fn apply_group(inner: &Arc<Inner>, jobs: Vec<(u64, Job)>) {
    let now = inner.now();
    let mut replies = Vec::with_capacity(jobs.len());
    let mut applied = 0;
    {
        let mut live = inner.live.lock();
        let mut retries = inner.retries.lock();
        for (sequence, job) in jobs {
            match job.entry {
                Entry::Request { request, hash, decoded, reservation } => {
                    let rejected: Vec<_> = decoded.rejected.iter().map(|r| (r.reason, r.count)).collect();
                    let rows = decoded.batch.num_rows() as u64;
                    live.count(&request.tenant, request.signal, rows, &rejected, false);
                    live.waiting_bytes += request.body.len() as u64;
                    if rows > 0 {
                        live.buffer.push(request.tenant, sequence, decoded.batch);
                    }
                    retries.acknowledge(hash, now);
                    drop(reservation);
                }
                Entry::Duplicate { tenant, signal, accepted, rejected, .. } => {
                    let rejected: Vec<_> = rejected.iter().map(|r| (r.reason, r.count)).collect();
                    live.count(&tenant, signal, accepted, &rejected, true);
                }
                Entry::Sync(_) | Entry::Trim | Entry::Read(..) | Entry::Stop(_) | Entry::Abandon => {}
            }
            live.applied = sequence;
            applied = sequence;
            if let Some(reply) = job.reply {
                replies.push((reply, sequence));
            }
        }
        let monotonic = inner.places.clock.monotonic_nano();
        live.waiting_since.get_or_insert(monotonic);
        retries.forget_before(now.saturating_sub(window(inner)));
        if live.waiting_bytes >= inner.options.flush_bytes
            || live.buffer.bytes() > inner.options.buffer_bytes_max / 2
        {
            inner.wake.notify_one();
        }
    }
    if applied > 0 {
        inner.applied.send_replace(applied);
    }
    for (reply, sequence) in replies {
        drop(reply.send(Ok(sequence)));
    }
}

fn refuse(inner: &Inner, job: Job, error: &wal::Error) {
    tracing::error!(%error, "a request could not be logged and was refused");
    if let Entry::Request { hash, .. } = &job.entry {
        inner.retries.lock().fail(*hash);
    }
    if let Some(reply) = job.reply {
        drop(reply.send(Err(AppendError::Unavailable(error.to_string()))));
    }
}

fn window(inner: &Inner) -> i64 {
    i64::try_from(inner.options.retry_window_ns).unwrap_or(i64::MAX)
}
