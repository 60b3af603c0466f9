//! Recorded answers of real servers, put to the subject with the data that those servers had.
//!
//! In: a golden file and the corpus. Out: a case each request. What differed between two recordings of the
//! original (orders, work counters) is not compared; what the original loses is named by the comparison.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use testkit::conformance::Report;

use crate::compare::{Loss, Verdict, compare};
use crate::otlp_bodies::protobuf_of_json;
use crate::recordings::traces_bodies;
use crate::subject::{Answer, Listener, Question, Subject};
use crate::views;

/// A golden file and which of its cases are in question.
pub struct Set {
    file: &'static str,
    corpus: &'static str,
    listener: Listener,
    /// From the path, the query, and the status.
    takes: fn(&str, &str, u64) -> bool,
    losses: &'static [Loss],
}

/// The golden files.
pub const SETS: &[Set] = &[
    Set {
        file: "jaeger.json",
        corpus: "goldens/traces/jaeger",
        listener: Listener::Jaeger,
        // Edges between services are another part of the product.
        takes: |path, _, status| path != "/api/dependencies" || status != 200,
        losses: MEMORY_LOSSES,
    },
    Set {
        file: "jaeger-badger.json",
        corpus: "goldens/traces/jaeger-badger",
        listener: Listener::Jaeger,
        // This store answers the newest matches, so it also says which traces a limit leaves.
        takes: |path, query, _| {
            path.starts_with("/api/traces/") || path.starts_with("/api/v3/traces/") || is_limited(query)
        },
        losses: BADGER_LOSSES,
    },
    Set {
        file: "tempo.json",
        corpus: "goldens/traces/tempo",
        listener: Listener::Tempo,
        takes: |path, _, _| {
            path.starts_with("/api/traces/")
                || path.starts_with("/api/v2/traces/")
                || matches!(path, "/api/echo" | "/ready" | "/api/status/buildinfo" | "/api/whatever")
        },
        losses: TEMPO_LOSSES,
    },
];

/// Jaeger's memory store, and the JSON writer of its gateway. Its adjusters change what is stored, so that a trace
/// asked for raw comes back adjusted once it was read before.
const MEMORY_LOSSES: &[Loss] = &[
    ("schema URLs", drop_schema_urls),
    ("what raw leaves out", drop_adjustments),
    ("repeated spans", drop_repeats),
];

/// Tempo 3.0 with its default settings and blocks.
const TEMPO_LOSSES: &[Loss] = &[
    ("span flags", drop_flags),
    ("schema URLs", drop_schema_urls),
    ("text beyond 2048 bytes", cut_text),
    ("empty service names", drop_empty_service),
    ("the order of events", sort_events),
    ("repeated spans", drop_repeats),
];

/// Jaeger's badger store keeps Jaeger's older model.
const BADGER_LOSSES: &[Loss] = &[
    ("span flags", drop_flags),
    ("schema URLs", drop_schema_urls),
    ("counts of dropped things", drop_counts),
    ("scope attributes", |view| each(view, &mut |span| remove(&mut span["scope"], "attributes"))),
    ("trace state and attributes of links", bare_links),
    ("lists and maps", values_as_text),
];

/// Runs one file.
pub fn run(
    report: &mut Report,
    set: &Set,
    goldens: &Path,
    corpus: &Path,
    fresh: &mut dyn FnMut() -> Box<dyn Subject>,
) {
    let path = goldens.join(set.file);
    if !path.exists() {
        eprintln!("NOT RUN: {} is absent", path.display());
        return;
    }
    let golden = crate::read(&path);
    let mut subject = fresh();
    for loaded in golden["loaded"].as_array().into_iter().flatten() {
        let scenario = loaded["scenario"].as_str().unwrap_or_default();
        if scenario.starts_with("x0") {
            subject.load(&[own_traces(goldens, scenario)]);
        } else {
            // These two were sent whole although the recording sink refused them.
            let with_refused = scenario.starts_with("s22i") || scenario.starts_with("s22p");
            subject.load(&traces_bodies(&corpus.join(scenario), with_refused));
        }
    }
    let mut has_negative = false;
    for case in golden["cases"].as_array().into_iter().flatten() {
        let (id, request, response) = (text(&case["id"]), &case["request"], &case["response"]);
        if id.starts_with("neg-") && !has_negative {
            subject.load(&[own_traces(goldens, "x02_negative")]);
            has_negative = true;
        }
        let (method, path_and_query) = (text(&request["method"]), text(&request["path_and_query"]));
        let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
        let status = response["status"].as_u64().unwrap_or(0);
        if !request["port"].is_null() || !(set.takes)(path, query, status) {
            continue;
        }
        let question = Question {
            method: method.to_owned(),
            path_and_query: path_and_query.to_owned(),
            headers: request["headers"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.clone(), text(value).to_owned()))
                .collect(),
            body: body_of(request).unwrap_or_default(),
        };
        let answer = subject.ask(set.listener, &question);
        let verdict = judge(set, path_and_query, &answer, response);
        let accept = request["headers"]["Accept"].as_str();
        let accept = accept.map_or_else(String::new, |accept| format!(" (Accept: {accept})"));
        let subject = format!("{method} {path_and_query}{accept}");
        report.case(set.corpus, id, &subject, verdict.passed, &verdict.ours, &verdict.wanted);
    }
}

