//! Computed families as a source of series for PromQL.
//!
//! In: increments of a range that covers what queries ask for. Out: the answers of PromQL's source trait.
//! Whoever builds it loads rows from before the first range of the query on. Not here: which rows.

use std::collections::BTreeMap;

use model::Labels;
use promql::Matcher;
use promql::source::{Chunk, Limits, Request, SeriesStream, Source, SourceError};

use super::{FAMILIES, Increments, SeriesFacts, SeriesOptions, compute};

/// Samples of a chunk.
const CHUNK_SAMPLES: usize = 120;

/// The families of a range, ready to be asked.
#[derive(Debug, Clone)]
pub struct ComputedSource {
    increments: Increments,
    start_ms: i64,
    step_ms: i64,
    steps: usize,
    /// Samples after this are not shown yet: their bucket may still fill.
    settled_ms: i64,
}

impl ComputedSource {
    /// Computes what the matchers of a query can need; `settled_ns` is the end of the last bucket that is
    /// taken for whole, nanoseconds since the epoch.
    pub fn new(
        facts: &SeriesFacts<'_>,
        options: &SeriesOptions,
        matchers: &[Matcher],
        settled_ns: i64,
    ) -> Self {
        let name = matchers.iter().filter(|matcher| &*matcher.name == "__name__").collect::<Vec<_>>();
        let wanted = |family: &str| {
            let names = metric_names(family);
            names.iter().any(|metric| name.iter().all(|matcher| matcher.matches(metric)))
        };
        Self {
            increments: compute(facts, options, &wanted),
            start_ms: facts.from_ns / 1_000_000,
            step_ms: facts.step_ns / 1_000_000,
            steps: facts.steps(),
            settled_ms: settled_ns / 1_000_000,
        }
    }

    /// All label sets, for label and series listings.
    pub fn label_sets(&self) -> impl Iterator<Item = &Labels> {
        self.increments.series.keys().chain(&self.increments.gauges)
    }

    /// The metric names that may be computed.
    pub fn metric_names() -> Vec<String> {
        FAMILIES.iter().flat_map(|family| metric_names(family.name)).collect()
    }

    /// Time and value of each sample of a series.
    fn samples(&self, increments: Option<&[(u32, f64)]>) -> impl Iterator<Item = (i64, f64)> {
        let (start_ms, step_ms, settled_ms) = (self.start_ms, self.step_ms, self.settled_ms);
        let mut next = 0;
        let mut sum = if increments.is_some() { 0.0 } else { 1.0 };
        let increments = increments.map(<[(u32, f64)]>::to_vec).unwrap_or_default();
        // Zero one bucket before the range and at its start, then the end of each bucket.
        (0..self.steps + 2)
            .map(move |at| {
                if let Some((step, value)) = increments.get(next)
                    && *step as usize + 2 == at
                {
                    sum += value;
                    next += 1;
                }
                (start_ms + (at as i64 - 1) * step_ms, sum)
            })
            .take_while(move |(time_ms, _)| *time_ms <= settled_ms)
    }
}

/// The metrics of a family.
fn metric_names(family: &str) -> Vec<String> {
    let Some(found) = FAMILIES.iter().find(|other| other.name == family) else { return Vec::new() };
    match found.kind {
        super::FamilyKind::Counter => vec![format!("{family}_total")],
        super::FamilyKind::Histogram => {
            ["_bucket", "_count", "_sum"].map(|suffix| format!("{family}{suffix}")).to_vec()
        }
        super::FamilyKind::Gauge => vec![family.to_owned()],
    }
}

struct ComputedStream<'s> {
    source: &'s ComputedSource,
    labels: std::vec::IntoIter<(&'s Labels, Option<&'s [(u32, f64)]>)>,
    samples: Vec<(i64, f64)>,
    at: usize,
    after_ms: i64,
    until_ms: i64,
    limits: &'s Limits<'s>,
}

impl SeriesStream for ComputedStream<'_> {
    fn next_series(&mut self) -> Result<Option<Labels>, SourceError> {
        self.limits.check()?;
        self.limits.give(self.samples.len() * size_of::<(i64, f64)>());
        self.samples.clear();
        self.at = 0;
        let Some((labels, increments)) = self.labels.next() else { return Ok(None) };
        let (after_ms, until_ms) = (self.after_ms, self.until_ms);
        self.samples = self
            .source
            .samples(increments)
            .filter(|(time_ms, _)| *time_ms > after_ms && *time_ms <= until_ms)
            .collect();
        self.limits.take(self.samples.len() * size_of::<(i64, f64)>())?;
        Ok(Some(labels.clone()))
    }

    fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        let rest = self.samples.get(self.at..).unwrap_or_default();
        let piece = &rest[..rest.len().min(CHUNK_SAMPLES)];
        for (time_ms, value) in piece {
            chunk.times_ms.push(*time_ms);
            chunk.values.push(*value);
        }
        self.at += piece.len();
        Ok(!piece.is_empty())
    }
}

impl Source for ComputedSource {
    fn select<'s>(
        &'s self,
        request: &Request<'_>,
        limits: &'s Limits<'_>,
    ) -> Result<Box<dyn SeriesStream + 's>, SourceError> {
        limits.check()?;
        let counters =
            self.increments.series.iter().map(|(labels, increments)| (labels, Some(increments.as_slice())));
        let gauges = self.increments.gauges.iter().map(|labels| (labels, None));
        let matching = counters
            .chain(gauges)
            .filter(|(labels, _)| {
                request
                    .matchers
                    .iter()
                    .all(|matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default()))
            })
            .collect::<BTreeMap<_, _>>();
        Ok(Box::new(ComputedStream {
            source: self,
            labels: matching.into_iter().collect::<Vec<_>>().into_iter(),
            samples: Vec::new(),
            at: 0,
            after_ms: request.after_ms,
            until_ms: request.until_ms,
            limits,
        }))
    }
}
