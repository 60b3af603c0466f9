//! The syntax tree of a query.
//!
//! In: nothing; the parser builds it. Out: nodes with their place in the query, their type, and the
//! walk over their children. Durations are nanoseconds here, as they are in Prometheus; the evaluator
//! cuts them to milliseconds.
//!
//! A tree is never higher than [`HEIGHT_MAX`], so that walking it by recursion is safe.

use std::sync::Arc;

use crate::matcher::Matcher;
use crate::signature::Signature;
use crate::span::Span;

/// The highest tree that the parser builds. A chain `a + b + c` counts one level a term. It bounds the
/// stack of everything that walks a tree: trees of this height go through parser, printer and evaluator
/// on a thread with 2 MiB of stack (`tests/hostile.rs`).
pub const HEIGHT_MAX: u16 = 1_000;

/// The type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ValueType {
    /// One number a step.
    Scalar,
    /// Series with at most one value a step.
    Vector,
    /// Series with a range of values a step.
    Matrix,
    /// A text.
    String,
}

impl ValueType {
    /// The name in the documentation, which most errors use.
    pub const fn documented(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "instant vector",
            Self::Matrix => "range vector",
            Self::String => "string",
        }
    }

    /// The short name, which the HTTP API and one error use.
    pub const fn short(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Vector => "vector",
            Self::Matrix => "matrix",
            Self::String => "string",
        }
    }
}

/// One expression.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// Its place in the query.
    pub span: Span,
    pub(crate) height: u16,
}

/// The kinds of expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// `1`, `5m`
    Number(NumberLiteral),
    /// `"text"`
    String(StringLiteral),
    /// `x{a="b"}`
    Selector(Box<Selector>),
    /// `x[5m]`
    Range(Box<RangeSelector>),
    /// `x[5m:1m]`
    Subquery(Box<Subquery>),
    /// `(x)`
    Paren(Box<Expr>),
    /// `-x`, `+x`
    Unary(Box<Unary>),
    /// `x + y`
    Binary(Box<Binary>),
    /// `sum by (a) (x)`
    Aggregate(Box<Aggregate>),
    /// `rate(x[5m])`
    Call(Box<Call>),
    /// What stands in the place of something that could not be read; never in a tree without errors.
    Invalid {
        /// Whether it is a range over something that is no selector.
        is_range: bool,
    },
}

/// A number in a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct NumberLiteral {
    /// The number; seconds if it was written as a duration.
    pub value: f64,
    /// Whether it was written as a duration.
    pub is_duration: bool,
}

/// A text in a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StringLiteral {
    /// The text; what was not UTF-8 is U+FFFD.
    pub value: String,
    /// The bytes, if they are not UTF-8 (`"\xff"`).
    pub bytes: Option<Vec<u8>>,
}

/// `anchored` and `smoothed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extension {
    /// Neither.
    #[default]
    None,
    /// `anchored`: the last sample before the range stands for the value at its start.
    Anchored,
    /// `smoothed`: values at both ends are interpolated.
    Smoothed,
}

/// What stands behind `@`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    /// A time in milliseconds.
    Time(i64),
    /// `start()`
    Start,
    /// `end()`
    End,
}

/// A duration in brackets or behind `offset`.
#[derive(Debug, Clone, PartialEq)]
pub enum Duration {
    /// Nanoseconds.
    Nanos(i64),
    /// To be computed once the query's range and step are known.
    Expr(Box<DurationExpr>),
}

impl Duration {
    /// No time at all, which as an offset means that there is none.
    pub const ZERO: Self = Self::Nanos(0);
}

/// An expression over durations, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub struct DurationExpr {
    /// What it is.
    pub kind: DurationKind,
    /// Whether it stood in parentheses.
    pub is_wrapped: bool,
    /// Its place in the query.
    pub span: Span,
    pub(crate) height: u16,
}

/// The kinds of duration expressions.
#[derive(Debug, Clone, PartialEq)]
pub enum DurationKind {
    /// A number or duration, in seconds.
    Number(NumberLiteral),
    /// `step()`: the query's step.
    Step,
    /// `range()`: from the query's start to its end.
    Range,
    /// `-x`
    Negate(Box<DurationExpr>),
    /// `+x`, which prints without its sign.
    Plus(Box<DurationExpr>),
    /// `x + y` and so on; `min_of` and `max_of` too.
    Binary(DurationOp, Box<DurationExpr>, Box<DurationExpr>),
}

