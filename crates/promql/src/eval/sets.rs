//! `and`, `or`, `unless`.
//!
//! In: all series of both sides. Out: series of the left side, and for `or` those of the right side
//! whose key no left one has at a step. Values, labels and names stay.

use super::binary::key_numbers;
use super::plan::BinaryPlan;
use super::series::{Series, Uniqueness};
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::BinaryOp;

/// Evaluates the operator.
pub(super) fn evaluate(
    context: &Context<'_>,
    plan: &BinaryPlan,
    left: Vec<Series>,
    right: Vec<Series>,
    steps: Steps,
) -> Result<Vec<Series>, Error> {
    let matching = plan.matching.as_ref().ok_or_else(|| Error::execution("vectors without matching"))?;
    let ([left_keys, right_keys], key_count) = key_numbers(matching, [&left, &right]);
    let mut out = Vec::new();
    if plan.op == BinaryOp::Or {
        let present = presence(&left, &left_keys, key_count, steps);
        let others = filtered(context, right, &right_keys, &present, false)?;
        out.extend(left);
        out.extend(others);
        if context.is_range || !context.options.delayed_name_removal {
            let mut unique = Uniqueness::default();
            for series in &out {
                unique.check(series, context.limits)?;
            }
        }
    } else {
        let present = presence(&right, &right_keys, key_count, steps);
        out = filtered(context, left, &left_keys, &present, plan.op == BinaryOp::And)?;
    }
    Ok(out)
}

/// For each key the steps at which a series has it.
fn presence(series: &[Series], keys: &[usize], key_count: usize, steps: Steps) -> Vec<Vec<bool>> {
    let mut present: Vec<Vec<bool>> = vec![Vec::new(); key_count];
    for (series, &key) in series.iter().zip(keys) {
        let Some(row) = present.get_mut(key) else {
            continue;
        };
        row.resize(steps.count, false);
        for (step, _) in series.points() {
            if let Some(slot) = row.get_mut(step) {
                *slot = true;
            }
        }
    }
    present
}

/// The points at steps at which the other side has the key (or has it not).
fn filtered(
    context: &Context<'_>,
    series: Vec<Series>,
    keys: &[usize],
    present: &[Vec<bool>],
    wants_presence: bool,
) -> Result<Vec<Series>, Error> {
    let mut out = Vec::with_capacity(series.len());
    for (mut series, &key) in series.into_iter().zip(keys) {
        context.limits.check()?;
        let row = present.get(key).map_or(&[][..], Vec::as_slice);
        let keeps = |step: u32| row.get(step as usize).copied().unwrap_or(false) == wants_presence;
        series.floats.retain(|float| keeps(float.step));
        series.hists.retain(|hist| keeps(hist.step));
        if !series.is_empty() {
            out.push(series);
        }
    }
    Ok(out)
}
