//! Rows to an index.
//!
//! In: batches in the order of the file, and the ends of its row groups. The distinct (key, value) of one
//! row group are held in memory, nothing of earlier ones but their finished entries. Keys are taken into a
//! group's filter from the one with the fewest values on, while the budget of bits lasts; the others are marked for
//! scanning.

use arrow::array::{Array, AsArray, Int64Array, RecordBatch, StringViewArray};
use arrow::datatypes::{Int32Type, Int64Type};
use hashbrown::{HashMap, HashSet};
use model::AttrValue;
use model::schema::spans::{Column, well_known_at};
use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN};

use super::bloom::Bloom;
use super::pairs::{Value, canonical, parse_value, walk_array, walk_object};
use super::{
    AttrLevel, KEYS_MAX, KeyBits, KeyEntry, OPERATIONS_MAX, OperationEntry, PAIR_BITS_A_ROW, RowGroup,
    SpanIndex, Times, key_hash, mark_of, pair_hash, trace_hash,
};
use crate::Error;
use crate::read::{Footer, decode, plan};
use crate::sort::Keys;

/// Bits a pair in a filter, at least and at most.
const PAIR_BITS: std::ops::RangeInclusive<usize> = 10..=14;

/// Bits a trace id in the file's filter.
const TRACE_BITS: usize = 12;

/// The columns that are fields to a search, and the key under which the index has them.
const FIELDS: [Column; 5] =
    [Column::Name, Column::StatusMessage, Column::TraceState, Column::ScopeName, Column::ScopeVersion];

/// An operation as a key.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Operation {
    service: Option<Box<str>>,
    name: Box<str>,
    kind: i32,
}

/// An operation as it stands in a batch; hashes as [`Operation`] does.
#[derive(Hash)]
struct OperationRef<'a> {
    service: Option<&'a str>,
    name: &'a str,
    kind: i32,
}

impl OperationRef<'_> {
    fn owned(&self) -> Operation {
        Operation { service: self.service.map(Box::from), name: self.name.into(), kind: self.kind }
    }
}

impl hashbrown::Equivalent<Operation> for OperationRef<'_> {
    fn equivalent(&self, key: &Operation) -> bool {
        (self.service, self.name, self.kind) == (key.service.as_deref(), &*key.name, key.kind)
    }
}

/// Views of a column that were seen a short while ago: equal views of one array are equal texts.
struct KnownViews([u128; 256]);

impl KnownViews {
    fn new() -> Self {
        // No view is all ones: its length would be negative.
        Self([u128::MAX; 256])
    }

    fn is_new(&mut self, view: u128) -> bool {
        let mixed = (view as u64 ^ (view >> 64) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let slot = &mut self.0[(mixed >> 56) as usize];
        std::mem::replace(slot, view) != view
    }
}

/// Gathers the index of a file while its rows are written.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    index: SpanIndex,
    keys: KeyTable,
    operations: HashMap<Operation, (u64, u64)>,
    operations_full: bool,
    trace_hashes: Vec<u64>,
    last_trace: Option<(u128, i64)>,
    group: Group,
}

/// Keys by name, with what a file counts of them.
#[derive(Debug, Default)]
struct KeyTable {
    ids: [HashMap<Box<str>, u32>; 6],
    entries: Vec<KeyEntry>,
    hashes: Vec<u64>,
    full: bool,
}

impl KeyTable {
    /// The number of a key; `None` when the table is full.
    fn id(&mut self, level: AttrLevel, key: &str) -> Option<usize> {
        if let Some(id) = self.ids[level as usize].get(key) {
            return Some(*id as usize);
        }
        if self.entries.len() == KEYS_MAX {
            self.full = true;
            return None;
        }
        let id = self.entries.len();
        self.ids[level as usize].insert(key.into(), id as u32);
        self.entries.push(KeyEntry { level, key: key.to_owned(), count: 0 });
        self.hashes.push(key_hash(key));
        Some(id)
    }
}

/// What is gathered of the present row group.
#[derive(Debug, Default)]
struct Group {
    rows: u32,
    times: Option<Times>,
    open: bool,
    /// Bits and number of distinct values a key.
    keys: Vec<(u8, usize)>,
    /// Distinct pairs; one that two keys share by its hash counts for the first.
    seen: HashSet<u64>,
    pairs: Vec<(u32, u64)>,
    /// Texts of resources, and of scopes, that were taken apart already, with the keys in them.
    texts: [HashMap<Box<str>, Vec<u32>>; 2],
    marks: Vec<u8>,
    trace_rows: Vec<u32>,
}

