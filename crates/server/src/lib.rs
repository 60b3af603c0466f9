//! Everything of the binary that tests reach: the APIs over a source of traces.

pub mod api;
