//! Many sorted files to one sorted stream, for compaction, with bounded memory.
//!
//! In: [`MergeInput`]s, each sorted by itself. Out: rows in the order that [`crate::sort_spans`] would give
//! for all rows at once, duplicates dropped, named by the batches they came in, so that nothing is copied.
//!
//! A first pass reads two columns and notes where each trace lies (about 56 bytes a trace and file). The
//! second pass takes the traces in their final order. Each input keeps at most two row groups decoded; a
//! trace that lies elsewhere in an input (spans that came late) is read alone, by its pages.

use std::io::Write;
use std::ops::Range;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use bytes::Bytes;
use hashbrown::HashMap;
use model::schema::spans::Column;

use crate::Error;
use crate::read::{Footer, decode, plan};
use crate::sort::{sort_spans, trace_key};
use crate::write::SpanWriter;
use parquet::arrow::arrow_reader::RowSelection;

/// Strays out of one row group after which it is decoded whole.
const STRAYS_MAX: u32 = 8;

/// One sorted input.
pub trait MergeInput {
    /// Number of row groups.
    fn row_groups(&self) -> usize;

    /// Trace ids and starts of a row group: batches with these two columns.
    fn keys(&mut self, row_group: usize) -> Result<Vec<RecordBatch>, Error>;

    /// Rows of a row group with all columns, `None` for the whole group.
    fn rows(&mut self, row_group: usize, rows: Option<Range<usize>>) -> Result<Vec<RecordBatch>, Error>;
}

/// A file as an input. `read` gives the bytes of a range of it.
#[derive(Debug)]
pub struct FileInput<R> {
    footer: Footer,
    read: R,
}

impl<R: FnMut(Range<u64>) -> Result<Bytes, Error>> FileInput<R> {
    /// An input over a file whose footer was parsed.
    pub fn new(footer: Footer, read: R) -> Self {
        Self { footer, read }
    }

    fn fetch(
        &mut self,
        row_group: usize,
        columns: Option<&[usize]>,
        selection: Option<&RowSelection>,
    ) -> Result<Vec<RecordBatch>, Error> {
        let plan = plan(&self.footer, &[row_group], columns, selection)?;
        let bytes = plan.ranges().iter().cloned().map(&mut self.read).collect::<Result<Vec<_>, _>>()?;
        decode(&self.footer, &plan, &bytes)
    }
}

impl<R: FnMut(Range<u64>) -> Result<Bytes, Error>> MergeInput for FileInput<R> {
    fn row_groups(&self) -> usize {
        self.footer.row_groups()
    }

    fn keys(&mut self, row_group: usize) -> Result<Vec<RecordBatch>, Error> {
        self.fetch(row_group, Some(&[Column::TraceId.at(), Column::Start.at()]), None)
    }

    fn rows(&mut self, row_group: usize, rows: Option<Range<usize>>) -> Result<Vec<RecordBatch>, Error> {
        let total = self.footer.rows_of(row_group);
        let selection = rows.map(|rows| RowSelection::from_consecutive_ranges([rows].into_iter(), total));
        self.fetch(row_group, None, selection.as_ref())
    }
}

/// Where a piece of a trace lies.
#[derive(Debug, Clone)]
struct Piece {
    trace: u128,
    /// Earliest start of the trace: of the input while pieces are gathered, of all inputs afterwards.
    start: i64,
    input: u32,
    row_group: u32,
    rows: Range<u32>,
}

/// What the merge did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Merged {
    /// Rows given out.
    pub rows: u64,
    /// Duplicates dropped.
    pub dropped: u64,
    /// Traces that lay in more than one place.
    pub joined: u64,
    /// Pieces that were read alone because they lay elsewhere in their input.
    pub strays: u64,
}

/// Takes merged rows.
pub trait RowSink {
    /// Makes a batch known and gives its number.
    fn source(&mut self, batch: &RecordBatch) -> Result<usize, Error>;

    /// Takes rows of a batch, which come next.
    fn rows(&mut self, source: usize, rows: Range<usize>) -> Result<(), Error>;

    /// Learns that no further rows of a batch will come.
    fn release(&mut self, source: usize);
}

impl<W: Write + Send> RowSink for SpanWriter<W> {
    fn source(&mut self, batch: &RecordBatch) -> Result<usize, Error> {
        Self::source(self, batch)
    }

    fn rows(&mut self, source: usize, rows: Range<usize>) -> Result<(), Error> {
        Self::rows(self, source, rows)
    }

    fn release(&mut self, source: usize) {
        Self::release(self, source);
    }
}

/// Merges sorted inputs into `sink`.
pub fn merge_spans<I: MergeInput>(inputs: &mut [I], sink: &mut impl RowSink) -> Result<Merged, Error> {
    let mut pieces = Vec::new();
    let mut sources = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.iter_mut().enumerate() {
        let from = pieces.len();
        gather(at as u32, input, &mut pieces)?;
        sources.push(Source::new(input, &pieces[from..]));
    }
    order(&mut pieces);
    let mut merged = Merged::default();
    for trace in pieces.chunk_by(|a, b| a.trace == b.trace) {
        if let [piece] = trace {
            merged.rows += u64::from(piece.rows.end - piece.rows.start);
            sources[piece.input as usize]
                .take(piece, sink, |sink, known, rows| sink.rows(known.number, rows))?;
            continue;
        }
        merged.joined += 1;
        let mut rows = Vec::new();
        for piece in trace {
            sources[piece.input as usize].take(piece, sink, |_, known, range| {
                rows.push(known.batch.slice(range.start, range.len()));
                Ok(())
            })?;
        }
        let (sorted, dropped) = sort_spans(&rows)?;
        merged.dropped += dropped;
        for batch in &sorted {
            merged.rows += batch.num_rows() as u64;
            let number = sink.source(batch)?;
            sink.rows(number, 0..batch.num_rows())?;
            sink.release(number);
        }
    }
    merged.strays = sources.iter().map(|source| source.strays).sum();
    Ok(merged)
}

