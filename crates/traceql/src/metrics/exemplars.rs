//! Spans behind the values of a series.
//!
//! A few an interval, the earliest by (start, trace, span), so that any arrival keeps the same
//! ones.

use std::sync::Arc;

use model::{SpanId, TraceId};

use super::labels::Labels;
use crate::value::Value;

/// One span behind a value.
#[derive(Debug, Clone, PartialEq)]
pub struct Exemplar {
    /// `trace:id` without leading zeros, then the labels of the series.
    pub labels: Labels,
    /// The span's own value, or the value of its interval for counts and rates.
    pub value: f64,
    /// Start of the span in nanoseconds since the epoch.
    pub timestamp_ns: i64,
    /// Its interval.
    pub interval: usize,
}

/// A candidate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seen {
    /// Start of the span.
    pub start: i64,
    /// Its trace.
    pub trace: TraceId,
    /// Its id.
    pub span: SpanId,
    /// Its value; NaN for counts and rates.
    pub value: f64,
}

/// The candidates of a series, a few an interval.
#[derive(Debug, Clone, Default)]
pub struct Exemplars(Vec<(usize, Seen)>);

impl Exemplars {
    /// Keeps the candidate if it is among the first `max` of its interval.
    pub fn offer(&mut self, interval: usize, seen: Seen, max: usize) {
        let key = |seen: &Seen| (seen.start, seen.trace, seen.span);
        let first = self.0.partition_point(|(other, _)| *other < interval);
        let end = self.0.partition_point(|(other, _)| *other <= interval);
        let at = first + self.0[first..end].partition_point(|(_, other)| key(other) <= key(&seen));
        if at - first >= max {
            return;
        }
        self.0.insert(at, (interval, seen));
        if end + 1 - first > max {
            self.0.remove(end);
        }
    }

    /// At most `max` of them for a series with these labels and values.
    pub fn finish(&self, labels: &Labels, values: &[f64], max: usize) -> Vec<Exemplar> {
        let shown = |(interval, seen): &(usize, Seen)| {
            let id = seen.trace.to_string();
            let trace = Value::text(crate::columns::strip_zeros(&id));
            let mut all: Labels = vec![(Arc::from("trace:id"), trace)];
            all.extend(labels.iter().filter(|(name, _)| &**name != super::labels::NAME).cloned());
            let value = if seen.value.is_nan() { values[*interval] } else { seen.value };
            Exemplar { labels: all, value, timestamp_ns: seen.start, interval: *interval }
        };
        // Spread over the intervals: every n-th of them.
        let step = self.0.len().div_ceil(max.max(1)).max(1);
        self.0.iter().step_by(step).take(max).map(shown).collect()
    }
}
