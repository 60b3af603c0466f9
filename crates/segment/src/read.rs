//! Bytes of a Parquet file back to rows.
//!
//! In: the bytes of ranges that this module asked for. Out: the parsed footer, then batches in the table's
//! column types. The reading itself is the caller's: [`Footer::range_to_read`] and [`Footer::parse`] for
//! the footer, [`plan`] and [`decode`] for rows. A file of an earlier version lacks columns: they come
//! back as nulls. A file of a later version is refused by name.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, new_null_array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use bytes::{Buf, Bytes};
use model::TraceId;
use model::schema::spans::Column;
use model::schema::{spans, traces};
use parquet::DecodeResult;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataPushDecoder};
use parquet::file::reader::{ChunkReader, Length};
use parquet::file::statistics::Statistics;

use crate::Error;
use crate::encoding;

/// Bytes at the end of a file that are read first; larger footers ask once more.
const FIRST_READ: u64 = 256 << 10;

/// Ranges closer than this are read as one.
const GAP: u64 = 16 << 10;

/// Rows of a decoded batch at most.
const BATCH_ROWS: usize = 8192;

const WHAT: &str = "parquet file";

/// The table that a file belongs to, as this software knows it.
#[derive(Debug, Clone)]
pub struct Table {
    /// Name, compared with the file's.
    pub name: &'static str,
    /// Columns.
    pub schema: SchemaRef,
    /// Version of the column list.
    pub version: u32,
}

impl Table {
    /// The table `spans`.
    pub fn spans() -> Self {
        Self { name: "spans", schema: spans::schema(), version: spans::VERSION }
    }

    /// The table `traces`.
    pub fn traces() -> Self {
        Self { name: "traces", schema: traces::schema(), version: traces::VERSION }
    }
}

/// The parsed footer of a file, page index included. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Footer {
    file_len: u64,
    table: Table,
    reader: ArrowReaderMetadata,
    /// For each column of the table its position in the file.
    places: Arc<[Option<usize>]>,
}

/// What parsing a footer gives.
#[derive(Debug)]
pub enum Parsed {
    /// The footer.
    Footer(Footer),
    /// The footer is longer: parse again with the bytes of this range.
    Needs(Range<u64>),
}

impl Footer {
    /// The range to read first of a file of this length.
    pub fn range_to_read(file_len: u64) -> Range<u64> {
        file_len.saturating_sub(FIRST_READ)..file_len
    }

    /// Parses the footer of a file of this length from its last bytes.
    pub fn parse(table: &Table, file_len: u64, last_bytes: &Bytes) -> Result<Parsed, Error> {
        let given = last_bytes.len() as u64;
        if given > file_len {
            return Err(Error::damaged(WHAT, "more bytes given than the file has"));
        }
        let start = file_len - given;
        let mut decoder = ParquetMetaDataPushDecoder::try_new(file_len)?
            .with_column_index_policy(PageIndexPolicy::Optional)
            .with_offset_index_policy(PageIndexPolicy::Optional);
        decoder.push_range(start..file_len, last_bytes.clone())?;
        match guard(|| Ok(decoder.try_decode()?))? {
            DecodeResult::Data(metadata) => Ok(Parsed::Footer(Self::of(table.clone(), file_len, metadata)?)),
            DecodeResult::NeedsData(ranges) => {
                let from = ranges.iter().map(|range| range.start).min().unwrap_or(0);
                if from >= start {
                    return Err(Error::damaged(WHAT, "the footer names bytes after its end"));
                }
                Ok(Parsed::Needs(from..file_len))
            }
            DecodeResult::Finished => Err(Error::damaged(WHAT, "no footer")),
        }
    }

