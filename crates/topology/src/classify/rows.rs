//! Spans as rows of a batch of `model::schema::spans`, read without building attributes: typed columns directly, the JSON
//! text in one pass, and only for spans that can be half of a call.

use std::borrow::Cow;

use arrow::array::{Array, AsArray, BinaryViewArray, Int32Array, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Int32Type, Int64Type};
use model::schema::spans::{Column, well_known_at};
use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN};
use model::{Attrs, SpanId, SpanKind, StatusCode, TraceId};

use super::slots::{Slot, Slots, Value};
use super::{LINKS_MAX, SpanView, json};
use crate::error::Error;

/// The columns of one batch.
#[derive(Debug)]
pub struct SpanRows<'a> {
    rows: usize,
    trace_id: &'a BinaryViewArray,
    span_id: &'a BinaryViewArray,
    parent: &'a BinaryViewArray,
    name: &'a StringViewArray,
    kind: &'a Int32Array,
    status: &'a Int32Array,
    start: &'a Int64Array,
    duration: &'a Int64Array,
    received: &'a Int64Array,
    trace_state: &'a StringViewArray,
    attributes: &'a StringViewArray,
    links: &'a StringViewArray,
    spellings: &'a Int64Array,
    resource: Vec<&'a StringViewArray>,
    texts: Vec<(Slot, usize, &'a StringViewArray)>,
    ints: Vec<(Slot, usize, &'a Int64Array)>,
}

impl<'a> SpanRows<'a> {
    /// Checks that `batch` has the columns of `model::schema::spans`.
    pub fn new(batch: &'a RecordBatch) -> Result<Self, Error> {
        for (at, field) in model::schema::spans::schema().fields().iter().enumerate() {
            if batch.columns().get(at).is_none_or(|column| column.data_type() != field.data_type()) {
                let name = Column::ALL.get(at).map(|column| column.name());
                let well_known = || WELL_KNOWN.get(at.wrapping_sub(Column::ALL.len())).map(|w| w.column);
                return Err(Error::Column(name.or_else(well_known).unwrap_or_default()));
            }
        }
        let bytes = |column: Column| batch.column(column.at()).as_binary_view();
        let text = |column: Column| batch.column(column.at()).as_string_view();
        let int = |column: Column| batch.column(column.at()).as_primitive::<Int32Type>();
        let long = |column: Column| batch.column(column.at()).as_primitive::<Int64Type>();
        let mut resource = vec![text(Column::ResourceAttributes)];
        let (mut texts, mut ints) = (Vec::new(), Vec::new());
        for (at, column) in WELL_KNOWN.iter().enumerate() {
            let array = batch.column(well_known_at(at));
            match (column.level, column.column_type) {
                (Level::Resource, _) => resource.push(array.as_string_view()),
                // A column that is null throughout, as most are in most batches, is not looked at a row.
                _ if array.null_count() == array.len() => {}
                (Level::Span, ColumnType::Text) => {
                    texts.extend(Slot::of(column.key).map(|(slot, _)| (slot, at, array.as_string_view())));
                }
                (Level::Span, ColumnType::Int) => {
                    let array = array.as_primitive::<Int64Type>();
                    ints.extend(Slot::of(column.key).map(|(slot, _)| (slot, at, array)));
                }
            }
        }
        Ok(Self {
            rows: batch.num_rows(),
            trace_id: bytes(Column::TraceId),
            span_id: bytes(Column::SpanId),
            parent: bytes(Column::ParentSpanId),
            name: text(Column::Name),
            kind: int(Column::Kind),
            status: int(Column::StatusCode),
            start: long(Column::Start),
            duration: long(Column::Duration),
            received: long(Column::Received),
            trace_state: text(Column::TraceState),
            attributes: text(Column::Attributes),
            links: text(Column::Links),
            spellings: long(Column::Spellings),
            resource,
            texts,
            ints,
        })
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// The span of a row below [`SpanRows::len`].
    pub fn view(&self, row: usize) -> SpanView<'a> {
        let span_id = SpanId::from_slice(self.span_id.value(row)).unwrap_or_default();
        let parent = present(self.parent, row).then(|| SpanId::from_slice(self.parent.value(row))).flatten();
        let kind = SpanKind(self.kind.value(row));
        SpanView {
            trace_id: TraceId::from_slice(self.trace_id.value(row)).unwrap_or_default(),
            span_id,
            parent: parent.filter(|parent| !parent.is_zero() && *parent != span_id),
            name: self.name.value(row),
            kind,
            status: StatusCode(self.status.value(row)),
            start_ns: self.start.value(row),
            duration_ns: self.duration.value(row),
            received_ns: self.received.value(row),
            trace_state: text_at(self.trace_state, row).unwrap_or_default(),
            links: text_at(self.links, row).map(links).unwrap_or_default(),
            slots: self.slots(row, kind),
        }
    }

    fn slots(&self, row: usize, kind: SpanKind) -> Option<Box<Slots<'a>>> {
        let attributes = text_at(self.attributes, row);
        // An INTERNAL span is a half only if an old tag names another kind, and a proxy's only by Envoy's tags; a rate of
        // sampling may stand on any span.
        if kind == SpanKind::INTERNAL {
            let tags = [
                "span.kind",
                "component\":\"proxy",
                "node_id",
                "istio.",
                "upstream_cluster",
                "ampl",
                "guid:x-",
            ];
            if attributes.is_none_or(|text| !tags.iter().any(|tag| text.contains(tag))) {
                return None;
            }
        }
        let mut slots = Box::new(Slots::default());
        let bits = if present(self.spellings, row) { self.spellings.value(row) } else { 0 };
        let is_present = |at: usize| WELL_KNOWN[at].spelling_of(bits) != Spelling::Old;
        for (slot, at, array) in &self.texts {
            if let Some(text) = text_at(array, row) {
                let same_key =
                    WELL_KNOWN[*at].old_key.is_some() || Slot::of(WELL_KNOWN[*at].key) == Some((*slot, true));
                slots.put(*slot, same_key && is_present(*at), Value::Text(Cow::Borrowed(text)));
            }
        }
        for (slot, at, array) in &self.ints {
            if present(*array, row) {
                let same_key =
                    WELL_KNOWN[*at].old_key.is_some() || Slot::of(WELL_KNOWN[*at].key) == Some((*slot, true));
                slots.put(*slot, same_key && is_present(*at), Value::Int(array.value(row)));
            }
        }
        if let Some(text) = attributes {
            json::scan(text, &mut slots);
        }
        Some(slots)
    }

    /// Whether two rows have the same resource as far as the views can tell: equal views are equal texts; different views
    /// may still be.
    pub fn same_resource(&self, a: usize, b: usize) -> bool {
        self.resource
            .iter()
            .all(|array| array.is_null(a) == array.is_null(b) && array.views().get(a) == array.views().get(b))
    }

    /// Appends what tells a row's resource from others.
    pub fn resource_key(&self, row: usize, key: &mut Vec<u8>) {
        for array in &self.resource {
            match text_at(array, row) {
                None => key.extend_from_slice(&u32::MAX.to_le_bytes()),
                Some(text) => {
                    key.extend_from_slice(&(text.len() as u32).to_le_bytes());
                    key.extend_from_slice(text.as_bytes());
                }
            }
        }
    }

    /// A row's resource attributes. Both spellings of a key appear under the present one, which is all that is asked here.
    pub fn resource_attributes(&self, row: usize) -> Attrs {
        let json = self.resource.first().and_then(|array| text_at(array, row));
        let mut attributes =
            json.and_then(|text| model::attr_json::read::parse_attrs(text).ok()).unwrap_or_default();
        let columns = WELL_KNOWN.iter().filter(|column| column.level == Level::Resource);
        for (column, array) in columns.zip(self.resource.iter().skip(1)) {
            if let Some(text) = text_at(array, row) {
                attributes.push(column.key, text);
            }
        }
        attributes
    }
}

fn present(array: &impl Array, row: usize) -> bool {
    !array.is_null(row)
}

fn text_at(array: &StringViewArray, row: usize) -> Option<&str> {
    present(array, row).then(|| array.value(row))
}

fn links(text: &str) -> Vec<(TraceId, SpanId)> {
    let links = model::attr_json::read::parse_links(text).unwrap_or_default();
    links.into_iter().take(LINKS_MAX).map(|link| (link.trace_id, link.span_id)).collect()
}
