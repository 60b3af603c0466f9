//! `Time.Format`.
//!
//! In: a time and a layout. Out: the text. Anything in the layout that is no element stays as it is.

use super::layout::{Element, LONG_MONTHS, LONG_WEEKDAYS, OffsetForm, next_chunk};
use super::{Time, Zone};

/// `Time.Format`.
pub fn format(time: &Time, layout: &str) -> String {
    let mut out = Vec::with_capacity(layout.len() + 8);
    let mut rest = layout.as_bytes();
    let civil = time.civil();
    loop {
        let chunk = next_chunk(rest);
        out.extend_from_slice(chunk.prefix);
        let Some((element, element_text)) = chunk.element else {
            break;
        };
        rest = chunk.rest;
        let month_name = LONG_MONTHS[civil.month.clamp(1, 12) as usize - 1];
        let weekday_name = LONG_WEEKDAYS[civil.weekday.min(6) as usize];
        let hour12 = match civil.hour % 12 {
            0 => 12,
            hour => hour,
        };
        let text = match element {
            Element::LongMonth => month_name.to_owned(),
            Element::Month => month_name[..3].to_owned(),
            Element::NumMonth => civil.month.to_string(),
            Element::ZeroMonth => format!("{:02}", civil.month),
            Element::LongWeekday => weekday_name.to_owned(),
            Element::Weekday => weekday_name[..3].to_owned(),
            Element::Day => civil.day.to_string(),
            Element::UnderDay => format!("{:2}", civil.day),
            Element::ZeroDay => format!("{:02}", civil.day),
            Element::UnderYearDay => format!("{:3}", civil.day_of_year),
            Element::ZeroYearDay => format!("{:03}", civil.day_of_year),
            Element::Hour => format!("{:02}", civil.hour),
            Element::Hour12 => hour12.to_string(),
            Element::ZeroHour12 => format!("{hour12:02}"),
            Element::Minute => civil.minute.to_string(),
            Element::ZeroMinute => format!("{:02}", civil.minute),
            Element::Second => civil.second.to_string(),
            Element::ZeroSecond => format!("{:02}", civil.second),
            Element::LongYear if civil.year < 0 => format!("-{:04}", civil.year.unsigned_abs()),
            Element::LongYear => format!("{:04}", civil.year),
            Element::Year => format!("{:02}", civil.year.unsigned_abs() % 100),
            Element::UpperPm => if civil.hour >= 12 { "PM" } else { "AM" }.to_owned(),
            Element::LowerPm => if civil.hour >= 12 { "pm" } else { "am" }.to_owned(),
            Element::ZoneName => zone_name(&time.zone),
            Element::Offset(form) => offset(time.zone.offset_s(), form),
            Element::Fraction0 { digits } => fraction(time.ns, digits, element_text),
            Element::Fraction9 { digits } => {
                let text = fraction(time.ns, digits, element_text);
                text.trim_end_matches('0').trim_end_matches(['.', ',']).to_owned()
            }
        };
        out.extend_from_slice(text.as_bytes());
    }
    // A chunk boundary lies only beside ASCII, so the pieces join to the UTF-8 they came from.
    String::from_utf8(out).unwrap_or_else(|error| super::super::text::repair_utf8(error.as_bytes()))
}

/// The separator of the layout and the leading digits; there are nine at most.
fn fraction(ns: u32, digits: usize, element_text: &[u8]) -> String {
    let separator = if element_text.starts_with(b",") { ',' } else { '.' };
    let all = format!("{ns:09}");
    let shown = all.get(..digits.min(9)).unwrap_or_default();
    format!("{separator}{shown}")
}

/// The abbreviation; a zone without one shows its offset.
fn zone_name(zone: &Zone) -> String {
    match zone {
        Zone::Utc => "UTC".to_owned(),
        Zone::Fixed { name, .. } if !name.is_empty() => name.clone(),
        Zone::Fixed { offset_s, .. } => {
            let (sign, minutes) = minutes(*offset_s);
            format!("{sign}{:02}{:02}", minutes / 60, minutes % 60)
        }
    }
}

/// Go cuts the seconds before it looks at the sign.
fn minutes(offset_s: i32) -> (char, u32) {
    let minutes = offset_s / 60;
    (if minutes < 0 { '-' } else { '+' }, minutes.unsigned_abs())
}

fn offset(offset_s: i32, form: OffsetForm) -> String {
    if form.has_z && offset_s == 0 {
        return "Z".to_owned();
    }
    let (sign, minutes) = minutes(offset_s);
    let colon = if form.has_colon { ":" } else { "" };
    let mut text = format!("{sign}{:02}", minutes / 60);
    if form.has_minutes {
        text.push_str(&format!("{colon}{:02}", minutes % 60));
    }
    if form.has_seconds {
        text.push_str(&format!("{colon}{:02}", offset_s.unsigned_abs() % 60));
    }
    text
}
