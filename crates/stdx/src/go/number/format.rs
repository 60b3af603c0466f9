//! Numbers to text: `strconv.FormatFloat`, `FormatInt`, `FormatUint`, and the float format of
//! `encoding/json`.
//!
//! In: a number. Out: Go's text. The digits come from Rust's own exact printer, which rounds like
//! Go's (shortest digits that read back, else half to even on the exact value); only the layout
//! is Go's. Deliberately not here: the formats `b` and `x`, which no dialect prints.

/// The format letter of `strconv.FormatFloat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FloatFormat {
    /// `e`: `-d.dddde+dd`.
    Exponent,
    /// `E`: `-d.ddddE+dd`.
    UpperExponent,
    /// `f`: `-ddd.dddd`.
    Fixed,
    /// `g`: `e` for large exponents, else `f`.
    General,
    /// `G`: `E` for large exponents, else `f`.
    UpperGeneral,
}

/// No `f64` has more decimals than 1074 or more significant digits than 767; beyond, all are 0.
const EXACT_DIGITS_MAX: usize = 1_100;
/// The exponent from which shortest `g` switches to `e`; `%v` shares it (`1000000.0` is `1e+06`).
const SHORTEST_EXPONENT_LIMIT: i32 = 6;

/// Decimal digits `0.d1 d2 d3 ... * 10^point`, without trailing zeros; none stand for zero.
struct Digits {
    text: Vec<u8>,
    point: i32,
}

/// `strconv.FormatFloat(value, format, precision, 64)`. A precision of `None` is Go's -1, the
/// fewest digits that read back as the same value; that with `General` is `%v` and `%g`.
pub fn format_float(value: f64, format: FloatFormat, precision: Option<u32>) -> String {
    format_digits(value, || format!("{:e}", value.abs()), format, precision)
}

/// `strconv.FormatFloat(float64(value), format, precision, 32)`.
pub fn format_float32(value: f32, format: FloatFormat, precision: Option<u32>) -> String {
    format_digits(f64::from(value), || format!("{:e}", value.abs()), format, precision)
}

/// A finite `f64` as `encoding/json` writes it: fixed unless the exponent is below -6 or from 21
/// on, and then with no leading zero in the exponent. `None` for the values that Go refuses, which
/// are the infinities and NaN.
pub fn format_float_json(value: f64) -> Option<String> {
    if !value.is_finite() {
        return None;
    }
    let magnitude = value.abs();
    if magnitude == 0.0 || (1e-6..1e21).contains(&magnitude) {
        return Some(format_float(value, FloatFormat::Fixed, None));
    }
    let text = format_float(value, FloatFormat::Exponent, None);
    Some(match text.split_once("e-0") {
        Some((mantissa, digit)) => format!("{mantissa}e-{digit}"),
        None => text,
    })
}

fn format_digits(
    value: f64,
    shortest: impl Fn() -> String,
    format: FloatFormat,
    precision: Option<u32>,
) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let mut out = String::new();
    if value.is_sign_negative() {
        out.push('-');
    }
    let magnitude = value.abs();
    let wanted = precision.map(|precision| precision as usize);
    match format {
        FloatFormat::Exponent | FloatFormat::UpperExponent => {
            let digits = match wanted {
                None => Digits::read(&shortest()),
                Some(wanted) => significant(magnitude, wanted.saturating_add(1)),
            };
            let decimals = wanted.unwrap_or(digits.text.len().saturating_sub(1));
            push_exponent(&mut out, &digits, decimals, exponent_mark(format));
        }
        FloatFormat::Fixed => match wanted {
            None => {
                let digits = Digits::read(&shortest());
                let decimals = digits.len_i32().saturating_sub(digits.point).max(0);
                push_fixed(&mut out, &digits, usize::try_from(decimals).unwrap_or(0));
            }
            Some(wanted) => {
                let exact = wanted.min(EXACT_DIGITS_MAX);
                out.push_str(&format!("{magnitude:.exact$}"));
                out.extend(std::iter::repeat_n('0', wanted - exact));
            }
        },
        FloatFormat::General | FloatFormat::UpperGeneral => {
            let wanted = wanted.map(|wanted| wanted.max(1));
            let digits = match wanted {
                None => Digits::read(&shortest()),
                Some(wanted) => significant(magnitude, wanted),
            };
            let exponent = digits.exponent();
            if exponent < -4 || exponent >= exponent_limit(&digits, wanted) {
                let decimals = digits.text.len().saturating_sub(1);
                push_exponent(&mut out, &digits, decimals, exponent_mark(format));
            } else {
                let decimals = digits.len_i32().saturating_sub(digits.point).max(0);
                push_fixed(&mut out, &digits, usize::try_from(decimals).unwrap_or(0));
            }
        }
    }
    out
}

