//! Requests by number: the same bytes each time, ids of their own.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;

/// Spans of each request.
pub const SPANS: usize = 12;

fn id(request: u64) -> [u8; 16] {
    let mut id = [0x5a; 16];
    // Scattered, so that files overlap in their ids.
    id[..8].copy_from_slice(&request.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    id[8..].copy_from_slice(&(request + 1).to_be_bytes());
    id
}

/// The trace of a request, in hexadecimal.
pub fn trace_id(request: u64) -> String {
    id(request).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The body of a request; the same each time.
pub fn body(request: u64) -> Vec<u8> {
    let start = 1_764_000_000_000_000_000 + request * 1_000_000;
    let spans = (0..SPANS as u64)
        .map(|at| Span {
            trace_id: id(request).to_vec(),
            span_id: (request * 64 + at + 1).to_be_bytes().to_vec(),
            name: format!("span {at}"),
            start_time_unix_nano: start + at,
            end_time_unix_nano: start + at + 1_000,
            ..Span::default()
        })
        .collect();
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}
