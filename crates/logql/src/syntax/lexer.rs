//! Query text to tokens.
//!
//! In: text. Out: tokens, and the first lexical error, after which the list ends. The rules are those
//! of the original, which stands on Go's `text/scanner`: comments with `#`, `//` and `/* */`, Go's
//! strings and numbers, any other character an identifier of its own.

use super::bytes::parse_size;
use super::diagnostic::Diagnostic;
use super::duration::{parse_literal, parse_prometheus};
use super::span::Span;
use super::token::{Token, TokenKind};

/// The tokens of a text, and what stopped the lexer early.
#[derive(Debug)]
pub struct Lexed {
    /// All tokens, the last being [`TokenKind::End`].
    pub tokens: Vec<Token>,
    /// The error at which the list ends.
    pub error: Option<Diagnostic>,
}

/// Splits a text into tokens.
pub fn lex(source: &str) -> Lexed {
    let mut lexer = Lexer { source, bytes: source.as_bytes(), at: 0, error: None };
    let mut tokens = Vec::with_capacity(source.len() / 4 + 2);
    loop {
        let token = lexer.next_token();
        tokens.push(token);
        if token.kind == TokenKind::End {
            return Lexed { tokens, error: lexer.error };
        }
    }
}

/// Whether a word counts as a function, judged by what follows it: a parenthesis, or a grouping clause.
pub fn is_function(rest: &str) -> bool {
    let rest = rest.trim_start();
    if rest.starts_with('(') {
        return true;
    }
    ["by", "without"].iter().any(|word| {
        rest.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word))
            && rest[word.len()..].trim_start().starts_with('(')
    })
}

struct Lexer<'a> {
    source: &'a str,
    bytes: &'a [u8],
    at: usize,
    error: Option<Diagnostic>,
}

