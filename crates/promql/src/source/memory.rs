//! A source that holds all series in memory; for tests and benches.
//!
//! In: samples by label set. Out: the answers of the trait, in chunks of a size that the caller picks.

use std::collections::BTreeMap;
use std::sync::Arc;

use model::{Histogram, Labels};

use super::{Chunk, Limits, Request, SeriesStream, Source, SourceError};

/// Series in memory.
#[derive(Debug, Clone)]
pub struct MemorySource {
    series: BTreeMap<Labels, Chunk>,
    chunk_samples: usize,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self { series: BTreeMap::new(), chunk_samples: 120 }
    }
}

impl MemorySource {
    /// An empty source that answers in chunks of so many samples.
    pub fn with_chunk_samples(chunk_samples: usize) -> Self {
        Self { series: BTreeMap::new(), chunk_samples: chunk_samples.max(1) }
    }

    /// Adds a float; of two at one time the first stays. `start_time_ms` is 0 when unknown.
    pub fn push_float(&mut self, labels: &Labels, time_ms: i64, start_time_ms: i64, value: f64) {
        let chunk = self.series.entry(labels.clone()).or_default();
        if let Err(at) = chunk.times_ms.binary_search(&time_ms) {
            chunk.times_ms.insert(at, time_ms);
            chunk.values.insert(at, value);
            chunk.start_times_ms.insert(at, start_time_ms);
        }
    }

    /// Adds a histogram; of two at one time the first stays.
    pub fn push_histogram(&mut self, labels: &Labels, time_ms: i64, histogram: Histogram) {
        let chunk = self.series.entry(labels.clone()).or_default();
        if let Err(at) = chunk.histograms.binary_search_by_key(&time_ms, |(time, _)| *time) {
            chunk.histograms.insert(at, (time_ms, Arc::new(histogram)));
        }
    }

    /// All series, sorted by labels.
    pub fn iter(&self) -> impl Iterator<Item = (&Labels, &Chunk)> {
        self.series.iter()
    }
}

struct MemoryStream<'s> {
    source: &'s MemorySource,
    labels: std::vec::IntoIter<&'s Labels>,
    current: Option<&'s Chunk>,
    at: usize,
    after_ms: i64,
    until_ms: i64,
    limits: &'s Limits<'s>,
}

impl SeriesStream for MemoryStream<'_> {
    fn next_series(&mut self) -> Result<Option<Labels>, SourceError> {
        self.limits.check()?;
        let Some(labels) = self.labels.next() else {
            self.current = None;
            return Ok(None);
        };
        self.current = self.source.series.get(labels);
        // Floats are skipped by position; histograms come with the first chunk.
        self.at =
            self.current.map_or(0, |chunk| chunk.times_ms.partition_point(|&time| time <= self.after_ms));
        Ok(Some(labels.clone()))
    }

    fn next_chunk(&mut self, chunk: &mut Chunk) -> Result<bool, SourceError> {
        let Some(series) = self.current else {
            return Ok(false);
        };
        let end = series.times_ms.partition_point(|&time| time <= self.until_ms);
        let next = self.at.saturating_add(self.source.chunk_samples).min(end).max(self.at);
        // The last piece of floats brings all histograms, so that each kind stays in order.
        chunk.times_ms.extend_from_slice(series.times_ms.get(self.at..next).unwrap_or_default());
        chunk.values.extend_from_slice(series.values.get(self.at..next).unwrap_or_default());
        let starts = series.start_times_ms.get(self.at..next).unwrap_or_default();
        chunk.start_times_ms.extend_from_slice(starts);
        self.at = next;
        if next >= end {
            let wanted = |time: i64| time > self.after_ms && time <= self.until_ms;
            chunk.histograms.extend(series.histograms.iter().filter(|(time, _)| wanted(*time)).cloned());
            self.current = None;
        }
        Ok(true)
    }
}

impl Source for MemorySource {
    fn select<'s>(
        &'s self,
        request: &Request<'_>,
        limits: &'s Limits<'_>,
    ) -> Result<Box<dyn SeriesStream + 's>, SourceError> {
        let matching: Vec<&Labels> = self
            .series
            .keys()
            .filter(|labels| {
                request
                    .matchers
                    .iter()
                    .all(|matcher| matcher.matches(labels.get(&matcher.name).unwrap_or_default()))
            })
            .collect();
        Ok(Box::new(MemoryStream {
            source: self,
            labels: matching.into_iter(),
            current: None,
            at: 0,
            after_ms: request.after_ms,
            until_ms: request.until_ms,
            limits,
        }))
    }
}
