//! What forms and completion offer: services, operations, attribute keys and values.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use query::source::TraceSource;
use serde::Serialize;
use utoipa::ToSchema;

use super::error::json;
use super::{Api, ApiError, ErrorEnvelope, range};
use crate::api::params::Params;

/// Values that are answered at most.
const VALUES_MAX: usize = 1_000;

/// Names of services.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Services {
    /// Sorted by name; null, which comes first, stands for spans that named no service.
    services: Vec<Service>,
}

/// A service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Service {
    /// Its name.
    #[schema(value_type = Option<String>)]
    name: Option<Arc<str>>,
}

/// Operations of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Operations {
    /// Sorted by name and kind.
    operations: Vec<OperationOfService>,
}

/// A name of spans.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OperationOfService {
    /// The name.
    #[schema(value_type = String)]
    name: Arc<str>,
    /// internal, server, client, producer, consumer or unspecified.
    kind: &'static str,
}

/// Attribute keys with how often each is stored.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Keys {
    /// The most frequent first.
    attributes: Vec<KeyCount>,
    /// Whether every key of the range is there.
    complete: bool,
}

/// A key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct KeyCount {
    /// span, resource, scope, event or link.
    scope: &'static str,
    /// The key as sent.
    key: String,
    /// How often it is stored in the files that overlap the range.
    count: u64,
}

/// Values of a key.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Values {
    /// The most frequent first.
    values: Vec<ValueCount>,
    /// Whether all rows of the range were looked at and all values are there.
    complete: bool,
}

/// A value.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ValueCount {
    /// Its text.
    value: String,
    /// How often it was seen.
    count: u64,
}

/// Names of services.
#[utoipa::path(get, path = "/api/v1/services", operation_id = "services", responses((status = 200, description = "all services", body = Services)))]
pub(super) async fn services(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match api.engine.services(&api.tenant(&parts)).await {
        Ok(names) => {
            let services = names.into_iter().map(|name| Service { name }).collect();
            json(StatusCode::OK, &Services { services })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Operations of a service; an unknown service has none.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}/operations", operation_id = "operations",
    params(("service" = String, Path, description = "name of the service")),
    responses((status = 200, description = "its operations", body = Operations))
)]
pub(super) async fn operations(
    State(api): State<Arc<Api>>,
    Path(service): Path<String>,
    request: Request,
) -> Response<Body> {
    let (parts, _) = request.into_parts();
    match api.engine.operations(&api.tenant(&parts), Some(&service)).await {
        Ok(found) => {
            let operations = found
                .into_iter()
                .map(|operation| OperationOfService { name: operation.name, kind: operation.kind.as_str() })
                .collect();
            json(StatusCode::OK, &Operations { operations })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Attribute keys.
#[utoipa::path(
    get,
    path = "/api/v1/attributes", operation_id = "attributes",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses(
        (status = 200, description = "keys with counts", body = Keys),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
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
                .map(|((scope, key), count)| KeyCount { scope: scope.as_str(), key, count })
                .collect();
            json(StatusCode::OK, &Keys { attributes, complete: keys.complete })
        }
        Err(error) => ApiError::from(error).into_response(),
    }
}

/// Values of an attribute key.
#[utoipa::path(
    get,
    path = "/api/v1/attributes/{key}/values", operation_id = "attribute_values",
    params(
        ("key" = String, Path, description = "the key as sent"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 1000 unless told"),
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses(
        (status = 200, description = "values with counts over the newest rows", body = Values),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
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
