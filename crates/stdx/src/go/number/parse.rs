//! Text to numbers: `strconv.ParseFloat`, `ParseInt`, `ParseUint`, `ParseBool`, `Atoi`.
//!
//! In: a text, without surrounding space. Out: the value, or [`NumError`] with Go's text and the
//! value that Go returns beside the error (an infinity, or the nearest integer that fits).
//!
//! Deliberately not here: 32-bit floats and complex numbers.

use std::fmt;

use crate::go::quote::quote;

/// `strconv.NumError`. `value` is what Go returns beside it.
#[derive(Debug, Clone, PartialEq)]
pub struct NumError<T> {
    /// The Go function, for example `ParseFloat`.
    pub function: &'static str,
    /// The refused text.
    pub text: String,
    pub reason: Reason,
    pub value: T,
}

/// Why a number was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// `strconv.ErrSyntax`.
    Syntax,
    /// `strconv.ErrRange`.
    Range,
    /// The base is neither 0 nor from 2 to 36.
    Base(u32),
    /// The bit size is above 64.
    BitSize(u32),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("invalid syntax"),
            Self::Range => f.write_str("value out of range"),
            Self::Base(base) => write!(f, "invalid base {base}"),
            Self::BitSize(bits) => write!(f, "invalid bit size {bits}"),
        }
    }
}

impl<T> fmt::Display for NumError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&quoted_number_error(self.function, &self.text, self.reason))
    }
}

impl<T: fmt::Debug> std::error::Error for NumError<T> {}

/// The text of Go's `NumError`, for callers that refuse numbers by rules of their own.
pub fn quoted_number_error(function: &str, text: &str, reason: Reason) -> String {
    format!("strconv.{function}: parsing {}: {reason}", quote(text))
}

/// `strconv.ParseBool`.
pub fn parse_bool(text: &str) -> Result<bool, NumError<bool>> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(error("ParseBool", text, Reason::Syntax, false)),
    }
}

/// `strconv.Atoi`.
pub fn atoi(text: &str) -> Result<i64, NumError<i64>> {
    signed("Atoi", text, 10, 64)
}

/// `strconv.ParseInt`. Base 0 reads the prefixes `0b`, `0o`, `0x`, `0` and underscores between
/// digits; bit size 0 is 64.
pub fn parse_int(text: &str, base: u32, bits: u32) -> Result<i64, NumError<i64>> {
    signed("ParseInt", text, base, bits)
}

/// `strconv.ParseUint`: as [`parse_int`], without any sign.
pub fn parse_uint(text: &str, base: u32, bits: u32) -> Result<u64, NumError<u64>> {
    unsigned(text, base, bits).map_err(|(reason, value)| error("ParseUint", text, reason, value))
}

fn error<T>(function: &'static str, text: &str, reason: Reason, value: T) -> NumError<T> {
    NumError { function, text: text.to_owned(), reason, value }
}

fn signed(function: &'static str, text: &str, base: u32, bits: u32) -> Result<i64, NumError<i64>> {
    let is_negative = text.starts_with('-');
    let magnitude = match unsigned(text.strip_prefix(['-', '+']).unwrap_or(text), base, bits) {
        Ok(magnitude) => magnitude,
        Err((Reason::Range, magnitude)) => magnitude,
        Err((reason, _)) => return Err(error(function, text, reason, 0)),
    };
    // `unsigned` has refused bit sizes above 64.
    let limit = 1_u64 << (if bits == 0 { 63 } else { bits.min(64) - 1 });
    match is_negative {
        false if magnitude >= limit => Err(error(function, text, Reason::Range, (limit - 1) as i64)),
        true if magnitude > limit => Err(error(function, text, Reason::Range, (limit as i64).wrapping_neg())),
        false => Ok(magnitude as i64),
        true => Ok((magnitude as i64).wrapping_neg()),
    }
}

fn unsigned(text: &str, base: u32, bits: u32) -> Result<u64, (Reason, u64)> {
    if text.is_empty() {
        return Err((Reason::Syntax, 0));
    }
    let is_free_base = base == 0;
    let (digits, base) = match base {
        0 => base_prefix(text),
        2..=36 => (text, base),
        _ => return Err((Reason::Base(base), 0)),
    };
    let max = match bits {
        0 | 64 => u64::MAX,
        1..=63 => (1 << bits) - 1,
        _ => return Err((Reason::BitSize(bits), 0)),
    };
    let mut value = 0_u64;
    let mut has_underscore = false;
    if digits.is_empty() && text != "0" {
        return Err((Reason::Syntax, 0));
    }
    for c in digits.chars() {
        if c == '_' && is_free_base {
            has_underscore = true;
            continue;
        }
        let digit = c.to_digit(base).ok_or((Reason::Syntax, 0))?;
        // Go reports the range before it looks at the characters behind.
        value = value
            .checked_mul(u64::from(base))
            .and_then(|value| value.checked_add(u64::from(digit)))
            .filter(|&value| value <= max)
            .ok_or((Reason::Range, max))?;
    }
    if has_underscore && !are_underscores_between_digits(text) {
        return Err((Reason::Syntax, 0));
    }
    Ok(value)
}

fn base_prefix(text: &str) -> (&str, u32) {
    let Some(rest) = text.strip_prefix('0') else {
        return (text, 10);
    };
    let letter = rest.bytes().next().filter(|_| text.len() >= 3);
    match letter.map(|letter| letter.to_ascii_lowercase()) {
        Some(b'b') => (&rest[1..], 2),
        Some(b'o') => (&rest[1..], 8),
        Some(b'x') => (&rest[1..], 16),
        _ => (rest, 8),
    }
}

