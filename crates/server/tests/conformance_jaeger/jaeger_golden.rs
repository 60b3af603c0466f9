//! Jaeger's own golden files: uploads and the answers of its `/api/v3` gateway.
//!
//! In: the folder. Out: a case each file. Files of storages and of Jaeger's own span format are left out: nothing
//! here reads or writes these formats.

use std::path::Path;

use serde_json::{Value, json};
use testkit::conformance::Report;

use crate::compare::{Loss, compare};
use crate::otlp_bodies::protobuf_of_json;
use crate::subject::{Listener, Question, Subject};
use crate::views;

const CORPUS: &str = "oracles/traces/jaeger-golden";

/// What the gateway's goldens were made without: they print spans that no receiver has seen.
const SUBSTITUTES: &[Loss] = &[("substitutes for what was not sent", drop_substitutes)];

/// Any time range.
const RANGE: &str = "query.startTimeMin=1960-01-01T00:00:00Z&query.startTimeMax=2100-01-01T00:00:00Z";

/// Runs all files.
pub fn run(report: &mut Report, folder: &Path, fresh: &mut dyn FnMut() -> Box<dyn Subject>) {
    let golden = |name: &str| {
        let path = folder.join(name);
        path.exists().then(|| crate::read(&path))
    };

    let upload = folder.join("otlp2jaeger/otlp2jaeger-in.json");
    if let (Ok(body), Some(wanted)) = (std::fs::read(upload), golden("otlp2jaeger/otlp2jaeger-out.json")) {
        let mut question = Question::get("/api/transform");
        question.method = "POST".to_owned();
        question.body = body;
        let ours = fresh().ask(Listener::Jaeger, &question);
        let ours: Value = serde_json::from_slice(&ours.body).unwrap_or_default();
        let verdict = compare(ours, wanted, &[]);
        report.case(
            CORPUS,
            "otlp2jaeger",
            "POST /api/transform",
            verdict.passed,
            &verdict.ours,
            &verdict.wanted,
        );
    }

    for name in ["GetTrace", "FindTraces"] {
        let Some(wanted) = golden(&format!("apiv3/{name}.json")) else { continue };
        let mut subject = fresh();
        let sent = wanted["result"].to_string();
        subject.load(&[protobuf_of_json(sent.as_bytes()).expect("the golden is OTLP/JSON")]);
        let path = match name {
            "GetTrace" => "/api/v3/traces/1".to_owned(),
            _ => format!("/api/v3/traces?{RANGE}"),
        };
        let ours = subject.ask(Listener::Jaeger, &Question::get(&path));
        let ours: Value = serde_json::from_slice(&ours.body).unwrap_or_default();
        let spans = |body: &Value| views::spans(&body["result"]["resourceSpans"]);
        let verdict = compare(spans(&ours), spans(&wanted), SUBSTITUTES);
        report.case(CORPUS, name, &format!("GET {path}"), verdict.passed, &verdict.ours, &verdict.wanted);
    }

    let service =
        |name: &str| json!({"attributes": [{"key": "service.name", "value": {"stringValue": name}}]});
    let span = |id: &str, name: &str, kind: i32, code: i32| {
        json!({"traceId": "00000000000000000000000000000001", "spanId": id, "name": name, "kind": kind,
            "startTimeUnixNano": "1000000000000", "endTimeUnixNano": "1001000000000", "status": {"code": code}})
    };
    let mut child = span("0000000000000002", "child", 1, 2);
    child["parentSpanId"] = json!("0000000000000001");
    let frontend = json!([span("0000000000000001", "HTTP GET /", 2, 0), child]);
    let cases = [
        ("FindTraceSummaries", format!("/api/v3/trace-summaries?{RANGE}"), "frontend", frontend),
        ("GetServices", "/api/v3/services".to_owned(), "foo", json!([span("0000000000000001", "x", 2, 0)])),
        (
            "GetOperations",
            "/api/v3/operations?service=foo".to_owned(),
            "foo",
            json!([span("0000000000000001", "get_users", 2, 0)]),
        ),
    ];
    for (name, path, service_name, spans) in cases {
        let Some(wanted) = golden(&format!("apiv3/{name}.json")) else { continue };
        let mut subject = fresh();
        let sent =
            json!({"resourceSpans": [{"resource": service(service_name), "scopeSpans": [{"spans": spans}]}]});
        subject.load(&[protobuf_of_json(sent.to_string().as_bytes()).expect("own JSON")]);
        let ours = subject.ask(Listener::Jaeger, &Question::get(&path));
        let ours: Value = serde_json::from_slice(&ours.body).unwrap_or_default();
        let verdict = compare(ours, wanted, &[]);
        report.case(CORPUS, name, &format!("GET {path}"), verdict.passed, &verdict.ours, &verdict.wanted);
    }
}

fn drop_substitutes(view: &mut Value) {
    for span in view.as_array_mut().into_iter().flatten() {
        if let Some(fields) = span["span"].as_object_mut() {
            fields.remove("attributes");
            fields.remove("endTimeUnixNano");
        }
        if let Some(fields) = span["resource"].as_object_mut() {
            fields.remove("attributes");
        }
    }
}
