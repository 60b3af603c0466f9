//! The pairs of an attribute object in JSON text, without building values.
//!
//! In: the text of `attributes`, `resource_attributes`, `scope_attributes`, or of the objects inside
//! `events` and `links`. Out: key and value of each pair in turn. The text is ours, but a file may be
//! anybody's: what is not understood gives `None`, and the index then prunes nothing by it.

use std::borrow::Cow;

use model::AttrValue;
use model::attr_json::read::parse_attrs;
use model::attr_json::write::value_to_string;

/// A value as far as the index looks at it.
#[derive(Debug, Clone, PartialEq)]
pub enum Value<'a> {
    /// Text, an integer or a truth value: its text form.
    Plain(Cow<'a, str>),
    /// Anything else: raw JSON.
    Other(&'a str),
}

/// The form under which a value is hashed. Text, integers and truth values that look the same are the
/// same; a double without a fraction looks like an integer, so that a search may mix the two.
pub fn canonical(value: &AttrValue) -> Cow<'_, str> {
    match value {
        AttrValue::Str(text) => Cow::Borrowed(text),
        AttrValue::Int(value) => Cow::Owned(value.to_string()),
        AttrValue::Bool(value) => Cow::Borrowed(if *value { "true" } else { "false" }),
        // Above 2^53 the two would not look the same anyway.
        AttrValue::Double(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
            Cow::Owned((*value as i64).to_string())
        }
        other => Cow::Owned(value_to_string(other)),
    }
}

/// The value of raw JSON; `None` when it is not what the tables hold.
pub fn parse_value(raw: &str) -> Option<AttrValue> {
    let attrs = parse_attrs(&format!("{{\"v\":{raw}}}")).ok()?;
    attrs.0.into_iter().next().map(|(_, value)| value)
}

/// Calls `pair` for each pair of the object.
pub fn walk_object<'a>(text: &'a str, mut pair: impl FnMut(&str, Value<'a>)) -> Option<()> {
    let mut walk = Walk { text, at: 0 };
    walk.items(b'{', b'}', |walk| {
        let key = walk.string()?;
        walk.expect(b':')?;
        pair(&key, walk.value()?);
        Some(())
    })?;
    walk.end()
}

/// Calls `object` with the text of each object in the array.
pub fn walk_array<'a>(text: &'a str, mut object: impl FnMut(&'a str) -> Option<()>) -> Option<()> {
    let mut walk = Walk { text, at: 0 };
    walk.items(b'[', b']', |walk| match walk.value()? {
        Value::Other(raw) if raw.starts_with('{') => object(raw),
        _ => None,
    })?;
    walk.end()
}

/// Position of the first quote or backslash.
#[inline]
fn end_of_plain(bytes: &[u8]) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x8080_8080_8080_8080;
    // The lowest byte that is zero gets its top bit set; higher ones may wrongly get theirs.
    let zero = |word: u64| word.wrapping_sub(ONES) & !word & TOPS;
    let mut from = 0;
    while let Some(chunk) = bytes.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        let found = zero(word ^ (ONES * b'"' as u64)) | zero(word ^ (ONES * b'\\' as u64));
        if found != 0 {
            return Some(from + found.trailing_zeros() as usize / 8);
        }
        from += 8;
    }
    let rest = bytes.get(from..)?;
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|at| from + at)
}

struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Walk<'a> {
    /// Passes over white space and gives the byte behind it.
    #[inline]
    fn blank(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        // Our own texts have none.
        let byte = *bytes.get(self.at)?;
        if byte > b' ' {
            return Some(byte);
        }
        while matches!(bytes.get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    #[inline]
    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.blank()? == byte).then(|| self.at += 1)
    }

    fn end(&mut self) -> Option<()> {
        self.blank().is_none().then_some(())
    }

    fn items(&mut self, open: u8, close: u8, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(open)?;
        if self.blank()? == close {
            self.at += 1;
            return Some(());
        }
        loop {
            self.blank()?;
            item(self)?;
            match self.blank()? {
                b',' => self.at += 1,
                byte if byte == close => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    #[inline]
    /// Passes over a string and gives what stands between its quotes, and whether it has escapes.
    fn raw_string(&mut self) -> Option<(&'a str, bool)> {
        self.expect(b'"')?;
        let from = self.at;
        let mut escaped = false;
        loop {
            let rest = self.text.as_bytes().get(self.at..)?;
            let plain = end_of_plain(rest)?;
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Some((&self.text[from..self.at - 1], escaped));
            }
            escaped = true;
            // The escaped byte; a `\u` sequence has no quote or backslash in its digits.
            let next = *self.text.as_bytes().get(self.at)?;
            self.at += if next.is_ascii() { 1 } else { 0 };
        }
    }

    fn string(&mut self) -> Option<Cow<'a, str>> {
        let from = self.at;
        let (raw, escaped) = self.raw_string()?;
        if !escaped {
            return Some(Cow::Borrowed(raw));
        }
        match parse_value(self.text[from..self.at].trim_start())? {
            AttrValue::Str(text) => Some(Cow::Owned(text.as_ref().to_owned())),
            _ => None,
        }
    }

    fn value(&mut self) -> Option<Value<'a>> {
        match self.blank()? {
            b'"' => self.string().map(Value::Plain),
            b'{' | b'[' => {
                let from = self.at;
                let mut depth = 0usize;
                loop {
                    match self.text.as_bytes().get(self.at)? {
                        b'"' => {
                            self.raw_string()?;
                            continue;
                        }
                        b'{' | b'[' => depth += 1,
                        b'}' | b']' => depth -= 1,
                        _ => {}
                    }
                    self.at += 1;
                    if depth == 0 {
                        return Some(Value::Other(self.text.get(from..self.at)?));
                    }
                }
            }
            _ => {
                let from = self.at;
                let rest = &self.text.as_bytes()[from..];
                let len = rest
                    .iter()
                    .position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\t' | b'\n' | b'\r'))
                    .unwrap_or(rest.len());
                self.at += len;
                let token = self.text.get(from..self.at)?;
                let is_int = token.bytes().all(|b| b.is_ascii_digit() || b == b'-');
                if token.is_empty() {
                    None
                } else if is_int || token == "true" || token == "false" {
                    Some(Value::Plain(Cow::Borrowed(token)))
                } else {
                    Some(Value::Other(token))
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    #[test]
    fn the_end_of_plain_text_is_the_first_quote_or_backslash() {
        for len in 0..40 {
            for at in 0..=len {
                for end in [b'"', b'\\'] {
                    let mut bytes = vec![b'!'; len];
                    bytes.resize(len + 20, b'"');
                    bytes[at] = end;
                    assert_eq!(end_of_plain(&bytes), Some(at));
                }
                assert_eq!(end_of_plain(&vec![0xa2; len]), None);
            }
        }
    }

    fn check(text: &str, want: Expect) {
        let mut out = String::new();
        let whole = walk_object(text, |key, value| out += &format!("{key} = {value:?}\n"));
        if whole.is_none() {
            out += "broken\n";
        }
        want.assert_eq(&out);
    }

    #[test]
    fn pairs_of_every_kind() {
        check(
            r#"{"a":"x","b\n":-12,"c":true,"d":1.0,"e":[1,"]"],"f":{"g":{}},"h":null}"#,
            expect![[r#"
                a = Plain("x")
                b
                 = Plain("-12")
                c = Plain("true")
                d = Other("1.0")
                e = Other("[1,\"]\"]")
                f = Other("{\"g\":{}}")
                h = Other("null")
            "#]],
        );
        check(
            r#" { "a" : "q\"" } "#,
            expect![[r#"
            a = Plain("q\"")
        "#]],
        );
        check("{}", expect![""]);
        check(
            r#"{"a":1"#,
            expect![[r#"
            a = Plain("1")
            broken
        "#]],
        );
        check(
            r#"{"a":"\한"}"#,
            expect![[r#"
            broken
        "#]],
        );
        check(
            "[",
            expect![[r#"
            broken
        "#]],
        );
    }

    #[test]
    fn values_that_look_the_same_are_the_same() {
        assert_eq!(canonical(&1.0.into()), canonical(&1.into()));
        assert_eq!(canonical(&1.into()), canonical(&"1".into()));
        assert_eq!(canonical(&1.5.into()), "1.5");
        assert_eq!(canonical(&f64::NAN.into()), "{\"doubleValue\":\"NaN\"}");
    }
}
