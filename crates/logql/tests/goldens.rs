//! Answers of a real Loki over six small streams, asked again of the evaluator.
//!
//! The streams are the pushes that were recorded with the answers; what the server adds on receipt, the
//! service name and the detected level, is added here too. Cases whose times need the API's reading of
//! parameters are left to the API's tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use logql::eval::{Data, StreamResult};
use logql::syntax::ast::ExprKind;
use logql::{Control, Direction, LabelSet, MemorySource, Params, Series, evaluate, parse};
use serde_json::{Value, json};
use testkit::external::{Folder, find};

#[test]
fn answers_as_loki_did() {
    let Some(path) = find(Folder::Goldens, "logs/loki.json") else {
        return;
    };
    let list: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let mut source = MemorySource::new(1000, false);
    for request in list["load_requests"].as_array().unwrap() {
        let from = request["from"].as_str().unwrap_or("");
        if let Some(body) = request["body_base64"].as_str().filter(|_| from.starts_with("synthetic")) {
            load(&mut source, &unsnap(&decode_base64(body)));
        }
    }
    let (mut passed, mut failed) = (0, Vec::new());
    for case in list["cases"].as_array().unwrap() {
        let Some((ours, wanted)) = judge(case, &source) else {
            continue;
        };
        if ours == wanted {
            passed += 1;
        } else {
            failed.push(format!("{}\n  ours:   {ours}\n  wanted: {wanted}", case["id"]));
        }
    }
    println!("goldens logs/loki.json {passed}/{}", passed + failed.len());
    assert!(
        failed.is_empty(),
        "{} of {} differ:\n{}",
        failed.len(),
        passed + failed.len(),
        failed.join("\n")
    );
    assert!(passed > 50, "only {passed} cases were found");
}

/// Our answer and the recorded one in a common form; `None` if the case is not for this test.
fn judge(case: &Value, source: &MemorySource) -> Option<(String, String)> {
    let address = case["request"]["path_and_query"].as_str()?;
    let (path, parameters) = address.split_once('?')?;
    if path == "/loki/api/v1/format_query" {
        return judge_format(parameters, case);
    }
    if !matches!(path, "/loki/api/v1/query_range" | "/loki/api/v1/query") {
        return None;
    }
    let parameters: BTreeMap<String, String> = parameters
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), unescape(value)))
        .collect();
    let query = parameters.get("query").filter(|query| {
        // Other streams are not loaded; one that does not exist may be asked for.
        query.contains("synth-") || query.contains("app=\"x\"") || !query.contains('{')
    })?;
    // Loki's simplified label patterns lose their anchors at `.*`; ours keep them, as documented.
    let loses_anchors = regex::Regex::new(r#"[a-z]=~"(\.\*[^"]*|[^"]*\.\*)""#).unwrap();
    let has_ties = case["volatile"].as_array().is_some_and(|list| list.contains(&json!("ties")));
    if loses_anchors.is_match(query) || has_ties {
        return None;
    }
    let integer = |name: &str| parameters.get(name).map(|text| text.parse::<i64>().ok());
    let body = case["response"]["body"].as_str()?;
    let is_instant = path.ends_with("/query");
    let parsed = parse(query);
    let is_log = matches!(parsed.expr.kind, ExprKind::Log(_));
    if is_instant && is_log {
        return None;
    }
    let mut params = if is_instant {
        Params::instant(integer("time")??)
    } else {
        let (mut start, mut end) = (integer("start")??, integer("end")??);
        if start < 1_000_000_000_000 || parameters.contains_key("since") {
            return None;
        }
        let mut step = 0;
        if !is_log {
            step = parameters.get("step")?.trim_end_matches('s').parse::<i64>().ok()? * 1_000_000_000;
            if step == 0 || (end - start) / step > 11_000 {
                return None;
            }
            start -= start % step;
            end += (step - end % step) % step;
        }
        Params::range(start, end, step)
    };
    params.limit = integer("limit").flatten().unwrap_or(100) as usize;
    let is_forward = parameters.get("direction").is_some_and(|text| text.eq_ignore_ascii_case("forward"));
    params.direction = if is_forward { Direction::Forward } else { Direction::Backward };
    if let Some(interval) = parameters.get("interval") {
        params.interval_ns = interval.trim_end_matches('s').parse::<i64>().ok()? * 1_000_000_000;
    }
    let ours = parsed
        .into_result()
        .map_err(|error| error.to_string())
        .and_then(|expr| evaluate(&expr, &params, source, &Control::default()).map_err(|e| e.to_string()));
    if case["response"]["status"] != json!(200) {
        let ours = ours.map_or_else(|error| error, |answer| format!("{:?}", answer.data));
        // The others are about parameters, which the API reads.
        if !body.starts_with("parse error") && !body.starts_with("pipeline error") {
            return None;
        }
        // Which of several series with errors is named depends on the order of reading.
        let head = |text: &str| text.split(" for series").next().unwrap_or("").to_owned();
        return Some((head(&ours), head(body)));
    }
    let recorded: Value = serde_json::from_str(body).ok()?;
    if recorded["data"]["resultType"] == json!("scalar") {
        let Ok(Data::Scalar(value)) = ours.map(|answer| answer.data) else {
            return Some(("no scalar".to_owned(), body.to_owned()));
        };
        let wanted = recorded["data"]["result"][1].as_str()?;
        return Some((value.to_string(), wanted.to_owned()));
    }
    let wanted = common(&recorded["data"]["result"]);
    let ours = match ours.map(|answer| answer.data) {
        Ok(Data::Streams(streams)) => streams_json(&streams),
        Ok(Data::Matrix(series)) => matrix_json(&series, &params),
        Ok(Data::Vector(series)) => vector_json(&series, &params),
        Ok(Data::Scalar(value)) => json!(value),
        Err(error) => json!(error),
    };
    Some((common(&ours), wanted))
}

