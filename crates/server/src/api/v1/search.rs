//! `GET /api/v1/traces`: the newest matching traces as ids and summaries, whole or as frames.

use std::sync::Arc;

use api::traces::{FoundTrace, FoundTraces, SearchCost, ServiceSpans};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::TenantId;
use query::source::{TraceQuery, TraceSource, TraceSummary};
use serde_json::{Map, Value, json};

use super::error::json as answer_json;
use super::frames::{self, Frames, NDJSON, asks_for};
use super::{Api, ApiError, search_params};
use crate::api::params::Params;

/// A found trace as it is answered.
pub(super) fn found_trace(summary: TraceSummary) -> FoundTrace {
    let services = summary.services.into_iter();
    FoundTrace {
        trace_id: summary.trace_id.to_string(),
        root_service: summary.root_service.map(|name| name.to_string()),
        root_name: summary.root_name.map(|name| name.to_string()),
        start_time_unix_nano: summary.start.0.to_string(),
        duration_nano: summary.end.0.saturating_sub(summary.start.0),
        span_count: summary.span_count,
        error_count: summary.error_count,
        services: services
            .map(|(service, spans, errors)| ServiceSpans {
                service: service.map(|name| name.to_string()),
                spans,
                errors,
            })
            .collect(),
    }
}

/// Finds the newest traces with a span for which everything asked holds.
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
            let traces = found.into_iter().map(found_trace).collect();
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
    let rows: Vec<Value> = found.into_iter().map(|summary| json!(found_trace(summary))).collect();
    let column = |name: &str| rows.iter().map(|row| row.get(name).cloned().unwrap_or_default()).collect();
    Value::Object(COLUMNS.iter().map(|name| ((*name).to_owned(), column(name))).collect::<Map<_, _>>())
}
