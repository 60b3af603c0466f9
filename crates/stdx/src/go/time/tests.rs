//! Layouts printed and read against Go's own results.

use super::*;

/// 2009-02-04T21:00:57.0123456Z, a Wednesday.
const INSTANT_NS: i64 = 1_233_781_257_012_345_600;

fn check_format(layout: &str, expected: &str) {
    let zone = Zone::Fixed { offset_s: -28_800, name: "PST".to_owned() };
    assert_eq!(Time::from_unix_ns(INSTANT_NS).with_zone(zone).format(layout), expected, "{layout}");
}

#[test]
fn layouts_format_as_in_go() {
    check_format(ANSIC, "Wed Feb  4 13:00:57 2009");
    check_format(UNIX_DATE, "Wed Feb  4 13:00:57 PST 2009");
    check_format(RFC822Z, "04 Feb 09 13:00 -0800");
    check_format(RFC850, "Wednesday, 04-Feb-09 13:00:57 PST");
    check_format(RFC1123, "Wed, 04 Feb 2009 13:00:57 PST");
    check_format(RFC3339, "2009-02-04T13:00:57-08:00");
    check_format(RFC3339_NANO, "2009-02-04T13:00:57.0123456-08:00");
    check_format(KITCHEN, "1:00PM");
    check_format("3pm 03 .000 ,999999999 .00", "1pm 01 .012 ,0123456 .01");
    check_format("002 __2 _2006 Z070000 -07", "035  35 _2009 -080000 -08");
    check_format("Janu Monday January", "Janu Wednesday February");
    let utc = Time::from_unix_ns(-1);
    assert_eq!(utc.format(RFC3339_NANO), "1969-12-31T23:59:59.999999999Z");
    assert_eq!(utc.format(STRING), "1969-12-31 23:59:59.999999999 +0000 UTC");
}

fn check_parse(layout: &str, value: &str, expected: &str) {
    let actual = match parse(layout, value) {
        Ok(time) => time.format("2006-01-02T15:04:05.999999999 -07:00 MST"),
        Err(error) => error.to_string(),
    };
    assert_eq!(actual, expected);
}

#[test]
fn values_are_parsed_as_in_go() {
    check_parse(RFC3339, "2009-02-04T21:00:57.5Z", "2009-02-04T21:00:57.5 +00:00 UTC");
    check_parse(RFC3339, "2009-02-04T21:00:57-08:00", "2009-02-04T21:00:57 -08:00 -0800");
    check_parse(ANSIC, "wed feb   4 21:00:57 2009", "2009-02-04T21:00:57 +00:00 UTC");
    check_parse(RFC822, "04 Feb 69 21:00 PST", "1969-02-04T21:00:00 +00:00 PST");
    check_parse("2006-002", "2010-035", "2010-02-04T00:00:00 +00:00 UTC");
    check_parse(KITCHEN, "12:05AM", "0000-01-01T00:05:00 +00:00 UTC");
    check_parse("15 MST", "10 GMT+3", "0000-01-01T13:00:00 +03:00 GMT+3");
    check_parse("2006-01-02", "2009-02-30", "parsing time \"2009-02-30\": day out of range");
    check_parse("2006-01", "2009-13", "parsing time \"2009-13\": month out of range");
    check_parse("15", "10x", "parsing time \"10x\": extra text: \"x\"");
    check_parse(
        "2006-01-02",
        "2009/02/04",
        "parsing time \"2009/02/04\" as \"2006-01-02\": cannot parse \"/02/04\" as \"-\"",
    );
    check_parse(
        RFC3339,
        "2009-02-04T21:00:57",
        "parsing time \"2009-02-04T21:00:57\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\"",
    );
}

#[test]
fn only_utc_needs_no_database() {
    assert_eq!(Zone::load("UTC"), Ok(Zone::Utc));
    let error = Zone::load("Europe/Berlin").map_err(|error| error.to_string());
    assert_eq!(error, Err("unknown time zone Europe/Berlin".to_owned()));
}

#[test]
fn extreme_instants_have_dates() {
    for unix_s in [i64::MIN, i64::MAX] {
        let civil = Civil::from_unix_s(unix_s);
        let days = days_from_civil(civil.year, civil.month, civil.day);
        assert_eq!(days, unix_s.div_euclid(86_400));
    }
    assert_eq!((days_in_month(2000, 2), days_in_month(1900, 2)), (29, 28));
}

proptest::proptest! {
    #[test]
    fn every_instant_reads_back(ns in proptest::num::i64::ANY) {
        let time = Time::from_unix_ns(ns);
        let text = time.format(RFC3339_NANO);
        proptest::prop_assert_eq!(parse(RFC3339_NANO, &text).ok(), Some(time));
    }

    #[test]
    fn parsing_is_total(
        layout in "[-0-9_.,ZTMSPJanuary: \u{e9}]{0,16}",
        value in "[-+0-9_.,ZTMSPJanuary: \u{e9}]{0,16}",
    ) {
        let _ = parse(&layout, &value);
        let _ = Time::from_unix_ns(INSTANT_NS).format(&layout);
    }
}
