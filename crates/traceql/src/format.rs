//! Queries laid out for reading: one stage a line, long conditions one a line.
//!
//! In: a tree. Out: text that reads back as the same tree. Short queries stay on one line in the
//! canonical form of [`crate::print`].

use std::fmt::Write;

use crate::ast::{
    BinaryOp, Body, FieldExpr, FieldKind, MetricsExpr, MetricsKind, Pipeline, Query, SpansetExpr,
    SpansetKind, Stage,
};
use crate::print;

/// Columns that a line should not pass.
const LINE_MAX: usize = 80;

/// The query on as many lines as it takes.
pub fn format(query: &Query) -> String {
    let canonical = query.to_string();
    if canonical.chars().count() <= LINE_MAX {
        return canonical;
    }
    let mut text = match &query.body {
        Body::Spansets(pipeline) => self::pipeline(pipeline, 0),
        Body::Metrics(expr) => metrics(expr, 0),
    };
    let mut hints = String::new();
    // Writing to a string cannot fail.
    let _ = print::hints(&query.hints, &mut hints);
    if !hints.is_empty() {
        text.push('\n');
        text.push_str(hints.trim_start());
    }
    text
}

fn indent(depth: usize) -> String {
    "  ".repeat(depth)
}

fn fits(text: &str, depth: usize) -> bool {
    text.chars().count() + 2 * depth <= LINE_MAX
}

fn pipeline(pipeline: &Pipeline, depth: usize) -> String {
    let stages: Vec<String> = pipeline.stages.iter().map(|stage| self::stage(stage, depth)).collect();
    stages.join(&format!("\n{}| ", indent(depth)))
}

fn stage(stage: &Stage, depth: usize) -> String {
    match stage {
        Stage::Spansets(expr) => spansets(expr, depth),
        other => other.to_string(),
    }
}

fn spansets(expr: &SpansetExpr, depth: usize) -> String {
    let flat = expr.to_string();
    if fits(&flat, depth) {
        return flat;
    }
    match &expr.kind {
        SpansetKind::Filter(filter) => {
            format!("{{\n{}{}\n{}}}", indent(depth + 1), field(filter, depth + 1), indent(depth))
        }
        SpansetKind::Chain(first, rest) => {
            // Operators of one level group from the left, so a flat list reads back as the same
            // chain. Beside a pipeline everything stands in parentheses.
            let all = is_piped(expr);
            let mut text = grouped(first, all, depth);
            for (op, operand) in rest {
                let operand = grouped(operand, all, depth);
                let _ = write!(text, "\n{}{} {operand}", indent(depth), op.symbol());
            }
            text
        }
        SpansetKind::Pipeline(inner) => pipeline(inner, depth),
        SpansetKind::Missing => flat,
    }
}

fn is_piped(expr: &SpansetExpr) -> bool {
    match &expr.kind {
        SpansetKind::Pipeline(_) => true,
        SpansetKind::Chain(first, rest) => {
            is_piped(first) || rest.iter().any(|(_, operand)| is_piped(operand))
        }
        SpansetKind::Filter(_) | SpansetKind::Missing => false,
    }
}

fn grouped(expr: &SpansetExpr, all: bool, depth: usize) -> String {
    match expr.kind {
        SpansetKind::Filter(_) if all => format!("({})", spansets(expr, depth)),
        SpansetKind::Filter(_) => spansets(expr, depth),
        _ => format!("(\n{}{}\n{})", indent(depth + 1), spansets(expr, depth + 1), indent(depth)),
    }
}

fn field(expr: &FieldExpr, depth: usize) -> String {
    let flat = expr.to_string();
    match &expr.kind {
        FieldKind::Logic(first, rest) if !fits(&flat, depth) => {
            let mut text = operand(first, depth);
            for (op, right) in rest {
                let _ = write!(text, "\n{}{} {}", indent(depth), op.symbol(), operand(right, depth));
            }
            text
        }
        _ => flat,
    }
}

/// Comparisons bind tighter than `&&` and `||` and need no parentheses.
fn operand(expr: &FieldExpr, depth: usize) -> String {
    match &expr.kind {
        FieldKind::Logic(..) => {
            let inner = field(expr, depth + 1);
            format!("(\n{}{inner}\n{})", indent(depth + 1), indent(depth))
        }
        FieldKind::Binary(op, ..) if !is_named(*op) => expr.to_string(),
        FieldKind::Binary(..) => format!("({expr})"),
        _ => expr.to_string(),
    }
}

const fn is_named(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::In | BinaryOp::NotIn | BinaryOp::MatchAny | BinaryOp::MatchNone)
}

fn metrics(expr: &MetricsExpr, depth: usize) -> String {
    let mut text = match &expr.kind {
        MetricsKind::Series(inner, stage) => {
            format!("{}\n{}| {stage}", pipeline(inner, depth), indent(depth))
        }
        MetricsKind::Math(op, lhs, rhs) => {
            format!("{} {} {}", side(lhs, depth), op.symbol(), side(rhs, depth))
        }
        MetricsKind::ScalarMath { op, number, is_left: true, expr } => {
            format!("{number} {} {}", op.symbol(), side(expr, depth))
        }
        MetricsKind::ScalarMath { op, number, is_left: false, expr } => {
            format!("{} {} {number}", side(expr, depth), op.symbol())
        }
    };
    for stage in &expr.stages {
        let _ = write!(text, "{stage}");
    }
    text
}

fn side(expr: &MetricsExpr, depth: usize) -> String {
    format!("(\n{}{}\n{})", indent(depth + 1), metrics(expr, depth + 1), indent(depth))
}
