//! A TraceQL metrics query (the first line) over spans (the lines behind it).
//!
//! Guarantees: no panic; an evaluation ends soon after it was told to, and within its memory; series are the same in
//! whatever order and pieces the spans come.
#![no_main]

use std::time::Duration;

use fuzz::MEMORY_BYTES_MAX;
use libfuzzer_sys::fuzz_target;
use model::Span;
use traceql::ast::Query;
use traceql::memory::MemorySource;
use traceql::metrics::{MetricsOptions, Window, evaluate};
use traceql::source::Control;
use traceql::{Error, parse};

/// Series as text; `None` when a limit ended the evaluation.
fn series(query: &Query, window: Window, spans: Vec<Span>, piece: usize) -> Option<String> {
    let alarm = fuzz::alarm(Duration::from_millis(500));
    let control = Control::new(&alarm, MEMORY_BYTES_MAX);
    let options = MetricsOptions { window, exemplars_max: 3, series_max: 1_000 };
    match evaluate(query, &MemorySource::new(spans, piece), &options, &control) {
        Ok(series) => Some(format!("{series:?}")),
        Err(Error::Limit { .. } | Error::Cancelled) => None,
        Err(Error::Eval(_)) => Some("an error of the evaluation".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/traceql_metrics.txt"))), |input: &[u8]| {
    let Some((text, data)) = fuzz::query_and_data(input) else { return };
    let Ok(query) = parse(text) else { return };
    let spans = fuzz::spans::read(data);
    let mut reversed = spans.clone();
    reversed.reverse();
    for window in [Window::range(0, 100, 7), Window::instant(0, 50)] {
        let one = series(&query, window, spans.clone(), 1_000);
        if let (Some(one), Some(other)) = (one, series(&query, window, reversed.clone(), 1)) {
            assert_eq!(one, other, "in another order and in pieces of one");
        }
    }
});
