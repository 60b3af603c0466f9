//! From flows to a graph: one edge a pair of nodes, kind and protocol; one layer measured it.
//!
//! In: flows. Out: nodes and edges with sums, as few as the limits allow. Not here: numbers as people
//! read them (`reply`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use api::topology::EdgeKind;
use hashbrown::HashMap;

use super::flows::{Flow, Flows, Label, Seen};
use super::lookup::Lookup;
use super::tally::Tally;
use crate::Histogram;
use crate::call_fact::{Layer, Protocol, Security};
use crate::node::{NodeKey, Part};

/// The application's spans are believed when they have at least this share of the calls that the best layer has.
pub const APP_SHARE_MIN: f64 = 0.9;

/// What tells edges apart. The protocol is one of the five that the API knows.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EdgeId {
    /// The caller.
    pub source: NodeKey,
    /// The callee.
    pub target: NodeKey,
    /// What sort of call.
    pub kind: EdgeKind,
    /// http, grpc, database, messaging or other.
    pub protocol: &'static str,
}

impl EdgeId {
    /// The id of the API.
    pub fn id(&self) -> String {
        format!("{}>{}>{}>{}", self.source.id(), self.target.id(), edge_word(self.kind), self.protocol)
    }
}

/// Sums of an edge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphEdge {
    /// The client's view, the server's where only it saw the calls.
    pub tally: Tally,
    /// Durations as the server saw them.
    pub server: Histogram,
    /// Client minus server.
    pub network: Histogram,
    /// Failed calls by the server's view of pairs; not known apart from codes.
    pub seen: BTreeMap<Seen, i64>,
    /// Calls that only one side told though both are ours.
    pub unpaired: i64,
    /// Who measured.
    pub layer: Layer,
    /// Calls by how the wire was secured.
    pub security: BTreeMap<Security, i64>,
    /// Calls and errors by host and port as the callers said.
    pub hosts: BTreeMap<(Arc<str>, u16), (i64, i64)>,
    /// Hosts between caller and callee that are neither.
    pub via: BTreeSet<Arc<str>>,
    /// By operation, when flows keep them apart.
    pub operations: BTreeMap<Arc<str>, Tally>,
    /// Pairs whose clocks contradict each other, and all pairs.
    pub skewed: (i64, i64),
    /// Sum of server start minus client start of pairs, microseconds.
    pub skew_us: i64,
}

/// Sums of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GraphNode {
    /// Calls that it answered by its own account, else what its callers say.
    pub inbound: Tally,
    /// Calls that it made.
    pub outbound: Tally,
    /// How callers call it.
    pub label: Label,
    /// Hosts behind it.
    pub hosts: BTreeMap<(Arc<str>, u16), (i64, i64)>,
    /// Nodes folded into it; 1 when it is itself.
    pub members: u64,
}

/// Nodes and edges with their sums.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SumGraph {
    /// Nodes.
    pub nodes: BTreeMap<NodeKey, GraphNode>,
    /// Edges.
    pub edges: BTreeMap<EdgeId, GraphEdge>,
}

/// Which layer is believed for each pair of nodes.
pub type Observers = HashMap<(NodeKey, NodeKey), Layer>;

/// Chooses the layer that measured each pair of nodes; to be made once for a range, so that its frames agree.
pub fn observers(flows: &[Flow], only: Option<Layer>) -> Observers {
    let mut calls = HashMap::<(&NodeKey, &NodeKey), [i64; 2]>::new();
    for flow in flows {
        let at = usize::from(flow.layer == Layer::Proxy);
        calls.entry((&flow.source, &flow.target)).or_default()[at] += flow.sums.calls;
    }
    calls
        .into_iter()
        .map(|((source, target), [app, proxy])| {
            let layer = only.unwrap_or(if app as f64 >= APP_SHARE_MIN * proxy as f64 {
                Layer::App
            } else {
                Layer::Proxy
            });
            ((source.clone(), target.clone()), layer)
        })
        .collect()
}

