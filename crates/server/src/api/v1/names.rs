//! What forms and completion offer: services, operations, attribute keys and values.

use std::sync::Arc;

use api::names::{KeyCount, Keys, ValueCount, Values};
use api::services::{Operation, Operations, Service, Services};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use query::source::TraceSource;

use super::error::json;
use super::{Api, ApiError, map, range};
use crate::api::params::Params;

/// Values that are answered at most.
const VALUES_MAX: usize = 1_000;

/// Names of services.
pub(super) async fn services(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    if has_range(&params) {
        return match map::services(&api, &api.tenant(&parts), &params).await {
            Ok(services) => json(StatusCode::OK, &services),
            Err(error) => error.into_response(),
        };
    }
    match api.engine.services(&api.tenant(&parts)).await {
        Ok(names) => {
            let services = names
                .into_iter()
                .map(|name| Service { name: name.map(|name| name.to_string()), numbers: None })
                .collect();
            json(StatusCode::OK, &Services { services })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Operations of a service; an unknown service has none.
pub(super) async fn operations(
    State(api): State<Arc<Api>>,
    Path(service): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    if has_range(&params) {
        return match map::operations(&api, &api.tenant(&parts), &params, &service).await {
            Ok(operations) => json(StatusCode::OK, &operations),
            Err(error) => error.into_response(),
        };
    }
    match api.engine.operations(&api.tenant(&parts), Some(&service)).await {
        Ok(found) => {
            let operations = found
                .into_iter()
                .map(|operation| Operation {
                    name: operation.name.to_string(),
                    kind: operation.kind.as_str().to_owned(),
                    traffic: None,
                })
                .collect();
            json(StatusCode::OK, &Operations { operations })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Whether numbers are asked for: they are those of a range.
fn has_range(params: &Params) -> bool {
    params.find("from").is_some() || params.find("duration").is_some()
}

/// Attribute keys.
pub(super) async fn attributes(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let range = match range::read(&Params::parse(parts.uri.query()), api.now()) {
        Ok(range) => range,
        Err(error) => return error.into_response(),
    };
    match api.engine.attribute_keys(&api.tenant(&parts), range).await {
        Ok(keys) => {
            let attributes = keys.entries.into_iter();
            let attributes = attributes
                .map(|((scope, key), count)| KeyCount { scope: scope.as_str().to_owned(), key, count })
                .collect();
            json(StatusCode::OK, &Keys { attributes, complete: keys.complete })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Values of an attribute key.
pub(super) async fn values(
    State(api): State<Arc<Api>>,
    Path(key): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    let asked = range::read(&params, api.now()).and_then(|range| Ok((range, limit(&params)?)));
    let (range, limit) = match asked {
        Ok(asked) => asked,
        Err(error) => return error.into_response(),
    };
    match api.engine.attribute_values(&api.tenant(&parts), &key, range, limit).await {
        Ok(found) => {
            let values =
                found.entries.into_iter().map(|(value, count)| ValueCount { value, count }).collect();
            json(StatusCode::OK, &Values { values, complete: found.complete })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

fn limit(params: &Params) -> Result<usize, ApiError> {
    let Some(text) = params.find("limit") else { return Ok(VALUES_MAX) };
    text.parse().ok().filter(|limit| (1..=VALUES_MAX).contains(limit)).ok_or_else(|| {
        ApiError::invalid(
            format!("`limit` is `{}`", text.escape_debug()),
            format!("give a whole number from 1 to {VALUES_MAX}"),
        )
    })
}
