//! The map at read time: from rows of sums to nodes and edges with numbers, health and reasons.
//!
//! In: rows of edges of a range, what their ids mean, the names in force, and what is asked for. Out: the
//! replies of the own API. Not here: reading rows, HTTP.
//!
//! `lookup` (ids) -> `flows` (each call once) -> `graph` (one layer, one edge a pair of nodes) -> `fold` (not too many)
//! -> `reply` (the words of the API), with `health`, `expected`, `warnings` on the way; `frames`, `detail`, `diff` and
//! `watch` are other views of the same.

pub mod detail;
pub mod diff;
pub mod expected;
#[cfg(test)]
pub mod fixture;
pub mod flows;
pub mod fold;
pub mod frames;
pub mod graph;
pub mod health;
pub mod lookup;
pub mod reply;
mod scale;
pub mod services;
pub mod tally;
#[cfg(test)]
mod tests;
mod warnings;
pub mod watch;

use std::collections::BTreeMap;

use api::topology::{Completeness, Graph, Topology};

use crate::call_fact::Layer;
use crate::node::NodeKey;
use crate::rollup::EdgeRow;
use flows::{Drawn, Flows};
use fold::{EDGES_MAX, Folding, NODES_MAX};
use graph::{Observers, SumGraph};
use health::Tolerances;
use lookup::Lookup;

/// What is asked for.
#[derive(Debug, Clone)]
pub struct MapRequest {
    /// Start, nanoseconds since the epoch.
    pub from_ns: i64,
    /// End, not included.
    pub to_ns: i64,
    /// What a node stands for.
    pub graph: Graph,
    /// Only these namespaces and what they touch; empty: all.
    pub namespaces: Vec<String>,
    /// Only this environment and what it touches; empty: all.
    pub environment: String,
    /// Only this cluster and what it touches; empty: all.
    pub cluster: String,
    /// With health checks.
    pub probes: bool,
    /// With connections and transactions.
    pub setup: bool,
    /// All hosts without a name of their own in one node a family.
    pub collapse_externals: bool,
    /// Producers straight to consumers.
    pub collapse_topics: bool,
    /// Id or name of the node around which to look.
    pub focus: String,
    /// Steps from the focus.
    pub hops: u32,
    /// Leaves out edges with fewer calls a second.
    pub min_rate: f64,
    /// Only this layer, instead of the best for each edge.
    pub layer: Option<Layer>,
    /// When something is not well.
    pub tolerances: Tolerances,
    /// Most nodes.
    pub nodes_max: usize,
    /// Most edges.
    pub edges_max: usize,
}

impl Default for MapRequest {
    fn default() -> Self {
        Self {
            from_ns: 0,
            to_ns: 0,
            graph: Graph::Service,
            namespaces: Vec::new(),
            environment: String::new(),
            cluster: String::new(),
            probes: false,
            setup: false,
            collapse_externals: false,
            collapse_topics: false,
            focus: String::new(),
            hops: 1,
            min_rate: 0.0,
            layer: None,
            tolerances: Tolerances::default(),
            nodes_max: NODES_MAX,
            edges_max: EDGES_MAX,
        }
    }
}

impl MapRequest {
    /// Length of the range in seconds.
    pub fn seconds(&self) -> f64 {
        (self.to_ns.saturating_sub(self.from_ns)) as f64 / 1e9
    }

    /// What of the rows is drawn.
    pub fn drawn(&self) -> Drawn {
        Drawn {
            graph: self.graph,
            probes: self.probes,
            setup: self.setup,
            without_topics: self.collapse_topics,
            by_operation: false,
        }
    }
}

/// What a map is made of, besides the request.
#[derive(Debug, Clone)]
pub struct MapFacts<'a> {
    /// Rows of the range, in any order and split.
    pub rows: &'a [EdgeRow],
    /// What ids mean.
    pub lookup: &'a Lookup,
    /// How whole the rows are; `sampled_share` is computed here.
    pub completeness: Completeness,
    /// Steps of the rows, coarsest first ([`crate::range_plan::Plan::resolutions_ns`]).
    pub resolutions_ns: Vec<i64>,
    /// The statement that sums the same rows ([`crate::range_plan::Plan::sql`]).
    pub sql: String,
}

/// A graph on its way to a reply.
#[derive(Debug, Clone)]
pub struct Drawing {
    /// All flows of the rows.
    pub flows: Flows,
    /// The layer that is believed for each pair.
    pub observers: Observers,
    /// As what nodes are drawn.
    pub folds: BTreeMap<NodeKey, NodeKey>,
    /// How much is folded.
    pub folding: Folding,
    /// Nodes and edges that are drawn.
    pub graph: SumGraph,
    /// Edges beyond the limit that are not drawn, even folded.
    pub cut_edges: usize,
    /// Every namespace of the range.
    pub namespaces: Vec<String>,
}

/// Draws a map.
pub fn draw(request: &MapRequest, facts: &MapFacts<'_>) -> Topology {
    let mut drawing = prepare(request, facts);
    let expected = expected::add(request, facts.lookup, &mut drawing);
    reply::topology(request, facts, &drawing, &expected)
}

/// Everything up to the words of the reply.
pub fn prepare(request: &MapRequest, facts: &MapFacts<'_>) -> Drawing {
    let flows = flows::flows(facts.rows, facts.lookup, request.drawn());
    prepare_flows(request, facts.lookup, flows)
}

