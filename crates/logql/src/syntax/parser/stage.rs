//! The stages of a pipeline.

use super::{Failed, Parse, Parser};
use crate::syntax::ast::{
    Extraction, FormatValue, LabelFormat, LineFilter, LineMatch, LineOp, Selection, Stage, StageKind,
};
use crate::syntax::token::TokenKind as T;

const fn line_op(kind: T) -> Option<LineOp> {
    Some(match kind {
        T::PipeExact => LineOp::Contains,
        T::Neq => LineOp::NotContains,
        T::PipeMatch => LineOp::Regex,
        T::Nre => LineOp::NotRegex,
        T::PipePattern => LineOp::Pattern,
        T::Npa => LineOp::NotPattern,
        _ => return None,
    })
}

impl Parser<'_> {
    /// Reads stages until something else comes. `unwrap` is left to the caller, who alone may have it.
    pub(super) fn stages(&mut self, stages: &mut Vec<Stage>) -> Parse<()> {
        loop {
            let start = self.span();
            let result = match self.kind() {
                T::Pipe if self.tokens[self.at + 1].kind == T::Unwrap => return Ok(()),
                T::Pipe => {
                    self.advance();
                    self.stage()
                }
                kind if line_op(kind).is_some() => self.line_filters(),
                _ => return Ok(()),
            };
            let kind = result.unwrap_or_else(|Failed| {
                self.skip_to(|kind| {
                    line_op(kind).is_some() || matches!(kind, T::Pipe | T::Range | T::Offset)
                });
                StageKind::Error
            });
            stages.push(Stage { kind, span: start.to(self.last_span()) });
        }
    }

    fn stage(&mut self) -> Parse<StageKind> {
        let kind = self.kind();
        if matches!(kind, T::Identifier | T::OpenParen) {
            return Ok(StageKind::LabelFilter(self.label_filter()?));
        }
        match kind {
            T::Json | T::Logfmt | T::Regexp | T::Pattern | T::Unpack | T::LineFormat => {}
            T::LabelFormat | T::Decolorize | T::Drop | T::Keep => {}
            _ => return Err(self.unexpected(&[])),
        }
        self.advance();
        Ok(match kind {
            T::Json => StageKind::Json(self.extractions()?),
            T::Logfmt => self.logfmt()?,
            T::Regexp => {
                let pattern = self.expect_string()?;
                if let Err(message) = crate::pipeline::regexp::check(&pattern) {
                    let span = self.last_span();
                    self.complain(span, format!("invalid regexp parser: {message}"));
                }
                StageKind::Regexp(pattern)
            }
            T::Pattern => {
                let pattern = self.expect_string()?;
                if let Err(message) = crate::pipeline::pattern::Pattern::for_parser(&pattern) {
                    let span = self.last_span();
                    self.complain(span, format!("invalid pattern parser: {message}"));
                }
                StageKind::Pattern(pattern)
            }
            T::Unpack => StageKind::Unpack,
            T::LineFormat => StageKind::LineFormat(self.expect_string()?),
            T::LabelFormat => self.label_format()?,
            T::Drop => StageKind::Drop(self.selections()?),
            T::Keep => StageKind::Keep(self.selections()?),
            _ => StageKind::Decolorize,
        })
    }

    fn line_filters(&mut self) -> Parse<StageKind> {
        let mut filters = Vec::new();
        while let Some(op) = line_op(self.kind()) {
            let start = self.advance().span;
            let mut alternatives = vec![self.line_match()?];
            while self.take_if(T::Or) {
                alternatives.push(self.line_match()?);
            }
            let span = start.to(self.last_span());
            if op.is_negative() {
                // None of them: one filter each.
                filters.extend(alternatives.into_iter().map(|alternative| LineFilter {
                    op,
                    alternatives: vec![alternative],
                    span,
                }));
            } else {
                filters.push(LineFilter { op, alternatives, span });
            }
        }
        Ok(StageKind::LineFilters(filters))
    }

    fn line_match(&mut self) -> Parse<LineMatch> {
        match self.kind() {
            T::String => Ok(LineMatch { text: self.expect_string()?, is_ip: false }),
            T::Ip => {
                self.advance();
                self.expect(T::OpenParen)?;
                let text = self.expect_string()?;
                self.expect(T::CloseParen)?;
                Ok(LineMatch { text, is_ip: true })
            }
            _ => Err(self.unexpected(&[T::String, T::Ip])),
        }
    }

    fn logfmt(&mut self) -> Parse<StageKind> {
        let (mut strict, mut keep_empty) = (false, false);
        while self.kind() == T::Flag {
            match self.advance().span.text(self.source) {
                "--strict" => strict = true,
                _ => keep_empty = true,
            }
        }
        Ok(StageKind::Logfmt { strict, keep_empty, fields: self.extractions()? })
    }

    fn extractions(&mut self) -> Parse<Vec<Extraction>> {
        let mut fields = Vec::new();
        if self.kind() != T::Identifier {
            return Ok(fields);
        }
        loop {
            let label = self.expect_identifier()?;
            let path = if self.take_if(T::Eq) { self.expect_string()? } else { label.clone() };
            fields.push(Extraction { label, path });
            if !self.take_if(T::Comma) {
                return Ok(fields);
            }
        }
    }

    fn label_format(&mut self) -> Parse<StageKind> {
        let start = self.last_span();
        let mut formats: Vec<LabelFormat> = Vec::new();
        loop {
            let target = self.expect_identifier()?;
            self.expect(T::Eq)?;
            let value = match self.kind() {
                T::Identifier => FormatValue::Label(self.expect_identifier()?),
                T::String => FormatValue::Template(self.expect_string()?),
                _ => return Err(self.unexpected(&[T::Identifier, T::String])),
            };
            formats.push(LabelFormat { target, value });
            if !self.take_if(T::Comma) {
                break;
            }
        }
        if let Err(message) = crate::pipeline::label_format::check_targets(&formats) {
            let span = start.to(self.last_span());
            self.complain(span, message);
        }
        Ok(StageKind::LabelFormat(formats))
    }

    fn selections(&mut self) -> Parse<Vec<Selection>> {
        let mut selections = Vec::new();
        loop {
            let follows = self.tokens.get(self.at + 1).map(|token| token.kind);
            if self.kind() == T::Identifier && matches!(follows, Some(T::Eq | T::Neq | T::Re | T::Nre)) {
                selections.push(Selection::Matcher(self.matcher()?));
            } else {
                selections.push(Selection::Name(self.expect_identifier()?));
            }
            if !self.take_if(T::Comma) {
                return Ok(selections);
            }
        }
    }
}
