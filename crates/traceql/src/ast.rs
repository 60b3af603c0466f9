//! The syntax tree of a query, with the place in the text on every node.
//!
//! Out of the parser, into the printer, the checker and the planner. Chains of `&&`, `||` and of
//! spanset operators on one level are lists, so that a long query is not a deep tree; they group
//! from the left.

mod attribute;
mod op;

pub use attribute::{Attribute, AttributeScope, Intrinsic};
pub use op::{BinaryOp, SpansetOp, StructuralOp, UnaryOp};

use crate::place::Place;
use crate::value::Value;

/// A whole query.
#[derive(Debug, Clone)]
pub struct Query {
    /// What is asked.
    pub body: Body,
    /// `with(...)`.
    pub hints: Vec<Hint>,
    /// The whole text.
    pub span: Place,
}

/// The two kinds of queries.
#[derive(Debug, Clone)]
pub enum Body {
    /// Spansets: a search.
    Spansets(Pipeline),
    /// Numbers over time.
    Metrics(MetricsExpr),
}

/// One pair of `with(...)`.
#[derive(Debug, Clone)]
pub struct Hint {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: Value,
    /// Where it stands.
    pub span: Place,
}

/// Stages between bars.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// At least one stage.
    pub stages: Vec<Stage>,
    /// Where it stands.
    pub span: Place,
}

/// One stage.
#[derive(Debug, Clone)]
pub enum Stage {
    /// Spanset filters and operators on them.
    Spansets(SpansetExpr),
    /// `count() > 3`.
    ScalarFilter(ScalarFilter),
    /// `by(...)`.
    By(FieldExpr, Place),
    /// `coalesce()`.
    Coalesce(Place),
    /// `select(...)`.
    Select(Vec<Attribute>, Place),
}

/// A spanset filter or an operation on spansets.
#[derive(Debug, Clone)]
pub struct SpansetExpr {
    /// What it is.
    pub kind: SpansetKind,
    /// Where it stands.
    pub span: Place,
    pub(crate) height: u32,
}

/// What a spanset expression is.
#[derive(Debug, Clone)]
pub enum SpansetKind {
    /// `{ ... }`.
    Filter(FieldExpr),
    /// Operators of one level, grouped from the left.
    Chain(Box<SpansetExpr>, Vec<(SpansetOp, SpansetExpr)>),
    /// `( ... | ... )`.
    Pipeline(Pipeline),
    /// Nothing readable stood there.
    Missing,
}

/// An expression over one span.
#[derive(Debug, Clone)]
pub struct FieldExpr {
    /// What it is.
    pub kind: FieldKind,
    /// Where it stands.
    pub span: Place,
    pub(crate) height: u32,
}

/// What an expression over one span is.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// A literal or what literals were folded to.
    Literal(Value),
    /// An attribute or intrinsic.
    Attribute(Attribute),
    /// `-x`, `!x`.
    Unary(UnaryOp, Box<FieldExpr>),
    /// Arithmetic, comparisons and set tests.
    Binary(BinaryOp, Box<FieldExpr>, Box<FieldExpr>),
    /// `&&` and `||`, grouped from the left.
    Logic(Box<FieldExpr>, Vec<(BinaryOp, FieldExpr)>),
    /// `x != nil` (true) and `x = nil` (false).
    Exists(Box<FieldExpr>, bool),
    /// Nothing readable stood there.
    Missing,
}

/// A comparison of aggregates and numbers.
#[derive(Debug, Clone)]
pub struct ScalarFilter {
    /// One of the comparisons.
    pub op: BinaryOp,
    /// Left side.
    pub lhs: ScalarExpr,
    /// Right side.
    pub rhs: ScalarExpr,
    /// Where it stands.
    pub span: Place,
}

/// A number about a spanset.
#[derive(Debug, Clone)]
pub struct ScalarExpr {
    /// What it is.
    pub kind: ScalarKind,
    /// Where it stands.
    pub span: Place,
    pub(crate) height: u32,
}

/// What a number about a spanset is.
#[derive(Debug, Clone)]
pub enum ScalarKind {
    /// A literal, folded.
    Number(Value),
    /// `count()`, `avg(x)`, ...
    Aggregate(Aggregate, Option<Box<FieldExpr>>),
    /// Arithmetic.
    Arithmetic(BinaryOp, Box<ScalarExpr>, Box<ScalarExpr>),
    /// `( ... | count() )`.
    Pipeline(Pipeline, Box<ScalarExpr>),
}

