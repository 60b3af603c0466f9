//! The readable text of a tree, as the endpoint `format_query` gives it.
//!
//! What fits into a line stays on it, in canonical form. The rest is split: one stage a line, arguments
//! indented by two spaces a level, operators on lines of their own.

use std::fmt::{Display, Write as _};

use stdx::go::quote::quote;

use super::ast::{BinaryOp, Expr, ExprKind, LogExpr, LogRange, StageKind};
use super::print::{number, operator, window, write_selector};

/// Characters that an expression may have to stay on one line, as in the original.
pub const LINE_CHARS_MAX: usize = 100;

/// Prints a tree for people.
pub fn format(expr: &Expr) -> String {
    format_within(expr, LINE_CHARS_MAX)
}

/// As [`format`], with another length of lines.
pub fn format_within(expr: &Expr, line_chars_max: usize) -> String {
    let mut printer = Printer { out: String::new(), line_chars_max };
    printer.expr(expr, 0);
    printer.out
}

struct Printer {
    out: String,
    line_chars_max: usize,
}

/// Takes so many bytes and then no more, so that long texts are not printed only to be measured.
struct Measure(usize);

impl std::fmt::Write for Measure {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0 = self.0.checked_sub(text.len()).ok_or(std::fmt::Error)?;
        Ok(())
    }
}

impl Printer {
    fn indent(&mut self, level: usize) {
        for _ in 0..level {
            self.out.push_str("  ");
        }
    }

    /// A line of its own.
    fn line(&mut self, level: usize, text: impl Display) {
        self.out.push('\n');
        self.indent(level);
        // A `String` takes any text.
        let _ = write!(self.out, "{text}");
    }

    fn fits(&self, text: &impl Display) -> bool {
        write!(Measure(self.line_chars_max), "{text}").is_ok()
    }

    fn expr(&mut self, expr: &Expr, level: usize) {
        if let ExprKind::Log(log) = &expr.kind {
            self.indent(level);
            return self.log(log, level);
        }
        if self.fits(expr) {
            self.indent(level);
            let _ = write!(self.out, "{expr}");
            return;
        }
        match &expr.kind {
            ExprKind::RangeAggregation(aggregation) => {
                self.indent(level);
                self.out.push_str(aggregation.op.text());
                self.out.push('(');
                if let Some(parameter) = aggregation.parameter {
                    self.line(level + 1, number(parameter));
                    self.out.push(',');
                }
                self.range(&aggregation.range, level + 1);
                self.line(level, ")");
                if let Some(grouping) = &aggregation.grouping {
                    let _ = write!(self.out, " {grouping}");
                }
            }
            ExprKind::VectorAggregation(aggregation) => {
                self.indent(level);
                self.out.push_str(aggregation.op.text());
                if let Some(grouping) = &aggregation.grouping {
                    let _ = write!(self.out, " {grouping} ");
                }
                self.out.push('(');
                if let Some(parameter) = aggregation.parameter {
                    self.line(level + 1, parameter);
                    self.out.push(',');
                }
                self.out.push('\n');
                self.expr(&aggregation.expr, level + 1);
                self.line(level, ")");
            }
            ExprKind::Binary(binary) => {
                self.operand(binary.op, &binary.left, false, level + 1);
                self.line(level, operator(binary));
                self.out.push('\n');
                self.operand(binary.op, &binary.right, true, level + 1);
            }
            ExprKind::LabelReplace(replace) => {
                self.indent(level);
                self.out.push_str("label_replace(\n");
                self.expr(&replace.expr, level + 1);
                for text in [&replace.target, &replace.replacement, &replace.source, &replace.regex] {
                    self.out.push(',');
                    self.line(level + 1, quote(text));
                }
                self.line(level, ")");
            }
            ExprKind::Literal(_) | ExprKind::Vector(_) | ExprKind::Error | ExprKind::Log(_) => {
                self.indent(level);
                let _ = write!(self.out, "{expr}");
            }
        }
    }

    /// An operand. One that is split and would not read back gets parentheses; the original shows the
    /// grouping by indentation alone. One that stays on its line has its own.
    fn operand(&mut self, op: BinaryOp, operand: &Expr, is_right: bool, level: usize) {
        if binds(op, operand, is_right) || self.fits(operand) {
            return self.expr(operand, level);
        }
        self.indent(level);
        self.out.push_str("(\n");
        self.expr(operand, level + 1);
        self.line(level, ")");
    }

    /// A selector with its stages, from the current column on.
    fn log(&mut self, log: &LogExpr, level: usize) {
        if self.fits(log) {
            let _ = write!(self.out, "{log}");
            return;
        }
        let _ = write_selector(&mut self.out, &log.matchers);
        for stage in &log.stages {
            if let StageKind::LineFilters(filters) = &stage.kind {
                filters.iter().for_each(|filter| self.line(level + 1, filter));
            } else {
                self.line(level + 1, stage);
            }
        }
    }

    fn range(&mut self, range: &LogRange, level: usize) {
        self.line(level, "");
        self.log(&range.log, level);
        if let Some(unwrap) = &range.unwrap {
            self.line(level + 1, unwrap);
        }
        self.out.push(' ');
        self.out.push_str(&window(range));
    }
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
