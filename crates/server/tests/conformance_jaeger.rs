//! Conformance of the Jaeger API and of Tempo's trace by id with recorded answers and other projects' cases.
//!
//! Runs the oracles `traces/jaeger-storage` (dependencies excepted), `traces/jaeger-golden`,
//! `traces/jaeger-http-params`, `traces/tempo-api-params` (trace by id) and the goldens `traces/jaeger`,
//! `traces/jaeger-badger` (trace by id and searches with a limit) and `traces/tempo` (trace by id, echo, ready, buildinfo). Prints a score
//! each. Every case is put to the routers over spans in memory, and to real servers that have the spans in the buffer, in
//! merged tables, or shuffled over both; it passes when it passes in each state. Fails when a case fails that no wanted
//! difference explains.

#[path = "conformance_jaeger/api_params.rs"]
mod api_params;
#[path = "conformance_jaeger/compare.rs"]
mod compare;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "support/connection.rs"]
mod connection;
#[path = "conformance_jaeger/goldens.rs"]
mod goldens;
#[path = "conformance_jaeger/jaeger_golden.rs"]
mod jaeger_golden;
#[path = "conformance_jaeger/jaeger_storage.rs"]
mod jaeger_storage;
#[path = "support/otlp_bodies.rs"]
mod otlp_bodies;
#[allow(dead_code, reason = "each test uses a part")]
#[path = "support/process.rs"]
mod process;
#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/subject.rs"]
mod subject;
#[path = "conformance_jaeger/views.rs"]
mod views;

use std::path::Path;
use std::process::ExitCode;

use subject::{InProcess, RealServer, State, Subject};
use testkit::conformance::Report;
use testkit::external::{Folder, find};

fn main() -> ExitCode {
    let mut report = Report::new("jaeger", env!("CARGO_MANIFEST_DIR"));
    report.begin_state("routers over spans in memory");
    run(&mut report, &mut || Box::new(InProcess::new()));
    let states = [
        (State::Buffer, "server, in its buffer"),
        (State::Tables, "server, in merged tables"),
        (State::Shuffled, "server, shuffled over requests, half in tables"),
    ];
    for (state, name) in states {
        report.begin_state(name);
        run(&mut report, &mut || Box::new(RealServer::new(state)));
    }
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// All corpora against subjects that `fresh` makes; each corpus gets its own.
fn run(report: &mut Report, fresh: &mut dyn FnMut() -> Box<dyn Subject>) {
    let oracle = |below: &str| find(Folder::Oracles, below);
    if let Some(folder) = oracle("traces/jaeger-storage") {
        jaeger_storage::run(report, &folder, fresh);
    }
    if let Some(folder) = oracle("traces/jaeger-golden") {
        jaeger_golden::run(report, &folder, fresh);
    }
    if let Some(file) = oracle("traces/jaeger-http-params/cases.json") {
        api_params::run_jaeger(report, &read(&file), &*fresh());
    }
    if let Some(file) = oracle("traces/tempo-api-params/cases.json") {
        api_params::run_tempo(report, &read(&file), &*fresh());
    }
    let (Some(goldens), Some(corpus)) = (find(Folder::Goldens, "traces"), find(Folder::Corpus, "")) else {
        return;
    };
    for set in goldens::SETS {
        goldens::run(report, set, &goldens, &corpus, fresh);
    }
}

fn read(path: &Path) -> serde_json::Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
