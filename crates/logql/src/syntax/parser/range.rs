//! `selector | pipeline | unwrap x [5m] offset 1m`, with the window before or after the pipeline.

use super::{Failed, Parse, Parser};
use crate::syntax::ast::{Conversion, LogExpr, LogRange, Unwrap};
use crate::syntax::token::TokenKind as T;

/// What stands between the parentheses of a range function, as far as it has been read.
struct Partial {
    log: LogExpr,
    unwrap: Option<Unwrap>,
    window: Option<(i64, i64)>,
}

impl Parser<'_> {
    /// A window with its lines.
    pub(super) fn log_range(&mut self) -> Parse<LogRange> {
        let start = self.span();
        let partial = self.partial_range()?;
        let Some((range_ns, offset_ns)) = partial.window else {
            return Err(self.unexpected(&[]));
        };
        let span = start.to(self.last_span());
        Ok(LogRange { log: partial.log, range_ns, offset_ns, unwrap: partial.unwrap, span })
    }

    fn partial_range(&mut self) -> Parse<Partial> {
        let is_parenthesised = self.kind() == T::OpenParen;
        let mut partial = if is_parenthesised {
            self.enter()?;
            self.advance();
            let inner = self.partial_range()?;
            if self.kind() != T::CloseParen {
                return Err(self.unexpected(&[]));
            }
            self.advance();
            self.leave();
            inner
        } else {
            let log = self.selector()?;
            Partial { log, unwrap: None, window: None }
        };
        let is_bare = partial.log.stages.is_empty() && partial.unwrap.is_none();
        if partial.window.is_some() {
            return Ok(partial);
        }
        if self.kind() == T::Range {
            partial.window = Some(self.window()?);
            if is_bare {
                self.stages(&mut partial.log.stages)?;
                partial.unwrap = self.unwrap()?;
            }
        } else if !is_parenthesised {
            self.stages(&mut partial.log.stages)?;
            partial.unwrap = self.unwrap()?;
            if self.kind() == T::Range {
                partial.window = Some(self.window()?);
            }
        }
        Ok(partial)
    }

    /// The bracket and its offset.
    fn window(&mut self) -> Parse<(i64, i64)> {
        let range_ns = self.expect(T::Range)?.value;
        let mut offset_ns = 0;
        if self.take_if(T::Offset) {
            offset_ns = self.expect(T::Duration)?.value;
        }
        Ok((range_ns, offset_ns))
    }

    fn unwrap(&mut self) -> Parse<Option<Unwrap>> {
        if self.kind() != T::Pipe || self.tokens[self.at + 1].kind != T::Unwrap {
            return Ok(None);
        }
        let start = self.advance().span;
        self.advance();
        let conversion = match self.kind() {
            T::BytesConv => Some(Conversion::Bytes),
            T::DurationConv => Some(Conversion::Duration),
            T::DurationSecondsConv => Some(Conversion::DurationSeconds),
            T::Identifier => None,
            _ => {
                let expected = [T::Identifier, T::BytesConv, T::DurationConv, T::DurationSecondsConv];
                return Err(self.unexpected(&expected));
            }
        };
        let label = if conversion.is_some() {
            self.advance();
            self.expect(T::OpenParen)?;
            let label = self.expect_identifier()?;
            self.expect(T::CloseParen)?;
            label
        } else {
            self.expect_identifier()?
        };
        let mut filters = Vec::new();
        while self.take_if(T::Pipe) {
            match self.label_filter() {
                Ok(filter) => filters.push(filter),
                Err(Failed) => self.skip_to(|kind| matches!(kind, T::Pipe | T::Range | T::Offset)),
            }
        }
        Ok(Some(Unwrap { label, conversion, filters, span: start.to(self.last_span()) }))
    }
}
