//! The service map: `GET /api/v1/topology` and its relatives, and the numbers of services and operations.
//!
//! In: a range and what to draw. Out: the replies of the crate `api`, drawn by `topology::view` of the rows that [`crate::map`] reads. Only
//! parameters, ranges and formats are decided here.

use std::sync::Arc;

use api::services::{Operations, Services};
use api::topology::{Graph, Topology};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::TenantId;
use serde_json::json;
use topology::findings::{self, SpanEvidence};
use topology::view::{self, MapRequest};

use super::error::json as answer_json;
use super::frames::{self, NDJSON, asks_for};
use super::{Api, ApiError, range};
use crate::api::params::Params;
use crate::api::response::with_body;
use crate::map::facts::{Facts, Wanted};

/// What is looked at unless told, nanoseconds.
const DEFAULT_RANGE_NS: i64 = 900_000_000_000;

/// Frames of ten seconds that are read at most: a longer range is answered in longer steps.
const STEP_NS_MIN: i64 = 10_000_000_000;

/// The range of a request; a quarter of an hour unless told.
pub(super) fn bounds(params: &Params, now: i64) -> Result<(i64, i64), ApiError> {
    let range = range::read(params, now)?;
    let to = if params.find("to").is_some() { range.end.0 } else { now };
    let told = params.find("from").is_some() || params.find("duration").is_some();
    let from = if told { range.start.0 } else { to.saturating_sub(DEFAULT_RANGE_NS) };
    if from >= to {
        return Err(ApiError::invalid("the range of time is empty", "`from` must lie before `to`"));
    }
    Ok((from, to))
}

fn is_on(params: &Params, name: &str) -> bool {
    params.find(name).is_some_and(|value| !matches!(value, "" | "0" | "false"))
}

/// What is to be drawn.
pub(super) fn request(params: &Params, now: i64) -> Result<MapRequest, ApiError> {
    let (from_ns, to_ns) = bounds(params, now)?;
    let graph = match params.first("graph") {
        "" | "service" | "app" => Graph::Service,
        "versioned" => Graph::Versioned,
        "workload" => Graph::Workload,
        "operation" => Graph::Operation,
        "namespace" => Graph::Namespace,
        other => {
            return Err(ApiError::invalid(
                format!("there is no graph `{}`", other.escape_debug()),
                "give service, versioned, workload, operation or namespace",
            ));
        }
    };
    let hops = match params.find("hops") {
        None => 1,
        Some(text) => text.parse().ok().filter(|hops| (1..=10).contains(hops)).ok_or_else(|| {
            ApiError::invalid(
                format!("`hops` is `{}`", text.escape_debug()),
                "give a whole number from 1 to 10",
            )
        })?,
    };
    let names = params.first("namespaces").split(',').map(str::trim);
    Ok(MapRequest {
        from_ns,
        to_ns,
        graph,
        namespaces: names.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        probes: is_on(params, "probes"),
        setup: is_on(params, "setup"),
        collapse_topics: params.find("topics").is_some_and(|value| matches!(value, "0" | "false")),
        focus: params.first("focus").to_owned(),
        hops,
        ..MapRequest::default()
    })
}

impl Api {
    /// The rows of a request.
    pub(super) async fn facts(
        &self,
        tenant: &TenantId,
        range: (i64, i64),
        wanted: Wanted,
    ) -> Result<Facts, ApiError> {
        let facts = self.settings.map.facts(self.engine.store(), tenant, range, wanted).await;
        facts.map_err(|error| ApiError { kind: error.kind(), message: error.chain(), remedy: String::new() })
    }

    async fn draw(&self, tenant: &TenantId, request: &MapRequest) -> Result<Topology, ApiError> {
        let facts = self.facts(tenant, (request.from_ns, request.to_ns), Wanted::Edges).await?;
        Ok(view::draw(request, &facts.map()))
    }
}

/// Runs a handler's work and answers in JSON.
fn answered<T: serde::Serialize>(found: Result<T, ApiError>) -> Response<Body> {
    match found {
        Ok(body) => answer_json(StatusCode::OK, &body),
        Err(error) => error.into_response(),
    }
}

