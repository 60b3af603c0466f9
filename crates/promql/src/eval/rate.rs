//! `rate`, `increase`, `delta`, `irate`, `idelta`.
//!
//! In: a window. Out: the change of a counter or gauge over the range, extrapolated to its ends as
//! Prometheus does, or the change between the last two samples. The resets of a float counter are
//! found once a series, so that a window costs no more than its resets.
//!
//! Start times, where known and used, tell resets that values do not show, and give the exact first
//! increment. `anchored` and `smoothed` are in `extended.rs`.

use model::ResetHint;

use super::Error;
use super::extended;
use super::range::{RangeFunction, Surroundings, Window};
use super::read::{HistSample, Samples};
use super::series::Point;
use crate::ast::Extension;
use crate::hist::{Combined, FloatHistogram, IncompatibleSchema};

/// The function with this name.
pub(super) fn function(name: &str) -> Option<Box<dyn RangeFunction>> {
    let extrapolated = |is_counter: bool, is_rate: bool| -> Option<Box<dyn RangeFunction>> {
        Some(Box::new(Extrapolated { is_counter, is_rate, resets: Vec::new(), next_reset: 0 }))
    };
    match name {
        "rate" => extrapolated(true, true),
        "increase" => extrapolated(true, false),
        "delta" => extrapolated(false, false),
        "irate" => Some(Box::new(Last { is_rate: true })),
        "idelta" => Some(Box::new(Last { is_rate: false })),
        _ => None,
    }
}

/// Whether start times say that a counter began anew between two samples. A start at the sample
/// before is a stream of deltas, unless that one's own start is unknown.
pub(super) fn is_start_reset((start_before, before): (i64, i64), (start_now, now): (i64, i64)) -> bool {
    if start_now == 0 || start_now >= now || start_now < before {
        return false;
    }
    if start_now > before {
        return true;
    }
    start_before <= before && start_before != 0 && start_before != before
}

/// Whether a start lies inside what the sample before covers already.
const fn is_start_overlap(start_before: i64, before: i64, start_now: i64) -> bool {
    start_now != 0 && start_now < before && start_now != start_before
}

/// Notes that a metric does not look like a counter.
pub(super) fn note_possible_gauge(around: &Surroundings<'_>) {
    let metric = around.metric();
    if metric.is_empty() {
        return;
    }
    let name = stdx::go::quote::quote(metric);
    let mut notes = around.context.notes.borrow_mut();
    if around.context.options.type_and_unit_labels {
        let kind = around.labels.get("__type__").unwrap_or_default();
        if !matches!(kind, "counter" | "histogram") {
            let text = format!(
                "metric might not be a counter, __type__ label is not set to \"counter\" or \
                 \"histogram\", got {}: {name}",
                stdx::go::quote::quote(kind)
            );
            notes.info(around.first_span, text);
        }
    } else if !["_total", "_sum", "_count", "_bucket"].iter().any(|end| metric.ends_with(end)) {
        let text =
            format!("metric might not be a counter, name does not end in _total/_sum/_count/_bucket: {name}");
        notes.info(around.first_span, text);
    }
}

/// `rate`, `increase` and `delta`.
struct Extrapolated {
    is_counter: bool,
    is_rate: bool,
    /// Positions in the series of floats that follow a reset, ascending.
    resets: Vec<usize>,
    /// The first of them that the last window could see.
    next_reset: usize,
}

impl RangeFunction for Extrapolated {
    fn begin(&mut self, samples: &Samples, around: &Surroundings<'_>) {
        self.resets.clear();
        self.next_reset = 0;
        if !self.is_counter || around.extension != Extension::None {
            return;
        }
        let uses_starts = around.context.options.use_start_timestamps && !samples.starts.is_empty();
        if !uses_starts {
            let falls = samples.values.windows(2).enumerate().filter(|(_, pair)| pair[1] < pair[0]);
            self.resets.extend(falls.map(|(at, _)| at + 1));
            return;
        }
        let (times, starts) = (&samples.times, &samples.starts);
        for at in 1..samples.values.len() {
            let is_reset = samples.values[at] < samples.values[at - 1]
                || is_start_reset((starts[at - 1], times[at - 1]), (starts[at], times[at]));
            if is_reset {
                self.resets.push(at);
            }
        }
    }

    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        _step: usize,
    ) -> Result<Option<Point>, Error> {
        if !window.values.is_empty() && !window.hists.is_empty() {
            around.note(|notes, span, metric| notes.mixed_floats_histograms(span, metric));
            return Ok(None);
        }
        if around.extension != Extension::None {
            return Ok(extended::rate(window, around, self.is_counter, self.is_rate));
        }
        Ok(if window.hists.is_empty() {
            self.floats(window, around).map(Point::Float)
        } else {
            self.histograms(window, around).map(|h| Point::Hist(h.into()))
        })
    }
}

