//! The index as bytes, version 1; `docs/formats/segment-index.md` says the layout.
//!
//! A head with magic, version and checksum, a compressed part with everything small, then the filters as
//! they are, so that a decoded index shares the bytes it was decoded from.

use bytes::{Buf, Bytes};

use super::bloom::Bloom;
use super::{
    AttrLevel, KEYS_MAX, KeyBits, KeyEntry, OPERATIONS_MAX, OperationEntry, RowGroup, SpanIndex, Times,
    VERSION,
};
use crate::Error;

const MAGIC: &[u8; 4] = b"TLSX";
const WHAT: &str = "segment index";
/// Magic, version, checksum, length of the compressed part, its length when decompressed.
const HEAD: usize = 4 + 4 + 4 + 4 + 4;
/// Largest decompressed part that is read.
const SMALL_MAX: usize = 256 << 20;

pub(super) fn encode(index: &SpanIndex) -> Result<Vec<u8>, Error> {
    let mut small = Vec::new();
    let mut filters: Vec<&Bytes> = vec![index.traces.bytes()];
    put(&mut small, index.rows);
    put_times(&mut small, &index.times);
    small.push(u8::from(index.operations_complete) | u8::from(index.keys_complete) << 1);
    put(&mut small, index.traces.bytes().len() as u64);
    put(&mut small, index.operations.len() as u64);
    for entry in &index.operations {
        match &entry.service {
            None => put(&mut small, 0),
            Some(service) => {
                put(&mut small, service.len() as u64 + 1);
                small.extend_from_slice(service.as_bytes());
            }
        }
        put_text(&mut small, &entry.name);
        put_signed(&mut small, i64::from(entry.kind));
        put(&mut small, entry.spans);
        put(&mut small, entry.errors);
    }
    put(&mut small, index.keys.len() as u64);
    for entry in &index.keys {
        small.push(entry.level as u8);
        put_text(&mut small, &entry.key);
        put(&mut small, entry.count);
    }
    put(&mut small, index.row_groups.len() as u64);
    for group in &index.row_groups {
        put(&mut small, u64::from(group.rows));
        put_times(&mut small, &group.times);
        small.push(u8::from(group.open));
        small.extend(group.keys.iter().map(|bits| bits.0));
        put(&mut small, group.pairs.bytes().len() as u64);
        put(&mut small, group.trace_rows.len() as u64);
        for rows in &group.trace_rows {
            put(&mut small, u64::from(*rows));
        }
        filters.extend([group.pairs.bytes(), &group.trace_marks]);
    }
    let packed = zstd::bulk::compress(&small, 3)?;
    let too_long = |_| Error::damaged(WHAT, "longer than 4 GiB");
    let mut out = Vec::with_capacity(HEAD + packed.len() + filters.iter().map(|f| f.len()).sum::<usize>());
    out.extend_from_slice(MAGIC);
    out.extend_from_slice(&VERSION.to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&u32::try_from(packed.len()).map_err(too_long)?.to_le_bytes());
    out.extend_from_slice(&u32::try_from(small.len()).map_err(too_long)?.to_le_bytes());
    out.extend_from_slice(&packed);
    filters.iter().for_each(|filter| out.extend_from_slice(filter));
    let crc = crc32c::crc32c(&out[12..]).to_le_bytes();
    out[8..12].copy_from_slice(&crc);
    Ok(out)
}

pub(super) fn decode(bytes: &Bytes) -> Result<SpanIndex, Error> {
    let mut head = bytes.clone();
    if head.remaining() < HEAD || head.split_to(4) != MAGIC[..] {
        return Err(Error::damaged(WHAT, "no head"));
    }
    let version = head.get_u32_le();
    if version > VERSION {
        return Err(Error::Later { what: WHAT.to_owned(), found: version, known: VERSION });
    }
    if version == 0 {
        return Err(Error::damaged(WHAT, "version 0"));
    }
    if head.get_u32_le() != crc32c::crc32c(&head) {
        return Err(Error::damaged(WHAT, "checksum"));
    }
    let packed = head.get_u32_le() as usize;
    let small = head.get_u32_le() as usize;
    if packed > head.remaining() || small > SMALL_MAX {
        return Err(Error::damaged(WHAT, "lengths"));
    }
    let packed = head.split_to(packed);
    let small =
        zstd::bulk::decompress(&packed, small).map_err(|error| Error::damaged(WHAT, error.to_string()))?;
    Reader { small: &small, filters: head }
        .index()
        .ok_or_else(|| Error::damaged(WHAT, "not laid out as version 1"))
}

