//! A trace as OTLP-shaped JSON, in the two spellings that clients of Jaeger and Tempo expect.
//!
//! In: a [`Trace`]. Out: its resource groups as JSON objects. Fields with zero values are left out, but `resource`,
//! `scope` and `status` always stand, since clients take them for granted; 64-bit numbers are strings; doubles are
//! printed as Go does. Nothing that was sent is dropped: counts, flags, schema URLs and every kind of value stay.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{AttrValue, Attrs, Event, Link, Resource, Scope, Span, SpanId, TimeNs, TraceId};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::trace::{Placed, ResourceGroup, ScopeGroup, Trace};

/// How ids and enumerations are spelled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// OTLP/JSON: ids in hexadecimal, enumerations as numbers. Jaeger's `/api/v3`.
    Otlp,
    /// Protobuf's own JSON: ids in base64, enumerations by name. Tempo.
    Protobuf,
}

/// The `resourceSpans` of a trace.
#[derive(Debug)]
pub struct ResourceSpans<'a> {
    trace: &'a Trace,
    groups: Vec<ResourceGroup>,
    spelling: Spelling,
}

impl<'a> ResourceSpans<'a> {
    /// Of one trace.
    pub fn of(trace: &'a Trace, spelling: Spelling) -> Self {
        Self { trace, groups: trace.groups(), spelling }
    }

    /// Its elements, to be joined with those of other traces.
    pub fn elements(&self) -> impl Iterator<Item = impl Serialize + '_> {
        self.groups.iter().map(|group| ResourceElement { of: self, group })
    }
}

impl Serialize for ResourceSpans<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.elements())
    }
}

struct ResourceElement<'a> {
    of: &'a ResourceSpans<'a>,
    group: &'a ResourceGroup,
}

impl Serialize for ResourceElement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let resource = &*self.of.trace.resources[self.group.resource];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("resource", &ResourceObject(resource))?;
        let scopes = self.group.scopes.iter().map(|group| ScopeElement { of: self.of, group });
        map.serialize_entry("scopeSpans", &List(scopes))?;
        text(&mut map, "schemaUrl", &resource.schema_url)?;
        map.end()
    }
}

struct ScopeElement<'a> {
    of: &'a ResourceSpans<'a>,
    group: &'a ScopeGroup,
}

impl Serialize for ScopeElement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let scope = &*self.of.trace.scopes[self.group.scope];
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("scope", &ScopeObject(scope))?;
        let spans = self
            .group
            .spans
            .iter()
            .map(|&at| SpanObject { placed: &self.of.trace.spans[at], spelling: self.of.spelling });
        map.serialize_entry("spans", &List(spans))?;
        text(&mut map, "schemaUrl", &scope.schema_url)?;
        map.end()
    }
}

struct ResourceObject<'a>(&'a Resource);

impl Serialize for ResourceObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        attributes(&mut map, &self.0.attributes)?;
        number(&mut map, "droppedAttributesCount", self.0.dropped_attributes_count)?;
        map.end()
    }
}

struct ScopeObject<'a>(&'a Scope);

impl Serialize for ScopeObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        text(&mut map, "name", &self.0.name)?;
        text(&mut map, "version", &self.0.version)?;
        attributes(&mut map, &self.0.attributes)?;
        number(&mut map, "droppedAttributesCount", self.0.dropped_attributes_count)?;
        map.end()
    }
}

struct SpanObject<'a> {
    placed: &'a Placed,
    spelling: Spelling,
}

impl Serialize for SpanObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (span, spelling) = (&self.placed.span, self.spelling);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("traceId", &spelling.trace_id(span.trace_id))?;
        map.serialize_entry("spanId", &spelling.span_id(span.span_id))?;
        text(&mut map, "traceState", &span.trace_state)?;
        if let Some(parent) = span.parent_span_id {
            map.serialize_entry("parentSpanId", &spelling.span_id(parent))?;
        }
        number(&mut map, "flags", span.flags)?;
        text(&mut map, "name", &span.name)?;
        enumeration(&mut map, "kind", span.kind.0, spelling, &SPAN_KINDS)?;
        time(&mut map, "startTimeUnixNano", span.start)?;
        time(&mut map, "endTimeUnixNano", span.end())?;
        attributes(&mut map, &span.attributes)?;
        number(&mut map, "droppedAttributesCount", span.dropped_attributes_count)?;
        if !span.events.is_empty() {
            map.serialize_entry("events", &List(span.events.iter().map(EventObject)))?;
        }
        number(&mut map, "droppedEventsCount", span.dropped_events_count)?;
        if !span.links.is_empty() {
            let links = span.links.iter().map(|link| LinkObject { link, spelling });
            map.serialize_entry("links", &List(links))?;
        }
        number(&mut map, "droppedLinksCount", span.dropped_links_count)?;
        map.serialize_entry("status", &StatusObject { span, spelling })?;
        map.end()
    }
}

struct StatusObject<'a> {
    span: &'a Span,
    spelling: Spelling,
}

impl Serialize for StatusObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        text(&mut map, "message", &self.span.status_message)?;
        enumeration(&mut map, "code", self.span.status_code.0, self.spelling, &STATUS_CODES)?;
        map.end()
    }
}

struct EventObject<'a>(&'a Event);

