//! Queries that mean harm: each is an error or a named limit, in little memory and time, and never the
//! end of the process.

use std::cell::Cell;

use model::Labels;
use promql::source::{
    Chunk, Interrupt, Limits, MemorySource, Request, SeriesStream, Source, SourceError, Unwatched, Watch,
};
use promql::{EvalOptions, Outcome, ParseOptions, When, evaluate, parse};

fn parse_error(query: &str) -> String {
    match parse(query, ParseOptions::ALL) {
        Ok(_) => "no error".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

fn run(query: &str, when: When, source: &dyn Source, limits: &Limits<'_>) -> Result<Outcome, String> {
    let tree = parse(query, ParseOptions::ALL).map_err(|errors| errors.to_string())?;
    evaluate(&tree, when, EvalOptions::default(), source, limits).map_err(|error| error.to_string())
}

fn run_empty(query: &str, when: When) -> Result<Outcome, String> {
    let limits = Limits::new(64 << 20, 1_000_000, &Unwatched);
    run(query, when, &MemorySource::default(), &limits)
}

#[test]
fn nesting_is_limited() {
    let nested = |open: &str, inside: &str, close: &str, times: usize| {
        format!("{}{inside}{}", open.repeat(times), close.repeat(times))
    };
    for query in [
        nested("(", "1", ")", 20_000),
        nested("-", "x", "", 20_000),
        nested("abs(", "x", ")", 20_000),
        nested("sum(", "x", ")", 20_000),
        nested("", "x", "[1h:5m]", 20_000),
        nested("x + ", "x", "", 20_000),
        nested("2 ^ ", "2", "", 20_000),
        format!("x[{}]", nested("(", "1", ")", 20_000)),
        format!("x offset {}", nested("-(", "1", ")", 20_000)),
    ] {
        let error = parse_error(&query);
        assert!(error.contains("nested deeper than 1000 levels"), "{error}");
    }
}

#[test]
fn what_is_just_within_the_limit_works() {
    for query in [
        format!("{}1{}", "(".repeat(990), ")".repeat(990)),
        format!("{}vector(1)", "-".repeat(490)),
        format!("{}vector(1){}", "abs(".repeat(490), ")".repeat(490)),
        format!("{}vector(1){}", "sum(".repeat(490), ")".repeat(490)),
        format!("vector(1){}", " + vector(1)".repeat(900)),
        format!("{}1", "1 + ".repeat(900)),
    ] {
        let tree = parse(&query, ParseOptions::ALL).expect("within the limit");
        let printed = tree.to_string();
        assert_eq!(parse(&printed, ParseOptions::ALL).expect("printed").to_string(), printed);
        assert!(!tree.pretty().is_empty());
        assert!(run_empty(&query, When::Instant(0)).is_ok());
        let when = When::Range { start_ms: 0, end_ms: 1_000, step_ms: 500 };
        assert!(run_empty(&query, when).is_ok());
    }
}

#[test]
fn garbage_is_an_error() {
    let everything: String = (0_u8..=127).map(char::from).collect();
    for query in [
        everything.as_str(),
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "`",
        "x{",
        "x[",
        "x[5m",
        "x[5m:",
        "sum(",
        "sum by",
        "x @",
        "x offset",
        "1 +",
        "x{a=",
        "x{a=\"",
        "{\"a\"",
        "@",
        "#",
        "\u{0}",
        "x{a=~\"[\"}",
        "x and on(",
        "x + fill(",
        "\u{d55c}\u{ae00}",
        "x[5m:5m:5m]",
        "0x",
        "1e",
        "..",
    ] {
        assert_ne!(parse_error(query), "no error", "{query}");
    }
}

#[test]
fn patterns_are_limited() {
    assert!(parse_error("x{a=~\"x{1001}\"}").contains("invalid repeat count"));
    assert!(parse_error("x{a=~\"((((x{100}){100}){100}){100})\"}").contains("repeat"));
    let mut source = MemorySource::default();
    source.push_float(&Labels::from_pairs([("__name__", "x"), ("a", &"a".repeat(10_000))]), 0, 0, 1.0);
    let limits = Limits::new(64 << 20, 1_000_000, &Unwatched);
    // Exponential for engines that go back.
    let outcome = run("x{a=~\"(a*)*b\"}", When::Instant(0), &source, &limits);
    assert!(outcome.is_ok());
    let too_large = run_empty("x{a=~\"(\\\\pL{500}){2}\"}", When::Instant(0));
    assert!(too_large.is_err());
}

#[test]
fn times_are_limited() {
    for query in ["x[1e300]", "x offset 1e300", "x[5m:1e300]", "x offset -1e300"] {
        assert!(parse_error(query).contains("duration out of range"), "{query}");
    }
    assert!(parse_error("x @ 1e300").contains("timestamp out of bounds"));
    assert!(parse_error("x[300y]").contains("duration out of range"));
    for query in ["x[1e9]", "x offset 290y", "x @ 9e15", "rate(x[290y] offset -290y)"] {
        assert!(run_empty(query, When::Instant(i64::MAX)).is_ok(), "{query}");
        assert!(run_empty(query, When::Instant(i64::MIN)).is_ok(), "{query}");
    }
    let error = run_empty("rate(x[10y:1ms])", When::Instant(0)).expect_err("too many steps");
    assert!(error.contains("too many samples"), "{error}");
    let error = run_empty("x[5m:0.0001]", When::Instant(0)).expect_err("no step");
    assert!(error.contains("at least 1ms"), "{error}");
    let forever = When::Range { start_ms: i64::MIN, end_ms: i64::MAX, step_ms: 1 };
    assert!(run_empty("time()", forever).is_err());
    let no_step = When::Range { start_ms: 0, end_ms: 1, step_ms: 0 };
    assert!(run_empty("1", no_step).is_err());
}

/// Series without end.
struct Endless {
    given: Cell<u64>,
}

struct EndlessStream<'s> {
    source: &'s Endless,
    is_given: bool,
}

impl Source for Endless {
    fn select<'s>(
        &'s self,
        _request: &Request<'_>,
        _limits: &'s Limits<'_>,
    ) -> Result<Box<dyn SeriesStream + 's>, SourceError> {
        Ok(Box::new(EndlessStream { source: self, is_given: false }))
    }
}

