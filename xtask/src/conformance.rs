//! `make conformance`: runs each crate's conformance runner and joins their parts to `target/conformance.json`.

use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value};

/// Test targets that are runners; those of the three languages have one name.
const RUNNERS: &[&str] = &["conformance", "conformance_jaeger"];

pub fn run() -> Result<(), String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let parts = Path::new("target/conformance");
    if parts.exists() {
        std::fs::remove_dir_all(parts).map_err(|error| format!("{}: {error}", parts.display()))?;
    }
    // The whole workspace is built with one set of features, so that nothing is compiled twice.
    let built = Command::new(&cargo)
        .args(["test", "--workspace", "--locked", "--no-run", "--quiet"])
        .status()
        .map_err(|error| error.to_string())?;
    if !built.success() {
        return Err("the runners did not build".to_owned());
    }
    let mut failed = Vec::new();
    for runner in RUNNERS {
        let status = Command::new(&cargo)
            .args(["test", "--workspace", "--locked", "--quiet", "--no-fail-fast", "--test", runner])
            .status()
            .map_err(|error| error.to_string())?;
        if !status.success() {
            failed.push(*runner);
        }
    }
    join(parts)?;
    if failed.is_empty() { Ok(()) } else { Err(format!("not every corpus passed: {failed:?}")) }
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
