//! Where something stands in the query text, and what is wrong there.
//!
//! In: byte offsets. Out: places, diagnostics, and the one-line error text that clients of the
//! original know (`parse error at line 1, col 5: ...`). It does not draw carets; the caller has the
//! text.

use std::fmt;

/// Half-open range of byte offsets into the query text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Place {
    /// First byte.
    pub start: u32,
    /// One after the last byte.
    pub end: u32,
}

impl Place {
    /// From offsets; queries are capped far below `u32::MAX`, larger offsets saturate.
    pub fn new(start: usize, end: usize) -> Self {
        let clamp = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        Self { start: clamp(start), end: clamp(end) }
    }

    /// The smallest place that covers both.
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// What kind of problem a diagnostic tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Problem {
    /// The text is not a query.
    Syntax,
    /// The query is well formed and means nothing.
    Meaning,
    /// The query means something that neither the original nor we evaluate.
    Unsupported,
    /// A named limit of ours was passed.
    Limit,
}

/// One problem of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The offending part of the text.
    pub span: Place,
    /// The message in the original's words.
    pub message: String,
    /// What could have stood there, in the words of the grammar; empty when there is too much to
    /// list.
    pub expected: Vec<String>,
    /// What kind of problem it is.
    pub problem: Problem,
}

impl Diagnostic {
    /// The whole line as the original prints it: syntax errors with line and column.
    pub fn to_text(&self, query: &str) -> String {
        match self.problem {
            Problem::Syntax if query.is_empty() => format!("parse error : {}", self.message),
            Problem::Syntax => {
                let (line, column) = line_and_column(query, self.span.start as usize);
                format!("parse error at line {line}, col {column}: {}", self.message)
            }
            _ => self.message.clone(),
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
    (line, column)
}
