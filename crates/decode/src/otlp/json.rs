//! JSON text of attributes, events and links straight from the wire, in the form that `model::attr_json`
//! defines. All texts of a request go into one buffer, to which Arrow views point.
//!
//! Text is copied as it came. Whether it is UTF-8 is checked once a column by Arrow; if that fails the
//! request is walked again with `repair`, which checks and counts every text.

use base64::Engine as _;
use model::TimeNs;
use model::attr_json::write::{is_ambiguous_key, push_double, push_hex, push_int};
use model::reason::DropReason;

use super::any_value::{Found, Parts, Value, read_pair, read_value};
use super::columns::{BODY, TEXT, view};
use crate::wire::{Cursor, Piece, Wrong};

/// Why a record could not be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The body is broken.
    Wrong(Wrong),
    /// The record alone is refused.
    Reject(DropReason),
}

impl From<Wrong> for Fault {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(wrong)
    }
}

type Result<T> = std::result::Result<T, Fault>;

/// Nesting that a map written as `kvlistValue` costs the reader.
const DISGUISE_LEVELS: usize = 4;

/// The texts of one request.
#[derive(Debug)]
pub(crate) struct Texts<'a> {
    pub body: &'a [u8],
    /// What was written.
    pub out: Vec<u8>,
    /// Whether every text is checked and made UTF-8.
    pub repair: bool,
    /// Texts that were not UTF-8.
    pub repaired: u64,
    /// Deepest nesting.
    pub depth_max: usize,
    /// Length of `out` at which the present record is too large.
    pub stop: usize,
    pub found: Found,
    /// Attributes of the event, link or map being written.
    nested: Vec<Piece>,
}

impl<'a> Texts<'a> {
    /// No text yet.
    pub fn new(body: &'a [u8], repair: bool, depth_max: usize) -> Self {
        let out = Vec::with_capacity(body.len() / 2);
        let found = Found::default();
        Self { body, out, repair, repaired: 0, depth_max, stop: 0, found, nested: Vec::new() }
    }

    /// The view of a text of the body.
    #[inline(always)]
    pub fn view(&mut self, piece: Piece) -> u128 {
        if self.repair && std::str::from_utf8(piece.of(self.body)).is_err() {
            let from = self.out.len();
            let text = String::from_utf8_lossy(piece.of(self.body));
            self.out.extend_from_slice(text.as_bytes());
            self.repaired += 1;
            return self.view_from(from);
        }
        view(self.body, BODY, piece.at, piece.len)
    }

    /// The view of what was written since `from`.
    pub fn view_from(&self, from: usize) -> u128 {
        view(&self.out, TEXT, from as u32, (self.out.len() - from) as u32)
    }

    /// Appends a JSON string.
    fn string(&mut self, piece: Piece) {
        let bytes = piece.of(self.body);
        if self.repair && std::str::from_utf8(bytes).is_err() {
            self.repaired += 1;
            push_string(&mut self.out, String::from_utf8_lossy(bytes).as_bytes());
        } else {
            push_string(&mut self.out, bytes);
        }
    }

    fn check_size(&self) -> Result<()> {
        if self.out.len() > self.stop { Err(Fault::Reject(DropReason::ItemTooLarge)) } else { Ok(()) }
    }

    /// Appends `"key":value`, inside `level` objects.
    pub fn pair(&mut self, key: Piece, value: Value, level: usize) -> Result<()> {
        self.check_size()?;
        self.string(key);
        self.out.push(b':');
        self.value(value, level)
    }

    fn value(&mut self, value: Value, level: usize) -> Result<()> {
        match value {
            Value::Empty => self.out.extend_from_slice(b"null"),
            Value::Str(piece) => self.string(piece),
            Value::Bool(true) => self.out.extend_from_slice(b"true"),
            Value::Bool(false) => self.out.extend_from_slice(b"false"),
            Value::Int(value) => push_int(&mut self.out, value),
            Value::Double(value) => push_double(&mut self.out, value),
            Value::Bytes(piece) => {
                self.out.extend_from_slice(b"{\"bytesValue\":\"");
                let from = self.out.len();
                let bytes = piece.of(self.body);
                self.out.resize(from + bytes.len().div_ceil(3) * 4, 0);
                // The room is exactly what padded base64 takes.
                let engine = base64::engine::general_purpose::STANDARD;
                let len = engine.encode_slice(bytes, &mut self.out[from..]).unwrap_or(0);
                self.out.truncate(from + len);
                self.out.extend_from_slice(b"\"}");
            }
            Value::Array(parts) => self.array(parts, level)?,
            Value::Map(parts) => self.map(parts, level)?,
        }
        Ok(())
    }

