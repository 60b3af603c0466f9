//! `time.Parse`.
//!
//! In: a layout and a text. Out: the time, in UTC unless the text names another zone. A zone
//! abbreviation other than UTC is kept with an offset that Go makes up (0, or the hours of
//! `GMT+3`), since there is no zone database. Stricter than Go in one place: no sign is taken inside a
//! two-digit year or a fraction (`-1` for `06`).

use std::fmt;

use super::civil::{days_from_civil, days_in_month, is_leap};
use super::layout::{Element, LONG_MONTHS, LONG_WEEKDAYS, OffsetForm, next_chunk};
use super::{Time, Zone};
use crate::go::duration::quote;

/// Go's `time.ParseError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeError {
    layout: String,
    value: String,
    kind: ErrorKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ErrorKind {
    /// The rest of the value does not fit the element or text of the layout.
    Mismatch { layout_part: Vec<u8>, value_part: Vec<u8> },
    /// A message that replaces the layout.
    Message(String),
}

impl fmt::Display for TimeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parsing time {}", quote(&self.value))?;
        match &self.kind {
            ErrorKind::Message(message) => write!(f, ": {message}"),
            ErrorKind::Mismatch { layout_part, value_part } => write!(
                f,
                " as {}: cannot parse {} as {}",
                quote(&self.layout),
                quote(value_part),
                quote(layout_part)
            ),
        }
    }
}

impl std::error::Error for TimeError {}

/// What is wrong with one element.
enum Wrong {
    Mismatch,
    Range(&'static str),
}

/// Fields as they are read.
#[derive(Default)]
struct Fields {
    year: i64,
    month: Option<u32>,
    day: Option<u32>,
    day_of_year: Option<u32>,
    hour: u32,
    minute: u32,
    second: u32,
    ns: u32,
    is_pm: bool,
    is_am: bool,
    is_utc: bool,
    offset_s: Option<i32>,
    zone_name: Option<String>,
}

/// `time.Parse`.
pub fn parse(layout: &str, value: &str) -> Result<Time, TimeError> {
    let fail = |kind| TimeError { layout: layout.to_owned(), value: value.to_owned(), kind };
    let mut fields = Fields::default();
    let mut layout_rest = layout.as_bytes();
    let mut rest = value.as_bytes();
    loop {
        let chunk = next_chunk(layout_rest);
        rest = skip(rest, chunk.prefix).map_err(|rest| {
            fail(ErrorKind::Mismatch { layout_part: chunk.prefix.to_vec(), value_part: rest.to_vec() })
        })?;
        let Some((element, element_text)) = chunk.element else {
            break;
        };
        layout_rest = chunk.rest;
        rest = fields.read(element, rest, layout_rest).map_err(|wrong| {
            fail(match wrong {
                Wrong::Mismatch => {
                    ErrorKind::Mismatch { layout_part: element_text.to_vec(), value_part: rest.to_vec() }
                }
                Wrong::Range(what) => ErrorKind::Message(format!("{what} out of range")),
            })
        })?;
    }
    if !rest.is_empty() {
        return Err(fail(ErrorKind::Message(format!("extra text: {}", quote(rest)))));
    }
    fields.finish().map_err(|message| fail(ErrorKind::Message(message.to_owned())))
}

/// Takes the literal text of a layout off the value; a run of spaces matches any run. The error is
/// the rest where they part.
fn skip<'v>(mut value: &'v [u8], mut prefix: &[u8]) -> Result<&'v [u8], &'v [u8]> {
    while let Some((&wanted, tail)) = prefix.split_first() {
        if wanted == b' ' {
            if value.first().is_some_and(|&byte| byte != b' ') {
                return Err(value);
            }
            prefix = cut_spaces(prefix);
            value = cut_spaces(value);
            continue;
        }
        match value.split_first() {
            Some((&byte, after)) if byte == wanted => value = after,
            _ => return Err(value),
        }
        prefix = tail;
    }
    Ok(value)
}

fn cut_spaces(s: &[u8]) -> &[u8] {
    let spaces = s.iter().take_while(|&&byte| byte == b' ').count();
    &s[spaces..]
}

fn is_digit(s: &[u8], index: usize) -> bool {
    s.get(index).is_some_and(u8::is_ascii_digit)
}

