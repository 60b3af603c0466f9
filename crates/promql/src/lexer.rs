//! Query text to tokens.
//!
//! In: a text. Out: one token a call, comments included, and the message of the first error. The
//! states follow Prometheus' lexer, because its error texts and places depend on them: outside
//! braces, inside `{}`, inside `[]` before the first number, inside a string, and the states of
//! series descriptions in `series.rs`.
//!
//! Deliberately not here: what strings and numbers mean (`literal.rs`, `duration.rs`).

mod number;
mod series;
mod text;

use stdx::go::quote::quote_rune;

use crate::span::Span;
use crate::token::{Token, TokenKind};

/// Where the lexer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The usual one; goes on to braces or histograms by itself.
    Statements,
    InsideBraces,
    /// After `[` until the first number.
    DurationExpr,
    /// Inside a string whose opening quote is read, after an error in it.
    String,
    RawString,
    /// The values of a series description.
    Values,
    Histogram,
    Buckets,
    /// Nothing but the end is left, or an error ended the work.
    Done,
}

/// What follows the `}}` that was just read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum HistogramState {
    None,
    Open,
    /// An operator is next: `x`, `+` or `-`.
    Operator(TokenKind),
}

/// Reads tokens from a text.
#[derive(Debug, Clone)]
pub struct Lexer<'a> {
    text: &'a str,
    state: State,
    pos: usize,
    start: usize,
    paren_depth: i64,
    is_brace_open: bool,
    is_bracket_open: bool,
    has_colon: bool,
    has_duration: bool,
    quote: char,
    is_series: bool,
    histogram: HistogramState,
    message: String,
    emitted: Option<Token>,
}

