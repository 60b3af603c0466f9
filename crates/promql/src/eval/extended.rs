//! `anchored` and `smoothed`.
//!
//! In: a window that reaches further than the range by the lookback: backwards, and for `smoothed`
//! also forwards. Out: changes between the exact ends of the range. `anchored` takes the newest sample
//! at or before the start for the value there, `smoothed` interpolates at both ends; across the reset
//! of a counter it interpolates from zero. Nothing is extrapolated.

use std::sync::Arc;

use model::ResetHint;

use super::operator::{Boxed, Operator};
use super::plan::Select;
use super::range::{Surroundings, Window, all_samples};
use super::rate;
use super::read::{HistSample, Markers, Reader, Samples, window};
use super::series::{Point, Series, metric_name};
use super::steps::Steps;
use super::{Context, Error, SampleValue};
use crate::annotation::Annotations;
use crate::ast::Extension;
use crate::hist::FloatHistogram;
use crate::span::Span;

const ANCHORED: &[&str] = &["changes", "delta", "increase", "rate", "resets"];
const SMOOTHED: &[&str] = &["delta", "increase", "rate"];

/// Refuses functions that do not know the extension.
pub(super) fn check_function(extension: Extension, name: &str) -> Result<(), Error> {
    let (word, known) = match extension {
        Extension::None => return Ok(()),
        Extension::Anchored => ("anchored", ANCHORED),
        Extension::Smoothed => ("smoothed", SMOOTHED),
    };
    if known.contains(&name) {
        return Ok(());
    }
    Err(Error::Execution(format!(
        "{word} modifier can only be used with: {} - not with {name}",
        known.join(", ")
    )))
}

/// The value at a time between two samples.
fn interpolated(
    (time_before, before): (i64, f64),
    (time_after, after): (i64, f64),
    time: i64,
    is_counter: bool,
) -> f64 {
    let before = if is_counter && after < before { 0.0 } else { before };
    before + (after - before) * (time - time_before) as f64 / (time_after - time_before) as f64
}

