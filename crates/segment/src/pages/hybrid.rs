//! Parquet's hybrid of run lengths and bit-packed groups, for levels and for positions in a dictionary.
//!
//! In: small numbers. Out: bytes without a length in front, as data pages version 2 and dictionary positions have them.
//! Source: `Encodings.md`, "Run Length Encoding / Bit-Packing Hybrid".

use super::bits::Bits;
use std::ops::Range;

/// A run at least this long is written as such.
const RUN_MIN: usize = 8;

/// Bits that every number up to `max` fits into.
pub(crate) fn width_of(max: u32) -> u32 {
    32 - max.leading_zeros()
}

/// Appends numbers of `width` bits each.
pub(crate) fn numbers(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if width == 0 {
        if !values.is_empty() {
            varint(out, (values.len() as u64) << 1);
        }
        return;
    }
    // Values of which no run is made yet.
    let mut from = 0;
    let mut at = 0;
    while at < values.len() {
        let value = values[at];
        let mut end = at + 1;
        while end < values.len() && values[end] == value {
            end += 1;
        }
        // Packed groups hold eight values: those before the run are filled up out of it.
        let fill = (RUN_MIN - (at - from) % RUN_MIN) % RUN_MIN;
        if end - at >= fill + RUN_MIN {
            packed(out, &values[from..at + fill], width);
            varint(out, ((end - at - fill) as u64) << 1);
            out.extend_from_slice(&value.to_le_bytes()[..width.div_ceil(8) as usize]);
            from = end;
        }
        at = end;
    }
    packed(out, &values[from..], width);
}

/// Appends bit-packed groups of eight, the last one filled with zeros.
fn packed(out: &mut Vec<u8>, values: &[u32], width: u32) {
    if values.is_empty() {
        return;
    }
    let groups = values.len().div_ceil(8);
    varint(out, (groups as u64) << 1 | 1);
    let end = out.len() + groups * width as usize;
    pack(out, values.iter().map(|value| u64::from(*value)), width);
    out.resize(end, 0);
}

/// Appends the lowest `width` bits of each number, from the lowest bit of each byte on.
pub(crate) fn pack(out: &mut Vec<u8>, values: impl Iterator<Item = u64>, width: u32) {
    let mut held = 0u128;
    let mut bits = 0;
    for value in values {
        held |= u128::from(value) << bits;
        bits += width;
        while bits >= 64 {
            out.extend_from_slice(&(held as u64).to_le_bytes());
            held >>= 64;
            bits -= 64;
        }
    }
    out.extend_from_slice(&(held as u64).to_le_bytes()[..bits.div_ceil(8) as usize]);
}

/// Appends levels of one bit: whether a row has a value.
pub(crate) fn levels(out: &mut Vec<u8>, valid: &Bits, range: Range<usize>) {
    let rows = range.len();
    let set = valid.count(range.clone());
    if set == rows || set == 0 {
        varint(out, (rows as u64) << 1);
        out.push(u8::from(set > 0));
        return;
    }
    let bytes = valid.bytes(range);
    let full = |at: usize| if (at + 1) * 8 > rows { (1u8 << (rows % 8)) - 1 } else { 0xff };
    let mut from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let one = bytes[at] == full(at);
        if !one && bytes[at] != 0 {
            at += 1;
            continue;
        }
        let mut end = at + 1;
        while end < bytes.len() && bytes[end] == if one { full(end) } else { 0 } {
            end += 1;
        }
        if end - at >= 4 {
            if at > from {
                varint(out, ((at - from) as u64) << 1 | 1);
                out.extend_from_slice(&bytes[from..at]);
            }
            varint(out, (((end * 8).min(rows) - at * 8) as u64) << 1);
            out.push(u8::from(one));
            from = end;
        }
        at = end;
    }
    if bytes.len() > from {
        varint(out, ((bytes.len() - from) as u64) << 1 | 1);
        out.extend_from_slice(&bytes[from..]);
    }
}

pub(crate) fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Reads as the specification says, independently of the writer.
    fn read(bytes: &[u8], width: u32, count: usize) -> Vec<u32> {
        let (mut out, mut at) = (Vec::new(), 0);
        let varint = |at: &mut usize| {
            let (mut value, mut shift) = (0u64, 0);
            loop {
                let byte = bytes[*at];
                *at += 1;
                value |= u64::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    return value;
                }
            }
        };
        while out.len() < count {
            let head = varint(&mut at);
            if head & 1 == 0 {
                let len = width.div_ceil(8) as usize;
                let value = bytes[at..at + len].iter().rev().fold(0u32, |v, b| v << 8 | u32::from(*b));
                at += len;
                out.extend(std::iter::repeat_n(value, (head >> 1) as usize));
            } else {
                let total = (head >> 1) as usize * 8;
                for n in 0..total {
                    let value = (0..width as usize).fold(0u32, |value, bit| {
                        let place = n * width as usize + bit;
                        value | u32::from(bytes[at + place / 8] >> (place % 8) & 1) << bit
                    });
                    out.push(value);
                }
                at += total * width as usize / 8;
            }
        }
        assert_eq!(at, bytes.len());
        out.truncate(count);
        out
    }

    proptest! {
        #[test]
        fn numbers_come_back(runs in proptest::collection::vec((0..200_000u32, 1..40usize), 1..30), width in 1..19u32) {
            let values: Vec<u32> = runs.iter().flat_map(|(value, len)| std::iter::repeat_n(value % (1 << width), *len)).collect();
            let mut out = Vec::new();
            numbers(&mut out, &values, width);
            prop_assert_eq!(read(&out, width, values.len()), values);
        }

        #[test]
        fn levels_come_back(runs in proptest::collection::vec((any::<bool>(), 1..90usize), 1..20), from in 0..50usize) {
            let list: Vec<bool> = runs.iter().flat_map(|(bit, len)| std::iter::repeat_n(*bit, *len)).collect();
            let mut bits = Bits::all(true, list.len());
            (0..list.len()).filter(|at| !list[*at]).for_each(|at| bits.clear(at));
            let from = from % list.len();
            let mut out = Vec::new();
            levels(&mut out, &bits, from..list.len());
            let want: Vec<u32> = list[from..].iter().map(|bit| u32::from(*bit)).collect();
            prop_assert_eq!(read(&out, 1, want.len()), want);
        }
    }
}
