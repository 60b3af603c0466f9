//! The engine over loose spans, and operators on values.

use std::path::Path;

use model::{SpanId, TraceId};
use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::EvalError;
use traceql::ast::{AttributeScope, BinaryOp, Body, Intrinsic, Query};
use traceql::bits::Bits;
use traceql::columns::{Batch, Column, Field, TraceRows};
use traceql::nested_set::NestedSets;
use traceql::program::Rows;
use traceql::spansets::{Compiler, Spanset, Trace, run as run_steps};
use traceql::value::{Patterns, Value, binary, compare, equal};

use crate::values::typed;
use crate::{items, otlp, read, text};

/// Cases and tables.
pub fn run(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-eval/eval_cases";
    for case in items(&read(folder, "traceql-eval/eval_cases.json")) {
        let query = text(&case["query"]);
        let ours = evaluate(query, &case["input"]);
        let wanted = match text(&case["expect"]) {
            "error" => "error".to_owned(),
            _ => shown_output(&case["output"]),
        };
        let passed = match &ours {
            Ok(ours) => *ours == wanted,
            Err(_) => wanted == "error",
        };
        let ours = ours.unwrap_or_else(|error| format!("error: {error}"));
        report.case(corpus, text(&case["id"]), query, passed, &ours, &wanted);
    }
    tables(folder, report);
}

/// A span by what tells it apart: its id and attributes.
fn shown_span(id: &str, attributes: &[(String, Value)]) -> String {
    let mut attributes: Vec<String> =
        attributes.iter().map(|(name, value)| format!("{name}={value}")).collect();
    attributes.sort();
    format!("{id}[{}]", attributes.join(" "))
}

fn attributes_of(span: &Json) -> Vec<(String, Value)> {
    span["attrs"]
        .as_object()
        .map_or(Vec::new(), |pairs| pairs.iter().map(|(name, value)| (name.clone(), typed(value))).collect())
}

fn shown_spanset(mut spans: Vec<String>, mut attributes: Vec<String>) -> String {
    spans.sort();
    attributes.sort();
    format!("({} | {})", spans.join(" "), attributes.join(" "))
}

fn shown_output(output: &Json) -> String {
    let mut spansets: Vec<String> = items(output)
        .iter()
        .map(|spanset| {
            let spans = items(&spanset["spans"]);
            let spans = spans.iter().map(|span| shown_span(text(&span["id"]), &attributes_of(span)));
            let attributes = items(&spanset["attributes"])
                .iter()
                .map(|attribute| format!("{}={}", text(&attribute["name"]), typed(&attribute["value"])));
            shown_spanset(spans.collect(), attributes.collect())
        })
        .collect();
    spansets.sort();
    spansets.join(" ")
}

/// A query over given spansets of one trace.
fn evaluate(query: &str, input: &Json) -> Result<String, String> {
    let parsed = traceql::parse(query).map_err(|error| error.to_text(query))?;
    let mut compiler = Compiler::default();
    let (steps, _) = match &parsed {
        Query { body: Body::Spansets(pipeline), .. } => {
            compiler.pipeline(pipeline).map_err(|error| error.to_string())?
        }
        _ => return Err("not a search".to_owned()),
    };
    let spans: Vec<&Json> = items(input).iter().flat_map(|spanset| items(&spanset["spans"])).collect();
    let (batch, sets) = loose_batch(&spans, compiler.fields.as_slice());
    let mut first = 0;
    let spansets = items(input).iter().map(|spanset| {
        let len = items(&spanset["spans"]).len();
        let rows = Bits::from_fn(spans.len(), |row| (first..first + len).contains(&row));
        first += len;
        Spanset { rows, attributes: Vec::new() }
    });
    let spansets: Vec<Spanset> = spansets.filter(|spanset| !spanset.rows.is_empty()).collect();
    let patterns = Patterns::default();
    let rows = Rows { batch: &batch, range: 0..spans.len(), patterns: &patterns };
    let trace = Trace { rows, sets: Some(&sets) };
    let output = run_steps(&steps, &trace, spansets).map_err(|error| error.to_string())?;
    let mut shown: Vec<String> = output
        .iter()
        .map(|spanset| {
            let spans = spanset
                .rows
                .iter()
                .map(|row| shown_span(text(&spans[row]["id"]), &attributes_of(spans[row])));
            let attributes = spanset.attributes.iter().map(|(name, value)| format!("{name}={value}"));
            shown_spanset(spans.collect(), attributes.collect())
        })
        .collect();
    shown.sort();
    Ok(shown.join(" "))
}

/// The key under which the oracle keeps a field's value.
fn keys_of(field: &Field) -> Vec<String> {
    match field {
        Field::Attribute(AttributeScope::Span, name) => {
            vec![format!("span.{name}"), format!(".{name}")]
        }
        Field::Attribute(scope, name) => vec![format!("{}.{name}", scope.name())],
        Field::Intrinsic(intrinsic) => {
            vec![intrinsic.name().to_owned(), format!("span:{}", intrinsic.name())]
        }
        Field::TraceState => Vec::new(),
    }
}

