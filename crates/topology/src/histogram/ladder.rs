//! Cumulative counts at chosen upper bounds (`le`), derived from bins. A bound inside a bin splits that bin in proportion to
//! the logarithm and is marked approximate.

use super::{Histogram, bounds, lower_bound_ns, upper_bound_ns};

/// One step of a ladder.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The bound in nanoseconds; durations equal to it are below.
    pub bound_ns: i64,
    /// Durations up to the bound.
    pub count: f64,
    /// Whether the bound lies inside a bin that holds something, so that `count` is an estimate.
    pub approximate: bool,
}

impl Histogram {
    /// The cumulative counts at `bounds_ns`, which must ascend.
    pub fn ladder(&self, bounds_ns: &[i64]) -> Vec<Step> {
        let mut steps = Vec::with_capacity(bounds_ns.len());
        let mut below = self.zero;
        let mut next = 0;
        for &bound_ns in bounds_ns {
            while let Some((bin, times)) = self.bins().get(next)
                && upper_bound_ns(*bin) <= bound_ns
            {
                below += times;
                next += 1;
            }
            let straddling =
                self.bins().get(next).filter(|(bin, _)| bound_ns >= 0 && lower_bound_ns(*bin) < bound_ns);
            let part = straddling.map_or(0.0, |(bin, times)| {
                let (low, high) = (bounds::lower_bound(*bin), bounds::lower_bound(*bin + 1));
                let share = ((bound_ns as f64 / low).ln() / (high / low).ln()).clamp(0.0, 1.0);
                share * *times as f64
            });
            let below = if bound_ns < 0 { 0.0 } else { below as f64 };
            steps.push(Step { bound_ns, count: below + part, approximate: straddling.is_some() });
        }
        steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_of_bins_are_exact_and_others_are_marked() {
        let mut histogram = Histogram::new();
        for value in [0, 400_000_000, 1_000_000_000, 1_000_000_001, 3_000_000_000] {
            histogram.record(value, 1);
        }
        let steps = histogram.ladder(&[500_000_000, 1_000_000_000, 1_050_000_000, 4_000_000_000]);
        let exact: Vec<(f64, bool)> = steps.iter().map(|step| (step.count, step.approximate)).collect();
        assert_eq!(exact[0], (2.0, false));
        assert_eq!(exact[1], (3.0, false));
        assert!(exact[2].1 && exact[2].0 > 3.0 && exact[2].0 < 4.0, "{exact:?}");
        assert_eq!(exact[3], (5.0, false));
    }
}
