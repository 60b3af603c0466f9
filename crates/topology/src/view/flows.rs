//! From rows to flows: who called whom with which sums, each call once.
//!
//! In: rows of edges in any order and any split, and what their ids mean. Out: flows between nodes, what
//! each node answered, and how nodes are called. Not here: which flows become one edge (`graph`).
//!
//! Pairs are flows as they are. Client halves of which no server half was found go where their peer
//! resolves to. Server halves of which no client half was found come from an unknown caller, less the
//! calls that resolution has already brought to that service (topology design, head of section 13, item
//! 7). Messages go from producer to topic and from topic to consumer, whether paired or not.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::topology::{EdgeKind, Graph};
use hashbrown::HashMap;

use super::lookup::Lookup;
use super::scale::scaled;
use super::tally::Tally;
use crate::call_fact::{Class, Layer, Protocol, Security};
use crate::names::resolve::{Resolved, forced};
use crate::node::{NodeKey, Part, ServiceKey};
use crate::peer::PeerType;
use crate::rollup::{EdgeKind as RowKind, EdgeRow, EdgeSums};
use crate::{EntityId, PeerId};

/// What is drawn of the rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Drawn {
    /// What a node stands for.
    pub graph: Graph,
    /// Health checks, too.
    pub probes: bool,
    /// Connections and transactions, too.
    pub setup: bool,
    /// Producers straight to consumers where a pair tells it.
    pub without_topics: bool,
    /// Keep operations apart, for details.
    pub by_operation: bool,
}

/// Who saw the calls of a flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// Both sides.
    Both,
    /// The caller alone.
    Client,
    /// The callee alone.
    Server,
}

/// Calls alike in everything but time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flow {
    /// The caller.
    pub source: NodeKey,
    /// The callee.
    pub target: NodeKey,
    /// What sort of call.
    pub kind: EdgeKind,
    /// What was spoken.
    pub protocol: Protocol,
    /// Encrypted or not.
    pub security: Security,
    /// Traffic, probe or setup.
    pub class: Class,
    /// Who measured.
    pub layer: Layer,
    /// Who saw it.
    pub seen: Seen,
    /// The caller's entity, none for unknown callers and topics.
    pub caller: EntityId,
    /// The callee's entity, none when no server span was found.
    pub callee: EntityId,
    /// What the caller said.
    pub peer: PeerId,
    /// The operation; empty unless they are kept apart.
    pub op: Arc<str>,
    /// The sums: the client's view unless only the server saw it.
    pub sums: EdgeSums,
}

/// All flows of some rows.
#[derive(Debug, Clone, Default)]
pub struct Flows {
    /// Ordered by source, target, and the rest.
    pub flows: Vec<Flow>,
    /// What each node answered by its own account, by layer.
    pub answered: BTreeMap<(NodeKey, Layer), Tally>,
    /// What resolution says of the nodes that are no services.
    pub labels: BTreeMap<NodeKey, Label>,
    /// Calls to hosts that a rule hides.
    pub hidden_calls: i64,
    /// Messages of which both the sending and the receiving were found, by topic.
    pub paired_messages: BTreeMap<NodeKey, i64>,
}

/// What callers say of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// Resolution's words.
    pub name: Arc<str>,
    /// What gave the name.
    pub named_by: Arc<str>,
    /// Box.
    pub group: Arc<str>,
    /// Raw system, when the key does not say.
    pub system: Arc<str>,
    /// With what it is folded.
    pub family: Option<Arc<str>>,
    /// Nothing names it.
    pub is_unnamed: bool,
    /// Several services stand behind it.
    pub is_ambiguous: bool,
}

/// A key of rows without its bucket; small and cheap to hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Flat {
    src: EntityId,
    peer: PeerId,
    dst: EntityId,
    layer: Layer,
    protocol: Protocol,
    security: Security,
    class: Class,
    op: u32,
}

/// Sums by key for each kind of row.
#[derive(Debug, Default)]
struct Summed {
    client: HashMap<Flat, EdgeSums>,
    client_matched: HashMap<Flat, EdgeSums>,
    server: HashMap<Flat, EdgeSums>,
    server_matched: HashMap<Flat, EdgeSums>,
    pair: HashMap<Flat, EdgeSums>,
    ops: HashMap<Arc<str>, u32>,
    op_names: Vec<Arc<str>>,
}

