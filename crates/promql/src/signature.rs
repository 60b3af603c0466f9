//! The functions of the language: names, argument types, result types.
//!
//! In: a name. Out: its signature. What the functions do is in `eval/`.

use crate::ast::ValueType;
use crate::ast::ValueType::{Matrix, Scalar, String, Vector};

/// How often the last argument may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arity {
    /// Exactly the arguments of the signature.
    Exact,
    /// The last one may be missing or stand up to so many times.
    Optional(usize),
    /// The last one may be missing or stand any number of times.
    Many,
}

/// A function.
#[derive(Debug, PartialEq, Eq)]
pub struct Signature {
    /// Its name; case matters.
    pub name: &'static str,
    /// The types of its arguments.
    pub args: &'static [ValueType],
    /// How often the last argument may stand.
    pub arity: Arity,
    /// The type of its result.
    pub result: ValueType,
    /// Whether it needs the feature `promql-experimental-functions`.
    pub is_experimental: bool,
}

const fn stable(name: &'static str, args: &'static [ValueType]) -> Signature {
    Signature { name, args, arity: Arity::Exact, result: Vector, is_experimental: false }
}

const fn experimental(name: &'static str, args: &'static [ValueType]) -> Signature {
    Signature { is_experimental: true, ..stable(name, args) }
}

const fn with_arity(arity: Arity, signature: Signature) -> Signature {
    Signature { arity, ..signature }
}

const fn scalar(signature: Signature) -> Signature {
    Signature { result: Scalar, ..signature }
}

const DATE: Arity = Arity::Optional(1);

/// All functions, sorted by name.
pub static FUNCTIONS: &[Signature] = &[
    stable("abs", &[Vector]),
    stable("absent", &[Vector]),
    stable("absent_over_time", &[Matrix]),
    stable("acos", &[Vector]),
    stable("acosh", &[Vector]),
    stable("asin", &[Vector]),
    stable("asinh", &[Vector]),
    stable("atan", &[Vector]),
    stable("atanh", &[Vector]),
    stable("avg_over_time", &[Matrix]),
    stable("ceil", &[Vector]),
    stable("changes", &[Matrix]),
    stable("clamp", &[Vector, Scalar, Scalar]),
    stable("clamp_max", &[Vector, Scalar]),
    stable("clamp_min", &[Vector, Scalar]),
    stable("cos", &[Vector]),
    stable("cosh", &[Vector]),
    stable("count_over_time", &[Matrix]),
    with_arity(DATE, stable("day_of_month", &[Vector])),
    with_arity(DATE, stable("day_of_week", &[Vector])),
    with_arity(DATE, stable("day_of_year", &[Vector])),
    with_arity(DATE, stable("days_in_month", &[Vector])),
    stable("deg", &[Vector]),
    stable("delta", &[Matrix]),
    stable("deriv", &[Matrix]),
    experimental("double_exponential_smoothing", &[Matrix, Scalar, Scalar]),
    scalar(experimental("end", &[])),
    stable("exp", &[Vector]),
    stable("first_over_time", &[Matrix]),
    stable("floor", &[Vector]),
    stable("histogram_avg", &[Vector]),
    stable("histogram_count", &[Vector]),
    stable("histogram_fraction", &[Scalar, Scalar, Vector]),
    stable("histogram_quantile", &[Scalar, Vector]),
    with_arity(Arity::Optional(9), experimental("histogram_quantiles", &[Vector, String, Scalar, Scalar])),
    stable("histogram_stddev", &[Vector]),
    stable("histogram_stdvar", &[Vector]),
    stable("histogram_sum", &[Vector]),
    with_arity(DATE, stable("hour", &[Vector])),
    stable("idelta", &[Matrix]),
    stable("increase", &[Matrix]),
    with_arity(Arity::Optional(1), experimental("info", &[Vector, Vector])),
    stable("irate", &[Matrix]),
    with_arity(Arity::Many, stable("label_join", &[Vector, String, String, String])),
    stable("label_replace", &[Vector, String, String, String, String]),
    stable("last_over_time", &[Matrix]),
    stable("ln", &[Vector]),
    stable("log10", &[Vector]),
    stable("log2", &[Vector]),
    experimental("mad_over_time", &[Matrix]),
    scalar(experimental("max_of", &[Scalar, Scalar])),
    stable("max_over_time", &[Matrix]),
    scalar(experimental("min_of", &[Scalar, Scalar])),
    stable("min_over_time", &[Matrix]),
    with_arity(DATE, stable("minute", &[Vector])),
    with_arity(DATE, stable("month", &[Vector])),
    scalar(stable("pi", &[])),
    stable("predict_linear", &[Matrix, Scalar]),
    stable("present_over_time", &[Matrix]),
    stable("quantile_over_time", &[Scalar, Matrix]),
    stable("rad", &[Vector]),
    scalar(experimental("range", &[])),
    stable("rate", &[Matrix]),
    stable("resets", &[Matrix]),
    with_arity(Arity::Optional(1), stable("round", &[Vector, Scalar])),
    scalar(stable("scalar", &[Vector])),
    stable("sgn", &[Vector]),
    stable("sin", &[Vector]),
    stable("sinh", &[Vector]),
    stable("sort", &[Vector]),
    with_arity(Arity::Many, experimental("sort_by_label", &[Vector, String])),
    with_arity(Arity::Many, experimental("sort_by_label_desc", &[Vector, String])),
    stable("sort_desc", &[Vector]),
    stable("sqrt", &[Vector]),
    scalar(experimental("start", &[])),
    experimental("start_timestamp", &[Vector]),
    stable("stddev_over_time", &[Matrix]),
    stable("stdvar_over_time", &[Matrix]),
    scalar(experimental("step", &[])),
    stable("sum_over_time", &[Matrix]),
    stable("tan", &[Vector]),
    stable("tanh", &[Vector]),
    scalar(stable("time", &[])),
    stable("timestamp", &[Vector]),
    experimental("ts_of_first_over_time", &[Matrix]),
    experimental("ts_of_last_over_time", &[Matrix]),
    experimental("ts_of_max_over_time", &[Matrix]),
    experimental("ts_of_min_over_time", &[Matrix]),
    stable("vector", &[Scalar]),
    with_arity(DATE, stable("year", &[Vector])),
];

/// The function with this name.
pub fn find(name: &str) -> Option<&'static Signature> {
    let at = FUNCTIONS.binary_search_by(|signature| signature.name.cmp(name)).ok()?;
    FUNCTIONS.get(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        assert!(FUNCTIONS.windows(2).all(|pair| pair[0].name < pair[1].name));
        assert!(find("rate").is_some());
        assert!(find("RATE").is_none());
    }
}
