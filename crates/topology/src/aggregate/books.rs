//! Names to small numbers, within caps: entities, peers, operations. What is beyond a cap is one entry "other", counted.
//! The numbers live as long as the process; they stand in no row.

use std::borrow::Cow;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashMap, HashSet};

use super::Caps;
use crate::classify::ResourceFacts;
use crate::entity::{Entity, EntityId};
use crate::peer::{Peer, PeerId, PeerType, PeerView};
use crate::rollup::{EntityRow, PeerRow};

/// The name of everything beyond a cap.
pub const OTHER: &str = "(other)";

type Map<K, V> = HashMap<K, V, DefaultHashBuilder>;

/// How often something was beyond a cap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overflow {
    /// Spans with an operation or name beyond the cap of their service.
    pub operations: u64,
    /// Resources beyond the cap on entities.
    pub entities: u64,
    /// Calls of a peer beyond the cap of the caller.
    pub peers: u64,
    /// Instances that are not listed.
    pub instances: u64,
}

/// The books of one tenant.
#[derive(Debug, Clone)]
pub struct Books {
    caps: Caps,
    entities: Vec<EntityId>,
    services: Vec<u32>,
    service_by_name: Map<Arc<str>, u32>,
    by_entity: Map<EntityId, u32>,
    peers: Vec<PeerId>,
    by_peer: Map<PeerId, u32>,
    peers_of: Map<u32, HashSet<u32>>,
    texts: Vec<Arc<str>>,
    by_text: Map<Arc<str>, u32>,
    /// Texts that a service may use: names of spans and operations of calls apart.
    admitted: [Map<(u32, u32), ()>; 2],
    admitted_count: [Map<u32, usize>; 2],
    overflow: Overflow,
    seen_entities: Map<(u32, Arc<str>), EntityRow>,
    seen_peers: Map<u32, PeerRow>,
    peer_facts: Vec<Peer>,
}

impl Books {
    /// Empty books. Number 0 of entities, peers and texts is "none".
    pub fn new(caps: Caps) -> Self {
        Self {
            caps,
            entities: vec![EntityId::NONE],
            services: vec![0],
            service_by_name: Map::default(),
            by_entity: Map::default(),
            peers: vec![PeerId::NONE],
            by_peer: Map::default(),
            peers_of: Map::default(),
            texts: vec![Arc::from("")],
            by_text: Map::from_iter([(Arc::from(""), 0)]),
            admitted: Default::default(),
            admitted_count: Default::default(),
            overflow: Overflow::default(),
            seen_entities: Map::default(),
            seen_peers: Map::default(),
            peer_facts: vec![Peer::default()],
        }
    }

    /// What was beyond a cap.
    pub fn overflow(&self) -> Overflow {
        self.overflow
    }

    /// The number of an entity.
    pub fn entity(&mut self, facts: &ResourceFacts) -> u32 {
        if let Some(number) = self.by_entity.get(&facts.id) {
            return *number;
        }
        if self.entities.len() > self.caps.entities && &*facts.entity.service != OTHER {
            self.overflow.entities += 1;
            let entity = Entity { service: OTHER.into(), workload: OTHER.into(), ..Entity::default() };
            return self.entity(&ResourceFacts { id: entity.id(), entity, ..ResourceFacts::default() });
        }
        let number = self.entities.len() as u32;
        self.entities.push(facts.id);
        let next = self.service_by_name.len() as u32;
        let service = *self.service_by_name.entry(Arc::clone(&facts.entity.service)).or_insert(next);
        self.services.push(service);
        self.by_entity.insert(facts.id, number);
        number
    }

    /// The number of a peer that an entity calls.
    pub fn peer(&mut self, entity: u32, view: &PeerView<'_>, id: PeerId) -> u32 {
        if id == PeerId::NONE {
            return 0;
        }
        let known = self.by_peer.get(&id).copied();
        let called = self.peers_of.entry(entity).or_default();
        if let Some(number) = known
            && (called.contains(&number) || called.len() < self.caps.peers_per_entity)
        {
            called.insert(number);
            return number;
        }
        if called.len() >= self.caps.peers_per_entity {
            self.overflow.peers += 1;
            let other = PeerView {
                peer_type: PeerType::Host,
                host: Cow::Borrowed("(other hosts)"),
                ..PeerView::default()
            };
            return self.new_peer(&other, other.id());
        }
        let number = self.new_peer(view, id);
        self.peers_of.entry(entity).or_default().insert(number);
        number
    }

