//! The functions that every template has.

use std::borrow::Cow;

use super::exec::CallError;
use super::value::Value;
use super::{compare, printf};

type Called<'v> = Result<Value<'v>, CallError>;

const NAMES: [&str; 19] = [
    "and", "or", "not", "len", "index", "slice", "print", "printf", "println", "html", "js", "urlquery",
    "call", "eq", "ne", "lt", "le", "gt", "ge",
];

pub(super) fn exists(name: &str) -> bool {
    NAMES.contains(&name)
}

/// `template.IsTrue` of anything but the root.
pub(super) fn is_true(value: &Value<'_>) -> bool {
    match value {
        Value::Nil => false,
        Value::Bool(value) => *value,
        Value::Int(value) => *value != 0,
        Value::Float(value) => *value != 0.0,
        Value::String(text) => !text.is_empty(),
        Value::List(items) => !items.is_empty(),
        Value::Map(map) => !map.is_empty(),
        Value::Root | Value::Time(_) => true,
    }
}

/// Calls a built-in function; `None` if it is none. `and` and `or` are the executor's.
pub(super) fn call<'v>(
    name: &str,
    args: &[Value<'v>],
    fields: &dyn Fn() -> Vec<(String, String)>,
    field: &dyn Fn(&str) -> Option<&'v str>,
) -> Option<Called<'v>> {
    if !exists(name) {
        return None;
    }
    Some(match (name, args) {
        ("eq" | "ne" | "lt" | "le" | "gt" | "ge", _) => compare::call(name, args),
        ("not", [value]) => Ok(Value::Bool(!is_true(value))),
        ("not", _) => Err(CallError::arity(name, "1", args.len())),
        ("len", [value]) => len(value, fields),
        ("len", _) => Err(CallError::arity(name, "1", args.len())),
        ("index", [value, keys @ ..]) => index(value.clone(), keys, field),
        ("slice", [value, bounds @ ..]) => slice(value, bounds),
        ("index" | "slice", []) => Err(CallError::arity(name, "at least 1", 0)),
        ("printf", [Value::String(format), rest @ ..]) => {
            Ok(Value::string(printf::sprintf(format, rest, fields)))
        }
        ("printf", [other, ..]) => Err(CallError::Mismatch(format!(
            "wrong type for value; expected string; got {}",
            other.type_name()
        ))),
        ("printf", []) => Err(CallError::arity(name, "at least 1", 0)),
        ("print", _) => Ok(Value::string(print(args, fields))),
        ("println", _) => {
            let texts: Vec<String> = args.iter().map(|value| text(value, fields)).collect();
            Ok(Value::string(texts.join(" ") + "\n"))
        }
        ("html", _) => Ok(Value::string(html(&print(args, fields)))),
        ("js", _) => Ok(Value::string(js(&print(args, fields)))),
        ("urlquery", _) => Ok(Value::string(query_escape(&print(args, fields)))),
        ("call", []) => Err(CallError::arity(name, "at least 1", 0)),
        ("call", [Value::Nil, ..]) => Err(CallError::Failed("call of nil".to_owned())),
        ("call", [other, ..]) => {
            Err(CallError::Failed(format!("non-function of type {}", other.type_name())))
        }
        _ => Err(CallError::arity(name, "at least 1", args.len())),
    })
}

fn text(value: &Value<'_>, fields: &dyn Fn() -> Vec<(String, String)>) -> String {
    let mut out = String::new();
    value.print(fields, &mut out);
    out
}

/// `fmt.Sprint`: a space between operands of which neither is a string.
fn print(args: &[Value<'_>], fields: &dyn Fn() -> Vec<(String, String)>) -> String {
    let mut out = String::new();
    let mut previous_is_string = true;
    for (index, value) in args.iter().enumerate() {
        let is_string = matches!(value, Value::String(_));
        if index > 0 && !is_string && !previous_is_string {
            out.push(' ');
        }
        value.print(fields, &mut out);
        previous_is_string = is_string;
    }
    out
}

fn len<'v>(value: &Value<'v>, fields: &dyn Fn() -> Vec<(String, String)>) -> Called<'v> {
    let length = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        Value::Root => fields().len(),
        Value::Nil => return Err(CallError::Failed("len of nil pointer".to_owned())),
        other => {
            return Err(CallError::Failed(format!("len of type {}", other.type_name())));
        }
    };
    Ok(Value::Int(length as i64))
}

