//! A trace as the Jaeger UI reads it.
//!
//! In: a trace's copy. Out: the JSON object of `/api/traces`. Times are microseconds, cut; resources become
//! processes `p1`, `p2`, ... in order of first appearance, equal ones merged; status, kind and scope become tags.
//! Counts of dropped things, flags, schema URLs and attributes of scopes and links have no place in this format.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{AttrValue, Attrs, Link, Resource, Scope, StatusCode};
use query::predicate::text_of;
use serde::Serialize;

use super::trace_id::short;
use crate::api::otlp_json::Double;
use crate::api::trace::{Placed, Trace};

/// Stands for the service of a resource without any attribute, where no substitute was put before.
const NO_RESOURCE: &str = "OTLPResourceNoServiceName";

/// Largest integer that JavaScript holds exactly; others are printed as strings.
const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

/// The whole trace.
#[derive(Debug, Serialize)]
pub struct UiTrace<'a> {
    #[serde(rename = "traceID")]
    trace_id: String,
    spans: Vec<UiSpan<'a>>,
    processes: BTreeMap<String, Process<'a>>,
    /// The original knows warnings of whole traces, but gives none.
    warnings: (),
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct UiSpan<'a> {
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
    operation_name: &'a str,
    references: Vec<Reference>,
    start_time: i64,
    duration: i64,
    tags: Vec<KeyValue<'a>>,
    logs: Vec<Log<'a>>,
    #[serde(rename = "processID")]
    process_id: String,
    warnings: Option<&'a [String]>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Reference {
    ref_type: &'static str,
    #[serde(rename = "traceID")]
    trace_id: String,
    #[serde(rename = "spanID")]
    span_id: String,
}

#[derive(Debug, Serialize)]
struct Log<'a> {
    timestamp: i64,
    fields: Vec<KeyValue<'a>>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Process<'a> {
    service_name: &'a str,
    tags: Vec<KeyValue<'a>>,
}

#[derive(Debug, Serialize)]
struct KeyValue<'a> {
    key: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    value: Value<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Value<'a> {
    Text(Cow<'a, str>),
    Bool(bool),
    Int(i64),
    Double(Double),
}

/// Draws up the answer for one trace.
pub fn ui_trace(trace: &Trace) -> UiTrace<'_> {
    let mut processes = BTreeMap::new();
    let mut by_content: HashMap<String, String> = HashMap::new();
    let mut by_resource: HashMap<usize, String> = HashMap::new();
    for placed in &trace.spans {
        if by_resource.contains_key(&placed.resource) {
            continue;
        }
        let process = process(&trace.resources[placed.resource]);
        let content = serde_json::to_string(&process).unwrap_or_default();
        let id = by_content.entry(content).or_insert_with(|| {
            let id = format!("p{}", processes.len() + 1);
            processes.insert(id.clone(), process);
            id
        });
        by_resource.insert(placed.resource, id.clone());
    }
    let spans = trace
        .spans
        .iter()
        .map(|placed| {
            let process_id = by_resource.get(&placed.resource).cloned().unwrap_or_default();
            ui_span(placed, &trace.scopes[placed.scope], process_id)
        })
        .collect();
    UiTrace { trace_id: short(trace.id), spans, processes, warnings: () }
}

fn ui_span<'a>(placed: &'a Placed, scope: &'a Scope, process_id: String) -> UiSpan<'a> {
    let span = &placed.span;
    let mut references: Vec<Reference> = Vec::new();
    if let Some(parent) = span.parent_span_id {
        references.push(Reference {
            ref_type: "CHILD_OF",
            trace_id: short(span.trace_id),
            span_id: parent.to_string(),
        });
    }
    references.extend(span.links.iter().map(reference));
    UiSpan {
        trace_id: short(span.trace_id),
        span_id: span.span_id.to_string(),
        operation_name: &span.name,
        references,
        start_time: span.start.0.div_euclid(1_000),
        duration: span.duration_nano / 1_000,
        tags: tags(placed, scope),
        logs: span
            .events
            .iter()
            .map(|event| {
                let name = (!event.name.is_empty()).then(|| text_tag("event", &event.name));
                Log {
                    timestamp: event.time.0.div_euclid(1_000),
                    fields: name.into_iter().chain(attributes(&event.attributes)).collect(),
                }
            })
            .collect(),
        process_id,
        warnings: (!placed.warnings.is_empty()).then_some(&placed.warnings),
    }
}

/// Scope, attributes, then what is derived from the span's own fields.
fn tags<'a>(placed: &'a Placed, scope: &'a Scope) -> Vec<KeyValue<'a>> {
    let span = &placed.span;
    let mut tags = Vec::with_capacity(span.attributes.len() + 6);
    let push_text = |tags: &mut Vec<KeyValue<'a>>, key, text: &'a str| {
        if !text.is_empty() {
            tags.push(text_tag(key, text));
        }
    };
    push_text(&mut tags, "otel.scope.name", &scope.name);
    push_text(&mut tags, "otel.scope.version", &scope.version);
    tags.extend(attributes(&span.attributes));
    let kind = span.kind.as_str();
    push_text(&mut tags, "span.kind", if kind == "unspecified" { "" } else { kind });
    match span.status_code {
        StatusCode::OK => tags.push(text_tag("otel.status_code", "OK")),
        StatusCode::ERROR => {
            tags.push(text_tag("otel.status_code", "ERROR"));
            tags.push(KeyValue { key: "error", kind: "bool", value: Value::Bool(true) });
        }
        _ => {}
    }
    push_text(&mut tags, "otel.status_description", &span.status_message);
    push_text(&mut tags, "w3c.tracestate", &span.trace_state);
    tags
}

