//! A histogram as bytes, the content of the histogram columns: version 1, then as zigzag varints (LEB128) the count, the sum
//! in nanoseconds, the zero count, then for each bin the distance from the bin before (from 0 for the first) and its count.
//! An empty histogram is no bytes at all.

use super::{BIN_MAX, BIN_MIN, Histogram};

const VERSION: u8 = 1;

impl Histogram {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(16 + 3 * self.bins().len());
        self.encode_into(&mut out);
        out
    }

    /// Appends the bytes to `out`.
    pub fn encode_into(&self, out: &mut Vec<u8>) {
        if self.is_empty() {
            return;
        }
        out.push(VERSION);
        put(out, self.count);
        put(out, self.sum_ns);
        put(out, self.zero);
        let mut before = 0;
        for (bin, times) in self.bins() {
            put(out, i64::from(*bin) - before);
            put(out, *times);
            before = i64::from(*bin);
        }
    }

    /// The histogram of such bytes; `None` if they are not ours.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let Some((version, mut rest)) = bytes.split_first() else { return Some(Self::new()) };
        if *version != VERSION {
            return None;
        }
        let mut histogram =
            Self { count: take(&mut rest)?, sum_ns: take(&mut rest)?, zero: take(&mut rest)?, ..Self::new() };
        let mut bin = 0i64;
        while !rest.is_empty() {
            bin = bin.checked_add(take(&mut rest)?)?;
            let times = take(&mut rest)?;
            let inside = (i64::from(BIN_MIN)..=i64::from(BIN_MAX)).contains(&bin);
            histogram.add_to_bin(i16::try_from(bin).ok().filter(|_| inside)?, times);
        }
        Some(histogram)
    }
}

fn put(out: &mut Vec<u8>, value: i64) {
    let mut rest = ((value << 1) ^ (value >> 63)) as u64;
    while rest >= 0x80 {
        out.push(rest as u8 | 0x80);
        rest >>= 7;
    }
    out.push(rest as u8);
}

fn take(bytes: &mut &[u8]) -> Option<i64> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1) as i64 ^ -((value & 1) as i64));
        }
    }
    None
}
