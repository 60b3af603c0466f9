//! One record as bytes: a header of 48 bytes with its own checksum, three names, the payload.
//!
//! In: a [`NewRecord`] and its sequence number, or bytes of a file. Out: header bytes, or the fields once both
//! checksums hold. The header's checksum is apart from the body's so that a damaged payload still tells
//! where the next record begins, and so that no length is believed before it is proven. It reads no file.

use crate::{Error, NewRecord, Record};

/// Bytes of a record before its names.
pub const FRAME_HEADER_BYTES: usize = 48;

/// The fixed part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// Bytes of names and payload.
    pub body_bytes: u32,
    pub sequence: u64,
    pub received_unix_nano: i64,
    pub request_hash: u128,
    pub kind: u8,
    pub tenant_bytes: u8,
    pub content_type_bytes: u8,
    pub encoding_bytes: u8,
    pub body_crc: u32,
}

/// Reads `N` bytes at `at`, which the caller knows to be there.
pub fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&bytes[at..at + N]);
    out
}

/// CRC32C of the salt and the parts one after the other.
pub fn salted_crc(salt: u64, parts: &[&[u8]]) -> u32 {
    parts.iter().fold(crc32c::crc32c(&salt.to_le_bytes()), |crc, part| crc32c::crc32c_append(crc, part))
}

impl FrameHeader {
    /// The header of `record`, or which of its fields is too large.
    pub fn of(record: &NewRecord<'_>, sequence: u64, salt: u64) -> Result<Self, Error> {
        let name_bytes = |field: &'static str, name: &str| {
            u8::try_from(name.len()).map_err(|_| Error::NameTooLong { field, bytes: name.len() })
        };
        let names = [record.tenant, record.content_type, record.encoding].map(str::len);
        let body = record.payload.len().saturating_add(names.iter().sum());
        let body_bytes = u32::try_from(body).map_err(|_| Error::RecordTooLarge {
            bytes: record.payload.len() as u64,
            limit: u64::from(u32::MAX),
        })?;
        Ok(Self {
            body_bytes,
            sequence,
            received_unix_nano: record.received_unix_nano,
            request_hash: record.request_hash,
            kind: record.kind,
            tenant_bytes: name_bytes("tenant", record.tenant)?,
            content_type_bytes: name_bytes("content type", record.content_type)?,
            encoding_bytes: name_bytes("encoding", record.encoding)?,
            body_crc: salted_crc(
                salt,
                &[
                    record.tenant.as_bytes(),
                    record.content_type.as_bytes(),
                    record.encoding.as_bytes(),
                    record.payload,
                ],
            ),
        })
    }

    /// The header as bytes.
    pub fn encode(&self, salt: u64) -> [u8; FRAME_HEADER_BYTES] {
        let mut out = [0; FRAME_HEADER_BYTES];
        out[4..8].copy_from_slice(&self.body_bytes.to_le_bytes());
        out[8..16].copy_from_slice(&self.sequence.to_le_bytes());
        out[16..24].copy_from_slice(&self.received_unix_nano.to_le_bytes());
        out[24..40].copy_from_slice(&self.request_hash.to_le_bytes());
        out[40] = self.kind;
        out[41] = self.tenant_bytes;
        out[42] = self.content_type_bytes;
        out[43] = self.encoding_bytes;
        out[44..48].copy_from_slice(&self.body_crc.to_le_bytes());
        let crc = salted_crc(salt, &[&out[4..]]);
        out[..4].copy_from_slice(&crc.to_le_bytes());
        out
    }

    /// The header in `bytes`; `None` when it is cut, when its checksum fails, or when it is not one that
    /// [`FrameHeader::encode`] makes. `sequences` are the numbers that can stand here: most bytes that are no
    /// header fail there, before a checksum is computed.
    pub fn decode(bytes: &[u8], salt: u64, sequences: std::ops::RangeInclusive<u64>) -> Option<Self> {
        let bytes = bytes.get(..FRAME_HEADER_BYTES)?;
        let sequence = u64::from_le_bytes(bytes_at(bytes, 8));
        if !sequences.contains(&sequence) {
            return None;
        }
        let header = Self {
            body_bytes: u32::from_le_bytes(bytes_at(bytes, 4)),
            sequence,
            received_unix_nano: i64::from_le_bytes(bytes_at(bytes, 16)),
            request_hash: u128::from_le_bytes(bytes_at(bytes, 24)),
            kind: bytes[40],
            tenant_bytes: bytes[41],
            content_type_bytes: bytes[42],
            encoding_bytes: bytes[43],
            body_crc: u32::from_le_bytes(bytes_at(bytes, 44)),
        };
        if header.names_bytes() > header.body_bytes as usize {
            return None;
        }
        let crc = u32::from_le_bytes(bytes_at(bytes, 0));
        (crc == salted_crc(salt, &[&bytes[4..]])).then_some(header)
    }

    fn names_bytes(&self) -> usize {
        usize::from(self.tenant_bytes)
            + usize::from(self.content_type_bytes)
            + usize::from(self.encoding_bytes)
    }

    /// Bytes of the whole record.
    pub fn frame_bytes(&self) -> u64 {
        FRAME_HEADER_BYTES as u64 + u64::from(self.body_bytes)
    }

    /// Whether `body` is what this header was made for.
    pub fn body_holds(&self, body: &[u8], salt: u64) -> bool {
        body.len() == self.body_bytes as usize
            && salted_crc(salt, &[body]) == self.body_crc
            && std::str::from_utf8(&body[..self.names_bytes()]).is_ok()
    }

    /// The record of a body for which [`FrameHeader::body_holds`]; `None` for any other.
    pub fn record(&self, body: &[u8]) -> Option<Record> {
        let (names, payload) = body.split_at_checked(self.names_bytes())?;
        let names = std::str::from_utf8(names).ok()?;
        let (tenant, names) = names.split_at_checked(usize::from(self.tenant_bytes))?;
        let (content_type, encoding) = names.split_at_checked(usize::from(self.content_type_bytes))?;
        Some(Record {
            sequence: self.sequence,
            kind: self.kind,
            tenant: tenant.to_owned(),
            content_type: content_type.to_owned(),
            encoding: encoding.to_owned(),
            received_unix_nano: self.received_unix_nano,
            request_hash: self.request_hash,
            payload: payload.to_vec(),
        })
    }
}
