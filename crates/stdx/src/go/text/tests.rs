//! Letters and `strings` functions against Go's own results.

use super::*;

fn check(input: &str, upper: &str, lower: &str, titled: &str) {
    assert_eq!([to_upper(input), to_lower(input), title(input)], [upper, lower, titled]);
}

#[test]
fn case_is_mapped_rune_by_rune() {
    check("don't stop_now", "DON'T STOP_NOW", "don't stop_now", "Don'T Stop_now");
    check("stra\u{df}e", "STRA\u{df}E", "stra\u{df}e", "Stra\u{df}e");
    check("\u{130}", "\u{130}", "i", "\u{130}");
    check("\u{1c6}a", "\u{1c4}A", "\u{1c6}a", "\u{1c5}a");
    check("\u{10d0}", "\u{1c90}", "\u{10d0}", "\u{10d0}");
    check("\u{1f80}", "\u{1f88}", "\u{1f80}", "\u{1f88}");
    assert_eq!(to_title("\u{1c6}b"), "\u{1c5}B");
}

#[test]
fn classes_are_general_categories() {
    assert!(is_letter('\u{65e5}') && !is_letter('\u{2160}') && !is_letter('\u{345}'));
    assert!(is_digit('\u{664}') && !is_digit('\u{b2}'));
    assert!(is_print(' ') && !is_print('\u{a0}') && !is_print('\u{378}') && !is_print('\u{200b}'));
    assert!(is_space('\u{85}') && is_space('\u{a0}') && !is_space('\u{200b}'));
    assert!(is_upper('\u{c9}') && is_lower('\u{e9}') && !is_lower('\u{aa}'));
}

#[test]
fn spaces_and_repeats() {
    assert_eq!(trim_space("\u{3000} a b\u{85}\n"), "a b");
    assert_eq!(fields(" a\u{2003}b \t c"), ["a", "b", "c"]);
    assert_eq!(repeat("ab", 3, 6).as_deref(), Ok("ababab"));
    assert_eq!(repeat("ab", 4, 6), Err(RepeatError::Overflow));
    assert_eq!(repeat("", i64::MAX, 0).as_deref(), Ok(""));
    assert_eq!(
        repeat("a", -1, 9).map_err(|e| e.to_string()),
        Err("strings: negative Repeat count".to_owned())
    );
}

#[test]
fn broken_utf8_is_one_rune_per_byte() {
    assert_eq!(decode_rune(b"\xe6\x97"), ('\u{fffd}', 1));
    assert_eq!(decode_rune("\u{1f600}x".as_bytes()), ('\u{1f600}', 4));
    assert_eq!(decode_rune(b""), ('\u{fffd}', 0));
    assert_eq!(repair_utf8(b"a\xe6\x97b"), "a\u{fffd}\u{fffd}b");
}
