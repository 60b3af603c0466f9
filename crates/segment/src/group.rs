//! One row group, column by column, with repeated values told apart once.
//!
//! In: rows by place. Out: for each column its values in the order of the rows: texts that repeat as positions in a list of the
//! distinct ones, others as they are, numbers as numbers. The encoder makes dictionaries of the lists and the index takes the
//! distinct values, so no text is hashed twice.

use arrow::array::{Array, GenericByteViewArray};
use arrow::datatypes::{BinaryViewType, ByteViewType, DataType, StringViewType};
use model::schema::spans::{Column as At, schema, well_known_at};
use model::schema::well_known::WELL_KNOWN;
use xxhash_rust::xxh3::xxh3_64;

use crate::encoding::{Way, way_of};
use crate::pages::bits::Bits;
use crate::rows::{Rows, view_len, views};

/// Bytes that a view holds itself.
const INLINE_LEN_MAX: usize = 12;

/// Texts or bytes of which many are equal.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    /// Position in `entries` of each value, nulls left out.
    pub(crate) codes: Vec<u32>,
    /// Which rows have a value.
    pub(crate) valid: Bits,
    /// The distinct values in the order in which they first come.
    pub(crate) entries: Vec<&'a [u8]>,
}

/// Texts or bytes of which few are equal.
#[derive(Debug)]
pub(crate) struct Plain<'a> {
    /// The values, nulls left out.
    pub(crate) values: Vec<&'a [u8]>,
    /// Which rows have a value.
    pub(crate) valid: Bits,
}

/// Whole numbers.
#[derive(Debug)]
pub(crate) struct Numbers {
    /// The values, nulls left out.
    pub(crate) values: Vec<i64>,
    /// Which rows have a value.
    pub(crate) valid: Bits,
}

/// A column of a row group.
#[derive(Debug)]
pub(crate) enum Column<'a> {
    /// No row has a value.
    Null,
    Texts(Texts<'a>),
    Plain(Plain<'a>),
    Numbers(Numbers),
}

impl<'a> Column<'a> {
    /// A number for the text of each row, equal only for equal texts, none for null. Empty for a column without texts.
    pub(crate) fn codes(&self) -> Vec<Option<u32>> {
        let (valid, codes): (&Bits, Option<&[u32]>) = match self {
            Self::Texts(texts) => (&texts.valid, Some(&texts.codes)),
            Self::Plain(plain) => (&plain.valid, None),
            Self::Null | Self::Numbers(_) => return Vec::new(),
        };
        let mut out = vec![None; valid.len()];
        for (at, row) in valid.ones().enumerate() {
            out[row] = Some(codes.map_or(at as u32, |codes| codes[at]));
        }
        out
    }

    /// The text of a number that [`Self::codes`] gave.
    pub(crate) fn text(&self, code: u32) -> &'a [u8] {
        let texts = match self {
            Self::Texts(texts) => &texts.entries,
            Self::Plain(plain) => &plain.values,
            Self::Null | Self::Numbers(_) => return &[],
        };
        texts.get(code as usize).copied().unwrap_or_default()
    }

    /// Numbers, nulls left out; empty for a column of texts.
    pub(crate) fn numbers(&self) -> &[i64] {
        match self {
            Self::Numbers(numbers) => &numbers.values,
            Self::Null | Self::Texts(_) | Self::Plain(_) => &[],
        }
    }
}

/// The columns that are looked at together: by the list of traces, of operations, and of spellings.
const KEPT: [At; 9] = [
    At::TraceId,
    At::ParentSpanId,
    At::Name,
    At::Kind,
    At::StatusCode,
    At::Start,
    At::Duration,
    At::Received,
    At::Spellings,
];

/// A row group. A few columns are kept, the others read one at a time, so that their memory serves again and again.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    /// Number of rows.
    pub(crate) rows: usize,
    source: &'a Rows<'a>,
    kept: Vec<(usize, Column<'a>)>,
}

