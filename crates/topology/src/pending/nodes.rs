//! What hangs under a span id: lists of nodes of 24 bytes in one slab with a free list, in pieces so that growth copies
//! nothing.

use super::Half;
use crate::call_fact::{Layer, Layers};

/// No node; also "no owner".
pub const NONE: u32 = (1 << 29) - 1;
/// Bits of a start that a link's pointer keeps.
pub const LOW_BITS: u64 = (1 << 48) - 1;

const DURATION_BITS: u64 = (1 << 50) - 1;
const KIND_AT: u32 = 50;
const LAYERS_AT: u32 = 54;
const MARKS_AT: u32 = 56;
const CHILD_AT: u32 = 58;
const SUSPECT_AT: u32 = 59;
const PIECE: usize = 4096;

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum NodeKind {
    /// Free.
    Free = 0,
    /// A calling half.
    Calls = 1,
    /// A serving half.
    Serves = 2,
    /// The sizes of the half before it: request and response in `a`.
    Sizes = 3,
    /// Spans that are no waiting halves: `a` is the bucket, the count is in `b`.
    Children = 4,
    /// One more span with this id: `a` is its fingerprint.
    Owner = 5,
    /// This id is a proxy's span; `a` is the key of its parent.
    Chain = 6,
    /// `a` is the key of a proxy's span that has this id as parent.
    Proxied = 7,
    /// A consumer links here; `a` is the key of its own entry, `b` has the low bits of its start.
    Linked = 8,
}

const KINDS: [NodeKind; 9] = [
    NodeKind::Free,
    NodeKind::Calls,
    NodeKind::Serves,
    NodeKind::Sizes,
    NodeKind::Children,
    NodeKind::Owner,
    NodeKind::Chain,
    NodeKind::Proxied,
    NodeKind::Linked,
];

/// A node. Of a half `a` is the start, `b` the duration and everything small.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// The half's or child's tag.
    pub tag: u32,
    /// The next node of the list.
    pub next: u32,
    /// By kind.
    pub a: u64,
    /// By kind; the upper bits are the same for all.
    pub b: u64,
}

impl Node {
    /// What it is.
    pub fn kind(&self) -> NodeKind {
        KINDS.get(((self.b >> KIND_AT) & 15) as usize).copied().unwrap_or(NodeKind::Free)
    }

    /// Whether the half is a child of the id that it hangs under.
    pub fn is_child(&self) -> bool {
        self.b >> CHILD_AT & 1 == 1
    }

    /// Notes that the other half may have left before this one came.
    pub fn suspect(&mut self) {
        self.b |= 1 << SUSPECT_AT;
    }

    /// Whether the other half may have left before this one came.
    pub fn is_suspect(&self) -> bool {
        self.b >> SUSPECT_AT & 1 == 1
    }

    /// How many children stand for by this node.
    pub fn children(&self) -> i64 {
        (self.b & DURATION_BITS) as i64
    }

    /// One more child.
    pub fn add_child(&mut self) {
        self.b += 1;
    }

    /// The layers in which the half was paired.
    pub fn marks(&self) -> Layers {
        Layers((self.b >> MARKS_AT & 3) as u8)
    }

    /// Notes that the half is paired in a layer; whether it was not before.
    pub fn mark(&mut self, layer: Layer) -> bool {
        let bit = u64::from(layer as u8) << MARKS_AT;
        let first = self.b & bit == 0;
        self.b |= bit;
        first
    }
}

/// The slab.
#[derive(Debug)]
pub struct Nodes {
    pieces: Vec<Vec<Node>>,
    free: u32,
}

impl Default for Nodes {
    fn default() -> Self {
        Self { pieces: Vec::new(), free: NONE }
    }
}

impl Nodes {
    /// Bytes of all pieces.
    pub fn bytes(&self) -> usize {
        self.pieces.len() * PIECE * size_of::<Node>()
    }

    /// The node at a place that was given out.
    pub fn get(&self, at: u32) -> &Node {
        &self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    /// The same to change.
    pub fn get_mut(&mut self, at: u32) -> &mut Node {
        &mut self.pieces[at as usize / PIECE][at as usize % PIECE]
    }

    /// The places of a list.
    pub fn list(&self, head: u32) -> impl Iterator<Item = u32> {
        let mut next = head;
        std::iter::from_fn(move || {
            let at = next;
            (at != NONE).then(|| {
                next = self.get(at).next;
                at
            })
        })
    }

    /// A new node for a half, followed by one for its sizes if it has any.
    pub fn push(&mut self, half: &Half, child: bool) -> u32 {
        let kind = if half.calls { NodeKind::Calls } else { NodeKind::Serves };
        let duration = (half.duration_ns.max(0) as u64).min(DURATION_BITS);
        let b = duration | u64::from(half.layers.0) << LAYERS_AT | u64::from(child) << CHILD_AT;
        let at = self.push_raw(kind, half.tag, half.start_ns as u64, b);
        if let Some((request, response)) = half.sizes {
            let sizes = self.push_raw(NodeKind::Sizes, 0, u64::from(request) << 32 | u64::from(response), 0);
            self.get_mut(at).next = sizes;
        }
        at
    }

    /// A new node that hangs nowhere yet.
    pub fn push_raw(&mut self, kind: NodeKind, tag: u32, a: u64, b: u64) -> u32 {
        let node = Node { tag, next: NONE, a, b: b | (kind as u64) << KIND_AT };
        if self.free != NONE {
            let at = self.free;
            self.free = self.get(at).next;
            *self.get_mut(at) = node;
            return at;
        }
        if self.pieces.last().is_none_or(|piece| piece.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let piece = self.pieces.len() - 1;
        let last = &mut self.pieces[piece];
        last.push(node);
        (piece * PIECE + last.len() - 1) as u32
    }

    /// The last node of the one or two that a push made.
    pub fn last_of(&self, at: u32) -> u32 {
        match self.get(at).next {
            NONE => at,
            sizes => sizes,
        }
    }

    /// The half of a node.
    pub fn half(&self, at: u32) -> Half {
        let node = self.get(at);
        let sizes =
            (node.next != NONE).then(|| self.get(node.next)).filter(|node| node.kind() == NodeKind::Sizes);
        Half {
            tag: node.tag,
            calls: node.kind() == NodeKind::Calls,
            layers: Layers((node.b >> LAYERS_AT & 3) as u8),
            start_ns: node.a as i64,
            duration_ns: (node.b & DURATION_BITS) as i64,
            sizes: sizes.map(|node| ((node.a >> 32) as u32, node.a as u32)),
        }
    }

    /// Gives a node back.
    pub fn free(&mut self, at: u32) {
        let next = self.free;
        *self.get_mut(at) = Node { tag: 0, next, a: 0, b: 0 };
        self.free = at;
    }
}
