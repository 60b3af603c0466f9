//! The Prometheus query language over series held by a source that the caller hands in.
//!
//! In: query text and a source of series. Out: syntax trees, canonical text, values with annotations.
