//! The shared query engine over a store snapshot: pruning, trace by id, search, SQL.
//!
//! In: queries and a snapshot of `store`. Out: spans, rows, streams, cost. The dialects' words end above this
//! crate; here is one predicate tree ([`predicate`]) and one order, newest first ([`source`]).

pub mod identity;
pub mod memory;
pub mod predicate;
pub mod source;
