//! Whether a pattern is right, and whether it matches the empty text, without compiling it.
//!
//! Compiling takes a hundred times as long as reading; a parser of queries only needs these answers.

use super::ast::{Kind, Node};
use super::error::RegexError;
use super::parse::parse;

/// Whether `^(?:pattern)$` matches the empty text. An error is that of [`super::compile`], but for a
/// pattern that is only too large to compile.
pub fn matches_empty(pattern: &str) -> Result<bool, RegexError> {
    parse(pattern).map(|tree| is_nullable(&tree))
}

/// On the empty text every anchor holds, and there is no word to have a boundary.
fn is_nullable(node: &Node) -> bool {
    match &node.kind {
        Kind::Empty
        | Kind::BeginLine
        | Kind::EndLine
        | Kind::BeginText
        | Kind::EndText
        | Kind::NotWordBoundary => true,
        Kind::Literal { .. }
        | Kind::Class(_)
        | Kind::AnyChar
        | Kind::AnyCharNotNewline
        | Kind::WordBoundary => false,
        Kind::Repeat { sub, min, .. } => *min == 0 || is_nullable(sub),
        Kind::Capture { sub, .. } => is_nullable(sub),
        Kind::Concat(items) => items.iter().all(is_nullable),
        Kind::Alternate(items) => items.iter().any(is_nullable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::regex::{Anchoring, compile};

    #[test]
    fn agrees_with_the_engine() {
        for pattern in [
            "", ".*", ".+", "a|", "a|b", "(a*)(b?)", "a*b", "^$", r"\b", r"\B", "x{0,3}", "(?m)^a?$", "[^a]*",
        ] {
            let compiled = compile(pattern, Anchoring::Full).unwrap();
            assert_eq!(matches_empty(pattern), Ok(compiled.is_match("")), "{pattern}");
        }
        assert!(matches_empty("(").is_err());
    }
}
