//! A share of some sums: what is left of unknown callers when part of their calls was told by a caller.
//!
//! In: sums and how many calls remain. Out: sums with exactly so many calls, and everything else in
//! proportion, whole and with parts that add up. Nothing here is stored.

use crate::Histogram;
use crate::rollup::EdgeSums;

/// Sums of `calls` of the calls in `sums`.
pub fn scaled(sums: &EdgeSums, calls: i64) -> EdgeSums {
    if calls >= sums.calls {
        return sums.clone();
    }
    if calls <= 0 {
        return EdgeSums::default();
    }
    let of = |number: i64| share(number, calls, sums.calls);
    let mut codes = sums.codes.clone();
    let counts = apportion(codes.iter().map(|code| code.calls), calls, sums.calls);
    for (code, count) in codes.iter_mut().zip(counts) {
        code.calls = count;
    }
    codes.retain(|code| code.calls != 0);
    EdgeSums {
        calls,
        calls_weighted: of(sums.calls_weighted),
        calls_weighted_squared: of(sums.calls_weighted_squared),
        errors: of(sums.errors),
        errors_weighted: of(sums.errors_weighted),
        codes,
        duration: scaled_histogram(&sums.duration, calls, sums.calls),
        server_duration: scaled_histogram(&sums.server_duration, calls, sums.calls),
        network: scaled_histogram(&sums.network, calls, sums.calls),
        request_bytes: of(sums.request_bytes),
        response_bytes: of(sums.response_bytes),
        sized: of(sums.sized),
        retries: of(sums.retries),
        asynchronous: of(sums.asynchronous),
        skew_us: of(sums.skew_us),
        skewed: of(sums.skewed),
        exemplar: sums.exemplar,
        error_exemplar: sums.error_exemplar,
    }
}

fn scaled_histogram(histogram: &Histogram, calls: i64, of_calls: i64) -> Histogram {
    let zero = std::iter::once(histogram.zero);
    let counts = apportion(zero.chain(histogram.bins().iter().map(|(_, count)| *count)), calls, of_calls);
    let mut counts = counts.into_iter();
    let mut scaled = Histogram::new();
    scaled.zero = counts.next().unwrap_or(0);
    scaled.count = scaled.zero;
    for ((bin, _), count) in histogram.bins().iter().zip(counts) {
        scaled.add_to_bin(*bin, count);
        scaled.count += count;
    }
    scaled.sum_ns = share(histogram.sum_ns, calls, of_calls);
    scaled
}

/// `number * part / whole`, rounded to the nearest.
fn share(number: i64, part: i64, whole: i64) -> i64 {
    let (number, part, whole) = (i128::from(number), i128::from(part), i128::from(whole.max(1)));
    let product = number * part * 2 + whole * number.signum().max(0);
    i64::try_from(product.div_euclid(whole * 2)).unwrap_or(i64::MAX)
}

/// Whole shares of counts whose sum is the share of their sum: cumulative sums are rounded.
fn apportion(counts: impl Iterator<Item = i64>, part: i64, whole: i64) -> Vec<i64> {
    let (mut before, mut given) = (0, 0);
    counts
        .map(|count| {
            before += count;
            let upto = share(before, part, whole);
            let own = upto - given;
            given = upto;
            own
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up() {
        let mut sums = EdgeSums { calls: 10, errors: 5, ..EdgeSums::default() };
        for duration in
            [0, 1_000, 1_000, 2_000_000, 3_000_000, 3_000_000, 4_000_000, 9_000_000, 9_000_000, 70_000_000]
        {
            sums.duration.record(duration, 1);
        }
        for calls in 0..=10 {
            let part = scaled(&sums, calls);
            assert_eq!(part.calls, calls);
            assert_eq!(part.duration.count, calls);
            assert!(part.errors * 2 - calls <= 1, "{calls}: {}", part.errors);
            let bins = part.duration.zero + part.duration.bins().iter().map(|(_, count)| count).sum::<i64>();
            assert_eq!(bins, calls);
        }
    }
}
