//! A PromQL query (the first line) over series (the lines behind it).
//!
//! Guarantees: no panic; an evaluation ends soon after it was told to, and within its memory; an instant query and
//! a range query give the same whatever the chunks in which samples come.
#![no_main]

use std::time::Duration;

use fuzz::MEMORY_BYTES_MAX;
use libfuzzer_sys::fuzz_target;
use promql::source::{Interrupt, Limits, MemorySource, Watch};
use promql::{Error, EvalOptions, ParseOptions, When, evaluate, parse};

struct Alarm<F>(F);

impl<F: Fn() -> bool> Watch for Alarm<F> {
    fn interrupted(&self) -> Option<Interrupt> {
        (self.0)().then_some(Interrupt::TimedOut)
    }
}

/// The answer as text, so that NaN equals NaN; `None` when a limit ended it, which depends on the chunks.
fn answer(tree: &promql::ast::Expr, when: When, options: EvalOptions, source: &MemorySource) -> Option<String> {
    let alarm = Alarm(fuzz::alarm(Duration::from_millis(500)));
    let limits = Limits::new(MEMORY_BYTES_MAX, 100_000, &alarm);
    match evaluate(tree, when, options, source, &limits) {
        Ok(outcome) => Some(format!("{:?}", outcome.value)),
        Err(Error::TooManySamples | Error::OutOfBudget { .. } | Error::TimedOut) => None,
        Err(error) => Some(error.to_string()),
    }
}

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/promql_evaluate.txt"))), |input: &[u8]| {
    let Some((query, data)) = fuzz::query_and_data(input) else { return };
    let Ok(tree) = parse(query, ParseOptions::ALL) else { return };
    let series = fuzz::series::read(data);
    let (whole, split) = (fuzz::series::source(&series, 1_000), fuzz::series::source(&series, 1));
    let range = When::Range { start_ms: 0, end_ms: 600_000, step_ms: 45_000 };
    let delayed = EvalOptions { delayed_name_removal: true, ..EvalOptions::default() };
    for (when, options) in [(When::Instant(290_000), delayed), (range, EvalOptions::default())] {
        let (one, other) = (answer(&tree, when, options, &whole), answer(&tree, when, options, &split));
        if let (Some(one), Some(other)) = (one, other) {
            assert_eq!(one, other, "whole and in chunks of one sample");
        }
    }
});
