//! The order of spans in a file: whole traces together, traces by their earliest start.
//!
//! In: batches of `schema::spans` in any order. Out: the order as positions, and batches in that order,
//! made a piece at a time so that no second copy of all rows stands in memory. The key of a row is (earliest
//! start of its trace among these rows, trace id, mark of its resource and name, start, span id, content,
//! receipt): a total order up to rows that are equal in all, so the result depends on the set of rows
//! alone, never on how they came. The mark is a hash: inside a trace it brings spans together that look
//! alike, which makes files smaller; it has no other meaning.
//!
//! Duplicates go: of rows with equal ids and equal content (every column but the receipt time) the one
//! received first stays. Different spans that share one id all stay.

use std::cmp::Ordering;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewArray, Int64Array, RecordBatch, StringViewArray, new_null_array,
};
use arrow::compute::interleave;
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use hashbrown::HashMap;
use model::schema::spans::{Column, schema, well_known_at};
use model::schema::well_known::WELL_KNOWN;
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use crate::Error;
use crate::rows::{Place, Rows, all_places};

/// Rows of the batches that sorting to memory makes.
const BATCH_ROWS: usize = 8192;

/// The columns that decide the order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Keys<'a> {
    trace: &'a BinaryViewArray,
    span: &'a BinaryViewArray,
    start: &'a Int64Array,
}

impl<'a> Keys<'a> {
    /// Checks that the batch has the columns of `schema::spans`.
    pub(crate) fn of(batch: &'a RecordBatch) -> Result<Self, Error> {
        check_schema(batch)?;
        Ok(Self::of_checked(batch))
    }

    /// The same of a batch whose columns were checked.
    ///
    /// # Panics
    /// When they were not.
    pub(crate) fn of_checked(batch: &'a RecordBatch) -> Self {
        Self {
            trace: batch.column(Column::TraceId.at()).as_binary_view(),
            span: batch.column(Column::SpanId.at()).as_binary_view(),
            start: batch.column(Column::Start.at()).as_primitive::<Int64Type>(),
        }
    }

    pub(crate) fn trace(&self, row: usize) -> Result<u128, Error> {
        trace_key(self.trace.value(row))
    }

    pub(crate) fn start(&self, row: usize) -> i64 {
        self.start.value(row)
    }

    fn span(&self, row: usize) -> Result<u64, Error> {
        self.span
            .value(row)
            .try_into()
            .map(u64::from_be_bytes)
            .map_err(|_| Error::Column("span_id".to_owned()))
    }
}

/// A trace id as a number that sorts as its bytes do.
pub(crate) fn trace_key(id: &[u8]) -> Result<u128, Error> {
    id.try_into().map(u128::from_be_bytes).map_err(|_| Error::Column("trace_id".to_owned()))
}

/// Whether `batch` has exactly the columns of `schema::spans`.
pub(crate) fn check_schema(batch: &RecordBatch) -> Result<(), Error> {
    let schema = schema();
    for (at, field) in schema.fields().iter().enumerate() {
        let same = at < batch.num_columns()
            && batch.column(at).data_type() == field.data_type()
            && (field.is_nullable() || batch.column(at).null_count() == 0);
        if !same {
            return Err(Error::Column(field.name().clone()));
        }
    }
    if batch.num_columns() > schema.fields().len() {
        return Err(Error::Column(batch.schema().field(schema.fields().len()).name().clone()));
    }
    Ok(())
}

/// A row with the part of its key that is decided inside its trace.
#[derive(Debug, Clone, Copy)]
struct Row {
    /// Number of its trace.
    trace: u32,
    mark: u64,
    start: i64,
    span: u64,
    batch: u32,
    row: u32,
}

impl Row {
    fn key(&self) -> (u64, i64, u64) {
        (self.mark, self.start, self.span)
    }
}

/// A trace, its earliest start, and how many rows it has.
#[derive(Debug, Clone, Copy)]
struct Trace {
    id: u128,
    start: i64,
    rows: u32,
}

/// The texts that make the mark of a row, the ones of the resource first.
struct Marks<'a> {
    resource: [&'a StringViewArray; 4],
    name: &'a StringViewArray,
    last: Option<([u128; 4], u64)>,
}

