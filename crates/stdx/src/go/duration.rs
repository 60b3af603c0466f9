//! Go's `time.Duration` as text: `time.ParseDuration` and `Duration.String`.
//!
//! In: a text such as `1h30m`, or nanoseconds in an `i64` (about 292 years either way). Out: the
//! other one, with Go's error texts. Fractions are cut exactly as Go cuts them.
//!
//! Deliberately not here: the durations of PromQL and LogQL (`1d`, `2w`), which their crates read.

use std::fmt;

const NS_PER_US: u64 = 1_000;
const NS_PER_MS: u64 = 1_000_000;
const NS_PER_S: u64 = 1_000_000_000;
/// The magnitude of the smallest `i64`: Go reads `-9223372036854775808ns`.
const MAGNITUDE_MAX: u64 = 1 << 63;

/// Why `time.ParseDuration` refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DurationError {
    Invalid { text: String },
    MissingUnit { text: String },
    UnknownUnit { unit: String, text: String },
}

impl fmt::Display for DurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid { text } => write!(f, "time: invalid duration {}", quote(text)),
            Self::MissingUnit { text } => {
                write!(f, "time: missing unit in duration {}", quote(text))
            }
            Self::UnknownUnit { unit, text } => {
                write!(f, "time: unknown unit {} in duration {}", quote(unit), quote(text))
            }
        }
    }
}

impl std::error::Error for DurationError {}

/// The quoting of package `time`, which is not `strconv.Quote`: every byte outside printable
/// ASCII is `\xNN`.
pub(super) fn quote(s: impl AsRef<[u8]>) -> String {
    let bytes = s.as_ref();
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push('"');
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => out.extend(['\\', char::from(byte)]),
            b' '..=0x7f => out.push(char::from(byte)),
            _ => out.push_str(&format!("\\x{byte:02x}")),
        }
    }
    out.push('"');
    out
}

/// `time.ParseDuration`: nanoseconds.
pub fn parse_duration(text: &str) -> Result<i64, DurationError> {
    let invalid = || DurationError::Invalid { text: text.to_owned() };
    let is_negative = text.starts_with('-');
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(invalid());
    }
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (value, tail) = whole_part(rest).ok_or_else(invalid)?;
        let has_whole = tail.len() < rest.len();
        rest = tail;
        let mut fraction = Fraction { digits: 0, scale: 1.0 };
        let mut has_fraction = false;
        if let Some(tail) = rest.strip_prefix('.') {
            let after;
            (fraction, after) = fraction_part(tail);
            has_fraction = after.len() < tail.len();
            rest = after;
        }
        if !has_whole && !has_fraction {
            return Err(invalid());
        }
        let unit_bytes = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
        let (unit, tail) = rest.split_at(unit_bytes);
        rest = tail;
        if unit.is_empty() {
            return Err(DurationError::MissingUnit { text: text.to_owned() });
        }
        let unit_ns = unit_ns(unit)
            .ok_or_else(|| DurationError::UnknownUnit { unit: unit.to_owned(), text: text.to_owned() })?;
        let mut part = value.checked_mul(unit_ns).ok_or_else(invalid)?;
        if fraction.digits > 0 {
            // Through f64, as Go does it, so that the cut digits agree.
            let extra = (fraction.digits as f64 * (unit_ns as f64 / fraction.scale)) as u64;
            part = part.checked_add(extra).ok_or_else(invalid)?;
        }
        total = total.checked_add(part).filter(|&ns| ns <= MAGNITUDE_MAX).ok_or_else(invalid)?;
    }
    if is_negative {
        return Ok((total as i64).wrapping_neg());
    }
    i64::try_from(total).map_err(|_| invalid())
}

fn unit_ns(unit: &str) -> Option<u64> {
    Some(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter mu.
        "us" | "\u{b5}s" | "\u{3bc}s" => NS_PER_US,
        "ms" => NS_PER_MS,
        "s" => NS_PER_S,
        "m" => 60 * NS_PER_S,
        "h" => 3_600 * NS_PER_S,
        _ => return None,
    })
}

/// The leading digits; none give 0. `None` on a value above 2^63.
fn whole_part(s: &str) -> Option<(u64, &str)> {
    let end = s.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(s.len());
    let mut value = 0_u64;
    for byte in s[..end].bytes() {
        value = value.checked_mul(10)?.checked_add(u64::from(byte - b'0'))?;
        if value > MAGNITUDE_MAX {
            return None;
        }
    }
    Some((value, &s[end..]))
}

/// Digits after the point, worth `digits / scale`.
struct Fraction {
    digits: u64,
    scale: f64,
}

/// Reads the digits after the point; those that would overflow are read and ignored.
fn fraction_part(s: &str) -> (Fraction, &str) {
    let end = s.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(s.len());
    let mut fraction = Fraction { digits: 0, scale: 1.0 };
    for byte in s[..end].bytes() {
        if fraction.digits > (MAGNITUDE_MAX - 1) / 10 {
            break;
        }
        let next = fraction.digits * 10 + u64::from(byte - b'0');
        if next > MAGNITUDE_MAX {
            break;
        }
        fraction.digits = next;
        fraction.scale *= 10.0;
    }
    (fraction, &s[end..])
}

/// `time.Duration.String`: `1h15m30.918s`, `1.5ms`, `0s`; leading zero units are left out.
pub fn format_duration(ns: i64) -> String {
    let magnitude = ns.unsigned_abs();
    let body = if magnitude == 0 {
        "0s".to_owned()
    } else if magnitude < NS_PER_S {
        let (unit_ns, unit) = match magnitude {
            0..NS_PER_US => (1, "ns"),
            NS_PER_US..NS_PER_MS => (NS_PER_US, "\u{b5}s"),
            _ => (NS_PER_MS, "ms"),
        };
        format!("{}{unit}", decimal(magnitude, unit_ns))
    } else {
        let minutes = magnitude / (60 * NS_PER_S);
        let seconds = decimal(magnitude % (60 * NS_PER_S), NS_PER_S);
        match (minutes / 60, minutes % 60) {
            (0, 0) => format!("{seconds}s"),
            (0, minutes) => format!("{minutes}m{seconds}s"),
            (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
        }
    };
    if ns < 0 { format!("-{body}") } else { body }
}

/// `value / unit` without trailing zeros; `unit` is a power of ten.
fn decimal(value: u64, unit: u64) -> String {
    let width = unit.ilog10() as usize;
    let fraction = value % unit;
    if fraction == 0 {
        return (value / unit).to_string();
    }
    let digits = format!("{fraction:0width$}");
    format!("{}.{}", value / unit, digits.trim_end_matches('0'))
}

#[cfg(test)]
mod tests;
