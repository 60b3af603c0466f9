//! Intervals of time.
//!
//! A range has intervals `(start + i*step, start + (i+1)*step]`, named by their right edge. An
//! instant has one interval `[start, end]` with both edges, named by its end. Numbers are taken as
//! they are; alignment is the caller's, through [`Window::aligned`].

/// The intervals of a query, in nanoseconds since the epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Left edge of the first interval.
    pub start: i64,
    /// Right edge of the last interval, which may be shorter than a step.
    pub end: i64,
    /// Length of an interval; at least 1.
    pub step: i64,
    /// One interval with both edges.
    pub is_instant: bool,
}

impl Window {
    /// A range with exact edges.
    pub fn range(start: i64, end: i64, step: i64) -> Self {
        Self { start, end: end.max(start), step: step.max(1), is_instant: false }
    }

    /// A range with its start floored and its end raised to multiples of the step.
    pub fn aligned(start: i64, end: i64, step: i64) -> Self {
        let step = step.max(1);
        let floor = |at: i64| at.div_euclid(step).saturating_mul(step);
        let lower = floor(end);
        let upper = if lower == end { end } else { lower.saturating_add(step) };
        Self::range(floor(start), upper, step)
    }

    /// As the original answers a request: aligned, and one interval more before the start, so that
    /// the one named by the floored start is whole.
    pub fn of_request(start: i64, end: i64, step: i64) -> Self {
        let aligned = Self::aligned(start, end, step);
        Self { start: aligned.start.saturating_sub(aligned.step), ..aligned }
    }

    /// One interval.
    pub fn instant(start: i64, end: i64) -> Self {
        let end = end.max(start);
        Self { start, end, step: end.saturating_sub(start).max(1), is_instant: true }
    }

    /// As the original answers a request for an instant: without the start itself, rates over all
    /// of it.
    pub fn instant_of_request(start: i64, end: i64) -> Self {
        let whole = Self::instant(start, end);
        Self { start: whole.start.saturating_add(1).min(whole.end), ..whole }
    }

    /// Number of intervals.
    pub fn len(&self) -> usize {
        if self.is_instant {
            return 1;
        }
        let length = self.end as i128 - self.start as i128;
        usize::try_from((length + self.step as i128 - 1) / self.step as i128).unwrap_or(usize::MAX)
    }

    /// Whether there is no interval.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The interval of an instant.
    pub fn interval_of(&self, at: i64) -> Option<usize> {
        if self.is_instant {
            return (self.start <= at && at <= self.end).then_some(0);
        }
        if at <= self.start || at > self.end {
            return None;
        }
        usize::try_from((at as i128 - self.start as i128 - 1) / self.step as i128).ok()
    }

    /// The instant that names an interval.
    pub fn timestamp_of(&self, interval: usize) -> i64 {
        if self.is_instant {
            return self.end;
        }
        let steps = i64::try_from(interval).unwrap_or(i64::MAX).saturating_add(1);
        self.start.saturating_add(steps.saturating_mul(self.step))
    }

    /// Seconds of an interval, by which rates are divided.
    pub fn seconds(&self) -> f64 {
        self.step as f64 / 1e9
    }
}

/// The step for a range of this length when none was asked for: about 240 intervals, rounded down
/// to a round number of seconds, under a minute to multiples of 50 ms.
pub fn default_step_ns(length_ns: i64) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    let raw = length_ns / 240;
    if length_ns < 60 * SECOND {
        const UNIT: i64 = 50_000_000;
        return (raw / UNIT * UNIT).max(UNIT);
    }
    let units = [3600 * SECOND, 300 * SECOND, 60 * SECOND, 15 * SECOND, 5 * SECOND, SECOND];
    let unit = units.into_iter().find(|unit| raw >= *unit).unwrap_or(SECOND);
    (raw / unit * unit).max(SECOND)
}
