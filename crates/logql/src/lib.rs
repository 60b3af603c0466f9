//! The Loki query language over log entries held by a source that the caller hands in.
//!
//! In: query text and a source of entries. Out: syntax trees, canonical text, streams and series.
