//! Durations as Prometheus writes them: `1h30m`, `5m`, `1y2w3d`.
//!
//! In: a text, or milliseconds. Out: the other one, with the error texts of Prometheus' duration
//! parser. Units come in the order y w d h m s ms, each at most once; a year has 365 days.

use stdx::go::quote::quote;

/// Units from large to small with their milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// The largest duration that Go's nanoseconds hold, in milliseconds.
const DURATION_MS_MAX: i64 = i64::MAX / 1_000_000;

/// Milliseconds of a duration; the error is Prometheus' text.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let invalid = || format!("not a valid duration string: {}", quote(text));
    match text {
        "0" => return Ok(0),
        "" => return Err("empty duration string".to_owned()),
        _ => {}
    }
    let mut rest = text;
    let mut units = UNITS.iter();
    let mut total: i64 = 0;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        let letters = tail.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, tail) = tail.split_at(letters);
        let &(_, unit_ms) = units.find(|(name, _)| *name == unit).ok_or_else(invalid)?;
        if number.is_empty() {
            return Err(invalid());
        }
        total = number
            .parse::<i64>()
            .ok()
            .and_then(|number| number.checked_mul(unit_ms))
            .and_then(|part| total.checked_add(part))
            .filter(|&ms| ms <= DURATION_MS_MAX)
            .ok_or_else(|| "duration out of range".to_owned())?;
        rest = tail;
    }
    Ok(total)
}

/// The text of a duration in milliseconds: the largest units that are exact for years and weeks,
/// then days and below.
pub fn format_duration(ms: i64) -> String {
    if ms == 0 {
        return "0s".to_owned();
    }
    let mut out = String::new();
    if ms < 0 {
        out.push('-');
    }
    let mut rest = ms.unsigned_abs();
    for (unit, unit_ms) in UNITS {
        let unit_ms = unit_ms.unsigned_abs();
        let must_be_exact = matches!(unit, "y" | "w");
        if rest < unit_ms || (must_be_exact && !rest.is_multiple_of(unit_ms)) {
            continue;
        }
        out.push_str(&format!("{}{unit}", rest / unit_ms));
        rest %= unit_ms;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_round_trip() {
        for text in ["5m", "1h30m", "1w", "1y", "3d12h", "1s500ms", "90d", "0s"] {
            assert_eq!(format_duration(parse_duration(text).unwrap()), text);
        }
        assert_eq!(parse_duration("5m1h").unwrap_err(), "not a valid duration string: \"5m1h\"");
        assert_eq!(parse_duration("300y").unwrap_err(), "duration out of range");
        assert_eq!(parse_duration("").unwrap_err(), "empty duration string");
    }
}
