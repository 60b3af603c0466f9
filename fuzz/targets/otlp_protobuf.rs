//! Any bytes as a request of OTLP in protobuf.
//!
//! Guarantees: no panic; every span is a row or is counted as rejected; what became a row can be read again; a body
//! that the generated structs read is read here too, with as many spans.
#![no_main]

use decode::{Limits, otlp, otlp_json};
use fuzz::seeds::{lines, plant};
use libfuzzer_sys::fuzz_target;
use model::TimeNs;
use model::span_rows::SpanReader;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

fn seeds() -> Vec<Vec<u8>> {
    let of_json = |json: &str| otlp_json::traces_to_protobuf(json.as_bytes(), &Limits::default());
    lines(include_str!("../seeds/otlp.jsonl")).map(|json| of_json(json).expect("a request").protobuf).collect()
}

fuzz_target!(init: plant(seeds()), |input: &[u8]| {
    let limits = Limits::default();
    let reference = ExportTraceServiceRequest::decode(input);
    let decoded = match otlp::traces(input.to_vec().into(), TimeNs(1), &limits) {
        Ok(decoded) => decoded,
        Err(error) => {
            assert!(reference.is_err(), "{error}");
            return;
        }
    };
    let rejected: u64 = decoded.rejected.iter().map(|rejected| rejected.count).sum();
    assert_eq!(decoded.spans_received, decoded.batch.num_rows() as u64 + rejected);
    let mut rows = SpanReader::new(&decoded.batch).expect("the schema");
    for row in 0..decoded.batch.num_rows() {
        rows.span(row).expect("what was written can be read");
    }
    if let Ok(reference) = reference {
        let scopes = reference.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        let spans: usize = scopes.map(|scope| scope.spans.len()).sum();
        assert_eq!(decoded.spans_received, spans as u64);
    }
});