    fn new_peer(&mut self, view: &PeerView<'_>, id: PeerId) -> u32 {
        let next = self.peers.len() as u32;
        let number = *self.by_peer.entry(id).or_insert(next);
        if number == next {
            self.peers.push(id);
            self.peer_facts.push(view.to_peer());
        }
        number
    }

    /// The number of a call's operation.
    pub fn op(&mut self, entity: u32, text: &str) -> u32 {
        self.text(0, entity, text)
    }

    /// The number of a span's name.
    pub fn name(&mut self, entity: u32, text: &str) -> u32 {
        self.text(1, entity, text)
    }

    fn text(&mut self, which: usize, entity: u32, text: &str) -> u32 {
        if text.is_empty() {
            return 0;
        }
        let service = self.services.get(entity as usize).copied().unwrap_or_default();
        let number = self.by_text.get(text).copied();
        if let Some(number) = number
            && self.admitted[which].contains_key(&(service, number))
        {
            return number;
        }
        let count = self.admitted_count[which].entry(service).or_default();
        if *count >= self.caps.operations_per_service && text != OTHER {
            self.overflow.operations += 1;
            return self.intern(OTHER);
        }
        *count += usize::from(text != OTHER);
        let number = number.unwrap_or_else(|| self.intern(text));
        self.admitted[which].insert((service, number), ());
        number
    }

    fn intern(&mut self, text: &str) -> u32 {
        if let Some(number) = self.by_text.get(text) {
            return *number;
        }
        let number = self.texts.len() as u32;
        let text: Arc<str> = Arc::from(text);
        self.texts.push(Arc::clone(&text));
        self.by_text.insert(text, number);
        number
    }

    /// Notes that an instance and a peer were seen.
    pub fn seen(&mut self, facts: &ResourceFacts, entity: u32, peer: u32, at_ns: i64) {
        // The instance's text is shared by all spans of a resource.
        if let Some(row) = self.seen_entities.get_mut(&(entity, Arc::clone(&facts.instance))) {
            row.first_seen_ns = row.first_seen_ns.min(at_ns);
            row.last_seen_ns = row.last_seen_ns.max(at_ns);
        } else if self.seen_entities.len() < self.caps.entities.max(self.caps.instances_per_entity) {
            let row = EntityRow {
                id: facts.id,
                entity: facts.entity.clone(),
                instance: Arc::clone(&facts.instance),
                pod: Arc::clone(&facts.pod),
                node: Arc::clone(&facts.node),
                addresses: Arc::clone(&facts.addresses),
                language: Arc::clone(&facts.language),
                first_seen_ns: at_ns,
                last_seen_ns: at_ns,
            };
            self.seen_entities.insert((entity, Arc::clone(&facts.instance)), row);
        } else {
            self.overflow.instances += 1;
        }
        if peer == 0 {
            return;
        }
        let (id, facts) = (self.peer_id(peer), self.peer_facts.get(peer as usize));
        let row = self.seen_peers.entry(peer).or_insert_with(|| PeerRow {
            id,
            peer: facts.cloned().unwrap_or_default(),
            first_seen_ns: at_ns,
            last_seen_ns: at_ns,
        });
        row.first_seen_ns = row.first_seen_ns.min(at_ns);
        row.last_seen_ns = row.last_seen_ns.max(at_ns);
    }

    /// Forgets what was seen, not what is known.
    pub fn clear_seen(&mut self) {
        self.seen_entities.clear();
        self.seen_peers.clear();
    }

    /// Rows of what was seen, ordered.
    pub fn seen_entities(&self) -> Vec<EntityRow> {
        let mut rows: Vec<EntityRow> = self.seen_entities.values().cloned().collect();
        rows.sort_by(|a, b| (a.id, &a.instance).cmp(&(b.id, &b.instance)));
        rows
    }

    /// Rows of what was seen, ordered.
    pub fn seen_peers(&self) -> Vec<PeerRow> {
        let mut rows: Vec<PeerRow> = self.seen_peers.values().cloned().collect();
        rows.sort_by_key(|row| row.id);
        rows
    }

    /// The id of a numbered entity.
    pub fn entity_id(&self, number: u32) -> EntityId {
        self.entities.get(number as usize).copied().unwrap_or_default()
    }

    /// The id of a numbered peer.
    pub fn peer_id(&self, number: u32) -> PeerId {
        self.peers.get(number as usize).copied().unwrap_or_default()
    }

    /// A numbered text.
    pub fn text_of(&self, number: u32) -> Arc<str> {
        self.texts.get(number as usize).map(Arc::clone).unwrap_or_default()
    }
}
