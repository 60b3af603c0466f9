//! Parameters: what each request is read as, or how it is refused.
//!
//! In: the lists of cases of Jaeger and Tempo. Out: a case each; refusals are asked of the subject, readings are
//! compared with what our own parsers read.

use model::TimeNs;
use serde_json::{Value, json};
use server::api::jaeger::legacy_params::{MetricParams, TraceParams};
use server::api::jaeger::trace_id;
use server::api::jaeger::v3_params::SearchParams;
use server::api::params::Params;
use server::api::tempo::by_id_params::ByIdParams;
use testkit::conformance::Report;

use crate::subject::{Listener, Question, Subject};

/// The cases of Jaeger's HTTP APIs, on an empty subject.
pub fn run_jaeger(report: &mut Report, cases: &Value, subject: &dyn Subject) {
    let mut ask = |group: &str, url: &str, case: &Value| {
        if let Some(wanted) = case.get("parsed") {
            let ours = reading(group, url).unwrap_or_else(|refusal| json!({"refused": refusal}));
            let passed = holds(wanted, &ours);
            note(report, group, url, passed, &ours.to_string(), wanted);
            return;
        }
        let answer = subject.ask(Listener::Jaeger, &Question::get(url));
        let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        let message =
            body["errors"][0]["msg"].as_str().or(body["error"]["message"].as_str()).unwrap_or_default();
        let text_of = |key: &str| case[key].as_str();
        let contained = |wanted: &Value| wanted.as_str().is_some_and(|wanted| message.contains(wanted));
        let contains = match &case["error_contains"] {
            Value::Null => true,
            Value::Array(parts) => parts.iter().all(contained),
            part => contained(part),
        };
        let passed = case["status"].as_u64().is_none_or(|status| status == u64::from(answer.status))
            && text_of("error").is_none_or(|wanted| message == wanted)
            && text_of("error_prefix").is_none_or(|wanted| message.starts_with(wanted))
            && case.get("body").is_none_or(|wanted| holds(wanted, &body))
            && contains
            && (case["ok"] != true || answer.status < 400);
        let ours = format!("{} {}", answer.status, answer.text().trim_end());
        note(report, group, url, passed, &ours, case);
    };
    for group in ["legacy_api", "metrics_api", "v3_trace"] {
        for case in elements(&cases[group]) {
            ask(group, case["url"].as_str().unwrap_or_default(), case);
        }
    }
    for case in elements(&cases["v3_search"]) {
        let pairs = case["params"].as_object().into_iter().flatten();
        let pairs: Vec<(String, &str)> =
            pairs.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default())).collect();
        ask("v3_search", &format!("/api/v3/traces?{}", encoded(&pairs)), case);
    }
    for case in elements(&cases["v3_filter"]) {
        let filter = case["filter"].to_string();
        let times = [
            ("query.startTimeMin".to_owned(), "2026-01-01T00:00:00Z"),
            ("query.startTimeMax".to_owned(), "2026-01-01T01:00:00Z"),
            ("query.filter".to_owned(), filter.as_str()),
        ];
        let mut case = case.clone();
        if case["ok"] == false {
            case["status"] = json!(400);
        }
        ask("v3_filter", &format!("/api/v3/traces?{}", encoded(&times)), &case);
    }
    for case in elements(&cases["trace_id_forms"]) {
        let text = case["in"].as_str().unwrap_or_default();
        let ours = trace_id::from_path(text);
        let passed = ours.as_ref().ok().map(ToString::to_string).as_deref() == case["hex"].as_str();
        note(report, "trace_id_forms", text, passed, &format!("{ours:?}"), &case["hex"]);
    }
    for case in elements(&cases["pretty_print"]) {
        let url = format!("/api/services{}", case["param"].as_str().unwrap_or_default());
        let answer = subject.ask(Listener::Jaeger, &Question::get(&url));
        let passed = answer.body.contains(&b'\n') == (case["indented"] == true);
        note(report, "pretty_print", &url, passed, &answer.text(), &case["indented"]);
    }
}

