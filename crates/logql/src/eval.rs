//! Answers to queries.
//!
//! In: a tree, exact times, a source. Out: streams, series or a number. Steps are `start`,
//! `start + step`, ... up to `end`; a window is open at its begin and closed at its end. Entries may
//! come in any order and in any pieces with the same answer.

mod binary;
mod hints;
mod label_replace;
mod log;
mod plan;
mod range;
mod series_key;
mod vector;
mod window;

use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::row::Pair;
use crate::source::{Direction, Source};
use crate::syntax::ast::{Expr, ExprKind, VectorOp};

/// Times and limits of a query, exact.
#[derive(Debug, Clone)]
pub struct Params {
    /// First step, or first instant of a log query, in nanoseconds since the epoch.
    pub start_ns: i64,
    /// Last possible step, or first instant after a log query.
    pub end_ns: i64,
    /// Distance of steps; 0 makes an instant query at `start_ns`.
    pub step_ns: i64,
    /// Log entries closer than this to the one before are left out; 0 keeps all.
    pub interval_ns: i64,
    /// Which entries of a log query come first.
    pub direction: Direction,
    /// Entries of a log query.
    pub limit: usize,
    /// What `now` gives in templates.
    pub now_ns: i64,
}

impl Params {
    /// An instant query.
    pub fn instant(time_ns: i64) -> Self {
        Self {
            start_ns: time_ns,
            end_ns: time_ns,
            step_ns: 0,
            interval_ns: 0,
            direction: Direction::Backward,
            limit: 100,
            now_ns: time_ns,
        }
    }

    /// A range query.
    pub fn range(start_ns: i64, end_ns: i64, step_ns: i64) -> Self {
        Self { end_ns, step_ns, now_ns: end_ns, ..Self::instant(start_ns) }
    }

    /// Whether there is one step only, whose answer is a vector.
    pub fn is_instant(&self) -> bool {
        self.step_ns <= 0
    }
}

/// What an evaluation may use, and how it learns that nobody waits any more.
#[expect(missing_debug_implementations, reason = "holds a closure")]
pub struct Control<'c> {
    /// Asked between batches; true ends the query with [`Error::Cancelled`].
    pub is_cancelled: &'c dyn Fn() -> bool,
    /// Bytes for entries, samples and series.
    pub memory_bytes_max: usize,
    /// Series of the result.
    pub series_max: usize,
    /// More series than that give a partial answer with a warning instead of an error.
    pub partial_on_series_max: bool,
}

impl Default for Control<'_> {
    fn default() -> Self {
        Self {
            is_cancelled: &|| false,
            memory_bytes_max: 1 << 30,
            series_max: usize::MAX,
            partial_on_series_max: false,
        }
    }
}

/// Steps that one query may have; the API has a much lower cap.
const STEPS_MAX: i64 = 1_000_000;

/// An answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// The data.
    pub data: Data,
    /// What the user should know.
    pub warnings: Vec<String>,
    /// What it cost.
    pub cost: Cost,
}

/// The data of an answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Entries by stream, sorted by labels.
    Streams(Vec<StreamResult>),
    /// Series over the steps, sorted by labels.
    Matrix(Vec<Series>),
    /// One value a series: sorted by labels unless the query sorts.
    Vector(Vec<Series>),
    /// A number at `start_ns`.
    Scalar(f64),
}

/// Work done for an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Cost {
    /// Entries that the source delivered.
    pub entries: u64,
    /// Bytes of their lines.
    pub line_bytes: u64,
}

/// Entries with the same labels.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamResult {
    /// All labels of the entries: of the stream, of metadata, and parsed ones.
    pub labels: LabelSet,
    /// The entries, in the direction of the query.
    pub entries: Vec<StreamEntry>,
}

/// An entry with its labels by category.
#[derive(Debug, Clone, PartialEq)]
pub struct StreamEntry {
    /// Nanoseconds since the epoch.
    pub time_ns: i64,
    /// The line as the stages left it.
    pub line: String,
    /// Labels of the stream that are still there.
    pub stream: LabelSet,
    /// Structured metadata.
    pub metadata: Vec<Pair>,
    /// Labels that stages set, errors included.
    pub parsed: Vec<Pair>,
}

/// Values of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// The labels.
    pub labels: LabelSet,
    /// A value a step, `None` where there is none.
    pub values: Vec<Option<f64>>,
}

/// A value during evaluation.
#[derive(Debug)]
enum Value {
    Scalar(f64),
    Series(Vec<Series>),
}

/// What all parts of an evaluation share.
struct Evaluation<'e> {
    params: &'e Params,
    control: &'e Control<'e>,
    source: &'e dyn Source,
    steps: usize,
    memory_bytes: usize,
    cost: Cost,
}

