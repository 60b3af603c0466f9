//! Where a compiled expression finds the value of an attribute or intrinsic.

use super::Rows;
use crate::columns::{Column, strip_zeros};
use crate::value::Value;

/// A column, or what a batch knows of every span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Slot {
    /// A column of the batch by number.
    Column(usize),
    /// Duration of the span.
    Duration,
    /// Id of the span.
    SpanId,
    /// Id of the parent; zeros for a root.
    ParentId,
    /// Id of the trace, without leading zeros.
    TraceId,
}

impl Slot {
    /// The column, for slots that are one.
    pub(super) fn column<'b>(self, rows: &Rows<'b>) -> Option<&'b Column> {
        match self {
            Self::Column(index) => Some(rows.batch.columns.get(index).unwrap_or(&Column::Absent)),
            _ => None,
        }
    }

    /// The value of a row, counted from the start of the range.
    pub fn value(self, rows: &Rows<'_>, row: usize) -> Value {
        let batch = rows.batch;
        let at = rows.range.start + row;
        match self {
            Self::Column(_) => self.column(rows).map_or(Value::Nil, |column| column.value(at)),
            Self::Duration => Value::Duration(batch.durations[at]),
            Self::SpanId => Value::text(&batch.span_ids[at].to_string()),
            Self::ParentId => Value::text(&batch.parent_ids[at].unwrap_or_default().to_string()),
            Self::TraceId => {
                let trace = batch.traces.partition_point(|trace| trace.rows.end <= at);
                let id = batch.traces.get(trace).map(|trace| trace.id).unwrap_or_default();
                Value::text(strip_zeros(&id.to_string()))
            }
        }
    }
}

/// The first value there is.
pub fn value(slots: &[Slot], rows: &Rows<'_>, row: usize) -> Value {
    let values = slots.iter().map(|slot| slot.value(rows, row));
    values.into_iter().find(|value| !value.is_nil()).unwrap_or(Value::Nil)
}

/// Whether `x != nil` (true) or `x = nil` (false) holds.
pub fn exists(slots: &[Slot], rows: &Rows<'_>, row: usize, is_there: bool) -> bool {
    let at = rows.range.start + row;
    match slots {
        [slot] => slot.column(rows).map_or(is_there, |column| column.exists(at, is_there)),
        slots => value(slots, rows, row).is_nil() != is_there,
    }
}

/// The only slot that has any value in this batch, so that its column can be tested as a whole.
pub fn single(slots: &[Slot], rows: &Rows<'_>) -> Option<Slot> {
    let is_absent = |slot: &Slot| matches!(slot.column(rows), Some(Column::Absent));
    let mut present = slots.iter().filter(|slot| !is_absent(slot));
    match (present.next(), present.next()) {
        (Some(slot), None) => Some(*slot),
        (None, _) => slots.first().copied(),
        _ => None,
    }
}