/// The map of a range, once or as it changes.
pub(super) async fn topology(State(api): State<Arc<Api>>, http: Request) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let params = Params::parse(parts.uri.query());
    let tenant = api.tenant(&parts);
    let request = match request(&params, api.now()) {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    let every =
        params.find("watch").and_then(|text| text.parse::<u64>().ok()).map(|seconds| seconds.clamp(1, 3_600));
    if let Some(seconds) = every.filter(|_| asks_for(&parts.headers, NDJSON)) {
        return frames::answer(move |frames| watch(frames, api, tenant, request, seconds));
    }
    answered(api.draw(&tenant, &request).await)
}

/// Sends the map, then what changed, until the client leaves.
async fn watch(
    frames: frames::Frames,
    api: Arc<Api>,
    tenant: TenantId,
    mut request: MapRequest,
    seconds: u64,
) {
    let mut tick = tokio::time::interval(std::time::Duration::from_secs(seconds));
    let length = request.to_ns - request.from_ns;
    let mut before: Option<Topology> = None;
    let mut rev = 0;
    loop {
        if frames
            .while_working(tick.tick(), || json!({ "elapsed_nano": frames.elapsed_nano() }))
            .await
            .is_none()
        {
            return;
        }
        request.to_ns = api.now();
        request.from_ns = request.to_ns - length;
        let now = match api.draw(&tenant, &request).await {
            Ok(now) => now,
            Err(error) => return frames.fail(&error).await,
        };
        rev += 1;
        let sent = match &before {
            None => frames.send("snapshot", json!({ "rev": rev, "topology": now })).await,
            Some(before) => frames.send("delta", json!(view::watch::delta(before, &now, rev))).await,
        };
        if !sent {
            return;
        }
        before = Some(now);
    }
}

/// The map in equal steps.
pub(super) async fn topology_frames(State(api): State<Arc<Api>>, http: Request) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let params = Params::parse(parts.uri.query());
    let work = async {
        let mut request = request(&params, api.now())?;
        let wanted = params.find("step").map(|text| range::duration("step", text)).transpose()?;
        let step_ns = view::frames::step_of(
            request.to_ns - request.from_ns,
            wanted.unwrap_or(STEP_NS_MIN),
            view::frames::FRAMES_MAX,
        );
        request.from_ns = request.from_ns.div_euclid(step_ns) * step_ns;
        let facts = api.facts(&api.tenant(&parts), (request.from_ns, request.to_ns), Wanted::Steps).await?;
        Ok(view::frames::frames(&request, &facts.map(), step_ns))
    };
    answered(work.await)
}

/// One edge with everything known of it.
pub(super) async fn edge(
    State(api): State<Arc<Api>>,
    Path((source, target)): Path<(String, String)>,
    http: Request,
) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let work = async {
        let request = request(&Params::parse(parts.uri.query()), api.now())?;
        let facts = api.facts(&api.tenant(&parts), (request.from_ns, request.to_ns), Wanted::Edges).await?;
        view::detail::edge(&request, &facts.map(), &source, &target).ok_or_else(|| {
            ApiError::not_found(
                "the range has no such edge",
                "`GET /api/v1/topology` lists the edges of a range",
            )
        })
    };
    answered(work.await)
}

/// One node with everything known of it.
pub(super) async fn node(
    State(api): State<Arc<Api>>,
    Path(id): Path<String>,
    http: Request,
) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let work = async {
        let request = request(&Params::parse(parts.uri.query()), api.now())?;
        let facts = api.facts(&api.tenant(&parts), (request.from_ns, request.to_ns), Wanted::Edges).await?;
        view::detail::node(&request, &facts.map(), &id).ok_or_else(|| {
            ApiError::not_found(
                "the range has no such node",
                "`GET /api/v1/topology` lists the nodes of a range",
            )
        })
    };
    answered(work.await)
}