fn index<'v>(value: Value<'v>, keys: &[Value<'v>], field: &dyn Fn(&str) -> Option<&'v str>) -> Called<'v> {
    let mut value = value;
    for key in keys {
        let fail = |message: String| Err(CallError::Failed(message));
        value = match (value, key) {
            (Value::Root, Value::String(name)) => Value::String(Cow::Borrowed(field(name).unwrap_or(""))),
            (Value::Map(mut map), Value::String(name)) => map.remove(name.as_ref()).unwrap_or(Value::Nil),
            (Value::Root | Value::Map(_), other) => {
                return fail(format!("value has type {}; should be string", other.type_name()));
            }
            (Value::List(mut items), Value::Int(at)) => match usize::try_from(*at) {
                Ok(at) if at < items.len() => items.swap_remove(at),
                _ => return fail(format!("index out of range: {at}")),
            },
            (Value::String(text), Value::Int(at)) => {
                match usize::try_from(*at).ok().and_then(|at| text.as_bytes().get(at).copied()) {
                    Some(byte) => Value::Int(i64::from(byte)),
                    None => return fail(format!("index out of range: {at}")),
                }
            }
            (Value::List(_) | Value::String(_), other) => {
                return fail(format!("cannot index slice/array with type {}", other.type_name()));
            }
            (Value::Nil, _) => return fail("index of untyped nil".to_owned()),
            (other, _) => return fail(format!("can't index item of type {}", other.type_name())),
        };
    }
    Ok(value)
}

fn slice<'v>(value: &Value<'v>, bounds: &[Value<'v>]) -> Called<'v> {
    let fail = |message: String| Err(CallError::Failed(message));
    let length = match value {
        Value::String(text) => text.len(),
        Value::List(items) => items.len(),
        Value::Nil => return fail("slice of untyped nil".to_owned()),
        other => return fail(format!("can't slice item of type {}", other.type_name())),
    };
    if bounds.len() > 3 {
        return fail(format!("too many slice indexes: {}", bounds.len()));
    }
    if bounds.len() == 3 && matches!(value, Value::String(_)) {
        return fail("cannot 3-index slice a string".to_owned());
    }
    let mut places = [0, length];
    for (place, bound) in places.iter_mut().zip(bounds) {
        match bound {
            Value::Int(at) => match usize::try_from(*at) {
                Ok(at) if at <= length => *place = at,
                _ => return fail(format!("index out of range: {at}")),
            },
            other => {
                return fail(format!("cannot index slice/array with type {}", other.type_name()));
            }
        }
    }
    let [start, end] = places;
    if start > end {
        return fail(format!("invalid slice index: {start} > {end}"));
    }
    Ok(match value {
        // A cut inside of a character leaves broken UTF-8 in Go, replacement characters here.
        Value::String(text) => Value::string(crate::go::text::repair_utf8(&text.as_bytes()[start..end])),
        Value::List(items) => Value::List(items[start..end].to_vec()),
        _ => Value::Nil,
    })
}

/// `template.HTMLEscapeString`.
fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\0' => out.push('\u{fffd}'),
            '"' => out.push_str("&#34;"),
            '\'' => out.push_str("&#39;"),
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c => out.push(c),
        }
    }
    out
}

/// `template.JSEscapeString`.
fn js(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\'' => out.push_str("\\'"),
            '"' => out.push_str("\\\""),
            '<' => out.push_str("\\u003C"),
            '>' => out.push_str("\\u003E"),
            '&' => out.push_str("\\u0026"),
            '=' => out.push_str("\\u003D"),
            c if (c as u32) < 0x20 || (!c.is_ascii() && !crate::go::text::is_print(c)) => {
                out.push_str(&format!("\\u{:04X}", c as u32));
            }
            c => out.push(c),
        }
    }
    out
}

/// `url.QueryEscape`.
pub fn query_escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte as char);
            }
            b' ' => out.push('+'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
