//! Functions over range vectors: the windows.
//!
//! In: a range selector or subquery and a function. Out: for each series and step the function's value
//! over the samples in (t - range, t]. All samples of a series are in columns, so that a window is a
//! slice of them; a function may prepare a series once, which is how `rate` needs no look at the
//! samples inside a window.

use model::{Labels, ResetHint};

use super::operator::{Boxed, Operator, Scalar};
use super::plan::{CallPlan, Plan, PlanKind, SelectRange, Subplan};
use super::read::{HistSample, Markers, Reader, Samples, window};
use super::series::{Point, Series, Uniqueness, is_name_label, metric_name, without_name};
use super::steps::Steps;
use super::{Context, Error, ResultSeries, SampleValue, changes, extended, over_time, rate, regression};
use crate::ast::Extension;
use crate::matcher::MatchOp;
use crate::parser::NAME_LABEL;
use crate::span::Span;

/// The samples that a function sees at one step.
pub(crate) struct Window<'w> {
    pub(crate) times: &'w [i64],
    pub(crate) values: &'w [f64],
    /// As long as the others, or empty.
    pub(crate) starts: &'w [i64],
    pub(crate) hists: &'w [HistSample],
    /// Where the floats begin in the series.
    pub(crate) first: usize,
    /// The time of the step.
    pub(crate) step_ms: i64,
    /// The start of the range, which does not belong to it.
    pub(crate) from_ms: i64,
    /// The end of the range.
    pub(crate) to_ms: i64,
}

/// What a function knows beside the window.
pub(crate) struct Surroundings<'c> {
    pub(crate) context: &'c Context<'c>,
    /// The place of the range argument, for annotations.
    pub(crate) span: Span,
    /// The labels of the series with its name.
    pub(crate) labels: Labels,
    /// Scalar arguments.
    pub(crate) scalars: Vec<Scalar>,
    /// The place of the first argument.
    pub(crate) first_span: Span,
    pub(crate) range_ms: i64,
    pub(crate) extension: Extension,
}

impl Surroundings<'_> {
    pub(crate) fn metric(&self) -> &str {
        metric_name(&self.labels)
    }

    pub(crate) fn note(&self, add: impl FnOnce(&mut crate::annotation::Annotations, Span, &str)) {
        add(&mut self.context.notes.borrow_mut(), self.span, self.metric());
    }

    pub(crate) fn scalar(&self, argument: usize, step: usize) -> f64 {
        self.scalars.get(argument).map_or(f64::NAN, |scalar| scalar.at(step))
    }
}

/// A function over a window.
pub(crate) trait RangeFunction {
    /// Called once before the windows of a series.
    fn begin(&mut self, _samples: &Samples, _around: &Surroundings<'_>) {}

    /// The value at one step; the window is not empty.
    fn value(
        &mut self,
        window: &Window<'_>,
        around: &Surroundings<'_>,
        step: usize,
    ) -> Result<Option<Point>, Error>;
}

/// The function with this name.
fn function(name: &str) -> Option<Box<dyn RangeFunction>> {
    over_time::function(name)
        .or_else(|| rate::function(name))
        .or_else(|| changes::function(name))
        .or_else(|| regression::function(name))
}

/// Whether a function takes a range vector.
pub(crate) fn is_range_function(name: &str) -> bool {
    function(name).is_some()
}

/// Where the series come from.
enum Input<'c> {
    Selector(Reader<'c>),
    Subquery(Boxed<'c>, Steps),
}

impl Input<'_> {
    /// The next series, and whether its name is to be dropped already.
    fn next(&mut self, samples: &mut Samples) -> Result<Option<(Labels, bool)>, Error> {
        match self {
            Self::Selector(reader) => Ok(reader.next(samples)?.map(|labels| (labels, false))),
            Self::Subquery(operator, steps) => {
                let Some(series) = operator.next()? else {
                    return Ok(None);
                };
                samples.clear();
                for float in &series.floats {
                    samples.times.push(steps.time(float.step as usize));
                    samples.values.push(float.value);
                }
                for hist in series.hists {
                    // What the hint says of the sample before is not true of the point before.
                    let mut value = hist.value;
                    if matches!(value.hint, ResetHint::Reset | ResetHint::NotReset) {
                        let mut changed = (*value).clone();
                        changed.hint = ResetHint::Unknown;
                        value = changed.into();
                    }
                    let time_ms = steps.time(hist.step as usize);
                    samples.hists.push(HistSample { time_ms, start_ms: 0, value });
                }
                Ok(Some((series.labels, series.drop_name)))
            }
        }
    }
}

/// Points for which room is made at once; a series of more steps grows.
const RESERVED_POINTS_MAX: usize = 16_384;

/// Times of a range argument.
#[derive(Debug, Clone, Copy)]
struct Reach {
    at_ms: Option<i64>,
    offset_ms: i64,
    range_ms: i64,
    /// Further back than the range (`anchored`, `smoothed`).
    before_ms: i64,
    /// Beyond its end (`smoothed`).
    behind_ms: i64,
}

struct RangeCall<'c> {
    input: Input<'c>,
    samples: Samples,
    function: Box<dyn RangeFunction>,
    around: Surroundings<'c>,
    steps: Steps,
    reach: Reach,
    keeps_name: bool,
    checks_counter: bool,
    /// All series have one name, so that they differ without it too.
    has_one_name: bool,
    unique: Uniqueness,
}

