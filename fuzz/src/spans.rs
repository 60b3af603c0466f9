//! Spans for TraceQL, a line each: `1 2 parent=1 start=3 duration=40 kind=server name=get span.a=1 resource.b=x`.
//!
//! The first two words are trace and span; both are bytes. What is not understood is left out.

use std::sync::Arc;

use model::{AttrValue, Attrs, Event, Resource, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId};

/// The lines that are spans, each id once.
pub fn read(text: &str) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::new();
    for span in text.lines().take(40).filter_map(line) {
        let is_new = |other: &Span| (other.trace_id, other.span_id) != (span.trace_id, span.span_id);
        if spans.iter().all(is_new) {
            spans.push(span);
        }
    }
    spans
}

fn line(text: &str) -> Option<Span> {
    let mut words = text.split(' ');
    let (trace, id) = (words.next()?.parse::<u8>().ok()?, words.next()?.parse::<u8>().ok()?);
    let (mut resource, mut event) = (Attrs::new(), Attrs::new());
    let mut span =
        Span { trace_id: TraceId([trace; 16]), span_id: SpanId([id; 8]), name: Arc::from(""), ..Span::default() };
    for word in words {
        let Some((key, text)) = word.split_once('=') else { continue };
        let number = text.parse::<i64>().unwrap_or_default();
        match key {
            "parent" => span.parent_span_id = Some(SpanId([number as u8; 8])),
            "start" => span.start = TimeNs(number),
            "duration" => span.duration_nano = number,
            "kind" => span.kind = SpanKind(number as i32),
            "status" => span.status_code = StatusCode(number as i32),
            "name" => span.name = Arc::from(text),
            _ => match key.split_once('.') {
                Some(("resource", name)) => put(&mut resource, name, text),
                Some(("event", name)) => put(&mut event, name, text),
                Some(("span", name)) => put(&mut span.attributes, name, text),
                _ => {}
            },
        }
    }
    span.resource = Arc::new(Resource { attributes: resource, ..Resource::default() });
    if !event.is_empty() {
        span.events.push(Event { name: Arc::from("event"), attributes: event, ..Event::default() });
    }
    Some(span)
}

fn put(attributes: &mut Attrs, name: &str, text: &str) {
    if attributes.get(name).is_none() {
        attributes.push(name, value(text));
    }
}

/// Numbers, truth values and lists as they look; everything else is text.
fn value(text: &str) -> AttrValue {
    if let Some(items) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return AttrValue::Array(items.split(',').map(value).collect());
    }
    if let Ok(value) = text.parse::<i64>() {
        return AttrValue::Int(value);
    }
    if let Ok(value) = text.parse::<f64>() {
        return AttrValue::Double(value);
    }
    match text {
        "true" => AttrValue::Bool(true),
        "false" => AttrValue::Bool(false),
        "nil" => AttrValue::Empty,
        _ => AttrValue::from(text),
    }
}
