//! Quantiles and fractions of native histograms.
//!
//! In: a histogram. Out: a value, and what is to be said about observations of NaN. Interpolation is
//! exponential inside ordinary buckets, linear in the zero bucket and in custom buckets.

use super::FloatHistogram;
use super::buckets::BoundedBucket;
use super::kahan::kahan;

/// What a quantile or fraction says about observations of NaN, which are in no bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NanNote {
    /// Nothing.
    None,
    /// The quantile falls among them.
    Result,
    /// They count as if they were above everything.
    Skew,
    /// They are in no fraction.
    Excluded,
}

/// The quantile `q`.
pub(crate) fn quantile(q: f64, h: &FloatHistogram) -> (f64, NanNote) {
    if q < 0.0 {
        return (f64::NEG_INFINITY, NanNote::None);
    }
    if q > 1.0 {
        return (f64::INFINITY, NanNote::None);
    }
    if h.count == 0.0 || q.is_nan() {
        return (f64::NAN, NanNote::None);
    }
    // Observations of NaN are in the count but in no bucket: only the way up finds the rank then.
    let is_upwards = h.sum.is_nan() || q < 0.5;
    let rank = if is_upwards { q * h.count } else { (1.0 - q) * h.count };
    let mut buckets: Box<dyn Iterator<Item = BoundedBucket> + '_> =
        if is_upwards { Box::new(h.ascending()) } else { Box::new(h.descending()) };
    let mut count = 0.0;
    let mut bucket = BoundedBucket {
        lower: 0.0,
        upper: 0.0,
        is_lower_inclusive: false,
        is_upper_inclusive: false,
        count: 0.0,
    };
    for next in buckets.by_ref() {
        bucket = next;
        if bucket.count == 0.0 {
            continue;
        }
        count += bucket.count;
        if count >= rank {
            break;
        }
    }
    let is_custom = h.has_custom_bounds();
    if is_custom {
        if bucket.lower == f64::NEG_INFINITY {
            if bucket.upper <= 0.0 {
                return (bucket.upper, NanNote::None);
            }
            bucket.lower = 0.0;
        } else if bucket.upper == f64::INFINITY {
            return (bucket.lower, NanNote::None);
        }
    } else if bucket.lower < 0.0 && bucket.upper > 0.0 {
        one_sided_zero(h, &mut bucket);
    }
    count = count.min(h.count);
    if count < rank {
        if h.sum.is_nan() {
            return (f64::NAN, NanNote::Result);
        }
        return (bucket.upper, NanNote::None);
    }
    let rank = if is_upwards { rank - (count - bucket.count) } else { count - rank };
    let mut note = NanNote::None;
    if h.sum.is_nan() {
        let total = count + buckets.map(|bucket| bucket.count).sum::<f64>();
        // In the reference the last bucket of this walk also becomes the bucket that is
        // interpolated, which is an accident that only shows for such histograms.
        if total < h.count {
            note = NanNote::Skew;
        }
    }
    (interpolated(&bucket, rank / bucket.count, is_custom), note)
}

/// A zero bucket of a histogram with one side only ends at zero.
fn one_sided_zero(h: &FloatHistogram, bucket: &mut BoundedBucket) {
    if h.negative.is_empty() && !h.positive.is_empty() {
        bucket.lower = 0.0;
    } else if h.positive.is_empty() && !h.negative.is_empty() {
        bucket.upper = 0.0;
    }
}

fn interpolated(bucket: &BoundedBucket, fraction: f64, is_custom: bool) -> f64 {
    let (lower, upper) = (bucket.lower, bucket.upper);
    if is_custom || (lower <= 0.0 && upper >= 0.0) {
        return lower + (upper - lower) * fraction;
    }
    let (log_lower, log_upper) = (lower.abs().log2(), upper.abs().log2());
    if lower > 0.0 {
        return (log_lower + (log_upper - log_lower) * fraction).exp2();
    }
    -(log_upper + (log_lower - log_upper) * (1.0 - fraction)).exp2()
}

/// The fraction of observations between two bounds.
pub(crate) fn fraction(lower: f64, upper: f64, h: &FloatHistogram) -> (f64, NanNote) {
    if h.count == 0.0 || lower.is_nan() || upper.is_nan() {
        return (f64::NAN, NanNote::None);
    }
    if lower >= upper {
        return (0.0, NanNote::None);
    }
    let is_custom = h.has_custom_bounds();
    let (mut count, mut rank) = (0.0, 0.0);
    let (mut lower_rank, mut upper_rank) = (None, None);
    let mut buckets = h.ascending();
    for mut bucket in buckets.by_ref() {
        count += bucket.count;
        let mut is_linear = is_custom;
        if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            is_linear = true;
            one_sided_zero(h, &mut bucket);
        }
        for (bound, found) in [(lower, &mut lower_rank), (upper, &mut upper_rank)] {
            if found.is_none() && bucket.lower >= bound {
                *found = Some(rank);
            }
            if found.is_none() && bucket.lower < bound && bucket.upper > bound {
                *found = Some(if is_linear && bucket.lower == f64::NEG_INFINITY {
                    bucket.count
                } else {
                    rank + bucket.count * bucket.fraction_below(bound, is_linear)
                });
            }
        }
        if lower_rank.is_some() && upper_rank.is_some() {
            break;
        }
        rank += bucket.count;
    }
    let mut note = NanNote::None;
    if h.sum.is_nan() {
        count += buckets.map(|bucket| bucket.count).sum::<f64>();
        if count < h.count {
            note = NanNote::Excluded;
        }
    } else {
        count = h.count;
    }
    let within = |found: Option<f64>| found.filter(|&rank| rank <= count).unwrap_or(count);
    ((within(upper_rank) - within(lower_rank)) / h.count, note)
}

/// The variance, each bucket at its middle.
pub(crate) fn variance(h: &FloatHistogram) -> f64 {
    let mean = h.sum / h.count;
    let (mut sum, mut rest) = (0.0, 0.0);
    for bucket in h.ascending().filter(|bucket| bucket.count != 0.0) {
        let value = if h.has_custom_bounds() {
            (bucket.upper + bucket.lower) / 2.0
        } else if bucket.lower <= 0.0 && bucket.upper >= 0.0 {
            0.0
        } else {
            let middle = (bucket.upper * bucket.lower).sqrt();
            if bucket.upper < 0.0 { -middle } else { middle }
        };
        let delta = value - mean;
        (sum, rest) = kahan(bucket.count * delta * delta, sum, rest);
    }
    (sum + rest) / h.count
}
