//! `histogram_quantile`, `histogram_quantiles`, `histogram_fraction`: over native and classic
//! histograms at once.
//!
//! In: all series of the vector. Out: at each step a value for each native histogram and for each group
//! of series that differ only in `le`. Where both have the same labels both are dropped with a warning.

use hashbrown::HashMap;
use model::{Labels, LabelsBuilder};
use stdx::go::number::{FloatFormat, format_float, parse_float};
use stdx::go::quote::quote;

use super::classic::{self, ClassicBucket};
use super::labels::text;
use super::operator::{Boxed, Scalar, collected};
use super::plan::CallPlan;
use super::series::{Cursor, Point, PointRef, Series, Uniqueness, metric_name, without_name};
use super::steps::Steps;
use super::{Context, Error};
use crate::annotation::with_metric;
use crate::hist::FloatHistogram;
use crate::hist::quantile::{self as native, NanNote};
use crate::span::Span;

/// The label of a classic bucket's bound.
const BUCKET_LABEL: &str = "le";

/// What is computed.
enum Goal {
    Quantile(Scalar, Span),
    Fraction(Scalar, Scalar),
}

/// One value to compute for each histogram, and the label that tells it from the others.
struct Task<'c> {
    goal: Goal,
    label: Option<&'c str>,
}

/// Series that differ only in `le`.
struct ClassicGroup {
    labels: Labels,
    members: Vec<(usize, f64)>,
}

/// `%g` with a point, as the text formats write quantiles and bounds.
fn open_metrics(value: f64) -> String {
    let text = format_float(value, FloatFormat::General, None);
    if text.contains(['.', 'e', 'N', 'I']) { text } else { format!("{text}.0") }
}

/// Evaluates one of the functions.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let args = &call.args;
    let argument = |at: usize| args.get(at).ok_or_else(|| Error::execution("too few arguments"));
    let scalar = |at: usize| context.scalar(argument(at)?, steps);
    let (vector, tasks) = match call.function.name {
        "histogram_quantile" => {
            let goal = Goal::Quantile(scalar(0)?, argument(0)?.span);
            (argument(1)?, vec![Task { goal, label: None }])
        }
        "histogram_fraction" => {
            let goal = Goal::Fraction(scalar(0)?, scalar(1)?);
            (argument(2)?, vec![Task { goal, label: None }])
        }
        _ => {
            let (label, _) = text(call, 1)?;
            let mut tasks = Vec::new();
            for at in 2..args.len() {
                let goal = Goal::Quantile(scalar(at)?, argument(at)?.span);
                tasks.push(Task { goal, label: Some(label) });
            }
            (argument(0)?, tasks)
        }
    };
    let series = context.collect(vector, steps)?;
    let work = Work { context, span: vector.span, steps, series };
    Ok(collected(work.run(&tasks)?))
}

struct Work<'c> {
    context: &'c Context<'c>,
    span: Span,
    steps: Steps,
    series: Vec<Series>,
}

/// The results of all tasks, by labels.
#[derive(Default)]
struct Results {
    series: Vec<Series>,
    places: HashMap<Labels, usize>,
}

impl Results {
    fn push(&mut self, labels: Labels, step: usize, value: f64) {
        let place = *self.places.entry(labels.clone()).or_insert_with(|| {
            self.series.push(Series { labels, drop_name: true, ..Series::default() });
            self.series.len() - 1
        });
        if let Some(series) = self.series.get_mut(place) {
            let is_taken = series.floats.last().is_some_and(|float| float.step == step as u32);
            if is_taken {
                let labels = series.labels.clone();
                let mut again = Series { labels, drop_name: true, ..Series::default() };
                again.push(step, Point::Float(value));
                self.series.push(again);
            } else {
                series.push(step, Point::Float(value));
            }
        }
    }
}

