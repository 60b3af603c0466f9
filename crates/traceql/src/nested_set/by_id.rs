//! Rows of a trace by span id.
//!
//! A table of row numbers with open addressing: four bytes a slot stay in the processor's cache where a
//! map of ids would not, which is what the time goes into for large traces. Seeded at random, so that
//! nobody can choose ids that collide.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashMap};
use model::SpanId;

use super::Node;

const EMPTY: u32 = u32::MAX;

/// Finds rows by id.
#[derive(Debug)]
pub struct ById<'n> {
    nodes: &'n [Node],
    hasher: DefaultHashBuilder,
    /// Row or [`EMPTY`]; a power of two, at most half full.
    slots: Vec<u32>,
    /// The second row of an id, by the first.
    seconds: HashMap<u32, u32>,
}

impl<'n> ById<'n> {
    /// Enters rows in this order; `None` when three have one id.
    pub fn new(nodes: &'n [Node], order: &[u32]) -> Option<Self> {
        let len = (nodes.len() * 2).next_power_of_two().max(2);
        let mut table = Self {
            nodes,
            hasher: DefaultHashBuilder::default(),
            slots: vec![EMPTY; len],
            seconds: HashMap::new(),
        };
        for &row in order {
            let slot = table.slot_of(nodes[row as usize].id);
            match table.slots[slot] {
                EMPTY => table.slots[slot] = row,
                first => {
                    if table.seconds.insert(first, row).is_some() {
                        return None;
                    }
                }
            }
        }
        Some(table)
    }

    /// The rows with an id, the second only where there are two.
    pub fn rows(&self, id: SpanId) -> Option<(u32, Option<u32>)> {
        match self.slots[self.slot_of(id)] {
            EMPTY => None,
            first if self.seconds.is_empty() => Some((first, None)),
            first => Some((first, self.seconds.get(&first).copied())),
        }
    }

    /// The slot that holds the id or would.
    fn slot_of(&self, id: SpanId) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(u64::from_ne_bytes(id.0)) as usize & mask;
        loop {
            match self.slots[slot] {
                EMPTY => return slot,
                row if self.nodes[row as usize].id == id => return slot,
                _ => slot = (slot + 1) & mask,
            }
        }
    }
}
