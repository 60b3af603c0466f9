//! `*_over_time`: aggregations over the samples of a window.
//!
//! Sums and means are compensated and computed anew for each window, so that they equal Prometheus'
//! to the last digit. Histograms take part in some of them; see each function.

use super::Error;
use super::quantile::quantile;
use super::range::{RangeFunction, Surroundings, Window};
use super::series::Point;
use crate::hist::FloatHistogram;
use crate::hist::kahan::{HistogramSum, finite_sum, kahan};
use model::ResetHint;

/// The function with this name.
pub(super) fn function(name: &str) -> Option<Box<dyn RangeFunction>> {
    let simple = |function: Simple| -> Option<Box<dyn RangeFunction>> { Some(Box::new(function)) };
    match name {
        "avg_over_time" => simple(Simple(avg)),
        "count_over_time" => simple(Simple(count)),
        "first_over_time" => simple(Simple(first)),
        "last_over_time" => simple(Simple(last)),
        "mad_over_time" => simple(Simple(mad)),
        "max_over_time" => simple(Simple(max)),
        "min_over_time" => simple(Simple(min)),
        "present_over_time" | "absent_over_time" => simple(Simple(present)),
        "stddev_over_time" => simple(Simple(stddev)),
        "stdvar_over_time" => simple(Simple(stdvar)),
        "sum_over_time" => simple(Simple(sum)),
        "ts_of_first_over_time" => simple(Simple(time_of_first)),
        "ts_of_last_over_time" => simple(Simple(time_of_last)),
        "ts_of_max_over_time" => simple(Simple(time_of_max)),
        "ts_of_min_over_time" => simple(Simple(time_of_min)),
        "quantile_over_time" => Some(Box::new(QuantileOverTime)),
        _ => None,
    }
}

/// A function that needs nothing but the window.
struct Simple(fn(&Window<'_>, &Surroundings<'_>) -> Option<Point>);

impl RangeFunction for Simple {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        _step: usize,
    ) -> Result<Option<Point>, Error> {
        Ok((self.0)(window, around))
    }
}

/// Notes a mix of both kinds, in which neither sum nor mean exist.
fn is_mixed(window: &Window<'_>, around: &Surroundings<'_>) -> bool {
    let is_mixed = !window.values.is_empty() && !window.hists.is_empty();
    if is_mixed {
        around.note(|notes, span, metric| notes.mixed_floats_histograms(span, metric));
    }
    is_mixed
}

/// The floats of a window of a function that ignores histograms; says so if there are both.
fn floats_only<'w>(window: &Window<'w>, around: &Surroundings<'_>) -> Option<&'w [f64]> {
    if window.values.is_empty() {
        return None;
    }
    if !window.hists.is_empty() {
        around.note(|notes, span, metric| notes.ignored_in_range(span, metric));
    }
    Some(window.values)
}

fn sum(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    if is_mixed(window, around) {
        return None;
    }
    if window.values.is_empty() {
        return histogram_sum(window, around);
    }
    if let Some((sum, rest)) = finite_sum(0.0, window.values) {
        return Some(Point::Float(sum + rest));
    }
    let (mut sum, mut rest) = (0.0, 0.0);
    for &value in window.values {
        (sum, rest) = kahan(value, sum, rest);
    }
    Some(Point::Float(if sum.is_infinite() { sum } else { sum + rest }))
}

fn avg(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    if is_mixed(window, around) {
        return None;
    }
    let Some((&first, others)) = window.values.split_first() else {
        return histogram_avg(window, around);
    };
    Some(Point::Float(mean(first, others)))
}

/// The compensated mean: of the sum as long as that does not overflow, else incrementally.
pub(super) fn mean(first: f64, others: &[f64]) -> f64 {
    if let Some((sum, rest)) = finite_sum(first, others) {
        let count = (others.len() + 1) as f64;
        return sum / count + rest / count;
    }
    let (mut sum, mut rest) = (first, 0.0);
    for (at, &value) in others.iter().enumerate() {
        let (next_sum, next_rest) = kahan(value, sum, rest);
        if next_sum.is_infinite() {
            return incremental_mean(sum, rest, at + 1, others.get(at..).unwrap_or_default());
        }
        (sum, rest) = (next_sum, next_rest);
    }
    let count = (others.len() + 1) as f64;
    sum / count + rest / count
}

