//! Vector selectors: `name`, `name{a="b"}`, `{"utf-8 name", a=~"b"}`.
//!
//! In: the parser at or behind a metric name, or at a brace. Out: the selector; ranges and modifiers
//! come in `postfix.rs`.

use std::sync::Arc;

use super::{Abort, Parsed, Parser};
use crate::ast::{Duration, Expr, ExprKind, Extension, Selector};
use crate::matcher::{MatchOp, Matcher};
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// The label that holds a series' name.
pub const NAME_LABEL: &str = "__name__";

fn match_op(kind: TokenKind) -> Option<MatchOp> {
    Some(match kind {
        TokenKind::Equal => MatchOp::Equal,
        TokenKind::NotEqual => MatchOp::NotEqual,
        TokenKind::EqualRegex => MatchOp::Regex,
        TokenKind::NotRegex => MatchOp::NotRegex,
        _ => return None,
    })
}

impl Parser<'_> {
    /// A selector alone, as parameters `match[]` have it.
    pub(super) fn metric_selector(&mut self) -> Parsed<Selector> {
        let token = self.peek();
        if token.kind == TokenKind::LeftBrace {
            let (matchers, close) = self.label_matchers()?;
            return Ok(Self::assemble("", matchers, token.span.to(close)));
        }
        if !token.kind.is_metric_name() {
            return Err(Abort);
        }
        self.bump();
        self.named_selector(token)
    }

    pub(super) fn selector_after_name(&mut self, word: Token) -> Parsed<Expr> {
        let selector = self.named_selector(word)?;
        let span = selector.span;
        Ok(Expr::leaf(ExprKind::Selector(Box::new(selector)), span))
    }

    pub(super) fn braces_only(&mut self) -> Parsed<Expr> {
        let open = self.peek();
        let (matchers, close) = self.label_matchers()?;
        let span = open.span.to(close);
        let selector = Self::assemble("", matchers, span);
        Ok(Expr::leaf(ExprKind::Selector(Box::new(selector)), span))
    }

    fn named_selector(&mut self, word: Token) -> Parsed<Selector> {
        let name = self.text(word);
        if self.peek().kind != TokenKind::LeftBrace {
            return Ok(Self::assemble(name, Vec::new(), word.span));
        }
        let (matchers, close) = self.label_matchers()?;
        Ok(Self::assemble(name, matchers, word.span.to(close)))
    }

    /// A name outside the braces is the last matcher.
    fn assemble(name: &str, mut matchers: Vec<Matcher>, span: Span) -> Selector {
        let name: Arc<str> = name.into();
        if !name.is_empty() {
            matchers.push(Matcher::equal(NAME_LABEL, Arc::clone(&name)));
        }
        Selector {
            name,
            matchers,
            offset: Duration::ZERO,
            at: None,
            extension: Extension::None,
            span,
            is_info_filter: false,
        }
    }

    /// `{a="b", ...}` and the place of the closing brace.
    fn label_matchers(&mut self) -> Parsed<(Vec<Matcher>, Span)> {
        self.want(TokenKind::LeftBrace)?;
        let mut matchers = Vec::new();
        if self.peek().kind == TokenKind::RightBrace {
            return Ok((matchers, self.bump().span));
        }
        let fits = |kind| matches!(kind, TokenKind::Comma | TokenKind::RightBrace);
        loop {
            if let Some(matcher) = self.label_matcher() {
                matchers.push(matcher);
            }
            if !fits(self.peek().kind) {
                self.unexpected("label matching", "\",\" or \"}\"");
                if !self.skip_until(fits) {
                    return Err(Abort);
                }
            }
            let token = self.bump();
            if token.kind == TokenKind::RightBrace {
                return Ok((matchers, token.span));
            }
            if self.peek().kind == TokenKind::RightBrace {
                return Ok((matchers, self.bump().span));
            }
        }
    }

    /// One matcher, or nothing after reporting why and skipping to where the next may begin.
    fn label_matcher(&mut self) -> Option<Matcher> {
        let first = self.peek();
        let is_quoted = first.kind == TokenKind::String;
        if !is_quoted && first.kind != TokenKind::Identifier {
            return self.no_matcher("identifier or \"}\"");
        }
        self.bump();
        let name: Arc<str> =
            if is_quoted { self.string_literal(first).value.into() } else { self.text(first).into() };
        let Some(op) = match_op(self.peek().kind) else {
            if is_quoted {
                // A lone string is the metric's name.
                return Some(Matcher::equal(NAME_LABEL, name));
            }
            return self.no_matcher("label matching operator");
        };
        self.bump();
        let value = self.peek();
        if value.kind != TokenKind::String {
            return self.no_matcher("string");
        }
        self.bump();
        let text = self.string_literal(value).value;
        match Matcher::new(op, name, text) {
            Ok(matcher) => Some(matcher),
            Err(message) => {
                self.error(first.span.to(value.span), message);
                None
            }
        }
    }

    fn no_matcher(&mut self, expected: &str) -> Option<Matcher> {
        self.unexpected("label matching", expected);
        self.skip_until(|kind| matches!(kind, TokenKind::Comma | TokenKind::RightBrace));
        None
    }
}
