//! Spans of the model to OTLP and back by the generated structs: the independent reading that the decoder is
//! compared with. Ids are taken as they are; one of another length becomes the zero id.

use std::sync::Arc;

use model::{
    AttrValue, Attrs, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId,
};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1 as resource;
use opentelemetry_proto::tonic::trace::v1 as trace;

/// An attribute value in protobuf.
fn value_out(value: &AttrValue) -> common::AnyValue {
    let value = match value {
        AttrValue::Empty => None,
        AttrValue::Str(text) => Some(Value::StringValue(text.to_string())),
        AttrValue::Bool(value) => Some(Value::BoolValue(*value)),
        AttrValue::Int(value) => Some(Value::IntValue(*value)),
        AttrValue::Double(value) => Some(Value::DoubleValue(*value)),
        AttrValue::Bytes(bytes) => Some(Value::BytesValue(bytes.to_vec())),
        AttrValue::Array(values) => {
            Some(Value::ArrayValue(common::ArrayValue { values: values.iter().map(value_out).collect() }))
        }
        AttrValue::Map(map) => Some(Value::KvlistValue(common::KeyValueList { values: attrs_out(map) })),
    };
    common::AnyValue { value }
}

/// Attributes in protobuf.
fn attrs_out(attrs: &Attrs) -> Vec<common::KeyValue> {
    let pair = |(key, value): (&str, &AttrValue)| common::KeyValue {
        key: key.to_owned(),
        value: Some(value_out(value)),
        ..Default::default()
    };
    attrs.iter().map(pair).collect()
}

/// A request with a `ResourceSpans` a span.
pub fn request_of(spans: &[Span]) -> ExportTraceServiceRequest {
    let group = |span: &Span| trace::ResourceSpans {
        resource: Some(resource::Resource {
            attributes: attrs_out(&span.resource.attributes),
            dropped_attributes_count: span.resource.dropped_attributes_count,
            ..Default::default()
        }),
        schema_url: span.resource.schema_url.to_string(),
        scope_spans: vec![trace::ScopeSpans {
            scope: Some(common::InstrumentationScope {
                name: span.scope.name.to_string(),
                version: span.scope.version.to_string(),
                attributes: attrs_out(&span.scope.attributes),
                dropped_attributes_count: span.scope.dropped_attributes_count,
            }),
            schema_url: span.scope.schema_url.to_string(),
            spans: vec![span_out(span)],
        }],
    };
    ExportTraceServiceRequest { resource_spans: spans.iter().map(group).collect() }
}

