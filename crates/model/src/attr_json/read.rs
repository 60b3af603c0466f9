//! JSON text of the tables back to values. Total: any text gives a value or an error with its place.

use std::sync::Arc;

use super::DEPTH_MAX;
use crate::attrs::{AttrValue, Attrs};
use crate::ids::{SpanId, TraceId};
use crate::span::{Event, Link};
use crate::time::TimeNs;

/// The text is not what the tables hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonError {
    /// Byte offset of the fault.
    pub offset: usize,
    /// What was expected there.
    pub expected: &'static str,
}

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "expected {} at byte {}", self.expected, self.offset)
    }
}

impl std::error::Error for JsonError {}

type Result<T> = std::result::Result<T, JsonError>;

/// Parses an object of attributes.
pub fn parse_attrs(text: &str) -> Result<Attrs> {
    let mut reader = Reader { text, at: 0 };
    reader.blank();
    if reader.peek() != Some(b'{') {
        return Err(reader.wrong("an object"));
    }
    let attrs = reader.object(0)?;
    reader.end()?;
    Ok(attrs)
}

/// Parses an array of events.
pub fn parse_events(text: &str) -> Result<Vec<Event>> {
    objects(text)?.into_iter().map(|fields| event(&fields)).collect()
}

/// Parses an array of links.
pub fn parse_links(text: &str) -> Result<Vec<Link>> {
    objects(text)?.into_iter().map(|fields| link(&fields)).collect()
}

fn objects(text: &str) -> Result<Vec<Attrs>> {
    let mut reader = Reader { text, at: 0 };
    reader.blank();
    if reader.peek() != Some(b'[') {
        return Err(reader.wrong("an array"));
    }
    let mut found = Vec::new();
    reader.items(b']', |reader| {
        if reader.peek() != Some(b'{') {
            return Err(reader.wrong("an object"));
        }
        found.push(reader.object(1)?);
        Ok(())
    })?;
    reader.end()?;
    Ok(found)
}

fn event(fields: &Attrs) -> Result<Event> {
    Ok(Event {
        time: TimeNs(fields.get("time_unix_nano").and_then(AttrValue::as_int).unwrap_or(0)),
        name: text_of(fields, "name"),
        attributes: map_of(fields),
        dropped_attributes_count: count_of(fields, "dropped_attributes_count"),
    })
}

fn link(fields: &Attrs) -> Result<Link> {
    let wrong = |expected| JsonError { offset: 0, expected };
    let trace_id = fields.get_str("trace_id").and_then(TraceId::from_hex);
    let span_id = fields.get_str("span_id").and_then(SpanId::from_hex);
    Ok(Link {
        trace_id: trace_id.ok_or(wrong("a link's trace_id of 32 digits"))?,
        span_id: span_id.ok_or(wrong("a link's span_id of 16 digits"))?,
        trace_state: text_of(fields, "trace_state"),
        attributes: map_of(fields),
        dropped_attributes_count: count_of(fields, "dropped_attributes_count"),
        flags: count_of(fields, "flags"),
    })
}

fn text_of(fields: &Attrs, key: &str) -> Arc<str> {
    match fields.get(key) {
        Some(AttrValue::Str(text)) => Arc::clone(text),
        _ => Arc::from(""),
    }
}

