//! Jaeger's integration suite for storages: searches with the traces that they must find.
//!
//! In: the folder of fixtures. Out: each search through `/api/traces` and through `/api/v3/traces`, and the suite's
//! other checks. Fixtures are years old, so days are moved as the suite does: 2017-01-25 to two days ago, every
//! other day to yesterday, with the time of day kept.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use model::TimeNs;
use serde_json::{Value, json};
use stdx::clock::{Clock, SystemClock};
use stdx::go::time::{RFC3339_NANO, Time, parse};
use testkit::conformance::Report;

use crate::otlp_bodies::protobuf_of_json;
use crate::subject::{Listener, Question, Subject};

const CORPUS: &str = "oracles/traces/jaeger-storage";
const DAY_NS: i64 = model::time::DAY_NS;

/// The day of the fixtures that becomes the day before yesterday: 2017-01-25.
const EARLIER_DAY: i64 = 17_191;

/// Runs everything of the suite but dependencies.
pub fn run(report: &mut Report, folder: &Path, fresh: &mut dyn FnMut() -> Box<dyn Subject>) {
    let today = SystemClock::new().now_unix_nano().div_euclid(DAY_NS);
    let mut subject = fresh();
    let mut ids: BTreeMap<String, String> = BTreeMap::new();
    let entries = std::fs::read_dir(folder.join("traces")).expect("a folder of fixtures");
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
        let mut trace = crate::read(path);
        shift_times(&mut trace, today);
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        ids.insert(name, first_span(&trace)["traceId"].as_str().unwrap_or_default().to_owned());
        subject.load(&[protobuf_of_json(trace.to_string().as_bytes()).expect("a fixture is OTLP/JSON")]);
    }
    let queries = crate::read(&folder.join("queries.json"));
    for case in queries.as_array().into_iter().flatten() {
        let query = Search::read(&case["Query"], today);
        let wanted: BTreeSet<String> = case["ExpectedFixtures"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| ids.get(name.as_str()?).cloned())
            .collect();
        let caption = case["Caption"].as_str().unwrap_or_default();
        let (legacy, v3) = (query.legacy(), query.v3());
        if !query.service.is_empty() {
            let found = found(&*subject, &legacy);
            note(report, CORPUS, &format!("{caption}, /api/traces"), &legacy, &found, &wanted);
        }
        let found = found(&*subject, &v3);
        note(report, CORPUS, &format!("{caption}, /api/v3/traces"), &v3, &found, &wanted);
    }
    let other = folder.join("expected_other.json");
    if other.exists() {
        run_other(
            report,
            CORPUS,
            &crate::read(&other),
            &folder.join("traces/example_trace.json"),
            today,
            fresh,
        );
    }
}

fn note(
    report: &mut Report,
    corpus: &str,
    name: &str,
    subject: &str,
    ours: &BTreeSet<String>,
    wanted: &BTreeSet<String>,
) {
    report.case(corpus, name, subject, ours == wanted, &format!("{ours:?}"), &format!("{wanted:?}"));
}

/// Ids of the traces that a search answers, in 32 digits.
fn found(subject: &dyn Subject, path: &str) -> BTreeSet<String> {
    let answer = subject.ask(Listener::Jaeger, &Question::get(path));
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let legacy = body["data"].as_array().into_iter().flatten().filter_map(|trace| trace["traceID"].as_str());
    let groups = body["result"]["resourceSpans"].as_array().into_iter().flatten();
    let v3 = groups.filter_map(|group| group["scopeSpans"][0]["spans"][0]["traceId"].as_str());
    legacy.chain(v3).map(|id| format!("{id:0>32}")).collect()
}

/// A search of the suite with its times moved.
struct Search {
    service: String,
    operation: String,
    tags: String,
    min: TimeNs,
    max: TimeNs,
    shortest_ns: i64,
    longest_ns: i64,
    limit: i64,
}

