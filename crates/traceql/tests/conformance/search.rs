//! Searches over whole traces in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::{Span, TimeRange};
use serde_json::{Map, Value as Json, json};
use testkit::conformance::Report;
use traceql::memory::MemorySource;
use traceql::search::{SearchOptions, SearchResult, search};
use traceql::source::Control;
use traceql::tags::{TagOptions, tag_names, tag_values};
use traceql::value::Value;

use crate::{items, otlp, read, text};

/// Runs a query over spans of all times, cut into pieces of one.
pub fn find(query: &str, spans: &[Span]) -> Result<SearchResult, String> {
    find_in(query, spans, TimeRange::ALL)
}

/// Runs a query for spans that start in a range.
pub fn find_in(query: &str, spans: &[Span], range: TimeRange) -> Result<SearchResult, String> {
    traceql::check(query).map_err(|problems| problems[0].to_text(query))?;
    let parsed = traceql::parse(query).map_err(|error| error.to_text(query))?;
    let source = MemorySource::new(spans.to_vec(), 1);
    let options = SearchOptions { range, limit: 1000, spans_per_spanset: 100 };
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    search(&parsed, &source, &options, &control).map_err(|error| error.to_string())
}

/// All lists.
pub fn run(folder: &Path, report: &mut Report) {
    expected_trace(folder, report);
    full_trace(folder, report);
    nil(folder, report);
    templates(folder, report);
    tags(folder, report);
}

fn load(folder: &Path, name: &str) -> Vec<Span> {
    otlp::spans(&read(folder, &format!("traceql-search/{name}.otlp.json")))
}

fn matches(report: &mut Report, corpus: &str, spans: &[Span], query: &str, wanted: bool) {
    let (passed, ours) = match find(query, spans) {
        Ok(result) => (result.traces.is_empty() != wanted, format!("{} traces", result.traces.len())),
        Err(error) => (false, format!("error: {error}")),
    };
    let wanted = if wanted { "match" } else { "no match" };
    report.case(corpus, query, query, passed, &ours, wanted);
}

fn expected_trace(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/expected_trace_cases";
    let spans = load(folder, "expected_trace");
    let lists = read(folder, "traceql-search/expected_trace_cases.json");
    let trace_id = spans.first().map(|span| span.trace_id.to_string()).unwrap_or_default();
    let filled = |json: &Json| text(json).replace("$TRACE_ID", &trace_id);
    for (list, wanted) in [("match", true), ("no_match", false)] {
        for case in items(&lists[list]) {
            matches(report, corpus, &spans, &filled(&case["query"]), wanted);
        }
    }
    let meta = read(folder, "traceql-search/expected_trace.meta.json");
    for case in items(&lists["expect_spansets"]) {
        let query = filled(&case["query"]);
        let wanted = canonical(&case["spansets"]);
        let (passed, ours) = match find(&query, &spans) {
            Ok(result) => {
                let found = result.traces.first();
                let about = found.map(|found| {
                    json!({
                        "traceID": found.id.to_string().trim_start_matches('0'),
                        "startTimeUnixNano": found.start.0.to_string(),
                        "durationMs": found.duration_nano / 1_000_000,
                        "rootServiceName": &*found.root_service_name,
                        "rootTraceName": &*found.root_name,
                    })
                });
                let ours = canonical(&spansets(&result));
                let is_same_trace = meta.is_null() || about.as_ref() == Some(&meta);
                (ours == wanted && is_same_trace, format!("{ours} {about:?}"))
            }
            Err(error) => (false, error),
        };
        report.case(corpus, text(&case["id"]), &query, passed, &ours, &wanted);
    }
    existence(report, corpus, &spans, &lists["existence"]);
    for (list, wanted) in [("match", true), ("no_match", false)] {
        for case in items(&lists["legacy_tags"][list]) {
            // Requests with times belong to the API; the translation to a query is judged here.
            if let (Some(query), true) = (case["as_traceql"].as_str(), case["start"].is_null()) {
                matches(report, corpus, &spans, query, wanted);
            }
        }
    }
}

fn existence(report: &mut Report, corpus: &str, spans: &[Span], lists: &Json) {
    for case in items(&lists["attribute_must_be_returned"]) {
        let (query, key) = (text(&case["query"]), text(&case["key"]));
        let shows = |result: &SearchResult| {
            let mut spans = result.traces.iter().flat_map(|t| &t.spansets).flat_map(|set| &set.spans);
            spans.any(|span| {
                // Name and duration have fields of their own.
                key == "duration"
                    || (key == "name" && span.name.is_some())
                    || span.attributes.iter().any(|(name, _)| &**name == key)
            })
        };
        let result = find(query, spans);
        let passed = result.as_ref().is_ok_and(shows);
        let ours = format!("{:?}", result.map(|result| result.traces.len()));
        report.case(corpus, text(&case["id"]), query, passed, &ours, key);
    }
    for query in items(&lists["no_match"]).iter().map(text) {
        matches(report, corpus, spans, query, false);
    }
    for case in items(&lists["root_span_040506_in_result"]) {
        for query in items(&case["queries"]).iter().map(text) {
            let wanted = case["expected"] == true;
            let root = otlp::span_id("040506");
            let has_root = |result: &SearchResult| {
                let mut spans = result.traces.iter().flat_map(|t| &t.spansets).flat_map(|set| &set.spans);
                spans.any(|span| span.id == root)
            };
            let ours = find(query, spans).map(|result| has_root(&result));
            let passed = ours == Ok(wanted);
            report.case(corpus, query, query, passed, &format!("{ours:?}"), &wanted.to_string());
        }
    }
}

