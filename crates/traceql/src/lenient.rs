//! Queries that are being typed: conditions without a right side count as `true`.
//!
//! In: the text of an unfinished query, such as the filter of an autocompletion request. Out: a
//! query that says what can be said already, or nothing. A missing closing brace is added.

use crate::ast::Query;
use crate::lexer::{Kind, lex};
use crate::parser::parse;

/// The query, repaired if it has to be; `None` if that does not help.
pub fn parse_lenient(text: &str) -> Option<Query> {
    parse(text).or_else(|_| parse(&without_gaps(text))).ok()
}

/// One word of the text: a token, or an attribute with its scope.
struct Word<'t> {
    kind: Kind,
    text: &'t str,
}

/// Tokens, those of one attribute joined.
fn words(text: &str) -> Vec<Word<'_>> {
    let mut words: Vec<Word<'_>> = Vec::new();
    let mut start = 0;
    let mut is_open = false;
    for token in lex(text) {
        if matches!(token.kind, Kind::End | Kind::Broken) {
            break;
        }
        let end = token.place.end as usize;
        match words.last_mut() {
            Some(last) if is_open => last.text = &text[start..end],
            _ if token.kind == Kind::EndAttribute => continue,
            _ => {
                start = token.place.start as usize;
                words.push(Word { kind: token.kind, text: &text[start..end] });
            }
        }
        is_open = match token.kind {
            Kind::EndAttribute => false,
            kind if opens_attribute(kind) => true,
            // `trace:` and the like take one word, names end with a token of their own.
            _ => is_open && words.last().is_some_and(|word| !word.text.contains(':')),
        };
    }
    words
}

const fn opens_attribute(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Dot
            | Kind::ParentDot
            | Kind::SpanDot
            | Kind::ResourceDot
            | Kind::EventDot
            | Kind::LinkDot
            | Kind::InstrumentationDot
            | Kind::TraceColon
            | Kind::SpanColon
            | Kind::EventColon
            | Kind::LinkColon
            | Kind::InstrumentationColon
    )
}

/// The text with every unfinished condition inside braces replaced by `true`. Conditions end at
/// `&&`, `||`, parentheses of their level and braces. Words are set apart by one blank.
pub fn without_gaps(text: &str) -> String {
    let words = words(text);
    let mut out: Vec<String> = Vec::new();
    let mut at = 0;
    let mut in_braces = false;
    while at < words.len() {
        match words[at].kind {
            Kind::OpenBrace => in_braces = true,
            Kind::CloseBrace => in_braces = false,
            kind if in_braces && !is_border(kind) => {
                let end = at + condition_len(&words[at..]);
                push_condition(&words[at..end], &mut out);
                at = end;
                continue;
            }
            _ => {}
        }
        out.push(words[at].text.to_owned());
        at += 1;
    }
    if in_braces {
        out.push("}".to_owned());
    }
    out.join(" ")
}

const fn is_border(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::And | Kind::Or | Kind::OpenParen | Kind::CloseParen | Kind::OpenBrace | Kind::CloseBrace
    )
}

/// Words up to the end of a condition; parentheses after its start belong to it.
fn condition_len(words: &[Word<'_>]) -> usize {
    let mut open = 0_usize;
    for (n, word) in words.iter().enumerate() {
        match word.kind {
            Kind::OpenParen => open += 1,
            Kind::CloseParen if open > 0 => open -= 1,
            Kind::And | Kind::Or | Kind::CloseParen if open == 0 => return n,
            Kind::CloseBrace | Kind::OpenBrace => return n,
            _ => {}
        }
    }
    words.len()
}

fn push_condition(words: &[Word<'_>], out: &mut Vec<String>) {
    if words.last().is_some_and(|word| is_comparison(word.kind)) {
        // A `!` before the condition stays: nothing is known of what it negates.
        let negations = words.iter().take_while(|word| word.kind == Kind::Not).count();
        out.push(format!("{}true", "!".repeat(negations)));
    } else {
        out.extend(words.iter().map(|word| word.text.to_owned()));
    }
}

const fn is_comparison(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Equal
            | Kind::NotEqual
            | Kind::Less
            | Kind::LessEqual
            | Kind::Greater
            | Kind::GreaterEqual
            | Kind::Match
            | Kind::NotMatch
    )
}
