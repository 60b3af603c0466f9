//! `GET /api/v1/openapi.json`: the API described for machines, as the crate `api` describes it.

use axum::body::Body;
use http::{Response, StatusCode};

use super::error::json;

/// This description.
pub(super) async fn answer() -> Response<Body> {
    json(StatusCode::OK, &api::openapi::description())
}
