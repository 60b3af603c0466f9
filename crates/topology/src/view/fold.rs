//! Fewer nodes: hosts into families, services into namespaces, when there are too many to draw.
//!
//! In: a graph's nodes with their calls. Out: for each node, as what it is drawn. Not here: sums.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::topology::NodeKind;

use super::flows::Flows;
use crate::node::{NodeKey, Part};

/// Most nodes of a reply.
pub const NODES_MAX: usize = 2_000;
/// Most edges of a reply.
pub const EDGES_MAX: usize = 6_000;
/// Most hosts of one family that are drawn by themselves, the most called ones.
pub const HOSTS_MAX: usize = 50;

/// How much is folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Folding {
    /// Only hosts beyond the cap of their family.
    #[default]
    Hosts,
    /// All hosts into families.
    Families,
    /// Services into namespaces, too.
    Namespaces,
    /// Databases, caches, queues and named hosts into one node a system or owner, too.
    Systems,
}

/// As what each node is drawn; nodes that are missing stay themselves.
pub fn folds(flows: &Flows, folding: Folding) -> BTreeMap<NodeKey, NodeKey> {
    let mut calls = BTreeMap::<&NodeKey, i64>::new();
    for flow in &flows.flows {
        *calls.entry(&flow.target).or_default() += flow.sums.calls;
        calls.entry(&flow.source).or_default();
    }
    for (node, _) in flows.answered.keys() {
        calls.entry(node).or_default();
    }
    let mut folds = BTreeMap::new();
    let mut families = BTreeMap::<NodeKey, Vec<(i64, &NodeKey)>>::new();
    for (node, calls) in calls {
        if let Some(family) = family(node, flows) {
            families.entry(family).or_default().push((calls, node));
        } else if let Some(folded) = folded(node, flows, folding) {
            folds.insert(node.clone(), folded);
        }
    }
    for (family, mut hosts) in families {
        hosts.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
        let alone = if folding == Folding::Hosts { HOSTS_MAX } else { 0 };
        for (_, host) in hosts.into_iter().skip(alone) {
            folds.insert(host.clone(), family.clone());
        }
    }
    folds
}

fn family(node: &NodeKey, flows: &Flows) -> Option<NodeKey> {
    let NodeKey::Host { kind, .. } = node else { return None };
    let name = flows.labels.get(node)?.family.clone()?;
    Some(NodeKey::Family { kind: *kind, name })
}

fn folded(node: &NodeKey, flows: &Flows, folding: Folding) -> Option<NodeKey> {
    match node {
        NodeKey::Service(service, _) if folding >= Folding::Namespaces => Some(NodeKey::Namespace {
            cluster: Arc::clone(&service.cluster),
            environment: Arc::clone(&service.environment),
            namespace: Arc::clone(&service.namespace),
        }),
        NodeKey::Silent { namespace, .. } if folding >= Folding::Namespaces => Some(NodeKey::Namespace {
            cluster: Arc::from("default"),
            environment: Arc::from(""),
            namespace: Arc::clone(namespace),
        }),
        NodeKey::Store { kind, system, .. } if folding >= Folding::Systems => {
            Some(NodeKey::Family { kind: *kind, name: Arc::clone(system) })
        }
        NodeKey::Queue { system, .. } if folding >= Folding::Systems => {
            Some(NodeKey::Family { kind: NodeKind::Queue, name: Arc::clone(system) })
        }
        NodeKey::Named { kind, .. } if folding >= Folding::Systems => {
            let group = flows
                .labels
                .get(node)
                .map(|label| Arc::clone(&label.group))
                .filter(|group| !group.is_empty());
            Some(NodeKey::Family { kind: *kind, name: group.unwrap_or_else(|| Arc::from("(named hosts)")) })
        }
        _ => None,
    }
}

/// The whole service of a node that is part of one.
pub fn whole(node: &NodeKey) -> NodeKey {
    match node {
        NodeKey::Service(service, _) => NodeKey::Service(service.clone(), Part::Whole),
        node => node.clone(),
    }
}
