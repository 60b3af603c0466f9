//! Runs the cases of other projects in `$THROUGHLINE_ORACLES/metrics` and prints a score a corpus.
//!
//! `*_table.rs` run the tables of the parser; `script.rs` reads evaluation scripts and `scripts.rs` runs
//! them, each evaluation as written, again with `@` at other times, and again as a range.

mod duration_table;
mod expr_table;
mod go_value;
mod lexer_table;
mod print_tables;
mod script;
mod scripts;
mod series_table;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value;
use testkit::conformance::Report;
use testkit::external::{Folder, find};

/// The cases of a table, or nothing after saying that it was not run.
fn table(name: &str) -> Vec<Value> {
    let Some(path) = find(Folder::Oracles, &format!("metrics/prom_tables/{name}.json")) else {
        return Vec::new();
    };
    match read_json(&path).get_mut("cases").map(Value::take) {
        Some(Value::Array(cases)) => cases,
        _ => panic!("{}: no cases", path.display()),
    }
}

fn read_json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Runs the 539 queries of the compliance tester through the parser.
fn compliance(report: &mut Report) {
    let below = "metrics/compliance/promql-queries-expanded.json";
    let Some(path) = find(Folder::Oracles, below) else {
        return;
    };
    let cases = read_json(&path);
    for case in cases.as_array().into_iter().flatten() {
        let query = case["query"].as_str().unwrap_or_default();
        let parsed = promql::parse(query, promql::ParseOptions::default());
        let ours = match &parsed {
            Ok(tree) => tree.to_string(),
            Err(errors) => errors.to_string(),
        };
        // A query that should fail may fail at evaluation only.
        let passed = parsed.is_ok() || case["should_fail"] == Value::Bool(true);
        report.case("metrics/compliance", query, query, passed, &ours, "a query");
    }
}

fn main() -> ExitCode {
    let mut report = Report::new("promql", env!("CARGO_MANIFEST_DIR"));
    expr_table::run(&mut report);
    lexer_table::run(&mut report);
    print_tables::run(&mut report);

    series_table::run(&mut report);
    duration_table::run(&mut report);
    compliance(&mut report);
    scripts::run(&mut report);
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
