//! Calls and hosts that are expected: drawn as not observed when nothing was seen of them.
//!
//! In: the rules' list of expected calls, the hosts of ServiceEntries, a drawing. Out: the drawing with
//! nodes and edges added, and which these are. Only for maps of services that are not narrowed to a
//! focus or namespaces: elsewhere "not seen" would only mean "not asked for".

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::topology::{EdgeKind, Graph, NodeKind};

use super::flows::Label;
use super::graph::{EdgeId, GraphEdge, GraphNode};
use super::lookup::Lookup;
use super::{Drawing, MapRequest, is_node};
use crate::findings::{SpanEvidence, why};
use crate::names::Ask;
use crate::names::pattern::plain_host;
use crate::names::rules::RuleKind;
use crate::node::{NodeKey, Part};

/// What was added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    /// Nodes of which nothing was seen.
    pub nodes: BTreeSet<NodeKey>,
    /// Edges of which nothing was seen, with the code of the first finding, or nothing.
    pub edges: BTreeMap<EdgeId, String>,
}

/// Adds what is expected and was not seen.
pub fn add(request: &MapRequest, lookup: &Lookup, drawing: &mut Drawing) -> Expected {
    let mut added = Expected::default();
    let is_narrow = !request.namespaces.is_empty()
        || !request.focus.is_empty()
        || !request.cluster.is_empty()
        || !request.environment.is_empty()
        || request.min_rate > 0.0;
    if is_narrow || request.graph != Graph::Service || drawing.folding > super::Folding::Families {
        return added;
    }
    for entry in lookup.names().entries().iter().filter(|entry| !entry.is_internal) {
        // Entries of one name in two namespaces stay two nodes.
        let key = NodeKey::Named {
            kind: NodeKind::External,
            namespace: Arc::from(&*entry.namespace),
            name: Arc::from(entry_name(lookup, &entry.name, &entry.namespace)),
        };
        let is_seen = drawing.graph.nodes.keys().any(|other| match (other, &key) {
            (
                NodeKey::Named { namespace, name, .. },
                NodeKey::Named { namespace: own_namespace, name: own, .. },
            ) => namespace == own_namespace && name == own,
            _ => false,
        });
        if !is_seen {
            let hosts = entry.hosts.iter().map(|host| ((Arc::from(&**host), 0), (0, 0))).collect();
            let label = Label {
                name: Arc::from(&*entry.name),
                named_by: Arc::from(format!("service entry {}", entry.name)),
                ..Label::default()
            };
            drawing
                .graph
                .nodes
                .insert(key.clone(), GraphNode { hosts, label, members: 1, ..GraphNode::default() });
            added.nodes.insert(key);
        }
    }
    for edge in &lookup.names().rules().expected {
        let sources = find(&edge.from, lookup, drawing);
        let targets = find(&edge.to, lookup, drawing);
        let is_seen =
            drawing.graph.edges.keys().any(|id| sources.contains(&id.source) && targets.contains(&id.target));
        if is_seen {
            continue;
        }
        let mut pick = |mut found: Vec<NodeKey>, name: &str| {
            let key = if found.is_empty() { by_name(name, lookup) } else { found.swap_remove(0) };
            if !drawing.graph.nodes.contains_key(&key) {
                drawing.graph.nodes.insert(key.clone(), GraphNode { members: 1, ..GraphNode::default() });
                added.nodes.insert(key.clone());
            }
            key
        };
        let (source, target) = (pick(sources, &edge.from), pick(targets, &edge.to));
        let kind = match target.kind() {
            NodeKind::Database | NodeKind::Cache => EdgeKind::Database,
            NodeKind::Queue => EdgeKind::Publish,
            _ => EdgeKind::Call,
        };
        let protocol = match kind {
            EdgeKind::Database => "database",
            EdgeKind::Publish | EdgeKind::Consume => "messaging",
            EdgeKind::Call => "other",
        };
        let reply = why(&edge.from, &edge.to, drawing, lookup, &SpanEvidence::default());
        let code = reply.findings.first().map(|finding| finding.code.clone()).unwrap_or_default();
        let id = EdgeId { source, target, kind, protocol };
        drawing.graph.edges.insert(id.clone(), GraphEdge::default());
        added.edges.insert(id, code);
    }
    added
}

fn entry_name(lookup: &Lookup, name: &str, namespace: &str) -> String {
    match lookup.names().rules().entry_name {
        crate::names::rules::EntryName::Name => name.to_owned(),
        crate::names::rules::EntryName::NameAndNamespace => format!("{name}.{namespace}"),
    }
}

fn find(name: &str, lookup: &Lookup, drawing: &Drawing) -> Vec<NodeKey> {
    drawing.graph.nodes.keys().filter(|key| is_node(key, name, lookup)).cloned().collect()
}

/// The node that something without any traffic would be: a known service, what a rule says of a host, or a name.
fn by_name(name: &str, lookup: &Lookup) -> NodeKey {
    if let Some(service) = lookup.named(name).first() {
        return NodeKey::Service((*service).clone(), Part::Whole);
    }
    let host = plain_host(name);
    if let Some(named) = lookup.names().find(Ask { host: &host, ..Ask::default() }) {
        let kind = match named.kind {
            RuleKind::Database => NodeKind::Database,
            RuleKind::Cache => NodeKind::Cache,
            RuleKind::Queue => NodeKind::Queue,
            _ => NodeKind::External,
        };
        let namespace = Arc::from(named.namespace.unwrap_or_default());
        return NodeKey::Named { kind, namespace, name: Arc::from(&*named.name) };
    }
    if host.contains('.') {
        return NodeKey::Host { kind: NodeKind::External, host: Arc::from(host), port: 0 };
    }
    let (namespace, service) = name.split_once('/').unwrap_or(("", name));
    NodeKey::Silent { namespace: Arc::from(namespace), service: Arc::from(service) }
}
