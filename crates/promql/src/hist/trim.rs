//! `h </ x` and `h >/ x`: cutting off the observations above or below a value.
//!
//! In: a histogram and a value. Out: the buckets on one side of it, the cut bucket interpolated, count
//! and sum estimated from what is left. A bucket without a finite bound cannot be interpolated and
//! goes away, but for the first custom bucket, which is taken to begin at zero.

use super::FloatHistogram;
use super::buckets::BoundedBucket;

/// Which side is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trim {
    /// What lies above (`</`).
    Above,
    /// What lies below (`>/`).
    Below,
}

impl FloatHistogram {
    /// Cuts off one side of `at`.
    pub fn trimmed(mut self, at: f64, trim: Trim) -> Self {
        let is_custom = self.has_custom_bounds();
        let mut kept = Kept::default();
        let has_positive = self.positive.iter().any(|bucket| bucket.count != 0.0);
        let has_negative = self.negative.iter().any(|bucket| bucket.count != 0.0);
        let mut positive = std::mem::take(&mut self.positive);
        for bucket in positive.iter_mut().filter(|bucket| bucket.count != 0.0) {
            bucket.count = kept.take(self.positive_bucket(*bucket), at, trim, true, is_custom);
        }
        let mut negative = std::mem::take(&mut self.negative);
        for bucket in negative.iter_mut().filter(|bucket| bucket.count != 0.0) {
            bucket.count = kept.take(self.negative_bucket(*bucket), at, trim, false, is_custom);
        }
        (self.positive, self.negative) = (positive, negative);
        if self.zero_count > 0.0 {
            let bucket = self.zero_bucket();
            let (count, middle) = trimmed_zero(bucket, at, trim, has_negative, has_positive);
            kept.add(count, middle, count != self.zero_count);
            self.zero_count = count;
        }
        if !kept.has_changed {
            return self;
        }
        self.count = kept.count;
        self.sum = kept.sum;
        self.compact()
    }
}

/// What is left.
#[derive(Default)]
struct Kept {
    count: f64,
    sum: f64,
    has_changed: bool,
}

impl Kept {
    fn add(&mut self, count: f64, middle: f64, has_changed: bool) {
        self.count += count;
        self.sum += middle * count;
        self.has_changed |= has_changed;
    }

    /// Takes what is left of a bucket and gives its count.
    fn take(
        &mut self,
        bucket: BoundedBucket,
        at: f64,
        trim: Trim,
        is_positive: bool,
        is_custom: bool,
    ) -> f64 {
        let (is_kept, is_cut) = match trim {
            Trim::Above => (bucket.upper <= at, bucket.lower < at),
            Trim::Below => (bucket.lower >= at, bucket.upper > at),
        };
        if is_kept {
            let middle = middle(bucket.lower, bucket.upper, is_positive, is_custom);
            self.add(bucket.count, middle, false);
            return bucket.count;
        }
        if !is_cut {
            self.has_changed = true;
            return 0.0;
        }
        let (count, middle) = cut(bucket, at, trim, is_positive, is_custom);
        self.add(count, middle, count != bucket.count);
        count
    }
}

fn cut(bucket: BoundedBucket, at: f64, trim: Trim, is_positive: bool, is_custom: bool) -> (f64, f64) {
    if bucket.lower == f64::NEG_INFINITY || bucket.upper == f64::INFINITY {
        return cut_infinite(bucket, at, trim);
    }
    let below = if at <= bucket.lower {
        0.0
    } else if at >= bucket.upper {
        bucket.count
    } else {
        bucket.count * bucket.fraction_below(at, is_custom)
    };
    match trim {
        Trim::Above => (below, middle(bucket.lower, at, is_positive, is_custom)),
        Trim::Below => (bucket.count - below, middle(at, bucket.upper, is_positive, is_custom)),
    }
}

fn cut_infinite(bucket: BoundedBucket, at: f64, trim: Trim) -> (f64, f64) {
    let finite = |value: f64| if value.is_infinite() { 0.0 } else { value };
    let BoundedBucket { lower, upper, count, .. } = bucket;
    if lower == f64::NEG_INFINITY {
        return match trim {
            Trim::Above if at >= upper => (count, 0.0),
            Trim::Above if at > 0.0 && upper > 0.0 && upper.is_finite() => (count * at / upper, at / 2.0),
            Trim::Above if upper <= 0.0 => (count, at),
            Trim::Below if at <= lower => (count, 0.0),
            Trim::Below if at >= 0.0 && upper > at && upper.is_finite() => {
                (count * (1.0 - at / upper), f64::midpoint(at, upper))
            }
            _ => (0.0, finite(upper)),
        };
    }
    match trim {
        Trim::Below if at >= lower => (count, at),
        _ => (0.0, finite(lower)),
    }
}

fn trimmed_zero(
    bucket: BoundedBucket,
    at: f64,
    trim: Trim,
    has_negative: bool,
    has_positive: bool,
) -> (f64, f64) {
    let upper = if has_negative && !has_positive { 0.0 } else { bucket.upper };
    let lower = if has_positive && !has_negative { 0.0 } else { bucket.lower };
    let whole = (bucket.count, (lower + upper) / 2.0);
    match trim {
        Trim::Above if at <= lower => (0.0, 0.0),
        Trim::Above if at >= upper => whole,
        Trim::Above => (bucket.count * ((at - lower) / (upper - lower)), (lower + at) / 2.0),
        Trim::Below if at <= lower => whole,
        Trim::Below if at >= upper => (0.0, 0.0),
        Trim::Below => (bucket.count * ((upper - at) / (upper - lower)), (at + upper) / 2.0),
    }
}

/// Where the observations of an interval are taken to lie.
fn middle(lower: f64, upper: f64, is_positive: bool, is_linear: bool) -> f64 {
    if lower.is_infinite() {
        return if upper.is_infinite() {
            0.0
        } else if upper > 0.0 {
            upper / 2.0
        } else {
            upper
        };
    }
    if upper.is_infinite() {
        return lower;
    }
    if is_linear {
        return (lower + upper) / 2.0;
    }
    let mean = (lower * upper).abs().sqrt();
    if is_positive { mean } else { -mean }
}
