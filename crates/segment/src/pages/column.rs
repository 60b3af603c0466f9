//! Which encoding each column gets, and its bounds.
//!
//! In: the columns of a row group. Out: chunks. Texts that repeat and numbers that repeat get a dictionary, times and durations
//! DELTA_BINARY_PACKED, other texts DELTA_LENGTH_BYTE_ARRAY.

use std::ops::Range;

use bytes::Bytes;
use hashbrown::HashMap;
use parquet::basic::{Encoding, Type};
use parquet::column::writer::ColumnCloseResult;
use parquet::data_type::ByteArray;
use parquet::file::statistics::Statistics;

use super::bits::Bits;
use super::chunk::{Bounds, ChunkWriter};
use super::{delta, hybrid};
use crate::Error;
use crate::encoding::{STATISTICS_LEN, Way};
use crate::group::{Column, Numbers, Plain, Texts};

/// Values of a page end at about this many bytes: who reads one trace decompresses a page of each column.
const PAGE_BYTES: usize = 1 << 18;

/// What a chunk becomes.
pub(crate) type Chunk = (Bytes, ColumnCloseResult);

/// How a column is written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// The encoding that its name and type ask for.
    pub(crate) way: Way,
    /// Whether bounds are kept of its row groups.
    pub(crate) bounds: bool,
    /// Whether bounds are kept of its pages.
    pub(crate) page_bounds: bool,
    /// Rows a page.
    pub(crate) page_rows: usize,
}

/// Writes a column of `rows` rows.
pub(crate) fn write(
    mut chunk: ChunkWriter<'_>,
    column: &Column<'_>,
    rows: usize,
    layout: &Layout,
) -> Result<Chunk, Error> {
    let statistics = match column {
        Column::Null => {
            chunk.values();
            chunk.data(&Bits::all(false, rows), 0..rows, Encoding::PLAIN, None)?;
            none(chunk.physical_type(), rows)
        }
        Column::Texts(texts) => write_texts(&mut chunk, texts, layout)?,
        Column::Plain(plain) => write_plain(&mut chunk, plain, layout)?,
        Column::Numbers(numbers) => write_numbers(&mut chunk, numbers, layout)?,
    };
    chunk.finish(statistics)
}

/// Statistics of a chunk without values.
fn none(of: Type, rows: usize) -> Option<Statistics> {
    let nulls = Some(rows as u64);
    Some(match of {
        Type::INT32 => Statistics::new::<i32>(None, None, None, nulls, false),
        Type::INT64 => Statistics::new::<i64>(None, None, None, nulls, false),
        _ => Statistics::new::<ByteArray>(None, None, None, nulls, false),
    })
}

fn of_bytes<'a>(values: impl Iterator<Item = &'a [u8]>, nulls: usize, layout: &Layout) -> Option<Statistics> {
    let mut bounds: Option<(&[u8], &[u8])> = None;
    if layout.bounds {
        for value in values {
            let (min, max) = bounds.unwrap_or((value, value));
            bounds = Some((min.min(value), max.max(value)));
        }
    }
    let bounds = bounds.filter(|(min, max)| min.len() <= STATISTICS_LEN && max.len() <= STATISTICS_LEN);
    let (min, max) =
        bounds.map(|(min, max)| (ByteArray::from(min.to_vec()), ByteArray::from(max.to_vec()))).unzip();
    Some(Statistics::new(min, max, None, Some(nulls as u64), false))
}

/// Row ranges of pages with the values in each, which are counted without nulls.
fn pages(valid: &Bits, page_rows: usize) -> Vec<(Range<usize>, Range<usize>)> {
    let mut out = Vec::new();
    let mut value = 0;
    for from in (0..valid.len()).step_by(page_rows.max(1)) {
        let rows = from..(from + page_rows.max(1)).min(valid.len());
        let count = valid.count(rows.clone());
        out.push((rows, value..value + count));
        value += count;
    }
    out
}

fn write_texts(
    chunk: &mut ChunkWriter<'_>,
    texts: &Texts<'_>,
    layout: &Layout,
) -> Result<Option<Statistics>, Error> {
    let plain = chunk.values();
    for text in &texts.entries {
        let too_long = |_| Error::damaged("text", "longer than 4 GiB");
        plain.extend_from_slice(&u32::try_from(text.len()).map_err(too_long)?.to_le_bytes());
        plain.extend_from_slice(text);
    }
    chunk.dictionary(texts.entries.len())?;
    write_codes(chunk, &texts.codes, texts.entries.len(), &texts.valid, layout, |_| None)?;
    let nulls = texts.valid.len() - texts.codes.len();
    Ok(of_bytes(texts.entries.iter().copied(), nulls, layout))
}