/// All bytes as a number; at most nine digits reach here.
fn number(digits: &[u8]) -> Result<u32, Wrong> {
    let text = std::str::from_utf8(digits).map_err(|_| Wrong::Mismatch)?;
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Wrong::Mismatch);
    }
    text.parse().map_err(|_| Wrong::Mismatch)
}

/// One or two digits, or exactly two.
fn two_digits(s: &[u8], is_fixed: bool) -> Result<(u32, &[u8]), Wrong> {
    let count = match (is_digit(s, 0), is_digit(s, 1)) {
        (true, true) => 2,
        (true, false) if !is_fixed => 1,
        _ => return Err(Wrong::Mismatch),
    };
    Ok((number(&s[..count])?, &s[count..]))
}

/// The position of the name that starts the text, in any ASCII case, cut to `length` bytes.
fn name<'v>(names: &[&str], length: Option<usize>, s: &'v [u8]) -> Result<(u32, &'v [u8]), Wrong> {
    for (index, name) in (0_u32..).zip(names) {
        let name = &name.as_bytes()[..length.unwrap_or(name.len())];
        if s.get(..name.len()).is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            return Ok((index, &s[name.len()..]));
        }
    }
    Err(Wrong::Mismatch)
}

fn below(value: u32, limit: u32, what: &'static str) -> Result<u32, Wrong> {
    if value < limit { Ok(value) } else { Err(Wrong::Range(what)) }
}

/// The separator and `digits` digits as nanoseconds; digits after the ninth are dropped.
fn nanoseconds(s: &[u8], digits: usize) -> Result<u32, Wrong> {
    let separator = s.first().ok_or(Wrong::Mismatch)?;
    let all = s.get(1..1 + digits).ok_or(Wrong::Mismatch)?;
    if !matches!(separator, b'.' | b',') {
        return Err(Wrong::Mismatch);
    }
    let kept = &all[..all.len().min(9)];
    let scale = (kept.len()..9).fold(1, |scale, _| scale * 10);
    Ok(number(kept)? * scale)
}

fn digits_after_separator(s: &[u8]) -> usize {
    match s.first() {
        Some(b'.' | b',') => s[1..].iter().take_while(|byte| byte.is_ascii_digit()).count(),
        _ => 0,
    }
}

