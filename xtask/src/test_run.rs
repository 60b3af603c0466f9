//! `make test`: every Rust test, then the tests with real clients; one closing line with the sums.
//!
//! In: the workspace. Out: the runners' own output as it comes, and `N passed, N failed`. A runner that ends with an error
//! without naming a failed test counts as one failure.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

/// What runners reported.
#[derive(Debug, Default)]
struct Sums {
    passed: u64,
    failed: u64,
}

pub fn run() -> Result<(), String> {
    let mut sums = Sums::default();
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    stage(&mut sums, Command::new(cargo).args(["test", "--workspace", "--locked", "--no-fail-fast"]))?;
    if std::path::Path::new("tests/python/run.sh").exists() {
        stage(&mut sums, &mut Command::new("tests/python/run.sh"))?;
    }
    println!("{} passed, {} failed", sums.passed, sums.failed);
    if sums.failed > 0 { Err("tests failed".to_owned()) } else { Ok(()) }
}

fn stage(sums: &mut Sums, command: &mut Command) -> Result<(), String> {
    let name = format!("{command:?}");
    println!("== {name}");
    let mut child = command.stdout(Stdio::piped()).spawn().map_err(|error| format!("{name}: {error}"))?;
    let failed_before = sums.failed;
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines() {
            let line = line.map_err(|error| format!("{name}: {error}"))?;
            count(sums, &line);
            println!("{line}");
        }
    }
    let status = child.wait().map_err(|error| format!("{name}: {error}"))?;
    if !status.success() && sums.failed == failed_before {
        sums.failed += 1;
        println!("{name} ended with {status} and named no failed test");
    }
    Ok(())
}

/// Reads `test result: ok. 3 passed; 0 failed; ...` of libtest and `3 passed, 0 failed` of our own runners.
fn count(sums: &mut Sums, line: &str) {
    let libtest = line.trim_start().strip_prefix("test result: ");
    let Some(text) = libtest.or_else(|| line.ends_with(" failed").then_some(line)) else { return };
    let number = |word: &str| -> Option<u64> {
        let before = text.split(word).next()?.trim_end();
        before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
    };
    if let (Some(passed), Some(failed)) = (number("passed"), number("failed")) {
        sums.passed += passed;
        sums.failed += failed;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_read() {
        let mut sums = Sums::default();
        count(&mut sums, "test result: ok. 12 passed; 1 failed; 0 ignored; 0 measured");
        count(&mut sums, "3 passed, 0 failed");
        count(&mut sums, "the brakes failed");
        assert_eq!((sums.passed, sums.failed), (15, 1));
    }
}
