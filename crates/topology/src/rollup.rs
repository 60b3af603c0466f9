//! The rows of the map and their arithmetic. A table is a bag of rows: its content at a key is the sum of all its rows with
//! that key, so rows are only ever appended, and a correction is a row with a difference in it.
//!
//! [`edges`] who called whom, [`operations`] spans by name, [`entities`] and [`peers`] what the ids mean, [`tables`] the
//! names, resolutions and bucket arithmetic.

pub mod batches;
pub mod edges;
pub mod entities;
pub mod merge;
pub mod operations;
pub mod schema;
pub mod tables;

pub use edges::{CodeCount, EdgeKey, EdgeKind, EdgeRow, EdgeSums, Exemplar};
pub use entities::{EntityRow, PeerRow};
pub use merge::{EdgeBag, OperationBag};
pub use operations::{OperationKey, OperationRow, OperationSums};
pub use tables::{Resolution, bucket_of};
