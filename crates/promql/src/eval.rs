//! Evaluation of a checked tree over a source.
//!
//! In: a tree, the times, the options, a source and the limits. Out: a value and annotations. The
//! work streams series by series: an operator pulls one series at a time from below, and only what
//! needs several series at once (binary operators between vectors, `topk`, sorting) holds more.
//!
//! The way of a query: `plan.rs` resolves durations, `@` and step invariance; `operator.rs` builds the
//! operators; `read.rs` pulls samples from the source; then one file an operator or function family.

mod absent;
mod aggregate;
mod aggregate_k;
mod arithmetic;
mod binary;
mod changes;
mod classic;
mod count_values;
mod date;
mod elementwise;
mod extended;
mod histogram_functions;
mod info;
mod instant;
mod labels;
mod operator;
mod over_time;
mod plan;
mod quantile;
mod range;
mod rate;
mod read;
mod regression;
mod series;
mod sets;
mod sorting;
mod steps;

use std::cell::RefCell;
use std::sync::Arc;

use model::Labels;

use crate::annotation::Annotations;
use crate::ast::{Expr, ExprKind, ValueType};
use crate::hist::FloatHistogram;
use crate::source::{Interrupt, LimitError, Limits, Source, SourceError};

use plan::Plan;
use series::Series;
use steps::Steps;

/// Options of the evaluation, with Prometheus' flags and defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EvalOptions {
    /// `query.lookback-delta` in milliseconds.
    pub lookback_ms: i64,
    /// The step of subqueries without one, in milliseconds: the global evaluation interval.
    pub subquery_step_ms: i64,
    /// `promql-delayed-name-removal`
    pub delayed_name_removal: bool,
    /// `use-start-timestamps`
    pub use_start_timestamps: bool,
    /// `type-and-unit-labels`
    pub type_and_unit_labels: bool,
}

impl Default for EvalOptions {
    fn default() -> Self {
        Self {
            lookback_ms: 300_000,
            subquery_step_ms: 60_000,
            delayed_name_removal: false,
            use_start_timestamps: false,
            type_and_unit_labels: false,
        }
    }
}

/// At which times a query is evaluated, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// Once.
    Instant(i64),
    /// From a time on, each step, up to a time.
    Range {
        /// The first time.
        start_ms: i64,
        /// No time is later than this.
        end_ms: i64,
        /// Must be positive.
        step_ms: i64,
    },
}

/// Why an evaluation failed. The texts are Prometheus'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// The query asks for something that cannot be computed.
    Execution(String),
    /// Too many samples at a time.
    TooManySamples,
    /// The memory budget is used up.
    OutOfBudget {
        /// The budget.
        bytes_max: usize,
    },
    /// The time is over.
    TimedOut,
    /// The client went away.
    Canceled,
    /// The source failed.
    Source(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Execution(text) => f.write_str(text),
            Self::TooManySamples => {
                f.write_str("query processing would load too many samples into memory in query execution")
            }
            Self::OutOfBudget { bytes_max } => {
                write!(f, "query processing would use more than the budget of {bytes_max} bytes of memory")
            }
            Self::TimedOut => f.write_str("query timed out in expression evaluation"),
            Self::Canceled => f.write_str("query was canceled in expression evaluation"),
            Self::Source(text) => write!(f, "expanding series: {text}"),
        }
    }
}

impl std::error::Error for Error {}

impl Error {
    pub(crate) fn execution(text: impl Into<String>) -> Self {
        Self::Execution(text.into())
    }

    /// The kind of failure, for status codes.
    pub const fn kind(&self) -> stdx::Kind {
        match self {
            Self::Execution(_) => stdx::Kind::InvalidInput,
            Self::TooManySamples | Self::OutOfBudget { .. } | Self::TimedOut => stdx::Kind::LimitExceeded,
            Self::Canceled => stdx::Kind::Cancelled,
            Self::Source(_) => stdx::Kind::Internal,
        }
    }
}

impl From<LimitError> for Error {
    fn from(error: LimitError) -> Self {
        match error {
            LimitError::Bytes { bytes_max } => Self::OutOfBudget { bytes_max },
            LimitError::Samples => Self::TooManySamples,
            LimitError::Interrupted(Interrupt::Canceled) => Self::Canceled,
            LimitError::Interrupted(Interrupt::TimedOut) => Self::TimedOut,
        }
    }
}

impl From<SourceError> for Error {
    fn from(error: SourceError) -> Self {
        match error {
            SourceError::Limit(limit) => limit.into(),
            SourceError::Failed(text) => Self::Source(text),
        }
    }
}

/// One sample of a result.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// A number.
    Float(f64),
    /// A native histogram.
    Histogram(Arc<FloatHistogram>),
}

