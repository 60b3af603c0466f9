//! Nested-set numbers of traces, and structural operators on given numbers.

use std::path::Path;

use model::{SpanId, SpanKind};
use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::ast::StructuralOp;
use traceql::bits::Bits;
use traceql::nested_set::{NestedSets, Node};
use traceql::structural::related;

use crate::{items, read, text};

/// Both lists.
pub fn run(folder: &Path, report: &mut Report) {
    numbers(folder, report);
    operators(folder, report);
}

/// The eight letters of a name as an id.
fn id(name: &str) -> SpanId {
    let mut bytes = [0; 8];
    bytes.iter_mut().zip(name.bytes()).for_each(|(byte, letter)| *byte = letter);
    SpanId(bytes)
}

fn numbers(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/nested_set_cases";
    for case in items(&read(folder, "traceql-search/nested_set_cases.json")) {
        let spans = items(&case["spans"]);
        let nodes: Vec<Node> = spans
            .iter()
            .map(|span| Node {
                id: id(text(&span["id"])),
                parent: span["parent"].as_str().map(id),
                kind: SpanKind::from_name(text(&span["kind"])).unwrap_or_default(),
                start: 0,
            })
            .collect();
        let sets = NestedSets::of(&nodes);
        let shown = |span: &Json, numbers: [i64; 4]| {
            format!("{} {} {}: {numbers:?}", text(&span["id"]), span["parent"], text(&span["kind"]))
        };
        let mut ours: Vec<String> = spans
            .iter()
            .enumerate()
            .map(|(row, span)| {
                let numbers = [sets.left[row], sets.right[row], sets.parent[row], sets.child_count[row]];
                shown(span, numbers.map(i64::from))
            })
            .collect();
        let mut wanted: Vec<String> = items(&case["expected"])
            .iter()
            .map(|span| {
                let keys = ["left", "right", "nestedSetParent", "childCount"];
                shown(span, keys.map(|key| span[key].as_i64().unwrap_or(0)))
            })
            .collect();
        ours.push(format!("connected {}", sets.is_connected));
        wanted.push(format!("connected {}", case["connected"]));
        ours.sort();
        wanted.sort();
        let (ours, wanted) = (ours.join("; "), wanted.join("; "));
        let name = text(&case["name"]);
        report.case(corpus, name, name, ours == wanted, &ours, &wanted);
    }
}

fn operators(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-search/structural_nested_set_cases";
    for group in items(&read(folder, "traceql-search/structural_nested_set_cases.json")) {
        let Some(spans) = group["spans"].as_object() else {
            continue;
        };
        let names: Vec<&String> = spans.keys().collect();
        let numbers = |key: &str| -> Vec<i32> {
            names.iter().map(|name| spans[*name][key].as_i64().unwrap_or(0) as i32).collect()
        };
        let sets = NestedSets {
            left: numbers("nestedSetLeft"),
            right: numbers("nestedSetRight"),
            parent: numbers("nestedSetParent"),
            child_count: vec![0; names.len()],
            is_connected: true,
        };
        let rows = |list: &Json| {
            let wanted: Vec<&str> = items(list).iter().map(text).collect();
            Bits::from_fn(names.len(), |row| wanted.contains(&names[row].as_str()))
        };
        for case in items(&group["cases"]) {
            let (lhs, rhs) = (rows(&case["lhs"]), rows(&case["rhs"]));
            let symbol = text(&case["op"]);
            let op = match symbol.trim_start_matches(['!', '&']) {
                ">" => StructuralOp::Child,
                "<" => StructuralOp::Parent,
                ">>" => StructuralOp::Descendant,
                "<<" => StructuralOp::Ancestor,
                _ => StructuralOp::Sibling,
            };
            let mut found = related(op, &sets, &lhs, &rhs);
            if symbol.starts_with('!') {
                let mut others = rhs.clone();
                others.and_not(&found);
                found = others;
            } else if symbol.starts_with('&') {
                found.or(&related(op.inverse(), &sets, &rhs, &lhs));
            }
            let mut ours: Vec<&str> = found.iter().map(|row| names[row].as_str()).collect();
            let mut wanted: Vec<&str> = items(&case["expected"]).iter().map(text).collect();
            ours.sort_unstable();
            wanted.sort_unstable();
            let subject = format!("{} {symbol} {}", case["lhs"], case["rhs"]);
            let passed = ours == wanted;
            let name = text(&case["name"]);
            report.case(corpus, name, &subject, passed, &ours.join(" "), &wanted.join(" "));
        }
    }
}
