//! What can go wrong with the log, and which [`Kind`] of failure each is.

use std::io;

use stdx::Kind;

/// A failure of the write-ahead log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The folder or a file in it failed; nothing that was durable is lost.
    #[error("write-ahead log: {what}: {source}")]
    Io {
        /// What was being done, with the file's name.
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// A sync failed. The records from `first` to `last` were appended, are not durable and will not be
    /// replayed beside anything that is acknowledged later: their senders must be told to try again.
    #[error("write-ahead log: records {first} to {last} are lost: {what}: {source}")]
    Lost {
        /// The first lost sequence number.
        first: u64,
        /// The last lost sequence number.
        last: u64,
        /// What was being done, with the file's name.
        what: String,
        /// The operating system's answer.
        source: io::Error,
    },
    /// The payload is larger than [`crate::Options::record_bytes_max`].
    #[error("write-ahead log: a record of {bytes} bytes is over the limit of {limit} bytes")]
    RecordTooLarge {
        /// The payload's size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// A tenant, content type or encoding does not fit into the frame.
    #[error("write-ahead log: the {field} has {bytes} bytes, the limit is 255 bytes")]
    NameTooLong {
        /// Which of the three.
        field: &'static str,
        /// Its size.
        bytes: usize,
    },
    /// The sequence numbers are used up.
    #[error("write-ahead log: there is no sequence number left")]
    SequencesUsedUp,
    /// The file was written by a newer version of the program.
    #[error(
        "write-ahead log: {file} has format version {version}, this program reads up to version {supported}"
    )]
    NewerVersion {
        /// The file's name.
        file: String,
        /// The version in its header.
        version: u32,
        /// The greatest version that this program knows.
        supported: u32,
    },
    /// Bytes that were whole when the log was opened are damaged now; reading goes on behind them.
    #[error("write-ahead log: {file} is damaged: {bytes} bytes at offset {offset}: {why}")]
    Damaged {
        /// The file's name.
        file: String,
        /// Where the damage begins.
        offset: u64,
        /// How long it is.
        bytes: u64,
        /// What is wrong.
        why: String,
    },
}

impl Error {
    /// What sort of failure this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } | Self::Lost { .. } | Self::SequencesUsedUp => Kind::Unavailable,
            Self::RecordTooLarge { .. } | Self::NameTooLong { .. } => Kind::LimitExceeded,
            Self::NewerVersion { .. } => Kind::Unsupported,
            Self::Damaged { .. } => Kind::Corrupt,
        }
    }

    /// The first and last sequence number that this failure took with it.
    pub fn lost(&self) -> Option<(u64, u64)> {
        match self {
            Self::Lost { first, last, .. } => Some((*first, *last)),
            _ => None,
        }
    }

    /// Whether the disk is full.
    pub fn is_storage_full(&self) -> bool {
        match self {
            Self::Io { source, .. } | Self::Lost { source, .. } => {
                source.kind() == io::ErrorKind::StorageFull
            }
            _ => false,
        }
    }

    pub(crate) fn io(what: &str, file: &str, source: io::Error) -> Self {
        Self::Io { what: format!("{what} {file}"), source }
    }
}