    fn deeper(&self, level: usize, by: usize) -> Result<usize> {
        if level + by > self.depth_max { Err(Fault::Reject(DropReason::TooDeep)) } else { Ok(level + by) }
    }

    fn array(&mut self, parts: Parts, level: usize) -> Result<()> {
        let level = self.deeper(level, 1)?;
        let open = self.out.len();
        self.out.push(b'[');
        let mut n = 0;
        while let Some(piece) = self.found.part(parts, n) {
            n += 1;
            let mut fields = Cursor::new(self.body, piece);
            while let Some(tag) = fields.tag()? {
                if tag != 0x0a {
                    fields.skip(tag)?;
                    self.found.unknown_fields += 1;
                    continue;
                }
                self.comma(open);
                let mut value = Value::Empty;
                read_value(self.body, fields.piece()?, &mut value, &mut self.found)?;
                self.check_size()?;
                self.value(value, level)?;
            }
        }
        self.out.push(b']');
        Ok(())
    }

    fn comma(&mut self, open: usize) {
        if self.out.len() > open + 1 {
            self.out.push(b',');
        }
    }

    fn map(&mut self, parts: Parts, level: usize) -> Result<()> {
        // The pairs of this map stand on top of those of the maps around it.
        let base = self.nested.len();
        let mut n = 0;
        while let Some(piece) = self.found.part(parts, n) {
            n += 1;
            let mut fields = Cursor::new(self.body, piece);
            while let Some(tag) = fields.tag()? {
                if tag == 0x0a {
                    self.nested.push(fields.piece()?);
                } else {
                    fields.skip(tag)?;
                    self.found.unknown_fields += 1;
                }
            }
        }
        let done = self.map_of(base, level);
        self.nested.truncate(base);
        done
    }

    fn map_of(&mut self, base: usize, level: usize) -> Result<()> {
        if let [only] = self.nested[base..] {
            let (key, value) = read_pair(self.body, only, &mut self.found)?;
            if std::str::from_utf8(key.of(self.body)).is_ok_and(is_ambiguous_key) {
                let level = self.deeper(level, DISGUISE_LEVELS)?;
                self.out.extend_from_slice(b"{\"kvlistValue\":{\"values\":[{\"key\":");
                self.string(key);
                self.out.extend_from_slice(b",\"value\":");
                self.value(value, level)?;
                self.out.extend_from_slice(b"}]}}");
                return Ok(());
            }
            let level = self.deeper(level, 1)?;
            self.out.push(b'{');
            self.pair(key, value, level)?;
            self.out.push(b'}');
            return Ok(());
        }
        let level = self.deeper(level, 1)?;
        self.nested_object(base, level)
    }

    /// Appends the object of the attributes in `nested` from `base` on.
    fn nested_object(&mut self, base: usize, level: usize) -> Result<()> {
        let open = self.out.len();
        self.out.push(b'{');
        let end = self.nested.len();
        for at in base..end {
            self.comma(open);
            let (key, value) = read_pair(self.body, self.nested[at], &mut self.found)?;
            self.pair(key, value, level)?;
        }
        self.out.push(b'}');
        Ok(())
    }

    /// Appends the object of these attributes.
    pub fn object(&mut self, attributes: &[Piece]) -> Result<()> {
        self.nested.clear();
        self.nested.extend_from_slice(attributes);
        self.nested_object(0, 0)
    }

