//! What can go wrong in background work and reads; refusals of requests are `append::AppendError`.

use stdx::Kind;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log failed.
    #[error(transparent)]
    Log(#[from] wal::Error),
    /// A table or its object store failed.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// A file of a table could not be written or read.
    #[error(transparent)]
    Segment(#[from] segment::Error),
    /// The object store failed.
    #[error("{what} `{path}`")]
    Objects {
        /// What was tried.
        what: &'static str,
        /// The object.
        path: String,
        /// The store's own words.
        #[source]
        source: object_store::Error,
    },
    /// A local folder failed.
    #[error("{what} `{path}`")]
    Folder {
        /// What was tried.
        what: &'static str,
        /// The file or folder.
        path: String,
        /// The operating system's own words.
        #[source]
        source: std::io::Error,
    },
    /// A record of the log does not decode any more.
    #[error("log record {sequence} does not decode: {detail}")]
    Record {
        /// Its number.
        sequence: u64,
        /// Why.
        detail: String,
    },
    /// A round has files in some tables and not in all: until it is finished nothing else may change them.
    #[error("a flush round is not finished yet")]
    RoundUnfinished,
    /// A task of ours ended early.
    #[error("a background task ended early: {0}")]
    Task(String),
}

impl Error {
    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Log(error) => error.kind(),
            Self::Catalog(error) => error.kind(),
            Self::Segment(_) | Self::Record { .. } => Kind::Corrupt,
            Self::Objects { .. } | Self::Folder { .. } | Self::RoundUnfinished => Kind::Unavailable,
            Self::Task(_) => Kind::Internal,
        }
    }

    pub(crate) fn objects(
        what: &'static str,
        path: &object_store::path::Path,
    ) -> impl FnOnce(object_store::Error) -> Self {
        let path = path.to_string();
        move |source| Self::Objects { what, path, source }
    }

    /// The error with its causes, for one log line.
    pub fn chain(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            text.push_str(": ");
            text.push_str(&error.to_string());
            cause = error.source();
        }
        text
    }
}
