//! Precedence, signs, parentheses and literals.
//!
//! In: the parser before an expression. Out: the expression with everything that belongs to it. From
//! loose to tight: `or`; `and unless`; comparisons and trims; `+ -`; `* / % atan2`; `^`, which alone
//! binds to the right. A sign binds like `*`, so that `-1^2` is `-(1^2)`; a postfix binds tightest.

use super::{Abort, Parsed, Parser};
use crate::ast::{BinaryOp, Expr, ExprKind, NumberLiteral, StringLiteral, Unary};
use crate::duration::parse_duration;
use crate::literal;
use crate::matcher::quoted;
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// The binding strength of `^`, the strongest.
const POWER: u8 = 6;

/// Binding strength and operator of a token.
fn binary_op(kind: TokenKind) -> Option<(u8, BinaryOp)> {
    Some(match kind {
        TokenKind::Or => (1, BinaryOp::Or),
        TokenKind::And => (2, BinaryOp::And),
        TokenKind::Unless => (2, BinaryOp::Unless),
        TokenKind::EqualEqual => (3, BinaryOp::Equal),
        TokenKind::NotEqual => (3, BinaryOp::NotEqual),
        TokenKind::Greater => (3, BinaryOp::Greater),
        TokenKind::Less => (3, BinaryOp::Less),
        TokenKind::GreaterEqual => (3, BinaryOp::GreaterEqual),
        TokenKind::LessEqual => (3, BinaryOp::LessEqual),
        TokenKind::TrimUpper => (3, BinaryOp::TrimUpper),
        TokenKind::TrimLower => (3, BinaryOp::TrimLower),
        TokenKind::Add => (4, BinaryOp::Add),
        TokenKind::Sub => (4, BinaryOp::Sub),
        TokenKind::Mul => (5, BinaryOp::Mul),
        TokenKind::Div => (5, BinaryOp::Div),
        TokenKind::Mod => (5, BinaryOp::Mod),
        TokenKind::Atan2 => (5, BinaryOp::Atan2),
        TokenKind::Pow => (POWER, BinaryOp::Pow),
        _ => return None,
    })
}

/// Whether a token may follow an expression.
pub(super) fn follows_expr(kind: TokenKind) -> bool {
    binary_op(kind).is_some()
        || matches!(
            kind,
            TokenKind::Comma
                | TokenKind::RightParen
                | TokenKind::LeftBracket
                | TokenKind::Offset
                | TokenKind::At
                | TokenKind::Anchored
                | TokenKind::Smoothed
        )
}

/// Whether an expression can begin with a token.
pub(super) fn begins_expr(kind: TokenKind) -> bool {
    kind.is_metric_name()
        || matches!(
            kind,
            TokenKind::Number
                | TokenKind::Duration
                | TokenKind::String
                | TokenKind::LeftParen
                | TokenKind::LeftBrace
                | TokenKind::Add
                | TokenKind::Sub
        )
}

impl Parser<'_> {
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.expr_above(1)
    }

    /// An expression of operators that bind at least as strongly as `strength`.
    fn expr_above(&mut self, strength: u8) -> Parsed<Expr> {
        let mut left = self.deeper(Self::operand)?;
        while let Some((found, op)) = binary_op(self.peek().kind) {
            if found < strength {
                break;
            }
            self.bump();
            let (matching, is_bool) = self.binary_modifiers()?;
            let next = if op == BinaryOp::Pow { found } else { found + 1 };
            let right = self.deeper(|parser| parser.expr_above(next))?;
            left = self.binary(op, left, right, matching, is_bool)?;
        }
        Ok(left)
    }

    /// A sign with its operand, or a primary expression with its postfixes.
    fn operand(&mut self) -> Parsed<Expr> {
        let sign = self.peek();
        if !matches!(sign.kind, TokenKind::Add | TokenKind::Sub) {
            let primary = self.primary()?;
            return self.postfixes(primary);
        }
        self.bump();
        let is_negation = sign.kind == TokenKind::Sub;
        let mut expr = self.deeper(|parser| parser.expr_above(POWER))?;
        let span = sign.span.to(expr.span);
        if let ExprKind::Number(number) = &mut expr.kind {
            if is_negation {
                number.value = -number.value;
            }
            expr.span = span;
            return Ok(expr);
        }
        let height = expr.height;
        self.node(ExprKind::Unary(Box::new(Unary { is_negation, expr })), span, height)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let number = self.number_or_duration();
                Ok(Expr::leaf(ExprKind::Number(number), token.span))
            }
            TokenKind::String => {
                self.bump();
                let literal = self.string_literal(token);
                Ok(Expr::leaf(ExprKind::String(literal), token.span))
            }
            TokenKind::LeftParen => {
                self.bump();
                let inner = self.expr()?;
                let close = self.want(TokenKind::RightParen)?;
                let height = inner.height;
                self.node(ExprKind::Paren(Box::new(inner)), token.span.to(close.span), height)
            }
            TokenKind::LeftBrace => self.braces_only(),
            kind if kind.is_aggregator() => self.aggregate_or_selector(),
            kind if kind.is_metric_name() => self.call_or_selector(),
            _ => Err(Abort),
        }
    }

    /// The number or duration ahead.
    pub(super) fn number_or_duration(&mut self) -> NumberLiteral {
        let token = self.bump();
        if token.kind == TokenKind::Duration {
            return NumberLiteral { value: self.duration_seconds(token), is_duration: true };
        }
        NumberLiteral { value: self.number(token), is_duration: false }
    }

    pub(super) fn number(&mut self, token: Token) -> f64 {
        literal::number(self.text(token)).unwrap_or_else(|message| {
            self.error(token.span, message);
            0.0
        })
    }

    fn duration_seconds(&mut self, token: Token) -> f64 {
        match parse_duration(self.text(token)) {
            // As Go's Duration.Seconds: whole seconds and the rest apart.
            Ok(ms) => (ms / 1000) as f64 + (ms % 1000) as f64 / 1e3,
            Err(message) => {
                self.error(token.span, message);
                0.0
            }
        }
    }

    /// The meaning of a string token.
    pub(super) fn string_literal(&mut self, token: Token) -> StringLiteral {
        let text = self.text(token);
        let bytes = literal::unquote(text).unwrap_or_else(|error| {
            let message = format!("error unquoting string {}: {error}", quoted(text));
            self.error(token.span, message);
            Vec::new()
        });
        match String::from_utf8(bytes) {
            Ok(value) => StringLiteral { value, bytes: None },
            Err(error) => {
                let value = stdx::go::text::repair_utf8(error.as_bytes());
                StringLiteral { value, bytes: Some(error.into_bytes()) }
            }
        }
    }

    /// A node in the place of something that could not be read.
    pub(super) fn invalid(span: Span) -> Expr {
        Expr::leaf(ExprKind::Invalid { is_range: false }, span)
    }
}
