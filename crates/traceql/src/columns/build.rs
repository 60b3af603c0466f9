//! Columns from spans held in memory and from loose values.
//!
//! The source of the tests uses it, and so can a store that has its spans as rows.

use std::sync::Arc;

use model::{Attrs, Span};

use super::{Batch, Column, Field, Plain, TextColumn, TraceRows};
use crate::ast::{AttributeScope, Intrinsic};
use crate::bits::Bits;
use crate::value::{Type, Value};

/// Spans as a batch with these fields. Spans of one trace must stand together to count as one.
pub fn batch_of_spans<'s>(spans: impl IntoIterator<Item = &'s Span>, fields: &[Field]) -> Batch {
    let spans: Vec<&Span> = spans.into_iter().collect();
    let mut traces: Vec<TraceRows> = Vec::new();
    for (row, span) in spans.iter().enumerate() {
        match traces.last_mut() {
            Some(last) if last.id == span.trace_id => last.rows.end = row + 1,
            _ => traces.push(TraceRows { id: span.trace_id, rows: row..row + 1 }),
        }
    }
    Batch {
        traces,
        span_ids: spans.iter().map(|span| span.span_id).collect(),
        parent_ids: spans.iter().map(|span| span.parent_span_id.filter(|id| !id.is_zero())).collect(),
        starts: spans.iter().map(|span| span.start.0).collect(),
        durations: spans.iter().map(|span| span.duration_nano).collect(),
        columns: fields.iter().map(|field| column(&spans, field)).collect(),
        every_attribute: Vec::new(),
    }
}

fn column(spans: &[&Span], field: &Field) -> Column {
    match field {
        Field::TraceState => texts(spans, |span| &span.trace_state),
        Field::Attribute(scope, key) => match scope {
            AttributeScope::Any | AttributeScope::Span => attributes(spans, key, |span| &span.attributes),
            AttributeScope::Resource => attributes(spans, key, |span| &span.resource.attributes),
            AttributeScope::Instrumentation => attributes(spans, key, |span| &span.scope.attributes),
            AttributeScope::Event => lists(spans, |span, values| {
                for event in &span.events {
                    flatten(attribute(&event.attributes, key), values);
                }
            }),
            AttributeScope::Link => lists(spans, |span, values| {
                for link in &span.links {
                    flatten(attribute(&link.attributes, key), values);
                }
            }),
        },
        Field::Intrinsic(intrinsic) => self::intrinsic(spans, *intrinsic),
    }
}

fn intrinsic(spans: &[&Span], intrinsic: Intrinsic) -> Column {
    match intrinsic {
        Intrinsic::Name => texts(spans, |span| &span.name),
        Intrinsic::StatusMessage => texts(spans, |span| &span.status_message),
        Intrinsic::InstrumentationName => texts(spans, |span| &span.scope.name),
        Intrinsic::InstrumentationVersion => texts(spans, |span| &span.scope.version),
        Intrinsic::Kind => Column::Kind(spans.iter().map(|span| span.kind).collect()),
        Intrinsic::Status => Column::Status(spans.iter().map(|span| span.status_code).collect()),
        Intrinsic::EventName => lists(spans, |span, values| {
            values.extend(span.events.iter().map(|event| Value::Str(Arc::clone(&event.name))));
        }),
        Intrinsic::EventTimeSinceStart => lists(spans, |span, values| {
            let since = |at: i64| Value::Duration(at.saturating_sub(span.start.0));
            values.extend(span.events.iter().map(|event| since(event.time.0)));
        }),
        Intrinsic::LinkTraceId => lists(spans, |span, values| {
            let id = |id: String| Value::text(strip_zeros(&id));
            values.extend(span.links.iter().map(|link| id(link.trace_id.to_string())));
        }),
        Intrinsic::LinkSpanId => lists(spans, |span, values| {
            values.extend(span.links.iter().map(|link| Value::text(&link.span_id.to_string())));
        }),
        // Computed from ids, times or whole traces.
        _ => Column::Absent,
    }
}

