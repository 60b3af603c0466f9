//! Functions over windows of entries.
//!
//! Counts and sums of lengths are whole numbers: each sample is added to the steps whose windows it lies
//! in, by differences, so that memory does not grow with the entries. Other functions keep the samples,
//! sort them by time at the end and slide a window over them.

use super::plan::{Plan, open};
use super::series_key::{Keep, SeriesTable};
use super::window::{Window, over};
use super::{Evaluation, Series};
use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::Shown;
use crate::pipeline::names::{NameId, Names};
use crate::pipeline::row::Row;
use crate::source::LineNeed;
use crate::syntax::ast::{Grouping, LogExpr, MatchOp, RangeAggregation, RangeOp, Stage, StageKind};

/// What is kept of a series while entries come.
enum State {
    /// Differences from step to step.
    Steps(Vec<f64>),
    /// Times, shifted by the offset, and values.
    Samples(Vec<(i64, f64)>),
}

/// Which steps' windows hold a shifted time: a half-open range of indexes.
#[derive(Debug, Clone, Copy)]
struct Grid {
    start_ns: i64,
    step_ns: i64,
    steps: i64,
    range_ns: i64,
}

impl Grid {
    fn steps_of(self, shown_ns: i64) -> (usize, usize) {
        (self.first_step_from(shown_ns), self.first_step_from(shown_ns.saturating_add(self.range_ns)))
    }

    /// The index of the first step at or after a time, at most the number of steps.
    fn first_step_from(self, time_ns: i64) -> usize {
        // Both ends are instants of an `i64`, so that their distance may need one bit more.
        match time_ns.checked_sub(self.start_ns) {
            Some(distance) if distance <= 0 => 0,
            Some(_) if self.steps <= 1 => self.steps as usize,
            Some(distance) => {
                let steps = distance / self.step_ns + i64::from(distance % self.step_ns != 0);
                steps.min(self.steps) as usize
            }
            None if time_ns < self.start_ns => 0,
            None => self.steps as usize,
        }
    }
}

/// Evaluates a window function; `pushed` is the grouping of a `sum` directly around it.
pub(super) fn evaluate(
    evaluation: &mut Evaluation<'_>,
    aggregation: &RangeAggregation,
    pushed: Option<&Grouping>,
) -> Result<Vec<Series>, Error> {
    let op = aggregation.op;
    let range = &aggregation.range;
    let log = without_formats(op, &range.log);
    let params = evaluation.params;
    let offset_ns = range.offset_ns;
    let nothing = Grouping { without: false, names: Vec::new() };
    let grouping = match op {
        RangeOp::Absent => Some(&nothing),
        _ => aggregation.grouping.as_ref().or(pushed),
    };
    let grid = Grid {
        start_ns: params.start_ns,
        step_ns: if params.is_instant() { 1 } else { params.step_ns },
        steps: evaluation.steps as i64,
        range_ns: range.range_ns,
    };
    let last_ns = grid.start_ns.saturating_add(grid.step_ns.saturating_mul((grid.steps - 1).max(0)));
    let shown = match grouping {
        Some(grouping) if !grouping.without => Shown::Only(grouping.names.clone()),
        _ => Shown::All,
    };
    let counts_bytes = matches!(op, RangeOp::Bytes | RangeOp::BytesRate);
    let line_is_stored = !log.stages.iter().any(|stage| {
        matches!(stage.kind, StageKind::LineFormat(_) | StageKind::Unpack | StageKind::Decolorize)
    });
    let plan = Plan {
        log: &log,
        unwrap: range.unwrap.as_ref(),
        start_ns: grid.start_ns.saturating_sub(range.range_ns).saturating_sub(offset_ns).saturating_add(1),
        end_ns: last_ns.saturating_sub(offset_ns).saturating_add(1),
        shown,
        order: None,
        limit: None,
        lines: match (counts_bytes, line_is_stored) {
            (true, true) => LineNeed::Length,
            (true, false) => LineNeed::Text,
            (false, _) => LineNeed::Nothing,
        },
    };
    let mut table = SeriesTable::new();
    if grid.steps > 0 {
        let dropped = range.unwrap.as_ref().map(|unwrap| unwrap.label.as_str());
        let mut reader = open(evaluation, &plan)?;
        let keep = Keep::new(grouping, dropped, |name| reader.pipeline.intern(name));
        let adds = adds_up(aggregation);
        loop {
            let mut streams = 0;
            let table = std::cell::RefCell::new(&mut table);
            let goes_on = reader.next(
                evaluation,
                |batch| {
                    streams = batch.streams().len();
                    table.borrow_mut().begin_batch(streams);
                },
                |evaluation, kept| {
                    let Some(mut value) = kept.pipeline.value(kept.row) else {
                        return Ok(true);
                    };
                    if counts_bytes {
                        value = if line_is_stored {
                            f64::from(kept.line_bytes)
                        } else {
                            kept.row.line.len() as f64
                        };
                    }
                    let shown_ns = kept.row.time_ns.saturating_add(offset_ns);
                    let (first, end) = grid.steps_of(shown_ns);
                    if first >= end {
                        return Ok(true);
                    }
                    let names = kept.pipeline.names();
                    if kept.row.has_error() && kept.row.get(NameId::PRESERVE_ERROR, names).is_none() {
                        return Err(Error::Pipeline { labels: all_labels(kept.row, names) });
                    }
                    let mut table = table.borrow_mut();
                    let ((labels, state), is_new) = table.entry(kept.row, names, &keep, kept.stream, || {
                        if adds {
                            State::Steps(vec![0.0; grid.steps as usize + 1])
                        } else {
                            State::Samples(Vec::new())
                        }
                    });
                    if is_new {
                        let steps = if adds { grid.steps as usize * 8 } else { 64 };
                        evaluation.charge(labels.heap_bytes() + steps + 128)?;
                    }
                    match state {
                        State::Steps(steps) => {
                            steps[first] += value;
                            steps[end] -= value;
                        }
                        State::Samples(samples) => {
                            if samples.len() == samples.capacity() {
                                evaluation.charge(samples.capacity().max(4) * 16)?;
                            }
                            samples.push((shown_ns, value));
                        }
                    }
                    Ok(true)
                },
            )?;
            if !goes_on {
                break;
            }
        }
    }
    finish(evaluation, aggregation, grid, table.into_series())
}

