//! Span ids in order of creation with an index by key: 20 bytes an entry in pieces, so that neither growth nor leaving
//! copies, and 5 bytes a slot of the index. Slots of the time wheel are marks in the queue.

use std::collections::VecDeque;

use hashbrown::HashTable;

use super::nodes::{NONE, NodeKind};

const PIECE: usize = 4096;
const FLAGS: u32 = !NONE;
const MORE_OWNERS: u32 = 1 << 29;
const PROXY: u32 = 1 << 30;
const HAS_CALLS: u32 = 1 << 31;

/// What is known of one span id.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    key: [u32; 2],
    /// Tag of the entity whose span with this id came first, [`NONE`] while the id is only named.
    pub owner: u32,
    /// Its fingerprint.
    pub owner_fingerprint: u32,
    list: u32,
}

impl Entry {
    /// Hash of trace and span id.
    pub fn key(&self) -> u64 {
        u64::from(self.key[0]) << 32 | u64::from(self.key[1])
    }

    /// The first node under it.
    pub fn nodes(&self) -> u32 {
        self.list & NONE
    }

    /// Sets the first node.
    pub fn set_nodes(&mut self, node: u32) {
        self.list = self.list & FLAGS | node & NONE;
    }

    /// Notes that a node of this kind hangs under it.
    pub fn note(&mut self, kind: NodeKind) {
        self.list |= match kind {
            NodeKind::Owner => MORE_OWNERS,
            NodeKind::Chain => PROXY,
            NodeKind::Calls => HAS_CALLS,
            _ => 0,
        };
    }

    /// Whether spans of several contents have this id.
    pub fn has_more_owners(&self) -> bool {
        self.list & MORE_OWNERS != 0
    }

    /// Whether it is a proxy's span that chains go through.
    pub fn is_proxy(&self) -> bool {
        self.list & PROXY != 0
    }

    /// Whether a calling half hangs under it.
    pub fn has_calls(&self) -> bool {
        self.list & HAS_CALLS != 0
    }
}

/// The queue and its index. A place is a number that grows by one an entry and wraps.
#[derive(Debug, Default)]
pub struct Entries {
    pieces: VecDeque<Vec<Entry>>,
    /// Place of the first entry of the first piece.
    base: u32,
    /// Entries of the first piece that left.
    gone: usize,
    index: HashTable<u32>,
    /// Second of creation and the place after its last entry.
    slots: VecDeque<(i64, u32)>,
    next: u32,
}

impl Entries {
    /// Number of entries.
    pub fn len(&self) -> usize {
        self.index.len()
    }

    /// Bytes of pieces, index and marks.
    pub fn bytes(&self) -> usize {
        self.pieces.len() * PIECE * size_of::<Entry>()
            + self.index.allocation_size()
            + self.slots.capacity() * 16
    }

    /// The entry at a place that has not left.
    pub fn get(&self, at: u32) -> &Entry {
        let offset = at.wrapping_sub(self.base) as usize;
        &self.pieces[offset / PIECE][offset % PIECE]
    }

    /// The same to change.
    pub fn get_mut(&mut self, at: u32) -> &mut Entry {
        let offset = at.wrapping_sub(self.base) as usize;
        &mut self.pieces[offset / PIECE][offset % PIECE]
    }

    /// The place of a key.
    pub fn find(&self, key: u64) -> Option<u32> {
        self.index.find(key, |at| self.get(*at).key() == key).copied()
    }

    /// A new entry, whose key must not be there yet.
    pub fn push(&mut self, key: u64, second: i64) -> u32 {
        let at = self.next;
        self.next = self.next.wrapping_add(1);
        let entry =
            Entry { key: [(key >> 32) as u32, key as u32], owner: NONE, owner_fingerprint: 0, list: NONE };
        if self.pieces.back().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push_back(Vec::with_capacity(PIECE));
        }
        if let Some(piece) = self.pieces.back_mut() {
            piece.push(entry);
        }
        let (pieces, base) = (&self.pieces, self.base);
        self.index.insert_unique(key, at, |at| {
            let offset = at.wrapping_sub(base) as usize;
            pieces[offset / PIECE][offset % PIECE].key()
        });
        match self.slots.back_mut() {
            Some((last, end)) if *last >= second => *end = self.next,
            _ => self.slots.push_back((second, self.next)),
        }
        at
    }

    /// When the oldest entry was made.
    pub fn front_second(&self) -> Option<i64> {
        self.slots.front().map(|(second, _)| *second)
    }

    /// Takes the oldest entry out.
    pub fn pop(&mut self) -> Option<Entry> {
        let entry = *self.pieces.front()?.get(self.gone)?;
        let at = self.base.wrapping_add(self.gone as u32);
        let found = self.index.find_entry(entry.key(), |place| *place == at);
        if let Ok(found) = found {
            found.remove();
        }
        self.gone += 1;
        if self.slots.front().is_some_and(|(_, end)| *end == at.wrapping_add(1)) {
            self.slots.pop_front();
        }
        if self.gone == self.pieces.front().map_or(0, Vec::len) {
            // The last piece may be half full; the next entry then begins a new one at the place that comes.
            self.pieces.pop_front();
            self.base = at.wrapping_add(1);
            self.gone = 0;
        }
        Some(entry)
    }
}
