//! Halves of calls that wait for the other half, in bounded memory (topology design 13.4, 13.5).
//!
//! In: spans reduced to keys, a tag of the caller's choice and times. Out, through a [`Sink`]: pairs, first matches, parents,
//! and what left unmatched. What is told does not depend on the order in which spans come, as long as no half waits longer
//! than the window: pairs are the join of calling and serving halves under a key, whoever comes second.
//!
//! An entry stands for a span id, seen or only named as a parent: 20 bytes, in order of creation, so that leaving is
//! popping from the front (the time wheel's slots are marks in this queue). Under it hangs a list of nodes of 24 bytes.
//! Time is given; nothing here reads a clock.

mod entries;
mod forgotten;
mod nodes;

use model::{SpanId, TraceId};
use smallvec::SmallVec;
use xxhash_rust::xxh3::xxh3_64;

use crate::call_fact::{Layer, Layers};
use crate::rollup::Exemplar;
use entries::Entries;
use forgotten::Forgotten;
use nodes::{NONE, Node, NodeKind, Nodes};

/// Most proxies between two applications that are looked through.
pub const PROXIES_MAX: usize = 4;
/// Most different spans with one id that are told apart; the rest counts but pairs with nothing.
pub const OWNERS_MAX: usize = 16;
/// Most nodes under one span id that are walked when a half comes; the rest is left to repair.
pub const WALK_MAX: usize = 200_000;

/// A half of a call as it waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Half {
    /// What the caller knows it by.
    pub tag: u32,
    /// Whether it is the calling half.
    pub calls: bool,
    /// In which layers it pairs.
    pub layers: Layers,
    /// Start in nanoseconds since the epoch.
    pub start_ns: i64,
    /// Duration in nanoseconds, at most seven days.
    pub duration_ns: i64,
    /// Bytes of request and response.
    pub sizes: Option<(u32, u32)>,
}

/// A span as it comes.
#[derive(Debug, Clone)]
pub struct Arrival<'a> {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its parent's, never its own.
    pub parent: Option<SpanId>,
    /// Hash of everything by which two spans with the same ids are told apart.
    pub fingerprint: u32,
    /// Tag of its maker, equal for spans of one entity.
    pub entity: u32,
    /// Bucket of its start, for parents.
    pub bucket_ns: i64,
    /// The half that it is.
    pub half: Option<Half>,
    /// Whether it is a proxy's span that chains go through.
    pub contracted: bool,
    /// Whether it serves the call whose id it bears itself (Zipkin's shared ids), not its parent's.
    pub shared_id: bool,
    /// Spans that a consumer links to.
    pub links: &'a [(TraceId, SpanId)],
}

/// A pair as it is found.
#[derive(Debug, Clone, Copy)]
pub struct Pair {
    /// In which layer.
    pub layer: Layer,
    /// The calling half.
    pub client: Half,
    /// The serving half.
    pub server: Half,
    /// Whether this is the first server of the client in this layer.
    pub client_first: bool,
    /// Whether this is the first client of the server in this layer.
    pub server_first: bool,
    /// Trace and id of the client; none if proxies lie between.
    pub exemplar: Option<Exemplar>,
}

/// What is told.
pub trait Sink {
    /// Tag of the maker of a half.
    fn entity_of(&self, tag: u32) -> u32;
    /// A pair.
    fn pair(&mut self, pair: Pair);
    /// `spans` spans of entity `child`, all with starts in the bucket of `start_ns`, have a parent span made by `parent`.
    fn parent(&mut self, parent: u32, child: u32, start_ns: i64, spans: i64);
    /// A half left. `evicted` says that it had to, before its time.
    fn left(&mut self, half: &Half, matched: Layers, evicted: bool);
    /// A span came so late that its other half, or itself, may have been forgotten: sums in any bucket of its trace (if it
    /// is still known which) may miss something.
    fn late(&mut self, trace_id: Option<TraceId>, start_ns: i64);
    /// A span with this start was evicted: what it would have completed is missing.
    fn evicted(&mut self, start_ns: i64);
}

/// What happened to an arrival.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// It is new; the caller counts it.
    New,
    /// The same span is waiting already.
    Duplicate,
}

/// Limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How long a half waits, seconds.
    pub window_seconds: i64,
    /// Most bytes of entries, nodes and index.
    pub bytes_max: usize,
    /// Bytes of the filter that remembers what left.
    pub forgotten_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { window_seconds: 60, bytes_max: 256 << 20, forgotten_bytes: 8 << 20 }
    }
}

