//! The chores behind `make`: structure rules, the test run with its closing line, conformance.
//!
//! `make` is the door; nobody calls this by hand. It builds nothing that ships.

mod conformance;
mod test_run;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let verb = std::env::args().nth(1).unwrap_or_default();
    let ended = match verb.as_str() {
        "tidy" => tidy::run(),
        "test" => test_run::run(),
        "conformance" => conformance::run(),
        _ => Err(format!("unknown verb `{verb}`: tidy, test and conformance are known")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