/// Whether a search names a positive limit.
fn is_limited(query: &str) -> bool {
    query.split('&').filter_map(|pair| pair.split_once('=')).any(|(name, value)| {
        matches!(name, "limit" | "query.searchDepth" | "query.search_depth" | "query.num_traces")
            && value.starts_with(|first: char| first.is_ascii_digit() && first != '0')
    })
}

fn own_traces(goldens: &Path, name: &str) -> Vec<u8> {
    let file = std::fs::read(goldens.join(format!("{name}.json"))).expect("own traces beside the goldens");
    protobuf_of_json(&file).expect("own traces are OTLP/JSON")
}

fn judge(set: &Set, path_and_query: &str, answer: &Answer, response: &Value) -> Verdict {
    let head = |status: u64, header: &dyn Fn(&str) -> Option<String>| {
        let mut head = format!("status {status}");
        for name in ["content-type", "x-content-type-options", "location"] {
            head.push_str(&header(name).map_or_else(String::new, |value| format!(", {name}: {value}")));
        }
        head
    };
    let ours = head(u64::from(answer.status), &|name| answer.header(name).map(str::to_owned));
    let wanted = head(response["status"].as_u64().unwrap_or(0), &|name| {
        response["headers"].get(name).map(|value| text(value).to_owned())
    });
    if ours != wanted {
        let (ours, wanted) = (ours + " " + &answer.text(), wanted + " " + text(&response["body"]));
        return Verdict::of_texts(&ours, &wanted);
    }
    let Some(body) = body_of(response) else {
        // Too long for the file; its head was equal.
        return Verdict::of_texts("", "");
    };
    match (view(set, path_and_query, &answer.body), view(set, path_and_query, &body)) {
        (Some(ours), Some(wanted)) => compare(ours, wanted, set.losses),
        _ => Verdict::of_texts(&answer.text(), &String::from_utf8_lossy(&body)),
    }
}

/// What is compared of a body; `None` compares it as text.
fn view(set: &Set, path_and_query: &str, body: &[u8]) -> Option<Value> {
    let path = path_and_query.split('?').next().unwrap_or_default();
    let json: Option<Value> = serde_json::from_slice(body).ok();
    match (set.listener, json) {
        (Listener::Jaeger, Some(json)) if path.starts_with("/api/v3/") => Some(match json.get("result") {
            Some(result) => views::spans(&result["resourceSpans"]),
            None => views::lists(json),
        }),
        (Listener::Jaeger, json) => Some(views::legacy(json?, path_and_query.contains("raw=true"))),
        (Listener::Tempo, Some(json)) if path == "/api/status/buildinfo" => {
            Some(json.as_object()?.keys().cloned().collect())
        }
        (Listener::Tempo, Some(json)) => {
            Some(views::spans(json.get("batches").unwrap_or(&json["trace"]["resourceSpans"])))
        }
        (Listener::Tempo, None) if path.contains("/traces/") && body.first() == Some(&0x0a) => {
            let trace = if path.starts_with("/api/v2/") { first_field(body)? } else { body };
            views::protobuf(trace).ok()
        }
        (Listener::Tempo, None) => None,
    }
}

/// The bytes of field 1 of a message that starts with it.
fn first_field(message: &[u8]) -> Option<&[u8]> {
    let mut rest = message.strip_prefix(&[0x0a])?;
    let len = prost::decode_length_delimiter(&mut rest).ok()?;
    rest.get(..len)
}

