//! The readable text of a tree, as the endpoint `format_query` gives it: one stage a line, arguments
//! indented by two spaces a level, operators on lines of their own.

use stdx::go::quote::quote;

use super::ast::{BinaryOp, Expr, ExprKind, LogExpr, LogRange, StageKind};
use super::print::{number, operator, window, write_selector};

/// Prints a tree over several lines.
pub fn format(expr: &Expr) -> String {
    let mut out = String::new();
    write_expr(&mut out, expr, 0);
    out
}

fn indent(out: &mut String, level: usize) {
    for _ in 0..level {
        out.push_str("  ");
    }
}

fn write_expr(out: &mut String, expr: &Expr, level: usize) {
    match &expr.kind {
        ExprKind::Log(log) => write_log(out, log, level),
        ExprKind::Literal(value) => {
            indent(out, level);
            out.push_str(&number(*value));
        }
        ExprKind::RangeAggregation(aggregation) => {
            indent(out, level);
            out.push_str(aggregation.op.text());
            out.push_str("(\n");
            if let Some(parameter) = aggregation.parameter {
                indent(out, level + 1);
                out.push_str(&number(parameter));
                out.push_str(",\n");
            }
            write_range(out, &aggregation.range, level + 1);
            out.push('\n');
            indent(out, level);
            out.push(')');
            if let Some(grouping) = &aggregation.grouping {
                out.push_str(&format!(" {grouping}"));
            }
        }
        ExprKind::VectorAggregation(aggregation) => {
            indent(out, level);
            out.push_str(aggregation.op.text());
            if let Some(grouping) = &aggregation.grouping {
                out.push_str(&format!(" {grouping} "));
            }
            out.push_str("(\n");
            if let Some(parameter) = aggregation.parameter {
                indent(out, level + 1);
                out.push_str(&format!("{parameter},\n"));
            }
            write_expr(out, &aggregation.expr, level + 1);
            out.push('\n');
            indent(out, level);
            out.push(')');
        }
        ExprKind::Binary(binary) => {
            write_operand(
                out,
                &binary.left,
                level + 1,
                binds(binary.op, &binary.left, false),
            );
            out.push('\n');
            indent(out, level);
            out.push_str(&operator(binary));
            out.push('\n');
            write_operand(
                out,
                &binary.right,
                level + 1,
                binds(binary.op, &binary.right, true),
            );
        }
        ExprKind::LabelReplace(replace) => {
            indent(out, level);
            out.push_str("label_replace(\n");
            write_expr(out, &replace.expr, level + 1);
            for text in [
                &replace.target,
                &replace.replacement,
                &replace.source,
                &replace.regex,
            ] {
                out.push_str(",\n");
                indent(out, level + 1);
                out.push_str(&quote(text));
            }
            out.push('\n');
            indent(out, level);
            out.push(')');
        }
        ExprKind::Vector(_) | ExprKind::Error => {
            indent(out, level);
            out.push_str(&expr.to_string());
        }
    }
}

/// An operand; in parentheses if it would not read back without them. The original shows the grouping
/// by indentation alone.
fn write_operand(out: &mut String, expr: &Expr, level: usize, binds: bool) {
    if binds {
        write_expr(out, expr, level);
        return;
    }
    indent(out, level);
    out.push_str("(\n");
    write_expr(out, expr, level + 1);
    out.push('\n');
    indent(out, level);
    out.push(')');
}

/// Whether an operand stays together without parentheses.
fn binds(op: BinaryOp, operand: &Expr, is_right: bool) -> bool {
    let ExprKind::Binary(inner) = &operand.kind else {
        return true;
    };
    let (outer, inner) = (op.precedence(), inner.op.precedence());
    // `^` groups to the right, the others to the left.
    let is_near_side = is_right == (op == BinaryOp::Pow);
    inner > outer || (inner == outer && is_near_side)
}

fn write_log(out: &mut String, log: &LogExpr, level: usize) {
    indent(out, level);
    // A `String` takes any text.
    let _ = write_selector(out, &log.matchers);
    for stage in &log.stages {
        if let StageKind::LineFilters(filters) = &stage.kind {
            for filter in filters {
                out.push('\n');
                indent(out, level + 1);
                out.push_str(&filter.to_string());
            }
            continue;
        }
        out.push('\n');
        indent(out, level + 1);
        out.push_str(&stage.to_string());
    }
}

fn write_range(out: &mut String, range: &LogRange, level: usize) {
    write_log(out, &range.log, level);
    if let Some(unwrap) = &range.unwrap {
        out.push('\n');
        indent(out, level + 1);
        out.push_str(&unwrap.to_string());
    }
    out.push(' ');
    out.push_str(&window(range));
}
