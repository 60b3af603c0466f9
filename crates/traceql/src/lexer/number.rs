//! Whole numbers, floats and durations.
//!
//! A duration is a row of decimal numbers with units (`1h15m30.918s`, `1.5m`, `.24h`), each unit of
//! ns us ms s m h d w y, where a day is 24 h, a week 7 d and a year 365 d.

use stdx::go::number::{NumError, parse_float};

use super::token::{Kind, Payload};

/// Kind, length in bytes and value of the number at the start of `text`, which starts with a digit
/// or a point and a digit.
pub fn read(text: &str) -> Result<(Kind, usize, Payload), String> {
    if let Some((len, ns)) = duration_prefix(text) {
        return Ok((Kind::Duration, len, Payload::Int(ns)));
    }
    let bytes = text.as_bytes();
    let digits_from = |from: usize| {
        from + bytes[from..].iter().position(|b| !b.is_ascii_digit()).unwrap_or(bytes.len() - from)
    };
    let mut end = digits_from(0);
    let mut is_float = false;
    if bytes.get(end) == Some(&b'.') {
        is_float = true;
        end = digits_from(end + 1);
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = end + 1 + sign;
        if bytes.get(exponent).is_some_and(u8::is_ascii_digit) {
            is_float = true;
            end = digits_from(exponent);
        }
    }
    let literal = &text[..end];
    if is_float {
        return match parse_float(literal) {
            Ok(value) => Ok((Kind::Float, end, Payload::Float(value))),
            Err(error) => Err(number_error(&error)),
        };
    }
    match stdx::go::number::parse_int(literal, 10, 64) {
        Ok(value) => Ok((Kind::Integer, end, Payload::Int(value))),
        Err(error) => Err(number_error(&error)),
    }
}

fn number_error<T>(error: &NumError<T>) -> String
where
    NumError<T>: std::fmt::Display,
{
    error.to_string()
}

const UNITS: [(&str, u64); 11] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
    ("w", 604_800_000_000_000),
    ("y", 31_536_000_000_000_000),
];

/// The whole of `text` as a duration in nanoseconds.
pub fn parse_duration(text: &str) -> Option<i64> {
    duration_prefix(text).filter(|(len, _)| *len == text.len()).map(|(_, ns)| ns)
}

/// The longest row of numbers with units; `None` if the first has none or the sum passes 292 years.
fn duration_prefix(text: &str) -> Option<(usize, i64)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    let mut total: u64 = 0;
    loop {
        let number_len =
            bytes[at..].iter().position(|b| !(b.is_ascii_digit() || *b == b'.')).unwrap_or(bytes.len() - at);
        let number = &text[at..at + number_len];
        if !number.bytes().any(|b| b.is_ascii_digit()) || number.matches('.').count() > 1 {
            break;
        }
        let after = &text[at + number_len..];
        let word_len = after
            .find(|c: char| !(c.is_ascii_alphabetic() || c == '\u{b5}' || c == '\u{3bc}'))
            .unwrap_or(after.len());
        let word = &after[..word_len];
        let Some(&(_, unit_ns)) = UNITS.iter().find(|(unit, _)| *unit == word) else {
            break;
        };
        total = total.checked_add(scaled(number, unit_ns)?)?;
        at += number_len + word_len;
    }
    if at == 0 { None } else { i64::try_from(total).ok().map(|ns| (at, ns)) }
}

/// A decimal number times a unit, the fraction cut to whole nanoseconds.
fn scaled(number: &str, unit_ns: u64) -> Option<u64> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let whole_ns = if whole.is_empty() { 0 } else { whole.parse::<u64>().ok()?.checked_mul(unit_ns)? };
    // Eighteen digits are more than the largest unit can tell apart.
    let digits = &fraction[..fraction.len().min(18)];
    let numerator = if digits.is_empty() { 0 } else { digits.parse::<u128>().ok()? };
    let fraction_ns = numerator * u128::from(unit_ns) / 10_u128.pow(digits.len() as u32);
    whole_ns.checked_add(u64::try_from(fraction_ns).ok()?)
}
