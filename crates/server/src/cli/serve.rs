//! `throughline serve`: configuration together, server up, until a signal; then down in order.

use std::path::PathBuf;

use clap::Args;
use tokio::signal::unix::{SignalKind, signal};

use super::Failure;
use crate::config::{Config, ConfigError, Raw, page};
use crate::selfmon::process;
use crate::wiring::listen::{Listener, Wish};
use crate::wiring::{Server, logging};

/// Flags of `serve`.
#[derive(Debug, Args, Default)]
pub struct ServeFlags {
    /// Folder of the data; the default is ./throughline-data.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Configuration file in TOML.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address that listeners bind; the default is loopback.
    #[arg(long, value_name = "ADDR")]
    pub bind: Option<String>,
    /// Where a listener binds, or that it does not: main, otlp-grpc, otlp-http, jaeger, tempo. Port 0 is any free one.
    #[arg(long, value_name = "NAME=ADDR|NAME=off")]
    pub listen: Vec<String>,
    /// Print the configuration in force and where each value came from, and end.
    #[arg(long)]
    pub print_config: bool,
}

/// Gathers file, environment and flags.
///
/// # Errors
/// A sentence that names the place of the first wrong value.
pub fn gather(
    flags: &ServeFlags,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Result<Raw, ConfigError> {
    let mut raw = Raw::default();
    if let Some(path) = &flags.config {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("reading `{name}`: {error}")))?;
        raw.read_file(&name, &text)?;
    }
    raw.read_variables(variables)?;
    if let Some(data) = &flags.data {
        raw.set_flag("server", "data_dir", "--data", data.display().to_string());
    }
    if let Some(bind) = &flags.bind {
        raw.set_flag("server", "bind", "--bind", bind.clone());
    }
    for listen in &flags.listen {
        let wrong = |why: String| ConfigError(format!("--listen `{listen}`: {why}"));
        let (name, wish) = listen
            .split_once('=')
            .ok_or_else(|| wrong("write NAME=PORT, NAME=HOST:PORT or NAME=off".to_owned()))?;
        let listener = Listener::from_name(name).map_err(wrong)?;
        Wish::parse(wish).map_err(wrong)?;
        raw.set_flag("listen", listener.key(), &format!("--listen {name}"), wish.to_owned());
    }
    Ok(raw)
}

/// Runs the server to its end.
pub fn run(flags: ServeFlags) -> Result<(), Failure> {
    let usage = |error: ConfigError| Failure::Usage(error.0);
    let raw = gather(&flags, std::env::vars()).map_err(usage)?;
    let config = Config::validate(&raw).map_err(usage)?;
    if flags.print_config {
        print!("{}", page::effective(&raw));
        return Ok(());
    }
    logging::start(&config.log).map_err(Failure::Usage)?;
    process::raise_open_files();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::Failed(format!("the runtime did not start: {error}")))?;
    let ended = runtime.block_on(until_signal(config));
    // What a dead disk or peer holds must not hold the process.
    runtime.shutdown_timeout(std::time::Duration::from_secs(1));
    ended
}

async fn until_signal(config: Config) -> Result<(), Failure> {
    let failed = |error: &dyn std::fmt::Display| Failure::Failed(error.to_string());
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(&error))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(&error))?;
    let mut server = Server::start(config).await.map_err(|error| failed(&error))?;
    for (listener, address) in server.addresses() {
        tracing::info!(listener = listener.name(), %address, "listening");
    }
    let opened = tokio::select! {
        opened = server.ready() => Some(opened),
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
    };
    match opened {
        Some(Err(error)) => {
            // The store never opened: there is nothing to flush, only the folder to give back.
            let stopped = server.stop().await;
            if let Err(stopped) = stopped {
                tracing::error!(error = %stopped, "stopping failed, too");
            }
            return Err(failed(&error));
        }
        Some(Ok(_)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        None => {}
    }
    tracing::info!("stopping: requests end, what waits goes into the tables");
    tokio::select! {
        stopped = server.stop() => stopped.map_err(|error| failed(&error)),
        _ = terminate.recv() => Err(failed(&"a second signal cut the stop short; what was acknowledged is in the log")),
        _ = interrupt.recv() => Err(failed(&"a second signal cut the stop short; what was acknowledged is in the log")),
    }
}
