//! `make bench`: runs every bench, one after the other, and keeps what they print.
//!
//! In: names of crates, none for all. Out: the lines as they come, and those that are JSON in
//! `bench/results/<seconds since 1970>.jsonl`. A bench prints what it measured and what was wanted; it fails only when
//! its two sides disagree.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::built::{self, Binary};

pub fn run(crates: &[String]) -> Result<(), String> {
    let is_wanted = |one: &Binary| one.kind == "bench" && (crates.is_empty() || crates.contains(&one.krate));
    let benches: Vec<Binary> = built::build(&["--benches"])?.into_iter().filter(is_wanted).collect();
    if benches.is_empty() {
        return Err(format!("there is no bench of {}", crates.join(", ")));
    }
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let path = format!("bench/results/{seconds}.jsonl");
    let failed_on = |error: std::io::Error| format!("{path}: {error}");
    std::fs::create_dir_all("bench/results").map_err(failed_on)?;
    let mut results = std::fs::File::create(&path).map_err(failed_on)?;
    let mut failed = Vec::new();
    for bench in &benches {
        println!("== {} {}", bench.krate, bench.target);
        let mut child = bench
            .command()
            .arg("--bench")
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", bench.path.display()))?;
        for line in child.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
            let line = line.map_err(|error| error.to_string())?;
            println!("{line}");
            if line.starts_with('{') {
                writeln!(results, "{line}").map_err(failed_on)?;
            }
        }
        if !child.wait().map_err(|error| error.to_string())?.success() {
            failed.push(bench.krate.as_str());
        }
    }
    println!("measurements: {path}");
    if failed.is_empty() { Ok(()) } else { Err(format!("benches failed: {}", failed.join(", "))) }
}
