//! How the evaluator asks for entries, and how it gets them.
//!
//! A [`Source`] gets a [`Request`] with everything that it could use to read less, and answers with
//! batches. All filters are advisory: the source says in [`Applied`] which ones each of its entries
//! satisfies for sure, and the evaluator applies the rest. It may therefore drop only entries that
//! certainly fail one. It is pulled, synchronous, and left between two batches when the query is
//! cancelled.

pub mod memory;

use std::sync::Arc;

pub use memory::MemorySource;
use model::TimeRange;

use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::row::Pair;
use crate::syntax::ast::{LabelFilter, LineFilter, Matcher};

/// Order of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// Oldest first.
    Forward,
    /// Newest first.
    #[default]
    Backward,
}

/// What of the lines is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineNeed {
    /// Their text.
    Text,
    /// Their length alone.
    Length,
    /// Only that they exist: entries are counted.
    Nothing,
}

/// Which pairs of structured metadata are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fields {
    /// Every one.
    All,
    /// Those with these names; others may be left out.
    Only(Vec<String>),
}

/// Something that is cheap to find out about an entry as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hint {
    /// The line contains this text.
    LineContains(String),
    /// The label of the stream or of the metadata has this value.
    Label(String, String),
}

/// What the evaluator wants.
#[derive(Debug, Clone)]
pub struct Request<'q> {
    /// Conditions on the labels of streams, all of which must hold.
    pub matchers: &'q [Matcher],
    /// Instants of the entries.
    pub range: TimeRange,
    /// The order that would serve best. `None` if any order does.
    pub order: Option<Direction>,
    /// More entries than this are not needed, taken in `order`; set only if no stage drops entries.
    pub limit: Option<usize>,
    /// Conditions on the line as stored, all of which must hold; each has alternatives.
    pub line_filters: Vec<&'q LineFilter>,
    /// Conditions on labels as stored, all of which must hold; a stream label hides metadata of its
    /// name, and a missing label is the empty text. A condition on a number, duration, size or address
    /// drops an entry without the label, but not one whose value cannot be read.
    pub label_filters: Vec<&'q LabelFilter>,
    /// Each entry of the answer satisfies at least one hint of every group, so that entries without any
    /// may be left out. Nobody asks whether they were.
    pub hints: Vec<Vec<Hint>>,
    /// Structured metadata that is needed.
    pub fields: Fields,
    /// What of the lines is needed.
    pub lines: LineNeed,
    /// What of the lines is needed from a source that applies all of `line_filters`.
    pub lines_if_filtered: LineNeed,
}

/// Which parts of a request every delivered entry satisfies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Applied {
    /// All matchers.
    pub matchers: bool,
    /// The range of time.
    pub range: bool,
    /// Entries come in the order asked for, over all streams.
    pub order: bool,
    /// The line filters, one by one; a missing element means no.
    pub line_filters: Vec<bool>,
    /// The label filters, one by one; a missing element means no.
    pub label_filters: Vec<bool>,
}

/// Where entries come from.
pub trait Source {
    /// Begins to read.
    fn open<'s>(&'s self, request: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error>;
}

/// The entries of one request.
pub trait Batches {
    /// What holds for all entries to come.
    fn applied(&self) -> Applied;

    /// Fills `batch`, which is empty, with some entries; false if there are no more.
    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error>;
}

/// Entries of several streams. Their lines lie behind each other in one text, so that all can be
/// searched at once.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    streams: Vec<LabelSet>,
    entries: Vec<Entry>,
    lines: String,
    metadata: Vec<Pair>,
    line_bytes: u64,
}

/// One entry of a batch.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Index of its stream in the batch.
    pub stream: u32,
    /// Nanoseconds since the epoch.
    pub time_ns: i64,
    /// Length of the line, known even without its text.
    pub line_bytes: u32,
    /// Where the line ends in [`Batch::lines`]; the one before ends where it begins.
    pub line_end: u32,
    /// Where its metadata end in the batch's.
    metadata_end: u32,
}

impl Batch {
    /// Empties the batch and keeps its memory.
    pub fn clear(&mut self) {
        self.streams.clear();
        self.entries.clear();
        self.lines.clear();
        self.metadata.clear();
        self.line_bytes = 0;
    }

    /// Adds a stream; its index, for [`Batch::push`].
    pub fn add_stream(&mut self, labels: LabelSet) -> u32 {
        self.streams.push(labels);
        (self.streams.len() - 1) as u32
    }

    /// Adds an entry with its line.
    pub fn push(&mut self, stream: u32, time_ns: i64, line: &str, metadata: &[Pair]) {
        self.lines.push_str(line);
        self.push_entry(stream, time_ns, line.len(), metadata);
    }

    /// Adds an entry without the text of its line.
    pub fn push_length(&mut self, stream: u32, time_ns: i64, line_bytes: usize, metadata: &[Pair]) {
        self.push_entry(stream, time_ns, line_bytes, metadata);
    }

    fn push_entry(&mut self, stream: u32, time_ns: i64, line_bytes: usize, metadata: &[Pair]) {
        self.metadata.extend(metadata.iter().map(|(name, value)| (Arc::clone(name), Arc::clone(value))));
        // Places are kept in 32 bits; sources hand over batches of some megabytes.
        assert!(u32::try_from(self.lines.len()).is_ok(), "a batch holds less than 4 GiB");
        self.line_bytes += line_bytes as u64;
        self.entries.push(Entry {
            stream,
            time_ns,
            line_bytes: u32::try_from(line_bytes).unwrap_or(u32::MAX),
            line_end: self.lines.len() as u32,
            metadata_end: self.metadata.len() as u32,
        });
    }

    /// The streams.
    pub fn streams(&self) -> &[LabelSet] {
        &self.streams
    }

    /// The entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// All lines behind each other.
    pub fn lines(&self) -> &str {
        &self.lines
    }

    /// The line of an entry.
    pub fn line(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { self.entries[index - 1].line_end };
        &self.lines[start as usize..self.entries[index].line_end as usize]
    }

    /// The metadata of an entry.
    pub fn metadata(&self, index: usize) -> &[Pair] {
        let start = if index == 0 { 0 } else { self.entries[index - 1].metadata_end };
        &self.metadata[start as usize..self.entries[index].metadata_end as usize]
    }

    /// Length of all lines together, known even without their text.
    pub fn line_bytes(&self) -> u64 {
        self.line_bytes
    }

    /// Bytes that the batch takes.
    pub fn heap_bytes(&self) -> usize {
        self.lines.capacity()
            + self.entries.capacity() * size_of::<Entry>()
            + self.metadata.capacity() * size_of::<Pair>()
    }
}