impl Search {
    fn read(query: &Value, today: i64) -> Self {
        let text = |key: &str| query[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| query[key].as_i64().unwrap_or(0);
        let time = |key: &str| {
            let time = parse(RFC3339_NANO, &text(key)).ok().and_then(|time| time.unix_ns());
            TimeNs(time.map_or(0, |at| shifted(at, today)))
        };
        let tags: BTreeMap<&String, String> = query["Tags"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| (key, value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            .collect();
        Self {
            service: text("ServiceName"),
            operation: text("OperationName"),
            tags: if tags.is_empty() { String::new() } else { json!(tags).to_string() },
            min: time("StartTimeMin"),
            max: time("StartTimeMax"),
            shortest_ns: number("DurationMin"),
            longest_ns: number("DurationMax"),
            limit: number("NumTraces"),
        }
    }

    fn legacy(&self) -> String {
        let mut pairs = vec![
            ("service", self.service.clone()),
            ("start", (self.min.0 / 1_000).to_string()),
            ("end", (self.max.0 / 1_000).to_string()),
            ("limit", self.limit.to_string()),
        ];
        pairs.extend(self.optional(["operation", "tags", "minDuration", "maxDuration"]));
        format!("/api/traces?{}", encoded(&pairs))
    }

    fn v3(&self) -> String {
        let rfc3339 = |at: TimeNs| Time::from_unix_ns(at.0).format(RFC3339_NANO);
        let mut pairs = vec![
            ("query.serviceName", self.service.clone()),
            ("query.startTimeMin", rfc3339(self.min)),
            ("query.startTimeMax", rfc3339(self.max)),
            ("query.searchDepth", self.limit.to_string()),
        ];
        let names = ["query.operationName", "query.attributes", "query.durationMin", "query.durationMax"];
        pairs.extend(self.optional(names));
        format!("/api/v3/traces?{}", encoded(&pairs))
    }

    fn optional<'a>(&self, [operation, tags, shortest, longest]: [&'a str; 4]) -> Vec<(&'a str, String)> {
        let duration = |ns: i64| if ns == 0 { String::new() } else { format!("{ns}ns") };
        let pairs = [
            (operation, self.operation.clone()),
            (tags, self.tags.clone()),
            (shortest, duration(self.shortest_ns)),
            (longest, duration(self.longest_ns)),
        ];
        pairs.into_iter().filter(|(_, value)| !value.is_empty()).collect()
    }
}

/// The checks that are written as code in the suite.
fn run_other(
    report: &mut Report,
    corpus: &str,
    expected: &Value,
    example: &Path,
    today: i64,
    fresh: &mut dyn FnMut() -> Box<dyn Subject>,
) {
    let mut trace = crate::read(example);
    shift_times(&mut trace, today);
    let id = first_span(&trace)["traceId"].as_str().unwrap_or_default().to_owned();
    let protobuf = |trace: &Value| protobuf_of_json(trace.to_string().as_bytes()).expect("OTLP/JSON");
    let ask = |subject: &dyn Subject, path: &str| -> Value {
        serde_json::from_slice(&subject.ask(Listener::Jaeger, &Question::get(path)).body).unwrap_or_default()
    };
    let mut check = |name: &str, path: &str, ours: Value, wanted: Value| {
        report.case(corpus, name, path, ours == wanted, &ours.to_string(), &wanted.to_string());
    };

    let mut subject = fresh();
    subject.load(&[protobuf(&trace)]);
    check(
        "services",
        "/api/services",
        ask(&*subject, "/api/services")["data"].clone(),
        expected["services"].clone(),
    );
    for (service, wanted) in expected["operations"].as_object().into_iter().flatten() {
        let path = format!("/api/operations?service={service}");
        check("operations", &path, ask(&*subject, &path)["data"].clone(), wanted.clone());
    }
    let path = format!("/api/v3/traces/{id}?rawTraces=true");
    let spans = |body: &Value| crate::views::spans(&body["resourceSpans"]);
    check("get trace", &path, spans(&ask(&*subject, &path)["result"]), spans(&trace));

    let path = format!(
        "/api/v3/trace-summaries?query.serviceName={}&query.startTimeMin=2000-01-01T00:00:00Z&query.startTimeMax=2200-01-01T00:00:00Z&query.searchDepth=10",
        trace["resourceSpans"][0]["resource"]["attributes"][0]["value"]["stringValue"]
            .as_str()
            .unwrap_or_default()
    );
    let summary = ask(&*subject, &path)["summaries"][0].clone();
    let is_full = summary["spanCount"] == json!(spans(&trace).as_array().map_or(0, Vec::len))
        && summary["services"].as_array().is_some_and(|services| !services.is_empty())
        && summary["minStartTimeUnixNano"].is_string()
        && summary["maxEndTimeUnixNano"].is_string();
    check("summaries", &path, json!(is_full), json!(true));

    for (name, shares_ids) in [("large_trace", false), ("duplicate_span_ids", true)] {
        let count = expected[name]["spans"].as_u64().unwrap_or(0);
        let mut subject = fresh();
        subject.load(&[protobuf(&copies(&trace, count, shares_ids))]);
        let path = format!("/api/v3/traces/{id}");
        let ours = spans(&ask(&*subject, &path)["result"]).as_array().map_or(0, Vec::len);
        check(name, &path, json!(ours), json!(count));
    }

    let across = &expected["search_without_service"];
    let mut subject = fresh();
    let now = SystemClock::new().now_unix_nano();
    for trace in across["traces"].as_array().into_iter().flatten() {
        let attribute = |key: &str, value: &Value| json!({"key": key, "value": {"stringValue": value}});
        let attributes: Vec<Value> = trace["spanAttr"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, value)| attribute(key, value))
            .collect();
        let span = json!({"traceId": trace["traceId"], "spanId": trace["spanId"], "name": trace["name"],
            "startTimeUnixNano": now.to_string(), "endTimeUnixNano": (now + 1_000).to_string(),
            "attributes": attributes});
        let resource = json!({"attributes": [attribute("service.name", &trace["service"])]});
        subject.load(&[protobuf(
            &json!({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": [span]}]}]}),
        )]);
    }
    let rfc3339 = |at: i64| Time::from_unix_ns(at).format(RFC3339_NANO);
    let hour = 3_600_000_000_000;
    let pairs = [
        ("query.attributes", across["query"]["attributes"].to_string()),
        ("query.startTimeMin", rfc3339(now - hour)),
        ("query.startTimeMax", rfc3339(now + hour)),
        ("query.searchDepth", across["query"]["searchDepth"].to_string()),
    ];
    let path = format!("/api/v3/trace-summaries?{}", encoded(&pairs));
    let mut services: Vec<Value> = ask(&*subject, &path)["summaries"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|summary| summary["services"][0]["name"].clone())
        .collect();
    services.sort_by_key(Value::to_string);
    check("search without service", &path, Value::Array(services), across["expect_services"].clone());
}

/// The first span so many times, each a second later; with their own ids, or every twentieth with the first id.
fn copies(trace: &Value, count: u64, shares_ids: bool) -> Value {
    let first = first_span(trace);
    let time = |key: &str| first[key].as_str().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    let (start, end) = (time("startTimeUnixNano"), time("endTimeUnixNano"));
    let spans: Vec<Value> = (0..count)
        .map(|at| {
            let mut span = first.clone();
            if !shares_ids || at == 0 || at % 20 != 0 {
                span["spanId"] = json!(format!("{:016x}", at + 1));
            }
            span["startTimeUnixNano"] = json!((start + (at + 1) * 1_000_000_000).to_string());
            span["endTimeUnixNano"] = json!((end + (at + 1) * 1_000_000_000).to_string());
            span
        })
        .collect();
    json!({"resourceSpans": [{
        "resource": trace["resourceSpans"][0]["resource"],
        "scopeSpans": [{"spans": spans}],
    }]})
}

fn first_span(trace: &Value) -> &Value {
    &trace["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
}

fn shift_times(value: &mut Value, today: i64) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| shift_times(element, today)),
        Value::Object(fields) => {
            for (key, value) in fields {
                if key.ends_with("UnixNano") {
                    let at = value.as_str().and_then(|text| text.parse().ok()).unwrap_or(0);
                    *value = json!(shifted(at, today).to_string());
                } else {
                    shift_times(value, today);
                }
            }
        }
        _ => {}
    }
}

fn shifted(at: i64, today: i64) -> i64 {
    let day = if at.div_euclid(DAY_NS) == EARLIER_DAY { today - 2 } else { today - 1 };
    day * DAY_NS + at.rem_euclid(DAY_NS)
}

fn encoded(pairs: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}