/// The operators of duration expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DurationOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `min_of(x, y)`
    MinOf,
    /// `max_of(x, y)`
    MaxOf,
}

/// An instant vector selector.
#[derive(Debug, Clone, PartialEq)]
pub struct Selector {
    /// The metric name outside the braces; empty if there is none.
    pub name: Arc<str>,
    /// All matchers in the order written; that of `name` is the last.
    pub matchers: Vec<Matcher>,
    /// `offset`
    pub offset: Duration,
    /// `@`
    pub at: Option<At>,
    /// `anchored` or `smoothed`
    pub extension: Extension,
    /// Name and braces; the place of a range selector goes on to its end.
    pub span: Span,
    /// Whether it is the second argument of `info`, which may match everything.
    pub is_info_filter: bool,
}

/// A range vector selector. `offset`, `@` and the extension are in the inner selector.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeSelector {
    /// The series.
    pub selector: Selector,
    /// How far back.
    pub range: Duration,
}

/// `expr[range:step]`
#[derive(Debug, Clone, PartialEq)]
pub struct Subquery {
    /// What is evaluated at each step.
    pub expr: Expr,
    /// How far back.
    pub range: Duration,
    /// The step; `None` means the default one.
    pub step: Option<Duration>,
    /// `offset`
    pub offset: Duration,
    /// `@`
    pub at: Option<At>,
}

/// A sign before an expression that is not a number.
#[derive(Debug, Clone, PartialEq)]
pub struct Unary {
    /// `-` rather than `+`.
    pub is_negation: bool,
    /// The operand.
    pub expr: Expr,
}

