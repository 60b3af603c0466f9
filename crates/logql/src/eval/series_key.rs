//! Which series a sample belongs to: its final labels, or those that a grouping leaves.

use std::sync::Arc;

use hashbrown::HashMap;

use crate::labels::LabelSet;
use crate::pipeline::names::{NameId, Names};
use crate::pipeline::row::Row;
use crate::syntax::ast::Grouping;

/// The labels of a series.
#[derive(Debug, Clone)]
pub(super) enum Keep {
    /// Every one but these.
    Without(Vec<String>),
    /// These, with their numbers in the pipeline.
    By(Vec<(String, NameId)>),
}

impl Keep {
    /// From a grouping; `dropped` is the unwrapped label, which no series has unless it is asked for.
    pub(super) fn new(
        grouping: Option<&Grouping>,
        dropped: Option<&str>,
        mut intern: impl FnMut(&str) -> NameId,
    ) -> Self {
        match grouping {
            Some(grouping) if !grouping.without => {
                let mut names: Vec<String> = grouping.names.clone();
                names.sort();
                names.dedup();
                Self::By(names.into_iter().map(|name| (name.clone(), intern(&name))).collect())
            }
            other => {
                let mut names = other.map_or_else(Vec::new, |grouping| grouping.names.clone());
                names.extend(dropped.map(str::to_owned));
                Self::Without(names)
            }
        }
    }
}

/// Series by their labels.
#[derive(Debug)]
pub(super) struct SeriesTable<S> {
    by_key: HashMap<Box<[u8]>, usize>,
    series: Vec<(LabelSet, S)>,
    key: Vec<u8>,
    /// Series of the streams of this batch, for entries that no stage touched.
    of_stream: Vec<Option<usize>>,
}

impl<S> SeriesTable<S> {
    pub(super) fn new() -> Self {
        Self { by_key: HashMap::new(), series: Vec::new(), key: Vec::new(), of_stream: Vec::new() }
    }

    /// Forgets which series the streams of the last batch had.
    pub(super) fn begin_batch(&mut self, streams: usize) {
        self.of_stream.clear();
        self.of_stream.resize(streams, None);
    }

    /// The series of an entry, made by `make` if it is new; whether it is.
    pub(super) fn entry(
        &mut self,
        row: &Row<'_>,
        names: &Names,
        keep: &Keep,
        stream: usize,
        make: impl FnOnce() -> S,
    ) -> (&mut (LabelSet, S), bool) {
        let is_plain = row.is_untouched() && row.metadata().is_empty();
        if is_plain && let Some(Some(index)) = self.of_stream.get(stream) {
            return (&mut self.series[*index], false);
        }
        self.fill_key(row, names, keep);
        let (index, is_new) = match self.by_key.get(self.key.as_slice()) {
            Some(index) => (*index, false),
            None => {
                let labels = labels_of_key(&self.key);
                self.by_key.insert(self.key.as_slice().into(), self.series.len());
                self.series.push((labels, make()));
                (self.series.len() - 1, true)
            }
        };
        if is_plain && let Some(slot) = self.of_stream.get_mut(stream) {
            *slot = Some(index);
        }
        (&mut self.series[index], is_new)
    }

    /// Writes names and values of the key, each with its length before it, sorted by name.
    fn fill_key(&mut self, row: &Row<'_>, names: &Names, keep: &Keep) {
        self.key.clear();
        let push = |key: &mut Vec<u8>, text: &str| {
            key.extend_from_slice(&(text.len() as u32).to_le_bytes());
            key.extend_from_slice(text.as_bytes());
        };
        match keep {
            Keep::By(list) => {
                for (name, id) in list {
                    if let Some(value) = row.get(*id, names) {
                        push(&mut self.key, name);
                        push(&mut self.key, value);
                    }
                }
            }
            Keep::Without(list) => {
                let mut pairs = Vec::new();
                row.each_label(names, |_, name, value| {
                    if !list.iter().any(|dropped| **dropped == *name) {
                        pairs.push((name, value));
                    }
                });
                pairs.sort();
                pairs.dedup_by(|a, b| a.0 == b.0);
                for (name, value) in pairs {
                    push(&mut self.key, &name);
                    push(&mut self.key, value);
                }
            }
        }
    }

    pub(super) fn into_series(self) -> Vec<(LabelSet, S)> {
        self.series
    }
}

fn labels_of_key(key: &[u8]) -> LabelSet {
    let mut texts = Vec::new();
    let mut rest = key;
    while let Some((length, tail)) = rest.split_first_chunk::<4>() {
        let length = (u32::from_le_bytes(*length) as usize).min(tail.len());
        let (text, tail) = tail.split_at(length);
        texts.push(Arc::<str>::from(String::from_utf8_lossy(text)));
        rest = tail;
    }
    let pairs = texts.chunks_exact(2).map(|pair| (Arc::clone(&pair[0]), Arc::clone(&pair[1])));
    LabelSet::from_shared(pairs.collect())
}
