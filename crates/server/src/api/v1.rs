//! The server's own API, `/api/v1`: SQL, search, traces, names, and what it says about itself.
//!
//! In: requests and the engine of `query`. Out: JSON, frames, CSV or Arrow as the client asks. Every refusal has one form ([`error`]); every
//! answer can be cancelled by leaving. `docs/api.md` and `/api/v1/openapi.json` describe it. The account of items
//! and the flush are in [`stages`].

mod build;
mod csv;
mod error;
mod errors;
mod frames;
mod json_rows;
mod map;
mod names;
mod openapi;
mod overview;
mod range;
mod rules;
mod search;
mod search_params;
mod service;
mod sql;
pub mod stages;
mod trace;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use http::request::Parts;
use model::TenantId;
use query::Engine;
use query::sql::Limits;
use stdx::Clock;

use crate::map::Map;

pub use error::{ApiError, ErrorBody, ErrorEnvelope};

/// What the API needs beside the engine.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whose data are shown when a request has no [`TenantId`] among its extensions.
    pub tenant: TenantId,
    /// Tells what `duration` counts back from.
    pub clock: Arc<dyn Clock>,
    /// What a question in SQL may cost.
    pub sql: Limits,
    /// The service map over the same store.
    pub map: Arc<Map>,
    /// Where the server listens, by name; empty over a folder.
    pub listeners: Vec<(String, SocketAddr)>,
}

/// What every route sees.
#[derive(Debug)]
struct Api {
    engine: Engine,
    settings: Settings,
}

impl Api {
    fn tenant(&self, parts: &Parts) -> TenantId {
        parts.extensions.get::<TenantId>().unwrap_or(&self.settings.tenant).clone()
    }

    fn now(&self) -> i64 {
        self.settings.clock.now_unix_nano()
    }
}

/// The routes, with their full paths.
pub fn router(engine: Engine, settings: Settings) -> Router {
    Router::new()
        .route("/api/v1/sql", post(sql::answer))
        .route("/api/v1/traces", get(search::answer))
        .route("/api/v1/traces/{id}", get(trace::answer))
        .route("/api/v1/attributes", get(names::attributes))
        .route("/api/v1/attributes/{key}/values", get(names::values))
        .route("/api/v1/services", get(names::services))
        .route("/api/v1/services/{service}/operations", get(names::operations))
        .route("/api/v1/overview", get(overview::answer))
        .route("/api/v1/errors", get(errors::answer))
        .route("/api/v1/services/{service}", get(service::answer))
        .route("/api/v1/topology/rules", get(rules::read).put(rules::write))
        .route("/api/v1/topology/rules/test", post(rules::test))
        .route("/api/v1/topology", get(map::topology))
        .route("/api/v1/topology/frames", get(map::topology_frames))
        .route("/api/v1/topology/edge/{source}/{target}", get(map::edge))
        .route("/api/v1/topology/node/{id}", get(map::node))
        .route("/api/v1/topology/diff", get(map::diff))
        .route("/api/v1/topology/why", get(map::why))
        .route("/api/v1/topology/export", get(map::export))
        .route("/api/v1/build", get(build::answer))
        .route("/api/v1/openapi.json", get(openapi::answer))
        .with_state(Arc::new(Api { engine, settings }))
}

#[cfg(test)]
mod tests;