impl Group {
    fn add(&mut self, keys: &mut KeyTable, id: usize, value: &str) {
        self.present(keys, id, 1, 0);
        let hash = pair_hash(keys.hashes[id], value);
        if self.seen.insert(hash) {
            self.pairs.push((id as u32, hash));
            self.keys[id].1 += 1;
        }
    }

    fn present(&mut self, keys: &mut KeyTable, id: usize, count: u64, bits: u8) {
        if self.keys.len() <= id {
            self.keys.resize(id + 1, (0, 0));
        }
        self.keys[id].0 |= KeyBits::PRESENT | bits;
        keys.entries[id].count += count;
    }

    /// Takes a value that is no plain text: whole, and the plain values of an array.
    fn add_other(&mut self, keys: &mut KeyTable, id: usize, raw: &str) {
        match parse_value(raw) {
            None => self.open = true,
            Some(value) => {
                self.add(keys, id, &canonical(&value));
                self.present(keys, id, 0, KeyBits::OTHER_FORMS);
                if let AttrValue::Array(items) = &value {
                    for item in items {
                        let hash = pair_hash(keys.hashes[id], &canonical(item));
                        if self.seen.insert(hash) {
                            self.pairs.push((id as u32, hash));
                            self.keys[id].1 += 1;
                        }
                    }
                }
            }
        }
    }

    fn object(&mut self, keys: &mut KeyTable, level: AttrLevel, text: &str, ids: &mut Vec<u32>) {
        let whole = walk_object(text, |key, value| match keys.id(level, key) {
            None => self.open = true,
            Some(id) => {
                ids.push(id as u32);
                match value {
                    Value::Plain(text) => self.add(keys, id, &text),
                    Value::Other(raw) => self.add_other(keys, id, raw),
                }
            }
        });
        self.open |= whole.is_none();
    }
}