/// Goes on from a sum of `count` values.
fn incremental_mean(sum: f64, rest: f64, count: usize, others: &[f64]) -> f64 {
    let mut count = count as f64;
    let (mut mean, mut rest) = (sum / count, rest / count);
    for &value in others {
        count += 1.0;
        let share = (count - 1.0) / count;
        (mean, rest) = kahan(value / count, share * mean, share * rest);
    }
    mean + rest
}

/// Notes about the hints and bounds of the histograms of a window.
#[derive(Default)]
struct HistogramNotes {
    has_reset: bool,
    has_no_reset: bool,
    has_reconciled: bool,
}

impl HistogramNotes {
    fn see(&mut self, h: &FloatHistogram) {
        self.has_reset |= h.hint == ResetHint::Reset;
        self.has_no_reset |= h.hint == ResetHint::NotReset;
    }

    fn tell(&self, around: &Surroundings<'_>) {
        if self.has_reset && self.has_no_reset {
            around.note(|notes, span, _| notes.reset_conflict(span, "aggregation"));
        }
        if self.has_reconciled {
            around.note(|notes, span, _| notes.reconciled_bounds(span, "aggregation"));
        }
    }
}

fn note_mixed_schemas(around: &Surroundings<'_>) {
    around.note(|notes, span, metric| notes.mixed_schemas(span, metric));
}

fn histogram_sum(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    let (first, others) = window.hists.split_first()?;
    let mut notes = HistogramNotes::default();
    notes.see(&first.value);
    let mut sum = HistogramSum::new(&first.value);
    for hist in others {
        notes.see(&hist.value);
        match sum.add(&hist.value) {
            Ok(combined) => notes.has_reconciled |= combined.has_reconciled_bounds,
            Err(_) => {
                note_mixed_schemas(around);
                return None;
            }
        }
    }
    notes.tell(around);
    Some(Point::Hist(sum.finish().into()))
}

fn histogram_avg(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    let (first, others) = window.hists.split_first()?;
    let mut notes = HistogramNotes::default();
    notes.see(&first.value);
    let mut mean = HistogramMean::new(&first.value);
    for hist in others {
        notes.see(&hist.value);
        match mean.add(&hist.value) {
            Ok(has_reconciled) => notes.has_reconciled |= has_reconciled,
            Err(_) => {
                note_mixed_schemas(around);
                return None;
            }
        }
    }
    notes.tell(around);
    Some(Point::Hist(mean.finish().into()))
}

/// The mean of histograms, by the same rule as that of floats.
#[derive(Debug, Clone)]
pub(super) struct HistogramMean {
    sum: HistogramSum,
    count: f64,
    is_incremental: bool,
}

impl HistogramMean {
    pub(super) fn new(first: &FloatHistogram) -> Self {
        Self { sum: HistogramSum::new(first), count: 1.0, is_incremental: false }
    }

    /// Adds one; says whether bounds were reconciled.
    pub(super) fn add(&mut self, h: &FloatHistogram) -> Result<bool, crate::hist::IncompatibleSchema> {
        self.count += 1.0;
        if !self.is_incremental {
            let mut next = self.sum.clone();
            let combined = next.add(h)?;
            if !next.has_overflow() {
                self.sum = next;
                return Ok(combined.has_reconciled_bounds);
            }
            self.is_incremental = true;
            self.sum = self.sum.clone().divide(self.count - 1.0);
        }
        let share = (self.count - 1.0) / self.count;
        self.sum = self.sum.clone().scale(share);
        let combined = self.sum.add(&h.clone().divide(self.count))?;
        Ok(combined.has_reconciled_bounds)
    }

    pub(super) fn finish(self) -> FloatHistogram {
        if self.is_incremental { self.sum.finish() } else { self.sum.divide(self.count).finish() }
    }
}

fn count(window: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    Some(Point::Float((window.values.len() + window.hists.len()) as f64))
}

fn present(_: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    Some(Point::Float(1.0))
}

