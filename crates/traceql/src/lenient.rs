//! Queries that are being typed: conditions without a right side count as `true`.
//!
//! In: the text of an unfinished query, such as the filter of an autocompletion request. Out: a query that
//! says what can be said already, or nothing. A missing closing brace is added.

use crate::ast::Query;
use crate::lexer::{Kind, Token, lex};
use crate::parser::parse;

/// The query, repaired if it has to be; `None` if that does not help.
pub fn parse_lenient(text: &str) -> Option<Query> {
    parse(text).or_else(|_| parse(&without_gaps(text))).ok()
}

/// The text with every unfinished condition inside braces replaced by `true`. Conditions end at `&&`, `||`,
/// parentheses of their level and braces. Tokens in and after repaired braces are set apart by one blank.
pub fn without_gaps(text: &str) -> String {
    let tokens = lex(text);
    let shown: Vec<&Token> = tokens
        .iter()
        .filter(|token| !matches!(token.kind, Kind::End | Kind::EndAttribute | Kind::Broken))
        .collect();
    let mut words: Vec<String> = Vec::new();
    let mut at = 0;
    let mut in_braces = false;
    while at < shown.len() {
        match shown[at].kind {
            Kind::OpenBrace => in_braces = true,
            Kind::CloseBrace => in_braces = false,
            kind if in_braces && !is_border(kind) => {
                let end = at + condition_len(&shown[at..]);
                push_condition(text, &shown[at..end], &mut words);
                at = end;
                continue;
            }
            _ => {}
        }
        words.push(source(text, shown[at]).to_owned());
        at += 1;
    }
    if in_braces {
        words.push("}".to_owned());
    }
    words.join(" ")
}

fn source<'t>(text: &'t str, token: &Token) -> &'t str {
    &text[token.place.start as usize..token.place.end as usize]
}

const fn is_border(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::And | Kind::Or | Kind::OpenParen | Kind::CloseParen | Kind::OpenBrace | Kind::CloseBrace
    )
}

/// Tokens up to the end of a condition; parentheses after its start belong to it.
fn condition_len(tokens: &[&Token]) -> usize {
    let mut open = 0_usize;
    for (n, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::OpenParen => open += 1,
            Kind::CloseParen if open > 0 => open -= 1,
            Kind::And | Kind::Or | Kind::CloseParen if open == 0 => return n,
            Kind::CloseBrace | Kind::OpenBrace => return n,
            _ => {}
        }
    }
    tokens.len()
}

fn push_condition(text: &str, tokens: &[&Token], words: &mut Vec<String>) {
    let is_unfinished = tokens.last().is_some_and(|token| is_comparison(token.kind));
    if is_unfinished {
        // A `!` before the condition stays: nothing is known of what it negates.
        let negations = tokens.iter().take_while(|token| token.kind == Kind::Not).count();
        words.push(format!("{}true", "!".repeat(negations)));
        return;
    }
    let mut word = String::new();
    let mut end = tokens.first().map_or(0, |token| token.place.start);
    for token in tokens {
        // Scope and name of an attribute stand together, all else apart.
        if token.place.start > end {
            words.push(std::mem::take(&mut word));
        }
        word.push_str(source(text, token));
        end = token.place.end;
    }
    words.push(word);
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
