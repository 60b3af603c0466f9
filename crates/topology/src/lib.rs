//! Who calls whom and how well, derived from spans alone.
//!
//! In: accepted batches and stored spans. Out: edges and nodes over time.

pub mod names;
