//! Samples of one selector, series by series.
//!
//! In: a selector and the steps. Out: each series with all samples that any step can look at, in
//! columns. One series is held at a time; its memory is taken from the limits and given back.

use std::sync::Arc;

use hashbrown::HashMap;
use model::sample::STALE_NAN_BITS;
use model::{Histogram, Labels, ResetHint};

use super::plan::Select;
use super::steps::Steps;
use super::{Context, Error};
use crate::hist::FloatHistogram;
use crate::source::{Chunk, Request, SeriesStream, Values};

/// Bytes of a float with its two times.
const FLOAT_BYTES: usize = 24;
/// Bytes that count as one sample of a histogram.
const SAMPLE_BYTES: usize = 16;

/// A histogram of a series.
#[derive(Debug, Clone)]
pub(crate) struct HistSample {
    pub(crate) time_ms: i64,
    pub(crate) start_ms: i64,
    pub(crate) value: Arc<FloatHistogram>,
}

/// The samples of one series, ascending.
#[derive(Debug, Clone, Default)]
pub(crate) struct Samples {
    pub(crate) times: Vec<i64>,
    pub(crate) values: Vec<f64>,
    /// As long as the others, or empty if no start is known.
    pub(crate) starts: Vec<i64>,
    pub(crate) hists: Vec<HistSample>,
}

impl Samples {
    pub(crate) fn clear(&mut self) {
        self.times.clear();
        self.values.clear();
        self.starts.clear();
        self.hists.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.times.is_empty() && self.hists.is_empty()
    }

    /// Removes markers of a series' end, which range selectors do not see.
    fn drop_stale(&mut self) {
        let is_stale = |value: &f64| value.to_bits() == STALE_NAN_BITS;
        if self.values.iter().any(is_stale) {
            let keep: Vec<bool> = self.values.iter().map(|value| !is_stale(value)).collect();
            retain(&mut self.times, &keep);
            retain(&mut self.starts, &keep);
            retain(&mut self.values, &keep);
        }
        self.hists.retain(|hist| !hist.value.is_stale());
    }

    /// Reduces histograms to their sums. Resets can be found only as long as there are buckets, so
    /// that a hint which says nothing is replaced by what a comparison says.
    fn keep_sums(&mut self) {
        let mut previous: Option<Arc<FloatHistogram>> = None;
        for hist in &mut self.hists {
            let whole = Arc::clone(&hist.value);
            let mut hint = whole.hint;
            if whole.is_stale() {
                previous = None;
            } else {
                if let (ResetHint::Unknown, Some(before)) = (hint, &previous) {
                    let is_reset = whole.is_reset_after(before);
                    hint = if is_reset { ResetHint::Reset } else { ResetHint::NotReset };
                }
                previous = Some(Arc::clone(&whole));
            }
            hist.value = Arc::new(FloatHistogram {
                schema: whole.schema,
                hint,
                count: whole.count,
                sum: whole.sum,
                ..FloatHistogram::default()
            });
        }
    }
}

fn retain<T>(column: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    column.retain(|_| keep.next().copied().unwrap_or(true));
}

/// Whether markers of a series' end are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Markers {
    Keep,
    Drop,
}

/// The times that a selector looks at over all steps: (after, until].
pub(crate) fn window(select: &Select, steps: Steps, before_ms: i64, behind_ms: i64) -> (i64, i64) {
    let (first, last) = match select.at_ms {
        Some(at) => (at, at),
        None => (steps.start_ms, steps.last_ms()),
    };
    let shift = |time: i64| time.saturating_sub(select.offset_ms);
    (shift(first).saturating_sub(before_ms), shift(last).saturating_add(behind_ms))
}

/// Reads a selector.
pub(crate) struct Reader<'c> {
    context: &'c Context<'c>,
    stream: Box<dyn SeriesStream + 'c>,
    chunk: Chunk,
    markers: Markers,
    /// Only sums of histograms are looked at.
    only_sums: bool,
    held: (usize, usize),
    /// Equal histograms of the source stay one.
    converted: HashMap<*const Histogram, Arc<FloatHistogram>>,
}

