//! JSON read in one go without a tree: objects and lists are walked by the caller, texts and numbers are
//! given as they stand. Faults carry line and column. Text may hold what JSON's grammar forbids only inside
//! strings (raw control characters, bytes that are not UTF-8); the protobuf walk repairs the latter.

use std::borrow::Cow;

use crate::error::{Malformed, Place};

type Result<T> = std::result::Result<T, Malformed>;

/// Stands before a value, key or the end.
pub(crate) struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    /// Lone surrogates that became U+FFFD.
    pub repaired: u64,
}

impl<'a> Reader<'a> {
    /// Stands before the only value of `text`.
    pub fn new(text: &'a [u8]) -> Self {
        let at = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        Self { text, at, repaired: 0 }
    }

    /// The fault that something else had to stand here.
    #[cold]
    pub fn wrong(&self, expected: impl Into<Cow<'static, str>>) -> Malformed {
        self.wrong_at(self.at, expected)
    }

    #[cold]
    fn wrong_at(&self, at: usize, expected: impl Into<Cow<'static, str>>) -> Malformed {
        let before = &self.text[..at.min(self.text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        let column = 1 + before.iter().rev().take_while(|&&byte| byte != b'\n').count();
        Malformed { place: Place::Text { line, column }, expected: expected.into() }
    }

    /// The first byte of what comes next.
    pub fn peek(&mut self) -> Option<u8> {
        while let Some(byte) = self.text.get(self.at) {
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(*byte);
            }
            self.at += 1;
        }
        None
    }

    /// Takes `byte` if it comes next.
    pub fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    /// Takes `null` if it comes next.
    pub fn eat_null(&mut self) -> Result<bool> {
        if self.peek() != Some(b'n') {
            return Ok(false);
        }
        self.word("null")?;
        Ok(true)
    }

    fn word(&mut self, word: &'static str) -> Result<()> {
        if !self.text[self.at..].starts_with(word.as_bytes()) {
            return Err(self.wrong(word));
        }
        self.at += word.len();
        Ok(())
    }

    /// `true` or `false`.
    pub fn boolean(&mut self) -> Result<bool> {
        match self.peek() {
            Some(b't') => self.word("true").map(|()| true),
            Some(b'f') => self.word("false").map(|()| false),
            _ => Err(self.wrong("true or false")),
        }
    }

    /// Takes the opening bracket of `what`.
    pub fn open(&mut self, bracket: u8, what: &'static str) -> Result<()> {
        if self.eat(bracket) { Ok(()) } else { Err(self.wrong(what)) }
    }

    /// Before an item: whether there is one; the closing bracket is taken. `first` must begin as true.
    pub fn more(&mut self, close: u8, first: &mut bool) -> Result<bool> {
        if self.eat(close) {
            return Ok(false);
        }
        if !std::mem::take(first) && !self.eat(b',') {
            return Err(self.wrong(if close == b'}' { "a comma or `}`" } else { "a comma or `]`" }));
        }
        Ok(true)
    }

    /// A key and its colon.
    pub fn key(&mut self) -> Result<Cow<'a, [u8]>> {
        let key = self.string("a key in quotes")?;
        if !self.eat(b':') {
            return Err(self.wrong("a colon"));
        }
        Ok(key)
    }

    /// A number as it stands.
    pub fn number(&mut self, what: &'static str) -> Result<&'a str> {
        self.peek();
        let rest = &self.text[self.at..];
        let is_part = |byte: &u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let len = rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len());
        match std::str::from_utf8(&rest[..len]) {
            Ok(token) if token.starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                self.at += len;
                Ok(token)
            }
            _ => Err(self.wrong(what)),
        }
    }

    /// The content of a string.
    pub fn string(&mut self, what: &'static str) -> Result<Cow<'a, [u8]>> {
        if !self.eat(b'"') {
            return Err(self.wrong(what));
        }
        let plain = self.until_special()?;
        if self.text[self.at] == b'"' {
            self.at += 1;
            return Ok(Cow::Borrowed(plain));
        }
        let mut out = plain.to_vec();
        loop {
            self.at += 1;
            self.escape(&mut out)?;
            out.extend_from_slice(self.until_special()?);
            if self.text[self.at] == b'"' {
                self.at += 1;
                return Ok(Cow::Owned(out));
            }
        }
    }

    /// What stands before the next quote or backslash, at which it stops.
    fn until_special(&mut self) -> Result<&'a [u8]> {
        let rest = &self.text[self.at..];
        match rest.iter().position(|&byte| byte == b'"' || byte == b'\\') {
            Some(len) => {
                self.at += len;
                Ok(&rest[..len])
            }
            None => Err(self.wrong_at(self.text.len(), "the closing quote of a string")),
        }
    }

    /// What follows a backslash.
    fn escape(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let byte = *self.text.get(self.at).ok_or_else(|| self.wrong("the rest of an escape"))?;
        let plain = match byte {
            b'"' | b'\\' | b'/' => byte,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'b' => 8,
            b'f' => 12,
            b'u' => return self.unicode(out),
            _ => return Err(self.wrong("one of \" \\ / b f n r t u after a backslash")),
        };
        out.push(plain);
        self.at += 1;
        Ok(())
    }

    fn unicode(&mut self, out: &mut Vec<u8>) -> Result<()> {
        let mut code = self.hex4()?;
        if (0xd800..0xdc00).contains(&code) && self.text[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 1;
            let low = self.hex4()?;
            if (0xdc00..0xe000).contains(&low) {
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            } else {
                self.at = before;
            }
        }
        let found = char::from_u32(code);
        // JavaScript's texts may hold half a surrogate pair, and JSON.stringify writes it as an escape.
        self.repaired += u64::from(found.is_none());
        let char = found.unwrap_or(char::REPLACEMENT_CHARACTER);
        out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
        Ok(())
    }

    /// Four digits after the `u` at which the reader stands.
    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.get(self.at + 1..self.at + 5).unwrap_or_default();
        let code =
            digits.iter().try_fold(0, |code, digit| Some(code << 4 | char::from(*digit).to_digit(16)?));
        match code {
            Some(code) if digits.len() == 4 => {
                self.at += 5;
                Ok(code)
            }
            _ => Err(self.wrong("four hexadecimal digits after `\\u`")),
        }
    }

    /// Passes over a value of any kind and depth.
    pub fn skip(&mut self) -> Result<()> {
        let mut open: Vec<u8> = Vec::new();
        loop {
            match self.peek() {
                Some(bracket @ (b'{' | b'[')) => {
                    self.at += 1;
                    let close = bracket + 2;
                    if !self.eat(close) {
                        open.push(close);
                        if close == b'}' {
                            self.key()?;
                        }
                        continue;
                    }
                }
                Some(b'"') => drop(self.string("a string")?),
                Some(b't' | b'f') => drop(self.boolean()?),
                Some(b'n') => drop(self.eat_null()?),
                _ => drop(self.number("a value")?),
            }
            loop {
                match open.last() {
                    None => return Ok(()),
                    Some(&close) => {
                        if self.eat(b',') {
                            if close == b'}' {
                                self.key()?;
                            }
                            break;
                        }
                        if !self.eat(close) {
                            return Err(self.wrong("a comma or the closing bracket"));
                        }
                        open.pop();
                    }
                }
            }
        }
    }

    /// Checks that nothing follows.
    pub fn end(&mut self) -> Result<()> {
        if self.peek().is_none() { Ok(()) } else { Err(self.wrong("the end of the body")) }
    }
}
