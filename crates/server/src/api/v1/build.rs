//! `GET /api/v1/build`: which build answers.

use axum::body::Body;
use http::{Response, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

use super::error::json;

/// A build.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Build {
    /// `throughline`.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// Operating system it was built for.
    os: &'static str,
    /// Processor it was built for.
    arch: &'static str,
}

/// Says which build answers.
#[utoipa::path(get, path = "/api/v1/build", operation_id = "build", responses((status = 200, description = "the build", body = Build)))]
pub(super) async fn answer() -> Response<Body> {
    let build = Build {
        name: "throughline",
        version: env!("CARGO_PKG_VERSION"),
        os: std::env::consts::OS,
        arch: std::env::consts::ARCH,
    };
    json(StatusCode::OK, &build)
}
