//! `info(v, {selector})`: labels of info series added to the series they belong to.
//!
//! In: series, and a filter of info series. Out: the series with the labels of the info series that have
//! the same `instance` and `job` at the step; labels that are there already stay. The info series are
//! those named `target_info` unless the filter names others, and pass through unchanged themselves.

use hashbrown::HashMap;
use model::Labels;
use stdx::go::regex::quote_meta;

use super::operator::{Boxed, collected};
use super::plan::{CallPlan, Plan, PlanKind, Select};
use super::read::{Markers, Reader, Samples, window};
use super::series::{Cursor, Point, Series, Uniqueness, metric_name, show_labels};
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::Extension;
use crate::matcher::{MatchOp, Matcher};
use crate::parser::NAME_LABEL;
use crate::source::Values;
use crate::span::Span;

/// By these an info series and another series belong together.
const IDENTIFYING: [&str; 2] = ["instance", "job"];
/// The info metric that is meant without a filter.
const TARGET_INFO: &str = "target_info";

/// Time and offset of the first selector inside, with the subqueries around it.
fn times_of(plan: &Plan) -> Option<(Option<i64>, i64)> {
    match &plan.kind {
        PlanKind::Selector(select) => Some((select.at_ms, select.offset_ms)),
        PlanKind::Range(range) => Some((range.select.at_ms, range.select.offset_ms)),
        PlanKind::Subquery(subplan) => {
            let (at, offset) = times_of(&subplan.inner)?;
            Some(match at {
                Some(_) => (at, offset),
                None => (subplan.at_ms, offset.saturating_add(subplan.offset_ms)),
            })
        }
        PlanKind::Invariant(inner) => times_of(inner),
        PlanKind::Unary { operand, .. } => times_of(operand),
        PlanKind::Binary(binary) => times_of(&binary.left).or_else(|| times_of(&binary.right)),
        PlanKind::Aggregate(aggregate) => times_of(&aggregate.expr),
        PlanKind::Call(call) => call.args.iter().find_map(times_of),
        PlanKind::Number(_) | PlanKind::String(_) => None,
    }
}

/// The matchers on names: only negative ones imply `.+_info`.
fn name_matchers(filter: &[Matcher]) -> Result<Vec<Matcher>, Error> {
    let mut names: Vec<Matcher> =
        filter.iter().filter(|matcher| *matcher.name == *NAME_LABEL).cloned().collect();
    let is_positive = |matcher: &Matcher| matches!(matcher.op, MatchOp::Equal | MatchOp::Regex);
    if names.is_empty() {
        names.push(Matcher::equal(NAME_LABEL, TARGET_INFO));
    } else if !names.iter().any(is_positive) {
        let implied = Matcher::new(MatchOp::Regex, NAME_LABEL, ".+_info").map_err(Error::Execution)?;
        names.insert(0, implied);
    }
    Ok(names)
}

/// An info series: its labels and at each step the time of its sample.
struct InfoSeries {
    labels: Labels,
    key: (String, Labels),
    times: Series,
}

fn key_of(name: &str, labels: &Labels) -> (String, Labels) {
    (name.to_owned(), labels.filtered(|name| IDENTIFYING.contains(&name)))
}

