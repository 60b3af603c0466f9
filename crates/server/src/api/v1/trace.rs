//! `GET /api/v1/traces/{id}`: one trace, whole as OTLP writes it, or its skeleton.
//!
//! `fields=full` (unless told) gives `resourceSpans` as OTLP/JSON with everything that was sent. `fields=skeleton` gives a row a span, in
//! the order of starts, with what a picture of the trace needs. Nothing is adjusted.

use std::sync::Arc;

use api::traces::{Skeleton, SkeletonSpan};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::{Span, TraceId};
use query::source::TraceSource;
use serde_json::json;

use super::error::json as answer_json;
use super::{Api, ApiError};
use crate::api::otlp_json::{ResourceSpans, Spelling};
use crate::api::params::Params;
use crate::api::trace::Trace;

/// A span of a skeleton.
fn skeleton_span(span: &Span) -> SkeletonSpan {
    SkeletonSpan {
        span_id: span.span_id.to_string(),
        parent_span_id: span.parent_span_id.map(|id| id.to_string()),
        service: span.resource.service_name().map(str::to_owned),
        name: span.name.to_string(),
        kind: span.kind.as_str().to_owned(),
        status: span.status_code.as_str().to_owned(),
        status_message: span.status_message.to_string(),
        start_time_unix_nano: span.start.0.to_string(),
        duration_nano: span.duration_nano,
        event_count: span.events.len(),
        link_count: span.links.len(),
    }
}

/// Answers one trace.
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
        let spans = trace.spans.iter().map(|placed| skeleton_span(&placed.span)).collect();
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
