//! Counts by powers of two, and quantiles of them.

use std::collections::BTreeMap;

/// The exponent of the smallest power of two not below `value`; `None` below 2.
pub fn log2_bucket(value: f64) -> Option<i32> {
    // Above 2^1023 there is no power of two left.
    if !(2.0..=f64::MAX / 2.0).contains(&value) {
        return None;
    }
    let exponent = value.log2().floor() as i32;
    // The logarithm may round over the border either way.
    let candidates = [exponent - 1, exponent, exponent + 1];
    candidates.into_iter().find(|exponent| 2_f64.powi(*exponent) >= value)
}

/// Weights of values by bucket.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Log2Histogram(BTreeMap<i32, f64>);

impl Log2Histogram {
    /// Adds a value to its bucket.
    pub fn add(&mut self, bucket: i32, weight: f64) {
        *self.0.entry(bucket).or_default() += weight;
    }

    /// The value below which the fraction `q` of the weight lies: exact where the weight ends with
    /// a bucket, else interpolated between the borders as if values grew exponentially. 0 when
    /// empty.
    pub fn quantile(&self, q: f64) -> f64 {
        let total: f64 = self.0.values().sum();
        if total <= 0.0 {
            return 0.0;
        }
        let wanted = (q * total).ceil().max(1.0);
        let mut before = 0.0;
        let mut lower = None;
        for (bucket, weight) in &self.0 {
            let upper = f64::from(*bucket);
            if before + weight == wanted {
                return 2_f64.powf(upper);
            }
            if before + weight > wanted {
                let lower = lower.unwrap_or(upper - 1.0);
                let share = (wanted - before) / weight;
                return 2_f64.powf(lower + (upper - lower) * share);
            }
            before += weight;
            lower = Some(upper);
        }
        // Weights that are not whole may end below the raised target.
        lower.map_or(0.0, f64::exp2)
    }
}

impl Log2Histogram {
    /// Exponents of the buckets that are not empty.
    pub fn buckets(&self) -> impl Iterator<Item = i32> + '_ {
        self.0.keys().copied()
    }

    /// The weight in a bucket.
    pub fn weight(&self, bucket: i32) -> f64 {
        self.0.get(&bucket).copied().unwrap_or(0.0)
    }
}
