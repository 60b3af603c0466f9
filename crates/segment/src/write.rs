//! Rows to the bytes of a Parquet file, with statistics and, for spans, the index.
//!
//! In: batches in the table's order. Out: bytes into the caller's writer and a [`Written`]. The caller
//! makes the bytes durable and gives the file its name.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::{FieldRef, SchemaRef};
use model::schema::spans;
use parquet::arrow::arrow_writer::ArrowWriterOptions;
use parquet::arrow::{ArrowSchemaConverter, ArrowWriter};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::{ColumnDescPtr, ColumnPath};

use crate::Error;
use crate::encoding::{self, SPANS_ORDER};
use crate::group::{Group, Known};
use crate::index::{IndexBuilder, SpanIndex};
use crate::pages;
use crate::pages::chunk::{ChunkWriter, Packer};
use crate::pages::column::Layout;
use crate::rows::{Place, Rows};
use crate::sort::{Keys, SpanOrder, check_schema};
use crate::stats::FileStats;
use crate::traces::TraceParts;

/// Facts about a file that its footer keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileInfo {
    /// First WAL record whose rows are in the file.
    pub wal_first: u64,
    /// Last WAL record whose rows are in the file.
    pub wal_last: u64,
    /// Name of the table.
    pub table: &'static str,
    /// Version of the table's column list.
    pub schema_version: u32,
    /// 0 for a flushed file, one more for each compaction.
    pub level: u32,
    /// Version of the software.
    pub writer_version: String,
}

/// How a file is laid out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOptions {
    /// Level of zstd, 1 to 22.
    pub compression_level: i32,
    /// Rows after which a row group ends at the next border of a trace; a trace longer than three times
    /// as many rows is cut.
    pub row_group_rows: usize,
    /// Rows a page.
    pub page_rows: usize,
}

impl WriteOptions {
    /// For flushed files: cheap to write.
    pub fn flush() -> Self {
        Self { compression_level: 1, row_group_rows: 20_000, page_rows: 20_000 }
    }

    /// For compacted files: small.
    pub fn compact() -> Self {
        Self { compression_level: 5, ..Self::flush() }
    }
}

/// What a finished file of spans holds.
#[derive(Debug, Clone)]
pub struct Written {
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Statistics for the table's log.
    pub stats: FileStats,
    /// Earliest start of a row, nanoseconds since the epoch; 0 in a file without rows.
    pub min_start: i64,
    /// Latest start of a row.
    pub max_start: i64,
    /// Latest end of a row (its start where the end lies before it).
    pub max_end: i64,
    /// The index to keep beside the file.
    pub index: SpanIndex,
    /// Rows of the table `traces`, if the writer was asked for them.
    pub trace_parts: Option<RecordBatch>,
}

/// What a finished file of any table holds.
#[derive(Debug, Clone)]
pub struct WrittenTable {
    /// Number of rows.
    pub rows: u64,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Statistics for the table's log.
    pub stats: FileStats,
}

/// Writes a file of any table, batch by batch; row groups end where [`TableWriter::end_row_group`] says.
pub struct TableWriter<W: Write + Send> {
    writer: ArrowWriter<W>,
    schema: SchemaRef,
    rows: u64,
}

impl<W: Write + Send> std::fmt::Debug for TableWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TableWriter").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> TableWriter<W> {
    /// Starts a file. `order` is the order of the rows as the footer tells it.
    pub fn new(
        schema: SchemaRef,
        order: &str,
        info: &FileInfo,
        options: &WriteOptions,
        out: W,
    ) -> Result<Self, Error> {
        let properties = encoding::properties(&schema, order, info, options);
        // Without Arrow's own schema the columns are plain strings and byte arrays to every engine.
        let options = ArrowWriterOptions::new().with_properties(properties).with_skip_arrow_metadata(true);
        let writer = ArrowWriter::try_new_with_options(out, SchemaRef::clone(&schema), options)?;
        Ok(Self { writer, schema, rows: 0 })
    }

    /// Appends rows, which must have the table's columns.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        for (at, field) in self.schema.fields().iter().enumerate() {
            if batch.columns().get(at).map(|column| column.data_type()) != Some(field.data_type()) {
                return Err(Error::Column(field.name().clone()));
            }
        }
        self.writer.write(batch)?;
        self.rows += batch.num_rows() as u64;
        Ok(())
    }

    /// Ends the present row group and writes it.
    pub fn end_row_group(&mut self) -> Result<(), Error> {
        Ok(self.writer.flush()?)
    }

    /// Writes the footer.
    pub fn finish(mut self) -> Result<WrittenTable, Error> {
        let metadata = self.writer.finish()?;
        let bytes = self.writer.bytes_written() as u64;
        Ok(WrittenTable { rows: self.rows, bytes, stats: FileStats::of(&metadata) })
    }
}