fn span_out(span: &Span) -> trace::Span {
    trace::Span {
        trace_id: span.trace_id.0.to_vec(),
        span_id: span.span_id.0.to_vec(),
        trace_state: span.trace_state.to_string(),
        parent_span_id: span.parent_span_id.map(|id| id.0.to_vec()).unwrap_or_default(),
        flags: span.flags,
        name: span.name.to_string(),
        kind: span.kind.0,
        start_time_unix_nano: span.start.0 as u64,
        end_time_unix_nano: span.end().0 as u64,
        attributes: attrs_out(&span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events: span
            .events
            .iter()
            .map(|event| trace::span::Event {
                time_unix_nano: event.time.0 as u64,
                name: event.name.to_string(),
                attributes: attrs_out(&event.attributes),
                dropped_attributes_count: event.dropped_attributes_count,
            })
            .collect(),
        dropped_events_count: span.dropped_events_count,
        links: span
            .links
            .iter()
            .map(|link| trace::span::Link {
                trace_id: link.trace_id.0.to_vec(),
                span_id: link.span_id.0.to_vec(),
                trace_state: link.trace_state.to_string(),
                attributes: attrs_out(&link.attributes),
                dropped_attributes_count: link.dropped_attributes_count,
                flags: link.flags,
            })
            .collect(),
        dropped_links_count: span.dropped_links_count,
        status: Some(trace::Status { message: span.status_message.to_string(), code: span.status_code.0 }),
    }
}

fn value_in(value: Option<common::AnyValue>) -> AttrValue {
    match value.and_then(|value| value.value) {
        None | Some(Value::StringValueStrindex(_)) => AttrValue::Empty,
        Some(Value::StringValue(text)) => text.into(),
        Some(Value::BoolValue(value)) => value.into(),
        Some(Value::IntValue(value)) => value.into(),
        Some(Value::DoubleValue(value)) => value.into(),
        Some(Value::BytesValue(bytes)) => AttrValue::Bytes(bytes.into()),
        Some(Value::ArrayValue(array)) => {
            AttrValue::Array(array.values.into_iter().map(|value| value_in(Some(value))).collect())
        }
        Some(Value::KvlistValue(map)) => AttrValue::Map(attrs_in(map.values)),
    }
}

/// Attributes out of protobuf.
fn attrs_in(pairs: Vec<common::KeyValue>) -> Attrs {
    pairs.into_iter().map(|pair| (pair.key, value_in(pair.value))).collect()
}

/// The spans of a request, received at `received`.
pub fn spans_of(request: ExportTraceServiceRequest, received: TimeNs) -> Vec<Span> {
    let mut spans = Vec::new();
    for group in request.resource_spans {
        let sent = group.resource.unwrap_or_default();
        let resource = Arc::new(Resource {
            attributes: attrs_in(sent.attributes),
            dropped_attributes_count: sent.dropped_attributes_count,
            schema_url: group.schema_url.into(),
        });
        for scope_spans in group.scope_spans {
            let sent = scope_spans.scope.unwrap_or_default();
            let scope = Arc::new(Scope {
                name: sent.name.into(),
                version: sent.version.into(),
                attributes: attrs_in(sent.attributes),
                dropped_attributes_count: sent.dropped_attributes_count,
                schema_url: scope_spans.schema_url.into(),
            });
            for span in scope_spans.spans {
                spans.push(span_in(span, &resource, &scope, received));
            }
        }
    }
    spans
}

fn span_in(span: trace::Span, resource: &Arc<Resource>, scope: &Arc<Scope>, received: TimeNs) -> Span {
    let status = span.status.unwrap_or_default();
    let start = TimeNs::from_otlp(span.start_time_unix_nano);
    Span {
        trace_id: TraceId::from_slice(&span.trace_id).unwrap_or_default(),
        span_id: SpanId::from_slice(&span.span_id).unwrap_or_default(),
        parent_span_id: SpanId::from_slice(&span.parent_span_id).filter(|id| !id.is_zero()),
        name: span.name.into(),
        kind: SpanKind(span.kind),
        start,
        duration_nano: TimeNs::from_otlp(span.end_time_unix_nano).0 - start.0,
        status_code: StatusCode(status.code),
        status_message: status.message.into(),
        trace_state: span.trace_state.into(),
        flags: span.flags,
        attributes: attrs_in(span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events: span
            .events
            .into_iter()
            .map(|event| Event {
                time: TimeNs::from_otlp(event.time_unix_nano),
                name: event.name.into(),
                attributes: attrs_in(event.attributes),
                dropped_attributes_count: event.dropped_attributes_count,
            })
            .collect(),
        dropped_events_count: span.dropped_events_count,
        links: span
            .links
            .into_iter()
            .map(|link| Link {
                trace_id: TraceId::from_slice(&link.trace_id).unwrap_or_default(),
                span_id: SpanId::from_slice(&link.span_id).unwrap_or_default(),
                trace_state: link.trace_state.into(),
                attributes: attrs_in(link.attributes),
                dropped_attributes_count: link.dropped_attributes_count,
                flags: link.flags,
            })
            .collect(),
        dropped_links_count: span.dropped_links_count,
        resource: Arc::clone(resource),
        scope: Arc::clone(scope),
        received,
    }
}
