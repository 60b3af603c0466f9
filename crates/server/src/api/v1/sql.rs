//! `POST /api/v1/sql`: an answer in JSON, CSV, Arrow or frames.
//!
//! In: `{"sql": "..."}`. Out: by `Accept` a bare JSON array of row objects, `text/csv`, `application/vnd.apache.arrow.stream` or
//! `application/x-ndjson`. An answer that fails within its first 4 MB is a refusal with its status; later the connection is cut before the end of
//! the body, so that no client takes a part for the whole.

use std::sync::Arc;

use api::sql::{SqlCost, SqlQuestion};
use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::writer::StreamWriter;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use bytes::Bytes;
use futures::StreamExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use http_body_util::{BodyExt, Limited};
use query::sql::{Cost, SqlStream};
use serde_json::{Map, Value, json};
use stdx::Kind;
use tokio::sync::mpsc;

use super::csv::{self, CSV};
use super::frames::{self, Frames, NDJSON, asks_for};
use super::{Api, ApiError, json_rows};
use crate::api::response::JSON;

/// Content type of Arrow's stream format.
const ARROW: &str = "application/vnd.apache.arrow.stream";

/// Largest body of a question.
const BODY_BYTES_MAX: usize = 2 << 20;

/// So much of an answer is held back until it is sure that it is one.
const HELD_BYTES: usize = 4 << 20;

/// Bytes of one piece of an answer.
const PIECE_BYTES: usize = 64 << 10;

/// A cost as it is answered.
fn sql_cost(cost: Cost) -> SqlCost {
    SqlCost {
        files_total: cost.files_total,
        files_asked: cost.files_asked,
        row_groups_asked: cost.row_groups_asked,
        bytes_read: cost.bytes_read,
        buffer_rows: cost.buffer_rows,
        rows: cost.rows,
        elapsed_nano: cost.elapsed_nano,
    }
}

/// Answers a question in SQL; read-only.
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let tenant = api.tenant(&parts);
    let asked = match read(body).await {
        Ok(question) => {
            api.engine.sql(&tenant, &question.sql, &api.settings.sql).await.map_err(ApiError::from)
        }
        Err(error) => Err(error),
    };
    match asked {
        Ok(stream) if asks_for(&parts.headers, NDJSON) => {
            frames::answer(move |frames| async move { send_frames(frames, stream).await })
        }
        Ok(stream) => {
            rows(stream, Format::asked_for(&parts.headers)).await.unwrap_or_else(IntoResponse::into_response)
        }
        Err(error) => error.into_response(),
    }
}

async fn read(body: Body) -> Result<SqlQuestion, ApiError> {
    let bytes = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(|error| ApiError {
        kind: Kind::LimitExceeded,
        message: format!("the body could not be read: {error}"),
        remedy: format!("send at most {BODY_BYTES_MAX} bytes"),
    })?;
    serde_json::from_slice(&bytes.to_bytes()).map_err(|error| {
        ApiError::invalid(format!("the body is no question: {error}"), r#"send {"sql": "SELECT ..."}"#)
    })
}

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Arrow,
}

impl Format {
    fn asked_for(headers: &HeaderMap) -> Self {
        if asks_for(headers, ARROW) {
            Self::Arrow
        } else if asks_for(headers, "text/csv") {
            Self::Csv
        } else {
            Self::Json
        }
    }

    const fn content_type(self) -> &'static str {
        match self {
            Self::Json => JSON,
            Self::Csv => CSV,
            Self::Arrow => ARROW,
        }
    }
}

/// The answer, its first bytes held back until they are many or all.
async fn rows(mut stream: SqlStream, format: Format) -> Result<Response<Body>, ApiError> {
    let mut writer = RowWriter::new(format, &stream.schema()).map_err(unwritable)?;
    let mut held = Vec::new();
    let whole = loop {
        match stream.next().await {
            Some(batch) => writer.push(&batch?).map_err(unwritable)?,
            None => {
                writer.finish().map_err(unwritable)?;
                break true;
            }
        }
        held.append(&mut writer.take());
        if held.len() >= HELD_BYTES {
            break false;
        }
    };
    held.append(&mut writer.take());
    let body = if whole { Body::from(held) } else { rest(held, writer, stream) };
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(format.content_type()));
    Ok(response)
}

fn unwritable(error: ArrowError) -> ApiError {
    ApiError { kind: Kind::Internal, message: error.to_string(), remedy: String::new() }
}

