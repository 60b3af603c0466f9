//! The one predicate tree of trace search: Jaeger's parameters and our own filters become this.
//!
//! In: a [`Predicate`] on ONE span; a trace matches when one of its spans does. Out: exact evaluation on a
//! [`Span`]. What an index can prune from it is decided in the file index, never here.

use std::borrow::Cow;

use model::{AttrValue, Attrs, Span, SpanKind, StatusCode};
use stdx::go::number::{FloatFormat, format_float};

/// Where an attribute is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Scopes {
    /// Span attributes.
    pub span: bool,
    /// Resource attributes.
    pub resource: bool,
    /// Attributes of the instrumentation scope.
    pub scope: bool,
    /// Attributes of any event.
    pub event: bool,
    /// Attributes of any link.
    pub link: bool,
}

impl Scopes {
    /// Everywhere.
    pub const ALL: Self = Self { span: true, resource: true, scope: true, event: true, link: true };
    /// Span attributes only.
    pub const SPAN: Self = Self { span: true, resource: false, scope: false, event: false, link: false };
    /// Resource attributes only.
    pub const RESOURCE: Self = Self { span: false, resource: true, scope: false, event: false, link: false };
    /// Event attributes only.
    pub const EVENT: Self = Self { span: false, resource: false, scope: false, event: true, link: false };
}

/// How a value is compared.
#[derive(Debug, Clone, PartialEq)]
pub enum Test {
    /// The value's text, as [`text_of`] prints it, is this.
    TextIs(String),
    /// The value has this type and is this, doubles by number.
    Is(AttrValue),
    /// The key is there.
    Exists,
    /// A number compared with another; integers and doubles are one family.
    Number(Comparison, f64),
}

/// An order between numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Comparison {
    /// Less.
    Less,
    /// Less or equal.
    LessOrEqual,
    /// Greater.
    Greater,
    /// Greater or equal.
    GreaterOrEqual,
}

impl Comparison {
    fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Less => left < right,
            Self::LessOrEqual => left <= right,
            Self::Greater => left > right,
            Self::GreaterOrEqual => left >= right,
        }
    }
}

/// A condition on one span.
#[derive(Debug, Clone, PartialEq)]
pub enum Predicate {
    /// All hold; true when empty.
    All(Vec<Predicate>),
    /// One holds; false when empty.
    Any(Vec<Predicate>),
    /// The inner one does not hold.
    Not(Box<Predicate>),
    /// `service.name` is this text; `None` asks for spans whose resource has none.
    Service(Option<String>),
    /// The span's name is this.
    Operation(String),
    /// The span's kind is this.
    Kind(SpanKind),
    /// The span's status code is this.
    Status(StatusCode),
    /// The span's status message is this.
    StatusMessage(String),
    /// The span has no parent.
    Root,
    /// The duration lies within these bounds in nanoseconds, both inclusive.
    Duration {
        /// Least.
        min: Option<i64>,
        /// Most.
        max: Option<i64>,
    },
    /// An attribute in one of the scopes passes the test.
    Attribute {
        /// Where to look.
        scopes: Scopes,
        /// Its key as sent.
        key: String,
        /// What must hold.
        test: Test,
    },
    /// The name of the instrumentation scope is this.
    ScopeName(String),
    /// The version of the instrumentation scope is this.
    ScopeVersion(String),
    /// An event has this name.
    EventName(String),
    /// The trace state is this.
    TraceState(String),
}

impl Predicate {
    /// Holds for every span.
    pub const fn always() -> Self {
        Self::All(Vec::new())
    }

    /// Whether the span fulfils it.
    pub fn matches(&self, span: &Span) -> bool {
        match self {
            Self::All(parts) => parts.iter().all(|part| part.matches(span)),
            Self::Any(parts) => parts.iter().any(|part| part.matches(span)),
            Self::Not(inner) => !inner.matches(span),
            Self::Service(name) => span.resource.service_name() == name.as_deref(),
            Self::Operation(name) => *span.name == **name,
            Self::Kind(kind) => span.kind == *kind,
            Self::Status(code) => span.status_code == *code,
            Self::StatusMessage(text) => *span.status_message == **text,
            Self::Root => span.parent_span_id.is_none(),
            Self::Duration { min, max } => {
                min.is_none_or(|min| span.duration_nano >= min)
                    && max.is_none_or(|max| span.duration_nano <= max)
            }
            Self::Attribute { scopes, key, test } => {
                let hit = |attrs: &Attrs| attrs.iter().any(|(k, v)| k == key && test.passes(v));
                (scopes.span && hit(&span.attributes))
                    || (scopes.resource && hit(&span.resource.attributes))
                    || (scopes.scope && hit(&span.scope.attributes))
                    || (scopes.event && span.events.iter().any(|event| hit(&event.attributes)))
                    || (scopes.link && span.links.iter().any(|link| hit(&link.attributes)))
            }
            Self::ScopeName(name) => *span.scope.name == **name,
            Self::ScopeVersion(version) => *span.scope.version == **version,
            Self::EventName(name) => span.events.iter().any(|event| *event.name == **name),
            Self::TraceState(state) => *span.trace_state == **state,
        }
    }
}

