//! Requests for the store's tests: made by the generated structs, so that the decoder is not its own judge.

use bytes::Bytes;
use decode::request::Format;
use model::{Signal, TenantId, TimeNs};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use store::Request;

/// An instant of the tests' clock, nanoseconds since the epoch: 2026-01-01.
pub const NOW: i64 = 1_767_225_600_000_000_000;

/// A request of `count` spans whose ids follow from `first`: each span has its own id, four share a trace.
pub fn request(tenant: &TenantId, first: u64, count: u64) -> Request {
    let spans = (first..first + count).map(span).collect();
    let text = |text: &str| Some(AnyValue { value: Some(Value::StringValue(text.to_owned())) });
    let service = KeyValue { key: "service.name".to_owned(), value: text("shop"), ..KeyValue::default() };
    let message = ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(Resource { attributes: vec![service], ..Resource::default() }),
            scope_spans: vec![ScopeSpans { spans, ..ScopeSpans::default() }],
            ..ResourceSpans::default()
        }],
    };
    Request {
        tenant: tenant.clone(),
        signal: Signal::Traces,
        format: Format::Protobuf,
        encoding: String::new(),
        body: Bytes::from(message.encode_to_vec()),
        received: TimeNs(NOW),
    }
}

/// Trace id of the span with this number.
pub fn trace_id(number: u64) -> [u8; 16] {
    let mut id = [7u8; 16];
    id[8..].copy_from_slice(&(number / 4).to_be_bytes());
    id
}

fn span(number: u64) -> Span {
    let start = NOW as u64 - 3_600_000_000_000 + number * 1_000;
    Span {
        trace_id: trace_id(number).to_vec(),
        span_id: (number + 1).to_be_bytes().to_vec(),
        name: format!("operation {}", number % 7),
        start_time_unix_nano: start,
        end_time_unix_nano: start + 500,
        ..Span::default()
    }
}
