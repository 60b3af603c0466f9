//! Any text as a PromQL query, as a selector, and as a line of series.
//!
//! Guarantees: no panic; complaints lie inside the text; what is printed, in one line or many, reads back as the
//! same query.
#![no_main]

use libfuzzer_sys::fuzz_target;
use promql::{ParseOptions, parse, parse_metric_selector, parse_partial};

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::lines(include_str!("../seeds/promql.txt"))), |input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let (_, complaints) = parse_partial(text, ParseOptions::ALL);
    for complaint in &complaints {
        assert!(complaint.span.end <= text.len(), "{complaint:?}");
        let _ = complaint.render(text);
    }
    let _ = parse(text, ParseOptions::default());
    let _ = parse_metric_selector(text);
    let _ = fuzz::series::read(text);
    let Ok(tree) = parse(text, ParseOptions::ALL) else {
        assert!(!complaints.is_empty(), "refused without a word");
        return;
    };
    let printed = tree.to_string();
    for again in [printed.clone(), tree.pretty(), tree.pretty_within(20)] {
        match parse(&again, ParseOptions::ALL) {
            Ok(tree) => assert_eq!(tree.to_string(), printed, "printed as {again}"),
            Err(error) => panic!("{printed} is printed as {again}: {error}"),
        }
    }
});
