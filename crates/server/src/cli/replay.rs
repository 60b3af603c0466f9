//! `throughline replay FOLDER --to URL`: recorded requests again, as they were recorded.
//!
//! In: a folder of a recording or a folder of such folders (format: `docs/formats/recording.md`). Out: the same requests with
//! their headers and encodings, one after the other in the order of their arrival, incomplete ones cut where they were cut;
//! at the end the answers by status. Of what was recorded, OTLP by HTTP and by gRPC is sent; the rest is counted and named.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::Failure;

pub mod recording;
pub mod send;

/// Flags of `replay`.
#[derive(Debug, Args)]
pub struct ReplayFlags {
    /// Folder with a manifest.json, or folder of such folders.
    #[arg(value_name = "FOLDER")]
    pub folder: PathBuf,
    /// Where to send, such as http://127.0.0.1:4318; the port must take gRPC, too, when some was recorded.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4300")]
    pub to: String,
}

/// What became of the requests.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Requests by what was answered: `http 200`, `grpc 0`, `cut` for those that were cut on purpose.
    pub answers: BTreeMap<String, u64>,
    /// Recorded things that are no OTLP, by protocol.
    pub left_out: BTreeMap<String, u64>,
}

/// Runs the verb.
pub fn run(flags: ReplayFlags) -> Result<(), Failure> {
    let target = send::Target::parse(&flags.to).map_err(Failure::Usage)?;
    let folders = recording::folders(&flags.folder).map_err(Failure::Usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the runtime did not start: {error}")))?;
    let started = Instant::now();
    let mut outcome = Outcome::default();
    let shows = std::io::stderr().is_terminal();
    for (at, folder) in folders.iter().enumerate() {
        if shows {
            eprint!(
                "\r{}/{} {:<40}",
                at + 1,
                folders.len(),
                folder.file_name().unwrap_or_default().to_string_lossy()
            );
        }
        let requests = recording::read(folder).map_err(Failure::Failed)?;
        runtime.block_on(send::all(&target, &requests, &mut outcome)).map_err(Failure::Failed)?;
    }
    if shows {
        eprintln!();
    }
    println!("{} recordings sent in {:.1} s", folders.len(), started.elapsed().as_secs_f64());
    for (answer, count) in &outcome.answers {
        println!("{count:>8} {answer}");
    }
    for (protocol, count) in &outcome.left_out {
        println!("{count:>8} left out: {protocol}");
    }
    Ok(())
}
