//! A fixture graded against the original: bounds on what searches and metrics give.

use std::path::Path;

use model::Span;
use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::memory::MemorySource;
use traceql::metrics::{MetricsOptions, Window, evaluate};
use traceql::source::Control;

use crate::{items, otlp, read, search, text};

/// The cases that need no server.
pub fn run(folder: &Path, report: &mut Report) {
    let corpus = "traces/cerberus-tempo-parity/cases";
    let spans = otlp::spans(&read(folder, "cerberus-tempo-parity/fixture.otlp.json"));
    for case in items(&read(folder, "cerberus-tempo-parity/cases.json")) {
        let query = text(&case["query"]);
        let name = text(&case["name"]);
        if !case["expect_status"].is_null() {
            continue;
        }
        let (passed, ours) = match text(&case["endpoint"]) {
            "search" => found(query, &spans, case),
            "metrics_range" => series(query, &spans, case, false),
            "metrics_instant" => series(query, &spans, case, true),
            _ => continue,
        };
        report.case(corpus, name, query, passed, &ours, &case.to_string());
    }
    let corpus = "traces/cerberus-tempo-parity/spec_queries";
    for case in items(&read(folder, "cerberus-tempo-parity/spec_queries.json")) {
        let query = text(&case["query"]);
        let ours = traceql::parse(query).map_err(|error| error.to_text(query));
        let passed = ours.is_ok();
        let ours = ours.map_or_else(|error| error, |query| query.to_string());
        report.case(corpus, text(&case["name"]), query, passed, &ours, "valid");
    }
}

fn within(count: usize, case: &Json, least: &str, most: &str) -> bool {
    let count = count as u64;
    case[least].as_u64().is_none_or(|least| count >= least)
        && case[most].as_u64().is_none_or(|most| count <= most)
}

fn found(query: &str, spans: &[Span], case: &Json) -> (bool, String) {
    let result = match search::find(query, spans) {
        Ok(result) => result,
        Err(error) => return (false, format!("error: {error}")),
    };
    let matched: usize = result.traces.iter().flat_map(|t| &t.spansets).map(|set| set.matched).sum();
    let traces = result.traces.len();
    let mut passed = within(traces, case, "expected_min_traces", "expected_max_traces");
    if let Some(computed) = case["computed"].as_object() {
        passed &= computed.get("traces").and_then(Json::as_u64).is_none_or(|n| n == traces as u64);
        passed &= computed.get("spans").and_then(Json::as_u64).is_none_or(|n| n == matched as u64);
    }
    (passed, format!("{traces} traces, {matched} spans"))
}

fn series(query: &str, spans: &[Span], case: &Json, is_instant: bool) -> (bool, String) {
    let starts = || spans.iter().map(|span| span.start.0);
    let (first, last) = (starts().min().unwrap_or(0), starts().max().unwrap_or(0));
    let window = if is_instant {
        Window::instant(first, last)
    } else {
        Window::aligned(first - 60_000_000_000, last, 60_000_000_000)
    };
    let options = MetricsOptions { window, exemplars_max: 10, series_max: 10_000 };
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let source = MemorySource::new(spans.to_vec(), 7);
    let computed = traceql::parse(query)
        .map_err(|error| error.to_text(query))
        .and_then(|parsed| evaluate(&parsed, &source, &options, &control).map_err(|error| error.to_string()));
    match computed {
        Ok(series) => {
            let is_positive =
                series.iter().flat_map(|s| &s.values).all(|value| value.is_nan() || *value >= 0.0);
            let passed = within(series.len(), case, "expected_min_series", "expected_max_series");
            (passed && is_positive, format!("{} series", series.len()))
        }
        Err(error) => (false, error),
    }
}
