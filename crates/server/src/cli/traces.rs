//! `throughline traces`: the newest traces that match.

use clap::Args;
use serde_json::Value;
use stdx::human::format_duration;

use super::client::{Client, ClientError, ClientFlags, Output, escaped};
use super::draw;
use super::print;

/// Flags of `throughline traces`.
#[derive(Debug, Args)]
pub struct TracesFlags {
    /// Only traces with a span of this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// ... of this name.
    #[arg(long, value_name = "NAME")]
    pub operation: Option<String>,
    /// ... with this status: error, ok or unset.
    #[arg(long, value_name = "STATUS")]
    pub status: Option<String>,
    /// ... of this kind: internal, server, client, producer or consumer.
    #[arg(long, value_name = "KIND")]
    pub kind: Option<String>,
    /// ... that took at least so long.
    #[arg(long, value_name = "DURATION")]
    pub min_duration: Option<String>,
    /// ... that took at most so long.
    #[arg(long, value_name = "DURATION")]
    pub max_duration: Option<String>,
    /// ... with this attribute, `key=value` or `key`; may be repeated.
    #[arg(long, value_name = "KEY=VALUE")]
    pub attribute: Vec<String>,
    /// How far to look back, such as 1h.
    #[arg(long, value_name = "DURATION", conflicts_with = "from")]
    pub since: Option<String>,
    /// First start: RFC 3339 or nanoseconds since the epoch.
    #[arg(long, value_name = "TIME")]
    pub from: Option<String>,
    /// End of the range.
    #[arg(long, value_name = "TIME")]
    pub to: Option<String>,
    /// How many traces, 1 to 1000.
    #[arg(long, value_name = "NUMBER", default_value_t = 20)]
    pub limit: u32,
    #[command(flatten)]
    pub client: ClientFlags,
}

impl TracesFlags {
    fn path(&self) -> String {
        let single = [
            ("service", &self.service),
            ("operation", &self.operation),
            ("status", &self.status),
            ("kind", &self.kind),
            ("min_duration", &self.min_duration),
            ("max_duration", &self.max_duration),
            ("duration", &self.since),
            ("from", &self.from),
            ("to", &self.to),
        ];
        let mut path = format!("/api/v1/traces?limit={}", self.limit);
        let given = single.into_iter().filter_map(|(name, value)| Some((name, value.as_ref()?)));
        for (name, value) in given.chain(self.attribute.iter().map(|value| ("attribute", value))) {
            path.push_str(&format!("&{name}={}", escaped(value)));
        }
        path
    }
}

/// Prints the traces, newest first.
///
/// # Errors
/// When nobody answers or a flag is refused.
pub async fn run(flags: TracesFlags) -> Result<(), ClientError> {
    let client = Client::open(&flags.client).await?;
    let answer = client.get(&flags.path()).await?;
    if flags.client.output == Output::Json {
        return print::json(&answer);
    }
    let empty = Vec::new();
    let traces = answer.get("traces").and_then(Value::as_array).unwrap_or(&empty);
    if traces.is_empty() {
        return print::text("no trace matches; `throughline services` lists what there is\n");
    }
    print::text(&list(traces))
}

/// A line a trace. Ids come first and whole, so that they can be copied.
fn list(traces: &[Value]) -> String {
    let heads = ["TRACE", "START (UTC)", "DURATION", "SPANS", "ERRORS", "ROOT"].map(str::to_owned);
    let rows: Vec<Vec<String>> = traces
        .iter()
        .map(|trace| {
            let text = |name: &str| trace.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
            let number = |name: &str| trace.get(name).and_then(Value::as_i64).unwrap_or_default();
            let start = model::TimeNs(text("start_time_unix_nano").parse().unwrap_or_default()).to_string();
            let start: String = start.replace('T', " ").chars().take(19).collect();
            vec![
                text("trace_id"),
                start,
                format_duration(number("duration_nano")),
                number("span_count").to_string(),
                number("error_count").to_string(),
                format!("{} {}", text("root_service"), text("root_name")),
            ]
        })
        .collect();
    draw::table(&heads, &rows, &[false, false, true, true, true, false], 60)
}
