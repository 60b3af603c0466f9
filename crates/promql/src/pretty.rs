//! The text of a tree over several lines.
//!
//! In: a tree and a width. Out: Prometheus' layout: a node whose canonical text is wider than the line
//! is split, its children one level deeper. Each node is printed once and its width remembered, so
//! that the work stays linear.

use std::fmt::Write;

use crate::ast::{Expr, ExprKind};

/// Bytes of a line beyond which a node is split, as in Prometheus.
pub const LINE_BYTES_MAX: usize = 100;

const INDENT: &str = "  ";

impl Expr {
    /// The tree in lines of [`LINE_BYTES_MAX`].
    pub fn pretty(&self) -> String {
        self.pretty_within(LINE_BYTES_MAX)
    }

    /// The tree in lines of about `line_bytes_max`.
    pub fn pretty_within(&self, line_bytes_max: usize) -> String {
        let mut printer = Printer { out: String::new(), line_bytes_max };
        printer.expr(self, 0);
        printer.out
    }

    /// Whether the canonical text is longer than `limit`, without building more of it than that.
    fn is_longer_than(&self, limit: usize) -> bool {
        struct Counter {
            left: usize,
        }
        impl Write for Counter {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.left = self.left.checked_sub(text.len()).ok_or(std::fmt::Error)?;
                Ok(())
            }
        }
        write!(Counter { left: limit }, "{self}").is_err()
    }
}

struct Printer {
    out: String,
    line_bytes_max: usize,
}

impl Printer {
    fn indent(&mut self, level: usize) {
        for _ in 0..level {
            self.out.push_str(INDENT);
        }
    }

    /// Appends what a printing function writes; writing to a string cannot fail.
    fn push(&mut self, write: impl FnOnce(&mut String) -> std::fmt::Result) {
        let written = write(&mut self.out);
        debug_assert!(written.is_ok(), "a string takes everything");
    }

    fn expr(&mut self, expr: &Expr, level: usize) {
        // A subquery leaves its indentation to what it encloses, and drops it if it is short.
        if let ExprKind::Subquery(subquery) = &expr.kind {
            if !expr.is_longer_than(self.line_bytes_max) {
                self.push(|out| write!(out, "{expr}"));
                return;
            }
            self.expr(&subquery.expr, level);
            self.push(|out| subquery.fmt_suffix(out));
            return;
        }
        if let ExprKind::Unary(unary) = &expr.kind {
            self.indent(level);
            self.out.push(if unary.is_negation { '-' } else { '+' });
            let at = self.out.len();
            self.expr(&unary.expr, level);
            let trimmed = self.out.get(at..).unwrap_or_default().trim().to_owned();
            self.out.truncate(at);
            self.out.push_str(&trimmed);
            return;
        }
        if let ExprKind::Binary(binary) = &expr.kind
            && expr.is_longer_than(self.line_bytes_max)
        {
            self.expr(&binary.left, level + 1);
            self.out.push('\n');
            self.indent(level);
            self.push(|out| binary.fmt_operator(out));
            self.out.push('\n');
            self.expr(&binary.right, level + 1);
            return;
        }
        self.indent(level);
        if !expr.is_longer_than(self.line_bytes_max) {
            self.push(|out| write!(out, "{expr}"));
            return;
        }
        match &expr.kind {
            ExprKind::Aggregate(aggregate) => {
                self.push(|out| aggregate.fmt_head(out));
                self.block(aggregate.param.iter().chain([&aggregate.expr]), level);
            }
            ExprKind::Call(call) => {
                self.out.push_str(call.function.name);
                self.block(call.args.iter(), level);
            }
            ExprKind::Paren(inner) => self.block([&**inner].into_iter(), level),
            _ => self.push(|out| write!(out, "{expr}")),
        }
    }

    /// Parentheses around expressions, each on lines of its own.
    fn block<'e>(&mut self, parts: impl Iterator<Item = &'e Expr>, level: usize) {
        self.out.push_str("(\n");
        for (at, part) in parts.enumerate() {
            if at > 0 {
                self.out.push_str(",\n");
            }
            self.expr(part, level + 1);
        }
        self.out.push('\n');
        self.indent(level);
        self.out.push(')');
    }
}
