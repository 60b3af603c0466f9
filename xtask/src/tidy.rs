//! Structure rules that a compiler does not know: who may depend on whom, how long a file may be, what each begins with.
//!
//! In: the tree. Out: one line a finding. The rules stand in CONTRIBUTING.md; this is their check.

use std::path::{Path, PathBuf};

/// Our crates in the order of the data's path: each may use only crates before it, and of its own group nothing.
const GROUPS: &[&[&str]] = &[
    &["stdx", "api"],
    &["model"],
    &["promql", "logql", "traceql", "decode", "wal", "buffer", "segment", "catalog"],
    &["store"],
    &["query"],
    &["topology"],
    &["server"],
];
/// Crates for tests and chores, which nothing that ships may use.
const TOOLS: &[&str] = &["testkit"];
/// `wal` must not know what a span is (I3).
const FORBIDDEN: &[(&str, &str)] = &[("wal", "model")];
/// Most lines of a file, tests not counted.
const LINES_MAX: usize = 700;
/// Words that crates, modules and types do not have.
const BANNED: &[&str] = &["utils", "common", "manager", "helper", "helpers"];

pub fn run() -> Result<(), String> {
    let mut findings = Vec::new();
    for krate in GROUPS.iter().copied().flatten().chain(TOOLS) {
        check_dependencies(krate, &mut findings)?;
    }
    let mut files = Vec::new();
    collect(Path::new("crates"), &mut files)?;
    collect(Path::new("bench"), &mut files)?;
    collect(Path::new("xtask"), &mut files)?;
    collect(Path::new("fuzz"), &mut files)?;
    for file in &files {
        check_file(file, &mut findings)?;
    }
    check_map(Path::new("ARCHITECTURE.md"), &mut findings)?;
    if findings.is_empty() {
        println!("tidy: {} files follow the rules", files.len());
        return Ok(());
    }
    Err(format!("{}\ntidy: {} findings", findings.join("\n"), findings.len()))
}

fn rank(krate: &str) -> Option<usize> {
    GROUPS.iter().position(|group| group.contains(&krate))
}

fn check_dependencies(krate: &str, findings: &mut Vec<String>) -> Result<(), String> {
    let path = format!("crates/{krate}/Cargo.toml");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    let manifest: toml::Table = toml::from_str(&text).map_err(|error| format!("{path}: {error}"))?;
    let Some(dependencies) = manifest.get("dependencies").and_then(|d| d.as_table()) else {
        return Ok(());
    };
    for used in dependencies.keys() {
        if TOOLS.contains(&used.as_str()) {
            findings.push(format!("{path}: `{used}` is for tests only"));
        }
        if let (Some(own), Some(other)) = (rank(krate), rank(used))
            && other >= own
        {
            findings.push(format!("{path}: `{krate}` may not use `{used}`: arrows point left"));
        }
        if FORBIDDEN.contains(&(krate, used)) {
            findings.push(format!("{path}: `{krate}` may not know `{used}`"));
        }
    }
    Ok(())
}

fn check_file(path: &Path, findings: &mut Vec<String>) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let shown = path.display();
    let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    if !text.starts_with("//!") && !text.starts_with("#!") {
        findings.push(format!("{shown}: has no head (`//!`) that says what comes in and goes out"));
    }
    if BANNED.contains(&stem) || stem == "mod" {
        findings.push(format!("{shown}: `{stem}` says nothing; name what it does"));
    }
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap_or(&text);
    let lines = code.lines().count();
    if lines > LINES_MAX && !path.components().any(|part| part.as_os_str() == "tests") {
        findings.push(format!("{shown}: {lines} lines, at most {LINES_MAX}"));
    }
    let ships = path.starts_with("crates") && !path.starts_with("crates/testkit");
    if ships && path.components().any(|part| part.as_os_str() == "src") && stem != "tests" {
        for (at, line) in code.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
            if line.contains(".expect(\"") || (line.contains(".unwrap()") && !line.contains("self.unwrap()"))
            {
                findings
                    .push(format!("{shown}:{}: panics on what may come from outside; give an error", at + 1));
            }
        }
    }
    for (at, line) in text.lines().enumerate() {
        let comment = line.trim_start().strip_prefix("//").unwrap_or_default();
        for word in ["TODO", "FIXME", "XXX", "HACK"] {
            if comment.split_whitespace().any(|found| found.trim_end_matches(':') == word) {
                findings.push(format!("{shown}:{}: `{word}` without its issue", at + 1));
            }
        }
    }
    Ok(())
}

/// Every file that the map of the tree names is there.
fn check_map(map: &Path, findings: &mut Vec<String>) -> Result<(), String> {
    let text = std::fs::read_to_string(map).map_err(|error| format!("{}: {error}", map.display()))?;
    for named in
        text.split('`').skip(1).step_by(2).filter(|named| named.contains('/') && named.ends_with(".rs"))
    {
        if !Path::new(named).exists() && !Path::new("crates").join(named).exists() {
            findings.push(format!("{}: `{named}` is not there", map.display()));
        }
    }
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<(), String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