impl Evaluation<'_> {
    /// Counts memory against the budget.
    fn charge(&mut self, bytes: usize) -> Result<(), Error> {
        self.memory_bytes += bytes;
        self.check_memory(0)
    }

    fn check_memory(&self, more: usize) -> Result<(), Error> {
        let limit = self.control.memory_bytes_max;
        if self.memory_bytes.saturating_add(more) > limit {
            return Err(Error::Limit(format!("query needs more memory than allowed (limit: {limit} bytes)")));
        }
        Ok(())
    }

    fn check_cancelled(&self) -> Result<(), Error> {
        if (self.control.is_cancelled)() { Err(Error::Cancelled) } else { Ok(()) }
    }

    fn value(&mut self, expr: &Expr) -> Result<Value, Error> {
        self.check_cancelled()?;
        match &expr.kind {
            ExprKind::Literal(number) => Ok(Value::Scalar(*number)),
            ExprKind::Vector(number) => {
                let values = vec![Some(*number); self.steps];
                Ok(Value::Series(vec![Series { labels: LabelSet::default(), values }]))
            }
            ExprKind::RangeAggregation(aggregation) => {
                range::evaluate(self, aggregation, None).map(Value::Series)
            }
            ExprKind::VectorAggregation(aggregation) => {
                vector::evaluate(self, aggregation).map(Value::Series)
            }
            ExprKind::Binary(binary) => binary::evaluate(self, binary),
            ExprKind::LabelReplace(replace) => label_replace::evaluate(self, replace).map(Value::Series),
            ExprKind::Log(_) | ExprKind::Error => {
                Err(Error::Unsupported("unexpected expression inside of a metric query".to_owned()))
            }
        }
    }

    /// Series of an expression; a number is a series without labels.
    fn series(&mut self, expr: &Expr) -> Result<Vec<Series>, Error> {
        Ok(match self.value(expr)? {
            Value::Series(series) => series,
            Value::Scalar(number) => {
                let values = vec![Some(number); self.steps];
                vec![Series { labels: LabelSet::default(), values }]
            }
        })
    }
}

/// Answers a query.
///
/// # Errors
/// See [`Error`]; a query that was parsed with complaints is an error too.
pub fn evaluate(
    expr: &Expr,
    params: &Params,
    source: &dyn Source,
    control: &Control<'_>,
) -> Result<Answer, Error> {
    let steps = count_steps(params)?;
    let mut evaluation =
        Evaluation { params, control, source, steps, memory_bytes: 0, cost: Cost::default() };
    if let ExprKind::Log(log) = &expr.kind {
        let streams = log::evaluate(&mut evaluation, log)?;
        let cost = evaluation.cost;
        return Ok(Answer { data: Data::Streams(streams), warnings: Vec::new(), cost });
    }
    if !params.is_instant() && contains(expr, &|op| op == VectorOp::ApproxTopk) {
        let text = "approx_topk is only supported on instant queries";
        return Err(Error::Unsupported(text.to_owned()));
    }
    let value = evaluation.value(expr)?;
    let mut warnings = Vec::new();
    let data = match value {
        Value::Scalar(number) if params.is_instant() => Data::Scalar(number),
        Value::Scalar(number) => {
            let values = vec![Some(number); steps];
            Data::Matrix(vec![Series { labels: LabelSet::default(), values }])
        }
        Value::Series(mut series) => {
            series.retain(|series| series.values.iter().any(Option::is_some));
            limit_series(&mut series, control, &mut warnings)?;
            let is_sorting = |op| matches!(op, VectorOp::Sort | VectorOp::SortDesc);
            if !params.is_instant() || !contains(expr, &is_sorting) {
                series.sort_by(|a, b| a.labels.cmp(&b.labels));
            }
            if params.is_instant() { Data::Vector(series) } else { Data::Matrix(series) }
        }
    };
    Ok(Answer { data, warnings, cost: evaluation.cost })
}

fn limit_series(
    series: &mut Vec<Series>,
    control: &Control<'_>,
    warnings: &mut Vec<String>,
) -> Result<(), Error> {
    let limit = control.series_max;
    if series.len() <= limit {
        return Ok(());
    }
    let text = format!("maximum number of series ({limit}) reached for a single query; ");
    if !control.partial_on_series_max {
        return Err(Error::Limit(
            text + "consider reducing query cardinality by adding more specific stream selectors, \
                    reducing the time range, or aggregating results with functions like sum(), \
                    count() or topk()",
        ));
    }
    series.truncate(limit);
    warnings.push(text + "returning partial results");
    Ok(())
}

fn count_steps(params: &Params) -> Result<usize, Error> {
    if params.is_instant() {
        return Ok(1);
    }
    let span = params.end_ns.saturating_sub(params.start_ns);
    let steps = if span < 0 { 0 } else { span / params.step_ns + 1 };
    if steps > STEPS_MAX {
        return Err(Error::Limit(format!("query has {steps} steps (limit: {STEPS_MAX})")));
    }
    Ok(steps as usize)
}

/// Whether an aggregation over series with such a function is anywhere in the query.
fn contains(expr: &Expr, is_it: &dyn Fn(VectorOp) -> bool) -> bool {
    match &expr.kind {
        ExprKind::VectorAggregation(aggregation) => {
            is_it(aggregation.op) || contains(&aggregation.expr, is_it)
        }
        ExprKind::Binary(binary) => contains(&binary.left, is_it) || contains(&binary.right, is_it),
        ExprKind::LabelReplace(replace) => contains(&replace.expr, is_it),
        _ => false,
    }
}
