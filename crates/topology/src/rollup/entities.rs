//! Rows that say what ids mean: the tables `entities` (one an instance of an entity and time of writing) and `peers`.
//! Rows with one key merge: earliest `first_seen`, latest `last_seen`.

use std::sync::Arc;

use crate::entity::{Entity, EntityId};
use crate::peer::{Peer, PeerId};

/// A row of `entities`: one instance (process, pod) of an entity.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntityRow {
    /// The entity's id.
    pub id: EntityId,
    /// What it says of itself.
    pub entity: Entity,
    /// `service.instance.id`, else the pod's uid or name, else the host's name; empty when nothing is said.
    pub instance: Arc<str>,
    /// `k8s.pod.name`.
    pub pod: Arc<str>,
    /// `k8s.node.name`, else `host.name`.
    pub node: Arc<str>,
    /// Addresses that the resource gives (`k8s.pod.ip`, `host.ip`, of proxies the node id), joined by commas.
    pub addresses: Arc<str>,
    /// `telemetry.sdk.language`, or `envoy` for proxies.
    pub language: Arc<str>,
    /// Earliest start of a span, nanoseconds since the epoch.
    pub first_seen_ns: i64,
    /// Latest start of a span.
    pub last_seen_ns: i64,
}

/// A row of `peers`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerRow {
    /// The peer's id.
    pub id: PeerId,
    /// The facts.
    pub peer: Peer,
    /// Earliest start of a span that names it, nanoseconds since the epoch.
    pub first_seen_ns: i64,
    /// Latest start of a span that names it.
    pub last_seen_ns: i64,
}

impl EntityRow {
    /// Widens the times by those of another row with the same entity and instance.
    pub fn merge(&mut self, other: &Self) {
        self.first_seen_ns = self.first_seen_ns.min(other.first_seen_ns);
        self.last_seen_ns = self.last_seen_ns.max(other.last_seen_ns);
    }
}

impl PeerRow {
    /// Widens the times by those of another row with the same id.
    pub fn merge(&mut self, other: &Self) {
        self.first_seen_ns = self.first_seen_ns.min(other.first_seen_ns);
        self.last_seen_ns = self.last_seen_ns.max(other.last_seen_ns);
    }
}
