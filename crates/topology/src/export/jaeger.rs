//! Jaeger's dependencies: parent and child services with the number of child spans.
//!
//! In: rows of edges, what ids mean. Out: links in the order of parent and child. Jaeger's own rule: every
//! span whose parent span is found counts, in the same service, too. Named external hosts are no part of
//! it and are added only if asked for.

use std::collections::BTreeMap;

use api::topology::NodeKind;

use crate::node::NodeKey;
use crate::rollup::{EdgeKind, EdgeRow};
use crate::view::flows::{Drawn, Seen, flows};
use crate::view::lookup::Lookup;

/// One link.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Dependency {
    /// Service of the parent span.
    pub parent: String,
    /// Service of the child span.
    pub child: String,
    /// Child spans.
    pub call_count: i64,
}

/// The links of a range; `externals` adds calls to named hosts, databases, caches and queues.
pub fn dependencies(rows: &[EdgeRow], lookup: &Lookup, externals: bool) -> Vec<Dependency> {
    let mut calls = BTreeMap::<(String, String), i64>::new();
    for row in rows.iter().filter(|row| row.key.kind == EdgeKind::Parent) {
        let (Some(parent), Some(child)) = (lookup.service(row.key.src), lookup.service(row.key.dst)) else {
            continue;
        };
        *calls.entry((parent.service.to_string(), child.service.to_string())).or_default() += row.sums.calls;
    }
    if externals {
        for flow in flows(rows, lookup, Drawn::default()).flows {
            let NodeKey::Service(parent, _) = &flow.source else { continue };
            let is_other = flow.seen == Seen::Client
                && !matches!(flow.target.kind(), NodeKind::Service | NodeKind::Unknown);
            if is_other {
                let namespace = lookup.entity(flow.caller).map_or("", |entity| &entity.namespace);
                let name = lookup.resolve(flow.peer, namespace).name.to_string();
                *calls.entry((parent.service.to_string(), name)).or_default() += flow.sums.calls;
            }
        }
    }
    calls
        .into_iter()
        .filter(|(_, calls)| *calls > 0)
        .map(|((parent, child), call_count)| Dependency { parent, child, call_count })
        .collect()
}