/// The samples that matter: the last at or before the start, and the first at or after the end.
fn bounds(
    times: impl Fn(usize) -> i64,
    count: usize,
    range: (i64, i64),
    smoothed: bool,
) -> Option<(usize, usize)> {
    let last = count.checked_sub(1)?;
    let search = |limit: usize, holds: &dyn Fn(i64) -> bool| {
        let (mut low, mut high) = (0, limit);
        while low < high {
            let middle = low.midpoint(high);
            if holds(times(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    };
    let first = search(last, &|time| time > range.0).saturating_sub(1);
    let last = if smoothed { search(last, &|time| time >= range.1) } else { last };
    let is_outside = times(last) <= range.0 || (smoothed && times(first) > range.1);
    if is_outside { None } else { Some((first, last)) }
}

fn left_float(
    times: &[i64],
    values: &[f64],
    first: usize,
    from: i64,
    smoothed: bool,
    is_counter: bool,
) -> Option<f64> {
    let (&time, &value) = (times.get(first)?, values.get(first)?);
    if smoothed && time < from {
        let next = (*times.get(first + 1)?, *values.get(first + 1)?);
        return Some(interpolated((time, value), next, from, is_counter));
    }
    Some(value)
}

fn right_float(
    times: &[i64],
    values: &[f64],
    last: usize,
    to: i64,
    smoothed: bool,
    is_counter: bool,
) -> Option<f64> {
    let (&time, &value) = (times.get(last)?, values.get(last)?);
    if smoothed && last > 0 && time > to {
        let before = (*times.get(last - 1)?, *values.get(last - 1)?);
        return Some(interpolated(before, (time, value), to, is_counter));
    }
    Some(value)
}

/// `rate`, `increase` and `delta` of an extended window of one kind.
pub(super) fn rate(
    window: &Window<'_>,
    around: &Surroundings<'_>,
    is_counter: bool,
    is_rate: bool,
) -> Option<Point> {
    let seconds = around.range_ms as f64 / 1000.0;
    if window.hists.is_empty() {
        let change = float_change(window, around.extension == Extension::Smoothed, is_counter)?;
        return Some(Point::Float(if is_rate { change / seconds } else { change }));
    }
    let mut change = histogram_change(window, around, is_counter)?;
    if is_rate {
        change = change.divide(seconds);
    }
    change.hint = ResetHint::Gauge;
    Some(Point::Hist(change.compact().into()))
}

fn float_change(window: &Window<'_>, smoothed: bool, is_counter: bool) -> Option<f64> {
    let (times, values) = (window.times, window.values);
    let range = (window.from_ms, window.to_ms);
    let at = |index: usize| times.get(index).copied().unwrap_or(i64::MAX);
    let (mut first, last) = bounds(at, times.len(), range, smoothed)?;
    let left = left_float(times, values, first, range.0, smoothed, is_counter)?;
    let right = right_float(times, values, last, range.1, smoothed, is_counter)?;
    let mut change = right - left;
    if is_counter {
        // The ends stand for the samples at or beyond them.
        if at(first) <= range.0 {
            first += 1;
        }
        let end = if at(last) >= range.1 { last } else { last + 1 };
        let mut previous = left;
        let inside = values.get(first..end).unwrap_or_default().iter().copied();
        for value in inside.chain([right]) {
            if value < previous {
                change += previous;
            }
            previous = value;
        }
    }
    Some(change)
}

/// The histogram at a time between two samples.
fn interpolated_histogram(
    before: &HistSample,
    after: &HistSample,
    time: i64,
    is_counter: bool,
    notes: &mut Annotations,
    (span, metric): (Span, &str),
) -> Option<FloatHistogram> {
    if time == before.time_ms {
        return Some((*before.value).clone());
    }
    if time == after.time_ms {
        return Some((*after.value).clone());
    }
    let share = (time - before.time_ms) as f64 / (after.time_ms - before.time_ms) as f64;
    let mut result = (*after.value).clone();
    if is_counter && after.value.is_reset_after(&before.value) {
        return Some(result.scale(share));
    }
    let mut combine = |result: &mut FloatHistogram, is_sum: bool| {
        let (done, word) = if is_sum {
            (result.add(&before.value), "addition")
        } else {
            (result.sub(&before.value), "subtraction")
        };
        match done {
            Ok(combined) => {
                if combined.has_reconciled_bounds {
                    notes.reconciled_bounds(span, word);
                }
                Some(())
            }
            Err(_) => {
                notes.mixed_schemas(span, metric);
                None
            }
        }
    };
    combine(&mut result, false)?;
    result = result.scale(share);
    combine(&mut result, true)?;
    Some(result)
}

fn histogram_change(
    window: &Window<'_>,
    around: &Surroundings<'_>,
    is_counter: bool,
) -> Option<FloatHistogram> {
    let hists = window.hists;
    let smoothed = around.extension == Extension::Smoothed;
    let (from, to) = (window.from_ms, window.to_ms);
    let at = |index: usize| hists.get(index).map_or(i64::MAX, |hist| hist.time_ms);
    let (first, last) = bounds(at, hists.len(), (from, to), smoothed)?;
    let relevant = hists.get(first..=last)?;
    let is_custom = relevant.first()?.value.has_custom_bounds();
    for hist in relevant {
        if hist.value.has_custom_bounds() != is_custom {
            around.note(|notes, span, metric| notes.mixed_schemas(span, metric));
            return None;
        }
        if is_counter && hist.value.hint == ResetHint::Gauge {
            around.note(|notes, span, metric| notes.not_a_counter(span, metric));
        }
    }
    let between = |a: usize, b: usize, time: i64| {
        let mut notes = around.context.notes.borrow_mut();
        let place = (around.span, around.metric());
        interpolated_histogram(hists.get(a)?, hists.get(b)?, time, is_counter, &mut notes, place)
    };
    let left = if smoothed && at(first) < from {
        between(first, first + 1, from)?
    } else {
        (*hists.get(first)?.value).clone()
    };
    let right = if smoothed && last > 0 && at(last) > to {
        between(last - 1, last, to)?
    } else {
        (*hists.get(last)?.value).clone()
    };
    let are_gauges = left.hint == ResetHint::Gauge && right.hint == ResetHint::Gauge;
    if !is_counter && !are_gauges {
        around.note(|notes, span, metric| notes.not_a_gauge(span, metric));
    }
    let mut result = right.clone();
    rate::subtract(&mut result, &left, around)?;
    if is_counter
        && let Some(lost) = lost_in_resets(hists, (first, last), (&left, &right), from, smoothed, around)?
    {
        rate::add(&mut result, &lost, around)?;
    }
    Some(result)
}

/// What a counter lost in resets between the ends. The outer `None` says that schemas did not fit.
#[expect(clippy::option_option, reason = "no loss and no result are different")]
fn lost_in_resets(
    hists: &[HistSample],
    (first, last): (usize, usize),
    (left, right): (&FloatHistogram, &FloatHistogram),
    from: i64,
    smoothed: bool,
    around: &Surroundings<'_>,
) -> Option<Option<FloatHistogram>> {
    let mut begin = first + 1;
    let mut previous = left;
    if smoothed
        && hists.get(first)?.time_ms < from
        && let Some(next) = hists.get(first + 1)
        && next.value.is_reset_after(&hists.get(first)?.value)
    {
        // The interpolation at the left end has taken this reset into account.
        previous = &next.value;
        begin += 1;
    }
    // The last sample is the right end itself, or beyond it.
    if begin > last {
        return Some(None);
    }
    let mut lost: Option<FloatHistogram> = None;
    let mut lose = |h: &FloatHistogram| match &mut lost {
        None => {
            lost = Some(h.clone());
            Some(())
        }
        Some(lost) => rate::add(lost, h, around),
    };
    for hist in hists.get(begin..last).unwrap_or_default() {
        if hist.value.is_reset_after(previous) {
            lose(previous)?;
        }
        previous = &hist.value;
    }
    if right.is_reset_after(previous) {
        lose(previous)?;
    }
    Some(lost)
}

/// The samples of a bare range selector: with points at both ends if it is extended.
pub(super) fn bare_window(
    samples: &Samples,
    from: i64,
    to: i64,
    extension: Extension,
    (after, until): (i64, i64),
) -> Result<Vec<(i64, SampleValue)>, Error> {
    if extension == Extension::None {
        return Ok(all_samples(samples, from, to));
    }
    let smoothed = extension == Extension::Smoothed;
    let is_inside = |time: i64| time > after && time <= until;
    if samples.hists.iter().any(|hist| is_inside(hist.time_ms)) {
        let word = if smoothed { "smoothed" } else { "anchored" };
        return Err(Error::Execution(format!("{word} modifier is not supported with histograms")));
    }
    let start = samples.times.partition_point(|&time| time <= after);
    let end = samples.times.partition_point(|&time| time <= until);
    let times = samples.times.get(start..end).unwrap_or_default();
    let values = samples.values.get(start..end).unwrap_or_default();
    let at = |index: usize| times.get(index).copied().unwrap_or(i64::MAX);
    let Some((first, last)) = bounds(at, times.len(), (from, to), smoothed) else {
        return Ok(Vec::new());
    };
    let (Some(left), Some(right)) = (
        left_float(times, values, first, from, smoothed, false),
        right_float(times, values, last, to, smoothed, false),
    ) else {
        return Ok(Vec::new());
    };
    let inside = times
        .iter()
        .zip(values)
        .filter(|&(&time, _)| time > from && time < to)
        .map(|(&time, &value)| (time, value));
    let all = [(from, left)].into_iter().chain(inside).chain([(to, right)]);
    Ok(all.map(|(time, value)| (time, SampleValue::Float(value))).collect())
}

struct SmoothedSelector<'c> {
    context: &'c Context<'c>,
    reader: Reader<'c>,
    select: &'c Select,
    steps: Steps,
    samples: Samples,
}

/// An instant selector that interpolates.
pub(super) fn smoothed_selector<'c>(
    context: &'c Context<'c>,
    select: &'c Select,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let lookback = context.options.lookback_ms;
    let times = window(select, steps, lookback, lookback);
    let reader = Reader::new(context, select, steps, 0, times, Markers::Drop)?;
    let samples = Samples::default();
    Ok(Box::new(SmoothedSelector { context, reader, select, steps, samples }))
}

impl Operator for SmoothedSelector<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some(labels) = self.reader.next(&mut self.samples)? {
            let mut series = Series { labels, ..Series::default() };
            for (step, time) in self.steps.iter() {
                let time = self.select.at_ms.unwrap_or(time).saturating_sub(self.select.offset_ms);
                if let Some(point) = self.at(time, metric_name(&series.labels)) {
                    series.push(step, point);
                }
            }
            if !series.is_empty() {
                return Ok(Some(series));
            }
        }
        Ok(None)
    }
}