/// Go's rule for literals: an underscore stands between two digits, where a base prefix counts as
/// a digit.
fn are_underscores_between_digits(text: &str) -> bool {
    let text = text.strip_prefix(['-', '+']).unwrap_or(text);
    let bytes = text.as_bytes();
    let prefix = matches!(bytes, [b'0', b'b' | b'B' | b'o' | b'O' | b'x' | b'X', ..]);
    let is_hex = matches!(bytes, [b'0', b'x' | b'X', ..]);
    // What stood before: a digit or prefix, an underscore, or anything else.
    let mut before = if prefix { '0' } else { '^' };
    for &byte in &bytes[if prefix { 2 } else { 0 }..] {
        if byte.is_ascii_digit() || (is_hex && byte.is_ascii_hexdigit()) {
            before = '0';
        } else if byte == b'_' {
            if before != '0' {
                return false;
            }
            before = '_';
        } else {
            if before == '_' {
                return false;
            }
            before = '!';
        }
    }
    before != '_'
}

/// `strconv.ParseFloat(text, 64)`: decimal and hexadecimal floats with underscores between digits,
/// and `inf`, `infinity` (either sign) and `nan` (no sign) in any case. Out of range gives the
/// infinity in the error.
pub fn parse_float(text: &str) -> Result<f64, NumError<f64>> {
    let syntax = || error("ParseFloat", text, Reason::Syntax, 0.0);
    let is_negative = text.starts_with('-');
    let body = text.strip_prefix(['-', '+']).unwrap_or(text);
    let magnitude = if body.eq_ignore_ascii_case("inf") || body.eq_ignore_ascii_case("infinity") {
        return Ok(if is_negative { f64::NEG_INFINITY } else { f64::INFINITY });
    } else if text.eq_ignore_ascii_case("nan") {
        return Ok(f64::NAN);
    } else {
        finite(body).ok_or_else(syntax)?
    };
    if body.contains('_') && !are_underscores_between_digits(body) {
        return Err(syntax());
    }
    let value = if is_negative { -magnitude } else { magnitude };
    if value.is_infinite() {
        return Err(error("ParseFloat", text, Reason::Range, value));
    }
    Ok(value)
}

/// An unsigned float whose underscores are still to be judged; an overflow gives the infinity.
fn finite(body: &str) -> Option<f64> {
    let plain: String = body.chars().filter(|&c| c != '_').collect();
    if let [b'0', b'x' | b'X', ..] = body.as_bytes() {
        return hex_float(plain.get(2..)?);
    }
    let has_digit = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    let is_clean = plain.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    // Rust's grammar of what is left is Go's (`.5`, `5.`, `1e5`), and both round half to even.
    if has_digit && is_clean { plain.parse().ok() } else { None }
}

/// Hexadecimal digits with an obligatory `p` exponent, rounded half to even.
fn hex_float(body: &str) -> Option<f64> {
    let (mantissa_text, exponent_text) = body.split_once(['p', 'P'])?;
    let unsigned_exponent = exponent_text.strip_prefix(['-', '+']).unwrap_or(exponent_text);
    let is_number = |s: &str| !s.is_empty() && s.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(unsigned_exponent) {
        return None;
    }
    let (whole, fraction) = mantissa_text.split_once('.').unwrap_or((mantissa_text, ""));
    if whole.len() + fraction.len() == 0 {
        return None;
    }
    // Go stops counting here as well; the result is 0 or infinite long before.
    let magnitude = unsigned_exponent
        .bytes()
        .fold(0_i64, |value, byte| if value < 10_000 { value * 10 + i64::from(byte - b'0') } else { value });
    let mut exponent = if exponent_text.starts_with('-') { -magnitude } else { magnitude };
    let mut mantissa = 0_u64;
    let mut is_inexact = false;
    for (index, c) in whole.chars().chain(fraction.chars()).enumerate() {
        let digit = c.to_digit(16)?;
        if mantissa >> 60 == 0 {
            mantissa = mantissa << 4 | u64::from(digit);
            exponent -= if index >= whole.len() { 4 } else { 0 };
        } else {
            is_inexact |= digit != 0;
            exponent += if index >= whole.len() { 0 } else { 4 };
        }
    }
    Some(assemble(mantissa, exponent, is_inexact))
}

/// `mantissa * 2^exponent` as the nearest `f64`, ties to even; `is_inexact` says that the true
/// mantissa is a little larger.
fn assemble(mantissa: u64, exponent: i64, is_inexact: bool) -> f64 {
    const FRACTION_BITS: i64 = 52;
    const EXPONENT_MIN: i64 = -1_074;
    if mantissa == 0 {
        return 0.0;
    }
    let shift_left = i64::from(mantissa.leading_zeros());
    let mantissa = mantissa << shift_left;
    let exponent = exponent - shift_left;
    // The top 53 bits stay, fewer for subnormals, whose last bit is worth 2^-1074.
    let dropped = (63 - FRACTION_BITS).max(EXPONENT_MIN - exponent);
    if dropped > 64 {
        return 0.0;
    }
    let (kept, rest) =
        if dropped == 64 { (0, mantissa) } else { (mantissa >> dropped, mantissa << (64 - dropped)) };
    let half = 1_u64 << 63;
    let rounds_up = rest > half || (rest == half && (is_inexact || kept & 1 == 1));
    let kept = kept + u64::from(rounds_up);
    let unit = exponent + dropped;
    // `kept` is at most 2^53. A carry into the next binade lands right because the exponent field
    // follows the fraction field.
    let field = unit - EXPONENT_MIN;
    if kept >> 53 != 0 && field >= 2_045 || field > 2_045 {
        return f64::INFINITY;
    }
    let bits = ((field.max(0) as u64) << FRACTION_BITS) + kept;
    f64::from_bits(bits)
}
