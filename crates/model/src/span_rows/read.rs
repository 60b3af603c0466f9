//! A batch of spans read row by row. In: a batch with the columns of `schema::spans`, complete. Out: spans
//! as sent. A projection without some columns is not read here.

use std::sync::Arc;

use arrow::array::{Array, AsArray, BinaryViewArray, Int32Array, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Int32Type, Int64Type};
use hashbrown::HashMap;

use crate::attr_json::read::{JsonError, parse_attrs, parse_events, parse_links};
use crate::attrs::{AttrValue, Attrs};
use crate::ids::{SpanId, TraceId};
use crate::schema::spans::{Column, well_known_at};
use crate::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN};
use crate::span::{Resource, Scope, Span, SpanKind, StatusCode};
use crate::time::TimeNs;

/// A row could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowError {
    /// The batch lacks a column or has it in another type.
    Column(&'static str),
    /// A JSON text is broken.
    Json(&'static str, JsonError),
}

impl std::fmt::Display for RowError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(name) => write!(f, "column `{name}` is absent or of another type"),
            Self::Json(name, error) => write!(f, "column `{name}`: {error}"),
        }
    }
}

impl std::error::Error for RowError {}

/// A column of a well-known attribute.
enum Folded<'a> {
    Text(&'a StringViewArray),
    Int(&'a Int64Array),
}

/// Reads spans out of one batch.
pub struct SpanReader<'a> {
    batch: &'a RecordBatch,
    well_known: Vec<Folded<'a>>,
    keys: Vec<(Arc<str>, Arc<str>)>,
    resources: HashMap<Vec<u8>, Arc<Resource>>,
    scopes: HashMap<Vec<u8>, Arc<Scope>>,
}

impl std::fmt::Debug for SpanReader<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanReader").field("rows", &self.batch.num_rows()).finish_non_exhaustive()
    }
}

impl<'a> SpanReader<'a> {
    /// Checks that `batch` has the columns of `schema::spans`.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, RowError> {
        let schema = crate::schema::spans::schema();
        for (at, field) in schema.fields().iter().enumerate() {
            let same = at < batch.num_columns() && batch.column(at).data_type() == field.data_type();
            if !same {
                let fixed = Column::ALL.get(at).map(|column| column.name());
                let well_known = || WELL_KNOWN.get(at - Column::ALL.len()).map(|w| w.column);
                return Err(RowError::Column(fixed.or_else(well_known).unwrap_or_default()));
            }
        }
        let well_known = WELL_KNOWN
            .iter()
            .enumerate()
            .map(|(at, column)| {
                let array = batch.column(well_known_at(at));
                match column.column_type {
                    ColumnType::Text => Folded::Text(array.as_string_view()),
                    ColumnType::Int => Folded::Int(array.as_primitive::<Int64Type>()),
                }
            })
            .collect();
        let keys = WELL_KNOWN
            .iter()
            .map(|column| (Arc::from(column.key), Arc::from(column.old_key.unwrap_or_default())))
            .collect();
        Ok(Self { batch, well_known, keys, resources: HashMap::new(), scopes: HashMap::new() })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.batch.num_rows()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The span of a row, which must be below [`SpanReader::len`].
    pub fn span(&mut self, row: usize) -> Result<Span, RowError> {
        let parent = self.bytes(Column::ParentSpanId);
        let parent_span_id = if parent.is_null(row) { None } else { SpanId::from_slice(parent.value(row)) };
        let mut attributes = self.json(Column::Attributes, row)?;
        self.put_back(Level::Span, row, &mut attributes);
        let events = match self.text(Column::Events, row) {
            None => Vec::new(),
            Some(text) => parse_events(text).map_err(|e| RowError::Json("events", e))?,
        };
        let links = match self.text(Column::Links, row) {
            None => Vec::new(),
            Some(text) => parse_links(text).map_err(|e| RowError::Json("links", e))?,
        };
        Ok(Span {
            trace_id: TraceId::from_slice(self.bytes(Column::TraceId).value(row)).unwrap_or_default(),
            span_id: SpanId::from_slice(self.bytes(Column::SpanId).value(row)).unwrap_or_default(),
            parent_span_id,
            name: self.shared(Column::Name, row),
            kind: SpanKind(self.int(Column::Kind).value(row)),
            start: TimeNs(self.long(Column::Start).value(row)),
            duration_nano: self.long(Column::Duration).value(row),
            status_code: StatusCode(self.int(Column::StatusCode).value(row)),
            status_message: self.shared(Column::StatusMessage, row),
            trace_state: self.shared(Column::TraceState, row),
            flags: self.long(Column::Flags).value(row) as u32,
            attributes,
            dropped_attributes_count: self.count(Column::DroppedAttributes, row),
            events,
            dropped_events_count: self.count(Column::DroppedEvents, row),
            links,
            dropped_links_count: self.count(Column::DroppedLinks, row),
            resource: self.resource(row)?,
            scope: self.scope(row)?,
            received: TimeNs(self.long(Column::Received).value(row)),
        })
    }