/// A column that was read.
#[derive(Debug)]
pub(crate) enum Found<'g, 'a> {
    Kept(&'g Column<'a>),
    Read(Column<'a>),
}

impl<'a> std::ops::Deref for Found<'_, 'a> {
    type Target = Column<'a>;

    fn deref(&self) -> &Column<'a> {
        match self {
            Self::Kept(column) => column,
            Self::Read(column) => column,
        }
    }
}

impl<'a> Group<'a> {
    /// The row group of some rows.
    pub(crate) fn of(rows: &'a Rows<'a>, known: &mut Known) -> Self {
        let kept = KEPT.iter().map(|column| column.at()).chain([service_at()]);
        let kept = kept.map(|at| (at, read(rows, at, known))).collect();
        Self { rows: rows.len(), source: rows, kept }
    }

    /// A column of `schema::spans`.
    pub(crate) fn column(&self, at: usize, known: &mut Known) -> Found<'_, 'a> {
        match self.kept.iter().find(|(kept, _)| *kept == at) {
            Some((_, column)) => Found::Kept(column),
            None => Found::Read(read(self.source, at, known)),
        }
    }

    /// A column that is kept.
    pub(crate) fn kept(&self, at: usize) -> &Column<'a> {
        self.kept.iter().find(|(kept, _)| *kept == at).map_or(&Column::Null, |(_, column)| column)
    }
}

/// Position of `service_name`.
pub(crate) fn service_at() -> usize {
    let at = WELL_KNOWN.iter().position(|column| column.column == "service_name");
    well_known_at(at.unwrap_or(0))
}

/// Reads a column of the rows.
fn read<'a>(rows: &Rows<'a>, at: usize, known: &mut Known) -> Column<'a> {
    let schema = schema();
    let field = schema.field(at);
    let arrays = rows.arrays(at);
    if arrays.iter().all(Option::is_none) {
        return Column::Null;
    }
    match (field.data_type(), way_of(field.name(), field.data_type())) {
        (DataType::Utf8View, Way::Plain) => plain(rows, &views::<StringViewType>(&arrays)),
        (DataType::BinaryView, Way::Plain) => plain(rows, &views::<BinaryViewType>(&arrays)),
        (DataType::Utf8View, _) => texts(rows, &views::<StringViewType>(&arrays), known),
        (DataType::BinaryView, _) => texts(rows, &views::<BinaryViewType>(&arrays), known),
        _ => {
            let (values, valid) = rows.longs(&arrays);
            Column::Numbers(Numbers { values, valid })
        }
    }
}

