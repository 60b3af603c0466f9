//! Parquet's DELTA_BINARY_PACKED and DELTA_LENGTH_BYTE_ARRAY.
//!
//! In: whole numbers, or byte strings. Out: bytes. Source: `Encodings.md`, "Delta Encoding", "Delta-length byte array".

use super::hybrid::{pack, varint};

/// Values of a block, and of each of its four miniblocks.
const BLOCK: usize = 128;
const MINI: usize = 32;

/// Appends whole numbers. Differences wrap, as the format allows.
pub(crate) fn longs(out: &mut Vec<u8>, values: &[i64]) {
    encode(out, values, 64);
}

/// Appends whole numbers of a column of 32 bits, whose differences wrap at 32 bits.
pub(crate) fn ints(out: &mut Vec<u8>, values: &[i64]) {
    encode(out, values, 32);
}

fn encode(out: &mut Vec<u8>, values: &[i64], bits: u32) {
    // Differences as the reader will add them up: within the width of the column.
    let wrap = |value: i64| if bits == 32 { i64::from(value as i32) } else { value };
    varint(out, BLOCK as u64);
    varint(out, (BLOCK / MINI) as u64);
    varint(out, values.len() as u64);
    zigzag(out, values.first().copied().unwrap_or(0));
    let mut deltas = [0i64; BLOCK];
    for block in values.get(1..).unwrap_or(&[]).chunks(BLOCK).enumerate() {
        let (number, block) = block;
        let mut last = values[number * BLOCK];
        for (delta, value) in deltas.iter_mut().zip(block) {
            *delta = wrap(value.wrapping_sub(last));
            last = *value;
        }
        let deltas = &deltas[..block.len()];
        let least = deltas.iter().copied().min().unwrap_or(0);
        zigzag(out, least);
        let above = |delta: &i64| {
            let above = delta.wrapping_sub(least) as u64;
            if bits == 32 { above & 0xffff_ffff } else { above }
        };
        let widths = out.len();
        out.extend_from_slice(&[0; BLOCK / MINI]);
        for (at, mini) in deltas.chunks(MINI).enumerate() {
            let width = 64 - mini.iter().fold(0, |all, delta| all | above(delta)).leading_zeros();
            out[widths + at] = width as u8;
            // A miniblock is whole; the reader drops what is over.
            let end = out.len() + MINI * width as usize / 8;
            pack(out, mini.iter().map(above), width);
            out.resize(end, 0);
        }
    }
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, (value << 1 ^ value >> 63) as u64);
}

/// Appends byte strings: their lengths, then all bytes.
pub(crate) fn byte_strings(out: &mut Vec<u8>, values: &[&[u8]]) {
    let lengths: Vec<i64> = values.iter().map(|value| value.len() as i64).collect();
    ints(out, &lengths);
    out.reserve(lengths.iter().map(|len| *len as usize).sum());
    for value in values {
        out.extend_from_slice(value);
    }
}
