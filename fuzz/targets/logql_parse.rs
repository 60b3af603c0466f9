//! Any text as a LogQL query.
//!
//! Guarantees: no panic; complaints lie inside the text; what is printed, in one line or many, reads back as the
//! same query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use logql::syntax::format::format_within;
use logql::{check, format, parse};

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::lines(include_str!("../seeds/logql.txt"))), |input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let parsed = parse(text);
    for complaint in &parsed.diagnostics {
        assert!(complaint.span.end as usize <= text.len(), "{complaint:?}");
    }
    let _ = check(text);
    let printed = parsed.expr.to_string();
    let formatted = [format(&parsed.expr), format_within(&parsed.expr, 20)];
    if !parsed.diagnostics.is_empty() {
        return;
    }
    for again in formatted.iter().chain([&printed]) {
        match parse(again).into_result() {
            Ok(tree) => assert_eq!(tree.to_string(), printed, "printed as {again}"),
            Err(error) => panic!("{printed} is printed as {again}: {error}"),
        }
    }
});
