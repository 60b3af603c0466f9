//! Followers of the stream: every accepted batch, in the order of the log, without loss.
//!
//! A follower reads from the buffer while it keeps up and from the log when it fell behind. What it has not acknowledged
//! holds back the removal of log files up to a named limit; beyond it the follower is told where the gap is.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use arrow::array::RecordBatch;
use model::{TenantId, TimeNs};
use tokio::sync::oneshot;
use wal::Records;

use crate::error::Error;
use crate::live::Inner;
use crate::log_writer::{Entry, Job, KIND_SPANS, format_of};

/// One accepted request.
#[derive(Debug, Clone)]
pub struct TailBatch {
    /// Whose.
    pub tenant: TenantId,
    /// Its position in the log.
    pub sequence: u64,
    /// Its rows, shared.
    pub batch: RecordBatch,
}

/// What a follower gets.
#[derive(Debug, Clone)]
pub enum TailEvent {
    /// The next batch.
    Batch(TailBatch),
    /// A flush round was cut here: what came before belongs to it, what comes after to a later one.
    Cut(u64),
    /// Everything up to and with this position was removed before the follower read it; the tables hold it.
    Gap(u64),
}

/// A follower.
#[derive(Debug)]
pub struct Tail {
    inner: Arc<Inner>,
    name: &'static str,
    position: u64,
    cut: u64,
    records: Option<Box<Records>>,
}

impl Tail {
    pub(crate) fn new(inner: Arc<Inner>, name: &'static str, after: u64) -> Self {
        inner.followers.lock().insert(name, after);
        Self { inner, name, position: after, cut: after, records: None }
    }

    /// Position of the last batch given.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Says that everything up to `position` is dealt with for good.
    pub fn acknowledge(&self, position: u64) {
        self.inner.followers.lock().insert(self.name, position);
    }

    /// The next event; waits for one. `None` when the store has stopped.
    pub async fn next(&mut self) -> Result<Option<TailEvent>, Error> {
        let mut applied = self.inner.applied.subscribe();
        loop {
            let lost = self.inner.lost_to_followers.load(Ordering::Relaxed);
            if lost > self.position {
                self.position = lost;
                self.records = None;
                return Ok(Some(TailEvent::Gap(lost)));
            }
            if let Some(cut) = self.cut_before_next() {
                return Ok(Some(TailEvent::Cut(cut)));
            }
            if let Some(batch) = self.from_buffer() {
                return Ok(Some(TailEvent::Batch(batch)));
            }
            let behind = self.inner.live.lock().flushed > self.position;
            if behind && let Some(batch) = self.from_log().await? {
                return Ok(Some(TailEvent::Batch(batch)));
            }
            if self.inner.ended.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if applied.changed().await.is_err() {
                return Ok(None);
            }
        }
    }

    /// The newest round's cut, once, when everything before it was given.
    fn cut_before_next(&mut self) -> Option<u64> {
        let live = self.inner.live.lock();
        if live.cut <= self.cut || live.flushed > self.position.max(self.cut) {
            return None;
        }
        let next = live.buffer.next_sequence(self.position);
        if next.is_some_and(|next| next <= live.cut) {
            return None;
        }
        self.cut = live.cut;
        Some(self.cut)
    }

    /// The next batch if the buffer holds everything since the last one.
    fn from_buffer(&mut self) -> Option<TailBatch> {
        let live = self.inner.live.lock();
        if live.flushed > self.position {
            return None;
        }
        let sequence = live.buffer.next_sequence(self.position)?;
        let (tenant, batch) = live.buffer.request(sequence)?;
        drop(live);
        self.records = None;
        self.position = sequence;
        Some(TailBatch { tenant, sequence, batch })
    }

    /// The next batch out of the log; moves the position to what the buffer holds at its end.
    async fn from_log(&mut self) -> Result<Option<TailBatch>, Error> {
        let mut records = match self.records.take() {
            Some(records) => records,
            None => {
                let (reply, records) = oneshot::channel();
                let job = Job { entry: Entry::Read(self.position + 1, reply), reply: None };
                if self.inner.jobs().send(job).await.is_err() {
                    return Ok(None);
                }
                match records.await {
                    Ok(records) => Box::new(records),
                    Err(_) => return Ok(None),
                }
            }
        };
        let limits = self.inner.options.limits;
        let (records, batch) = crate::recover::blocking(move || {
            loop {
                let Some(record) = records.next().transpose()? else {
                    return Ok::<_, Error>((records, None));
                };
                if record.kind != KIND_SPANS {
                    continue;
                }
                let sequence = record.sequence;
                let (tenant, batch) = decode_record(record, &limits)?;
                return Ok((records, Some(TailBatch { tenant, sequence, batch })));
            }
        })
        .await?;
        match &batch {
            Some(batch) => {
                self.position = batch.sequence;
                self.records = Some(records);
            }
            None => self.position = self.inner.live.lock().flushed.max(self.position),
        }
        Ok(batch)
    }
}

impl Drop for Tail {
    fn drop(&mut self) {
        self.inner.followers.lock().remove(self.name);
    }
}

/// Decodes a request out of the log with its receipt time, which gives the rows that it gave at first.
pub(crate) fn decode_record(
    record: wal::Record,
    limits: &decode::Limits,
) -> Result<(TenantId, RecordBatch), Error> {
    let (tenant, decoded, _) = decode_request(record, limits)?;
    Ok((tenant, decoded.batch))
}

/// The same with what was refused and the payload's size.
pub(crate) fn decode_request(
    record: wal::Record,
    limits: &decode::Limits,
) -> Result<(TenantId, decode::SpanBatch, u64), Error> {
    let sequence = record.sequence;
    let fail = |detail: String| Error::Record { sequence, detail };
    let tenant: TenantId = record.tenant.parse().map_err(fail)?;
    let format = format_of(&record);
    let bytes = record.payload.len() as u64;
    let body = record.payload.into();
    let plain = decode::body::decompress(&record.encoding, body, limits.body_bytes_max)
        .map_err(|error| fail(error.to_string()))?;
    let received = TimeNs(record.received_unix_nano);
    let decoded =
        decode::request::traces(format, plain, received, limits).map_err(|error| fail(error.to_string()))?;
    Ok((tenant, decoded, bytes))
}
