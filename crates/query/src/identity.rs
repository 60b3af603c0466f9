//! When two spans are the same span sent twice.
//!
//! A sender that got no answer sends again, so the same span may be stored more than once. Two spans are the same
//! when everything that was sent is equal bit by bit, resource and scope included; when they were received does
//! not count. Spans that merely share an id are not the same, and all of them are kept.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use model::{AttrValue, Attrs, Event, Link, Resource, Scope, Span};

/// Whether both were sent with the same content.
pub fn same_content(a: &Span, b: &Span) -> bool {
    a.span_id == b.span_id
        && a.trace_id == b.trace_id
        && a.parent_span_id == b.parent_span_id
        && a.name == b.name
        && a.kind == b.kind
        && a.start == b.start
        && a.duration_nano == b.duration_nano
        && a.status_code == b.status_code
        && a.status_message == b.status_message
        && a.trace_state == b.trace_state
        && a.flags == b.flags
        && a.dropped_attributes_count == b.dropped_attributes_count
        && a.dropped_events_count == b.dropped_events_count
        && a.dropped_links_count == b.dropped_links_count
        && a.attributes.same_bits(&b.attributes)
        && a.events.len() == b.events.len()
        && a.events.iter().zip(&b.events).all(|(a, b)| same_event(a, b))
        && a.links.len() == b.links.len()
        && a.links.iter().zip(&b.links).all(|(a, b)| same_link(a, b))
        && same_resource(&a.resource, &b.resource)
        && same_scope(&a.scope, &b.scope)
}

/// Whether both resources have the same content.
pub fn same_resource(a: &Arc<Resource>, b: &Arc<Resource>) -> bool {
    Arc::ptr_eq(a, b)
        || (a.dropped_attributes_count == b.dropped_attributes_count
            && a.schema_url == b.schema_url
            && a.attributes.same_bits(&b.attributes))
}

/// Whether both scopes have the same content.
pub fn same_scope(a: &Arc<Scope>, b: &Arc<Scope>) -> bool {
    Arc::ptr_eq(a, b)
        || (a.name == b.name
            && a.version == b.version
            && a.dropped_attributes_count == b.dropped_attributes_count
            && a.schema_url == b.schema_url
            && a.attributes.same_bits(&b.attributes))
}

fn same_event(a: &Event, b: &Event) -> bool {
    a.time == b.time
        && a.name == b.name
        && a.dropped_attributes_count == b.dropped_attributes_count
        && a.attributes.same_bits(&b.attributes)
}

fn same_link(a: &Link, b: &Link) -> bool {
    a.trace_id == b.trace_id
        && a.span_id == b.span_id
        && a.trace_state == b.trace_state
        && a.flags == b.flags
        && a.dropped_attributes_count == b.dropped_attributes_count
        && a.attributes.same_bits(&b.attributes)
}

/// A hash that is equal for spans of the same content. Resource and scope are left out: they seldom tell two
/// spans with one id apart, and hashing them for each span would cost more than the comparison that follows.
pub fn content_hash(span: &Span) -> u64 {
    let mut hasher = DefaultHasher::new();
    span.trace_id.hash(&mut hasher);
    span.span_id.hash(&mut hasher);
    span.parent_span_id.hash(&mut hasher);
    span.name.hash(&mut hasher);
    (span.kind, span.start, span.duration_nano, span.status_code).hash(&mut hasher);
    span.status_message.hash(&mut hasher);
    feed(&span.attributes, &mut hasher);
    for event in &span.events {
        (event.time, &event.name).hash(&mut hasher);
        feed(&event.attributes, &mut hasher);
    }
    for link in &span.links {
        (link.trace_id, link.span_id).hash(&mut hasher);
        feed(&link.attributes, &mut hasher);
    }
    hasher.finish()
}

/// A hash of attributes that is equal when [`Attrs::same_bits`] holds.
pub fn attrs_hash(attrs: &Attrs) -> u64 {
    let mut hasher = DefaultHasher::new();
    feed(attrs, &mut hasher);
    hasher.finish()
}

fn feed(attrs: &Attrs, hasher: &mut DefaultHasher) {
    attrs.len().hash(hasher);
    for (key, value) in attrs.iter() {
        key.hash(hasher);
        feed_value(value, hasher);
    }
}

fn feed_value(value: &AttrValue, hasher: &mut DefaultHasher) {
    std::mem::discriminant(value).hash(hasher);
    match value {
        AttrValue::Empty => {}
        AttrValue::Str(text) => text.hash(hasher),
        AttrValue::Bool(value) => value.hash(hasher),
        AttrValue::Int(value) => value.hash(hasher),
        AttrValue::Double(value) => value.to_bits().hash(hasher),
        AttrValue::Bytes(bytes) => bytes.hash(hasher),
        AttrValue::Array(values) => {
            values.len().hash(hasher);
            values.iter().for_each(|value| feed_value(value, hasher));
        }
        AttrValue::Map(map) => feed(map, hasher),
    }
}

/// Keeps the first of spans with the same content; the order of the rest stays.
pub fn collapse_resends(spans: &mut Vec<Span>) {
    let mut seen: HashMap<u64, Vec<usize>> = HashMap::with_capacity(spans.len());
    let mut keep = Vec::with_capacity(spans.len());
    for (at, span) in spans.iter().enumerate() {
        let earlier = seen.entry(content_hash(span)).or_default();
        let is_new = !earlier.iter().any(|&earlier| same_content(&spans[earlier], span));
        if is_new {
            earlier.push(at);
        }
        keep.push(is_new);
    }
    let mut keep = keep.into_iter();
    spans.retain(|_| keep.next().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::TimeNs;

    #[test]
    fn a_resend_collapses_and_a_shared_id_does_not() {
        let span = |value: f64, received| Span {
            attributes: [("x", AttrValue::Double(value))].into_iter().collect(),
            resource: Arc::new(Resource::default()),
            received: TimeNs(received),
            ..Span::default()
        };
        let mut spans = vec![span(f64::NAN, 1), span(0.0, 2), span(f64::NAN, 3), span(-0.0, 4)];
        collapse_resends(&mut spans);
        assert_eq!(spans.iter().map(|span| span.received.0).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
