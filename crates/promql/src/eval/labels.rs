//! `label_replace` and `label_join`.
//!
//! In: series. Out: the same with one label changed. Writing the name undoes a pending drop of it.
//! Series that become equal are one, unless they have points at the same step.

use regex::Regex;
use stdx::go::regex::{Anchoring, compile, expand};

use super::operator::{Boxed, Operator};
use super::plan::{CallPlan, PlanKind};
use super::series::{Series, Uniqueness};
use super::steps::Steps;
use super::{Context, Error};
use crate::parser::NAME_LABEL;

/// The text of a string argument, and whether it can be a label's name.
pub(super) fn text(call: &CallPlan, at: usize) -> Result<(&str, bool), Error> {
    match call.args.get(at).map(|arg| &arg.kind) {
        Some(PlanKind::String(literal)) => {
            Ok((&literal.value, literal.bytes.is_none() && !literal.value.is_empty()))
        }
        _ => Err(Error::execution("expected a string")),
    }
}

enum Change<'c> {
    Replace { regex: Regex, template: &'c str, source: &'c str },
    Join { separator: &'c str, sources: Vec<&'c str> },
}

struct Relabeled<'c> {
    context: &'c Context<'c>,
    child: Boxed<'c>,
    target: &'c str,
    change: Change<'c>,
    unique: Uniqueness,
}

impl Operator for Relabeled<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        let Some(mut series) = self.child.next()? else {
            return Ok(None);
        };
        if let Some(value) = self.change.value(&series) {
            let mut labels = series.labels.to_builder();
            labels.set(self.target, value);
            series.labels = labels.finish();
            if self.target == NAME_LABEL {
                series.drop_name = false;
            }
        }
        self.unique.check(&series, self.context.limits)?;
        Ok(Some(series))
    }
}

impl Change<'_> {
    /// The label's new value; `None` leaves it.
    fn value(&self, series: &Series) -> Option<String> {
        match self {
            Self::Replace { regex, template, source } => {
                let value = series.labels.get(source).unwrap_or_default();
                let captures = regex.captures(value)?;
                let mut out = String::new();
                expand(template, &captures, &mut out);
                Some(out)
            }
            Self::Join { separator, sources } => {
                let values: Vec<&str> =
                    sources.iter().map(|source| series.labels.get(source).unwrap_or_default()).collect();
                Some(values.join(separator))
            }
        }
    }
}

fn over<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
    change: Change<'c>,
) -> Result<Boxed<'c>, Error> {
    let (target, is_label) = text(call, 1)?;
    if !is_label {
        return Err(Error::Execution(format!(
            "invalid destination label name in {}(): {target}",
            call.function.name
        )));
    }
    let vector = call.args.first().ok_or_else(|| Error::execution("expected a vector"))?;
    let child = context.vector(vector, steps)?;
    Ok(Box::new(Relabeled { context, child, target, change, unique: Uniqueness::default() }))
}

/// `label_replace(v, target, template, source, pattern)`
pub(super) fn replace<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let (template, source, pattern) = (text(call, 2)?.0, text(call, 3)?.0, text(call, 4)?.0);
    let wrapped = format!("(?s:{pattern})");
    let regex = compile(&wrapped, Anchoring::Full)
        .map_err(|_| Error::Execution(format!("invalid regular expression in label_replace(): {pattern}")))?;
    over(context, call, steps, Change::Replace { regex, template, source })
}

/// `label_join(v, target, separator, source...)`
pub(super) fn join<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let mut sources = Vec::new();
    for at in 3..call.args.len() {
        let (source, is_label) = text(call, at)?;
        if !is_label {
            return Err(Error::Execution(format!("invalid source label name in label_join(): {source}")));
        }
        sources.push(source);
    }
    over(context, call, steps, Change::Join { separator: text(call, 2)?.0, sources })
}
