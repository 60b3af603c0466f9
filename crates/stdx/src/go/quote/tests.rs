//! Texts quoted and unquoted against Go's own results.

use super::*;

fn check_quote(text: &[u8], quoted: &str, ascii: &str) {
    assert_eq!(quote_bytes(text), quoted);
    assert_eq!(quote_bytes_to_ascii(text), ascii);
    assert_eq!(unquote(quoted).as_deref(), Ok(text));
    assert_eq!(unquote(ascii).as_deref(), Ok(text));
}

#[test]
fn quoting_is_gos_and_reads_back() {
    check_quote(b"a\"'\\b", r#""a\"'\\b""#, r#""a\"'\\b""#);
    check_quote(b"\x07\x08\x0c\n\r\t\x0b", r#""\a\b\f\n\r\t\v""#, r#""\a\b\f\n\r\t\v""#);
    check_quote(b"\x00\x7f\xff", r#""\x00\x7f\xff""#, r#""\x00\x7f\xff""#);
    check_quote("\u{263a}\u{a0}".as_bytes(), "\"\u{263a}\\u00a0\"", r#""\u263a\u00a0""#);
    check_quote("\u{fffd}".as_bytes(), "\"\u{fffd}\"", r#""\ufffd""#);
    check_quote("\u{10ffff}".as_bytes(), r#""\U0010ffff""#, r#""\U0010ffff""#);
    assert_eq!(quote_rune('\''), r"'\''");
    assert!(can_backquote("a\tb\"") && !can_backquote("a`") && !can_backquote("\u{feff}"));
}

fn check_unquote(literal: &str, expected: Option<&[u8]>) {
    assert_eq!(unquote(literal).ok().as_deref(), expected, "{literal:?}");
}

#[test]
fn literals_are_read_as_in_go() {
    check_unquote("`a\\n\r\n`", Some(b"a\\n\n"));
    check_unquote(r"'\''", Some(b"'"));
    check_unquote(r"'\xff'", Some(b"\xff"));
    check_unquote(r#""\377\u00e9""#, Some(b"\xff\xc3\xa9"));
    check_unquote("''", Some(b""));
    for wrong in [
        "",
        "\"",
        "a",
        "\"a",
        "\"a\"b",
        "'ab'",
        "\"\n\"",
        r#""\'""#,
        r#"'\"'"#,
        r#""\400""#,
        r#""\ud800""#,
        r#""\U00110000""#,
        r#""\x4""#,
        r#""\q""#,
        "`a`b`",
        "\u{e9}\u{e9}",
    ] {
        check_unquote(wrong, None);
    }
    assert_eq!(unquote_string(r#""a\xff\xfeb""#).as_deref(), Ok("a\u{fffd}\u{fffd}b"));
    assert_eq!(unquote("x").map_err(|error| error.to_string()), Err("invalid syntax".to_owned()));
}

proptest::proptest! {
    #[test]
    fn quoted_bytes_read_back(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..40)) {
        proptest::prop_assert_eq!(unquote(&quote_bytes(&bytes)), Ok(bytes.clone()));
        proptest::prop_assert_eq!(unquote(&quote_bytes_to_ascii(&bytes)), Ok(bytes));
    }

    #[test]
    fn reading_is_total(text in "[\"'`\\\\xuU0-9a-f\u{e9}\n]{0,16}") {
        let _ = unquote(&text);
    }
}