impl SeriesStream for EndlessStream<'_> {
    fn next_series(&mut self) -> Result<Option<Labels>, SourceError> {
        let number = self.source.given.get() + 1;
        self.source.given.set(number);
        self.is_given = false;
        Ok(Some(Labels::from_pairs([("n", &format!("{number:012}"))])))
    }

    fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        if std::mem::replace(&mut self.is_given, true) {
            return Ok(false);
        }
        chunk.times_ms.push(0);
        chunk.values.push(1.0);
        Ok(true)
    }
}

/// Stops after some looks.
struct Countdown(Cell<u32>);

impl Watch for Countdown {
    fn interrupted(&self) -> Option<Interrupt> {
        let left = self.0.get().saturating_sub(1);
        self.0.set(left);
        (left == 0).then_some(Interrupt::TimedOut)
    }
}

#[test]
fn many_series_meet_a_limit() {
    for query in ["x", "x + y", "topk(5, x)", "quantile(0.5, x)", "sort(x)", "abs(x)"] {
        let source = Endless { given: Cell::new(0) };
        let limits = Limits::new(1 << 30, 50_000, &Unwatched);
        let error = run(query, When::Instant(0), &source, &limits).expect_err("endless");
        assert!(error.contains("too many samples"), "{query}: {error}");
        let limits = Limits::new(1 << 20, usize::MAX, &Unwatched);
        let error = run(query, When::Instant(0), &source, &limits).expect_err("endless");
        assert!(error.contains("budget"), "{query}: {error}");
    }
}

#[test]
fn an_endless_query_can_be_stopped() {
    for query in ["sum(x)", "absent(x)", "scalar(x)", "count(rate(x[5m]))"] {
        let source = Endless { given: Cell::new(0) };
        let watch = Countdown(Cell::new(10_000));
        let limits = Limits::new(1 << 30, 50_000, &watch);
        let error = run(query, When::Instant(0), &source, &limits).expect_err("endless");
        assert_eq!(error, "query timed out in expression evaluation", "{query}");
    }
}
