//! Typed values of the oracles.

use std::sync::Arc;

use model::{SpanKind, StatusCode};
use serde_json::Value as Json;
use traceql::value::Value;

use crate::{items, text};

/// `{"t": type, "v": value}`.
pub fn typed(json: &Json) -> Value {
    let kind = text(&json["t"]);
    if let Some(element) = kind.strip_suffix("[]") {
        let values: Vec<Value> = items(&json["v"]).iter().map(|item| plain(element, item)).collect();
        return Value::Array(values.into());
    }
    plain(kind, &json["v"])
}

fn plain(kind: &str, json: &Json) -> Value {
    match kind {
        "int" => Value::Int(json.as_i64().expect("an int")),
        "float" => Value::Float(number(json)),
        "string" => Value::Str(Arc::from(text(json))),
        "bool" => Value::Bool(json.as_bool().expect("a bool")),
        "duration_ns" => Value::Duration(json.as_i64().expect("nanoseconds")),
        "status" => Value::Status(match text(json) {
            "ok" => StatusCode::OK,
            "error" => StatusCode::ERROR,
            _ => StatusCode::UNSET,
        }),
        "kind" => Value::Kind(SpanKind::from_name(text(json)).expect("a kind")),
        "nil" => Value::Nil,
        other => panic!("unknown type `{other}`"),
    }
}

/// A number, or `{"$math": name}`.
pub fn number(json: &Json) -> f64 {
    match text(&json["$math"]) {
        "NaN" => f64::NAN,
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "SmallestNonzeroFloat64" => f64::from_bits(1),
        "MaxFloat64" => f64::MAX,
        _ => json.as_f64().expect("a number"),
    }
}
