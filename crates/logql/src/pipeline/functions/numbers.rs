//! Functions of numbers. Texts count as the numbers that they spell, and as 0 if they spell none.

use stdx::go::number::{parse_float, parse_int};
use stdx::go::template::{CallError, Value};

use super::decimal::{self, Operation};
use super::{Called, text};
use crate::pipeline::unwrap::seconds;
use crate::syntax::bytes::parse_size;

/// Calls a function of this family; `None` if it is none.
pub(super) fn call<'v>(name: &str, args: &[Value<'v>]) -> Option<Called<'v>> {
    Some(match name {
        "int" => one(name, args).map(|a| Value::Int(to_int(a))),
        "float64" => one(name, args).map(|a| Value::Float(to_float(a))),
        "ceil" => one(name, args).map(|a| Value::Float(to_float(a).ceil())),
        "floor" => one(name, args).map(|a| Value::Float(to_float(a).floor())),
        "round" => round(name, args),
        "add" => Ok(Value::Int(args.iter().fold(0, |sum: i64, a| sum.wrapping_add(to_int(a))))),
        "mul" => fold_int(name, args, i64::wrapping_mul),
        "max" => fold_int(name, args, i64::max),
        "min" => fold_int(name, args, i64::min),
        "sub" => two(name, args).map(|(a, b)| Value::Int(to_int(a).wrapping_sub(to_int(b)))),
        "div" | "mod" => two(name, args).and_then(|(a, b)| divide(name, to_int(a), to_int(b))),
        "addf" => {
            let zero = Value::Float(0.0);
            let all: Vec<&Value<'_>> = std::iter::once(&zero).chain(args).collect();
            fold_float(name, &all, Operation::Add)
        }
        "subf" => fold_float(name, &args.iter().collect::<Vec<_>>(), Operation::Sub),
        "mulf" => fold_float(name, &args.iter().collect::<Vec<_>>(), Operation::Mul),
        "divf" => fold_float(name, &args.iter().collect::<Vec<_>>(), Operation::Div),
        "maxf" => extreme(name, args, f64::max),
        "minf" => extreme(name, args, f64::min),
        "bytes" => one(name, args).and_then(|a| {
            let bytes = parse_size(text(a)?).map_err(CallError::Failed)?;
            Ok(Value::Float(bytes as f64))
        }),
        "duration" | "duration_seconds" => one(name, args).and_then(|a| {
            let ns = stdx::go::duration::parse_duration(text(a)?)
                .map_err(|error| CallError::Failed(error.to_string()))?;
            Ok(Value::Float(seconds(ns)))
        }),
        _ => return None,
    })
}

fn one<'s, 'v>(name: &str, args: &'s [Value<'v>]) -> Result<&'s Value<'v>, CallError> {
    match args {
        [a] => Ok(a),
        _ => Err(CallError::arity(name, "1", args.len())),
    }
}

fn two<'s, 'v>(name: &str, args: &'s [Value<'v>]) -> Result<(&'s Value<'v>, &'s Value<'v>), CallError> {
    match args {
        [a, b] => Ok((a, b)),
        _ => Err(CallError::arity(name, "2", args.len())),
    }
}

/// `cast.ToInt64`: texts in any of Go's bases, zero decimals left out.
fn to_int(value: &Value<'_>) -> i64 {
    match value {
        Value::Int(number) => *number,
        Value::Float(number) => *number as i64,
        Value::Bool(truth) => i64::from(*truth),
        Value::String(text) => {
            let whole = match text.split_once('.') {
                Some((whole, zeros)) if zeros.bytes().all(|byte| byte == b'0') => whole,
                _ => text,
            };
            parse_int(whole, 0, 64).unwrap_or(0)
        }
        _ => 0,
    }
}

/// `cast.ToFloat64`.
fn to_float(value: &Value<'_>) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Float(number) => *number,
        Value::Bool(truth) => f64::from(u8::from(*truth)),
        Value::String(text) => parse_float(text).unwrap_or(0.0),
        _ => 0.0,
    }
}

fn fold_int<'v>(name: &str, args: &[Value<'v>], fold: fn(i64, i64) -> i64) -> Called<'v> {
    let numbers = args.iter().map(to_int).reduce(fold);
    numbers.map(Value::Int).ok_or_else(|| CallError::arity(name, "at least 1", 0))
}

fn extreme<'v>(name: &str, args: &[Value<'v>], fold: fn(f64, f64) -> f64) -> Called<'v> {
    let numbers = args.iter().map(to_float).reduce(fold);
    numbers.map(Value::Float).ok_or_else(|| CallError::arity(name, "at least 1", 0))
}

fn fold_float<'v>(name: &str, args: &[&Value<'v>], operation: Operation) -> Called<'v> {
    let mut numbers = args.iter().map(|value| to_float(value));
    let Some(first) = numbers.next() else {
        return Err(CallError::arity(name, "at least 1", 0));
    };
    let mut result = first;
    for number in numbers {
        result = decimal::apply(operation, result, number)
            .ok_or_else(|| CallError::Failed("decimal division by 0".to_owned()))?;
    }
    Ok(Value::Float(result))
}

fn divide<'v>(name: &str, a: i64, b: i64) -> Called<'v> {
    if b == 0 {
        return Err(CallError::Failed("runtime error: integer divide by zero".to_owned()));
    }
    Ok(Value::Int(if name == "div" { a.wrapping_div(b) } else { a.wrapping_rem(b) }))
}

/// `round value places [at]`: up from the fraction `at` on, which is 0.5 if not given.
fn round<'v>(name: &str, args: &[Value<'v>]) -> Called<'v> {
    let (value, places, at) = match args {
        [value, places] => (value, places, 0.5),
        [value, places, at, ..] => match at {
            Value::Float(at) => (value, places, *at),
            Value::Int(at) => (value, places, *at as f64),
            other => return Err(super::mismatch("float64", other)),
        },
        _ => return Err(CallError::arity(name, "at least 2", args.len())),
    };
    let scale = 10_f64.powf(to_float(places));
    let scaled = scale * to_float(value);
    let rounded = if scaled.fract() >= at { scaled.ceil() } else { scaled.floor() };
    Ok(Value::Float(rounded / scale))
}
