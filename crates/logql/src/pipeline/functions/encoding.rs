//! Functions between encodings: URL, base64, JSON.

use std::collections::BTreeMap;

use stdx::go::template::{CallError, Value};
use stdx::go::text::repair_utf8;

use super::{Called, texts};

/// Calls a function of this family; `None` if it is none.
pub(super) fn call<'v>(name: &str, args: &[Value<'v>]) -> Option<Called<'v>> {
    let one = || texts::<1>(name, args).map(|[text]| text);
    Some(match name {
        "urlencode" => one().map(|text| Value::string(stdx::go::template::query_escape(text))),
        "urldecode" => {
            one().and_then(|text| query_unescape(text).map(Value::string).map_err(CallError::Failed))
        }
        "b64enc" => one().map(|text| Value::string(base64_encode(text.as_bytes()))),
        "b64dec" => one().and_then(|text| base64_decode(text).map(Value::string).map_err(CallError::Failed)),
        "fromJson" => one().map(|text| {
            // Text that is no JSON gives nil, as in sprig.
            serde_json::from_str(text).map_or(Value::Nil, from_json)
        }),
        _ => return None,
    })
}

fn from_json<'v>(json: serde_json::Value) -> Value<'v> {
    match json {
        serde_json::Value::Null => Value::Nil,
        serde_json::Value::Bool(truth) => Value::Bool(truth),
        serde_json::Value::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        serde_json::Value::String(text) => Value::string(text),
        serde_json::Value::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        serde_json::Value::Object(members) => {
            let map: BTreeMap<_, _> =
                members.into_iter().map(|(key, value)| (key, from_json(value))).collect();
            Value::Map(map)
        }
    }
}

/// `url.QueryUnescape`.
fn query_unescape(text: &str) -> Result<String, String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let digit = |at: usize| tail.get(at).and_then(|b| (*b as char).to_digit(16));
                let (Some(high), Some(low)) = (digit(0), digit(1)) else {
                    let shown = repair_utf8(&tail[..tail.len().min(2)]);
                    let shown = stdx::go::quote::quote(&format!("%{shown}"));
                    return Err(format!("invalid URL escape {shown}"));
                };
                out.push((high * 16 + low) as u8);
                rest = &tail[2..];
            }
            other => out.push(other),
        }
    }
    Ok(repair_utf8(&out))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64_encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word =
            chunk.iter().fold(0_u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for index in 0..4 {
            if index <= chunk.len() {
                out.push(ALPHABET[(word >> (18 - 6 * index) & 63) as usize] as char);
            } else {
                out.push('=');
            }
        }
    }
    out
}

/// Standard base64; missing padding is fine.
fn base64_decode(text: &str) -> Result<String, String> {
    let clean: Vec<u8> = text.bytes().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
    let body = clean.iter().take_while(|byte| **byte != b'=').count();
    let (mut word, mut bits) = (0_u32, 0);
    let mut out = Vec::with_capacity(body * 3 / 4);
    for (at, byte) in clean[..body].iter().enumerate() {
        let digit = ALPHABET
            .iter()
            .position(|letter| letter == byte)
            .ok_or_else(|| format!("illegal base64 data at input byte {at}"))?;
        word = word << 6 | digit as u32;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push((word >> bits) as u8);
            word &= (1 << bits) - 1;
        }
    }
    let padding = clean.len() - body;
    let is_wrong = body % 4 == 1
        || clean[body..].iter().any(|byte| *byte != b'=')
        || (padding > 0 && !(body + padding).is_multiple_of(4));
    if is_wrong {
        return Err(format!("illegal base64 data at input byte {body}"));
    }
    Ok(repair_utf8(&out))
}