impl<'a> Lexer<'a> {
    /// A lexer for queries.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            state: State::Statements,
            pos: 0,
            start: 0,
            paren_depth: 0,
            is_brace_open: false,
            is_bracket_open: false,
            has_colon: false,
            has_duration: false,
            quote: '"',
            is_series: false,
            histogram: HistogramState::None,
            message: String::new(),
            emitted: None,
        }
    }

    /// A lexer for series descriptions, as the scripts of tests have them.
    pub fn for_series(text: &'a str) -> Self {
        Self { is_series: true, ..Self::new(text) }
    }

    /// The text of the last token of kind `Error`.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The next token. After the end or a fatal error it is the end for ever.
    pub fn next_token(&mut self) -> Token {
        self.emitted = None;
        loop {
            if self.state == State::Done {
                self.emit(TokenKind::Eof);
            } else {
                self.state = self.advance();
            }
            if let Some(token) = self.emitted.take() {
                return token;
            }
        }
    }

    fn advance(&mut self) -> State {
        match self.state {
            State::Statements => self.statements(),
            State::InsideBraces => self.inside_braces(),
            State::DurationExpr => self.duration_expr(),
            State::String => self.string(),
            State::RawString => self.raw_string(),
            State::Values => self.values(),
            State::Histogram => self.histogram(),
            State::Buckets => self.buckets(),
            State::Done => State::Done,
        }
    }

    fn peek(&self) -> Option<char> {
        let byte = *self.text.as_bytes().get(self.pos)?;
        if byte < 0x80 {
            return Some(char::from(byte));
        }
        self.text.get(self.pos..)?.chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.pos += c.len_utf8();
        Some(c)
    }

    /// Takes the next character if it is `c`.
    fn accept(&mut self, c: char) -> bool {
        let is_next = self.peek() == Some(c);
        if is_next {
            self.pos += c.len_utf8();
        }
        is_next
    }

    fn word(&self) -> &'a str {
        self.text.get(self.start..self.pos).unwrap_or_default()
    }

    fn emit(&mut self, kind: TokenKind) {
        self.emitted = Some(Token { kind, span: Span::new(self.start, self.pos) });
        self.start = self.pos;
    }

    /// Emits an error that ends the work. Its place goes to the end of the text.
    fn fail(&mut self, message: impl Into<String>) -> State {
        self.report(message);
        State::Done
    }

    /// Emits an error after which the lexer goes on.
    fn report(&mut self, message: impl Into<String>) {
        self.message = message.into();
        let span = Span::new(self.start, self.text.len());
        self.emitted = Some(Token { kind: TokenKind::Error, span });
    }

    fn skip_spaces(&mut self) {
        while self.peek().is_some_and(is_space) {
            self.pos += 1;
        }
        self.start = self.pos;
    }

    fn statements(&mut self) -> State {
        if self.histogram != HistogramState::None {
            return State::Histogram;
        }
        if self.is_brace_open {
            return self.inside_braces();
        }
        if self.peek() == Some('#') {
            return self.comment();
        }
        let Some(c) = self.next() else {
            if self.paren_depth != 0 {
                return self.fail("unclosed left parenthesis");
            }
            if self.is_bracket_open {
                return self.fail("unclosed left bracket");
            }
            self.emit(TokenKind::Eof);
            return State::Done;
        };
        match c {
            ',' => self.emit(TokenKind::Comma),
            _ if is_space(c) => self.skip_spaces(),
            '*' => self.emit(TokenKind::Mul),
            '/' => self.emit(TokenKind::Div),
            '%' => self.emit(TokenKind::Mod),
            '+' => self.emit(TokenKind::Add),
            '-' => self.emit(TokenKind::Sub),
            '^' => self.emit(TokenKind::Pow),
            '=' => match self.peek() {
                Some('=') => {
                    self.pos += 1;
                    self.emit(TokenKind::EqualEqual);
                }
                Some('~') => return self.fail("unexpected character after '=': '~'"),
                _ => self.emit(TokenKind::Equal),
            },
            '!' => match self.next() {
                Some('=') => self.emit(TokenKind::NotEqual),
                other => {
                    return self.fail(format!("unexpected character after '!': {}", show_rune(other)));
                }
            },
            '<' => {
                let kind = if self.accept('=') {
                    TokenKind::LessEqual
                } else if self.accept('/') {
                    TokenKind::TrimUpper
                } else {
                    TokenKind::Less
                };
                self.emit(kind);
            }
            '>' => {
                let kind = if self.accept('=') {
                    TokenKind::GreaterEqual
                } else if self.accept('/') {
                    TokenKind::TrimLower
                } else {
                    TokenKind::Greater
                };
                self.emit(kind);
            }
            '0'..='9' => return self.number_or_duration(),
            '.' if self.peek().is_some_and(|c| c.is_ascii_digit()) => {
                return self.number_or_duration();
            }
            '"' | '\'' => {
                self.quote = c;
                return self.string();
            }
            '`' => {
                self.quote = c;
                return self.raw_string();
            }
            _ if is_alpha(c) || c == ':' => return self.word_in_statement(c),
            '(' => {
                self.emit(TokenKind::LeftParen);
                self.paren_depth += 1;
            }
            ')' => return self.right_paren(State::Statements),
            '{' => {
                self.emit(TokenKind::LeftBrace);
                self.is_brace_open = true;
                return State::InsideBraces;
            }
            '[' => {
                if self.is_bracket_open {
                    return self.fail("unexpected left bracket '['");
                }
                self.has_colon = false;
                self.emit(TokenKind::LeftBracket);
                self.skip_spaces();
                self.is_bracket_open = true;
                return State::DurationExpr;
            }
            ']' => {
                if !self.is_bracket_open {
                    return self.fail("unexpected right bracket ']'");
                }
                self.emit(TokenKind::RightBracket);
                self.is_bracket_open = false;
            }
            '@' => self.emit(TokenKind::At),
            _ => return self.fail(format!("unexpected character: {}", quote_rune(c))),
        }
        State::Statements
    }

    fn word_in_statement(&mut self, c: char) -> State {
        if !self.is_bracket_open {
            return self.keyword_or_identifier();
        }
        if c == ':' {
            if self.has_colon {
                return self.fail("unexpected colon ':'");
            }
            self.emit(TokenKind::Colon);
            self.has_colon = true;
            return State::Statements;
        }
        if is_duration_keyword_start(c) && self.duration_keyword() {
            return State::Statements;
        }
        self.fail(format!("unexpected character: {}, expected ':'", quote_rune(c)))
    }

    fn right_paren(&mut self, next: State) -> State {
        self.emit(TokenKind::RightParen);
        self.paren_depth -= 1;
        if self.paren_depth < 0 {
            return self.fail("unexpected right parenthesis ')'");
        }
        next
    }

    /// Reads on from a first letter, which the caller took.
    fn keyword_or_identifier(&mut self) -> State {
        let rest = self.text.as_bytes().get(self.pos..).unwrap_or_default();
        self.pos += rest
            .iter()
            .position(|&byte| !(byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':'))
            .unwrap_or(rest.len());
        let word = self.word();
        let kind = match TokenKind::of_word(word) {
            // The new words are keywords only before a parenthesis, so that metrics of that name
            // stay readable.
            Some(TokenKind::Fill | TokenKind::FillLeft | TokenKind::FillRight) if !self.is_paren_next() => {
                TokenKind::Identifier
            }
            Some(kind) => kind,
            None if word.contains(':') => TokenKind::MetricIdentifier,
            None => TokenKind::Identifier,
        };
        self.emit(kind);
        if self.is_series && self.peek() != Some('{') { State::Values } else { State::Statements }
    }

    fn is_paren_next(&self) -> bool {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        rest.trim_start_matches(is_space).starts_with('(')
    }

    fn comment(&mut self) -> State {
        let rest = self.text.get(self.pos..).unwrap_or_default();
        self.pos += rest.find(['\r', '\n']).unwrap_or(rest.len());
        self.emit(TokenKind::Comment);
        State::Statements
    }

    fn inside_braces(&mut self) -> State {
        if self.peek() == Some('#') {
            return self.comment();
        }
        let Some(c) = self.next() else {
            return self.fail("unexpected end of input inside braces");
        };
        match c {
            _ if is_space(c) => self.skip_spaces(),
            _ if is_alpha(c) => {
                while self.peek().is_some_and(is_alphanumeric) {
                    self.pos += 1;
                }
                self.emit(TokenKind::Identifier);
            }
            ',' => self.emit(TokenKind::Comma),
            '"' | '\'' => {
                self.quote = c;
                return self.string();
            }
            '`' => {
                self.quote = c;
                return self.raw_string();
            }
            '=' => {
                let kind = if self.accept('~') { TokenKind::EqualRegex } else { TokenKind::Equal };
                self.emit(kind);
            }
            '!' => match self.next() {
                Some('~') => self.emit(TokenKind::NotRegex),
                Some('=') => self.emit(TokenKind::NotEqual),
                other => {
                    let shown = show_rune(other);
                    return self.fail(format!("unexpected character after '!' inside braces: {shown}"));
                }
            },
            '{' => return self.fail("unexpected left brace '{'"),
            '}' => {
                self.emit(TokenKind::RightBrace);
                self.is_brace_open = false;
                return if self.is_series { State::Values } else { State::Statements };
            }
            _ => {
                return self.fail(format!("unexpected character inside braces: {}", quote_rune(c)));
            }
        }
        State::InsideBraces
    }
}

/// A character as Go's `%q` shows it, where the end of the text is the rune -1.
fn show_rune(c: Option<char>) -> String {
    c.map_or_else(|| "'\u{fffd}'".to_owned(), quote_rune)
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

const fn is_alpha(c: char) -> bool {
    c == '_' || c.is_ascii_alphabetic()
}

const fn is_alphanumeric(c: char) -> bool {
    c == '_' || c.is_ascii_alphanumeric()
}

/// Whether a word of duration expressions (`step`, `range`, `max_of`, `min_of`) begins so.
const fn is_duration_keyword_start(c: char) -> bool {
    matches!(c, 's' | 'S' | 'r' | 'R' | 'm' | 'M')
}
