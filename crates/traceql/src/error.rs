//! Why a query cannot be answered.

use std::fmt;

use stdx::Kind;

/// What ends an evaluation whatever the other spans are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EvalError {
    /// A whole number was divided by zero.
    DivisionByZero,
    /// A comparison of two arrays.
    TwoArrays,
    /// `IN` and its kin without an array on the right.
    ArrayOnTheRight,
    /// Arithmetic on an array.
    ArrayArithmetic,
    /// A spanset operator met several spansets of one trace on a side.
    SeveralSpansets,
}

impl fmt::Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DivisionByZero => "division by zero",
            Self::TwoArrays => "array operators must consist of a scalar and an array operand",
            Self::ArrayOnTheRight => "array operators require array on the right side",
            Self::ArrayArithmetic => "arithmetic operators cannot be applied to arrays",
            Self::SeveralSpansets => {
                "spanset operators are not supported for multiple spansets per trace. consider using coalesce()"
            }
        })
    }
}

impl std::error::Error for EvalError {}

/// Why a query failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The text is wrong; the whole line as the original prints it.
    Query(String),
    /// The evaluation met an error in the query's own arithmetic or shape.
    Eval(EvalError),
    /// A metrics query was wanted.
    NotMetrics,
    /// A query for traces was wanted and this one computes with metrics.
    NotSpansets,
    /// The query was cancelled.
    Cancelled,
    /// A named limit was passed.
    Limit {
        /// Which one.
        name: &'static str,
        /// Its value.
        max: u64,
    },
    /// The source of traces failed; its own text and kind.
    Source {
        /// What happened.
        text: String,
        /// Which kind of failure.
        kind: Kind,
    },
}

impl Error {
    /// The kind that a server maps to a status.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Query(_) | Self::NotMetrics | Self::NotSpansets | Self::Eval(_) => Kind::InvalidInput,
            Self::Cancelled => Kind::Cancelled,
            Self::Limit { .. } => Kind::LimitExceeded,
            Self::Source { kind, .. } => *kind,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Query(text) => f.write_str(text),
            Self::Eval(error) => error.fmt(f),
            Self::NotMetrics => f.write_str("not a metrics query"),
            Self::NotSpansets => f.write_str("metrics math cannot be searched for traces"),
            Self::Cancelled => f.write_str("query cancelled"),
            Self::Limit { name, max } => write!(f, "query limit `{name}` of {max} exceeded"),
            Self::Source { text, .. } => f.write_str(text),
        }
    }
}

impl std::error::Error for Error {}

impl From<EvalError> for Error {
    fn from(error: EvalError) -> Self {
        Self::Eval(error)
    }
}
