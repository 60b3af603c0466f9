//! Sets of rows as bits.
//!
//! One bit a row of a range of a batch, 64 rows a word. Loops that fill whole words let the
//! compiler vectorise comparisons of columns.

/// A set of the rows `0..len`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bits {
    words: Vec<u64>,
    len: usize,
}

impl Bits {
    /// No row.
    pub fn none(len: usize) -> Self {
        Self { words: vec![0; len.div_ceil(64)], len }
    }

    /// Every row.
    pub fn all(len: usize) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64)];
        if let Some(last) = words.last_mut()
            && !len.is_multiple_of(64)
        {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// The rows for which `is_in` holds.
    pub fn from_fn(len: usize, is_in: impl FnMut(usize) -> bool) -> Self {
        let mut bits = Self::none(len);
        bits.fill(is_in);
        bits
    }

    /// Replaces every bit.
    #[inline]
    fn fill(&mut self, mut is_in: impl FnMut(usize) -> bool) {
        let len = self.len;
        for (n, word) in self.words.iter_mut().enumerate() {
            let first = n * 64;
            let mut bits = 0_u64;
            for bit in 0..64.min(len - first) {
                bits |= u64::from(is_in(first + bit)) << bit;
            }
            *word = bits;
        }
    }

    /// The rows whose item satisfies `test`; `items` are as many as rows.
    #[inline]
    pub fn of_slice<T: Copy>(items: &[T], test: impl Fn(T) -> bool) -> Self {
        let mut words = Vec::with_capacity(items.len().div_ceil(64));
        let (chunks, rest) = items.as_chunks::<64>();
        for chunk in chunks {
            // Four chains of sixteen bits, so that the processor can work on them side by side.
            let (quarters, _) = chunk.as_chunks::<16>();
            let word = quarters.iter().enumerate().fold(0, |word, (n, quarter)| {
                let bits = |bits: u64, (bit, item): (usize, &T)| bits | u64::from(test(*item)) << bit;
                word | quarter.iter().enumerate().fold(0, bits) << (n * 16)
            });
            words.push(word);
        }
        if !rest.is_empty() {
            let bits = |bits: u64, (bit, item): (usize, &T)| bits | u64::from(test(*item)) << bit;
            words.push(rest.iter().enumerate().fold(0, bits));
        }
        Self { words, len: items.len() }
    }

    /// Number of rows, in the set or not.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether the set has no row.
    pub fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Number of rows in the set.
    pub fn count(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether the row is in the set.
    #[inline]
    pub fn contains(&self, row: usize) -> bool {
        self.words[row / 64] >> (row % 64) & 1 == 1
    }

    /// Adds a row.
    #[inline]
    pub fn insert(&mut self, row: usize) {
        self.words[row / 64] |= 1 << (row % 64);
    }

    /// Keeps the rows that are in the other set too.
    pub fn and(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= b);
    }

    /// Adds the rows of the other set.
    pub fn or(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a |= b);
    }

    /// Takes the rows of the other set out.
    pub fn and_not(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(a, b)| *a &= !b);
    }

    /// The rows in the set, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(n, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                (left != 0).then(|| {
                    left &= left - 1;
                    n * 64 + bit
                })
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        for len in [0, 1, 63, 64, 65, 200] {
            let items: Vec<usize> = (0..len).collect();
            let thirds = Bits::of_slice(&items, |item| item % 3 == 0);
            assert_eq!(thirds, Bits::from_fn(len, |row| row % 3 == 0));
            let rows: Vec<usize> = thirds.iter().collect();
            assert_eq!(rows, items.iter().copied().filter(|row| row % 3 == 0).collect::<Vec<_>>());
            assert_eq!(Bits::all(len).count(), len);
            let mut rest = Bits::all(len);
            rest.and_not(&thirds);
            assert!(rest.iter().all(|row| !thirds.contains(row)));
            rest.or(&thirds);
            assert_eq!(rest, Bits::all(len));
        }
    }
}
