//! A LogQL query (the first line) over entries (the lines behind it).
//!
//! Guarantees: no panic; an evaluation ends soon after it was told to, and within its memory; the answer is the same
//! in whatever order and pieces the entries come, and whether the source applies the filters or the evaluator.
#![no_main]

use std::time::Duration;

use fuzz::{MEMORY_BYTES_MAX, entries};
use libfuzzer_sys::fuzz_target;
use logql::{Control, Direction, Error, Expr, MemorySource, Params, evaluate, parse};

/// The answer as text, so that NaN equals NaN; `None` when a limit ended it. Which of several erroneous samples an
/// error names depends on the order.
fn answer(tree: &Expr, params: &Params, source: &MemorySource) -> Option<String> {
    let alarm = fuzz::alarm(Duration::from_millis(500));
    let control =
        Control { is_cancelled: &alarm, memory_bytes_max: MEMORY_BYTES_MAX, series_max: 10_000, ..Control::default() };
    match evaluate(tree, params, source, &control) {
        Ok(answer) => Some(format!("{:?}", answer.data)),
        Err(Error::Limit(_) | Error::Cancelled) => None,
        Err(Error::Pipeline { .. }) => Some("an erroneous sample".to_owned()),
        Err(error) => Some(error.to_string()),
    }
}

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/logql_evaluate.txt"))), |input: &[u8]| {
    let Some((query, data)) = fuzz::query_and_data(input) else { return };
    let Ok(tree) = parse(query).into_result() else { return };
    let entries = entries::read(data);
    let sources = [
        entries::source(entries.iter(), 1_000, false),
        entries::source(entries.iter().rev(), 1, false),
        entries::source(entries.iter(), 3, true),
    ];
    let mut forward = Params::range(0, 100_000_000_000, 7_000_000_000);
    forward.direction = Direction::Forward;
    forward.limit = 5;
    for params in [forward, Params::instant(60_000_000_000)] {
        let answers = sources.each_ref().map(|source| answer(&tree, &params, source));
        for (name, other) in ["in another order", "applied by the source"].into_iter().zip(&answers[1..]) {
            if let (Some(one), Some(other)) = (&answers[0], other) {
                assert_eq!(one, other, "{name}");
            }
        }
    }
});
