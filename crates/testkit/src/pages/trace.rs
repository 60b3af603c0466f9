//! Examples of traces: a login that reaches two databases, and a chat message that fails on purpose.

use api::check::{Checked, Problem};
use api::names::{KeyCount, Keys, ValueCount, Values};
use api::traces::{FoundTrace, FoundTraces, SearchCost, ServiceSpans, Skeleton, SkeletonSpan};
use serde_json::{Value, json};

use super::world::FROM;

/// Id of the login.
pub(super) const LOGIN: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// Id of the failed message.
pub(super) const FAILED_CHAT: &str = "0af7651916cd43dd8448eb211c80319c";

const US: i64 = 1_000;

/// A span of an example.
pub(super) struct Step {
    id: &'static str,
    parent: Option<&'static str>,
    service: &'static str,
    name: &'static str,
    kind: &'static str,
    start_us: i64,
    duration_us: i64,
    failed: Option<(&'static str, &'static str)>,
    attributes: &'static [(&'static str, &'static str)],
}

/// A trace of an example.
pub(super) struct Example {
    id: &'static str,
    start: i64,
    steps: Vec<Step>,
}

const fn step(
    (id, parent): (&'static str, Option<&'static str>),
    (service, name, kind): (&'static str, &'static str, &'static str),
    (start_us, duration_us): (i64, i64),
    attributes: &'static [(&'static str, &'static str)],
) -> Step {
    Step { id, parent, service, name, kind, start_us, duration_us, failed: None, attributes }
}

/// The login through Google.
pub(super) fn login() -> Example {
    let a = |n: &'static str| n;
    Example {
        id: LOGIN,
        start: FROM + 42_000_000_000,
        steps: vec![
            step(
                (a("00000000000000a1"), None),
                ("gateway", "POST /api/v1/login", "server"),
                (0, 148_000),
                &[
                    ("http.request.method", "POST"),
                    ("http.route", "/api/v1/login"),
                    ("http.response.status_code", "200"),
                ],
            ),
            step(
                (a("00000000000000a2"), Some("00000000000000a1")),
                ("gateway", "POST", "client"),
                (3_000, 141_000),
                &[("server.address", "auth-api.growbin"), ("http.request.method", "POST")],
            ),
            step(
                (a("00000000000000a3"), Some("00000000000000a2")),
                ("auth-api", "POST /api/v1/login", "server"),
                (6_000, 135_000),
                &[("http.route", "/api/v1/login"), ("user.id", "jiwoo")],
            ),
            step(
                (a("00000000000000a4"), Some("00000000000000a3")),
                ("auth-api", "POST", "client"),
                (9_000, 92_000),
                &[
                    ("server.address", "oauth2.googleapis.com"),
                    ("url.full", "https://oauth2.googleapis.com/token"),
                ],
            ),
            step(
                (a("00000000000000a5"), Some("00000000000000a3")),
                ("auth-api", "SELECT users", "client"),
                (104_000, 4_000),
                &[
                    ("db.system.name", "postgresql"),
                    ("db.namespace", "users"),
                    ("db.query.text", "SELECT id, name FROM users WHERE email = %s"),
                ],
            ),
            step(
                (a("00000000000000a6"), Some("00000000000000a3")),
                ("auth-api", "SET", "client"),
                (110_000, 900),
                &[("db.system.name", "redis"), ("db.query.text", "SET session:? ?")],
            ),
        ],
    }
}

/// The message that is too long.
pub(super) fn failed_chat() -> Example {
    let mut steps = vec![
        step(
            ("00000000000000c1", None),
            ("gateway", "POST /api/v1/chat/messages", "server"),
            (0, 423_000),
            &[("http.route", "/api/v1/chat/messages"), ("http.response.status_code", "500")],
        ),
        step(
            ("00000000000000c2", Some("00000000000000c1")),
            ("chat-api", "POST /api/v1/chat/messages", "server"),
            (5_000, 412_000),
            &[("http.route", "/api/v1/chat/messages"), ("http.response.status_code", "500")],
        ),
        step(
            ("00000000000000c3", Some("00000000000000c2")),
            ("chat-api", "GET", "client"),
            (8_000, 800),
            &[("db.system.name", "redis"), ("db.query.text", "GET chat:?")],
        ),
        step(
            ("00000000000000c4", Some("00000000000000c2")),
            ("chat-api", "POST", "client"),
            (12_000, 391_000),
            &[("server.address", "api.openai.com"), ("http.response.status_code", "200")],
        ),
    ];
    steps[0].failed = Some(("", ""));
    steps[1].failed = Some(("ValueError", "메시지가 너무 깁니다: 4096 characters at most"));
    Example { id: FAILED_CHAT, start: FROM + 700_000_000_000, steps }
}

fn start(example: &Example, step: &Step) -> i64 {
    example.start + step.start_us * US
}

/// The rows of a picture.
pub(super) fn skeleton(example: &Example) -> Skeleton {
    let spans = example.steps.iter().map(|step| SkeletonSpan {
        span_id: step.id.to_owned(),
        parent_span_id: step.parent.map(str::to_owned),
        service: Some(step.service.to_owned()),
        name: step.name.to_owned(),
        kind: step.kind.to_owned(),
        status: if step.failed.is_some() { "error" } else { "unset" }.to_owned(),
        status_message: step.failed.map(|failed| failed.1.to_owned()).unwrap_or_default(),
        start_time_unix_nano: start(example, step).to_string(),
        duration_nano: step.duration_us * US,
        event_count: usize::from(step.failed.is_some_and(|failed| !failed.0.is_empty())),
        link_count: 0,
    });
    Skeleton { trace_id: example.id.to_owned(), spans: spans.collect() }
}

/// The whole trace as OTLP/JSON.
pub(super) fn full(example: &Example) -> Value {
    let text = |(key, value): (&str, &str)| json!({ "key": key, "value": { "stringValue": value } });
    let resource_spans = example.steps.iter().map(|step| {
        let failed = step.failed.filter(|failed| !failed.0.is_empty());
        let events = failed.map(|(kind, message)| {
            let stack = format!("Traceback (most recent call last):\n  File \"/app/chat/messages.py\", line 57, in post_message\n    raise ValueError(text)\n{kind}: {message}");
            json!({
                "timeUnixNano": (start(example, step) + step.duration_us * US - 50_000).to_string(), "name": "exception",
                "attributes": [text(("exception.type", kind)), text(("exception.message", message)), text(("exception.stacktrace", &stack))],
            })
        });
        let attributes: Vec<Value> = step.attributes.iter().copied().map(text).collect();
        let kind = match step.kind {
            "server" => 2,
            "client" => 3,
            _ => 1,
        };
        let mut span = json!({
            "traceId": example.id, "spanId": step.id, "parentSpanId": step.parent.unwrap_or_default(), "name": step.name, "kind": kind, "flags": 257,
            "startTimeUnixNano": start(example, step).to_string(), "endTimeUnixNano": (start(example, step) + step.duration_us * US).to_string(),
            "attributes": attributes, "events": events.into_iter().collect::<Vec<_>>(), "status": {},
        });
        if let Some((_, message)) = step.failed {
            span["status"] = json!({ "code": 2, "message": message });
        }
        json!({
            "resource": { "attributes": [text(("service.name", step.service)), text(("service.namespace", "growbin")), text(("service.version", "3.0.1")), text(("telemetry.sdk.language", "python"))] },
            "scopeSpans": [{ "scope": { "name": "opentelemetry.instrumentation.fastapi", "version": "0.60b0" }, "spans": [span] }],
        })
    });
    json!({ "resourceSpans": resource_spans.collect::<Vec<_>>() })
}

/// What a search finds.
pub(super) fn found() -> FoundTraces {
    let one = |example: &Example, n: usize| {
        let root = &example.steps[0];
        let mut services: Vec<ServiceSpans> = Vec::new();
        for step in &example.steps {
            let failed = u64::from(step.failed.is_some());
            match services.iter_mut().find(|service| service.service.as_deref() == Some(step.service)) {
                Some(service) => {
                    (service.spans, service.errors) = (service.spans + 1, service.errors + failed)
                }
                None => services.push(ServiceSpans {
                    service: Some(step.service.to_owned()),
                    spans: 1,
                    errors: failed,
                }),
            }
        }
        services.sort_by(|a, b| a.service.cmp(&b.service));
        FoundTrace {
            trace_id: if n < 2 { example.id.to_owned() } else { format!("{n:032x}") },
            root_service: Some(root.service.to_owned()),
            root_name: Some(root.name.to_owned()),
            start_time_unix_nano: (example.start - n as i64 * 7_000_000_000).to_string(),
            duration_nano: root.duration_us * US * (1 + n as i64 % 5),
            span_count: example.steps.len() as u64,
            error_count: services.iter().map(|service| service.errors).sum(),
            services,
        }
    };
    let (login, failed) = (login(), failed_chat());
    let mut traces: Vec<FoundTrace> =
        (0..40).map(|n| one(if n % 5 == 0 { &failed } else { &login }, n)).collect();
    traces.sort_by(|a, b| b.start_time_unix_nano.cmp(&a.start_time_unix_nano));
    FoundTraces { traces, cost: SearchCost { elapsed_nano: 4_100_000 } }
}

/// Keys of attributes.
pub(super) fn attributes() -> Keys {
    let key =
        |scope: &str, key: &str, count| KeyCount { scope: scope.to_owned(), key: key.to_owned(), count };
    Keys {
        attributes: vec![
            key("resource", "service.version", 48_000),
            key("span", "http.route", 21_300),
            key("span", "http.response.status_code", 21_300),
            key("span", "db.system.name", 18_200),
            key("span", "user.id", 940),
        ],
        complete: true,
    }
}

/// Values of one.
pub(super) fn values() -> Values {
    let value = |value: &str, count| ValueCount { value: value.to_owned(), count };
    Values {
        values: vec![value("postgresql", 9_100), value("redis", 8_700), value("mysql", 400)],
        complete: true,
    }
}

/// A right filter.
pub(super) fn checked() -> Checked {
    Checked {
        canonical: Some("{ resource.service.name = \"chat-api\" && duration > 1s }".to_owned()),
        problems: Vec::new(),
    }
}

/// A wrong one.
pub(super) fn wrong() -> Checked {
    Checked {
        canonical: None,
        problems: vec![Problem {
            start: 11,
            end: 13,
            message: "unexpected `&&`".to_owned(),
            expected: vec!["a value".to_owned()],
            unsupported: false,
        }],
    }
}
