//! The shared query engine over a store snapshot: pruning, trace by id, search, SQL.
//!
//! In: questions and a snapshot of `store`. Out: spans, rows, streams, cost. The dialects' words end above this crate; here are
//! one predicate tree ([`predicate`]) and one order, newest first ([`source`]).
//!
//! The path of a search: [`prune`] says which row groups can match, [`columns`] which of their rows, [`search`] walks them from the
//! newest backwards, [`fetch`] brings whole traces. [`engine`] is the trait of the APIs over all of it; [`names`] lists services,
//! operations and attribute keys and values. [`sql`] answers SQL over the same snapshots.

pub mod columns;
pub mod engine;
pub mod fetch;
pub mod identity;
pub mod memory;
pub mod names;
pub mod predicate;
pub mod prune;
pub mod search;
pub mod source;
pub mod sql;

pub use engine::Engine;
