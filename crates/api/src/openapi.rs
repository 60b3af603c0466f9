//! The API described for machines: `GET /api/v1/openapi.json`.
//!
//! In: the types of this crate. Out: OpenAPI 3.1. Each route of the server's own API has one function below, which nothing calls: it
//! carries the description. A test of the server asks each of these paths, so that the description and the routes cannot part.

#![allow(dead_code, reason = "the functions carry descriptions and are never called")]

use utoipa::OpenApi;

mod map;
mod tables;
mod traces;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Throughline",
        description = "The server's own API. Dialects of other servers are described by these."
    ),
    paths(
        tables::sql,
        tables::stages,
        tables::flush,
        tables::compact,
        tables::build,
        tables::openapi,
        tables::overview,
        tables::check,
        traces::search,
        traces::trace,
        traces::attributes,
        traces::attribute_values,
        traces::errors,
        map::services,
        map::service,
        map::operations,
        map::topology,
        map::frames,
        map::edge,
        map::edge_traces,
        map::node,
        map::node_traces,
        map::diff,
        map::why,
        map::export,
        map::rules,
        map::put_rules,
        map::test_rules,
    ),
    components(schemas(
        crate::topology::Snapshot,
        crate::topology::Delta,
        crate::traces::FoundTrace,
        crate::sql::SqlCost
    ))
)]
struct Description;

/// The whole description.
pub fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}
