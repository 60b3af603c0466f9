//! `topk`, `bottomk` and comparisons of values.

use super::{Series, labels};
use crate::ast::SecondStage;

/// Applies second stages in order.
pub fn apply(stages: &[SecondStage], mut series: Vec<Series>) -> Vec<Series> {
    for stage in stages {
        series = match stage {
            SecondStage::TopK(limit, _) => top_k(series, usize::try_from(*limit).unwrap_or(0)),
            SecondStage::BottomK(limit, _) => bottom_k(series, usize::try_from(*limit).unwrap_or(0)),
            SecondStage::Filter(op, value, _) => {
                // Durations compare in seconds, as values are shown.
                let threshold = value.as_metric().unwrap_or(f64::NAN);
                let keeps = |value: f64| value.partial_cmp(&threshold).is_some_and(|order| op.holds(order));
                filter(series, keeps)
            }
        };
    }
    series
}

/// Keeps the points that pass, then the series that have any.
fn filter(mut series: Vec<Series>, keeps: impl Fn(f64) -> bool) -> Vec<Series> {
    for one in &mut series {
        one.values.iter_mut().filter(|value| !keeps(**value)).for_each(|value| *value = f64::NAN);
    }
    without_empty(series)
}

/// The largest values an interval; of equal values the series whose labels come first.
pub fn top_k(mut series: Vec<Series>, limit: usize) -> Vec<Series> {
    series.sort_by(|a, b| labels::order(&a.labels, &b.labels));
    ranked(series, limit, |a, b| b.total_cmp(&a))
}

/// The smallest values an interval; of equal values the series whose labels come last, as recorded
/// from the original.
pub fn bottom_k(mut series: Vec<Series>, limit: usize) -> Vec<Series> {
    series.sort_by(|a, b| labels::order(&b.labels, &a.labels));
    ranked(series, limit, |a, b| a.total_cmp(&b))
}

fn ranked(
    mut series: Vec<Series>,
    limit: usize,
    order: impl Fn(f64, f64) -> std::cmp::Ordering,
) -> Vec<Series> {
    let intervals = series.iter().map(|one| one.values.len()).max().unwrap_or(0);
    let mut ranking: Vec<usize> = Vec::with_capacity(series.len());
    for interval in 0..intervals {
        // Zeros of both signs are equal.
        let value = |n: usize| series[n].values.get(interval).copied().unwrap_or(f64::NAN) + 0.0;
        ranking.clear();
        ranking.extend((0..series.len()).filter(|n| !value(*n).is_nan()));
        ranking.sort_by(|a, b| order(value(*a), value(*b)));
        let dropped = ranking.split_off(limit.min(ranking.len()));
        for n in dropped {
            series[n].values[interval] = f64::NAN;
        }
    }
    without_empty(series)
}

fn without_empty(mut series: Vec<Series>) -> Vec<Series> {
    series.retain(|one| one.values.iter().any(|value| !value.is_nan()));
    for one in &mut series {
        let values = &one.values;
        one.exemplars.retain(|exemplar| values.get(exemplar.interval).is_some_and(|value| !value.is_nan()));
    }
    series
}
