//! `bench`: sends spans to a server of ours, measures it, and compares it with what the same run makes of the same data.
//!
//! In: flags, and `THROUGHLINE_BENCH_<PEER>=http://HOST:PORT` (or `grpc://`) for each other server that takes OTLP. Out: JSON
//! lines, a table on standard error. It ends with 0 also when a gate is missed: machines are noisy, a person judges.

use std::path::PathBuf;
use std::process::ExitCode;

use bench::Error;
use bench::client::{Address, Protocol};
use bench::run::{Settings, run};
use clap::{Parser, ValueEnum};

// The server's allocator, so that the references have the same.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server on generated spans.
#[derive(Debug, Parser)]
struct Flags {
    /// The server's binary.
    #[arg(long)]
    server: PathBuf,
    /// Folder in which data folders are made and removed.
    #[arg(long, default_value = "target/bench")]
    folder: PathBuf,
    /// Spans to send.
    #[arg(long, default_value_t = 1_000_000)]
    spans: u64,
    /// Sends 10 million spans.
    #[arg(long)]
    large: bool,
    /// Protocol of the senders.
    #[arg(long, value_enum, default_value = "http")]
    protocol: Sending,
    /// Megabytes of log to replay after kill -9.
    #[arg(long, default_value_t = 1000)]
    replay_mb: u64,
    /// Only these parts: ingest, saturation, replay, separated by commas.
    #[arg(long)]
    only: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Sending {
    Http,
    Grpc,
}

fn main() -> ExitCode {
    match start(Flags::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start(flags: Flags) -> Result<(), Error> {
    const PREFIX: &str = "THROUGHLINE_BENCH_";
    let mut peers = Vec::new();
    for (name, value) in std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)) {
        peers.push((name[PREFIX.len()..].to_lowercase(), Address::parse(&value)?));
    }
    if peers.is_empty() {
        eprintln!("no peer is measured: no {PREFIX}<PEER>=http://HOST:PORT is set");
    }
    let settings = Settings {
        binary: flags.server,
        folder: flags.folder,
        spans: if flags.large { 10_000_000 } else { flags.spans },
        protocol: match flags.protocol {
            Sending::Http => Protocol::Http,
            Sending::Grpc => Protocol::Grpc,
        },
        peers,
        replay_bytes: flags.replay_mb * 1_000_000,
        only: flags.only,
    };
    let reached = run(settings)?;
    eprintln!("{}", if reached { "every gate holds" } else { "some gates are missed" });
    Ok(())
}
