//! What a span says about calls: `classify(span, resource) -> CallFact`, one pure function for the stream, repair and reads.
//!
//! In: a span, as a row of an Arrow batch or as `model` has it, and the facts of its resource. Out: a [`CallFact`]. No state,
//! no naming decision, no time but the span's.

mod json;
mod outcome;
mod peer_of;
pub mod resource;
mod role;
pub mod rows;
pub mod slots;
pub mod weight;

use std::borrow::Cow;

use model::{AttrValue, Span, SpanId, SpanKind, StatusCode, TraceId};

use crate::call_fact::{CallFact, Class, Layers, ProxyKind, Role};
use crate::peer::PeerView;
pub use resource::{Assumptions, ResourceFacts};
pub use rows::SpanRows;
use slots::{Slot, Slots, Value};

/// Longest duration that is believed: seven days in nanoseconds.
pub const DURATION_NS_MAX: i64 = 7 * model::time::DAY_NS;
/// How far in the future a start may lie, seen from its receipt, before the receipt is taken instead.
pub const FUTURE_NS_MAX: i64 = 600 * 1_000_000_000;
/// How far in the past a start may lie before the receipt is taken instead.
pub const PAST_NS_MAX: i64 = 7 * model::time::DAY_NS;

/// A span as far as the map needs it.
#[derive(Debug, Clone)]
pub struct SpanView<'a> {
    /// Its trace.
    pub trace_id: TraceId,
    /// Its own id.
    pub span_id: SpanId,
    /// Its parent's; `None` for a root.
    pub parent: Option<SpanId>,
    /// Its name.
    pub name: &'a str,
    /// Its kind as sent.
    pub kind: SpanKind,
    /// Its status.
    pub status: StatusCode,
    /// Start in nanoseconds since the epoch, as sent.
    pub start_ns: i64,
    /// Duration in nanoseconds, as sent.
    pub duration_ns: i64,
    /// Receipt in nanoseconds since the epoch.
    pub received_ns: i64,
    /// W3C trace state.
    pub trace_state: &'a str,
    /// Spans that it links to, at most 32 are looked at.
    pub links: Vec<(TraceId, SpanId)>,
    /// The attributes that matter; `None` for a span whose kind and attributes say that it is no half.
    pub slots: Option<Box<Slots<'a>>>,
}

/// Most links of a span that are looked at.
pub const LINKS_MAX: usize = 32;

impl<'a> SpanView<'a> {
    /// The view of a span of the model.
    pub fn of(span: &'a Span) -> Self {
        let mut slots = Box::new(Slots::default());
        for (key, value) in span.attributes.iter() {
            let Some((slot, present)) = Slot::of(key) else { continue };
            let value = match value {
                AttrValue::Str(text) => Value::Text(Cow::Borrowed(text)),
                AttrValue::Int(value) => Value::Int(*value),
                AttrValue::Double(value) => Value::Double(*value),
                AttrValue::Bool(value) => Value::Bool(*value),
                _ => Value::Absent,
            };
            slots.put(slot, present, value);
        }
        Self {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent: span.parent_span_id.filter(|parent| !parent.is_zero() && *parent != span.span_id),
            name: &span.name,
            kind: span.kind,
            status: span.status_code,
            start_ns: span.start.0,
            duration_ns: span.duration_nano,
            received_ns: span.received.0,
            trace_state: &span.trace_state,
            links: span.links.iter().take(LINKS_MAX).map(|link| (link.trace_id, link.span_id)).collect(),
            slots: Some(slots),
        }
    }
}

/// A fact, and who a proxy's span speaks for.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Classified<'a> {
    /// The fact.
    pub fact: CallFact<'a>,
    /// For a proxy's span the entity that its tags name instead of the resource's.
    pub proxy: Option<Box<ResourceFacts>>,
}

/// What one span says.
pub fn classify<'a>(span: &SpanView<'a>, resource: &ResourceFacts) -> Classified<'a> {
    let clamped = span.start_ns > span.received_ns.saturating_add(FUTURE_NS_MAX)
        || span.start_ns < span.received_ns.saturating_sub(PAST_NS_MAX);
    let bare = CallFact {
        layers: Layers::APP,
        entity: resource.id,
        start_ns: if clamped { span.received_ns } else { span.start_ns },
        duration_ns: span.duration_ns.clamp(0, DURATION_NS_MAX),
        weight: weight::weight(span.trace_state, span.slots.as_deref(), resource),
        ..CallFact::default()
    };
    let outcome = crate::Outcome { error: span.status == StatusCode::ERROR, ..Default::default() };
    let Some(slots) = span.slots.as_deref() else {
        return Classified { fact: CallFact { outcome, ..bare }, proxy: None };
    };
    let proxy_kind = role::proxy_kind(slots);
    let (role, class) = role::role_and_class(span.name, span.kind, slots);
    let proxy = (proxy_kind != ProxyKind::None).then(|| Box::new(resource.of_proxy(slots)));
    let layers = match proxy_kind {
        ProxyKind::None => Layers::APP,
        ProxyKind::Contracted => Layers::PROXY,
        ProxyKind::Gateway => Layers::BOTH,
    };
    let entity = proxy.as_ref().map_or(resource.id, |proxy| proxy.id);
    if role == Role::None {
        // Only what can be said without the attributes: most spans of this kind come here without having theirs read.
        return Classified { fact: CallFact { layers, proxy: proxy_kind, entity, outcome, ..bare }, proxy };
    }
    let protocol = outcome::protocol(role, slots);
    let peer = match role {
        Role::None | Role::Server => PeerView::default(),
        Role::Producer | Role::Consumer => peer_of::queue(slots),
        Role::Client if slots.has(Slot::DbSystem) || slots.has(Slot::DbType) => peer_of::database(slots),
        Role::Client if class == Class::Poll => peer_of::queue(slots),
        Role::Client => peer_of::other(slots, protocol),
    };
    let fact = CallFact {
        role,
        class,
        layers,
        proxy: proxy_kind,
        protocol,
        security: outcome::security(slots),
        entity,
        peer_id: peer.id(),
        peer,
        op: outcome::operation(role, protocol, slots),
        outcome: outcome::outcome(protocol, span.status, slots),
        sizes: outcome::sizes(slots),
        retry: outcome::retry(slots),
        shared_id: role.serves() && slots.is_true(Slot::SharedId),
        ..bare
    };
    Classified { fact, proxy }
}