impl<'c> Reader<'c> {
    /// Begins to read what lies in (`after_ms`, `until_ms`].
    pub(crate) fn new(
        context: &'c Context<'c>,
        select: &Select,
        steps: Steps,
        range_ms: i64,
        (after_ms, until_ms): (i64, i64),
        markers: Markers,
    ) -> Result<Self, Error> {
        context.limits.check()?;
        let request = Request {
            matchers: &select.matchers,
            after_ms,
            until_ms,
            function: select.function,
            range_ms,
            step_ms: if steps.count > 1 { steps.interval_ms } else { 0 },
            grouping: select.grouping.clone(),
            values: select.values,
        };
        let stream = context.source.select(&request, context.limits)?;
        Ok(Self {
            context,
            stream,
            chunk: Chunk::default(),
            markers,
            only_sums: select.values == Values::HistogramSums,
            held: (0, 0),
            converted: HashMap::new(),
        })
    }

    /// The next series that has samples; they replace those in `samples`.
    pub(crate) fn next(&mut self, samples: &mut Samples) -> Result<Option<Labels>, Error> {
        loop {
            self.release();
            self.context.limits.check()?;
            samples.clear();
            let Some(labels) = self.stream.next_series()? else {
                return Ok(None);
            };
            self.chunk.clear();
            while self.next_chunk()? {}
            self.convert(samples)?;
            if self.markers == Markers::Drop {
                samples.drop_stale();
            }
            if self.only_sums {
                samples.keep_sums();
            }
            if !samples.is_empty() {
                return Ok(Some(labels));
            }
        }
    }

    /// Appends a chunk and pays for it; false if there is none.
    fn next_chunk(&mut self) -> Result<bool, Error> {
        let chunk = &mut self.chunk;
        let (floats, starts) = (chunk.times_ms.len(), chunk.start_times_ms.len());
        if !self.stream.next_chunk(chunk)? {
            return Ok(false);
        }
        // Chunks without start times may stand before one with.
        if chunk.start_times_ms.len() > starts && starts < floats {
            let fresh = chunk.start_times_ms.split_off(starts);
            chunk.start_times_ms.resize(floats, 0);
            chunk.start_times_ms.extend(fresh);
        }
        let added = chunk.times_ms.len() - floats;
        self.pay(added, added * FLOAT_BYTES)?;
        Ok(true)
    }

    fn pay(&mut self, samples: usize, bytes: usize) -> Result<(), Error> {
        self.context.limits.hold(samples)?;
        self.held.0 += samples;
        self.context.limits.take(bytes)?;
        self.held.1 += bytes;
        Ok(())
    }

    /// Moves what was read into columns.
    fn convert(&mut self, samples: &mut Samples) -> Result<(), Error> {
        let chunk = &mut self.chunk;
        std::mem::swap(&mut samples.times, &mut chunk.times_ms);
        std::mem::swap(&mut samples.values, &mut chunk.values);
        // A source that breaks the rule of equal lengths must not break the evaluation.
        let count = samples.times.len().min(samples.values.len());
        samples.times.truncate(count);
        samples.values.truncate(count);
        if chunk.start_times_ms.iter().any(|&start| start != 0) {
            std::mem::swap(&mut samples.starts, &mut chunk.start_times_ms);
            samples.starts.resize(count, 0);
        }
        let mut held = 0;
        for (time_ms, histogram) in chunk.histograms.drain(..) {
            let value = self
                .converted
                .entry(Arc::as_ptr(&histogram))
                .or_insert_with(|| Arc::new(FloatHistogram::from(&*histogram)));
            held += value.samples();
            let start_ms = histogram.start_time_ms;
            samples.hists.push(HistSample { time_ms, start_ms, value: Arc::clone(value) });
        }
        self.converted.clear();
        self.pay(held, held * SAMPLE_BYTES)
    }

    fn release(&mut self) {
        let (samples, bytes) = std::mem::take(&mut self.held);
        self.context.limits.release(samples);
        self.context.limits.give(bytes);
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.release();
    }
}
