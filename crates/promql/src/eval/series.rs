//! One series on its way through the operators.
//!
//! A point belongs to a step by its number. A series has at most one point a step, float or histogram;
//! both lists ascend.

use std::sync::Arc;

use hashbrown::HashMap;
use model::Labels;

use super::steps::Steps;
use super::{Error, SampleValue};
use crate::hist::FloatHistogram;
use crate::parser::NAME_LABEL;
use crate::source::Limits;

/// A number at a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Float {
    pub(crate) step: u32,
    pub(crate) value: f64,
}

/// A histogram at a step.
#[derive(Debug, Clone)]
pub(crate) struct Hist {
    pub(crate) step: u32,
    pub(crate) value: Arc<FloatHistogram>,
}

/// A series.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub(crate) labels: Labels,
    /// The name is to be dropped at the end (delayed name removal).
    pub(crate) drop_name: bool,
    pub(crate) floats: Vec<Float>,
    pub(crate) hists: Vec<Hist>,
}

/// One point without its step.
#[derive(Debug, Clone)]
pub(crate) enum Point {
    Float(f64),
    Hist(Arc<FloatHistogram>),
}

/// The error about two equal series.
pub(crate) fn same_labels() -> Error {
    Error::execution("vector cannot contain metrics with the same labelset")
}

/// Whether a label is the name or goes with it.
pub(crate) fn is_name_label(name: &str) -> bool {
    matches!(name, NAME_LABEL | "__type__" | "__unit__")
}

/// The labels without name, type and unit.
pub(crate) fn without_name(labels: &Labels) -> Labels {
    if labels.iter().any(|(name, _)| is_name_label(name)) {
        labels.filtered(|name| !is_name_label(name))
    } else {
        labels.clone()
    }
}

/// The metric's name, or nothing.
pub(crate) fn metric_name(labels: &Labels) -> &str {
    labels.get(NAME_LABEL).unwrap_or_default()
}

/// `{a="b", c="d"}` or `name{...}`, as Prometheus prints label sets in errors.
pub(crate) fn show_labels(labels: &Labels) -> String {
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            let name = if crate::matcher::is_plain_label(name) {
                name.to_owned()
            } else {
                stdx::go::quote::quote(name)
            };
            format!("{name}={}", stdx::go::quote::quote(value))
        })
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

impl Series {
    pub(crate) fn push(&mut self, step: usize, point: Point) {
        let step = step as u32;
        match point {
            Point::Float(value) => self.floats.push(Float { step, value }),
            Point::Hist(value) => self.hists.push(Hist { step, value }),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.floats.is_empty() && self.hists.is_empty()
    }

    /// What it counts against the limit of samples.
    pub(crate) fn samples(&self) -> usize {
        self.floats.len() + self.hists.iter().map(|hist| hist.value.samples()).sum::<usize>()
    }

    /// Its points in the order of steps.
    pub(crate) fn points(&self) -> impl Iterator<Item = (usize, Point)> + '_ {
        let (mut floats, mut hists) = (self.floats.iter().peekable(), self.hists.iter().peekable());
        std::iter::from_fn(move || {
            let take_float = match (floats.peek(), hists.peek()) {
                (Some(float), Some(hist)) => float.step <= hist.step,
                (float, _) => float.is_some(),
            };
            if take_float {
                floats.next().map(|float| (float.step as usize, Point::Float(float.value)))
            } else {
                hists.next().map(|hist| (hist.step as usize, Point::Hist(Arc::clone(&hist.value))))
            }
        })
    }

    pub(crate) fn to_samples(&self, steps: Steps) -> Vec<(i64, SampleValue)> {
        let mut out = Vec::with_capacity(self.floats.len() + self.hists.len());
        out.extend(self.points().map(|(step, point)| {
            let value = match point {
                Point::Float(value) => SampleValue::Float(value),
                Point::Hist(value) => SampleValue::Histogram(value),
            };
            (steps.time(step), value)
        }));
        out
    }
}

/// Walks over the points of several series step by step.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cursor {
    float: usize,
    hist: usize,
}

impl Cursor {
    /// The point of the series at `step`; steps must ascend.
    pub(crate) fn at<'s>(&mut self, series: &'s Series, step: usize) -> Option<PointRef<'s>> {
        let step = step as u32;
        while series.floats.get(self.float).is_some_and(|float| float.step < step) {
            self.float += 1;
        }
        while series.hists.get(self.hist).is_some_and(|hist| hist.step < step) {
            self.hist += 1;
        }
        if let Some(float) = series.floats.get(self.float)
            && float.step == step
        {
            return Some(PointRef::Float(float.value));
        }
        let hist = series.hists.get(self.hist)?;
        (hist.step == step).then_some(PointRef::Hist(&hist.value))
    }
}

/// A borrowed point.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PointRef<'s> {
    Float(f64),
    Hist(&'s Arc<FloatHistogram>),
}

impl PointRef<'_> {
    pub(crate) fn to_point(self) -> Point {
        match self {
            Self::Float(value) => Point::Float(value),
            Self::Hist(value) => Point::Hist(Arc::clone(value)),
        }
    }
}

/// About what an entry costs beside its bits.
const ENTRY_BYTES: usize = 48;

/// Refuses series that have the labels of an earlier one and a point at the same step. Series with
/// equal labels and no common step are one series in two pieces, which no operator minds.
#[derive(Debug, Default)]
pub(crate) struct Uniqueness {
    seen: HashMap<Labels, Vec<u64>>,
}

impl Uniqueness {
    pub(crate) fn check(&mut self, series: &Series, limits: &Limits<'_>) -> Result<(), Error> {
        let steps = self.seen.entry(series.labels.clone()).or_default();
        let of_hists = series.hists.iter().map(|hist| hist.step);
        for step in series.floats.iter().map(|float| float.step).chain(of_hists) {
            let (word, bit) = ((step / 64) as usize, 1_u64 << (step % 64));
            if steps.len() <= word {
                limits.take(ENTRY_BYTES + 8 * (word + 1 - steps.len()))?;
                steps.resize(word + 1, 0);
            }
            if let Some(word) = steps.get_mut(word) {
                if *word & bit != 0 {
                    return Err(same_labels());
                }
                *word |= bit;
            }
        }
        Ok(())
    }
}