/// Spansets with all lists sorted.
fn canonical(spansets: &Json) -> String {
    let mut shown: Vec<String> = items(spansets)
        .iter()
        .map(|spanset| {
            let mut spans: Vec<String> =
                items(&spanset["spans"]).iter().map(|span| sorted(span).to_string()).collect();
            spans.sort();
            let attributes = sorted(&spanset["attributes"]);
            format!("{} {attributes} {}", spanset["matched"], spans.join(" "))
        })
        .collect();
    shown.sort();
    shown.join("\n        ")
}

/// Objects with sorted keys.
fn sorted(json: &Json) -> Json {
    match json {
        Json::Object(map) => {
            let pairs: BTreeMap<&String, Json> =
                map.iter().map(|(key, value)| (key, sorted(value))).collect();
            Json::Object(pairs.into_iter().map(|(key, value)| (key.clone(), value)).collect())
        }
        other => other.clone(),
    }
}

fn shown(value: &Value) -> Json {
    match value {
        Value::Nil => json!("nil"),
        Value::Int(value) => json!(value),
        Value::Float(value) => json!(value),
        Value::Bool(value) => json!(value),
        Value::Str(text) => json!(&**text),
        other => json!(other.to_string()),
    }
}

fn spansets(result: &SearchResult) -> Json {
    let found = result.traces.iter().flat_map(|found| &found.spansets);
    let list = found.map(|spanset| {
        let spans = spanset.spans.iter().map(|span| {
            let mut fields = Map::new();
            fields.insert("spanID".to_owned(), json!(span.id.to_string()));
            fields.insert("startTimeUnixNano".to_owned(), json!(span.start.0));
            fields.insert("durationNanos".to_owned(), json!(span.duration_nano));
            if let Some(name) = span.name.as_deref().filter(|name| !name.is_empty()) {
                fields.insert("name".to_owned(), json!(name));
            }
            let attributes: Map<String, Json> =
                span.attributes.iter().map(|(name, value)| (name.to_string(), shown(value))).collect();
            fields.insert("attributes".to_owned(), Json::Object(attributes));
            Json::Object(fields)
        });
        let mut fields = Map::new();
        fields.insert("matched".to_owned(), json!(spanset.matched));
        fields.insert("spans".to_owned(), spans.collect());
        if !spanset.attributes.is_empty() {
            let attributes: Map<String, Json> =
                spanset.attributes.iter().map(|(name, value)| (name.to_string(), shown(value))).collect();
            fields.insert("attributes".to_owned(), Json::Object(attributes));
        }
        Json::Object(fields)
    });
    list.collect()
}

fn full_trace(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/full_trace_cases";
    let spans = load(folder, "full_trace");
    let lists = read(folder, "traceql-search/full_trace_cases.json");
    for (list, wanted) in [("match", true), ("no_match", false)] {
        for case in items(&lists[list]) {
            matches(report, corpus, &spans, text(&case["query"]), wanted);
        }
    }
    for query in items(&lists["each_returns_trace_once"]).iter().map(text) {
        let ours = find(query, &spans).map(|result| result.traces.len());
        report.case(corpus, query, query, ours == Ok(1), &format!("{ours:?}"), "one trace");
    }
}

fn nil(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/nil_cases";
    let spans = load(folder, "nil_traces");
    let lists = read(folder, "traceql-search/nil_cases.json");
    for (list, wanted) in [("match", true), ("no_match", false)] {
        for case in items(&lists[list]) {
            let (query, trace) = (text(&case["query"]), otlp::trace_id(text(&case["trace"])));
            let ours = find(query, &spans).map(|result| result.traces.iter().any(|found| found.id == trace));
            let passed = ours == Ok(wanted);
            report.case(corpus, query, query, passed, &format!("{ours:?}"), list);
        }
    }
}

