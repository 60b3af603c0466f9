//! `GET /api/v1/overview`: the first page's data in one answer.

use std::sync::Arc;

use api::meta::{Exposure, Listener};
use api::overview::{Happening, HappeningKind, Overview, SignalState, Stage};
use api::services::Service;
use api::topology::{DiffState, Edge};
use api::traffic::HealthStatus;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::{Signal, TenantId};
use store::Outcome;
use topology::view::{self, MapRequest};

use super::error::json;
use super::{Api, ApiError, build, errors, map};
use crate::api::params::Params;
use crate::map::facts::Wanted;

/// Edges, groups of errors and changes that are shown.
const EDGES_MAX: usize = 10;
const ERRORS_MAX: usize = 20;
const CHANGES_MAX: usize = 50;

/// The first page.
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match overview(&api, &api.tenant(&parts), &Params::parse(parts.uri.query())).await {
        Ok(overview) => json(StatusCode::OK, &overview),
        Err(error) => error.into_response(),
    }
}

async fn overview(api: &Api, tenant: &TenantId, params: &Params) -> Result<Overview, ApiError> {
    let mut request = map::request(params, api.now())?;
    request.namespaces.extend(params.all("namespace").map(str::to_owned));
    let length = request.to_ns - request.from_ns;
    let earlier = MapRequest { from_ns: request.from_ns - length, to_ns: request.from_ns, ..request.clone() };
    let facts = api.facts(tenant, (request.from_ns, request.to_ns), Wanted::Edges).await?;
    let before = api.facts(tenant, (earlier.from_ns, earlier.to_ns), Wanted::Edges).await?;
    let mut services = view::services::services(&request, &facts.map(), &before.map());
    let namespaces = &request.namespaces;
    services.retain(|service| {
        let of = service.numbers.as_ref().map(|numbers| &numbers.namespace);
        namespaces.is_empty() || of.is_some_and(|namespace| namespaces.contains(namespace))
    });
    let rank = |service: &Service| {
        service.numbers.as_ref().map(|numbers| (numbers.health.status, numbers.traffic.calls))
    };
    services.sort_by_key(|service| std::cmp::Reverse(rank(service).unwrap_or((HealthStatus::Idle, 0))));
    let drawn = view::draw(&request, &facts.map());
    let mut worst: Vec<Edge> = drawn.edges.iter().filter(|edge| edge.calls > 0).cloned().collect();
    worst.sort_by(|a, b| {
        let ratio = |edge: &Edge| edge.error_ratio.unwrap_or(0.0);
        ratio(b)
            .total_cmp(&ratio(a))
            .then_with(|| b.errors.cmp(&a.errors))
            .then_with(|| b.p95_ns.cmp(&a.p95_ns))
    });
    worst.truncate(EDGES_MAX);
    let mut changes = Vec::new();
    let first_seen = |name: &str| {
        let of = facts.entities.iter().filter(|row| &*row.entity.service == name);
        of.map(|row| row.first_seen_ns).min()
    };
    for node in drawn.nodes.iter().filter(|node| node.instrumented) {
        if let Some(first) = first_seen(&node.name).filter(|first| *first >= request.from_ns) {
            changes.push(happening(HappeningKind::NewService, (&node.name, &node.id), ("", ""), first));
            continue;
        }
        for row in facts.entities.iter().filter(|row| *row.entity.service == *node.name) {
            let earliest = facts
                .entities
                .iter()
                .filter(|other| other.entity == row.entity)
                .map(|other| other.first_seen_ns)
                .min();
            if let Some(first) = earliest.filter(|first| *first >= request.from_ns && *first < request.to_ns)
            {
                let change = happening(
                    HappeningKind::NewVersion,
                    (&node.name, &node.id),
                    (&row.entity.version, ""),
                    first,
                );
                if !changes.contains(&change) {
                    changes.push(change);
                }
            }
        }
    }
    let diff = view::diff::diff((&earlier, &before.map()), (&request, &facts.map()));
    let name = |id: &str| {
        diff.nodes.iter().find(|node| node.id == id).map_or_else(|| id.to_owned(), |node| node.name.clone())
    };
    for changed in &diff.edges {
        let (kind, edge, at) = match (changed.state, &changed.a, &changed.b) {
            (DiffState::New, _, Some(edge)) => (HappeningKind::NewEdge, edge, request.from_ns),
            (DiffState::Lost, Some(edge), _) => (HappeningKind::LostEdge, edge, request.from_ns),
            _ => continue,
        };
        changes.push(happening(
            kind,
            (&name(&edge.source), &edge.source),
            (&name(&edge.target), &edge.target),
            at,
        ));
    }
    changes.sort_by(|a, b| b.at_unix_nano.cmp(&a.at_unix_nano));
    changes.truncate(CHANGES_MAX);
    let errors = errors::groups(api, tenant, (request.from_ns, request.to_ns), None, ERRORS_MAX).await?;
    let newest = facts.entities.last();
    let accepted = accepted(api, tenant);
    Ok(Overview {
        from: request.from_ns.to_string(),
        to: request.to_ns.to_string(),
        services,
        nodes: drawn.nodes,
        worst_edges: worst,
        errors: errors.groups,
        ingest: stages(api, tenant),
        changes,
        signals: vec![
            SignalState {
                signal: "spans".to_owned(),
                accepted,
                newest_received_unix_nano: newest.map(|row| row.last_seen_ns.to_string()),
                newest_service: newest.map(|row| row.entity.service.to_string()),
            },
            silent("logs"),
            silent("metrics"),
        ],
        exposure: exposure(api),
        build: build::build(),
        warnings: drawn.warnings,
    })
}