/// Functions over the spans of a spanset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregate {
    /// Number of spans.
    Count,
    /// Mean.
    Avg,
    /// Largest.
    Max,
    /// Smallest.
    Min,
    /// Sum.
    Sum,
}

impl Aggregate {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Avg => "avg",
            Self::Max => "max",
            Self::Min => "min",
            Self::Sum => "sum",
        }
    }
}

/// Numbers over time.
#[derive(Debug, Clone)]
pub struct MetricsExpr {
    /// What it is.
    pub kind: MetricsKind,
    /// Second stages applied to it, in order.
    pub stages: Vec<SecondStage>,
    /// Where it stands.
    pub span: Place,
    pub(crate) height: u32,
}

/// What a metrics expression is.
#[derive(Debug, Clone)]
pub enum MetricsKind {
    /// `... | rate()`.
    Series(Pipeline, MetricsStage),
    /// Both sides are series.
    Math(BinaryOp, Box<MetricsExpr>, Box<MetricsExpr>),
    /// One side is a number.
    ScalarMath {
        /// `+ - * /`.
        op: BinaryOp,
        /// The number, folded.
        number: Value,
        /// Whether the number stands left of the operator.
        is_left: bool,
        /// The series.
        expr: Box<MetricsExpr>,
    },
}

/// The first metrics stage of a pipeline.
#[derive(Debug, Clone)]
pub struct MetricsStage {
    /// What is computed.
    pub function: MetricsFunction,
    /// `by(...)`.
    pub by: Vec<Attribute>,
    /// Where it stands.
    pub span: Place,
}

/// Functions over spans and time.
#[derive(Debug, Clone)]
pub enum MetricsFunction {
    /// Spans a second.
    Rate,
    /// Spans.
    CountOverTime,
    /// Smallest value.
    MinOverTime(Attribute),
    /// Largest value.
    MaxOverTime(Attribute),
    /// Mean value.
    AvgOverTime(Attribute),
    /// Sum of values.
    SumOverTime(Attribute),
    /// Quantiles, each 0..=1.
    QuantileOverTime(Attribute, Vec<f64>),
    /// Counts of values by powers of two.
    HistogramOverTime(Attribute),
    /// Attribute values of selected spans beside those of all others.
    Compare(Box<Comparison>),
}

impl MetricsFunction {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::CountOverTime => "count_over_time",
            Self::MinOverTime(_) => "min_over_time",
            Self::MaxOverTime(_) => "max_over_time",
            Self::AvgOverTime(_) => "avg_over_time",
            Self::SumOverTime(_) => "sum_over_time",
            Self::QuantileOverTime(..) => "quantile_over_time",
            Self::HistogramOverTime(_) => "histogram_over_time",
            Self::Compare(_) => "compare",
        }
    }

    /// The attribute whose values it reads.
    pub const fn attribute(&self) -> Option<&Attribute> {
        match self {
            Self::Rate | Self::CountOverTime | Self::Compare(_) => None,
            Self::MinOverTime(attribute)
            | Self::MaxOverTime(attribute)
            | Self::AvgOverTime(attribute)
            | Self::SumOverTime(attribute)
            | Self::QuantileOverTime(attribute, _)
            | Self::HistogramOverTime(attribute) => Some(attribute),
        }
    }
}

/// Parameters of `compare`.
#[derive(Debug, Clone)]
pub struct Comparison {
    /// What selects.
    pub filter: FieldExpr,
    /// Values kept an attribute; `None` is [`COMPARE_TOP_DEFAULT`].
    pub top: Option<i64>,
    /// Start and end of the selection in nanoseconds since the epoch.
    pub range: Option<(i64, i64)>,
}

/// Values that `compare` keeps an attribute when nothing is said.
pub const COMPARE_TOP_DEFAULT: i64 = 10;

/// A stage over series.
#[derive(Debug, Clone)]
pub enum SecondStage {
    /// Largest series an instant.
    TopK(i64, Place),
    /// Smallest series an instant.
    BottomK(i64, Place),
    /// Keeps points that compare so.
    Filter(BinaryOp, Value, Place),
}
