//! A trace put together for printing: spans in order, each distinct resource and scope once.
//!
//! In: the spans of one trace as a source gives them, in no order. Out: a [`Trace`], which owns copies that a
//! dialect may change at will; what is stored never changes by reading. Costs n log n for n spans.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use model::{Resource, Scope, Span, SpanId, SpanKind, TraceId};
use query::identity::{attrs_hash, same_resource, same_scope};

/// A trace with its spans.
#[derive(Debug, Clone)]
pub struct Trace {
    /// Its id.
    pub id: TraceId,
    /// Distinct resources in order of first appearance.
    pub resources: Vec<Arc<Resource>>,
    /// Distinct scopes in order of first appearance.
    pub scopes: Vec<Arc<Scope>>,
    /// The spans.
    pub spans: Vec<Placed>,
}

/// A span with the places of its resource and scope in the trace's lists.
#[derive(Debug, Clone)]
pub struct Placed {
    /// The span; its own `resource` and `scope` are as stored and not to be printed.
    pub span: Span,
    /// Place in [`Trace::resources`].
    pub resource: usize,
    /// Place in [`Trace::scopes`].
    pub scope: usize,
    /// What a reader should know about the span.
    pub warnings: Vec<String>,
}

/// Spans that share one scope, within [`ResourceGroup`].
#[derive(Debug)]
pub struct ScopeGroup {
    /// Place in [`Trace::scopes`].
    pub scope: usize,
    /// Places in [`Trace::spans`].
    pub spans: Vec<usize>,
}

/// Spans that share one resource.
#[derive(Debug)]
pub struct ResourceGroup {
    /// Place in [`Trace::resources`].
    pub resource: usize,
    /// By scope, in order of first appearance.
    pub scopes: Vec<ScopeGroup>,
}

impl Trace {
    /// The spans by start, longer ones first, then by span id: a parent mostly stands before its children.
    pub fn assemble(id: TraceId, mut spans: Vec<Span>) -> Self {
        spans.sort_by(|a, b| {
            (a.start, Reverse(a.duration_nano), a.span_id, &a.name).cmp(&(
                b.start,
                Reverse(b.duration_nano),
                b.span_id,
                &b.name,
            ))
        });
        Self::in_order(id, spans)
    }

    /// The spans in the order given.
    pub fn in_order(id: TraceId, spans: Vec<Span>) -> Self {
        let mut resources =
            Distinct::new(|resource: &Arc<Resource>| attrs_hash(&resource.attributes), same_resource);
        let mut scopes = Distinct::new(|scope: &Arc<Scope>| attrs_hash(&scope.attributes), same_scope);
        let spans = spans
            .into_iter()
            .map(|span| Placed {
                resource: resources.place(&span.resource),
                scope: scopes.place(&span.scope),
                warnings: Vec::new(),
                span,
            })
            .collect();
        Self { id, resources: resources.found, scopes: scopes.found, spans }
    }

    /// The spans by resource and scope, as OTLP nests them; groups stand in order of first appearance.
    pub fn groups(&self) -> Vec<ResourceGroup> {
        let mut groups: Vec<ResourceGroup> = Vec::new();
        let mut places: HashMap<(usize, usize), (usize, usize)> = HashMap::new();
        let mut by_resource: HashMap<usize, usize> = HashMap::new();
        for (at, placed) in self.spans.iter().enumerate() {
            let (group, scope) = *places.entry((placed.resource, placed.scope)).or_insert_with(|| {
                let group = *by_resource.entry(placed.resource).or_insert_with(|| {
                    groups.push(ResourceGroup { resource: placed.resource, scopes: Vec::new() });
                    groups.len() - 1
                });
                groups[group].scopes.push(ScopeGroup { scope: placed.scope, spans: Vec::new() });
                (group, groups[group].scopes.len() - 1)
            });
            groups[group].scopes[scope].spans.push(at);
        }
        groups
    }

    /// Tells apart spans that share an id the way Zipkin's clients and servers do: the server's span gets an id
    /// of its own, the shared id becomes its parent, and children of the shared id move to the server's span.
    pub fn part_shared_ids(&mut self) {
        let mut with_client: HashSet<SpanId> = HashSet::new();
        let mut used: HashSet<SpanId> = HashSet::with_capacity(self.spans.len());
        for Placed { span, .. } in &self.spans {
            used.insert(span.span_id);
            if span.kind == SpanKind::CLIENT {
                with_client.insert(span.span_id);
            }
        }
        let mut next: u64 = 0;
        let mut renamed: BTreeMap<SpanId, SpanId> = BTreeMap::new();
        for Placed { span, .. } in &mut self.spans {
            if span.kind != SpanKind::SERVER || !with_client.contains(&span.span_id) {
                continue;
            }
            let fresh = loop {
                next += 1;
                let id = SpanId(next.to_be_bytes());
                if !used.contains(&id) {
                    break id;
                }
            };
            renamed.insert(span.span_id, fresh);
            span.parent_span_id = Some(span.span_id);
            span.span_id = fresh;
        }
        if renamed.is_empty() {
            return;
        }
        for Placed { span, .. } in &mut self.spans {
            let fresh = span.parent_span_id.and_then(|parent| renamed.get(&parent));
            if let Some(fresh) = fresh.filter(|fresh| **fresh != span.span_id) {
                span.parent_span_id = Some(*fresh);
            }
        }
    }
}

/// Finds out which of many shared values have the same content, each content hashed once a pointer.
struct Distinct<T, H, E> {
    found: Vec<Arc<T>>,
    by_pointer: HashMap<*const T, usize>,
    by_hash: HashMap<u64, Vec<usize>>,
    hash: H,
    same: E,
}

impl<T, H: Fn(&Arc<T>) -> u64, E: Fn(&Arc<T>, &Arc<T>) -> bool> Distinct<T, H, E> {
    fn new(hash: H, same: E) -> Self {
        Self { found: Vec::new(), by_pointer: HashMap::new(), by_hash: HashMap::new(), hash, same }
    }

    fn place(&mut self, value: &Arc<T>) -> usize {
        let pointer = Arc::as_ptr(value);
        if let Some(place) = self.by_pointer.get(&pointer) {
            return *place;
        }
        let candidates = self.by_hash.entry((self.hash)(value)).or_default();
        let known = candidates.iter().find(|&&place| (self.same)(&self.found[place], value));
        let place = known.copied().unwrap_or_else(|| {
            self.found.push(Arc::clone(value));
            candidates.push(self.found.len() - 1);
            self.found.len() - 1
        });
        self.by_pointer.insert(pointer, place);
        place
    }
}