/// One series of a result.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultSeries {
    /// Its labels.
    pub labels: Labels,
    /// Its samples with times in milliseconds, ascending.
    pub samples: Vec<(i64, SampleValue)>,
}

/// The value of a query.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Of an instant query of scalar type: time in milliseconds and number.
    Scalar(i64, f64),
    /// Of an instant query of string type.
    String(i64, String),
    /// Of an instant query of vector type: one sample a series. Sorted by labels, unless the query
    /// itself sorts.
    Vector(Vec<ResultSeries>),
    /// Of a range query, and of an instant query of range vector type; sorted by labels.
    Matrix(Vec<ResultSeries>),
}

/// What a query gives.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The value.
    pub value: Value,
    /// Warnings and infos.
    pub annotations: Annotations,
}

/// What operators share while a query runs.
pub(crate) struct Context<'q> {
    pub(crate) source: &'q dyn Source,
    pub(crate) limits: &'q Limits<'q>,
    pub(crate) options: EvalOptions,
    pub(crate) notes: RefCell<Annotations>,
    /// Range queries refuse equal label sets at one step in every operator; instant queries with
    /// delayed name removal only at the end.
    pub(crate) is_range: bool,
}

/// Evaluates a tree that [`crate::parse`] gave.
pub fn evaluate(
    expr: &Expr,
    when: When,
    options: EvalOptions,
    source: &dyn Source,
    limits: &Limits<'_>,
) -> Result<Outcome, Error> {
    let steps = Steps::of(when)?;
    let value_type = expr.value_type();
    if matches!(when, When::Range { .. }) && !matches!(value_type, ValueType::Scalar | ValueType::Vector) {
        return Err(Error::Execution(format!(
            "invalid expression type {} for range query, must be Scalar or instant Vector",
            stdx::go::quote::quote(value_type.documented())
        )));
    }
    let plan = plan::prepare(expr, when, options)?;
    let context = Context { source, limits, options, notes: RefCell::default(), is_range: steps.count > 1 };
    let value = context.value(expr, &plan, value_type, steps, when)?;
    Ok(Outcome { value, annotations: context.notes.into_inner() })
}

impl Context<'_> {
    fn value(
        &self,
        expr: &Expr,
        plan: &Plan,
        value_type: ValueType,
        steps: Steps,
        when: When,
    ) -> Result<Value, Error> {
        let is_instant = matches!(when, When::Instant(_));
        match value_type {
            ValueType::String => {
                let ExprKind::String(literal) = &expr.unwrapped().kind else {
                    return Err(Error::execution("a string must be a literal"));
                };
                Ok(Value::String(steps.start_ms, literal.value.clone()))
            }
            ValueType::Scalar => {
                let scalar = self.scalar(plan, steps)?;
                if is_instant {
                    return Ok(Value::Scalar(steps.start_ms, scalar.at(0)));
                }
                self.limits.hold(steps.count)?;
                let samples =
                    steps.iter().map(|(step, time)| (time, SampleValue::Float(scalar.at(step)))).collect();
                Ok(Value::Matrix(vec![ResultSeries { labels: Labels::empty(), samples }]))
            }
            ValueType::Vector => {
                let series = self.collect(plan, steps)?;
                let is_ordered = is_instant && sorting::keeps_order(expr);
                let series = self.finish(series, steps, is_ordered)?;
                Ok(if is_instant { Value::Vector(series) } else { Value::Matrix(series) })
            }
            ValueType::Matrix => Ok(Value::Matrix(self.matrix(plan, steps)?)),
        }
    }

    /// Drops the names that were to be dropped, merges series that became equal, sorts.
    fn finish(
        &self,
        series: Vec<Series>,
        steps: Steps,
        is_ordered: bool,
    ) -> Result<Vec<ResultSeries>, Error> {
        let mut out: Vec<ResultSeries> = Vec::with_capacity(series.len());
        let mut places: hashbrown::HashMap<Labels, usize> = hashbrown::HashMap::new();
        for mut one in series {
            if one.drop_name {
                one.labels = series::without_name(&one.labels);
            }
            let samples = one.to_samples(steps);
            match places.entry(one.labels.clone()) {
                hashbrown::hash_map::Entry::Vacant(place) => {
                    place.insert(out.len());
                    out.push(ResultSeries { labels: one.labels, samples });
                }
                hashbrown::hash_map::Entry::Occupied(place) => {
                    if let Some(known) = out.get_mut(*place.get()) {
                        known.samples.extend(samples);
                        known.samples.sort_by_key(|(time, _)| *time);
                        if known.samples.windows(2).any(|pair| pair[0].0 == pair[1].0) {
                            return Err(series::same_labels());
                        }
                    }
                }
            }
        }
        if !is_ordered {
            out.sort_by(|a, b| a.labels.cmp(&b.labels));
        }
        Ok(out)
    }
}
