//! Nested-set numbers and child counts of one trace, from its spans in any order.
//!
//! Depth first from every root, children and roots in the order of (start, span id), so that every
//! arrival gives the same numbers. The counter starts at 1 and goes on over further roots; `left`
//! is its value on entry, `right` on exit; `parent` is the parent's `left`, -1 for a root, 0 for
//! what hangs on no root (orphans, cycles). Linear but for the sort.
//!
//! Two spans with one id are the halves of a call as Zipkin reports it: children belong to the
//! server's half, and the server's half belongs to the client's. A trace with three spans of one id
//! or without any root has no numbers and no child counts at all.

mod by_id;

use by_id::ById;
use model::{SpanId, SpanKind};

/// What is known of one span.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Its id.
    pub id: SpanId,
    /// Its parent's id, `None` for a root.
    pub parent: Option<SpanId>,
    /// Its kind; matters only where two spans have one id.
    pub kind: SpanKind,
    /// Nanoseconds since the epoch.
    pub start: i64,
}

/// The numbers of a trace, one a span in the order given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NestedSets {
    /// On entry, from 1; 0 for disconnected spans.
    pub left: Vec<i32>,
    /// On exit.
    pub right: Vec<i32>,
    /// The parent's `left`, -1 for roots.
    pub parent: Vec<i32>,
    /// Direct children, in disconnected parts too.
    pub child_count: Vec<i32>,
    /// Whether every span hangs on a root.
    pub is_connected: bool,
}

const NONE: u32 = u32::MAX;

impl NestedSets {
    fn zeros(len: usize) -> Self {
        Self {
            left: vec![0; len],
            right: vec![0; len],
            parent: vec![0; len],
            child_count: vec![0; len],
            is_connected: false,
        }
    }

    /// Computes the numbers.
    pub fn of(nodes: &[Node]) -> Self {
        let mut sets = Self::zeros(nodes.len());
        let order = canonical_order(nodes);
        let Some(by_id) = ById::new(nodes, &order) else {
            return sets;
        };
        if nodes.iter().all(|node| node.parent.is_some()) {
            return sets;
        }
        // Children as linked lists, filled backwards so that each list is in canonical order.
        let mut first_child = vec![NONE; nodes.len()];
        let mut next_sibling = vec![NONE; nodes.len()];
        for &row in order.iter().rev() {
            if let Some(parent) = parent_of(nodes, &by_id, row) {
                sets.child_count[parent as usize] += 1;
                next_sibling[row as usize] = first_child[parent as usize];
                first_child[parent as usize] = row;
            }
        }
        let mut counter = 0;
        let mut visited = 0;
        // Rows whose children are being visited.
        let mut open: Vec<u32> = Vec::new();
        for &root in &order {
            if nodes[root as usize].parent.is_some() {
                continue;
            }
            let mut next = root;
            loop {
                if next == NONE {
                    let Some(done) = open.pop() else {
                        break;
                    };
                    counter += 1;
                    sets.right[done as usize] = counter;
                    next = if open.is_empty() { NONE } else { next_sibling[done as usize] };
                    continue;
                }
                counter += 1;
                visited += 1;
                let row = next as usize;
                sets.left[row] = counter;
                sets.parent[row] = open.last().map_or(-1, |parent| sets.left[*parent as usize]);
                open.push(next);
                next = first_child[row];
            }
        }
        sets.is_connected = visited == nodes.len();
        sets
    }
}

/// Rows by (start, span id); what else is known breaks ties, so that only equal spans are left in
/// order of arrival.
fn canonical_order(nodes: &[Node]) -> Vec<u32> {
    let key = |row: &u32| {
        let node = &nodes[*row as usize];
        (node.start, node.id, node.kind, node.parent)
    };
    let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
    if !order.is_sorted_by_key(key) {
        order.sort_by_key(key);
    }
    order
}

fn parent_of(nodes: &[Node], by_id: &ById<'_>, row: u32) -> Option<u32> {
    let node = &nodes[row as usize];
    let (first, second) = by_id.rows(node.parent?)?;
    let Some(second) = second else {
        return Some(first).filter(|parent| *parent != row);
    };
    let wanted = if node.kind == SpanKind::SERVER { SpanKind::CLIENT } else { SpanKind::SERVER };
    let others = || [first, second].into_iter().filter(|parent| *parent != row);
    let half = others().find(|parent| nodes[*parent as usize].kind == wanted);
    half.or_else(|| others().next())
}

#[cfg(test)]
mod tests;
