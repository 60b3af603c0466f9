//! A walk over JSON text that gives what it finds at once and builds nothing.
//!
//! It is as tolerant as the original's scanner: a number is whatever begins like one, a trailing comma
//! is fine, arrays are only matched for their brackets, and text after the last brace is not looked at.
//! It is as strict too, with the same error texts. The whole object is always walked, because an error
//! at its end counts. Nesting is bounded by [`DEPTH_MAX`].

/// Objects inside each other that are walked; deeper ones are malformed.
pub const DEPTH_MAX: usize = 128;

/// What is wrong with a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// No token where one was expected.
    Json,
    /// A string without an end.
    String,
    /// An array without an end, or nothing after a value.
    Array,
    /// An object without an end, or something else than a key.
    Object,
    /// A word that is no value.
    UnknownValue,
    /// An escape in a key that does not exist.
    Escape,
    /// Nested deeper than [`DEPTH_MAX`].
    Depth,
}

impl Malformed {
    /// The original's text; that of the depth is ours.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json => "Malformed JSON error",
            Self::String => "Value is string, but can't find closing '\"' symbol",
            Self::Array => "Value is array, but can't find closing ']' symbol",
            Self::Object => "Value looks like object, but can't find closing '}' symbol",
            Self::UnknownValue => "Unknown value type",
            Self::Escape => "Encountered an invalid escape sequence in a string",
            Self::Depth => "objects are nested too deeply (limit 128)",
        }
    }
}

/// A value that is no object. Texts are raw, strings without their quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A string, and whether it has escapes.
    String(&'a str, bool),
    /// A number as written.
    Number(&'a str),
    /// `true` or `false`.
    Bool(&'a str),
    /// `null`.
    Null,
    /// A whole array.
    Array(&'a str),
}

/// Takes what the walk finds.
pub trait Sink {
    /// A key with a scalar.
    fn scalar(&mut self, key: &str, value: Scalar<'_>);
    /// A key with an object, whose content follows.
    fn enter(&mut self, key: &str);
    /// The end of that object.
    fn leave(&mut self);
    /// A mark for [`Sink::forget`], taken where an outermost nested object begins.
    fn mark(&self) -> usize;
    /// The nested object has no end: what was found since the mark does not count.
    fn forget(&mut self, mark: usize);
}

/// Walks the object that the text begins with.
pub fn walk_object(text: &str, sink: &mut impl Sink) -> Result<(), Malformed> {
    let mut scanner = Scanner { text, bytes: text.as_bytes(), at: 0 };
    match scanner.token() {
        Some(b'{') => scanner.at += 1,
        _ => return Err(Malformed::Object),
    }
    scanner.object(sink, 1)
}

/// The bytes from `at` on up to the closing quote, that is, the index of the quote and whether a
/// backslash came before it.
pub(super) fn string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let has_zero = |word: u64| word.wrapping_sub(ONES) & !word & HIGH;
    let mut is_escaped = false;
    loop {
        // Eight bytes at once; the lowest mark is exact, those above it need not be.
        while let Some(chunk) = bytes.get(at..at + 8).and_then(|chunk| chunk.try_into().ok()) {
            let word = u64::from_le_bytes(chunk);
            let hits = has_zero(word ^ (ONES * b'"' as u64)) | has_zero(word ^ (ONES * b'\\' as u64));
            if hits != 0 {
                at += (hits.trailing_zeros() / 8) as usize;
                break;
            }
            at += 8;
        }
        match bytes.get(at)? {
            b'"' => return Some((at, is_escaped)),
            b'\\' => {
                is_escaped = true;
                at += 2;
            }
            _ => at += 1,
        }
    }
}

/// Whether a byte ends a number or word.
const fn ends_token(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}' | b']')
}

/// The index behind the bracket that closes the one at `at`.
pub(super) fn block_end(bytes: &[u8], mut at: usize, open: u8, close: u8) -> Option<usize> {
    let mut level = 0_usize;
    loop {
        let byte = *bytes.get(at)?;
        if byte == b'"' {
            at = string_end(bytes, at + 1)?.0;
        } else if byte == open {
            level += 1;
        } else if byte == close {
            level -= 1;
            if level == 0 {
                return Some(at + 1);
            }
        }
        at += 1;
    }
}

struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Skips white space; the byte after it.
    fn token(&mut self) -> Option<u8> {
        loop {
            match *self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn slice(&self, start: usize, end: usize) -> &'a str {
        // All cuts are beside ASCII characters.
        self.text.get(start..end).unwrap_or("")
    }

    /// Walks the members after an opening brace, and the closing one.
    fn object(&mut self, sink: &mut impl Sink, depth: usize) -> Result<(), Malformed> {
        if self.token().ok_or(Malformed::Json)? == b'}' {
            self.at += 1;
            return Ok(());
        }
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(Malformed::Object),
            }
            let start = self.at;
            let (end, is_escaped) = string_end(self.bytes, start).ok_or(Malformed::Json)?;
            self.at = end + 1;
            let raw = self.slice(start, end);
            let unescaped;
            let key = if is_escaped {
                let mut text = String::new();
                unescape(raw, &mut text).ok_or(Malformed::Escape)?;
                unescaped = text;
                unescaped.as_str()
            } else {
                raw
            };
            if self.token().ok_or(Malformed::Json)? != b':' {
                return Err(Malformed::Json);
            }
            self.at += 1;
            self.value(key, sink, depth)?;
            match self.token().ok_or(Malformed::Array)? {
                b'}' => {
                    self.at += 1;
                    return Ok(());
                }
                b',' => self.at += 1,
                _ => return Err(Malformed::Object),
            }
            self.token().ok_or(Malformed::Array)?;
        }
    }

    fn value(&mut self, key: &str, sink: &mut impl Sink, depth: usize) -> Result<(), Malformed> {
        let first = self.token().ok_or(Malformed::Json)?;
        let start = self.at;
        match first {
            b'"' => {
                let (end, is_escaped) = string_end(self.bytes, start + 1).ok_or(Malformed::String)?;
                self.at = end + 1;
                sink.scalar(key, Scalar::String(self.slice(start + 1, end), is_escaped));
            }
            b'[' => {
                let end = block_end(self.bytes, start, b'[', b']').ok_or(Malformed::Array)?;
                self.at = end;
                sink.scalar(key, Scalar::Array(self.slice(start, end)));
            }
            b'{' => {
                if depth >= DEPTH_MAX {
                    return Err(Malformed::Depth);
                }
                let mark = sink.mark();
                sink.enter(key);
                self.at += 1;
                let result = self.object(sink, depth + 1);
                sink.leave();
                if result.is_err() && depth == 1 && block_end(self.bytes, start, b'{', b'}').is_none() {
                    // The original looks for the end of an object before it looks inside.
                    sink.forget(mark);
                    return Err(Malformed::Object);
                }
                return result;
            }
            _ => {
                let rest = &self.bytes[start..];
                let length = rest.iter().position(|byte| ends_token(*byte)).unwrap_or(rest.len());
                self.at = start + length;
                let text = self.slice(start, self.at);
                let value = match first {
                    b't' | b'f' if matches!(text, "true" | "false") => Scalar::Bool(text),
                    b'n' if text == "null" => Scalar::Null,
                    b'0'..=b'9' | b'-' => Scalar::Number(text),
                    _ => return Err(Malformed::UnknownValue),
                };
                sink.scalar(key, value);
            }
        }
        Ok(())
    }
}

