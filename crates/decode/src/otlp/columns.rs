//! Columns that cost nothing where nothing is sent: a value is put at its row, the rows before it are
//! filled when that happens, and a column without any value is one array that all such columns share.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, BinaryViewArray, Int32Array, Int64Array, StringViewArray, UInt32Array, make_view,
};
use arrow::buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use arrow::error::ArrowError;

/// Number of the body among the data buffers of every view.
pub(crate) const BODY: u32 = 0;
/// Number of the buffer of JSON and repaired text.
pub(crate) const TEXT: u32 = 1;

/// Bytes that Arrow keeps inside the view itself.
const INLINE_LEN_MAX: usize = 12;

/// The view of `len` bytes at `at` of `data`, which is the buffer `number`.
#[inline(always)]
pub(crate) fn view(data: &[u8], number: u32, at: u32, len: u32) -> u128 {
    let (from, bytes) = (at as usize, len as usize);
    if let Some(chunk) = data.get(from..).and_then(|rest| rest.first_chunk::<16>()) {
        let word = u128::from_le_bytes(*chunk);
        if bytes <= INLINE_LEN_MAX {
            return (word & ((1 << (8 * bytes)) - 1)) << 32 | u128::from(len);
        }
        let prefix = u128::from(word as u32);
        return u128::from(at) << 96 | u128::from(number) << 64 | prefix << 32 | u128::from(len);
    }
    make_view(&data[from..from + bytes], number, at)
}

/// A column under construction. Rows come in order; each may be put once.
#[derive(Debug)]
pub(crate) struct Lazy<T> {
    values: Vec<T>,
    /// A bit a row.
    valid: Vec<u8>,
    set: usize,
    rows_max: usize,
}

impl<T: Copy + Default> Lazy<T> {
    /// A column of at most `rows_max` rows.
    pub fn new(rows_max: usize) -> Self {
        Self { values: Vec::new(), valid: Vec::new(), set: 0, rows_max }
    }

    /// Sets the value of `row`.
    #[inline(always)]
    pub fn put(&mut self, row: usize, value: T) {
        if self.values.len() != row || self.valid.is_empty() {
            self.fill(row);
        }
        self.values.push(value);
        self.valid[row / 8] |= 1 << (row % 8);
        self.set += 1;
    }

    #[inline(never)]
    fn fill(&mut self, row: usize) {
        if self.valid.is_empty() {
            self.values.reserve_exact(self.rows_max);
            self.valid.resize(self.rows_max.div_ceil(8).max(row / 8 + 1), 0);
        }
        self.values.resize(row, T::default());
    }

    /// Takes back the value of `row`, the last row, if there is one.
    pub fn take_back(&mut self, row: usize) {
        if self.values.len() > row {
            self.values.truncate(row);
            self.valid[row / 8] &= !(1 << (row % 8));
            self.set -= 1;
        }
    }

    fn is_unset(&self) -> bool {
        self.set == 0
    }

    fn finish(mut self, rows: usize) -> (Vec<T>, Option<NullBuffer>) {
        self.values.resize(rows, T::default());
        let nulls = (self.set < rows).then(|| {
            self.valid.resize(rows.div_ceil(8), 0);
            NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(self.valid), 0, rows))
        });
        (self.values, nulls)
    }
}

/// Makes arrays of one batch.
pub(crate) struct Finish {
    buffers: Arc<[Buffer]>,
    rows: usize,
    null_text: Option<ArrayRef>,
    null_long: Option<ArrayRef>,
    zero_int: Option<ArrayRef>,
}

impl Finish {
    /// Arrays of `rows` rows whose views point into `body` and `text`.
    pub fn new(body: Buffer, text: Buffer, rows: usize) -> Self {
        Self { buffers: Arc::new([body, text]), rows, null_text: None, null_long: None, zero_int: None }
    }

    fn null_text(&mut self) -> ArrayRef {
        let rows = self.rows;
        Arc::clone(self.null_text.get_or_insert_with(|| Arc::new(StringViewArray::new_null(rows))))
    }

