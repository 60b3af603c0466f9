//! The newest batches in memory, in the order of the log, until a flush round has made them part of the
//! tables.
//!
//! In: accepted batches with their WAL position, pushed after their fsync ([`Buffer::push`]). Out: views for readers
//! ([`Buffer::parts`]), everything up to a position for a flush ([`Buffer::freeze`]), single requests again for followers
//! of the stream ([`Buffer::request`]). It is synchronous, starts no thread and knows no file. The byte budget is counted
//! in real bytes ([`bytes::batch_bytes`]); what happens over it is the caller's decision.

pub mod bytes;
pub mod part;
mod parts;
mod repeats;

pub use part::{Part, Piece};
pub use parts::{Buffer, Frozen};
pub use repeats::RepeatedTraces;