/// Appends a string without its escapes; `None` if one does not exist, with `out` as it was.
pub fn unescape(raw: &str, out: &mut String) -> Option<()> {
    let start = out.len();
    let result = try_unescape(raw, out);
    if result.is_none() {
        out.truncate(start);
    }
    result
}

fn try_unescape(raw: &str, out: &mut String) -> Option<()> {
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        out.push_str(&rest[..at]);
        let escape = *rest.as_bytes().get(at + 1)?;
        let mut width = 2;
        out.push(match escape {
            b'"' | b'\\' | b'/' => escape as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let (c, used) = unicode_escape(&rest[at..])?;
                width = used;
                c
            }
            _ => return None,
        });
        rest = &rest[at + width..];
    }
    out.push_str(rest);
    Some(())
}

/// The character of `\uXXXX`, or of two of them that are a surrogate pair, and the bytes used.
fn unicode_escape(text: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = text.get(at + 2..at + 6)?;
        let is_escape = text.get(at..at + 2) == Some("\\u");
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_escape && is_hex { u32::from_str_radix(digits, 16).ok() } else { None }
    };
    let high = unit(0)?;
    if !(0xd800..0xe000).contains(&high) {
        return char::from_u32(high).map(|c| (c, 6));
    }
    let low = unit(6).filter(|low| (0xdc00..0xe000).contains(low))?;
    let code = 0x1_0000 + (high.checked_sub(0xd800)? << 10) + (low - 0xdc00);
    char::from_u32(code).map(|c| (c, 12))
}

/// Appends a string value as labels show it: without escapes, empty if one does not exist, and with a
/// space for each replacement character, which Prometheus refuses.
pub fn push_string(raw: &str, is_escaped: bool, out: &mut String) {
    let start = out.len();
    if is_escaped {
        let _ = unescape(raw, out);
    } else {
        out.push_str(raw);
    }
    blank_replacements(out, start);
}

/// Replaces U+FFFD by a space from `start` on.
pub fn blank_replacements(out: &mut String, start: usize) {
    if out[start..].contains('\u{fffd}') {
        let clean = out[start..].replace('\u{fffd}', " ");
        out.truncate(start);
        out.push_str(&clean);
    }
}
