//! The terminal: flags in, exit code out. 0 is well, 1 failed, 2 wrong usage or configuration.

pub mod check;
pub mod client;
pub mod draw;
pub mod offline;
mod print;
pub mod replay;
pub mod serve;
pub mod services;
pub mod sql;
pub mod trace;
pub mod traces;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The flags of `throughline`.
#[derive(Debug, Parser)]
#[command(
    name = "throughline",
    version,
    about = "Receives, keeps and shows telemetry: one binary, open tables."
)]
struct Flags {
    #[command(subcommand)]
    verb: Verb,
}

/// What `throughline` can do.
#[derive(Debug, Subcommand)]
enum Verb {
    /// Run the server.
    Serve(serve::ServeFlags),
    /// List the newest matching traces.
    Traces(traces::TracesFlags),
    /// Draw a trace as a tree.
    Trace(trace::TraceFlags),
    /// Ask in SQL over all tables.
    Sql(sql::SqlFlags),
    /// List the services that sent spans.
    Services(services::ServicesFlags),
    /// Check something without a server.
    Check(check::CheckFlags),
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
        Verb::Traces(flags) => ask(traces::run(flags)),
        Verb::Trace(flags) => ask(trace::run(flags)),
        Verb::Sql(flags) => ask(sql::run(flags)),
        Verb::Services(flags) => ask(services::run(flags)),
        Verb::Check(flags) => check::run(&flags),
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

/// Runs a question to a server or a folder.
fn ask(question: impl Future<Output = Result<(), client::ClientError>>) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the runtime did not start: {error}")))?;
    runtime.block_on(question).map_err(|error| match error.is_usage {
        true => Failure::Usage(error.message),
        false => Failure::Failed(error.message),
    })
}
