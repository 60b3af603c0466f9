//! The load is what it says: decoded by the generated structs.

use std::collections::HashSet;
use std::sync::Arc;

use bench::load::{HOUR_NS, Load, NEEDLE, Plan, SPANS_A_REQUEST};
use bench::shop::Shop;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;

#[test]
fn requests_are_as_described() {
    let shop = Arc::new(Shop::open());
    let plan = Plan::of(60_000, 2 * HOUR_NS, 7);
    let (mut ids, mut traces, mut needles) = (HashSet::new(), HashSet::new(), 0);
    let (mut spans, mut bytes, mut services) = (0, 0, HashSet::new());
    for at in 0..4 {
        let mut load = Load::new(Arc::clone(&shop), plan, at, 4);
        while let Some(request) = load.next_request() {
            assert!(request.spans <= SPANS_A_REQUEST);
            bytes += request.body.len();
            spans += request.spans;
            let message = ExportTraceServiceRequest::decode(&*request.body).expect("a request");
            let mut decoded = 0;
            for block in message.resource_spans {
                let attributes = block.resource.expect("a resource").attributes;
                assert_eq!(attributes.len(), 11);
                services.insert(format!("{:?}", attributes[0].value));
                for span in block.scope_spans.into_iter().flat_map(|scope| scope.spans) {
                    decoded += 1;
                    let needle = span.attributes.iter().any(|pair| pair.key == NEEDLE.0);
                    needles += u64::from(needle);
                    assert_eq!(span.attributes.len(), 15 + usize::from(needle));
                    assert!((HOUR_NS..3 * HOUR_NS).contains(&span.start_time_unix_nano));
                    assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
                    assert!(ids.insert(span.span_id), "an id came twice");
                    traces.insert(span.trace_id);
                }
            }
            assert_eq!(decoded, request.spans);
        }
    }
    assert_eq!((traces.len() as u64, needles, services.len()), (plan.traces, plan.needles(), 30));
    let each = bytes / spans;
    assert!((600..700).contains(&each), "{each} bytes a span");
}
