//! What number and string literals mean.
//!
//! In: the text of a token. Out: its value.

use stdx::go::number::{parse_float, parse_int};
use stdx::go::quote::{SyntaxError, unquote_char};

/// A number: Go's integers with their prefixes (`0755` is 493) or Go's floats; the error is Go's.
pub(crate) fn number(text: &str) -> Result<f64, String> {
    if let Ok(integer) = parse_int(text, 0, 64) {
        return Ok(integer as f64);
    }
    parse_float(text).map_err(|error| format!("error parsing number: {error}"))
}

/// The bytes of a string literal in any of the three quotes. Unlike Go, single quotes hold any number
/// of characters.
pub(crate) fn unquote(literal: &str) -> Result<Vec<u8>, SyntaxError> {
    let mark = literal.chars().next().ok_or(SyntaxError)?;
    let mut rest = literal.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).ok_or(SyntaxError)?;
    match mark {
        '`' => Ok(rest.as_bytes().to_vec()),
        '"' | '\'' => {
            if rest.contains('\n') {
                return Err(SyntaxError);
            }
            if !rest.contains('\\') {
                return Ok(rest.as_bytes().to_vec());
            }
            let mut out = Vec::with_capacity(rest.len());
            while !rest.is_empty() {
                let (value, tail) = unquote_char(rest, mark)?;
                value.push_to(&mut out);
                rest = tail;
            }
            Ok(out)
        }
        _ => Err(SyntaxError),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_go() {
        assert_eq!(number("0755"), Ok(493.0));
        assert_eq!(number("1_000"), Ok(1000.0));
        assert_eq!(number("0x1F"), Ok(31.0));
        assert_eq!(number("1e3"), Ok(1000.0));
        assert!(number("Inf").unwrap().is_infinite());
    }

    #[test]
    fn single_quotes_hold_words() {
        assert_eq!(unquote(r"'it\'s'").unwrap(), b"it's");
        assert_eq!(unquote("`a\\b`").unwrap(), b"a\\b");
        assert_eq!(unquote(r#""\xff""#).unwrap(), b"\xff");
    }
}
