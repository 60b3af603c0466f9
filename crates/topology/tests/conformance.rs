//! Runs the oracle of service graphs; `make conformance` prints its score.
//!
//! The edges are those of [`topology::pending`], heard by a sink that keeps the cases' own dimensions and buckets, which the
//! stored sums do not have. Cases lie in `$THROUGHLINE_ORACLES/traces/servicegraph`.

#[path = "conformance/edges.rs"]
mod edges;

use std::collections::BTreeMap;
use std::process::ExitCode;

use decode::request::{Format, traces};
use model::span_rows::SpanReader;
use model::{Attrs, Resource, Span, SpanId, SpanKind, TimeNs, TraceId};
use serde_json::Value as Json;
use testkit::conformance::Report;
use testkit::external::{Folder, find};

const CORPUS: &str = "traces/servicegraph";

fn main() -> ExitCode {
    let Some(folder) = find(Folder::Oracles, CORPUS) else { return ExitCode::SUCCESS };
    let mut report = Report::new("topology", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(folder.join("expected.json")).expect("the list of cases");
    let cases: Vec<Json> = serde_json::from_str(&text).expect("JSON");
    for case in &cases {
        let spans = match case["fixture"].as_str() {
            Some(name) => read_fixture(&std::fs::read(folder.join(name)).expect("a fixture")),
            None => inline(&case["spans_in_arrival_order"]),
        };
        let graph = edges::graph(&spans, &case["config"], !case["after"].is_null());
        let missing: Vec<String> = judge(case, &graph);
        let ours: Vec<String> = graph.edges.iter().map(|(labels, edge)| format!("{labels:?} {edge:?}")).collect();
        report.case(
            CORPUS,
            case["id"].as_str().unwrap_or_default(),
            &case["config"].to_string(),
            missing.is_empty(),
            &ours.join("; "),
            &missing.join("; "),
        );
    }
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read_fixture(body: &[u8]) -> Vec<Span> {
    let decoded = traces(Format::Json, body.to_vec().into(), TimeNs(0), &decode::Limits::default()).expect("OTLP");
    let mut rows = SpanReader::new(&decoded.batch).expect("own schema");
    (0..rows.len()).map(|row| rows.span(row).expect("own text")).collect()
}

fn inline(spans: &Json) -> Vec<Span> {
    let id = |json: &Json| {
        let text = format!("{:0>16}", json.as_str()?);
        SpanId::from_hex(&text)
    };
    let span = |json: &Json| Span {
        trace_id: TraceId([1; 16]),
        span_id: id(&json["spanId"]).unwrap_or_default(),
        parent_span_id: id(&json["parentSpanId"]),
        kind: SpanKind::from_name(json["kind"].as_str().unwrap_or_default()).unwrap_or_default(),
        attributes: json["attributes"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key.as_str(), value.as_str().unwrap_or_default()))
            .collect(),
        resource: std::sync::Arc::new(Resource {
            attributes: Attrs::from_iter([("service.name", json["service"].as_str().unwrap_or_default())]),
            ..Resource::default()
        }),
        ..Span::default()
    };
    spans.as_array().into_iter().flatten().map(span).collect()
}

/// What is wanted and not there.
fn judge(case: &Json, graph: &edges::Graph) -> Vec<String> {
    let mut missing = Vec::new();
    for wanted in case["expect"].as_array().into_iter().flatten() {
        let labels: BTreeMap<String, String> =
            serde_json::from_value(wanted["labels"].clone()).expect("texts by label");
        let Some(edge) = graph.edges.get(&labels) else {
            missing.push(wanted.to_string());
            continue;
        };
        let delta = wanted["sum_delta"].as_f64().unwrap_or(1e-9);
        for (name, value) in wanted.as_object().into_iter().flatten() {
            let Some(value) = value.as_f64().filter(|_| name != "sum_delta") else { continue };
            let ours = edge.value(name);
            if ours.is_none_or(|ours| (ours - value).abs() > delta) {
                missing.push(format!("{labels:?} {name}: wanted {value}, ours {ours:?}"));
            }
        }
    }
    for (name, value) in case["counters"].as_object().into_iter().flatten() {
        let ours = graph.counters.get(name).copied().unwrap_or(0);
        if Some(ours) != value.as_u64() {
            missing.push(format!("{name}: wanted {value}, ours {ours}"));
        }
    }
    missing
}
