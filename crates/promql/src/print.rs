//! The canonical text of a tree, as Prometheus prints it.
//!
//! In: a tree. Out: one line that parses to an equal tree. Parentheses are nodes of the tree, so none
//! are added or lost.

use std::fmt::{self, Display, Formatter, Write};

use stdx::go::number::{FloatFormat, format_float};
use stdx::go::quote::quote_bytes;

use crate::ast::{
    Aggregate, At, Binary, Cardinality, Duration, DurationExpr, DurationKind, DurationOp, Expr, ExprKind,
    Extension, Matching, NumberLiteral, RangeSelector, Selector, StringLiteral, Subquery,
};
use crate::duration::format_duration;
use crate::matcher::{MatchOp, is_plain_label, quoted};
use crate::parser::NAME_LABEL;

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Number(number) => number.fmt(f),
            ExprKind::String(literal) => literal.fmt(f),
            ExprKind::Selector(selector) => selector.fmt(f),
            ExprKind::Range(range) => range.fmt(f),
            ExprKind::Subquery(subquery) => {
                subquery.expr.fmt(f)?;
                subquery.fmt_suffix(f)
            }
            ExprKind::Paren(inner) => {
                f.write_char('(')?;
                inner.fmt(f)?;
                f.write_char(')')
            }
            ExprKind::Unary(unary) => {
                f.write_char(if unary.is_negation { '-' } else { '+' })?;
                unary.expr.fmt(f)
            }
            ExprKind::Binary(binary) => {
                binary.left.fmt(f)?;
                f.write_char(' ')?;
                binary.fmt_operator(f)?;
                f.write_char(' ')?;
                binary.right.fmt(f)
            }
            ExprKind::Aggregate(aggregate) => {
                aggregate.fmt_head(f)?;
                f.write_char('(')?;
                if let Some(param) = &aggregate.param {
                    param.fmt(f)?;
                    f.write_str(", ")?;
                }
                aggregate.expr.fmt(f)?;
                f.write_char(')')
            }
            ExprKind::Call(call) => {
                f.write_str(call.function.name)?;
                f.write_char('(')?;
                for (at, arg) in call.args.iter().enumerate() {
                    if at > 0 {
                        f.write_str(", ")?;
                    }
                    arg.fmt(f)?;
                }
                f.write_char(')')
            }
            ExprKind::Invalid { .. } => Ok(()),
        }
    }
}

impl Display for NumberLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_duration {
            return f.write_str(&format_duration((self.value * 1e3).round() as i64));
        }
        f.write_str(&format_float(self.value, FloatFormat::Fixed, None))
    }
}

impl Display for StringLiteral {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.bytes {
            Some(bytes) => f.write_str(&quote_bytes(bytes)),
            None => f.write_str(&quoted(&self.value)),
        }
    }
}

fn fmt_labels(f: &mut impl Write, labels: &[std::sync::Arc<str>]) -> fmt::Result {
    for (at, label) in labels.iter().enumerate() {
        if at > 0 {
            f.write_str(", ")?;
        }
        if is_plain_label(label) {
            f.write_str(label)?;
        } else {
            f.write_str(&quoted(label))?;
        }
    }
    Ok(())
}

impl Aggregate {
    /// Operator and clause.
    pub(crate) fn fmt_head(&self, f: &mut impl Write) -> fmt::Result {
        f.write_str(self.op.as_str())?;
        if !self.is_without && self.grouping.is_empty() {
            return Ok(());
        }
        f.write_str(if self.is_without { " without (" } else { " by (" })?;
        fmt_labels(f, &self.grouping)?;
        f.write_str(") ")
    }
}

impl Binary {
    /// Operator and modifiers.
    pub(crate) fn fmt_operator(&self, f: &mut impl Write) -> fmt::Result {
        f.write_str(self.op.as_str())?;
        if self.is_bool {
            f.write_str(" bool")?;
        }
        match &self.matching {
            Some(matching) => matching.fmt_modifiers(f),
            None => Ok(()),
        }
    }
}

impl Matching {
    fn fmt_modifiers(&self, f: &mut impl Write) -> fmt::Result {
        let group = match self.cardinality {
            Cardinality::ManyToOne => Some(" group_left ("),
            Cardinality::OneToMany => Some(" group_right ("),
            Cardinality::OneToOne | Cardinality::ManyToMany => None,
        };
        if !self.labels.is_empty() || self.is_on || group.is_some() {
            f.write_str(if self.is_on { " on (" } else { " ignoring (" })?;
            fmt_labels(f, &self.labels)?;
            f.write_char(')')?;
        }
        if let Some(group) = group {
            f.write_str(group)?;
            fmt_labels(f, &self.include)?;
            f.write_char(')')?;
        }
        let number = |value| format_float(value, FloatFormat::General, None);
        match (self.fill_left, self.fill_right) {
            (Some(left), Some(right)) if left == right => {
                return write!(f, " fill ({})", number(left));
            }
            _ => {}
        }
        if let Some(left) = self.fill_left {
            write!(f, " fill_left ({})", number(left))?;
        }
        if let Some(right) = self.fill_right {
            write!(f, " fill_right ({})", number(right))?;
        }
        Ok(())
    }
}

