//! The errors of Go's `regexp/syntax`, with its texts.
//!
//! In: a code and the part of the pattern that it concerns. Out: the text that Go prints.

use std::fmt;

/// What is wrong with a pattern: Go's `syntax.ErrorCode`, and two refusals of our own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    InvalidCharRange,
    InvalidEscape,
    InvalidNamedCapture,
    InvalidPerlOp,
    InvalidRepeatOp,
    InvalidRepeatSize,
    MissingBracket,
    MissingParen,
    MissingRepeatArgument,
    TrailingBackslash,
    UnexpectedParen,
    NestingDepth,
    Large,
    /// Ours: Go takes the group name, the `regex` crate does not.
    UnsupportedGroupName,
    /// Ours: the translated pattern was refused for another reason than its size.
    Unsupported,
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidCharRange => "invalid character class range",
            Self::InvalidEscape => "invalid escape sequence",
            Self::InvalidNamedCapture => "invalid named capture",
            Self::InvalidPerlOp => "invalid or unsupported Perl syntax",
            Self::InvalidRepeatOp => "invalid nested repetition operator",
            Self::InvalidRepeatSize => "invalid repeat count",
            Self::MissingBracket => "missing closing ]",
            Self::MissingParen => "missing closing )",
            Self::MissingRepeatArgument => "missing argument to repetition operator",
            Self::TrailingBackslash => "trailing backslash at end of expression",
            Self::UnexpectedParen => "unexpected )",
            Self::NestingDepth => "expression nests too deeply",
            Self::Large => "expression too large",
            Self::UnsupportedGroupName => "unsupported group name",
            Self::Unsupported => "unsupported expression",
        })
    }
}

/// Go's `syntax.Error`: ``error parsing regexp: missing closing ): `(` ``.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegexError {
    pub code: ErrorCode,
    /// The part of the pattern that is wrong, or all of it.
    pub expression: String,
}

impl RegexError {
    pub(super) fn new(code: ErrorCode, expression: &str) -> Self {
        Self { code, expression: expression.to_owned() }
    }

    pub(super) fn from_engine(pattern: &str, error: &::regex::Error) -> Self {
        let code = match error {
            ::regex::Error::CompiledTooBig(_) => ErrorCode::Large,
            _ => ErrorCode::Unsupported,
        };
        Self::new(code, pattern)
    }
}

impl fmt::Display for RegexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error parsing regexp: {}: `{}`", self.code, self.expression)
    }
}

impl std::error::Error for RegexError {}
