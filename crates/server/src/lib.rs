//! Everything of the binary that tests reach: the APIs over a source of traces, and the terminal.

pub mod api;
pub mod cli;
