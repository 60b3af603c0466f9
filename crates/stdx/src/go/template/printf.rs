//! `fmt.Sprintf` over the values of a template.

use super::value::Value;
use crate::go::number::{FloatFormat, format_float};
use crate::go::quote::{can_backquote, quote, quote_rune, quote_to_ascii};

/// Go takes no width or precision beyond this.
const WIDTH_MAX: i64 = 1_000_000;

/// Widths are bounded further, so that no line becomes a megabyte by one verb.
const PADDED_MAX: usize = 65_536;

#[derive(Debug, Default, Clone, Copy)]
struct Verb {
    plus: bool,
    minus: bool,
    sharp: bool,
    space: bool,
    zero: bool,
    width: Option<usize>,
    precision: Option<usize>,
}

/// `fmt.Sprintf(format, args...)`; `fields` gives the pairs of the root.
pub fn sprintf(format: &str, args: &[Value<'_>], fields: &dyn Fn() -> Vec<(String, String)>) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut reordered = false;
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let mut verb = Verb::default();
        while let Some(flag) = rest.bytes().next() {
            match flag {
                b'#' => verb.sharp = true,
                b'0' => verb.zero = true,
                b'+' => verb.plus = true,
                b'-' => verb.minus = true,
                b' ' => verb.space = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        rest = argument_number(rest, &mut used, &mut reordered, args.len());
        if let Some(tail) = rest.strip_prefix('*') {
            rest = tail;
            match take_int(args, &mut used) {
                Some(width) => {
                    verb.minus |= width < 0;
                    verb.width = Some(width.unsigned_abs() as usize);
                }
                None => out.push_str("%!(BADWIDTH)"),
            }
        } else {
            (verb.width, rest) = digits(rest);
        }
        if let Some(tail) = rest.strip_prefix('.') {
            rest = argument_number(tail, &mut used, &mut reordered, args.len());
            if let Some(tail) = rest.strip_prefix('*') {
                rest = tail;
                match take_int(args, &mut used) {
                    Some(precision) if precision >= 0 => verb.precision = Some(precision as usize),
                    Some(_) => {}
                    None => out.push_str("%!(BADPREC)"),
                }
            } else {
                let (precision, tail) = digits(rest);
                verb.precision = Some(precision.unwrap_or(0));
                rest = tail;
            }
        }
        verb.width = verb.width.map(|width| width.min(PADDED_MAX));
        verb.precision = verb.precision.map(|precision| precision.min(PADDED_MAX));
        rest = argument_number(rest, &mut used, &mut reordered, args.len());
        let Some(letter) = rest.chars().next() else {
            out.push_str("%!(NOVERB)");
            break;
        };
        rest = &rest[letter.len_utf8()..];
        if letter == '%' {
            out.push('%');
            continue;
        }
        match args.get(used) {
            Some(value) => {
                used += 1;
                out.push_str(&format_value(verb, letter, value, fields));
            }
            None => out.push_str(&format!("%!{letter}(MISSING)")),
        }
    }
    if !rest.contains('%') {
        out.push_str(rest);
    }
    if !reordered && used < args.len() {
        out.push_str("%!(EXTRA ");
        for (index, value) in args[used..].iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            if *value == Value::Nil {
                out.push_str("<nil>");
                continue;
            }
            out.push_str(value.type_name());
            out.push('=');
            value.print(fields, &mut out);
        }
        out.push(')');
    }
    out
}

/// `[n]` before a width, precision or verb.
fn argument_number<'a>(rest: &'a str, used: &mut usize, reordered: &mut bool, count: usize) -> &'a str {
    let Some((number, tail)) = rest.strip_prefix('[').and_then(|tail| tail.split_once(']')) else {
        return rest;
    };
    *reordered = true;
    match number.parse::<usize>() {
        Ok(number) if number >= 1 && number <= count => *used = number - 1,
        _ => *used = count,
    }
    tail
}

fn digits(rest: &str) -> (Option<usize>, &str) {
    let length = rest.bytes().take_while(u8::is_ascii_digit).count();
    (rest[..length].parse().ok(), &rest[length..])
}

