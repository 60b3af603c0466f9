//! Tests of a column against literals, over whole columns where its type allows.

use std::sync::Arc;

use hashbrown::HashSet;
use regex::Regex;

use super::{Rows, Slot};
use crate::ast::BinaryOp;
use crate::bits::Bits;
use crate::columns::{Column, Plain, TextColumn};
use crate::error::EvalError;
use crate::value::{Patterns, Value, binary, equal};

/// What is asked of a value. An array is asked element by element: any for the positive tests, all
/// for the negative ones.
#[derive(Debug, Clone)]
pub enum Test {
    /// A comparison with a literal.
    Compare(BinaryOp, Value),
    /// Equal to one of the literals (true) or to none (false).
    OneOf(Literals, bool),
    /// Matches one of the patterns (true) or none (false).
    Match(Vec<Regex>, bool),
}

/// Literals of a set test, looked up by hash where all are texts or all are whole numbers.
#[derive(Debug, Clone)]
pub enum Literals {
    /// Texts.
    Texts(HashSet<Arc<str>>),
    /// Whole numbers, and durations as nanoseconds.
    Wholes(HashSet<i64>),
    /// Anything else.
    Others(Vec<Value>),
}

impl Literals {
    /// From the literals of a query.
    pub fn new(literals: &[Value]) -> Self {
        let texts = literals.iter().map(|literal| match literal {
            Value::Str(text) => Some(Arc::clone(text)),
            _ => None,
        });
        if let Some(texts) = texts.collect() {
            return Self::Texts(texts);
        }
        let wholes = literals.iter().map(|literal| match literal {
            Value::Int(value) | Value::Duration(value) => Some(*value),
            _ => None,
        });
        match wholes.collect() {
            Some(wholes) => Self::Wholes(wholes),
            None => Self::Others(literals.to_vec()),
        }
    }

    /// Whether a plain value is among them; `None` if it cannot be compared with all of them, so that
    /// neither `=` nor `!=` holds.
    fn has(&self, item: &Value) -> Option<bool> {
        match (self, item) {
            (Self::Texts(texts), Value::Str(text)) => Some(texts.contains(text)),
            (Self::Wholes(wholes), Value::Int(value) | Value::Duration(value)) => {
                Some(wholes.contains(value))
            }
            (Self::Wholes(wholes), Value::Float(value)) => {
                Some(wholes.iter().any(|whole| *whole as f64 == *value))
            }
            (Self::Others(literals), item) => {
                if literals.iter().any(|literal| equal(item, literal)) {
                    return Some(true);
                }
                let fits = |literal: &Value| {
                    item.kind() == literal.kind() || (item.kind().is_numeric() && literal.kind().is_numeric())
                };
                literals.iter().all(fits).then_some(false)
            }
            _ => None,
        }
    }
}

/// Whether a value matches (true) or does not (false); only text can do either.
pub fn pattern_holds(value: &Value, regex: &Regex, is_match: bool) -> bool {
    let holds = |item: &Value| match item {
        Value::Str(text) => regex.is_match(text) == is_match,
        _ => false,
    };
    match value {
        Value::Array(items) if is_match => items.iter().any(holds),
        Value::Array(items) => items.iter().all(holds),
        plain => holds(plain),
    }
}

impl Test {
    /// Whether it holds for a value; never for an absent one.
    pub fn holds(&self, value: &Value, patterns: &Patterns) -> Result<bool, EvalError> {
        let (is_positive, one): (bool, &dyn Fn(&Value) -> bool) = match self {
            Self::Compare(op, literal) => {
                return Ok(binary(*op, value, literal, patterns)?.is_true());
            }
            Self::OneOf(literals, is_in) => (*is_in, &|item| literals.has(item) == Some(*is_in)),
            Self::Match(regexes, is_match) => (*is_match, &|item| match item {
                Value::Str(text) => regexes.iter().any(|regex| regex.is_match(text)) == *is_match,
                _ => false,
            }),
        };
        Ok(match value {
            Value::Nil => false,
            Value::Array(items) if is_positive => items.iter().any(one),
            Value::Array(items) => items.iter().all(one),
            plain => one(plain),
        })
    }

