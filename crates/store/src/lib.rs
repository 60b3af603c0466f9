//! The one facade over log, buffer, segments and catalog: append with a receipt, snapshot, tail, background jobs.
//!
//! In: requests as received. Out: receipts, snapshots, live batches.
