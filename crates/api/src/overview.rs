//! The first page: how everything fares, what is worst, what changed, and how to send data while there is none.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::errors::ErrorGroup;
use crate::meta::{Build, Exposure};
use crate::services::Service;
use crate::topology::{Edge, Node, Warning};

/// The first page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Overview {
    /// Start of the range.
    pub from: String,
    /// Its end.
    pub to: String,
    /// Services with their numbers, the worst health first, then by rate.
    pub services: Vec<Service>,
    /// The nodes that the edges below name.
    pub nodes: Vec<Node>,
    /// The edges with the highest share and number of errors, then the slowest; at most 10.
    pub worst_edges: Vec<Edge>,
    /// What fails, the newest first; at most 20.
    pub errors: Vec<ErrorGroup>,
    /// The stages of ingest, in the order of the data's path.
    pub ingest: Vec<Stage>,
    /// What changed in the range, the newest first; at most 50.
    pub changes: Vec<Happening>,
    /// What was ever received, by signal.
    pub signals: Vec<SignalState>,
    /// Where this server listens.
    pub exposure: Exposure,
    /// Which build answers.
    pub build: Build,
    /// What the map warns of.
    pub warnings: Vec<Warning>,
}

/// One stage of ingest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Stage {
    /// receive, decode, wal, buffer, segment, catalog.
    pub stage: String,
    /// spans, logs or metrics.
    pub signal: String,
    /// Items that passed it.
    pub items: u64,
    /// Items that it refused or dropped.
    pub dropped: u64,
    /// The same by reason.
    pub reasons: Vec<Reason>,
    /// Items that wait in it.
    pub waiting: u64,
    /// ok, degraded or failing.
    pub status: String,
}

/// Items dropped for one reason.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Reason {
    /// The reason's name.
    pub reason: String,
    /// Items.
    pub items: u64,
}

/// Something that changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Happening {
    /// What.
    pub kind: HappeningKind,
    /// The service, or the caller of an edge.
    pub subject: String,
    /// The version, or the callee of an edge; empty otherwise.
    pub object: String,
    /// Id of the node that `subject` names.
    pub subject_node: String,
    /// Id of the node that `object` names; empty when it is none.
    pub object_node: String,
    /// When it was first seen, or last for what vanished.
    pub at_unix_nano: String,
}

/// Kinds of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HappeningKind {
    /// A service was seen for the first time.
    NewService,
    /// A version was.
    NewVersion,
    /// An edge was.
    NewEdge,
    /// An edge of the range before is gone.
    LostEdge,
}

/// What is known of a signal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SignalState {
    /// spans, logs or metrics.
    pub signal: String,
    /// Items accepted ever.
    pub accepted: u64,
    /// When the newest item was received; null when there is none.
    pub newest_received_unix_nano: Option<String>,
    /// Who sent it; null when unknown.
    pub newest_service: Option<String>,
}
