//! The canonical text of a tree: one line, one spelling, and reading it gives the same tree.
//!
//! The spelling is the original's, but for sizes and small numbers, which it rounds and we do not.

use std::fmt::{self, Display, Formatter, Write as _};

use stdx::go::duration::format_duration;
use stdx::go::number::{FloatFormat, format_float};
use stdx::go::quote::quote;

use super::ast::{
    Binary, Cardinality, Expr, ExprKind, Extraction, FormatValue, Grouping, LabelFilter, LabelFilterKind,
    LabelReplace, LineFilter, LogExpr, LogRange, Matcher, RangeAggregation, Selection, Stage, StageKind,
    Unwrap, VectorAggregation,
};
use super::bytes::format_literal;
use super::duration::format_prometheus;

/// A number without exponent, so that it reads back as one token.
pub(super) fn number(value: f64) -> String {
    // Folding can give these, which no literal can write.
    if value.is_nan() {
        return "(0/0)".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "(1e308*10)" } else { "(-1e308*10)" }.to_owned();
    }
    format_float(value, FloatFormat::Fixed, None)
}

impl Display for Expr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            ExprKind::Log(log) => write!(f, "{log}"),
            ExprKind::Literal(value) => f.write_str(&number(*value)),
            ExprKind::Vector(value) => write!(f, "vector({})", number(*value)),
            ExprKind::RangeAggregation(aggregation) => write!(f, "{aggregation}"),
            ExprKind::VectorAggregation(aggregation) => write!(f, "{aggregation}"),
            ExprKind::Binary(binary) => write!(f, "{binary}"),
            ExprKind::LabelReplace(replace) => write!(f, "{replace}"),
            ExprKind::Error => f.write_str("<error>"),
        }
    }
}

impl Display for LogExpr {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write_selector(f, &self.matchers)?;
        self.stages.iter().try_for_each(|stage| write!(f, " {stage}"))
    }
}

/// `{a="b", c="d"}`.
pub(super) fn write_selector(f: &mut impl fmt::Write, matchers: &[Matcher]) -> fmt::Result {
    f.write_char('{')?;
    write_list(f, matchers, ", ")?;
    f.write_char('}')
}

fn write_list<T: Display>(f: &mut impl fmt::Write, items: &[T], separator: &str) -> fmt::Result {
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        write!(f, "{item}")?;
    }
    Ok(())
}

impl Display for Matcher {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.name, self.op.text(), quote(&self.value))
    }
}

impl Display for LineFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.text())?;
        for (index, alternative) in self.alternatives.iter().enumerate() {
            let text = quote(&alternative.text);
            f.write_str(if index > 0 { " or " } else { " " })?;
            if alternative.is_ip { write!(f, "ip({text})")? } else { f.write_str(&text)? }
        }
        Ok(())
    }
}

impl Display for Extraction {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.label, quote(&self.path))
    }
}

impl Display for Selection {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Matcher(matcher) => write!(f, "{matcher}"),
        }
    }
}

impl Display for Stage {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            StageKind::LineFilters(filters) => write_list(f, filters, " "),
            StageKind::LabelFilter(filter) => write!(f, "| {filter}"),
            StageKind::Json(fields) => write_fields(f, "| json", fields),
            StageKind::Logfmt { strict, keep_empty, fields } => {
                f.write_str("| logfmt")?;
                if *strict {
                    f.write_str(" --strict")?;
                }
                if *keep_empty {
                    f.write_str(" --keep-empty")?;
                }
                write_fields(f, "", fields)
            }
            StageKind::Regexp(pattern) => write!(f, "| regexp {}", quote(pattern)),
            StageKind::Pattern(pattern) => write!(f, "| pattern {}", quote(pattern)),
            StageKind::Unpack => f.write_str("| unpack"),
            StageKind::LineFormat(template) => write!(f, "| line_format {}", quote(template)),
            StageKind::LabelFormat(formats) => {
                f.write_str("| label_format ")?;
                for (index, format) in formats.iter().enumerate() {
                    if index > 0 {
                        f.write_char(',')?;
                    }
                    write!(f, "{}=", format.target)?;
                    match &format.value {
                        FormatValue::Label(name) => f.write_str(name)?,
                        FormatValue::Template(template) => f.write_str(&quote(template))?,
                    }
                }
                Ok(())
            }
            StageKind::Decolorize => f.write_str("| decolorize"),
            StageKind::Drop(selections) => {
                f.write_str("| drop ")?;
                write_list(f, selections, ",")
            }
            StageKind::Keep(selections) => {
                f.write_str("| keep ")?;
                write_list(f, selections, ",")
            }
            StageKind::Error => f.write_str("| <error>"),
        }
    }
}