impl IndexBuilder {
    /// The index of no rows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes rows in the order of the file, all of one row group.
    pub fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        self.rows(batch)?;
        self.operations(batch);
        self.well_known(batch);
        for column in FIELDS {
            if let Some(id) = self.keys.id(AttrLevel::Field, column.name()) {
                self.texts(batch.column(column.at()).as_string_view(), id, |_| true);
            } else {
                self.group.open = true;
            }
        }
        for (column, level) in
            [(Column::ResourceAttributes, AttrLevel::Resource), (Column::ScopeAttributes, AttrLevel::Scope)]
        {
            self.shared_objects(batch.column(column.at()).as_string_view(), level);
        }
        let mut ids = Vec::new();
        for text in batch.column(Column::Attributes.at()).as_string_view().iter().flatten() {
            ids.clear();
            self.group.object(&mut self.keys, AttrLevel::Span, text, &mut ids);
        }
        self.nested(batch.column(Column::Events.at()).as_string_view(), AttrLevel::Event);
        self.nested(batch.column(Column::Links.at()).as_string_view(), AttrLevel::Link);
        Ok(())
    }

    /// Times and traces.
    fn rows(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let keys = Keys::of(batch)?;
        let traces = batch.column(Column::TraceId.at()).as_binary_view();
        let duration = batch.column(Column::Duration.at()).as_primitive::<Int64Type>();
        for row in 0..batch.num_rows() {
            let (trace, start) = (keys.trace(row)?, keys.start(row));
            let new = self.last_trace.is_none_or(|(last, _)| last != trace);
            if new {
                self.last_trace = Some((trace, start));
                self.trace_hashes.push(trace_hash(traces.value(row)));
            }
            if new || self.group.rows == 0 {
                let hash = self.trace_hashes.last().copied().unwrap_or_default();
                self.group.marks.extend_from_slice(&mark_of(hash));
                self.group.trace_rows.push(0);
            }
            if let Some(rows) = self.group.trace_rows.last_mut() {
                *rows += 1;
            }
            self.group.rows += 1;
            let trace_start = self.last_trace.map_or(start, |(_, start)| start);
            let here = Times {
                min_start: start,
                max_start: start,
                max_end: start.saturating_add(duration.value(row).max(0)),
                min_trace_start: trace_start,
                max_trace_start: trace_start,
            };
            self.group.times = Some(join(self.group.times, here));
        }
        Ok(())
    }

    fn operations(&mut self, batch: &RecordBatch) {
        let services = batch.column(service_at()).as_string_view();
        let names = batch.column(Column::Name.at()).as_string_view();
        let kinds = batch.column(Column::Kind.at()).as_primitive::<Int32Type>();
        let statuses = batch.column(Column::StatusCode.at()).as_primitive::<Int32Type>();
        for row in 0..batch.num_rows() {
            let error = u64::from(statuses.value(row) == 2);
            let service = (!services.is_null(row)).then(|| services.value(row));
            let key = OperationRef { service, name: names.value(row), kind: kinds.value(row) };
            if let Some((spans, errors)) = self.operations.get_mut(&key) {
                *spans += 1;
                *errors += error;
            } else if self.operations.len() == OPERATIONS_MAX {
                self.operations_full = true;
            } else {
                self.operations.insert(key.owned(), (1, error));
            }
        }
    }

    /// Puts the values of a text column in under a key, of the rows for which `sent` holds.
    fn texts(&mut self, column: &StringViewArray, id: usize, sent: impl Fn(usize) -> bool) {
        let views = column.views();
        let mut known = KnownViews::new();
        for row in 0..column.len() {
            if column.is_null(row) || !sent(row) {
                continue;
            }
            if known.is_new(views[row]) {
                self.group.add(&mut self.keys, id, column.value(row));
            } else {
                self.keys.entries[id].count += 1;
            }
        }
    }

    fn well_known(&mut self, batch: &RecordBatch) {
        let spellings = batch.column(Column::Spellings.at()).as_primitive::<Int64Type>();
        for (at, column) in WELL_KNOWN.iter().enumerate() {
            let array = batch.column(well_known_at(at));
            if array.null_count() == array.len() {
                continue;
            }
            let level = match column.level {
                Level::Resource => AttrLevel::Resource,
                Level::Span => AttrLevel::Span,
            };
            let spelling = |row| {
                let bits = if spellings.is_null(row) { 0 } else { spellings.value(row) };
                column.spelling_of(bits)
            };
            for (key, other) in [(Some(column.key), Spelling::Old), (column.old_key, Spelling::New)] {
                let sent = |row: usize| !array.is_null(row) && spelling(row) != other;
                let Some(key) = key else { continue };
                if !(0..array.len()).any(sent) {
                    continue;
                }
                let Some(id) = self.keys.id(level, key) else {
                    self.group.open = true;
                    continue;
                };
                match column.column_type {
                    ColumnType::Text => {
                        self.texts(array.as_string_view(), id, sent);
                    }
                    ColumnType::Int => {
                        let array: &Int64Array = array.as_primitive();
                        for row in (0..array.len()).filter(|row| sent(*row)) {
                            let value = AttrValue::Int(array.value(row));
                            self.group.add(&mut self.keys, id, &canonical(&value));
                        }
                    }
                }
            }
        }
    }

    /// Objects that many rows share are taken apart once.
    fn shared_objects(&mut self, column: &StringViewArray, level: AttrLevel) {
        for text in column.iter().flatten() {
            let place = usize::from(level == AttrLevel::Scope);
            if let Some(ids) = self.group.texts[place].get(text) {
                for id in ids {
                    self.keys.entries[*id as usize].count += 1;
                }
                continue;
            }
            let mut ids = Vec::new();
            self.group.object(&mut self.keys, level, text, &mut ids);
            self.group.texts[place].insert(text.into(), ids);
        }
    }

    /// Attributes and names of events and links.
    fn nested(&mut self, column: &StringViewArray, level: AttrLevel) {
        let mut ids = Vec::new();
        for text in column.iter().flatten() {
            let whole = walk_array(text, |object| {
                walk_object(object, |field, value| match (field, value) {
                    ("attributes", Value::Other(raw)) => {
                        ids.clear();
                        self.group.object(&mut self.keys, level, raw, &mut ids);
                    }
                    ("name", Value::Plain(name)) => match self.keys.id(AttrLevel::Field, "event_name") {
                        Some(id) => self.group.add(&mut self.keys, id, &name),
                        None => self.group.open = true,
                    },
                    _ => {}
                })
            });
            self.group.open |= whole.is_none();
        }
    }

    /// Ends the present row group.
    pub fn end_row_group(&mut self) {
        let group = std::mem::take(&mut self.group);
        let Some(times) = group.times else { return };
        let budget = group.rows as usize * PAIR_BITS_A_ROW;
        let mut by_count: Vec<usize> = (0..group.keys.len()).filter(|id| group.keys[*id].1 > 0).collect();
        by_count.sort_by_key(|id| group.keys[*id].1);
        let mut bits: Vec<u8> = group.keys.iter().map(|(bits, _)| *bits).collect();
        let mut taken = 0;
        for id in by_count {
            // A hundred values are taken in the smallest group, so that its services are always there.
            if (taken + group.keys[id].1) * PAIR_BITS.start() <= budget.max(100 * PAIR_BITS.start()) {
                taken += group.keys[id].1;
            } else {
                bits[id] |= KeyBits::SCAN;
            }
        }
        let hashes: Vec<u64> = group
            .pairs
            .iter()
            .filter(|(id, _)| bits[*id as usize] & KeyBits::SCAN == 0)
            .map(|(_, hash)| *hash)
            .collect();
        let each = (budget / hashes.len().max(1)).clamp(*PAIR_BITS.start(), *PAIR_BITS.end());
        self.index.row_groups.push(RowGroup {
            rows: group.rows,
            times,
            open: group.open,
            keys: bits.into_iter().map(KeyBits).collect(),
            pairs: Bloom::of(hashes.into_iter(), each),
            trace_marks: group.marks.into(),
            trace_rows: group.trace_rows,
        });
    }

    /// The index of all rows.
    pub fn finish(mut self) -> SpanIndex {
        self.end_row_group();
        let mut index = self.index;
        // Keys were numbered as they came; the index has them sorted.
        let mut order: Vec<usize> = (0..self.keys.entries.len()).collect();
        order.sort_by(|a, b| {
            let entry = |at: &usize| (self.keys.entries[*at].level, &self.keys.entries[*at].key);
            entry(a).cmp(&entry(b))
        });
        // The fields' keys exist even when no row has a value; such keys are left out.
        order.retain(|at| self.keys.entries[*at].count > 0);
        for group in &mut index.row_groups {
            group.keys = order.iter().map(|at| group.keys.get(*at).copied().unwrap_or_default()).collect();
            index.times = join(if index.rows == 0 { None } else { Some(index.times) }, group.times);
            index.rows += u64::from(group.rows);
        }
        index.keys = order.iter().map(|at| self.keys.entries[*at].clone()).collect();
        index.keys_complete = !self.keys.full;
        index.operations = self
            .operations
            .into_iter()
            .map(|(operation, (spans, errors))| OperationEntry {
                service: operation.service.map(String::from),
                name: operation.name.into(),
                kind: operation.kind,
                spans,
                errors,
            })
            .collect();
        index.operations.sort();
        index.operations_complete = !self.operations_full;
        index.traces = Bloom::of(self.trace_hashes.into_iter(), TRACE_BITS);
        index
    }
}

