//! Go's small texts: numbers, durations, quoted text, times by a layout (the first line).
//!
//! Guarantees: no panic; what is printed is read back as the same value.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdx::go::duration::{format_duration, parse_duration};
use stdx::go::number::{FloatFormat, format_float, parse_float, parse_int, parse_uint};
use stdx::go::quote::{quote, quote_to_ascii, unquote, unquote_string};
use stdx::go::{text, time};

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/go_literals.txt"))), |input: &[u8]| {
    let Some((layout, value)) = fuzz::query_and_data(input) else { return };
    if let Ok(time) = time::parse(layout, value) {
        let _ = time.format(layout);
        let _ = time.unix_ns();
    }
    if let Ok(duration) = parse_duration(value) {
        assert_eq!(parse_duration(&format_duration(duration)), Ok(duration));
    }
    if let Ok(number) = parse_float(value) {
        for format in [FloatFormat::General, FloatFormat::Exponent, FloatFormat::Fixed] {
            let printed = format_float(number, format, None);
            let again = parse_float(&printed).unwrap_or_else(|error| panic!("{printed}: {error:?}"));
            assert!(again.to_bits() == number.to_bits() || again.is_nan() && number.is_nan(), "{printed}");
        }
    }
    for base in [0, 2, 10, 16, 36] {
        let _ = (parse_int(value, base, 64), parse_int(value, base, 8), parse_uint(value, base, 64));
    }
    let _ = unquote(value);
    for quoted in [quote(value), quote_to_ascii(value)] {
        assert_eq!(unquote_string(&quoted).as_deref(), Ok(value), "{quoted}");
    }
    let _ = (text::to_upper(value), text::to_lower(value), text::to_title(value), text::title(value));
    let _ = (text::fields(value), text::repeat(value, 3, 100));
    let _ = (stdx::human::parse_bytes(value), stdx::human::parse_duration(value));
});
