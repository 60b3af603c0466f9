//! Answers in the form in which they are compared: without the orders that the originals do not keep.
//!
//! In: a body. Out: JSON in which traces stand by id, spans by id and start with their process or resource beside
//! them, names sorted, repeated warnings once.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{AttrValue, Attrs, Span};
use serde_json::{Map, Value, json};

use crate::otlp_bodies::spans_of_protobuf;

/// Of an `/api/*` envelope. Fields of raw events have no order in one of the originals.
pub fn legacy(mut body: Value, is_raw: bool) -> Value {
    if let Some(data) = body.get_mut("data").and_then(Value::as_array_mut) {
        data.iter_mut().for_each(|element| legacy_trace(element, is_raw));
        sort(data);
    }
    body
}

fn legacy_trace(trace: &mut Value, is_raw: bool) {
    let processes = trace.get("processes").cloned();
    let Some(fields) = trace.as_object_mut() else { return };
    fields.remove("processes");
    let Some(spans) = fields.get_mut("spans").and_then(Value::as_array_mut) else { return };
    for span in spans.iter_mut() {
        let id = span["processID"].as_str().unwrap_or_default().to_owned();
        span["process"] = processes.as_ref().map(|processes| processes[&id].clone()).unwrap_or_default();
        span["processID"] = Value::Null;
        once(&mut span["warnings"]);
        if is_raw {
            for log in span["logs"].as_array_mut().into_iter().flatten() {
                if let Some(fields) = log["fields"].as_array_mut() {
                    sort(fields);
                }
            }
        }
    }
    spans.sort_by_cached_key(|span| format!("{}{:>20}{span}", span["spanID"], span["startTime"]));
}

/// Each warning once.
fn once(warnings: &mut Value) {
    if let Some(list) = warnings.as_array_mut() {
        let mut seen = Vec::new();
        list.retain(|warning| {
            let is_new = !seen.contains(warning);
            seen.push(warning.clone());
            is_new
        });
    }
}

/// Of names and summaries of `/api/v3`: lists sorted.
pub fn lists(mut body: Value) -> Value {
    for list in body.as_object_mut().into_iter().flat_map(Map::values_mut) {
        if let Some(list) = list.as_array_mut() {
            sort(list);
        }
    }
    body
}

/// Of `resourceSpans`: a list of spans, each with its resource and scope, attributes by key.
pub fn spans(resource_spans: &Value) -> Value {
    let mut all = Vec::new();
    for group in resource_spans.as_array().into_iter().flatten() {
        for scope in group["scopeSpans"].as_array().into_iter().flatten() {
            for span in scope["spans"].as_array().into_iter().flatten() {
                let mut span = json!({
                    "span": span,
                    "resource": group["resource"],
                    "scope": scope["scope"],
                    "resourceSchemaUrl": group["schemaUrl"],
                    "scopeSchemaUrl": scope["schemaUrl"],
                });
                sort_attributes(&mut span);
                all.push(span);
            }
        }
    }
    sort_spans(&mut all);
    Value::Array(all)
}

/// Stable whatever a comparison takes away later.
pub fn sort_spans(spans: &mut [Value]) {
    spans.sort_by_cached_key(|span| {
        let of = &span["span"];
        format!("{}{}{}{span}", of["traceId"], of["spanId"], of["startTimeUnixNano"])
    });
}

/// Of the protobuf of one trace: the same list as [`spans`].
pub fn protobuf(body: &[u8]) -> Result<Value, String> {
    let mut spans: Vec<Value> = spans_of_protobuf(body)?.iter().map(span_value).collect();
    spans.iter_mut().for_each(sort_attributes);
    sort_spans(&mut spans);
    Ok(Value::Array(spans))
}

fn span_value(span: &Span) -> Value {
    let events = span.events.iter().map(|event| {
        json!({"timeUnixNano": event.time.0, "name": &*event.name, "attributes": attrs(&event.attributes),
            "droppedAttributesCount": event.dropped_attributes_count})
    });
    let links = span.links.iter().map(|link| {
        json!({"traceId": link.trace_id.to_string(), "spanId": link.span_id.to_string(),
            "traceState": &*link.trace_state, "attributes": attrs(&link.attributes), "flags": link.flags,
            "droppedAttributesCount": link.dropped_attributes_count})
    });
    json!({
        "resource": {"attributes": attrs(&span.resource.attributes),
            "droppedAttributesCount": span.resource.dropped_attributes_count},
        "resourceSchemaUrl": &*span.resource.schema_url,
        "scope": {"name": &*span.scope.name, "version": &*span.scope.version,
            "attributes": attrs(&span.scope.attributes),
            "droppedAttributesCount": span.scope.dropped_attributes_count},
        "scopeSchemaUrl": &*span.scope.schema_url,
        "span": {
            "traceId": span.trace_id.to_string(), "spanId": span.span_id.to_string(),
            "parentSpanId": span.parent_span_id.map(|id| id.to_string()), "name": &*span.name,
            "kind": span.kind.0, "startTimeUnixNano": span.start.0, "endTimeUnixNano": span.end().0,
            "traceState": &*span.trace_state, "flags": span.flags,
            "attributes": attrs(&span.attributes),
            "droppedAttributesCount": span.dropped_attributes_count,
            "events": events.collect::<Vec<_>>(), "droppedEventsCount": span.dropped_events_count,
            "links": links.collect::<Vec<_>>(), "droppedLinksCount": span.dropped_links_count,
            "status": {"code": span.status_code.0, "message": &*span.status_message},
        },
    })
}

fn attrs(attrs: &Attrs) -> Value {
    attrs.iter().map(|(key, value)| json!({"key": key, "value": value_of(value)})).collect()
}

fn value_of(value: &AttrValue) -> Value {
    match value {
        AttrValue::Empty => json!({}),
        AttrValue::Str(text) => json!({"stringValue": &**text}),
        AttrValue::Bool(value) => json!({"boolValue": value}),
        AttrValue::Int(value) => json!({"intValue": value.to_string()}),
        AttrValue::Double(value) => json!({"doubleValue": value}),
        AttrValue::Bytes(bytes) => json!({"bytesValue": STANDARD.encode(bytes)}),
        AttrValue::Array(values) => {
            json!({"arrayValue": {"values": values.iter().map(value_of).collect::<Vec<_>>()}})
        }
        AttrValue::Map(pairs) => json!({"kvlistValue": {"values": attrs(pairs)}}),
    }
}

/// Every `attributes` list by key, and the warnings among them once each.
fn sort_attributes(value: &mut Value) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(sort_attributes),
        Value::Object(fields) => {
            for (name, value) in fields.iter_mut() {
                sort_attributes(value);
                if name != "attributes" {
                    continue;
                }
                for pair in value.as_array_mut().into_iter().flatten() {
                    if pair["key"] == "@jaeger@warnings" {
                        once(&mut pair["value"]["arrayValue"]["values"]);
                    }
                }
                if let Some(pairs) = value.as_array_mut() {
                    sort(pairs);
                }
            }
        }
        _ => {}
    }
}

fn sort(list: &mut [Value]) {
    list.sort_by_cached_key(|element| {
        let first = ["traceID", "traceId", "key", "name"].iter().find_map(|name| element.get(name));
        format!("{}{element}", first.unwrap_or(&Value::Null))
    });
}
