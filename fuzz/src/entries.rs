//! Log entries for LogQL: a line each, the first character names the stream and the second the time.
//!
//! `0 ` and what follows is an entry of stream 0; a tab splits structured metadata (`a=b`) off its end.

use std::sync::Arc;

use logql::{LabelSet, MemorySource};

const STREAMS: usize = 3;

/// An entry before it is in a source.
#[derive(Debug, Clone)]
pub struct Entry {
    stream: usize,
    time_ns: i64,
    line: String,
    metadata: Vec<(Arc<str>, Arc<str>)>,
}

/// Entries in the order of the lines.
pub fn read(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (number, line) in text.lines().take(40).enumerate() {
        let mut chars = line.chars();
        let (Some(stream), Some(second)) = (chars.next(), chars.next()) else { continue };
        let mut parts = chars.as_str().split('\t');
        let line = parts.next().unwrap_or_default().to_owned();
        let pair = |part: &str| part.split_once('=').map(|(name, value)| (name.into(), value.into()));
        entries.push(Entry {
            stream: stream as usize % STREAMS,
            // No two at one instant, whose order would be the source's affair.
            time_ns: i64::from(second as u32 % 100) * 1_000_000_000 + number as i64,
            line,
            metadata: parts.filter_map(pair).collect(),
        });
    }
    entries
}

/// A source over the entries in pieces of so many; `applies` says whether it applies what it is asked.
pub fn source<'e>(entries: impl Iterator<Item = &'e Entry>, batch: usize, applies: bool) -> MemorySource {
    let mut source = MemorySource::new(batch, applies);
    for (app, env) in [("a", "dev"), ("b", "prod"), ("c", "prod")] {
        source.add_stream(LabelSet::from_pairs([("app", app), ("env", env)]));
    }
    for entry in entries {
        source.add(entry.stream, entry.time_ns, entry.line.clone(), entry.metadata.clone());
    }
    source
}
