//! The times of an evaluation.

use super::{Error, When};

/// More steps than any limit of samples lets through; bounds the work over an empty source.
pub const STEPS_MAX: i64 = 50_000_000;

/// Times from a start on at an interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Steps {
    pub(crate) start_ms: i64,
    /// Positive.
    pub(crate) interval_ms: i64,
    pub(crate) count: usize,
}

impl Steps {
    pub(crate) fn of(when: When) -> Result<Self, Error> {
        match when {
            When::Instant(time) => Ok(Self { start_ms: time, interval_ms: 1, count: 1 }),
            When::Range { start_ms, end_ms, step_ms } => {
                if step_ms <= 0 {
                    return Err(Error::execution(
                        "zero or negative query resolution step widths are not accepted",
                    ));
                }
                Self::between(start_ms, end_ms, step_ms)
            }
        }
    }

    /// Steps in a closed range; none if it is empty.
    pub(crate) fn between(start_ms: i64, end_ms: i64, interval_ms: i64) -> Result<Self, Error> {
        if end_ms < start_ms {
            return Ok(Self { start_ms, interval_ms, count: 0 });
        }
        let count = end_ms.saturating_sub(start_ms) / interval_ms.max(1);
        if count >= STEPS_MAX {
            return Err(Error::TooManySamples);
        }
        let count = usize::try_from(count).unwrap_or(0) + 1;
        Ok(Self { start_ms, interval_ms, count })
    }

    /// Only the first step.
    pub(crate) fn first(self) -> Self {
        Self { count: self.count.min(1), ..self }
    }

    pub(crate) fn time(&self, step: usize) -> i64 {
        let offset = i64::try_from(step).unwrap_or(i64::MAX).saturating_mul(self.interval_ms);
        self.start_ms.saturating_add(offset)
    }

    pub(crate) fn last_ms(&self) -> i64 {
        self.time(self.count.saturating_sub(1))
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = (usize, i64)> {
        (0..self.count).map(move |step| (step, self.time(step)))
    }
}