/// Writes a file of any table at once.
pub fn write_table(
    batches: &[RecordBatch],
    schema: SchemaRef,
    order: &str,
    info: &FileInfo,
    options: &WriteOptions,
    out: &mut (impl Write + Send),
) -> Result<WrittenTable, Error> {
    let mut writer = TableWriter::new(schema, order, info, options, out)?;
    let mut group_rows = 0;
    for batch in batches {
        let mut from = 0;
        while from < batch.num_rows() {
            let rows = (batch.num_rows() - from).min(options.row_group_rows.max(1) - group_rows);
            writer.push(&batch.slice(from, rows))?;
            from += rows;
            group_rows += rows;
            if group_rows >= options.row_group_rows {
                writer.end_row_group()?;
                group_rows = 0;
            }
        }
    }
    writer.finish()
}

/// Writes a file of spans: cuts row groups at the borders of traces and collects the index. Rows are named, not copied: a batch
/// is made known with [`SpanWriter::source`] and its rows follow in any order by [`SpanWriter::rows`].
pub struct SpanWriter<W: Write + Send> {
    file: SerializedFileWriter<W>,
    packer: Packer,
    columns: Vec<ColumnDescPtr>,
    layouts: Vec<Layout>,
    index: IndexBuilder,
    parts: Option<TraceParts>,
    known: Known,
    row_group_rows: usize,
    sources: Vec<Option<Arc<RecordBatch>>>,
    released: Vec<u32>,
    /// Rows of the present row group.
    places: Vec<Place>,
    last_trace: Option<u128>,
    rows: u64,
    range: Option<(i64, i64, i64)>,
}

