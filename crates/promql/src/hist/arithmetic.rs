//! Sums, differences and scaling of histograms.
//!
//! In: two histograms, or one and a number. Out: the first one changed. Different exponential schemas
//! are brought to the lower one, different zero buckets to the wider one, different custom bounds to
//! those that both have.

use std::sync::Arc;

use model::ResetHint;

use super::buckets::reduced;
use super::kahan::kahan;
use super::{Bucket, FloatHistogram, IncompatibleSchema};

/// What happened beside the sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Combined {
    /// One side says that a reset happened, the other that none did.
    pub has_reset_conflict: bool,
    /// Custom bounds differed.
    pub has_reconciled_bounds: bool,
}

/// Bounds that both lists have.
pub(crate) fn common_bounds(a: &[f64], b: &[f64]) -> Arc<[f64]> {
    let (mut i, mut j) = (0, 0);
    let mut out = Vec::new();
    while let (Some(&x), Some(&y)) = (a.get(i), b.get(j)) {
        if x == y {
            out.push(x);
            i += 1;
            j += 1;
        } else if x < y {
            i += 1;
        } else {
            j += 1;
        }
    }
    out.into()
}

/// For each bucket of `bounds` the bucket of `common` that holds it.
pub(crate) fn common_index(index: i32, bounds: &[f64], common: &[f64]) -> i32 {
    let last = common.len();
    let at = usize::try_from(index)
        .ok()
        .and_then(|index| bounds.get(index))
        .map_or(last, |&bound| common.partition_point(|&c| c < bound));
    i32::try_from(at.min(last)).unwrap_or(i32::MAX)
}

/// Merges sorted buckets, adding (or subtracting) counts.
pub(crate) fn merged(a: &[Bucket], b: &[Bucket], sign: f64) -> Vec<Bucket> {
    let mut out = Vec::with_capacity(a.len().max(b.len()));
    let (mut i, mut j) = (0, 0);
    loop {
        match (a.get(i), b.get(j)) {
            (Some(x), Some(y)) if x.index == y.index => {
                let count = if sign < 0.0 { x.count - y.count } else { x.count + y.count };
                out.push(Bucket { index: x.index, count });
                i += 1;
                j += 1;
            }
            (Some(x), Some(y)) if x.index < y.index => {
                out.push(*x);
                i += 1;
            }
            (Some(x), None) => {
                out.push(*x);
                i += 1;
            }
            (_, Some(y)) => {
                out.push(Bucket { index: y.index, count: sign * y.count });
                j += 1;
            }
            (None, None) => return out,
        }
    }
}

impl FloatHistogram {
    /// Multiplies all counts and the sum. A negative factor makes a gauge.
    pub fn scale(mut self, factor: f64) -> Self {
        self.each(|value| *value *= factor);
        if factor < 0.0 {
            self.hint = ResetHint::Gauge;
        }
        self
    }

    /// Divides all counts and the sum. Division by zero removes the buckets.
    pub fn divide(mut self, divisor: f64) -> Self {
        self.each(|value| *value /= divisor);
        if divisor == 0.0 {
            self.positive.clear();
            self.negative.clear();
        } else if divisor < 0.0 {
            self.hint = ResetHint::Gauge;
        }
        self
    }

    fn each(&mut self, change: impl Fn(&mut f64)) {
        change(&mut self.zero_count);
        change(&mut self.count);
        change(&mut self.sum);
        for bucket in self.positive.iter_mut().chain(&mut self.negative) {
            change(&mut bucket.count);
        }
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) -> Result<Combined, IncompatibleSchema> {
        self.combine(other, 1.0)
    }

    /// Subtracts another one. The reset hint is that of an addition; the operator `-` makes a gauge.
    pub fn sub(&mut self, other: &Self) -> Result<Combined, IncompatibleSchema> {
        self.combine(other, -1.0)
    }

    fn combine(&mut self, other: &Self, sign: f64) -> Result<Combined, IncompatibleSchema> {
        if self.has_custom_bounds() != other.has_custom_bounds() {
            return Err(IncompatibleSchema);
        }
        let mut combined =
            Combined { has_reset_conflict: self.merge_hint(other.hint), ..Combined::default() };
        if self.has_custom_bounds() {
            self.count += sign * other.count;
            self.sum += sign * other.sum;
            if self.bounds == other.bounds {
                self.positive = merged(&self.positive, &other.positive, sign);
                return Ok(combined);
            }
            combined.has_reconciled_bounds = true;
            let common = common_bounds(&self.bounds, &other.bounds);
            let mine = remapped(&self.positive, &self.bounds, &common);
            let theirs = remapped(&other.positive, &other.bounds, &common);
            self.positive = merged(&mine, &theirs, sign);
            self.positive.retain(|bucket| bucket.count != 0.0);
            self.bounds = common;
            return Ok(combined);
        }
        let mut other_zero = other.zero_count;
        let mut other_threshold = other.zero_threshold;
        while other_threshold != self.zero_threshold {
            if self.zero_threshold > other_threshold {
                (other_zero, other_threshold) = other.zero_within(self.zero_threshold);
            }
            if other_threshold > self.zero_threshold {
                self.widen_zero(other_threshold);
            }
        }
        self.zero_count += sign * other_zero;
        self.count += sign * other.count;
        self.sum += sign * other.sum;
        let schema = self.schema.min(other.schema);
        self.reduce(schema);
        let inside = self.zero_threshold;
        let theirs = other.outside_zero(inside, schema);
        self.positive = merged(&self.positive, &theirs.0, sign);
        self.negative = merged(&self.negative, &theirs.1, sign);
        Ok(combined)
    }

