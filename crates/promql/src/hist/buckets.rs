//! Bounds of buckets and walks over them.
//!
//! In: a histogram. Out: its buckets with bounds, upwards or downwards. A bucket that overlaps the
//! zero bucket is cut at the zero threshold only in the walks over all buckets.

use super::{Bucket, FloatHistogram};

/// A bucket with its bounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BoundedBucket {
    /// The lower bound.
    pub lower: f64,
    /// The upper bound.
    pub upper: f64,
    /// Whether the lower bound belongs to it.
    pub is_lower_inclusive: bool,
    /// Whether the upper bound belongs to it.
    pub is_upper_inclusive: bool,
    /// Its observations.
    pub count: f64,
}

/// `fraction * 2^exponent`, also where the power alone would overflow or vanish.
fn scaled(fraction: f64, exponent: i64) -> f64 {
    let exponent = exponent.clamp(-2_200, 2_200) as i32;
    let half = exponent / 2;
    fraction * 2_f64.powi(half) * 2_f64.powi(exponent - half)
}

/// The upper bound of a positive exponential bucket.
pub(crate) fn exponential_bound(index: i32, schema: i32) -> f64 {
    if schema < 0 {
        let exponent = i64::from(index) << schema.unsigned_abs().min(31);
        // The last bucket ends at the largest number and not at the infinity behind it.
        return if exponent == 1024 { f64::MAX } else { scaled(1.0, exponent) };
    }
    let schema = schema.min(8);
    let steps = 1_i32 << schema;
    let fraction_index = index & (steps - 1);
    let exponent = i64::from(index >> schema) + 1;
    if fraction_index == 0 {
        return if exponent == 1025 { f64::MAX } else { scaled(0.5, exponent) };
    }
    scaled(0.5 * (f64::from(fraction_index) / f64::from(steps)).exp2(), exponent)
}

/// The index in a lower resolution.
pub(crate) fn reduced_index(index: i32, from: i32, to: i32) -> i32 {
    let shift = (from - to).clamp(0, 31);
    (index.wrapping_sub(1) >> shift).wrapping_add(1)
}

/// Adds up buckets that fall together in a lower resolution.
pub(crate) fn reduced(buckets: &[Bucket], from: i32, to: i32) -> Vec<Bucket> {
    let mut out: Vec<Bucket> = Vec::with_capacity(buckets.len());
    for bucket in buckets {
        let index = reduced_index(bucket.index, from, to);
        match out.last_mut() {
            Some(last) if last.index == index => last.count += bucket.count,
            _ => out.push(Bucket { index, count: bucket.count }),
        }
    }
    out
}

impl FloatHistogram {
    fn bound(&self, index: i32) -> f64 {
        if !self.has_custom_bounds() {
            return exponential_bound(index, self.schema);
        }
        match usize::try_from(index) {
            Err(_) => f64::NEG_INFINITY,
            Ok(index) => self.bounds.get(index).copied().unwrap_or(f64::INFINITY),
        }
    }

    /// A bucket of the positive side with its bounds.
    pub(crate) fn positive_bucket(&self, bucket: Bucket) -> BoundedBucket {
        let lower = self.bound(bucket.index.wrapping_sub(1));
        let upper = self.bound(bucket.index);
        let is_custom = self.has_custom_bounds();
        BoundedBucket {
            lower,
            upper,
            is_lower_inclusive: if is_custom { bucket.index == 0 } else { lower < 0.0 },
            is_upper_inclusive: is_custom || upper > 0.0,
            count: bucket.count,
        }
    }

    /// A bucket of the negative side with its bounds.
    pub(crate) fn negative_bucket(&self, bucket: Bucket) -> BoundedBucket {
        let lower = -self.bound(bucket.index);
        let upper = -self.bound(bucket.index.wrapping_sub(1));
        BoundedBucket {
            lower,
            upper,
            is_lower_inclusive: lower < 0.0,
            is_upper_inclusive: upper > 0.0,
            count: bucket.count,
        }
    }

    /// The zero bucket.
    pub(crate) fn zero_bucket(&self) -> BoundedBucket {
        BoundedBucket {
            lower: -self.zero_threshold,
            upper: self.zero_threshold,
            is_lower_inclusive: true,
            is_upper_inclusive: true,
            count: self.zero_count,
        }
    }

    /// Cuts a bucket at the zero threshold.
    fn beside_zero(&self, mut bucket: BoundedBucket) -> BoundedBucket {
        let threshold = self.zero_threshold;
        if bucket.upper < 0.0 && bucket.upper > -threshold {
            bucket.upper = -threshold;
        } else if bucket.lower > 0.0 && bucket.lower < threshold {
            bucket.lower = threshold;
        }
        bucket
    }

    /// All buckets from the lowest to the highest, the zero bucket if it is populated.
    pub fn ascending(&self) -> impl Iterator<Item = BoundedBucket> + '_ {
        let negative = self.negative.iter().rev().map(|&bucket| self.negative_bucket(bucket));
        let positive = self.positive.iter().map(|&bucket| self.positive_bucket(bucket));
        let zero = (self.zero_count > 0.0).then(|| self.zero_bucket());
        negative
            .map(|bucket| self.beside_zero(bucket))
            .chain(zero)
            .chain(positive.map(|bucket| self.beside_zero(bucket)))
    }

    /// All buckets from the highest to the lowest.
    pub fn descending(&self) -> impl Iterator<Item = BoundedBucket> + '_ {
        let positive = self.positive.iter().rev().map(|&bucket| self.positive_bucket(bucket));
        let negative = self.negative.iter().map(|&bucket| self.negative_bucket(bucket));
        let zero = (self.zero_count > 0.0).then(|| self.zero_bucket());
        positive
            .map(|bucket| self.beside_zero(bucket))
            .chain(zero)
            .chain(negative.map(|bucket| self.beside_zero(bucket)))
    }
}

impl BoundedBucket {
    /// The part of the bucket at or below a value strictly inside its finite bounds. Exponential
    /// buckets are interpolated on a logarithmic scale, on which they are equally wide.
    pub(crate) fn fraction_below(&self, value: f64, is_linear: bool) -> f64 {
        if is_linear {
            return (value - self.lower) / (self.upper - self.lower);
        }
        let (lower, upper) = (self.lower.abs().log2(), self.upper.abs().log2());
        let at = value.abs().log2();
        if value > 0.0 { (at - lower) / (upper - lower) } else { 1.0 - (at - upper) / (lower - upper) }
    }
}
