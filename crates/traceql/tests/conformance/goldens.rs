//! Answers recorded from the original: searches and metrics over our own synthetic traces, and
//! error texts.
//!
//! The recording server held more than those traces; cases whose answer shows any other trace, or
//! whose query does not name the synthetic services, are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::{Span, TimeNs, TimeRange};
use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::memory::MemorySource;
use traceql::metrics::{MetricsOptions, Window, default_step_ns, evaluate, label_text};
use traceql::source::Control;
use traceql::value::Value;

use crate::{items, otlp, read, search, text};

const SECOND: i64 = 1_000_000_000;

/// The cases that need no server.
pub fn run(folder: &Path, report: &mut Report) {
    let spans = otlp::spans(&read(folder, "x01_synthetic.json"));
    // The newer build's answers win where both were recorded.
    let mut cases: BTreeMap<(String, String), Json> = BTreeMap::new();
    for file in ["tempo.json", "tempo-head.json"] {
        for case in items(&read(folder, file)["cases"]) {
            let url = text(&case["request"]["path_and_query"]).to_owned();
            cases.insert((text(&case["id"]).to_owned(), url), case.clone());
        }
    }
    for ((id, url), case) in &cases {
        let (path, parameters) = url.split_once('?').unwrap_or((url, ""));
        let parameters = parse_parameters(parameters);
        let query = parameters.get("q").or_else(|| parameters.get("query"));
        let Some(query) = query else {
            continue;
        };
        let status = case["response"]["status"].as_u64().unwrap_or(0);
        let body = text(&case["response"]["body"]);
        match (path, status) {
            ("/api/search", 400) => errors(report, id, query, body),
            ("/api/search", 200) => {
                found(report, id, query, &parameters, body, &spans);
            }
            ("/api/metrics/query" | "/api/metrics/query_range", 200) if is_ours(query) => {
                let is_instant = path == "/api/metrics/query";
                series(report, id, query, &parameters, body, &spans, is_instant);
            }
            _ => {}
        }
    }
}

/// Whether a query asks for the synthetic services only.
fn is_ours(query: &str) -> bool {
    query.contains("x-alpha") || query.contains("x-beta") || query.contains("x-.*") || query.contains("x-(")
}

