//! What the ids in rows mean, prepared once for a request.
//!
//! In: rows of entities and peers, the names in force. Out: entities, peers and nodes by id. Not here:
//! sums.

use std::sync::Arc;

use api::topology::Graph;
use hashbrown::HashMap;

use crate::entity::Entity;
use crate::names::Names;
use crate::names::resolve::{Known, Resolved, resolve};
use crate::node::{NodeKey, Part, ServiceKey};
use crate::peer::Peer;
use crate::rollup::{EdgeRow, EntityRow, PeerRow};
use crate::{EntityId, PeerId};

/// Entities, peers and names of one request.
#[derive(Debug, Clone)]
pub struct Lookup {
    entities: HashMap<EntityId, Arc<Entity>>,
    services: HashMap<EntityId, ServiceKey>,
    /// Versions and workloads of each service, with the time each was first seen.
    parts: HashMap<ServiceKey, Parts>,
    peers: HashMap<PeerId, Peer>,
    names: Arc<Names>,
    known: Known,
}

/// What a service consists of.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Versions with the time they were first seen, the newest first.
    pub versions: Vec<(i64, Arc<str>)>,
    /// Workloads.
    pub workloads: Vec<Arc<str>>,
    /// Instances, as far as their names tell them apart.
    pub instances: usize,
    /// When the first of its spans started.
    pub first_seen_ns: i64,
    /// When its newest span started.
    pub last_seen_ns: i64,
}

impl Lookup {
    /// From all entities and peers that rows may name. `pairs` teach which service answers at which
    /// host: the rows of the request, or better those of a day.
    pub fn new<'r>(
        entities: &[EntityRow],
        peers: &[PeerRow],
        names: Arc<Names>,
        pairs: impl IntoIterator<Item = &'r EdgeRow>,
    ) -> Self {
        let mut known = Known::of_entities(entities);
        let peers = peers.iter().map(|row| (row.id, row.peer.clone())).collect::<HashMap<_, _>>();
        let services =
            entities.iter().map(|row| (row.id, ServiceKey::of(&row.entity))).collect::<HashMap<_, _>>();
        known.learn(pairs, &peers, &services);
        Self {
            parts: parts(entities),
            entities: entities.iter().map(|row| (row.id, Arc::new(row.entity.clone()))).collect(),
            services,
            peers,
            names,
            known,
        }
    }

    /// The entity of an id.
    pub fn entity(&self, id: EntityId) -> Option<&Arc<Entity>> {
        self.entities.get(&id)
    }

    /// The service of an entity.
    pub fn service(&self, id: EntityId) -> Option<&ServiceKey> {
        self.services.get(&id)
    }

    /// The peer of an id.
    pub fn peer(&self, id: PeerId) -> Option<&Peer> {
        self.peers.get(&id)
    }

    /// The names in force.
    pub fn names(&self) -> &Names {
        &self.names
    }

    /// What spans tell about names.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// What a service consists of.
    pub fn parts(&self, service: &ServiceKey) -> Option<&Parts> {
        self.parts.get(service)
    }

    /// All services, ordered.
    pub fn all_services(&self) -> Vec<&ServiceKey> {
        let mut services = self.parts.keys().collect::<Vec<_>>();
        services.sort();
        services
    }

    /// Ids of the entities of a service.
    pub fn entities_of(&self, service: &ServiceKey) -> Vec<EntityId> {
        let mut ids = self
            .services
            .iter()
            .filter(|(_, other)| *other == service)
            .map(|(id, _)| *id)
            .collect::<Vec<_>>();
        ids.sort();
        ids
    }

    /// The services with a name, in a namespace if `name` is `namespace/service`.
    pub fn named(&self, name: &str) -> Vec<&ServiceKey> {
        let (namespace, service) = match name.split_once('/') {
            Some((namespace, service)) if !namespace.is_empty() => (Some(namespace), service),
            _ => (None, name),
        };
        let mut found = self
            .parts
            .keys()
            .filter(|key| {
                let in_namespace = namespace.is_none_or(|namespace| &*key.namespace == namespace);
                (&*key.service == service && in_namespace) || &*key.service == name
            })
            .collect::<Vec<_>>();
        found.sort();
        found
    }

    /// Resolves a peer for callers of a namespace.
    pub fn resolve(&self, peer: PeerId, namespace: &str) -> Resolved {
        match self.peers.get(&peer) {
            Some(peer) => resolve(peer, namespace, &self.names, &self.known),
            None => resolve(&Peer::default(), namespace, &self.names, &self.known),
        }
    }

    /// The node of an entity in a type of graph.
    pub fn node(&self, id: EntityId, graph: Graph) -> NodeKey {
        let (Some(entity), Some(service)) = (self.entities.get(&id), self.services.get(&id)) else {
            // Rows may come before the row that explains their id.
            return NodeKey::UnknownCaller;
        };
        let part = match graph {
            Graph::Service | Graph::Operation => Part::Whole,
            Graph::Versioned => Part::Version(Arc::clone(&entity.version)),
            Graph::Workload => Part::Workload(Arc::clone(&entity.workload)),
            Graph::Namespace => return self.fit(NodeKey::Service(service.clone(), Part::Whole), graph),
        };
        NodeKey::Service(service.clone(), part)
    }

    /// A resolved node in a type of graph: a service of one version is that version.
    pub fn fit(&self, node: NodeKey, graph: Graph) -> NodeKey {
        match (graph, node) {
            (Graph::Namespace, NodeKey::Service(service, _)) => NodeKey::Namespace {
                cluster: service.cluster,
                environment: service.environment,
                namespace: service.namespace,
            },
            (Graph::Versioned, NodeKey::Service(service, Part::Whole)) => {
                let only = match self.parts.get(&service).map(|parts| parts.versions.as_slice()) {
                    Some([(_, only)]) => Arc::clone(only),
                    _ => Arc::from(""),
                };
                NodeKey::Service(service, Part::Version(only))
            }
            (Graph::Workload, NodeKey::Service(service, Part::Whole)) => {
                let only = match self.parts.get(&service).map(|parts| parts.workloads.as_slice()) {
                    Some([only]) => Arc::clone(only),
                    _ => Arc::from(""),
                };
                NodeKey::Service(service, Part::Workload(only))
            }
            (_, node) => node,
        }
    }
}

fn parts(entities: &[EntityRow]) -> HashMap<ServiceKey, Parts> {
    let mut parts = HashMap::<ServiceKey, Parts>::new();
    let mut instances = hashbrown::HashSet::new();
    for row in entities {
        let service = ServiceKey::of(&row.entity);
        let is_new_instance =
            !row.instance.is_empty() && instances.insert((service.clone(), Arc::clone(&row.instance)));
        let fresh = Parts { first_seen_ns: i64::MAX, last_seen_ns: i64::MIN, ..Parts::default() };
        let found = parts.entry(service).or_insert(fresh);
        match found.versions.iter_mut().find(|(_, version)| *version == row.entity.version) {
            Some((seen, _)) => *seen = (*seen).min(row.first_seen_ns),
            None => found.versions.push((row.first_seen_ns, Arc::clone(&row.entity.version))),
        }
        if !found.workloads.contains(&row.entity.workload) {
            found.workloads.push(Arc::clone(&row.entity.workload));
        }
        found.instances += usize::from(is_new_instance);
        found.first_seen_ns = found.first_seen_ns.min(row.first_seen_ns);
        found.last_seen_ns = found.last_seen_ns.max(row.last_seen_ns);
    }
    for found in parts.values_mut() {
        found.versions.sort_by(|a, b| b.cmp(a));
        found.workloads.sort();
    }
    parts
}
