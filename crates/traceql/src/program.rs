//! Expressions over a span, compiled against the columns of a batch.
//!
//! In: an expression and the list of fields that the batch will have. Out: the set of rows for
//! which it is true, or its value for one row. Comparisons of a column with a literal run over the
//! whole column; all else row by row with [`crate::value`]. The right side of `&&` and `||` is
//! computed only for the rows that the left side leaves open, as for one span at a time.

mod compile;
mod slot;
mod test;

use std::ops::Range;

use regex::Regex;

pub use compile::{Fields, compile};
pub use slot::Slot;
pub use test::Test;

use crate::ast::{BinaryOp, UnaryOp};
use crate::bits::Bits;
use crate::columns::Batch;
use crate::error::EvalError;
use crate::value::{Outcome, Patterns, Value, binary, negate, not};

/// The rows over which expressions are evaluated; rows count from the start of the range.
#[derive(Debug)]
pub struct Rows<'b> {
    /// The spans.
    pub batch: &'b Batch,
    /// Which of them.
    pub range: Range<usize>,
    /// Patterns that come from data.
    pub patterns: &'b Patterns,
}

impl Rows<'_> {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.range.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.range.is_empty()
    }
}

/// A compiled expression.
#[derive(Debug, Clone)]
pub enum Program {
    /// A literal.
    Literal(Value),
    /// The first of these that the span has.
    Slots(Vec<Slot>),
    /// `-x`, `!x`.
    Unary(UnaryOp, Box<Program>),
    /// Arithmetic and comparisons.
    Binary(BinaryOp, Box<Program>, Box<Program>),
    /// A test of a column against literals.
    Column(Vec<Slot>, Test),
    /// A regular expression on anything else; whether it must match.
    Pattern(Box<Program>, Regex, bool),
    /// `x != nil` (true) and `x = nil` (false).
    Exists(Box<Program>, bool),
    /// `&&` (true) and `||` (false) from the left.
    Logic(Box<Program>, Vec<(bool, Program)>),
}

impl Program {
    /// The rows of `input` for which the expression is true.
    pub fn select(&self, rows: &Rows<'_>, input: &Bits) -> Result<Bits, EvalError> {
        match self {
            Self::Literal(value) => Ok(if value.is_true() { input.clone() } else { Bits::none(input.len()) }),
            Self::Logic(first, rest) => {
                let mut found = first.select(rows, input)?;
                for (is_and, operand) in rest {
                    if *is_and {
                        found = operand.select(rows, &found)?;
                    } else {
                        let mut open = input.clone();
                        open.and_not(&found);
                        found.or(&operand.select(rows, &open)?);
                    }
                }
                Ok(found)
            }
            Self::Column(slots, test) => {
                if let Some(mut found) = slot::single(slots, rows).and_then(|slot| test.column(slot, rows)) {
                    found.and(input);
                    return Ok(found);
                }
                self.row_by_row(rows, input)
            }
            Self::Exists(operand, is_there) => {
                let Self::Slots(slots) = &**operand else {
                    return self.row_by_row(rows, input);
                };
                let mut found = Bits::none(input.len());
                let holds = |row: &usize| slot::exists(slots, rows, *row, *is_there);
                input.iter().filter(holds).for_each(|row| found.insert(row));
                Ok(found)
            }
            _ => self.row_by_row(rows, input),
        }
    }

    fn row_by_row(&self, rows: &Rows<'_>, input: &Bits) -> Result<Bits, EvalError> {
        let mut found = Bits::none(input.len());
        for row in input.iter() {
            if self.value(rows, row)?.is_true() {
                found.insert(row);
            }
        }
        Ok(found)
    }

    /// The value for one row.
    pub fn value(&self, rows: &Rows<'_>, row: usize) -> Outcome {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Slots(slots) => slot::value(slots, rows, row),
            Self::Unary(UnaryOp::Negate, operand) => negate(&operand.value(rows, row)?),
            Self::Unary(UnaryOp::Not, operand) => not(&operand.value(rows, row)?),
            Self::Binary(op, lhs, rhs) => {
                let (lhs, rhs) = (lhs.value(rows, row)?, rhs.value(rows, row)?);
                return binary(*op, &lhs, &rhs, rows.patterns);
            }
            Self::Column(slots, test) => {
                Value::Bool(test.holds(&slot::value(slots, rows, row), rows.patterns)?)
            }
            Self::Pattern(operand, regex, is_match) => {
                Value::Bool(test::pattern_holds(&operand.value(rows, row)?, regex, *is_match))
            }
            Self::Exists(operand, is_there) => Value::Bool(match &**operand {
                Self::Slots(slots) => slot::exists(slots, rows, row, *is_there),
                operand => operand.value(rows, row)?.is_nil() != *is_there,
            }),
            Self::Logic(first, rest) => {
                let mut holds = first.value(rows, row)?.is_true();
                for (is_and, operand) in rest {
                    if holds == *is_and {
                        holds = operand.value(rows, row)?.is_true();
                    }
                }
                Value::Bool(holds)
            }
        })
    }
}
