//! Native histograms as the evaluator computes with them.
//!
//! In: histograms of the data model. Out: float histograms with sparse buckets, sorted by index, on
//! which addition, resolution changes and comparison are merges of sorted lists. A bucket that is
//! present with a count of zero differs from one that is absent until [`FloatHistogram::compact`].
//!
//! One file an operation: `buckets.rs` (bounds and walks), `arithmetic.rs` (+ - * /), `kahan.rs`
//! (compensated sums), `reset.rs` (counter resets), `trim.rs` (`</`, `>/`), `quantile.rs`.

mod arithmetic;
pub(crate) mod buckets;
pub(crate) mod kahan;
pub(crate) mod quantile;
mod reset;
mod trim;

pub use arithmetic::Combined;
pub use trim::Trim;

use std::fmt;
use std::sync::Arc;

use model::histogram::{BucketSpan, CUSTOM_BUCKETS_SCHEMA, Counts};
use model::{Histogram, ResetHint};
use stdx::go::number::{FloatFormat, format_float};

/// One populated (or explicitly empty) bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Its index in the schema.
    pub index: i32,
    /// Its observations.
    pub count: f64,
}

/// A histogram with float counts.
#[derive(Debug, Clone, PartialEq)]
pub struct FloatHistogram {
    /// -4..=8 for base-2 schemas, -53 for custom bounds.
    pub schema: i32,
    /// What is known of a reset before it.
    pub hint: ResetHint,
    /// Width of the zero bucket.
    pub zero_threshold: f64,
    /// Observations in the zero bucket.
    pub zero_count: f64,
    /// Observations in all.
    pub count: f64,
    /// Sum of the observations.
    pub sum: f64,
    /// Buckets above zero, or all buckets of custom bounds, by index.
    pub positive: Vec<Bucket>,
    /// Buckets below zero, by index, which is from zero downwards.
    pub negative: Vec<Bucket>,
    /// Upper bounds of custom buckets without the last +Inf.
    pub bounds: Arc<[f64]>,
}

/// Custom and exponential buckets cannot be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IncompatibleSchema;

impl Default for FloatHistogram {
    fn default() -> Self {
        Self {
            schema: 0,
            hint: ResetHint::Unknown,
            zero_threshold: 0.0,
            zero_count: 0.0,
            count: 0.0,
            sum: 0.0,
            positive: Vec::new(),
            negative: Vec::new(),
            bounds: Arc::from([]),
        }
    }
}

/// Indices of the buckets that spans describe.
fn indices(spans: &[BucketSpan]) -> impl Iterator<Item = i32> + '_ {
    let mut next = 0_i32;
    spans.iter().flat_map(move |span| {
        next = next.wrapping_add(span.offset);
        let first = next;
        let length = i32::try_from(span.length).unwrap_or(i32::MAX);
        next = next.saturating_add(length);
        first..next
    })
}

/// Spans of buckets that are sorted by index.
fn spans(buckets: &[Bucket]) -> Vec<BucketSpan> {
    let mut spans: Vec<BucketSpan> = Vec::new();
    let mut next = 0_i32;
    for bucket in buckets {
        match spans.last_mut() {
            Some(last) if bucket.index == next => last.length += 1,
            _ => spans.push(BucketSpan { offset: bucket.index.wrapping_sub(next), length: 1 }),
        }
        next = bucket.index.wrapping_add(1);
    }
    spans
}

impl From<&Histogram> for FloatHistogram {
    fn from(h: &Histogram) -> Self {
        let zip = |spans: &[BucketSpan], counts: &mut dyn Iterator<Item = f64>| {
            indices(spans).zip(counts).map(|(index, count)| Bucket { index, count }).collect()
        };
        let (count, zero_count, positive, negative) = match &h.counts {
            Counts::Int { count, zero, positive, negative } => (
                *count as f64,
                *zero as f64,
                zip(&h.positive_spans, &mut positive.iter().map(|&count| count as f64)),
                zip(&h.negative_spans, &mut negative.iter().map(|&count| count as f64)),
            ),
            Counts::Float { count, zero, positive, negative } => (
                *count,
                *zero,
                zip(&h.positive_spans, &mut positive.iter().copied()),
                zip(&h.negative_spans, &mut negative.iter().copied()),
            ),
        };
        Self {
            schema: h.schema,
            hint: h.reset_hint,
            zero_threshold: h.zero_threshold,
            zero_count,
            count,
            sum: h.sum,
            positive,
            negative,
            bounds: Arc::clone(&h.custom_bounds),
        }
    }
}

impl From<&FloatHistogram> for Histogram {
    fn from(h: &FloatHistogram) -> Self {
        let counts = |buckets: &[Bucket]| buckets.iter().map(|bucket| bucket.count).collect();
        Self {
            schema: h.schema,
            zero_threshold: h.zero_threshold,
            sum: h.sum,
            counts: Counts::Float {
                count: h.count,
                zero: h.zero_count,
                positive: counts(&h.positive),
                negative: counts(&h.negative),
            },
            positive_spans: spans(&h.positive),
            negative_spans: spans(&h.negative),
            custom_bounds: Arc::clone(&h.bounds),
            reset_hint: h.hint,
            start_time_ms: 0,
        }
    }
}

impl FloatHistogram {
    /// Whether it has custom bounds.
    pub const fn has_custom_bounds(&self) -> bool {
        self.schema == CUSTOM_BUCKETS_SCHEMA
    }

    /// Whether it is the marker of a series' end.
    pub const fn is_stale(&self) -> bool {
        self.sum.to_bits() == model::sample::STALE_NAN_BITS
    }

    /// Drops empty buckets.
    pub fn compact(mut self) -> Self {
        self.positive.retain(|bucket| bucket.count != 0.0);
        self.negative.retain(|bucket| bucket.count != 0.0);
        self
    }

    /// What Prometheus counts it as against its limit of samples: 16 bytes are one sample.
    pub fn samples(&self) -> usize {
        let spans = spans(&self.positive).len() + spans(&self.negative).len();
        let slots = self.positive.len() + self.negative.len() + self.bounds.len() + spans;
        (168 + 8 * slots).div_ceil(16)
    }

    /// Equality of data, by bits: NaN equals itself, an empty bucket differs from an absent one.
    pub fn is_same(&self, other: &Self) -> bool {
        let same = |a: f64, b: f64| a.to_bits() == b.to_bits();
        let same_buckets = |a: &[Bucket], b: &[Bucket]| {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.index == b.index && same(a.count, b.count))
        };
        self.schema == other.schema
            && same(self.count, other.count)
            && same(self.sum, other.sum)
            && (!self.has_custom_bounds() || self.bounds == other.bounds)
            && self.zero_threshold == other.zero_threshold
            && same(self.zero_count, other.zero_count)
            && same_buckets(&self.negative, &other.negative)
            && same_buckets(&self.positive, &other.positive)
    }
}

/// `%g` and `%v` of Go.
fn general(value: f64) -> String {
    format_float(value, FloatFormat::General, None)
}

impl fmt::Display for FloatHistogram {
    /// `{count:3, sum:5, (1,2]:3}` as Prometheus shows it, without empty buckets.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{count:{}, sum:{}", general(self.count), general(self.sum))?;
        for bucket in self.ascending().filter(|bucket| bucket.count != 0.0) {
            let (open, close) = (
                if bucket.is_lower_inclusive { '[' } else { '(' },
                if bucket.is_upper_inclusive { ']' } else { ')' },
            );
            let (lower, upper) = (general(bucket.lower), general(bucket.upper));
            write!(f, ", {open}{lower},{upper}{close}:{}", general(bucket.count))?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests;
