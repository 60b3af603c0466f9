//! What can go wrong with a query, in the original's words.

use std::fmt;

use stdx::Kind;

use crate::labels::LabelSet;
use crate::syntax::Diagnostic;

/// Why a query gave no answer.
#[derive(Debug, Clone, PartialEq)]
pub enum Error {
    /// The text is no query.
    Parse(Diagnostic),
    /// A stage cannot be compiled; without its text where the original shows none.
    Stage {
        /// The stage in canonical form.
        stage: Option<String>,
        /// What is wrong.
        message: String,
    },
    /// A sample has an error that the query does not filter out.
    Pipeline {
        /// The labels of the sample, error included.
        labels: LabelSet,
    },
    /// Series that cannot be combined.
    Matching(String),
    /// The query cannot be evaluated in this way.
    Unsupported(String),
    /// A named limit was hit.
    Limit(String),
    /// The caller gave up.
    Cancelled,
    /// The source failed, in its words.
    Source(String),
}

impl Error {
    /// What a server makes of it.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Parse(_) | Self::Stage { .. } | Self::Pipeline { .. } => Kind::InvalidInput,
            Self::Matching(_) | Self::Unsupported(_) => Kind::InvalidInput,
            Self::Limit(_) => Kind::LimitExceeded,
            Self::Cancelled => Kind::Cancelled,
            Self::Source(_) => Kind::Internal,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Parse(diagnostic) => diagnostic.fmt(f),
            Self::Stage { stage: Some(stage), message } => {
                write!(f, "parse error : stage '{stage}' : {message}")
            }
            Self::Stage { stage: None, message } => write!(f, "parse error : {message}"),
            Self::Pipeline { labels } => {
                let error = labels.get("__error__").unwrap_or("");
                write!(
                    f,
                    "pipeline error: '{error}' for series: '{labels}'.\n\
                     Use a label filter to intentionally skip this error. (e.g | __error__!=\"{error}\").\n\
                     To skip all potential errors you can match empty errors.(e.g __error__=\"\")\n\
                     The label filter can also be specified after unwrap. (e.g | unwrap latency | __error__=\"\" )\n"
                )
            }
            Self::Matching(message)
            | Self::Unsupported(message)
            | Self::Limit(message)
            | Self::Source(message) => f.write_str(message),
            Self::Cancelled => f.write_str("the query was cancelled"),
        }
    }
}

impl std::error::Error for Error {}
