//! `durations_expr.json` and `engine_start_end_hints.json`: expressions over durations, and a few
//! evaluations at whole seconds.
//!
//! The trees of the first table are printed as text and evaluated through `offset`, which shows them as
//! the time range that the source is asked for.

use std::cell::RefCell;

use model::Labels;
use promql::source::{Limits, MemorySource, Request, SeriesStream, Source, SourceError, Unwatched};
use promql::{EvalOptions, ParseOptions, SampleValue, When, evaluate, parse};
use serde_json::Value;
use testkit::conformance::Report;

use crate::go_value::{number, string};

/// Runs both tables.
pub fn run(report: &mut Report) {
    for case in crate::table("durations_expr") {
        duration(report, &case);
    }
    for (at, case) in crate::table("engine_start_end_hints").iter().enumerate() {
        evaluation(report, at, case);
    }
}

/// Remembers what it was asked for.
#[derive(Default)]
struct Spy {
    asked: RefCell<Vec<(i64, i64)>>,
    empty: MemorySource,
}

impl Source for Spy {
    fn select<'s>(
        &'s self,
        request: &Request<'_>,
        limits: &'s Limits<'_>,
    ) -> Result<Box<dyn SeriesStream + 's>, SourceError> {
        self.asked.borrow_mut().push((request.after_ms, request.until_ms));
        self.empty.select(request, limits)
    }
}

/// The text of an expression, wrapped so that it means the same.
fn expression(value: &Value, is_operand: bool) -> String {
    if value["_t"] == "parser.NumberLiteral" {
        let number = number(&value["Val"]);
        // A literal beyond the limit is refused by the parser already.
        if number > 9e9 && is_operand {
            return format!("(100000.0 * {:.1})", number / 100_000.0);
        }
        return format!("({number:.1})");
    }
    let op = value["Op"]["_id"].as_str().unwrap_or_default().trim_start_matches("parser.");
    let side = |key: &str| expression(&value[key], true);
    let word = match op {
        "STEP" => return "step()".to_owned(),
        "RANGE" => return "range()".to_owned(),
        "MIN_OF" => return format!("min_of({}, {})", side("LHS"), side("RHS")),
        "MAX_OF" => return format!("max_of({}, {})", side("LHS"), side("RHS")),
        "ADD" => "+",
        "SUB" => "-",
        "MUL" => "*",
        "DIV" => "/",
        "MOD" => "%",
        "POW" => "^",
        other => panic!("unknown operator {other}"),
    };
    let left = if value["LHS"].is_null() { String::new() } else { side("LHS") };
    format!("({left}{word}{})", side("RHS"))
}

fn duration(report: &mut Report, case: &Value) {
    let can_be_negative = case["allowedNegative"] == Value::Bool(true);
    let text = expression(&case["expr"], false);
    let query = if can_be_negative { format!("x offset {text}") } else { format!("x[{text}]") };
    let spy = Spy::default();
    let limits = Limits::new(usize::MAX, usize::MAX, &Unwatched);
    // The table's step is 1 s and its range 5 min.
    let when = When::Range { start_ms: 0, end_ms: 300_000, step_ms: 1_000 };
    let query = if can_be_negative { query } else { format!("count_over_time({query})") };
    let result = parse(&query, ParseOptions::ALL).map_err(|errors| errors.to_string()).and_then(|tree| {
        evaluate(&tree, when, EvalOptions::default(), &spy, &limits).map_err(|error| error.to_string())
    });
    let asked = spy.asked.borrow().first().copied();
    let ours = match (result, asked) {
        (Err(error), _) => error,
        (Ok(_), Some((_, until))) if can_be_negative => format!("{} ms", 300_000 - until),
        (Ok(_), Some((after, _))) => format!("{} ms", -after),
        (Ok(_), None) => "nothing asked".to_owned(),
    };
    let (passed, wanted) = match case["errorMessage"].as_str() {
        Some(message) => (ours.ends_with(message) || is_same_limit(&ours, message), message.to_owned()),
        None => {
            let wanted = format!("{} ms", number(&case["expected"]) / 1e6);
            (ours == wanted, wanted)
        }
    };
    let name = string(&case["name"]);
    report.case("metrics/prom_tables/durations_expr", &name, &query, passed, &ours, &wanted);
}

