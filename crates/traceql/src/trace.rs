//! What is computed from all spans of a trace: nested sets, child counts, root names, duration.
//!
//! In: a batch of whole traces. Out: the same batch with those columns filled, and the nested sets
//! for the structural operators. Never fed with fragments.

use std::sync::Arc;

use model::SpanKind;

use crate::ast::{AttributeScope, Intrinsic};
use crate::columns::{Batch, Column, Field, Plain, TextColumn};
use crate::nested_set::{NestedSets, Node};
use crate::program::Fields;
use crate::value::Value;

/// Adds the stored fields that the computed ones are made of.
pub fn add_dependencies(fields: &mut Fields) {
    let has = |fields: &Fields, wanted: Intrinsic| fields.as_slice().contains(&Field::Intrinsic(wanted));
    if has(fields, Intrinsic::RootName) {
        fields.add(Field::Intrinsic(Intrinsic::Name));
    }
    if has(fields, Intrinsic::RootServiceName) {
        fields.add(service_name());
    }
}

/// The field of `service.name`.
pub fn service_name() -> Field {
    Field::Attribute(AttributeScope::Resource, Arc::from("service.name"))
}

/// Whether a field is made of nested sets, which need the spans' kinds.
pub fn is_nested_set(field: &Field) -> bool {
    matches!(
        field,
        Field::Intrinsic(
            Intrinsic::ChildCount
                | Intrinsic::NestedSetLeft
                | Intrinsic::NestedSetRight
                | Intrinsic::NestedSetParent
        )
    )
}

/// The row of the trace's root: the earliest span without a parent.
pub fn root_row(batch: &Batch, rows: std::ops::Range<usize>) -> Option<usize> {
    let roots = rows.filter(|row| batch.parent_ids[*row].is_none_or(|id| id.is_zero()));
    roots.min_by_key(|row| (batch.starts[*row], batch.span_ids[*row]))
}

/// Earliest start and latest end of the spans in `rows`.
pub fn bounds(batch: &Batch, rows: std::ops::Range<usize>) -> (i64, i64) {
    let start = rows.clone().map(|row| batch.starts[row]).min().unwrap_or(0);
    let end = rows.map(|row| batch.starts[row].saturating_add(batch.durations[row])).max();
    (start, end.unwrap_or(0).max(start))
}

/// Nested sets, one a trace of the batch, when `wanted`.
pub fn nested_sets(batch: &Batch, fields: &[Field], wanted: bool) -> Vec<NestedSets> {
    if !wanted {
        return Vec::new();
    }
    let kinds = fields
        .iter()
        .position(|field| *field == Field::Intrinsic(Intrinsic::Kind))
        .and_then(|index| batch.columns.get(index));
    let kind = |row: usize| match kinds {
        Some(Column::Kind(kinds)) => kinds[row],
        _ => SpanKind::UNSPECIFIED,
    };
    let of_trace = |rows: std::ops::Range<usize>| {
        let nodes: Vec<Node> = rows
            .map(|row| Node {
                id: batch.span_ids[row],
                parent: batch.parent_ids[row].filter(|id| !id.is_zero()),
                kind: kind(row),
                start: batch.starts[row],
            })
            .collect();
        NestedSets::of(&nodes)
    };
    batch.traces.iter().map(|trace| of_trace(trace.rows.clone())).collect()
}

/// Fills the computed columns among `fields`.
pub fn fill(batch: &mut Batch, fields: &[Field], sets: &[NestedSets]) {
    for (index, field) in fields.iter().enumerate() {
        let Field::Intrinsic(intrinsic) = field else {
            continue;
        };
        let numbers = |of: fn(&NestedSets) -> &Vec<i32>| {
            let all = sets.iter().flat_map(|sets| of(sets).iter().map(|number| i64::from(*number)));
            Column::Int(Plain { values: all.collect(), present: None })
        };
        let column = match intrinsic {
            Intrinsic::ChildCount => numbers(|sets| &sets.child_count),
            Intrinsic::NestedSetLeft => numbers(|sets| &sets.left),
            Intrinsic::NestedSetRight => numbers(|sets| &sets.right),
            Intrinsic::NestedSetParent => numbers(|sets| &sets.parent),
            Intrinsic::TraceDuration => trace_durations(batch),
            Intrinsic::RootName => root_texts(batch, position(fields, &Field::Intrinsic(Intrinsic::Name))),
            Intrinsic::RootServiceName => root_texts(batch, position(fields, &service_name())),
            _ => continue,
        };
        if let Some(slot) = batch.columns.get_mut(index) {
            *slot = column;
        }
    }
}

fn position(fields: &[Field], wanted: &Field) -> Option<usize> {
    fields.iter().position(|field| field == wanted)
}

fn trace_durations(batch: &Batch) -> Column {
    let mut values = Vec::with_capacity(batch.rows());
    for trace in &batch.traces {
        let (start, end) = bounds(batch, trace.rows.clone());
        values.extend(trace.rows.clone().map(|_| end.saturating_sub(start)));
    }
    Column::Duration(Plain { values, present: None })
}

/// The root's text for every span of its trace; empty where there is no root.
fn root_texts(batch: &Batch, column: Option<usize>) -> Column {
    let mut dictionary = Vec::with_capacity(batch.traces.len());
    let mut codes = Vec::with_capacity(batch.rows());
    for trace in &batch.traces {
        let root = root_row(batch, trace.rows.clone());
        let code = dictionary.len() as u32;
        dictionary.push(text_at(batch, column, root));
        codes.extend(trace.rows.clone().map(|_| Some(code)));
    }
    Column::Text(TextColumn::new(codes, dictionary))
}

/// The text in a column at a row; empty where there is none.
pub fn text_at(batch: &Batch, column: Option<usize>, row: Option<usize>) -> Arc<str> {
    let value = match (column.and_then(|index| batch.columns.get(index)), row) {
        (Some(column), Some(row)) => column.value(row),
        _ => Value::Nil,
    };
    match value {
        Value::Str(text) => text,
        _ => Arc::from(""),
    }
}
