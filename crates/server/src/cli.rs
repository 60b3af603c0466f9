//! The terminal: flags in, exit code out. 0 is well, 1 failed, 2 wrong usage or configuration.

pub mod replay;
pub mod serve;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The flags of `throughline`.
#[derive(Debug, Parser)]
#[command(name = "throughline", version, about = "Receives, keeps and shows telemetry: one binary, open tables.")]
struct Flags {
    #[command(subcommand)]
    verb: Verb,
}

/// What `throughline` can do.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server.
    Serve(serve::ServeFlags),
    /// Send a folder of recorded requests to a server, as they were recorded.
    Replay(replay::ReplayFlags),
    /// Print the version.
    Version,
}

/// How a verb ended badly.
#[derive(Debug)]
pub enum Failure {
    /// Flags or configuration are wrong: exit code 2.
    Usage(String),
    /// It was tried and failed: exit code 1.
    Failed(String),
}

/// The whole program.
pub fn main() -> ExitCode {
    // Wrong flags end here with code 2.
    let flags = Flags::parse();
    let ended = match flags.verb {
        Verb::Serve(flags) => serve::run(flags),
        Verb::Replay(flags) => replay::run(flags),
        Verb::Version => {
            println!("throughline {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprintln!("throughline: {message}");
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("throughline: {message}");
            ExitCode::FAILURE
        }
    }
}
