//! `KeyValue` and `AnyValue` of OTLP's `common.proto` as pieces of the body. Nothing is copied: a value
//! names its bytes. A field that came twice is merged as protobuf says: the last number or text wins, the
//! items of arrays and maps of one kind join.

use crate::wire::{Cursor, Piece, Result};

/// One attribute value.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) enum Value {
    #[default]
    Empty,
    Str(Piece),
    Bool(bool),
    Int(i64),
    Double(f64),
    Bytes(Piece),
    Array(Parts),
    Map(Parts),
}

/// The message of an array or map: one piece, or in a strange encoding several that join.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Parts {
    first: Piece,
    /// One more than a position in [`Found::joined`], zero for none.
    more: u32,
}

/// What reading leaves beside the values.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Fields that were passed over.
    pub unknown_fields: u64,
    joined: Vec<Vec<Piece>>,
}

impl Found {
    /// Forgets what was joined; earlier [`Parts`] mean nothing any more.
    pub fn clear(&mut self) {
        self.joined.clear();
    }

    /// The `n`th piece of a message.
    pub fn part(&self, parts: Parts, n: usize) -> Option<Piece> {
        match n.checked_sub(1) {
            None => Some(parts.first),
            Some(n) => self.joined.get((parts.more as usize).checked_sub(1)?)?.get(n).copied(),
        }
    }

    fn join(&mut self, before: Option<Parts>, piece: Piece) -> Parts {
        let Some(mut parts) = before else { return Parts { first: piece, more: 0 } };
        if parts.more == 0 {
            self.joined.push(Vec::new());
            parts.more = self.joined.len() as u32;
        }
        self.joined[parts.more as usize - 1].push(piece);
        parts
    }
}

/// Reads an `AnyValue` onto `value`, which holds what came before under the same field.
#[inline]
pub(crate) fn read_value(body: &[u8], piece: Piece, value: &mut Value, found: &mut Found) -> Result<()> {
    let mut fields = Cursor::new(body, piece);
    while let Some(tag) = fields.tag()? {
        match tag {
            0x0a => *value = Value::Str(fields.piece()?),
            0x10 => *value = Value::Bool(fields.varint()? != 0),
            0x18 => *value = Value::Int(fields.varint()? as i64),
            0x21 => *value = Value::Double(f64::from_bits(fields.fixed64()?)),
            0x2a => {
                let before = if let Value::Array(parts) = *value { Some(parts) } else { None };
                *value = Value::Array(found.join(before, fields.piece()?));
            }
            0x32 => {
                let before = if let Value::Map(parts) = *value { Some(parts) } else { None };
                *value = Value::Map(found.join(before, fields.piece()?));
            }
            0x3a => *value = Value::Bytes(fields.piece()?),
            _ => {
                fields.skip(tag)?;
                found.unknown_fields += 1;
            }
        }
    }
    Ok(())
}

/// Reads a `KeyValue`.
#[inline]
pub(crate) fn read_pair(body: &[u8], piece: Piece, found: &mut Found) -> Result<(Piece, Value)> {
    let mut fields = Cursor::new(body, piece);
    let mut key = Piece::default();
    let mut value = Value::Empty;
    while let Some(tag) = fields.tag()? {
        match tag {
            0x0a => key = fields.piece()?,
            0x12 => read_value(body, fields.piece()?, &mut value, found)?,
            _ => {
                fields.skip(tag)?;
                found.unknown_fields += 1;
            }
        }
    }
    Ok((key, value))
}
