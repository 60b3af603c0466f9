//! A regular expression in Go's syntax (the first line) and a text to search (the rest).
//!
//! Guarantees: no panic, whatever the pattern; what is validated compiles or is too large; the shortcuts that the
//! languages take (a list of literals, a literal prefix, matching the empty text) agree with the compiled pattern.
#![no_main]

use libfuzzer_sys::fuzz_target;
use stdx::go::regex::{
    Anchoring, compile, compile_bytes, expand, literal_alternation, literal_prefix, matches_empty, validate,
};

fuzz_target!(init: fuzz::seeds::plant(fuzz::seeds::pieces(include_str!("../seeds/go_regex.txt"))), |input: &[u8]| {
    let Some((pattern, text)) = fuzz::query_and_data(input) else { return };
    let valid = validate(pattern);
    let (free, full) = (compile(pattern, Anchoring::None), compile(pattern, Anchoring::Full));
    assert!(valid.is_ok() || free.is_err(), "compiled and not valid");
    let _ = compile_bytes(pattern, Anchoring::None).map(|regex| regex.is_match(text.as_bytes()));
    if let Ok(free) = &free {
        if let Some(captures) = free.captures(text) {
            let mut out = String::new();
            expand(text, &captures, &mut out);
        }
        if let Ok(empty) = matches_empty(pattern) {
            assert_eq!(empty, free.is_match(""), "matching the empty text");
        }
    }
    let Ok(full) = full else { return };
    if let Some(alternatives) = literal_alternation(pattern) {
        let is_one = alternatives.iter().any(|alternative| alternative == text);
        assert_eq!(is_one, full.is_match(text), "{alternatives:?}");
    }
    if let Some(prefix) = literal_prefix(pattern) {
        assert!(text.starts_with(&prefix) || !full.is_match(text), "{prefix:?}");
    }
});
