//! Columns to the bytes of Parquet column chunks: levels, values, pages, compression, facts for the footer.
//!
//! In: the values of one column of one row group, already told apart where they repeat. Out: the chunk as the footer wants it.
//! The Parquet crate writes page heads and footers; what stands between is made here, because values that are known to repeat
//! need not be hashed again for their dictionary. Source: the Parquet format's `Encodings.md` and `parquet.thrift`, data
//! pages version 2.

pub(crate) mod bits;
pub(crate) mod chunk;
pub(crate) mod column;
pub(crate) mod delta;
pub(crate) mod hybrid;
