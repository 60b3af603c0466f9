//! Attributes of one span or resource: what has a column goes there, the rest becomes JSON text. The rules
//! are those of `model::schema::well_known`; `model::span_rows::batch_of` is the reference.

use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN};

use super::any_value::{Value, read_pair};
use super::columns::Lazy;
use super::json::{Fault, Texts};
use super::keys::Keys;
use crate::wire::Piece;

/// The column of one well-known attribute.
#[derive(Debug)]
pub(crate) enum Folded {
    Text(Lazy<u128>),
    Long(Lazy<i64>),
}

impl Folded {
    fn put(&mut self, row: usize, value: Value, texts: &mut Texts<'_>) {
        match (self, value) {
            (Self::Text(column), Value::Str(piece)) => column.put(row, texts.view(piece)),
            (Self::Long(column), Value::Int(value)) => column.put(row, value),
            _ => {}
        }
    }
}

/// The well-known columns of a batch.
#[derive(Debug)]
pub(crate) struct Fold {
    /// In the order of `WELL_KNOWN`. Those of the resource have a row an entry, the others one a span.
    pub columns: Vec<Folded>,
    pairs: Vec<Pair>,
    /// Old spellings that could fold, looked at when all new ones are known.
    old: Vec<u32>,
    /// The value folded under the new spelling, by position.
    new: [Value; 64],
}

#[derive(Debug, Clone, Copy)]
struct Pair {
    key: Piece,
    value: Value,
    position: u8,
    folded: bool,
}

impl Fold {
    /// Columns without a value, for at most so many resources and spans.
    pub fn new(resources_max: usize, spans_max: usize) -> Self {
        let columns = WELL_KNOWN
            .iter()
            .map(|column| {
                let rows_max = if column.level == Level::Resource { resources_max } else { spans_max };
                match column.column_type {
                    ColumnType::Text => Folded::Text(Lazy::new(rows_max)),
                    ColumnType::Int => Folded::Long(Lazy::new(rows_max)),
                }
            })
            .collect();
        Self { columns, pairs: Vec::new(), old: Vec::new(), new: [Value::Empty; 64] }
    }

    /// Puts the attributes into `row` and writes the rest. Gives the spelling bits and where the JSON text
    /// begins, `None` when nothing was left for it. After an error [`Fold::take_back`] undoes the row.
    pub fn attributes(
        &mut self,
        level: Level,
        row: usize,
        attributes: &[Piece],
        texts: &mut Texts<'_>,
    ) -> Result<(i64, Option<usize>), Fault> {
        let keys = Keys::of(level);
        let (mut seen_new, mut seen_old, mut folded_new, mut count) = (0u64, 0u64, 0u64, 0);
        let mut bits = 0;
        self.pairs.clear();
        self.old.clear();
        for attribute in attributes {
            let (key, value) = read_pair(texts.body, *attribute, &mut texts.found)?;
            let mut pair = Pair { key, value, position: 0, folded: false };
            if let Some(known) = keys.find(key.of(texts.body)) {
                let mask = 1u64 << known.position;
                let position = usize::from(known.position);
                let seen = if known.old { &mut seen_old } else { &mut seen_new };
                let first = *seen & mask == 0;
                *seen |= mask;
                let fits = match self.columns[position] {
                    Folded::Text(_) => matches!(value, Value::Str(_)),
                    Folded::Long(_) => matches!(value, Value::Int(_)),
                };
                // Only the first of a doubled key folds, and only if it fits.
                if first && fits {
                    pair.position = known.position;
                    if known.old {
                        self.old.push(self.pairs.len() as u32);
                    } else {
                        self.columns[position].put(row, value, texts);
                        self.new[position] = value;
                        folded_new |= mask;
                        pair.folded = true;
                        count += 1;
                    }
                }
            }
            self.pairs.push(pair);
        }
        for at in &self.old {
            let pair = &mut self.pairs[*at as usize];
            let position = usize::from(pair.position);
            let spelling = if folded_new & 1 << position == 0 {
                self.columns[position].put(row, pair.value, texts);
                Spelling::Old
            } else if equal(texts.body, self.new[position], pair.value) {
                Spelling::Both
            } else {
                continue;
            };
            bits |= WELL_KNOWN[position].spelling_bits(spelling);
            pair.folded = true;
            count += 1;
        }
        if count == self.pairs.len() {
            return Ok((bits, None));
        }
        let from = texts.out.len();
        let mut before = b'{';
        for pair in self.pairs.iter().filter(|pair| !pair.folded) {
            texts.out.push(before);
            texts.pair(pair.key, pair.value, 0)?;
            before = b',';
        }
        texts.out.push(b'}');
        Ok((bits, Some(from)))
    }

    /// Undoes the last row of one level.
    pub fn take_back(&mut self, level: Level, row: usize) {
        for (column, known) in self.columns.iter_mut().zip(WELL_KNOWN) {
            if known.level == level {
                match column {
                    Folded::Text(column) => column.take_back(row),
                    Folded::Long(column) => column.take_back(row),
                }
            }
        }
    }
}

/// Equality of two values that fold.
fn equal(body: &[u8], a: Value, b: Value) -> bool {
    match (a, b) {
        (Value::Str(a), Value::Str(b)) => a.of(body) == b.of(body),
        _ => a == b,
    }
}
