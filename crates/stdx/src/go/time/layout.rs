//! Go's reference layout: finds the elements (`2006`, `Jan`, `.000`, ...) in a layout.
//!
//! In: a layout. Out: the text before the first element, the element, and the rest. Formatting and
//! parsing both walk a layout with it. Positions are bytes: a layout is ASCII where it matters.

/// One element of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Element {
    LongMonth,
    Month,
    NumMonth,
    ZeroMonth,
    LongWeekday,
    Weekday,
    Day,
    UnderDay,
    ZeroDay,
    UnderYearDay,
    ZeroYearDay,
    Hour,
    Hour12,
    ZeroHour12,
    Minute,
    ZeroMinute,
    Second,
    ZeroSecond,
    LongYear,
    Year,
    UpperPm,
    LowerPm,
    ZoneName,
    Offset(OffsetForm),
    /// `.000`: all digits.
    Fraction0 {
        digits: usize,
    },
    /// `.999`: without trailing zeros.
    Fraction9 {
        digits: usize,
    },
}

/// How an offset is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetForm {
    /// UTC is `Z`.
    pub(super) has_z: bool,
    pub(super) has_colon: bool,
    pub(super) has_minutes: bool,
    pub(super) has_seconds: bool,
}

pub(super) const LONG_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
pub(super) const LONG_WEEKDAYS: [&str; 7] =
    ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Longest first, so that `-07:00` is not taken for `-07`.
const OFFSETS: [(&[u8], OffsetForm); 5] = [
    (b"07:00:00", offset_form(true, true, true)),
    (b"070000", offset_form(false, true, true)),
    (b"07:00", offset_form(true, true, false)),
    (b"0700", offset_form(false, true, false)),
    (b"07", offset_form(false, false, false)),
];

const fn offset_form(has_colon: bool, has_minutes: bool, has_seconds: bool) -> OffsetForm {
    OffsetForm { has_z: false, has_colon, has_minutes, has_seconds }
}

/// The first element: the text before, the element with its own text, the rest.
pub(super) struct Chunk<'l> {
    pub(super) prefix: &'l [u8],
    pub(super) element: Option<(Element, &'l [u8])>,
    pub(super) rest: &'l [u8],
}

pub(super) fn next_chunk(layout: &[u8]) -> Chunk<'_> {
    for index in 0..layout.len() {
        if let Some((element, skipped, length)) = element_at(&layout[index..]) {
            let start = index + skipped;
            let end = start + length;
            return Chunk {
                prefix: &layout[..start],
                element: Some((element, &layout[start..end])),
                rest: &layout[end..],
            };
        }
    }
    Chunk { prefix: layout, element: None, rest: b"" }
}

/// The element at the start, the bytes to skip before it and its length.
fn element_at(s: &[u8]) -> Option<(Element, usize, usize)> {
    let is_lower_after = |at: usize| s.get(at).is_some_and(u8::is_ascii_lowercase);
    let found = match *s.first()? {
        b'J' if s.starts_with(b"January") => (Element::LongMonth, 7),
        b'J' if s.starts_with(b"Jan") && !is_lower_after(3) => (Element::Month, 3),
        b'M' if s.starts_with(b"Monday") => (Element::LongWeekday, 6),
        b'M' if s.starts_with(b"Mon") && !is_lower_after(3) => (Element::Weekday, 3),
        b'M' if s.starts_with(b"MST") => (Element::ZoneName, 3),
        b'0' => match s.get(1)? {
            b'1' => (Element::ZeroMonth, 2),
            b'2' => (Element::ZeroDay, 2),
            b'3' => (Element::ZeroHour12, 2),
            b'4' => (Element::ZeroMinute, 2),
            b'5' => (Element::ZeroSecond, 2),
            b'6' => (Element::Year, 2),
            b'0' if s.get(2) == Some(&b'2') => (Element::ZeroYearDay, 3),
            _ => return None,
        },
        b'1' if s.get(1) == Some(&b'5') => (Element::Hour, 2),
        b'1' => (Element::NumMonth, 1),
        b'2' if s.starts_with(b"2006") => (Element::LongYear, 4),
        b'2' => (Element::Day, 1),
        // The underscore before a year is a literal.
        b'_' if s.starts_with(b"_2006") => return Some((Element::LongYear, 1, 4)),
        b'_' if s.starts_with(b"_2") => (Element::UnderDay, 2),
        b'_' if s.starts_with(b"__2") => (Element::UnderYearDay, 3),
        b'3' => (Element::Hour12, 1),
        b'4' => (Element::Minute, 1),
        b'5' => (Element::Second, 1),
        b'P' if s.starts_with(b"PM") => (Element::UpperPm, 2),
        b'p' if s.starts_with(b"pm") => (Element::LowerPm, 2),
        sign @ (b'-' | b'Z') => {
            let &(text, form) = OFFSETS.iter().find(|(text, _)| s[1..].starts_with(text))?;
            let form = OffsetForm { has_z: sign == b'Z', ..form };
            (Element::Offset(form), text.len() + 1)
        }
        b'.' | b',' => {
            let kind = *s.get(1).filter(|byte| matches!(byte, b'0' | b'9'))?;
            let digits = s[1..].iter().take_while(|&&byte| byte == kind).count();
            if s.get(1 + digits).is_some_and(u8::is_ascii_digit) {
                return None;
            }
            let element =
                if kind == b'0' { Element::Fraction0 { digits } } else { Element::Fraction9 { digits } };
            (element, 1 + digits)
        }
        _ => return None,
    };
    Some((found.0, 0, found.1))
}
