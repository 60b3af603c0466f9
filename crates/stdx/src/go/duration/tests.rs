//! Durations printed and read against Go's own results.

use super::*;

fn check(text: &str, expected: &str) {
    let actual = match parse_duration(text) {
        Ok(ns) => format!("{ns} {}", format_duration(ns)),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected);
}

#[test]
fn durations_are_read_and_printed_as_in_go() {
    check("0", "0 0s");
    check("1h15m30.918273645s", "4530918273645 1h15m30.918273645s");
    check("-1.5h", "-5400000000000 -1h30m0s");
    check("+.5s", "500000000 500ms");
    check("100\u{b5}s", "100000 100\u{b5}s");
    check("1\u{3bc}s1ns", "1001 1.001\u{b5}s");
    check("0.3333333333333333333h", "1200000000000 20m0s");
    check("-9223372036854775808ns", "-9223372036854775808 -2562047h47m16.854775808s");
    check("9223372036854775808ns", "time: invalid duration \"9223372036854775808ns\"");
    check("", "time: invalid duration \"\"");
    check("3", "time: missing unit in duration \"3\"");
    check(".s", "time: invalid duration \".s\"");
    check("1d", "time: unknown unit \"d\" in duration \"1d\"");
    check("1\u{e9}", "time: unknown unit \"\\xc3\\xa9\" in duration \"1\\xc3\\xa9\"");
    check("-", "time: invalid duration \"-\"");
}

proptest::proptest! {
    #[test]
    fn every_duration_reads_back(ns in proptest::num::i64::ANY) {
        proptest::prop_assert_eq!(parse_duration(&format_duration(ns)), Ok(ns));
    }

    #[test]
    fn reading_is_total(text in "[-+.0-9hmsnu\u{b5}x\"]{0,30}") {
        let _ = parse_duration(&text);
    }
}
