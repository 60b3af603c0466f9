//! Go's `strings` and `unicode` functions whose meaning differs from Rust's namesakes.
//!
//! In: `&str`, `char`, and bytes that may hold broken UTF-8. Out: what Go answers. Case mapping is
//! rune by rune with the simple mappings (`strings.ToUpper("\u{df}")` stays one rune), and classes
//! are Unicode 15.0 general categories, not Rust's derived properties.
//!
//! Deliberately not here: collation, normalisation, and functions that Rust has with one meaning.

use std::fmt;
use std::sync::LazyLock;

/// Inclusive, sorted, disjoint ranges of code points.
struct RangeTable(Vec<(u32, u32)>);

impl RangeTable {
    /// Builds the table from a class in the syntax of the `regex` crate, cut to Unicode 15.0.
    /// An unparsable class would give the empty table; the tests pin every class used here.
    fn of(class: &str) -> Self {
        let pattern = format!("[{class}&&\\p{{age:15.0}}]");
        let ranges = regex_syntax::parse(&pattern).ok().map(|hir| match hir.into_kind() {
            regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) => class
                .ranges()
                .iter()
                .map(|range| (u32::from(range.start()), u32::from(range.end())))
                .collect(),
            _ => Vec::new(),
        });
        Self(ranges.unwrap_or_default())
    }

    fn contains(&self, c: char) -> bool {
        let c = u32::from(c);
        let after = self.0.partition_point(|&(first, _)| first <= c);
        after > 0 && c <= self.0[after - 1].1
    }
}

static LETTER: LazyLock<RangeTable> = LazyLock::new(|| RangeTable::of(r"\p{gc=L}"));
static DIGIT: LazyLock<RangeTable> = LazyLock::new(|| RangeTable::of(r"\p{gc=Nd}"));
static UPPER: LazyLock<RangeTable> = LazyLock::new(|| RangeTable::of(r"\p{gc=Lu}"));
static LOWER: LazyLock<RangeTable> = LazyLock::new(|| RangeTable::of(r"\p{gc=Ll}"));
static PRINT: LazyLock<RangeTable> =
    LazyLock::new(|| RangeTable::of(r"[\p{gc=L}\p{gc=M}\p{gc=N}\p{gc=P}\p{gc=S}]"));
static ASSIGNED: LazyLock<RangeTable> = LazyLock::new(|| RangeTable::of(r"\x{0}-\x{10FFFF}"));

/// `unicode.IsLetter`: general category L.
pub fn is_letter(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_alphabetic() } else { LETTER.contains(c) }
}

/// `unicode.IsDigit`: general category Nd.
pub fn is_digit(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_digit() } else { DIGIT.contains(c) }
}

/// `unicode.IsUpper`: general category Lu.
pub fn is_upper(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_uppercase() } else { UPPER.contains(c) }
}

/// `unicode.IsLower`: general category Ll.
pub fn is_lower(c: char) -> bool {
    if c.is_ascii() { c.is_ascii_lowercase() } else { LOWER.contains(c) }
}

/// `unicode.IsSpace`: the property White_Space.
pub fn is_space(c: char) -> bool {
    c.is_whitespace()
}

/// `unicode.IsPrint` and `strconv.IsPrint`: categories L, M, N, P, S and the ASCII space.
pub fn is_print(c: char) -> bool {
    if c.is_ascii() { (' '..='~').contains(&c) } else { PRINT.contains(c) }
}

/// `utf8.DecodeRune`: the first rune and its width in bytes. A broken sequence gives U+FFFD with
/// width 1, as in Go (and unlike `String::from_utf8_lossy`, which joins bytes); empty input gives
/// U+FFFD with width 0.
pub fn decode_rune(bytes: &[u8]) -> (char, usize) {
    let head = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(c) => (c, c.len_utf8()),
        None => (char::REPLACEMENT_CHARACTER, head.len().min(1)),
    }
}

