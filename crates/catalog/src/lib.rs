//! Which segments exist: Delta commits, snapshots, vacuum, and the durable object store under them.
//!
//! In: files to add and remove. Out: versions of tables.
