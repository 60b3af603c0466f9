//! The chores behind `make`: structure rules, the test run with its closing line, conformance, benches, soak, fuzzing.
//!
//! `make` is the door; nobody calls this by hand. It builds nothing that ships.

mod bench;
mod built;
mod conformance;
mod fuzz;
mod soak;
mod test_run;
mod tidy;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let verb = arguments.next().unwrap_or_default();
    let arguments: Vec<String> = arguments.collect();
    let ended = match verb.as_str() {
        "tidy" => tidy::run(),
        "test" => test_run::run(),
        "conformance" => conformance::run(),
        "bench" => bench::run(&arguments),
        "soak" => soak::run(&arguments),
        "fuzz" => fuzz::run(&arguments),
        _ => Err(format!("unknown verb `{verb}`: tidy, test, conformance, bench, soak and fuzz are known")),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
