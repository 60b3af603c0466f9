//! The language of series in test scripts: `name{a="b"} 1 2+3x4 _ stale {{schema:1 ...}}`.
//!
//! In: one line. Out: its labels and its values. Prometheus' unit tests for rules use the same
//! language, so it belongs to the crate and not to its tests.

use std::sync::Arc;

use model::histogram::CUSTOM_BUCKETS_SCHEMA;
use model::{Labels, LabelsBuilder, ResetHint};

use crate::diagnostic::{Diagnostic, ParseErrors};
use crate::hist::{Bucket, FloatHistogram};
use crate::lexer::Lexer;
use crate::literal;
use crate::parser::NAME_LABEL;
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// The most values that one item may repeat; beyond, a line would be a way to fill the memory.
pub const REPETITIONS_MAX: u64 = 1_000_000;

/// One value of a series.
#[derive(Debug, Clone, PartialEq)]
pub enum SeriesValue {
    /// `_`
    Omitted,
    /// A number; `stale` is the staleness marker.
    Float(f64),
    /// A histogram, and whether its reset hint was written.
    Histogram(Arc<FloatHistogram>, bool),
}

/// Reads a line.
pub fn parse_series(line: &str) -> Result<(Labels, Vec<SeriesValue>), ParseErrors> {
    let mut parser = SeriesParser { line, lexer: Lexer::for_series(line), ahead: None };
    parser.line().map_err(|diagnostic| ParseErrors { query: line.to_owned(), diagnostics: vec![diagnostic] })
}

type Parsed<T> = Result<T, Diagnostic>;

struct SeriesParser<'l> {
    line: &'l str,
    lexer: Lexer<'l>,
    ahead: Option<Token>,
}

