//! Metric queries over data sets: each case runs three times, over a source that applies nothing, over
//! one that applies all it can, and over small pieces in reversed order.

use std::sync::Arc;

use logql::eval::Data;
use logql::{Control, MemorySource, Params, Series, evaluate};
use serde_json::Value;
use testkit::conformance::Report;

use crate::load;
use crate::stages::{labels, text};

/// The lists' times are relative; whole milliseconds are added so that nothing depends on zero.
const BASE_NS: i64 = 1_767_225_600_000 * 1_000_000;

pub fn run(report: &mut Report) {
    let corpus = "logs/engine_logqltest";
    let Some(list) = load(corpus) else {
        return;
    };
    for file in list["files"].as_array().into_iter().flatten() {
        for case in file["cases"].as_array().into_iter().flatten() {
            let query = text(&case["query"]);
            let data = &file["datasets"][case["dataset"].as_u64().unwrap_or(0) as usize];
            let name = text(&case["id"]);
            let mut failure = None;
            for mode in ["plain", "applying", "reversed"] {
                let ours = answer(&query, case, &source(data, mode));
                if let Err(wanted) = judge(&ours, &case["expect"]) {
                    failure.get_or_insert((format!("{mode}: {}", show(&ours)), wanted));
                }
            }
            match failure {
                None => report.case(corpus, &name, &query, true, "", ""),
                Some((ours, wanted)) => report.case(corpus, &name, &query, false, &ours, &wanted),
            }
        }
    }
}

fn source(data: &Value, mode: &str) -> MemorySource {
    let batch = if mode == "reversed" { 3 } else { 1000 };
    let mut source = MemorySource::new(batch, mode == "applying");
    for stream in data.as_array().into_iter().flatten() {
        let index = source.add_stream(labels(&stream["labels"]));
        for entry in stream["entries"].as_array().into_iter().flatten() {
            let metadata =
                labels(&entry[2]).iter().map(|(name, value)| (Arc::from(name), Arc::from(value))).collect();
            let time_ns = BASE_NS + entry[0].as_i64().unwrap_or(0);
            source.add(index, time_ns, text(&entry[1]), metadata);
        }
    }
    if mode == "reversed" {
        source.entries_mut().reverse();
    }
    source
}

type Outcome = Result<Data, String>;

fn answer(query: &str, case: &Value, source: &MemorySource) -> Outcome {
    let expr = logql::parse(query).into_result().map_err(|error| error.to_string())?;
    let time = |key: &str| case[key].as_i64().unwrap_or(0);
    let params = if text(&case["type"]) == "instant" {
        Params::instant(BASE_NS + time("time_ns"))
    } else {
        Params::range(BASE_NS + time("start_ns"), BASE_NS + time("end_ns"), time("step_ns"))
    };
    evaluate(&expr, &params, source, &Control::default())
        .map(|answer| answer.data)
        .map_err(|error| error.to_string())
}

/// A number of the lists.
pub fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => match text.as_str() {
            "NaN" => Some(f64::NAN),
            "+Inf" => Some(f64::INFINITY),
            "-Inf" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    }
}

/// Equal to 1e-9, absolute or relative.
pub fn close(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => {
            (a.is_nan() && b.is_nan())
                || a == b
                || (a - b).abs() <= 1e-9
                || (a - b).abs() <= 1e-9 * a.abs().max(b.abs())
        }
        _ => false,
    }
}

fn judge(ours: &Outcome, expect: &Value) -> Result<(), String> {
    let wrong = || Err(expect.to_string());
    if let Some(fail) = expect.get("fail") {
        let Err(message) = ours else {
            return wrong();
        };
        let quoted = stdx::go::quote::quote(message);
        let contains = fail["msg_contains"].as_str();
        let part_is_there = contains.is_none_or(|part| message.contains(part) || quoted.contains(part));
        let pattern_is_there = fail["msg_regex"]
            .as_str()
            .is_none_or(|pattern| regex::Regex::new(pattern).is_ok_and(|r| r.is_match(message)));
        return if part_is_there && pattern_is_there { Ok(()) } else { wrong() };
    }
    let Ok(data) = ours else {
        return wrong();
    };
    let series: &[Series] = match data {
        Data::Scalar(value) => {
            return if close(Some(*value), number(&expect["scalar"])) { Ok(()) } else { wrong() };
        }
        Data::Vector(series) | Data::Matrix(series) => series,
        Data::Streams(_) => return wrong(),
    };
    if expect["empty"].as_bool() == Some(true) {
        return if series.is_empty() { Ok(()) } else { wrong() };
    }
    let wanted = expect["series"].as_array().cloned().unwrap_or_default();
    if wanted.len() != series.len() {
        return wrong();
    }
    let is_ordered = expect["ordered"].as_bool() == Some(true);
    for (index, want) in wanted.iter().enumerate() {
        let labels = labels(&want["labels"]);
        let found = if is_ordered {
            series.get(index).filter(|one| one.labels == labels)
        } else {
            series.iter().find(|one| one.labels == labels)
        };
        let Some(found) = found else {
            return wrong();
        };
        let values: Vec<Option<f64>> = want["values"].as_array().into_iter().flatten().map(number).collect();
        // Steps without a value at the end may be missing.
        let length = values.len().max(found.values.len());
        let at = |values: &[Option<f64>], step: usize| values.get(step).copied().flatten();
        if !(0..length).all(|step| close(at(&found.values, step), at(&values, step))) {
            return wrong();
        }
    }
    Ok(())
}

fn show(ours: &Outcome) -> String {
    match ours {
        Ok(data) => format!("{data:?}"),
        Err(message) => format!("error: {message}"),
    }
}