    fn resource(&mut self, row: usize) -> Result<Arc<Resource>, RowError> {
        let mut key = Vec::with_capacity(256);
        self.key_text(&mut key, Column::ResourceAttributes, row);
        self.key_text(&mut key, Column::ResourceSchemaUrl, row);
        key.extend_from_slice(&self.count(Column::ResourceDropped, row).to_le_bytes());
        key.extend_from_slice(&self.spellings(row).to_le_bytes());
        for (at, column) in WELL_KNOWN.iter().enumerate() {
            if column.level == Level::Resource
                && let Some(Folded::Text(array)) = self.well_known.get(at)
            {
                push_key(&mut key, (!array.is_null(row)).then(|| array.value(row)));
            }
        }
        if let Some(found) = self.resources.get(&key) {
            return Ok(Arc::clone(found));
        }
        let mut attributes = self.json(Column::ResourceAttributes, row)?;
        self.put_back(Level::Resource, row, &mut attributes);
        let resource = Arc::new(Resource {
            attributes,
            dropped_attributes_count: self.count(Column::ResourceDropped, row),
            schema_url: self.shared(Column::ResourceSchemaUrl, row),
        });
        self.resources.insert(key, Arc::clone(&resource));
        Ok(resource)
    }

    fn scope(&mut self, row: usize) -> Result<Arc<Scope>, RowError> {
        let mut key = Vec::with_capacity(64);
        for column in
            [Column::ScopeName, Column::ScopeVersion, Column::ScopeAttributes, Column::ScopeSchemaUrl]
        {
            self.key_text(&mut key, column, row);
        }
        key.extend_from_slice(&self.count(Column::ScopeDropped, row).to_le_bytes());
        if let Some(found) = self.scopes.get(&key) {
            return Ok(Arc::clone(found));
        }
        let scope = Arc::new(Scope {
            name: self.shared(Column::ScopeName, row),
            version: self.shared(Column::ScopeVersion, row),
            attributes: self.json(Column::ScopeAttributes, row)?,
            dropped_attributes_count: self.count(Column::ScopeDropped, row),
            schema_url: self.shared(Column::ScopeSchemaUrl, row),
        });
        self.scopes.insert(key, Arc::clone(&scope));
        Ok(scope)
    }

    /// Appends the attributes that were folded into columns, under the keys that were sent.
    fn put_back(&self, level: Level, row: usize, attributes: &mut Attrs) {
        let spellings = self.spellings(row);
        for (at, column) in WELL_KNOWN.iter().enumerate() {
            if column.level != level {
                continue;
            }
            let value = match self.well_known.get(at) {
                Some(Folded::Text(array)) if !array.is_null(row) => AttrValue::from(array.value(row)),
                Some(Folded::Int(array)) if !array.is_null(row) => AttrValue::Int(array.value(row)),
                _ => continue,
            };
            let Some((new, old)) = self.keys.get(at) else { continue };
            match column.spelling_of(spellings) {
                Spelling::New => attributes.0.push((Arc::clone(new), value)),
                Spelling::Old => attributes.0.push((Arc::clone(old), value)),
                Spelling::Both => {
                    attributes.0.push((Arc::clone(new), value.clone()));
                    attributes.0.push((Arc::clone(old), value));
                }
            }
        }
    }

    fn spellings(&self, row: usize) -> i64 {
        let array = self.long(Column::Spellings);
        if array.is_null(row) { 0 } else { array.value(row) }
    }

    fn bytes(&self, column: Column) -> &'a BinaryViewArray {
        self.batch.column(column.at()).as_binary_view()
    }

    fn int(&self, column: Column) -> &'a Int32Array {
        self.batch.column(column.at()).as_primitive::<Int32Type>()
    }

    fn long(&self, column: Column) -> &'a Int64Array {
        self.batch.column(column.at()).as_primitive::<Int64Type>()
    }

    fn count(&self, column: Column, row: usize) -> u32 {
        u32::try_from(self.int(column).value(row)).unwrap_or(0)
    }

    fn text(&self, column: Column, row: usize) -> Option<&'a str> {
        let array: &'a StringViewArray = self.batch.column(column.at()).as_string_view();
        (!array.is_null(row)).then(|| array.value(row))
    }

    fn shared(&self, column: Column, row: usize) -> Arc<str> {
        Arc::from(self.text(column, row).unwrap_or_default())
    }

    fn json(&self, column: Column, row: usize) -> Result<Attrs, RowError> {
        match self.text(column, row) {
            None => Ok(Attrs::new()),
            Some(text) => parse_attrs(text).map_err(|error| RowError::Json(column.name(), error)),
        }
    }

    fn key_text(&self, key: &mut Vec<u8>, column: Column, row: usize) {
        push_key(key, self.text(column, row));
    }
}

/// Appends a text so that no two lists of texts give the same key.
fn push_key(key: &mut Vec<u8>, text: Option<&str>) {
    match text {
        None => key.extend_from_slice(&u32::MAX.to_le_bytes()),
        Some(text) => {
            key.extend_from_slice(&(text.len() as u32).to_le_bytes());
            key.extend_from_slice(text.as_bytes());
        }
    }
}
