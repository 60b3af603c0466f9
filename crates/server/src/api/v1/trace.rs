//! `GET /api/v1/traces/{id}`: one trace, whole as OTLP writes it, or its skeleton.
//!
//! `fields=full` (unless told) gives `resourceSpans` as OTLP/JSON with everything that was sent. `fields=skeleton` gives a row a span, in
//! the order of starts, with what a picture of the trace needs. Nothing is adjusted.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::{Span, TraceId};
use query::source::TraceSource;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::error::json as answer_json;
use super::{Api, ApiError, ErrorEnvelope};
use crate::api::otlp_json::{ResourceSpans, Spelling};
use crate::api::params::Params;
use crate::api::trace::Trace;

/// A trace without attributes, events and links.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Skeleton {
    /// 32 hexadecimal digits.
    trace_id: String,
    /// Spans by start.
    spans: Vec<SkeletonSpan>,
}

/// What a picture needs of a span.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SkeletonSpan {
    /// 16 hexadecimal digits.
    span_id: String,
    /// The same of the parent; null for a root.
    parent_span_id: Option<String>,
    /// Name of the service; null when none was sent.
    service: Option<String>,
    /// Name of the span.
    #[schema(value_type = String)]
    name: Arc<str>,
    /// internal, server, client, producer, consumer or unspecified.
    kind: &'static str,
    /// error, ok or unset.
    status: &'static str,
    /// Text of the status, empty when absent.
    #[schema(value_type = String)]
    status_message: Arc<str>,
    /// Start in nanoseconds since the epoch, as digits.
    start_time_unix_nano: String,
    /// End minus start, negative if sent so.
    duration_nano: i64,
    /// Number of events.
    event_count: usize,
    /// Number of links.
    link_count: usize,
}

impl From<&Span> for SkeletonSpan {
    fn from(span: &Span) -> Self {
        Self {
            span_id: span.span_id.to_string(),
            parent_span_id: span.parent_span_id.map(|id| id.to_string()),
            service: span.resource.service_name().map(str::to_owned),
            name: Arc::clone(&span.name),
            kind: span.kind.as_str(),
            status: span.status_code.as_str(),
            status_message: Arc::clone(&span.status_message),
            start_time_unix_nano: span.start.0.to_string(),
            duration_nano: span.duration_nano,
            event_count: span.events.len(),
            link_count: span.links.len(),
        }
    }
}

/// Answers one trace.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}", operation_id = "trace",
    params(
        ("id" = String, Path, description = "trace id, up to 32 hexadecimal digits"),
        ("fields" = Option<String>, Query, description = "full (OTLP/JSON, unless told) or skeleton"),
    ),
    responses(
        (status = 200, description = "`{\"resourceSpans\":[...]}` as OTLP/JSON, or the skeleton", body = Skeleton),
        (status = 400, description = "no trace id", body = ErrorEnvelope),
        (status = 404, description = "no span is stored under the id", body = ErrorEnvelope),
    )
)]
pub(super) async fn answer(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let tenant = api.tenant(&parts);
    let params = Params::parse(parts.uri.query());
    let asked = trace_id(&id).and_then(|id| Ok((id, is_skeleton(params.first("fields"))?)));
    let (id, skeleton) = match asked {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    let spans = match api.engine.trace(&tenant, id).await {
        Ok(spans) if spans.is_empty() => return unknown(id).into_response(),
        Ok(spans) => spans,
        Err(error) => return ApiError::from(error).into_response(),
    };
    let trace = Trace::assemble(id, spans);
    if skeleton {
        let spans = trace.spans.iter().map(|placed| SkeletonSpan::from(&placed.span)).collect();
        answer_json(StatusCode::OK, &Skeleton { trace_id: id.to_string(), spans })
    } else {
        answer_json(StatusCode::OK, &json!({ "resourceSpans": ResourceSpans::of(&trace, Spelling::Otlp) }))
    }
}

fn unknown(id: TraceId) -> ApiError {
    ApiError::not_found(
        format!("no span is stored under the trace id {id}"),
        "check the id; `GET /api/v1/traces` lists what there is, and retention drops old days",
    )
}

/// Short ids are those of 64 bits: zeros are put before them.
pub(crate) fn trace_id(text: &str) -> Result<TraceId, ApiError> {
    let whole = if (1..32).contains(&text.len()) { format!("{text:0>32}") } else { text.to_owned() };
    TraceId::from_hex(&whole).ok_or_else(|| {
        ApiError::invalid(
            format!("`{}` is no trace id", text.chars().take(64).collect::<String>().escape_debug()),
            "a trace id is up to 32 hexadecimal digits",
        )
    })
}

fn is_skeleton(fields: &str) -> Result<bool, ApiError> {
    match fields {
        "" | "full" => Ok(false),
        "skeleton" => Ok(true),
        other => Err(ApiError::invalid(
            format!("`fields` is `{}`", other.escape_debug()),
            "give `full` or `skeleton`",
        )),
    }
}
