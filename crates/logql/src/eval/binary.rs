//! Binary operators: between a number and series, and between series that match.
//!
//! At each step the two sides are joined by a signature: the labels of `on`, or all but those of
//! `ignoring`. Set operators join by the same signature.

use hashbrown::{HashMap, HashSet};

use super::{Evaluation, Series, Value};
use crate::error::Error;
use crate::labels::LabelSet;
use crate::syntax::ast::{Binary, BinaryOp, Cardinality};
use crate::syntax::scalar::apply;

pub(super) fn evaluate(evaluation: &mut Evaluation<'_>, binary: &Binary) -> Result<Value, Error> {
    let left = evaluation.value(&binary.left)?;
    let right = evaluation.value(&binary.right)?;
    Ok(match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(apply(binary.op, left, right)),
        (Value::Scalar(number), Value::Series(series)) => {
            Value::Series(with_number(binary, series, |value| (number, value)))
        }
        (Value::Series(series), Value::Scalar(number)) => {
            Value::Series(with_number(binary, series, |value| (value, number)))
        }
        (Value::Series(left), Value::Series(right)) => {
            let bytes = (left.len() + right.len()).saturating_mul(evaluation.steps * 16);
            evaluation.charge(bytes)?;
            Value::Series(if binary.op.is_set() {
                set(binary, left, right)
            } else {
                join(evaluation.steps, binary, left, right)?
            })
        }
    })
}

/// A series and a number; a comparison that filters keeps the series' value.
fn with_number(binary: &Binary, mut series: Vec<Series>, sides: impl Fn(f64) -> (f64, f64)) -> Vec<Series> {
    let filters = binary.op.is_comparison() && !binary.return_bool;
    for one in &mut series {
        for slot in &mut one.values {
            *slot = slot.and_then(|value| {
                let (left, right) = sides(value);
                let result = apply(binary.op, left, right);
                if filters { (result == 1.0).then_some(value) } else { Some(result) }
            });
        }
    }
    series
}

/// The labels by which both sides are joined.
fn signature(binary: &Binary, labels: &LabelSet) -> LabelSet {
    let is_on = binary.on == Some(true);
    labels.filtered(|name| binary.labels.iter().any(|listed| listed == name) == is_on)
}

fn set(binary: &Binary, mut left: Vec<Series>, mut right: Vec<Series>) -> Vec<Series> {
    // Which steps have a value, by signature.
    let present = |series: &[Series]| {
        let mut present: HashMap<LabelSet, Vec<bool>> = HashMap::new();
        for one in series {
            let steps = present
                .entry(signature(binary, &one.labels))
                .or_insert_with(|| vec![false; one.values.len()]);
            for (step, value) in steps.iter_mut().zip(&one.values) {
                *step |= value.is_some();
            }
        }
        present
    };
    let keep_where = |series: &mut Vec<Series>, other: &HashMap<LabelSet, Vec<bool>>, wanted: bool| {
        for one in series {
            let steps = other.get(&signature(binary, &one.labels));
            for (step, slot) in one.values.iter_mut().enumerate() {
                let is_present = steps.is_some_and(|steps| steps[step]);
                if is_present != wanted {
                    *slot = None;
                }
            }
        }
    };
    match binary.op {
        BinaryOp::And => keep_where(&mut left, &present(&right), true),
        BinaryOp::Unless => keep_where(&mut left, &present(&right), false),
        _ => {
            keep_where(&mut right, &present(&left), false);
            left = merge(left, right);
        }
    }
    left.retain(|one| one.values.iter().any(Option::is_some));
    left
}

/// Both, with series of the same labels joined; the first one's values win.
fn merge(left: Vec<Series>, right: Vec<Series>) -> Vec<Series> {
    let mut indexes: HashMap<LabelSet, usize> = HashMap::new();
    let mut out: Vec<Series> = Vec::with_capacity(left.len() + right.len());
    for one in left.into_iter().chain(right) {
        match indexes.get(&one.labels) {
            Some(index) => {
                for (slot, value) in out[*index].values.iter_mut().zip(one.values) {
                    *slot = slot.or(value);
                }
            }
            None => {
                indexes.insert(one.labels.clone(), out.len());
                out.push(one);
            }
        }
    }
    out
}

fn join(steps: usize, binary: &Binary, left: Vec<Series>, right: Vec<Series>) -> Result<Vec<Series>, Error> {
    // The side that may have several series a signature, and the side that must have one.
    let is_swapped = binary.cardinality == Cardinality::OneToMany;
    let (many, one) = if is_swapped { (right, left) } else { (left, right) };
    let side = if is_swapped { "left" } else { "right" };
    let mut by_signature: HashMap<LabelSet, Vec<usize>> = HashMap::new();
    for (index, series) in one.iter().enumerate() {
        by_signature.entry(signature(binary, &series.labels)).or_default().push(index);
    }
    for group in by_signature.values().filter(|group| group.len() > 1) {
        let is_doubled =
            |step: usize| group.iter().filter(|index| one[**index].values[step].is_some()).count() > 1;
        if (0..steps).any(is_doubled) {
            return Err(Error::Matching(format!(
                "found duplicate series on the {side} hand-side\n;many-to-many matching not allowed: \
                 matching labels must be unique on one side"
            )));
        }
    }
    // Results that exist already at a step, to find matches that are not unique.
    let mut taken: HashSet<(usize, LabelSet)> = HashSet::new();
    let filters = binary.op.is_comparison() && !binary.return_bool;
    let mut indexes: HashMap<LabelSet, usize> = HashMap::new();
    let mut out: Vec<Series> = Vec::new();
    for series in &many {
        let key = signature(binary, &series.labels);
        let Some(partners) = by_signature.get(&key) else {
            continue;
        };
        for partner in partners.iter().map(|index| &one[*index]) {
            let labels = result_labels(binary, &series.labels, &partner.labels);
            for step in 0..steps {
                let (Some(a), Some(b)) = (series.values[step], partner.values[step]) else {
                    continue;
                };
                let is_one_to_one = binary.cardinality == Cardinality::OneToOne;
                let unique = if is_one_to_one { key.clone() } else { labels.clone() };
                if !taken.insert((step, unique)) {
                    return Err(Error::Matching(if is_one_to_one {
                        "multiple matches for labels: many-to-one matching must be explicit \
                         (group_left/group_right)"
                            .to_owned()
                    } else {
                        "multiple matches for labels: grouping labels must ensure unique matches".to_owned()
                    }));
                }
                let (left, right) = if is_swapped { (b, a) } else { (a, b) };
                let result = apply(binary.op, left, right);
                let value = if filters { (result == 1.0).then_some(left) } else { Some(result) };
                let Some(value) = value else {
                    continue;
                };
                let index = *indexes.entry(labels.clone()).or_insert_with(|| {
                    out.push(Series { labels: labels.clone(), values: vec![None; steps] });
                    out.len() - 1
                });
                out[index].values[step] = Some(value);
            }
        }
    }
    Ok(out)
}

/// The labels of a result: those of the side with several, less what one-to-one matching does not
/// compare, with the included labels of the other side.
fn result_labels(binary: &Binary, many: &LabelSet, one: &LabelSet) -> LabelSet {
    let mut labels = if binary.cardinality == Cardinality::OneToOne && binary.on.is_some() {
        signature(binary, many)
    } else {
        many.clone()
    };
    for name in &binary.include {
        labels = labels.with(name, one.get(name).unwrap_or(""));
    }
    labels
}