fn write_fields(f: &mut Formatter<'_>, head: &str, fields: &[Extraction]) -> fmt::Result {
    f.write_str(head)?;
    if !fields.is_empty() {
        f.write_char(' ')?;
    }
    write_list(f, fields, ",")
}

impl Display for LabelFilter {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match &self.kind {
            LabelFilterKind::And(left, right) => write!(f, "( {left} , {right} )"),
            LabelFilterKind::Or(left, right) => write!(f, "( {left} or {right} )"),
            LabelFilterKind::Text(matcher) => write!(f, "{matcher}"),
            LabelFilterKind::Number(name, op, value) => {
                write!(f, "{name}{}{}", op.text(), number(*value))
            }
            LabelFilterKind::Duration(name, op, ns) => {
                write!(f, "{name}{}{}", op.text(), format_duration(*ns))
            }
            LabelFilterKind::Bytes(name, op, bytes) => {
                write!(f, "{name}{}{}", op.text(), format_literal(*bytes))
            }
            LabelFilterKind::Ip(name, negative, pattern) => {
                let op = if *negative { "!=" } else { "=" };
                write!(f, "{name}{op}ip({})", quote(pattern))
            }
        }
    }
}

impl Display for Unwrap {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self.conversion {
            Some(conversion) => write!(f, "| unwrap {}({})", conversion.text(), self.label)?,
            None => write!(f, "| unwrap {}", self.label)?,
        }
        self.filters.iter().try_for_each(|filter| write!(f, " | {filter}"))
    }
}

/// `[5m] offset 1m`.
pub(super) fn window(range: &LogRange) -> String {
    let mut text = format!("[{}]", format_prometheus(range.range_ns));
    if range.offset_ns != 0 {
        let _ = write!(text, " offset {}", format_prometheus(range.offset_ns));
    }
    text
}

impl Display for LogRange {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.log)?;
        if let Some(unwrap) = &self.unwrap {
            write!(f, " {unwrap}")?;
        }
        f.write_str(&window(self))
    }
}

impl Display for Grouping {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(if self.without { "without (" } else { "by (" })?;
        write_list(f, &self.names, ",")?;
        f.write_char(')')
    }
}

impl Display for RangeAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.op.text())?;
        if let Some(parameter) = self.parameter {
            write!(f, "{},", number(parameter))?;
        }
        write!(f, "{})", self.range)?;
        match &self.grouping {
            Some(grouping) => write!(f, " {grouping}"),
            None => Ok(()),
        }
    }
}

impl Display for VectorAggregation {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.op.text())?;
        if let Some(grouping) = &self.grouping {
            write!(f, " {grouping}")?;
        }
        f.write_char('(')?;
        if let Some(parameter) = self.parameter {
            write!(f, "{parameter},")?;
        }
        write!(f, "{})", self.expr)
    }
}

/// The operator with its modifiers.
pub(super) fn operator(binary: &Binary) -> String {
    let mut text = binary.op.text().to_owned();
    if binary.return_bool {
        text.push_str(" bool");
    }
    if let Some(on) = binary.on {
        text.push_str(if on { " on (" } else { " ignoring (" });
        text.push_str(&binary.labels.join(","));
        text.push(')');
    }
    let side = match binary.cardinality {
        Cardinality::OneToOne => return text,
        Cardinality::ManyToOne => "left",
        Cardinality::OneToMany => "right",
    };
    let _ = write!(text, " group_{side} ({})", binary.include.join(","));
    text
}

impl Display for Binary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "({} {} {})", self.left, operator(self), self.right)
    }
}

impl Display for LabelReplace {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "label_replace({}", self.expr)?;
        for text in [&self.target, &self.replacement, &self.source, &self.regex] {
            write!(f, ",{}", quote(text))?;
        }
        f.write_char(')')
    }
}
