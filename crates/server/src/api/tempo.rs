//! Tempo's HTTP API as far as it fetches a trace by id, for Grafana's Tempo data source.
//!
//! In: requests and a source of traces. Out: what Tempo answers (goldens: Tempo 3.0). Spans leave as they were sent,
//! also where Tempo would lose something. Not here: search, tags, metrics and TraceQL, whose paths are 404.

pub mod by_id_params;
mod protobuf;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::ACCEPT;
use axum::http::{HeaderMap, Method, Response, StatusCode};
use model::TenantId;
use query::source::TraceSource;
use serde::Serialize;
use serde_json::json;

use by_id_params::ByIdParams;

use super::otlp_json::{ResourceSpans, Spelling};
use super::params::{Params, decode_path};
use super::response::{JSON, TEXT, go_error, go_not_found, status_of, with_body};
use super::trace::Trace;

/// The release of Tempo whose API this is. Grafana decides by it which calls it makes.
const TEMPO_VERSION: &str = "3.0.3";

/// What every route sees.
struct Api {
    source: Arc<dyn TraceSource>,
    tenant: TenantId,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// The API, to be served at the root of a listener or nested below a prefix.
pub fn router(source: Arc<dyn TraceSource>, tenant: TenantId) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Api { source, tenant }))
}

/// Finds the route. The original does not look at the method of most routes.
async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let params = Params::parse(request.uri().query());
    let segments: Vec<_> = request.uri().path().split('/').skip(1).map(decode_path).collect();
    let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
    let is_protobuf = accepts_protobuf(request.headers());
    let response = match *segments.as_slice() {
        ["api", "echo"] => go_error(StatusCode::OK, "echo"),
        ["ready"] => go_error(StatusCode::OK, "ready"),
        ["api", "status", "buildinfo"] => build_info(),
        ["api", "traces", id] if !id.is_empty() => trace(&api, &params, id, Version::One, is_protobuf).await,
        ["api", "v2", "traces", id] if !id.is_empty() => {
            trace(&api, &params, id, Version::Two, is_protobuf).await
        }
        _ => go_not_found(),
    };
    if *request.method() == Method::HEAD { response.map(|_| Body::empty()) } else { response }
}

/// Generations of the by-id call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

fn accepts_protobuf(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .any(|value| value.contains("application/protobuf"))
}

async fn trace(api: &Api, params: &Params, id: &str, version: Version, is_protobuf: bool) -> Response<Body> {
    let asked = match ByIdParams::read(id, params) {
        Ok(asked) => asked,
        Err(message) => return with_body(StatusCode::BAD_REQUEST, TEXT, message),
    };
    let spans = match api.source.trace(&api.tenant, asked.trace_id).await {
        Ok(spans) => spans,
        Err(error) => return with_body(status_of(error.kind), TEXT, error.message),
    };
    if spans.is_empty() && version == Version::One {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut trace = Trace::assemble(asked.trace_id, spans);
    trace.part_shared_ids();
    if is_protobuf {
        let body = match version {
            Version::One => protobuf::trace(&trace),
            Version::Two => protobuf::trace_by_id_response(&trace),
        };
        return with_body(StatusCode::OK, "application/protobuf", body);
    }
    let spans = ResourceSpans::of(&trace, Spelling::Protobuf);
    let body = match version {
        Version::One => serde_json::to_vec(&TraceV1 { batches: spans }),
        Version::Two => {
            let resource_spans = (!trace.spans.is_empty()).then_some(spans);
            serde_json::to_vec(&TraceV2 { trace: TraceObject { resource_spans }, metrics: Empty {} })
        }
    };
    match body {
        Ok(body) => with_body(StatusCode::OK, JSON, body),
        Err(error) => with_body(StatusCode::INTERNAL_SERVER_ERROR, TEXT, error.to_string()),
    }
}

#[derive(Serialize)]
struct TraceV1<'a> {
    batches: ResourceSpans<'a>,
}

#[derive(Serialize)]
struct TraceV2<'a> {
    trace: TraceObject<'a>,
    metrics: Empty,
}

#[derive(Serialize)]
struct TraceObject<'a> {
    #[serde(rename = "resourceSpans", skip_serializing_if = "Option::is_none")]
    resource_spans: Option<ResourceSpans<'a>>,
}

/// An object without fields.
#[derive(Serialize)]
struct Empty {}

/// Names the release whose API is spoken, and ours as the revision.
fn build_info() -> Response<Body> {
    let revision = concat!("throughline-", env!("CARGO_PKG_VERSION"));
    let info = json!({
        "version": TEMPO_VERSION,
        "revision": revision,
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    });
    with_body(StatusCode::OK, JSON, format!("{info}\n"))
}

#[cfg(test)]
mod tests;