/// Sums flows into a graph, nodes renamed by `fold`.
pub fn sum(
    flows: &Flows,
    observers: &Observers,
    lookup: &Lookup,
    fold: &dyn Fn(&NodeKey) -> NodeKey,
) -> SumGraph {
    let mut graph = SumGraph::default();
    let mut members = BTreeMap::<NodeKey, BTreeSet<&NodeKey>>::new();
    let mut other_security = HashMap::<EdgeId, Security>::new();
    for flow in &flows.flows {
        let id = EdgeId {
            source: fold(&flow.source),
            target: fold(&flow.target),
            kind: flow.kind,
            protocol: protocol_word(flow.protocol, flow.kind),
        };
        let layer = observers.get(&(flow.source.clone(), flow.target.clone())).copied().unwrap_or(flow.layer);
        if layer != flow.layer {
            // The other layer's calls are the same calls; only what the chosen one cannot know is taken from it.
            let known = other_security.entry(id).or_insert(flow.security);
            *known = (*known).max(flow.security);
            continue;
        }
        members.entry(id.source.clone()).or_default().insert(&flow.source);
        members.entry(id.target.clone()).or_default().insert(&flow.target);
        graph.add(id, flow, lookup);
    }
    for (id, security) in other_security {
        if let Some(edge) = graph.edges.get_mut(&id)
            && edge.security.keys().all(|known| *known == Security::Unknown)
        {
            let calls = edge.security.remove(&Security::Unknown).unwrap_or(0);
            edge.security.insert(security, calls);
        }
    }
    graph.answer(flows, fold, &mut members);
    for (key, node) in &mut graph.nodes {
        let folded = members.get(key);
        node.members = folded.map_or(1, |folded| folded.len().max(1) as u64);
        let label = flows
            .labels
            .get(key)
            .or_else(|| folded.and_then(|all| all.first()).and_then(|first| flows.labels.get(*first)));
        if let Some(label) = label {
            node.label = label.clone();
        }
    }
    graph
}

impl SumGraph {
    fn add(&mut self, id: EdgeId, flow: &Flow, lookup: &Lookup) {
        let calls = flow.sums.calls;
        self.nodes.entry(id.source.clone()).or_default().outbound.add(flow.protocol, &flow.sums);
        let target = self.nodes.entry(id.target.clone()).or_default();
        target.inbound.add(flow.protocol, &flow.sums);
        let peer = lookup.peer(flow.peer).filter(|peer| !peer.host.is_empty());
        // The host of a consumer's queue is behind the source.
        let named = if flow.kind == EdgeKind::Consume {
            self.nodes.entry(id.source.clone()).or_default()
        } else {
            target
        };
        if let Some(peer) = peer {
            let host = named.hosts.entry((Arc::clone(&peer.host), peer.port)).or_default();
            host.0 += calls;
            host.1 += flow.sums.errors;
        }
        let edge = self.edges.entry(id).or_default();
        edge.layer = flow.layer;
        edge.tally.add(flow.protocol, &flow.sums);
        edge.server.merge(&flow.sums.server_duration);
        if flow.seen == Seen::Server {
            edge.server.merge(&flow.sums.duration);
        }
        edge.network.merge(&flow.sums.network);
        *edge.seen.entry(flow.seen).or_default() += calls;
        *edge.security.entry(flow.security).or_default() += calls;
        let is_ours = |node: &NodeKey| matches!(node, NodeKey::Service(..));
        if flow.kind == EdgeKind::Call && flow.seen != Seen::Both && is_ours(&flow.target) {
            edge.unpaired += calls;
        }
        if flow.seen == Seen::Both {
            edge.skewed.0 += flow.sums.skewed;
            edge.skewed.1 += calls;
            edge.skew_us += flow.sums.skew_us;
        }
        if let Some(peer) = peer {
            let host = edge.hosts.entry((Arc::clone(&peer.host), peer.port)).or_default();
            host.0 += calls;
            host.1 += flow.sums.errors;
            if flow.seen == Seen::Both
                && flow.kind == EdgeKind::Call
                && is_between(&peer.host, &flow.target, lookup)
            {
                edge.via.insert(Arc::clone(&peer.host));
            }
        }
        if !flow.op.is_empty() {
            edge.operations.entry(Arc::clone(&flow.op)).or_default().add(flow.protocol, &flow.sums);
        }
    }