/// Notes where the traces of an input lie.
fn gather(input: u32, source: &mut impl MergeInput, pieces: &mut Vec<Piece>) -> Result<(), Error> {
    use arrow::array::AsArray;
    for row_group in 0..source.row_groups() {
        let mut row = 0u32;
        let mut last: Option<u128> = None;
        for batch in source.keys(row_group)? {
            let typed = |name: &str, data_type: DataType| {
                batch
                    .column_by_name(name)
                    .filter(|column| *column.data_type() == data_type && column.null_count() == 0)
                    .ok_or_else(|| Error::Column(name.to_owned()))
            };
            let traces = typed(Column::TraceId.name(), DataType::BinaryView)?.as_binary_view();
            let starts = typed(Column::Start.name(), DataType::Int64)?.as_primitive::<Int64Type>();
            for at in 0..batch.num_rows() {
                let (trace, start) = (trace_key(traces.value(at))?, starts.value(at));
                match pieces.last_mut() {
                    Some(piece) if last == Some(trace) => {
                        piece.rows.end = row + 1;
                        piece.start = piece.start.min(start);
                    }
                    _ => pieces.push(Piece {
                        trace,
                        start,
                        input,
                        row_group: row_group as u32,
                        rows: row..row + 1,
                    }),
                }
                last = Some(trace);
                row += 1;
            }
        }
    }
    Ok(())
}

/// Sorts pieces by the earliest start of their trace in all inputs, then trace, then place.
fn order(pieces: &mut [Piece]) {
    pieces.sort_unstable_by_key(|piece| (piece.trace, piece.start));
    let mut from = 0;
    while from < pieces.len() {
        let first = (pieces[from].trace, pieces[from].start);
        while from < pieces.len() && pieces[from].trace == first.0 {
            pieces[from].start = first.1;
            from += 1;
        }
    }
    pieces.sort_unstable_by_key(|p| (p.start, p.trace, p.input, p.row_group, p.rows.start));
}

/// A decoded batch that the sink knows.
struct Known {
    number: usize,
    /// Row of the row group at which it begins.
    first: usize,
    batch: RecordBatch,
}

/// A decoded row group.
struct Held {
    row_group: u32,
    batches: Vec<Known>,
}

/// An input while its pieces are taken. A piece is taken where its input has it or earlier, never later,
/// because other inputs can only lower the start of a trace. So the first row group with rows left, the
/// front, is taken in order; pieces behind it are strays.
struct Source<'a, I> {
    input: &'a mut I,
    /// Rows not taken yet, a row group.
    left: Vec<u32>,
    front: usize,
    /// The front, and a row group that gave many strays.
    held: Vec<Held>,
    strays: u64,
    strays_of: HashMap<u32, u32>,
}

impl<'a, I: MergeInput> Source<'a, I> {
    fn new(input: &'a mut I, pieces: &[Piece]) -> Self {
        let mut left = vec![0; input.row_groups()];
        for piece in pieces {
            left[piece.row_group as usize] += piece.rows.end - piece.rows.start;
        }
        Self { input, left, front: 0, held: Vec::new(), strays: 0, strays_of: HashMap::new() }
    }

    /// Calls `each` with the batches that hold rows of a piece, and which rows.
    fn take<S: RowSink>(
        &mut self,
        piece: &Piece,
        sink: &mut S,
        mut each: impl FnMut(&mut S, &Known, Range<usize>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let at = piece.row_group as usize;
        let range = piece.rows.start as usize..piece.rows.end as usize;
        if !self.held.iter().any(|held| held.row_group == piece.row_group) {
            if at != self.front {
                self.strays += 1;
                let strays = self.strays_of.entry(piece.row_group).or_default();
                *strays += 1;
                let ahead = self.held.iter().filter(|held| held.row_group as usize != self.front).count();
                if *strays < STRAYS_MAX || ahead > 0 {
                    for batch in self.input.rows(at, Some(range.clone()))? {
                        let known = Known { number: sink.source(&batch)?, first: 0, batch };
                        each(sink, &known, 0..known.batch.num_rows())?;
                        sink.release(known.number);
                    }
                    self.taken(at, range, sink);
                    return Ok(());
                }
            }
            let mut first = 0;
            let mut batches = Vec::new();
            for batch in self.input.rows(at, None)? {
                let number = sink.source(&batch)?;
                batches.push(Known { number, first, batch });
                first += batches.last().map_or(0, |known| known.batch.num_rows());
            }
            self.held.push(Held { row_group: piece.row_group, batches });
        }
        for held in self.held.iter().filter(|held| held.row_group == piece.row_group) {
            for known in &held.batches {
                let from = range.start.max(known.first);
                let end = range.end.min(known.first + known.batch.num_rows());
                if from < end {
                    each(sink, known, from - known.first..end - known.first)?;
                }
            }
        }
        self.taken(at, range, sink);
        Ok(())
    }

    /// Counts taken rows and lets go of row groups that have none left.
    fn taken(&mut self, row_group: usize, rows: Range<usize>, sink: &mut impl RowSink) {
        self.left[row_group] -= rows.len() as u32;
        while self.left.get(self.front) == Some(&0) {
            self.front += 1;
        }
        let left = &self.left;
        self.held.retain(|held| {
            let keep = left[held.row_group as usize] > 0;
            if !keep {
                held.batches.iter().for_each(|known| sink.release(known.number));
            }
            keep
        });
    }
}
