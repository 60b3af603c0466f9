//! The shared query engine over a store snapshot: pruning, trace by id, search, SQL.
//!
//! In: queries and a snapshot. Out: rows, streams, cost.