    /// A service's own account of what it answered beats what its callers say, which lacks unknown callers
    /// and has calls that never arrived.
    fn answer<'f>(
        &mut self,
        flows: &'f Flows,
        fold: &dyn Fn(&NodeKey) -> NodeKey,
        members: &mut BTreeMap<NodeKey, BTreeSet<&'f NodeKey>>,
    ) {
        let mut layers = BTreeMap::<&NodeKey, [Option<&Tally>; 2]>::new();
        for ((node, layer), tally) in &flows.answered {
            layers.entry(node).or_default()[usize::from(*layer == Layer::Proxy)] = Some(tally);
        }
        let mut answered = BTreeMap::<NodeKey, Tally>::new();
        for (node, layers) in layers {
            let calls = |tally: Option<&Tally>| tally.map_or(0, |tally| tally.calls);
            let app = calls(layers[0]) as f64 >= APP_SHARE_MIN * calls(layers[1]) as f64;
            let Some(chosen) = (if app { layers[0] } else { layers[1] }) else { continue };
            let key = fold(node);
            members.entry(key.clone()).or_default().insert(node);
            answered.entry(key).or_default().merge(chosen);
        }
        for (key, tally) in answered {
            if tally.calls > 0 {
                self.nodes.entry(key).or_default().inbound = tally;
            }
        }
    }

    /// Takes out nodes that `keep` refuses, with their edges.
    pub fn retain(&mut self, keep: impl Fn(&NodeKey) -> bool) {
        self.nodes.retain(|key, _| keep(key));
        self.edges.retain(|id, _| keep(&id.source) && keep(&id.target));
    }

    /// Nodes that can be reached from those that `is_start` takes in so many steps, in either direction.
    pub fn around(&self, is_start: impl Fn(&NodeKey) -> bool, hops: u32) -> BTreeSet<NodeKey> {
        let mut found = self.nodes.keys().filter(|key| is_start(key)).cloned().collect::<BTreeSet<_>>();
        for _ in 0..hops {
            let before = found.len();
            let next = self
                .edges
                .keys()
                .flat_map(|id| [(&id.source, &id.target), (&id.target, &id.source)])
                .filter(|(from, to)| found.contains(*from) && !found.contains(*to))
                .map(|(_, to)| to.clone())
                .collect::<Vec<_>>();
            found.extend(next);
            if found.len() == before {
                break;
            }
        }
        found
    }
}

/// Whether a host through which a call went is neither the callee's name nor its address.
fn is_between(host: &str, target: &NodeKey, lookup: &Lookup) -> bool {
    let NodeKey::Service(service, part) = target else { return false };
    if host == "localhost" || host.parse::<IpAddr>().is_ok() {
        return false;
    }
    let labels = host.split('.').collect::<Vec<_>>();
    let name = match labels.iter().position(|label| *label == "svc") {
        Some(at) if at >= 2 => labels[at - 2],
        _ => labels.first().copied().unwrap_or_default(),
    };
    let is_workload = match part {
        Part::Workload(workload) => &**workload == name,
        _ => lookup
            .parts(service)
            .is_some_and(|parts| parts.workloads.iter().any(|workload| &**workload == name)),
    };
    name != &*service.service && !is_workload
}

/// The API's word of a protocol.
pub const fn protocol_word(protocol: Protocol, kind: EdgeKind) -> &'static str {
    match (protocol, kind) {
        (Protocol::Http, _) => "http",
        (Protocol::Grpc, _) => "grpc",
        (Protocol::Database, _) | (Protocol::Other, EdgeKind::Database) => "database",
        (Protocol::Messaging, _) | (Protocol::Other, EdgeKind::Publish | EdgeKind::Consume) => "messaging",
        (Protocol::Tcp | Protocol::Rpc | Protocol::Other, _) => "other",
    }
}

/// The API's word of a kind of edge.
pub const fn edge_word(kind: EdgeKind) -> &'static str {
    match kind {
        EdgeKind::Call => "call",
        EdgeKind::Database => "database",
        EdgeKind::Publish => "publish",
        EdgeKind::Consume => "consume",
    }
}