impl Fields {
    /// Reads one element; gives the rest of the value.
    fn read<'v>(&mut self, element: Element, s: &'v [u8], layout_rest: &[u8]) -> Result<&'v [u8], Wrong> {
        let (value, rest) = match element {
            Element::LongMonth => name(&LONG_MONTHS, None, s)?,
            Element::Month => name(&LONG_MONTHS, Some(3), s)?,
            Element::LongWeekday => name(&LONG_WEEKDAYS, None, s)?,
            Element::Weekday => name(&LONG_WEEKDAYS, Some(3), s)?,
            Element::NumMonth | Element::Day | Element::Hour | Element::Hour12 => two_digits(s, false)?,
            Element::Minute | Element::Second => two_digits(s, false)?,
            Element::ZeroMonth | Element::ZeroDay | Element::ZeroHour12 => two_digits(s, true)?,
            Element::ZeroMinute | Element::ZeroSecond => two_digits(s, true)?,
            Element::UnderDay => two_digits(s.strip_prefix(b" ").unwrap_or(s), false)?,
            Element::UnderYearDay | Element::ZeroYearDay => year_day(s, element == Element::ZeroYearDay)?,
            Element::Year => two_digits(s, true)?,
            Element::LongYear => {
                let digits = s.get(..4).ok_or(Wrong::Mismatch)?;
                (number(digits)?, &s[4..])
            }
            Element::UpperPm => meridiem(s, b"AM", b"PM")?,
            Element::LowerPm => meridiem(s, b"am", b"pm")?,
            Element::Offset(form) => return self.read_offset(form, s),
            Element::ZoneName => return self.read_zone_name(s),
            Element::Fraction0 { digits } => {
                self.ns = nanoseconds(s, digits)?;
                return Ok(&s[1 + digits..]);
            }
            Element::Fraction9 { .. } => return self.read_fraction(s),
        };
        match element {
            Element::LongMonth | Element::Month => self.month = Some(value + 1),
            Element::NumMonth | Element::ZeroMonth => {
                if !(1..=12).contains(&value) {
                    return Err(Wrong::Range("month"));
                }
                self.month = Some(value);
            }
            // The day is judged at the end, when month and year are known.
            Element::Day | Element::UnderDay | Element::ZeroDay => self.day = Some(value),
            Element::UnderYearDay | Element::ZeroYearDay => self.day_of_year = Some(value),
            Element::Hour => self.hour = below(value, 24, "hour")?,
            Element::Hour12 | Element::ZeroHour12 => self.hour = below(value, 13, "hour")?,
            Element::Minute | Element::ZeroMinute => self.minute = below(value, 60, "minute")?,
            Element::Second | Element::ZeroSecond => {
                self.second = below(value, 60, "second")?;
                // A fraction may follow seconds even if the layout has none.
                let next = next_chunk(layout_rest).element.map(|(element, _)| element);
                let has_own = matches!(next, Some(Element::Fraction0 { .. } | Element::Fraction9 { .. }));
                if !has_own {
                    return self.read_fraction(rest);
                }
            }
            Element::Year => self.year = i64::from(value) + if value >= 69 { 1900 } else { 2000 },
            Element::LongYear => self.year = i64::from(value),
            Element::UpperPm | Element::LowerPm => {
                (self.is_am, self.is_pm) = (self.is_am || value == 0, self.is_pm || value == 1);
            }
            _ => {}
        }
        Ok(rest)
    }

    /// An optional fraction of any length.
    fn read_fraction<'v>(&mut self, s: &'v [u8]) -> Result<&'v [u8], Wrong> {
        let digits = digits_after_separator(s);
        if digits == 0 {
            return Ok(s);
        }
        self.ns = nanoseconds(s, digits)?;
        Ok(&s[1 + digits..])
    }

    fn read_offset<'v>(&mut self, form: OffsetForm, s: &'v [u8]) -> Result<&'v [u8], Wrong> {
        if form.has_z
            && let Some(rest) = s.strip_prefix(b"Z")
        {
            self.is_utc = true;
            return Ok(rest);
        }
        let (&sign, mut rest) = s.split_first().ok_or(Wrong::Mismatch)?;
        let mut pairs: [&[u8]; 3] = [b"00"; 3];
        let count = 1 + usize::from(form.has_minutes) + usize::from(form.has_seconds);
        for (index, pair) in pairs.iter_mut().take(count).enumerate() {
            if index > 0 && form.has_colon {
                rest = rest.strip_prefix(b":").ok_or(Wrong::Mismatch)?;
            }
            (*pair, rest) = rest.split_at_checked(2).ok_or(Wrong::Mismatch)?;
        }
        let mut parts = [0_u32; 3];
        let mut wrong = None;
        for (part, pair) in parts.iter_mut().zip(pairs) {
            match two_digits(pair, true) {
                Ok((value, _)) => *part = value,
                Err(error) => {
                    wrong = Some(error);
                    break;
                }
            }
        }
        let [hours, minutes, seconds] = parts;
        // Offsets of 24 hours and 60 minutes exist in the wild; Go lets them pass. It reports a
        // part out of range, the smallest first, before a part that is no number.
        below(seconds, 61, "time zone offset second")?;
        below(minutes, 61, "time zone offset minute")?;
        below(hours, 25, "time zone offset hour")?;
        if let Some(wrong) = wrong {
            return Err(wrong);
        }
        let offset = i32::try_from((hours * 60 + minutes) * 60 + seconds).unwrap_or(0);
        self.offset_s = Some(match sign {
            b'+' => offset,
            b'-' => -offset,
            _ => return Err(Wrong::Mismatch),
        });
        Ok(rest)
    }

    fn read_zone_name<'v>(&mut self, s: &'v [u8]) -> Result<&'v [u8], Wrong> {
        if let Some(rest) = s.strip_prefix(b"UTC") {
            self.is_utc = true;
            return Ok(rest);
        }
        let length = zone_name_bytes(s).ok_or(Wrong::Mismatch)?;
        let (name, rest) = s.split_at(length);
        self.zone_name = Some(String::from_utf8_lossy(name).into_owned());
        Ok(rest)
    }

    fn finish(self) -> Result<Time, &'static str> {
        let hour = match self.hour {
            hour @ 0..12 if self.is_pm => hour + 12,
            12 if self.is_am => 0,
            hour => hour,
        };
        let (month, day) = self.date()?;
        let days = days_from_civil(self.year, month, day);
        let seconds_of_day = i64::from(hour * 3_600 + self.minute * 60 + self.second);
        let civil_s = days * 86_400 + seconds_of_day;
        let name = self.zone_name.unwrap_or_default();
        let (unix_s, zone) = match self.offset_s {
            _ if self.is_utc => (civil_s, Zone::Utc),
            Some(0) if name.is_empty() => (civil_s, Zone::Utc),
            Some(offset_s) => (civil_s - i64::from(offset_s), Zone::Fixed { offset_s, name }),
            None if name.is_empty() => (civil_s, Zone::Utc),
            None => {
                let hours = name.strip_prefix("GMT").and_then(|hours| hours.parse::<i32>().ok());
                (civil_s, Zone::Fixed { offset_s: hours.unwrap_or(0) * 3_600, name })
            }
        };
        Ok(Time { unix_s, ns: self.ns, zone })
    }

    fn date(&self) -> Result<(u32, u32), &'static str> {
        let (month, day) = match self.day_of_year {
            None => (self.month.unwrap_or(1), self.day.unwrap_or(1)),
            Some(day_of_year) => {
                let (month, day) =
                    date_of_year_day(self.year, day_of_year).ok_or("day-of-year out of range")?;
                if self.month.is_some_and(|given| given != month) {
                    return Err("day-of-year does not match month");
                }
                if self.day.is_some_and(|given| given != day) {
                    return Err("day-of-year does not match day");
                }
                (month, day)
            }
        };
        if day < 1 || day > days_in_month(self.year, month) {
            return Err("day out of range");
        }
        Ok((month, day))
    }
}

