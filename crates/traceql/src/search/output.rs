//! Found traces as the answer shows them.

use std::sync::Arc;

use model::{StatusCode, TimeNs};

use super::{FoundSpan, FoundSpanset, FoundTrace, SearchPlan, ServiceStats};
use crate::ast::Intrinsic;
use crate::columns::{Batch, Field};
use crate::program::{Rows, Slot};
use crate::spansets::Spanset;
use crate::trace;
use crate::value::{Patterns, Value};

/// A trace of the first pass; names, attributes and services come in the second.
pub(super) fn found_trace(batch: &Batch, n: usize, spansets: &[Spanset], spans_max: usize) -> FoundTrace {
    let trace = &batch.traces[n];
    let (start, end) = trace::bounds(batch, trace.rows.clone());
    let first = trace.rows.start;
    let found = spansets.iter().map(|spanset| {
        let mut rows: Vec<usize> = spanset.rows.iter().collect();
        rows.sort_by_key(|row| (batch.starts[first + row], batch.span_ids[first + row]));
        rows.truncate(spans_max);
        FoundSpanset {
            matched: spanset.rows.count(),
            attributes: spanset.attributes.clone(),
            spans: rows.into_iter().map(|row| found_span(batch, first, row)).collect(),
        }
    });
    FoundTrace {
        id: trace.id,
        root_service_name: Arc::from(""),
        root_name: Arc::from(""),
        start: TimeNs(start),
        duration_nano: end.saturating_sub(start),
        spansets: found.collect(),
        services: Vec::new(),
    }
}

fn found_span(batch: &Batch, first: usize, row: usize) -> FoundSpan {
    FoundSpan {
        id: batch.span_ids[first + row],
        start: TimeNs(batch.starts[first + row]),
        duration_nano: batch.durations[first + row],
        name: None,
        attributes: Vec::new(),
        row,
    }
}

impl SearchPlan {
    /// Adds what the second pass brings. A trace that is gone meanwhile stays as it was found.
    pub(super) fn complete(&self, batch: &mut Batch, found: &mut [FoundTrace]) {
        let fields = &self.request.second_pass;
        let sets = trace::nested_sets(batch, fields, self.output_needs_sets);
        trace::fill(batch, fields, &sets);
        let batch = &*batch;
        let column = |field: &Field| fields.iter().position(|known| known == field);
        let name = column(&Field::Intrinsic(Intrinsic::Name));
        let service = column(&trace::service_name());
        let status = column(&Field::Intrinsic(Intrinsic::Status));
        let patterns = Patterns::default();
        for trace in &batch.traces {
            let Some(found) = found.iter_mut().find(|found| found.id == trace.id) else {
                continue;
            };
            let root = trace::root_row(batch, trace.rows.clone());
            found.root_name = trace::text_at(batch, name, root);
            found.root_service_name = trace::text_at(batch, service, root);
            found.services = services(batch, trace.rows.clone(), service, status);
            let rows = Rows { batch, range: trace.rows.clone(), patterns: &patterns };
            for span in found.spansets.iter_mut().flat_map(|spanset| &mut spanset.spans) {
                if span.row >= rows.len() {
                    continue;
                }
                if self.shows_name {
                    let row = Some(trace.rows.start + span.row);
                    span.name = Some(trace::text_at(batch, name, row));
                }
                span.attributes = self.attributes(&rows, span.row);
            }
        }
    }

    fn attributes(&self, rows: &Rows<'_>, row: usize) -> Vec<(Arc<str>, Value)> {
        let mut shown: Vec<(Arc<str>, Value)> = Vec::new();
        for (attribute, slots) in &self.outputs {
            // One value an attribute: of several events or links the last that has it.
            let value = match slots.as_slice() {
                [Slot::Column(index)] => {
                    let at = rows.range.start + row;
                    let column = rows.batch.columns.get(*index);
                    let list = column.map_or(&[][..], |column| column.list(at));
                    match list.iter().rev().find(|value| !value.is_nil()) {
                        Some(last) => last.clone(),
                        None => slots[0].value(rows, row),
                    }
                }
                slots => {
                    let mut values = slots.iter().map(|slot| slot.value(rows, row));
                    values.find(|value| !value.is_nil()).unwrap_or(Value::Nil)
                }
            };
            let name = match attribute.intrinsic {
                Some(intrinsic) => Arc::from(intrinsic.name()),
                None => Arc::clone(&attribute.name),
            };
            let is_known = shown.iter().any(|(known, other)| *known == name && *other == value);
            if !value.is_nil() && !is_known {
                shown.push((name, value));
            }
        }
        shown
    }
}

fn services(
    batch: &Batch,
    rows: std::ops::Range<usize>,
    service: Option<usize>,
    status: Option<usize>,
) -> Vec<ServiceStats> {
    let mut services: Vec<ServiceStats> = Vec::new();
    for row in rows {
        let name = trace::text_at(batch, service, Some(row));
        let value = status.and_then(|index| batch.columns.get(index)).map(|column| column.value(row));
        let is_error = value == Some(Value::Status(StatusCode::ERROR));
        let at = services.binary_search_by(|known| known.service.cmp(&name)).unwrap_or_else(|at| {
            services.insert(at, ServiceStats { service: name, span_count: 0, error_count: 0 });
            at
        });
        services[at].span_count += 1;
        services[at].error_count += u32::from(is_error);
    }
    services
}
