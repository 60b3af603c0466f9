//! What can go wrong with files and indexes.

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A batch lacks a column, or has it in another type or with values of another length.
    #[error("column `{0}` is absent or not as the table has it")]
    Column(String),
    /// Rows came in another order than the table's.
    #[error("rows are not in the table's order")]
    Order,
    /// A file or an index was written by a later version of this software.
    #[error("{what} was written by a later version ({found}; this software reads up to {known})")]
    Later {
        /// What was opened, and by whom it was written where that is known.
        what: String,
        /// Its version.
        found: u32,
        /// The latest version known here.
        known: u32,
    },
    /// Bytes are not what the format says.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// What was read.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The Parquet library refused.
    #[error("parquet: {0}")]
    Parquet(#[from] parquet::errors::ParquetError),
    /// The Arrow library refused.
    #[error("arrow: {0}")]
    Arrow(#[from] arrow::error::ArrowError),
    /// Reading or writing failed below this crate.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

impl Error {
    pub(crate) fn damaged(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Damaged { what, reason: reason.into() }
    }
}