fn date_of_year_day(year: i64, day_of_year: u32) -> Option<(u32, u32)> {
    if day_of_year < 1 || day_of_year > 365 + u32::from(is_leap(year)) {
        return None;
    }
    let mut rest = day_of_year;
    for month in 1..=12 {
        let length = days_in_month(year, month);
        if rest <= length {
            return Some((month, rest));
        }
        rest -= length;
    }
    None
}

/// Up to three digits, or exactly three; `__2` allows two spaces before.
fn year_day(s: &[u8], is_fixed: bool) -> Result<(u32, &[u8]), Wrong> {
    let mut rest = s;
    if !is_fixed {
        for _ in 0..2 {
            rest = rest.strip_prefix(b" ").unwrap_or(rest);
        }
    }
    let count = rest.iter().take(3).take_while(|byte| byte.is_ascii_digit()).count();
    if count == 0 || (is_fixed && count != 3) {
        return Err(Wrong::Mismatch);
    }
    Ok((number(&rest[..count])?, &rest[count..]))
}

fn meridiem<'v>(s: &'v [u8], am: &[u8], pm: &[u8]) -> Result<(u32, &'v [u8]), Wrong> {
    match (s.strip_prefix(am), s.strip_prefix(pm)) {
        (Some(rest), _) => Ok((0, rest)),
        (_, Some(rest)) => Ok((1, rest)),
        _ => Err(Wrong::Mismatch),
    }
}

/// The length of a zone abbreviation: three capitals, four or five that end in T, `WITA`, `ChST`,
/// `MeST`, `GMT` with hours, or hours with a sign.
fn zone_name_bytes(s: &[u8]) -> Option<usize> {
    if s.len() < 3 {
        return None;
    }
    if s.starts_with(b"ChST") || s.starts_with(b"MeST") {
        return Some(4);
    }
    if let Some(rest) = s.strip_prefix(b"GMT") {
        return Some(3 + signed_hours_bytes(rest).unwrap_or(0));
    }
    if matches!(s[0], b'+' | b'-') {
        return signed_hours_bytes(s);
    }
    let capitals = s.iter().take(6).take_while(|byte| byte.is_ascii_uppercase()).count();
    match capitals {
        5 if s[4] == b'T' => Some(5),
        4 if s[3] == b'T' || s.starts_with(b"WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// The length of a sign and hours up to 23.
fn signed_hours_bytes(s: &[u8]) -> Option<usize> {
    let (sign, rest) = s.split_first()?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let hours = rest[..digits]
        .iter()
        .fold(0_u32, |hours, byte| hours.saturating_mul(10).saturating_add(u32::from(byte - b'0')));
    let is_hours = matches!(sign, b'+' | b'-') && digits > 0 && hours <= 23;
    if is_hours { Some(1 + digits) } else { None }
}