/// The same from flows.
pub fn prepare_flows(request: &MapRequest, lookup: &Lookup, flows: Flows) -> Drawing {
    let observers = graph::observers(&flows.flows, request.layer);
    let namespaces = namespaces(&flows);
    let lowest = if request.collapse_externals { Folding::Families } else { Folding::Hosts };
    let mut drawing = Drawing {
        flows,
        observers,
        folds: BTreeMap::new(),
        folding: lowest,
        graph: SumGraph::default(),
        cut_edges: 0,
        namespaces,
    };
    for folding in [lowest, Folding::Families, Folding::Namespaces, Folding::Systems] {
        drawing.folding = folding;
        drawing.folds = fold::folds(&drawing.flows, folding);
        let fold = |key: &NodeKey| drawing.folds.get(key).unwrap_or(key).clone();
        let mut graph = graph::sum(&drawing.flows, &drawing.observers, lookup, &fold);
        narrow(request, lookup, &mut graph);
        drawing.graph = graph;
        if drawing.graph.nodes.len() <= request.nodes_max && drawing.graph.edges.len() <= request.edges_max {
            return drawing;
        }
    }
    drawing.cut_edges = cut(&mut drawing.graph, request);
    drawing
}

fn namespaces(flows: &Flows) -> Vec<String> {
    let nodes = flows.flows.iter().flat_map(|flow| [&flow.source, &flow.target]);
    let mut names = nodes
        .chain(flows.answered.keys().map(|(node, _)| node))
        .filter(|node| {
            matches!(node, NodeKey::Service(..) | NodeKey::Namespace { .. } | NodeKey::Silent { .. })
        })
        .map(|node| node.namespace().to_owned())
        .filter(|namespace| !namespace.is_empty())
        .collect::<Vec<_>>();
    names.sort();
    names.dedup();
    names
}

/// Leaves what was asked for: namespaces with their neighbours, the surroundings of a focus, busy edges.
fn narrow(request: &MapRequest, lookup: &Lookup, graph: &mut SumGraph) {
    let is_of = |key: &NodeKey| {
        let (cluster, environment) = match key {
            NodeKey::Service(service, _) => (&*service.cluster, &*service.environment),
            NodeKey::Namespace { cluster, environment, .. } => (&**cluster, &**environment),
            _ => return false,
        };
        (request.namespaces.is_empty()
            || request.namespaces.iter().any(|namespace| namespace == key.namespace()))
            && (request.cluster.is_empty() || request.cluster == cluster)
            && (request.environment.is_empty() || request.environment == environment)
    };
    if !request.namespaces.is_empty() || !request.cluster.is_empty() || !request.environment.is_empty() {
        graph.edges.retain(|id, _| is_of(&id.source) || is_of(&id.target));
        let touched = graph.around(is_of, 1);
        graph.retain(|key| touched.contains(key));
    }
    if !request.focus.is_empty() {
        let is_focus = |key: &NodeKey| is_node(key, &request.focus, lookup);
        let around = graph.around(is_focus, request.hops);
        graph.retain(|key| around.contains(key));
    }
    if request.min_rate > 0.0 {
        let seconds = request.seconds();
        graph.edges.retain(|_, edge| edge.tally.rate(seconds) >= request.min_rate);
        let mut touched = std::collections::BTreeSet::new();
        for id in graph.edges.keys() {
            touched.insert(id.source.clone());
            touched.insert(id.target.clone());
        }
        graph.nodes.retain(|key, _| touched.contains(key));
    }
}

/// Whether a key is what a person or a page calls so: its id, its name, or `namespace/name`.
pub fn is_node(key: &NodeKey, wanted: &str, lookup: &Lookup) -> bool {
    if key.id() == wanted {
        return true;
    }
    match key {
        NodeKey::Service(service, _) => lookup.named(wanted).contains(&service),
        NodeKey::Silent { namespace, service } => {
            &**service == wanted || wanted.split_once('/') == Some((&**namespace, &**service))
        }
        NodeKey::Store { host, name, system, .. } => {
            [host, name, system].iter().any(|text| &***text == wanted)
        }
        NodeKey::Queue { name, .. } | NodeKey::Named { name, .. } | NodeKey::Family { name, .. } => {
            &**name == wanted
        }
        NodeKey::Host { host, .. } => &**host == wanted,
        NodeKey::Namespace { namespace, .. } => &**namespace == wanted,
        NodeKey::UnknownCaller => matches!(wanted, "unknown" | "unknown caller"),
        NodeKey::UnknownCallee => wanted == "unknown callee",
    }
}

/// Cuts off what is beyond the limits even folded, the least called edges first; how many edges that are.
fn cut(graph: &mut SumGraph, request: &MapRequest) -> usize {
    let before = graph.edges.len();
    let mut order = graph.edges.iter().map(|(id, edge)| (edge.tally.calls, id.clone())).collect::<Vec<_>>();
    order.sort_by(|a, b| (b.0, &a.1).cmp(&(a.0, &b.1)));
    let mut nodes = std::collections::BTreeSet::new();
    let mut edges = std::collections::BTreeSet::new();
    for (_, id) in order {
        let new = usize::from(!nodes.contains(&id.source)) + usize::from(!nodes.contains(&id.target));
        if edges.len() >= request.edges_max || nodes.len() + new > request.nodes_max {
            continue;
        }
        nodes.insert(id.source.clone());
        nodes.insert(id.target.clone());
        edges.insert(id);
    }
    graph.edges.retain(|id, _| edges.contains(id));
    graph.nodes.retain(|key, _| nodes.contains(key));
    before - graph.edges.len()
}
