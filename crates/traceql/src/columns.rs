//! Decoded spans in columns: what a source hands up and what expressions are evaluated over.
//!
//! In: a source's columns, one a requested [`Field`]. Out: values by row and slices for
//! whole-column loops. Rows of one trace stand together. Ids, start and duration are always there;
//! what is computed from a whole trace (nested sets, root names) is filled in by [`crate::trace`],
//! never by a source.

mod build;
mod text;

use std::ops::Range;
use std::sync::Arc;

use model::{SpanId, SpanKind, StatusCode, TimeNs, TraceId};

pub(crate) use build::strip_zeros;
pub use build::{batch_of_spans, every_attribute};
pub use text::TextColumn;

use crate::ast::{AttributeScope, Intrinsic};
use crate::bits::Bits;
use crate::source::ScopedAttribute;
use crate::value::Value;

/// What one column holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Field {
    /// An attribute; the scope is never [`AttributeScope::Any`], which asks for two fields.
    Attribute(AttributeScope, Arc<str>),
    /// An intrinsic.
    Intrinsic(Intrinsic),
    /// W3C trace state, which tells the sampling threshold.
    TraceState,
}

impl Field {
    /// Whether a source fills the column; the others are computed from ids, times and whole traces.
    pub const fn is_stored(&self) -> bool {
        match self {
            Self::Attribute(..) | Self::TraceState => true,
            Self::Intrinsic(intrinsic) => {
                !intrinsic.needs_trace()
                    && !matches!(
                        intrinsic,
                        Intrinsic::Duration
                            | Intrinsic::SpanId
                            | Intrinsic::ParentId
                            | Intrinsic::TraceId
                            | Intrinsic::Parent
                    )
            }
        }
    }
}

/// Plain values with the rows that have one.
#[derive(Debug, Clone)]
pub struct Plain<T> {
    /// One a row; what stands where none is present does not matter.
    pub values: Vec<T>,
    /// Rows that have a value; `None` when all have.
    pub present: Option<Bits>,
}

impl<T> Plain<T> {
    fn get(&self, row: usize) -> Option<&T> {
        match &self.present {
            Some(present) if !present.contains(row) => None,
            _ => self.values.get(row),
        }
    }
}

/// One column.
#[derive(Debug, Clone, Default)]
pub enum Column {
    /// No row has a value.
    #[default]
    Absent,
    /// Whole numbers.
    Int(Plain<i64>),
    /// Floats.
    Float(Plain<f64>),
    /// Truth values.
    Bool(Plain<bool>),
    /// Nanoseconds.
    Duration(Plain<i64>),
    /// Status codes.
    Status(Vec<StatusCode>),
    /// Kinds.
    Kind(Vec<SpanKind>),
    /// Texts by dictionary.
    Text(TextColumn),
    /// Values of several types, or arrays.
    Mixed(Vec<Value>),
    /// One value an event or link of the row, nil where that one has none.
    Lists {
        /// Row `n` has `values[offsets[n]..offsets[n + 1]]`.
        offsets: Vec<u32>,
        /// All values.
        values: Vec<Value>,
    },
}

impl Column {
    /// The value of a row. Lists give the array of what is there, or nil.
    pub fn value(&self, row: usize) -> Value {
        match self {
            Self::Absent => Value::Nil,
            Self::Int(plain) => plain.get(row).map_or(Value::Nil, |value| Value::Int(*value)),
            Self::Float(plain) => plain.get(row).map_or(Value::Nil, |value| Value::Float(*value)),
            Self::Bool(plain) => plain.get(row).map_or(Value::Nil, |value| Value::Bool(*value)),
            Self::Duration(plain) => plain.get(row).map_or(Value::Nil, |ns| Value::Duration(*ns)),
            Self::Status(codes) => Value::Status(codes[row]),
            Self::Kind(kinds) => Value::Kind(kinds[row]),
            Self::Text(texts) => texts.get(row).map_or(Value::Nil, |text| Value::Str(Arc::clone(text))),
            Self::Mixed(values) => values[row].clone(),
            Self::Lists { .. } => {
                let items: Vec<Value> =
                    self.list(row).iter().filter(|item| !item.is_nil()).cloned().collect();
                if items.is_empty() { Value::Nil } else { Value::Array(items.into()) }
            }
        }
    }

    /// The values of a row of a list column, nil where an event or link has none.
    pub fn list(&self, row: usize) -> &[Value] {
        match self {
            Self::Lists { offsets, values } => &values[offsets[row] as usize..offsets[row + 1] as usize],
            _ => &[],
        }
    }

    /// Whether `x = nil` (false) or `x != nil` (true) holds for a row. An event's or link's
    /// attribute is both there and missing when some have it and some do not.
    pub fn exists(&self, row: usize, is_there: bool) -> bool {
        match self {
            Self::Lists { .. } => self.list(row).iter().any(|item| item.is_nil() != is_there),
            _ => self.is_present(row) == is_there,
        }
    }

    fn is_present(&self, row: usize) -> bool {
        match self {
            Self::Absent => false,
            Self::Int(plain) | Self::Duration(plain) => plain.get(row).is_some(),
            Self::Float(plain) => plain.get(row).is_some(),
            Self::Bool(plain) => plain.get(row).is_some(),
            Self::Status(_) | Self::Kind(_) => true,
            Self::Text(texts) => texts.get(row).is_some(),
            Self::Mixed(values) => !values[row].is_nil(),
            Self::Lists { .. } => self.list(row).iter().any(|item| !item.is_nil()),
        }
    }

    /// The tightest column for values of any types.
    pub fn of_values(values: Vec<Value>) -> Self {
        build::column_of_values(values)
    }

    /// Bytes held, roughly; for the memory budget.
    pub fn memory_bytes(&self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Int(plain) | Self::Duration(plain) => plain.values.len() * 8,
            Self::Float(plain) => plain.values.len() * 8,
            Self::Bool(plain) => plain.values.len(),
            Self::Status(codes) => codes.len() * 4,
            Self::Kind(kinds) => kinds.len() * 4,
            Self::Text(texts) => texts.memory_bytes(),
            Self::Mixed(values) | Self::Lists { values, .. } => values.len() * (size_of::<Value>() + 16),
        }
    }
}

/// The rows of one trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRows {
    /// Which trace.
    pub id: TraceId,
    /// Its rows.
    pub rows: Range<usize>,
}

/// Spans in columns.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// Covers all rows in order. In a piece of spans one trace may appear several times; when whole
    /// traces were asked for, each once.
    pub traces: Vec<TraceRows>,
    /// Own ids.
    pub span_ids: Vec<SpanId>,
    /// Ids of parents; `None` and the zero id for roots.
    pub parent_ids: Vec<Option<SpanId>>,
    /// Starts in nanoseconds since the epoch.
    pub starts: Vec<i64>,
    /// End minus start in nanoseconds.
    pub durations: Vec<i64>,
    /// One a requested field, in that order; fields that are not stored stay [`Column::Absent`].
    pub columns: Vec<Column>,
    /// Every attribute of every span, where that was asked for; else empty.
    pub every_attribute: Vec<Vec<ScopedAttribute>>,
}

impl Batch {
    /// Number of spans.
    pub fn rows(&self) -> usize {
        self.span_ids.len()
    }

    /// When a span started.
    pub fn start(&self, row: usize) -> TimeNs {
        TimeNs(self.starts[row])
    }

    /// Bytes held, roughly.
    pub fn memory_bytes(&self) -> usize {
        self.rows() * 40 + self.columns.iter().map(Column::memory_bytes).sum::<usize>()
    }
}