impl Operator for RangeCall<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some((labels, drop_name)) = self.input.next(&mut self.samples)? {
            self.around.context.limits.check()?;
            let context = self.around.context;
            let mut series = Series {
                labels: labels.clone(),
                drop_name: drop_name || !self.keeps_name,
                ..Series::default()
            };
            if series.drop_name && !context.options.delayed_name_removal {
                series.labels = without_name(&labels);
            }
            self.around.labels = labels;
            self.windows(&mut series)?;
            if series.is_empty() {
                continue;
            }
            if self.checks_counter && !series.floats.is_empty() {
                rate::note_possible_gauge(&self.around);
            }
            let is_unique = self.has_one_name && !has_metadata_labels(&self.around.labels);
            if !context.options.delayed_name_removal && !is_unique {
                self.unique.check(&series, context.limits)?;
            }
            return Ok(Some(series));
        }
        Ok(None)
    }
}

/// Whether a series has labels that go away with its name and may differ where the name does not.
fn has_metadata_labels(labels: &Labels) -> bool {
    labels.iter().any(|(name, _)| name != NAME_LABEL && is_name_label(name))
}

impl RangeCall<'_> {
    fn windows(&mut self, series: &mut Series) -> Result<(), Error> {
        let samples = &self.samples;
        self.function.begin(samples, &self.around);
        let (mut low, mut high, mut hist_low, mut hist_high) = (0, 0, 0, 0);
        let reach = self.reach;
        if !samples.times.is_empty() {
            series.floats.reserve(self.steps.count.min(RESERVED_POINTS_MAX));
        }
        for (step, time) in self.steps.iter() {
            let to_ms = reach.at_ms.unwrap_or(time).saturating_sub(reach.offset_ms);
            let from_ms = to_ms.saturating_sub(reach.range_ms);
            let (after, until) =
                (from_ms.saturating_sub(reach.before_ms), to_ms.saturating_add(reach.behind_ms));
            while samples.times.get(high).is_some_and(|&time| time <= until) {
                high += 1;
            }
            while low < high && samples.times.get(low).is_some_and(|&time| time <= after) {
                low += 1;
            }
            while samples.hists.get(hist_high).is_some_and(|hist| hist.time_ms <= until) {
                hist_high += 1;
            }
            while hist_low < hist_high
                && samples.hists.get(hist_low).is_some_and(|hist| hist.time_ms <= after)
            {
                hist_low += 1;
            }
            if low == high && hist_low == hist_high {
                continue;
            }
            let window = Window {
                times: samples.times.get(low..high).unwrap_or_default(),
                values: samples.values.get(low..high).unwrap_or_default(),
                starts: samples.starts.get(low..high).unwrap_or_default(),
                hists: samples.hists.get(hist_low..hist_high).unwrap_or_default(),
                first: low,
                step_ms: time,
                from_ms,
                to_ms,
            };
            if let Some(point) = self.function.value(&window, &self.around, step)? {
                series.push(step, point);
            }
        }
        Ok(())
    }
}

/// The steps at which a subquery is evaluated: multiples of its step in its range.
fn subquery_steps(subplan: &Subplan, steps: Steps) -> Result<Steps, Error> {
    let (first, last) = match subplan.at_ms {
        Some(at) => (at, at),
        None => (steps.start_ms, steps.last_ms()),
    };
    let end = last.saturating_sub(subplan.offset_ms);
    let after = first.saturating_sub(subplan.offset_ms).saturating_sub(subplan.range_ms);
    let interval = subplan.step_ms;
    let start = after.div_euclid(interval).saturating_add(1).saturating_mul(interval);
    Steps::between(start, end, interval)
}