    fn null_long(&mut self) -> ArrayRef {
        let rows = self.rows;
        Arc::clone(self.null_long.get_or_insert_with(|| Arc::new(Int64Array::new_null(rows))))
    }

    fn views(&self, column: Lazy<u128>, rows: usize) -> Result<StringViewArray, ArrowError> {
        let (views, nulls) = column.finish(rows);
        StringViewArray::try_new(ScalarBuffer::from(views), Arc::clone(&self.buffers), nulls)
    }

    /// A text column; the error is text that is not UTF-8.
    pub fn text(&mut self, column: Lazy<u128>) -> Result<ArrayRef, ArrowError> {
        if column.is_unset() {
            return Ok(self.null_text());
        }
        Ok(Arc::new(self.views(column, self.rows)?))
    }

    /// A column of bytes.
    pub fn bytes(&mut self, column: Lazy<u128>) -> Result<ArrayRef, ArrowError> {
        let (views, nulls) = column.finish(self.rows);
        let array = BinaryViewArray::try_new(ScalarBuffer::from(views), Arc::clone(&self.buffers), nulls)?;
        Ok(Arc::new(array))
    }

    /// A column of 64-bit numbers, null where nothing was put.
    pub fn long(&mut self, column: Lazy<i64>) -> ArrayRef {
        if column.is_unset() {
            return self.null_long();
        }
        let (values, nulls) = column.finish(self.rows);
        Arc::new(Int64Array::new(values.into(), nulls))
    }

    /// A column of 64-bit numbers, zero where nothing was put.
    pub fn long_or_zero(&mut self, column: Lazy<i64>) -> ArrayRef {
        let (values, _) = column.finish(self.rows);
        Arc::new(Int64Array::new(values.into(), None))
    }

    /// A column of 32-bit numbers, zero where nothing was put.
    pub fn int_or_zero(&mut self, column: Lazy<i32>) -> ArrayRef {
        if column.is_unset() {
            let rows = self.rows;
            return Arc::clone(
                self.zero_int.get_or_insert_with(|| Arc::new(Int32Array::new(vec![0; rows].into(), None))),
            );
        }
        let (values, _) = column.finish(self.rows);
        Arc::new(Int32Array::new(values.into(), None))
    }

    /// A text column with a value an entry, spread over the rows: row `n` has the value of `entries[n]`.
    pub fn spread_text(
        &mut self,
        column: Lazy<u128>,
        entries: &UInt32Array,
        count: usize,
    ) -> Result<ArrayRef, ArrowError> {
        if column.is_unset() {
            return Ok(self.null_text());
        }
        let values = self.views(column, count)?;
        arrow::compute::take(&values, entries, None)
    }

    /// A column of 64-bit numbers with a value an entry, spread over the rows, null where nothing was put.
    pub fn spread_long(
        &mut self,
        column: Lazy<i64>,
        entries: &UInt32Array,
        count: usize,
    ) -> Result<ArrayRef, ArrowError> {
        if column.is_unset() {
            return Ok(self.null_long());
        }
        let (values, nulls) = column.finish(count);
        arrow::compute::take(&Int64Array::new(values.into(), nulls), entries, None)
    }

    /// A column of 32-bit numbers with a value an entry, spread over the rows, zero where nothing was put.
    pub fn spread_int(
        &mut self,
        column: Lazy<i32>,
        entries: &UInt32Array,
        count: usize,
    ) -> Result<ArrayRef, ArrowError> {
        if column.is_unset() {
            return Ok(self.int_or_zero(column));
        }
        let (values, _) = column.finish(count);
        arrow::compute::take(&Int32Array::new(values.into(), None) as &dyn Array, entries, None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn views_are_those_of_arrow() {
        let data: Vec<u8> = (0..64).collect();
        for at in 0..64u32 {
            for len in 0..=64 - at {
                let expected = make_view(&data[at as usize..(at + len) as usize], TEXT, at);
                assert_eq!(view(&data, TEXT, at, len), expected, "{at} {len}");
            }
        }
    }
}
