//! One pass over the JSON text of a span's attributes, picking the ones that classification looks at. Reads the text that
//! our own writer makes (compact, one object); anything else gives fewer values, never a panic.

use std::borrow::Cow;

use super::slots::{Slot, Slots, Value};

/// Puts the top-level members of `text` into their slots.
pub fn scan<'a>(text: &'a str, slots: &mut Slots<'a>) {
    let bytes = text.as_bytes();
    let mut at = 1;
    while bytes.get(at) == Some(&b'"') {
        let Some(end) = string_end(bytes, at) else { return };
        let key = &text[at + 1..end - 1];
        at = end + 1;
        let Some(value_end) = value_end(bytes, at) else { return };
        if let Some((slot, present)) = Slot::of(key) {
            slots.put(slot, present, value(&text[at..value_end]));
        }
        at = value_end;
        if bytes.get(at) != Some(&b',') {
            return;
        }
        at += 1;
    }
}

/// The position after the closing quote of the string that begins at `at`.
fn string_end(bytes: &[u8], at: usize) -> Option<usize> {
    let mut at = at + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

/// The position after the value that begins at `at`.
fn value_end(bytes: &[u8], at: usize) -> Option<usize> {
    match *bytes.get(at)? {
        b'"' => string_end(bytes, at),
        b'{' | b'[' => {
            let mut depth = 0usize;
            let mut at = at;
            loop {
                match *bytes.get(at)? {
                    b'"' => {
                        at = string_end(bytes, at)?;
                        continue;
                    }
                    b'{' | b'[' => depth += 1,
                    b'}' | b']' => {
                        depth -= 1;
                        if depth == 0 {
                            return Some(at + 1);
                        }
                    }
                    _ => {}
                }
                at += 1;
            }
        }
        _ => Some(at + bytes[at..].iter().position(|byte| matches!(byte, b',' | b'}'))?),
    }
}

fn value(text: &str) -> Value<'_> {
    match text.as_bytes().first() {
        Some(b'"') => {
            let inner = &text[1..text.len() - 1];
            if !inner.contains('\\') {
                return Value::Text(Cow::Borrowed(inner));
            }
            // Rare: the model's own reader resolves the escapes.
            match model::attr_json::read::parse_attrs(&format!("{{\"v\":{text}}}")) {
                Ok(attrs) => {
                    attrs.get_str("v").map_or(Value::Absent, |text| Value::Text(Cow::Owned(text.to_owned())))
                }
                Err(_) => Value::Absent,
            }
        }
        Some(b't') => Value::Bool(true),
        Some(b'f') => Value::Bool(false),
        Some(b'-' | b'0'..=b'9') if text.contains(['.', 'e', 'E']) => {
            text.parse().map_or(Value::Absent, Value::Double)
        }
        Some(b'-' | b'0'..=b'9') => text.parse().map_or(Value::Absent, Value::Int),
        _ => Value::Absent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn picks_what_it_knows() {
        let text = r#"{"a":[1,"]",{"b":"}"}],"net.peer.name":"old","server.address":"h\"x","http.status_code":200,"sampling.probability":0.5,"shared":true}"#;
        let mut slots = Slots::default();
        scan(text, &mut slots);
        assert_eq!(slots.text(Slot::ServerAddress).map(|text| &**text), Some("h\"x"));
        assert_eq!(slots.int(Slot::HttpStatus), Some(200));
        assert_eq!(slots.double(Slot::SamplingProbability), Some(0.5));
        assert!(slots.is_true(Slot::SharedId));
        for end in 0..text.len() {
            if text.is_char_boundary(end) {
                scan(&text[..end], &mut Slots::default());
            }
        }
    }
}
