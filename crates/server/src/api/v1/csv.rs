//! Rows as CSV (RFC 4180): a line of names, then a line a row; values as in JSON. Null is nothing, the empty text `""`.

use arrow::array::RecordBatch;
use arrow::datatypes::Schema;
use serde_json::Value;

use super::json_rows;

/// Content type.
pub(super) const CSV: &str = "text/csv; charset=utf-8";

/// The line of names.
pub(super) fn push_names(out: &mut Vec<u8>, schema: &Schema) {
    push_line(out, json_rows::names(schema).into_iter().map(Value::String));
}

/// A line a row.
pub(super) fn push_rows(out: &mut Vec<u8>, batch: &RecordBatch) {
    for row in 0..batch.num_rows() {
        push_line(out, json_rows::row(batch, row));
    }
}

fn push_line(out: &mut Vec<u8>, values: impl Iterator<Item = Value>) {
    for (at, value) in values.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match value {
            Value::Null => {}
            Value::String(text) => push_text(out, &text),
            value => push_text(out, &value.to_string()),
        }
    }
    out.extend_from_slice(b"\r\n");
}

fn push_text(out: &mut Vec<u8>, text: &str) {
    if !text.is_empty() && !text.contains([',', '"', '\r', '\n']) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}
