//! A trace in protobuf, as Tempo's calls for one trace answer it.
//!
//! In: a [`Trace`]. Out: `tempopb.Trace`, which has the field numbers of OTLP's `TracesData`, or the
//! `TraceByIDResponse` around it. Resource, scope and status always stand, if empty: Grafana's plug-in reads them
//! without asking. Everything that was sent is there.

use model::{AttrValue, Attrs, Span};
use opentelemetry_proto::tonic::common::v1 as common;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1 as pb;
use prost::Message;

use crate::api::trace::{ResourceGroup, Trace};

/// The answer of version 2; its metrics, field 2, are present and empty.
#[derive(Clone, PartialEq, prost::Message)]
struct TraceByIdResponse {
    #[prost(message, optional, tag = "1")]
    trace: Option<pb::TracesData>,
    #[prost(message, optional, tag = "2")]
    metrics: Option<Metrics>,
}

/// What the search cost; nothing is told.
#[derive(Clone, PartialEq, prost::Message)]
struct Metrics {}

/// The answer of version 1.
pub fn trace(trace: &Trace) -> Vec<u8> {
    traces_data(trace).encode_to_vec()
}

/// The answer of version 2; a trace that is not there is an empty message.
pub fn trace_by_id_response(trace: &Trace) -> Vec<u8> {
    let response = TraceByIdResponse { trace: Some(traces_data(trace)), metrics: Some(Metrics {}) };
    response.encode_to_vec()
}

fn traces_data(trace: &Trace) -> pb::TracesData {
    let groups = trace.groups();
    pb::TracesData { resource_spans: groups.iter().map(|group| resource_spans(trace, group)).collect() }
}

fn resource_spans(trace: &Trace, group: &ResourceGroup) -> pb::ResourceSpans {
    let resource = &trace.resources[group.resource];
    let scope_spans = group.scopes.iter().map(|group| {
        let scope = &trace.scopes[group.scope];
        pb::ScopeSpans {
            scope: Some(common::InstrumentationScope {
                name: scope.name.to_string(),
                version: scope.version.to_string(),
                attributes: attributes(&scope.attributes),
                dropped_attributes_count: scope.dropped_attributes_count,
            }),
            spans: group.spans.iter().map(|&at| span(&trace.spans[at].span)).collect(),
            schema_url: scope.schema_url.to_string(),
        }
    });
    pb::ResourceSpans {
        resource: Some(Resource {
            attributes: attributes(&resource.attributes),
            dropped_attributes_count: resource.dropped_attributes_count,
            ..Resource::default()
        }),
        scope_spans: scope_spans.collect(),
        schema_url: resource.schema_url.to_string(),
    }
}

fn span(span: &Span) -> pb::Span {
    // Times before 1970 cannot be said in OTLP and never came in.
    let nanos = |at: model::TimeNs| u64::try_from(at.0).unwrap_or(0);
    pb::Span {
        trace_id: span.trace_id.0.to_vec(),
        span_id: span.span_id.0.to_vec(),
        trace_state: span.trace_state.to_string(),
        parent_span_id: span.parent_span_id.map(|parent| parent.0.to_vec()).unwrap_or_default(),
        flags: span.flags,
        name: span.name.to_string(),
        kind: span.kind.0,
        start_time_unix_nano: nanos(span.start),
        end_time_unix_nano: nanos(span.end()),
        attributes: attributes(&span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events: span
            .events
            .iter()
            .map(|event| pb::span::Event {
                time_unix_nano: nanos(event.time),
                name: event.name.to_string(),
                attributes: attributes(&event.attributes),
                dropped_attributes_count: event.dropped_attributes_count,
            })
            .collect(),
        dropped_events_count: span.dropped_events_count,
        links: span
            .links
            .iter()
            .map(|link| pb::span::Link {
                trace_id: link.trace_id.0.to_vec(),
                span_id: link.span_id.0.to_vec(),
                trace_state: link.trace_state.to_string(),
                attributes: attributes(&link.attributes),
                dropped_attributes_count: link.dropped_attributes_count,
                flags: link.flags,
            })
            .collect(),
        dropped_links_count: span.dropped_links_count,
        status: Some(pb::Status { message: span.status_message.to_string(), code: span.status_code.0 }),
    }
}

fn attributes(attrs: &Attrs) -> Vec<common::KeyValue> {
    attrs
        .iter()
        .map(|(key, value)| common::KeyValue {
            key: key.to_owned(),
            value: Some(any_value(value)),
            ..common::KeyValue::default()
        })
        .collect()
}

fn any_value(value: &AttrValue) -> common::AnyValue {
    let value = match value {
        AttrValue::Empty => None,
        AttrValue::Str(text) => Some(Value::StringValue(text.to_string())),
        AttrValue::Bool(value) => Some(Value::BoolValue(*value)),
        AttrValue::Int(value) => Some(Value::IntValue(*value)),
        AttrValue::Double(value) => Some(Value::DoubleValue(*value)),
        AttrValue::Bytes(bytes) => Some(Value::BytesValue(bytes.to_vec())),
        AttrValue::Array(values) => {
            Some(Value::ArrayValue(common::ArrayValue { values: values.iter().map(any_value).collect() }))
        }
        AttrValue::Map(pairs) => Some(Value::KvlistValue(common::KeyValueList { values: attributes(pairs) })),
    };
    common::AnyValue { value }
}
