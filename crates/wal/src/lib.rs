//! An append-only log of opaque records: framing, checksum, rotation, replay; it does not know what a span is.
//!
//! In: records. Out: durable files, and the records again after a restart.
