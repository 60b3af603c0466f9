//! `sum`, `avg`, `min`, `max`, `count`, `group`, `stddev`, `stdvar`, `quantile`.
//!
//! In: series one by one. Out: one series a group. Each series is folded into the cells of its group,
//! one cell a step, and forgotten; only `quantile` keeps the values. Sums and means are compensated.

use std::sync::Arc;

use hashbrown::HashMap;
use model::{Labels, ResetHint};

use super::over_time::HistogramMean;
use super::plan::AggregatePlan;
use super::quantile::quantile;
use super::series::{Point, PointRef, Series, is_name_label, metric_name};
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::AggregateOp;
use crate::hist::kahan::{HistogramSum, kahan};
use crate::span::Span;

/// The labels of the group of a series.
pub(super) fn group_labels(plan: &AggregatePlan, labels: &Labels) -> Labels {
    let is_listed = |name: &str| plan.grouping.iter().any(|label| **label == *name);
    if plan.is_without {
        labels.filtered(|name| !is_listed(name) && !is_name_label(name))
    } else if plan.grouping.is_empty() {
        Labels::empty()
    } else {
        labels.filtered(is_listed)
    }
}

/// A histogram aggregate.
#[derive(Debug, Clone)]
enum Hists {
    Sum(HistogramSum),
    Mean(HistogramMean),
}

/// One group at one step.
#[derive(Debug, Clone, Default)]
struct Cell {
    /// Samples folded in.
    count: f64,
    /// The sum, the extreme, or the squared deviations.
    value: f64,
    /// The compensation, or the running mean.
    extra: f64,
    /// The mean is incremental because the sum would have overflown.
    is_incremental: bool,
    has_float: bool,
    hists: Option<Box<HistCell>>,
}

#[derive(Debug, Clone, Default)]
struct HistCell {
    value: Option<Hists>,
    is_incompatible: bool,
    has_reset: bool,
    has_no_reset: bool,
}

/// One group.
struct Group {
    labels: Labels,
    cells: Vec<Cell>,
    /// For `quantile`: the values at each step.
    values: Vec<Vec<f64>>,
    drop_name: bool,
}

struct Folding<'c> {
    context: &'c Context<'c>,
    op: AggregateOp,
    span: Span,
}

/// Evaluates an aggregation.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    plan: &'c AggregatePlan,
    steps: Steps,
) -> Result<Vec<Series>, Error> {
    let parameter = match &plan.param {
        Some(param) => Some((context.scalar(param, steps)?, param.span)),
        None => None,
    };
    if let Some((scalar, span)) = &parameter {
        let mut notes = context.notes.borrow_mut();
        let values = scalar.values();
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        if values.iter().any(|q| q.is_nan()) {
            notes.invalid_quantile(*span, f64::NAN);
        }
        for &q in values {
            (low, high) = (low.min(q), high.max(q));
        }
        if high > 1.0 {
            notes.invalid_quantile(*span, high);
        }
        if low < 0.0 {
            notes.invalid_quantile(*span, low);
        }
    }
    let folding = Folding { context, op: plan.op, span: plan.expr.span };
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<Labels, usize> = HashMap::new();
    let mut child = context.vector(&plan.expr, steps)?;
    while let Some(series) = child.next()? {
        let labels = group_labels(plan, &series.labels);
        let place = match places.get(&labels) {
            Some(&place) => place,
            None => {
                context.limits.hold(steps.count)?;
                context.limits.take(steps.count * size_of::<Cell>())?;
                let keeps_values = plan.op == AggregateOp::Quantile;
                groups.push(Group {
                    labels: labels.clone(),
                    cells: if keeps_values { Vec::new() } else { vec![Cell::default(); steps.count] },
                    values: if keeps_values { vec![Vec::new(); steps.count] } else { Vec::new() },
                    drop_name: false,
                });
                places.insert(labels, groups.len() - 1);
                groups.len() - 1
            }
        };
        if let Some(group) = groups.get_mut(place) {
            folding.fold(group, &series)?;
        }
    }
    let quantiles = parameter.as_ref().map(|(scalar, _)| scalar);
    let mut out = Vec::with_capacity(groups.len());
    for group in groups {
        let mut series = Series { labels: group.labels, drop_name: group.drop_name, ..Series::default() };
        for (step, mut values) in group.values.into_iter().enumerate() {
            if let (false, Some(q)) = (values.is_empty(), quantiles) {
                series.push(step, Point::Float(quantile(q.at(step), &mut values)));
            }
        }
        series.floats.reserve_exact(group.cells.len());
        for (step, cell) in group.cells.into_iter().enumerate() {
            if let Some(point) = folding.finish(cell) {
                series.push(step, point);
            }
        }
        if !series.is_empty() {
            out.push(series);
        }
    }
    Ok(out)
}