/// Evaluates the function.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let vector = call.args.first().ok_or_else(|| Error::execution("expected a vector"))?;
    let filter: &[Matcher] = match call.args.get(1).map(|arg| &arg.kind) {
        Some(PlanKind::Selector(select)) => &select.matchers,
        _ => &[],
    };
    let base = context.collect(vector, steps)?;
    let names = name_matchers(filter)?;
    let is_info = |labels: &Labels| {
        let name = metric_name(labels);
        names.iter().all(|matcher| matcher.matches(name))
    };
    let data: Vec<&Matcher> = filter.iter().filter(|matcher| *matcher.name != *NAME_LABEL).collect();
    let enriched: Vec<&Series> = base.iter().filter(|series| !is_info(&series.labels)).collect();
    let (at_ms, offset_ms) = times_of(vector).unwrap_or((None, 0));
    let mut matchers = identifying_matchers(&enriched)?;
    let infos = if matchers.is_empty() {
        Vec::new()
    } else {
        matchers.extend(data.iter().map(|&matcher| matcher.clone()));
        matchers.extend(names.iter().cloned());
        let select = Select {
            matchers,
            at_ms,
            offset_ms,
            extension: Extension::None,
            span: Span::default(),
            function: "info",
            grouping: None,
            values: Values::Times,
        };
        read(context, &select, steps)?
    };
    let mut join = Join { data, infos, out: Vec::new(), places: HashMap::new() };
    join.run(context, &base, is_info, steps)?;
    let mut unique = Uniqueness::default();
    for series in &join.out {
        unique.check(series, context.limits)?;
    }
    Ok(collected(join.out))
}

/// Matchers for the identifying values that occur.
fn identifying_matchers(series: &[&Series]) -> Result<Vec<Matcher>, Error> {
    let mut out = Vec::new();
    for label in IDENTIFYING {
        let mut values: Vec<&str> = series.iter().filter_map(|series| series.labels.get(label)).collect();
        values.sort_unstable();
        values.dedup();
        if !values.is_empty() {
            let quoted: Vec<String> = values.into_iter().map(quote_meta).collect();
            let matcher = Matcher::new(MatchOp::Regex, label, quoted.join("|"));
            out.push(matcher.map_err(Error::Execution)?);
        }
    }
    Ok(out)
}

/// Reads the info series: at each step the time of the newest sample.
fn read<'c>(context: &'c Context<'c>, select: &Select, steps: Steps) -> Result<Vec<InfoSeries>, Error> {
    let lookback = context.options.lookback_ms;
    let times = window(select, steps, lookback, 0);
    let mut reader = Reader::new(context, select, steps, 0, times, Markers::Keep)?;
    let mut samples = Samples::default();
    let mut out = Vec::new();
    while let Some(labels) = reader.next(&mut samples)? {
        if !samples.hists.is_empty() {
            return Err(Error::Execution(format!(
                "this should be an info metric, with float samples: {}",
                show_labels(&labels)
            )));
        }
        let mut series = Series { labels: labels.clone(), ..Series::default() };
        let mut next = 0;
        for (step, time) in steps.iter() {
            let time = select.at_ms.unwrap_or(time).saturating_sub(select.offset_ms);
            while samples.times.get(next).is_some_and(|&sample| sample <= time) {
                next += 1;
            }
            let Some(at) = next.checked_sub(1) else {
                continue;
            };
            let is_stale =
                samples.values.get(at).is_some_and(|value| value.to_bits() == model::sample::STALE_NAN_BITS);
            let found = samples.times.get(at).copied().unwrap_or(i64::MIN);
            if found > time.saturating_sub(lookback) && !is_stale {
                series.push(step, Point::Float(found as f64));
            }
        }
        if !series.is_empty() {
            let key = key_of(metric_name(&labels), &labels);
            out.push(InfoSeries { labels, key, times: series });
        }
    }
    Ok(out)
}

struct Join<'j> {
    data: Vec<&'j Matcher>,
    infos: Vec<InfoSeries>,
    out: Vec<Series>,
    places: HashMap<(Labels, bool), usize>,
}

