//! Values as the canonical text writes them.

use std::fmt;

use stdx::go::number::{FloatFormat, format_float};
use stdx::go::{duration, quote};

use super::Value;

impl fmt::Display for Value {
    /// Literals of the language: text in back quotes (in double quotes where back quotes cannot
    /// hold it), floats always with a point or an exponent, durations as Go prints them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nil => f.write_str("nil"),
            Self::Int(value) => write!(f, "{value}"),
            Self::Float(value) => f.write_str(&float(*value)),
            Self::Str(text) if text.contains(['`', '\r']) => f.write_str(&quote::quote(text)),
            Self::Str(text) => write!(f, "`{text}`"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Duration(ns) => f.write_str(&duration::format_duration(*ns)),
            Self::Status(status) => f.write_str(status.as_str()),
            Self::Kind(kind) => f.write_str(kind.as_str()),
            Self::Array(items) => {
                f.write_str("[")?;
                for (n, item) in items.iter().enumerate() {
                    let separator = if n > 0 { ", " } else { "" };
                    write!(f, "{separator}{item}")?;
                }
                f.write_str("]")
            }
        }
    }
}

/// A float that reads back as a float.
fn float(value: f64) -> String {
    if value.is_nan() {
        return "(0.0 / 0.0)".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "(1.0 / 0.0)" } else { "(-1.0 / 0.0)" }.to_owned();
    }
    let text = format_float(value, FloatFormat::General, None);
    if text.contains(['.', 'e']) { text } else { format!("{text}.0") }
}