    fn of(table: Table, file_len: u64, metadata: ParquetMetaData) -> Result<Self, Error> {
        let found = |key| find(&metadata, key);
        if found(encoding::TABLE).is_some_and(|name| name != table.name) {
            return Err(Error::damaged(WHAT, format!("its rows are not of table `{}`", table.name)));
        }
        let version = found(encoding::SCHEMA_VERSION).and_then(|text| text.parse().ok()).unwrap_or(0);
        if version > table.version {
            let writer = found(encoding::WRITER_VERSION).unwrap_or("unknown");
            let what = format!("a file of table `{}` by throughline {writer}", table.name);
            return Err(Error::Later { what, found: version, known: table.version });
        }
        let descr = metadata.file_metadata().schema_descr();
        let mut places = vec![None; table.schema.fields().len()];
        let mut fields = Vec::with_capacity(descr.num_columns());
        for at in 0..descr.num_columns() {
            let column = descr.column(at);
            let known = table.schema.column_with_name(column.name()).filter(|_| column.max_rep_level() == 0);
            let (place, field) = known.ok_or_else(|| Error::Column(column.name().to_owned()))?;
            places[place] = Some(at);
            fields.push(Field::new(field.name(), field.data_type().clone(), column.max_def_level() > 0));
        }
        for (field, place) in table.schema.fields().iter().zip(&places) {
            if place.is_none() && !field.is_nullable() {
                return Err(Error::Column(field.name().clone()));
            }
        }
        for group in metadata.row_groups() {
            let wrong = group.num_rows() < 0
                || group.columns().iter().any(|column| {
                    let first = column.dictionary_page_offset().unwrap_or(column.data_page_offset());
                    let end = first.checked_add(column.compressed_size());
                    first < 0 || column.compressed_size() < 0 || end.is_none_or(|end| end as u64 > file_len)
                });
            if wrong {
                return Err(Error::damaged(WHAT, "a column lies outside the file"));
            }
        }
        let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(fields)));
        let reader = ArrowReaderMetadata::try_new(Arc::new(metadata), options)?;
        Ok(Self { file_len, table, reader, places: places.into() })
    }

    /// The metadata as the Parquet crate has it.
    pub fn metadata(&self) -> &Arc<ParquetMetaData> {
        self.reader.metadata()
    }

    /// Number of row groups.
    pub fn row_groups(&self) -> usize {
        self.metadata().num_row_groups()
    }

    /// Rows of a row group; 0 of one that is not there.
    pub fn rows_of(&self, row_group: usize) -> usize {
        self.metadata().row_groups().get(row_group).map_or(0, |group| group.num_rows() as usize)
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.metadata().row_groups().iter().map(|group| group.num_rows() as u64).sum()
    }

    /// Length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// A fact of the footer under one of the keys in [`encoding`].
    pub fn fact(&self, key: &str) -> Option<&str> {
        find(self.metadata(), key)
    }

    /// First and last WAL record whose rows are in the file.
    pub fn wal_range(&self) -> Option<(u64, u64)> {
        let (first, last) = self.fact(encoding::WAL_RANGE)?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }

    /// How often the rows were compacted.
    pub fn level(&self) -> Option<u32> {
        self.fact(encoding::LEVEL)?.parse().ok()
    }
}

fn find<'a>(metadata: &'a ParquetMetaData, key: &str) -> Option<&'a str> {
    let facts = metadata.file_metadata().key_value_metadata()?;
    facts.iter().find(|fact| fact.key == key)?.value.as_deref()
}

/// What to read and how to decode it.
#[derive(Debug, Clone)]
pub struct Plan {
    row_groups: Vec<usize>,
    /// Positions in the table, ascending.
    columns: Vec<usize>,
    /// Those of them that have values in these row groups; the others are null throughout and are not read.
    read: Vec<usize>,
    selection: Option<RowSelection>,
    ranges: Vec<Range<u64>>,
}

impl Plan {
    /// The byte ranges whose bytes [`decode`] wants, in this order.
    pub fn ranges(&self) -> &[Range<u64>] {
        &self.ranges
    }
}

/// Plans the reading of row groups in the given order. `columns` are positions in the table, `None` all
/// of them; `selection` counts rows over the row groups joined in that order. With a selection only the
/// pages that hold selected rows are read.
pub fn plan(
    footer: &Footer,
    row_groups: &[usize],
    columns: Option<&[usize]>,
    selection: Option<&RowSelection>,
) -> Result<Plan, Error> {
    let mut columns = match columns {
        Some(columns) => columns.to_vec(),
        None => (0..footer.places.len()).collect(),
    };
    columns.sort_unstable();
    columns.dedup();
    if let Some(outside) = columns.iter().find(|at| **at >= footer.places.len()) {
        return Err(Error::Column(format!("number {outside}")));
    }
    let metadata = footer.metadata();
    let has_values = |column: &usize| {
        let Some(leaf) = footer.places[*column] else { return false };
        row_groups.iter().filter_map(|at| metadata.row_groups().get(*at)).any(|group| {
            let nulls = group.column(leaf).statistics().and_then(Statistics::null_count_opt);
            nulls.is_none_or(|nulls| nulls as i64 != group.num_rows())
        })
    };
    let read: Vec<usize> = columns
        .iter()
        .copied()
        .filter(|column| !footer.table.schema.field(*column).is_nullable() || has_values(column))
        .collect();
    let mut ranges = Vec::new();
    let mut rest = selection.cloned();
    for at in row_groups {
        let group = metadata
            .row_groups()
            .get(*at)
            .ok_or_else(|| Error::damaged(WHAT, format!("no row group {at}")))?;
        let here = rest.as_mut().map(|rest| rest.split_off(group.num_rows() as usize));
        if here.as_ref().is_some_and(|here| !here.selects_any()) {
            continue;
        }
        for leaf in read.iter().filter_map(|column| footer.places[*column]) {
            let (start, len) = group.column(leaf).byte_range();
            let pages = metadata
                .offset_index()
                .and_then(|index| index.get(*at)?.get(leaf))
                .map(|index| index.page_locations().as_slice());
            match (&here, pages) {
                (Some(here), Some(pages)) => {
                    // The dictionary stands before the first page.
                    if let Some(first) = pages.first().filter(|first| first.offset as u64 > start) {
                        ranges.push(start..first.offset as u64);
                    }
                    ranges.extend(here.scan_ranges(pages));
                }
                _ => ranges.push(start..start + len),
            }
        }
    }
    if ranges.iter().any(|range| range.start > range.end || range.end > footer.file_len) {
        return Err(Error::damaged(WHAT, "a page lies outside the file"));
    }
    Ok(Plan {
        row_groups: row_groups.to_vec(),
        columns,
        read,
        selection: selection.cloned(),
        ranges: joined(ranges),
    })
}

