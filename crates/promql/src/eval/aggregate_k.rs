//! `topk`, `bottomk`, `limitk`, `limit_ratio`: some series of each group, with all their labels.
//!
//! In: all series. Out: those that are chosen, at the steps at which they are. Which ones is decided
//! at each step; NaN fills only spare places. `limit_ratio` chooses by a hash of the labels, so that it
//! is the same series every time, and a negative ratio is the complement of the positive one.

use std::cmp::Ordering;

use hashbrown::HashMap;
use model::Labels;

use super::aggregate::group_labels;
use super::operator::Scalar;
use super::plan::AggregatePlan;
use super::series::{Cursor, PointRef, Series};
use super::sorting::by_value;
use super::steps::Steps;
use super::{Context, Error};
use crate::annotation::general;
use crate::ast::AggregateOp;
use crate::span::Span;

/// 2^63, the first number that no `i64` holds.
const INT64_LIMIT: f64 = 9_223_372_036_854_775_808.0;

/// Evaluates one of the operators.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    plan: &'c AggregatePlan,
    span: Span,
    steps: Steps,
) -> Result<Vec<Series>, Error> {
    let param = plan.param.as_ref().ok_or_else(|| Error::execution("expected a parameter"))?;
    let parameter = context.scalar(param, steps)?;
    let series = context.collect(&plan.expr, steps)?;
    if !check_parameter(context, plan.op, &parameter, param.span)? {
        return Ok(Vec::new());
    }
    let mut numbers: HashMap<Labels, usize> = HashMap::new();
    let groups: Vec<usize> = series
        .iter()
        .map(|series| {
            let next = numbers.len();
            *numbers.entry(group_labels(plan, &series.labels)).or_insert(next)
        })
        .collect();
    let mut out: Vec<Series> = series
        .iter()
        .map(|series| Series {
            labels: series.labels.clone(),
            drop_name: series.drop_name,
            ..Series::default()
        })
        .collect();
    let mut cursors = vec![Cursor::default(); series.len()];
    let mut present: Vec<Vec<(usize, PointRef<'_>)>> = vec![Vec::new(); numbers.len()];
    // The order of the only step, which an instant query keeps.
    let mut order = Vec::new();
    for step in 0..steps.count {
        if step % 64 == 0 {
            context.limits.check()?;
        }
        present.iter_mut().for_each(Vec::clear);
        for (at, series) in series.iter().enumerate() {
            if let Some(point) = cursors[at].at(series, step) {
                present[groups[at]].push((at, point));
            }
        }
        for group in &mut present {
            let parameter = parameter.at(step);
            match plan.op {
                AggregateOp::LimitK => group.truncate(whole(parameter)),
                AggregateOp::LimitRatio => {
                    group.retain(|(at, _)| is_in_ratio(&series[*at].labels, parameter));
                }
                op => best(context, op, group, whole(parameter), span),
            }
            for (at, point) in group.iter() {
                out[*at].push(step, point.to_point());
                order.push(*at);
            }
        }
    }
    if steps.count == 1 {
        return Ok(order.into_iter().map(|at| std::mem::take(&mut out[at])).collect());
    }
    out.retain(|series| !series.is_empty());
    Ok(out)
}

/// A count from a parameter, which was checked to be in range.
fn whole(parameter: f64) -> usize {
    if parameter < 1.0 { 0 } else { parameter as usize }
}

/// Refuses impossible parameters; false if there can be no result.
fn check_parameter(
    context: &Context<'_>,
    op: AggregateOp,
    parameter: &Scalar,
    span: Span,
) -> Result<bool, Error> {
    let values = parameter.values();
    let has_nan = values.iter().any(|value| value.is_nan());
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if op == AggregateOp::LimitRatio {
        if high == 0.0 && low == 0.0 && !has_nan {
            return Ok(false);
        }
        if has_nan {
            return Err(Error::execution("Ratio value is NaN"));
        }
        let mut notes = context.notes.borrow_mut();
        for (value, limit, is_over) in [(high, 1.0, high > 1.0), (low, -1.0, low < -1.0)] {
            if is_over {
                let text = format!(
                    "ratio value should be between -1 and 1, got {}, capping to {}",
                    general(value),
                    general(limit)
                );
                notes.warn(span, text);
            }
        }
        return Ok(true);
    }
    if high < 1.0 && !has_nan {
        return Ok(false);
    }
    if has_nan {
        return Err(Error::execution("Parameter value is NaN"));
    }
    if low <= -INT64_LIMIT {
        return Err(Error::Execution(format!("Scalar value {} underflows int64", general(low))));
    }
    if high >= INT64_LIMIT {
        return Err(Error::Execution(format!("Scalar value {} overflows int64", general(high))));
    }
    Ok(true)
}

/// Whether the hash of the labels lies in the ratio.
fn is_in_ratio(labels: &Labels, ratio: f64) -> bool {
    let offset = labels.hash64() as f64 / u64::MAX as f64;
    if ratio >= 0.0 { offset < ratio } else { offset >= 1.0 + ratio }
}

/// Keeps the best `k`, the best one first; of equal ones the earlier series.
fn best(
    context: &Context<'_>,
    op: AggregateOp,
    group: &mut Vec<(usize, PointRef<'_>)>,
    k: usize,
    span: Span,
) {
    if k == 0 {
        group.clear();
        return;
    }
    let value = |point: &PointRef<'_>| match point {
        PointRef::Float(value) => Some(*value),
        PointRef::Hist(_) => None,
    };
    let before = group.len();
    group.retain(|(_, point)| value(point).is_some());
    if group.len() < before {
        context.notes.borrow_mut().ignored_in_aggregation(span, op.as_str());
    }
    let is_descending = op == AggregateOp::TopK;
    let compare = |a: &(usize, PointRef<'_>), b: &(usize, PointRef<'_>)| -> Ordering {
        let (x, y) = (value(&a.1).unwrap_or(f64::NAN), value(&b.1).unwrap_or(f64::NAN));
        by_value(x, y, is_descending).then(a.0.cmp(&b.0))
    };
    if group.len() > k {
        group.select_nth_unstable_by(k - 1, compare);
        group.truncate(k);
    }
    group.sort_unstable_by(compare);
}
