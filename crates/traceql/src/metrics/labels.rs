//! Labels of series.

use std::cmp::Ordering;
use std::sync::Arc;

use stdx::go::duration::format_duration;
use stdx::go::number::{FloatFormat, format_float};

use crate::value::{Value, order as order_values};

/// Names and values in the order in which answers show them.
pub type Labels = Vec<(Arc<str>, Value)>;

/// The label of series without any other.
pub const NAME: &str = "__name__";

/// The labels of a group: words for kinds, statuses and durations; absent ones left out, but for
/// the first when all are absent.
pub fn of_group(by: &[Arc<str>], values: &[Value]) -> Labels {
    let pairs = by.iter().zip(values);
    let labels: Labels = pairs
        .filter(|(_, value)| !value.is_nil())
        .map(|(name, value)| (Arc::clone(name), as_label(value)))
        .collect();
    match by.first() {
        Some(first) if labels.is_empty() => vec![(Arc::clone(first), Value::text("nil"))],
        _ => labels,
    }
}

/// A value as a label's value.
pub fn as_label(value: &Value) -> Value {
    match value {
        Value::Status(status) => Value::text(status.as_str()),
        Value::Kind(kind) => Value::text(kind.as_str()),
        Value::Duration(ns) => Value::text(&format_duration(*ns)),
        other => other.clone(),
    }
}

/// The order of label sets by what they look like.
pub fn order(a: &Labels, b: &Labels) -> Ordering {
    for ((name, value), (other_name, other_value)) in a.iter().zip(b) {
        let order = name.cmp(other_name).then_with(|| order_values(value, other_value));
        if order.is_ne() {
            return order;
        }
    }
    a.len().cmp(&b.len())
}

/// A label's value as text, without quotes.
pub fn label_text(value: &Value) -> String {
    match value {
        Value::Str(text) => text.to_string(),
        Value::Float(value) => format_float(*value, FloatFormat::General, None),
        other => other.to_string(),
    }
}