impl Folding<'_> {
    fn fold(&self, group: &mut Group, series: &Series) -> Result<(), Error> {
        group.drop_name |= series.drop_name;
        if self.op == AggregateOp::Quantile {
            self.context.limits.hold(series.floats.len())?;
            self.context.limits.take(series.floats.len() * size_of::<f64>())?;
            for float in &series.floats {
                if let Some(values) = group.values.get_mut(float.step as usize) {
                    values.push(float.value);
                }
            }
        } else {
            match self.op {
                AggregateOp::Sum => fold_all(group, series, fold_sum),
                AggregateOp::Avg => fold_all(group, series, fold_mean),
                _ => fold_all(group, series, |cell, value| self.fold_float(cell, value)),
            }
        }
        for hist in &series.hists {
            let point = PointRef::Hist(&hist.value);
            match self.op {
                AggregateOp::Count | AggregateOp::Group => {
                    if let Some(cell) = group.cells.get_mut(hist.step as usize) {
                        cell.count += 1.0;
                    }
                }
                AggregateOp::Sum | AggregateOp::Avg => {
                    if let Some(cell) = group.cells.get_mut(hist.step as usize) {
                        self.fold_histogram(cell, point, metric_name(&series.labels));
                    }
                }
                op => {
                    let mut notes = self.context.notes.borrow_mut();
                    notes.ignored_in_aggregation(self.span, op.as_str());
                }
            }
        }
        Ok(())
    }

    #[inline]
    fn fold_float(&self, cell: &mut Cell, value: f64) {
        let is_first = !cell.has_float;
        cell.has_float = true;
        match self.op {
            AggregateOp::Max if is_first || cell.value < value || cell.value.is_nan() => {
                cell.value = value;
            }
            AggregateOp::Min if is_first || cell.value > value || cell.value.is_nan() => {
                cell.value = value;
            }
            AggregateOp::Stddev | AggregateOp::Stdvar => {
                cell.count += 1.0;
                if is_first {
                    cell.extra = value;
                    cell.value = if value.is_finite() { 0.0 } else { f64::NAN };
                } else {
                    let delta = value - cell.extra;
                    cell.extra += delta / cell.count;
                    cell.value += delta * (value - cell.extra);
                }
                return;
            }
            _ => {}
        }
        cell.count += 1.0;
    }

    fn fold_histogram(&self, cell: &mut Cell, point: PointRef<'_>, metric: &str) {
        let PointRef::Hist(h) = point else {
            return;
        };
        let hists = cell.hists.get_or_insert_default();
        if hists.is_incompatible {
            return;
        }
        hists.has_reset |= h.hint == ResetHint::Reset;
        hists.has_no_reset |= h.hint == ResetHint::NotReset;
        let added = match &mut hists.value {
            None => {
                hists.value = Some(if self.op == AggregateOp::Sum {
                    Hists::Sum(HistogramSum::new(h))
                } else {
                    Hists::Mean(HistogramMean::new(h))
                });
                return;
            }
            Some(Hists::Sum(sum)) => sum.add(h).map(|combined| combined.has_reconciled_bounds),
            Some(Hists::Mean(mean)) => mean.add(h),
        };
        let mut notes = self.context.notes.borrow_mut();
        match added {
            Ok(true) => notes.reconciled_bounds(self.span, "aggregation"),
            Ok(false) => {}
            Err(_) => {
                hists.is_incompatible = true;
                notes.mixed_schemas(self.span, metric);
            }
        }
    }

    fn finish(&self, cell: Cell) -> Option<Point> {
        if let Some(hists) = cell.hists {
            let mut notes = self.context.notes.borrow_mut();
            if cell.has_float {
                let text = "encountered a mix of histograms and floats for aggregation";
                notes.warn(self.span, text);
                return None;
            }
            if hists.is_incompatible {
                return None;
            }
            if hists.has_reset && hists.has_no_reset {
                notes.reset_conflict(self.span, "aggregation");
            }
            let value = match hists.value? {
                Hists::Sum(sum) => sum.finish(),
                Hists::Mean(mean) => mean.finish(),
            };
            return Some(Point::Hist(Arc::new(value.compact())));
        }
        if cell.count == 0.0 {
            return None;
        }
        Some(Point::Float(match self.op {
            AggregateOp::Sum => cell.value + cell.extra,
            AggregateOp::Avg if cell.is_incremental => cell.value + cell.extra,
            AggregateOp::Avg => cell.value / cell.count + cell.extra / cell.count,
            AggregateOp::Count => cell.count,
            AggregateOp::Group => 1.0,
            AggregateOp::Stdvar => cell.value / cell.count,
            AggregateOp::Stddev => (cell.value / cell.count).sqrt(),
            _ => cell.value,
        }))
    }
}

/// Folds the floats of a series, with a loop of its own for each way to fold.
#[inline]
fn fold_all(group: &mut Group, series: &Series, fold: impl Fn(&mut Cell, f64)) {
    for float in &series.floats {
        if let Some(cell) = group.cells.get_mut(float.step as usize) {
            fold(cell, float.value);
        }
    }
}

/// The compensated sum.
#[inline]
fn fold_sum(cell: &mut Cell, value: f64) {
    cell.count += 1.0;
    if cell.has_float {
        (cell.value, cell.extra) = kahan(value, cell.value, cell.extra);
    } else {
        cell.has_float = true;
        cell.value = value;
    }
}

/// The compensated mean, incremental once the sum would overflow.
#[inline]
fn fold_mean(cell: &mut Cell, value: f64) {
    cell.has_float = true;
    cell.count += 1.0;
    if cell.count == 1.0 {
        cell.value = value;
        return;
    }
    if !cell.is_incremental {
        let (sum, rest) = kahan(value, cell.value, cell.extra);
        if !sum.is_infinite() {
            (cell.value, cell.extra) = (sum, rest);
            return;
        }
        cell.is_incremental = true;
        cell.value /= cell.count - 1.0;
        cell.extra /= cell.count - 1.0;
    }
    let share = (cell.count - 1.0) / cell.count;
    (cell.value, cell.extra) = kahan(value / cell.count, share * cell.value, share * cell.extra);
}
