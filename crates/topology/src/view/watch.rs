//! What changed between two looks at the map.
//!
//! In: the map before and the map now. Out: a delta, or nothing when nothing changed. Applying the delta
//! to the map before gives the map now. Not here: revisions and waiting.

use std::collections::{BTreeMap, BTreeSet};

use api::topology::{Delta, Topology};

use super::reply::edge_order;

/// The delta that leads from `before` to `now`, named `rev`.
pub fn delta(before: &Topology, now: &Topology, rev: u64) -> Delta {
    let old_nodes = before.nodes.iter().map(|node| (&node.id, node)).collect::<BTreeMap<_, _>>();
    let old_edges = before.edges.iter().map(|edge| (&edge.id, edge)).collect::<BTreeMap<_, _>>();
    let node_ids = now.nodes.iter().map(|node| &node.id).collect::<BTreeSet<_>>();
    let edge_ids = now.edges.iter().map(|edge| &edge.id).collect::<BTreeSet<_>>();
    let gone = |ids: Vec<&String>, present: &BTreeSet<&String>| {
        ids.into_iter().filter(|id| !present.contains(id)).cloned().collect::<Vec<_>>()
    };
    Delta {
        rev,
        meta: now.meta.clone(),
        nodes: now.nodes.iter().filter(|node| old_nodes.get(&node.id) != Some(node)).cloned().collect(),
        edges: now.edges.iter().filter(|edge| old_edges.get(&edge.id) != Some(edge)).cloned().collect(),
        removed_nodes: gone(old_nodes.into_keys().collect(), &node_ids),
        removed_edges: gone(old_edges.into_keys().collect(), &edge_ids),
        warnings: now.warnings.clone(),
    }
}

/// Whether a delta says nothing but a later range.
pub fn is_empty(delta: &Delta) -> bool {
    delta.nodes.is_empty()
        && delta.edges.is_empty()
        && delta.removed_nodes.is_empty()
        && delta.removed_edges.is_empty()
}

/// The map after a delta; what a reader of the stream does.
pub fn apply(before: &Topology, delta: &Delta) -> Topology {
    let mut nodes =
        before.nodes.iter().map(|node| (node.id.clone(), node.clone())).collect::<BTreeMap<_, _>>();
    let mut edges =
        before.edges.iter().map(|edge| (edge.id.clone(), edge.clone())).collect::<BTreeMap<_, _>>();
    delta.removed_nodes.iter().for_each(|id| drop(nodes.remove(id)));
    delta.removed_edges.iter().for_each(|id| drop(edges.remove(id)));
    nodes.extend(delta.nodes.iter().map(|node| (node.id.clone(), node.clone())));
    edges.extend(delta.edges.iter().map(|edge| (edge.id.clone(), edge.clone())));
    let mut edges = edges.into_values().collect::<Vec<_>>();
    edges.sort_by(edge_order);
    Topology {
        meta: delta.meta.clone(),
        nodes: nodes.into_values().collect(),
        edges,
        warnings: delta.warnings.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::fixture::Fixture;

    #[test]
    fn a_delta_leads_from_one_map_to_the_next() {
        let before = Fixture::of(
            "pair gateway -> auth via auth:80 calls=5\nclient auth -> db:postgresql@pg:5432/users calls=3",
        );
        let now = Fixture::of(
            "pair gateway -> auth via auth:80 calls=5\npair gateway -> chat via chat:80 calls=2 errors=1\nclient chat -> host:api.openai.com:443 calls=1",
        );
        let (a, b) = (before.draw(), now.draw());
        let change = delta(&a, &b, 7);
        assert_eq!(apply(&a, &change), b);
        assert!(change.removed_nodes.iter().any(|id| id.starts_with("database:postgresql")));
        assert!(
            change.edges.iter().all(|edge| edge.source.contains("gateway") || edge.source.contains("chat"))
        );
        assert!(is_empty(&delta(&b, &b, 8)));
    }
}