impl Summed {
    fn of<'r>(rows: impl IntoIterator<Item = &'r EdgeRow>, drawn: Drawn) -> Self {
        let mut summed = Self { op_names: vec![Arc::from("")], ..Self::default() };
        let by_operation = drawn.by_operation || drawn.graph == Graph::Operation;
        for row in rows {
            let key = &row.key;
            let is_wanted = match key.class {
                Class::Traffic => true,
                Class::Probe => drawn.probes,
                Class::Setup => drawn.setup,
                Class::Poll => false,
            };
            if !is_wanted || key.kind == RowKind::Parent {
                continue;
            }
            let op = if by_operation { summed.op(&key.op) } else { 0 };
            let flat = Flat {
                src: key.src,
                peer: key.peer,
                dst: key.dst,
                layer: key.layer,
                protocol: key.protocol,
                security: key.security,
                class: key.class,
                op,
            };
            let map = match key.kind {
                RowKind::Client => &mut summed.client,
                RowKind::ClientMatched => &mut summed.client_matched,
                RowKind::Server => &mut summed.server,
                RowKind::ServerMatched => &mut summed.server_matched,
                RowKind::Pair | RowKind::Parent => &mut summed.pair,
            };
            map.entry(flat).or_default().merge(&row.sums);
        }
        summed
    }

    fn op(&mut self, op: &Arc<str>) -> u32 {
        if op.is_empty() {
            return 0;
        }
        if let Some(at) = self.ops.get(op) {
            return *at;
        }
        let at = u32::try_from(self.op_names.len()).unwrap_or(u32::MAX);
        self.op_names.push(Arc::clone(op));
        self.ops.insert(Arc::clone(op), at);
        at
    }
}

/// What is left of all halves after those that were paired.
fn unmatched(all: &EdgeSums, matched: Option<&EdgeSums>) -> EdgeSums {
    let mut rest = all.clone();
    if let Some(matched) = matched {
        rest.subtract(matched);
        // The least of all is the least of the paired when both are the same span; otherwise it is one
        // that was not paired.
        if matched.exemplar == all.exemplar {
            rest.exemplar = None;
        }
        if matched.error_exemplar == all.error_exemplar {
            rest.error_exemplar = None;
        }
    }
    rest
}

/// The entries of a map in the order of their keys, so that sums that depend on order do not depend on hashes.
fn ordered(map: &HashMap<Flat, EdgeSums>, names: &[Arc<str>]) -> Vec<(Flat, EdgeSums)> {
    let mut list = map.iter().map(|(key, sums)| (*key, sums.clone())).collect::<Vec<_>>();
    list.sort_by(|(a, _), (b, _)| {
        let op = |key: &Flat| names.get(key.op as usize).cloned();
        (Flat { op: 0, ..*a }, op(a)).cmp(&(Flat { op: 0, ..*b }, op(b)))
    });
    list
}

/// One call of [`flows`].
struct Builder<'l> {
    lookup: &'l Lookup,
    drawn: Drawn,
    resolved: HashMap<(PeerId, Arc<str>), Resolved>,
    out: Flows,
}

/// The flows of rows; all rows of the range that is looked at, in any order.
pub fn flows<'r>(rows: impl IntoIterator<Item = &'r EdgeRow>, lookup: &Lookup, drawn: Drawn) -> Flows {
    let summed = Summed::of(rows, drawn);
    let mut builder = Builder { lookup, drawn, resolved: HashMap::new(), out: Flows::default() };
    builder.pairs(&summed);
    let brought = builder.clients(&summed);
    builder.servers(&summed, brought);
    let mut out = builder.out;
    out.flows.sort_by(|a, b| {
        let key = |flow: &Flow| {
            (
                flow.kind,
                flow.protocol,
                flow.layer,
                flow.seen,
                flow.security,
                flow.class,
                flow.caller,
                flow.callee,
                flow.peer,
            )
        };
        (&a.source, &a.target, key(a), &a.op).cmp(&(&b.source, &b.target, key(b), &b.op))
    });
    out
}

