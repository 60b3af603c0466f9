//! What prunes a file of spans without opening it: kept in memory and, as bytes with a version and a
//! checksum, beside the file (`docs/formats/segment-index.md`).
//!
//! In: the rows of a file in their order. Out: services and operations, attribute keys with counts, a filter over trace ids, and per row
//! group its times, where its traces lie, and a filter over (key, value). A filter never
//! denies what is there. Keys are those that were sent, old spellings too. What the index does not hold
//! is decided by reading rows.

pub mod bloom;
mod build;
mod bytes;
pub(crate) mod pairs;

use std::ops::Range;

use ::bytes::Bytes;
use model::{AttrValue, TraceId};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

pub(crate) use self::build::IndexBuilder;
pub use self::build::build_index;
use bloom::Bloom;
use pairs::canonical;

/// Version of the bytes.
pub const VERSION: u32 = 1;

/// Most keys that are told apart in a file; further ones are searched by reading rows.
pub const KEYS_MAX: usize = 4096;

/// Most (service, operation, kind) that are listed for a file.
pub const OPERATIONS_MAX: usize = 65_536;

/// Bits of filters over (key, value), a row, on average; with the other parts at most 2 bytes a row.
pub(crate) const PAIR_BITS_A_ROW: usize = 12;

/// Where an attribute was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum AttrLevel {
    /// On the resource.
    Resource = 0,
    /// On the span.
    Span = 1,
    /// On an event of the span.
    Event = 2,
    /// On the instrumentation scope.
    Scope = 3,
    /// On a link of the span.
    Link = 4,
    /// No attribute but a field: `name`, `status_message`, `trace_state`, `scope_name`, `scope_version`, and
    /// `event_name`.
    Field = 5,
}

impl AttrLevel {
    const ALL: [Self; 6] = [Self::Resource, Self::Span, Self::Event, Self::Scope, Self::Link, Self::Field];
}

/// An attribute key of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyEntry {
    /// Where it was sent.
    pub level: AttrLevel,
    /// The key as sent.
    pub key: String,
    /// How often it was sent: exact, a key of an event or link once for each of them.
    pub count: u64,
}

/// An operation of a service.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct OperationEntry {
    /// `service.name`, `None` when it was not sent as text.
    pub service: Option<String>,
    /// Name of the spans.
    pub name: String,
    /// Kind as OTLP numbers it.
    pub kind: i32,
    /// Number of spans.
    pub spans: u64,
    /// Number of spans with status error.
    pub errors: u64,
}

/// Times of rows in nanoseconds since the epoch; all 0 without rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// Earliest start of a row.
    pub min_start: i64,
    /// Latest start of a row.
    pub max_start: i64,
    /// Latest end of a row (its start where the end lies before it).
    pub max_end: i64,
    /// Earliest start of a trace in this file, of the traces that have rows here.
    pub min_trace_start: i64,
    /// Latest start of a trace, likewise.
    pub max_trace_start: i64,
}

/// What is known of a key in a row group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct KeyBits(u8);

impl KeyBits {
    /// Some row has the key.
    pub(crate) const PRESENT: u8 = 1;
    /// Its values are too many for the filter.
    pub(crate) const SCAN: u8 = 2;
    /// Some value is a double, bytes, an array, a map or empty: dialects print these in several ways.
    pub(crate) const OTHER_FORMS: u8 = 4;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// What is known of a row group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowGroup {
    /// Number of rows.
    pub rows: u32,
    /// Their times.
    pub times: Times,
    /// Some row has a key that is not listed, or JSON that was not understood.
    pub(crate) open: bool,
    /// One entry a key of the file.
    pub(crate) keys: Vec<KeyBits>,
    /// Filter over (key, value).
    pub(crate) pairs: Bloom,
    /// 32 bits of the hash of each trace's id, in the order of the rows, little-endian.
    pub(crate) trace_marks: Bytes,
    /// Rows of each trace.
    pub(crate) trace_rows: Vec<u32>,
}

/// The index of one file of spans.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SpanIndex {
    /// Number of rows.
    pub rows: u64,
    /// Their times.
    pub times: Times,
    /// Services and operations, sorted.
    pub operations: Vec<OperationEntry>,
    /// Whether `operations` is the whole list.
    pub operations_complete: bool,
    /// Attribute keys, sorted by level and key.
    pub keys: Vec<KeyEntry>,
    /// Whether `keys` is the whole list.
    pub keys_complete: bool,
    /// One entry a row group of the file.
    pub row_groups: Vec<RowGroup>,
    /// Filter over trace ids.
    pub(crate) traces: Bloom,
}

/// Rows of a file that may be those of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TraceRows {
    /// The row group.
    pub row_group: usize,
    /// Rows in it.
    pub rows: Range<usize>,
}

impl SpanIndex {
    /// Whether the file may have spans of the trace; `false` is certain.
    pub fn may_contain_trace(&self, id: &TraceId) -> bool {
        self.traces.may_contain(trace_hash(&id.0))
    }