fn take_int(args: &[Value<'_>], used: &mut usize) -> Option<i64> {
    let value = args.get(*used)?;
    *used += 1;
    match value {
        Value::Int(value) if value.abs() <= WIDTH_MAX => Some(*value),
        _ => None,
    }
}

fn pad(verb: Verb, text: &str, zero: bool) -> String {
    let missing = verb.width.unwrap_or(0).saturating_sub(text.chars().count());
    if missing == 0 {
        return text.to_owned();
    }
    if verb.minus {
        return format!("{text}{}", " ".repeat(missing));
    }
    if zero && verb.zero {
        let sign_len = usize::from(text.starts_with(['+', '-', ' ']));
        let (sign, rest) = text.split_at(sign_len);
        return format!("{sign}{}{rest}", "0".repeat(missing));
    }
    format!("{}{text}", " ".repeat(missing))
}

fn format_value(
    verb: Verb,
    letter: char,
    value: &Value<'_>,
    fields: &dyn Fn() -> Vec<(String, String)>,
) -> String {
    let text = |value: &Value<'_>| {
        let mut out = String::new();
        value.print(fields, &mut out);
        out
    };
    let bad = || match value {
        Value::Nil => format!("%!{letter}(<nil>)"),
        _ => format!("%!{letter}({}={})", value.type_name(), text(value)),
    };
    match (letter, value) {
        ('T', _) => pad(verb, value.type_name(), false),
        ('v', Value::String(string)) if verb.sharp => pad(verb, &quote(string), false),
        ('v', Value::Float(number)) => pad(verb, &float(verb, 'g', *number), true),
        ('v', Value::Int(number)) => pad(verb, &integer(verb, *number, 10, false), true),
        ('v' | 's', Value::String(string)) => pad(verb, truncate(verb, string), true),
        ('v', other) => pad(verb, &text(other), false),
        ('s', Value::List(items)) | ('d' | 'q', Value::List(items)) => {
            let parts: Vec<String> =
                items.iter().map(|item| format_value(verb, letter, item, fields)).collect();
            format!("[{}]", parts.join(" "))
        }
        ('s', Value::Root | Value::Map(_) | Value::Time(_)) => pad(verb, &text(value), false),
        ('t', Value::Bool(_)) => pad(verb, &text(value), false),
        ('q', Value::String(string)) => {
            let string = truncate(verb, string);
            let quoted = if verb.sharp && can_backquote(string) {
                format!("`{string}`")
            } else if verb.plus {
                quote_to_ascii(string)
            } else {
                quote(string)
            };
            pad(verb, &quoted, false)
        }
        ('x' | 'X', Value::String(string)) => pad(verb, &hex(verb, letter, string), false),
        ('d', Value::Int(number)) => pad(verb, &integer(verb, *number, 10, false), true),
        ('b', Value::Int(number)) => pad(verb, &integer(verb, *number, 2, false), true),
        ('o', Value::Int(number)) => pad(verb, &integer(verb, *number, 8, false), true),
        ('O', Value::Int(number)) => {
            let text = integer(verb, *number, 8, false);
            pad(
                verb,
                &text.replacen(
                    |c: char| c.is_ascii_digit(),
                    &format!("0o{}", text.chars().find(char::is_ascii_digit).unwrap_or('0')),
                    1,
                ),
                true,
            )
        }
        ('x', Value::Int(number)) => pad(verb, &integer(verb, *number, 16, false), true),
        ('X', Value::Int(number)) => pad(verb, &integer(verb, *number, 16, true), true),
        ('c', Value::Int(number)) => pad(verb, &rune(*number).to_string(), false),
        ('q', Value::Int(number)) => pad(verb, &quote_rune(rune(*number)), false),
        ('U', Value::Int(number)) => pad(verb, &format!("U+{number:04X}"), false),
        ('e' | 'E' | 'f' | 'F' | 'g' | 'G', Value::Float(number)) => {
            pad(verb, &float(verb, letter, *number), number.is_finite())
        }
        _ => bad(),
    }
}

fn truncate(verb: Verb, text: &str) -> &str {
    match verb.precision.and_then(|count| text.char_indices().nth(count)) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

fn rune(number: i64) -> char {
    u32::try_from(number).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
}

fn sign(verb: Verb, is_negative: bool) -> &'static str {
    if is_negative {
        "-"
    } else if verb.plus {
        "+"
    } else if verb.space {
        " "
    } else {
        ""
    }
}

fn integer(verb: Verb, number: i64, base: u32, is_upper: bool) -> String {
    let magnitude = number.unsigned_abs();
    let mut digits = crate::go::number::format_uint(magnitude, base).unwrap_or_default();
    if is_upper {
        digits.make_ascii_uppercase();
    }
    if let Some(precision) = verb.precision {
        let missing = precision.saturating_sub(digits.len());
        digits.insert_str(0, &"0".repeat(missing));
    }
    let prefix = match (verb.sharp, base) {
        (true, 16) if is_upper => "0X",
        (true, 16) => "0x",
        (true, 8) => "0",
        (true, 2) => "0b",
        _ => "",
    };
    format!("{}{prefix}{digits}", sign(verb, number < 0))
}

fn float(verb: Verb, letter: char, number: f64) -> String {
    let (format, precision) = match letter {
        'e' => (FloatFormat::Exponent, Some(verb.precision.unwrap_or(6))),
        'E' => (FloatFormat::UpperExponent, Some(verb.precision.unwrap_or(6))),
        'G' => (FloatFormat::UpperGeneral, verb.precision),
        'g' => (FloatFormat::General, verb.precision),
        _ => (FloatFormat::Fixed, Some(verb.precision.unwrap_or(6))),
    };
    let text = format_float(number, format, precision.map(|precision| precision as u32));
    match text.strip_prefix(['-', '+']) {
        Some(rest) if number.is_finite() || number < 0.0 => {
            format!("{}{rest}", sign(verb, number < 0.0 || text.starts_with('-')))
        }
        // `+Inf` shows its sign always.
        Some(_) => text,
        None => format!("{}{text}", sign(verb, false)),
    }
}

fn hex(verb: Verb, letter: char, text: &str) -> String {
    let bytes = text.as_bytes();
    let bytes = &bytes[..verb.precision.unwrap_or(bytes.len()).min(bytes.len())];
    let mut out = String::with_capacity(bytes.len() * 2);
    for (index, byte) in bytes.iter().enumerate() {
        if verb.space && index > 0 {
            out.push(' ');
        }
        if verb.sharp && (index == 0 || verb.space) {
            out.push_str(if letter == 'x' { "0x" } else { "0X" });
        }
        out.push_str(&if letter == 'x' { format!("{byte:02x}") } else { format!("{byte:02X}") });
    }
    out
}
