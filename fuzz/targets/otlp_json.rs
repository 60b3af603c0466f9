//! Any bytes as a request of OTLP in JSON.
//!
//! Guarantees: no panic; the protobuf made of it is no longer than the body, and is read without an error.
#![no_main]

use decode::{Limits, otlp, otlp_json};
use fuzz::seeds::{lines, plant};
use libfuzzer_sys::fuzz_target;
use model::TimeNs;

fuzz_target!(init: plant(lines(include_str!("../seeds/otlp.jsonl"))), |input: &[u8]| {
    let limits = Limits::default();
    let Ok(made) = otlp_json::traces_to_protobuf(input, &limits) else { return };
    assert!(made.protobuf.len() <= input.len(), "{} bytes of {}", made.protobuf.len(), input.len());
    let decoded = otlp::traces(made.protobuf.into(), TimeNs(1), &limits).expect("own protobuf");
    let rejected: u64 = decoded.rejected.iter().map(|rejected| rejected.count).sum();
    assert_eq!(decoded.spans_received, decoded.batch.num_rows() as u64 + rejected);
});