fn plain<'a, T: ByteViewType>(rows: &Rows<'a>, arrays: &[Option<&'a GenericByteViewArray<T>>]) -> Column<'a> {
    let mut values: Vec<&'a [u8]> = vec![&[]; rows.len()];
    let mut valid = Bits::all(true, rows.len());
    for (array, rows) in arrays.iter().zip(&rows.arrival) {
        for (row, position) in rows {
            match array.filter(|array| array.is_valid(*row as usize)) {
                Some(array) => {
                    let value = array.value(*row as usize);
                    values[*position as usize] = <T::Native as AsRef<[u8]>>::as_ref(value);
                }
                None => valid.clear(*position as usize),
            }
        }
    }
    Column::Plain(Plain { values: valid.keep(values), valid })
}

/// Memory for telling texts apart, used again for each column.
#[derive(Debug)]
pub(crate) struct Known {
    /// Views seen a short while ago: view, source (0 for texts inside their view), code.
    recent: Vec<(u128, u32, u32)>,
    /// Open addressing: one more than a code, 0 where nothing is.
    table: Vec<u32>,
    hashes: Vec<u64>,
}

impl Known {
    const RECENT: usize = 512;
    const TABLE_MIN: usize = 1024;

    pub(crate) fn new() -> Self {
        Self { recent: Vec::new(), table: Vec::new(), hashes: Vec::new() }
    }

    fn clear(&mut self) {
        self.recent.clear();
        // No view is all ones: its length would be negative.
        self.recent.resize(Self::RECENT, (u128::MAX, 0, 0));
        self.table.clear();
        self.table.resize(Self::TABLE_MIN, 0);
        self.hashes.clear();
    }

    /// The code of the text behind a view, which is made one of the entries when it is new.
    #[inline]
    fn code<'a>(
        &mut self,
        view: u128,
        source: u32,
        entries: &mut Vec<&'a [u8]>,
        text: impl Fn() -> &'a [u8],
    ) -> u32 {
        let inline = view_len(view) <= INLINE_LEN_MAX;
        // A view that points elsewhere means something within its own batch only.
        let source = if inline { 0 } else { source };
        let mixed = mix(view ^ u128::from(source) << 70);
        let recent = (mixed >> 40) as usize % Self::RECENT;
        let (last_view, last_source, code) = self.recent[recent];
        if last_view == view && last_source == source {
            return code;
        }
        let text = text();
        let hash = if inline { mixed } else { xxh3_64(text) };
        let code = self.find(hash, text, entries).unwrap_or_else(|slot| {
            entries.push(text);
            self.insert(slot, hash)
        });
        self.recent[recent] = (view, source, code);
        code
    }

    /// The code of a text, or its slot when it is new.
    #[inline]
    fn find(&self, hash: u64, text: &[u8], entries: &[&[u8]]) -> Result<u32, usize> {
        let mask = self.table.len() - 1;
        let mut slot = hash as usize & mask;
        loop {
            let Some(code) = self.table[slot].checked_sub(1) else { return Err(slot) };
            if self.hashes[code as usize] == hash && entries[code as usize] == text {
                return Ok(code);
            }
            slot = (slot + 1) & mask;
        }
    }

    fn insert(&mut self, slot: usize, hash: u64) -> u32 {
        let code = self.hashes.len() as u32;
        self.hashes.push(hash);
        self.table[slot] = code + 1;
        if self.hashes.len() * 2 > self.table.len() {
            let mask = self.table.len() * 4 - 1;
            self.table.clear();
            self.table.resize(mask + 1, 0);
            for (code, hash) in self.hashes.iter().enumerate() {
                let mut slot = *hash as usize & mask;
                while self.table[slot] != 0 {
                    slot = (slot + 1) & mask;
                }
                self.table[slot] = code as u32 + 1;
            }
        }
        code
    }
}

#[inline]
fn mix(view: u128) -> u64 {
    let folded = view as u64 ^ ((view >> 64) as u64).rotate_left(32);
    let mixed = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ mixed >> 29
}

fn texts<'a, T: ByteViewType>(
    rows: &Rows<'a>,
    arrays: &[Option<&'a GenericByteViewArray<T>>],
    known: &mut Known,
) -> Column<'a> {
    known.clear();
    let mut codes: Vec<u32> = vec![0; rows.len()];
    let mut valid = Bits::all(true, rows.len());
    let mut entries: Vec<&'a [u8]> = Vec::new();
    for (source, (array, rows)) in arrays.iter().zip(&rows.arrival).enumerate() {
        let Some(array) = array else {
            rows.iter().for_each(|(_, position)| valid.clear(*position as usize));
            continue;
        };
        let (views, nulls) = (array.views(), array.nulls());
        // Rows of one resource stand together as they were sent, with one and the same view.
        let mut last = (u128::MAX, 0);
        for (row, position) in rows {
            let row = *row as usize;
            if nulls.is_some_and(|nulls| nulls.is_null(row)) {
                valid.clear(*position as usize);
                continue;
            }
            let view = views[row];
            if view != last.0 {
                let text = || <T::Native as AsRef<[u8]>>::as_ref(array.value(row));
                last = (view, known.code(view, source as u32 + 1, &mut entries, text));
            }
            codes[*position as usize] = last.1;
        }
    }
    let codes = valid.keep(codes);
    if entries.len() * 4 > codes.len() * 3 {
        // A dictionary would hold nearly every value and its positions besides.
        let values = codes.iter().map(|code| entries[*code as usize]).collect();
        return Column::Plain(Plain { values, valid });
    }
    Column::Texts(Texts { codes, valid, entries })
}
