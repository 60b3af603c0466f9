//! Canonical text of queries.
//!
//! In: a tree. Out: the one text in which the original prints such a query: operands in parentheses
//! unless they are simple, text in back quotes, no blanks around the bars between spanset stages.
//! Reading it back gives the same tree, with two exceptions that the grammar has no words for: the
//! set tests of [`crate::rewrite`], and chains so long that their parentheses would nest deeper
//! than the parser allows.

use std::fmt;

use stdx::go::number::{FloatFormat, format_float};

use crate::ast::{
    BinaryOp, Body, FieldExpr, FieldKind, Hint, MetricsExpr, MetricsFunction, MetricsKind, MetricsStage,
    Pipeline, Query, ScalarExpr, ScalarFilter, ScalarKind, SecondStage, SpansetExpr, SpansetKind, Stage,
    UnaryOp,
};
use crate::value::Value;

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.body {
            Body::Spansets(pipeline) => pipeline.fmt(f)?,
            Body::Metrics(expr) => expr.fmt(f)?,
        }
        hints(&self.hints, f)
    }
}

/// ` with(...)`, or nothing.
pub(crate) fn hints(hints: &[Hint], f: &mut impl fmt::Write) -> fmt::Result {
    for (n, hint) in hints.iter().enumerate() {
        let before = if n == 0 { " with(" } else { ", " };
        write!(f, "{before}{}={}", hint.name, hint.value)?;
    }
    if hints.is_empty() { Ok(()) } else { f.write_str(")") }
}

impl fmt::Display for Pipeline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, stage) in self.stages.iter().enumerate() {
            let bar = if n == 0 { "" } else { "|" };
            write!(f, "{bar}{stage}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Spansets(expr) => expr.fmt(f),
            Self::ScalarFilter(filter) => filter.fmt(f),
            Self::By(expr, _) => write!(f, "by({expr})"),
            Self::Coalesce(_) => f.write_str("coalesce()"),
            Self::Select(attributes, _) => {
                f.write_str("select(")?;
                for (n, attribute) in attributes.iter().enumerate() {
                    let comma = if n == 0 { "" } else { ", " };
                    write!(f, "{comma}{attribute}")?;
                }
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for SpansetExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            SpansetKind::Filter(expr) => write!(f, "{{ {expr} }}"),
            SpansetKind::Chain(first, rest) => {
                for _ in 1..rest.len() {
                    f.write_str("(")?;
                }
                write!(f, "({first})")?;
                for (n, (op, operand)) in rest.iter().enumerate() {
                    let close = if n + 1 < rest.len() { ")" } else { "" };
                    write!(f, " {} ({operand}){close}", op.symbol())?;
                }
                Ok(())
            }
            SpansetKind::Pipeline(pipeline) => pipeline.fmt(f),
            SpansetKind::Missing => f.write_str("{ }"),
        }
    }
}

/// An operand, in parentheses if it is an operation itself.
struct Grouped<'e>(&'e FieldExpr);

impl fmt::Display for Grouped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            FieldKind::Literal(_) | FieldKind::Attribute(_) | FieldKind::Missing => self.0.fmt(f),
            _ => write!(f, "({})", self.0),
        }
    }
}

/// A literal whose minus would be read as an operator.
const fn is_negative(expr: &FieldExpr) -> bool {
    match &expr.kind {
        FieldKind::Literal(Value::Int(value) | Value::Duration(value)) => *value < 0,
        FieldKind::Literal(Value::Float(value)) => value.is_sign_negative(),
        _ => false,
    }
}

/// `-a * b` is `-(a * b)`.
const fn binds_over_minus(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Mul | BinaryOp::Div | BinaryOp::Mod | BinaryOp::Pow)
}

