//! What can go wrong: a batch that is not what it should be. Nothing else here fails.

/// A batch of spans or of rows could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Error {
    /// A column is absent or of another type.
    Column(&'static str),
    /// A value of a column is not one that we write.
    Value(&'static str),
    /// A column's length or type was refused by Arrow; the text is Arrow's.
    Arrow(String),
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Column(name) => write!(f, "column `{name}` is absent or of another type"),
            Self::Value(name) => write!(f, "column `{name}` holds a value that is not ours"),
            Self::Arrow(detail) => write!(f, "arrow: {detail}"),
        }
    }
}

impl std::error::Error for Error {}

impl From<arrow::error::ArrowError> for Error {
    fn from(error: arrow::error::ArrowError) -> Self {
        Self::Arrow(error.to_string())
    }
}