impl<'a> Marks<'a> {
    fn of(batch: &'a RecordBatch) -> Self {
        let well_known = |name: &str| {
            let at = WELL_KNOWN.iter().position(|column| column.column == name);
            batch.column(well_known_at(at.unwrap_or(0))).as_string_view()
        };
        Self {
            resource: [
                well_known("service_name"),
                well_known("service_instance_id"),
                well_known("k8s_pod_name"),
                batch.column(Column::ResourceAttributes.at()).as_string_view(),
            ],
            name: batch.column(Column::Name.at()).as_string_view(),
            last: None,
        }
    }

    fn mark(&mut self, row: usize) -> u64 {
        // Rows of one resource often share its texts, so that equal views spare the hashing.
        let views = self.resource.map(|texts| if texts.is_null(row) { 0 } else { texts.views()[row] });
        let resource = match self.last {
            Some((last, mark)) if last == views => mark,
            _ => self.resource.iter().fold(0, |mark, texts| {
                let text = if texts.is_null(row) { "" } else { texts.value(row) };
                xxh3_64_with_seed(text.as_bytes(), mark)
            }),
        };
        self.last = Some((views, resource));
        let name = xxh3_64(self.name.value(row).as_bytes());
        resource & 0xffff_ffff_0000_0000 | name >> 32
    }
}

/// The sorted and distinct rows of some batches, as positions in them.
#[derive(Debug, Clone)]
pub struct SpanOrder {
    rows: Vec<Place>,
    dropped: u64,
}

impl SpanOrder {
    /// Sorts the rows of `batches`.
    pub fn of(batches: &[RecordBatch]) -> Result<Self, Error> {
        Self::without(batches, &[])
    }

    /// The rows as they come, for batches that are sorted already.
    pub fn as_is(batches: &[RecordBatch]) -> Self {
        Self { rows: all_places(batches), dropped: 0 }
    }

    /// Sorts the rows of `batches` and drops those that rows of `known` equal; no row of `known` is in the result.
    pub fn without(batches: &[RecordBatch], known: &[RecordBatch]) -> Result<Self, Error> {
        let count: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let mut rows: Vec<Row> = Vec::with_capacity(count);
        let mut traces: Vec<Trace> = Vec::new();
        let mut numbers: HashMap<u128, u32> = HashMap::new();
        for (at, batch) in batches.iter().chain(known).enumerate() {
            let keys = Keys::of(batch)?;
            let mut marks = Marks::of(batch);
            let is_known = at >= batches.len();
            for row in 0..batch.num_rows() {
                let (id, start) = (keys.trace(row)?, keys.start(row));
                let number = match numbers.get(&id) {
                    Some(number) => *number,
                    None if is_known => continue,
                    None => {
                        // Batches are counted by the WAL and rows by batches; neither passes 32 bits.
                        let number = traces.len() as u32;
                        traces.push(Trace { id, start, rows: 0 });
                        numbers.insert(id, number);
                        number
                    }
                };
                let trace = &mut traces[number as usize];
                trace.rows += 1;
                if !is_known {
                    trace.start = trace.start.min(start);
                }
                let (span, mark) = (keys.span(row)?, marks.mark(row));
                rows.push(Row { trace: number, mark, start, span, batch: at as u32, row: row as u32 });
            }
        }
        let place = |row: &Row| {
            let at = row.batch as usize;
            let batch = batches.get(at).unwrap_or_else(|| &known[at - batches.len()]);
            (batch, row.row as usize)
        };
        let is_known = |row: &Row| row.batch as usize >= batches.len();
        let order = by_trace(&mut traces, &rows);
        let mut sorted = Vec::with_capacity(count);
        let mut trace: Vec<Row> = Vec::new();
        for of_trace in order.chunk_by(|a, b| rows[*a as usize].trace == rows[*b as usize].trace) {
            trace.clear();
            trace.extend(of_trace.iter().map(|at| rows[*at as usize]));
            trace.sort_unstable_by(|a, b| {
                a.key()
                    .cmp(&b.key())
                    .then_with(|| compare_content(place(a), place(b)))
                    .then_with(|| is_known(b).cmp(&is_known(a)))
                    .then_with(|| received(place(a)).cmp(&received(place(b))))
            });
            let mut kept: Option<&Row> = None;
            for row in &trace {
                let again =
                    |kept: &Row| kept.key() == row.key() && compare_content(place(kept), place(row)).is_eq();
                if kept.is_some_and(again) {
                    continue;
                }
                kept = Some(row);
                if !is_known(row) {
                    sorted.push(Place { source: row.batch, row: row.row });
                }
            }
        }
        let dropped = (count - sorted.len()) as u64;
        Ok(Self { rows: sorted, dropped })
    }