/// The exponent from which `g` switches to `e`.
fn exponent_limit(digits: &Digits, wanted: Option<usize>) -> i32 {
    let Some(wanted) = wanted else {
        return SHORTEST_EXPONENT_LIMIT;
    };
    let wanted = i32::try_from(wanted).unwrap_or(i32::MAX);
    if wanted > digits.len_i32() && digits.len_i32() >= digits.point {
        return digits.len_i32();
    }
    wanted
}

fn exponent_mark(format: FloatFormat) -> char {
    match format {
        FloatFormat::UpperExponent | FloatFormat::UpperGeneral => 'E',
        _ => 'e',
    }
}

fn significant(magnitude: f64, count: usize) -> Digits {
    let decimals = count.clamp(1, EXACT_DIGITS_MAX) - 1;
    Digits::read(&format!("{magnitude:.decimals$e}"))
}

impl Digits {
    /// Reads Rust's `d.ddde-dd`.
    fn read(scientific: &str) -> Self {
        let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific, "0"));
        let mut text: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).collect();
        while text.last() == Some(&b'0') {
            text.pop();
        }
        let exponent: i32 = exponent.parse().unwrap_or(0);
        let point = if text.is_empty() { 0 } else { exponent + 1 };
        Self { text, point }
    }

    fn len_i32(&self) -> i32 {
        i32::try_from(self.text.len()).unwrap_or(i32::MAX)
    }

    fn exponent(&self) -> i32 {
        self.point - 1
    }

    /// The digit worth `10^(point - 1 - index)`; 0 outside the stored ones.
    fn at(&self, index: i32) -> char {
        let digit = usize::try_from(index).ok().and_then(|index| self.text.get(index));
        digit.map_or('0', |&digit| char::from(digit))
    }
}

fn push_exponent(out: &mut String, digits: &Digits, decimals: usize, mark: char) {
    out.push(digits.at(0));
    if decimals > 0 {
        out.push('.');
        let stored = digits.text.get(1..).unwrap_or_default();
        let shown = &stored[..stored.len().min(decimals)];
        out.extend(shown.iter().map(|&digit| char::from(digit)));
        out.extend(std::iter::repeat_n('0', decimals - shown.len()));
    }
    let exponent = if digits.text.is_empty() { 0 } else { digits.exponent() };
    let sign = if exponent < 0 { '-' } else { '+' };
    out.push_str(&format!("{mark}{sign}{:02}", exponent.unsigned_abs()));
}

fn push_fixed(out: &mut String, digits: &Digits, decimals: usize) {
    if digits.point > 0 {
        out.extend((0..digits.point).map(|index| digits.at(index)));
    } else {
        out.push('0');
    }
    if decimals > 0 {
        let decimals = i32::try_from(decimals).unwrap_or(i32::MAX);
        out.push('.');
        out.extend((0..decimals).map(|index| digits.at(digits.point + index)));
    }
}

/// `strconv.FormatInt`; a base outside 2 to 36, on which Go panics, gives `None`.
pub fn format_int(value: i64, base: u32) -> Option<String> {
    let magnitude = format_uint(value.unsigned_abs(), base)?;
    Some(if value < 0 { format!("-{magnitude}") } else { magnitude })
}

/// `strconv.FormatUint`; a base outside 2 to 36, on which Go panics, gives `None`.
pub fn format_uint(mut value: u64, base: u32) -> Option<String> {
    if !(2..=36).contains(&base) {
        return None;
    }
    let mut reversed = Vec::new();
    loop {
        let digit = u32::try_from(value % u64::from(base)).unwrap_or(0);
        reversed.push(char::from_digit(digit, base).unwrap_or('0'));
        value /= u64::from(base);
        if value == 0 {
            return Some(reversed.into_iter().rev().collect());
        }
    }
}