/// The readable print, or the error.
fn judge_format(parameters: &str, case: &Value) -> Option<(String, String)> {
    let query = unescape(parameters.strip_prefix("query=")?);
    let recorded: Value = serde_json::from_str(case["response"]["body"].as_str()?).ok()?;
    let ours = match parse(&query).into_result() {
        Ok(expr) => json!({"status": "success", "data": logql::format(&expr)}),
        Err(error) => json!({"status": "invalid-query", "error": error.to_string()}),
    };
    let text = |value: &Value| {
        format!(
            "{} {}{}",
            value["status"],
            value["data"].as_str().unwrap_or(""),
            value["error"].as_str().unwrap_or("")
        )
    };
    Some((text(&ours), text(&recorded)))
}

/// Each value with its labels, sorted; categories are merged, numbers rounded.
fn common(result: &Value) -> String {
    let Some(items) = result.as_array() else {
        return result.to_string();
    };
    let mut lines = Vec::new();
    for item in items {
        let labels = item.get("stream").or_else(|| item.get("metric")).unwrap_or(&Value::Null);
        let values = item.get("values").and_then(Value::as_array).cloned();
        for value in values.unwrap_or_else(|| vec![item["value"].clone()]) {
            let mut all: BTreeMap<String, String> = BTreeMap::new();
            let mut add = |labels: &Value| {
                for (name, value) in labels.as_object().into_iter().flatten() {
                    all.insert(name.clone(), value.as_str().unwrap_or("").to_owned());
                }
            };
            add(labels);
            add(&value[2]["structuredMetadata"]);
            add(&value[2]["parsed"]);
            let text = value[1].as_str().unwrap_or("");
            let text = match (item.get("metric"), text.parse::<f64>()) {
                (Some(_), Ok(number)) => format!("{:.9e}", number),
                _ => text.to_owned(),
            };
            lines.push(format!("{} {text} {all:?}", value[0].to_string().trim_matches('"')));
        }
    }
    lines.sort();
    lines.join("\n")
}