impl Lexer<'_> {
    fn next_token(&mut self) -> Token {
        if let Err(unclosed) = self.skip_blank() {
            return self.fail(unclosed, "comment not terminated", true);
        }
        let start = self.at;
        let Some(&first) = self.bytes.get(start) else {
            return self.token(TokenKind::End, start);
        };
        match first {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => self.word(start),
            b'0'..=b'9' => self.number(start),
            b'.' if self.bytes.get(start + 1).is_some_and(u8::is_ascii_digit) => self.number(start),
            b'"' | b'`' => self.string(start, first),
            b'[' => self.range(start),
            b'-' => self.minus(start),
            0x80.. => self.foreign(start),
            _ => self.symbol(start, first),
        }
    }

    fn token(&self, kind: TokenKind, start: usize) -> Token {
        Token { kind, span: Span::new(start as u32, self.at as u32), value: 0, has_line: true }
    }

    /// Ends the list with an error at `start`.
    fn fail(&mut self, start: usize, message: impl Into<String>, has_line: bool) -> Token {
        let span = Span::new(start as u32, self.at as u32);
        let (line, column) = span.line_and_column(self.source);
        let line = if has_line { line } else { 0 };
        let message = message.into();
        self.error = Some(Diagnostic { span, line, column, message, expected: Vec::new() });
        self.at = self.bytes.len();
        Token { kind: TokenKind::End, span, value: 0, has_line }
    }

    /// Skips white space and comments; the error is the start of a comment without an end.
    fn skip_blank(&mut self) -> Result<(), usize> {
        loop {
            match self.bytes.get(self.at) {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                Some(b'#') => self.skip_line(),
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => self.skip_line(),
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'*') => {
                    let start = self.at;
                    match self.source[start + 2..].find("*/") {
                        Some(length) => self.at = start + length + 4,
                        None => {
                            self.at = self.bytes.len();
                            return Err(start);
                        }
                    }
                }
                _ => return Ok(()),
            }
        }
    }

    fn skip_line(&mut self) {
        self.at =
            memchr::memchr(b'\n', &self.bytes[self.at..]).map_or(self.bytes.len(), |length| self.at + length);
    }

    fn word(&mut self, start: usize) -> Token {
        let ascii = self.bytes[start..]
            .iter()
            .take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_')
            .count();
        self.at = start + ascii;
        if self.bytes.get(self.at).is_some_and(|byte| *byte >= 0x80) {
            return self.foreign(start);
        }
        let text = &self.source[start..self.at];
        let kind = if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            TokenKind::of_word(&text.to_ascii_lowercase())
        } else {
            TokenKind::of_word(text)
        };
        match kind {
            Some((_, true)) if !is_function(&self.source[self.at..]) => {
                self.token(TokenKind::Identifier, start)
            }
            Some((kind, _)) => self.token(kind, start),
            None => self.token(TokenKind::Identifier, start),
        }
    }

    /// A word with letters beyond ASCII, or one character that starts nothing.
    fn foreign(&mut self, start: usize) -> Token {
        let is_part = |c: char| c == '_' || stdx::go::text::is_letter(c) || stdx::go::text::is_digit(c);
        let rest = &self.source[start..];
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        self.at = start + length.max(rest.chars().next().map_or(0, char::len_utf8));
        self.token(TokenKind::Identifier, start)
    }

    fn number(&mut self, start: usize) -> Token {
        let (end, error) = scan_number(&self.bytes[start..]);
        self.at = start + end;
        if let Some(error) = error {
            return self.fail(start, error, true);
        }
        if let Some(token) = self.unit(start) {
            return token;
        }
        self.token(TokenKind::Number, start)
    }

    /// A duration or a size, if the characters up to the next foreign one make one.
    fn unit(&mut self, start: usize) -> Option<Token> {
        let number_end = self.at;
        let tail = &self.source[number_end..];
        let is_duration = |c: char| c.is_numeric() || "nu\u{b5}m\u{3bc}shdwy.".contains(c);
        let length = tail.find(|c: char| !is_duration(c)).unwrap_or(tail.len());
        if length > 0
            && let Some(ns) = parse_literal(&self.source[start..number_end + length])
        {
            self.at = number_end + length;
            return Some(Token { value: ns, has_line: false, ..self.token(TokenKind::Duration, start) });
        }
        let is_size = |c: char| c.is_numeric() || "BikKMGTP.".contains(c);
        let length = tail.find(|c: char| !is_size(c)).unwrap_or(tail.len());
        let text = &self.source[start..number_end + length];
        if length > 0
            && let Ok(bytes) = parse_size(text)
        {
            self.at = number_end + length;
            let value = i64::try_from(bytes).unwrap_or(i64::MAX);
            return Some(Token { value, has_line: false, ..self.token(TokenKind::Bytes, start) });
        }
        None
    }

    /// A flag, a negative duration or size, or the operator.
    fn minus(&mut self, start: usize) -> Token {
        self.at = start + 1;
        if self.bytes.get(self.at) == Some(&b'-') {
            let tail = &self.source[start + 2..];
            let length = tail.find(|c: char| !(c.is_ascii_alphabetic() || c == '-')).unwrap_or(tail.len());
            if matches!(&tail[..length], "strict" | "keep-empty") {
                self.at = start + 2 + length;
                return Token { has_line: false, ..self.token(TokenKind::Flag, start) };
            }
            return self.token(TokenKind::Sub, start);
        }
        if let Some(token) = self.unit(start) {
            return token;
        }
        self.at = start + 1;
        self.token(TokenKind::Sub, start)
    }

    fn string(&mut self, start: usize, quote: u8) -> Token {
        let mut at = start + 1;
        let end = if quote == b'`' {
            memchr::memchr(b'`', &self.bytes[at..]).map(|length| at + length)
        } else {
            loop {
                match self.bytes.get(at) {
                    Some(b'"') => break Some(at),
                    Some(b'\\') => at += 2,
                    Some(b'\n') | None => break None,
                    Some(_) => at += 1,
                }
            }
        };
        let Some(end) = end else {
            self.at = at.min(self.bytes.len());
            return self.fail(start, "literal not terminated", true);
        };
        self.at = end + 1;
        // Only an escape can be wrong; a literal without one need not be unquoted twice.
        if quote == b'"'
            && memchr::memchr(b'\\', &self.bytes[start..end]).is_some()
            && stdx::go::quote::unquote(&self.source[start..self.at]).is_err()
        {
            return self.fail(start, "invalid char escape", true);
        }
        self.token(TokenKind::String, start)
    }

    fn range(&mut self, start: usize) -> Token {
        let Some(length) = memchr::memchr(b']', &self.bytes[start..]) else {
            self.at = self.bytes.len();
            return self.fail(start, "missing closing ']' in duration", false);
        };
        self.at = start + length + 1;
        match parse_prometheus(&self.source[start + 1..start + length]) {
            Ok(ns) => Token { value: ns, has_line: false, ..self.token(TokenKind::Range, start) },
            Err(message) => self.fail(start, message, false),
        }
    }

    fn symbol(&mut self, start: usize, first: u8) -> Token {
        let second = self.bytes.get(start + 1).copied().unwrap_or(0);
        let (kind, length) = match (first, second) {
            (b'=', b'=') => (TokenKind::CmpEq, 2),
            (b'=', b'~') => (TokenKind::Re, 2),
            (b'=', _) => (TokenKind::Eq, 1),
            (b'!', b'=') => (TokenKind::Neq, 2),
            (b'!', b'~') => (TokenKind::Nre, 2),
            (b'!', b'>') => (TokenKind::Npa, 2),
            (b'|', b'=') => (TokenKind::PipeExact, 2),
            (b'|', b'~') => (TokenKind::PipeMatch, 2),
            (b'|', b'>') => (TokenKind::PipePattern, 2),
            (b'|', _) => (TokenKind::Pipe, 1),
            (b'<', b'=') => (TokenKind::Lte, 2),
            (b'<', _) => (TokenKind::Lt, 1),
            (b'>', b'=') => (TokenKind::Gte, 2),
            (b'>', _) => (TokenKind::Gt, 1),
            (b'{', _) => (TokenKind::OpenBrace, 1),
            (b'}', _) => (TokenKind::CloseBrace, 1),
            (b']', _) => (TokenKind::CloseBracket, 1),
            (b',', _) => (TokenKind::Comma, 1),
            (b'.', _) => (TokenKind::Dot, 1),
            (b'(', _) => (TokenKind::OpenParen, 1),
            (b')', _) => (TokenKind::CloseParen, 1),
            (b'+', _) => (TokenKind::Add, 1),
            (b'*', _) => (TokenKind::Mul, 1),
            (b'/', _) => (TokenKind::Div, 1),
            (b'%', _) => (TokenKind::Mod, 1),
            (b'^', _) => (TokenKind::Pow, 1),
            // A rune literal is one token of the scanner and no word of the language.
            (b'\'', _) => {
                let line = &self.source[start + 1..];
                let line = &line[..line.find('\n').unwrap_or(line.len())];
                (TokenKind::Identifier, line.find('\'').map_or(1, |at| at + 2))
            }
            _ => (TokenKind::Identifier, 1),
        };
        self.at = start + length;
        self.token(kind, start)
    }
}