impl fmt::Display for FieldExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            FieldKind::Literal(value) => value.fmt(f),
            FieldKind::Attribute(attribute) => attribute.fmt(f),
            FieldKind::Unary(UnaryOp::Negate, operand) => write!(f, "-{}", Grouped(operand)),
            FieldKind::Unary(UnaryOp::Not, operand) => write!(f, "!{}", Grouped(operand)),
            FieldKind::Binary(op, lhs, rhs) if is_negative(lhs) && binds_over_minus(*op) => {
                write!(f, "({lhs}) {} {}", op.symbol(), Grouped(rhs))
            }
            FieldKind::Binary(op, lhs, rhs) => {
                write!(f, "{} {} {}", Grouped(lhs), op.symbol(), Grouped(rhs))
            }
            FieldKind::Logic(first, rest) => {
                for _ in 1..rest.len() {
                    f.write_str("(")?;
                }
                Grouped(first).fmt(f)?;
                for (n, (op, operand)) in rest.iter().enumerate() {
                    let close = if n + 1 < rest.len() { ")" } else { "" };
                    write!(f, " {} {}{close}", op.symbol(), Grouped(operand))?;
                }
                Ok(())
            }
            FieldKind::Exists(operand, is_there) => {
                let op = if *is_there { BinaryOp::NotEqual } else { BinaryOp::Equal };
                write!(f, "{} {} nil", Grouped(operand), op.symbol())
            }
            FieldKind::Missing => Ok(()),
        }
    }
}

/// A side of an operator between scalars, in parentheses unless it is a number.
struct GroupedScalar<'e>(&'e ScalarExpr);

impl fmt::Display for GroupedScalar<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.kind {
            ScalarKind::Number(value) => value.fmt(f),
            _ => write!(f, "({})", self.0),
        }
    }
}

impl fmt::Display for ScalarFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (lhs, rhs) = (GroupedScalar(&self.lhs), GroupedScalar(&self.rhs));
        write!(f, "{lhs} {} {rhs}", self.op.symbol())
    }
}

impl fmt::Display for ScalarExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ScalarKind::Number(value) => value.fmt(f),
            ScalarKind::Aggregate(function, None) => write!(f, "{}()", function.name()),
            ScalarKind::Aggregate(function, Some(expr)) => write!(f, "{}({expr})", function.name()),
            ScalarKind::Arithmetic(op, lhs, rhs) => {
                write!(f, "{} {} {}", GroupedScalar(lhs), op.symbol(), GroupedScalar(rhs))
            }
            ScalarKind::Pipeline(pipeline, aggregate) => write!(f, "{pipeline}|{aggregate}"),
        }
    }
}

impl fmt::Display for MetricsExpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            MetricsKind::Series(pipeline, stage) => write!(f, "{pipeline} | {stage}")?,
            MetricsKind::Math(op, lhs, rhs) => write!(f, "({lhs}) {} ({rhs})", op.symbol())?,
            MetricsKind::ScalarMath { op, number, is_left: true, expr } => {
                write!(f, "{number} {} ({expr})", op.symbol())?;
            }
            MetricsKind::ScalarMath { op, number, is_left: false, expr } => {
                write!(f, "({expr}) {} {number}", op.symbol())?;
            }
        }
        self.stages.iter().try_for_each(|stage| stage.fmt(f))
    }
}

impl fmt::Display for SecondStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TopK(limit, _) => write!(f, " | topk({limit})"),
            Self::BottomK(limit, _) => write!(f, " | bottomk({limit})"),
            Self::Filter(op, value, _) => write!(f, " {} {value}", op.symbol()),
        }
    }
}

impl fmt::Display for MetricsStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.name())?;
        match &self.function {
            MetricsFunction::QuantileOverTime(attribute, quantiles) => {
                attribute.fmt(f)?;
                quantiles.iter().try_for_each(|q| write!(f, ",{}", quantile(*q)))?;
            }
            MetricsFunction::Compare(comparison) => {
                write!(f, "{{ {} }}", comparison.filter)?;
                if let Some(top) = comparison.top {
                    write!(f, ", {top}")?;
                }
                if let Some((start, end)) = comparison.range {
                    write!(f, ", {start}, {end}")?;
                }
            }
            function => function.attribute().map_or(Ok(()), |attribute| attribute.fmt(f))?,
        }
        f.write_str(")")?;
        for (n, attribute) in self.by.iter().enumerate() {
            let before = if n == 0 { "by(" } else { "," };
            write!(f, "{before}{attribute}")?;
        }
        if self.by.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

/// Five decimals, as the original prints quantiles, or as many as the value needs.
fn quantile(value: f64) -> String {
    let short = format_float(value, FloatFormat::Fixed, Some(5));
    match short.parse::<f64>() {
        Ok(back) if back.to_bits() == value.to_bits() => short,
        _ => Value::Float(value).to_string(),
    }
}
