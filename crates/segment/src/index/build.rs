//! Rows to an index.
//!
//! In: row groups in the order of the file, their repeated values told apart. Out: the index. The distinct (key, value) of one
//! row group are held in memory, nothing of earlier ones but their finished entries. Keys are taken into a
//! group's filter from the one with the fewest values on, while the budget of bits lasts; the others are marked for
//! scanning.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};
use model::AttrValue;
use model::schema::spans::{self, Column as At, well_known_at};
use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN, WellKnown};

use super::bloom::Bloom;
use super::pairs::{Value, canonical, parse_value, walk_array, walk_object};
use super::{
    AttrLevel, KEYS_MAX, KeyBits, KeyEntry, OPERATIONS_MAX, OperationEntry, PAIR_BITS_A_ROW, RowGroup,
    SpanIndex, Times, key_hash, mark_of, pair_hash, trace_hash,
};
use crate::Error;
use crate::group::{Column, Group, Known, service_at};
use crate::pages::bits::Bits;
use crate::read::{Footer, decode, plan};
use crate::rows::Rows;
use crate::sort::trace_key;

/// Bits a pair in a filter, at least and at most.
const PAIR_BITS: std::ops::RangeInclusive<usize> = 10..=14;

/// Bits a trace id in the file's filter.
const TRACE_BITS: usize = 12;

/// The columns that are fields to a search, and the key under which the index has them.
const FIELDS: [At; 5] = [At::Name, At::StatusMessage, At::TraceState, At::ScopeName, At::ScopeVersion];

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

/// Gathers the index of a file while its rows are written.
#[derive(Debug, Default)]
pub struct IndexBuilder {
    index: SpanIndex,
    keys: KeyTable,
    operations: HashMap<Operation, (u64, u64)>,
    operations_full: bool,
    trace_hashes: Vec<u64>,
    last_trace: Option<(u128, i64)>,
    /// Of the present row group.
    spellings: Option<Vec<i64>>,
    gathered: Gathered,
}

/// Keys by name, with what a file counts of them.
#[derive(Debug, Default)]
struct KeyTable {
    ids: [HashMap<Box<str>, u32>; 6],
    entries: Vec<KeyEntry>,
    hashes: Vec<u64>,
    /// For each key the one that came after it last time; objects of one kind have their keys in one order.
    after: Vec<u32>,
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
        self.after.push(id as u32);
        Some(id)
    }

    /// The same for a key that comes after another in one object.
    fn id_after(&mut self, before: Option<usize>, level: AttrLevel, key: &str) -> Option<usize> {
        if let Some(guess) = before.and_then(|id| self.after.get(id)) {
            let entry = &self.entries[*guess as usize];
            if entry.key == key && entry.level == level {
                return Some(*guess as usize);
            }
        }
        let id = self.id(level, key)?;
        if let Some(after) = before.and_then(|before| self.after.get_mut(before)) {
            *after = id as u32;
        }
        Some(id)
    }
}

/// What is gathered of one row group.
#[derive(Debug, Default)]
struct Gathered {
    open: bool,
    /// Bits and number of distinct values a key.
    keys: Vec<(u8, usize)>,
    /// Distinct pairs; one that two keys share by its hash counts for the first.
    seen: HashSet<u64>,
    /// Some of them, by their lowest bits: most values have come a short while ago.
    recent: Vec<u64>,
    pairs: Vec<(u32, u64)>,
}

impl Gathered {
    /// Takes a value of a key.
    fn pair(&mut self, keys: &KeyTable, id: usize, value: &str) {
        const RECENT: usize = 4096;
        let hash = pair_hash(keys.hashes[id], value);
        if self.recent.is_empty() {
            self.recent.resize(RECENT, 0);
        }
        let recent = &mut self.recent[hash as usize % RECENT];
        if *recent == hash && hash != 0 {
            return;
        }
        *recent = hash;
        if self.seen.insert(hash) {
            self.pairs.push((id as u32, hash));
            self.keys[id].1 += 1;
        }
    }

    /// Notes that a key was sent so many times more.
    fn present(&mut self, keys: &mut KeyTable, id: usize, count: u64, bits: u8) {
        if self.keys.len() <= id {
            self.keys.resize(id + 1, (0, 0));
        }
        self.keys[id].0 |= KeyBits::PRESENT | bits;
        keys.entries[id].count += count;
    }

