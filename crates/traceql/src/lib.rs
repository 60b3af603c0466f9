//! The Tempo query language over traces held by a source that the caller hands in.
//!
//! In: query text and a source of traces. Out: syntax trees, canonical text, matched spans and series.
