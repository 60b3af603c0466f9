//! Which build answers, and where telemetry can be sent.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A build.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Build {
    /// `throughline`.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Operating system it was built for.
    pub os: String,
    /// Processor it was built for.
    pub arch: String,
}

/// One listener of this server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Listener {
    /// Its name, such as `main` or `otlp-grpc`.
    pub name: String,
    /// `HOST:PORT` as bound.
    pub address: String,
}

/// How the server can be reached and by whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Exposure {
    /// Every bound listener, by name.
    pub listeners: Vec<Listener>,
    /// Whether a listener is bound beyond loopback.
    pub beyond_loopback: bool,
    /// Whether readers have to say who they are.
    pub authentication: bool,
}
