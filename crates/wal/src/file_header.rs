//! The name and the head of one log file.
//!
//! In: a file's number, salt, sequence numbers and retry hashes, or bytes of a file. Out: header bytes, or the
//! fields once the checksums hold. The salt is in the name too, so that a damaged header costs the header
//! and no record. It reads no file.

use crate::frame::{bytes_at, salted_crc};
use crate::{Error, RetryHash};

/// The format version that this program writes and the greatest that it reads.
pub const FORMAT_VERSION: u32 = 1;

/// The first bytes of every log file of every version.
pub const MAGIC: [u8; 8] = *b"THRLWAL\n";

/// Bytes of the header before the retry hashes.
pub const FILE_HEADER_BYTES: usize = 56;

/// Bytes of one retry hash.
const RETRY_HASH_BYTES: usize = 24;

const FLAG_LIST_COMPLETE: u32 = 1;

/// The name of a log file: `<number>-<salt>.wal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileName {
    /// Files are read in the order of their numbers; a number is not used twice.
    pub number: u64,
    pub salt: u64,
}

impl FileName {
    pub fn parse(name: &str) -> Option<Self> {
        let (number, salt) = name.strip_suffix(".wal")?.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !digits(number) || !digits(salt) || salt.len() != 16 {
            return None;
        }
        let parsed = Self { number: number.parse().ok()?, salt: u64::from_str_radix(salt, 16).ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl std::fmt::Display for FileName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:010}-{:016x}.wal", self.number, self.salt)
    }
}

/// The fixed part of a file's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    pub salt: u64,
    /// The number of the first record in this file.
    pub first_sequence: u64,
    /// The greatest sequence number that counts in earlier files. What they hold above it was never
    /// acknowledged and is void.
    pub previous_last: u64,
    /// Whether the list holds every hash that a retry may still come with. A file that was begun after a
    /// failure has none, and the earlier files stay until one that is complete follows.
    pub list_complete: bool,
    pub list_len: u32,
    pub list_crc: u32,
}

/// What the first bytes of a file say.
#[derive(Debug, PartialEq, Eq)]
pub enum Head {
    Whole(FileHeader),
    Damaged,
}

impl FileHeader {
    /// Where the records begin, in bytes from the start of the file.
    pub fn records_offset(&self) -> u64 {
        FILE_HEADER_BYTES as u64 + self.list_bytes() as u64
    }

    /// Bytes of the retry hashes.
    pub fn list_bytes(&self) -> usize {
        self.list_len as usize * RETRY_HASH_BYTES
    }

    /// The head of a new file as bytes: the fixed part and the list.
    pub fn encode(
        salt: u64,
        first_sequence: u64,
        previous_last: u64,
        list: Option<&[RetryHash]>,
    ) -> (Self, Vec<u8>) {
        let hashes = list.unwrap_or_default();
        let hashes = &hashes[..hashes.len().min(u32::MAX as usize)];
        let mut list_bytes = Vec::with_capacity(hashes.len() * RETRY_HASH_BYTES);
        for retry in hashes {
            list_bytes.extend_from_slice(&retry.hash.to_le_bytes());
            list_bytes.extend_from_slice(&retry.acknowledged_unix_nano.to_le_bytes());
        }
        let header = Self {
            salt,
            first_sequence,
            previous_last,
            list_complete: list.is_some(),
            list_len: hashes.len() as u32,
            list_crc: salted_crc(salt, &[&list_bytes]),
        };
        let mut out = Vec::with_capacity(FILE_HEADER_BYTES + list_bytes.len());
        out.extend_from_slice(&MAGIC);
        out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        out.extend_from_slice(&crc32c::crc32c(&out).to_le_bytes());
        out.extend_from_slice(&salt.to_le_bytes());
        out.extend_from_slice(&first_sequence.to_le_bytes());
        out.extend_from_slice(&previous_last.to_le_bytes());
        out.extend_from_slice(&(if header.list_complete { FLAG_LIST_COMPLETE } else { 0 }).to_le_bytes());
        out.extend_from_slice(&header.list_len.to_le_bytes());
        out.extend_from_slice(&header.list_crc.to_le_bytes());
        let crc = crc32c::crc32c(&out);
        out.extend_from_slice(&crc.to_le_bytes());
        out.extend_from_slice(&list_bytes);
        (header, out)
    }

    /// Reads the fixed part from the first bytes of `file`.
    ///
    /// # Errors
    /// [`Error::NewerVersion`] when the magic and the version are whole and the version is unknown.
    pub fn decode(file: &str, bytes: &[u8]) -> Result<Head, Error> {
        let Some(start) = bytes.get(..16) else { return Ok(Head::Damaged) };
        let version = u32::from_le_bytes(bytes_at(start, 8));
        let start_holds =
            start[..8] == MAGIC && crc32c::crc32c(&start[..12]) == u32::from_le_bytes(bytes_at(start, 12));
        if start_holds && version != FORMAT_VERSION {
            let file = file.to_owned();
            return Err(Error::NewerVersion { file, version, supported: FORMAT_VERSION });
        }
        let Some(bytes) = bytes.get(..FILE_HEADER_BYTES).filter(|_| start_holds) else {
            return Ok(Head::Damaged);
        };
        if crc32c::crc32c(&bytes[..52]) != u32::from_le_bytes(bytes_at(bytes, 52)) {
            return Ok(Head::Damaged);
        }
        let header = Self {
            salt: u64::from_le_bytes(bytes_at(bytes, 16)),
            first_sequence: u64::from_le_bytes(bytes_at(bytes, 24)),
            previous_last: u64::from_le_bytes(bytes_at(bytes, 32)),
            list_complete: u32::from_le_bytes(bytes_at(bytes, 40)) & FLAG_LIST_COMPLETE != 0,
            list_len: u32::from_le_bytes(bytes_at(bytes, 44)),
            list_crc: u32::from_le_bytes(bytes_at(bytes, 48)),
        };
        let sane = header.first_sequence > header.previous_last;
        Ok(if sane { Head::Whole(header) } else { Head::Damaged })
    }

    /// The retry hashes in `bytes`; `None` when their checksum fails.
    pub fn decode_list(&self, bytes: &[u8]) -> Option<Vec<RetryHash>> {
        let whole = bytes.len() == self.list_bytes() && salted_crc(self.salt, &[bytes]) == self.list_crc;
        whole.then(|| {
            bytes
                .chunks_exact(RETRY_HASH_BYTES)
                .map(|entry| RetryHash {
                    hash: u128::from_le_bytes(bytes_at(entry, 0)),
                    acknowledged_unix_nano: i64::from_le_bytes(bytes_at(entry, 16)),
                })
                .collect()
        })
    }
}