/// Sorts ranges and joins those that touch or nearly touch.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP) => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Decodes what was planned. `bytes` are those of [`Plan::ranges`], one for one.
pub fn decode(footer: &Footer, plan: &Plan, bytes: &[Bytes]) -> Result<Vec<RecordBatch>, Error> {
    let whole = plan.ranges.len() == bytes.len()
        && plan.ranges.iter().zip(bytes).all(|(r, b)| r.end - r.start == b.len() as u64);
    if !whole {
        return Err(Error::damaged(WHAT, "a range was not read whole"));
    }
    let pieces = plan.ranges.iter().map(|range| range.start).zip(bytes.iter().cloned()).collect();
    let leaves = plan.read.iter().filter_map(|column| footer.places[*column]);
    let mask = ProjectionMask::leaves(footer.reader.parquet_schema(), leaves);
    let source = Pieces { file_len: footer.file_len, pieces };
    let mut builder = ParquetRecordBatchReaderBuilder::new_with_metadata(source, footer.reader.clone())
        .with_batch_size(BATCH_ROWS)
        .with_projection(mask)
        .with_row_groups(plan.row_groups.clone());
    if let Some(selection) = &plan.selection {
        builder = builder.with_row_selection(selection.clone());
    }
    let fields = plan.columns.iter().map(|at| footer.table.schema.field(*at).clone());
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    guard(|| {
        let mut batches = Vec::new();
        for batch in builder.build()? {
            batches.push(complete(footer, plan, &schema, &batch?)?);
        }
        Ok(batches)
    })
}

/// Puts the columns in the table's order and fills in those that the file lacks or that have no value.
fn complete(
    footer: &Footer,
    plan: &Plan,
    schema: &SchemaRef,
    batch: &RecordBatch,
) -> Result<RecordBatch, Error> {
    // One array without values serves all columns of a type.
    let mut nulls: Vec<ArrayRef> = Vec::new();
    let mut columns = Vec::with_capacity(plan.columns.len());
    for at in &plan.columns {
        let field = footer.table.schema.field(*at);
        if plan.read.binary_search(at).is_ok() && footer.places[*at].is_some() {
            let found = batch
                .column_by_name(field.name())
                .filter(|column| column.data_type() == field.data_type())
                .ok_or_else(|| Error::Column(field.name().clone()))?;
            columns.push(Arc::clone(found));
            continue;
        }
        let known = nulls.iter().find(|array| array.data_type() == field.data_type());
        let array = match known {
            Some(array) => Arc::clone(array),
            None => {
                let array = new_null_array(field.data_type(), batch.num_rows());
                nulls.push(Arc::clone(&array));
                array
            }
        };
        columns.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(SchemaRef::clone(schema), columns, &options)?)
}

/// Row ranges of a trace in one row group, from its decoded trace ids. Whole traces stand together, so there is at most one
/// range unless the rows were not sorted.
pub fn trace_rows(trace_ids: &[RecordBatch], id: &TraceId) -> Result<Vec<Range<usize>>, Error> {
    use arrow::array::AsArray;
    let mut found: Vec<Range<usize>> = Vec::new();
    let mut row = 0;
    for batch in trace_ids {
        let column = batch
            .column_by_name(Column::TraceId.name())
            .filter(|column| *column.data_type() == DataType::BinaryView)
            .ok_or_else(|| Error::Column(Column::TraceId.name().to_owned()))?;
        for value in column.as_binary_view() {
            if value == Some(&id.0[..]) {
                match found.last_mut().filter(|last| last.end == row) {
                    Some(last) => last.end += 1,
                    None => found.push(row..row + 1),
                }
            }
            row += 1;
        }
    }
    Ok(found)
}

/// Runs a part of the Parquet library that may panic on damaged bytes, which to us is one more error.
fn guard<T>(read: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(read))
        .unwrap_or_else(|_| Err(Error::damaged(WHAT, "the decoder gave up")))
}

/// The pieces of a file that were read.
struct Pieces {
    file_len: u64,
    pieces: Vec<(u64, Bytes)>,
}

impl Pieces {
    fn from(&self, start: u64) -> Result<Bytes, ParquetError> {
        let after = self.pieces.partition_point(|(first, _)| *first <= start);
        after
            .checked_sub(1)
            .and_then(|at| self.pieces.get(at))
            .and_then(|(first, bytes)| {
                let skip = usize::try_from(start - first).ok()?;
                (skip <= bytes.len()).then(|| bytes.slice(skip..))
            })
            .ok_or_else(|| ParquetError::EOF(format!("byte {start} was not planned")))
    }
}

impl Length for Pieces {
    fn len(&self) -> u64 {
        self.file_len
    }
}

impl ChunkReader for Pieces {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!("{length} bytes at {start} were not planned")));
        }
        Ok(bytes.slice(..length))
    }
}
