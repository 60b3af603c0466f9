//! The server's own log: lines for people or JSON objects, to standard error, quiet unless something needs attention.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::config::LogConfig;

/// Starts the log of this process.
///
/// # Errors
/// When `log.level` is not understood; the sentence says what is wrong.
pub fn start(config: &LogConfig) -> Result<(), String> {
    let filter = EnvFilter::try_new(&config.level).map_err(|error| {
        format!("`log.level` = `{}`: {error}; write it like `warn,server=info`", config.level)
    })?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // Whoever read the lines may be gone; complaining about that to the same closed pipe would panic.
        .log_internal_errors(false);
    // A process that has a log already, as a test has, keeps it.
    let _ = if config.json {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
    Ok(())
}
