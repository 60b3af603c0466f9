//! Compensated sums, of numbers and of histograms.
//!
//! In: terms one by one. Out: their sum with the lost digits kept apart (Neumaier's form of Kahan's
//! algorithm, in plain additions in the given order). When a sum becomes infinite its compensation
//! is zero.

use super::arithmetic::Combined;
use super::{Bucket, FloatHistogram, IncompatibleSchema};

/// Adds `term` to `sum` with the compensation `rest`.
#[inline]
pub(crate) fn kahan(term: f64, sum: f64, rest: f64) -> (f64, f64) {
    let total = sum + term;
    if total.is_infinite() {
        (total, 0.0)
    } else if sum.abs() >= term.abs() {
        (total, rest + ((sum - total) + term))
    } else {
        (total, rest + ((term - total) + sum))
    }
}

/// Adds all of `terms` to `first`: the same sum and compensation as by [`kahan`], without looking for
/// infinities at each term. `None` if the sum is not finite, which it then was from some term on.
///
/// The rare order of magnitudes is a call, so that the usual one is a predicted branch and half the
/// additions, which bound the speed of this loop.
#[inline]
pub(crate) fn finite_sum(first: f64, terms: &[f64]) -> Option<(f64, f64)> {
    let (mut sum, mut rest) = (first, 0.0);
    for &term in terms {
        let total = sum + term;
        rest += if sum.abs() >= term.abs() { (sum - total) + term } else { lost_of_sum(sum, term, total) };
        sum = total;
    }
    (sum.is_finite() && rest.is_finite()).then_some((sum, rest))
}

/// The digits that a sum loses to a larger term.
#[cold]
#[inline(never)]
fn lost_of_sum(sum: f64, term: f64, total: f64) -> f64 {
    (term - total) + sum
}

/// A sum of histograms with its compensation, which has the same buckets.
#[derive(Debug, Clone)]
pub(crate) struct HistogramSum {
    value: FloatHistogram,
    rest: FloatHistogram,
}

impl HistogramSum {
    /// A sum of one histogram.
    pub(crate) fn new(first: &FloatHistogram) -> Self {
        Self { value: first.clone(), rest: zeroed(first) }
    }

    /// Adds one more.
    pub(crate) fn add(&mut self, other: &FloatHistogram) -> Result<Combined, IncompatibleSchema> {
        // Bring both layouts together first, so that the sums are bucket by bucket.
        let mut layout = zeroed(other);
        layout.hint = other.hint;
        let combined = self.value.add(&layout)?;
        let mut rest_layout = zeroed(&self.value);
        rest_layout.hint = self.rest.hint;
        self.rest.add(&rest_layout)?;
        let mut term = zeroed(&self.value);
        term.add(other)?;
        let (value, rest) = (&mut self.value, &mut self.rest);
        (value.zero_count, rest.zero_count) = kahan(term.zero_count, value.zero_count, rest.zero_count);
        (value.count, rest.count) = kahan(term.count, value.count, rest.count);
        (value.sum, rest.sum) = kahan(term.sum, value.sum, rest.sum);
        add_buckets(&mut value.positive, &mut rest.positive, &term.positive);
        add_buckets(&mut value.negative, &mut rest.negative, &term.negative);
        Ok(combined)
    }

    /// Scales sum and compensation.
    pub(crate) fn scale(self, factor: f64) -> Self {
        Self { value: self.value.scale(factor), rest: self.rest.scale(factor) }
    }

    /// Divides sum and compensation.
    pub(crate) fn divide(self, divisor: f64) -> Self {
        Self { value: self.value.divide(divisor), rest: self.rest.divide(divisor) }
    }

    /// Whether the sum has overflown.
    pub(crate) fn has_overflow(&self) -> bool {
        self.value.has_overflow()
    }

    /// The sum.
    pub(crate) fn finish(self) -> FloatHistogram {
        let (mut value, rest) = (self.value, self.rest);
        let hint = value.hint;
        // Both have one schema, so that nothing can go wrong here.
        if value.add(&rest).is_err() {
            debug_assert!(false, "a compensation has the schema of its sum");
        }
        value.hint = hint;
        value
    }
}

/// The same layout without observations.
fn zeroed(h: &FloatHistogram) -> FloatHistogram {
    let mut out = h.clone();
    (out.zero_count, out.count, out.sum) = (0.0, 0.0, 0.0);
    for bucket in out.positive.iter_mut().chain(&mut out.negative) {
        bucket.count = 0.0;
    }
    out
}

/// Adds buckets to a sum. Layouts may differ by buckets that the wider zero bucket swallowed.
fn add_buckets(value: &mut Vec<Bucket>, rest: &mut Vec<Bucket>, term: &[Bucket]) {
    for bucket in term {
        let at = slot(value, bucket.index);
        let rest_at = slot(rest, bucket.index);
        if let (Some(value), Some(rest)) = (value.get_mut(at), rest.get_mut(rest_at)) {
            (value.count, rest.count) = kahan(bucket.count, value.count, rest.count);
        }
    }
}

/// The place of a bucket, which is made if it is absent.
fn slot(buckets: &mut Vec<Bucket>, index: i32) -> usize {
    buckets.binary_search_by_key(&index, |bucket| bucket.index).unwrap_or_else(|at| {
        buckets.insert(at, Bucket { index, count: 0.0 });
        at
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn both_ways_find_the_same_digits(terms in prop::collection::vec(any::<f64>(), 0..40)) {
            let by_magnitude = terms.iter().fold((0.5, 0.0), |(sum, rest), &term| kahan(term, sum, rest));
            if let Some(found) = finite_sum(0.5, &terms) {
                prop_assert_eq!(found.0.to_bits(), by_magnitude.0.to_bits());
                prop_assert_eq!(found.1.to_bits(), by_magnitude.1.to_bits());
            }
        }
    }
}