/// Templates with conditions that are true or false for given spans. The origin draws at random;
/// here every condition takes its turn in every place of every template.
fn templates(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/expected_trace_generator";
    let spans = load(folder, "expected_trace");
    let lists = read(folder, "traceql-search/expected_trace_generator.json");
    let on_spans: Vec<Vec<&str>> = items(&lists["true_conditions_by_span"])
        .iter()
        .map(|entry| items(&entry["true_conditions"]).iter().map(text).collect())
        .collect();
    let on_none: Vec<&str> = items(&lists["false_conditions"]).iter().map(text).collect();
    if on_spans.is_empty() || on_none.is_empty() {
        return;
    }
    // Aggregates over all spans need conditions that hold for one span only.
    let is_on_one =
        |condition: &&str| on_spans.iter().filter(|conditions| conditions.contains(condition)).count() == 1;
    let on_one: Vec<Vec<&str>> =
        on_spans.iter().map(|conditions| conditions.iter().copied().filter(is_on_one).collect()).collect();
    for (list, wanted) in [("templates_match", true), ("templates_no_match", false)] {
        for template in items(&lists[list]).iter().map(text) {
            let is_aggregate = template.contains("(duration)") || template.contains("count() = 1");
            let on_spans = if is_aggregate { &on_one } else { &on_spans };
            for turn in 0..on_spans.iter().map(Vec::len).max().unwrap_or(0) {
                let query = filled(template, turn, on_spans, &on_none);
                matches(report, corpus, &spans, &query, wanted);
            }
        }
    }
}

fn filled(template: &str, turn: usize, on_spans: &[Vec<&str>], on_none: &[&str]) -> String {
    let mut query = template.to_owned();
    let mut place = 0;
    while let Some(at) = query.find("<F>") {
        query.replace_range(at..at + 3, on_none[(turn + place) % on_none.len()]);
        place += 1;
    }
    for (n, conditions) in on_spans.iter().enumerate() {
        let mark = format!("<T{n}>");
        while let Some(at) = query.find(&mark) {
            query.replace_range(at..at + mark.len(), conditions[(turn + place) % conditions.len()]);
            place += 1;
        }
    }
    query
}

/// Completion: names and values of attributes under a filter.
fn tags(folder: &Path, report: &mut Report) {
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let options = TagOptions { range: TimeRange::ALL, entries_max: 1000 };
    for (file, trace) in [("expected_trace_cases", "expected_trace"), ("full_trace_cases", "full_trace")] {
        let corpus = format!("traces/traceql-search/{file}.tag_values");
        let source = MemorySource::new(load(folder, trace), 2);
        let lists = read(folder, &format!("traceql-search/{file}.json"));
        for case in items(&lists["tag_values"]).iter().filter(|case| case["skip"].is_null()) {
            let (tag, filter) = (text(&case["tag"]), text(&case["q"]));
            let Ok(attribute) = traceql::parse_attribute(tag) else {
                continue;
            };
            let values = tag_values(&attribute, filter, &source, &options, &control);
            let ours: BTreeSet<String> = values.expect("values").iter().map(text_of).collect();
            // The origin's store holds one more trace, whose only trace here is this service.
            let others = ["test-service"];
            let wanted: BTreeSet<String> = items(&case["expected"])
                .iter()
                .map(|value| text(&value["value"]).to_owned())
                .filter(|value| !others.contains(&value.as_str()))
                .collect();
            let subject = format!("{tag} {filter}");
            let (name, passed) = (text(&case["name"]), ours == wanted);
            let (ours, wanted) = (format!("{ours:?}"), format!("{wanted:?}"));
            report.case(&corpus, name, &subject, passed, &ours, &wanted);
        }
    }
    let lists = read(folder, "traceql-search/tag_names_cases.json");
    let ignored = &lists["always_ignore"];
    let source = MemorySource::new(load(folder, "tag_names_trace"), 2);
    for case in items(&lists["cases"]) {
        names(report, "traces/traceql-search/tag_names_cases", case, ignored, &source);
    }
    let lists = read(folder, "traceql-search/expected_trace_cases.json");
    let source = MemorySource::new(load(folder, "expected_trace"), 2);
    for case in items(&lists["tag_names"]) {
        names(report, "traces/traceql-search/expected_trace_cases.tag_names", case, &json!({}), &source);
    }
}

fn text_of(value: &Value) -> String {
    traceql::metrics::label_text(value)
}

fn names(report: &mut Report, corpus: &str, case: &Json, ignored: &Json, source: &MemorySource) {
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let options = TagOptions { range: TimeRange::ALL, entries_max: 1000 };
    let filter = text(&case["q"]);
    let found = tag_names(filter, source, &options, &control).expect("names");
    let scopes = [
        ("span", &found.span),
        ("resource", &found.resource),
        ("event", &found.event),
        ("link", &found.link),
        ("instrumentation", &found.instrumentation),
    ];
    let (mut ours, mut wanted) = (BTreeSet::new(), BTreeSet::new());
    for (scope, names) in scopes {
        let is_ignored = |name: &str| items(&ignored[scope]).iter().any(|other| text(other) == name);
        if case["expected"][scope].is_null() {
            continue;
        }
        ours.extend(names.iter().filter(|name| !is_ignored(name)).map(|name| format!("{scope}.{name}")));
        let names = items(&case["expected"][scope]).iter().map(text);
        wanted.extend(names.filter(|name| !is_ignored(name)).map(|name| format!("{scope}.{name}")));
    }
    let (name, passed) = (text(&case["name"]), ours == wanted);
    report.case(corpus, name, filter, passed, &format!("{ours:?}"), &format!("{wanted:?}"));
}
