//! What is wrong with a query text, where, and what was expected there.
//!
//! The texts are those of the original, because people search for them and Grafana shows them.

use std::fmt;

use super::span::Span;

/// One complaint about a query text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place. For complaints about a whole expression it is that expression.
    pub span: Span,
    /// Line from 1, or 0 where the original gives none.
    pub line: usize,
    /// Column in characters from 1, or 0 where the original gives none.
    pub column: usize,
    /// The original's text without its position.
    pub message: String,
    /// What could stand there, if that is a short list; names of tokens as in the message.
    pub expected: Vec<String>,
}

impl Diagnostic {
    /// A complaint without position, as the original makes them about the meaning of an expression.
    pub fn about(span: Span, message: impl Into<String>) -> Self {
        Self { span, line: 0, column: 0, message: message.into(), expected: Vec::new() }
    }
}

impl fmt::Display for Diagnostic {
    /// `parse error at line L, col C: message`, or `parse error : message` without a position.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 && self.column == 0 {
            write!(f, "parse error : {}", self.message)
        } else {
            write!(f, "parse error at line {}, col {}: {}", self.line, self.column, self.message)
        }
    }
}