/// Reads both parts; `None` where they end early or say what cannot be.
struct Reader<'a> {
    small: &'a [u8],
    filters: Bytes,
}

impl<'a> Reader<'a> {
    fn index(mut self) -> Option<SpanIndex> {
        let rows = self.number()?;
        let times = self.times()?;
        let flags = self.byte()?;
        let trace_bytes = self.size()?;
        let traces = Bloom::from_bytes(self.filter(trace_bytes)?)?;
        let mut operations = Vec::new();
        for _ in 0..self.count(OPERATIONS_MAX)? {
            let service = match self.size()? {
                0 => None,
                len => Some(self.text(len - 1)?),
            };
            let name_len = self.size()?;
            operations.push(OperationEntry {
                service,
                name: self.text(name_len)?,
                kind: i32::try_from(self.signed()?).ok()?,
                spans: self.number()?,
                errors: self.number()?,
            });
        }
        let mut keys = Vec::new();
        for _ in 0..self.count(KEYS_MAX)? {
            let level = *AttrLevel::ALL.get(usize::from(self.byte()?))?;
            let key_len = self.size()?;
            keys.push(KeyEntry { level, key: self.text(key_len)?, count: self.number()? });
        }
        let mut row_groups = Vec::new();
        for _ in 0..self.count(self.small.len())? {
            let rows = u32::try_from(self.number()?).ok()?;
            let times = self.times()?;
            let open = self.byte()? != 0;
            let keys = self.take(keys.len())?.iter().map(|bits| KeyBits(*bits)).collect();
            let pair_bytes = self.size()?;
            let traces = self.count(self.small.len())?;
            let mut trace_rows = Vec::with_capacity(traces);
            for _ in 0..traces {
                trace_rows.push(u32::try_from(self.number()?).ok()?);
            }
            if trace_rows.iter().map(|rows| u64::from(*rows)).sum::<u64>() != u64::from(rows) {
                return None;
            }
            let pairs = Bloom::from_bytes(self.filter(pair_bytes)?)?;
            let trace_marks = self.filter(4 * traces)?;
            row_groups.push(RowGroup { rows, times, open, keys, pairs, trace_marks, trace_rows });
        }
        (self.small.is_empty() && self.filters.is_empty()).then_some(SpanIndex {
            rows,
            times,
            operations,
            operations_complete: flags & 1 != 0,
            keys,
            keys_complete: flags & 2 != 0,
            row_groups,
            traces,
        })
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.small.split_at_checked(len)?;
        self.small = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f).checked_shl(shift)?;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }

    fn signed(&mut self) -> Option<i64> {
        let zigzag = self.number()?;
        Some((zigzag >> 1) as i64 ^ -((zigzag & 1) as i64))
    }

    fn size(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok()
    }

    /// A number of entries, each of which takes at least a byte.
    fn count(&mut self, max: usize) -> Option<usize> {
        self.size().filter(|count| *count <= max && *count <= self.small.len())
    }

    fn text(&mut self, len: usize) -> Option<String> {
        String::from_utf8(self.take(len)?.to_vec()).ok()
    }

    fn filter(&mut self, len: usize) -> Option<Bytes> {
        (len <= self.filters.len()).then(|| self.filters.split_to(len))
    }

    fn times(&mut self) -> Option<Times> {
        let min_start = self.signed()?;
        let mut after = || Some(min_start.wrapping_add(self.signed()?));
        Some(Times {
            min_start,
            max_start: after()?,
            max_end: after()?,
            min_trace_start: after()?,
            max_trace_start: after()?,
        })
    }
}

fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn put_signed(out: &mut Vec<u8>, value: i64) {
    put(out, (value << 1 ^ value >> 63) as u64);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn put_times(out: &mut Vec<u8>, times: &Times) {
    put_signed(out, times.min_start);
    for other in [times.max_start, times.max_end, times.min_trace_start, times.max_trace_start] {
        put_signed(out, other.wrapping_sub(times.min_start));
    }
}