    /// Takes a value that is no plain text: whole, and the plain values of an array.
    fn other(&mut self, keys: &mut KeyTable, id: usize, count: u64, raw: &str) {
        // A number with a fraction is the commonest of these, and needs no parser of objects.
        let number = raw
            .parse()
            .ok()
            .filter(|_| raw.bytes().all(|b| matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')));
        let Some(value) = number.map(AttrValue::Double).or_else(|| parse_value(raw)) else {
            self.open = true;
            return;
        };
        self.present(keys, id, count, KeyBits::OTHER_FORMS);
        self.pair(keys, id, &canonical(&value));
        if let AttrValue::Array(items) = &value {
            for item in items {
                self.pair(keys, id, &canonical(item));
            }
        }
    }

    /// Takes an object of attributes that stands in so many rows.
    fn object(&mut self, keys: &mut KeyTable, level: AttrLevel, text: &str, count: u64) {
        let mut before = None;
        let whole = walk_object(text, |key, value| {
            let Some(id) = keys.id_after(before, level, key) else {
                self.open = true;
                return;
            };
            before = Some(id);
            match value {
                Value::Plain(text) => {
                    self.present(keys, id, count, 0);
                    self.pair(keys, id, &text);
                }
                Value::Other(raw) => self.other(keys, id, count, raw),
            }
        });
        self.open |= whole.is_none();
    }

    /// Attributes and names of events and links.
    fn nested(&mut self, keys: &mut KeyTable, level: AttrLevel, text: &str) {
        let whole = walk_array(text, |object| {
            walk_object(object, |field, value| match (field, value) {
                ("attributes", Value::Other(raw)) => self.object(keys, level, raw, 1),
                ("name", Value::Plain(name)) => match keys.id(AttrLevel::Field, "event_name") {
                    Some(id) => {
                        self.present(keys, id, 1, 0);
                        self.pair(keys, id, &name);
                    }
                    None => self.open = true,
                },
                _ => {}
            })
        });
        self.open |= whole.is_none();
    }
}

/// A stored text; the columns hold nothing else, but a file may be anybody's.
fn text(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

impl IndexBuilder {
    /// The index of no rows.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Begins the next row group.
    pub(crate) fn begin(&mut self, group: &Group<'_>) -> Result<(), Error> {
        let entry = self.rows(group)?;
        self.index.row_groups.push(entry);
        self.operations(group);
        self.spellings = spellings(group);
        Ok(())
    }

    /// Takes a column of the row group, each once.
    pub(crate) fn column(&mut self, at: usize, column: &Column<'_>) {
        if let Some(known) = at.checked_sub(well_known_at(0)).and_then(|at| WELL_KNOWN.get(at)) {
            self.well_known(known, column);
        } else if let Some(field) = FIELDS.iter().find(|field| field.at() == at) {
            match self.keys.id(AttrLevel::Field, field.name()) {
                Some(id) => self.texts(column, id),
                None => self.gathered.open = true,
            }
        } else if at == At::ResourceAttributes.at() {
            self.objects(column, AttrLevel::Resource);
        } else if at == At::ScopeAttributes.at() {
            self.objects(column, AttrLevel::Scope);
        } else if at == At::Attributes.at() {
            self.objects(column, AttrLevel::Span);
        } else if at == At::Events.at() {
            self.nested(column, AttrLevel::Event);
        } else if at == At::Links.at() {
            self.nested(column, AttrLevel::Link);
        }
    }

    /// Times and traces.
    fn rows(&mut self, group: &Group<'_>) -> Result<RowGroup, Error> {
        let traces = group.kept(At::TraceId.at());
        let starts = group.kept(At::Start.at()).numbers();
        let durations = group.kept(At::Duration.at()).numbers();
        let mut times: Option<Times> = None;
        let mut marks: Vec<u8> = Vec::new();
        let mut trace_rows: Vec<u32> = Vec::new();
        let mut last = None;
        for ((code, start), duration) in traces.codes().into_iter().zip(starts).zip(durations) {
            let code = code.unwrap_or_default();
            let id = traces.text(code);
            if last != Some(id) {
                let trace = trace_key(id)?;
                if self.last_trace.is_none_or(|(last, _)| last != trace) {
                    self.last_trace = Some((trace, *start));
                    self.trace_hashes.push(trace_hash(id));
                }
                let hash = self.trace_hashes.last().copied().unwrap_or_default();
                marks.extend_from_slice(&mark_of(hash));
                trace_rows.push(0);
                last = Some(id);
            }
            if let Some(rows) = trace_rows.last_mut() {
                *rows += 1;
            }
            let trace_start = self.last_trace.map_or(*start, |(_, start)| start);
            let here = Times {
                min_start: *start,
                max_start: *start,
                max_end: start.saturating_add((*duration).max(0)),
                min_trace_start: trace_start,
                max_trace_start: trace_start,
            };
            times = Some(join(times, here));
        }
        Ok(RowGroup {
            rows: u32::try_from(group.rows).unwrap_or(u32::MAX),
            times: times.unwrap_or_default(),
            trace_marks: marks.into(),
            trace_rows,
            ..RowGroup::default()
        })
    }

    fn operations(&mut self, group: &Group<'_>) {
        let (services, names) = (group.kept(service_at()), group.kept(At::Name.at()));
        let service_codes = services.codes();
        let kinds = group.kept(At::Kind.at()).numbers();
        let statuses = group.kept(At::StatusCode.at()).numbers();
        let mut counts: HashMap<(Option<u32>, u32, i64), (u64, u64)> = HashMap::new();
        for (row, ((name, kind), status)) in names.codes().into_iter().zip(kinds).zip(statuses).enumerate() {
            let service = service_codes.get(row).copied().flatten();
            let count = counts.entry((service, name.unwrap_or_default(), *kind)).or_default();
            count.0 += 1;
            count.1 += u64::from(*status == 2);
        }
        for ((service, name, kind), (spans, errors)) in counts {
            let service = service.map(|code| text(services.text(code)));
            let name = text(names.text(name));
            let kind = i32::try_from(kind).unwrap_or_default();
            let key = OperationRef { service: service.as_deref(), name: &name, kind };
            if let Some(known) = self.operations.get_mut(&key) {
                known.0 += spans;
                known.1 += errors;
            } else if self.operations.len() == OPERATIONS_MAX {
                self.operations_full = true;
            } else {
                self.operations.insert(key.owned(), (spans, errors));
            }
        }
    }

    /// Puts the values of a text column in under a key.
    fn texts(&mut self, column: &Column<'_>, id: usize) {
        let (values, count) = match column {
            Column::Texts(texts) => (&texts.entries, texts.codes.len()),
            Column::Plain(plain) => (&plain.values, plain.values.len()),
            Column::Null | Column::Numbers(_) => return,
        };
        self.gathered.present(&mut self.keys, id, count as u64, 0);
        for value in values {
            self.gathered.pair(&self.keys, id, &text(value));
        }
    }

    fn well_known(&mut self, known: &WellKnown, column: &Column<'_>) {
        let spellings = std::mem::take(&mut self.spellings);
        let bits = spellings.as_deref().filter(|_| known.old_key.is_some());
        match (column, bits) {
            (Column::Null, _) => {}
            (Column::Texts(_) | Column::Plain(_), None) => self.one_spelling(known, column),
            (Column::Texts(texts), Some(bits)) => {
                // Which spellings each distinct text came under.
                let mut ways = vec![0u8; texts.entries.len()];
                let mut counts = [0u64; 3];
                for (code, row) in texts.codes.iter().zip(texts.valid.ones()) {
                    let way = way_of(known, bits[row]);
                    ways[*code as usize] |= 1 << way;
                    counts[way] += 1;
                }
                let values = texts.entries.iter().map(|value| text(value)).zip(ways);
                self.two_spellings(known, values, counts);
            }
            (Column::Plain(plain), Some(bits)) => {
                let (ways, counts) = ways_of(known, &plain.valid, bits);
                self.two_spellings(known, plain.values.iter().map(|value| text(value)).zip(ways), counts);
            }
            (Column::Numbers(numbers), bits) => {
                debug_assert_eq!(known.column_type, ColumnType::Int);
                let (ways, counts) = ways_of(known, &numbers.valid, bits.unwrap_or_default());
                let mut distinct: HashMap<i64, u8> = HashMap::new();
                for (value, way) in numbers.values.iter().zip(ways) {
                    *distinct.entry(*value).or_default() |= way;
                }
                let values = distinct
                    .into_iter()
                    .map(|(value, ways)| (Cow::Owned(canonical(&AttrValue::Int(value)).into_owned()), ways));
                self.two_spellings(known, values, counts);
            }
        }
        self.spellings = spellings;
    }

    /// A column whose values were all sent under the present key.
    fn one_spelling(&mut self, known: &WellKnown, column: &Column<'_>) {
        match self.keys.id(level_of(known), known.key) {
            Some(id) => self.texts(column, id),
            None => self.gathered.open = true,
        }
    }

    /// Distinct values with the spellings under which they came, and how often each spelling came.
    fn two_spellings<'a>(
        &mut self,
        known: &WellKnown,
        values: impl Iterator<Item = (Cow<'a, str>, u8)>,
        counts: [u64; 3],
    ) {
        let [new, old, both] = counts;
        let mut id = |key: Option<&str>, count: u64| {
            let key = key.filter(|_| count > 0)?;
            let id = self.keys.id(level_of(known), key);
            match id {
                Some(id) => self.gathered.present(&mut self.keys, id, count, 0),
                None => self.gathered.open = true,
            }
            id
        };
        let new_id = id(Some(known.key), new + both);
        let old_id = id(known.old_key, old + both);
        for (value, ways) in values {
            if let (Some(id), true) = (new_id, ways & (1 << NEW | 1 << BOTH) != 0) {
                self.gathered.pair(&self.keys, id, &value);
            }
            if let (Some(id), true) = (old_id, ways & (1 << OLD | 1 << BOTH) != 0) {
                self.gathered.pair(&self.keys, id, &value);
            }
        }
    }

    /// Objects of attributes; those that many rows share are taken apart once.
    fn objects(&mut self, column: &Column<'_>, level: AttrLevel) {
        match column {
            Column::Texts(texts) => {
                let mut counts = vec![0u64; texts.entries.len()];
                for code in &texts.codes {
                    counts[*code as usize] += 1;
                }
                for (value, count) in texts.entries.iter().zip(counts) {
                    self.gathered.object(&mut self.keys, level, &text(value), count);
                }
            }
            Column::Plain(plain) => {
                for value in &plain.values {
                    self.gathered.object(&mut self.keys, level, &text(value), 1);
                }
            }
            Column::Null | Column::Numbers(_) => {}
        }
    }

    /// Events or links.
    fn nested(&mut self, column: &Column<'_>, level: AttrLevel) {
        let Column::Plain(plain) = column else { return };
        for value in &plain.values {
            self.gathered.nested(&mut self.keys, level, &text(value));
        }
    }

    /// Ends the row group: decides which keys go into its filter.
    pub(crate) fn end(&mut self) {
        let group = std::mem::take(&mut self.gathered);
        let Some(entry) = self.index.row_groups.last_mut() else { return };
        let budget = entry.rows as usize * PAIR_BITS_A_ROW;
        let mut by_count: Vec<usize> = (0..group.keys.len()).filter(|id| group.keys[*id].1 > 0).collect();
        // Among keys with as many values the name decides, so that the result depends on the rows alone.
        by_count.sort_by(|a, b| {
            let order = |id: &usize| {
                let entry = &self.keys.entries[*id];
                (group.keys[*id].1, entry.level, entry.key.as_str())
            };
            order(a).cmp(&order(b))
        });
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
        entry.open = group.open;
        entry.keys = bits.into_iter().map(KeyBits).collect();
        entry.pairs = Bloom::of(hashes.into_iter(), each);
    }

    /// Times of the row group that was taken last.
    pub(crate) fn last_times(&self) -> Times {
        self.index.row_groups.last().map_or_else(Times::default, |group| group.times)
    }

    /// The index of all rows.
    pub(crate) fn finish(self) -> SpanIndex {
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

/// Numbers of the spellings in masks.
const NEW: usize = 0;
const OLD: usize = 1;
const BOTH: usize = 2;

fn way_of(known: &WellKnown, bits: i64) -> usize {
    match known.spelling_of(bits) {
        Spelling::New => NEW,
        Spelling::Old => OLD,
        Spelling::Both => BOTH,
    }
}

/// The spelling of each value as a mask, and how often each came. `bits` by row; missing ones mean zero.
fn ways_of(known: &WellKnown, valid: &Bits, bits: &[i64]) -> (Vec<u8>, [u64; 3]) {
    let mut counts = [0; 3];
    let ways = valid.ones().map(|row| {
        let way = way_of(known, bits.get(row).copied().unwrap_or(0));
        counts[way] += 1;
        1 << way
    });
    (ways.collect(), counts)
}

/// `attribute_spellings` by row, zero where null; `None` when every row has the present spellings.
fn spellings(group: &Group<'_>) -> Option<Vec<i64>> {
    let Column::Numbers(numbers) = group.kept(At::Spellings.at()) else { return None };
    let mut out = vec![0; group.rows];
    for (value, row) in numbers.values.iter().zip(numbers.valid.ones()) {
        out[row] = *value;
    }
    Some(out)
}

fn level_of(known: &WellKnown) -> AttrLevel {
    match known.level {
        Level::Resource => AttrLevel::Resource,
        Level::Span => AttrLevel::Span,
    }
}

/// Makes the index anew from a file. `read` gives the bytes of a range of it.
pub fn build_index(
    footer: &Footer,
    mut read: impl FnMut(std::ops::Range<u64>) -> Result<bytes::Bytes, Error>,
) -> Result<SpanIndex, Error> {
    let mut builder = IndexBuilder::new();
    let mut known = Known::new();
    for row_group in 0..footer.row_groups() {
        let plan = plan(footer, &[row_group], None, None)?;
        let bytes = plan.ranges().iter().cloned().map(&mut read).collect::<Result<Vec<_>, _>>()?;
        let batches = decode(footer, &plan, &bytes)?;
        let rows = Rows::of(&batches);
        let group = Group::of(&rows, &mut known);
        builder.begin(&group)?;
        for at in 0..spans::schema().fields().len() {
            builder.column(at, &group.column(at, &mut known));
        }
        builder.end();
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
