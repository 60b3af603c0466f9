//! `GET /api/v1/build`: which build answers.

use api::meta::Build;
use axum::body::Body;
use http::{Response, StatusCode};

use super::error::json;

/// Says which build answers.
pub(super) async fn answer() -> Response<Body> {
    json(StatusCode::OK, &build())
}

/// This build.
pub(super) fn build() -> Build {
    Build {
        name: "throughline".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        os: std::env::consts::OS.to_owned(),
        arch: std::env::consts::ARCH.to_owned(),
    }
}
