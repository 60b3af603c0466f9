//! Query text to tokens.
//!
//! In: any UTF-8 text. Out: tokens that end with [`Kind::End`] or, where the text cannot be read,
//! [`Kind::Broken`] before it. Total and linear; a broken rest is not looked at. An attribute is
//! two to four tokens (scope, perhaps a second scope, name, end), as in the original, whose error
//! texts name them.

mod attribute;
mod number;
pub mod token;

use stdx::go::{quote, text};

pub use attribute::needs_quotes;
pub use number::parse_duration;
use token::keyword;
pub use token::{Kind, Payload, Token};

use crate::place::Place;

/// The tokens of `text`.
pub fn lex(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, tokens: Vec::with_capacity(text.len() / 4 + 2) };
    while lexer.step() {}
    let end = Place::new(text.len(), text.len());
    lexer.tokens.push(Token { kind: Kind::End, place: end, payload: Payload::None });
    lexer.tokens
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token>,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn push(&mut self, kind: Kind, len: usize, payload: Payload) -> bool {
        let place = Place::new(self.at, self.at + len);
        self.tokens.push(Token { kind, place, payload });
        self.at += len;
        true
    }

    fn broken(&mut self, message: &str) -> bool {
        let len = self.text.len() - self.at;
        self.push(Kind::Broken, len, Payload::Text(message.into()));
        false
    }

    /// Reads one token, white space or comment; whether there may be more.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(&first) = rest.as_bytes().first() else {
            return false;
        };
        match first {
            b' ' | b'\t' | b'\n' | b'\r' => {
                self.at += 1;
                true
            }
            b'/' if rest.starts_with("//") => {
                self.at += rest.find('\n').unwrap_or(rest.len());
                true
            }
            b'/' if rest.starts_with("/*") => match rest[2..].find("*/") {
                Some(end) => {
                    self.at += end + 4;
                    true
                }
                None => self.broken("comment not terminated"),
            },
            b'0'..=b'9' => self.number(),
            b'.' if rest.as_bytes().get(1).is_some_and(u8::is_ascii_digit) => self.number(),
            b'.' => {
                self.push(Kind::Dot, 1, Payload::None);
                self.attribute_name()
            }
            b'"' | b'`' => self.string(first),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(),
            _ => self.operator(),
        }
    }

    fn number(&mut self) -> bool {
        match number::read(self.rest()) {
            Ok((kind, len, payload)) => self.push(kind, len, payload),
            Err(message) => self.broken(&message),
        }
    }

    fn string(&mut self, mark: u8) -> bool {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let mut end = 1;
        loop {
            match bytes.get(end) {
                Some(&byte) if byte == mark => break,
                Some(b'\\') if mark == b'"' => end += 2,
                Some(b'\n') if mark == b'"' => return self.broken("literal not terminated"),
                Some(_) => end += 1,
                None => return self.broken("literal not terminated"),
            }
        }
        let Some(literal) = rest.get(..=end) else {
            return self.broken("literal not terminated");
        };
        match quote::unquote_string(literal) {
            Ok(decoded) => self.push(Kind::String, end + 1, Payload::Text(decoded.into())),
            Err(_) => self.broken("invalid char escape"),
        }
    }

    fn word(&mut self) -> bool {
        let rest = self.rest();
        let is_part = |c: char| {
            c.is_ascii_alphanumeric()
                || c == '_'
                || (!c.is_ascii() && (text::is_letter(c) || text::is_digit(c)))
        };
        let len = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        if len == 0 {
            return self.unknown();
        }
        let (word, after) = rest.split_at(len);
        match after.as_bytes().first() {
            Some(b'.') => {
                if let Some(kind) = scope_before_dot(word) {
                    self.push(kind, len + 1, Payload::None);
                    if kind == Kind::ParentDot {
                        self.scope_after_parent();
                    }
                    return self.attribute_name();
                }
            }
            Some(b':') => {
                if let Some(kind) = scope_before_colon(word) {
                    return self.push(kind, len + 1, Payload::None);
                }
            }
            _ => {}
        }
        match (keyword(word), word) {
            (Some(kind), _) => self.push(kind, len, Payload::None),
            (None, "minInt") => self.push(Kind::Integer, len, Payload::Int(i64::MIN)),
            (None, "maxInt") => self.push(Kind::Integer, len, Payload::Int(i64::MAX)),
            _ => self.push(Kind::Identifier, len, Payload::Text(word.into())),
        }
    }

    /// `parent.` may be followed at once by `span.` or `resource.`, by no other scope.
    fn scope_after_parent(&mut self) {
        for (word, kind) in [("span.", Kind::SpanDot), ("resource.", Kind::ResourceDot)] {
            if self.rest().starts_with(word) {
                self.push(kind, word.len(), Payload::None);
                return;
            }
        }
    }

    fn attribute_name(&mut self) -> bool {
        match attribute::read(self.rest()) {
            Ok((0, _)) => self.push(Kind::EndAttribute, 0, Payload::None),
            Ok((len, name)) => {
                self.push(Kind::Identifier, len, Payload::Text(name));
                self.push(Kind::EndAttribute, 0, Payload::None)
            }
            Err(message) => {
                // The original points at the scope, whose token has just been read.
                self.at = self.tokens.last().map_or(self.at, |token| token.place.start as usize);
                self.broken(message)
            }
        }
    }

    fn operator(&mut self) -> bool {
        let rest = self.rest();
        // Longer ones first: the longest that fits is meant.
        const OPERATORS: [(&str, Kind); 35] = [
            ("!>>", Kind::NotDescendant),
            ("!<<", Kind::NotAncestor),
            ("&>>", Kind::UnionDescendant),
            ("&<<", Kind::UnionAncestor),
            ("&&", Kind::And),
            ("&>", Kind::UnionChild),
            ("&<", Kind::UnionParent),
            ("&~", Kind::UnionSibling),
            ("||", Kind::Or),
            (">>", Kind::Descendant),
            ("<<", Kind::Ancestor),
            (">=", Kind::GreaterEqual),
            ("<=", Kind::LessEqual),
            ("!>", Kind::NotChild),
            ("!<", Kind::NotParent),
            ("!=", Kind::NotEqual),
            ("!~", Kind::NotMatch),
            ("=~", Kind::Match),
            ("{", Kind::OpenBrace),
            ("}", Kind::CloseBrace),
            ("(", Kind::OpenParen),
            (")", Kind::CloseParen),
            (",", Kind::Comma),
            ("|", Kind::Pipe),
            ("=", Kind::Equal),
            (">", Kind::Greater),
            ("<", Kind::Less),
            ("~", Kind::Tilde),
            ("!", Kind::Not),
            ("+", Kind::Plus),
            ("-", Kind::Minus),
            ("*", Kind::Times),
            ("/", Kind::Divide),
            ("%", Kind::Modulo),
            ("^", Kind::Power),
        ];
        let found = OPERATORS.iter().find(|(symbol, _)| rest.starts_with(symbol));
        match found {
            Some(&(symbol, kind)) => self.push(kind, symbol.len(), Payload::None),
            None => self.unknown(),
        }
    }

    fn unknown(&mut self) -> bool {
        let character = self.rest().chars().next().unwrap_or(' ');
        self.broken(&format!("syntax error: unexpected {}", quote::quote_rune(character)))
    }
}

fn scope_before_dot(word: &str) -> Option<Kind> {
    Some(match word {
        "parent" => Kind::ParentDot,
        "span" => Kind::SpanDot,
        "resource" => Kind::ResourceDot,
        "event" => Kind::EventDot,
        "link" => Kind::LinkDot,
        "instrumentation" => Kind::InstrumentationDot,
        _ => return None,
    })
}

fn scope_before_colon(word: &str) -> Option<Kind> {
    Some(match word {
        "trace" => Kind::TraceColon,
        "span" => Kind::SpanColon,
        "event" => Kind::EventColon,
        "link" => Kind::LinkColon,
        "instrumentation" => Kind::InstrumentationColon,
        _ => return None,
    })
}
