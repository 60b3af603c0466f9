//! Conformance of the Jaeger API and of Tempo's trace by id with recorded answers and other projects' cases.
//!
//! Runs the oracles `traces/jaeger-storage` (dependencies excepted), `traces/jaeger-golden`,
//! `traces/jaeger-http-params`, `traces/tempo-api-params` (trace by id) and the goldens `traces/jaeger`,
//! `traces/jaeger-badger` (trace by id and searches with a limit) and `traces/tempo` (trace by id, echo, ready, buildinfo). Prints a score
//! each; everything that depends on loaded spans runs a second time with the spans of each load shuffled over several
//! requests. Fails when a case fails that no wanted difference explains.

#[path = "conformance_jaeger/api_params.rs"]
mod api_params;
#[path = "conformance_jaeger/compare.rs"]
mod compare;
#[path = "conformance_jaeger/goldens.rs"]
mod goldens;
#[path = "conformance_jaeger/jaeger_golden.rs"]
mod jaeger_golden;
#[path = "conformance_jaeger/jaeger_storage.rs"]
mod jaeger_storage;
#[path = "support/otlp_bodies.rs"]
mod otlp_bodies;
#[path = "support/recordings.rs"]
mod recordings;
#[path = "support/subject.rs"]
mod subject;
#[path = "conformance_jaeger/views.rs"]
mod views;

use std::path::Path;
use std::process::ExitCode;

use subject::{InProcess, Scattered, Subject};
use testkit::conformance::Report;
use testkit::external::{Folder, find};

fn main() -> ExitCode {
    let mut report = Report::new("jaeger", env!("CARGO_MANIFEST_DIR"));
    run(&mut report, "", &mut || Box::new(InProcess::new()));
    run(&mut report, SCATTERED, &mut || Box::new(Scattered::new(Box::new(InProcess::new()))));
    if report.finish() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Tells the corpora apart whose spans were sent one by one in no order.
const SCATTERED: &str = ", scattered";

/// All corpora against subjects that `fresh` makes; each corpus gets its own. `suffix` is put behind their names.
fn run(report: &mut Report, suffix: &str, fresh: &mut dyn FnMut() -> Box<dyn Subject>) {
    let oracle = |below: &str| find(Folder::Oracles, below);
    if let Some(folder) = oracle("traces/jaeger-storage") {
        jaeger_storage::run(report, &folder, suffix, fresh);
    }
    if suffix.is_empty() {
        if let Some(folder) = oracle("traces/jaeger-golden") {
            jaeger_golden::run(report, &folder, fresh);
        }
        if let Some(file) = oracle("traces/jaeger-http-params/cases.json") {
            api_params::run_jaeger(report, &read(&file), &*fresh());
        }
        if let Some(file) = oracle("traces/tempo-api-params/cases.json") {
            api_params::run_tempo(report, &read(&file), &*fresh());
        }
    }
    let (Some(goldens), Some(corpus)) = (find(Folder::Goldens, "traces"), find(Folder::Corpus, "")) else {
        return;
    };
    for set in goldens::SETS {
        goldens::run(report, set, &goldens, &corpus, suffix, fresh);
    }
}

fn read(path: &Path) -> serde_json::Value {
    let text = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
