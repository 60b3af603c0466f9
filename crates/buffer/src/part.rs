//! A run of requests of one tenant as one batch.

use std::sync::{Arc, OnceLock};

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, new_null_array};
use arrow::compute::concat;
use arrow::datatypes::Int32Type;
use hashbrown::HashSet;
use model::schema::spans::{Column, well_known_at};
use model::schema::well_known::WELL_KNOWN;
use model::{SpanKind, TenantId, TraceId};

/// Where one request's rows stand in a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Piece {
    /// WAL sequence number of the request.
    pub sequence: u64,
    /// Its first row.
    pub first_row: usize,
}

/// Distinct service (`None`: not sent), operation and kind.
pub type OperationKey = (Option<Arc<str>>, Arc<str>, SpanKind);

/// Rows of consecutive requests of one tenant.
#[derive(Debug)]
pub struct Part {
    /// Whose rows.
    pub tenant: TenantId,
    /// The rows, in the order of the log.
    pub batch: RecordBatch,
    /// The requests, in the order of the log.
    pub pieces: Vec<Piece>,
    /// What the rows hold in memory.
    pub bytes: u64,
    /// Earliest start of a row, nanoseconds since the epoch.
    pub start_min: i64,
    /// Latest start of a row.
    pub start_max: i64,
    operations: OnceLock<HashSet<OperationKey>>,
}

impl Part {
    /// The part of one request.
    pub fn of_request(tenant: TenantId, sequence: u64, batch: RecordBatch) -> Self {
        Self::new(tenant, batch, vec![Piece { sequence, first_row: 0 }])
    }

    fn new(tenant: TenantId, batch: RecordBatch, pieces: Vec<Piece>) -> Self {
        let starts = batch.column(Column::Start.at()).as_primitive::<arrow::datatypes::Int64Type>();
        let start_min = starts.values().iter().copied().min().unwrap_or(i64::MAX);
        let start_max = starts.values().iter().copied().max().unwrap_or(i64::MIN);
        let bytes = crate::bytes::batch_bytes(&batch);
        Self { tenant, batch, pieces, bytes, start_min, start_max, operations: OnceLock::new() }
    }

    /// One part out of several of the same tenant, in order.
    pub(crate) fn joined(parts: &[Arc<Self>]) -> Option<Self> {
        let first = parts.first()?;
        let mut pieces = Vec::new();
        let mut rows = 0;
        for part in parts {
            pieces.extend(part.pieces.iter().map(|p| Piece { first_row: p.first_row + rows, ..*p }));
            rows += part.batch.num_rows();
        }
        let schema = first.batch.schema();
        // Most columns of most batches have no value at all; one array without values serves all columns of a type.
        let mut nulls: Vec<ArrayRef> = Vec::new();
        let mut columns = Vec::with_capacity(schema.fields().len());
        for (at, field) in schema.fields().iter().enumerate() {
            let arrays: Vec<&dyn Array> = parts.iter().map(|part| &**part.batch.column(at)).collect();
            let without = arrays.iter().all(|array| array.null_count() == array.len());
            let known = nulls.iter().find(|array| without && array.data_type() == field.data_type());
            columns.push(match known {
                Some(array) => Arc::clone(array),
                None if without => {
                    let array = new_null_array(field.data_type(), rows);
                    nulls.push(Arc::clone(&array));
                    array
                }
                None => concat(&arrays).ok()?,
            });
        }
        let batch = RecordBatch::try_new(schema, columns).ok()?;
        Some(Self::new(first.tenant.clone(), batch, pieces))
    }

    /// The requests after `sequence` as a part that shares the rows' memory, and counts it whole; `None` when there are none.
    pub(crate) fn after(&self, sequence: u64) -> Option<Self> {
        let at = self.pieces.partition_point(|piece| piece.sequence <= sequence);
        let first = self.pieces.get(at)?.first_row;
        let pieces =
            self.pieces[at..].iter().map(|p| Piece { first_row: p.first_row - first, ..*p }).collect();
        let batch = self.batch.slice(first, self.batch.num_rows() - first);
        Some(Self::new(self.tenant.clone(), batch, pieces))
    }

    /// Sequence number of its first request.
    pub fn first_sequence(&self) -> u64 {
        self.pieces.first().map_or(u64::MAX, |piece| piece.sequence)
    }

    /// Sequence number of its last request.
    pub fn last_sequence(&self) -> u64 {
        self.pieces.last().map_or(0, |piece| piece.sequence)
    }

    /// The rows of one request, shared and not copied.
    pub fn request(&self, sequence: u64) -> Option<RecordBatch> {
        let at = self.pieces.binary_search_by_key(&sequence, |piece| piece.sequence).ok()?;
        let first = self.pieces.get(at)?.first_row;
        let end = self.pieces.get(at + 1).map_or(self.batch.num_rows(), |next| next.first_row);
        Some(self.batch.slice(first, end - first))
    }

    /// Rows of a trace, ascending.
    pub fn rows_of(&self, id: TraceId) -> Vec<usize> {
        let ids = self.batch.column(Column::TraceId.at()).as_binary_view();
        // A view begins with the length and the first four bytes: that compares without touching the data.
        let mut want = [0u8; 8];
        want[..4].copy_from_slice(&16u32.to_le_bytes());
        want[4..].copy_from_slice(&id.0[..4]);
        let want = u64::from_le_bytes(want);
        ids.views()
            .iter()
            .enumerate()
            .filter(|(row, view)| **view as u64 == want && ids.value(*row) == &id.0[..])
            .map(|(row, _)| row)
            .collect()
    }

    /// Distinct services, operations and kinds, computed once when first asked for.
    pub fn operations(&self) -> &HashSet<OperationKey> {
        self.operations.get_or_init(|| {
            let names = self.batch.column(Column::Name.at()).as_string_view();
            let kinds = self.batch.column(Column::Kind.at()).as_primitive::<Int32Type>();
            let service = WELL_KNOWN.iter().position(|w| w.column == "service_name").unwrap_or(0);
            let services = self.batch.column(well_known_at(service)).as_string_view();
            let mut seen = HashSet::new();
            let mut found = HashSet::new();
            for row in 0..self.batch.num_rows() {
                let service = (!services.is_null(row)).then(|| services.value(row));
                let key = (service, names.value(row), kinds.value(row));
                if seen.insert(key) {
                    found.insert((service.map(Arc::from), Arc::from(key.1), SpanKind(key.2)));
                }
            }
            found
        })
    }
}
