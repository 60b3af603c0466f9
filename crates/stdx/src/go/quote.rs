//! Go's quoting: `strconv.Quote`, `QuoteToASCII`, `QuoteRune`, `Unquote`, `UnquoteChar`, `%q`.
//!
//! In: text or bytes (a Go string may hold broken UTF-8), or a Go literal in double quotes, back
//! quotes or single quotes. Out: the literal, or the bytes it stands for.
//!
//! Deliberately not here: the lexers of the dialects, which find where a literal ends.

use std::fmt;

use super::text::{decode_rune, is_print, repair_utf8};

/// `strconv.ErrSyntax`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyntaxError;

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid syntax")
    }
}

impl std::error::Error for SyntaxError {}

/// `strconv.Quote`, and `%q` of a string.
pub fn quote(s: &str) -> String {
    quote_bytes(s.as_bytes())
}

/// `strconv.Quote` of a Go string that may hold broken UTF-8 (`\xNN` for each such byte).
pub fn quote_bytes(bytes: &[u8]) -> String {
    quote_with(bytes, '"', false)
}

/// `strconv.QuoteToASCII`, and `%+q` of a string.
pub fn quote_to_ascii(s: &str) -> String {
    quote_with(s.as_bytes(), '"', true)
}

/// `strconv.QuoteToASCII` of a Go string that may hold broken UTF-8.
pub fn quote_bytes_to_ascii(bytes: &[u8]) -> String {
    quote_with(bytes, '"', true)
}

/// `strconv.QuoteRune`, and `%q` of a rune.
pub fn quote_rune(c: char) -> String {
    quote_with(c.encode_utf8(&mut [0; 4]).as_bytes(), '\'', false)
}

/// `strconv.CanBackquote`: true if the text may stand unchanged between back quotes. A byte order
/// mark, a control character other than tab, and a back quote may not.
pub fn can_backquote(s: &str) -> bool {
    s.chars().all(|c| c != '\u{feff}' && (c >= ' ' || c == '\t') && c != '`' && c != '\u{7f}')
}

fn quote_with(bytes: &[u8], mark: char, is_ascii_only: bool) -> String {
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(mark);
    let mut rest = bytes;
    while let Some(&first) = rest.first() {
        let (c, width) = decode_rune(rest);
        rest = &rest[width..];
        if c == char::REPLACEMENT_CHARACTER && width == 1 {
            out.push_str(&format!("\\x{first:02x}"));
        } else {
            escape_rune(&mut out, c, mark, is_ascii_only);
        }
    }
    out.push(mark);
    out
}

fn escape_rune(out: &mut String, c: char, mark: char, is_ascii_only: bool) {
    if c == mark || c == '\\' {
        out.push('\\');
        out.push(c);
        return;
    }
    if is_print(c) && (c.is_ascii() || !is_ascii_only) {
        out.push(c);
        return;
    }
    match c {
        '\x07' => out.push_str("\\a"),
        '\x08' => out.push_str("\\b"),
        '\x0c' => out.push_str("\\f"),
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\x0b' => out.push_str("\\v"),
        '\0'..' ' | '\x7f' => out.push_str(&format!("\\x{:02x}", u32::from(c))),
        '\x20'..='\u{ffff}' => out.push_str(&format!("\\u{:04x}", u32::from(c))),
        _ => out.push_str(&format!("\\U{:08x}", u32::from(c))),
    }
}

/// `strconv.Unquote`: the bytes of a literal in double, back or single quotes. They may be broken
/// UTF-8 (`"\xff"`). Carriage returns between back quotes are dropped, as Go's scanner does. Single
/// quotes hold one character; Go also takes none.
pub fn unquote(literal: &str) -> Result<Vec<u8>, SyntaxError> {
    let mark = literal.chars().next().ok_or(SyntaxError)?;
    let mut rest = literal.get(1..).ok_or(SyntaxError)?;
    match mark {
        '`' => {
            let inner = rest.strip_suffix('`').ok_or(SyntaxError)?;
            if inner.contains('`') {
                return Err(SyntaxError);
            }
            Ok(inner.bytes().filter(|&byte| byte != b'\r').collect())
        }
        '"' | '\'' => {
            let mut out = Vec::with_capacity(rest.len());
            let mut runes = 0_usize;
            while !rest.starts_with(mark) {
                if rest.is_empty() || rest.starts_with('\n') || (mark == '\'' && runes == 1) {
                    return Err(SyntaxError);
                }
                let (value, tail) = unquote_char(rest, mark)?;
                value.push_to(&mut out);
                runes += 1;
                rest = tail;
            }
            if rest.len() == 1 { Ok(out) } else { Err(SyntaxError) }
        }
        _ => Err(SyntaxError),
    }
}

/// As [`unquote`], but as text: each byte that is not UTF-8 becomes U+FFFD. For places that keep
/// Rust strings, where Go would have carried the byte on and its JSON encoder replaced it so.
pub fn unquote_string(literal: &str) -> Result<String, SyntaxError> {
    let bytes = unquote(literal)?;
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| repair_utf8(error.as_bytes())))
}

/// One character of a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unquoted {
    /// A code point, to be written as UTF-8.
    Rune(char),
    /// One byte, from `\xNN` or an octal escape.
    Byte(u8),
}

impl Unquoted {
    /// Appends the character's bytes.
    pub fn push_to(self, out: &mut Vec<u8>) {
        match self {
            Self::Rune(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            Self::Byte(byte) => out.push(byte),
        }
    }
}

/// `strconv.UnquoteChar`: the first character of an escaped text and the rest. `mark` says which
/// quote may be escaped and must not stand bare; any other character (say NUL) allows neither
/// escaped quote and both bare ones.
pub fn unquote_char(s: &str, mark: char) -> Result<(Unquoted, &str), SyntaxError> {
    let mut chars = s.chars();
    let first = chars.next().ok_or(SyntaxError)?;
    if first == mark && matches!(mark, '"' | '\'') {
        return Err(SyntaxError);
    }
    if first != '\\' {
        return Ok((Unquoted::Rune(first), chars.as_str()));
    }
    let escape = chars.next().ok_or(SyntaxError)?;
    let tail = chars.as_str();
    let simple = match escape {
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        '\'' | '"' if escape == mark => escape,
        'x' => {
            let (value, tail) = digits(tail, 2, 16)?;
            let byte = u8::try_from(value).map_err(|_| SyntaxError)?;
            return Ok((Unquoted::Byte(byte), tail));
        }
        'u' | 'U' => {
            let (value, tail) = digits(tail, if escape == 'u' { 4 } else { 8 }, 16)?;
            let rune = char::from_u32(value).ok_or(SyntaxError)?;
            return Ok((Unquoted::Rune(rune), tail));
        }
        '0'..='7' => {
            let (value, tail) = digits(&s[1..], 3, 8)?;
            let byte = u8::try_from(value).map_err(|_| SyntaxError)?;
            return Ok((Unquoted::Byte(byte), tail));
        }
        _ => return Err(SyntaxError),
    };
    Ok((Unquoted::Rune(simple), tail))
}

/// Exactly `count` digits (at most 8) in `radix`, and the rest.
fn digits(s: &str, count: usize, radix: u32) -> Result<(u32, &str), SyntaxError> {
    let text = s.get(..count).ok_or(SyntaxError)?;
    if !text.chars().all(|c| c.is_digit(radix)) {
        return Err(SyntaxError);
    }
    let value = u32::from_str_radix(text, radix).map_err(|_| SyntaxError)?;
    Ok((value, &s[count..]))
}

#[cfg(test)]
mod tests;