    /// The rows of a slot for which it holds; `None` if the column must be read row by row.
    pub fn column(&self, slot: Slot, rows: &Rows<'_>) -> Option<Bits> {
        let range = rows.range.clone();
        let Some(column) = slot.column(rows) else {
            return match slot {
                Slot::Duration => self.wholes(&rows.batch.durations[range]),
                _ => None,
            };
        };
        match column {
            Column::Absent => Some(Bits::none(rows.len())),
            Column::Int(plain) | Column::Duration(plain) => {
                self.wholes(&plain.values[range]).map(|found| present(found, plain, rows))
            }
            Column::Float(plain) => {
                self.floats(&plain.values[range]).map(|found| present(found, plain, rows))
            }
            Column::Bool(plain) => {
                let (on_true, on_false) =
                    (self.literal(&Value::Bool(true)), self.literal(&Value::Bool(false)));
                let values = &plain.values[range];
                let found = Bits::of_slice(values, |value| if value { on_true } else { on_false });
                Some(present(found, plain, rows))
            }
            Column::Status(codes) => {
                let holds: Vec<bool> =
                    (0..3).map(|code| self.literal(&Value::Status(model::StatusCode(code)))).collect();
                Some(Bits::of_slice(&codes[range], |code| {
                    holds.get(code.0 as usize).copied().unwrap_or(false)
                }))
            }
            Column::Kind(kinds) => {
                let holds: Vec<bool> =
                    (0..6).map(|kind| self.literal(&Value::Kind(model::SpanKind(kind)))).collect();
                Some(Bits::of_slice(&kinds[range], |kind| {
                    holds.get(kind.0 as usize).copied().unwrap_or(false)
                }))
            }
            Column::Text(texts) => Some(self.texts(texts, rows)),
            Column::Mixed(_) | Column::Lists { .. } => None,
        }
    }

    /// For values without arrays, which cannot fail.
    fn literal(&self, value: &Value) -> bool {
        self.holds(value, &Patterns::default()).unwrap_or(false)
    }

    fn wholes(&self, values: &[i64]) -> Option<Bits> {
        match self {
            Self::Compare(op, Value::Int(literal) | Value::Duration(literal)) => {
                Some(compare_slice(*op, values, *literal, |value| value))
            }
            Self::Compare(op, Value::Float(literal)) => {
                Some(compare_slice(*op, values, *literal, |value| value as f64))
            }
            Self::OneOf(..) => Some(Bits::of_slice(values, |value| self.literal(&Value::Int(value)))),
            _ => Some(Bits::none(values.len())),
        }
    }

    fn floats(&self, values: &[f64]) -> Option<Bits> {
        match self {
            Self::Compare(op, literal) => match literal.as_f64() {
                Some(literal) => Some(compare_slice(*op, values, literal, |value| value)),
                None => Some(Bits::none(values.len())),
            },
            Self::OneOf(..) => Some(Bits::of_slice(values, |value| self.literal(&Value::Float(value)))),
            Self::Match(..) => Some(Bits::none(values.len())),
        }
    }

    /// Once an entry of the dictionary that the rows use, then a look-up a row.
    fn texts(&self, texts: &TextColumn, rows: &Rows<'_>) -> Bits {
        let codes = &texts.codes()[rows.range.clone()];
        let dictionary = texts.dictionary();
        if dictionary.len() > codes.len() {
            return Bits::of_slice(codes, |code| match dictionary.get(code as usize) {
                Some(text) => self.literal(&Value::Str(Arc::clone(text))),
                None => false,
            });
        }
        let mut holds: Vec<bool> =
            dictionary.iter().map(|text| self.literal(&Value::Str(Arc::clone(text)))).collect();
        // One past the dictionary stands for "no text".
        holds.push(false);
        let none = dictionary.len();
        Bits::of_slice(codes, |code| holds[(code as usize).min(none)])
    }
}

fn present<T>(mut found: Bits, plain: &Plain<T>, rows: &Rows<'_>) -> Bits {
    if let Some(present) = &plain.present {
        let start = rows.range.start;
        if start == 0 && present.len() == found.len() {
            found.and(present);
        } else {
            found.and(&Bits::from_fn(found.len(), |row| present.contains(start + row)));
        }
    }
    found
}

/// One loop an operator, so that each vectorises.
fn compare_slice<T: Copy, U: PartialOrd + Copy>(
    op: BinaryOp,
    values: &[T],
    literal: U,
    as_literal: impl Fn(T) -> U,
) -> Bits {
    match op {
        BinaryOp::Equal => Bits::of_slice(values, |value| as_literal(value) == literal),
        BinaryOp::NotEqual => Bits::of_slice(values, |value| as_literal(value) != literal),
        BinaryOp::Less => Bits::of_slice(values, |value| as_literal(value) < literal),
        BinaryOp::LessEqual => Bits::of_slice(values, |value| as_literal(value) <= literal),
        BinaryOp::Greater => Bits::of_slice(values, |value| as_literal(value) > literal),
        BinaryOp::GreaterEqual => Bits::of_slice(values, |value| as_literal(value) >= literal),
        _ => Bits::none(values.len()),
    }
}
