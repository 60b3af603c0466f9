//! `GET /api/v1/traces`: the newest matching traces as ids and summaries, whole or as frames.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::TenantId;
use query::source::{TraceQuery, TraceSource, TraceSummary};
use serde::Serialize;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use super::error::json as answer_json;
use super::frames::{self, Frames, NDJSON, asks_for};
use super::{Api, ApiError, ErrorEnvelope, search_params};
use crate::api::params::Params;

/// Found traces, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundTraces {
    /// By the start of their earliest span, descending, then by id.
    traces: Vec<FoundTrace>,
    /// What the search has cost.
    cost: SearchCost,
}

/// What is known of a trace without its spans.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct FoundTrace {
    /// 32 hexadecimal digits.
    trace_id: String,
    /// Service of the root span; null when no root is stored or it named none.
    #[schema(value_type = Option<String>)]
    root_service: Option<Arc<str>>,
    /// Name of the root span; null when no root is stored.
    #[schema(value_type = Option<String>)]
    root_name: Option<Arc<str>>,
    /// Start of the earliest span, nanoseconds since the epoch, as digits.
    start_time_unix_nano: String,
    /// From the earliest start to the latest end.
    duration_nano: i64,
    /// Distinct spans.
    span_count: u64,
    /// Spans with status error.
    error_count: u64,
    /// Services by name.
    services: Vec<ServiceSpans>,
}

/// Spans of one service in a trace.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ServiceSpans {
    /// Name of the service; null when the spans named none.
    #[schema(value_type = Option<String>)]
    service: Option<Arc<str>>,
    /// Its spans.
    spans: u64,
    /// Its spans with status error.
    errors: u64,
}

/// What a search has cost.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SearchCost {
    /// Time taken.
    elapsed_nano: u64,
}

impl From<TraceSummary> for FoundTrace {
    fn from(summary: TraceSummary) -> Self {
        let services = summary.services.into_iter();
        Self {
            trace_id: summary.trace_id.to_string(),
            root_service: summary.root_service,
            root_name: summary.root_name,
            start_time_unix_nano: summary.start.0.to_string(),
            duration_nano: summary.end.0.saturating_sub(summary.start.0),
            span_count: summary.span_count,
            error_count: summary.error_count,
            services: services
                .map(|(service, spans, errors)| ServiceSpans { service, spans, errors })
                .collect(),
        }
    }
}

/// Finds the newest traces with a span for which everything asked holds.
#[utoipa::path(
    get,
    path = "/api/v1/traces", operation_id = "traces",
    params(
        ("service" = Option<String>, Query, description = "name of the span's service"),
        ("operation" = Option<String>, Query, description = "name of the span"),
        ("kind" = Option<String>, Query, description = "kind of the span"),
        ("status" = Option<String>, Query, description = "error, ok or unset"),
        ("root" = Option<String>, Query, description = "1: the span has no parent"),
        ("min_duration" = Option<String>, Query, description = "shortest duration of the span, such as 250ms"),
        ("max_duration" = Option<String>, Query, description = "longest duration of the span"),
        ("attribute" = Option<Vec<String>>, Query, description = "key=value or key; may be repeated"),
        ("from" = Option<String>, Query, description = "first start of the span, Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "first start that is too late"),
        ("duration" = Option<String>, Query, description = "instead of from: so long before to, or now"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 20 unless told"),
    ),
    responses(
        (status = 200, description = "ids and summaries; NDJSON frames by Accept", body = FoundTraces),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let tenant = api.tenant(&parts);
    let query = match search_params::read(&Params::parse(parts.uri.query()), api.now()) {
        Ok(query) => query,
        Err(error) => return error.into_response(),
    };
    if asks_for(&parts.headers, NDJSON) {
        return frames::answer(move |frames| async move { send_frames(frames, &api, &tenant, &query).await });
    }
    let started = std::time::Instant::now();
    match api.engine.summaries(&tenant, &query).await {
        Ok(found) => {
            let elapsed_nano = u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX);
            let traces = found.into_iter().map(FoundTrace::from).collect();
            answer_json(StatusCode::OK, &FoundTraces { traces, cost: SearchCost { elapsed_nano } })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

async fn send_frames(frames: Frames, api: &Api, tenant: &TenantId, query: &TraceQuery) {
    if !frames.send("meta", json!({ "columns": COLUMNS, "limit": query.limit })).await {
        return;
    }
    let progress = || json!({ "elapsed_nano": frames.elapsed_nano() });
    match frames.while_working(api.engine.summaries(tenant, query), progress).await {
        Some(Ok(found)) => {
            let cost = SearchCost { elapsed_nano: frames.elapsed_nano() };
            if found.is_empty() || frames.send("rows", by_column(found)).await {
                frames.send("end", json!({ "cost": cost })).await;
            }
        }
        Some(Err(error)) => frames.fail(&error.into()).await,
        None => {}
    }
}

const COLUMNS: [&str; 8] = [
    "trace_id",
    "root_service",
    "root_name",
    "start_time_unix_nano",
    "duration_nano",
    "span_count",
    "error_count",
    "services",
];

fn by_column(found: Vec<TraceSummary>) -> Value {
    let rows: Vec<Value> = found.into_iter().map(|summary| json!(FoundTrace::from(summary))).collect();
    let column = |name: &str| rows.iter().map(|row| row.get(name).cloned().unwrap_or_default()).collect();
    Value::Object(COLUMNS.iter().map(|name| ((*name).to_owned(), column(name))).collect::<Map<_, _>>())
}