    /// How many rows were dropped as duplicates.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many rows stay.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether no row stays.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The rows that stay, in order.
    pub(crate) fn places(&self) -> &[Place] {
        &self.rows
    }

    /// The sorted rows as batches of at most `batch_rows` rows. `batches` are those that were sorted.
    pub fn batches<'a>(
        &'a self,
        batches: &'a [RecordBatch],
        batch_rows: usize,
    ) -> impl Iterator<Item = Result<RecordBatch, Error>> + 'a {
        let all: Vec<Option<&RecordBatch>> = batches.iter().map(Some).collect();
        self.rows.chunks(batch_rows.max(1)).map(move |places| {
            // Only the batches that the piece needs: view arrays carry every buffer of their sources along.
            let rows = Rows::picked(&all, places);
            let places: Vec<(usize, usize)> =
                rows.places.iter().map(|place| (place.source as usize, place.row as usize)).collect();
            gather(&rows.sources, &places)
        })
    }
}

/// Positions of the rows, those of a trace together, traces by (earliest start, id).
fn by_trace(traces: &mut [Trace], rows: &[Row]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..traces.len() as u32).collect();
    order.sort_unstable_by_key(|at| (traces[*at as usize].start, traces[*at as usize].id));
    // From here on `rows` of a trace says where its next row goes.
    let mut next = 0;
    for at in order {
        let trace = &mut traces[at as usize];
        let count = trace.rows;
        trace.rows = next;
        next += count;
    }
    let mut out = vec![0; rows.len()];
    for (at, row) in rows.iter().enumerate() {
        let trace = &mut traces[row.trace as usize];
        out[trace.rows as usize] = at as u32;
        trace.rows += 1;
    }
    out
}

/// The rows at `places`. Most columns of most batches are null throughout and need no gathering.
fn gather(sources: &[&RecordBatch], places: &[(usize, usize)]) -> Result<RecordBatch, Error> {
    let schema = schema();
    let mut columns: Vec<ArrayRef> = Vec::with_capacity(schema.fields().len());
    for (at, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<&dyn Array> = sources.iter().map(|batch| &**batch.column(at)).collect();
        columns.push(if arrays.iter().all(|array| array.null_count() == array.len()) {
            new_null_array(field.data_type(), places.len())
        } else {
            interleave(&arrays, places)?
        });
    }
    Ok(RecordBatch::try_new(schema, columns)?)
}

/// Sorted and distinct rows in memory, and how many duplicates were dropped. Large sets go by
/// [`SpanOrder`], which gives them piece by piece.
pub fn sort_spans(batches: &[RecordBatch]) -> Result<(Vec<RecordBatch>, u64), Error> {
    let order = SpanOrder::of(batches)?;
    let sorted = order.batches(batches, BATCH_ROWS).collect::<Result<_, _>>()?;
    Ok((sorted, order.dropped()))
}

fn received((batch, row): (&RecordBatch, usize)) -> i64 {
    batch.column(Column::Received.at()).as_primitive::<Int64Type>().value(row)
}

/// Compares two rows by every column but the receipt time.
fn compare_content((a, a_row): (&RecordBatch, usize), (b, b_row): (&RecordBatch, usize)) -> Ordering {
    for at in 0..a.num_columns() {
        if at == Column::Received.at() {
            continue;
        }
        let order = compare_cell((a.column(at), a_row), (b.column(at), b_row));
        if order.is_ne() {
            return order;
        }
    }
    Ordering::Equal
}

fn compare_cell((a, a_row): (&ArrayRef, usize), (b, b_row): (&ArrayRef, usize)) -> Ordering {
    match (a.is_null(a_row), b.is_null(b_row)) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        (false, false) => {}
    }
    match a.data_type() {
        DataType::Utf8View => a.as_string_view().value(a_row).cmp(b.as_string_view().value(b_row)),
        DataType::BinaryView => a.as_binary_view().value(a_row).cmp(b.as_binary_view().value(b_row)),
        DataType::Int32 => {
            let (a, b) = (a.as_primitive::<Int32Type>(), b.as_primitive::<Int32Type>());
            a.value(a_row).cmp(&b.value(b_row))
        }
        // `check_schema` let nothing else through.
        _ => {
            let (a, b) = (a.as_primitive::<Int64Type>(), b.as_primitive::<Int64Type>());
            a.value(a_row).cmp(&b.value(b_row))
        }
    }
}
