//! OTLP bodies as spans, for subjects without a receiver of their own.
//!
//! In: `ExportTraceServiceRequest` in protobuf or as OTLP/JSON, ids in hexadecimal, times as strings, numbers or
//! `{low, high}`. Out: spans in the order of the body, or the same request in protobuf. Written for tests: slow,
//! and independent of the decoder that it checks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{Span, TimeNs};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as pb;
use prost::Message;
use serde_json::Value;

/// Spans of a protobuf body.
pub fn spans_of_protobuf(body: &[u8]) -> Result<Vec<Span>, String> {
    let request = ExportTraceServiceRequest::decode(body).map_err(|error| error.to_string())?;
    Ok(testkit::otlp::spans_of(request, TimeNs(0)))
}

/// Spans of a JSON body.
pub fn spans_of_json(body: &[u8]) -> Result<Vec<Span>, String> {
    Ok(testkit::otlp::spans_of(request_of_json(body)?, TimeNs(0)))
}

/// A JSON body in protobuf.
pub fn protobuf_of_json(body: &[u8]) -> Result<Vec<u8>, String> {
    Ok(request_of_json(body)?.encode_to_vec())
}

/// Most spans in one request, in [`scattered`].
const SCATTERED_SPANS: usize = 64;

/// The spans of protobuf bodies in new bodies, shuffled, each with a copy of its resource and scope. The order is
/// the same in every run.
pub fn scattered(bodies: &[Vec<u8>]) -> Result<Vec<Vec<u8>>, String> {
    let mut alone = Vec::new();
    for body in bodies {
        let request = ExportTraceServiceRequest::decode(&**body).map_err(|error| error.to_string())?;
        for mut of_resource in request.resource_spans {
            for mut of_scope in std::mem::take(&mut of_resource.scope_spans) {
                for span in std::mem::take(&mut of_scope.spans) {
                    let scope_spans = vec![pb::ScopeSpans { spans: vec![span], ..of_scope.clone() }];
                    alone.push(pb::ResourceSpans { scope_spans, ..of_resource.clone() });
                }
            }
        }
    }
    // Fisher-Yates over a linear congruential generator.
    let mut state: u64 = 0x2545_f491_4f6c_dd1d;
    for last in (1..alone.len()).rev() {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        alone.swap(last, (state >> 33) as usize % (last + 1));
    }
    // Also a trace of two spans comes in two requests.
    let chunks = alone.chunks(alone.len().div_ceil(3).clamp(1, SCATTERED_SPANS));
    Ok(chunks
        .map(|chunk| ExportTraceServiceRequest { resource_spans: chunk.to_vec() }.encode_to_vec())
        .collect())
}

fn request_of_json(body: &[u8]) -> Result<ExportTraceServiceRequest, String> {
    let json: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if !json.is_object() {
        return Err("the body is not an object".to_owned());
    }
    Ok(ExportTraceServiceRequest { resource_spans: list(&json, "resourceSpans", resource_spans) })
}

fn resource_spans(json: &Value) -> pb::ResourceSpans {
    let of = &json["resource"];
    pb::ResourceSpans {
        resource: Some(resource::Resource {
            attributes: list(of, "attributes", key_value),
            dropped_attributes_count: number(of, "droppedAttributesCount"),
            ..resource::Resource::default()
        }),
        scope_spans: list(json, "scopeSpans", scope_spans),
        schema_url: text(json, "schemaUrl"),
    }
}

fn scope_spans(json: &Value) -> pb::ScopeSpans {
    let of = &json["scope"];
    pb::ScopeSpans {
        scope: Some(common::InstrumentationScope {
            name: text(of, "name"),
            version: text(of, "version"),
            attributes: list(of, "attributes", key_value),
            dropped_attributes_count: number(of, "droppedAttributesCount"),
        }),
        spans: list(json, "spans", pb_span),
        schema_url: text(json, "schemaUrl"),
    }
}

