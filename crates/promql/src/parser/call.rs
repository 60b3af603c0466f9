//! Function calls: `rate(x[5m])`.
//!
//! In: the parser at a name. Out: a call if a parenthesis follows, else a selector.

use stdx::go::quote::quote;

use super::{Parsed, Parser};
use crate::ast::{Call, Expr, ExprKind};
use crate::signature;
use crate::span::Span;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn call_or_selector(&mut self) -> Parsed<Expr> {
        let word = self.bump();
        let can_call = matches!(
            word.kind,
            TokenKind::Identifier
                | TokenKind::Start
                | TokenKind::End
                | TokenKind::Step
                | TokenKind::Range
                | TokenKind::MaxOf
                | TokenKind::MinOf
        );
        if !can_call || self.peek().kind != TokenKind::LeftParen {
            return self.selector_after_name(word);
        }
        let (args, close) = self.call_args()?;
        let span = word.span.to(close);
        // Keywords may be written in any case, but functions may not.
        let name = self.text(word);
        let Some(function) = signature::find(name) else {
            let message = format!("unknown function with name {}", quote(name));
            self.error(word.span, message);
            return Ok(Self::invalid(span));
        };
        if function.is_experimental && !self.options.experimental_functions {
            let message = format!("function {} is not enabled", quote(name));
            self.error(word.span, message);
        }
        let height = args.iter().map(|arg| arg.height).max().unwrap_or(0);
        self.node(ExprKind::Call(Box::new(Call { function, args })), span, height)
    }

    /// `(a, b)` and the place of the closing parenthesis.
    pub(super) fn call_args(&mut self) -> Parsed<(Vec<Expr>, Span)> {
        self.want(TokenKind::LeftParen)?;
        let mut args = Vec::new();
        if self.peek().kind == TokenKind::RightParen {
            return Ok((args, self.bump().span));
        }
        args.push(self.expr()?);
        loop {
            if self.peek().kind != TokenKind::Comma {
                return Ok((args, self.want(TokenKind::RightParen)?.span));
            }
            let comma = self.bump();
            if super::expr::begins_expr(self.peek().kind) {
                args.push(self.expr()?);
            } else {
                self.error(comma.span, "trailing commas not allowed in function call args");
            }
        }
    }
}