/// The length of a number in Go's syntax, and what is wrong with it.
fn scan_number(bytes: &[u8]) -> (usize, Option<String>) {
    let radix = match (bytes.first(), bytes.get(1).map(u8::to_ascii_lowercase)) {
        (Some(b'0'), Some(b'x')) => 16,
        (Some(b'0'), Some(b'o')) => 8,
        (Some(b'0'), Some(b'b')) => 2,
        _ => 10,
    };
    // `0B` alone is a size.
    let radix = match bytes {
        [b'0', b'B', rest @ ..] if !rest.first().is_some_and(u8::is_ascii_digit) => 10,
        _ => radix,
    };
    let prefix = if radix == 10 { 0 } else { 2 };
    let digits = |from: usize| {
        bytes[from.min(bytes.len())..]
            .iter()
            .take_while(|byte| {
                **byte == b'_' || if radix == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() }
            })
            .count()
    };
    let mut end = prefix + digits(prefix);
    let mut is_float = false;
    if matches!(radix, 10 | 16) && bytes.get(end) == Some(&b'.') {
        is_float = true;
        end += 1;
        end += digits(end);
    }
    let exponent = bytes.get(end).map(u8::to_ascii_lowercase);
    if (radix == 10 && exponent == Some(b'e')) || (radix == 16 && exponent == Some(b'p')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let length =
            bytes[(end + 1 + sign).min(bytes.len())..].iter().take_while(|b| b.is_ascii_digit()).count();
        if length == 0 {
            return (end + 1 + sign, Some("exponent has no digits".to_owned()));
        }
        is_float = true;
        end += 1 + sign + length;
    }
    if prefix > 0 && end == prefix {
        let name = match radix {
            16 => "hexadecimal",
            8 => "octal",
            _ => "binary",
        };
        return (end, Some(format!("{name} literal has no digits")));
    }
    let leading_zero = radix == 10 && !is_float && end > 1 && bytes[0] == b'0';
    let limit = match radix {
        2 => b'1',
        8 => b'7',
        _ if leading_zero => b'7',
        _ => return (end, None),
    };
    let wrong = bytes[prefix..end].iter().find(|byte| **byte != b'_' && **byte > limit);
    let name = if radix == 2 { "binary" } else { "octal" };
    let error = wrong.map(|byte| format!("invalid digit '{}' in {name} literal", *byte as char));
    (end, error)
}