/// A trace id as searches show it and compare it.
pub(crate) fn strip_zeros(id: &str) -> &str {
    id.trim_start_matches('0')
}

fn texts(spans: &[&Span], text: impl Fn(&Span) -> &Arc<str>) -> Column {
    Column::Text(TextColumn::of_texts(spans.iter().map(|span| Some(Arc::clone(text(span))))))
}

fn attributes<'s>(spans: &[&'s Span], key: &str, of: impl Fn(&'s Span) -> &'s Attrs) -> Column {
    column_of_values(spans.iter().map(|span| attribute(of(span), key)).collect())
}

fn attribute(attributes: &Attrs, key: &str) -> Value {
    attributes.get(key).map_or(Value::Nil, Value::of_attribute)
}

/// An array on one event counts as that many values.
fn flatten(value: Value, values: &mut Vec<Value>) {
    match value {
        Value::Array(items) => values.extend(items.iter().cloned()),
        value => values.push(value),
    }
}

fn lists(spans: &[&Span], push: impl Fn(&Span, &mut Vec<Value>)) -> Column {
    let mut values = Vec::new();
    let mut offsets = vec![0];
    for span in spans {
        push(span, &mut values);
        offsets.push(u32::try_from(values.len()).unwrap_or(u32::MAX));
    }
    Column::Lists { offsets, values }
}

/// The tightest column for these values.
pub(super) fn column_of_values(values: Vec<Value>) -> Column {
    let mut types = values.iter().map(Value::kind).filter(|kind| *kind != Type::Nil);
    let Some(first) = types.next() else {
        return Column::Absent;
    };
    if !types.all(|kind| kind == first) {
        return Column::Mixed(values);
    }
    match first {
        Type::Int => Column::Int(plain(&values, |value| match value {
            Value::Int(value) => Some(*value),
            _ => None,
        })),
        Type::Duration => Column::Duration(plain(&values, |value| match value {
            Value::Duration(ns) => Some(*ns),
            _ => None,
        })),
        Type::Float => Column::Float(plain(&values, |value| match value {
            Value::Float(value) => Some(*value),
            _ => None,
        })),
        Type::Bool => Column::Bool(plain(&values, |value| match value {
            Value::Bool(value) => Some(*value),
            _ => None,
        })),
        Type::Str => Column::Text(TextColumn::of_texts(values.into_iter().map(|value| match value {
            Value::Str(text) => Some(text),
            _ => None,
        }))),
        _ => Column::Mixed(values),
    }
}

fn plain<T: Copy + Default>(values: &[Value], get: impl Fn(&Value) -> Option<T>) -> Plain<T> {
    let all: Vec<Option<T>> = values.iter().map(get).collect();
    let present = if all.iter().all(Option::is_some) {
        None
    } else {
        Some(Bits::from_fn(all.len(), |row| all[row].is_some()))
    };
    Plain { values: all.into_iter().map(Option::unwrap_or_default).collect(), present }
}

/// Every attribute of a span, its events, links, resource and scope.
pub fn every_attribute(span: &Span) -> Vec<crate::source::ScopedAttribute> {
    let scopes = [
        (AttributeScope::Span, &span.attributes),
        (AttributeScope::Resource, &span.resource.attributes),
        (AttributeScope::Instrumentation, &span.scope.attributes),
    ];
    let scopes = scopes
        .into_iter()
        .chain(span.events.iter().map(|event| (AttributeScope::Event, &event.attributes)))
        .chain(span.links.iter().map(|link| (AttributeScope::Link, &link.attributes)));
    let pairs = scopes.flat_map(|(scope, attributes)| {
        let pairs = attributes.0.iter();
        pairs.map(move |(key, value)| (scope, Arc::clone(key), Value::of_attribute(value)))
    });
    pairs.collect()
}
