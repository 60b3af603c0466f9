//! The map in the formats of other tools.
//!
//! In: a map, or increments of computed families, or rows. Out: text. JSON is the map itself, as its type
//! serialises. Every text that came from a span is escaped for its format. Not here: pictures.

pub mod csv;
pub mod dot;
pub mod jaeger;
pub mod mermaid;
pub mod openmetrics;
