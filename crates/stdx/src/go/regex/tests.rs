//! Patterns compiled, matched and refused against Go's own results.

use super::*;

fn check_error(pattern: &str, expected: &str) {
    let actual = compile(pattern, Anchoring::None).map_err(|error| error.to_string());
    assert_eq!(actual.err(), Some(format!("error parsing regexp: {expected}")), "{pattern:?}");
}

#[test]
fn errors_have_gos_texts() {
    for (pattern, expected) in [
        ("(", "missing closing ): `(`"),
        ("a)", "unexpected ): `a)`"),
        ("*", "missing argument to repetition operator: `*`"),
        ("a|*", "missing argument to repetition operator: `*`"),
        ("a**", "invalid nested repetition operator: `**`"),
        ("a*?+", "invalid nested repetition operator: `*?+`"),
        ("a{1001}", "invalid repeat count: `{1001}`"),
        ("x{2,1}", "invalid repeat count: `{2,1}`"),
        ("(a{100}){100}", "invalid repeat count: `{100}`"),
        ("x{99999999999999999999}", "invalid repeat count: `{99999999999999999999}`"),
        ("(?=a)", "invalid or unsupported Perl syntax: `(?=`"),
        ("(?x)a", "invalid or unsupported Perl syntax: `(?x`"),
        ("(?i-)", "invalid or unsupported Perl syntax: `(?i-)`"),
        ("(?<=a)", "invalid named capture: `(?<=a)`"),
        ("(?P<>a)", "invalid named capture: `(?P<>`"),
        ("[a", "missing closing ]: `[a`"),
        ("[]", "missing closing ]: `[]`"),
        ("[z-a]", "invalid character class range: `z-a`"),
        ("[[:foo:]]", "invalid character class range: `[:foo:]`"),
        (r"\p{Alphabetic}", r"invalid character class range: `\p{Alphabetic}`"),
        (r"[a-\d]", r"invalid escape sequence: `\d`"),
        (r"\C", r"invalid escape sequence: `\C`"),
        (r"\8", r"invalid escape sequence: `\8`"),
        (r"\x{110000}", r"invalid escape sequence: `\x{110000`"),
        (r"\", "trailing backslash at end of expression: ``"),
        ("(?P<1a>x)", "unsupported group name: `(?P<1a>`"),
        (r"\pL{1000}", r"expression too large: `\pL{1000}`"),
    ] {
        check_error(pattern, expected);
    }
}

fn check_match(pattern: &str, text: &str, expected: &[&str]) {
    let regex = compile(pattern, Anchoring::None);
    let actual =
        regex.map(|regex| regex.find_iter(text).map(|found| found.as_str().to_owned()).collect::<Vec<_>>());
    assert_eq!(actual, Ok(expected.iter().map(|&s| s.to_owned()).collect()), "{pattern:?}");
}

#[test]
fn syntax_means_what_it_means_in_go() {
    check_match(r"\d+", "12 \u{664}", &["12"]);
    check_match(r"\w+", "a\u{e9}b", &["a", "b"]);
    check_match(r"\bb", "\u{e9}b", &["b"]);
    check_match(r"\s", "\x0b \t", &[" ", "\t"]);
    check_match("[[:space:]]", "\x0b", &["\x0b"]);
    check_match("[a&&b]", "a&b", &["a", "&", "b"]);
    check_match("[[a]", "[a", &["[", "a"]);
    check_match("[a-b-c]", "a-cd", &["a", "-", "c"]);
    check_match(r"\Qa.b\E+", "a.bb", &["a.bb"]);
    check_match(r"a\Q|", "a|", &["a|"]);
    check_match(r"\<", "<", &["<"]);
    check_match("a{,2}", "a{,2}", &["a{,2}"]);
    check_match("(?U)a+", "aa", &["a", "a"]);
    check_match("(?i)k", "K\u{212a}", &["K", "\u{212a}"]);
    check_match("(?i:a)b", "Ab AB", &["Ab"]);
    check_match("a(?i)*", "aaA", &["aa", ""]);
    check_match(r"\p{^Greek}\p{letter}", "a\u{3b1}", &["a\u{3b1}"]);
    check_match(r"\07\x41\x{e9}", "\x07A\u{e9}", &["\x07A\u{e9}"]);
    check_match("a # b", "a # b", &["a # b"]);
    check_match(".", "\n\u{e9}", &["\u{e9}"]);
    check_match("(?m)^.$", "a\nb", &["a", "b"]);
}

#[test]
fn full_anchoring_wraps_the_whole_pattern() {
    let regex = compile("a|bc", Anchoring::Full);
    let matches = |text| regex.as_ref().is_ok_and(|regex| regex.is_match(text));
    assert!(matches("a") && matches("bc") && !matches("ac") && !matches("a\n"));
}

#[test]
fn nesting_is_limited_as_in_go() {
    let nested = |depth: usize, open: &str, close: &str| {
        compile(&format!("{}a{}", open.repeat(depth), close.repeat(depth)), Anchoring::None)
            .map(drop)
            .map_err(|error| error.code)
    };
    assert_eq!(nested(999, "(", ")"), Ok(()));
    assert_eq!(nested(1_000, "(", ")"), Err(ErrorCode::NestingDepth));
    assert_eq!(nested(999, "(?:", ")+"), Ok(()));
    assert_eq!(nested(1_000, "(?:", ")+"), Err(ErrorCode::NestingDepth));
    assert_eq!(nested(5_000, "(?:", ")"), Ok(()));
    assert_eq!(nested(500, "(?:b|c(?:", ")d)*"), Err(ErrorCode::NestingDepth));
    assert_eq!(nested(100_000, "(", ""), Err(ErrorCode::MissingParen));
}

fn check_literals(pattern: &str, set: Option<&[&str]>, prefix: Option<&str>) {
    let actual = literal_alternation(pattern);
    assert_eq!(actual, set.map(|set| set.iter().map(|&s| s.to_owned()).collect()), "{pattern:?}");
    assert_eq!(literal_prefix(pattern).as_deref(), prefix, "{pattern:?}");
}

#[test]
fn literals_are_found() {
    check_literals("foo|ba[rz]", Some(&["foo", "bar", "baz"]), None);
    check_literals("^(?s:a(b|c)|a)$", Some(&["ab", "ac", "a"]), Some("a"));
    check_literals("", Some(&[""]), None);
    check_literals("a||a", Some(&["a", ""]), None);
    check_literals("foo.*", None, Some("foo"));
    check_literals("(?i)foo", None, None);
    check_literals("fo+", None, Some("fo"));
    check_literals("[a-z][a-z]", None, None);
    check_literals("(", None, None);
}

#[test]
fn templates_expand_as_in_go() {
    let check = |template: &str, expected: &str| {
        let mut out = String::new();
        let regex = compile("(a)(?P<n>b)?", Anchoring::None);
        if let Some(captures) = regex.ok().as_ref().and_then(|regex| regex.captures("ab")) {
            expand(template, &captures, &mut out);
        }
        assert_eq!(out, expected, "{template:?}");
    };
    check("$1-${n}-$0", "a-b-ab");
    check("$1x|${1}x", "|ax");
    check("$$1 $ ${", "$1 $ ${");
    check("$01$9", "");
}

#[test]
fn quote_meta_escapes_what_go_escapes() {
    assert_eq!(quote_meta(r"a.b-c\[d]{}^$"), r"a\.b-c\\\[d\]\{\}\^\$");
}

proptest::proptest! {
    #[test]
    fn every_pattern_compiles_or_is_refused_by_gos_rules(
        pattern in r"[-ab()\[\]{}^$.*+?|\\,:&~0-9PQEpdwsimxU<>#\u{e9}]{0,14}",
        text in "[ab\u{e9}.]{0,6}",
    ) {
        match compile(&pattern, Anchoring::Full) {
            Ok(regex) => {
                if let Some(set) = literal_alternation(&pattern) {
                    proptest::prop_assert_eq!(set.contains(&text), regex.is_match(&text));
                }
            }
            Err(error) => proptest::prop_assert_ne!(error.code, ErrorCode::Unsupported),
        }
    }
}
