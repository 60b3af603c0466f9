//! Protobuf's wire format: a cursor over one message inside a body, and nothing about OTLP.
//!
//! A message is a [`Piece`] of the body; reading it gives numbers and further pieces, never copies.
//! Source: protobuf.dev, "Encoding".

use crate::error::{Malformed, Place};

/// Deepest nesting of groups that is skipped; protobuf's own parsers stop at 100.
const GROUP_DEPTH_MAX: usize = 64;

/// A range of bytes in a body below 4 GiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    /// Offset of the first byte.
    pub at: u32,
    /// Number of bytes.
    pub len: u32,
}

impl Piece {
    /// All of `body`.
    pub fn whole(body: &[u8]) -> Self {
        Self { at: 0, len: body.len() as u32 }
    }

    /// The bytes.
    #[inline(always)]
    pub fn of(self, body: &[u8]) -> &[u8] {
        &body[self.at as usize..self.at as usize + self.len as usize]
    }
}

/// A fault in the bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wrong {
    /// Byte offset in the body.
    pub at: usize,
    /// What had to stand there.
    pub expected: &'static str,
}

impl From<Wrong> for Malformed {
    fn from(wrong: Wrong) -> Self {
        Self { place: Place::Byte(wrong.at), expected: wrong.expected.into() }
    }
}

pub(crate) type Result<T> = std::result::Result<T, Wrong>;

/// Field number times 8 plus wire type.
pub(crate) type Tag = u32;

/// Reads the fields of one message.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    /// The body up to the end of the message.
    body: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    /// Stands before the first field of the message `piece`.
    #[inline(always)]
    pub fn new(body: &'a [u8], piece: Piece) -> Self {
        Self { body: &body[..piece.at as usize + piece.len as usize], at: piece.at as usize }
    }

    #[cold]
    #[inline(never)]
    fn wrong<T>(&self, expected: &'static str) -> Result<T> {
        Err(Wrong { at: self.at, expected })
    }

    /// The next field's tag, `None` at the end of the message.
    #[inline(always)]
    pub fn tag(&mut self) -> Result<Option<Tag>> {
        match self.body.get(self.at) {
            None => Ok(None),
            Some(&byte) if (8..0x80).contains(&byte) => {
                self.at += 1;
                Ok(Some(Tag::from(byte)))
            }
            Some(_) => self.long_tag(),
        }
    }

    #[inline(never)]
    fn long_tag(&mut self) -> Result<Option<Tag>> {
        let from = self.at;
        let tag = self.varint()?;
        match Tag::try_from(tag) {
            Ok(tag) if tag >= 8 => Ok(Some(tag)),
            _ => {
                self.at = from;
                self.wrong("a field number from 1 to 536870911")
            }
        }
    }

    /// A base-128 number.
    #[inline(always)]
    pub fn varint(&mut self) -> Result<u64> {
        match self.body.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    #[inline(never)]
    fn long_varint(&mut self) -> Result<u64> {
        let mut value = 0u64;
        for shift in (0..70).step_by(7) {
            let Some(&byte) = self.body.get(self.at) else {
                return self.wrong("the rest of a number, but the message ends");
            };
            self.at += 1;
            value |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or(0);
            if byte < 0x80 {
                return Ok(value);
            }
        }
        self.wrong("a number of at most 10 bytes")
    }

    /// Eight bytes, least significant first.
    #[inline(always)]
    pub fn fixed64(&mut self) -> Result<u64> {
        match self.body.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => {
                self.at += 8;
                Ok(u64::from_le_bytes(*bytes))
            }
            None => self.wrong("8 bytes, but the message ends"),
        }
    }

    /// Four bytes, least significant first.
    #[inline(always)]
    pub fn fixed32(&mut self) -> Result<u32> {
        match self.body.get(self.at..).and_then(|rest| rest.first_chunk()) {
            Some(bytes) => {
                self.at += 4;
                Ok(u32::from_le_bytes(*bytes))
            }
            None => self.wrong("4 bytes, but the message ends"),
        }
    }

    /// A length and that many bytes.
    #[inline(always)]
    pub fn piece(&mut self) -> Result<Piece> {
        let len = self.varint()?;
        if len > (self.body.len() - self.at) as u64 {
            return self.wrong("as many bytes as the length before says, but the message ends");
        }
        let piece = Piece { at: self.at as u32, len: len as u32 };
        self.at += len as usize;
        Ok(piece)
    }

    /// Passes over the value of a field whose tag was read.
    #[inline(never)]
    pub fn skip(&mut self, tag: Tag) -> Result<()> {
        let mut open = [0; GROUP_DEPTH_MAX];
        let mut depth = 0;
        let mut tag = tag;
        loop {
            match tag & 7 {
                0 => drop(self.varint()?),
                1 => drop(self.fixed64()?),
                2 => drop(self.piece()?),
                3 if depth == GROUP_DEPTH_MAX => return self.wrong("at most 64 nested groups"),
                3 => {
                    open[depth] = tag >> 3;
                    depth += 1;
                }
                4 if depth > 0 && open[depth - 1] == tag >> 3 => depth -= 1,
                4 => return self.wrong("no end of a group that was not begun"),
                5 => drop(self.fixed32()?),
                _ => return self.wrong("a wire type from 0 to 5"),
            }
            if depth == 0 {
                return Ok(());
            }
            tag = match self.tag()? {
                Some(tag) => tag,
                None => return self.wrong("the end of a group, but the message ends"),
            };
        }
    }
}