/// `[]rune` conversion as text: each byte that is not UTF-8 becomes one U+FFFD.
pub fn repair_utf8(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// `unicode.ToUpper`: the simple mapping, always one rune.
pub fn upper_rune(c: char) -> char {
    let mut mapped = c.to_uppercase();
    match (mapped.next(), mapped.next()) {
        (Some(upper), None) if is_known_pair(c, upper) => upper,
        (Some(_), None) | (None, _) => c,
        // Only these runes with a longer full mapping have a simple mapping as well.
        (Some(_), Some(_)) => match u32::from(c) {
            code @ (0x1f80..=0x1f87 | 0x1f90..=0x1f97 | 0x1fa0..=0x1fa7) => shifted(c, code + 8),
            code @ (0x1fb3 | 0x1fc3 | 0x1ff3) => shifted(c, code + 9),
            _ => c,
        },
    }
}

/// `unicode.ToLower`: the simple mapping, always one rune.
pub fn lower_rune(c: char) -> char {
    let mut mapped = c.to_lowercase();
    match (mapped.next(), mapped.next()) {
        (Some(lower), None) if is_known_pair(c, lower) => lower,
        // U+0130 is the one rune whose full mapping is longer; its simple mapping is `i`.
        (Some(lower), Some(_)) => lower,
        _ => c,
    }
}

/// `unicode.ToTitle`: as upper case but for the Latin digraphs and the Georgian letters.
pub fn title_rune(c: char) -> char {
    match u32::from(c) {
        0x1c4..=0x1c6 => '\u{1c5}',
        0x1c7..=0x1c9 => '\u{1c8}',
        0x1ca..=0x1cc => '\u{1cb}',
        0x1f1..=0x1f3 => '\u{1f2}',
        0x10d0..=0x10fa | 0x10fd..=0x10ff => c,
        _ => upper_rune(c),
    }
}

/// True if the mapping existed in Unicode 15.0: Rust's newer tables pair some old letters with
/// letters that Go does not know yet.
fn is_known_pair(from: char, to: char) -> bool {
    to.is_ascii() || (ASSIGNED.contains(from) && ASSIGNED.contains(to))
}

fn shifted(c: char, code: u32) -> char {
    char::from_u32(code).unwrap_or(c)
}

/// `strings.ToUpper`.
pub fn to_upper(s: &str) -> String {
    s.chars().map(upper_rune).collect()
}

/// `strings.ToLower`.
pub fn to_lower(s: &str) -> String {
    s.chars().map(lower_rune).collect()
}

/// `strings.ToTitle`: every letter in title case.
pub fn to_title(s: &str) -> String {
    s.chars().map(title_rune).collect()
}

/// `strings.Title`: the first letter of each word in title case. An underscore does not end a
/// word, an apostrophe does (`don't` becomes `Don'T`).
pub fn title(s: &str) -> String {
    let mut previous = ' ';
    s.chars()
        .map(|c| {
            let mapped = if is_separator(previous) { title_rune(c) } else { c };
            previous = c;
            mapped
        })
        .collect()
}

fn is_separator(c: char) -> bool {
    if c.is_ascii() {
        return !(c.is_ascii_alphanumeric() || c == '_');
    }
    !is_letter(c) && !is_digit(c) && is_space(c)
}

/// `strings.TrimSpace`.
pub fn trim_space(s: &str) -> &str {
    s.trim_matches(is_space)
}

/// `strings.Fields`.
pub fn fields(s: &str) -> Vec<&str> {
    s.split(is_space).filter(|field| !field.is_empty()).collect()
}

/// Why `strings.Repeat` refused. Go panics with these texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatError {
    Negative,
    Overflow,
}

impl fmt::Display for RepeatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Negative => "strings: negative Repeat count",
            Self::Overflow => "strings: Repeat output length overflow",
        })
    }
}

impl std::error::Error for RepeatError {}

/// `strings.Repeat`. Go knows no bound but the address space; a server needs one, so an output
/// above `bytes_max` is `Overflow` as well.
pub fn repeat(s: &str, count: i64, bytes_max: usize) -> Result<String, RepeatError> {
    let count = u64::try_from(count).map_err(|_| RepeatError::Negative)?;
    if s.is_empty() {
        return Ok(String::new());
    }
    let count = usize::try_from(count).map_err(|_| RepeatError::Overflow)?;
    match s.len().checked_mul(count) {
        Some(bytes) if bytes <= bytes_max => Ok(s.repeat(count)),
        _ => Err(RepeatError::Overflow),
    }
}

#[cfg(test)]
mod tests;
