//! Who calls whom and how well, derived from spans alone.
//!
//! In: accepted batches of spans with their receipt times. Out: rows of sums a bucket of ten seconds, which only ever add
//! up: what clients saw, what servers saw, and the pairs that were found. Everything drawn is computed at read time from
//! these sums, so that names change later, late spans only add, and several writers only add.
//!
//! [`rollup`] is the rows and their arithmetic. Reading: [`names`] says who is meant by a host, [`range_plan`] which rows
//! answer for a range, [`view`] draws maps of them, [`series`] and [`export`] give them to other tools, [`findings`] says
//! why an edge is missing, [`terminal`] prints.
//!
//! Synchronous and pure: no socket, no file, no clock; times are arguments (I1, I2).

pub mod aggregate;
pub mod call_fact;
pub mod classify;
pub mod entity;
pub mod error;
pub mod export;
pub mod findings;
pub mod histogram;
pub mod names;
pub mod node;
pub mod peer;
pub mod pending;
pub mod range_plan;
pub mod repair;
pub mod rollup;
pub mod series;
pub mod terminal;
pub mod view;

pub use aggregate::{Aggregator, Delta, Options};
pub use call_fact::{CallFact, Class, Flags, Layer, Layers, Outcome, Protocol, Role, Security};
pub use entity::{Entity, EntityId};
pub use error::Error;
pub use histogram::Histogram;
pub use peer::{Peer, PeerId, PeerType};
pub use rollup::{EdgeKey, EdgeKind, EdgeRow, EdgeSums, EntityRow, OperationRow, PeerRow, Resolution};