impl SmoothedSelector<'_> {
    fn at(&self, time: i64, metric: &str) -> Option<Point> {
        let lookback = self.context.options.lookback_ms;
        let (after, until) = (time.saturating_sub(lookback), time.saturating_add(lookback));
        let samples = &self.samples;
        let start = samples.times.partition_point(|&t| t <= after);
        let end = samples.times.partition_point(|&t| t <= until);
        let (times, values) = (samples.times.get(start..end)?, samples.values.get(start..end)?);
        let hist_start = samples.hists.partition_point(|hist| hist.time_ms <= after);
        let hist_end = samples.hists.partition_point(|hist| hist.time_ms <= until);
        let hists = samples.hists.get(hist_start..hist_end)?;
        let span = self.select.span;
        let mut notes = self.context.notes.borrow_mut();
        if !times.is_empty() && !hists.is_empty() {
            notes.mixed_floats_histograms(span, metric);
            return None;
        }
        if hists.is_empty() {
            let next = times.partition_point(|&t| t < time);
            if times.get(next) == Some(&time) {
                return values.get(next).copied().map(Point::Float);
            }
            let before = next.checked_sub(1)?;
            let (&time_before, &value) = (times.get(before)?, values.get(before)?);
            return Some(Point::Float(match (times.get(next), values.get(next)) {
                (Some(&time_after), Some(&after)) => {
                    interpolated((time_before, value), (time_after, after), time, false)
                }
                _ => value,
            }));
        }
        let next = hists.partition_point(|hist| hist.time_ms < time);
        if let Some(hist) = hists.get(next)
            && hist.time_ms == time
        {
            return Some(Point::Hist(Arc::clone(&hist.value)));
        }
        let before = hists.get(next.checked_sub(1)?)?;
        let Some(after) = hists.get(next) else {
            let mut value = (*before.value).clone();
            value.hint = ResetHint::Unknown;
            return Some(Point::Hist(value.into()));
        };
        if before.value.has_custom_bounds() != after.value.has_custom_bounds() {
            notes.mixed_schemas(span, metric);
            return None;
        }
        let is_counter = before.value.hint != ResetHint::Gauge || after.value.hint != ResetHint::Gauge;
        interpolated_histogram(before, after, time, is_counter, &mut notes, (span, metric))
            .map(|value| Point::Hist(value.into()))
    }
}
