//! The states for series descriptions: values, and histograms between `{{` and `}}`.
//!
//! In: the lexer behind the label set. Out: tokens with the blanks between values, which matter here
//! (`1 -1` are two values, `1-1x3` is a sequence).

use stdx::go::quote::{quote, quote_rune};

use super::{HistogramState, Lexer, State, is_alpha, is_space};
use crate::token::TokenKind;

impl Lexer<'_> {
    pub(super) fn values(&mut self) -> State {
        if self.histogram != HistogramState::None {
            return State::Histogram;
        }
        let Some(c) = self.next() else {
            return State::Statements;
        };
        match c {
            '{' if self.peek() == Some('{') => {
                self.histogram = HistogramState::Open;
                self.pos += 1;
                self.emit(TokenKind::OpenHistogram);
                return State::Histogram;
            }
            _ if is_space(c) => {
                self.emit(TokenKind::Space);
                self.skip_spaces();
            }
            '+' => self.emit(TokenKind::Add),
            '-' => self.emit(TokenKind::Sub),
            'x' => self.emit(TokenKind::Times),
            '_' => self.emit(TokenKind::Blank),
            _ if c.is_ascii_digit()
                || (c == '.' && self.peek().is_some_and(|next| next.is_ascii_digit())) =>
            {
                self.pos = self.start;
                if self.number() == State::Done {
                    return State::Done;
                }
            }
            _ if is_alpha(c) => {
                self.pos = self.start + 1;
                return self.keyword_or_identifier();
            }
            _ => {
                let shown = quote_rune(c);
                return self.fail(format!("unexpected character in series sequence: {shown}"));
            }
        }
        State::Values
    }

    pub(super) fn histogram(&mut self) -> State {
        if let HistogramState::Operator(kind) = self.histogram {
            self.histogram = HistogramState::None;
            self.pos += 1;
            self.emit(kind);
            return State::Values;
        }
        if self.is_bracket_open {
            return self.buckets();
        }
        let c = self.next();
        match c {
            Some(c) if is_space(c) => {
                self.emit(TokenKind::Space);
                self.skip_spaces();
            }
            Some(c) if is_alpha(c) => return self.histogram_word(),
            Some(':') => self.emit(TokenKind::Colon),
            Some('-') => self.emit(TokenKind::Sub),
            Some(c) if c.is_ascii_digit() => {
                self.pos = self.start;
                if self.number() == State::Done {
                    return State::Done;
                }
            }
            Some('[') => {
                self.is_bracket_open = true;
                self.has_colon = false;
                self.has_duration = false;
                self.emit(TokenKind::LeftBracket);
                return State::Buckets;
            }
            Some('}') if self.peek() == Some('}') => {
                self.pos += 1;
                self.emit(TokenKind::CloseHistogram);
                self.histogram = match self.peek() {
                    Some('x') => HistogramState::Operator(TokenKind::Times),
                    Some('+') => HistogramState::Operator(TokenKind::Add),
                    Some('-') => HistogramState::Operator(TokenKind::Sub),
                    _ => HistogramState::None,
                };
                return State::Values;
            }
            other => {
                let shown = super::show_rune(other);
                return self.fail(format!("histogram description incomplete unexpected: {shown}"));
            }
        }
        State::Histogram
    }

    fn histogram_word(&mut self) -> State {
        while self.peek().is_some_and(is_alpha) {
            self.pos += 1;
        }
        let word = self.word();
        let lower = word.to_ascii_lowercase();
        let descriptor = match lower.as_str() {
            "sum" => Some(TokenKind::SumDesc),
            "count" => Some(TokenKind::CountDesc),
            "schema" => Some(TokenKind::SchemaDesc),
            "offset" => Some(TokenKind::OffsetDesc),
            "n_offset" => Some(TokenKind::NegativeOffsetDesc),
            "buckets" => Some(TokenKind::BucketsDesc),
            "n_buckets" => Some(TokenKind::NegativeBucketsDesc),
            "z_bucket" => Some(TokenKind::ZeroBucketDesc),
            "z_bucket_w" => Some(TokenKind::ZeroBucketWidthDesc),
            "custom_values" => Some(TokenKind::CustomValuesDesc),
            "counter_reset_hint" => Some(TokenKind::CounterResetHintDesc),
            _ => None,
        };
        if let Some(kind) = descriptor {
            if self.peek() == Some(':') {
                self.emit(kind);
                return State::Histogram;
            }
            return self.fail("missing `:` for histogram descriptor");
        }
        let kind = match lower.as_str() {
            "inf" | "nan" => TokenKind::Number,
            "unknown" => TokenKind::HintUnknown,
            "reset" => TokenKind::HintReset,
            "not_reset" => TokenKind::HintNotReset,
            "gauge" => TokenKind::HintGauge,
            _ => {
                let shown = quote(word);
                return self.fail(format!("bad histogram descriptor found: {shown}"));
            }
        };
        self.emit(kind);
        State::Histogram
    }

    pub(super) fn buckets(&mut self) -> State {
        let c = self.next();
        match c {
            Some(c) if is_space(c) => {
                self.emit(TokenKind::Space);
                self.skip_spaces();
            }
            Some('-') => self.emit(TokenKind::Sub),
            Some(c) if c.is_ascii_digit() => {
                self.pos = self.start;
                if self.number() == State::Done {
                    return State::Done;
                }
            }
            Some(']') => {
                self.is_bracket_open = false;
                self.emit(TokenKind::RightBracket);
                return State::Histogram;
            }
            Some(c) if is_alpha(c) => {
                let word = self.word();
                if word.eq_ignore_ascii_case("inf") || word.eq_ignore_ascii_case("nan") {
                    self.emit(TokenKind::Number);
                }
            }
            other => {
                let shown = super::show_rune(other);
                return self.fail(format!("invalid character in buckets description: {shown}"));
            }
        }
        State::Buckets
    }
}