impl Work<'_> {
    /// Series of floats grouped by all labels but `le`; the key keeps the name only under delayed
    /// removal, as in Prometheus.
    fn classic_groups(&self) -> Vec<ClassicGroup> {
        let mut groups: Vec<ClassicGroup> = Vec::new();
        let mut places: HashMap<Labels, usize> = HashMap::new();
        for (at, series) in self.series.iter().enumerate() {
            if series.floats.is_empty() {
                continue;
            }
            let bound = series.labels.get(BUCKET_LABEL).unwrap_or_default();
            let Ok(upper) = parse_float(bound) else {
                let metric = metric_name(&series.labels);
                let text =
                    format!("bucket label \"le\" is missing or has a malformed value of {}", quote(bound));
                let mut notes = self.context.notes.borrow_mut();
                notes.warn(self.span, with_metric(&text, metric));
                continue;
            };
            let labels = series.labels.filtered(|name| name != BUCKET_LABEL);
            let place = *places.entry(labels.clone()).or_insert_with(|| {
                groups.push(ClassicGroup { labels, members: Vec::new() });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.members.push((at, upper));
            }
        }
        groups
    }

    fn run(&self, tasks: &[Task<'_>]) -> Result<Vec<Series>, Error> {
        let groups = self.classic_groups();
        let group_of: HashMap<&Labels, usize> =
            groups.iter().enumerate().map(|(at, group)| (&group.labels, at)).collect();
        let mut cursors = vec![Cursor::default(); self.series.len()];
        let mut results = Results::default();
        for (step, time) in self.steps.iter() {
            if step % 64 == 0 {
                self.context.limits.check()?;
            }
            let points: Vec<Option<PointRef<'_>>> = self
                .series
                .iter()
                .zip(&mut cursors)
                .map(|(series, cursor)| cursor.at(series, step))
                .collect();
            let mut buckets: Vec<Vec<ClassicBucket>> = groups
                .iter()
                .map(|group| {
                    let of = |&(at, upper): &(usize, f64)| match points.get(at) {
                        Some(Some(PointRef::Float(count))) => Some(ClassicBucket { upper, count: *count }),
                        _ => None,
                    };
                    group.members.iter().filter_map(of).collect()
                })
                .collect();
            let mut natives: Vec<(&Labels, &FloatHistogram)> = Vec::new();
            for (series, point) in self.series.iter().zip(&points) {
                let Some(PointRef::Hist(h)) = point else {
                    continue;
                };
                let conflict = group_of
                    .get(&series.labels)
                    .and_then(|&group| buckets.get_mut(group))
                    .filter(|buckets| !buckets.is_empty());
                if let Some(buckets) = conflict {
                    buckets.clear();
                    let text = "vector contains a mix of classic and native histograms";
                    let text = with_metric(text, metric_name(&series.labels));
                    self.context.notes.borrow_mut().warn(self.span, text);
                } else {
                    natives.push((&series.labels, h));
                }
            }
            for task in tasks {
                self.task(task, step, time, &natives, &groups, &buckets, &mut results);
            }
        }
        self.finish(results)
    }

    #[expect(clippy::too_many_arguments, reason = "one step of one task needs all of these")]
    fn task(
        &self,
        task: &Task<'_>,
        step: usize,
        time_ms: i64,
        natives: &[(&Labels, &FloatHistogram)],
        groups: &[ClassicGroup],
        buckets: &[Vec<ClassicBucket>],
        results: &mut Results,
    ) {
        let mut notes = self.context.notes.borrow_mut();
        let mut label = None;
        if let Goal::Quantile(q, span) = &task.goal {
            let q = q.at(step);
            if !(0.0..=1.0).contains(&q) {
                notes.invalid_quantile(*span, q);
            }
            label = task.label.map(|name| (name, open_metrics(q)));
        }
        for (labels, h) in natives {
            let (value, note) = match &task.goal {
                Goal::Quantile(q, _) => native::quantile(q.at(step), h),
                Goal::Fraction(lower, upper) => native::fraction(lower.at(step), upper.at(step), h),
            };
            let metric = self.metric(labels);
            let text = match note {
                NanNote::None => None,
                NanNote::Result => Some("input to histogram_quantile has NaN observations, result is NaN"),
                NanNote::Skew => {
                    Some("input to histogram_quantile has NaN observations, result is skewed higher")
                }
                NanNote::Excluded => Some(
                    "input to histogram_fraction has NaN observations, which are excluded from \
                     all fractions",
                ),
            };
            if let Some(text) = text {
                notes.info(self.span, with_metric(text, metric));
            }
            results.push(self.result_labels(labels, label.as_ref()), step, value);
        }
        for (group, buckets) in groups.iter().zip(buckets) {
            if buckets.is_empty() {
                continue;
            }
            let value = match &task.goal {
                Goal::Quantile(q, _) => {
                    let (value, falls) = classic::quantile(q.at(step), buckets.clone());
                    if let Some(falls) = falls {
                        let metric = self.metric(&group.labels);
                        notes.forced_monotonicity(self.span, metric, time_ms, falls);
                    }
                    value
                }
                Goal::Fraction(lower, upper) => {
                    classic::fraction(lower.at(step), upper.at(step), buckets.clone())
                }
            };
            results.push(self.result_labels(&group.labels, label.as_ref()), step, value);
        }
    }

    /// The name for notes: without delayed removal it is gone by the time of the note.
    fn metric<'l>(&self, labels: &'l Labels) -> &'l str {
        if self.context.options.delayed_name_removal { metric_name(labels) } else { "" }
    }

    fn result_labels(&self, labels: &Labels, label: Option<&(&str, String)>) -> Labels {
        let labels =
            if self.context.options.delayed_name_removal { labels.clone() } else { without_name(labels) };
        match label {
            None => labels,
            Some((name, value)) => {
                let mut labels: LabelsBuilder = labels.to_builder();
                labels.set(name, value);
                labels.finish()
            }
        }
    }

    fn finish(&self, results: Results) -> Result<Vec<Series>, Error> {
        if self.context.is_range || !self.context.options.delayed_name_removal {
            let mut unique = Uniqueness::default();
            for series in &results.series {
                unique.check(series, self.context.limits)?;
            }
        }
        Ok(results.series)
    }
}
