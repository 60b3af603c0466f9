//! One window function over the samples of one window.

use crate::syntax::ast::RangeOp;

/// Samples sorted by time, at least one, in `(begin_ns, end_ns]`.
#[derive(Debug)]
pub(super) struct Window<'s> {
    pub(super) samples: &'s [(i64, f64)],
    pub(super) begin_ns: i64,
    pub(super) end_ns: i64,
    /// The quantile.
    pub(super) parameter: f64,
}

/// The value of a function.
pub(super) fn over(op: RangeOp, window: &Window<'_>) -> f64 {
    let samples = window.samples;
    let values = samples.iter().map(|(_, value)| *value);
    let seconds = (window.end_ns - window.begin_ns) as f64 / 1e9;
    let first = samples.first().map_or(f64::NAN, |(_, value)| *value);
    match op {
        RangeOp::Count | RangeOp::Absent => samples.len() as f64,
        RangeOp::Sum | RangeOp::Bytes => values.sum(),
        RangeOp::Rate | RangeOp::BytesRate => values.sum::<f64>() / seconds,
        RangeOp::RateCounter => rate_counter(window),
        RangeOp::Avg => average(values),
        RangeOp::Min => {
            values.fold(first, |min, value| if value < min || min.is_nan() { value } else { min })
        }
        RangeOp::Max => {
            values.fold(first, |max, value| if value > max || max.is_nan() { value } else { max })
        }
        RangeOp::Stdvar => variance(values),
        RangeOp::Stddev => variance(values).sqrt(),
        RangeOp::Quantile => quantile(window.parameter, values.collect()),
        RangeOp::First => first,
        RangeOp::Last => samples.last().map_or(f64::NAN, |(_, value)| *value),
    }
}

/// The running mean, which does not overflow.
pub(super) fn average(values: impl Iterator<Item = f64>) -> f64 {
    let (mut mean, mut count) = (0.0_f64, 0.0);
    for value in values {
        count += 1.0;
        if mean.is_infinite() {
            if value.is_infinite() && (mean > 0.0) == (value > 0.0) {
                continue;
            }
            // An infinite mean stays so beside finite values.
            if !value.is_infinite() && !value.is_nan() {
                continue;
            }
        }
        mean += value / count - mean / count;
    }
    mean
}

/// Population variance, by Welford's method.
pub(super) fn variance(values: impl Iterator<Item = f64>) -> f64 {
    let (mut count, mut mean, mut sum) = (0.0, 0.0, 0.0);
    for value in values {
        count += 1.0;
        let delta = value - mean;
        mean += delta / count;
        sum += delta * (value - mean);
    }
    sum / count
}

/// The value at a rank, linear between neighbours; infinite outside of 0 to 1.
pub(super) fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if q < 0.0 {
        return f64::NEG_INFINITY;
    }
    if q > 1.0 {
        return f64::INFINITY;
    }
    // NaN sorts first, as in Go.
    values.sort_by(|a, b| b.is_nan().cmp(&a.is_nan()).then(a.total_cmp(b)));
    let rank = q * (values.len() - 1) as f64;
    let lower = rank.floor().max(0.0) as usize;
    let upper = (lower + 1).min(values.len() - 1);
    let weight = rank - rank.floor();
    values[lower] * (1.0 - weight) + values[upper] * weight
}

/// The increase of a counter with resets, extrapolated to the window's ends, per second.
fn rate_counter(window: &Window<'_>) -> f64 {
    let samples = window.samples;
    let [(first_ns, first), .., (last_ns, last)] = samples else {
        return 0.0;
    };
    let mut increase = last - first;
    for pair in samples.windows(2) {
        if pair[1].1 < pair[0].1 {
            increase += pair[0].1;
        }
    }
    let between = |a: i64, b: i64| (b - a) as f64 / 1e9;
    let to_start = between(window.begin_ns, *first_ns);
    let to_end = between(*last_ns, window.end_ns);
    let sampled = between(*first_ns, *last_ns);
    let average_gap = sampled / (samples.len() - 1) as f64;
    let threshold = average_gap * 1.1;
    let extend = |gap: f64| {
        if gap < threshold { gap } else { average_gap / 2.0 }
    };
    let mut before = extend(to_start);
    if increase > 0.0 && *first >= 0.0 {
        // A counter is not negative, so that it cannot have begun before it was zero.
        before = before.min(sampled * (first / increase));
    }
    let whole = sampled + before + extend(to_end);
    increase * (whole / sampled) / between(window.begin_ns, window.end_ns)
}
