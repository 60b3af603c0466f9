//! Input made to break a parser or an evaluator gives an error or a named limit, never a panic.

use std::sync::Arc;

use model::{Span, SpanId, TimeNs, TimeRange, TraceId};
use traceql::columns::{Batch, Field, batch_of_spans};
use traceql::memory::MemorySource;
use traceql::metrics::{MetricsOptions, Window, evaluate};
use traceql::search::{SearchOptions, search};
use traceql::source::{Candidates, Control, Request, Scan, Source};
use traceql::{Error, Problem, check, parse};

/// The first problem of a text, on a thread with a small stack.
fn check_small_stack(text: String) -> String {
    let thread = std::thread::Builder::new().stack_size(1 << 20);
    let work = thread.spawn(move || match check(&text) {
        Ok(canonical) => format!("ok, {} bytes", canonical.len()),
        Err(problems) => format!("{:?}: {}", problems[0].problem, problems[0].message),
    });
    work.expect("a thread").join().expect("no panic")
}

#[test]
fn deep_nesting_is_a_named_limit() {
    let wanted = "Limit: query nests deeper than 200 levels";
    for n in [201, 20_000] {
        assert_eq!(check_small_stack(format!("{{ {}.a{} }}", "(".repeat(n), ")".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{}{{ }}{}", "(".repeat(n), ")".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{{ {}.a }}", "!".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{{ {}.a }}", "-".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{{ .a{} }}", " ^ .a".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{{ .a{} = 1 }}", " + .a".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("{}1 < count()", "(".repeat(n))), wanted);
        assert_eq!(check_small_stack(format!("1 < count(){}", " + count()".repeat(n.min(12_000)))), wanted);
        let rates = " + ({} | rate())".repeat(n.min(7_000));
        assert_eq!(check_small_stack(format!("({{}} | rate()){rates}")), wanted);
    }
    assert_eq!(check_small_stack("(".repeat(20_000)), wanted);
    let mixed = format!("{{ {} }}", "(.a && .b ^ ".repeat(9_000));
    assert_eq!(check_small_stack(mixed), wanted);
}

#[test]
fn long_chains_are_no_nesting() {
    let or = format!("{{ {} }}", vec![".a = 1"; 10_000].join(" || "));
    assert_eq!(check_small_stack(or).split(',').next(), Some("ok"));
    let and = vec!["{ .a }"; 10_000].join(" && ");
    assert_eq!(check_small_stack(and).split(',').next(), Some("ok"));
    let children = vec!["{ .a }"; 10_000].join(" > ");
    assert_eq!(check_small_stack(children).split(',').next(), Some("ok"));
    let stages = vec!["{ .a }"; 10_000].join(" | ");
    assert_eq!(check_small_stack(stages).split(',').next(), Some("ok"));
}

#[test]
fn broken_texts_are_errors() {
    let long = "x".repeat(200_000);
    for text in [
        "",
        " ",
        "{",
        "}",
        "(",
        ")",
        "|",
        "{ .",
        "{ .\"",
        "{ .\"\\",
        "{ \"\\",
        "{ `",
        "/*",
        "//",
        "\u{0}",
        "\u{feff}{}",
        "{ .a = \"\\xff\" }}",
        "{ 1e999999 }",
        "{ 99999999999999999999 }",
        "{ 999999999999y }",
        "{ duration > 1e300s }",
        "{ duration > 99999999999999999999h }",
        "{ 1.1.1 }",
        "{ .a = 1h1h1q }",
        "{} | quantile_over_time(duration, 1e300)",
        "{ . a }",
        "{ $ }",
        "{ .a & .b }",
        "{} | topk(9223372036854775807)",
        "{} | compare({}, 9223372036854775807)",
        "with(a=1)",
        "{} with(a=)",
        "{} with(=1)",
        "{} with()",
        "{} with(a=1",
        &long,
    ] {
        let problems = check(text).expect_err(text);
        assert!(problems.iter().all(|problem| problem.span.end as usize <= text.len()), "{text}");
    }
    let problems = check(&long).expect_err("too long");
    assert_eq!(problems[0].problem, Problem::Limit);
}

#[test]
fn every_prefix_and_every_cut_is_survived() {
    let query = "({ span.\"a b\" = \"\u{e9}\" && (.x + 1) * 2 > -3ms || !(nil != .y) } &>> { kind = server } | by(.z) | \
        coalesce() | select(.a, event:name) | avg(duration) >= 1.5) | rate() by (resource.b) | topk(3) > 5 with(a=true)";
    for at in (0..=query.len()).filter(|at| query.is_char_boundary(*at)) {
        let _ = check(&query[..at]);
        let _ = check(&query[at..]);
        let _ = traceql::lenient::parse_lenient(&query[..at]);
        let mut cut = query.to_owned();
        cut.truncate(at);
        cut.push_str(&query[query.ceil_char_boundary((at + 3).min(query.len()))..]);
        let _ = check(&cut);
    }
}

#[test]
fn exploding_patterns_are_refused() {
    for pattern in ["(", "a{1001}", "(((a{100}){100}){100}){100}", "\\pL{1000}{10}"] {
        let problems = check(&format!("{{ .a =~ `{pattern}` }}")).expect_err(pattern);
        assert_eq!(problems[0].message, format!("invalid regex: `{pattern}`"));
    }
    // Linear by construction.
    let query = "{ .a =~ \"(a*)*b\" }";
    let mut span = span(1, 1, 0);
    span.attributes.push("a", "a".repeat(50_000));
    assert_eq!(found(query, &[span]), Ok(0));
}

fn span(trace: u8, id: u64, start: i64) -> Span {
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId(id.to_be_bytes()),
        start: TimeNs(start),
        name: Arc::from("name"),
        ..Span::default()
    }
}

fn found(query: &str, spans: &[Span]) -> Result<usize, Error> {
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let source = MemorySource::new(spans.to_vec(), 10);
    let options = SearchOptions { range: TimeRange::ALL, limit: 10, spans_per_spanset: 3 };
    let query = parse(query).map_err(|error| Error::Query(error.to_string()))?;
    search(&query, &source, &options, &control).map(|result| result.traces.len())
}

#[test]
fn a_deep_trace_is_no_deep_recursion() {
    let mut spans: Vec<Span> = (1..=100_000).map(|id| span(1, id, 0)).collect();
    for (n, span) in spans.iter_mut().enumerate().skip(1) {
        span.parent_span_id = Some(SpanId((n as u64).to_be_bytes()));
    }
    assert_eq!(found("{ nestedSetLeft = 1 } >> { nestedSetLeft = 100000 }", &spans), Ok(1));
    assert_eq!(found("{} !<< {}", &spans), Ok(1));
    assert_eq!(found("{} ~ {}", &spans), Ok(0));
}

#[test]
fn times_and_durations_at_the_ends_of_time() {
    // The very last instant belongs to no range.
    let mut spans = vec![span(1, 1, i64::MAX - 1), span(1, 2, i64::MIN), span(2, 3, 0)];
    spans[0].duration_nano = i64::MAX;
    spans[1].duration_nano = i64::MIN;
    spans[2].duration_nano = -1;
    // Spans that end before they start hide no other.
    assert_eq!(found("{ duration > 2s }", &spans), Ok(1));
    // The negation of the smallest number wraps, as in Go.
    assert_eq!(found("{ traceDuration >= 0 && -duration > 0 }", &spans), Ok(1));
    let query = parse("{} | sum_over_time(duration)").expect("a query");
    let never = || false;
    let control = Control::new(&never, 1 << 20);
    let source = MemorySource::new(spans, 1);
    for window in [Window::instant(i64::MIN, i64::MAX), Window::range(i64::MAX - 5, i64::MAX, 1)] {
        let options = MetricsOptions { window, exemplars_max: 5, series_max: 10 };
        evaluate(&query, &source, &options, &control).expect("series");
    }
}

#[test]
fn limits_have_names() {
    let spans: Vec<Span> = (0..5_000_u64)
        .map(|n| {
            let mut span = span(1, n + 1, n as i64);
            span.attributes.push("n", n as i64);
            span
        })
        .collect();
    let run = |text: &str, series_max: usize, bytes_max: usize, is_cancelled: bool| {
        let query = parse(text).expect("a query");
        let cancelled = || is_cancelled;
        let control = Control::new(&cancelled, bytes_max);
        let source = MemorySource::new(spans.clone(), 100);
        let window = Window::range(-1, 5_000, 10);
        let options = MetricsOptions { window, exemplars_max: 1, series_max };
        evaluate(&query, &source, &options, &control).map(|series| series.len())
    };
    let by = "{} | rate() by (.n)";
    assert_eq!(run(by, 10_000, 1 << 30, false), Ok(5_000));
    assert_eq!(run(by, 1_000, 1 << 30, false), Err(Error::Limit { name: "series_max", max: 1_000 }));
    let query = parse(by).expect("a query");
    let window = Window::range(i64::MIN, i64::MAX, 1);
    let options = MetricsOptions { window, exemplars_max: 1, series_max: 10 };
    let never = || false;
    let control = Control::new(&never, 1 << 30);
    let intervals = evaluate(&query, &MemorySource::new(spans.clone(), 100), &options, &control);
    assert_eq!(intervals, Err(Error::Limit { name: "intervals_max", max: 100_000 }));
    let memory = Error::Limit { name: "memory_bytes_max", max: 1 << 20 };
    assert_eq!(run(by, 10_000, 1 << 20, false), Err(memory));
    assert_eq!(run(by, 10_000, 1 << 30, true), Err(Error::Cancelled));
    assert_eq!(run("{} | count() > 1 | rate()", 1, 1 << 30, true), Err(Error::Cancelled));
}

/// Traces of one span without end, each with a new value of `n`.
struct Endless;

struct EndlessScan<'s> {
    request: &'s Request,
    given: u64,
}

impl EndlessScan<'_> {
    fn spans(&mut self) -> Vec<Span> {
        let first = self.given;
        self.given += 1_000;
        let span = |n: u64| {
            let mut span = span(1, n + 1, 5);
            span.trace_id = TraceId(u128::from(n + 1).to_be_bytes());
            span.attributes.push("n", n as i64);
            span
        };
        (first..self.given).map(span).collect()
    }
}

impl Source for Endless {
    fn open<'s>(&'s self, request: &'s Request, _: &'s Control<'s>) -> Result<Box<dyn Scan + 's>, Error> {
        Ok(Box::new(EndlessScan { request, given: 0 }))
    }
}

impl Scan for EndlessScan<'_> {
    fn next_spans(&mut self) -> Result<Option<Batch>, Error> {
        Ok(Some(batch_of_spans(&self.spans(), &self.request.fields)))
    }

    fn next_candidates(&mut self) -> Result<Option<Candidates>, Error> {
        let traces = self.spans().iter().map(|span| span.trace_id).collect();
        Ok(Some(Candidates { traces, floor: TimeNs::MAX }))
    }

    fn whole_traces(&mut self, traces: &[TraceId], fields: &[Field]) -> Result<Batch, Error> {
        let of = |id: &TraceId| {
            let mut span = span(1, 1, 5);
            span.trace_id = *id;
            span.attributes.push("n", u128::from_be_bytes(id.0) as i64);
            span
        };
        let spans: Vec<Span> = traces.iter().map(of).collect();
        Ok(batch_of_spans(&spans, fields))
    }
}

