//! One entry through one pipeline.

use std::sync::Arc;

use logql::LabelSet;
use logql::pipeline::row::Row;
use logql::pipeline::{Pipeline, Shown};
use logql::syntax::ast::ExprKind;
use serde_json::{Map, Value, json};
use testkit::conformance::Report;

use crate::load;

/// A text of the list; bytes that are no UTF-8 are replaced.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(map) => map.get("$base64").and_then(Value::as_str).map(decode).unwrap_or_default(),
        _ => String::new(),
    }
}

fn decode(encoded: &str) -> String {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut word, mut bits, mut out) = (0_u32, 0, Vec::new());
    for c in encoded.bytes().filter(|c| *c != b'=') {
        word = word << 6 | u32::from(digit(c));
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

pub fn labels(value: &Value) -> LabelSet {
    LabelSet::from_pairs(
        value.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), text(value))),
    )
}

pub fn run(report: &mut Report) {
    let corpus = "logs/pipeline_stages";
    let Some(list) = load(corpus) else {
        return;
    };
    for (index, case) in list["cases"].as_array().into_iter().flatten().enumerate() {
        let pipeline = case["pipeline"].as_str().unwrap_or("");
        let expect = &case["expect"];
        let ours = match process(case) {
            Ok(result) => result,
            Err(message) => json!({"error": message}),
        };
        let asserted: Map<String, Value> = ours
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(key, _)| expect.get(key.as_str()).is_some() || *key == "error")
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let mut wanted = Map::new();
        for (key, value) in expect.as_object().into_iter().flatten() {
            let value = match key.as_str() {
                "labels" => labels_json(&labels(value)),
                "line" => json!(text(value)),
                _ => value.clone(),
            };
            wanted.insert(key.clone(), value);
        }
        // The labels of a dropped entry are nobody's business.
        let is_dropped = wanted.get("keep") == Some(&json!(false));
        let passed = if is_dropped {
            asserted.get("keep") == wanted.get("keep")
        } else {
            sorted(&asserted) == sorted(&wanted)
        };
        let subject = format!("{pipeline} <- {} {}", text(&case["line"]), case["labels"]);
        let name = format!("{index} {}", case["source"].as_str().unwrap_or(""));
        report.case(corpus, &name, &subject, passed, &sorted(&asserted), &sorted(&wanted));
    }
}

fn sorted(map: &Map<String, Value>) -> String {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by(|a, b| a.0.cmp(b.0));
    pairs.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(" ")
}

fn labels_json(labels: &LabelSet) -> Value {
    Value::Object(labels.iter().map(|(name, value)| (name.to_owned(), json!(value))).collect())
}

fn process(case: &Value) -> Result<Value, String> {
    let pipeline = case["pipeline"].as_str().unwrap_or("");
    let parsed = logql::parse(&format!("{{x=\"y\"}} {pipeline}"));
    let expr = parsed.into_result().map_err(|error| error.to_string())?;
    let ExprKind::Log(log) = &expr.kind else {
        return Err("no log query".to_owned());
    };
    let mut pipeline = Pipeline::new(&log.stages, None, &Shown::All, 0).map_err(|error| error.to_string())?;
    let stream = labels(&case["labels"]);
    let metadata: Vec<_> = labels(&case["structured_metadata"])
        .iter()
        .map(|(name, value)| (Arc::from(name), Arc::from(value)))
        .collect();
    let line = text(&case["line"]);
    let mut row = Row::new(&stream);
    // Entries without a time have this one in the list's source.
    let time_ns = case["ts_ns"].as_i64().unwrap_or(1_661_518_453_244_672_570);
    row.reset(&stream, &metadata, time_ns, &line);
    for (name, value) in case["preset_error"].as_object().into_iter().flatten() {
        if !text(value).is_empty() {
            let id = pipeline.intern(name);
            row.set(id, &text(value));
        }
    }
    let keep = pipeline.run(&mut row);
    let mut pairs = Vec::new();
    row.each_label(pipeline.names(), |_, name, value| {
        pairs.push((name.into_owned(), value.to_owned()));
    });
    let labels = labels_json(&LabelSet::from_pairs(pairs));
    Ok(json!({"keep": keep, "line": row.line, "labels": labels}))
}
