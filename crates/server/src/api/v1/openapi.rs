//! `GET /api/v1/openapi.json`: the API described for machines, made from the code.

use axum::body::Body;
use http::{Response, StatusCode};
use utoipa::OpenApi;

use super::error::json;
use super::{build, names, search, sql, trace};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Throughline",
        description = "The server's own API. Dialects of other servers are described by these."
    ),
    paths(
        sql::answer,
        search::answer,
        trace::answer,
        names::attributes,
        names::values,
        names::services,
        names::operations,
        build::answer,
        stages,
        flush,
        answer,
    )
)]
struct Description;

/// The account: counters of each stage and signal.
#[utoipa::path(get, path = "/api/v1/stages", operation_id = "stages", responses((status = 200, description = "the account", body = Object)))]
#[expect(dead_code, reason = "a description of a route that is served elsewhere")]
fn stages() {}

/// Makes all that was acknowledged part of the tables and answers their versions.
#[utoipa::path(post, path = "/api/v1/flush", operation_id = "flush", responses((status = 200, description = "versions by table", body = Object)))]
#[expect(dead_code, reason = "a description of a route that is served elsewhere")]
fn flush() {}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "openapi", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) async fn answer() -> Response<Body> {
    json(StatusCode::OK, &Description::openapi())
}