impl Test {
    /// Whether a value passes.
    pub fn passes(&self, value: &AttrValue) -> bool {
        match self {
            Self::TextIs(text) => text_of(value) == text.as_str(),
            Self::Is(wanted) => value == wanted,
            Self::Exists => true,
            Self::Number(comparison, wanted) => match value {
                AttrValue::Int(value) => comparison.holds(*value as f64, *wanted),
                AttrValue::Double(value) => comparison.holds(*value, *wanted),
                _ => false,
            },
        }
    }
}

/// A value as text: strings as they are, doubles as JSON prints them (1.0 is `1`), bytes in base64, no value as
/// the empty text, arrays and maps as compact JSON. This is OpenTelemetry's own text form of values.
pub fn text_of(value: &AttrValue) -> Cow<'_, str> {
    match value {
        AttrValue::Empty => Cow::Borrowed(""),
        AttrValue::Str(text) => Cow::Borrowed(text),
        AttrValue::Bool(true) => Cow::Borrowed("true"),
        AttrValue::Bool(false) => Cow::Borrowed("false"),
        AttrValue::Int(value) => Cow::Owned(value.to_string()),
        AttrValue::Double(value) => Cow::Owned(double_text(*value)),
        AttrValue::Bytes(bytes) => Cow::Owned(base64_text(bytes)),
        AttrValue::Array(_) | AttrValue::Map(_) => {
            let mut out = String::new();
            push_json(&mut out, value);
            Cow::Owned(out)
        }
    }
}

fn double_text(value: f64) -> String {
    match stdx::go::number::format_float_json(value) {
        Some(text) => text,
        None => format_float(value, FloatFormat::General, None),
    }
}

fn base64_text(bytes: &[u8]) -> String {
    let mut out = Vec::new();
    model::attr_json::write::push_base64(&mut out, bytes);
    String::from_utf8(out).unwrap_or_default()
}

/// Compact JSON with map keys sorted, as Go's `encoding/json` prints maps.
fn push_json(out: &mut String, value: &AttrValue) {
    match value {
        AttrValue::Empty => out.push_str("null"),
        AttrValue::Str(text) => push_json_text(out, text),
        AttrValue::Bytes(bytes) => push_json_text(out, &base64_text(bytes)),
        AttrValue::Array(values) => {
            out.push('[');
            for (at, value) in values.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_json(out, value);
            }
            out.push(']');
        }
        AttrValue::Map(map) => {
            let mut pairs: Vec<_> = map.iter().collect();
            pairs.sort_by_key(|(key, _)| *key);
            out.push('{');
            for (at, (key, value)) in pairs.into_iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                push_json_text(out, key);
                out.push(':');
                push_json(out, value);
            }
            out.push('}');
        }
        scalar => out.push_str(&text_of(scalar)),
    }
}

/// A JSON string as Go's encoder writes it, with `<`, `>` and `&` escaped.
fn push_json_text(out: &mut String, text: &str) {
    let mut bytes = Vec::new();
    model::attr_json::write::push_str(&mut bytes, text);
    for c in String::from_utf8(bytes).unwrap_or_default().chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts() {
        let map: Attrs = [("b", AttrValue::from("<")), ("a", AttrValue::from(1))].into_iter().collect();
        for (value, text) in [
            (AttrValue::Empty, ""),
            (1.0.into(), "1"),
            (1.5.into(), "1.5"),
            (1e21.into(), "1e+21"),
            (AttrValue::Bytes(b"ab"[..].into()), "YWI="),
            (AttrValue::Map(map), "{\"a\":1,\"b\":\"\\u003c\"}"),
        ] {
            assert_eq!(text_of(&value), text);
        }
    }

    #[test]
    fn two_conditions_must_hold_on_the_same_span() {
        let both = Predicate::All(vec![
            Predicate::Operation("a".into()),
            Predicate::Duration { min: Some(5), max: None },
        ]);
        let span = |name: &str, duration_nano| Span { name: name.into(), duration_nano, ..Span::default() };
        assert!(both.matches(&span("a", 5)));
        assert!(!both.matches(&span("a", 4)) && !both.matches(&span("b", 5)));
    }
}