/// First and last time of a window and how many samples lie between, for the extrapolation.
struct Sampled {
    first_ms: i64,
    last_ms: i64,
    intervals: usize,
    /// The start of the first sample, if starts are used; 0 when unknown.
    first_start_ms: i64,
}

impl Sampled {
    /// Whether counting began inside the window, so that the first sample is an exact increment.
    fn begins_inside(&self, window: &Window<'_>) -> bool {
        self.first_start_ms != 0
            && self.first_start_ms > window.from_ms
            && self.first_start_ms < self.first_ms
    }

    /// By how much the sampled change is to be stretched. `zero_share` is the first value's share of
    /// the change, if the counter could have been zero inside the window.
    fn factor(&self, window: &Window<'_>, begins_inside: bool, zero_share: Option<f64>) -> f64 {
        let seconds = |from: i64, to: i64| (to - from) as f64 / 1000.0;
        let mut sampled = seconds(self.first_ms, self.last_ms);
        let mut to_end = seconds(self.last_ms, window.to_ms);
        let average = if self.intervals > 0 { sampled / self.intervals as f64 } else { 0.0 };
        let threshold = average * 1.1;
        let mut to_start;
        if begins_inside {
            to_start = 0.0;
            sampled = seconds(self.first_start_ms, self.last_ms);
        } else {
            to_start = seconds(window.from_ms, self.first_ms);
            if to_start >= threshold {
                to_start = average / 2.0;
            }
            // A counter cannot have been below zero.
            if let Some(share) = zero_share {
                let to_zero = sampled * share;
                if to_zero < to_start {
                    to_start = to_zero;
                }
            }
        }
        if to_end >= threshold {
            to_end = average / 2.0;
        }
        if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled }
    }
}

impl Extrapolated {
    fn finish_factor(&self, factor: f64, around: &Surroundings<'_>) -> f64 {
        if self.is_rate { factor / (around.range_ms as f64 / 1000.0) } else { factor }
    }

    fn floats(&mut self, window: &Window<'_>, around: &Surroundings<'_>) -> Option<f64> {
        let (&first, &last) = (window.values.first()?, window.values.last()?);
        let uses_starts =
            self.is_counter && around.context.options.use_start_timestamps && !window.starts.is_empty();
        let mut result = last - first;
        if self.is_counter {
            while self.resets.get(self.next_reset).is_some_and(|&at| at <= window.first) {
                self.next_reset += 1;
            }
            let end = window.first + window.values.len();
            for &at in self.resets.get(self.next_reset..).unwrap_or_default() {
                if at >= end {
                    break;
                }
                result += window.values.get(at - window.first - 1).copied().unwrap_or(0.0);
            }
            if uses_starts {
                note_overlap(window.starts, window.times, around);
            }
        }
        let sampled = Sampled {
            first_ms: *window.times.first()?,
            last_ms: *window.times.last()?,
            intervals: window.values.len() - 1,
            first_start_ms: if uses_starts { *window.starts.first()? } else { 0 },
        };
        let begins_inside = sampled.begins_inside(window);
        if begins_inside {
            result += first;
        } else if sampled.intervals == 0 {
            return None;
        }
        let zero_share = (self.is_counter && result > 0.0 && first >= 0.0).then(|| first / result);
        let factor = sampled.factor(window, begins_inside, zero_share);
        Some(result * self.finish_factor(factor, around))
    }