fn count_of(fields: &Attrs, key: &str) -> u32 {
    let value = fields.get(key).and_then(AttrValue::as_int).unwrap_or(0);
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// The attributes of an event or link. The generic reader may have seen a typed value in an object that
/// looks like one; here it is known to be a list of attributes.
fn map_of(fields: &Attrs) -> Attrs {
    match fields.get("attributes") {
        Some(AttrValue::Map(attrs)) => attrs.clone(),
        Some(AttrValue::Bytes(bytes)) => {
            let mut out = Vec::new();
            super::write::push_base64(&mut out, bytes);
            [("bytesValue", String::from_utf8(out).unwrap_or_default())].into_iter().collect()
        }
        Some(AttrValue::Double(value)) => {
            let text = if value.is_nan() {
                "NaN"
            } else if *value > 0.0 {
                "Infinity"
            } else {
                "-Infinity"
            };
            [("doubleValue", text)].into_iter().collect()
        }
        _ => Attrs::new(),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn wrong(&self, expected: &'static str) -> JsonError {
        JsonError { offset: self.at, expected }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn end(&mut self) -> Result<()> {
        self.blank();
        if self.at == self.text.len() { Ok(()) } else { Err(self.wrong("the end")) }
    }

    fn literal(&mut self, word: &'static str, value: AttrValue) -> Result<AttrValue> {
        if self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(self.wrong(word))
        }
    }

    fn value(&mut self, depth: usize) -> Result<AttrValue> {
        if depth > DEPTH_MAX + 4 {
            return Err(self.wrong("less nesting"));
        }
        match self.peek() {
            Some(b'"') => Ok(AttrValue::Str(self.string()?.into())),
            Some(b't') => self.literal("true", AttrValue::Bool(true)),
            Some(b'f') => self.literal("false", AttrValue::Bool(false)),
            Some(b'n') => self.literal("null", AttrValue::Empty),
            Some(b'[') => {
                let mut values = Vec::new();
                self.items(b']', |reader| {
                    values.push(reader.value(depth + 1)?);
                    Ok(())
                })?;
                Ok(AttrValue::Array(values))
            }
            Some(b'{') => self.object(depth + 1).map(typed),
            _ => self.number(),
        }
    }

    /// Reads items between the present opening bracket and `close`.
    fn items(&mut self, close: u8, mut item: impl FnMut(&mut Self) -> Result<()>) -> Result<()> {
        self.at += 1;
        self.blank();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.blank();
            item(self)?;
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(byte) if byte == close => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.wrong("a comma or the closing bracket")),
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Attrs> {
        let mut attrs = Attrs::new();
        self.items(b'}', |reader| {
            let key = reader.string()?;
            reader.blank();
            if reader.peek() != Some(b':') {
                return Err(reader.wrong("a colon"));
            }
            reader.at += 1;
            reader.blank();
            let value = reader.value(depth)?;
            attrs.push(key, value);
            Ok(())
        })?;
        Ok(attrs)
    }

    fn number(&mut self) -> Result<AttrValue> {
        let bytes = &self.text.as_bytes()[self.at..];
        let len = bytes
            .iter()
            .position(|b| !matches!(b, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
            .unwrap_or(bytes.len());
        let token = &self.text[self.at..self.at + len];
        let value = if token.contains(['.', 'e', 'E']) {
            token.parse().ok().map(AttrValue::Double)
        } else {
            token.parse().ok().map(AttrValue::Int)
        };
        let value = value.ok_or(self.wrong("a value"))?;
        self.at += len;
        Ok(value)
    }

    fn string(&mut self) -> Result<String> {
        if self.peek() != Some(b'"') {
            return Err(self.wrong("a string"));
        }
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text.as_bytes()[self.at..];
            let plain =
                rest.iter().position(|b| matches!(b, b'"' | b'\\')).ok_or(self.wrong("a closing quote"))?;
            out.push_str(&self.text[self.at..self.at + plain]);
            self.at += plain + 1;
            if rest[plain] == b'"' {
                return Ok(out);
            }
            out.push(self.escape()?);
        }
    }

    /// Reads what follows a backslash.
    fn escape(&mut self) -> Result<char> {
        let byte = self.peek().ok_or(self.wrong("an escape"))?;
        self.at += 1;
        Ok(match byte {
            b'"' | b'\\' | b'/' => char::from(byte),
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'u' => {
                let high = self.hex4()?;
                if !(0xd800..0xdc00).contains(&high) {
                    return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                let before = self.at;
                if self.text.as_bytes()[self.at..].starts_with(b"\\u") {
                    self.at += 2;
                    let low = self.hex4()?;
                    if (0xdc00..0xe000).contains(&low) {
                        let code = 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
                        return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                    }
                    self.at = before;
                }
                char::REPLACEMENT_CHARACTER
            }
            _ => return Err(self.wrong("an escape")),
        })
    }

    fn hex4(&mut self) -> Result<u32> {
        let digits = self.text.as_bytes().get(self.at..self.at + 4).ok_or(self.wrong("four digits"))?;
        let mut code = 0;
        for digit in digits {
            code = code << 4 | char::from(*digit).to_digit(16).ok_or(self.wrong("four digits"))?;
        }
        self.at += 4;
        Ok(code)
    }
}

/// Turns an object that stands for a typed value into that value.
fn typed(object: Attrs) -> AttrValue {
    if let [(key, value)] = object.0.as_slice() {
        match (&**key, value) {
            ("bytesValue", AttrValue::Str(text)) => {
                if let Some(bytes) = from_base64(text) {
                    return AttrValue::Bytes(bytes.into());
                }
            }
            ("doubleValue", AttrValue::Str(text)) => match &**text {
                "NaN" => return AttrValue::Double(f64::NAN),
                "Infinity" => return AttrValue::Double(f64::INFINITY),
                "-Infinity" => return AttrValue::Double(f64::NEG_INFINITY),
                _ => {}
            },
            ("kvlistValue", AttrValue::Map(list)) => {
                if let Some(AttrValue::Array(values)) = list.get("values") {
                    let mut map = Attrs::new();
                    for entry in values {
                        if let AttrValue::Map(entry) = entry {
                            let value = entry.get("value").cloned().unwrap_or_default();
                            map.push(entry.get_str("key").unwrap_or_default(), value);
                        }
                    }
                    return AttrValue::Map(map);
                }
            }
            _ => {}
        }
    }
    AttrValue::Map(object)
}

/// Decodes standard base64 with padding.
fn from_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    for chunk in text.trim_end_matches('=').as_bytes().chunks(4) {
        let mut word = 0u32;
        for at in 0..4 {
            let digit = match chunk.get(at) {
                None => 0,
                Some(b @ b'A'..=b'Z') => b - b'A',
                Some(b @ b'a'..=b'z') => b - b'a' + 26,
                Some(b @ b'0'..=b'9') => b - b'0' + 52,
                Some(b'+') => 62,
                Some(b'/') => 63,
                Some(_) => return None,
            };
            word = word << 6 | u32::from(digit);
        }
        out.extend_from_slice(&word.to_be_bytes()[1..chunk.len()]);
    }
    Some(out)
}
