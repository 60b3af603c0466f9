//! `make soak`: rounds of kill -9 under load, with the binary of the kill test.
//!
//! In: the number of rounds, 500 unless given. Out: the test's own lines; the seed with which a run is repeated is among them.

use crate::built;

pub fn run(arguments: &[String]) -> Result<(), String> {
    let rounds = arguments.first().map_or("500", String::as_str);
    let binaries = built::build(&[])?;
    let kill = binaries.iter().find(|binary| binary.krate == "server" && binary.target == "kill");
    let kill = kill.ok_or("the kill test was not built")?;
    let status = kill
        .command()
        .arg("--nocapture")
        .env("THROUGHLINE_KILL_ROUNDS", rounds)
        .status()
        .map_err(|error| format!("{}: {error}", kill.path.display()))?;
    if status.success() { Ok(()) } else { Err(format!("the kill test ended with {status}")) }
}
