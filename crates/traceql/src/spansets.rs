//! Pipelines of spansets over one trace.
//!
//! In: compiled steps, one trace, spansets (at first one with all spans). Out: spansets. A filter
//! keeps the spans for which it is true, operators join what their sides keep of one spanset, `by`
//! splits, `coalesce` joins, aggregates drop whole spansets. An empty spanset disappears.

mod aggregate;
mod compile;
mod group;

use std::sync::Arc;

pub use aggregate::AggregateStep;
pub use compile::{Compiler, Outputs};

use crate::ast::{BinaryOp, SpansetOp};
use crate::bits::Bits;
use crate::error::EvalError;
use crate::nested_set::NestedSets;
use crate::program::{Program, Rows};
use crate::structural::related;
use crate::value::Value;

/// Spans of one trace that belong together.
#[derive(Debug, Clone)]
pub struct Spanset {
    /// The spans, by row of the trace.
    pub rows: Bits,
    /// What `by` and aggregates found out, under their canonical text.
    pub attributes: Vec<(Arc<str>, Value)>,
}

impl Spanset {
    /// All of a trace's spans.
    pub fn all(len: usize) -> Self {
        Self { rows: Bits::all(len), attributes: Vec::new() }
    }
}

/// One trace under evaluation.
#[derive(Debug)]
pub struct Trace<'b> {
    /// Its spans.
    pub rows: Rows<'b>,
    /// Its nested sets, where a step needs them.
    pub sets: Option<&'b NestedSets>,
}

/// One compiled stage.
#[derive(Debug, Clone)]
pub enum Step {
    /// Filters and operators.
    Spansets(Selector),
    /// `count() > 3`: the aggregate stands left of the comparison.
    ScalarFilter(AggregateStep, BinaryOp, Value),
    /// `by(x)` with its canonical text.
    By(Program, Arc<str>),
    /// `coalesce()`.
    Coalesce,
}

/// A compiled spanset expression.
#[derive(Debug, Clone)]
pub enum Selector {
    /// A filter.
    Filter(Program),
    /// Operators, grouped from the left.
    Chain(Box<Selector>, Vec<(SpansetOp, Selector)>),
    /// A pipeline in parentheses.
    Pipeline(Vec<Step>),
}

/// Runs steps over spansets of one trace.
pub fn run(steps: &[Step], trace: &Trace<'_>, input: Vec<Spanset>) -> Result<Vec<Spanset>, EvalError> {
    let mut spansets = input;
    for step in steps {
        spansets = run_step(step, trace, spansets)?;
        if spansets.is_empty() {
            break;
        }
    }
    Ok(spansets)
}

fn run_step(step: &Step, trace: &Trace<'_>, input: Vec<Spanset>) -> Result<Vec<Spanset>, EvalError> {
    match step {
        Step::Spansets(selector) => {
            let mut output = Vec::with_capacity(input.len());
            for spanset in &input {
                output.extend(select(selector, trace, spanset)?);
            }
            Ok(output)
        }
        Step::ScalarFilter(aggregate, op, number) => aggregate::filter(aggregate, *op, number, trace, input),
        Step::By(program, name) => group::split(program, name, trace, &input),
        Step::Coalesce => Ok(group::coalesce(&input)),
    }
}

fn select(selector: &Selector, trace: &Trace<'_>, input: &Spanset) -> Result<Vec<Spanset>, EvalError> {
    match selector {
        Selector::Filter(program) => {
            let rows = program.select(&trace.rows, &input.rows)?;
            Ok(kept(rows, input).into_iter().collect())
        }
        Selector::Pipeline(steps) => run(steps, trace, vec![input.clone()]),
        Selector::Chain(first, rest) => {
            let mut lhs = select(first, trace, input)?;
            for (op, selector) in rest {
                let rhs = select(selector, trace, input)?;
                lhs = join(*op, trace, single(lhs)?, single(rhs)?, input).into_iter().collect();
            }
            Ok(lhs)
        }
    }
}

fn kept(rows: Bits, input: &Spanset) -> Option<Spanset> {
    let attributes = || input.attributes.clone();
    (!rows.is_empty()).then(|| Spanset { rows, attributes: attributes() })
}

/// An operator's side is at most one spanset.
fn single(mut spansets: Vec<Spanset>) -> Result<Option<Bits>, EvalError> {
    if spansets.len() > 1 {
        return Err(EvalError::SeveralSpansets);
    }
    Ok(spansets.pop().map(|spanset| spanset.rows))
}

fn join(
    op: SpansetOp,
    trace: &Trace<'_>,
    lhs: Option<Bits>,
    rhs: Option<Bits>,
    input: &Spanset,
) -> Option<Spanset> {
    let len = input.rows.len();
    let no_sets = NestedSets::default();
    let sets = trace.sets.unwrap_or(&no_sets);
    let rows = match (op, lhs, rhs) {
        (SpansetOp::And, Some(mut lhs), Some(rhs)) => {
            lhs.or(&rhs);
            lhs
        }
        (SpansetOp::Or, lhs, rhs) => {
            let mut rows = lhs.unwrap_or_else(|| Bits::none(len));
            if let Some(rhs) = rhs {
                rows.or(&rhs);
            }
            rows
        }
        (SpansetOp::Structural(op), Some(lhs), Some(rhs)) => related(op, sets, &lhs, &rhs),
        (SpansetOp::Not(op), lhs, Some(mut rhs)) => {
            if let Some(lhs) = lhs {
                rhs.and_not(&related(op, sets, &lhs, &rhs));
            }
            rhs
        }
        (SpansetOp::Union(op), Some(lhs), Some(rhs)) => {
            let mut rows = related(op, sets, &lhs, &rhs);
            rows.or(&related(op.inverse(), sets, &rhs, &lhs));
            rows
        }
        _ => return None,
    };
    kept(rows, input)
}