    /// Appends the array of these events.
    pub fn events(&mut self, events: &[Piece]) -> Result<()> {
        let open = self.out.len();
        self.out.push(b'[');
        for event in events {
            self.comma(open);
            self.check_size()?;
            self.event(*event)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn event(&mut self, event: Piece) -> Result<()> {
        let (mut time, mut name, mut dropped) = (0, Piece::default(), 0);
        self.nested.clear();
        let mut fields = Cursor::new(self.body, event);
        while let Some(tag) = fields.tag()? {
            match tag {
                0x09 => time = fields.fixed64()?,
                0x12 => name = fields.piece()?,
                0x1a => self.nested.push(fields.piece()?),
                0x20 => dropped = fields.varint()? as u32,
                _ => {
                    fields.skip(tag)?;
                    self.found.unknown_fields += 1;
                }
            }
        }
        self.out.extend_from_slice(b"{\"time_unix_nano\":");
        push_int(&mut self.out, TimeNs::from_otlp(time).0);
        if name.len > 0 {
            self.out.extend_from_slice(b",\"name\":");
            self.string(name);
        }
        self.tail(dropped)?;
        self.out.push(b'}');
        Ok(())
    }

    /// Appends the array of these links.
    pub fn links(&mut self, links: &[Piece]) -> Result<()> {
        let open = self.out.len();
        self.out.push(b'[');
        for link in links {
            self.comma(open);
            self.check_size()?;
            self.link(*link)?;
        }
        self.out.push(b']');
        Ok(())
    }

    fn link(&mut self, link: Piece) -> Result<()> {
        let (mut trace_id, mut span_id, mut state) = Default::default();
        let (mut dropped, mut flags) = (0, 0);
        self.nested.clear();
        let mut fields = Cursor::new(self.body, link);
        while let Some(tag) = fields.tag()? {
            match tag {
                0x0a => trace_id = fields.piece()?,
                0x12 => span_id = fields.piece()?,
                0x1a => state = fields.piece()?,
                0x22 => self.nested.push(fields.piece()?),
                0x28 => dropped = fields.varint()? as u32,
                0x35 => flags = fields.fixed32()?,
                _ => {
                    fields.skip(tag)?;
                    self.found.unknown_fields += 1;
                }
            }
        }
        self.out.extend_from_slice(b"{\"trace_id\":\"");
        push_hex(&mut self.out, &sized::<16>(trace_id.of(self.body)));
        self.out.extend_from_slice(b"\",\"span_id\":\"");
        push_hex(&mut self.out, &sized::<8>(span_id.of(self.body)));
        self.out.push(b'"');
        if state.len > 0 {
            self.out.extend_from_slice(b",\"trace_state\":");
            self.string(state);
        }
        self.tail(dropped)?;
        if flags != 0 {
            self.out.extend_from_slice(b",\"flags\":");
            push_int(&mut self.out, i64::from(flags));
        }
        self.out.push(b'}');
        Ok(())
    }

    fn tail(&mut self, dropped: u32) -> Result<()> {
        if !self.nested.is_empty() {
            self.out.extend_from_slice(b",\"attributes\":");
            self.nested_object(0, 0)?;
        }
        if dropped != 0 {
            self.out.extend_from_slice(b",\"dropped_attributes_count\":");
            push_int(&mut self.out, i64::from(dropped));
        }
        Ok(())
    }
}

/// An id of another length than N: zeros before a short one, the last bytes of a long one.
fn sized<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut id = [0; N];
    let len = bytes.len().min(N);
    id[N - len..].copy_from_slice(&bytes[bytes.len() - len..]);
    id
}

/// Appends a JSON string with quotes; the bytes need not be UTF-8.
fn push_string(out: &mut Vec<u8>, bytes: &[u8]) {
    out.push(b'"');
    if is_plain(bytes) {
        out.extend_from_slice(bytes);
        out.push(b'"');
        return;
    }
    for &byte in bytes {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            b'\t' => out.extend_from_slice(b"\\t"),
            0..0x20 => {
                out.extend_from_slice(b"\\u00");
                push_hex(out, &[byte]);
            }
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

/// Whether nothing in `bytes` needs an escape.
#[inline(always)]
fn is_plain(bytes: &[u8]) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    /// Sets the high bit of some byte if any byte is below 0x20, a quote or a backslash.
    fn marks(word: u64) -> u64 {
        let below = word.wrapping_sub(ONES * 0x20) & !word;
        let quote = word ^ ONES * 0x22;
        let slash = word ^ ONES * 0x5c;
        let equal = (quote.wrapping_sub(ONES) & !quote) | (slash.wrapping_sub(ONES) & !slash);
        (below | equal) & (ONES * 0x80)
    }
    let Some(last) = bytes.last_chunk::<8>() else {
        return bytes.iter().all(|&byte| byte >= 0x20 && byte != b'"' && byte != b'\\');
    };
    let (words, _) = bytes.as_chunks::<8>();
    let marked = words
        .iter()
        .fold(marks(u64::from_le_bytes(*last)), |all, word| all | marks(u64::from_le_bytes(*word)));
    marked == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_those_of_the_model() {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for len in 0..20 {
            for at in 0..len {
                for special in (0..0x80u8).map(char::from).chain(['\u{a2}', '한', '😀']) {
                    let text: String = (0..len).map(|n| if n == at { special } else { 'x' }).collect();
                    push_string(&mut ours, text.as_bytes());
                    model::attr_json::write::push_str(&mut theirs, &text);
                }
            }
        }
        assert!(ours == theirs);
    }

    #[test]
    fn ids_are_padded_and_cut() {
        assert_eq!(sized::<4>(b"ab"), *b"\0\0ab");
        assert_eq!(sized::<4>(b"abcdef"), *b"cdef");
    }
}
