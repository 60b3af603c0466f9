//! Arithmetic between series and with numbers.
//!
//! Series of both sides are joined by equal labels; one without labels goes with each of the other
//! side. A division by zero gives no sample.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Labels, Series, labels::NAME};
use crate::ast::{BinaryOp, MetricsExpr, MetricsKind};
use crate::value::Value;

fn apply(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        _ if b == 0.0 => f64::NAN,
        _ => a / b,
    }
}

/// What a series without labels is called: the functions and operators.
pub fn name_of(expr: &MetricsExpr) -> String {
    match &expr.kind {
        MetricsKind::Series(_, stage) => stage.function.name().to_owned(),
        MetricsKind::Math(op, lhs, rhs) => {
            format!("({} {} {})", name_of(lhs), op.symbol(), name_of(rhs))
        }
        MetricsKind::ScalarMath { expr, .. } => name_of(expr),
    }
}

/// Series with a number on one side.
pub fn with_number(op: BinaryOp, number: f64, is_left: bool, mut series: Vec<Series>) -> Vec<Series> {
    let compute = |value: f64| {
        if is_left { apply(op, number, value) } else { apply(op, value, number) }
    };
    for one in &mut series {
        one.values.iter_mut().for_each(|value| *value = compute(*value));
        follow(one);
    }
    series
}

/// Exemplars show the values that their intervals have now.
fn follow(series: &mut Series) {
    let values = &series.values;
    for exemplar in &mut series.exemplars {
        exemplar.value = values.get(exemplar.interval).copied().unwrap_or(f64::NAN);
    }
    series.exemplars.retain(|exemplar| !exemplar.value.is_nan());
}

fn is_bare(labels: &Labels) -> bool {
    labels.iter().all(|(name, _)| &**name == NAME)
}

/// Series of both sides joined; `name` names a result without labels.
pub fn join(op: BinaryOp, lhs: Vec<Series>, rhs: Vec<Series>, name: &str) -> Vec<Series> {
    let (left_is_bare, right_is_bare) = (bare(&lhs), bare(&rhs));
    let named = || vec![(Arc::from(NAME), Value::text(name))];
    match (left_is_bare, right_is_bare) {
        (Some(left), Some(right)) => {
            let labels = named();
            vec![joined(op, &lhs[left], &rhs[right], labels, lhs[left].exemplars.clone())]
        }
        (Some(left), None) => {
            let pair =
                |right: &Series| joined(op, &lhs[left], right, right.labels.clone(), right.exemplars.clone());
            rhs.iter().map(pair).collect()
        }
        (None, Some(right)) => {
            let pair =
                |left: &Series| joined(op, left, &rhs[right], left.labels.clone(), left.exemplars.clone());
            lhs.iter().map(pair).collect()
        }
        (None, None) => {
            let by_labels: HashMap<Vec<(Arc<str>, Value)>, &Series> =
                rhs.iter().map(|series| (sorted(&series.labels), series)).collect();
            let pair = |left: &Series| {
                let right = by_labels.get(&sorted(&left.labels))?;
                Some(joined(op, left, right, left.labels.clone(), left.exemplars.clone()))
            };
            lhs.iter().filter_map(pair).collect()
        }
    }
}

/// The only series of a side, if it has no labels but a name.
fn bare(side: &[Series]) -> Option<usize> {
    match side {
        [only] if is_bare(&only.labels) => Some(0),
        _ => None,
    }
}

fn sorted(labels: &Labels) -> Labels {
    let mut sorted = labels.clone();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    sorted
}

fn joined(
    op: BinaryOp,
    left: &Series,
    right: &Series,
    labels: Labels,
    exemplars: Vec<super::Exemplar>,
) -> Series {
    let pairs = left.values.iter().zip(&right.values);
    let values = pairs.map(|(a, b)| apply(op, *a, *b)).collect();
    let mut series = Series { labels, values, exemplars };
    follow(&mut series);
    series
}
