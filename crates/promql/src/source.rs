//! How the evaluator asks for data.
//!
//! In: a [`Request`] with everything that a store can use to read less. Out: series, sorted by labels,
//! each with chunks of samples in time order, pulled one after the other. The store runs this on a
//! thread that may block; between two pieces it looks at [`Limits`], through which a query is
//! cancelled and pays for its memory.
//!
//! A source must apply the matchers exactly. Samples outside the time range may be given and are
//! ignored; samples inside must be complete.

mod memory;

use std::cell::Cell;
use std::sync::Arc;

use model::{Histogram, Labels};

use crate::matcher::Matcher;

pub use memory::MemorySource;

/// Which values of the samples the query looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// Everything.
    All,
    /// Floats, and of histograms only count, sum, schema and reset hint. The hint must then be exact
    /// (not unknown) wherever the sample before is given, because no bucket is left to compare.
    HistogramSums,
    /// None: only times, kinds and staleness matter.
    Times,
}

/// The grouping of the aggregation right above a selector, for pre-aggregated data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grouping {
    /// The labels.
    pub labels: Vec<Arc<str>>,
    /// `without` rather than `by`.
    pub is_without: bool,
}

/// What a selector reads.
#[derive(Debug, Clone)]
pub struct Request<'q> {
    /// All must match.
    pub matchers: &'q [Matcher],
    /// Samples after this time are needed, in milliseconds; the sample at this time is not.
    pub after_ms: i64,
    /// Samples up to and including this time are needed, in milliseconds.
    pub until_ms: i64,
    /// The function or aggregation around the selector; empty if there is none.
    pub function: &'static str,
    /// The range of a range selector in milliseconds; 0 for an instant selector.
    pub range_ms: i64,
    /// The step of the evaluation in milliseconds; 0 if there is only one.
    pub step_ms: i64,
    /// The aggregation right above.
    pub grouping: Option<Grouping>,
    /// Which values are looked at.
    pub values: Values,
}

/// Why a query must stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interrupt {
    /// The client went away.
    Canceled,
    /// The time is over.
    TimedOut,
}

/// Asked between two pieces of work.
pub trait Watch {
    /// Whether the query must stop.
    fn interrupted(&self) -> Option<Interrupt>;
}

/// Nobody ever stops the query.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn interrupted(&self) -> Option<Interrupt> {
        None
    }
}

/// A limit that a query has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    /// More bytes than the budget.
    Bytes {
        /// The budget.
        bytes_max: usize,
    },
    /// More samples than allowed.
    Samples,
    /// Stopped from outside.
    Interrupted(Interrupt),
}

/// The memory budget of one query and the way to stop it. One thread uses it.
#[derive(Debug)]
pub struct Limits<'w> {
    bytes_max: usize,
    samples_max: usize,
    bytes: Cell<usize>,
    bytes_peak: Cell<usize>,
    samples: Cell<usize>,
    samples_peak: Cell<usize>,
    watch: &'w dyn Watch,
}

impl std::fmt::Debug for dyn Watch + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Watch")
    }
}

impl<'w> Limits<'w> {
    /// Limits in bytes held at a time and samples held at a time.
    pub fn new(bytes_max: usize, samples_max: usize, watch: &'w dyn Watch) -> Self {
        Self {
            bytes_max,
            samples_max,
            bytes: Cell::new(0),
            bytes_peak: Cell::new(0),
            samples: Cell::new(0),
            samples_peak: Cell::new(0),
            watch,
        }
    }

    /// Fails when the query must stop. To be called between two pieces of work.
    pub fn check(&self) -> Result<(), LimitError> {
        match self.watch.interrupted() {
            Some(interrupt) => Err(LimitError::Interrupted(interrupt)),
            None => Ok(()),
        }
    }

    /// Takes memory before it is allocated.
    pub fn take(&self, bytes: usize) -> Result<(), LimitError> {
        let held = self.bytes.get().saturating_add(bytes);
        if held > self.bytes_max {
            return Err(LimitError::Bytes { bytes_max: self.bytes_max });
        }
        self.bytes.set(held);
        self.bytes_peak.set(self.bytes_peak.get().max(held));
        Ok(())
    }

    /// Gives memory back.
    pub fn give(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }

    /// Counts samples that are held from now on.
    pub(crate) fn hold(&self, samples: usize) -> Result<(), LimitError> {
        let held = self.samples.get().saturating_add(samples);
        if held > self.samples_max {
            return Err(LimitError::Samples);
        }
        self.samples.set(held);
        self.samples_peak.set(self.samples_peak.get().max(held));
        Ok(())
    }

    /// Counts samples that are held no more.
    pub(crate) fn release(&self, samples: usize) {
        self.samples.set(self.samples.get().saturating_sub(samples));
    }

    /// The most bytes held at a time so far.
    pub fn bytes_peak(&self) -> usize {
        self.bytes_peak.get()
    }

    /// The most samples held at a time so far.
    pub fn samples_peak(&self) -> usize {
        self.samples_peak.get()
    }
}

/// Why a source failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceError {
    /// A limit of the query.
    Limit(LimitError),
    /// Anything else, as text.
    Failed(String),
}

impl From<LimitError> for SourceError {
    fn from(error: LimitError) -> Self {
        Self::Limit(error)
    }
}

/// Samples of one series. A chunk has floats, histograms or both; each kind is in time order.
#[derive(Debug, Clone, Default)]
pub struct Chunk {
    /// Times of the floats in milliseconds, ascending.
    pub times_ms: Vec<i64>,
    /// The floats, bit-exact.
    pub values: Vec<f64>,
    /// When counting began for each float, in milliseconds, 0 when unknown; empty if never known.
    pub start_times_ms: Vec<i64>,
    /// Histograms with their times in milliseconds, ascending; each knows its start.
    pub histograms: Vec<(i64, Arc<Histogram>)>,
}

impl Chunk {
    /// Empties it and keeps its memory.
    pub fn clear(&mut self) {
        self.times_ms.clear();
        self.values.clear();
        self.start_times_ms.clear();
        self.histograms.clear();
    }
}

/// The answer to a request.
pub trait SeriesStream {
    /// Goes to the next series, in the order of labels; what is left of the one before is skipped.
    fn next_series(&mut self) -> Result<Option<Labels>, SourceError>;

    /// Appends the next chunk of the series to `chunk`; false if there is none. Times ascend from
    /// chunk to chunk.
    fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError>;
}

/// Where series come from.
pub trait Source {
    /// Begins to read. The source keeps `limits` informed of what it holds.
    fn select<'s>(
        &'s self,
        request: &Request<'_>,
        limits: &'s Limits<'_>,
    ) -> Result<Box<dyn SeriesStream + 's>, SourceError>;
}