/// Binary operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `/`
    Div,
    /// `%`
    Mod,
    /// `^`
    Pow,
    /// `atan2`
    Atan2,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>`
    Greater,
    /// `<`
    Less,
    /// `>=`
    GreaterEqual,
    /// `<=`
    LessEqual,
    /// `</`: what lies above is cut off.
    TrimUpper,
    /// `>/`: what lies below is cut off.
    TrimLower,
    /// `and`
    And,
    /// `or`
    Or,
    /// `unless`
    Unless,
}

impl BinaryOp {
    /// The operator as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "+",
            Self::Sub => "-",
            Self::Mul => "*",
            Self::Div => "/",
            Self::Mod => "%",
            Self::Pow => "^",
            Self::Atan2 => "atan2",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Greater => ">",
            Self::Less => "<",
            Self::GreaterEqual => ">=",
            Self::LessEqual => "<=",
            Self::TrimUpper => "</",
            Self::TrimLower => ">/",
            Self::And => "and",
            Self::Or => "or",
            Self::Unless => "unless",
        }
    }

    /// Whether it compares; `bool` may follow then.
    pub const fn is_comparison(self) -> bool {
        matches!(
            self,
            Self::Equal | Self::NotEqual | Self::Greater | Self::Less | Self::GreaterEqual | Self::LessEqual
        )
    }

    /// Whether it is `and`, `or` or `unless`.
    pub const fn is_set(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Unless)
    }
}

/// How many elements of one side belong to one of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cardinality {
    /// Without `group_left` and `group_right`.
    OneToOne,
    /// `group_left`
    ManyToOne,
    /// `group_right`
    OneToMany,
    /// Set operators.
    ManyToMany,
}

/// How elements of two vectors find each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Matching {
    /// How many belong together.
    pub cardinality: Cardinality,
    /// The labels behind `on` or `ignoring`.
    pub labels: Vec<Arc<str>>,
    /// `on` rather than `ignoring`.
    pub is_on: bool,
    /// The labels behind `group_left` or `group_right`.
    pub include: Vec<Arc<str>>,
    /// `fill_left` or `fill`.
    pub fill_left: Option<f64>,
    /// `fill_right` or `fill`.
    pub fill_right: Option<f64>,
}

/// `left op right`
#[derive(Debug, Clone, PartialEq)]
pub struct Binary {
    /// The operator.
    pub op: BinaryOp,
    /// The left operand.
    pub left: Expr,
    /// The right operand.
    pub right: Expr,
    /// `None` if an operand is a scalar.
    pub matching: Option<Matching>,
    /// `bool`
    pub is_bool: bool,
}

/// Aggregation operators.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AggregateOp {
    /// `avg`
    Avg,
    /// `bottomk`
    BottomK,
    /// `count`
    Count,
    /// `count_values`
    CountValues,
    /// `group`
    Group,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `quantile`
    Quantile,
    /// `stddev`
    Stddev,
    /// `stdvar`
    Stdvar,
    /// `sum`
    Sum,
    /// `topk`
    TopK,
    /// `limitk`
    LimitK,
    /// `limit_ratio`
    LimitRatio,
}

impl AggregateOp {
    /// The operator in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Avg => "avg",
            Self::BottomK => "bottomk",
            Self::Count => "count",
            Self::CountValues => "count_values",
            Self::Group => "group",
            Self::Max => "max",
            Self::Min => "min",
            Self::Quantile => "quantile",
            Self::Stddev => "stddev",
            Self::Stdvar => "stdvar",
            Self::Sum => "sum",
            Self::TopK => "topk",
            Self::LimitK => "limitk",
            Self::LimitRatio => "limit_ratio",
        }
    }

    /// Whether it takes a parameter before the expression.
    pub const fn has_param(self) -> bool {
        matches!(
            self,
            Self::BottomK | Self::CountValues | Self::Quantile | Self::TopK | Self::LimitK | Self::LimitRatio
        )
    }

    /// Whether it needs the feature `promql-experimental-functions`.
    pub const fn is_experimental(self) -> bool {
        matches!(self, Self::LimitK | Self::LimitRatio)
    }
}

/// An aggregation.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The operator.
    pub op: AggregateOp,
    /// What is aggregated.
    pub expr: Expr,
    /// The parameter of operators that have one.
    pub param: Option<Expr>,
    /// The labels of `by` or `without`.
    pub grouping: Vec<Arc<str>>,
    /// `without` rather than `by`.
    pub is_without: bool,
}

/// A function call.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The function.
    pub function: &'static Signature,
    /// Its arguments.
    pub args: Vec<Expr>,
}

impl Expr {
    /// A node without children.
    pub(crate) fn leaf(kind: ExprKind, span: Span) -> Self {
        Self { kind, span, height: 1 }
    }

    /// The type of the value.
    pub fn value_type(&self) -> ValueType {
        let mut at = self;
        loop {
            at = match &at.kind {
                ExprKind::Paren(inner) => inner,
                ExprKind::Unary(unary) => &unary.expr,
                ExprKind::Number(_) => return ValueType::Scalar,
                ExprKind::String(_) => return ValueType::String,
                ExprKind::Selector(_) | ExprKind::Aggregate(_) | ExprKind::Invalid { .. } => {
                    return ValueType::Vector;
                }
                ExprKind::Range(_) | ExprKind::Subquery(_) => return ValueType::Matrix,
                ExprKind::Call(call) => return call.function.result,
                ExprKind::Binary(binary) => {
                    // Matching is dropped by the checker exactly where a side is a scalar.
                    if binary.left.value_type() == ValueType::Scalar
                        && binary.right.value_type() == ValueType::Scalar
                    {
                        return ValueType::Scalar;
                    }
                    return ValueType::Vector;
                }
            };
        }
    }

    /// The direct children, in Prometheus' order (an aggregation's expression before its parameter).
    pub fn children(&self) -> Vec<&Self> {
        match &self.kind {
            ExprKind::Paren(inner) => vec![inner],
            ExprKind::Unary(unary) => vec![&unary.expr],
            ExprKind::Binary(binary) => vec![&binary.left, &binary.right],
            ExprKind::Aggregate(aggregate) => {
                std::iter::once(&aggregate.expr).chain(&aggregate.param).collect()
            }
            ExprKind::Call(call) => call.args.iter().collect(),
            ExprKind::Subquery(subquery) => vec![&subquery.expr],
            ExprKind::Number(_)
            | ExprKind::String(_)
            | ExprKind::Selector(_)
            | ExprKind::Range(_)
            | ExprKind::Invalid { .. } => Vec::new(),
        }
    }

    /// The expression inside all parentheses.
    pub fn unwrapped(&self) -> &Self {
        let mut at = self;
        while let ExprKind::Paren(inner) = &at.kind {
            at = inner;
        }
        at
    }

    /// Calls `visit` for each selector, those of ranges included, in the order written.
    pub fn selectors<'e>(&'e self, visit: &mut impl FnMut(&'e Selector)) {
        match &self.kind {
            ExprKind::Selector(selector) => visit(selector),
            ExprKind::Range(range) => visit(&range.selector),
            _ => self.children().into_iter().for_each(|child| child.selectors(visit)),
        }
    }
}
