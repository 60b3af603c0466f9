//! Strings: where they end and whether their escapes are Go's.
//!
//! In: the lexer behind an opening quote. Out: a token `String` with its quotes. An error inside a
//! string is reported, and the string is read on after it.

use stdx::go::text::is_print;

use super::{Lexer, State};
use crate::token::TokenKind;

impl Lexer<'_> {
    pub(super) fn string(&mut self) -> State {
        loop {
            // Most characters are plain; look at bytes until one matters.
            let quote = u32::from(self.quote) as u8;
            let rest = self.text.as_bytes().get(self.pos..).unwrap_or_default();
            self.pos += rest
                .iter()
                .position(|&byte| byte == quote || matches!(byte, b'\\' | b'\n') || byte >= 0x80)
                .unwrap_or(rest.len());
            match self.next() {
                Some('\\') => {
                    if self.escape() {
                        return State::String;
                    }
                }
                // A query that is not UTF-8 arrives repaired.
                Some(char::REPLACEMENT_CHARACTER) => {
                    self.report("invalid UTF-8 rune");
                    return State::String;
                }
                None | Some('\n') => return self.fail("unterminated quoted string"),
                Some(c) if c == self.quote => break,
                Some(_) => {}
            }
        }
        self.emit(TokenKind::String);
        State::Statements
    }

    pub(super) fn raw_string(&mut self) -> State {
        loop {
            match self.next() {
                Some(char::REPLACEMENT_CHARACTER) => {
                    self.report("invalid UTF-8 rune");
                    return State::RawString;
                }
                None => return self.fail("unterminated raw string"),
                Some('`') => break,
                Some(_) => {}
            }
        }
        self.emit(TokenKind::String);
        State::Statements
    }

    /// Reads an escape behind its backslash; true if it reported an error.
    fn escape(&mut self) -> bool {
        let first = self.next();
        let (count, radix, max) = match first {
            Some('a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | '\\') => return false,
            Some(c) if c == self.quote => return false,
            Some('0'..='7') => (3, 8, 255),
            Some('x') => (2, 16, 255),
            Some('u') => (4, 16, 0x10_ffff),
            Some('U') => (8, 16, 0x10_ffff),
            None => {
                self.report("escape sequence not terminated");
                return true;
            }
            Some(c) => {
                self.report(format!("unknown escape sequence {}", show_code_point(c)));
                return true;
            }
        };
        let mut digit = if radix == 8 { first } else { self.next() };
        let mut value = 0_u64;
        for left in (0..count).rev() {
            let Some(c) = digit else {
                self.report("escape sequence not terminated");
                return true;
            };
            let Some(worth) = c.to_digit(radix) else {
                let shown = show_code_point(c);
                self.report(format!("illegal character {shown} in escape sequence"));
                return true;
            };
            value = value * u64::from(radix) + u64::from(worth);
            if left > 0 {
                digit = self.next();
            }
        }
        if value > max || (0xd800..0xe000).contains(&value) {
            self.report("escape sequence is an invalid Unicode code point");
            return true;
        }
        false
    }
}

/// Go's `%#U`.
fn show_code_point(c: char) -> String {
    let code = u32::from(c);
    if is_print(c) { format!("U+{code:04X} '{c}'") } else { format!("U+{code:04X}") }
}
