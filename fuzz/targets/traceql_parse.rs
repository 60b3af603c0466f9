//! Any text as a TraceQL query, as an unfinished one, and as the `q` of a tag request.
//!
//! Guarantees: no panic; complaints lie inside the text; what is printed, in one line or many, reads back as the
//! same query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use traceql::{lenient, parse, parser};

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::lines(include_str!("../seeds/traceql.txt"))), |input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let parsed = parser::parse_with_recovery(text);
    assert!(parsed.query.is_some() || !parsed.diagnostics.is_empty(), "refused without a word");
    for complaint in &parsed.diagnostics {
        assert!(complaint.span.end as usize <= text.len(), "{complaint:?}");
        let _ = complaint.to_text(text);
    }
    let _ = traceql::check(text);
    let _ = traceql::parse_conjunction(text);
    let _ = traceql::parse_attribute(text);
    let _ = lenient::parse_lenient(text);
    let Ok(query) = parse(text) else { return };
    let printed = query.to_string();
    for again in [printed.clone(), traceql::format(&query)] {
        match parse(&again) {
            Ok(query) => assert_eq!(query.to_string(), printed, "printed as {again}"),
            Err(error) => panic!("{printed} is printed as {again}: {error}"),
        }
    }
});
