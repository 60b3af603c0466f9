//! Quantiles and fractions of classic histograms, which are series with a label `le`.
//!
//! In: cumulative buckets. Out: a value. Buckets are sorted, equal bounds added up, and counts forced
//! to rise; differences that are only noise of float arithmetic go unmentioned.

/// A cumulative bucket.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct ClassicBucket {
    pub(super) upper: f64,
    pub(super) count: f64,
}

/// Relative differences of counts below this are noise.
const NOISE: f64 = 1e-12;

/// Where and how much counts fell: lowest bound, highest bound, largest fall.
pub(super) type Falls = (f64, f64, f64);

/// Sorts and adds up equal bounds; `None` without a bucket for everything.
fn prepared(buckets: &mut Vec<ClassicBucket>) -> Option<()> {
    buckets.sort_by(|a, b| a.upper.total_cmp(&b.upper));
    if buckets.last()?.upper != f64::INFINITY {
        return None;
    }
    buckets.dedup_by(|next, kept| {
        let is_same = next.upper == kept.upper;
        if is_same {
            kept.count += next.count;
        }
        is_same
    });
    Some(())
}

fn is_noise(a: f64, b: f64) -> bool {
    if a.is_nan() && b.is_nan() {
        return true;
    }
    let sum = a.abs() + b.abs();
    let difference = (a - b).abs();
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < NOISE * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < NOISE
}

/// Makes counts rise.
fn force_rise(buckets: &mut [ClassicBucket]) -> Option<Falls> {
    let mut falls: Option<Falls> = None;
    let mut previous = buckets.first()?.count;
    for bucket in buckets.iter_mut().skip(1) {
        let count = bucket.count;
        if count == previous {
            continue;
        }
        if is_noise(previous, count) {
            bucket.count = previous;
        } else if count < previous {
            bucket.count = previous;
            let (low, high, most) = falls.unwrap_or((f64::INFINITY, f64::NEG_INFINITY, 0.0));
            falls = Some((low.min(bucket.upper), high.max(bucket.upper), most.max(previous - count)));
        } else {
            previous = count;
        }
    }
    falls
}

/// The quantile `q`, and where counts fell.
pub(super) fn quantile(q: f64, mut buckets: Vec<ClassicBucket>) -> (f64, Option<Falls>) {
    if q.is_nan() {
        return (f64::NAN, None);
    }
    if q < 0.0 {
        return (f64::NEG_INFINITY, None);
    }
    if q > 1.0 {
        return (f64::INFINITY, None);
    }
    if prepared(&mut buckets).is_none() {
        return (f64::NAN, None);
    }
    let falls = force_rise(&mut buckets);
    let last = buckets.len() - 1;
    let total = buckets[last].count;
    if last == 0 || total == 0.0 {
        return (f64::NAN, falls);
    }
    let mut rank = q * total;
    // Written so that a rank of NaN goes to the end.
    let at = buckets[..last].iter().position(|bucket| bucket.count >= rank).unwrap_or(last);
    if at == last {
        return (buckets[last - 1].upper, falls);
    }
    let bucket = buckets[at];
    if at == 0 && bucket.upper <= 0.0 {
        return (bucket.upper, falls);
    }
    let (mut lower, mut count) = (0.0, bucket.count);
    if let Some(before) = at.checked_sub(1).and_then(|before| buckets.get(before)) {
        lower = before.upper;
        count -= before.count;
        rank -= before.count;
    }
    (lower + (bucket.upper - lower) * (rank / count), falls)
}

/// The fraction of observations between two bounds.
pub(super) fn fraction(lower: f64, upper: f64, mut buckets: Vec<ClassicBucket>) -> f64 {
    if prepared(&mut buckets).is_none() {
        return f64::NAN;
    }
    let total = buckets.last().map_or(0.0, |bucket| bucket.count);
    if total == 0.0 || lower.is_nan() || upper.is_nan() {
        return f64::NAN;
    }
    if lower >= upper {
        return 0.0;
    }
    let rank_of = |bound: f64| {
        let mut rank = 0.0;
        // A first bucket above zero begins at zero.
        let mut start = match buckets.first() {
            Some(first) if first.upper > 0.0 => 0.0,
            _ => f64::NEG_INFINITY,
        };
        for bucket in &buckets {
            if start >= bound {
                return rank;
            }
            if bucket.upper > bound {
                return if start == f64::NEG_INFINITY {
                    bucket.count
                } else {
                    rank + (bucket.count - rank) * (bound - start) / (bucket.upper - start)
                };
            }
            rank = bucket.count;
            start = bucket.upper;
        }
        total
    };
    (rank_of(upper).min(total) - rank_of(lower).min(total)) / total
}

#[cfg(test)]
mod tests {
    use super::*;

    fn buckets(pairs: &[(f64, f64)]) -> Vec<ClassicBucket> {
        pairs.iter().map(|&(upper, count)| ClassicBucket { upper, count }).collect()
    }

    #[test]
    fn quantiles_interpolate_linearly() {
        let all = buckets(&[(1.0, 2.0), (2.0, 4.0), (f64::INFINITY, 4.0)]);
        assert_eq!(quantile(0.25, all.clone()), (0.5, None));
        assert_eq!(quantile(1.0, all.clone()), (2.0, None));
        assert_eq!(fraction(0.0, 1.0, all), 0.5);
        assert!(quantile(0.5, buckets(&[(1.0, 1.0)])).0.is_nan());
    }

    #[test]
    fn falling_counts_are_forced_and_told() {
        let all = buckets(&[(1.0, 3.0), (2.0, 2.0), (f64::INFINITY, 4.0)]);
        assert_eq!(quantile(0.5, all).1, Some((2.0, 2.0, 1.0)));
    }
}