impl<W: Write + Send> std::fmt::Debug for SpanWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanWriter").field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> SpanWriter<W> {
    /// Starts a file.
    pub fn new(info: &FileInfo, options: &WriteOptions, out: W) -> Result<Self, Error> {
        let schema = spans::schema();
        let properties = encoding::properties(&schema, SPANS_ORDER, info, options);
        let codec = properties.compression(&ColumnPath::new(Vec::new()));
        // Without Arrow's own schema the columns are plain strings and byte arrays to every engine.
        let columns = ArrowSchemaConverter::new().convert(&schema)?;
        let layout = |field: &FieldRef| Layout {
            way: encoding::way_of(field.name(), field.data_type()),
            bounds: encoding::has_bounds(field.name()),
            page_bounds: encoding::has_page_bounds(field.name()),
            page_rows: options.page_rows,
        };
        Ok(Self {
            file: SerializedFileWriter::new(out, columns.root_schema_ptr(), Arc::new(properties))?,
            packer: Packer::new(options.compression_level.clamp(1, 22), codec)?,
            columns: columns.columns().to_vec(),
            layouts: schema.fields().iter().map(layout).collect(),
            index: IndexBuilder::new(),
            parts: None,
            known: Known::new(),
            row_group_rows: options.row_group_rows.max(1),
            sources: Vec::new(),
            released: Vec::new(),
            places: Vec::new(),
            last_trace: None,
            rows: 0,
            range: None,
        })
    }

    /// Gathers the parts of traces too.
    pub fn with_trace_parts(self) -> Self {
        Self { parts: Some(TraceParts::default()), ..self }
    }

    /// Makes a batch known and gives its number.
    pub fn source(&mut self, batch: &RecordBatch) -> Result<usize, Error> {
        check_schema(batch)?;
        self.sources.push(Some(Arc::new(batch.clone())));
        Ok(self.sources.len() - 1)
    }

    /// Appends rows of a source, which come next in the order of the file.
    pub fn rows(&mut self, source: usize, rows: Range<usize>) -> Result<(), Error> {
        let batch = self.sources.get(source).and_then(Option::as_ref).cloned();
        let batch = batch.filter(|batch| rows.end <= batch.num_rows());
        let Some(batch) = batch else {
            return Err(Error::damaged("rows to write", "they are of no batch that is known"));
        };
        let keys = Keys::of_checked(&batch);
        for row in rows {
            self.row(source as u32, row as u32, keys.trace(row)?)?;
        }
        Ok(())
    }

    fn row(&mut self, source: u32, row: u32, trace: u128) -> Result<(), Error> {
        let border = self.last_trace.replace(trace) != Some(trace);
        let in_group = self.places.len();
        if in_group >= 3 * self.row_group_rows || border && in_group >= self.row_group_rows {
            self.end_row_group()?;
        }
        self.places.push(Place { source, row });
        Ok(())
    }

    /// Says that no further rows of a source will come.
    pub fn release(&mut self, source: usize) {
        self.released.push(source as u32);
    }

    /// Appends the rows of sorted batches in their order.
    pub fn sorted(&mut self, batches: &[RecordBatch], order: &SpanOrder) -> Result<(), Error> {
        let first = self.sources.len();
        for batch in batches {
            self.source(batch)?;
        }
        let keys: Vec<Keys<'_>> = batches.iter().map(Keys::of_checked).collect();
        for place in order.places() {
            let trace = keys[place.source as usize].trace(place.row as usize)?;
            self.row(first as u32 + place.source, place.row, trace)?;
        }
        (first..self.sources.len()).for_each(|source| self.release(source));
        Ok(())
    }

    /// Appends sorted rows.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let source = self.source(batch)?;
        self.rows(source, 0..batch.num_rows())?;
        self.release(source);
        Ok(())
    }

    fn end_row_group(&mut self) -> Result<(), Error> {
        if self.places.is_empty() {
            return Ok(());
        }
        let sources: Vec<Option<&RecordBatch>> = self.sources.iter().map(Option::as_deref).collect();
        let rows = Rows::picked(&sources, &self.places);
        let group = Group::of(&rows, &mut self.known);
        if let Some(parts) = &mut self.parts {
            parts.push(&group)?;
        }
        self.index.begin(&group)?;
        let mut writer = self.file.next_row_group()?;
        for (at, (layout, descr)) in self.layouts.iter().zip(&self.columns).enumerate() {
            let column = group.column(at, &mut self.known);
            self.index.column(at, &column);
            let chunk = ChunkWriter::new(&mut self.packer, Arc::clone(descr), layout.page_bounds);
            let (bytes, close) = pages::column::write(chunk, &column, group.rows, layout)?;
            writer.append_column(&bytes, close)?;
        }
        writer.close()?;
        self.index.end();
        let times = self.index.last_times();
        let (min, max, max_end) = self.range.unwrap_or((i64::MAX, i64::MIN, i64::MIN));
        self.range = Some((min.min(times.min_start), max.max(times.max_start), max_end.max(times.max_end)));
        self.rows += group.rows as u64;
        self.places.clear();
        for source in self.released.drain(..) {
            self.sources[source as usize] = None;
        }
        Ok(())
    }

    /// Writes the footer and makes the index.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.end_row_group()?;
        let metadata = self.file.finish()?;
        let (min_start, max_start, max_end) = self.range.unwrap_or_default();
        Ok(Written {
            rows: self.rows,
            bytes: self.file.bytes_written() as u64,
            stats: FileStats::of(&metadata),
            min_start,
            max_start,
            max_end,
            index: self.index.finish(),
            trace_parts: self.parts.map(TraceParts::finish).transpose()?,
        })
    }
}

/// Writes a file of the spans of `batches` at once, in the order given, and gathers the parts of their traces.
pub fn write_spans(
    batches: &[RecordBatch],
    order: &SpanOrder,
    info: &FileInfo,
    options: &WriteOptions,
    out: &mut (impl Write + Send),
) -> Result<Written, Error> {
    let mut writer = SpanWriter::new(info, options, out)?.with_trace_parts();
    writer.sorted(batches, order)?;
    writer.finish()
}
