//! `{name="value", ...}`.

use super::{Failed, Parse, Parser};
use crate::syntax::ast::{LogExpr, MatchOp, Matcher};
use crate::syntax::span::Span;
use crate::syntax::token::TokenKind as T;

impl Parser<'_> {
    /// A selector and its pipeline, up to whatever cannot be a stage.
    pub(super) fn log_expr(&mut self) -> Parse<LogExpr> {
        let mut log = self.selector()?;
        self.stages(&mut log.stages)?;
        if self.kind() == T::Pipe {
            // Only a window may have `unwrap`, the one stage left.
            self.advance();
            return Err(self.unexpected(&[]));
        }
        Ok(log)
    }

    /// The braces alone.
    pub(super) fn selector(&mut self) -> Parse<LogExpr> {
        let open = self.expect(T::OpenBrace)?.span;
        let mut matchers = Vec::new();
        if self.kind() != T::CloseBrace {
            if !matches!(self.kind(), T::Identifier | T::CloseBrace) {
                self.unexpected(&[T::Identifier, T::CloseBrace]);
                self.skip_matcher();
            }
            while !matches!(self.kind(), T::CloseBrace | T::End) {
                let before = self.diagnostics.len();
                match self.matcher() {
                    Ok(matcher) => matchers.push(matcher),
                    Err(Failed) => self.skip_matcher(),
                }
                match self.kind() {
                    T::Comma => {
                        self.advance();
                        if self.kind() == T::CloseBrace {
                            self.unexpected(&[T::Identifier]);
                        }
                    }
                    T::CloseBrace => {}
                    _ if self.diagnostics.len() > before => break,
                    _ => {
                        self.unexpected(&[T::CloseBrace, T::Comma]);
                        self.skip_matcher();
                        self.take_if(T::Comma);
                    }
                }
            }
        }
        let complete = self.diagnostics.len();
        let close = self.span();
        if !self.take_if(T::CloseBrace) && complete == 0 {
            return Err(self.unexpected(&[T::CloseBrace, T::Comma]));
        }
        Ok(LogExpr { matchers, stages: Vec::new(), selector: open.to(close) })
    }

    fn skip_matcher(&mut self) {
        while !matches!(self.kind(), T::Comma | T::CloseBrace | T::End) {
            self.advance();
        }
    }

    /// `name op "value"`.
    pub(super) fn matcher(&mut self) -> Parse<Matcher> {
        let start = self.span();
        let name = self.expect_identifier()?;
        let op = match self.kind() {
            T::Eq => MatchOp::Equal,
            T::Neq => MatchOp::NotEqual,
            T::Re => MatchOp::Regex,
            T::Nre => MatchOp::NotRegex,
            _ => return Err(self.unexpected(&[T::Eq, T::Re, T::Nre, T::Neq])),
        };
        self.advance();
        let value = self.expect_string()?;
        Ok(self.checked_matcher(name, op, value, start))
    }

    /// A matcher whose regular expression, if it is one, has been read to see that it can be.
    pub(super) fn checked_matcher(
        &mut self,
        name: String,
        op: MatchOp,
        value: String,
        start: Span,
    ) -> Matcher {
        let span = start.to(self.last_span());
        if matches!(op, MatchOp::Regex | MatchOp::NotRegex)
            && let Err(error) = stdx::go::regex::matches_empty(&value)
        {
            self.complain(span, error.to_string());
        }
        Matcher { name, op, value, span }
    }
}
