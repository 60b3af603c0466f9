//! Metrics over loose spans, and the tables of intervals, buckets and ranks.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use model::TraceId;
use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::ast::AttributeScope;
use traceql::columns::{Batch, Field};
use traceql::metrics::{
    MetricsOptions, Series, Window, bottom_k, default_step_ns, evaluate, label_text, log2_bucket, top_k,
};
use traceql::source::{Candidates, Control, Request, Scan, Source};
use traceql::value::Value;
use traceql::{Error, parse};

use crate::eval::{is_intrinsic, loose_batch};
use crate::values::{number, typed};
use crate::{items, read, text};

/// Cases and tables.
pub fn run(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-metrics/range_cases";
    for case in items(&read(folder, "traceql-metrics/range_cases.json")) {
        let query = text(&case["query"]);
        let (passed, ours) = match series(case) {
            Ok(series) => compare(&series, case),
            Err(error) => (false, error),
        };
        report.case(corpus, text(&case["id"]), query, passed, &ours, &case["series"].to_string());
    }
    tables(folder, report);
}

/// Spans of a case, as one trace.
struct Loose<'c>(Vec<&'c Json>);

struct LooseScan<'s> {
    source: &'s Loose<'s>,
    request: &'s Request,
    is_done: bool,
}

impl Loose<'_> {
    fn batch(&self, fields: &[Field]) -> Batch {
        let (mut batch, _) = loose_batch(&self.0, fields);
        let every = |span: &&Json| {
            let pairs = span["attrs"].as_object().into_iter().flatten();
            let scoped = pairs.filter(|(name, _)| !is_intrinsic(name)).map(|(name, value)| {
                let (scope, key) = name.split_once('.').unwrap_or(("", name));
                let scope = match scope {
                    "resource" => AttributeScope::Resource,
                    _ => AttributeScope::Span,
                };
                (scope, Arc::from(key), typed(value))
            });
            scoped.collect()
        };
        batch.every_attribute = self.0.iter().map(every).collect();
        batch
    }
}

impl Source for Loose<'_> {
    fn open<'s>(&'s self, request: &'s Request, _: &'s Control<'s>) -> Result<Box<dyn Scan + 's>, Error> {
        Ok(Box::new(LooseScan { source: self, request, is_done: false }))
    }
}

impl Scan for LooseScan<'_> {
    fn next_spans(&mut self) -> Result<Option<Batch>, Error> {
        let is_first = !std::mem::replace(&mut self.is_done, true);
        Ok(is_first.then(|| self.source.batch(&self.request.fields)))
    }

    fn next_candidates(&mut self) -> Result<Option<Candidates>, Error> {
        let is_first = !std::mem::replace(&mut self.is_done, true);
        let traces = vec![TraceId([1; 16])];
        Ok(is_first.then_some(Candidates { traces, floor: model::TimeNs::MAX }))
    }

    fn whole_traces(&mut self, _: &[TraceId], fields: &[Field]) -> Result<Batch, Error> {
        Ok(self.source.batch(fields))
    }
}

fn series(case: &Json) -> Result<Vec<Series>, String> {
    let query = text(&case["query"]);
    let parsed = parse(query).map_err(|error| error.to_text(query))?;
    let number = |key: &str| case[key].as_i64().unwrap_or(0);
    let (start, end, step) = (number("start_ns"), number("end_ns"), number("step_ns"));
    let window =
        if case["instant"] == true { Window::instant(start, end) } else { Window::aligned(start, end, step) };
    let options = MetricsOptions { window, exemplars_max: 0, series_max: 10_000 };
    let never = || false;
    let control = Control::new(&never, 64 << 20);
    let source = Loose(items(&case["spans"]).iter().collect());
    evaluate(&parsed, &source, &options, &control).map_err(|error| error.to_string())
}

fn shown_labels<'l>(labels: impl Iterator<Item = (&'l str, Value)>) -> String {
    let mut shown: Vec<String> = labels
        .map(|(name, value)| match value {
            Value::Float(value) => format!("{name}={value}"),
            value => format!("{name}={}", label_text(&value)),
        })
        .collect();
    shown.sort();
    shown.join(",")
}

