//! `make conformance`: runs each crate's conformance runner and joins their parts to `target/conformance.json`.
//!
//! In: the folders that the environment names. Out: the runners' lines as they come, `conformance CORPUS PASSED/TOTAL`
//! among them. Without a folder its corpora are named as not run. It judges nothing; the runners do.

use std::path::Path;

use serde_json::{Map, Value};

use crate::built;

/// Test targets that are runners; those of the three languages have one name.
const RUNNERS: &[&str] = &["conformance", "conformance_jaeger"];

pub fn run() -> Result<(), String> {
    let parts = Path::new("target/conformance");
    if parts.exists() {
        std::fs::remove_dir_all(parts).map_err(|error| format!("{}: {error}", parts.display()))?;
    }
    let mut failed = Vec::new();
    let binaries = built::build(&[])?;
    for runner in binaries.iter().filter(|binary| RUNNERS.contains(&binary.target.as_str())) {
        let status = runner.command().status().map_err(|error| format!("{}: {error}", runner.path.display()))?;
        if !status.success() {
            failed.push(runner.krate.as_str());
        }
    }
    join(parts)?;
    if failed.is_empty() { Ok(()) } else { Err(format!("not every corpus passed: {}", failed.join(", "))) }
}

fn join(parts: &Path) -> Result<(), String> {
    let mut all = Map::new();
    if let Ok(entries) = std::fs::read_dir(parts) {
        for entry in entries.flatten() {
            let text = std::fs::read_to_string(entry.path()).map_err(|error| error.to_string())?;
            let part: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
            if let Value::Object(part) = part {
                all.extend(part);
            }
        }
    }
    let text = serde_json::to_string_pretty(&all).map_err(|error| error.to_string())?;
    std::fs::create_dir_all("target").map_err(|error| error.to_string())?;
    std::fs::write("target/conformance.json", text).map_err(|error| error.to_string())
}