fn body_of(of: &Value) -> Option<Vec<u8>> {
    match (&of["body"], of["body_base64"].as_str()) {
        (Value::String(text), _) => Some(text.as_bytes().to_vec()),
        (_, Some(text)) => Some(STANDARD.decode(text).expect("base64 in a golden")),
        (Value::Null, None) => None,
        (json, None) => Some(json.to_string().into_bytes()),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn each(view: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    view.as_array_mut().into_iter().flatten().filter(|span| span["span"].is_object()).for_each(change);
}

fn links(span: &mut Value) -> impl Iterator<Item = &mut Value> {
    span["span"].get_mut("links").and_then(Value::as_array_mut).into_iter().flatten()
}

fn remove(of: &mut Value, key: &str) {
    if let Some(fields) = of.as_object_mut() {
        fields.remove(key);
    }
}

fn drop_flags(view: &mut Value) {
    each(view, &mut |span| {
        remove(&mut span["span"], "flags");
        links(span).for_each(|link| remove(link, "flags"));
    });
}

fn drop_schema_urls(view: &mut Value) {
    each(view, &mut |span| {
        remove(span, "resourceSchemaUrl");
        remove(span, "scopeSchemaUrl");
    });
}

/// The order of events and the warnings about clocks.
fn drop_adjustments(view: &mut Value) {
    sort_events(view);
    each(view, &mut |span| {
        let span = &mut span["span"];
        if let Some(attributes) = span.get_mut("attributes").and_then(Value::as_array_mut) {
            attributes.retain(|pair| pair["key"] != "@jaeger@warnings");
            if attributes.is_empty() {
                remove(span, "attributes");
            }
        }
    });
}

fn sort_events(view: &mut Value) {
    each(view, &mut |span| {
        if let Some(events) = span["span"].get_mut("events").and_then(Value::as_array_mut) {
            events.sort_by_cached_key(Value::to_string);
        }
    });
}

fn drop_empty_service(view: &mut Value) {
    each(view, &mut |span| {
        let resource = &mut span["resource"];
        if let Some(attributes) = resource.get_mut("attributes").and_then(Value::as_array_mut) {
            attributes.retain(|pair| pair["key"] != "service.name" || pair["value"]["stringValue"] != "");
            if attributes.is_empty() {
                remove(resource, "attributes");
            }
        }
    });
}

fn drop_counts(view: &mut Value) {
    anywhere(view, &mut |value| {
        if let Some(fields) = value.as_object_mut() {
            fields.retain(|key, _| !key.starts_with("dropped"));
        }
    });
}

fn bare_links(view: &mut Value) {
    each(view, &mut |span| {
        for link in links(span) {
            remove(link, "attributes");
            remove(link, "traceState");
        }
    });
}

fn drop_repeats(view: &mut Value) {
    if let Some(spans) = view.as_array_mut() {
        spans.dedup();
    }
    for trace in view.get_mut("data").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(spans) = trace.get_mut("spans").and_then(Value::as_array_mut) {
            spans.dedup();
        }
    }
}

fn cut_text(view: &mut Value) {
    anywhere(view, &mut |value| {
        if let Some(text) = value["stringValue"].as_str().filter(|text| text.len() > 2048) {
            let mut end = 2048;
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            value["stringValue"] = Value::from(&text[..end]);
        }
    });
}

/// Lists and maps are no attribute values in the older model: they became their JSON text, nothing the empty text.
fn values_as_text(view: &mut Value) {
    anywhere(view, &mut |pair| {
        let is_pair =
            pair.get("key").is_some_and(|key| key != "@jaeger@warnings") && pair.get("value").is_some();
        if !is_pair {
            return;
        }
        let value = &pair["value"];
        let is_lost = value.as_object().is_some_and(serde_json::Map::is_empty)
            || value.get("arrayValue").is_some()
            || value.get("kvlistValue").is_some();
        if is_lost {
            let plain = plain(value);
            let text = if plain.is_null() { String::new() } else { plain.to_string() };
            pair["value"] = serde_json::json!({"stringValue": text});
        }
    });
}

fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|fields| fields.iter().next()) else {
        return Value::Null;
    };
    match kind.as_str() {
        "arrayValue" => inner["values"].as_array().into_iter().flatten().map(plain).collect(),
        "kvlistValue" => {
            let pairs = inner["values"].as_array().into_iter().flatten();
            pairs.map(|pair| (text(&pair["key"]).to_owned(), plain(&pair["value"]))).collect()
        }
        "intValue" => text(inner).parse::<i64>().map_or(Value::Null, Value::from),
        _ => inner.clone(),
    }
}

fn anywhere(value: &mut Value, change: &mut dyn FnMut(&mut Value)) {
    change(value);
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| anywhere(element, change)),
        Value::Object(fields) => fields.values_mut().for_each(|field| anywhere(field, change)),
        _ => {}
    }
}