fn note(report: &mut Report, group: &str, subject: &str, passed: bool, ours: &str, wanted: &Value) {
    let name = format!("{group} {subject}");
    report.case("oracles/traces/jaeger-http-params", &name, subject, passed, ours, &wanted.to_string());
}

/// Our reading of a request in the words of the cases.
fn reading(group: &str, url: &str) -> Result<Value, String> {
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let params = Params::parse(Some(query));
    match group {
        "legacy_api" => {
            let read = TraceParams::read(&params, TimeNs(0)).map_err(|refusal| refusal.message)?;
            let ids: Vec<String> = read.trace_ids.iter().map(|id| trace_id::short(*id)).collect();
            Ok(json!({
                "service": read.service, "operation": read.operation, "start_us": read.start_us,
                "end_us": read.end_us, "limit": read.limit, "tags": read.tags, "min_ns": read.min_ns,
                "max_ns": read.max_ns, "raw": read.raw, "trace_ids": ids,
            }))
        }
        "metrics_api" => {
            let read = MetricParams::read(&params, path.ends_with("latencies"))
                .map_err(|refusal| refusal.message)?;
            let kinds: Vec<String> =
                read.span_kinds.iter().map(|kind| format!("SPAN_KIND_{}", kind.to_uppercase())).collect();
            Ok(json!({
                "groupByOperation": read.group_by_operation, "step_ms": read.step_ms,
                "services": read.services, "spanKinds": kinds, "lookback_ms": read.lookback_ms,
                "ratePer_ms": read.rate_per_ms, "endTs_ms": read.end_ms, "quantile": read.quantile,
            }))
        }
        _ => {
            let read = SearchParams::read(&params).map_err(|refusal| refusal.message)?;
            Ok(json!({
                "service": read.service, "operation": read.operation, "depth": read.depth,
                "dmin_ns": read.min_ns, "dmax_ns": read.max_ns, "raw": read.raw, "attributes": read.attributes,
            }))
        }
    }
}

/// Trace by id of Tempo's list, on an empty subject.
pub fn run_tempo(report: &mut Report, cases: &Value, subject: &dyn Subject) {
    for case in elements(&cases["trace_by_id"]) {
        let url = case["url"].as_str().unwrap_or_default();
        let (path, query) = url.split_once('?').unwrap_or((url, ""));
        let id = path.rsplit('/').next().unwrap_or_default();
        let (passed, ours) = if let Some(wanted) = case.get("parsed") {
            let read = ByIdParams::read(id, &Params::parse(Some(query)));
            let ours = match read {
                Ok(read) => json!({"mode": read.mode, "start": read.start_s, "end": read.end_s}),
                Err(error) => json!({"refused": error}),
            };
            (holds(wanted, &ours), ours.to_string())
        } else {
            let answer = subject.ask(Listener::Tempo, &Question::get(url));
            let passed = case["status"].as_u64() == Some(u64::from(answer.status))
                && case["error"].as_str().is_none_or(|wanted| answer.text() == wanted);
            (passed, format!("{} {}", answer.status, answer.text()))
        };
        report.case("oracles/traces/tempo-api-params", url, url, passed, &ours, &case.to_string());
    }
}

/// Whether everything that is wanted is there and equal; notes of the case are no wish.
fn holds(wanted: &Value, ours: &Value) -> bool {
    match (wanted, ours) {
        (Value::Object(wanted), Value::Object(ours)) => wanted
            .iter()
            .filter(|(key, _)| *key != "note")
            .all(|(key, value)| ours.get(key).is_some_and(|other| holds(value, other))),
        (Value::Array(wanted), Value::Array(ours)) => {
            wanted.len() == ours.len() && wanted.iter().zip(ours).all(|(a, b)| holds(a, b))
        }
        _ => wanted == ours,
    }
}

fn elements(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn encoded(pairs: &[(String, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