fn happening(kind: HappeningKind, subject: (&str, &str), object: (&str, &str), at_ns: i64) -> Happening {
    Happening {
        kind,
        subject: subject.0.to_owned(),
        object: object.0.to_owned(),
        subject_node: subject.1.to_owned(),
        object_node: object.1.to_owned(),
        at_unix_nano: at_ns.to_string(),
    }
}

fn silent(signal: &str) -> SignalState {
    SignalState {
        signal: signal.to_owned(),
        accepted: 0,
        newest_received_unix_nano: None,
        newest_service: None,
    }
}

/// Items of one outcome, of all reasons.
fn amount(api: &Api, tenant: &TenantId, outcome: Outcome) -> u64 {
    let amounts = api.engine.store().amounts();
    let of =
        amounts.lines.0.iter().filter(|(key, _)| {
            key.tenant == *tenant && key.signal == Signal::Traces && key.outcome == outcome
        });
    of.map(|(_, items)| *items).sum()
}

fn accepted(api: &Api, tenant: &TenantId) -> u64 {
    amount(api, tenant, Outcome::Accepted)
}

/// The account along the data's path; what the account cannot tell apart has the number of the stage before.
fn stages(api: &Api, tenant: &TenantId) -> Vec<Stage> {
    let (accepted, rejected) = (accepted(api, tenant), amount(api, tenant, Outcome::Rejected));
    let (stored, duplicate) = (amount(api, tenant, Outcome::Stored), amount(api, tenant, Outcome::Duplicate));
    let waiting = accepted.saturating_sub(stored + duplicate);
    let stage = |stage: &str, items: u64, dropped: u64, waiting: u64| Stage {
        stage: stage.to_owned(),
        signal: "spans".to_owned(),
        items,
        dropped,
        reasons: Vec::new(),
        waiting,
        status: if dropped > 0 { "degraded" } else { "ok" }.to_owned(),
    };
    vec![
        stage("receive", accepted + rejected, 0, 0),
        stage("decode", accepted, rejected, 0),
        stage("wal", accepted, 0, 0),
        stage("buffer", accepted, 0, waiting),
        stage("segment", stored, 0, 0),
        stage("catalog", stored, 0, 0),
    ]
}

fn exposure(api: &Api) -> Exposure {
    let listeners = api.settings.listeners.iter();
    Exposure {
        listeners: listeners
            .map(|(name, address)| Listener { name: name.clone(), address: address.to_string() })
            .collect(),
        beyond_loopback: api.settings.listeners.iter().any(|(_, address)| !address.ip().is_loopback()),
        authentication: false,
    }
}