#[test]
fn a_million_series_meet_a_limit() {
    let never = || false;
    let window = Window::range(0, 100, 10);
    for text in ["{} | rate() by (.n)", "{} | count() > 0 | rate() by (.n)", "{} | quantile_over_time(.n, .5) by (.n)"] {
        let query = parse(text).expect("a query");
        for (series_max, bytes_max, name) in
            [(usize::MAX, 4 << 20, "memory_bytes_max"), (10_000, usize::MAX, "series_max")]
        {
            let control = Control::new(&never, bytes_max);
            let options = MetricsOptions { window, exemplars_max: 1, series_max };
            let ended = evaluate(&query, &Endless, &options, &control);
            assert!(matches!(ended, Err(Error::Limit { name: hit, .. }) if hit == name), "{text}: {ended:?}");
        }
    }
}

#[test]
fn an_endless_query_can_be_cancelled() {
    let looks = std::cell::Cell::new(0);
    let cancelled = || {
        looks.set(looks.get() + 1);
        looks.get() > 50
    };
    let control = Control::new(&cancelled, usize::MAX);
    let options = SearchOptions { range: TimeRange::ALL, limit: 10, spans_per_spanset: 3 };
    for text in ["{ .x = 1 }", "{ } >> { }", "{ } | by(.n) | count() > 5"] {
        looks.set(0);
        let query = parse(text).expect("a query");
        assert!(matches!(search(&query, &Endless, &options, &control), Err(Error::Cancelled)), "{text}");
    }
    looks.set(0);
    let options = MetricsOptions { window: Window::range(0, 100, 10), exemplars_max: 1, series_max: 10 };
    let query = parse("{ } | rate()").expect("a query");
    assert_eq!(evaluate(&query, &Endless, &options, &control), Err(Error::Cancelled));
}
