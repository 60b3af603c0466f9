//! Services: their names, their numbers, and all that a page about one of them shows.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::errors::ErrorGroup;
use crate::topology::{Edge, Node};
use crate::traffic::{Change, Health, Series, Traffic};

/// Services.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Services {
    /// Sorted by name; null, which comes first, stands for spans that named no service.
    pub services: Vec<Service>,
}

/// A service; the numbers are there when a range was asked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Service {
    /// Its name.
    pub name: Option<String>,
    /// Its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub numbers: Option<ServiceNumbers>,
}

/// What a line about a service says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServiceNumbers {
    /// Id of its node on the map of services.
    pub node: String,
    /// Its namespace.
    pub namespace: String,
    /// `deployment.environment.name`, empty when none was sent.
    pub environment: String,
    /// The version seen first most recently, empty when none was sent.
    pub newest_version: String,
    /// How it fares.
    pub health: Health,
    /// Calls that it answered; what it called, when it answers none.
    pub traffic: Traffic,
    /// Against the range before.
    pub change: Change,
    /// Calls by equal parts of the range, oldest first.
    pub sparkline: Vec<i64>,
    /// Failed calls likewise.
    pub error_sparkline: Vec<i64>,
    /// When its newest counted span started.
    pub last_seen_unix_nano: String,
}

/// Operations of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operations {
    /// Sorted by name and kind.
    pub operations: Vec<Operation>,
}

/// A name of spans; the numbers are there when a range was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Operation {
    /// The name.
    pub name: String,
    /// internal, server, client, producer, consumer or unspecified.
    pub kind: String,
    /// Its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
}

/// All that a page about a service shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ServicePage {
    /// Its name.
    pub name: String,
    /// What a line about it says.
    pub numbers: ServiceNumbers,
    /// Its numbers over time.
    pub series: Series,
    /// Its operations, the one with the most time spent first.
    pub operations: Vec<Operation>,
    /// The nodes that the edges below name.
    pub neighbours: Vec<Node>,
    /// Edges into it.
    pub callers: Vec<Edge>,
    /// Edges out of it.
    pub callees: Vec<Edge>,
    /// Its versions, the newest first.
    pub versions: Vec<Version>,
    /// Its instances, the most recently seen first; at most 200.
    pub instances: Vec<Instance>,
    /// What fails in it, the newest first.
    pub errors: Vec<ErrorGroup>,
    /// The statement that gives its calls and errors.
    pub sql: String,
}

/// A version of a service beside the others.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Version {
    /// `service.version`; empty when none was sent.
    pub version: String,
    /// Its share of the service's calls, 0 to 1.
    pub share: f64,
    /// Its numbers.
    pub traffic: Traffic,
    /// When it was first seen, in the time for which rollups are kept.
    pub first_seen_unix_nano: String,
    /// When it was last seen.
    pub last_seen_unix_nano: String,
}

/// One running copy of a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Instance {
    /// `service.instance.id`, else the pod, else the host; empty when nothing names it.
    pub id: String,
    /// Its version.
    pub version: String,
    /// Spans in the range.
    pub spans: i64,
    /// Failed ones.
    pub errors: i64,
    /// When it was last seen.
    pub last_seen_unix_nano: String,
}
