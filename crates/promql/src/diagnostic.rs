//! What is wrong with a query text, and where.
//!
//! In: places and texts from the lexer, parser and checker. Out: diagnostics that read like those of
//! Prometheus, with what was expected kept apart for editors.

use crate::span::Span;

/// One error of the lexer, the parser or the checker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The place in the query.
    pub span: Span,
    /// The text of Prometheus, without its `line:column: parse error: `.
    pub message: String,
    /// What would have been right here, where the grammar says it; the message has it too.
    pub expected: Option<String>,
}

impl Diagnostic {
    /// A diagnostic that says nothing of what was expected.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), expected: None }
    }

    /// The text as Prometheus' HTTP API shows it: `1:5: parse error: ...`.
    pub fn render(&self, query: &str) -> String {
        format!("{}: parse error: {}", self.span.line_column(query), self.message)
    }
}

/// All errors of one query; never empty when it stands in an `Err`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseErrors {
    /// The query.
    pub query: String,
    /// Its errors in the order in which they were found.
    pub diagnostics: Vec<Diagnostic>,
}

impl std::fmt::Display for ParseErrors {
    /// The first error, as Prometheus shows several.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.diagnostics.first() {
            Some(first) => f.write_str(&first.render(&self.query)),
            None => f.write_str("error contains no error message"),
        }
    }
}

impl std::error::Error for ParseErrors {}