impl Join<'_> {
    fn run(
        &mut self,
        context: &Context<'_>,
        base: &[Series],
        is_info: impl Fn(&Labels) -> bool,
        steps: Steps,
    ) -> Result<(), Error> {
        let mut metrics: Vec<String> = self.infos.iter().map(|info| info.key.0.clone()).collect();
        metrics.sort();
        metrics.dedup();
        let mut cursors = vec![Cursor::default(); base.len()];
        let mut info_cursors = vec![Cursor::default(); self.infos.len()];
        for step in 0..steps.count {
            if step % 64 == 0 {
                context.limits.check()?;
            }
            let newest = self.newest(&mut info_cursors, step)?;
            for (series, cursor) in base.iter().zip(&mut cursors) {
                let Some(point) = cursor.at(series, step) else {
                    continue;
                };
                let labels = if is_info(&series.labels) {
                    Some(series.labels.clone())
                } else {
                    self.enriched(&series.labels, &metrics, &newest)?
                };
                if let Some(labels) = labels {
                    self.push(labels, series.drop_name, step, point.to_point());
                }
            }
        }
        Ok(())
    }

    /// For each key the info series with the newest sample.
    fn newest(&self, cursors: &mut [Cursor], step: usize) -> Result<HashMap<(String, Labels), usize>, Error> {
        let mut newest: HashMap<(String, Labels), (usize, f64)> = HashMap::new();
        for (at, (info, cursor)) in self.infos.iter().zip(cursors).enumerate() {
            let Some(super::series::PointRef::Float(time)) = cursor.at(&info.times, step) else {
                continue;
            };
            match newest.get_mut(&info.key) {
                None => {
                    newest.insert(info.key.clone(), (at, time));
                }
                Some(known) if known.1 < time => *known = (at, time),
                Some(known) if known.1 == time => {
                    let existing = self.infos.get(known.0).map(|info| show_labels(&info.labels));
                    return Err(Error::Execution(format!(
                        "found duplicate series for info metric: existing {} @ {time}, new {} @ \
                         {time}",
                        existing.unwrap_or_default(),
                        show_labels(&info.labels)
                    )));
                }
                Some(_) => {}
            }
        }
        Ok(newest.into_iter().map(|(key, (at, _))| (key, at)).collect())
    }

    /// The labels with those of the info series; `None` if a filter needs one and there is none.
    fn enriched(
        &self,
        base: &Labels,
        metrics: &[String],
        newest: &HashMap<(String, Labels), usize>,
    ) -> Result<Option<Labels>, Error> {
        let mut added: Vec<(&str, &str)> = Vec::new();
        let mut has_match = false;
        for metric in metrics {
            let Some(info) = newest.get(&key_of(metric, base)).and_then(|&at| self.infos.get(at)) else {
                continue;
            };
            has_match = true;
            for (name, value) in info.labels.iter().filter(|(name, _)| *name != NAME_LABEL) {
                let is_wanted =
                    self.data.is_empty() || self.data.iter().any(|matcher| *matcher.name == *name);
                if !is_wanted {
                    continue;
                }
                if added.iter().any(|(known, other)| *known == name && *other != value) {
                    return Err(Error::Execution(format!("conflicting label: {name}")));
                }
                if base.get(name).is_none() {
                    added.push((name, value));
                }
            }
        }
        if !has_match && self.data.iter().any(|matcher| !matcher.matches("")) {
            return Ok(None);
        }
        if added.is_empty() {
            return Ok(Some(base.clone()));
        }
        let mut labels = base.to_builder();
        for (name, value) in added {
            labels.set(name, value);
        }
        Ok(Some(labels.finish()))
    }

    fn push(&mut self, labels: Labels, drop_name: bool, step: usize, point: Point) {
        let place = *self.places.entry((labels.clone(), drop_name)).or_insert_with(|| {
            self.out.push(Series { labels, drop_name, ..Series::default() });
            self.out.len() - 1
        });
        let Some(series) = self.out.get_mut(place) else {
            return;
        };
        let last = series.floats.last().map(|f| f.step).max(series.hists.last().map(|h| h.step));
        if last == Some(step as u32) {
            let labels = series.labels.clone();
            let mut again = Series { labels, drop_name, ..Series::default() };
            again.push(step, point);
            self.out.push(again);
        } else {
            series.push(step, point);
        }
    }
}