/// Our series and the case's by labels; intrinsics that loose spans lack are left out of ours.
fn compare(series: &[Series], case: &Json) -> (bool, String) {
    let is_lacking = |series: &&Series| {
        let meta = series.labels.first().is_some_and(|(name, _)| &**name == "__meta_type");
        meta && series.labels.iter().any(|(name, _)| is_intrinsic(name))
    };
    let ours: BTreeMap<String, Vec<f64>> = series
        .iter()
        .filter(|series| !is_lacking(series))
        .map(|series| {
            let labels = series.labels.iter().map(|(name, value)| (&**name, value.clone()));
            (shown_labels(labels), series.values.clone())
        })
        .collect();
    let wanted: BTreeMap<String, Vec<f64>> = items(&case["series"])
        .iter()
        .map(|series| {
            let labels =
                items(&series["labels"]).iter().map(|label| (text(&label["key"]), typed(&label["value"])));
            (shown_labels(labels), items(&series["values"]).iter().map(number).collect())
        })
        .collect();
    let tolerance = case["tolerance"].as_f64().unwrap_or(1e-12).max(1e-12);
    let same = |a: f64, b: f64| {
        a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= tolerance * a.abs().max(b.abs()).max(1e-300)
    };
    let passed = ours.len() == wanted.len()
        && wanted.iter().all(|(labels, values)| {
            ours.get(labels).is_some_and(|ours| {
                ours.len() == values.len() && ours.iter().zip(values).all(|(a, b)| same(*a, *b))
            })
        });
    (passed, format!("{ours:?}"))
}

fn tables(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-metrics/tables";
    let tables = read(folder, "traceql-metrics/tables.json");
    let window = |case: &Json| {
        let number = |key: &str| case[key].as_i64().unwrap_or(0);
        if case["instant"] == true {
            Window::instant(number("start"), number("end"))
        } else {
            Window::aligned(number("start"), number("end"), number("step"))
        }
    };
    let mut judge = |case: &Json, ours: i64, wanted: &Json| {
        let passed = wanted.as_f64() == Some(ours as f64);
        let subject = case.to_string();
        report.case(corpus, text(&case["id"]), &subject, passed, &ours.to_string(), &wanted.to_string());
    };
    for case in items(&tables["default_step"]) {
        judge(case, default_step_ns(case["window"].as_i64().unwrap_or(0)), &case["expected"]);
    }
    for case in items(&tables["interval_count"]) {
        judge(case, window(case).len() as i64, &case["expected"]);
    }
    for case in items(&tables["timestamp_of_interval"]) {
        let interval = case["interval"].as_u64().unwrap_or(0) as usize;
        judge(case, window(case).timestamp_of(interval), &case["expected"]);
    }
    for case in items(&tables["interval_of_timestamp"]) {
        let interval = window(case).interval_of(case["ts"].as_i64().unwrap_or(0));
        judge(case, interval.map_or(-1, |interval| interval as i64), &case["expected"]);
    }
    for case in items(&tables["log2_bucket"]) {
        let bucket = log2_bucket(case["input"].as_f64().unwrap_or(0.0));
        judge(case, bucket.map_or(-1, |bucket| 1 << bucket), &case["output"]);
    }
    for (list, rank) in [("topk", top_k as fn(Vec<Series>, usize) -> Vec<Series>), ("bottomk", bottom_k)] {
        for case in items(&tables[list]) {
            ranked(report, corpus, case, list, rank);
        }
    }
    for case in items(&tables["topk_tie_break"]["examples"]) {
        ranked(report, corpus, case, "topk", top_k);
    }
}

fn named(json: &Json) -> Vec<(String, Vec<f64>)> {
    json.as_object().map_or(Vec::new(), |map| {
        map.iter().map(|(name, values)| (name.clone(), items(values).iter().map(number).collect())).collect()
    })
}

fn ranked(
    report: &mut Report,
    corpus: &str,
    case: &Json,
    list: &str,
    rank: fn(Vec<Series>, usize) -> Vec<Series>,
) {
    let series = named(&case["input"])
        .into_iter()
        .map(|(name, values)| Series {
            labels: vec![(Arc::from("label"), Value::text(&name))],
            values,
            exemplars: Vec::new(),
        })
        .collect();
    let ranked = rank(series, case["limit"].as_u64().unwrap_or(0) as usize);
    let ours: BTreeMap<String, String> = ranked
        .iter()
        .map(|series| (label_text(&series.labels[0].1), format!("{:?}", series.values)))
        .collect();
    let wanted: BTreeMap<String, String> =
        named(&case["expected"]).into_iter().map(|(name, values)| (name, format!("{values:?}"))).collect();
    let subject = format!("{list} {case}");
    let (passed, ours) = (ours == wanted, format!("{ours:?}"));
    report.case(corpus, text(&case["name"]), &subject, passed, &ours, &format!("{wanted:?}"));
}
