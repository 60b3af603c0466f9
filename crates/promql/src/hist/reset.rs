//! Whether a counter was reset between two histograms.
//!
//! In: a histogram and the one before it. Out: what the hint says, or else whether any count fell. A
//! finer schema or a narrower zero bucket can only come with a reset.

use model::ResetHint;

use super::arithmetic::{common_bounds, common_index};
use super::buckets::reduced;
use super::{Bucket, FloatHistogram};

impl FloatHistogram {
    /// Whether a reset happened between `previous` and this one.
    pub fn is_reset_after(&self, previous: &Self) -> bool {
        match self.hint {
            ResetHint::Reset => return true,
            ResetHint::NotReset => return false,
            // Gauges are compared too: counter functions may be applied to them.
            ResetHint::Unknown | ResetHint::Gauge => {}
        }
        if self.count < previous.count {
            return true;
        }
        if self.has_custom_bounds() {
            if !previous.has_custom_bounds() {
                return true;
            }
            if self.bounds != previous.bounds {
                return self.has_fallen_in_common_bounds(previous);
            }
        }
        if self.schema > previous.schema
            || self.has_custom_bounds() != previous.has_custom_bounds()
            || self.zero_threshold < previous.zero_threshold
        {
            return true;
        }
        let (previous_zero, threshold) = previous.zero_within(self.zero_threshold);
        if threshold != self.zero_threshold || self.zero_count < previous_zero {
            return true;
        }
        let outside = |h: &Self, buckets: &[Bucket], is_positive: bool| -> Vec<Bucket> {
            let reduced = if h.schema > self.schema && !h.has_custom_bounds() {
                reduced(buckets, h.schema, self.schema)
            } else {
                buckets.to_vec()
            };
            reduced
                .into_iter()
                .filter(|&bucket| {
                    let bounded = if is_positive {
                        self.positive_bucket(bucket).upper
                    } else {
                        -self.negative_bucket(bucket).lower
                    };
                    self.has_custom_bounds() || self.zero_threshold == 0.0 || bounded > self.zero_threshold
                })
                .collect()
        };
        has_fallen(&outside(self, &self.positive, true), &outside(previous, &previous.positive, true))
            || has_fallen(
                &outside(self, &self.negative, false),
                &outside(previous, &previous.negative, false),
            )
    }

    fn has_fallen_in_common_bounds(&self, previous: &Self) -> bool {
        let common = common_bounds(&self.bounds, &previous.bounds);
        let totals = |h: &Self| {
            let mut out = vec![0.0; common.len() + 1];
            for bucket in &h.positive {
                let index = common_index(bucket.index, &h.bounds, &common);
                if let Some(total) = usize::try_from(index).ok().and_then(|at| out.get_mut(at)) {
                    *total += bucket.count;
                }
            }
            out
        };
        totals(self).iter().zip(&totals(previous)).any(|(now, before)| now < before)
    }
}

/// Whether a populated bucket of `before` is absent or smaller now.
fn has_fallen(now: &[Bucket], before: &[Bucket]) -> bool {
    before.iter().any(|old| match now.binary_search_by_key(&old.index, |bucket| bucket.index) {
        Ok(at) => now.get(at).is_some_and(|new| new.count < old.count),
        Err(_) => old.count != 0.0,
    })
}