fn reference(link: &Link) -> Reference {
    let is_child = link.attributes.get_str("opentracing.ref_type") == Some("child_of");
    Reference {
        ref_type: if is_child { "CHILD_OF" } else { "FOLLOWS_FROM" },
        trace_id: short(link.trace_id),
        span_id: link.span_id.to_string(),
    }
}

fn process(resource: &Resource) -> Process<'_> {
    let service_name = match resource.service_name() {
        None if resource.attributes.is_empty() => NO_RESOURCE,
        name => name.unwrap_or_default(),
    };
    let tags = attributes(&resource.attributes).filter(|tag| tag.key != "service.name").collect();
    Process { service_name, tags }
}

fn attributes(attrs: &Attrs) -> impl Iterator<Item = KeyValue<'_>> {
    attrs.iter().map(|(key, value)| {
        let (kind, value) = match value {
            AttrValue::Bool(value) => ("bool", Value::Bool(*value)),
            AttrValue::Int(value) if value.unsigned_abs() <= SAFE_INTEGER_MAX.unsigned_abs() => {
                ("int64", Value::Int(*value))
            }
            AttrValue::Int(value) => ("int64", Value::Text(Cow::Owned(value.to_string()))),
            AttrValue::Double(value) => ("float64", Value::Double(Double(*value))),
            AttrValue::Bytes(bytes) => ("binary", Value::Text(Cow::Owned(STANDARD.encode(bytes)))),
            other => ("string", Value::Text(text_of(other))),
        };
        KeyValue { key, kind, value }
    })
}

fn text_tag<'a>(key: &'a str, text: &'a str) -> KeyValue<'a> {
    KeyValue { key, kind: "string", value: Value::Text(Cow::Borrowed(text)) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use model::{Event, Span, SpanId, SpanKind, TimeNs, TraceId};
    use std::sync::Arc;

    fn check(spans: Vec<Span>, want: Expect) {
        let trace = Trace::assemble(TraceId([0; 16]), spans);
        want.assert_eq(&serde_json::to_string_pretty(&ui_trace(&trace)).expect("own types"));
    }

    #[test]
    fn every_kind_of_value_and_equal_processes() {
        let resource = |schema_url: &str| {
            let attributes = [("service.name", "shop")].into_iter().collect();
            Arc::new(Resource { attributes, schema_url: schema_url.into(), ..Resource::default() })
        };
        let attributes = [
            ("big", AttrValue::Int(1 << 53)),
            ("double", AttrValue::Double(1.0)),
            ("nan", AttrValue::Double(f64::NAN)),
            ("bytes", AttrValue::Bytes(b"ab"[..].into())),
            ("list", AttrValue::Array(vec![1.into(), AttrValue::Empty])),
        ];
        let one = Span {
            span_id: SpanId([1; 8]),
            kind: SpanKind::SERVER,
            status_code: StatusCode::OK,
            start: TimeNs(1_999),
            duration_nano: 2_999,
            attributes: attributes.into_iter().collect(),
            events: vec![Event { time: TimeNs(5_000), ..Event::default() }],
            resource: resource("a"),
            ..Span::default()
        };
        let two = Span {
            span_id: SpanId([2; 8]),
            parent_span_id: Some(SpanId([1; 8])),
            start: TimeNs(2_000),
            resource: resource("b"),
            ..Span::default()
        };
        check(
            vec![one, two],
            expect![[r#"
            {
              "traceID": "0000000000000000",
              "spans": [
                {
                  "traceID": "0000000000000000",
                  "spanID": "0101010101010101",
                  "operationName": "",
                  "references": [],
                  "startTime": 1,
                  "duration": 2,
                  "tags": [
                    {
                      "key": "big",
                      "type": "int64",
                      "value": "9007199254740992"
                    },
                    {
                      "key": "double",
                      "type": "float64",
                      "value": 1
                    },
                    {
                      "key": "nan",
                      "type": "float64",
                      "value": "NaN"
                    },
                    {
                      "key": "bytes",
                      "type": "binary",
                      "value": "YWI="
                    },
                    {
                      "key": "list",
                      "type": "string",
                      "value": "[1,null]"
                    },
                    {
                      "key": "span.kind",
                      "type": "string",
                      "value": "server"
                    },
                    {
                      "key": "otel.status_code",
                      "type": "string",
                      "value": "OK"
                    }
                  ],
                  "logs": [
                    {
                      "timestamp": 5,
                      "fields": []
                    }
                  ],
                  "processID": "p1",
                  "warnings": null
                },
                {
                  "traceID": "0000000000000000",
                  "spanID": "0202020202020202",
                  "operationName": "",
                  "references": [
                    {
                      "refType": "CHILD_OF",
                      "traceID": "0000000000000000",
                      "spanID": "0101010101010101"
                    }
                  ],
                  "startTime": 2,
                  "duration": 0,
                  "tags": [],
                  "logs": [],
                  "processID": "p1",
                  "warnings": null
                }
              ],
              "processes": {
                "p1": {
                  "serviceName": "shop",
                  "tags": []
                }
              },
              "warnings": null
            }"#]],
        );
    }
}