/// Evaluates a call with a range argument.
pub(crate) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let name = call.function.name;
    let function = function(name).ok_or_else(|| Error::execution("unknown function"))?;
    let mut scalars = Vec::new();
    let mut input = None;
    for arg in &call.args {
        match &arg.kind {
            PlanKind::Range(_) | PlanKind::Subquery(_) => input = Some(arg),
            _ => scalars.push(context.scalar(arg, steps)?),
        }
    }
    let argument = input.ok_or_else(|| Error::execution("expected a range vector"))?;
    let first_span = call.args.first().map_or(argument.span, |arg| arg.span);
    let has_one_name = match &argument.kind {
        PlanKind::Range(range) => range
            .select
            .matchers
            .iter()
            .any(|matcher| *matcher.name == *NAME_LABEL && matcher.op == MatchOp::Equal),
        _ => false,
    };
    let (input, reach, extension) = open(context, argument, steps, name)?;
    let around = Surroundings {
        context,
        span: argument.span,
        labels: Labels::empty(),
        scalars,
        first_span,
        range_ms: reach.range_ms,
        extension,
    };
    Ok(Box::new(RangeCall {
        input,
        samples: Samples::default(),
        function,
        around,
        steps,
        reach,
        keeps_name: matches!(name, "last_over_time" | "first_over_time"),
        checks_counter: matches!(name, "rate" | "increase"),
        has_one_name,
        unique: Uniqueness::default(),
    }))
}

fn open<'c>(
    context: &'c Context<'c>,
    argument: &'c Plan,
    steps: Steps,
    name: &str,
) -> Result<(Input<'c>, Reach, Extension), Error> {
    match &argument.kind {
        PlanKind::Range(range) => {
            let reach = extended_reach(context, range, name)?;
            let select = &range.select;
            let back = reach.range_ms.saturating_add(reach.before_ms);
            let times = window(select, steps, back, reach.behind_ms);
            let reader = Reader::new(context, select, steps, reach.range_ms, times, Markers::Drop)?;
            Ok((Input::Selector(reader), reach, select.extension))
        }
        PlanKind::Subquery(subplan) => {
            let inner = subquery_steps(subplan, steps)?;
            let operator = context.vector(&subplan.inner, inner)?;
            let reach = Reach {
                at_ms: subplan.at_ms,
                offset_ms: subplan.offset_ms,
                range_ms: subplan.range_ms,
                before_ms: 0,
                behind_ms: 0,
            };
            Ok((Input::Subquery(operator, inner), reach, Extension::None))
        }
        _ => Err(Error::execution("expected a range vector")),
    }
}

fn extended_reach(context: &Context<'_>, range: &SelectRange, name: &str) -> Result<Reach, Error> {
    let select = &range.select;
    let lookback = context.options.lookback_ms;
    let (before_ms, behind_ms) = match select.extension {
        Extension::None => (0, 0),
        Extension::Anchored => (lookback, 0),
        Extension::Smoothed => (lookback, lookback),
    };
    if !name.is_empty() {
        extended::check_function(select.extension, name)?;
    }
    Ok(Reach {
        at_ms: select.at_ms,
        offset_ms: select.offset_ms,
        range_ms: range.range_ms,
        before_ms,
        behind_ms,
    })
}

impl<'c> Context<'c> {
    /// The samples of a query of range vector type, at its one step.
    pub(super) fn matrix(&'c self, plan: &'c Plan, steps: Steps) -> Result<Vec<ResultSeries>, Error> {
        let plan = match &plan.kind {
            PlanKind::Invariant(inner) => inner,
            _ => plan,
        };
        let (mut input, reach, extension) = open(self, plan, steps, "")?;
        let mut samples = Samples::default();
        let mut out: Vec<ResultSeries> = Vec::new();
        while let Some((labels, drop_name)) = input.next(&mut samples)? {
            let to_ms = reach.at_ms.unwrap_or(steps.start_ms).saturating_sub(reach.offset_ms);
            let from_ms = to_ms.saturating_sub(reach.range_ms);
            let reached = (from_ms.saturating_sub(reach.before_ms), to_ms.saturating_add(reach.behind_ms));
            let found = extended::bare_window(&samples, from_ms, to_ms, extension, reached)?;
            if found.is_empty() {
                continue;
            }
            self.limits.hold(found.len())?;
            let labels = if drop_name { without_name(&labels) } else { labels };
            out.push(ResultSeries { labels, samples: found });
        }
        out.sort_by(|a, b| a.labels.cmp(&b.labels));
        Ok(out)
    }
}

/// All samples of a series in (`after`, `until`], both kinds, in the order of time.
pub(crate) fn all_samples(samples: &Samples, after: i64, until: i64) -> Vec<(i64, SampleValue)> {
    let is_inside = |time: i64| time > after && time <= until;
    let floats =
        samples.times.iter().zip(&samples.values).map(|(&time, &value)| (time, SampleValue::Float(value)));
    let hists = samples.hists.iter().map(|hist| (hist.time_ms, SampleValue::Histogram(hist.value.clone())));
    let mut out: Vec<_> = floats.chain(hists).filter(|(time, _)| is_inside(*time)).collect();
    out.sort_by_key(|(time, _)| *time);
    out
}
