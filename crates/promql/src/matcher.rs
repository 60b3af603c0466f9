//! Label matchers: `=`, `!=`, `=~`, `!~`.
//!
//! In: a name, an operator and a value, where a regular expression is Go's, anchored at both ends,
//! with a dot that matches newlines. Out: whether a label value matches, the fast paths that a source
//! may use for its index, and the matcher as text.
//!
//! A pattern is checked when the matcher is made and compiled when it is first needed, because
//! compiling costs far more than parsing a whole query.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, OnceLock};

use regex::Regex;
use stdx::go::quote::quote;
use stdx::go::regex::{Anchoring, compile, literal_alternation, literal_prefix, validate};

/// The operator of a matcher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MatchOp {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl MatchOp {
    /// The operator as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    /// Whether the value is a regular expression.
    pub const fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }
}

/// One condition on one label. Cheap to clone.
#[derive(Clone)]
pub struct Matcher {
    /// The label.
    pub name: Arc<str>,
    /// How the value is compared.
    pub op: MatchOp,
    /// The value or the pattern as written.
    pub value: Arc<str>,
    program: Option<Arc<OnceLock<Program>>>,
}

/// A compiled pattern.
enum Program {
    /// All texts that match.
    Set(HashSet<Box<str>>),
    /// `.*`
    Anything,
    /// `.+`
    NotEmpty,
    Regex(Regex),
    /// The pattern is right but too large; nothing matches and [`Matcher::check`] says why.
    TooLarge(String),
}

impl Matcher {
    /// A matcher; the error is that of Go's regular expressions.
    pub fn new(op: MatchOp, name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Result<Self, String> {
        let (name, value) = (name.into(), value.into());
        let program = if op.is_regex() {
            validate(&value).map_err(|error| error.to_string())?;
            Some(Arc::default())
        } else {
            None
        };
        Ok(Self { name, op, value, program })
    }

    /// The matcher `name="value"`.
    pub fn equal(name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), op: MatchOp::Equal, value: value.into(), program: None }
    }

    /// Compiles the pattern, if there is one. The error says which limit it breaks.
    pub fn check(&self) -> Result<(), String> {
        match self.program() {
            Some(Program::TooLarge(error)) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    fn program(&self) -> Option<&Program> {
        Some(self.program.as_ref()?.get_or_init(|| Program::new(&self.value)))
    }

    /// Whether a label value matches; an absent label has the empty value.
    pub fn matches(&self, value: &str) -> bool {
        match self.op {
            MatchOp::Equal => *self.value == *value,
            MatchOp::NotEqual => *self.value != *value,
            MatchOp::Regex => self.program().is_some_and(|program| program.matches(value)),
            MatchOp::NotRegex => self
                .program()
                .is_some_and(|program| !matches!(program, Program::TooLarge(_)) && !program.matches(value)),
        }
    }

    /// The finite set of values that `=` or `=~` lets through, if it is small; for index look-ups.
    pub fn value_set(&self) -> Option<Vec<String>> {
        match self.op {
            MatchOp::Equal => Some(vec![self.value.as_ref().to_owned()]),
            MatchOp::Regex => literal_alternation(&self.value),
            MatchOp::NotEqual | MatchOp::NotRegex => None,
        }
    }

    /// A prefix that every value has which `=~` lets through.
    pub fn value_prefix(&self) -> Option<String> {
        if self.op == MatchOp::Regex { literal_prefix(&self.value) } else { None }
    }
}

impl Program {
    fn new(pattern: &str) -> Self {
        match pattern {
            ".*" => return Self::Anything,
            ".+" => return Self::NotEmpty,
            _ => {}
        }
        if let Some(texts) = literal_alternation(pattern) {
            return Self::Set(texts.into_iter().map(Into::into).collect());
        }
        match compile(&format!("(?s:{pattern})"), Anchoring::Full) {
            Ok(regex) => Self::Regex(regex),
            Err(error) => Self::TooLarge(error.to_string()),
        }
    }

    fn matches(&self, value: &str) -> bool {
        match self {
            Self::Set(texts) => texts.contains(value),
            Self::Anything => true,
            Self::NotEmpty => !value.is_empty(),
            Self::Regex(regex) => regex.is_match(value),
            Self::TooLarge(_) => false,
        }
    }
}

/// Whether a label or metric name needs no quotes: letters, digits and underscores, no digit first.
pub(crate) fn is_plain_label(name: &str) -> bool {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    name.bytes().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit()) && !name.is_empty()
}

/// A text in Go's quotes that the lexer reads back: it refuses a bare U+FFFD.
pub(crate) fn quoted(text: &str) -> String {
    quote(text).replace(char::REPLACEMENT_CHARACTER, "\\ufffd")
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if is_plain_label(&self.name) {
            f.write_str(&self.name)?;
        } else {
            f.write_str(&quoted(&self.name))?;
        }
        write!(f, "{}{}", self.op.as_str(), quoted(&self.value))
    }
}

impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.op == other.op && self.value == other.value
    }
}

impl Eq for Matcher {}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(op: MatchOp, pattern: &str, value: &str) -> bool {
        Matcher::new(op, "l", pattern).unwrap().matches(value)
    }

    #[test]
    fn patterns_are_anchored_and_the_dot_matches_newlines() {
        assert!(matches(MatchOp::Regex, "a.c", "a\nc"));
        assert!(!matches(MatchOp::Regex, "b", "abc"));
        assert!(matches(MatchOp::Regex, "foo|ba[rz]", "baz"));
        assert!(matches(MatchOp::NotRegex, ".+", ""));
        assert!(matches(MatchOp::Regex, ".*", ""));
        assert!(!matches(MatchOp::Regex, r"\d", "\u{0663}"));
    }

    #[test]
    fn patterns_over_the_limits_are_errors() {
        assert!(Matcher::new(MatchOp::Regex, "l", "x{1001}").is_err());
        assert!(Matcher::new(MatchOp::Regex, "l", "(").unwrap_err().contains("missing closing )"));
        let large = Matcher::new(MatchOp::Regex, "l", r"(\pL{500}){2}").unwrap();
        assert!(large.check().is_err());
        assert!(!large.matches("x"));
    }
}
