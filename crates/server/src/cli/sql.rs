//! `throughline sql "..."`: a question in SQL, answered as a table or as JSON.

use clap::Args;
use serde_json::{Map, Value, json};

use super::client::{Client, ClientError, ClientFlags, Output};
use super::draw;
use super::print;

/// Widest cell of a table.
const CELL_MAX: usize = 60;

/// Flags of `throughline sql`.
#[derive(Debug, Args)]
pub struct SqlFlags {
    /// The statement, for example "SELECT service_name, count(*) FROM spans GROUP BY 1".
    #[arg(value_name = "SQL")]
    pub sql: String,
    #[command(flatten)]
    pub client: ClientFlags,
}

/// Prints the rows.
///
/// # Errors
/// When nobody answers, or with what is wrong in the statement.
pub async fn run(flags: SqlFlags) -> Result<(), ClientError> {
    let client = Client::open(&flags.client).await?;
    let question = json!({ "sql": flags.sql });
    if flags.client.output == Output::Json {
        let bytes = client.post("/api/v1/sql", &question, "application/json").await?;
        return print::text(&String::from_utf8_lossy(&bytes));
    }
    let bytes = client.post("/api/v1/sql", &question, "application/x-ndjson").await?;
    print::text(&read(&bytes)?)
}

/// The frames of an answer as a table.
fn read(bytes: &[u8]) -> Result<String, ClientError> {
    let mut columns: Vec<(String, bool)> = Vec::new();
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let frame: Map<String, Value> = serde_json::from_slice(line)
            .map_err(|error| ClientError::failed(format!("the answer is no frame: {error}")))?;
        if let Some(meta) = frame.get("meta") {
            columns = heads(meta);
        } else if let Some(values) = frame.get("rows") {
            push(&mut rows, &columns, values);
        } else if let Some(error) = frame.get("error") {
            let part = |name: &str| error.get(name).and_then(Value::as_str).unwrap_or_default();
            return Err(ClientError::failed(match part("remedy") {
                "" => part("message").to_owned(),
                remedy => format!("{}; {remedy}", part("message")),
            }));
        } else if frame.contains_key("end") {
            return Ok(table(&columns, &rows));
        }
    }
    Err(ClientError::failed("the answer was cut off; ask again"))
}

/// Names of columns, and whether numbers stand in them.
fn heads(meta: &Value) -> Vec<(String, bool)> {
    let list = meta.get("columns").and_then(Value::as_array);
    let text =
        |column: &Value, name: &str| column.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let head = |column: &Value| {
        let kind = text(column, "type");
        let is_number = ["Int", "UInt", "Float", "Decimal"].iter().any(|number| kind.starts_with(number));
        (text(column, "name"), is_number)
    };
    list.into_iter().flatten().map(head).collect()
}

fn push(rows: &mut Vec<Vec<String>>, columns: &[(String, bool)], values: &Value) {
    let column = |name: &str| values.get(name).and_then(Value::as_array);
    let count = columns.iter().filter_map(|(name, _)| column(name)).map(Vec::len).max().unwrap_or(0);
    for row in 0..count {
        let cell = |name: &str| match column(name).and_then(|values| values.get(row)) {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        };
        rows.push(columns.iter().map(|(name, _)| cell(name)).collect());
    }
}

fn table(columns: &[(String, bool)], rows: &[Vec<String>]) -> String {
    let (heads, right): (Vec<String>, Vec<bool>) = columns.iter().cloned().unzip();
    // A plan has lines of its own, which are not cut.
    if let [row, ..] = rows
        && row.iter().any(|cell| cell.contains('\n'))
    {
        let lines = rows.iter().flat_map(|row| row.iter().map(|cell| format!("{cell}\n")));
        return lines.collect();
    }
    let count = match rows.len() {
        1 => "1 row".to_owned(),
        count => format!("{count} rows"),
    };
    format!("{}({count})\n", draw::table(&heads, rows, &right, CELL_MAX))
}
