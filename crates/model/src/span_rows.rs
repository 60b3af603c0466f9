//! Rows of span batches as [`Span`]s and back.
//!
//! [`read::SpanReader`] puts folded attributes back, so that a span is as it was sent; it shares one
//! `Resource` and one `Scope` between the rows that have the same. [`write::batch_of`] folds and makes a batch of
//! spans held in memory: the reference for the decoder's tests and the way of rare receivers.

pub mod read;
pub mod write;

pub use read::SpanReader;
pub use write::batch_of;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs::{AttrValue, Attrs};
    use crate::span::{Event, Link, Resource, Scope, Span, SpanKind, StatusCode};
    use crate::{SpanId, TimeNs, TraceId};
    use std::sync::Arc;

    fn span() -> Span {
        let mut attributes = Attrs::new();
        attributes.push("http.method", "GET");
        attributes.push("http.status_code", 200);
        attributes.push("http.request.method", "GET");
        attributes.push("server.port", "8080");
        attributes.push("db.system", "redis");
        attributes.push("db.system.name", "other");
        attributes.push("x", AttrValue::Array(vec![1.into(), AttrValue::Empty]));
        let resource = Resource {
            attributes: [("service.name", "shop"), ("host.name", "h")].into_iter().collect(),
            dropped_attributes_count: 3,
            schema_url: "https://example.test/schema".into(),
        };
        Span {
            trace_id: TraceId([7; 16]),
            span_id: SpanId([1; 8]),
            parent_span_id: Some(SpanId([2; 8])),
            name: "GET /".into(),
            kind: SpanKind::SERVER,
            start: TimeNs(1_000),
            duration_nano: -5,
            status_code: StatusCode::ERROR,
            status_message: "boom".into(),
            trace_state: "a=b".into(),
            flags: u32::MAX,
            attributes,
            dropped_attributes_count: 1,
            events: vec![Event { time: TimeNs(5), name: "e".into(), ..Event::default() }],
            dropped_events_count: 2,
            links: vec![Link { trace_id: TraceId([9; 16]), flags: 1, ..Link::default() }],
            dropped_links_count: 4,
            resource: Arc::new(resource),
            scope: Arc::new(Scope { name: "lib".into(), version: "1".into(), ..Scope::default() }),
            received: TimeNs(77),
        }
    }

    fn sorted(attrs: &Attrs) -> Vec<(String, String)> {
        let mut pairs: Vec<_> = attrs.iter().map(|(k, v)| (k.to_owned(), format!("{v:?}"))).collect();
        pairs.sort();
        pairs
    }

    #[test]
    fn a_span_survives_as_sent() {
        let sent = span();
        let batch = batch_of(&[sent.clone(), Span::default()]);
        let mut reader = SpanReader::new(&batch).expect("own schema");
        let mut back = reader.span(0).expect("own text");
        assert_eq!(sorted(&back.attributes), sorted(&sent.attributes));
        assert_eq!(sorted(&back.resource.attributes), sorted(&sent.resource.attributes));
        back.attributes = sent.attributes.clone();
        back.resource = Arc::clone(&sent.resource);
        assert_eq!(back, sent);
        assert_eq!(reader.span(1).expect("own text"), Span::default());
    }
}
