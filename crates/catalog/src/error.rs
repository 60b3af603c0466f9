//! What can go wrong between a flush round and the list of files.

use stdx::Kind;

/// A failure of the catalog or of the object store under it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The object store refused or failed an operation, and nothing was changed.
    #[error("{operation} of `{path}` failed in the object store")]
    Objects {
        /// What was tried.
        operation: &'static str,
        /// Path within the store.
        path: String,
        /// The store's own words.
        #[source]
        source: object_store::Error,
    },
    /// Neither the reply of a write nor the store itself says whether the write took place. The next
    /// commit or refresh reads the log and finds out.
    #[error("the outcome of writing `{path}` is unknown")]
    OutcomeUnknown {
        /// Path within the store.
        path: String,
        /// The last failure.
        #[source]
        source: object_store::Error,
    },
    /// The Delta library could not read or checkpoint a table.
    #[error("{operation} of table `{table}` failed in the delta library")]
    Delta {
        /// The table.
        table: &'static str,
        /// What was tried.
        operation: &'static str,
        /// The library's own words.
        #[source]
        source: Box<deltalake_core::DeltaTableError>,
    },
    /// A log entry or a file list contradicts the Delta protocol or our layout.
    #[error("version {version} of table `{table}` is broken: {detail}")]
    BrokenLog {
        /// The table.
        table: &'static str,
        /// Version of the log entry.
        version: i64,
        /// What is wrong.
        detail: String,
    },
    /// The table needs a Delta protocol that this binary does not write.
    #[error(
        "table `{table}` needs delta protocol reader {reader} writer {writer} with features `{features}`; this version of throughline handles reader 1 writer 2 without features"
    )]
    NewerProtocol {
        /// The table.
        table: &'static str,
        /// `minReaderVersion`.
        reader: i64,
        /// `minWriterVersion`.
        writer: i64,
        /// Names of the table features, comma separated.
        features: String,
    },
    /// The table was written by a later version of this program, or is not ours.
    #[error(
        "table `{table}` has format version `{found}`; this version of throughline knows up to {supported}"
    )]
    NewerFormat {
        /// The table.
        table: &'static str,
        /// Value of the table property `throughline.formatVersion`.
        found: String,
        /// The newest that we know.
        supported: u32,
    },
    /// A column of the stored table is not what the program expects.
    #[error("column `{column}` of table `{table}`: {detail}")]
    Schema {
        /// The table.
        table: &'static str,
        /// The column.
        column: String,
        /// Found and expected.
        detail: String,
    },
    /// A file to be removed is no longer live: another writer removed it first.
    #[error("file `{path}` of table `{table}` is no longer in the table")]
    Conflict {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
    },
    /// A file to be added is live already, or is named twice.
    #[error("file `{path}` is in table `{table}` already")]
    DuplicateFile {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
    },
    /// A file to be added does not lie in the folder of its tenant and date.
    #[error("file `{path}` of table `{table}` should lie in `{folder}`")]
    WrongFolder {
        /// The table.
        table: &'static str,
        /// The file.
        path: String,
        /// The folder of its tenant and date.
        folder: String,
    },
    /// The application's transaction is in the table already: the commit must not be repeated.
    #[error(
        "table `{table}` has version {committed} of application `{app_id}`; version {version} was to be committed"
    )]
    AlreadyCommitted {
        /// The table.
        table: &'static str,
        /// The application.
        app_id: String,
        /// Version of the refused commit.
        version: i64,
        /// Version in the table.
        committed: i64,
    },
    /// Other writers were faster each time.
    #[error("table `{table}`: other writers were faster {attempts} times in a row")]
    Contention {
        /// The table.
        table: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
    /// Another node holds the right to write.
    #[error("the lease of `{prefix}` is lost: {detail}")]
    LeaseLost {
        /// The guarded prefix.
        prefix: String,
        /// Who holds it, or why it is void.
        detail: String,
    },
    /// The place cannot hold tables.
    #[error("`{location}` cannot be used for storage: {detail}")]
    Unusable {
        /// As configured.
        location: String,
        /// What is missing.
        detail: String,
    },
    /// A local file operation failed while the store was opened.
    #[error("{operation} of `{path}` failed")]
    Io {
        /// What was tried.
        operation: &'static str,
        /// Path on the local disk.
        path: String,
        /// The system's own words.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What sort of failure this is to the outside world.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Objects { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Contention { .. }
            | Self::LeaseLost { .. }
            | Self::Io { .. } => Kind::Unavailable,
            Self::Delta { .. } | Self::BrokenLog { .. } => Kind::Corrupt,
            Self::NewerProtocol { .. } | Self::NewerFormat { .. } | Self::Schema { .. } => Kind::Unsupported,
            Self::Unusable { .. } => Kind::InvalidInput,
            Self::Conflict { .. }
            | Self::DuplicateFile { .. }
            | Self::WrongFolder { .. }
            | Self::AlreadyCommitted { .. } => Kind::Internal,
        }
    }

    pub(crate) fn objects(
        operation: &'static str,
        path: &object_store::path::Path,
        source: object_store::Error,
    ) -> Self {
        Self::Objects { operation, path: path.to_string(), source }
    }

    pub(crate) fn delta(
        table: &'static str,
        operation: &'static str,
        source: deltalake_core::DeltaTableError,
    ) -> Self {
        Self::Delta { table, operation, source: Box::new(source) }
    }
}