fn pb_span(json: &Value) -> pb::Span {
    pb::Span {
        trace_id: id(json, "traceId"),
        span_id: id(json, "spanId"),
        trace_state: text(json, "traceState"),
        parent_span_id: id(json, "parentSpanId"),
        flags: number(json, "flags"),
        name: text(json, "name"),
        kind: i32::try_from(integer(&json["kind"])).unwrap_or(0),
        start_time_unix_nano: time(json, "startTimeUnixNano"),
        end_time_unix_nano: time(json, "endTimeUnixNano"),
        attributes: list(json, "attributes", key_value),
        dropped_attributes_count: number(json, "droppedAttributesCount"),
        events: list(json, "events", |json| pb::span::Event {
            time_unix_nano: time(json, "timeUnixNano"),
            name: text(json, "name"),
            attributes: list(json, "attributes", key_value),
            dropped_attributes_count: number(json, "droppedAttributesCount"),
        }),
        dropped_events_count: number(json, "droppedEventsCount"),
        links: list(json, "links", |json| pb::span::Link {
            trace_id: id(json, "traceId"),
            span_id: id(json, "spanId"),
            trace_state: text(json, "traceState"),
            attributes: list(json, "attributes", key_value),
            dropped_attributes_count: number(json, "droppedAttributesCount"),
            flags: number(json, "flags"),
        }),
        dropped_links_count: number(json, "droppedLinksCount"),
        status: Some(pb::Status {
            message: text(&json["status"], "message"),
            code: i32::try_from(integer(&json["status"]["code"])).unwrap_or(0),
        }),
    }
}

fn key_value(json: &Value) -> common::KeyValue {
    common::KeyValue {
        key: text(json, "key"),
        value: Some(any_value(&json["value"])),
        ..common::KeyValue::default()
    }
}

fn any_value(json: &Value) -> common::AnyValue {
    let entry = json.as_object().and_then(|fields| fields.iter().next());
    let value = entry.and_then(|(kind, json)| match kind.as_str() {
        "stringValue" => json.as_str().map(|text| Any::StringValue(text.to_owned())),
        "boolValue" => json.as_bool().map(Any::BoolValue),
        "intValue" => Some(Any::IntValue(integer(json))),
        "doubleValue" => Some(Any::DoubleValue(match json.as_str() {
            Some(text) => text.parse().unwrap_or(f64::NAN),
            None => json.as_f64().unwrap_or(f64::NAN),
        })),
        "bytesValue" => {
            Some(Any::BytesValue(STANDARD.decode(json.as_str().unwrap_or_default()).unwrap_or_default()))
        }
        "arrayValue" => Some(Any::ArrayValue(common::ArrayValue { values: list(json, "values", any_value) })),
        "kvlistValue" => {
            Some(Any::KvlistValue(common::KeyValueList { values: list(json, "values", key_value) }))
        }
        _ => None,
    });
    common::AnyValue { value }
}

fn list<T>(json: &Value, key: &str, element: impl Fn(&Value) -> T) -> Vec<T> {
    json[key].as_array().into_iter().flatten().map(element).collect()
}

fn text(json: &Value, key: &str) -> String {
    json[key].as_str().unwrap_or_default().to_owned()
}

fn number(json: &Value, key: &str) -> u32 {
    u32::try_from(integer(&json[key])).unwrap_or(0)
}

fn id(json: &Value, key: &str) -> Vec<u8> {
    let text = json[key].as_str().unwrap_or_default();
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()).collect()
}

fn time(json: &Value, key: &str) -> u64 {
    match &json[key] {
        Value::Object(halves) => {
            // Both halves are 32 bits, printed signed.
            let half = |key: &str| halves.get(key).map_or(0, integer) as u32;
            u64::from(half("high")) << 32 | u64::from(half("low"))
        }
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_u64().unwrap_or(0),
    }
}

fn integer(json: &Value) -> i64 {
    match json {
        Value::String(text) => text.parse().unwrap_or(0),
        other => other.as_i64().unwrap_or(0),
    }
}