impl Builder<'_> {
    fn pairs(&mut self, summed: &Summed) {
        for (key, sums) in ordered(&summed.pair, &summed.op_names) {
            let is_queue = self.lookup.peer(key.peer).is_some_and(|peer| peer.peer_type == PeerType::Queue);
            if is_queue && let Some(topic) = self.lookup.resolve(key.peer, "").node {
                *self.out.paired_messages.entry(topic).or_default() += sums.calls;
            }
            if sums.calls <= 0 || (is_queue && !self.drawn.without_topics) {
                continue;
            }
            let op = Arc::clone(&summed.op_names[key.op as usize]);
            let mut target = self.target(key.dst, &op);
            if let Some(peer) = self.lookup.peer(key.peer) {
                let namespace = self.namespace(key.src);
                if let Some(resolved) = forced(peer, &namespace, self.lookup.names(), self.lookup.known()) {
                    let Some(node) = self.label(&resolved) else {
                        self.out.hidden_calls += sums.calls;
                        continue;
                    };
                    target = self.lookup.fit(node, self.drawn.graph);
                }
            }
            let kind = if is_queue { EdgeKind::Publish } else { edge_kind(key.protocol, &target) };
            let source = self.lookup.node(key.src, self.drawn.graph);
            self.push(&key, source, target, kind, Seen::Both, op, sums);
        }
    }

    /// Returns how many calls resolution brings to each service.
    fn clients(&mut self, summed: &Summed) -> HashMap<(ServiceKey, Layer, Class), i64> {
        let mut brought = HashMap::<(ServiceKey, Layer, Class), i64>::new();
        for (key, all) in ordered(&summed.client, &summed.op_names) {
            let is_queue = self.lookup.peer(key.peer).is_some_and(|peer| peer.peer_type == PeerType::Queue);
            let keep_all = is_queue && !self.drawn.without_topics;
            let sums = if keep_all { all } else { unmatched(&all, summed.client_matched.get(&key)) };
            if sums.calls <= 0 {
                continue;
            }
            let resolved = self.resolve(key.peer, key.src);
            let Some(node) = self.label(&resolved) else {
                self.out.hidden_calls += sums.calls;
                continue;
            };
            if let NodeKey::Service(service, _) = &node {
                *brought.entry((service.clone(), key.layer, key.class)).or_default() += sums.calls;
            }
            let op = Arc::clone(&summed.op_names[key.op as usize]);
            let node = self.with_operation(self.lookup.fit(node, self.drawn.graph), &op);
            let kind = if is_queue { EdgeKind::Publish } else { edge_kind(key.protocol, &node) };
            let source = self.lookup.node(key.src, self.drawn.graph);
            self.push(&key, source, node, kind, Seen::Client, op, sums);
        }
        brought
    }

    fn servers(&mut self, summed: &Summed, mut brought: HashMap<(ServiceKey, Layer, Class), i64>) {
        for (key, all) in ordered(&summed.server, &summed.op_names) {
            let op = Arc::clone(&summed.op_names[key.op as usize]);
            let node = self.lookup.node(key.dst, self.drawn.graph);
            self.out.answered.entry((node, key.layer)).or_default().add(key.protocol, &all);
            let is_consumer = key.peer != PeerId::NONE;
            let keep_all = is_consumer && !self.drawn.without_topics;
            let mut sums = if keep_all { all } else { unmatched(&all, summed.server_matched.get(&key)) };
            if sums.calls <= 0 {
                continue;
            }
            let target = self.target(key.dst, &op);
            if is_consumer {
                let resolved = self.resolve(key.peer, key.dst);
                let Some(source) = self.label(&resolved) else { continue };
                let source = self.lookup.fit(source, self.drawn.graph);
                self.push(&key, source, target, EdgeKind::Consume, Seen::Server, op, sums);
                continue;
            }
            if let Some(service) = self.lookup.service(key.dst)
                && let Some(brought) = brought.get_mut(&(service.clone(), key.layer, key.class))
            {
                let taken = (*brought).min(sums.calls);
                *brought -= taken;
                sums = scaled(&sums, sums.calls - taken);
            }
            if sums.calls > 0 {
                self.push(&key, NodeKey::UnknownCaller, target, EdgeKind::Call, Seen::Server, op, sums);
            }
        }
    }

    fn push(
        &mut self,
        key: &Flat,
        source: NodeKey,
        target: NodeKey,
        kind: EdgeKind,
        seen: Seen,
        op: Arc<str>,
        sums: EdgeSums,
    ) {
        self.out.flows.push(Flow {
            source,
            target,
            kind,
            protocol: key.protocol,
            security: key.security,
            class: key.class,
            layer: key.layer,
            seen,
            caller: key.src,
            callee: key.dst,
            peer: key.peer,
            op,
            sums,
        });
    }

    fn target(&self, entity: EntityId, op: &Arc<str>) -> NodeKey {
        self.with_operation(self.lookup.node(entity, self.drawn.graph), op)
    }

    fn with_operation(&self, node: NodeKey, op: &Arc<str>) -> NodeKey {
        match node {
            NodeKey::Service(service, Part::Whole)
                if self.drawn.graph == Graph::Operation && !op.is_empty() =>
            {
                NodeKey::Service(service, Part::Operation(Arc::clone(op)))
            }
            node => node,
        }
    }

    fn namespace(&self, entity: EntityId) -> Arc<str> {
        self.lookup.entity(entity).map_or_else(|| Arc::from(""), |entity| Arc::clone(&entity.namespace))
    }

    fn resolve(&mut self, peer: PeerId, near: EntityId) -> Resolved {
        let namespace = self.namespace(near);
        self.resolved
            .entry((peer, namespace))
            .or_insert_with_key(|(peer, namespace)| self.lookup.resolve(*peer, namespace))
            .clone()
    }

    /// Remembers how a resolved node is called; `None` when it is not drawn.
    fn label(&mut self, resolved: &Resolved) -> Option<NodeKey> {
        let node = resolved.node.clone()?;
        if !matches!(node, NodeKey::Service(..)) {
            self.out.labels.entry(node.clone()).or_insert_with(|| Label {
                name: Arc::clone(&resolved.name),
                named_by: Arc::clone(&resolved.named_by),
                group: Arc::clone(&resolved.group),
                system: Arc::clone(&resolved.system),
                family: resolved.family.clone(),
                is_unnamed: resolved.is_unnamed,
                is_ambiguous: resolved.is_ambiguous,
            });
        }
        Some(node)
    }
}

fn edge_kind(protocol: Protocol, target: &NodeKey) -> EdgeKind {
    use api::topology::NodeKind;
    match (protocol, target.kind()) {
        (Protocol::Database, NodeKind::Service) => EdgeKind::Call,
        (_, NodeKind::Database | NodeKind::Cache) | (Protocol::Database, _) => EdgeKind::Database,
        (_, NodeKind::Queue) | (Protocol::Messaging, NodeKind::External) => EdgeKind::Publish,
        _ => EdgeKind::Call,
    }
}
