//! `throughline trace ID`: one trace, drawn as a tree.

use clap::Args;

use super::client::{Client, ClientError, ClientFlags, Output, escaped};
use super::draw::{self, SkeletonTrace};
use super::print;

/// Flags of `throughline trace`.
#[derive(Debug, Args)]
pub struct TraceFlags {
    /// The trace id, up to 32 hexadecimal digits.
    #[arg(value_name = "ID")]
    pub id: String,
    #[command(flatten)]
    pub client: ClientFlags,
}

/// Prints the trace: text as a tree, JSON as OTLP writes it.
///
/// # Errors
/// When nobody answers or nothing is stored under the id.
pub async fn run(flags: TraceFlags) -> Result<(), ClientError> {
    let client = Client::open(&flags.client).await?;
    let path = format!("/api/v1/traces/{}", escaped(flags.id.trim()));
    match flags.client.output {
        Output::Json => print::json(&client.get(&path).await?),
        Output::Text => {
            let answer = client.get(&format!("{path}?fields=skeleton")).await?;
            let trace: SkeletonTrace = serde_json::from_value(answer)
                .map_err(|error| ClientError::failed(format!("the answer is no trace: {error}")))?;
            print::text(&draw::tree(&trace, print::style()))
        }
    }
}