/// Makes the index anew from a file. `read` gives the bytes of a range of it.
pub fn build_index(
    footer: &Footer,
    mut read: impl FnMut(std::ops::Range<u64>) -> Result<bytes::Bytes, Error>,
) -> Result<SpanIndex, Error> {
    let mut builder = IndexBuilder::new();
    for row_group in 0..footer.row_groups() {
        let plan = plan(footer, &[row_group], None, None)?;
        let bytes = plan.ranges().iter().cloned().map(&mut read).collect::<Result<Vec<_>, _>>()?;
        for batch in decode(footer, &plan, &bytes)? {
            builder.push(&batch)?;
        }
        builder.end_row_group();
    }
    Ok(builder.finish())
}

fn join(a: Option<Times>, b: Times) -> Times {
    let Some(a) = a else { return b };
    Times {
        min_start: a.min_start.min(b.min_start),
        max_start: a.max_start.max(b.max_start),
        max_end: a.max_end.max(b.max_end),
        min_trace_start: a.min_trace_start.min(b.min_trace_start),
        max_trace_start: a.max_trace_start.max(b.max_trace_start),
    }
}

fn service_at() -> usize {
    let at = WELL_KNOWN.iter().position(|column| column.column == "service_name");
    well_known_at(at.unwrap_or(0))
}