    fn histograms(&self, window: &Window<'_>, around: &Surroundings<'_>) -> Option<FloatHistogram> {
        let (first, last) = (window.hists.first()?, window.hists.last()?);
        let uses_starts = self.is_counter && around.context.options.use_start_timestamps;
        let mut result = if window.hists.len() > 1 {
            Some(histogram_change(window.hists, uses_starts, self.is_counter, around)?)
        } else {
            None
        };
        let sampled = Sampled {
            first_ms: first.time_ms,
            last_ms: last.time_ms,
            intervals: window.hists.len() - 1,
            first_start_ms: if uses_starts { first.start_ms } else { 0 },
        };
        let begins_inside = sampled.begins_inside(window);
        if begins_inside {
            match &mut result {
                None => result = Some((*first.value).clone()),
                Some(sum) => add(sum, &first.value, around)?,
            }
        }
        let result = result?;
        let zero_share = (self.is_counter && result.count > 0.0 && first.value.count >= 0.0)
            .then(|| first.value.count / result.count);
        let factor = sampled.factor(window, begins_inside, zero_share);
        Some(result.scale(self.finish_factor(factor, around)))
    }
}

/// Notes once a window that a start lies inside the sample before.
fn note_overlap(starts: &[i64], times: &[i64], around: &Surroundings<'_>) {
    let overlaps = (1..starts.len().min(times.len()))
        .any(|at| is_start_overlap(starts[at - 1], times[at - 1], starts[at]));
    if overlaps {
        around.note(|notes, span, metric| notes.start_overlap(span, metric));
    }
}

/// Adds a histogram; `None` after noting that the schemas do not fit.
pub(super) fn add(sum: &mut FloatHistogram, h: &FloatHistogram, around: &Surroundings<'_>) -> Option<()> {
    noted(sum.add(h), "addition", around)
}

/// Subtracts a histogram; `None` after noting that the schemas do not fit.
pub(super) fn subtract(
    from: &mut FloatHistogram,
    h: &FloatHistogram,
    around: &Surroundings<'_>,
) -> Option<()> {
    noted(from.sub(h), "subtraction", around)
}

fn noted(
    combined: Result<Combined, IncompatibleSchema>,
    operation: &str,
    around: &Surroundings<'_>,
) -> Option<()> {
    match combined {
        Ok(combined) => {
            if combined.has_reconciled_bounds {
                around.note(|notes, span, _| notes.reconciled_bounds(span, operation));
            }
            Some(())
        }
        Err(IncompatibleSchema) => {
            around.note(|notes, span, metric| notes.mixed_schemas(span, metric));
            None
        }
    }
}

/// The change over at least two histograms, with what was lost in resets.
fn histogram_change(
    hists: &[HistSample],
    uses_starts: bool,
    is_counter: bool,
    around: &Surroundings<'_>,
) -> Option<FloatHistogram> {
    let (first, last) = (hists.first()?, hists.last()?);
    let second = hists.get(1)?;
    let is_gauge = |hist: &HistSample| hist.value.hint == ResetHint::Gauge;
    if is_counter && (is_gauge(first) || is_gauge(last)) {
        around.note(|notes, span, metric| notes.not_a_counter(span, metric));
    }
    let is_reset = |before: &HistSample, now: &HistSample, value: &FloatHistogram| {
        (uses_starts && is_start_reset((before.start_ms, before.time_ms), (now.start_ms, now.time_ms)))
            || now.value.is_reset_after(value)
    };
    // A first sample before a reset does not count, and neither does its layout.
    let mut base = (*first.value).clone();
    if is_counter && is_reset(first, second, &first.value) {
        base = FloatHistogram {
            schema: second.value.schema,
            bounds: second.value.bounds.clone(),
            ..FloatHistogram::default()
        };
    }
    let is_custom = base.has_custom_bounds();
    let mixed = || {
        around.note(|notes, span, metric| notes.mixed_schemas(span, metric));
        None
    };
    if last.value.has_custom_bounds() != is_custom {
        return mixed();
    }
    let mut schema = last.value.schema.min(base.schema);
    if is_counter {
        for hist in hists.get(1..hists.len() - 1).unwrap_or_default() {
            if is_gauge(hist) {
                around.note(|notes, span, metric| notes.not_a_counter(span, metric));
            }
            schema = schema.min(hist.value.schema);
            if hist.value.has_custom_bounds() != is_custom {
                return mixed();
            }
        }
    }
    let mut result = last.value.at_schema(schema);
    subtract(&mut result, &base, around)?;
    if is_counter {
        let mut has_overlap = false;
        let mut previous: &FloatHistogram = &base;
        for pair in hists.windows(2) {
            let (before, now) = (&pair[0], &pair[1]);
            has_overlap |= uses_starts && is_start_overlap(before.start_ms, before.time_ms, now.start_ms);
            if is_reset(before, now, previous) {
                add(&mut result, previous, around)?;
            }
            previous = &now.value;
        }
        if has_overlap {
            around.note(|notes, span, metric| notes.start_overlap(span, metric));
        }
    } else if !is_gauge(first) || !is_gauge(last) {
        around.note(|notes, span, metric| notes.not_a_gauge(span, metric));
    }
    result.hint = ResetHint::Gauge;
    Some(result.compact())
}