/// Percent-decoded pairs.
fn parse_parameters(text: &str) -> BTreeMap<String, String> {
    let decoded = |text: &str| {
        let mut bytes = Vec::new();
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            match byte {
                b'+' => bytes.push(b' '),
                b'%' => {
                    let hex: String = rest.by_ref().take(2).map(char::from).collect();
                    bytes.push(u8::from_str_radix(&hex, 16).unwrap_or(b'?'));
                }
                byte => bytes.push(byte),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(key, value)| (decoded(key), decoded(value))).collect()
}

fn errors(report: &mut Report, id: &str, query: &str, body: &str) {
    let Some(wanted) = body.trim_end().strip_prefix("invalid TraceQL query: ") else {
        return;
    };
    let ours = match traceql::check(query) {
        Ok(canonical) => format!("valid: {canonical}"),
        Err(problems) => problems[0].to_text(query),
    };
    report.case("goldens/tempo/errors", id, query, ours == wanted, &ours, wanted);
}

fn found(
    report: &mut Report,
    id: &str,
    query: &str,
    parameters: &BTreeMap<String, String>,
    body: &str,
    spans: &[Span],
) {
    let (Some(start), Some(end)) = (seconds(parameters, "start"), seconds(parameters, "end")) else {
        return;
    };
    let range = TimeRange { start: TimeNs(start), end: TimeNs(end) };
    let Ok(answer) = serde_json::from_str::<Json>(body) else {
        return;
    };
    let own: BTreeSet<String> =
        spans.iter().map(|span| span.trace_id.to_string().trim_start_matches('0').to_owned()).collect();
    let wanted: BTreeMap<String, String> = items(&answer["traces"])
        .iter()
        .map(|trace| {
            let mut sets: Vec<String> =
                items(&trace["spanSets"]).iter().map(|set| set["matched"].to_string()).collect();
            sets.sort();
            (text(&trace["traceID"]).to_owned(), sets.join(","))
        })
        .collect();
    let is_cut = parameters
        .get("limit")
        .map_or(Some(20), |limit| limit.parse().ok())
        .is_none_or(|limit| wanted.len() >= limit);
    let is_about_others = wanted.keys().any(|trace| !own.contains(trace));
    if is_about_others || is_cut || (wanted.is_empty() && !is_ours(query)) {
        return;
    }
    let (passed, ours) = match search::find_in(query, spans, range) {
        Ok(result) => {
            let ours: BTreeMap<String, String> = result
                .traces
                .iter()
                .map(|found| {
                    let mut sets: Vec<String> =
                        found.spansets.iter().map(|set| set.matched.to_string()).collect();
                    sets.sort();
                    (found.id.to_string().trim_start_matches('0').to_owned(), sets.join(","))
                })
                .collect();
            (ours == wanted, format!("{ours:?}"))
        }
        Err(error) => (false, format!("error: {error}")),
    };
    report.case("goldens/tempo/search", id, query, passed, &ours, &format!("{wanted:?}"));
}

fn seconds(parameters: &BTreeMap<String, String>, name: &str) -> Option<i64> {
    parameters.get(name)?.parse::<i64>().ok()?.checked_mul(SECOND)
}

fn step(parameters: &BTreeMap<String, String>, length: i64) -> Option<i64> {
    match parameters.get("step") {
        None => Some(default_step_ns(length)),
        Some(text) => match text.parse::<f64>() {
            Ok(seconds) => Some((seconds * 1e9) as i64),
            Err(_) => traceql::lexer::parse_duration(text),
        },
    }
}

/// A label's value as the answer writes it.
fn any_value(json: &Json) -> String {
    let pair = json.as_object().and_then(|map| map.iter().next());
    match pair {
        Some((kind, value)) if kind == "doubleValue" => {
            label_text(&Value::Float(value.as_f64().unwrap_or(f64::NAN)))
        }
        Some((_, Json::String(text))) => text.clone(),
        Some((_, other)) => other.to_string(),
        None => String::new(),
    }
}

type Shown = BTreeMap<String, BTreeMap<i64, f64>>;

fn series(
    report: &mut Report,
    id: &str,
    query: &str,
    parameters: &BTreeMap<String, String>,
    body: &str,
    spans: &[Span],
    is_instant: bool,
) {
    let (Some(start), Some(end)) = (seconds(parameters, "start"), seconds(parameters, "end")) else {
        return;
    };
    if parameters.contains_key("maxSeries") {
        return;
    }
    let (Some(step), Ok(answer)) = (step(parameters, end - start), serde_json::from_str::<Json>(body)) else {
        return;
    };
    let window = if is_instant {
        Window::instant_of_request(start, end)
    } else {
        Window::of_request(start, end, step)
    };
    let wanted: Shown = items(&answer["series"])
        .iter()
        .map(|series| {
            let labels: Vec<String> = items(&series["labels"])
                .iter()
                .map(|label| format!("{}={}", text(&label["key"]), any_value(&label["value"])))
                .collect();
            let mut values: BTreeMap<i64, f64> = items(&series["samples"])
                .iter()
                .map(|sample| {
                    let at = text(&sample["timestampMs"]).parse().unwrap_or(0);
                    (at, sample["value"].as_f64().unwrap_or(0.0))
                })
                .collect();
            if is_instant {
                values.insert(end / 1_000_000, series["value"].as_f64().unwrap_or(0.0));
            }
            (labels.join(","), values)
        })
        .collect();
    let options = MetricsOptions { window, exemplars_max: 100, series_max: 10_000 };
    let never = || false;
    let control = Control::new(&never, 256 << 20);
    let source = MemorySource::new(spans.to_vec(), 4);
    let computed = traceql::parse(query)
        .map_err(|error| error.to_text(query))
        .and_then(|parsed| evaluate(&parsed, &source, &options, &control).map_err(|error| error.to_string()));
    let (passed, ours) = match computed {
        Ok(series) => {
            let ours: Shown = series
                .iter()
                .map(|series| {
                    let labels: Vec<String> = series
                        .labels
                        .iter()
                        .map(|(name, value)| format!("{name}={}", label_text(value)))
                        .collect();
                    let values = series.values.iter().enumerate().filter(|(_, value)| !value.is_nan());
                    let values =
                        values.map(|(interval, value)| (window.timestamp_of(interval) / 1_000_000, *value));
                    (labels.join(","), values.collect::<BTreeMap<_, _>>())
                })
                .filter(|(_, values)| !values.is_empty())
                .collect();
            (same(&ours, &wanted), difference(&ours, &wanted))
        }
        Err(error) => (false, error),
    };
    let shown = format!("{} series", wanted.len());
    report.case("goldens/tempo/metrics", id, query, passed, &ours, &shown);
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
}

fn same(ours: &Shown, wanted: &Shown) -> bool {
    difference(ours, wanted).is_empty()
}

/// What one side has and the other has not.
fn difference(ours: &Shown, wanted: &Shown) -> String {
    let agrees = |a: &BTreeMap<i64, f64>, b: &BTreeMap<i64, f64>| {
        a.len() == b.len() && a.iter().all(|(at, value)| b.get(at).is_some_and(|other| close(*value, *other)))
    };
    let mut lines = Vec::new();
    for (labels, values) in wanted {
        match ours.get(labels) {
            Some(own) if agrees(own, values) => {}
            Some(own) => lines.push(format!("{labels}: {own:?} for {values:?}")),
            None => lines.push(format!("lacks {labels} {values:?}")),
        }
    }
    lines.extend(
        ours.keys().filter(|labels| !wanted.contains_key(*labels)).map(|labels| format!("has {labels}")),
    );
    lines.join("; ")
}
