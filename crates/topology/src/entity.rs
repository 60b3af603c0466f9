//! Nodes that send spans: who they say they are (topology design 13.3).
//!
//! An entity's id is a hash of its text, the same on every machine and after every start.

use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

/// First 64 bits of the XXH3-128 hash of an entity's text; 0 is "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntityId(pub u64);

impl EntityId {
    /// No entity.
    pub const NONE: Self = Self(0);
}

/// One version of one workload of one service. Equality is by all fields but `app_group`, which the id leaves out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Entity {
    /// `k8s.cluster.name`, else Istio's cluster id, else `default`.
    pub cluster: Arc<str>,
    /// `deployment.environment.name` or its old spelling, else empty.
    pub environment: Arc<str>,
    /// Kubernetes namespace, else Istio's, else `service.namespace`, else `default`.
    pub namespace: Arc<str>,
    /// What kind of workload: `deployment`, `statefulset`, `daemonset`, `cronjob`, `job`, `pod`, `task`, `container` or
    /// `service` when nothing but the service's name is known.
    pub kind: Arc<str>,
    /// Name of the workload, else the service's.
    pub workload: Arc<str>,
    /// `service.name`; `unknown_service...` is kept as sent, absent becomes `unknown_service`.
    pub service: Arc<str>,
    /// `service.version`, else Istio's revision, else `latest`.
    pub version: Arc<str>,
    /// `service.namespace` as sent, the box "application"; no part of the identity.
    pub app_group: Arc<str>,
}

impl Entity {
    /// The id: a hash of the seven identifying texts.
    pub fn id(&self) -> EntityId {
        let mut hash = Xxh3Default::new();
        let texts = [
            &self.cluster,
            &self.environment,
            &self.namespace,
            &self.kind,
            &self.workload,
            &self.service,
            &self.version,
        ];
        for text in texts {
            hash.update(&(text.len() as u32).to_le_bytes());
            hash.update(text.as_bytes());
        }
        EntityId(((hash.digest128() >> 64) as u64).max(1))
    }
}
