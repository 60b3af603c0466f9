//! Regular expressions of the language: RE2, matched against the whole text, the dot matches a
//! newline.

use regex::Regex;
use stdx::go::regex::{Anchoring, RegexError, compile as compile_go};

/// Compiles a pattern.
pub fn compile(pattern: &str) -> Result<Regex, RegexError> {
    compile_go(&format!("(?s:{pattern})"), Anchoring::Full)
}
