//! Comparisons, regular expressions, and the rules for arrays.
//!
//! One array against one plain value: `= < <= > >= =~` ask for any element, `!= !~` for all. Two
//! arrays are an error. Numbers of all types compare as numbers, text by bytes.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::sync::Arc;

use hashbrown::HashMap;
use regex::Regex;

use super::{Outcome, Value, arithmetic};
use crate::ast::BinaryOp;
use crate::error::EvalError;
use crate::regexes;

/// Compiled patterns that came from data (`.a =~ .b`), at most [`PATTERNS_MAX`] at a time.
#[derive(Debug, Default)]
pub struct Patterns(RefCell<HashMap<Arc<str>, Option<Regex>>>);

/// Bounds the memory of patterns that stand in data.
pub const PATTERNS_MAX: usize = 64;

impl Patterns {
    /// Whether the whole `text` matches; a pattern that does not compile matches nothing.
    fn is_match(&self, pattern: &Arc<str>, text: &str) -> bool {
        let mut cache = self.0.borrow_mut();
        if !cache.contains_key(pattern) {
            if cache.len() >= PATTERNS_MAX {
                cache.clear();
            }
            cache.insert(Arc::clone(pattern), regexes::compile(pattern).ok());
        }
        cache.get(pattern).is_some_and(|regex| regex.as_ref().is_some_and(|r| r.is_match(text)))
    }
}

/// The order of two values of one family; `None` when they do not compare.
pub fn compare(a: &Value, b: &Value) -> Option<Ordering> {
    match (a, b) {
        (Value::Int(a) | Value::Duration(a), Value::Int(b) | Value::Duration(b)) => Some(a.cmp(b)),
        (Value::Str(a), Value::Str(b)) => Some(a.as_bytes().cmp(b.as_bytes())),
        (Value::Bool(a), Value::Bool(b)) => Some(a.cmp(b)),
        (Value::Status(a), Value::Status(b)) => Some(a.cmp(b)),
        (Value::Kind(a), Value::Kind(b)) => Some(a.cmp(b)),
        (Value::Array(a), Value::Array(b)) => {
            for (a, b) in a.iter().zip(b.iter()) {
                match compare(a, b)? {
                    Ordering::Equal => {}
                    unequal => return Some(unequal),
                }
            }
            Some(a.len().cmp(&b.len()))
        }
        _ => a.as_f64()?.partial_cmp(&b.as_f64()?),
    }
}

/// Equality of values as values: numbers by number, arrays by their elements. Nil equals nothing.
pub fn equal(a: &Value, b: &Value) -> bool {
    compare(a, b) == Some(Ordering::Equal)
}

/// A total order for sorting labels: by type, then by value.
pub fn order(a: &Value, b: &Value) -> Ordering {
    match (a, b) {
        (Value::Float(a), Value::Float(b)) => a.total_cmp(b),
        (Value::Array(x), Value::Array(y)) => {
            let elements = x.iter().zip(y.iter()).map(|(x, y)| order(x, y));
            elements.fold(Ordering::Equal, Ordering::then).then(x.len().cmp(&y.len()))
        }
        _ if a.kind() == b.kind() => compare(a, b).unwrap_or(Ordering::Equal),
        _ => a.kind().cmp(&b.kind()),
    }
}

/// The result of a binary operator other than `&&` and `||`, whose right side need not be computed.
pub fn binary(op: BinaryOp, lhs: &Value, rhs: &Value, patterns: &Patterns) -> Outcome {
    if lhs.is_nil() || rhs.is_nil() {
        return Ok(if op.is_arithmetic() { Value::Nil } else { Value::Bool(false) });
    }
    match op {
        BinaryOp::In | BinaryOp::NotIn | BinaryOp::MatchAny | BinaryOp::MatchNone => {
            return membership(op, lhs, rhs, patterns).map(Value::Bool);
        }
        BinaryOp::And => return Ok(Value::Bool(lhs.is_true() && rhs.is_true())),
        BinaryOp::Or => return Ok(Value::Bool(lhs.is_true() || rhs.is_true())),
        _ => {}
    }
    if op.is_arithmetic() {
        return match (lhs, rhs) {
            (Value::Array(_), _) | (_, Value::Array(_)) => Err(EvalError::ArrayArithmetic),
            _ => arithmetic::arithmetic(op, lhs, rhs),
        };
    }
    let one = |a: &Value, b: &Value| plain(op, a, b, patterns);
    let is_for_all = matches!(op, BinaryOp::NotEqual | BinaryOp::NotMatch);
    Ok(Value::Bool(match (lhs, rhs) {
        (Value::Array(_), Value::Array(_)) => return Err(EvalError::TwoArrays),
        (Value::Array(items), value) if is_for_all => items.iter().all(|item| one(item, value)),
        (Value::Array(items), value) => items.iter().any(|item| one(item, value)),
        (value, Value::Array(items)) if is_for_all => items.iter().all(|item| one(value, item)),
        (value, Value::Array(items)) => items.iter().any(|item| one(value, item)),
        _ => one(lhs, rhs),
    }))
}

/// A comparison of two plain values; false when their types do not fit.
fn plain(op: BinaryOp, a: &Value, b: &Value, patterns: &Patterns) -> bool {
    match op {
        BinaryOp::Match | BinaryOp::NotMatch => {
            let (Value::Str(text), Value::Str(pattern)) = (a, b) else {
                return false;
            };
            patterns.is_match(pattern, text) == (op == BinaryOp::Match)
        }
        BinaryOp::NotEqual => {
            let is_nan = |value: &Value| matches!(value, Value::Float(f) if f.is_nan());
            match compare(a, b) {
                Some(order) => order != Ordering::Equal,
                // IEEE: a NaN differs from every number.
                None => a.as_f64().is_some() && b.as_f64().is_some() && (is_nan(a) || is_nan(b)),
            }
        }
        BinaryOp::Equal => equal(a, b),
        _ if !(a.kind().is_numeric() || matches!(a, Value::Str(_))) => false,
        _ => compare(a, b).is_some_and(|order| op.holds(order)),
    }
}

fn membership(op: BinaryOp, lhs: &Value, rhs: &Value, patterns: &Patterns) -> Result<bool, EvalError> {
    let items = match (lhs, rhs) {
        (Value::Array(_), Value::Array(_)) => return Err(EvalError::TwoArrays),
        (_, Value::Array(items)) => items,
        _ => return Err(EvalError::ArrayOnTheRight),
    };
    let single = if matches!(op, BinaryOp::In | BinaryOp::NotIn) { BinaryOp::Equal } else { BinaryOp::Match };
    let is_member = items.iter().any(|item| plain(single, lhs, item, patterns));
    Ok(is_member == matches!(op, BinaryOp::In | BinaryOp::MatchAny))
}