/// `irate` and `idelta`.
struct Last {
    is_rate: bool,
}

/// A sample of either kind.
#[derive(Clone, Copy)]
struct Either<'w> {
    time_ms: i64,
    start_ms: i64,
    value: f64,
    hist: Option<&'w HistSample>,
}

/// The last two samples of both kinds together, the older one first.
fn last_two<'w>(window: &'w Window<'_>, uses_starts: bool) -> Option<(Either<'w>, Either<'w>)> {
    let count = window.values.len();
    let floats = (count.saturating_sub(2)..count).map(|at| Either {
        time_ms: window.times.get(at).copied().unwrap_or(0),
        start_ms: if uses_starts { window.starts.get(at).copied().unwrap_or(0) } else { 0 },
        value: window.values.get(at).copied().unwrap_or(0.0),
        hist: None,
    });
    let count = window.hists.len();
    let hists = window.hists.iter().skip(count.saturating_sub(2)).map(|hist| Either {
        time_ms: hist.time_ms,
        start_ms: if uses_starts { hist.start_ms } else { 0 },
        value: 0.0,
        hist: Some(hist),
    });
    let mut all: Vec<Either<'_>> = floats.chain(hists).collect();
    all.sort_by_key(|either| either.time_ms);
    match all[..] {
        [.., older, newer] => Some((older, newer)),
        _ => None,
    }
}

impl RangeFunction for Last {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        _step: usize,
    ) -> Result<Option<Point>, Error> {
        let uses_starts = around.context.options.use_start_timestamps && self.is_rate;
        let Some((older, newer)) = last_two(window, uses_starts) else {
            return Ok(None);
        };
        let seconds = (newer.time_ms - older.time_ms) as f64 / 1000.0;
        if seconds == 0.0 {
            return Ok(None);
        }
        let is_start_reset = is_start_reset((older.start_ms, older.time_ms), (newer.start_ms, newer.time_ms));
        Ok(match (older.hist, newer.hist) {
            (None, None) => {
                let is_reset = self.is_rate && (newer.value < older.value || is_start_reset);
                let change = if is_reset { newer.value } else { newer.value - older.value };
                Some(Point::Float(if self.is_rate { change / seconds } else { change }))
            }
            (Some(old), Some(new)) => {
                self.histograms(&old.value, &new.value, is_start_reset, seconds, around)
            }
            _ => {
                around.note(|notes, span, metric| notes.mixed_floats_histograms(span, metric));
                None
            }
        })
    }
}

impl Last {
    fn histograms(
        &self,
        old: &FloatHistogram,
        new: &FloatHistogram,
        is_start_reset: bool,
        seconds: f64,
        around: &Surroundings<'_>,
    ) -> Option<Point> {
        let has_gauge = old.hint == ResetHint::Gauge || new.hint == ResetHint::Gauge;
        let are_gauges = old.hint == ResetHint::Gauge && new.hint == ResetHint::Gauge;
        if self.is_rate && has_gauge {
            around.note(|notes, span, metric| notes.not_a_counter(span, metric));
        }
        if !self.is_rate && !are_gauges {
            around.note(|notes, span, metric| notes.not_a_gauge(span, metric));
        }
        let mut result = new.clone();
        if !self.is_rate || !(is_start_reset || new.is_reset_after(old)) {
            subtract(&mut result, old, around)?;
        }
        result.hint = ResetHint::Gauge;
        let result = result.compact();
        Some(Point::Hist(if self.is_rate { result.divide(seconds) } else { result }.into()))
    }
}
