//! Numbers, durations and what stands between brackets before the first of them.
//!
//! In: the lexer at a digit or a point, or after `[`. Out: tokens `Number` and `Duration`, or the
//! error of Prometheus about exactly the characters that it had looked at.

use stdx::go::quote::{quote, quote_rune};

use super::{Lexer, State, is_alphanumeric, is_duration_keyword_start, is_space};
use crate::token::TokenKind;

impl Lexer<'_> {
    /// A number or duration whose first character the caller has taken.
    pub(super) fn number_or_duration(&mut self) -> State {
        self.pos = self.start;
        if self.scan_number() {
            self.emit(TokenKind::Number);
            return State::Statements;
        }
        if self.scan_duration_rest() {
            self.emit(TokenKind::Duration);
            return State::Statements;
        }
        let text = quote(self.word());
        self.fail(format!("bad number or duration syntax: {text}"))
    }

    /// A number only, as series descriptions have it; nothing is taken yet.
    pub(super) fn number(&mut self) -> State {
        if self.scan_number() {
            self.emit(TokenKind::Number);
            return State::Statements;
        }
        let text = quote(self.word());
        self.fail(format!("bad number syntax: {text}"))
    }

    fn is_next(&self, test: impl Fn(char) -> bool) -> bool {
        self.peek().is_some_and(test)
    }

    fn accept_where(&mut self, test: impl Fn(char) -> bool) -> bool {
        let is_next = self.is_next(test);
        if is_next {
            self.pos += 1;
        }
        is_next
    }

    /// Prometheus' number: digits with single points, exponents and underscores, or hexadecimal.
    /// On failure the position is where it gave up, which the error shows.
    fn scan_number(&mut self) -> bool {
        let begin = self.pos;
        let mut is_hex = false;
        // Series descriptions have no hexadecimals: `0x3` is a zero and three repetitions.
        if !self.is_series && self.accept('0') && self.accept_where(|c| matches!(c, 'x' | 'X')) {
            self.accept('_');
            is_hex = true;
        }
        let is_digit = move |c: char| if is_hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
        let is_exponent = |c: char| matches!(c, 'e' | 'E');
        self.accept('.');
        self.accept_where(is_digit);
        let (mut has_dot, mut has_exponent) = (false, false);
        while self.is_next(|c| is_digit(c) || matches!(c, '.' | '_') || is_exponent(c)) {
            if self.is_next(|c| c == '.') && has_dot {
                self.pos += 1;
                return false;
            }
            if self.is_next(is_exponent) && has_exponent {
                self.pos += 1;
                return false;
            }
            if self.accept('.') {
                has_dot = true;
                if self.accept_where(|c| matches!(c, '_' | '.')) || is_hex {
                    return false;
                }
            } else if self.accept_where(is_exponent) {
                has_exponent = true;
                self.accept_where(|c| matches!(c, '+' | '-'));
                if self.accept_where(|c| matches!(c, '.' | '_') || is_exponent(c)) || self.peek().is_none() {
                    return false;
                }
            } else if self.accept('_') {
                if self.accept_where(|c| matches!(c, '.' | '_') || is_exponent(c)) || self.peek().is_none() {
                    return false;
                }
            } else {
                while self.accept_where(is_digit) {}
            }
        }
        if self.pos == begin {
            return false;
        }
        match self.peek() {
            Some('x') if self.is_series => true,
            Some(c) => !is_alphanumeric(c),
            None => true,
        }
    }

    /// The unit after a scanned number, and further pairs of number and unit. That the units come in
    /// order is judged when the duration is read.
    fn scan_duration_rest(&mut self) -> bool {
        let is_digit = |c: char| c.is_ascii_digit();
        if !self.accept_where(|c| matches!(c, 's' | 'm' | 'h' | 'd' | 'w' | 'y')) {
            return false;
        }
        self.accept('s');
        while self.accept_where(is_digit) {
            while self.accept_where(is_digit) {}
            // Years can only come first.
            if !self.accept_where(|c| matches!(c, 's' | 'm' | 'h' | 'd' | 'w')) {
                return false;
            }
            self.accept('s');
        }
        if self.is_next(is_alphanumeric) {
            self.pos += 1;
            return false;
        }
        true
    }

    /// Emits `step`, `range`, `max_of` or `min_of` if the word that began one character ago is one.
    pub(super) fn duration_keyword(&mut self) -> bool {
        while self.is_next(|c| c == '_' || c.is_ascii_alphabetic()) {
            self.pos += 1;
        }
        let kind = TokenKind::of_word(self.word()).filter(|kind| {
            matches!(kind, TokenKind::Step | TokenKind::Range | TokenKind::MaxOf | TokenKind::MinOf)
        });
        if let Some(kind) = kind {
            self.emit(kind);
        }
        kind.is_some()
    }

    /// Between `[` and the first number.
    pub(super) fn duration_expr(&mut self) -> State {
        let Some(c) = self.next() else {
            return self.fail("unexpected end of input in duration expression");
        };
        let kind = match c {
            ']' => {
                self.emit(TokenKind::RightBracket);
                self.is_bracket_open = false;
                self.has_colon = false;
                return State::Statements;
            }
            ':' => {
                self.emit(TokenKind::Colon);
                if !self.has_duration {
                    return self.fail("unexpected colon before duration in duration expression");
                }
                if self.has_colon {
                    return self.fail("unexpected repeated colon in duration expression");
                }
                self.has_colon = true;
                return State::DurationExpr;
            }
            '(' => {
                self.paren_depth += 1;
                TokenKind::LeftParen
            }
            ')' => return self.right_paren(State::DurationExpr),
            _ if is_space(c) => {
                self.skip_spaces();
                return State::DurationExpr;
            }
            '+' => TokenKind::Add,
            '-' => TokenKind::Sub,
            '*' => TokenKind::Mul,
            '/' => TokenKind::Div,
            '%' => TokenKind::Mod,
            '^' => TokenKind::Pow,
            ',' => TokenKind::Comma,
            _ if is_duration_keyword_start(c) && self.duration_keyword() => {
                return State::DurationExpr;
            }
            _ if c.is_ascii_digit() || (c == '.' && self.is_next(|next| next.is_ascii_digit())) => {
                self.has_duration = true;
                return self.number_or_duration();
            }
            _ => {
                let shown = quote_rune(c);
                return self.fail(format!("unexpected character in duration expression: {shown}"));
            }
        };
        self.emit(kind);
        State::DurationExpr
    }
}
