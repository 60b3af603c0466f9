//! Native histograms: base-2 exponential schemas and custom bounds, with integer or float counts.
//!
//! The layout is the one of Prometheus' remote write (absolute counts here, no deltas): spans of
//! consecutive buckets with gaps between them. OTLP exponential histograms map onto it exactly.

use std::sync::Arc;

/// The schema number of histograms with custom bounds.
pub const CUSTOM_BUCKETS_SCHEMA: i32 = -53;

/// What is known of a counter reset between this histogram and the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ResetHint {
    /// Must be found out by comparing.
    #[default]
    Unknown,
    /// A reset happened just before.
    Reset,
    /// No reset happened.
    NotReset,
    /// A gauge, where resets have no meaning.
    Gauge,
}

/// A run of consecutive buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BucketSpan {
    /// For the first run the index of its first bucket, afterwards the gap to the run before.
    pub offset: i32,
    /// How many buckets it has.
    pub length: u32,
}

/// Counts of one histogram, either all integers or all floats.
#[derive(Debug, Clone, PartialEq)]
pub enum Counts {
    /// Integer counts as instrumented code makes them.
    Int {
        /// Observations in all.
        count: u64,
        /// Observations in the zero bucket.
        zero: u64,
        /// Of the positive buckets, in the order of the spans.
        positive: Vec<u64>,
        /// Of the negative buckets.
        negative: Vec<u64>,
    },
    /// Float counts as queries make them.
    Float {
        /// Observations in all.
        count: f64,
        /// Observations in the zero bucket.
        zero: f64,
        /// Of the positive buckets, in the order of the spans.
        positive: Vec<f64>,
        /// Of the negative buckets.
        negative: Vec<f64>,
    },
}

/// One native histogram.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// -4..=8 for base-2 schemas, [`CUSTOM_BUCKETS_SCHEMA`] for custom bounds.
    pub schema: i32,
    /// Width of the zero bucket: it holds |x| <= this.
    pub zero_threshold: f64,
    /// Sum of the observations.
    pub sum: f64,
    /// The counts.
    pub counts: Counts,
    /// Runs of the positive buckets.
    pub positive_spans: Vec<BucketSpan>,
    /// Runs of the negative buckets.
    pub negative_spans: Vec<BucketSpan>,
    /// Upper bounds of custom buckets, ascending, without the last +Inf; empty for base-2 schemas.
    pub custom_bounds: Arc<[f64]>,
    /// What is known of a reset.
    pub reset_hint: ResetHint,
    /// When counting began, in milliseconds since the epoch; zero when unknown.
    pub start_time_ms: i64,
}

impl Histogram {
    /// Whether the schema has custom bounds.
    pub const fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether the sum is the staleness marker.
    pub const fn is_stale(&self) -> bool {
        self.sum.to_bits() == crate::sample::STALE_NAN_BITS
    }
}