fn first(window: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    match (window.values.first(), window.hists.first()) {
        (Some(&value), Some(hist)) if window.times.first().is_some_and(|&t| t < hist.time_ms) => {
            Some(Point::Float(value))
        }
        (_, Some(hist)) => Some(Point::Hist(hist.value.clone())),
        (value, None) => value.copied().map(Point::Float),
    }
}

fn last(window: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    match (window.values.last(), window.hists.last()) {
        (Some(&value), Some(hist)) if window.times.last().is_some_and(|&t| hist.time_ms < t) => {
            Some(Point::Float(value))
        }
        (_, Some(hist)) => Some(Point::Hist(hist.value.clone())),
        (value, None) => value.copied().map(Point::Float),
    }
}

/// The best value and its time; NaN gives way to everything.
fn best(
    window: &Window<'_>,
    around: &Surroundings<'_>,
    is_better: impl Fn(f64, f64) -> bool,
) -> Option<(f64, i64)> {
    let values = floats_only(window, around)?;
    let mut best = (*values.first()?, *window.times.first()?);
    for (&value, &time) in values.iter().zip(window.times) {
        if is_better(value, best.0) || best.0.is_nan() {
            best = (value, time);
        }
    }
    Some(best)
}

fn max(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    best(window, around, |value, best| value > best).map(|(value, _)| Point::Float(value))
}

fn min(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    best(window, around, |value, best| value < best).map(|(value, _)| Point::Float(value))
}

fn seconds(ms: i64) -> Point {
    Point::Float(ms as f64 / 1000.0)
}

fn time_of_max(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    best(window, around, |value, best| value >= best).map(|(_, time)| seconds(time))
}

fn time_of_min(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    best(window, around, |value, best| value <= best).map(|(_, time)| seconds(time))
}

fn time_of_first(window: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    let floats = window.times.first().copied();
    let hists = window.hists.first().map(|hist| hist.time_ms);
    floats.into_iter().chain(hists).min().map(seconds)
}

fn time_of_last(window: &Window<'_>, _: &Surroundings<'_>) -> Option<Point> {
    let floats = window.times.last().copied();
    let hists = window.hists.last().map(|hist| hist.time_ms);
    floats.into_iter().chain(hists).max().map(seconds)
}

/// Welford's variance, both terms compensated.
fn variance(values: &[f64]) -> f64 {
    let (mut count, mut mean, mut mean_rest, mut sum, mut sum_rest) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for &value in values {
        count += 1.0;
        let delta = value - (mean + mean_rest);
        (mean, mean_rest) = kahan(delta / count, mean, mean_rest);
        (sum, sum_rest) = kahan(delta * (value - (mean + mean_rest)), sum, sum_rest);
    }
    (sum + sum_rest) / count
}

fn stdvar(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    floats_only(window, around).map(|values| Point::Float(variance(values)))
}

fn stddev(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    floats_only(window, around).map(|values| Point::Float(variance(values).sqrt()))
}

/// The median absolute deviation; undefined with any NaN.
fn mad(window: &Window<'_>, around: &Surroundings<'_>) -> Option<Point> {
    let values = floats_only(window, around)?;
    if values.iter().any(|value| value.is_nan()) {
        return Some(Point::Float(f64::NAN));
    }
    let median = quantile(0.5, &mut values.to_vec());
    let mut deviations: Vec<f64> = values.iter().map(|value| (value - median).abs()).collect();
    Some(Point::Float(quantile(0.5, &mut deviations)))
}

struct QuantileOverTime;

impl RangeFunction for QuantileOverTime {
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        step: usize,
    ) -> Result<Option<Point>, Error> {
        let q = around.scalar(0, step);
        if window.values.is_empty() {
            return Ok(None);
        }
        let mut notes = around.context.notes.borrow_mut();
        if !(0.0..=1.0).contains(&q) {
            notes.invalid_quantile(around.first_span, q);
        }
        if !window.hists.is_empty() {
            notes.ignored_in_range(around.first_span, around.metric());
        }
        Ok(Some(Point::Float(quantile(q, &mut window.values.to_vec()))))
    }
}
