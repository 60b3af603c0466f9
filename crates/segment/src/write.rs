//! Rows to the bytes of a Parquet file, with statistics and, for spans, the index.
//!
//! In: batches in the table's order. Out: bytes into the caller's writer and a [`Written`]. The caller
//! makes the bytes durable and gives the file its name.

use std::io::Write;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, SchemaRef};
use model::schema::spans;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_writer::ArrowWriterOptions;

use crate::Error;
use crate::encoding::{self, SPANS_ORDER};
use crate::index::{IndexBuilder, SpanIndex};
use crate::sort::Keys;
use crate::stats::FileStats;

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
        Self { compression_level: 6, ..Self::flush() }
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

    /// Bytes written so far, the present row group counted as it stands in memory.
    pub fn bytes(&self) -> u64 {
        (self.writer.bytes_written() + self.writer.in_progress_size()) as u64
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

/// Writes a file of spans batch by batch: cuts row groups at the borders of traces and collects the index.
pub struct SpanWriter<W: Write + Send> {
    writer: TableWriter<W>,
    index: IndexBuilder,
    row_group_rows: usize,
    group_rows: usize,
    last_trace: Option<u128>,
    range: Option<(i64, i64, i64)>,
}

impl<W: Write + Send> std::fmt::Debug for SpanWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SpanWriter").field("rows", &self.writer.rows).finish_non_exhaustive()
    }
}

impl<W: Write + Send> SpanWriter<W> {
    /// Starts a file.
    pub fn new(info: &FileInfo, options: &WriteOptions, out: W) -> Result<Self, Error> {
        Ok(Self {
            writer: TableWriter::new(spans::schema(), SPANS_ORDER, info, options, out)?,
            index: IndexBuilder::new(),
            row_group_rows: options.row_group_rows.max(1),
            group_rows: 0,
            last_trace: None,
            range: None,
        })
    }

    /// Appends sorted rows.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let keys = Keys::of(batch)?;
        let mut from = 0;
        for row in 0..batch.num_rows() {
            let trace = keys.trace(row)?;
            let border = self.last_trace != Some(trace);
            self.last_trace = Some(trace);
            let in_group = self.group_rows + row - from;
            if in_group >= 3 * self.row_group_rows || border && in_group >= self.row_group_rows {
                self.append(&batch.slice(from, row - from))?;
                self.end_row_group()?;
                from = row;
            }
        }
        self.append(&batch.slice(from, batch.num_rows() - from))
    }

    fn append(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        self.writer.push(batch)?;
        self.index.push(batch)?;
        self.group_rows += batch.num_rows();
        let start = batch.column(spans::Column::Start.at()).as_primitive::<Int64Type>();
        let duration = batch.column(spans::Column::Duration.at()).as_primitive::<Int64Type>();
        for (start, duration) in start.values().iter().zip(duration.values()) {
            let end = start.saturating_add((*duration).max(0));
            let (min, max, max_end) = self.range.get_or_insert((*start, *start, end));
            *min = (*min).min(*start);
            *max = (*max).max(*start);
            *max_end = (*max_end).max(end);
        }
        Ok(())
    }

    fn end_row_group(&mut self) -> Result<(), Error> {
        if self.group_rows > 0 {
            self.writer.end_row_group()?;
            self.index.end_row_group();
            self.group_rows = 0;
        }
        Ok(())
    }

    /// Bytes written so far, the present row group counted as it stands in memory.
    pub fn bytes(&self) -> u64 {
        self.writer.bytes()
    }

    /// Writes the footer and makes the index.
    pub fn finish(mut self) -> Result<Written, Error> {
        self.end_row_group()?;
        let written = self.writer.finish()?;
        let (min_start, max_start, max_end) = self.range.unwrap_or_default();
        Ok(Written {
            rows: written.rows,
            bytes: written.bytes,
            stats: written.stats,
            min_start,
            max_start,
            max_end,
            index: self.index.finish(),
        })
    }
}

/// Writes a file of sorted spans at once.
pub fn write_spans(
    sorted: &[RecordBatch],
    info: &FileInfo,
    options: &WriteOptions,
    out: &mut (impl Write + Send),
) -> Result<Written, Error> {
    let mut writer = SpanWriter::new(info, options, out)?;
    for batch in sorted {
        writer.push(batch)?;
    }
    writer.finish()
}
