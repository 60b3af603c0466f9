//! `GET /api/v1/services/{service}`: all that a page about one service shows.

use std::sync::Arc;

use api::services::{Instance, ServicePage, Version};
use api::topology::Graph;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::TenantId;
use topology::view::{self, MapRequest};

use super::error::json;
use super::{Api, ApiError, errors, map};
use crate::api::params::Params;
use crate::map::facts::Wanted;

/// Instances that are listed.
const INSTANCES_MAX: usize = 200;

/// Groups of errors that are listed.
const ERRORS_MAX: usize = 20;

/// All about a service.
pub(super) async fn answer(
    State(api): State<Arc<Api>>,
    Path(name): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match page(&api, &api.tenant(&parts), &Params::parse(parts.uri.query()), &name).await {
        Ok(page) => json(StatusCode::OK, &page),
        Err(error) => error.into_response(),
    }
}

async fn page(api: &Api, tenant: &TenantId, params: &Params, name: &str) -> Result<ServicePage, ApiError> {
    let request = MapRequest { graph: Graph::Service, ..map::request(params, api.now())? };
    let length = request.to_ns - request.from_ns;
    let facts = api.facts(tenant, (request.from_ns, request.to_ns), Wanted::Operations).await?;
    let before = api.facts(tenant, (request.from_ns - length, request.from_ns), Wanted::Edges).await?;
    let unknown = || {
        ApiError::not_found(
            format!("no span of `{}` started in this range", name.escape_debug()),
            "choose another range; `GET /api/v1/services` lists every service",
        )
    };
    let services = view::services::services(&request, &facts.map(), &before.map());
    let service =
        services.into_iter().find(|service| service.name.as_deref() == Some(name)).ok_or_else(unknown)?;
    let numbers = service.numbers.ok_or_else(unknown)?;
    let detail = view::detail::node(&request, &facts.map(), &numbers.node);
    let mut operations = view::services::operations(&request, &facts.operations, &facts.lookup, name);
    let spent = |operation: &api::services::Operation| {
        operation
            .traffic
            .as_ref()
            .map_or(0, |traffic| traffic.calls.saturating_mul(traffic.avg_ns.unwrap_or(0)))
    };
    operations.sort_by_key(|operation| std::cmp::Reverse(spent(operation)));
    let by_version = MapRequest { graph: Graph::Versioned, ..request.clone() };
    let versioned = view::draw(&by_version, &facts.map());
    let of_service = |version: &str| {
        let found = versioned.nodes.iter().find(|node| {
            node.name.starts_with(name)
                && node.versions.iter().any(|own| own == version)
                && node.namespace == numbers.namespace
        });
        found.map(|node| if node.inbound.calls > 0 { node.inbound.clone() } else { node.outbound.clone() })
    };
    let ours = |row: &&topology::EntityRow| &*row.entity.service == name;
    let mut versions: Vec<Version> = Vec::new();
    for row in facts.entities.iter().filter(ours) {
        match versions.iter_mut().find(|known| *known.version == *row.entity.version) {
            Some(known) => {
                let first = known.first_seen_unix_nano.parse().unwrap_or(i64::MAX).min(row.first_seen_ns);
                let last = known.last_seen_unix_nano.parse().unwrap_or(i64::MIN).max(row.last_seen_ns);
                (known.first_seen_unix_nano, known.last_seen_unix_nano) =
                    (first.to_string(), last.to_string());
            }
            None => versions.push(Version {
                version: row.entity.version.to_string(),
                share: 0.0,
                traffic: of_service(&row.entity.version).unwrap_or_default(),
                first_seen_unix_nano: row.first_seen_ns.to_string(),
                last_seen_unix_nano: row.last_seen_ns.to_string(),
            }),
        }
    }
    let total: i64 = versions.iter().map(|version| version.traffic.calls).sum();
    for version in &mut versions {
        version.share = version.traffic.calls as f64 / total.max(1) as f64;
    }
    versions.sort_by(|a, b| b.first_seen_unix_nano.cmp(&a.first_seen_unix_nano));
    let seen = facts.entities.iter().filter(ours).filter(|row| row.last_seen_ns >= request.from_ns).rev();
    let instances = seen.take(INSTANCES_MAX).map(|row| Instance {
        id: row.instance.to_string(),
        version: row.entity.version.to_string(),
        spans: 0,
        errors: 0,
        last_seen_unix_nano: row.last_seen_ns.to_string(),
    });
    let errors =
        errors::groups(api, tenant, (request.from_ns, request.to_ns), Some(name), ERRORS_MAX).await?;
    let (series, neighbours, callers, callees, sql) = match detail {
        Some(detail) => (detail.series, detail.neighbours, detail.callers, detail.callees, detail.sql),
        None => (Default::default(), Vec::new(), Vec::new(), Vec::new(), facts.plan.sql()),
    };
    Ok(ServicePage {
        name: name.to_owned(),
        numbers,
        series,
        operations,
        neighbours,
        callers,
        callees,
        versions,
        instances: instances.collect(),
        errors: errors.groups,
        sql,
    })
}
