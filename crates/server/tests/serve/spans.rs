//! Requests to send, each with ids of its own.

use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// A request whose spans are of one new trace.
#[derive(Debug, Clone)]
pub struct Batch {
    pub trace_id: String,
    pub request: ExportTraceServiceRequest,
}

/// Spans named `span 0`, `span 1` and so on of a new trace.
pub fn batch(spans: usize) -> Batch {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut trace_id = [0xab; 16];
    trace_id[8..].copy_from_slice(&number.to_be_bytes());
    let spans = (0..spans)
        .map(|at| Span {
            trace_id: trace_id.to_vec(),
            span_id: (at as u64 + 1).to_be_bytes().to_vec(),
            name: format!("span {at}"),
            start_time_unix_nano: 1_760_000_000_000_000_000 + at as u64,
            end_time_unix_nano: 1_760_000_000_000_000_000 + at as u64 + 1_000,
            ..Span::default()
        })
        .collect();
    let service = KeyValue {
        key: "service.name".to_owned(),
        value: Some(AnyValue { value: Some(Value::StringValue("shop".to_owned())) }),
        ..KeyValue::default()
    };
    let resource = Resource { attributes: vec![service], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() }];
    let trace_id = trace_id.iter().map(|byte| format!("{byte:02x}")).collect();
    Batch { trace_id, request: ExportTraceServiceRequest { resource_spans } }
}

impl Batch {
    pub fn protobuf(&self) -> Vec<u8> {
        self.request.encode_to_vec()
    }

    pub fn json(&self) -> Vec<u8> {
        let spans: Vec<serde_json::Value> = self.request.resource_spans[0].scope_spans[0]
            .spans
            .iter()
            .map(|span| {
                let hex = |id: &[u8]| id.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                serde_json::json!({
                    "traceId": hex(&span.trace_id),
                    "spanId": hex(&span.span_id),
                    "name": span.name,
                    "startTimeUnixNano": span.start_time_unix_nano.to_string(),
                    "endTimeUnixNano": span.end_time_unix_nano.to_string(),
                })
            })
            .collect();
        serde_json::json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string().into_bytes()
    }

    pub fn names(&self) -> Vec<String> {
        let spans = &self.request.resource_spans[0].scope_spans[0].spans;
        let mut names: Vec<String> = spans.iter().map(|span| span.name.clone()).collect();
        names.sort();
        names
    }
}

/// `plain` in a content encoding.
pub fn encoded(encoding: &str, plain: &[u8]) -> Vec<u8> {
    match encoding {
        "" | "identity" => plain.to_vec(),
        "gzip" => {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        "deflate" => {
            let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
            encoder.write_all(plain).expect("memory");
            encoder.finish().expect("memory")
        }
        "zstd" => zstd::encode_all(plain, 1).expect("memory"),
        other => panic!("{other} is no encoding of these tests"),
    }
}

/// How many spans an answer in protobuf says were rejected.
pub fn rejected_spans(answer: &[u8]) -> i64 {
    let answer = ExportTraceServiceResponse::decode(answer).expect("an answer");
    answer.partial_success.expect("a partial success").rejected_spans
}
