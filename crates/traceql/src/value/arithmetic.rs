//! `+ - * / % ^`, unary minus and `!`.
//!
//! Whole numbers stay whole (division truncates, overflow wraps as in Go); one float makes the
//! result a float. Sums and differences of durations are durations; a product or quotient of a
//! duration and a number is a duration when it is whole nanoseconds, else a float in nanoseconds,
//! so that `duration < 10ns / 3` compares with 3.33.

use super::{Outcome, Value};
use crate::ast::BinaryOp;
use crate::error::EvalError;

/// The result of an arithmetic operator; nil when a side is not a number.
pub fn arithmetic(op: BinaryOp, lhs: &Value, rhs: &Value) -> Outcome {
    match (lhs, rhs) {
        (Value::Int(a), Value::Int(b)) => whole(op, *a, *b).map(Value::Int),
        (Value::Duration(a), Value::Duration(b)) => Ok(match op {
            BinaryOp::Add => Value::Duration(a.wrapping_add(*b)),
            BinaryOp::Sub => Value::Duration(a.wrapping_sub(*b)),
            _ => Value::Float(float(op, *a as f64, *b as f64)),
        }),
        (Value::Duration(a), Value::Int(b)) | (Value::Int(b), Value::Duration(a)) if op == BinaryOp::Mul => {
            Ok(a.checked_mul(*b).map_or(Value::Float(*a as f64 * *b as f64), Value::Duration))
        }
        (Value::Duration(a), Value::Int(b)) if op == BinaryOp::Div && *b != 0 && a % b == 0 => {
            Ok(Value::Duration(a.wrapping_div(*b)))
        }
        _ => {
            let (Some(a), Some(b)) = (lhs.as_f64(), rhs.as_f64()) else {
                return Ok(Value::Nil);
            };
            let result = float(op, a, b);
            let one_duration = matches!(lhs, Value::Duration(_)) != matches!(rhs, Value::Duration(_));
            // 2^53: above it a float does not hold every whole nanosecond.
            let is_whole = result.fract() == 0.0 && result.abs() < 9_007_199_254_740_992.0;
            Ok(if one_duration && is_whole && op != BinaryOp::Pow {
                Value::Duration(result as i64)
            } else {
                Value::Float(result)
            })
        }
    }
}

fn whole(op: BinaryOp, a: i64, b: i64) -> Result<i64, EvalError> {
    Ok(match op {
        BinaryOp::Add => a.wrapping_add(b),
        BinaryOp::Sub => a.wrapping_sub(b),
        BinaryOp::Mul => a.wrapping_mul(b),
        BinaryOp::Div if b == 0 => return Err(EvalError::DivisionByZero),
        BinaryOp::Div => a.wrapping_div(b),
        BinaryOp::Mod if b == 0 => return Err(EvalError::DivisionByZero),
        BinaryOp::Mod => a.wrapping_rem(b),
        _ => power(a, b),
    })
}

/// Whole-number power; a negative exponent truncates towards zero, as division does.
fn power(base: i64, exponent: i64) -> i64 {
    if exponent < 0 {
        return match base {
            1 => 1,
            -1 if exponent % 2 == 0 => 1,
            -1 => -1,
            _ => 0,
        };
    }
    let (mut result, mut square, mut left) = (1_i64, base, exponent);
    while left > 0 {
        if left & 1 == 1 {
            result = result.wrapping_mul(square);
        }
        square = square.wrapping_mul(square);
        left >>= 1;
    }
    result
}

/// The operator on floats, IEEE throughout.
pub fn float(op: BinaryOp, a: f64, b: f64) -> f64 {
    match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::Mod => a % b,
        _ => a.powf(b),
    }
}

/// Unary minus; nil for what is no number.
pub fn negate(value: &Value) -> Value {
    match value {
        Value::Int(value) => Value::Int(value.wrapping_neg()),
        Value::Float(value) => Value::Float(-value),
        Value::Duration(ns) => Value::Duration(ns.wrapping_neg()),
        _ => Value::Nil,
    }
}

/// `!`; nil for what is no truth value.
pub fn not(value: &Value) -> Value {
    match value {
        Value::Bool(value) => Value::Bool(!value),
        _ => Value::Nil,
    }
}
