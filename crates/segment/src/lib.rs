//! Immutable Parquet files and their indexes: sort order, writer, reader, filters, merge.
//!
//! In: batches of rows. Out: bytes of files, statistics, and rows again. The crate opens no file and
//! waits for nothing: writers write into what the caller gives, readers say which byte ranges they need
//! and decode the bytes that the caller brings (invariant I2). Where a file lies, when it is written and
//! when it may go is the business of `store`.
//!
//! The path of a span: [`sort`] puts `rows` in order, [`write`] cuts them into row groups, `group` tells repeated values of
//! a column apart, once for [`index`], which collects what prunes, and for `pages`, which encode (as [`encoding`] says).
//! [`read`] gives rows back, [`merge`] makes few large files of many small ones. [`traces`] condenses sorted spans into one row a trace.
//! The bytes are described in `docs/formats/spans.md` and `docs/formats/segment-index.md`.

pub mod encoding;
mod error;
mod group;
pub mod index;
pub mod merge;
mod pages;
pub mod read;
mod rows;
pub mod sort;
pub mod stats;
pub mod traces;
pub mod write;

pub use error::Error;
pub use index::{SpanIndex, build_index};
pub use merge::{MergeInput, RowSink, merge_spans};
pub use parquet::arrow::arrow_reader::{RowSelection, RowSelector};
pub use read::{Footer, Parsed, Plan, decode, plan};
pub use sort::{SpanOrder, sort_spans};
pub use stats::{ColumnStats, FileStats, StatValue};
pub use traces::{merge_trace_parts, trace_parts};
pub use write::{FileInfo, SpanWriter, TableWriter, WriteOptions, Written, write_spans, write_table};