/// A literal is out of range for the parser already, in other words.
fn is_same_limit(ours: &str, wanted: &str) -> bool {
    wanted == "duration is out of range" && ours.ends_with("duration out of range")
}

fn evaluation(report: &mut Report, at: usize, case: &Value) {
    // The storage of the table has one series, `metric` with 1 at 0 s and 2 at 10 s.
    let mut source = MemorySource::default();
    let labels = Labels::from_pairs([("__name__", "metric")]);
    source.push_float(&labels, 0, 0, 1.0);
    source.push_float(&labels, 10_000, 0, 2.0);
    let query = string(&case["Query"]);
    let seconds = |key: &str| case[key]["args"][0].as_i64().map(|seconds| seconds * 1000);
    let start_ms = seconds("Start").unwrap_or(0);
    let when = match (seconds("End"), case.get("Interval")) {
        (Some(end_ms), Some(interval)) if !interval.is_null() => {
            When::Range { start_ms, end_ms, step_ms: (number(interval) / 1e6) as i64 }
        }
        _ => When::Instant(start_ms),
    };
    let limits = Limits::new(usize::MAX, usize::MAX, &Unwatched);
    let result = parse(&query, ParseOptions::ALL).map_err(|errors| errors.to_string()).and_then(|tree| {
        evaluate(&tree, when, EvalOptions::default(), &source, &limits).map_err(|error| error.to_string())
    });
    let ours = match &result {
        Ok(outcome) => show(&outcome.value),
        Err(error) => error.clone(),
    };
    let must_fail = case["ShouldError"] == Value::Bool(true);
    let wanted = if must_fail { "an error".to_owned() } else { wanted(&case["Result"]) };
    let passed = if must_fail { result.is_err() } else { ours == wanted };
    let corpus = "metrics/prom_tables/engine_start_end_hints";
    report.case(corpus, &at.to_string(), &query, passed, &ours, &wanted);
}

fn show(value: &promql::Value) -> String {
    let series = match value {
        promql::Value::Scalar(time, value) => return format!("{value}@{time}"),
        promql::Value::String(_, text) => return text.clone(),
        promql::Value::Vector(series) | promql::Value::Matrix(series) => series,
    };
    let one = |series: &promql::ResultSeries| {
        let points: Vec<String> = series
            .samples
            .iter()
            .map(|(time, value)| match value {
                SampleValue::Float(value) => format!("{value}@{time}"),
                SampleValue::Histogram(value) => format!("{value}@{time}"),
            })
            .collect();
        format!("{:?} {}", series.labels, points.join(" "))
    };
    series.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn wanted(value: &Value) -> String {
    let point = |value: &Value, key: &str| {
        format!("{}@{}", value.get(key).map_or(0.0, number), value.get("T").map_or(0.0, number))
    };
    if value["_t"] == "promql.Scalar" {
        return point(value, "V");
    }
    let labels = |value: &Value| {
        let pairs = value["Metric"]["args"].as_array().cloned().unwrap_or_default();
        Labels::from_pairs(pairs.chunks(2).map(|pair| (string(&pair[0]), string(&pair[1]))))
    };
    let series = value["_args"].as_array().cloned().unwrap_or_default();
    let one = |series: &Value| {
        let points = match series["Floats"].as_array() {
            Some(floats) => floats.iter().map(|float| point(float, "F")).collect::<Vec<_>>().join(" "),
            None => point(series, "F"),
        };
        format!("{:?} {points}", labels(series))
    };
    series.iter().map(one).collect::<Vec<_>>().join("; ")
}
