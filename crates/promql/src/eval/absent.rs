//! `absent` and `absent_over_time`: one series where there is none.
//!
//! Its labels are the equality matchers of a selector; a label that is matched twice or otherwise is
//! left out.

use model::{Labels, LabelsBuilder};

use super::operator::{Boxed, collected};
use super::plan::{CallPlan, Plan, PlanKind};
use super::range;
use super::series::{Float, Series};
use super::steps::Steps;
use super::{Context, Error};
use crate::matcher::{MatchOp, Matcher};
use crate::parser::NAME_LABEL;

fn labels_of(argument: &Plan) -> Labels {
    let matchers: &[Matcher] = match &argument.kind {
        PlanKind::Selector(select) => &select.matchers,
        PlanKind::Range(range) => &range.select.matchers,
        PlanKind::Invariant(inner) => return labels_of(inner),
        _ => &[],
    };
    let mut labels = LabelsBuilder::default();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in matchers.iter().filter(|matcher| *matcher.name != *NAME_LABEL) {
        if matcher.op == MatchOp::Equal && !seen.contains(&&*matcher.name) {
            labels.set(&matcher.name, &matcher.value);
            seen.push(&matcher.name);
        } else {
            labels.remove(&matcher.name);
        }
    }
    labels.finish()
}

/// A series of ones at the steps at which `child` has nothing.
fn gaps<'c>(
    context: &Context<'_>,
    mut child: Boxed<'_>,
    labels: Labels,
    drop_name: bool,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    context.limits.hold(steps.count)?;
    let mut is_present = vec![false; steps.count];
    while let Some(series) = child.next()? {
        for (step, _) in series.points() {
            if let Some(slot) = is_present.get_mut(step) {
                *slot = true;
            }
        }
    }
    let absent = is_present.iter().enumerate().filter(|(_, is_present)| !**is_present);
    let floats: Vec<Float> = absent.map(|(step, _)| Float { step: step as u32, value: 1.0 }).collect();
    if floats.is_empty() {
        return Ok(collected(Vec::new()));
    }
    Ok(collected(vec![Series { labels, drop_name, floats, ..Series::default() }]))
}

fn argument(call: &CallPlan) -> Result<&Plan, Error> {
    call.args.first().ok_or_else(|| Error::execution("expected an argument"))
}

/// `absent(v)`
pub(super) fn absent<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let argument = argument(call)?;
    let child = context.vector(argument, steps)?;
    gaps(context, child, labels_of(argument), false, steps)
}

/// `absent_over_time(v[..])`
pub(super) fn absent_over_time<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let argument = argument(call)?;
    let child = range::evaluate(context, call, steps)?;
    gaps(context, child, labels_of(argument), true, steps)
}