impl SeriesParser<'_> {
    fn peek(&mut self) -> Token {
        *self.ahead.get_or_insert_with(|| self.lexer.next_token())
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        self.ahead = None;
        token
    }

    fn accept(&mut self, kind: TokenKind) -> bool {
        let is_next = self.peek().kind == kind;
        if is_next {
            self.bump();
        }
        is_next
    }

    fn text(&self, span: Span) -> &str {
        self.line.get(span.start..span.end).unwrap_or_default()
    }

    fn unexpected(&mut self, context: &str, expected: &str) -> Diagnostic {
        let token = self.peek();
        if token.kind == TokenKind::Error {
            return Diagnostic::new(token.span, self.lexer.message().to_owned());
        }
        let mut message = format!("unexpected {} in {context}", token.describe(self.line));
        if !expected.is_empty() {
            message.push_str(", expected ");
            message.push_str(expected);
        }
        Diagnostic::new(token.span, message)
    }

    fn want(&mut self, kind: TokenKind, context: &str, expected: &str) -> Parsed<Token> {
        if self.peek().kind == kind { Ok(self.bump()) } else { Err(self.unexpected(context, expected)) }
    }

    fn string(&mut self) -> Parsed<String> {
        let token = self.want(TokenKind::String, "label set", "string")?;
        let bytes = literal::unquote(self.text(token.span))
            .map_err(|error| Diagnostic::new(token.span, error.to_string()))?;
        Ok(stdx::go::text::repair_utf8(&bytes))
    }

    fn line(&mut self) -> Parsed<(Labels, Vec<SeriesValue>)> {
        let mut labels = LabelsBuilder::default();
        let first = self.peek();
        if first.kind.is_metric_name() {
            self.bump();
            let name = self.text(first.span).to_owned();
            self.label_set(&mut labels)?;
            labels.set(NAME_LABEL, name);
        } else {
            self.label_set(&mut labels)?;
        }
        let mut values = Vec::new();
        loop {
            if self.accept(TokenKind::Space) {
                if !matches!(self.peek().kind, TokenKind::Space | TokenKind::Eof) {
                    self.item(&mut values)?;
                }
            } else if self.peek().kind == TokenKind::Eof {
                return Ok((labels.finish(), values));
            } else {
                return Err(self.unexpected("series values", ""));
            }
        }
    }

    fn label_set(&mut self, labels: &mut LabelsBuilder) -> Parsed<()> {
        if !self.accept(TokenKind::LeftBrace) {
            return Ok(());
        }
        while !self.accept(TokenKind::RightBrace) {
            let token = self.peek();
            if token.kind == TokenKind::String {
                let name = self.string()?;
                if self.accept(TokenKind::Equal) {
                    let value = self.string()?;
                    labels.set(name, value);
                } else {
                    labels.set(NAME_LABEL, name);
                }
            } else {
                let token = self.want(TokenKind::Identifier, "label set", "identifier or \"}\"")?;
                self.want(TokenKind::Equal, "label set", "\"=\"")?;
                let value = self.string()?;
                let name = self.text(token.span).to_owned();
                labels.set(name, value);
            }
            if !self.accept(TokenKind::Comma) && self.peek().kind != TokenKind::RightBrace {
                return Err(self.unexpected("label set", "\",\" or \"}\""));
            }
        }
        Ok(())
    }

    fn repetitions(&mut self) -> Parsed<u64> {
        let token = self.want(TokenKind::Number, "series values", "number")?;
        let invalid =
            |why: &str| Diagnostic::new(token.span, format!("invalid repetition in series values: {why}"));
        let count: u64 = self.text(token.span).parse().map_err(|_| invalid("not a whole number"))?;
        if count > REPETITIONS_MAX { Err(invalid("too many")) } else { Ok(count) }
    }

    fn number(&mut self) -> Parsed<f64> {
        let is_negative = self.accept(TokenKind::Sub);
        if !is_negative {
            self.accept(TokenKind::Add);
        }
        let token = self.peek();
        let value = match token.kind {
            TokenKind::Number => literal::number(self.text(token.span)),
            TokenKind::Duration => {
                crate::duration::parse_duration(self.text(token.span)).map(|ms| ms as f64 / 1000.0)
            }
            _ => return Err(self.unexpected("series values", "number or \"stale\"")),
        };
        self.bump();
        let value = value.map_err(|message| Diagnostic::new(token.span, message))?;
        Ok(if is_negative { -value } else { value })
    }

    fn item(&mut self, values: &mut Vec<SeriesValue>) -> Parsed<()> {
        let token = self.peek();
        match token.kind {
            TokenKind::Blank => {
                self.bump();
                let count = if self.accept(TokenKind::Times) { self.repetitions()? } else { 1 };
                values.extend((0..count).map(|_| SeriesValue::Omitted));
            }
            TokenKind::OpenHistogram => self.histograms(values)?,
            TokenKind::Identifier if self.text(token.span) == "stale" => {
                self.bump();
                let marker = f64::from_bits(model::sample::STALE_NAN_BITS);
                self.floats(marker, values)?;
            }
            _ => {
                let value = self.number()?;
                self.floats(value, values)?;
            }
        }
        Ok(())
    }

    fn floats(&mut self, first: f64, values: &mut Vec<SeriesValue>) -> Parsed<()> {
        if self.accept(TokenKind::Times) {
            // One more value stands for time zero.
            let count = self.repetitions()?;
            values.extend((0..=count).map(|_| SeriesValue::Float(first)));
            return Ok(());
        }
        if !matches!(self.peek().kind, TokenKind::Add | TokenKind::Sub) {
            values.push(SeriesValue::Float(first));
            return Ok(());
        }
        let step = self.number()?;
        self.want(TokenKind::Times, "series values", "")?;
        let count = self.repetitions()?;
        let mut value = first;
        for _ in 0..=count {
            values.push(SeriesValue::Float(value));
            value += step;
        }
        Ok(())
    }

    fn histograms(&mut self, values: &mut Vec<SeriesValue>) -> Parsed<()> {
        let span = self.peek().span;
        let (first, mut has_hint) = self.histogram()?;
        let sign = match self.peek().kind {
            TokenKind::Times => {
                self.bump();
                let count = self.repetitions()?;
                let shared = Arc::new(first);
                values.extend((0..=count).map(|_| SeriesValue::Histogram(Arc::clone(&shared), has_hint)));
                return Ok(());
            }
            kind @ (TokenKind::Add | TokenKind::Sub) => kind,
            _ => {
                values.push(SeriesValue::Histogram(Arc::new(first), has_hint));
                return Ok(());
            }
        };
        self.bump();
        let (step, has_step_hint) = self.histogram()?;
        has_hint = has_step_hint;
        self.want(TokenKind::Times, "series values", "")?;
        let count = self.repetitions()?;
        let mut value = first;
        values.push(SeriesValue::Histogram(Arc::new(value.clone()), has_hint));
        for _ in 0..count {
            if value.schema > step.schema {
                let message = format!(
                    "error combining histograms: cannot merge from schema {} to {}",
                    step.schema, value.schema
                );
                return Err(Diagnostic::new(span, message));
            }
            let combined = if sign == TokenKind::Add { value.add(&step) } else { value.sub(&step) };
            if combined.is_err() {
                let message = "cannot combine exponential and custom buckets";
                return Err(Diagnostic::new(span, message));
            }
            values.push(SeriesValue::Histogram(Arc::new(value.clone()), has_hint));
        }
        Ok(())
    }

    /// A histogram between its braces, and whether it has a reset hint.
    fn histogram(&mut self) -> Parsed<(FloatHistogram, bool)> {
        const CONTEXT: &str = "histogram description";
        const EXPECTED: &str = "histogram description key, e.g. buckets:[5 10 7]";
        self.want(TokenKind::OpenHistogram, CONTEXT, "")?;
        let mut out = FloatHistogram::default();
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        let (mut offset, mut negative_offset) = (0, 0);
        let mut seen: Vec<TokenKind> = Vec::new();
        while !self.accept(TokenKind::CloseHistogram) {
            if self.accept(TokenKind::Space) {
                continue;
            }
            let key = self.bump();
            if seen.contains(&key.kind) {
                let name = self.text(key.span);
                let message = format!("duplicate key \"{name}\" in histogram");
                return Err(Diagnostic::new(Span::default(), message));
            }
            seen.push(key.kind);
            self.want(TokenKind::Colon, CONTEXT, EXPECTED)?;
            match key.kind {
                TokenKind::SchemaDesc => out.schema = self.integer()?,
                TokenKind::SumDesc => out.sum = self.number()?,
                TokenKind::CountDesc => out.count = self.number()?,
                TokenKind::ZeroBucketDesc => out.zero_count = self.number()?,
                TokenKind::ZeroBucketWidthDesc => out.zero_threshold = self.number()?,
                TokenKind::OffsetDesc => offset = self.integer()?,
                TokenKind::NegativeOffsetDesc => negative_offset = self.integer()?,
                TokenKind::BucketsDesc => positive = self.numbers()?,
                TokenKind::NegativeBucketsDesc => negative = self.numbers()?,
                TokenKind::CustomValuesDesc => out.bounds = self.numbers()?.into(),
                TokenKind::CounterResetHintDesc => {
                    out.hint = match self.bump().kind {
                        TokenKind::HintUnknown => ResetHint::Unknown,
                        TokenKind::HintReset => ResetHint::Reset,
                        TokenKind::HintNotReset => ResetHint::NotReset,
                        TokenKind::HintGauge => ResetHint::Gauge,
                        _ => return Err(self.unexpected(CONTEXT, EXPECTED)),
                    }
                }
                _ => return Err(self.unexpected(CONTEXT, EXPECTED)),
            }
        }
        let buckets = |first: i32, counts: Vec<f64>| {
            (first..).zip(counts).map(|(index, count)| Bucket { index, count }).collect()
        };
        out.positive = buckets(offset, positive);
        out.negative = buckets(negative_offset, negative);
        debug_assert!(out.schema == CUSTOM_BUCKETS_SCHEMA || out.schema < 64);
        Ok((out, seen.contains(&TokenKind::CounterResetHintDesc)))
    }

    fn integer(&mut self) -> Parsed<i32> {
        let is_negative = self.accept(TokenKind::Sub);
        let token = self.want(TokenKind::Number, "histogram description", "number")?;
        let magnitude: i32 =
            self.text(token.span).parse().map_err(|_| Diagnostic::new(token.span, "not a whole number"))?;
        Ok(if is_negative { -magnitude } else { magnitude })
    }

    fn numbers(&mut self) -> Parsed<Vec<f64>> {
        self.want(TokenKind::LeftBracket, "histogram description", "")?;
        let mut out = Vec::new();
        while !self.accept(TokenKind::RightBracket) {
            if !self.accept(TokenKind::Space) {
                out.push(self.number()?);
            }
        }
        Ok(out)
    }
}
