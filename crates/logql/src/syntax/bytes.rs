//! Sizes in bytes, as people write them.
//!
//! In: text such as `5MB`, `1.5 KiB` or `12`. Out: bytes, with the original's error texts, and exact
//! literals for a number of bytes.

use stdx::go::number::{NumError, parse_float};

const UNITS: [(&str, f64); 24] = [
    ("b", 1.0),
    ("kib", 1024.0),
    ("kb", 1e3),
    ("mib", 1_048_576.0),
    ("mb", 1e6),
    ("gib", 1_073_741_824.0),
    ("gb", 1e9),
    ("tib", 1_099_511_627_776.0),
    ("tb", 1e12),
    ("pib", 1_125_899_906_842_624.0),
    ("pb", 1e15),
    ("eib", 1_152_921_504_606_846_976.0),
    ("eb", 1e18),
    ("", 1.0),
    ("ki", 1024.0),
    ("k", 1e3),
    ("mi", 1_048_576.0),
    ("m", 1e6),
    ("gi", 1_073_741_824.0),
    ("g", 1e9),
    ("ti", 1_099_511_627_776.0),
    ("t", 1e12),
    ("pi", 1_125_899_906_842_624.0),
    ("p", 1e15),
];

/// Bytes of a size in any case, with spaces and commas; a bare number means bytes. The product is cut
/// to whole bytes.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let number_len = text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(text.len());
    let number: std::borrow::Cow<'_, str> = if text[..number_len].contains(',') {
        text[..number_len].replace(',', "").into()
    } else {
        text[..number_len].into()
    };
    let value = parse_float(&number).map_err(|error: NumError<f64>| error.to_string())?;
    let unit = stdx::go::text::to_lower(stdx::go::text::trim_space(&text[number_len..]));
    let factor = UNITS
        .iter()
        .chain(&[("ei", 1_152_921_504_606_846_976.0), ("e", 1e18)])
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
        .ok_or_else(|| format!("unhandled size name: {unit}"))?;
    let bytes = value * factor;
    if bytes >= u64::MAX as f64 {
        return Err(format!("too large: {text}"));
    }
    Ok(bytes as u64)
}

/// The shortest exact literal: the largest unit of 1000, else of 1024, that divides the number.
pub fn format_literal(bytes: u64) -> String {
    const DECIMAL: [(&str, u64); 5] = [
        ("PB", 1_000_000_000_000_000),
        ("TB", 1_000_000_000_000),
        ("GB", 1_000_000_000),
        ("MB", 1_000_000),
        ("kB", 1_000),
    ];
    const BINARY: [(&str, u64); 5] =
        [("PiB", 1 << 50), ("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (name, unit) in DECIMAL.iter().chain(&BINARY) {
        if bytes > 0 && bytes.is_multiple_of(*unit) {
            return format!("{}{name}", bytes / unit);
        }
    }
    format!("{bytes}B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_sizes() {
        let check = |text: &str, want: &str| {
            let got = parse_size(text).map_or_else(|error| error, |bytes| bytes.to_string());
            assert_eq!(got, want, "{text}");
        };
        check("42kB", "42000");
        check("1.5 KiB", "1536");
        check("1,000", "1000");
        check("2EB", "2000000000000000000");
        check("2qb", "unhandled size name: qb");
        check("", r#"strconv.ParseFloat: parsing "": invalid syntax"#);
        for bytes in [0, 1, 1000, 1024, 1536, 10_000_000_000] {
            assert_eq!(parse_size(&format_literal(bytes)), Ok(bytes));
        }
    }
}