/// Whether the function adds up whole numbers, so that the order and grouping of additions is free.
/// A count over no sample in a window and one of samples of length 0 must be told apart, so that
/// lengths only count this way where no line is empty; they are kept as samples.
fn adds_up(aggregation: &RangeAggregation) -> bool {
    aggregation.range.unwrap.is_none()
        && matches!(aggregation.op, RangeOp::Count | RangeOp::Rate | RangeOp::Absent)
}

/// All labels of an entry, for the message about its error.
fn all_labels(row: &Row<'_>, names: &Names) -> LabelSet {
    let mut pairs = Vec::new();
    row.each_label(names, |_, name, value| pairs.push((name.into_owned(), value.to_owned())));
    LabelSet::from_pairs(pairs)
}

fn finish(
    evaluation: &mut Evaluation<'_>,
    aggregation: &RangeAggregation,
    grid: Grid,
    series: Vec<(LabelSet, State)>,
) -> Result<Vec<Series>, Error> {
    let steps = grid.steps as usize;
    evaluation.charge(series.len().saturating_mul(steps).saturating_mul(16))?;
    let seconds = aggregation.range.range_ns as f64 / 1e9;
    let mut out = Vec::with_capacity(series.len());
    for (labels, state) in series {
        evaluation.check_cancelled()?;
        let values = match state {
            State::Steps(differences) => {
                let mut count = 0.0;
                let scale = if aggregation.op == RangeOp::Rate { seconds } else { 1.0 };
                let value = |difference: &f64| {
                    count += difference;
                    (count > 0.0).then_some(count / scale)
                };
                differences[..steps].iter().map(value).collect()
            }
            State::Samples(mut samples) => {
                samples.sort_by_key(|(time, _)| *time);
                slide(aggregation, grid, &samples)
            }
        };
        out.push(Series { labels, values });
    }
    if aggregation.op == RangeOp::Absent {
        return Ok(absent(&aggregation.range.log, steps, &out));
    }
    Ok(out)
}

/// The function at each step over sorted samples.
fn slide(aggregation: &RangeAggregation, grid: Grid, samples: &[(i64, f64)]) -> Vec<Option<f64>> {
    let (mut first, mut end) = (0, 0);
    (0..grid.steps)
        .map(|step| {
            let at_ns = grid.start_ns.saturating_add(step.saturating_mul(grid.step_ns));
            let begin_ns = at_ns.saturating_sub(grid.range_ns);
            while end < samples.len() && samples[end].0 <= at_ns {
                end += 1;
            }
            while first < end && samples[first].0 <= begin_ns {
                first += 1;
            }
            let window = Window {
                samples: &samples[first..end],
                begin_ns,
                end_ns: at_ns,
                parameter: aggregation.parameter.unwrap_or(0.0),
            };
            if first < end { Some(over(aggregation.op, &window)) } else { None }
        })
        .collect()
}

/// One series with 1 at each step without any sample, with the labels that the selector names.
fn absent(log: &LogExpr, steps: usize, present: &[Series]) -> Vec<Series> {
    let values = (0..steps)
        .map(|step| {
            let is_present =
                present.iter().any(|series| series.values.get(step).copied().flatten().is_some());
            (!is_present).then_some(1.0)
        })
        .collect();
    let is_once = |name: &str| log.matchers.iter().filter(|other| other.name == name).count() == 1;
    let pairs = log
        .matchers
        .iter()
        .filter(|matcher| matcher.op == MatchOp::Equal && is_once(&matcher.name))
        .map(|matcher| (&matcher.name, &matcher.value));
    vec![Series { labels: LabelSet::from_pairs(pairs), values }]
}

/// The lines without `line_format` stages that cannot change the result: the function does not see the
/// text, and no later stage does.
pub(super) fn without_formats(op: RangeOp, log: &LogExpr) -> LogExpr {
    let mut log = log.clone();
    if matches!(op, RangeOp::Bytes | RangeOp::BytesRate) {
        return log;
    }
    let mut is_read = false;
    let mut stages: Vec<Stage> = Vec::with_capacity(log.stages.len());
    for stage in log.stages.into_iter().rev() {
        match &stage.kind {
            StageKind::LineFormat(_) if !is_read => continue,
            StageKind::LabelFilter(_) | StageKind::Drop(_) | StageKind::Keep(_) => {}
            _ => is_read = true,
        }
        stages.push(stage);
    }
    stages.reverse();
    log.stages = stages;
    log
}
