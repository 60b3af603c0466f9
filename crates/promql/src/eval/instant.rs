//! Instant vector selectors.
//!
//! In: a selector. Out: at each step the newest sample in (t - lookback, t], unless it marks the end
//! of the series. `smoothed` interpolates between the neighbours of t instead. `timestamp` directly on
//! a selector gives the sample's own time.

use std::sync::Arc;

use model::Labels;
use model::sample::STALE_NAN_BITS;

use super::extended;
use super::operator::{Boxed, Operator};
use super::plan::Select;
use super::read::{Markers, Reader, Samples, window};
use super::series::{Point, Series, without_name};
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::Extension;

/// What is made of the newest sample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Take {
    Value,
    Time,
    StartTime,
}

/// A sample with its times.
struct Newest {
    time_ms: i64,
    start_ms: i64,
    point: Point,
}

/// Finds the newest samples of one series; times must ascend.
#[derive(Default)]
pub(crate) struct Finder {
    floats: usize,
    hists: usize,
}

impl Finder {
    fn at(&mut self, samples: &Samples, time_ms: i64, lookback_ms: i64) -> Option<Newest> {
        while samples.times.get(self.floats).is_some_and(|&time| time <= time_ms) {
            self.floats += 1;
        }
        while samples.hists.get(self.hists).is_some_and(|hist| hist.time_ms <= time_ms) {
            self.hists += 1;
        }
        let float = self.floats.checked_sub(1);
        let hist = self.hists.checked_sub(1).and_then(|at| samples.hists.get(at));
        let float_ms = float.and_then(|at| samples.times.get(at).copied());
        let oldest = time_ms.saturating_sub(lookback_ms);
        if let Some(hist) = hist
            && float_ms.is_none_or(|float_ms| hist.time_ms > float_ms)
        {
            let is_valid = hist.time_ms > oldest && !hist.value.is_stale();
            return is_valid.then(|| Newest {
                time_ms: hist.time_ms,
                start_ms: hist.start_ms,
                point: Point::Hist(Arc::clone(&hist.value)),
            });
        }
        let at = float?;
        let (time, &value) = (float_ms?, samples.values.get(at)?);
        let is_valid = time > oldest && value.to_bits() != STALE_NAN_BITS;
        is_valid.then(|| Newest {
            time_ms: time,
            start_ms: samples.starts.get(at).copied().unwrap_or(0),
            point: Point::Float(value),
        })
    }
}

struct Selector<'c> {
    context: &'c Context<'c>,
    reader: Reader<'c>,
    select: &'c Select,
    steps: Steps,
    samples: Samples,
    take: Take,
}

impl Operator for Selector<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some(labels) = self.reader.next(&mut self.samples)? {
            let series = self.one(labels);
            if !series.is_empty() {
                return Ok(Some(series));
            }
        }
        Ok(None)
    }
}

impl Selector<'_> {
    fn one(&self, labels: Labels) -> Series {
        let options = &self.context.options;
        let mut series = Series { labels, ..Series::default() };
        if self.take != Take::Value {
            series.drop_name = true;
            if !options.delayed_name_removal {
                series.labels = without_name(&series.labels);
            }
        }
        if self.samples.hists.is_empty() {
            series.floats.reserve_exact(self.steps.count.min(self.samples.times.len() * 32));
        }
        let mut finder = Finder::default();
        for (step, time) in self.steps.iter() {
            let reference = self.select.at_ms.unwrap_or(time).saturating_sub(self.select.offset_ms);
            let found = finder.at(&self.samples, reference, options.lookback_ms);
            let Some(newest) = found else {
                continue;
            };
            let point = match self.take {
                Take::Value => newest.point,
                Take::Time => Point::Float(newest.time_ms as f64 / 1000.0),
                Take::StartTime => Point::Float(newest.start_ms as f64 / 1000.0),
            };
            series.push(step, point);
        }
        series
    }
}

/// The operator of a selector.
pub(crate) fn selector<'c>(
    context: &'c Context<'c>,
    select: &'c Select,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    if select.extension == Extension::Smoothed {
        return extended::smoothed_selector(context, select, steps);
    }
    newest(context, select, steps, Take::Value)
}

/// `timestamp` and `start_timestamp` directly on a selector. Start times are known only if they are
/// used at all.
pub(crate) fn timestamps<'c>(
    context: &'c Context<'c>,
    select: &'c Select,
    steps: Steps,
    is_start: bool,
) -> Result<Boxed<'c>, Error> {
    if is_start && !context.options.use_start_timestamps {
        return Ok(super::operator::collected(Vec::new()));
    }
    newest(context, select, steps, if is_start { Take::StartTime } else { Take::Time })
}

fn newest<'c>(
    context: &'c Context<'c>,
    select: &'c Select,
    steps: Steps,
    take: Take,
) -> Result<Boxed<'c>, Error> {
    let times = window(select, steps, context.options.lookback_ms, 0);
    let reader = Reader::new(context, select, steps, 0, times, Markers::Keep)?;
    let samples = Samples::default();
    Ok(Box::new(Selector { context, reader, select, steps, samples, take }))
}
