//! Spans held in memory to a batch, folding well-known attributes by the rules of `schema::well_known`.

use std::sync::Arc;

use arrow::array::{ArrayRef, BinaryViewBuilder, Int32Builder, Int64Builder, RecordBatch, StringViewBuilder};

use crate::attr_json::write::{attrs_to_string, events_to_string, links_to_string};
use crate::attrs::{AttrValue, Attrs};
use crate::schema::spans::{Column, schema};
use crate::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN, column_of};
use crate::span::Span;

/// The batch of `spans` in their order.
pub fn batch_of(spans: &[Span]) -> RecordBatch {
    let rows: Vec<Row> = spans.iter().map(Row::of).collect();
    let mut columns: Vec<ArrayRef> = Column::ALL.iter().map(|c| fixed(*c, spans, &rows)).collect();
    for (at, column) in WELL_KNOWN.iter().enumerate() {
        columns.push(match column.column_type {
            ColumnType::Text => {
                texts(rows.iter().map(|row| row.folded[at].as_ref().and_then(AttrValue::as_str)))
            }
            ColumnType::Int => {
                let mut builder = Int64Builder::new();
                for row in &rows {
                    builder.append_option(row.folded[at].as_ref().and_then(AttrValue::as_int));
                }
                Arc::new(builder.finish())
            }
        });
    }
    // The columns are made from the schema's own list, so they fit it.
    RecordBatch::try_new(schema(), columns).unwrap_or_else(|_| RecordBatch::new_empty(schema()))
}

/// What folding leaves of one span.
struct Row {
    folded: Vec<Option<AttrValue>>,
    spellings: i64,
    attributes: Option<String>,
    resource_attributes: Option<String>,
}

impl Row {
    fn of(span: &Span) -> Self {
        let mut folded = vec![None; WELL_KNOWN.len()];
        let mut spellings = 0;
        let rest = fold(Level::Span, &span.attributes, &mut folded, &mut spellings);
        let resource = fold(Level::Resource, &span.resource.attributes, &mut folded, &mut spellings);
        Self { folded, spellings, attributes: rest, resource_attributes: resource }
    }
}

/// Moves what folds into `folded` and gives the JSON text of the rest, `None` when nothing is left.
///
/// A first pass finds the new spellings, because an old one that came before yields to it.
fn fold(
    level: Level,
    attrs: &Attrs,
    folded: &mut [Option<AttrValue>],
    spellings: &mut i64,
) -> Option<String> {
    let mut taken = vec![false; attrs.len()];
    for old_pass in [false, true] {
        for (at, (key, value)) in attrs.iter().enumerate() {
            let Some((position, old)) = column_of(level, key) else { continue };
            let column = &WELL_KNOWN[position];
            let fits = match column.column_type {
                ColumnType::Text => matches!(value, AttrValue::Str(_)),
                ColumnType::Int => matches!(value, AttrValue::Int(_)),
            };
            // Only the first of a doubled key folds; the others stay in the text.
            if old != old_pass || !fits || attrs.0[..at].iter().any(|(k, _)| **k == *key) {
                continue;
            }
            match &folded[position] {
                None => {
                    folded[position] = Some(value.clone());
                    *spellings |= column.spelling_bits(if old { Spelling::Old } else { Spelling::New });
                }
                Some(new) if old && new == value => *spellings |= column.spelling_bits(Spelling::Both),
                Some(_) => continue,
            }
            taken[at] = true;
        }
    }
    let rest: Attrs =
        Attrs(attrs.0.iter().zip(&taken).filter(|(_, taken)| !**taken).map(|(p, _)| p.clone()).collect());
    (!rest.is_empty()).then(|| attrs_to_string(&rest))
}

fn fixed(column: Column, spans: &[Span], rows: &[Row]) -> ArrayRef {
    let count = |value: u32| i32::try_from(value).unwrap_or(i32::MAX);
    match column {
        Column::TraceId => bytes(spans.iter().map(|s| Some(&s.trace_id.0[..]))),
        Column::SpanId => bytes(spans.iter().map(|s| Some(&s.span_id.0[..]))),
        Column::ParentSpanId => bytes(spans.iter().map(|s| s.parent_span_id.as_ref().map(|id| &id.0[..]))),
        Column::Name => texts(spans.iter().map(|s| Some(&*s.name))),
        Column::Kind => ints(spans.iter().map(|s| s.kind.0)),
        Column::StatusCode => ints(spans.iter().map(|s| s.status_code.0)),
        Column::Start => longs(spans.iter().map(|s| Some(s.start.0))),
        Column::Duration => longs(spans.iter().map(|s| Some(s.duration_nano))),
        Column::Received => longs(spans.iter().map(|s| Some(s.received.0))),
        Column::StatusMessage => texts(spans.iter().map(|s| non_empty(&s.status_message))),
        Column::TraceState => texts(spans.iter().map(|s| non_empty(&s.trace_state))),
        Column::Flags => longs(spans.iter().map(|s| Some(i64::from(s.flags)))),
        Column::Attributes => texts(rows.iter().map(|row| row.attributes.as_deref())),
        Column::ResourceAttributes => texts(rows.iter().map(|row| row.resource_attributes.as_deref())),
        Column::ScopeAttributes => owned(
            spans
                .iter()
                .map(|s| (!s.scope.attributes.is_empty()).then(|| attrs_to_string(&s.scope.attributes))),
        ),
        Column::Events => {
            owned(spans.iter().map(|s| (!s.events.is_empty()).then(|| events_to_string(&s.events))))
        }
        Column::Links => {
            owned(spans.iter().map(|s| (!s.links.is_empty()).then(|| links_to_string(&s.links))))
        }
        Column::ScopeName => texts(spans.iter().map(|s| non_empty(&s.scope.name))),
        Column::ScopeVersion => texts(spans.iter().map(|s| non_empty(&s.scope.version))),
        Column::ScopeSchemaUrl => texts(spans.iter().map(|s| non_empty(&s.scope.schema_url))),
        Column::ResourceSchemaUrl => texts(spans.iter().map(|s| non_empty(&s.resource.schema_url))),
        Column::DroppedAttributes => ints(spans.iter().map(|s| count(s.dropped_attributes_count))),
        Column::DroppedEvents => ints(spans.iter().map(|s| count(s.dropped_events_count))),
        Column::DroppedLinks => ints(spans.iter().map(|s| count(s.dropped_links_count))),
        Column::ResourceDropped => ints(spans.iter().map(|s| count(s.resource.dropped_attributes_count))),
        Column::ScopeDropped => ints(spans.iter().map(|s| count(s.scope.dropped_attributes_count))),
        Column::Spellings => longs(rows.iter().map(|row| (row.spellings != 0).then_some(row.spellings))),
    }
}

fn non_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn texts<'a>(values: impl Iterator<Item = Option<&'a str>>) -> ArrayRef {
    let mut builder = StringViewBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn owned(values: impl Iterator<Item = Option<String>>) -> ArrayRef {
    let mut builder = StringViewBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn bytes<'a>(values: impl Iterator<Item = Option<&'a [u8]>>) -> ArrayRef {
    let mut builder = BinaryViewBuilder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}

fn ints(values: impl Iterator<Item = i32>) -> ArrayRef {
    let mut builder = Int32Builder::new();
    values.for_each(|value| builder.append_value(value));
    Arc::new(builder.finish())
}

fn longs(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    let mut builder = Int64Builder::new();
    values.for_each(|value| builder.append_option(value));
    Arc::new(builder.finish())
}
