//! The answer as it comes: batches within the limits, and what they cost.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::execution::SendableRecordBatchStream;
use futures::{Stream, StreamExt};
use stdx::Kind;

use super::{Limits, SqlError};

/// What a question has cost so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Files that the tables asked for have.
    pub files_total: u64,
    /// Files that could not be left out.
    pub files_asked: u64,
    /// Row groups of the files asked that could not be left out by the index.
    pub row_groups_asked: u64,
    /// Bytes read of files, without what was in memory already.
    pub bytes_read: u64,
    /// Rows of the buffer that were looked at.
    pub buffer_rows: u64,
    /// Rows answered.
    pub rows: u64,
    /// Time since the question came, nanoseconds.
    pub elapsed_nano: u64,
}

/// Counters that tables and readers of one question share.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) files_total: AtomicU64,
    pub(crate) files_asked: AtomicU64,
    pub(crate) row_groups_asked: AtomicU64,
    pub(crate) bytes_read: AtomicU64,
    pub(crate) buffer_rows: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64, amount: u64) {
        counter.fetch_add(amount, Ordering::Relaxed);
    }
}

/// A planned and started question.
pub(crate) struct Planned {
    pub(crate) stream: SendableRecordBatchStream,
    pub(crate) counters: Arc<Counters>,
}

/// The batches of an answer; after an error nothing follows. Dropping it cancels the question.
pub struct SqlStream {
    schema: SchemaRef,
    /// `None` after the end.
    inner: Option<SendableRecordBatchStream>,
    counters: Arc<Counters>,
    rows: u64,
    rows_max: usize,
    duration_max: Duration,
    started: Instant,
    deadline: Pin<Box<tokio::time::Sleep>>,
}

impl std::fmt::Debug for SqlStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqlStream")
            .field("schema", &self.schema)
            .field("rows", &self.rows)
            .finish_non_exhaustive()
    }
}

impl SqlStream {
    pub(crate) fn new(planned: Planned, limits: &Limits, started: Instant) -> Self {
        let left = limits.duration_max.saturating_sub(started.elapsed());
        Self {
            schema: planned.stream.schema(),
            inner: Some(planned.stream),
            counters: planned.counters,
            rows: 0,
            rows_max: limits.rows_max,
            duration_max: limits.duration_max,
            started,
            deadline: Box::pin(tokio::time::sleep(left)),
        }
    }

    /// Columns of the answer.
    pub fn schema(&self) -> SchemaRef {
        SchemaRef::clone(&self.schema)
    }

    /// What it has cost so far.
    pub fn cost(&self) -> Cost {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Cost {
            files_total: load(&self.counters.files_total),
            files_asked: load(&self.counters.files_asked),
            row_groups_asked: load(&self.counters.row_groups_asked),
            bytes_read: load(&self.counters.bytes_read),
            buffer_rows: load(&self.counters.buffer_rows),
            rows: self.rows,
            elapsed_nano: u64::try_from(self.started.elapsed().as_nanos()).unwrap_or(u64::MAX),
        }
    }
}

impl Stream for SqlStream {
    type Item = Result<RecordBatch, SqlError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(inner) = &mut this.inner else { return Poll::Ready(None) };
        if this.deadline.as_mut().poll(context).is_ready() {
            this.inner = None;
            return Poll::Ready(Some(Err(too_slow(this.duration_max))));
        }
        let item = match std::task::ready!(inner.poll_next_unpin(context)) {
            Some(Ok(batch)) => {
                this.rows += batch.num_rows() as u64;
                if this.rows > this.rows_max as u64 { Err(too_many(this.rows_max)) } else { Ok(batch) }
            }
            Some(Err(error)) => Err(error.into()),
            None => {
                this.inner = None;
                return Poll::Ready(None);
            }
        };
        if item.is_err() {
            this.inner = None;
        }
        Poll::Ready(Some(item))
    }
}

fn too_many(rows_max: usize) -> SqlError {
    let message = format!("the answer has more than {rows_max} rows");
    SqlError::new(Kind::LimitExceeded, message, "add LIMIT, aggregate, or ask for a smaller time range")
}

pub(crate) fn too_slow(duration_max: Duration) -> SqlError {
    let message = format!("no whole answer within {} s", duration_max.as_secs_f64());
    SqlError::new(Kind::LimitExceeded, message, "ask for a smaller time range or fewer columns")
}