fn labels_json(labels: &LabelSet) -> Value {
    labels
        .iter()
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn streams_json(streams: &[StreamResult]) -> Value {
    let one = |stream: &StreamResult| {
        let values: Vec<Value> =
            stream.entries.iter().map(|entry| json!([entry.time_ns.to_string(), entry.line])).collect();
        json!({"stream": labels_json(&stream.labels), "values": values})
    };
    streams.iter().map(one).collect()
}

fn matrix_json(series: &[Series], params: &Params) -> Value {
    let one = |series: &Series| {
        let value = |(step, value): (usize, &Option<f64>)| {
            let at = params.start_ns + step as i64 * params.step_ns;
            value.map(|value| json!([at / 1_000_000_000, value.to_string()]))
        };
        let values: Vec<Value> = series.values.iter().enumerate().filter_map(value).collect();
        json!({"metric": labels_json(&series.labels), "values": values})
    };
    series.iter().map(one).collect()
}

fn vector_json(series: &[Series], params: &Params) -> Value {
    let at = params.start_ns / 1_000_000_000;
    let one = |series: &Series| {
        let value = series.values[0].unwrap_or(f64::NAN).to_string();
        json!({"metric": labels_json(&series.labels), "value": [at, value]})
    };
    series.iter().map(one).collect()
}

/// The level that a server detects in a line without one in its labels.
fn detected_level(line: &str) -> String {
    let field = regex::Regex::new(r#"(?:^|[\s,{])"?level"?\s*[=:]\s*"?([A-Za-z]+)"#).unwrap();
    let word = regex::Regex::new(
        r#"(?i)(?:^|[\s\[({"'=|])(trace|debug|fatal|critical|error|err|warning|warn|info)(?:$|[\s\[\](){}:,!"'=|])"#,
    )
    .unwrap();
    let is_packed = line.trim_start().starts_with('{') && line.contains("_entry");
    let found = field.captures(line).filter(|_| !is_packed).or_else(|| word.captures(line));
    let found = found.map_or("unknown".to_owned(), |captures| captures[1].to_lowercase());
    match found.as_str() {
        "warning" => "warn".to_owned(),
        "err" => "error".to_owned(),
        _ => found,
    }
}

/// Fields of a message with the bytes of those that have any.
fn fields(mut bytes: &[u8]) -> Vec<(u64, u64, &[u8])> {
    let mut out = Vec::new();
    let varint = |bytes: &mut &[u8]| {
        let (mut value, mut shift) = (0_u64, 0);
        while let Some((byte, rest)) = bytes.split_first() {
            *bytes = rest;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        value
    };
    while !bytes.is_empty() {
        let key = varint(&mut bytes);
        let value = varint(&mut bytes);
        if key & 7 == 2 {
            let (content, rest) = bytes.split_at(value as usize);
            bytes = rest;
            out.push((key >> 3, 0, content));
        } else {
            out.push((key >> 3, value, &[][..]));
        }
    }
    out
}

/// Adds the streams of a push request.
fn load(source: &mut MemorySource, request: &[u8]) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (_, _, stream) in fields(request) {
        let parts = fields(stream);
        let labels = parts.iter().find(|part| part.0 == 1).map_or(String::new(), |part| text(part.2));
        let ExprKind::Log(log) = parse(&labels).expr.kind else {
            panic!("{labels}");
        };
        let mut pairs: Vec<(String, String)> =
            log.matchers.into_iter().map(|matcher| (matcher.name, matcher.value)).collect();
        let app = pairs.iter().find(|pair| pair.0 == "app").map(|pair| pair.1.clone());
        pairs.push(("service_name".to_owned(), app.unwrap_or_default()));
        let stream = source.add_stream(LabelSet::from_pairs(pairs));
        for (_, _, entry) in parts.iter().filter(|part| part.0 == 2) {
            let (mut time_ns, mut line, mut metadata) = (0, String::new(), Vec::new());
            for (field, _, content) in fields(entry) {
                match field {
                    1 => {
                        for (field, value, _) in fields(content) {
                            time_ns += value as i64 * if field == 1 { 1_000_000_000 } else { 1 };
                        }
                    }
                    2 => line = text(content),
                    _ => {
                        let pair = fields(content);
                        let part = |number| {
                            pair.iter()
                                .find(|part| part.0 == number)
                                .map_or(String::new(), |part| text(part.2))
                        };
                        metadata.push((Arc::from(part(1)), Arc::from(part(2))));
                    }
                }
            }
            metadata.push((Arc::from("detected_level"), Arc::from(detected_level(&line))));
            source.add(stream, time_ns, line, metadata);
        }
    }
}

/// A snappy block of literals, which is what was recorded.
fn unsnap(block: &[u8]) -> Vec<u8> {
    let header = block.iter().take_while(|byte| **byte & 0x80 != 0).count() + 1;
    let (mut rest, mut out) = (&block[header..], Vec::new());
    while let Some((tag, tail)) = rest.split_first() {
        assert_eq!(tag & 3, 0, "only literals are expected");
        let size = (tag >> 2) as usize;
        let extra = size.saturating_sub(59);
        let mut length = size;
        if extra > 0 {
            length = tail[..extra].iter().rev().fold(0, |length, byte| length << 8 | *byte as usize);
        }
        let (literal, tail) = tail[extra..].split_at(length + 1);
        out.extend_from_slice(literal);
        rest = tail;
    }
    out
}

fn decode_base64(text: &str) -> Vec<u8> {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        _ => 63,
    };
    let (mut word, mut bits, mut out) = (0_u32, 0, Vec::new());
    for c in text.bytes().filter(|c| *c != b'=') {
        word = word << 6 | u32::from(digit(c));
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    out
}

fn unescape(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let code = std::str::from_utf8(&tail[..2]).unwrap();
                out.push(u8::from_str_radix(code, 16).unwrap());
                rest = &tail[2..];
            }
            other => out.push(*other),
        }
    }
    String::from_utf8(out).unwrap()
}