impl Serialize for EventObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        time(&mut map, "timeUnixNano", self.0.time)?;
        text(&mut map, "name", &self.0.name)?;
        attributes(&mut map, &self.0.attributes)?;
        number(&mut map, "droppedAttributesCount", self.0.dropped_attributes_count)?;
        map.end()
    }
}

struct LinkObject<'a> {
    link: &'a Link,
    spelling: Spelling,
}

impl Serialize for LinkObject<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let link = self.link;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("traceId", &self.spelling.trace_id(link.trace_id))?;
        map.serialize_entry("spanId", &self.spelling.span_id(link.span_id))?;
        text(&mut map, "traceState", &link.trace_state)?;
        attributes(&mut map, &link.attributes)?;
        number(&mut map, "droppedAttributesCount", link.dropped_attributes_count)?;
        number(&mut map, "flags", link.flags)?;
        map.end()
    }
}

struct KeyValue<'a>(&'a str, &'a AttrValue);

impl Serialize for KeyValue<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("key", self.0)?;
        map.serialize_entry("value", &Value(self.1))?;
        map.end()
    }
}

struct Value<'a>(&'a AttrValue);

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.0 {
            AttrValue::Empty => {}
            AttrValue::Str(text) => map.serialize_entry("stringValue", &**text)?,
            AttrValue::Bool(value) => map.serialize_entry("boolValue", value)?,
            AttrValue::Int(value) => map.serialize_entry("intValue", &value.to_string())?,
            AttrValue::Double(value) => map.serialize_entry("doubleValue", &Double(*value))?,
            AttrValue::Bytes(bytes) => {
                map.serialize_entry("bytesValue", &STANDARD.encode(bytes))?;
            }
            AttrValue::Array(values) => {
                map.serialize_entry("arrayValue", &Values(values.iter().map(Value)))?;
            }
            AttrValue::Map(pairs) => {
                let pairs = pairs.0.iter().map(|(key, value)| KeyValue(key, value));
                map.serialize_entry("kvlistValue", &Values(pairs))?;
            }
        }
        map.end()
    }
}

/// The inner object of a list value; without elements it has no field.
struct Values<I>(I);

impl<I: Iterator + Clone> Serialize for Values<I>
where
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if self.0.clone().next().is_some() {
            map.serialize_entry("values", &List(self.0.clone()))?;
        }
        map.end()
    }
}

/// A JSON list of what an iterator gives.
struct List<I>(I);

impl<I: Iterator + Clone> Serialize for List<I>
where
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for element in self.0.clone() {
            list.serialize_element(&element)?;
        }
        list.end()
    }
}

/// A double as Go's JSON prints it (1.0 is `1`); what JSON cannot say is a string.
#[derive(Debug, Clone, Copy)]
pub struct Double(pub f64);

impl Serialize for Double {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw =
            stdx::go::number::format_float_json(self.0).and_then(|text| RawValue::from_string(text).ok());
        match raw {
            Some(raw) => raw.serialize(serializer),
            None if self.0.is_nan() => serializer.serialize_str("NaN"),
            None if self.0 > 0.0 => serializer.serialize_str("Infinity"),
            None => serializer.serialize_str("-Infinity"),
        }
    }
}

impl Spelling {
    fn trace_id(self, id: TraceId) -> String {
        match self {
            Self::Otlp => id.to_string(),
            Self::Protobuf => STANDARD.encode(id.0),
        }
    }

    fn span_id(self, id: SpanId) -> String {
        match self {
            Self::Otlp => id.to_string(),
            Self::Protobuf => STANDARD.encode(id.0),
        }
    }
}

const SPAN_KINDS: [&str; 6] = [
    "SPAN_KIND_UNSPECIFIED",
    "SPAN_KIND_INTERNAL",
    "SPAN_KIND_SERVER",
    "SPAN_KIND_CLIENT",
    "SPAN_KIND_PRODUCER",
    "SPAN_KIND_CONSUMER",
];

const STATUS_CODES: [&str; 3] = ["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"];

/// A number without a name is printed as a number in either spelling.
fn enumeration<M: SerializeMap>(
    map: &mut M,
    key: &'static str,
    value: i32,
    spelling: Spelling,
    names: &[&'static str],
) -> Result<(), M::Error> {
    if value == 0 {
        return Ok(());
    }
    match usize::try_from(value).ok().and_then(|at| names.get(at)) {
        Some(name) if spelling == Spelling::Protobuf => map.serialize_entry(key, name),
        _ => map.serialize_entry(key, &value),
    }
}

fn text<M: SerializeMap>(map: &mut M, key: &'static str, value: &str) -> Result<(), M::Error> {
    if value.is_empty() { Ok(()) } else { map.serialize_entry(key, value) }
}

fn number<M: SerializeMap>(map: &mut M, key: &'static str, value: u32) -> Result<(), M::Error> {
    if value == 0 { Ok(()) } else { map.serialize_entry(key, &value) }
}

fn time<M: SerializeMap>(map: &mut M, key: &'static str, at: TimeNs) -> Result<(), M::Error> {
    if at.0 == 0 { Ok(()) } else { map.serialize_entry(key, &at.0.to_string()) }
}

fn attributes<M: SerializeMap>(map: &mut M, attrs: &Attrs) -> Result<(), M::Error> {
    if attrs.is_empty() {
        return Ok(());
    }
    let pairs = List(attrs.0.iter().map(|(key, value)| KeyValue(key, value)));
    map.serialize_entry("attributes", &pairs)
}
