//! An append-only log of opaque records: framing, checksums, rotation and replay.
//!
//! In: records, that is requests as they were received, still compressed. Out: durable files in one
//! [`stdx::Dir`], and the same records again after a restart, each exactly once and in order. The bytes
//! are described in `docs/formats/wal.md`.
//!
//! The promises:
//! - A sequence number is durable once [`Wal::sync`] returned that number or a greater one. Sequence numbers
//!   start at 1, only grow, and are never given to two records that were both replayable.
//! - A record that was appended but not synced may or may not be replayed after a crash, never twice.
//! - After a failed sync the records behind it are lost for good ([`Error::Lost`]): the file is abandoned and
//!   the header of the next file voids them, so they are not replayed beside their retry.
//!
//! It is synchronous and single-threaded: the caller brings the thread, appends many records and syncs once
//! (group commit). It knows no signal, no clock and no random numbers; it does not decode, and it does not
//! look for repeated requests, it only keeps their hashes.

mod error;
mod file_header;
mod frame;
mod quarantine;
mod read;
mod recover;
mod scan;
mod write;

pub use error::Error;
pub use file_header::FORMAT_VERSION;
pub use read::{ReadOnly, Records};
pub use recover::{Quarantined, Recovered};
pub use write::Wal;

/// One record as it comes out of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its position in the log.
    pub sequence: u64,
    /// What the payload is; the caller's code, opaque here.
    pub kind: u8,
    /// The tenant that sent it.
    pub tenant: String,
    /// The media type of the payload.
    pub content_type: String,
    /// The content encoding of the payload, empty for none.
    pub encoding: String,
    /// When it was received, in nanoseconds since the Unix epoch.
    pub received_unix_nano: i64,
    /// The hash by which a retry of the same request is recognised.
    pub request_hash: u128,
    /// The request as received.
    pub payload: Vec<u8>,
}

/// One record on its way into the log; the fields are those of [`Record`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewRecord<'a> {
    /// What the payload is; the caller's code.
    pub kind: u8,
    /// The tenant, at most 255 bytes.
    pub tenant: &'a str,
    /// The media type, at most 255 bytes.
    pub content_type: &'a str,
    /// The content encoding, at most 255 bytes.
    pub encoding: &'a str,
    /// When it was received, in nanoseconds since the Unix epoch.
    pub received_unix_nano: i64,
    /// The hash by which a retry is recognised.
    pub request_hash: u128,
    /// The request as received.
    pub payload: &'a [u8],
}

/// A request that was acknowledged not long ago, kept at the head of each file so that its retry is still
/// recognised after the file that holds it was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetryHash {
    /// The request's hash.
    pub hash: u128,
    /// When it was acknowledged, in nanoseconds since the Unix epoch; for a record found in the log, when it
    /// was received.
    pub acknowledged_unix_nano: i64,
}

/// Sizes of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// A file is full at this many bytes, and this much is reserved for it at once.
    pub file_bytes: u64,
    /// The largest payload that [`Wal::append`] takes, in bytes.
    pub record_bytes_max: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { file_bytes: 128 << 20, record_bytes_max: 64 << 20 }
    }
}
