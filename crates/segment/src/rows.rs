//! Rows named by batch and position, in the order in which they are to be written.
//!
//! In: batches of `schema::spans` in any order, and places in them. Out: for each column its values in the order of the places.
//! Nothing is gathered into new batches: what follows reads each cell once, where it lies, in the order in which it lies there.

use arrow::array::{Array, ArrayRef, AsArray, ByteView, GenericByteViewArray, RecordBatch};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{ByteViewType, Int32Type, Int64Type};

use crate::pages::bits::Bits;

/// A row of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// Number of the batch.
    pub(crate) source: u32,
    /// Row in it.
    pub(crate) row: u32,
}

/// Rows of several batches.
#[derive(Debug, Clone)]
pub(crate) struct Rows<'a> {
    /// Batches with the columns of `schema::spans`; each has rows among the places.
    pub(crate) sources: Vec<&'a RecordBatch>,
    /// The rows; numbers of batches are positions in `sources`.
    pub(crate) places: Vec<Place>,
    /// For each source its rows, ascending, with their positions in `places`. Reading in this order reads memory from its
    /// beginning to its end, which is several times as fast as jumping about in it.
    pub(crate) arrival: Vec<Vec<(u32, u32)>>,
}

impl<'a> Rows<'a> {
    /// All rows of some batches, one batch after the other.
    pub(crate) fn of(batches: &'a [RecordBatch]) -> Self {
        Self::new(batches.iter().collect(), all_places(batches))
    }

    /// The rows at `places` of `batches`, numbered anew so that only batches with rows among them are left.
    pub(crate) fn picked(batches: &[Option<&'a RecordBatch>], places: &[Place]) -> Self {
        let mut numbers: Vec<Option<u32>> = vec![None; batches.len()];
        let mut sources = Vec::new();
        let renumbered = places.iter().filter_map(|place| {
            let number = numbers.get_mut(place.source as usize)?;
            let source = match *number {
                Some(source) => source,
                None => {
                    sources.push((*batches.get(place.source as usize)?)?);
                    *number.insert(sources.len() as u32 - 1)
                }
            };
            Some(Place { source, row: place.row })
        });
        let places = renumbered.collect();
        Self::new(sources, places)
    }

    fn new(sources: Vec<&'a RecordBatch>, places: Vec<Place>) -> Self {
        let mut arrival: Vec<Vec<(u32, u32)>> = vec![Vec::new(); sources.len()];
        for (position, place) in places.iter().enumerate() {
            arrival[place.source as usize].push((place.row, position as u32));
        }
        for rows in &mut arrival {
            rows.sort_unstable();
        }
        Self { sources, places, arrival }
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len()
    }

    /// The arrays of a column, one a source; `None` where all values are null.
    pub(crate) fn arrays(&self, column: usize) -> Vec<Option<&'a ArrayRef>> {
        self.sources
            .iter()
            .map(|batch| Some(batch.column(column)).filter(|array| array.null_count() < array.len()))
            .collect()
    }

    /// A column of numbers: the values without nulls, and which rows have one.
    pub(crate) fn longs(&self, arrays: &[Option<&'a ArrayRef>]) -> (Vec<i64>, Bits) {
        let mut values = vec![0; self.len()];
        let mut valid = Bits::all(true, self.len());
        for (array, rows) in arrays.iter().zip(&self.arrival) {
            let numbers = Numbers::of(*array);
            for (row, position) in rows {
                match numbers.value(*row as usize) {
                    Some(value) => values[*position as usize] = value,
                    None => valid.clear(*position as usize),
                }
            }
        }
        (valid.keep(values), valid)
    }
}

/// All rows of some batches, one batch after the other.
pub(crate) fn all_places(batches: &[RecordBatch]) -> Vec<Place> {
    let places = batches.iter().enumerate().flat_map(|(source, batch)| {
        // A batch never has as many rows as 32 bits count.
        (0..batch.num_rows() as u32).map(move |row| Place { source: source as u32, row })
    });
    places.collect()
}

/// An array of whole numbers.
#[derive(Debug, Clone, Copy)]
enum Numbers<'a> {
    Null,
    Int(&'a [i32], Option<&'a NullBuffer>),
    Long(&'a [i64], Option<&'a NullBuffer>),
}

impl<'a> Numbers<'a> {
    fn of(array: Option<&'a ArrayRef>) -> Self {
        let Some(array) = array else { return Self::Null };
        if let Some(longs) = array.as_primitive_opt::<Int64Type>() {
            return Self::Long(longs.values(), longs.nulls());
        }
        match array.as_primitive_opt::<Int32Type>() {
            Some(ints) => Self::Int(ints.values(), ints.nulls()),
            None => Self::Null,
        }
    }

    #[inline]
    fn value(self, row: usize) -> Option<i64> {
        let here = |nulls: Option<&NullBuffer>| nulls.is_none_or(|nulls| nulls.is_valid(row));
        match self {
            Self::Null => None,
            Self::Int(values, nulls) => here(nulls).then(|| i64::from(values[row])),
            Self::Long(values, nulls) => here(nulls).then(|| values[row]),
        }
    }
}

/// The arrays of a column of texts or bytes as such; all but null ones are of the type, which the schema says.
pub(crate) fn views<'a, T: ByteViewType>(
    arrays: &[Option<&'a ArrayRef>],
) -> Vec<Option<&'a GenericByteViewArray<T>>> {
    arrays.iter().map(|array| array.and_then(|array| array.as_byte_view_opt::<T>())).collect()
}

/// Length of the bytes behind a view.
#[inline]
pub(crate) fn view_len(view: u128) -> usize {
    ByteView::from(view).length as usize
}
