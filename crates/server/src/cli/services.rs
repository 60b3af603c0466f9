//! `throughline services`: the services that sent spans.

use clap::Args;
use serde_json::Value;

use super::client::{Client, ClientError, ClientFlags, Output};
use super::print;

/// Flags of `throughline services`.
#[derive(Debug, Args)]
pub struct ServicesFlags {
    #[command(flatten)]
    pub client: ClientFlags,
}

/// Prints a name a line.
///
/// # Errors
/// When nobody answers.
pub async fn run(flags: ServicesFlags) -> Result<(), ClientError> {
    let client = Client::open(&flags.client).await?;
    let answer = client.get("/api/v1/services").await?;
    if flags.client.output == Output::Json {
        return print::json(&answer);
    }
    let services = answer.get("services").and_then(Value::as_array);
    let mut text = String::new();
    for service in services.into_iter().flatten() {
        text.push_str(service.get("name").and_then(Value::as_str).unwrap_or("(no service.name)"));
        text.push('\n');
    }
    if text.is_empty() {
        text.push_str("no spans are stored; `throughline serve` prints where to send them\n");
    }
    print::text(&text)
}
