//! A source over entries in memory, for tests and small data. It applies nothing unless told to, so that
//! tests can try both ways.

use super::{Applied, Batch, Batches, Direction, LineNeed, Request, Source};
use crate::error::Error;
use crate::labels::LabelSet;
use crate::pipeline::label_filter::{Condition, TextTest};
use crate::pipeline::line_filter::LineFilterSet;
use crate::pipeline::names::Names;
use crate::pipeline::row::{Pair, Row};

/// An entry in memory.
#[derive(Debug, Clone)]
pub struct MemoryEntry {
    /// Index of the stream.
    pub stream: usize,
    /// Nanoseconds since the epoch.
    pub time_ns: i64,
    /// The line.
    pub line: String,
    /// Structured metadata.
    pub metadata: Vec<Pair>,
}

/// Entries in memory.
#[derive(Debug, Clone)]
pub struct MemorySource {
    streams: Vec<LabelSet>,
    entries: Vec<MemoryEntry>,
    batch_entries: usize,
    applies: bool,
}

impl MemorySource {
    /// Without entries; batches have at most `batch_entries`. With `applies` it applies whatever it can,
    /// else nothing.
    pub fn new(batch_entries: usize, applies: bool) -> Self {
        Self { streams: Vec::new(), entries: Vec::new(), batch_entries: batch_entries.max(1), applies }
    }

    /// Adds a stream; its index.
    pub fn add_stream(&mut self, labels: LabelSet) -> usize {
        self.streams.push(labels);
        self.streams.len() - 1
    }

    /// Adds an entry. Entries are delivered in this order unless another one is asked for.
    pub fn add(&mut self, stream: usize, time_ns: i64, line: impl Into<String>, metadata: Vec<Pair>) {
        self.entries.push(MemoryEntry { stream, time_ns, line: line.into(), metadata });
    }

    /// All entries, to change their order.
    pub fn entries_mut(&mut self) -> &mut Vec<MemoryEntry> {
        &mut self.entries
    }

    fn apply(&self, request: &Request<'_>, chosen: &mut Vec<usize>) -> Result<(), Error> {
        let stage = |message| Error::Stage { stage: None, message };
        let mut tests = Vec::new();
        for matcher in request.matchers {
            tests.push((&matcher.name, TextTest::for_stream(matcher).map_err(stage)?));
        }
        let passes: Vec<bool> = self
            .streams
            .iter()
            .map(|labels| tests.iter().all(|(name, test)| test.holds(labels.get(name).unwrap_or(""))))
            .collect();
        let filters: Vec<_> = request.line_filters.iter().map(|filter| (*filter).clone()).collect();
        let lines = LineFilterSet::new(&filters).map_err(stage)?;
        let mut names = Names::default();
        let mut conditions = Vec::new();
        for filter in &request.label_filters {
            conditions.push(Condition::new(filter, &mut names).map_err(stage)?);
        }
        let nothing = LabelSet::default();
        let mut row = Row::new(&nothing);
        chosen.retain(|index| {
            let entry = &self.entries[*index];
            passes[entry.stream]
                && request.range.contains(model::TimeNs(entry.time_ns))
                && lines.matches(&entry.line)
                && {
                    let labels = &self.streams[entry.stream];
                    row.reset(labels, &entry.metadata, entry.time_ns, &entry.line);
                    conditions.iter().all(|condition| condition.keeps(&mut row, &names))
                }
        });
        let time = |index: &usize| self.entries[*index].time_ns;
        match request.order {
            Some(Direction::Forward) => chosen.sort_by_key(time),
            Some(Direction::Backward) => chosen.sort_by_key(|index| std::cmp::Reverse(time(index))),
            None => {}
        }
        // Without an order there are no first entries.
        if let Some(limit) = request.limit.filter(|_| request.order.is_some()) {
            chosen.truncate(limit);
        }
        Ok(())
    }
}

impl Source for MemorySource {
    fn open<'s>(&'s self, request: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error> {
        let mut chosen: Vec<usize> = (0..self.entries.len()).collect();
        let mut applied = Applied::default();
        if self.applies {
            self.apply(request, &mut chosen)?;
            applied = Applied {
                matchers: true,
                range: true,
                order: request.order.is_some(),
                line_filters: vec![true; request.line_filters.len()],
                label_filters: vec![true; request.label_filters.len()],
            };
        }
        let lines = if self.applies { request.lines_if_filtered } else { request.lines };
        let needs_text = lines == LineNeed::Text;
        Ok(Box::new(MemoryBatches { source: self, chosen, at: 0, applied, needs_text }))
    }
}

struct MemoryBatches<'s> {
    source: &'s MemorySource,
    chosen: Vec<usize>,
    at: usize,
    applied: Applied,
    needs_text: bool,
}

impl Batches for MemoryBatches<'_> {
    fn applied(&self) -> Applied {
        self.applied.clone()
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        let end = (self.at + self.source.batch_entries).min(self.chosen.len());
        if self.at >= end {
            return Ok(false);
        }
        let mut known: Vec<Option<u32>> = vec![None; self.source.streams.len()];
        for index in &self.chosen[self.at..end] {
            let entry = &self.source.entries[*index];
            let stream = *known[entry.stream]
                .get_or_insert_with(|| batch.add_stream(self.source.streams[entry.stream].clone()));
            if self.needs_text {
                batch.push(stream, entry.time_ns, &entry.line, &entry.metadata);
            } else {
                batch.push_length(stream, entry.time_ns, entry.line.len(), &entry.metadata);
            }
        }
        self.at = end;
        Ok(true)
    }
}
