//! Traces in OTLP/JSON as spans.

use std::sync::Arc;

use model::{
    AttrValue, Attrs, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId,
};
use serde_json::Value as Json;

use crate::{items, text};

/// All spans of a document.
pub fn spans(document: &Json) -> Vec<Span> {
    let mut spans = Vec::new();
    for resource_spans in items(&document["resourceSpans"]) {
        let resource = Arc::new(Resource {
            attributes: attributes(&resource_spans["resource"]["attributes"]),
            ..Resource::default()
        });
        for scope_spans in items(&resource_spans["scopeSpans"]) {
            let scope = Arc::new(Scope {
                name: text(&scope_spans["scope"]["name"]).into(),
                version: text(&scope_spans["scope"]["version"]).into(),
                attributes: attributes(&scope_spans["scope"]["attributes"]),
                ..Scope::default()
            });
            for json in items(&scope_spans["spans"]) {
                spans.push(span(json, &resource, &scope));
            }
        }
    }
    spans
}

fn span(json: &Json, resource: &Arc<Resource>, scope: &Arc<Scope>) -> Span {
    let start = nanos(&json["startTimeUnixNano"]);
    Span {
        trace_id: trace_id(text(&json["traceId"])),
        span_id: span_id(text(&json["spanId"])),
        parent_span_id: Some(span_id(text(&json["parentSpanId"]))).filter(|id| !id.is_zero()),
        name: text(&json["name"]).into(),
        kind: SpanKind(json["kind"].as_i64().unwrap_or(0) as i32),
        start: TimeNs(start),
        duration_nano: nanos(&json["endTimeUnixNano"]) - start,
        status_code: StatusCode(json["status"]["code"].as_i64().unwrap_or(0) as i32),
        status_message: text(&json["status"]["message"]).into(),
        trace_state: text(&json["traceState"]).into(),
        attributes: attributes(&json["attributes"]),
        events: items(&json["events"])
            .iter()
            .map(|event| Event {
                time: TimeNs(nanos(&event["timeUnixNano"])),
                name: text(&event["name"]).into(),
                attributes: attributes(&event["attributes"]),
                ..Event::default()
            })
            .collect(),
        links: items(&json["links"])
            .iter()
            .map(|link| Link {
                trace_id: trace_id(text(&link["traceId"])),
                span_id: span_id(text(&link["spanId"])),
                attributes: attributes(&link["attributes"]),
                ..Link::default()
            })
            .collect(),
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
        ..Span::default()
    }
}

fn nanos(json: &Json) -> i64 {
    json.as_i64().or_else(|| text(json).parse().ok()).unwrap_or(0)
}

/// Hexadecimal, padded with zeros on the left.
pub fn trace_id(hex: &str) -> TraceId {
    TraceId::from_hex(&format!("{hex:0>32}")).unwrap_or_default()
}

/// Hexadecimal, padded with zeros on the left.
pub fn span_id(hex: &str) -> SpanId {
    SpanId::from_hex(&format!("{hex:0>16}")).unwrap_or_default()
}

fn attributes(json: &Json) -> Attrs {
    items(json).iter().map(|pair| (text(&pair["key"]), value(&pair["value"]))).collect()
}

fn value(json: &Json) -> AttrValue {
    if let Some(text) = json["stringValue"].as_str() {
        return text.into();
    }
    if let Some(value) = json["boolValue"].as_bool() {
        return value.into();
    }
    if !json["intValue"].is_null() {
        return nanos(&json["intValue"]).into();
    }
    if let Some(value) = json["doubleValue"].as_f64() {
        return value.into();
    }
    if !json["arrayValue"].is_null() {
        return AttrValue::Array(items(&json["arrayValue"]["values"]).iter().map(value).collect());
    }
    AttrValue::Empty
}
