//! Runs the oracles of this language; `make conformance` prints their scores.

#[path = "conformance/engine.rs"]
mod engine;
#[path = "conformance/grammars.rs"]
mod grammars;
#[path = "conformance/lists.rs"]
mod lists;
#[path = "conformance/samples.rs"]
mod samples;
#[path = "conformance/stages.rs"]
mod stages;

use testkit::conformance::Report;
use testkit::external::{Folder, find};

/// The parsed list of this name, without the ending, if it is there.
fn load(corpus: &str) -> Option<serde_json::Value> {
    let path = find(Folder::Oracles, &format!("{corpus}.json"))?;
    let text = match std::fs::read(&path) {
        Ok(text) => text,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    match serde_json::from_slice(&text) {
        Ok(value) => Some(value),
        Err(error) => panic!("{}: {error}", path.display()),
    }
}

fn main() {
    let mut report = Report::new("logql", env!("CARGO_MANIFEST_DIR"));
    lists::parse(&mut report);
    lists::lex(&mut report);
    lists::lezer(&mut report);
    lists::oteldb(&mut report);
    lists::sent(&mut report);
    stages::run(&mut report);
    grammars::run(&mut report);
    engine::run(&mut report);
    samples::run(&mut report);
    if !report.finish() {
        std::process::exit(1);
    }
}
