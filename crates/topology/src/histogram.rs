//! Durations as a base-2 exponential histogram of scale 3, the bounds of OpenTelemetry and of Prometheus' native histograms
//! in seconds, with the exact sum and count beside it.
//!
//! Bin `i` holds durations in `(2^(i/8), 2^((i+1)/8)]` seconds; durations of zero have a count of their own. Counts are
//! signed: a difference of two histograms is one too. Adding is exact and in any order. [`ladder`] gives cumulative counts
//! at chosen bounds.

pub mod bounds;
pub mod encoding;
pub mod ladder;

use smallvec::SmallVec;

pub use bounds::{BIN_MAX, BIN_MIN, bin_of, lower_bound_ns, upper_bound_ns};
pub use ladder::Step;

/// Schema number in OpenTelemetry's and Prometheus' sense: 8 bins an octave, so a quantile is off by at most 4.4 %.
pub const SCALE: i32 = 3;

/// Counts by bin, exact sum and count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Histogram {
    /// Number of durations.
    pub count: i64,
    /// Their sum in nanoseconds.
    pub sum_ns: i64,
    /// How many are zero.
    pub zero: i64,
    /// Bin and count, by bin, no count zero.
    bins: SmallVec<[(i16, i64); 2]>,
}

impl Histogram {
    /// A histogram of nothing.
    pub const fn new() -> Self {
        Self { count: 0, sum_ns: 0, zero: 0, bins: SmallVec::new_const() }
    }

    /// Whether nothing is in it, neither counts nor a sum.
    pub fn is_empty(&self) -> bool {
        self.count == 0 && self.sum_ns == 0 && self.zero == 0 && self.bins.is_empty()
    }

    /// Bins with a count other than zero, ascending.
    pub fn bins(&self) -> &[(i16, i64)] {
        &self.bins
    }

    /// Adds `times` durations of `duration_ns`, which counts as zero if negative.
    pub fn record(&mut self, duration_ns: i64, times: i64) {
        let duration_ns = duration_ns.max(0);
        self.count += times;
        self.sum_ns = self.sum_ns.wrapping_add(duration_ns.wrapping_mul(times));
        if duration_ns == 0 {
            self.zero += times;
        } else {
            self.add_to_bin(bin_of(duration_ns), times);
        }
    }

    /// Adds `times` to one bin without touching sum and count.
    pub(crate) fn add_to_bin(&mut self, bin: i16, times: i64) {
        if times == 0 {
            return;
        }
        match self.bins.binary_search_by_key(&bin, |(bin, _)| *bin) {
            Ok(at) => {
                self.bins[at].1 += times;
                if self.bins[at].1 == 0 {
                    self.bins.remove(at);
                }
            }
            Err(at) => self.bins.insert(at, (bin, times)),
        }
    }

    /// Adds `other` `sign` times: 1 merges, -1 subtracts.
    pub fn add(&mut self, other: &Self, sign: i64) {
        self.count += sign * other.count;
        self.sum_ns = self.sum_ns.wrapping_add(other.sum_ns.wrapping_mul(sign));
        self.zero += sign * other.zero;
        if self.bins.is_empty() && sign == 1 {
            self.bins = other.bins.clone();
            return;
        }
        for (bin, times) in &other.bins {
            self.add_to_bin(*bin, sign * times);
        }
    }

    /// Adds `other`.
    pub fn merge(&mut self, other: &Self) {
        self.add(other, 1);
    }

    /// Takes `other` away.
    pub fn subtract(&mut self, other: &Self) {
        self.add(other, -1);
    }

    /// The mean in nanoseconds; `None` for nothing.
    pub fn mean_ns(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum_ns as f64 / self.count as f64)
    }

    /// The `q`-quantile in nanoseconds, 0 <= q <= 1, interpolated geometrically inside a bin; `None` for nothing. Bins with
    /// a negative count, which only a difference that is not complete yet has, count as empty.
    pub fn quantile_ns(&self, q: f64) -> Option<f64> {
        let zero = self.zero.max(0) as f64;
        let total: f64 = zero + self.bins.iter().map(|(_, times)| (*times).max(0) as f64).sum::<f64>();
        if total <= 0.0 || !(0.0..=1.0).contains(&q) {
            return None;
        }
        let rank = q * total;
        if rank <= zero && zero > 0.0 {
            return Some(0.0);
        }
        let mut below = zero;
        for (bin, times) in &self.bins {
            let times = (*times).max(0) as f64;
            if times > 0.0 && below + times >= rank {
                let (low, high) = (bounds::lower_bound(*bin), bounds::lower_bound(*bin + 1));
                let part = ((rank - below) / times).clamp(0.0, 1.0);
                return Some(low * (high / low).powf(part));
            }
            below += times;
        }
        self.bins.iter().rev().find(|(_, times)| *times > 0).map(|(bin, _)| bounds::lower_bound(*bin + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(values: &[i64]) -> Histogram {
        let mut histogram = Histogram::new();
        values.iter().for_each(|value| histogram.record(*value, 1));
        histogram
    }

    #[test]
    fn quantiles() {
        let histogram = of(&[0, 0, 1_000_000, 2_000_000, 1_000_000_000]);
        assert_eq!(histogram.quantile_ns(0.2), Some(0.0));
        let median = histogram.quantile_ns(0.6).expect("not empty");
        // The upper bound of a bin, which is an eighth of an octave wide.
        let width = 2f64.powf(0.125);
        assert!((1e6..=1e6 * width).contains(&median), "{median}");
        let highest = histogram.quantile_ns(1.0).expect("not empty");
        assert!((1e9..=1e9 * width).contains(&highest), "{highest}");
        assert_eq!(Histogram::new().quantile_ns(0.5), None);
        assert_eq!(histogram.mean_ns(), Some(200_600_000.0));
    }

    proptest! {
        #[test]
        fn adds_in_any_order(mut values in prop::collection::vec(-5i64..5_000_000_000, 0..60), cut in 0usize..60) {
            let whole = of(&values);
            let cut = cut.min(values.len());
            let mut parts = of(&values[cut..]);
            parts.merge(&of(&values[..cut]));
            prop_assert_eq!(&parts, &whole);
            parts.subtract(&of(&values[cut..]));
            prop_assert_eq!(&parts, &of(&values[..cut]));
            values.reverse();
            prop_assert_eq!(&of(&values), &whole);
            let back = Histogram::decode(&whole.encode());
            prop_assert_eq!(back.as_ref(), Some(&whole));
        }

        #[test]
        fn a_bin_holds_its_value(value in 1i64..700_000_000_000_000) {
            let bin = bin_of(value);
            prop_assert!(lower_bound_ns(bin) < value && value <= upper_bound_ns(bin), "{bin}");
            let exact = ((value as f64 / 1e9).log2() * 8.0).ceil() - 1.0;
            prop_assert!((f64::from(bin) - exact).abs() <= 1.0);
        }
    }
}
