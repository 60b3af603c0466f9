//! Makes sums exact again: what distinct spans say, minus what the rows say, as rows to append.
//!
//! The caller reads, at one log position R that spans and rollups have both committed, (1) all spans of every trace that has
//! a span in the buckets, and of the traces linked with those, (2) all rows of those buckets; and appends the answer.
//! Rows are never replaced, so whoever reads meanwhile sees sums that are right before or right after.

use std::collections::BTreeSet;

use arrow::array::RecordBatch;

use crate::aggregate::{Aggregator, Books, Delta, Options};
use crate::error::Error;
use crate::pending::Limits;
use crate::rollup::{EdgeBag, EdgeRow, OperationBag, OperationRow};

/// What the spans say, without window or cap on memory.
#[derive(Debug)]
pub struct Exact {
    aggregator: Aggregator,
}

impl Exact {
    /// Nothing read yet. `books` are the live aggregator's, so that names are within or beyond a cap alike.
    pub fn new(options: Options, books: Books) -> Self {
        let pending = Limits { window_seconds: i64::MAX, bytes_max: usize::MAX, forgotten_bytes: 1024 };
        Self { aggregator: Aggregator::with_books(Options { pending, ..options }, books) }
    }

    /// Takes in a batch of spans, in any order; a copy of a span counts once.
    pub fn read(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.aggregator.ingest(batch, 0)
    }

    /// Takes in one span.
    pub fn read_span(&mut self, span: &model::Span) {
        self.aggregator.ingest_span(span, 0);
    }

    /// The rows of the given buckets, which are starts in nanoseconds; `None` for all.
    pub fn rows(self, buckets: Option<&BTreeSet<i64>>) -> Delta {
        let mut delta = self.aggregator.snapshot();
        if let Some(buckets) = buckets {
            delta.edges.retain(|row| buckets.contains(&row.bucket_ns));
            delta.operations.retain(|row| buckets.contains(&row.bucket_ns));
        }
        delta
    }
}

/// The rows to append so that the tables say what `exact` says. `edges` and `operations` are all rows of the same buckets.
pub fn corrections(exact: &Delta, edges: &[EdgeRow], operations: &[OperationRow]) -> Delta {
    Delta {
        edges: EdgeBag::corrections(&exact.edges, edges),
        operations: OperationBag::corrections(&exact.operations, operations),
        ..Delta::default()
    }
}