    /// Where the rows of the trace may lie. Another trace may be among them (about one in a thousand
    /// million a trace of the file), so compare the ids of what is read; no row of the trace lies elsewhere.
    pub fn trace_rows(&self, id: &TraceId) -> Vec<TraceRows> {
        if !self.may_contain_trace(id) {
            return Vec::new();
        }
        let mark = mark_of(trace_hash(&id.0));
        let mut found = Vec::new();
        for (row_group, group) in self.row_groups.iter().enumerate() {
            let marks = group.trace_marks.chunks_exact(4);
            for (at, _) in marks.enumerate().filter(|(_, bytes)| **bytes == mark) {
                let before: usize = group.trace_rows.iter().take(at).map(|n| *n as usize).sum();
                let rows = group.trace_rows.get(at).map_or(0, |n| *n as usize);
                found.push(TraceRows { row_group, rows: before..before + rows });
            }
        }
        found
    }

    /// The traces of a row group as row ranges, in order.
    pub fn traces_of(&self, row_group: usize) -> Vec<Range<usize>> {
        let mut from = 0;
        let lens = self.row_groups.get(row_group).map_or(&[][..], |group| &group.trace_rows);
        lens.iter()
            .map(|len| {
                let rows = from..from + *len as usize;
                from = rows.end;
                rows
            })
            .collect()
    }

    /// Whether a row of the group may have an attribute with this key and value on any level (fields
    /// apart); `false` is certain.
    ///
    /// Text, integers and truth values are found by each other when they look the same, and an integer
    /// finds the equal double and the reverse. Values inside an array are found as themselves.
    pub fn may_contain_attribute(&self, row_group: usize, key: &str, value: &AttrValue) -> bool {
        self.may_contain(row_group, None, key, Some(value), false)
    }

    /// [`Self::may_contain_attribute`] on one level.
    pub fn may_contain_attribute_at(
        &self,
        row_group: usize,
        level: AttrLevel,
        key: &str,
        value: &AttrValue,
    ) -> bool {
        self.may_contain(row_group, Some(level), key, Some(value), false)
    }

    /// Whether a row of the group may have an attribute with this key whose value some dialect prints as
    /// `text`: as [`Self::may_contain_attribute`], but also `true` when the row group has doubles, bytes, arrays, maps
    /// or empty values under the key.
    pub fn may_contain_printed(&self, row_group: usize, key: &str, text: &str) -> bool {
        self.may_contain(row_group, None, key, Some(&text.into()), true)
    }

    /// Whether a row of the group may have an attribute with this key; `None` means any level but fields.
    pub fn may_contain_key(&self, row_group: usize, level: Option<AttrLevel>, key: &str) -> bool {
        self.may_contain(row_group, level, key, None, false)
    }

    fn may_contain(
        &self,
        row_group: usize,
        level: Option<AttrLevel>,
        key: &str,
        value: Option<&AttrValue>,
        printed: bool,
    ) -> bool {
        let Some(group) = self.row_groups.get(row_group) else { return false };
        if group.open {
            return true;
        }
        let mut in_filter = None;
        for candidate in AttrLevel::ALL {
            let asked = level.map_or(candidate != AttrLevel::Field, |level| level == candidate);
            if !asked {
                continue;
            }
            let place = self.keys.binary_search_by(|e| (e.level, e.key.as_str()).cmp(&(candidate, key)));
            let Some(bits) = place.ok().and_then(|at| group.keys.get(at)) else { continue };
            if !bits.has(KeyBits::PRESENT) {
                continue;
            }
            let Some(value) = value else { return true };
            if bits.has(KeyBits::SCAN) || printed && bits.has(KeyBits::OTHER_FORMS) {
                return true;
            }
            let hit = *in_filter
                .get_or_insert_with(|| group.pairs.may_contain(pair_hash(key_hash(key), &canonical(value))));
            if hit {
                return true;
            }
        }
        false
    }

    /// Names of the services, sorted; spans without a service name have no entry.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        let mut last = None;
        self.operations.iter().filter_map(move |entry| {
            let service = entry.service.as_deref()?;
            (last != Some(service)).then(|| {
                last = Some(service);
                service
            })
        })
    }

    /// The operations of a service.
    pub fn operations_of(&self, service: &str) -> impl Iterator<Item = &OperationEntry> {
        self.operations.iter().filter(move |entry| entry.service.as_deref() == Some(service))
    }

    /// The index as bytes.
    pub fn encode(&self) -> Result<Vec<u8>, crate::Error> {
        bytes::encode(self)
    }

    /// The index of bytes; those of a later version and damaged ones are errors. Filters share `bytes`.
    pub fn decode(bytes: &Bytes) -> Result<Self, crate::Error> {
        bytes::decode(bytes)
    }
}

pub(crate) fn trace_hash(id: &[u8]) -> u64 {
    xxh3_64(id)
}

pub(crate) fn mark_of(hash: u64) -> [u8; 4] {
    (hash as u32).to_le_bytes()
}

pub(crate) fn key_hash(key: &str) -> u64 {
    xxh3_64(key.as_bytes())
}

pub(crate) fn pair_hash(key: u64, value: &str) -> u64 {
    xxh3_64_with_seed(value.as_bytes(), key)
}
