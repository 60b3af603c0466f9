//! Immutable Parquet files and their indexes: sort order, writer, reader, filters, merge.
//!
//! In: batches of rows. Out: bytes of files, statistics, and rows again.