/// Two windows beside each other.
pub(super) async fn diff(State(api): State<Arc<Api>>, http: Request) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let params = Params::parse(parts.uri.query());
    let work = async {
        let base = request(&params, api.now())?;
        let window = |from: &str, to: &str| -> Result<MapRequest, ApiError> {
            let (from, to) = (range::time(from, &params)?, range::time(to, &params)?);
            if from >= to {
                return Err(ApiError::invalid("a window is empty", "its start must lie before its end"));
            }
            Ok(MapRequest { from_ns: from, to_ns: to, ..base.clone() })
        };
        let (a, b) = (window("a_from", "a_to")?, window("b_from", "b_to")?);
        let tenant = api.tenant(&parts);
        let facts_a = api.facts(&tenant, (a.from_ns, a.to_ns), Wanted::Edges).await?;
        let facts_b = api.facts(&tenant, (b.from_ns, b.to_ns), Wanted::Edges).await?;
        Ok(view::diff::diff((&a, &facts_a.map()), (&b, &facts_b.map())))
    };
    answered(work.await)
}

/// Why there is no edge.
pub(super) async fn why(State(api): State<Arc<Api>>, http: Request) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let params = Params::parse(parts.uri.query());
    let work = async {
        let (source, target) = (params.first("source"), params.first("target"));
        if source.is_empty() || target.is_empty() {
            return Err(ApiError::invalid(
                "`source` and `target` are needed",
                "name the caller and the callee",
            ));
        }
        let request = request(&params, api.now())?;
        let facts = api.facts(&api.tenant(&parts), (request.from_ns, request.to_ns), Wanted::Edges).await?;
        let evicted = facts.completeness.evicted;
        let evidence = SpanEvidence {
            evicted: (evicted > 0)
                .then(|| findings::Shown { value: evicted as f64, ..findings::Shown::default() }),
            ..SpanEvidence::default()
        };
        let drawing = view::prepare(&request, &facts.map());
        Ok(findings::why(source, target, &drawing, &facts.lookup, &evidence))
    };
    answered(work.await)
}

/// The map for other programs.
pub(super) async fn export(State(api): State<Arc<Api>>, http: Request) -> Response<Body> {
    let (parts, _) = http.into_parts();
    let params = Params::parse(parts.uri.query());
    let work = async {
        let request = request(&params, api.now())?;
        let map = api.draw(&api.tenant(&parts), &request).await?;
        match params.first("format") {
            "" | "json" => Ok(answer_json(StatusCode::OK, &map)),
            "dot" => Ok(with_body(
                StatusCode::OK,
                "text/vnd.graphviz; charset=utf-8",
                topology::export::dot::dot(&map),
            )),
            "mermaid" => Ok(with_body(
                StatusCode::OK,
                "text/plain; charset=utf-8",
                topology::export::mermaid::mermaid(&map),
            )),
            "csv" => {
                Ok(with_body(StatusCode::OK, "text/csv; charset=utf-8", topology::export::csv::csv(&map)))
            }
            other => Err(ApiError::invalid(
                format!("there is no format `{}`", other.escape_debug()),
                "give json, dot, mermaid or csv",
            )),
        }
    };
    work.await.unwrap_or_else(IntoResponse::into_response)
}

/// Services of a range with their numbers.
pub(super) async fn services(api: &Api, tenant: &TenantId, params: &Params) -> Result<Services, ApiError> {
    let request = request(params, api.now())?;
    let length = request.to_ns - request.from_ns;
    let facts = api.facts(tenant, (request.from_ns, request.to_ns), Wanted::Edges).await?;
    let before = api.facts(tenant, (request.from_ns - length, request.from_ns), Wanted::Edges).await?;
    Ok(Services { services: view::services::services(&request, &facts.map(), &before.map()) })
}

/// Operations of a service in a range with their numbers.
pub(super) async fn operations(
    api: &Api,
    tenant: &TenantId,
    params: &Params,
    service: &str,
) -> Result<Operations, ApiError> {
    let request = request(params, api.now())?;
    let facts = api.facts(tenant, (request.from_ns, request.to_ns), Wanted::Operations).await?;
    Ok(Operations {
        operations: view::services::operations(&request, &facts.operations, &facts.lookup, service),
    })
}
