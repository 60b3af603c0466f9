//! `make fuzz`: builds the targets of `fuzz/` and runs each for a while, as many at a time as there are processors.
//!
//! In: seconds a target, 60 unless given, and names of targets, none for all. Out: a line a target, and for a crash the message and the
//! file with the input. What was found before is read first: `target/fuzz/corpus`. It measures no speed.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Most memory that a target may really hold; evaluations are told to hold much less.
const RSS_LIMIT_MB: u32 = 2_048;
/// One input may take this long; evaluations are told to end after half a second.
const INPUT_SECONDS_MAX: u32 = 10;

/// How one target ended.
struct Ended {
    line: String,
    is_sound: bool,
}

pub fn run(arguments: &[String]) -> Result<(), String> {
    let seconds = match arguments.first() {
        Some(text) => text.parse::<u32>().map_err(|_| format!("{text}: a number of seconds is wanted"))?,
        None => 60,
    };
    let root = std::env::current_dir().map_err(|error| error.to_string())?;
    let names = targets(&root.join("fuzz/targets"), arguments.get(1..).unwrap_or_default())?;
    let binaries = build(&root)?;
    let results = root.join("target/fuzz");
    let next = AtomicUsize::new(0);
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(names.len());
    println!("fuzzing {} targets for {seconds} s each, {workers} at a time; details in target/fuzz/logs", names.len());
    let failed: usize = std::thread::scope(|scope| {
        let work = || {
            let mut failed = 0;
            while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                let ended = fuzz(&binaries, name, seconds, &results)
                    .unwrap_or_else(|error| Ended { line: format!("fuzz {name} NOT RUN: {error}"), is_sound: false });
                println!("{}", ended.line);
                failed += usize::from(!ended.is_sound);
            }
            failed
        };
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap_or(1)).sum()
    });
    if failed > 0 { Err(format!("{failed} of {} targets failed", names.len())) } else { Ok(()) }
}

/// Names of all targets, or those that are wanted.
fn targets(folder: &Path, wanted: &[String]) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let mut all: Vec<String> =
        entries.flatten().filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect();
    all.sort_unstable();
    match wanted.iter().find(|name| !all.contains(name)) {
        Some(unknown) => Err(format!("there is no target `{unknown}`; there are {}", all.join(", "))),
        None if wanted.is_empty() => Ok(all),
        None => Ok(wanted.to_vec()),
    }
}

/// Builds all targets with coverage; the folder of the binaries.
fn build(root: &Path) -> Result<PathBuf, String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    // Beside the product's build and never in it.
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from).join("fuzz");
    let built = Command::new(cargo)
        .current_dir(root.join("fuzz"))
        .args(["build", "--profile", "fuzz", "--locked", "--bins"])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTC_WRAPPER", root.join("fuzz/rustc.sh"))
        .env("THROUGHLINE_ROOT", root)
        .status()
        .map_err(|error| error.to_string())?;
    if built.success() { Ok(target.join("fuzz")) } else { Err("the targets did not build".to_owned()) }
}

fn fuzz(binaries: &Path, name: &str, seconds: u32, results: &Path) -> Result<Ended, String> {
    let folder = |kind: &str| {
        let path = results.join(kind).join(name);
        std::fs::create_dir_all(&path).map(|()| path).map_err(|error| error.to_string())
    };
    let (corpus, seeds, crashes) = (folder("corpus")?, folder("seeds")?, folder("crashes")?);
    std::fs::create_dir_all(results.join("logs")).map_err(|error| error.to_string())?;
    let log = results.join("logs").join(format!("{name}.log"));
    let file = std::fs::File::create(&log).map_err(|error| format!("{}: {error}", log.display()))?;
    let mut command = Command::new(binaries.join(name));
    command
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-rss_limit_mb={RSS_LIMIT_MB}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"))
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .args(["-print_final_stats=1", "-use_value_profile=1"]);
    if let Some(words) = dictionary(name) {
        command.arg(format!("-dict={}", words.display()));
    }
    let status = command
        .args([&corpus, &seeds])
        .env("THROUGHLINE_FUZZ_SEEDS", &seeds)
        .stdout(std::process::Stdio::null())
        .stderr(file)
        .status()
        .map_err(|error| error.to_string())?;
    let text = std::fs::read(&log).map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&text);
    let mut line = format!("fuzz {name}: {}", said(&text));
    if !status.success() {
        let _ = write!(line, "\n  FAILED ({status}): {}", cause(&text));
        if let Some(input) = artifact(&text) {
            let _ = write!(line, "\n  input: {input}\n  again: {} {input}", binaries.join(name).display());
        }
    }
    Ok(Ended { line, is_sound: status.success() })
}

/// Words of the grammar: `fuzz/words/promql.dict` serves every target whose name begins with `promql`.
fn dictionary(name: &str) -> Option<PathBuf> {
    let family = name.split('_').next()?;
    let words = Path::new("fuzz/words").join(family).with_extension("dict");
    words.exists().then_some(words)
}

/// Runs and coverage as libFuzzer's log tells.
fn said(log: &str) -> String {
    let number = |line: &str, word: &str| -> Option<u64> {
        line.split(word).nth(1)?.split_whitespace().next()?.parse().ok()
    };
    let runs = log.lines().find_map(|line| number(line, "stat::number_of_executed_units:"));
    let runs = runs.or_else(|| log.lines().rev().find_map(|line| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok()));
    let covered = log.lines().rev().find_map(|line| number(line, " cov: "));
    let inputs = log.lines().rev().find_map(|line| line.split("corp: ").nth(1)?.split('/').next()?.parse().ok());
    let shown = |value: Option<u64>| value.map_or("?".to_owned(), |value| value.to_string());
    format!("{} runs, {} places reached, {} inputs kept", shown(runs), shown(covered), shown(inputs))
}

/// What ended the run: a panic with its message, or libFuzzer's own words.
fn cause(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    let panic = lines.iter().position(|line| line.contains("panicked at"));
    if let Some(at) = panic {
        let message = lines.get(at + 1).copied().unwrap_or_default();
        return format!("{} {message}", lines[at].trim());
    }
    let own = lines.iter().find(|line| line.contains("ERROR: libFuzzer"));
    own.or(lines.last()).map_or("no word".to_owned(), |line| (*line).to_owned())
}

fn artifact(log: &str) -> Option<&str> {
    log.lines().rev().find_map(|line| line.split("Test unit written to ").nth(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = "INFO: Seed: 1\n#2\tINITED cov: 40 ft: 41 corp: 1/1b\n#900\tNEW    cov: 55 ft: 80 corp: 12/99b lim: 4\n\
        thread '<unnamed>' (7) panicked at crates/a.rs:1:2:\nno such thing\n==7== ERROR: libFuzzer: deadly signal\n\
        artifact_prefix='x/'; Test unit written to x/crash-01\n";

    #[test]
    fn logs_are_read() {
        assert_eq!(said(LOG), "900 runs, 55 places reached, 12 inputs kept");
        assert_eq!(cause(LOG), "thread '<unnamed>' (7) panicked at crates/a.rs:1:2: no such thing");
        assert_eq!(artifact(LOG), Some("x/crash-01"));
        assert_eq!(cause("==7== ERROR: libFuzzer: timeout after 10 seconds"), "==7== ERROR: libFuzzer: timeout after 10 seconds");
    }
}