    /// Takes the hint of a second operand into account; true if the two contradict each other.
    pub(crate) fn merge_hint(&mut self, other: ResetHint) -> bool {
        use ResetHint::{Gauge, Unknown};
        match (self.hint, other) {
            (mine, theirs) if mine == theirs => {}
            (Gauge, _) => {}
            (_, Gauge) => self.hint = Gauge,
            (Unknown, _) => {}
            (_, Unknown) => self.hint = Unknown,
            _ => {
                self.hint = Unknown;
                return true;
            }
        }
        false
    }

    /// Brings the buckets to a lower (or the same) resolution.
    pub(crate) fn reduce(&mut self, schema: i32) {
        if schema < self.schema && !self.has_custom_bounds() {
            self.positive = reduced(&self.positive, self.schema, schema);
            self.negative = reduced(&self.negative, self.schema, schema);
            self.schema = schema;
        }
    }

    /// A copy in a lower (or the same) resolution.
    pub(crate) fn at_schema(&self, schema: i32) -> Self {
        let mut copy = self.clone();
        if schema != self.schema {
            copy.hint = ResetHint::Unknown;
        }
        copy.reduce(schema);
        copy
    }

    /// Positive and negative buckets outside a zero bucket of at least the own width, in a schema.
    fn outside_zero(&self, threshold: f64, schema: i32) -> (Vec<Bucket>, Vec<Bucket>) {
        let (mut positive, mut negative) = (self.positive.clone(), self.negative.clone());
        // The widened zero bucket may have swallowed buckets; they count there already.
        if threshold > self.zero_threshold {
            positive.retain(|&bucket| self.positive_bucket(bucket).lower >= threshold);
            negative.retain(|&bucket| self.negative_bucket(bucket).upper <= -threshold);
        }
        if schema < self.schema {
            positive = reduced(&positive, self.schema, schema);
            negative = reduced(&negative, self.schema, schema);
        }
        (positive, negative)
    }

    /// The zero count for a wider zero bucket, and the width, which grows further so that no
    /// populated bucket is cut.
    pub(crate) fn zero_within(&self, threshold: f64) -> (f64, f64) {
        if threshold <= self.zero_threshold {
            return (self.zero_count, self.zero_threshold);
        }
        let mut threshold = threshold;
        'again: loop {
            let (mut zero, mut rest) = (self.zero_count, 0.0);
            for &bucket in &self.positive {
                let bounded = self.positive_bucket(bucket);
                if bounded.lower >= threshold {
                    break;
                }
                (zero, rest) = kahan(bucket.count, zero, rest);
                if bounded.upper > threshold {
                    if bucket.count != 0.0 {
                        threshold = bounded.upper;
                    }
                    break;
                }
            }
            for &bucket in &self.negative {
                let bounded = self.negative_bucket(bucket);
                if bounded.upper <= -threshold {
                    break;
                }
                (zero, rest) = kahan(bucket.count, zero, rest);
                if bounded.lower < -threshold {
                    if bucket.count != 0.0 {
                        threshold = -bounded.lower;
                        continue 'again;
                    }
                    break;
                }
            }
            return (zero + rest, threshold);
        }
    }

    /// Widens the zero bucket and drops what it swallowed.
    pub(crate) fn widen_zero(&mut self, threshold: f64) {
        let (zero, threshold) = self.zero_within(threshold);
        self.zero_count = zero;
        self.zero_threshold = threshold;
        let mut positive = std::mem::take(&mut self.positive);
        let mut negative = std::mem::take(&mut self.negative);
        positive.retain(|&bucket| bucket.count != 0.0 && self.positive_bucket(bucket).lower >= threshold);
        negative.retain(|&bucket| bucket.count != 0.0 && self.negative_bucket(bucket).upper <= -threshold);
        (self.positive, self.negative) = (positive, negative);
    }

    /// Whether a count or the sum is infinite.
    pub(crate) fn has_overflow(&self) -> bool {
        let buckets = self.positive.iter().chain(&self.negative).map(|bucket| bucket.count);
        [self.zero_count, self.count, self.sum]
            .into_iter()
            .chain(buckets)
            .chain(self.bounds.iter().copied())
            .any(f64::is_infinite)
    }
}

/// Buckets of custom bounds in a subset of these bounds.
fn remapped(buckets: &[Bucket], bounds: &[f64], common: &[f64]) -> Vec<Bucket> {
    let mut out: Vec<Bucket> = Vec::new();
    for bucket in buckets {
        let index = common_index(bucket.index, bounds, common);
        match out.last_mut() {
            Some(last) if last.index == index => last.count += bucket.count,
            _ => out.push(Bucket { index, count: bucket.count }),
        }
    }
    out
}
