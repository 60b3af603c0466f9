//! `count`, `min`, `max`, `sum`, `avg` over the spans of a spanset.

use std::sync::Arc;

use super::{Spanset, Trace};
use crate::ast::{Aggregate, BinaryOp};
use crate::error::EvalError;
use crate::program::Program;
use crate::value::{Patterns, Value, binary, compare};

/// A compiled aggregate.
#[derive(Debug, Clone)]
pub struct AggregateStep {
    /// Which.
    pub function: Aggregate,
    /// Over what; `None` for `count()`.
    pub argument: Option<Program>,
    /// Its canonical text, under which the result is shown.
    pub name: Arc<str>,
}

/// Keeps the spansets for which the comparison holds. A spanset without any value is dropped, with
/// `!=` too.
pub(super) fn filter(
    step: &AggregateStep,
    op: BinaryOp,
    number: &Value,
    trace: &Trace<'_>,
    input: Vec<Spanset>,
) -> Result<Vec<Spanset>, EvalError> {
    let mut output = Vec::with_capacity(input.len());
    for mut spanset in input {
        let value = evaluate(step, trace, &spanset)?;
        if binary(op, &value, number, &Patterns::default())?.is_true() {
            spanset.attributes.push((Arc::clone(&step.name), value));
            output.push(spanset);
        }
    }
    Ok(output)
}

/// The aggregate of one spanset; nil when no span has a number. `sum` and `avg` have the type of
/// the first number and leave out numbers of other types.
fn evaluate(step: &AggregateStep, trace: &Trace<'_>, spanset: &Spanset) -> Result<Value, EvalError> {
    let Some(argument) = &step.argument else {
        return Ok(Value::Int(spanset.rows.count() as i64));
    };
    let mut result = Value::Nil;
    let mut count = 0_u32;
    for row in spanset.rows.iter() {
        let value = argument.value(&trace.rows, row)?;
        if !value.kind().is_numeric() {
            continue;
        }
        if result.is_nil() {
            result = value;
            count = 1;
            continue;
        }
        match step.function {
            Aggregate::Min if compare(&value, &result).is_some_and(|order| order.is_lt()) => {
                result = value;
            }
            Aggregate::Max if compare(&value, &result).is_some_and(|order| order.is_gt()) => {
                result = value;
            }
            Aggregate::Sum | Aggregate::Avg if value.kind() == result.kind() => {
                result.sum_into(&value);
                count += 1;
            }
            _ => {}
        }
    }
    Ok(if step.function == Aggregate::Avg { result.divide_by(f64::from(count)) } else { result })
}
