//! A source over spans held in memory: for tests, and for callers that have a few traces at hand.
//!
//! It applies no conditions, which every source is free to do.

use std::collections::BTreeMap;

use model::{Span, TimeNs, TraceId};

use crate::columns::{Batch, Field, batch_of_spans};
use crate::error::Error;
use crate::source::{Candidates, Control, Order, Request, Scan, Source};

/// Spans in any order.
#[derive(Debug, Clone)]
pub struct MemorySource {
    spans: Vec<Span>,
    /// Rows of each trace in canonical order.
    traces: BTreeMap<TraceId, Vec<usize>>,
    /// Spans in one piece of [`Scan::next_spans`], traces in one of [`Scan::next_candidates`].
    piece: usize,
}

impl MemorySource {
    /// Takes the spans; `piece` (at least 1) says how finely answers are cut.
    pub fn new(spans: Vec<Span>, piece: usize) -> Self {
        let mut traces: BTreeMap<TraceId, Vec<usize>> = BTreeMap::new();
        for (row, span) in spans.iter().enumerate() {
            traces.entry(span.trace_id).or_default().push(row);
        }
        for rows in traces.values_mut() {
            rows.sort_by(|a, b| {
                let key = |row: &usize| {
                    let span = &spans[*row];
                    (span.start, span.span_id, span.kind, span.parent_span_id, span.duration_nano)
                };
                key(a).cmp(&key(b)).then_with(|| spans[*a].name.cmp(&spans[*b].name))
            });
        }
        Self { spans, traces, piece: piece.max(1) }
    }

    fn start_of(&self, trace: &TraceId) -> TimeNs {
        let first = self.traces.get(trace).and_then(|rows| rows.first());
        first.map_or(TimeNs::MIN, |row| self.spans[*row].start)
    }

    fn batch<'s>(
        &'s self,
        spans: impl IntoIterator<Item = &'s Span>,
        fields: &[Field],
        every: bool,
    ) -> Batch {
        let spans: Vec<&Span> = spans.into_iter().collect();
        let mut batch = batch_of_spans(spans.iter().copied(), fields);
        if every {
            batch.every_attribute = spans.iter().map(|span| crate::columns::every_attribute(span)).collect();
        }
        batch
    }
}

impl Source for MemorySource {
    fn open<'s>(
        &'s self,
        request: &'s Request,
        control: &'s Control<'s>,
    ) -> Result<Box<dyn Scan + 's>, Error> {
        let mut order: Vec<TraceId> = self.traces.keys().copied().collect();
        if request.order == Order::NewestFirst {
            order.sort_by_key(|trace| (std::cmp::Reverse(self.start_of(trace)), *trace));
        }
        Ok(Box::new(MemoryScan { source: self, request, control, order, at: 0 }))
    }
}

struct MemoryScan<'s> {
    source: &'s MemorySource,
    request: &'s Request,
    control: &'s Control<'s>,
    order: Vec<TraceId>,
    at: usize,
}

impl Scan for MemoryScan<'_> {
    fn next_spans(&mut self) -> Result<Option<Batch>, Error> {
        self.control.check()?;
        let spans = &self.source.spans;
        if self.at >= spans.len() {
            return Ok(None);
        }
        let end = (self.at + self.source.piece).min(spans.len());
        let piece = &spans[self.at..end];
        self.at = end;
        Ok(Some(self.source.batch(piece, &self.request.fields, self.request.needs_every_attribute)))
    }

    fn next_candidates(&mut self) -> Result<Option<Candidates>, Error> {
        self.control.check()?;
        if self.at >= self.order.len() {
            return Ok(None);
        }
        let end = (self.at + self.source.piece).min(self.order.len());
        let traces = self.order[self.at..end].to_vec();
        self.at = end;
        let floor = match self.request.order {
            Order::NewestFirst => {
                self.order.get(end).map_or(TimeNs::MIN, |next| self.source.start_of(next).saturating_add(1))
            }
            Order::Any => TimeNs::MAX,
        };
        Ok(Some(Candidates { traces, floor }))
    }

    fn whole_traces(&mut self, traces: &[TraceId], fields: &[Field]) -> Result<Batch, Error> {
        self.control.check()?;
        let rows = traces.iter().filter_map(|trace| self.source.traces.get(trace)).flatten();
        let spans = rows.map(|row| &self.source.spans[*row]);
        Ok(self.source.batch(spans, fields, self.request.needs_every_attribute))
    }
}
