//! Durations as Prometheus writes them: `1h30m`, `7d`, `15ms`.
//!
//! In: text, or nanoseconds. Out: the other one, with the original's error texts. Literals outside of
//! brackets may also be Go durations (`1.5s`, `-300us`); `stdx::go::duration` reads those.

use stdx::go::duration::parse_duration as parse_go_duration;

/// Units from the largest on, in nanoseconds. A year has 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000_000_000),
    ("w", 7 * 24 * 3_600_000_000_000),
    ("d", 24 * 3_600_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
];

/// Nanoseconds of a Prometheus duration.
pub fn parse_prometheus(text: &str) -> Result<i64, String> {
    match text {
        "0" => return Ok(0),
        "" => return Err("empty duration string".to_owned()),
        _ => {}
    }
    let malformed = || format!("not a valid duration string: {}", stdx::go::quote::quote(text));
    let out_of_range = || "duration out of range".to_owned();
    let (mut total, mut rest, mut next_unit) = (0_u64, text, 0);
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let count: u64 = rest[..digits].parse().map_err(|_| malformed())?;
        rest = &rest[digits..];
        let unit_len = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        if unit_len == 0 {
            return Err(malformed());
        }
        let (unit, tail) = rest.split_at(unit_len);
        rest = tail;
        let position = UNITS.iter().position(|(name, _)| *name == unit).ok_or_else(|| {
            let quote = stdx::go::quote::quote;
            format!("unknown unit {} in duration {}", quote(unit), quote(text))
        })?;
        if position < next_unit {
            return Err(malformed());
        }
        next_unit = position + 1;
        total = count
            .checked_mul(UNITS[position].1)
            .and_then(|ns| total.checked_add(ns))
            .filter(|ns| *ns <= i64::MAX as u64)
            .ok_or_else(out_of_range)?;
    }
    i64::try_from(total).map_err(|_| out_of_range())
}

/// Nanoseconds of a literal: a Prometheus duration, else a Go one.
pub fn parse_literal(text: &str) -> Option<i64> {
    parse_prometheus(text).ok().or_else(|| parse_go_duration(text).ok())
}

/// A duration as Prometheus prints it, exact to the nanosecond: what is below a millisecond is printed
/// as Go does, which only offsets can have.
pub fn format_prometheus(ns: i64) -> String {
    if ns == 0 {
        return "0s".to_owned();
    }
    if ns % 1_000_000 != 0 {
        return stdx::go::duration::format_duration(ns);
    }
    let mut text = if ns < 0 { "-".to_owned() } else { String::new() };
    let mut rest = ns.unsigned_abs();
    // A negative duration must be one Go literal, which knows no unit above the hour.
    let units = if ns < 0 { &UNITS[3..] } else { &UNITS[..] };
    for (index, (name, unit)) in units.iter().enumerate() {
        // Years and weeks only when nothing is left over, as the original prints them.
        let is_large = ns > 0 && index < 2;
        if rest >= *unit && (!is_large || rest.is_multiple_of(*unit)) {
            text.push_str(&(rest / unit).to_string());
            text.push_str(name);
            rest %= unit;
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_prints() {
        for (text, ns) in [
            ("1h30m", 5_400_000_000_000),
            ("1w", 604_800_000_000_000),
            ("8d", 691_200_000_000_000),
            ("10y", 315_360_000_000_000_000),
            ("15ms", 15_000_000),
            ("-1h30m", -5_400_000_000_000),
            ("1.5us", 1_500),
            ("0s", 0),
        ] {
            assert_eq!(format_prometheus(ns).replace('\u{b5}', "u"), text);
            assert_eq!(parse_literal(text), Some(ns), "{text}");
        }
        assert_eq!(parse_prometheus("1.5m").unwrap_err(), r#"unknown unit "." in duration "1.5m""#);
        assert_eq!(parse_prometheus("300y").unwrap_err(), "duration out of range");
    }
}
