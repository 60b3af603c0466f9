//! Random small data and queries: printing and reading back, and evaluation against a naive
//! evaluator.

#[path = "properties/generate.rs"]
mod generate;
#[path = "properties/naive.rs"]
mod naive;

use std::collections::BTreeSet;

use model::{Span, SpanId, TimeRange, TraceId};
use proptest::prelude::*;
use traceql::memory::MemorySource;
use traceql::metrics::{MetricsOptions, Series, Window, evaluate};
use traceql::parse;
use traceql::search::{SearchOptions, SearchPlan, search};
use traceql::source::Control;

fn found(query: &str, spans: &[Span], piece: usize) -> BTreeSet<(TraceId, SpanId)> {
    let query = parse(query).expect("a generated query");
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let source = MemorySource::new(spans.to_vec(), piece);
    let options = SearchOptions { range: TimeRange::ALL, limit: 100, spans_per_spanset: 100 };
    let result = search(&query, &source, &options, &control).expect("no error");
    let spans = result.traces.iter().flat_map(|trace| {
        let ids = trace.spansets.iter().flat_map(|spanset| &spanset.spans);
        ids.map(|span| (trace.id, span.id))
    });
    spans.collect()
}

fn series(query: &str, spans: &[Span], piece: usize, window: Window) -> Vec<Series> {
    let query = parse(query).expect("a generated query");
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let source = MemorySource::new(spans.to_vec(), piece);
    let options = MetricsOptions { window, exemplars_max: 3, series_max: 1_000 };
    evaluate(&query, &source, &options, &control).expect("no error")
}

/// As text, so that NaN equals NaN.
fn shown(series: &[Series]) -> String {
    format!("{series:?}")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_queries_read_back(query in generate::any_query()) {
        let parsed = parse(&query);
        prop_assert!(parsed.is_ok(), "{query}: {parsed:?}");
        let parsed = parsed.expect("checked");
        let canonical = parsed.to_string();
        let again = parse(&canonical);
        prop_assert!(again.is_ok(), "{query} -> {canonical}: {again:?}");
        prop_assert_eq!(again.expect("checked").to_string(), canonical.clone());
        let formatted = traceql::format(&parsed);
        let again = parse(&formatted);
        prop_assert!(again.is_ok(), "{formatted}: {again:?}");
        prop_assert_eq!(again.expect("checked").to_string(), canonical, "{}", formatted);
    }

    #[test]
    fn any_text_is_survived(text in "[{}().a&|<>=~!+*/^%0-9sh\"` \u{e9}-]{0,40}") {
        let parsed = traceql::parser::parse_with_recovery(&text);
        prop_assert!(parsed.query.is_some() || !parsed.diagnostics.is_empty());
        for diagnostic in &parsed.diagnostics {
            prop_assert!(diagnostic.span.end as usize <= text.len());
            let _ = diagnostic.to_text(&text);
        }
        let _ = traceql::lenient::parse_lenient(&text);
    }

    #[test]
    fn filters_agree_with_a_naive_evaluator(
        query in generate::filter(),
        spans in generate::spans(),
        piece in 1_usize..5,
    ) {
        prop_assert_eq!(found(&query, &spans, piece), naive::filter(&query, &spans), "{}", query);
    }

    #[test]
    fn necessary_conditions_exclude_no_match(
        query in generate::filter(),
        spans in generate::spans(),
    ) {
        let parsed = parse(&query).expect("a generated query");
        let options =
            SearchOptions { range: TimeRange::ALL, limit: 100, spans_per_spanset: 100 };
        let plan = SearchPlan::new(&parsed, &options).expect("a plan");
        let matched = naive::filter(&query, &spans);
        prop_assert!(!plan.request.is_empty() || matched.is_empty(), "{}", query);
        for span in spans.iter().filter(|span| matched.contains(&(span.trace_id, span.span_id))) {
            let tree = &plan.request.spansets[0];
            prop_assert!(naive::may_match(tree, span, &spans), "{}: {:?}", query, tree);
        }
    }

    #[test]
    fn operators_agree_with_a_naive_evaluator(
        (lhs, op, rhs) in (generate::simple_filter(), generate::spanset_operator(), generate::simple_filter()),
        spans in generate::spans(),
        piece in 1_usize..5,
    ) {
        let query = format!("{lhs} {op} {rhs}");
        prop_assert_eq!(found(&query, &spans, piece), naive::operator(&lhs, op, &rhs, &spans), "{}", query);
    }

    #[test]
    fn arrival_does_not_matter(
        query in generate::pipeline(),
        (spans, shuffled) in generate::shuffled_spans(),
        pieces in (1_usize..5, 1_usize..5),
    ) {
        let one = found(&query, &spans, pieces.0);
        prop_assert_eq!(one, found(&query, &shuffled, pieces.1), "{}", query);
        let metrics = format!("({query}) | rate()");
        if parse(&metrics).is_ok() {
            let window = Window::range(0, 100, 7);
            let one = shown(&series(&metrics, &spans, pieces.0, window));
            prop_assert_eq!(one, shown(&series(&metrics, &shuffled, pieces.1, window)));
        }
    }

    #[test]
    fn arrival_does_not_matter_to_metrics(
        query in generate::metrics(),
        (spans, shuffled) in generate::shuffled_spans(),
        pieces in (1_usize..5, 1_usize..5),
    ) {
        let window = Window::range(0, 100, 7);
        let one = shown(&series(&query, &spans, pieces.0, window));
        prop_assert_eq!(one, shown(&series(&query, &shuffled, pieces.1, window)), "{}", query);
    }

    #[test]
    fn a_range_is_its_instants(
        query in generate::metrics(),
        spans in generate::spans(),
        step in 1_i64..40,
    ) {
        let window = Window::range(0, 100, step);
        let range = series(&query, &spans, 3, window);
        for interval in 0..window.len() {
            // The interval without its left edge; rates are compared as counts.
            let (start, end) = (interval as i64 * step + 1, (interval as i64 + 1) * step);
            let instant = series(&query, &spans, 2, Window::instant(start, end.min(100)));
            let is_rate = query.contains("rate()");
            let scale = if is_rate { ((end.min(100) - start).max(1)) as f64 / step as f64 } else { 1.0 };
            for one in &range {
                let there = instant.iter().find(|other| other.labels == one.labels);
                let wanted = there.map_or(f64::NAN, |other| other.values[0] * scale);
                let ours = one.values[interval];
                // An empty interval of a range is zero for counts, and no series as an instant.
                let is_empty = there.is_none() && (ours == 0.0 || ours.is_nan());
                let is_same = (ours - wanted).abs() <= 1e-9 * ours.abs().max(1e-30)
                    || (ours.is_nan() && wanted.is_nan());
                prop_assert!(is_empty || is_same, "{} {}: {} {}", query, interval, ours, wanted);
            }
            prop_assert!(instant.iter().all(|other| range.iter().any(|one| one.labels == other.labels)));
        }
    }

    #[test]
    fn counts_agree_with_a_naive_evaluator(
        filter in generate::filter(),
        spans in generate::spans(),
        step in 1_i64..40,
    ) {
        let window = Window::range(0, 100, step);
        let query = format!("{filter} | count_over_time() by (span.a)");
        let ours: f64 = series(&query, &spans, 2, window).iter().flat_map(|one| &one.values).sum();
        let matched = naive::filter(&filter, &spans);
        let in_range = spans.iter().filter(|span| {
            matched.contains(&(span.trace_id, span.span_id)) && 0 < span.start.0 && span.start.0 <= 100
        });
        prop_assert_eq!(ours, in_range.count() as f64, "{}", query);
    }
}
