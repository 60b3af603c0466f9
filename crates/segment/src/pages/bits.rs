//! A list of bits: which rows have a value.

use std::ops::Range;

/// Bits by row.
#[derive(Debug, Clone)]
pub(crate) struct Bits {
    words: Vec<u64>,
    len: usize,
    set: usize,
}

impl Bits {
    /// `len` bits that are all the same.
    pub(crate) fn all(bit: bool, len: usize) -> Self {
        let word = if bit { u64::MAX } else { 0 };
        let mut words = vec![word; len.div_ceil(64)];
        if let (true, Some(last)) = (len % 64 > 0, words.last_mut()) {
            *last &= (1 << (len % 64)) - 1;
        }
        Self { words, len, set: if bit { len } else { 0 } }
    }

    /// Clears a set bit.
    #[inline]
    pub(crate) fn clear(&mut self, at: usize) {
        if let Some(word) = self.words.get_mut(at / 64) {
            *word &= !(1 << (at % 64));
            self.set -= 1;
        }
    }

    /// The values whose bit is set, in their order.
    pub(crate) fn keep<T: Copy>(&self, mut values: Vec<T>) -> Vec<T> {
        if self.set < self.len {
            let mut kept = 0;
            for at in self.ones() {
                values[kept] = values[at];
                kept += 1;
            }
            values.truncate(kept);
        }
        values
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The bits of a range, eight a byte from the lowest on; the last byte is filled with zeros.
    pub(crate) fn bytes(&self, range: Range<usize>) -> Vec<u8> {
        let word = |at: usize| self.words.get(at).copied().unwrap_or(0);
        let mut out = Vec::with_capacity(range.len().div_ceil(8));
        for from in range.clone().step_by(8) {
            let (at, shift) = (from / 64, from % 64);
            let mut byte = word(at) >> shift;
            if shift > 56 {
                byte |= word(at + 1) << (64 - shift);
            }
            let left = range.end - from;
            out.push(byte as u8 & if left < 8 { (1 << left) - 1 } else { 0xff });
        }
        out
    }

    /// How many of a range are set.
    pub(crate) fn count(&self, range: Range<usize>) -> usize {
        if range == (0..self.len) {
            return self.set;
        }
        self.bytes(range).iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// Positions of the set bits, ascending.
    pub(crate) fn ones(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(at, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                if left == 0 {
                    return None;
                }
                let bit = left.trailing_zeros() as usize;
                left &= left - 1;
                Some(at * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of_list(list: &[bool]) -> Bits {
        let mut bits = Bits::all(true, list.len());
        (0..list.len()).filter(|at| !list[*at]).for_each(|at| bits.clear(at));
        bits
    }

    proptest! {
        #[test]
        fn ranges_are_those_of_a_list(list in proptest::collection::vec(any::<bool>(), 1..300), cut in 0..300usize) {
            let bits = of_list(&list);
            let from = cut % list.len();
            let bytes = bits.bytes(from..list.len());
            for (at, bit) in list[from..].iter().enumerate() {
                prop_assert_eq!(bytes[at / 8] >> (at % 8) & 1 == 1, *bit);
            }
            let set = |range: &[bool]| range.iter().filter(|bit| **bit).count();
            prop_assert_eq!(bits.count(from..list.len()), set(&list[from..]));
            prop_assert_eq!(bits.count(0..list.len()), set(&list));
            let ones: Vec<usize> = (0..list.len()).filter(|at| list[*at]).collect();
            prop_assert_eq!(bits.ones().collect::<Vec<_>>(), ones);
            prop_assert_eq!(Bits::all(true, list.len()).bytes(0..list.len()).last().copied(),
                Some(if list.len() % 8 == 0 { 0xff } else { (1u8 << (list.len() % 8)) - 1 }));
        }
    }
}
