//! `by` and `coalesce`.

use std::sync::Arc;

use hashbrown::HashMap;

use super::{Spanset, Trace};
use crate::bits::Bits;
use crate::error::EvalError;
use crate::program::Program;
use crate::value::Value;

/// Splits each spanset by the value of an expression, groups in the order of their first span.
/// Spans without a value are a group of their own.
pub(super) fn split(
    program: &Program,
    name: &Arc<str>,
    trace: &Trace<'_>,
    input: &[Spanset],
) -> Result<Vec<Spanset>, EvalError> {
    let mut output: Vec<Spanset> = Vec::new();
    for spanset in input {
        let mut groups: HashMap<Value, usize> = HashMap::new();
        for row in spanset.rows.iter() {
            let value = program.value(&trace.rows, row)?;
            let group = *groups.entry(value).or_insert_with_key(|value| {
                let mut attributes = spanset.attributes.clone();
                attributes.push((Arc::clone(name), value.clone()));
                output.push(Spanset { rows: Bits::none(spanset.rows.len()), attributes });
                output.len() - 1
            });
            output[group].rows.insert(row);
        }
    }
    Ok(output)
}

/// All spans in one spanset, without what was known of the parts.
pub(super) fn coalesce(input: &[Spanset]) -> Vec<Spanset> {
    let Some(first) = input.first() else {
        return Vec::new();
    };
    let mut rows = Bits::none(first.rows.len());
    input.iter().for_each(|spanset| rows.or(&spanset.rows));
    vec![Spanset { rows, attributes: Vec::new() }]
}
