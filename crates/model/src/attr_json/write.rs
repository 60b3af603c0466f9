//! Values to JSON text. The pieces are public, so that the decoder writes text straight from the wire.

use crate::attrs::{AttrValue, Attrs};
use crate::span::{Event, Link};

/// The keys under which OTLP/JSON puts typed values. A map whose single key is one of these is written
/// as a `kvlistValue`, see [`is_ambiguous_key`].
const RESERVED_KEYS: [&str; 3] = ["bytesValue", "doubleValue", "kvlistValue"];

/// Whether a map with this single key could be taken for a typed value.
pub fn is_ambiguous_key(key: &str) -> bool {
    RESERVED_KEYS.contains(&key)
}

/// Appends a JSON string with quotes.
pub fn push_str(out: &mut Vec<u8>, text: &str) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut from = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte >= 0x20 && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.extend_from_slice(&bytes[from..at]);
        from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(b"\\u00");
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out.extend_from_slice(&bytes[from..]);
    out.push(b'"');
}

/// Appends an integer.
pub fn push_int(out: &mut Vec<u8>, value: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends a double: with a point always, non-finite ones as `{"doubleValue":..}`.
pub fn push_double(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"{\"doubleValue\":\"NaN\"}");
    } else if value.is_infinite() {
        let text: &[u8] =
            if value > 0.0 { b"{\"doubleValue\":\"Infinity\"}" } else { b"{\"doubleValue\":\"-Infinity\"}" };
        out.extend_from_slice(text);
    } else {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        match text.find('e') {
            Some(at) if !text.contains('.') => {
                out.extend_from_slice(&text.as_bytes()[..at]);
                out.extend_from_slice(b".0");
                out.extend_from_slice(&text.as_bytes()[at..]);
            }
            _ => out.extend_from_slice(text.as_bytes()),
        }
    }
}

/// Appends bytes as `{"bytesValue":"<base64>"}`.
pub fn push_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend_from_slice(b"{\"bytesValue\":\"");
    push_base64(out, bytes);
    out.extend_from_slice(b"\"}");
}

/// Appends standard base64 with padding.
pub fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for chunk in bytes.chunks(3) {
        let word = u32::from(chunk[0]) << 16
            | u32::from(chunk.get(1).copied().unwrap_or(0)) << 8
            | u32::from(chunk.get(2).copied().unwrap_or(0));
        for digit in 0..4u32 {
            if digit as usize <= chunk.len() {
                out.push(ALPHABET[(word >> (18 - 6 * digit) & 63) as usize]);
            } else {
                out.push(b'=');
            }
        }
    }
}

/// Appends lower-case hexadecimal digits.
pub fn push_hex(out: &mut Vec<u8>, bytes: &[u8]) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for byte in bytes {
        out.push(HEX[usize::from(byte >> 4)]);
        out.push(HEX[usize::from(byte & 15)]);
    }
}

/// Appends one value.
pub fn push_value(out: &mut Vec<u8>, value: &AttrValue) {
    match value {
        AttrValue::Empty => out.extend_from_slice(b"null"),
        AttrValue::Str(text) => push_str(out, text),
        AttrValue::Bool(true) => out.extend_from_slice(b"true"),
        AttrValue::Bool(false) => out.extend_from_slice(b"false"),
        AttrValue::Int(value) => push_int(out, *value),
        AttrValue::Double(value) => push_double(out, *value),
        AttrValue::Bytes(bytes) => push_bytes(out, bytes),
        AttrValue::Array(values) => {
            out.push(b'[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(b',');
                }
                push_value(out, value);
            }
            out.push(b']');
        }
        AttrValue::Map(map) => match map.0.as_slice() {
            [(key, value)] if is_ambiguous_key(key) => {
                out.extend_from_slice(b"{\"kvlistValue\":{\"values\":[{\"key\":");
                push_str(out, key);
                out.extend_from_slice(b",\"value\":");
                push_value(out, value);
                out.extend_from_slice(b"}]}}");
            }
            _ => push_attrs(out, map),
        },
    }
}

/// Appends an object of attributes.
pub fn push_attrs(out: &mut Vec<u8>, attrs: &Attrs) {
    out.push(b'{');
    for (at, (key, value)) in attrs.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        push_str(out, key);
        out.push(b':');
        push_value(out, value);
    }
    out.push(b'}');
}

/// The object of attributes as text.
pub fn attrs_to_string(attrs: &Attrs) -> String {
    finish(|out| push_attrs(out, attrs))
}

/// One value as text.
pub fn value_to_string(value: &AttrValue) -> String {
    finish(|out| push_value(out, value))
}

/// The array of events as text.
pub fn events_to_string(events: &[Event]) -> String {
    finish(|out| {
        out.push(b'[');
        for (at, event) in events.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"time_unix_nano\":");
            push_int(out, event.time.0);
            if !event.name.is_empty() {
                out.extend_from_slice(b",\"name\":");
                push_str(out, &event.name);
            }
            push_tail(out, &event.attributes, event.dropped_attributes_count);
            out.push(b'}');
        }
        out.push(b']');
    })
}

/// The array of links as text.
pub fn links_to_string(links: &[Link]) -> String {
    finish(|out| {
        out.push(b'[');
        for (at, link) in links.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(b"{\"trace_id\":\"");
            push_hex(out, &link.trace_id.0);
            out.extend_from_slice(b"\",\"span_id\":\"");
            push_hex(out, &link.span_id.0);
            out.push(b'"');
            if !link.trace_state.is_empty() {
                out.extend_from_slice(b",\"trace_state\":");
                push_str(out, &link.trace_state);
            }
            push_tail(out, &link.attributes, link.dropped_attributes_count);
            if link.flags != 0 {
                out.extend_from_slice(b",\"flags\":");
                push_int(out, i64::from(link.flags));
            }
            out.push(b'}');
        }
        out.push(b']');
    })
}

fn push_tail(out: &mut Vec<u8>, attributes: &Attrs, dropped: u32) {
    if !attributes.is_empty() {
        out.extend_from_slice(b",\"attributes\":");
        push_attrs(out, attributes);
    }
    if dropped != 0 {
        out.extend_from_slice(b",\"dropped_attributes_count\":");
        push_int(out, i64::from(dropped));
    }
}

fn finish(fill: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    fill(&mut out);
    // Every piece above appends whole UTF-8 texts or ASCII.
    String::from_utf8(out).unwrap_or_default()
}
