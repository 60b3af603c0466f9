//! Jaeger's HTTP API for its own UI, Grafana's Jaeger data source and scripts: `/api/*` of both generations.
//!
//! In: requests and a source of traces. Out: what Jaeger's query service answers (goldens: Jaeger 2.20). Names that
//! were not sent, warnings and adjusted spans are put into copies on the way out. Not here: receiving spans, the
//! UI's files, gRPC. There is no archive storage, and metrics of spans do not exist yet; both are told plainly.

mod adjust;
mod envelope;
mod legacy;
pub mod legacy_params;
mod page;
mod search_terms;
mod substitutes;
pub mod trace_id;
mod ui_trace;
mod v3;
pub mod v3_params;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{OriginalUri, Request, State};
use axum::http::header::LOCATION;
use axum::http::{HeaderValue, Method, Response, StatusCode};
use model::{Span, TenantId, TimeNs};
use query::source::TraceSource;
use stdx::clock::Clock;

pub use envelope::Refusal;

use super::params::{Params, decode_path};
use super::response::{HTML, go_not_found, with_body};

/// Reads an OTLP/JSON body into spans in the order of the body, or says what is wrong with it.
pub type ReadOtlpJson = Arc<dyn Fn(&[u8]) -> Result<Vec<Span>, String> + Send + Sync>;

/// What the API needs beside the traces.
#[derive(Clone)]
pub struct Settings {
    /// Whose traces are shown.
    pub tenant: TenantId,
    /// Tells the end of a search that names none.
    pub clock: Arc<dyn Clock>,
    /// Reads uploads of `/api/transform`.
    pub read_otlp_json: ReadOtlpJson,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings").field("tenant", &self.tenant).finish_non_exhaustive()
    }
}

/// What every route sees.
struct Api {
    source: Arc<dyn TraceSource>,
    settings: Settings,
}

impl Api {
    fn now(&self) -> TimeNs {
        TimeNs(self.settings.clock.now_unix_nano())
    }
}

/// The API below a prefix such as `/jaeger`, the page at `/jaeger/` included, which axum's nesting leaves out.
pub fn nested(prefix: &str, source: Arc<dyn TraceSource>, settings: Settings) -> Router {
    let page = axum::routing::get(|| async { page::answer() });
    Router::new().route(&format!("{prefix}/"), page).nest(prefix, router(source, settings))
}

/// The API, to be served at the root of a listener.
pub fn router(source: Arc<dyn TraceSource>, settings: Settings) -> Router {
    Router::new().fallback(answer).with_state(Arc::new(Api { source, settings }))
}

/// Finds the route. HEAD is answered like GET without the body; a path or method that the original does not serve
/// is its 404, which axum's own routing could not give for methods.
async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let is_head = request.method() == Method::HEAD;
    let response = route(&api, request).await;
    if is_head { response.map(|_| Body::empty()) } else { response }
}

async fn route(api: &Api, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    let path = parts.uri.path();
    let segments: Vec<Cow<'_, str>> = path.split('/').skip(1).map(decode_path).collect();
    let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
    let legacy = |answer: Result<Response<Body>, Refusal>| answer.unwrap_or_else(|refusal| refusal.legacy());
    let v3 = |answer: Result<Response<Body>, Refusal>| answer.unwrap_or_else(|refusal| refusal.v3());
    let is_get = parts.method == Method::GET || parts.method == Method::HEAD;
    let is_post = parts.method == Method::POST;
    match *segments.as_slice() {
        ["api"] if is_get => {
            let asked = parts.extensions.get::<OriginalUri>().map_or(path, |uri| uri.path());
            redirect(&format!("{asked}/"))
        }
        ["api", "services"] if is_get => legacy(legacy::services(api, &params).await),
        ["api", "services", service, "operations"] if is_get => {
            legacy(legacy::operation_names(api, &params, service).await)
        }
        ["api", "operations"] if is_get => legacy(legacy::operations(api, &params).await),
        ["api", "traces"] if is_get => legacy(legacy::traces(api, &params).await),
        ["api", "traces", id] if is_get && !id.is_empty() => legacy(legacy::trace(api, &params, id).await),
        ["api", "archive", id] if is_post && !id.is_empty() => legacy(legacy::archive(&params, id)),
        ["api", "dependencies"] if is_get => legacy(legacy::dependencies(&params)),
        ["api", "metrics", kind @ ("latencies" | "calls" | "errors")] if is_get => {
            legacy(legacy::metrics(&params, kind))
        }
        ["api", "transform"] if is_post => legacy(legacy::transform(api, &params, body).await),
        ["api", "v3", "services"] if is_get => v3(v3::services(api).await),
        ["api", "v3", "operations"] if is_get => v3(v3::operations(api, &params).await),
        ["api", "v3", "traces"] if is_get => v3(v3::traces(api, &params).await),
        ["api", "v3", "traces", id] if is_get && !id.is_empty() => v3(v3::trace(api, &params, id).await),
        ["api", "v3", "trace-summaries"] if is_get => v3(v3::summaries(api, &params).await),
        ["api", ..] => go_not_found(),
        _ if is_get && page::is_route(&segments) => page::answer(),
        _ => go_not_found(),
    }
}

fn redirect(to: &str) -> Response<Body> {
    let body = format!("<a href=\"{to}\">Temporary Redirect</a>.\n\n");
    let mut response = with_body(StatusCode::TEMPORARY_REDIRECT, HTML, body);
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

#[cfg(test)]
mod tests;
