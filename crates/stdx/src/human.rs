//! Sizes and durations as people write them in flags and configuration files.
//!
//! In: `64 MiB`, `128MB`, `1.5h`, `30d`. Out: bytes as `u64`, nanoseconds as `i64`. The dialects have
//! their own duration grammars (`stdx::go::duration` and theirs); this one is for configuration only.

/// Parses a byte size: a decimal number and a unit out of `B`, `kB`/`MB`/`GB`/`TB` (powers of 1000)
/// and `KiB`/`MiB`/`GiB`/`TiB` (powers of 1024); no unit means bytes.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor: f64 = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024.0 * 1024.0,
        "gib" => 1024.0 * 1024.0 * 1024.0,
        "tib" => 1024.0 * 1024.0 * 1024.0 * 1024.0,
        _ => return Err(format!("`{text}` is no size: write it like `64MiB` or `500MB`")),
    };
    let value = number
        .parse::<f64>()
        .ok()
        .filter(|value| value.is_finite() && *value >= 0.0)
        .ok_or_else(|| format!("`{text}` is no size: write it like `64MiB` or `500MB`"))?;
    Ok((value * factor).round() as u64)
}

/// Parses a duration: one or more decimal numbers, each with a unit out of `ns us ms s m h d w`.
/// The result is in nanoseconds.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no duration: write it like `30s`, `1h30m` or `30d`");
    let mut rest = text.trim();
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total = 0f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).ok_or_else(wrong)?;
        let (number, tail) = rest.split_at(digits);
        let end = tail.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        let factor = match unit {
            "ns" => 1.0,
            "us" => 1e3,
            "ms" => 1e6,
            "s" => 1e9,
            "m" => 60e9,
            "h" => 3600e9,
            "d" => 86_400e9,
            "w" => 7.0 * 86_400e9,
            _ => return Err(wrong()),
        };
        total += number.parse::<f64>().map_err(|_| wrong())? * factor;
        rest = tail.trim_start();
    }
    if total >= i64::MAX as f64 { Err(wrong()) } else { Ok(total.round() as i64) }
}

/// Prints a byte size with at most one decimal, in powers of 1024.
pub fn format_bytes(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut value = bytes as f64;
    let mut unit = 0;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if unit == 0 || (value * 10.0).round() % 10.0 == 0.0 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// Prints a duration in nanoseconds with three significant digits and one unit, such as `12.3ms`.
pub fn format_duration(nanos: i64) -> String {
    let size = nanos.unsigned_abs() as f64;
    let (value, unit) = match size {
        s if s < 1e3 => (s, "ns"),
        s if s < 1e6 => (s / 1e3, "us"),
        s if s < 1e9 => (s / 1e6, "ms"),
        s if s < 60e9 => (s / 1e9, "s"),
        s if s < 3600e9 => (s / 60e9, "m"),
        s => (s / 3600e9, "h"),
    };
    let sign = if nanos < 0 { "-" } else { "" };
    let decimals = if unit == "ns" || value >= 100.0 {
        0
    } else if value >= 10.0 {
        1
    } else {
        2
    };
    format!("{sign}{value:.decimals$}{unit}")
}

fn split(text: &str) -> (&str, &str) {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, want) in
            [("0", Ok(0)), ("64MiB", Ok(64 << 20)), ("1.5 kB", Ok(1500)), ("2GB", Ok(2_000_000_000))]
        {
            assert_eq!(parse_bytes(text), want, "{text}");
        }
        for text in ["", "MiB", "12 parsecs", "-1", "1e3MB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations() {
        for (text, want) in [("30s", 30_000_000_000), ("1h30m", 5_400_000_000_000), ("1.5ms", 1_500_000)] {
            assert_eq!(parse_duration(text), Ok(want), "{text}");
        }
        for text in ["", "5", "h", "1y", "-3s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        assert_eq!(format_duration(12_345_678), "12.3ms");
        assert_eq!(format_duration(-999), "-999ns");
        assert_eq!(format_bytes(64 << 20), "64 MiB");
    }
}