/// Writes pages of positions in a dictionary.
fn write_codes(
    chunk: &mut ChunkWriter<'_>,
    codes: &[u32],
    entries: usize,
    valid: &Bits,
    layout: &Layout,
    bounds: impl Fn(Range<usize>) -> Bounds,
) -> Result<(), Error> {
    let width = hybrid::width_of(entries.saturating_sub(1) as u32);
    for (rows, range) in pages(valid, layout.page_rows) {
        let values = chunk.values();
        values.push(width as u8);
        hybrid::numbers(values, &codes[range.clone()], width);
        chunk.data(valid, rows, Encoding::RLE_DICTIONARY, bounds(range))?;
    }
    Ok(())
}

fn write_plain(
    chunk: &mut ChunkWriter<'_>,
    plain: &Plain<'_>,
    layout: &Layout,
) -> Result<Option<Statistics>, Error> {
    // Fewer rows a page where values are long.
    let bytes: usize = plain.values.iter().map(|value| value.len()).sum();
    let pages_min = bytes.div_ceil(PAGE_BYTES).max(1);
    let page_rows = layout.page_rows.min(plain.valid.len().div_ceil(pages_min));
    for (rows, range) in pages(&plain.valid, page_rows) {
        delta::byte_strings(chunk.values(), &plain.values[range]);
        chunk.data(&plain.valid, rows, Encoding::DELTA_LENGTH_BYTE_ARRAY, None)?;
    }
    let nulls = plain.valid.len() - plain.values.len();
    Ok(of_bytes(plain.values.iter().copied(), nulls, layout))
}

fn write_numbers(
    chunk: &mut ChunkWriter<'_>,
    numbers: &Numbers,
    layout: &Layout,
) -> Result<Option<Statistics>, Error> {
    let Numbers { values, valid } = numbers;
    let int = chunk.physical_type() == Type::INT32;
    let bounds = |range: Range<usize>| -> Bounds {
        let (min, max) = min_max(&values[range])?;
        let bytes = |value: i64| {
            if int { (value as i32).to_le_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
        };
        Some((bytes(min), bytes(max)))
    };
    match (layout.way != Way::Delta).then(|| distinct(values)).flatten() {
        Some((codes, entries)) => {
            let plain = chunk.values();
            for entry in &entries {
                if int {
                    plain.extend_from_slice(&(*entry as i32).to_le_bytes());
                } else {
                    plain.extend_from_slice(&entry.to_le_bytes());
                }
            }
            chunk.dictionary(entries.len())?;
            write_codes(chunk, &codes, entries.len(), valid, layout, bounds)?;
        }
        None => {
            for (rows, range) in pages(valid, layout.page_rows) {
                if int {
                    delta::ints(chunk.values(), &values[range.clone()]);
                } else {
                    delta::longs(chunk.values(), &values[range.clone()]);
                }
                chunk.data(valid, rows, Encoding::DELTA_BINARY_PACKED, bounds(range))?;
            }
        }
    }
    let nulls = Some((valid.len() - values.len()) as u64);
    let found = min_max(values);
    let (min, max) = found.unzip();
    Ok(Some(if int {
        Statistics::new(min.map(|min| min as i32), max.map(|max| max as i32), None, nulls, false)
    } else {
        Statistics::new(min, max, None, nulls, false)
    }))
}

fn min_max(values: &[i64]) -> Option<(i64, i64)> {
    let first = *values.first()?;
    Some(values.iter().fold((first, first), |(min, max), value| (min.min(*value), max.max(*value))))
}

/// Positions and distinct values; `None` when few repeat.
fn distinct(values: &[i64]) -> Option<(Vec<u32>, Vec<i64>)> {
    let first = *values.first()?;
    if values.iter().all(|value| *value == first) {
        return Some((vec![0; values.len()], vec![first]));
    }
    let mut numbers: HashMap<i64, u32> = HashMap::new();
    let mut entries = Vec::new();
    let mut codes = Vec::with_capacity(values.len());
    let mut last = (first.wrapping_add(1), 0);
    for value in values {
        if *value != last.0 {
            let code = *numbers.entry(*value).or_insert_with(|| {
                entries.push(*value);
                entries.len() as u32 - 1
            });
            last = (*value, code);
        }
        codes.push(last.1);
    }
    (entries.len() * 2 <= values.len()).then_some((codes, entries))
}