/// Nanoseconds as a duration; what is below a millisecond is not shown.
fn nanos(ns: i64) -> String {
    format_duration(ns / 1_000_000)
}

impl Display for Duration {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nanos(ns) => f.write_str(&nanos(*ns)),
            Self::Expr(expr) => expr.fmt(f),
        }
    }
}

impl Display for DurationExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.is_wrapped {
            f.write_char('(')?;
        }
        match &self.kind {
            DurationKind::Number(number) => number.fmt(f)?,
            DurationKind::Step => f.write_str("step()")?,
            DurationKind::Range => f.write_str("range()")?,
            DurationKind::Negate(inner) => {
                f.write_char('-')?;
                inner.fmt(f)?;
            }
            DurationKind::Plus(inner) => inner.fmt(f)?,
            DurationKind::Binary(op, left, right) => {
                let word = match op {
                    DurationOp::Add => "+",
                    DurationOp::Sub => "-",
                    DurationOp::Mul => "*",
                    DurationOp::Div => "/",
                    DurationOp::Mod => "%",
                    DurationOp::Pow => "^",
                    DurationOp::MinOf => "min_of",
                    DurationOp::MaxOf => "max_of",
                };
                if matches!(op, DurationOp::MinOf | DurationOp::MaxOf) {
                    write!(f, "{word}({left}, {right})")?;
                } else {
                    write!(f, "{left} {word} {right}")?;
                }
            }
        }
        if self.is_wrapped {
            f.write_char(')')?;
        }
        Ok(())
    }
}

fn fmt_at(f: &mut impl Write, at: Option<At>) -> fmt::Result {
    match at {
        None => Ok(()),
        Some(At::Start) => f.write_str(" @ start()"),
        Some(At::End) => f.write_str(" @ end()"),
        Some(At::Time(ms)) => {
            let seconds = format_float(ms as f64 / 1000.0, FloatFormat::Fixed, Some(3));
            write!(f, " @ {seconds}")
        }
    }
}

fn fmt_offset(f: &mut impl Write, offset: &Duration) -> fmt::Result {
    match offset {
        Duration::Nanos(0) => Ok(()),
        _ => write!(f, " offset {offset}"),
    }
}

fn fmt_extension(f: &mut impl Write, extension: Extension) -> fmt::Result {
    f.write_str(match extension {
        Extension::None => "",
        Extension::Anchored => " anchored",
        Extension::Smoothed => " smoothed",
    })
}

impl Selector {
    /// Name and braces.
    fn fmt_series(&self, f: &mut impl Write) -> fmt::Result {
        f.write_str(&self.name)?;
        let mut shown: Vec<String> = self
            .matchers
            .iter()
            .filter(|matcher| {
                // The name outside the braces is shown already; an explicit empty one is not.
                *matcher.name != *NAME_LABEL
                    || matcher.op != MatchOp::Equal
                    || matcher.value != self.name
                    || matcher.value.is_empty()
            })
            .map(ToString::to_string)
            .collect();
        if shown.is_empty() {
            // Only the filter of `info` can be without both.
            return if self.name.is_empty() { f.write_str("{}") } else { Ok(()) };
        }
        shown.sort();
        write!(f, "{{{}}}", shown.join(","))
    }
}

impl Display for Selector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.fmt_series(f)?;
        fmt_at(f, self.at)?;
        fmt_extension(f, self.extension)?;
        fmt_offset(f, &self.offset)
    }
}

impl Display for RangeSelector {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.selector.fmt_series(f)?;
        write!(f, "[{}]", self.range)?;
        fmt_extension(f, self.selector.extension)?;
        fmt_at(f, self.selector.at)?;
        fmt_offset(f, &self.selector.offset)
    }
}

impl Subquery {
    /// Brackets and modifiers.
    pub(crate) fn fmt_suffix(&self, f: &mut impl Write) -> fmt::Result {
        write!(f, "[{}:", self.range)?;
        if let Some(step) = &self.step {
            write!(f, "{step}")?;
        }
        f.write_char(']')?;
        fmt_at(f, self.at)?;
        fmt_offset(f, &self.offset)
    }
}