/// The rest of a long answer as it comes. A failure is an error of the body, which cuts the connection.
fn rest(held: Vec<u8>, mut writer: RowWriter, mut stream: SqlStream) -> Body {
    let (to, from) = mpsc::channel::<Result<Bytes, ApiFailure>>(4);
    tokio::spawn(async move {
        let mut piece = held;
        loop {
            let next = tokio::select! {
                biased;
                next = stream.next() => next,
                () = to.closed() => return,
            };
            let (written, last) = match next {
                Some(Ok(batch)) => (writer.push(&batch).map_err(unwritable), false),
                Some(Err(error)) => (Err(error.into()), true),
                None => (writer.finish().map_err(unwritable), true),
            };
            if let Err(error) = written {
                // The receiver may be gone; then there is nobody to tell.
                let _ = to.send(Err(ApiFailure(error))).await;
                return;
            }
            piece.append(&mut writer.take());
            let full = last || piece.len() >= PIECE_BYTES;
            if full && to.send(Ok(std::mem::take(&mut piece).into())).await.is_err() || last {
                return;
            }
        }
    });
    Body::from_stream(tokio_stream::wrappers::ReceiverStream::new(from))
}

/// A refusal as the error of a body.
#[derive(Debug, thiserror::Error)]
#[error("{}", .0.message)]
struct ApiFailure(ApiError);

/// Writes batches one after the other.
enum RowWriter {
    Json { names: Vec<String>, out: Vec<u8>, first: bool },
    Csv { out: Vec<u8> },
    Arrow { writer: Box<StreamWriter<Vec<u8>>>, schema: SchemaRef },
}

impl RowWriter {
    fn new(format: Format, schema: &SchemaRef) -> Result<Self, ArrowError> {
        Ok(match format {
            Format::Json => Self::Json { names: json_rows::names(schema), out: b"[".to_vec(), first: true },
            Format::Csv => {
                let mut out = Vec::new();
                csv::push_names(&mut out, schema);
                Self::Csv { out }
            }
            Format::Arrow => {
                let schema = Arc::new(without_views(schema));
                Self::Arrow { writer: Box::new(StreamWriter::try_new(Vec::new(), &schema)?), schema }
            }
        })
    }

    fn push(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match self {
            Self::Json { names, out, first } => {
                for row in 0..batch.num_rows() {
                    out.extend_from_slice(if *first { b"\n" } else { b",\n" });
                    *first = false;
                    let pairs = names.iter().cloned().zip(json_rows::row(batch, row));
                    let object = Value::Object(pairs.collect::<Map<_, _>>());
                    serde_json::to_writer(&mut *out, &object)
                        .map_err(|error| ArrowError::JsonError(error.to_string()))?;
                }
            }
            Self::Csv { out } => csv::push_rows(out, batch),
            Self::Arrow { writer, schema } => {
                let columns: Vec<ArrayRef> = batch
                    .columns()
                    .iter()
                    .zip(schema.fields())
                    .map(|(column, field)| cast(column, field.data_type()))
                    .collect::<Result<_, _>>()?;
                let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
                writer.write(&RecordBatch::try_new_with_options(
                    SchemaRef::clone(schema),
                    columns,
                    &options,
                )?)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), ArrowError> {
        match self {
            Self::Json { out, .. } => out.extend_from_slice(b"\n]\n"),
            Self::Csv { .. } => {}
            Self::Arrow { writer, .. } => writer.finish()?,
        }
        Ok(())
    }

    /// What was written since it was last asked.
    fn take(&mut self) -> Vec<u8> {
        match self {
            Self::Json { out, .. } | Self::Csv { out } => std::mem::take(out),
            Self::Arrow { writer, .. } => std::mem::take(writer.get_mut()),
        }
    }
}

/// Texts and bytes as plain arrays: readers of older Arrow versions know no views.
fn without_views(schema: &Schema) -> Schema {
    let fields = schema.fields().iter().map(|field| {
        let plain = match field.data_type() {
            DataType::Utf8View => DataType::Utf8,
            DataType::BinaryView => DataType::Binary,
            other => other.clone(),
        };
        Field::new(field.name(), plain, field.is_nullable())
    });
    Schema::new(fields.collect::<Vec<_>>())
}

async fn send_frames(frames: Frames, mut stream: SqlStream) {
    let schema = stream.schema();
    let names = json_rows::names(&schema);
    let columns: Vec<Value> = names
        .iter()
        .zip(schema.fields())
        .map(|(name, field)| json!({"name": name, "type": field.data_type().to_string()}))
        .collect();
    if !frames.send("meta", json!({ "columns": columns })).await {
        return;
    }
    loop {
        let started = stream.cost();
        let progress = || json!({ "rows": started.rows, "elapsed_nano": frames.elapsed_nano() });
        match frames.while_working(stream.next(), progress).await {
            Some(Some(Ok(batch))) => {
                let values = batch.columns().iter().map(|column| Value::Array(json_rows::column(column)));
                let content: Map<String, Value> = names.iter().cloned().zip(values).collect();
                if batch.num_rows() > 0 && !frames.send("rows", Value::Object(content)).await {
                    return;
                }
            }
            Some(Some(Err(error))) => return frames.fail(&error.into()).await,
            Some(None) => {
                frames.send("end", json!({ "cost": sql_cost(stream.cost()) })).await;
                return;
            }
            None => return,
        }
    }
}
