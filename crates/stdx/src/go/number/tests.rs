//! Numbers printed and read against Go's own results.

use super::*;

fn check_float(value: f64, expected: [&str; 5]) {
    use FloatFormat::{Exponent, Fixed, General};
    let actual = [
        format_float(value, General, None),
        format_float(value, Exponent, None),
        format_float(value, Fixed, None),
        format_float(value, Fixed, Some(2)),
        format_float(value, General, Some(3)),
    ];
    assert_eq!(actual, expected.map(str::to_owned), "{value:?}");
}

#[test]
fn floats_print_as_in_go() {
    check_float(0.0, ["0", "0e+00", "0", "0.00", "0"]);
    check_float(-0.0, ["-0", "-0e+00", "-0", "-0.00", "-0"]);
    check_float(1.0, ["1", "1e+00", "1", "1.00", "1"]);
    check_float(100_000.0, ["100000", "1e+05", "100000", "100000.00", "1e+05"]);
    check_float(1_000_000.0, ["1e+06", "1e+06", "1000000", "1000000.00", "1e+06"]);
    check_float(1e20, ["1e+20", "1e+20", "100000000000000000000", "100000000000000000000.00", "1e+20"]);
    check_float(0.0001, ["0.0001", "1e-04", "0.0001", "0.00", "0.0001"]);
    check_float(0.000_012, ["1.2e-05", "1.2e-05", "0.000012", "0.00", "1.2e-05"]);
    check_float(1234.5678, ["1234.5678", "1.2345678e+03", "1234.5678", "1234.57", "1.23e+03"]);
    check_float(f64::INFINITY, ["+Inf"; 5]);
    check_float(f64::NEG_INFINITY, ["-Inf"; 5]);
    check_float(f64::NAN, ["NaN"; 5]);
    assert_eq!(format_float32(0.1, FloatFormat::General, None), "0.1");
    assert_eq!(format_float(1e300, FloatFormat::UpperExponent, Some(3)), "1.000E+300");
    assert_eq!(format_float(1.0, FloatFormat::Fixed, Some(2_000)).len(), 2_002);
}

#[test]
fn json_floats_switch_at_other_exponents() {
    let cases = [(1e20, "100000000000000000000"), (1e21, "1e+21"), (1e-6, "0.000001"), (1e-7, "1e-7")];
    for (value, expected) in cases {
        assert_eq!(format_float_json(value).as_deref(), Some(expected));
    }
    assert_eq!(format_float_json(f64::NAN), None);
}

fn check_parse_float(text: &str, expected: &str) {
    let actual = match parse_float(text) {
        Ok(value) => format!("{value:?}"),
        Err(error) => format!("{error} ({:?})", error.value),
    };
    assert_eq!(actual, expected);
}

#[test]
fn floats_are_read_as_in_go() {
    for (text, expected) in [
        ("1_23.50_0_0e+1_2", "123500000000000.0"),
        (".5", "0.5"),
        ("5.", "5.0"),
        ("0x1p-2", "0.25"),
        ("0x_1_2.3_4_5p+1_2", "74565.0"),
        ("0x1p-1074", "5e-324"),
        ("0x1p-1075", "0.0"),
        ("0x1.fffffffffffff8p-1074", "1e-323"),
        ("-iNf", "-inf"),
        ("Infinity", "inf"),
        ("NAN", "NaN"),
        ("+nan", "strconv.ParseFloat: parsing \"+nan\": invalid syntax (0.0)"),
        ("", "strconv.ParseFloat: parsing \"\": invalid syntax (0.0)"),
        ("1__0", "strconv.ParseFloat: parsing \"1__0\": invalid syntax (0.0)"),
        ("0x1", "strconv.ParseFloat: parsing \"0x1\": invalid syntax (0.0)"),
        ("1e400", "strconv.ParseFloat: parsing \"1e400\": value out of range (inf)"),
        ("-0x1p1024", "strconv.ParseFloat: parsing \"-0x1p1024\": value out of range (-inf)"),
        (
            "0x1.fffffffffffff8p1023",
            "strconv.ParseFloat: parsing \"0x1.fffffffffffff8p1023\": value out of range (inf)",
        ),
    ] {
        check_parse_float(text, expected);
    }
}

fn check_int(text: &str, base: u32, bits: u32, expected: &str) {
    let actual = match parse_int(text, base, bits) {
        Ok(value) => value.to_string(),
        Err(error) => format!("{error} ({})", error.value),
    };
    assert_eq!(actual, expected);
}

#[test]
fn integers_are_read_as_in_go() {
    check_int("-9223372036854775808", 10, 64, "-9223372036854775808");
    check_int("0x_1F", 0, 64, "31");
    check_int("0b101", 0, 0, "5");
    check_int("017", 0, 64, "15");
    check_int("1_000", 0, 64, "1000");
    check_int("0", 0, 64, "0");
    check_int("08", 0, 64, "strconv.ParseInt: parsing \"08\": invalid syntax (0)");
    check_int("1_000", 10, 64, "strconv.ParseInt: parsing \"1_000\": invalid syntax (0)");
    check_int("-129", 10, 8, "strconv.ParseInt: parsing \"-129\": value out of range (-128)");
    check_int(
        "99999999999999999999x",
        10,
        64,
        "strconv.ParseInt: parsing \"99999999999999999999x\": value out of range (9223372036854775807)",
    );
    check_int("1", 1, 64, "strconv.ParseInt: parsing \"1\": invalid base 1 (0)");
    check_int("1", 10, 65, "strconv.ParseInt: parsing \"1\": invalid bit size 65 (0)");
    assert_eq!(parse_uint("18446744073709551615", 10, 64), Ok(u64::MAX));
    assert_eq!(
        atoi("x").map_err(|e| e.to_string()),
        Err("strconv.Atoi: parsing \"x\": invalid syntax".to_owned())
    );
}

#[test]
fn bools_and_bases() {
    assert_eq!(parse_bool("T"), Ok(true));
    assert_eq!(parse_bool("False"), Ok(false));
    assert_eq!(
        parse_bool("yes").map_err(|e| e.to_string()),
        Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned())
    );
    assert_eq!(format_int(-255, 16).as_deref(), Some("-ff"));
    assert_eq!(format_int(i64::MIN, 2).map(|text| text.len()), Some(65));
    assert_eq!(format_int(1, 1), None);
}

proptest::proptest! {
    #[test]
    fn shortest_text_reads_back(bits in proptest::num::u64::ANY) {
        let value = f64::from_bits(bits);
        if value.is_finite() {
            for format in [FloatFormat::General, FloatFormat::Exponent, FloatFormat::Fixed] {
                let text = format_float(value, format, None);
                proptest::prop_assert_eq!(parse_float(&text).map(f64::to_bits), Ok(bits));
            }
        }
    }

    #[test]
    fn reading_is_total(text in "[-+0-9a-fxXpPeE_.inft ]{0,24}", base in 0_u32..40, bits in 0_u32..70) {
        let _ = parse_float(&text);
        let _ = parse_int(&text, base, bits);
        let _ = parse_uint(&text, base, bits);
    }
}
