//! Aggregations over series, step by step.

use hashbrown::HashMap;

use super::{Evaluation, Series, range};
use crate::error::Error;
use crate::labels::LabelSet;
use crate::syntax::ast::{ExprKind, Grouping, RangeOp, VectorAggregation, VectorOp};

pub(super) fn evaluate(
    evaluation: &mut Evaluation<'_>,
    aggregation: &VectorAggregation,
) -> Result<Vec<Series>, Error> {
    let everything = Grouping { without: false, names: Vec::new() };
    let grouping = aggregation.grouping.as_ref().unwrap_or(&everything);
    let mut input = match &aggregation.expr.kind {
        // The sum of a sum needs no more labels than itself, so that less is read and fewer series
        // are made.
        ExprKind::RangeAggregation(inner)
            if aggregation.op == VectorOp::Sum && inner.grouping.is_none() && adds(inner.op) =>
        {
            range::evaluate(evaluation, inner, Some(grouping))?
        }
        _ => evaluation.series(&aggregation.expr)?,
    };
    match aggregation.op {
        VectorOp::Sort | VectorOp::SortDesc => {
            sort(&mut input, aggregation.op == VectorOp::SortDesc);
            return Ok(input);
        }
        _ => input.sort_by(|a, b| a.labels.cmp(&b.labels)),
    }
    let groups = group(&input, grouping);
    evaluation.charge(groups.len().saturating_mul(evaluation.steps).saturating_mul(16))?;
    let is_first = !matches!(aggregation.op, VectorOp::Bottomk);
    match aggregation.op {
        VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk => {
            let count = aggregation.parameter.unwrap_or(0);
            Ok(best(evaluation.steps, input, &groups, count, is_first))
        }
        op => {
            let steps = evaluation.steps;
            Ok(groups
                .into_iter()
                .map(|(labels, members)| Series {
                    labels,
                    values: (0..steps)
                        .map(|step| {
                            let values = members.iter().filter_map(|member| input[*member].values[step]);
                            combine(op, values)
                        })
                        .collect(),
                })
                .collect())
        }
    }
}

/// Whether the sum over groups of the function is the function over the groups' samples.
const fn adds(op: RangeOp) -> bool {
    matches!(op, RangeOp::Count | RangeOp::Rate | RangeOp::Bytes | RangeOp::BytesRate | RangeOp::Sum)
}

/// The labels of each group with the indexes of its series, in the order of their first series.
fn group(input: &[Series], grouping: &Grouping) -> Vec<(LabelSet, Vec<usize>)> {
    let mut indexes: HashMap<LabelSet, usize> = HashMap::new();
    let mut groups: Vec<(LabelSet, Vec<usize>)> = Vec::new();
    for (member, series) in input.iter().enumerate() {
        let labels = series
            .labels
            .filtered(|name| grouping.names.iter().any(|listed| listed == name) != grouping.without);
        let index = *indexes.entry(labels).or_insert_with_key(|labels| {
            groups.push((labels.clone(), Vec::new()));
            groups.len() - 1
        });
        groups[index].1.push(member);
    }
    groups
}

/// The value of a group at one step; `None` without any value.
fn combine(op: VectorOp, mut values: impl Iterator<Item = f64>) -> Option<f64> {
    let first = values.next()?;
    let all = std::iter::once(first).chain(values);
    Some(match op {
        VectorOp::Sum => all.sum(),
        VectorOp::Count => all.count() as f64,
        VectorOp::Avg => super::window::average(all),
        VectorOp::Max => all.fold(first, |max, value| if max < value || max.is_nan() { value } else { max }),
        VectorOp::Min => all.fold(first, |min, value| if min > value || min.is_nan() { value } else { min }),
        VectorOp::Stdvar => super::window::variance(all),
        VectorOp::Stddev => super::window::variance(all).sqrt(),
        _ => return None,
    })
}

/// Orders by value, NaN last either way. Only the first step counts: there is one in an instant query,
/// and a range query shows no order.
fn sort(input: &mut [Series], is_descending: bool) {
    input.sort_by(|a, b| {
        let value = |series: &Series| series.values.first().copied().flatten().unwrap_or(f64::NAN);
        let (a, b) = (value(a), value(b));
        a.is_nan().cmp(&b.is_nan()).then_with(|| {
            let order = a.partial_cmp(&b).unwrap_or(std::cmp::Ordering::Equal);
            if is_descending { order.reverse() } else { order }
        })
    });
}

/// At each step the `count` largest or smallest series of each group, with all their labels. Among equal
/// values the first in the order of labels stays; NaN loses.
fn best(
    steps: usize,
    mut input: Vec<Series>,
    groups: &[(LabelSet, Vec<usize>)],
    count: u64,
    is_largest: bool,
) -> Vec<Series> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    for (_, members) in groups {
        for step in 0..steps {
            let mut ranked: Vec<(f64, usize)> = members
                .iter()
                .filter_map(|member| input[*member].values[step].map(|value| (value, *member)))
                .collect();
            if ranked.len() <= count {
                continue;
            }
            ranked.sort_by(|(a, _), (b, _)| {
                a.is_nan().cmp(&b.is_nan()).then_with(|| {
                    let order = a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal);
                    if is_largest { order.reverse() } else { order }
                })
            });
            for (_, loser) in &ranked[count..] {
                input[*loser].values[step] = None;
            }
        }
    }
    input.retain(|series| series.values.iter().any(Option::is_some));
    input
}
