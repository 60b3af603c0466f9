//! What a body that is not a message of its format is answered with.

use std::borrow::Cow;
use std::fmt;

/// Where in a body the fault is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Byte offset in the decompressed protobuf body, from 0.
    Byte(usize),
    /// Line and column in bytes of the decompressed JSON body, each from 1.
    Text {
        /// Line.
        line: usize,
        /// Column.
        column: usize,
    },
}

/// A body that cannot be read: nothing of it was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Malformed {
    /// Where.
    pub place: Place,
    /// What had to stand there.
    pub expected: Cow<'static, str>,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "malformed body: expected {} at ", self.expected)?;
        match self.place {
            Place::Byte(offset) => write!(f, "byte {offset}"),
            Place::Text { line, column } => write!(f, "line {line} column {column}"),
        }
    }
}

impl std::error::Error for Malformed {}