/// Spans with typed values as a batch of one trace.
pub fn loose_batch(spans: &[&Json], fields: &[Field]) -> (Batch, NestedSets) {
    let column = |field: &Field| {
        let keys = keys_of(field);
        let value = |span: &&Json| {
            let found = keys.iter().map(|key| &span["attrs"][key]).find(|value| !value.is_null());
            found.map_or(Value::Nil, typed)
        };
        Column::of_values(spans.iter().map(value).collect())
    };
    let number = |span: &Json, key: &str| span["nested"][key].as_i64().unwrap_or(0) as i32;
    let numbers = |key: &str| -> Vec<i32> { spans.iter().map(|span| number(span, key)).collect() };
    let sets = NestedSets {
        left: numbers("left"),
        right: numbers("right"),
        parent: numbers("parent"),
        child_count: vec![0; spans.len()],
        is_connected: true,
    };
    let duration = |span: &&Json| {
        let loose =
            [&span["duration_ns"], &span["attrs"]["duration"]["v"], &span["attrs"]["span:duration"]["v"]];
        loose.iter().find_map(|value| value.as_i64()).unwrap_or(0)
    };
    let batch = Batch {
        traces: vec![TraceRows { id: TraceId([1; 16]), rows: 0..spans.len() }],
        span_ids: spans.iter().map(|span| otlp::span_id(text(&span["id"]))).collect(),
        parent_ids: vec![None::<SpanId>; spans.len()],
        starts: spans.iter().map(|span| span["start_ns"].as_i64().unwrap_or(0)).collect(),
        durations: spans.iter().map(duration).collect(),
        columns: fields.iter().map(column).collect(),
        every_attribute: Vec::new(),
    };
    (batch, sets)
}

/// Whether a field name belongs to an intrinsic that loose spans lack.
pub fn is_intrinsic(name: &str) -> bool {
    Intrinsic::ALL.iter().any(|intrinsic| intrinsic.name() == name)
}

fn operator(symbol: &str) -> BinaryOp {
    let all = [
        BinaryOp::Equal,
        BinaryOp::NotEqual,
        BinaryOp::Less,
        BinaryOp::LessEqual,
        BinaryOp::Greater,
        BinaryOp::GreaterEqual,
        BinaryOp::Match,
        BinaryOp::NotMatch,
        BinaryOp::In,
        BinaryOp::NotIn,
        BinaryOp::MatchAny,
        BinaryOp::MatchNone,
    ];
    all.into_iter().find(|op| op.symbol() == symbol).expect("an operator")
}

fn tables(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-eval/static_operators";
    let tables = read(folder, "traceql-eval/static_operators.json");
    let patterns = Patterns::default();
    for case in items(&tables["binary_operators"]) {
        let op = operator(text(&case["op"]));
        let (lhs, rhs) = (typed(&case["lhs"]), typed(&case["rhs"]));
        let mut ours = vec![binary(op, &lhs, &rhs, &patterns)];
        if case["symmetric"] == true {
            ours.push(binary(op, &rhs, &lhs, &patterns));
        }
        let wanted = |result: &Result<Value, EvalError>| match result {
            Ok(value) => case["expected"].as_bool().is_some_and(|wanted| *value == Value::Bool(wanted)),
            Err(error) => error.to_string() == text(&case["error"]),
        };
        let passed = ours.iter().all(wanted);
        let subject = format!("{lhs} {} {rhs}", op.symbol());
        let wanted = format!("{} {}", case["expected"], case["error"]);
        report.case(corpus, text(&case["id"]), &subject, passed, &format!("{ours:?}"), &wanted);
    }
    let statics = &tables["statics"];
    let pairs = [("equal", true), ("not_equal", false), ("always_false_with_nil", false)];
    for (list, wanted) in pairs {
        for case in items(&statics[list]) {
            let (lhs, rhs) = (typed(&case["lhs"]), typed(&case["rhs"]));
            let ours = equal(&lhs, &rhs);
            let subject = format!("{:?} {lhs} equals {:?} {rhs}", lhs.kind(), rhs.kind());
            let passed = ours == wanted;
            report.case(corpus, text(&case["id"]), &subject, passed, &ours.to_string(), list);
        }
    }
    for case in items(&statics["compare"]) {
        let (a, b) = (typed(&case["a"]), typed(&case["b"]));
        let ours = compare(&a, &b).map(|order| order as i64);
        let passed = ours == case["want"].as_i64();
        let subject = format!("{a} against {b}");
        let wanted = case["want"].to_string();
        report.case(corpus, text(&case["id"]), &subject, passed, &format!("{ours:?}"), &wanted);
    }
    for (list, apply) in
        [("sum_into", sum as fn(&Value, &Json) -> Value), ("divide_by", divide), ("append", append)]
    {
        for case in items(&statics[list]) {
            let ours = apply(&typed(&case["a"]), case);
            let wanted = typed(&case["want"]);
            let passed = match (&ours, &wanted) {
                (Value::Float(a), Value::Float(b)) => (a - b).abs() <= b.abs() * 1e-12,
                (ours, wanted) => ours == wanted,
            };
            let subject = format!("{list} {case}");
            let id = text(&case["id"]);
            report.case(corpus, id, &subject, passed, &ours.to_string(), &wanted.to_string());
        }
    }
}

fn sum(a: &Value, case: &Json) -> Value {
    let mut sum = a.clone();
    sum.sum_into(&typed(&case["b"]));
    sum
}

fn divide(a: &Value, case: &Json) -> Value {
    a.divide_by(case["by"].as_f64().expect("a divisor"))
}

fn append(a: &Value, case: &Json) -> Value {
    a.append(&typed(&case["b"]))
}
