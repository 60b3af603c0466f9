//! A TraceQL query (the first line) over spans (the lines behind it), as a search and as a question for tags.
//!
//! Guarantees: no panic; a search ends soon after it was told to, and within its memory; it finds the same in
//! whatever order and pieces the spans come.
#![no_main]

use std::time::Duration;

use fuzz::MEMORY_BYTES_MAX;
use libfuzzer_sys::fuzz_target;
use model::{Span, TimeRange};
use traceql::ast::Query;
use traceql::memory::MemorySource;
use traceql::search::{SearchOptions, search};
use traceql::source::Control;
use traceql::{Error, parse};

/// What is found as text; `None` when a limit ended the search. Which of several errors comes first depends on the
/// order.
fn found(query: &Query, spans: Vec<Span>, piece: usize) -> Option<String> {
    let alarm = fuzz::alarm(Duration::from_millis(500));
    let control = Control::new(&alarm, MEMORY_BYTES_MAX);
    let options = SearchOptions { range: TimeRange::ALL, limit: 100, spans_per_spanset: 100 };
    match search(query, &MemorySource::new(spans, piece), &options, &control) {
        Ok(result) => Some(format!("{:?}", result.traces)),
        Err(Error::Limit { .. } | Error::Cancelled) => None,
        Err(Error::Eval(_)) => Some("an error of the evaluation".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/traceql_search.txt"))), |input: &[u8]| {
    let Some((text, data)) = fuzz::query_and_data(input) else { return };
    let Ok(query) = parse(text) else { return };
    let spans = fuzz::spans::read(data);
    let mut reversed = spans.clone();
    reversed.reverse();
    if let (Some(one), Some(other)) = (found(&query, spans, 1_000), found(&query, reversed, 1)) {
        assert_eq!(one, other, "in another order and in pieces of one");
    }
});
