//! Runs the oracles of this language; `make conformance` prints their scores.
//!
//! Cases lie outside the repository, in `$THROUGHLINE_ORACLES/traces` and
//! `$THROUGHLINE_GOLDENS/traces`; each file is a corpus of that name. Searches and metrics run over
//! spans in memory.

#[path = "conformance/eval.rs"]
mod eval;
#[path = "conformance/goldens.rs"]
mod goldens;
#[path = "conformance/metrics.rs"]
mod metrics;
#[path = "conformance/otlp.rs"]
mod otlp;
#[path = "conformance/parity.rs"]
mod parity;
#[path = "conformance/parse.rs"]
mod parse;
#[path = "conformance/search.rs"]
mod search;
#[path = "conformance/sexpr.rs"]
mod sexpr;
#[path = "conformance/structure.rs"]
mod structure;
#[path = "conformance/values.rs"]
mod values;

use std::path::Path;
use std::process::ExitCode;

use serde_json::Value as Json;
use testkit::conformance::Report;
use testkit::external::{Folder, find};

fn main() -> ExitCode {
    let oracles = find(Folder::Oracles, "traces");
    let goldens = find(Folder::Goldens, "traces");
    if oracles.is_none() && goldens.is_none() {
        return ExitCode::SUCCESS;
    }
    let mut report = Report::new("traceql", env!("CARGO_MANIFEST_DIR"));
    if let Some(folder) = oracles {
        parse::run(&folder, &mut report);
        eval::run(&folder, &mut report);
        structure::run(&folder, &mut report);
        search::run(&folder, &mut report);
        metrics::run(&folder, &mut report);
        parity::run(&folder, &mut report);
    }
    if let Some(folder) = goldens {
        goldens::run(&folder, &mut report);
    }
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// A list of cases, or nothing where it is not there.
fn read(folder: &Path, name: &str) -> Json {
    match std::fs::read_to_string(folder.join(name)) {
        Ok(text) => serde_json::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}")),
        Err(error) => {
            eprintln!("NOT RUN: {name}: {error}");
            Json::Null
        }
    }
}

/// The items of an array, none for anything else.
fn items(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

/// A text, empty for anything else.
fn text(json: &Json) -> &str {
    json.as_str().unwrap_or("")
}
