//! `count_values`: how many series have each value.

use hashbrown::HashMap;
use model::Labels;
use stdx::go::number::{FloatFormat, format_float};

use super::aggregate::group_labels;
use super::plan::{AggregatePlan, PlanKind};
use super::series::{Float, Point, Series};
use super::steps::Steps;
use super::{Context, Error};

/// Evaluates the operator; the values become a label.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    plan: &'c AggregatePlan,
    steps: Steps,
) -> Result<Vec<Series>, Error> {
    let Some(PlanKind::String(literal)) = plan.param.as_ref().map(|param| &param.kind) else {
        return Err(Error::execution("expected a string"));
    };
    if literal.bytes.is_some() || literal.value.is_empty() {
        return Err(Error::Execution(format!("invalid label name {literal}")));
    }
    let label = &literal.value;
    let mut grouped = plan.clone();
    if !plan.is_without {
        grouped.grouping.push(label.as_str().into());
    }
    let mut groups: HashMap<Labels, usize> = HashMap::new();
    let mut counts: Vec<(Labels, Vec<u32>)> = Vec::new();
    let mut child = context.vector(&plan.expr, steps)?;
    while let Some(series) = child.next()? {
        // Values repeat from step to step.
        let mut last: Option<(String, usize)> = None;
        for (step, point) in series.points() {
            let text = match point {
                Point::Float(value) => format_float(value, FloatFormat::Fixed, None),
                Point::Hist(value) => value.to_string(),
            };
            let place = match &last {
                Some((known, place)) if *known == text => *place,
                _ => {
                    let mut labels = series.labels.to_builder();
                    labels.set(label, &text);
                    let key = group_labels(&grouped, &labels.finish());
                    match groups.get(&key) {
                        Some(&place) => place,
                        None => {
                            context.limits.hold(steps.count)?;
                            counts.push((key.clone(), vec![0; steps.count]));
                            groups.insert(key, counts.len() - 1);
                            counts.len() - 1
                        }
                    }
                }
            };
            if let Some(count) = counts.get_mut(place).and_then(|(_, counts)| counts.get_mut(step)) {
                *count += 1;
            }
            last = Some((text, place));
        }
    }
    Ok(counts
        .into_iter()
        .map(|(labels, counts)| {
            let floats = counts
                .into_iter()
                .enumerate()
                .filter(|(_, count)| *count > 0)
                .map(|(step, count)| Float { step: step as u32, value: f64::from(count) })
                .collect();
            Series { labels, floats, ..Series::default() }
        })
        .collect())
}
