//! Binary expressions: the modifiers between operator and right operand.
//!
//! In: the parser behind an operator. Out: `bool`, `on`, `ignoring`, `group_left`, `group_right`,
//! `fill`, `fill_left`, `fill_right`, in that order.

use std::sync::Arc;

use super::{Abort, Parsed, Parser};
use crate::ast::{Binary, BinaryOp, Cardinality, Expr, ExprKind, Matching};
use crate::matcher::quoted;
use crate::token::TokenKind;

impl Parser<'_> {
    pub(super) fn binary_modifiers(&mut self) -> Parsed<(Matching, bool)> {
        let mut matching = Matching {
            cardinality: Cardinality::OneToOne,
            labels: Vec::new(),
            is_on: false,
            include: Vec::new(),
            fill_left: None,
            fill_right: None,
        };
        let is_bool = self.accept(TokenKind::Bool);
        let kind = self.peek().kind;
        if matches!(kind, TokenKind::On | TokenKind::Ignoring) {
            self.bump();
            matching.is_on = kind == TokenKind::On;
            matching.labels = self.grouping_labels()?;
            let kind = self.peek().kind;
            if matches!(kind, TokenKind::GroupLeft | TokenKind::GroupRight) {
                self.bump();
                matching.cardinality = if kind == TokenKind::GroupLeft {
                    Cardinality::ManyToOne
                } else {
                    Cardinality::OneToMany
                };
                if self.peek().kind == TokenKind::LeftParen {
                    matching.include = self.grouping_labels()?;
                }
            }
        }
        self.fill_modifiers(&mut matching)?;
        Ok((matching, is_bool))
    }

    fn fill_modifiers(&mut self, matching: &mut Matching) -> Parsed<()> {
        match self.peek().kind {
            TokenKind::Fill => {
                self.bump();
                let value = self.fill_value()?;
                (matching.fill_left, matching.fill_right) = (Some(value), Some(value));
            }
            TokenKind::FillLeft => {
                self.bump();
                matching.fill_left = Some(self.fill_value()?);
                if self.accept(TokenKind::FillRight) {
                    matching.fill_right = Some(self.fill_value()?);
                }
            }
            TokenKind::FillRight => {
                self.bump();
                matching.fill_right = Some(self.fill_value()?);
                if self.accept(TokenKind::FillLeft) {
                    matching.fill_left = Some(self.fill_value()?);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn fill_value(&mut self) -> Parsed<f64> {
        self.want(TokenKind::LeftParen)?;
        let is_negative = match self.peek().kind {
            TokenKind::Sub => {
                self.bump();
                true
            }
            TokenKind::Add => {
                self.bump();
                false
            }
            _ => false,
        };
        if !matches!(self.peek().kind, TokenKind::Number | TokenKind::Duration) {
            return Err(Abort);
        }
        let value = self.number_or_duration().value;
        self.want(TokenKind::RightParen)?;
        Ok(if is_negative { -value } else { value })
    }

    pub(super) fn binary(
        &mut self,
        op: BinaryOp,
        left: Expr,
        right: Expr,
        matching: Matching,
        is_bool: bool,
    ) -> Parsed<Expr> {
        let span = left.span.to(right.span);
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        if has_fill && !self.options.fill_modifiers {
            self.error(span, "binop fill modifiers are experimental and not enabled");
        }
        let height = left.height.max(right.height);
        let binary = Binary { op, left, right, matching: Some(matching), is_bool };
        self.node(ExprKind::Binary(Box::new(binary)), span, height)
    }

    /// `(a, "b.c", d)`, as `on`, `by` and their like have it.
    pub(super) fn grouping_labels(&mut self) -> Parsed<Vec<Arc<str>>> {
        let mut labels = Vec::new();
        if !self.accept(TokenKind::LeftParen) {
            self.unexpected("grouping opts", "\"(\"");
            // The token does not fit what follows a grouping either.
            self.skip_until(|kind| super::expr::follows_expr(kind) || kind == TokenKind::LeftParen);
            return Ok(labels);
        }
        if self.accept(TokenKind::RightParen) {
            return Ok(labels);
        }
        loop {
            self.grouping_label(&mut labels);
            match self.peek().kind {
                TokenKind::Comma => {
                    self.bump();
                    if self.accept(TokenKind::RightParen) {
                        return Ok(labels);
                    }
                }
                TokenKind::RightParen => {
                    self.bump();
                    return Ok(labels);
                }
                _ => {
                    self.unexpected("grouping opts", "\",\" or \")\"");
                    let fits = |kind| matches!(kind, TokenKind::Comma | TokenKind::RightParen);
                    if !self.skip_until(fits) {
                        return Err(Abort);
                    }
                    let is_end =
                        self.bump().kind == TokenKind::RightParen || self.accept(TokenKind::RightParen);
                    if is_end {
                        return Ok(labels);
                    }
                }
            }
        }
    }

    fn grouping_label(&mut self, labels: &mut Vec<Arc<str>>) {
        let token = self.peek();
        if token.kind == TokenKind::String {
            self.bump();
            let literal = self.string_literal(token);
            if literal.bytes.is_some() || literal.value.is_empty() {
                let shown = quoted(&literal.value);
                self.error(token.span, format!("invalid label name for grouping: {shown}"));
            }
            labels.push(literal.value.into());
        } else if token.kind.is_grouping_label() {
            self.bump();
            labels.push(self.text(token).into());
        } else {
            self.unexpected("grouping opts", "label");
            self.skip_until(|kind| matches!(kind, TokenKind::Comma | TokenKind::RightParen));
        }
    }
}
