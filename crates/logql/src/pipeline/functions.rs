//! The functions of templates beside those of Go itself: Loki's own and its choice of sprig's.
//!
//! One file a family. Sprig's functions take their subject last, so that it can come through a pipe;
//! the old ones in capitals take it first.

mod decimal;
mod encoding;
mod numbers;
mod strings;
mod times;

use std::cell::RefCell;

use hashbrown::HashMap;
use regex::Regex;
use stdx::go::template::{CallError, Value};

pub use strings::{align_left, align_right, substring, truncate};

/// What a call gives.
pub type Called<'v> = Result<Value<'v>, CallError>;

/// What functions need besides their arguments.
#[derive(Debug)]
pub struct Context<'c> {
    /// The time that `now` gives: that of the query, because nothing here reads a clock.
    pub now_ns: i64,
    /// Compiled regular expressions.
    pub regexes: &'c RefCell<Regexes>,
}

/// Regular expressions of a template, compiled once.
#[derive(Debug, Clone, Default)]
pub struct Regexes {
    compiled: HashMap<String, Regex>,
}

/// Expressions kept; one made from a label's value could be new on each line.
const REGEXES_MAX: usize = 64;

impl Regexes {
    fn get(&mut self, pattern: &str) -> Result<Regex, CallError> {
        if let Some(regex) = self.compiled.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = stdx::go::regex::compile(pattern, stdx::go::regex::Anchoring::None)
            .map_err(|error| CallError::Failed(error.to_string()))?;
        if self.compiled.len() >= REGEXES_MAX {
            self.compiled.clear();
        }
        self.compiled.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// All names.
pub const NAMES: &[&str] = &[
    "__line__",
    "__timestamp__",
    "ToLower",
    "ToUpper",
    "Replace",
    "Trim",
    "TrimLeft",
    "TrimRight",
    "TrimPrefix",
    "TrimSuffix",
    "TrimSpace",
    "regexReplaceAll",
    "regexReplaceAllLiteral",
    "count",
    "urldecode",
    "urlencode",
    "bytes",
    "duration",
    "duration_seconds",
    "unixEpochMillis",
    "unixEpochNanos",
    "toDateInZone",
    "unixToTime",
    "alignLeft",
    "alignRight",
    "b64enc",
    "b64dec",
    "lower",
    "upper",
    "title",
    "trunc",
    "substr",
    "contains",
    "hasPrefix",
    "hasSuffix",
    "indent",
    "nindent",
    "replace",
    "repeat",
    "trim",
    "trimAll",
    "trimSuffix",
    "trimPrefix",
    "int",
    "float64",
    "add",
    "sub",
    "mul",
    "div",
    "mod",
    "addf",
    "subf",
    "mulf",
    "divf",
    "max",
    "min",
    "maxf",
    "minf",
    "ceil",
    "floor",
    "round",
    "fromJson",
    "date",
    "toDate",
    "now",
    "unixEpoch",
    "default",
];

/// Whether a template may call the function.
pub fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Calls a function other than `__line__` and `__timestamp__`.
pub fn call<'v>(name: &str, args: &[Value<'v>], context: &Context<'_>) -> Called<'v> {
    if name == "default" {
        return default(args);
    }
    strings::call(name, args, context)
        .or_else(|| numbers::call(name, args))
        .or_else(|| times::call(name, args, context))
        .or_else(|| encoding::call(name, args))
        .unwrap_or_else(|| Err(CallError::Mismatch(format!("function {name} not defined"))))
}

/// The second argument unless it is empty, else the first.
fn default<'v>(args: &[Value<'v>]) -> Called<'v> {
    let Some(fallback) = args.first() else {
        return Err(CallError::arity("default", "at least 1", 0));
    };
    let is_empty = |value: &Value<'_>| match value {
        Value::Nil => true,
        Value::Bool(value) => !value,
        Value::Int(value) => *value == 0,
        Value::Float(value) => *value == 0.0,
        Value::String(text) => text.is_empty(),
        Value::List(items) => items.is_empty(),
        Value::Map(map) => map.is_empty(),
        Value::Root | Value::Time(_) => false,
    };
    Ok(args.get(1).filter(|given| !is_empty(given)).unwrap_or(fallback).clone())
}

/// The arguments as strings, exactly `N` of them.
pub(super) fn texts<'s, const N: usize>(
    name: &str,
    args: &'s [Value<'_>],
) -> Result<[&'s str; N], CallError> {
    if args.len() != N {
        return Err(CallError::arity(name, &N.to_string(), args.len()));
    }
    let mut out = [""; N];
    for (slot, value) in out.iter_mut().zip(args) {
        *slot = text(value)?;
    }
    Ok(out)
}

/// A string argument.
pub(super) fn text<'s>(value: &'s Value<'_>) -> Result<&'s str, CallError> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(mismatch("string", other)),
    }
}

/// An integer argument.
pub(super) fn integer(value: &Value<'_>) -> Result<i64, CallError> {
    match value {
        Value::Int(number) => Ok(*number),
        other => Err(mismatch("int", other)),
    }
}

fn mismatch(want: &str, got: &Value<'_>) -> CallError {
    let got = got.type_name();
    CallError::Mismatch(format!("wrong type for value; expected {want}; got {got}"))
}
