//! JSON parameters as Go's `encoding/json` reads them, with its error texts.
//!
//! In: a text that should be JSON. Out: whether it is, or a map from text to text, or Go's words for what is wrong
//! at the first place where it is wrong. Deliberately not here: anything but the two shapes that parameters have.

use serde_json::Value;
use stdx::go::quote::quote;

/// Deepest nesting that Go reads.
const DEPTH_MAX: usize = 10_000;

/// A JSON object whose values are all texts, in order; `null` is no entry or the empty text, as in Go.
pub fn string_map(text: &str) -> Result<Vec<(String, String)>, String> {
    let value = parse(text)?;
    let pairs = match value {
        Value::Object(pairs) => pairs,
        Value::Null => return Ok(Vec::new()),
        other => return Err(mismatch(&other, "map[string]string")),
    };
    pairs
        .into_iter()
        .map(|(key, value)| match value {
            Value::String(text) => Ok((key, text)),
            Value::Null => Ok((key, String::new())),
            other => Err(mismatch(&other, "string")),
        })
        .collect()
}

/// Any JSON value.
pub fn parse(text: &str) -> Result<Value, String> {
    Scanner { bytes: text.as_bytes(), at: 0 }.document()?;
    serde_json::from_str(text).map_err(|error| error.to_string())
}

fn mismatch(value: &Value, wanted: &str) -> String {
    let found = match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    format!("json: cannot unmarshal {found} into Go value of type {wanted}")
}

/// Walks over a text and says where it stops being JSON.
struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scanner<'_> {
    fn document(&mut self) -> Result<(), String> {
        // A closing byte for each open array or object; no recursion, so that depth costs no stack.
        let mut open: Vec<u8> = Vec::new();
        'value: loop {
            self.blanks();
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    self.blanks();
                    if self.peek() == Some(b'}') {
                        self.at += 1;
                    } else {
                        self.key()?;
                        self.open(&mut open, b'}')?;
                        continue 'value;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    self.blanks();
                    if self.peek() == Some(b']') {
                        self.at += 1;
                    } else {
                        self.open(&mut open, b']')?;
                        continue 'value;
                    }
                }
                Some(b'"') => self.string()?,
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.literal("true")?,
                Some(b'f') => self.literal("false")?,
                Some(b'n') => self.literal("null")?,
                _ => return self.fail("looking for beginning of value"),
            }
            loop {
                self.blanks();
                let Some(&close) = open.last() else {
                    return if self.at == self.bytes.len() {
                        Ok(())
                    } else {
                        self.fail("after top-level value")
                    };
                };
                match self.peek() {
                    Some(b',') if close == b']' => {
                        self.at += 1;
                        continue 'value;
                    }
                    Some(b',') => {
                        self.at += 1;
                        self.blanks();
                        self.key()?;
                        continue 'value;
                    }
                    Some(byte) if byte == close => {
                        self.at += 1;
                        open.pop();
                    }
                    _ if close == b']' => return self.fail("after array element"),
                    _ => return self.fail("after object key:value pair"),
                }
            }
        }
    }

    fn open(&self, open: &mut Vec<u8>, close: u8) -> Result<(), String> {
        open.push(close);
        if open.len() > DEPTH_MAX { Err("exceeded max depth".to_owned()) } else { Ok(()) }
    }

    /// A key and the colon after it.
    fn key(&mut self) -> Result<(), String> {
        if self.peek() != Some(b'"') {
            return self.fail("looking for beginning of object key string");
        }
        self.string()?;
        self.blanks();
        if self.peek() != Some(b':') {
            return self.fail("after object key");
        }
        self.at += 1;
        Ok(())
    }

    fn string(&mut self) -> Result<(), String> {
        self.at += 1;
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => {
                    self.at += 1;
                    match self.peek() {
                        Some(b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"') => self.at += 1,
                        Some(b'u') => {
                            self.at += 1;
                            for _ in 0..4 {
                                if !self.peek().is_some_and(|byte| byte.is_ascii_hexdigit()) {
                                    return self.fail("in \\u hexadecimal character escape");
                                }
                                self.at += 1;
                            }
                        }
                        _ => return self.fail("in string escape code"),
                    }
                }
                Some(byte) if byte >= 0x20 => self.at += 1,
                _ => return self.fail("in string literal"),
            }
        }
    }

    fn number(&mut self) -> Result<(), String> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        match self.peek() {
            Some(b'0') => self.at += 1,
            Some(b'1'..=b'9') => self.digits(),
            _ => return self.fail("in numeric literal"),
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.fail("after decimal point in numeric literal");
            }
            self.digits();
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if !self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
                return self.fail("in exponent of numeric literal");
            }
            self.digits();
        }
        Ok(())
    }

    fn digits(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
    }

    fn literal(&mut self, word: &str) -> Result<(), String> {
        for (at, wanted) in word.char_indices() {
            if self.peek() != u8::try_from(wanted).ok() {
                debug_assert!(at > 0, "the caller saw the first byte");
                return self.fail(&format!("in literal {word} (expecting {})", quoted(wanted)));
            }
            self.at += 1;
        }
        Ok(())
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn fail(&self, place: &str) -> Result<(), String> {
        match self.peek() {
            None => Err("unexpected end of JSON input".to_owned()),
            // Go scans bytes and shows each one as if it were a character.
            Some(byte) => Err(format!("invalid character {} {place}", quoted(char::from(byte)))),
        }
    }
}

fn quoted(c: char) -> String {
    match c {
        '\'' => r"'\''".to_owned(),
        '"' => "'\"'".to_owned(),
        c => {
            let quoted = quote(c.encode_utf8(&mut [0; 4]));
            format!("'{}'", quoted.trim_matches('"'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_worded_as_in_go() {
        let check = |text: &str, want: &str| {
            assert_eq!(string_map(text).expect_err("a refusal"), want, "{text}");
        };
        check("", "unexpected end of JSON input");
        check("{bad", "invalid character 'b' looking for beginning of object key string");
        check("a.int=42", "invalid character 'a' looking for beginning of value");
        check("{\"a\" 1}", "invalid character '1' after object key");
        check("{\"a\":\"b\" x", "invalid character 'x' after object key:value pair");
        check("[1 2]", "invalid character '2' after array element");
        check("{} x", "invalid character 'x' after top-level value");
        check("{\"a\":01}", "invalid character '1' after object key:value pair");
        check("{\"a\":1.x}", "invalid character 'x' after decimal point in numeric literal");
        check("{\"a\":-}", "invalid character '}' in numeric literal");
        check("{\"a\":trux}", "invalid character 'x' in literal true (expecting 'e')");
        check("{\"a\":\"\\q\"}", "invalid character 'q' in string escape code");
        check("{\"a\":\"\n\"}", "invalid character '\\n' in string literal");
        check("{\"a\":1}", "json: cannot unmarshal number into Go value of type string");
        check("[\"a\"]", "json: cannot unmarshal array into Go value of type map[string]string");
        check("\"a\"", "json: cannot unmarshal string into Go value of type map[string]string");
    }

    #[test]
    fn maps_of_text() {
        let check = |text: &str, want: &[(&str, &str)]| {
            let pairs = string_map(text).expect("a map");
            let pairs: Vec<_> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
            assert_eq!(pairs, want, "{text}");
        };
        check("null", &[]);
        check(" {\"a\" : \"1\" , \"b\":null} ", &[("a", "1"), ("b", "")]);
        check("{\"\\u00e9\":\"\\\"\"}", &[("\u{e9}", "\"")]);
    }
}
