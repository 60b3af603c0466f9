//! The newest batches in memory, queryable and subscribable, with a byte budget.
//!
//! In: decoded batches in the order of the log. Out: views for readers, frozen parts for a flush.