/// Numbers for the doctor and the tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Spans that were there already.
    pub duplicates: u64,
    /// Entries that left in time.
    pub expired: u64,
    /// Entries that had to leave early.
    pub evicted: u64,
    /// Spans beyond [`OWNERS_MAX`].
    pub owners_over: u64,
    /// Walks cut at [`WALK_MAX`].
    pub walks_cut: u64,
    /// Proxies' spans whose chain closed in a circle or forked.
    pub chains_refused: u64,
    /// Spans that came after what they belong to may have left.
    pub late: u64,
}

/// The waiting halves.
#[derive(Debug)]
pub struct Pending {
    limits: Limits,
    entries: Entries,
    nodes: Nodes,
    forgotten: Forgotten,
    now_seconds: i64,
    evicting_until: i64,
    counters: Counters,
}

/// Hash of a span's ids: the key of its entry.
pub fn key_of(trace_id: TraceId, span_id: SpanId) -> u64 {
    let mut bytes = [0; 24];
    bytes[..16].copy_from_slice(&trace_id.0);
    bytes[16..].copy_from_slice(&span_id.0);
    xxh3_64(&bytes)
}

/// A node met on a walk: where it is, and how many proxies away.
type Met = SmallVec<[(u32, usize); 4]>;

impl Pending {
    /// Nothing waits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            entries: Entries::default(),
            nodes: Nodes::default(),
            forgotten: Forgotten::new(limits.forgotten_bytes),
            now_seconds: i64::MIN,
            evicting_until: i64::MIN,
            counters: Counters::default(),
        }
    }

    /// The numbers so far.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// Bytes of entries, nodes and index.
    pub fn bytes(&self) -> usize {
        self.entries.bytes() + self.nodes.bytes()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lets leave what waited for the window or longer. Time never goes back: an earlier `now_seconds` is the latest.
    pub fn advance(&mut self, now_seconds: i64, sink: &mut impl Sink) {
        self.now_seconds = self.now_seconds.max(now_seconds);
        let before = self.now_seconds.saturating_sub(self.limits.window_seconds);
        while self.entries.front_second().is_some_and(|second| second <= before) {
            self.pop(false, sink);
        }
        self.forgotten.advance(self.now_seconds);
    }

    /// Lets leave everything, as when the stream ends.
    pub fn drain(&mut self, evicted: bool, sink: &mut impl Sink) {
        while !self.is_empty() {
            self.pop(evicted, sink);
        }
    }

    /// Takes a span in and tells what it completes.
    pub fn arrive(&mut self, span: &Arrival<'_>, sink: &mut impl Sink) -> Seen {
        while self.bytes() > self.limits.bytes_max && !self.is_empty() {
            self.pop(true, sink);
        }
        let whole = !span.trace_id.is_zero() && !span.span_id.is_zero();
        let own = if whole {
            key_of(span.trace_id, span.span_id)
        } else {
            // Ids of zeros name nothing; the fingerprint still finds duplicates.
            xxh3_64(&[&span.trace_id.0[..], &span.span_id.0, &span.fingerprint.to_le_bytes()].concat())
        };
        let (at, known, forgotten) = self.entry(own);
        let age = self.now_seconds.saturating_sub(span.bucket_ns.div_euclid(1_000_000_000));
        // Whoever had to leave early may have been as young as this span.
        let odd_age = !(-10..self.limits.window_seconds).contains(&age) || self.now_seconds <= self.evicting_until;
        let mut late = forgotten && odd_age;
        if known && self.is_duplicate(at, span) {
            self.counters.duplicates += 1;
            return Seen::Duplicate;
        }
        let joins = self.add_owner(at, span, sink);
        let parent = span.parent.filter(|_| whole).map(|parent| key_of(span.trace_id, parent));
        let mut parent_at = None;
        let mut parent_forgotten = false;
        if let Some(parent) = parent {
            let (at, _, forgotten) = self.entry(parent);
            parent_at = Some(at);
            parent_forgotten = forgotten;
            late |= forgotten && odd_age;
            self.tell_parents(at, span.entity, span.bucket_ns, 1, sink);
        }
        if late {
            self.counters.late += 1;
            sink.late(Some(span.trace_id), span.bucket_ns);
        }
        let serves_parent = span.half.filter(|half| !half.calls && whole && joins && !span.shared_id);
        let linked = serves_parent.is_some() && !span.links.is_empty();
        if let Some(at) = parent_at
            && (linked || serves_parent.is_none())
        {
            self.add_child(at, span.entity, span.bucket_ns);
        }
        if let (Some(at), Some(parent), true) = (parent_at, parent, span.contracted) {
            self.add_chain(own, at, parent, sink);
        }
        let Some(half) = span.half.filter(|_| whole && joins) else { return Seen::New };
        if linked {
            self.add_consumer(own, half, parent, span, sink);
        } else if half.calls || span.shared_id {
            let exemplar = Exemplar::of(span.trace_id, span.span_id);
            self.add_half(own, half, false, Some(exemplar), sink);
        } else if let (Some(key), Some(parent)) = (parent, span.parent) {
            let exemplar = Exemplar::of(span.trace_id, parent);
            self.add_half(key, half, true, Some(exemplar), sink);
            if parent_forgotten && let Some(at) = parent_at {
                let first = self.entries.get(at).nodes();
                self.nodes.get_mut(first).suspect();
            }
        } else {
            // A root: it can only leave.
            let node = self.nodes.push(&half, false);
            self.link(own, node);
        }
        Seen::New
    }

    /// The entry of a key, made if need be; whether it was there; whether one may have been there that left.
    fn entry(&mut self, key: u64) -> (u32, bool, bool) {
        if let Some(at) = self.entries.find(key) {
            return (at, true, false);
        }
        let forgotten = self.forgotten.may_hold(key);
        (self.entries.push(key, self.now_seconds), false, forgotten)
    }

    fn is_duplicate(&self, at: u32, span: &Arrival<'_>) -> bool {
        let entry = self.entries.get(at);
        if entry.owner == NONE {
            return false;
        }
        if entry.owner_fingerprint == span.fingerprint {
            return true;
        }
        self.nodes.list(entry.nodes()).any(|node| {
            let node = self.nodes.get(node);
            node.kind() == NodeKind::Owner && node.a as u32 == span.fingerprint
        })
    }

    /// Notes that a span with this id was seen, and tells its children. Whether its half may pair.
    fn add_owner(&mut self, at: u32, span: &Arrival<'_>, sink: &mut impl Sink) -> bool {
        let entry = *self.entries.get(at);
        if entry.owner == NONE {
            let entry = self.entries.get_mut(at);
            entry.owner = span.entity;
            entry.owner_fingerprint = span.fingerprint;
        } else {
            let others: SmallVec<[u32; 4]> = self
                .nodes
                .list(entry.nodes())
                .map(|node| *self.nodes.get(node))
                .filter(|node| node.kind() == NodeKind::Owner)
                .map(|node| node.tag)
                .collect();
            if others.len() + 1 >= OWNERS_MAX {
                self.counters.owners_over += 1;
                return false;
            }
            let node = self.nodes.push_raw(NodeKind::Owner, span.entity, u64::from(span.fingerprint), 0);
            self.link_at(at, node);
            if entry.owner == span.entity || others.contains(&span.entity) {
                return true;
            }
        }
        // Children that came before their parent.
        let mut next = entry.nodes();
        let mut walked = 0;
        while next != NONE {
            let node = *self.nodes.get(next);
            match node.kind() {
                NodeKind::Children => sink.parent(span.entity, node.tag, node.a as i64, node.children()),
                NodeKind::Serves if node.is_child() => {
                    let child = sink.entity_of(node.tag);
                    sink.parent(span.entity, child, node.a as i64, 1);
                }
                _ => {}
            }
            next = node.next;
            walked += 1;
            if walked == WALK_MAX {
                self.counters.walks_cut += 1;
                sink.late(Some(span.trace_id), span.bucket_ns);
                break;
            }
        }
        true
    }

    /// Tells every different maker of the parent that it has children.
    fn tell_parents(&self, at: u32, child: u32, bucket_ns: i64, spans: i64, sink: &mut impl Sink) {
        let entry = self.entries.get(at);
        if entry.owner == NONE {
            return;
        }
        sink.parent(entry.owner, child, bucket_ns, spans);
        let mut told: SmallVec<[u32; 4]> = SmallVec::from_slice(&[entry.owner]);
        if !entry.has_more_owners() {
            return;
        }
        for node in self.nodes.list(entry.nodes()) {
            let node = self.nodes.get(node);
            if node.kind() == NodeKind::Owner && !told.contains(&node.tag) {
                told.push(node.tag);
                sink.parent(node.tag, child, bucket_ns, spans);
            }
        }
    }

    /// Counts a child that is no waiting half under its parent, together with its like.
    fn add_child(&mut self, at: u32, child: u32, bucket_ns: i64) {
        let head = self.entries.get(at).nodes();
        let like = self.nodes.list(head).take(8).find(|node| {
            let node = self.nodes.get(*node);
            node.kind() == NodeKind::Children && node.tag == child && node.a as i64 == bucket_ns
        });
        match like {
            Some(node) => self.nodes.get_mut(node).add_child(),
            None => {
                let node = self.nodes.push_raw(NodeKind::Children, child, bucket_ns as u64, 1);
                self.link_at(at, node);
            }
        }
    }

    /// Hangs a half under `key` and pairs it with what waits there or beyond proxies.
    fn add_half(
        &mut self,
        key: u64,
        half: Half,
        child: bool,
        exemplar: Option<Exemplar>,
        sink: &mut impl Sink,
    ) {
        let node = self.nodes.push(&half, child);
        let met = if half.calls { self.below(key) } else { self.above(key) };
        self.link(key, node);
        for (other, proxies) in met {
            let (client, server) = if half.calls { (node, other) } else { (other, node) };
            self.pair(client, server, exemplar.filter(|_| proxies == 0), proxies, sink);
        }
    }

    /// A consumer with links: its half hangs under its own id, and under each linked id (and its parent's) a pointer to it.
    fn add_consumer(
        &mut self,
        own: u64,
        half: Half,
        parent: Option<u64>,
        span: &Arrival<'_>,
        sink: &mut impl Sink,
    ) {
        let node = self.nodes.push(&half, false);
        self.link(own, node);
        let parent = span.parent.zip(parent).map(|(parent, key)| (key, Exemplar::of(span.trace_id, parent)));
        let links = span.links.iter().filter(|(trace, id)| !trace.is_zero() && !id.is_zero());
        let links = links.map(|(trace, id)| (key_of(*trace, *id), Exemplar::of(*trace, *id)));
        let mut done: SmallVec<[u64; 8]> = SmallVec::new();
        for (key, exemplar) in parent.into_iter().chain(links) {
            if done.contains(&key) || key == own {
                continue;
            }
            done.push(key);
            let (_, _, forgotten) = self.entry(key);
            if forgotten {
                self.nodes.get_mut(node).suspect();
            }
            for (client, proxies) in self.above(key) {
                self.pair(client, node, Some(exemplar).filter(|_| proxies == 0), proxies, sink);
            }
            let start = half.start_ns as u64 & nodes::LOW_BITS;
            let pointer = self.nodes.push_raw(NodeKind::Linked, half.tag, own, start);
            self.link(key, pointer);
        }
    }

    /// A proxy's span: what hangs under it hangs under its parent too.
    fn add_chain(&mut self, own: u64, parent_at: u32, parent: u64, sink: &mut impl Sink) {
        let Some(own_at) = self.entries.find(own) else { return };
        match self.chain(own_at) {
            Some(before) if before == parent => return,
            Some(_) => {
                self.counters.chains_refused += 1;
                return;
            }
            None => {}
        }
        let mut key = parent;
        for _ in 0..=PROXIES_MAX {
            if key == own {
                self.counters.chains_refused += 1;
                return;
            }
            match self.entries.find(key).and_then(|at| self.chain(at)) {
                Some(next) => key = next,
                None => break,
            }
        }
        let servers = self.below(own);
        let clients = self.above(parent);
        for (server, below) in servers {
            for (client, above) in &clients {
                if below + above < PROXIES_MAX {
                    self.pair(*client, server, None, below + above + 1, sink);
                }
            }
        }
        let up = self.nodes.push_raw(NodeKind::Chain, 0, parent, 0);
        self.link_at(own_at, up);
        let down = self.nodes.push_raw(NodeKind::Proxied, 0, own, 0);
        self.link_at(parent_at, down);
    }

    /// The key that a proxy's span passes its children on to.
    fn chain(&self, at: u32) -> Option<u64> {
        let entry = self.entries.get(at);
        if !entry.is_proxy() {
            return None;
        }
        let node =
            self.nodes.list(entry.nodes()).find(|node| self.nodes.get(*node).kind() == NodeKind::Chain);
        node.map(|node| self.nodes.get(node).a)
    }

    /// Calling halves under a key and, through proxies, under the keys above it.
    fn above(&self, key: u64) -> Met {
        let mut met = Met::new();
        let mut next = self.entries.find(key);
        for proxies in 0..=PROXIES_MAX {
            let Some(at) = next else { break };
            let entry = self.entries.get(at);
            if entry.has_calls() {
                let list = self.nodes.list(entry.nodes());
                met.extend(
                    list.filter(|n| self.nodes.get(*n).kind() == NodeKind::Calls).map(|n| (n, proxies)),
                );
            }
            next = self.chain(at).and_then(|key| self.entries.find(key));
        }
        met
    }

    /// Serving halves under a key and, through proxies and links, behind it.
    fn below(&mut self, key: u64) -> Met {
        let mut met = Met::new();
        let mut ahead: SmallVec<[(u64, usize); 4]> = SmallVec::from_slice(&[(key, 0)]);
        let mut walked = 0;
        while let Some((key, proxies)) = ahead.pop() {
            let Some(at) = self.entries.find(key) else { continue };
            for at in self.nodes.list(self.entries.get(at).nodes()) {
                let node = self.nodes.get(at);
                match node.kind() {
                    NodeKind::Serves => met.push((at, proxies)),
                    NodeKind::Linked => met.extend(self.linked(node).map(|node| (node, proxies))),
                    NodeKind::Proxied if proxies < PROXIES_MAX => ahead.push((node.a, proxies + 1)),
                    _ => {}
                }
                walked += 1;
                if walked == WALK_MAX {
                    self.counters.walks_cut += 1;
                    return met;
                }
            }
        }
        met
    }

    /// The half that a pointer of a link names, if it is still here.
    fn linked(&self, pointer: &Node) -> Option<u32> {
        let entry = self.entries.get(self.entries.find(pointer.a)?);
        self.nodes.list(entry.nodes()).find(|at| {
            let node = self.nodes.get(*at);
            let same = node.tag == pointer.tag && node.a & nodes::LOW_BITS == pointer.b & nodes::LOW_BITS;
            node.kind() == NodeKind::Serves && same
        })
    }

    /// Tells a pair in each layer that both are in; beyond proxies only applications pair.
    fn pair(
        &mut self,
        client: u32,
        server: u32,
        exemplar: Option<Exemplar>,
        proxies: usize,
        sink: &mut impl Sink,
    ) {
        let (client_half, server_half) = (self.nodes.half(client), self.nodes.half(server));
        let both = client_half.layers.and(server_half.layers);
        let both = if proxies == 0 { both } else { both.and(Layers::APP) };
        for layer in both.iter() {
            let client_first = self.nodes.get_mut(client).mark(layer);
            let server_first = self.nodes.get_mut(server).mark(layer);
            let pair = Pair {
                layer,
                client: client_half,
                server: server_half,
                client_first,
                server_first,
                exemplar,
            };
            sink.pair(pair);
        }
    }

    fn link(&mut self, key: u64, node: u32) {
        if let Some(at) = self.entries.find(key) {
            self.link_at(at, node);
        } else {
            self.nodes.free(node);
        }
    }

    fn link_at(&mut self, at: u32, node: u32) {
        let kind = self.nodes.get(node).kind();
        let entry = self.entries.get_mut(at);
        let tail = self.nodes.last_of(node);
        self.nodes.get_mut(tail).next = entry.nodes();
        entry.set_nodes(node);
        entry.note(kind);
    }

    /// The oldest entry leaves.
    fn pop(&mut self, evicted: bool, sink: &mut impl Sink) {
        let Some(entry) = self.entries.pop() else { return };
        if evicted {
            self.counters.evicted += 1;
            self.evicting_until = self.now_seconds.saturating_add(self.limits.window_seconds);
        } else {
            self.counters.expired += 1;
        }
        self.forgotten.insert(entry.key(), self.now_seconds);
        let mut next = entry.nodes();
        while next != NONE {
            let node = *self.nodes.get(next);
            match node.kind() {
                NodeKind::Calls | NodeKind::Serves => {
                    let half = self.nodes.half(next);
                    if evicted {
                        sink.evicted(half.start_ns);
                    }
                    if node.is_suspect() && node.marks() == Layers::default() {
                        self.counters.late += 1;
                        sink.late(None, half.start_ns);
                    }
                    sink.left(&half, node.marks(), evicted);
                }
                NodeKind::Children if evicted => sink.evicted(node.a as i64),
                _ => {}
            }
            self.nodes.free(next);
            next = node.next;
        }
    }
}
