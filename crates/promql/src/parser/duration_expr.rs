//! Durations in brackets and behind `offset`: literals, `step()`, `range()`, arithmetic.
//!
//! In: the parser before a duration. Out: nanoseconds where it is a literal, else an expression for
//! the evaluator. In brackets any expression may stand; behind `offset` only one that is closed by
//! itself, because `x offset 5m + y` adds `y`.

use super::{Abort, Parsed, Parser};
use crate::ast::{Duration, DurationExpr, DurationKind, DurationOp, HEIGHT_MAX, NumberLiteral};
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// Beyond, a duration does not fit Go's nanoseconds.
pub(crate) const DURATION_SECONDS_MAX: f64 = (1_u64 << 63) as f64 / 1e9;

/// The strength of a sign, which is that of `*`: it takes only `^` into its operand.
const POWER: u8 = 3;

fn duration_op(kind: TokenKind) -> Option<(u8, DurationOp)> {
    Some(match kind {
        TokenKind::Add => (1, DurationOp::Add),
        TokenKind::Sub => (1, DurationOp::Sub),
        TokenKind::Mul => (2, DurationOp::Mul),
        TokenKind::Div => (2, DurationOp::Div),
        TokenKind::Mod => (2, DurationOp::Mod),
        TokenKind::Pow => (POWER, DurationOp::Pow),
        _ => return None,
    })
}

impl DurationExpr {
    fn number(value: f64, span: Span) -> Self {
        let literal = NumberLiteral { value, is_duration: false };
        Self { kind: DurationKind::Number(literal), is_wrapped: false, span, height: 1 }
    }

    /// Literals become nanoseconds at once.
    fn into_duration(self) -> Duration {
        match self.kind {
            DurationKind::Number(number) => Duration::Nanos((number.value * 1e9).round() as i64),
            _ => Duration::Expr(Box::new(self)),
        }
    }
}

impl Parser<'_> {
    /// What stands in brackets; a literal must be positive.
    pub(super) fn positive_duration(&mut self) -> Parsed<Duration> {
        let expr = self.duration(1)?;
        if let DurationKind::Number(number) = &expr.kind
            && number.value <= 0.0
        {
            self.error(expr.span, "duration must be greater than 0");
            return Ok(Duration::ZERO);
        }
        Ok(expr.into_duration())
    }

    /// What stands behind `offset`.
    pub(super) fn offset_duration(&mut self) -> Parsed<Duration> {
        let first = self.peek();
        if !matches!(first.kind, TokenKind::Add | TokenKind::Sub) {
            if first.kind == TokenKind::LeftParen {
                return Ok(self.duration(1)?.into_duration());
            }
            return Ok(self.duration_primary()?.into_duration());
        }
        self.bump();
        let next = self.peek();
        let operand = match next.kind {
            TokenKind::LeftParen => {
                // The parentheses close the offset, and the expression's place is the inner one.
                self.bump();
                let inner = self.deeper(|parser| parser.duration(1))?;
                self.want(TokenKind::RightParen)?;
                let span = inner.span;
                self.wrap(inner, span)
            }
            TokenKind::Add | TokenKind::Sub => {
                let operand = self.duration(POWER)?;
                let signed = self.sign_duration(first, operand)?;
                return Ok(self.duration_rest(signed, 1)?.into_duration());
            }
            _ => {
                let operand = self.duration_primary()?;
                if !matches!(operand.kind, DurationKind::Number(_)) {
                    return Ok(Self::signed_node(first, operand).into_duration());
                }
                operand
            }
        };
        Ok(self.sign_duration(first, operand)?.into_duration())
    }

    fn duration(&mut self, strength: u8) -> Parsed<DurationExpr> {
        let first = self.peek();
        let left = if matches!(first.kind, TokenKind::Add | TokenKind::Sub) {
            self.bump();
            let operand = self.deeper(|parser| parser.duration(POWER))?;
            self.sign_duration(first, operand)?
        } else {
            self.duration_primary()?
        };
        self.duration_rest(left, strength)
    }

    fn duration_rest(&mut self, mut left: DurationExpr, strength: u8) -> Parsed<DurationExpr> {
        loop {
            let token = self.peek();
            let Some((found, op)) = duration_op(token.kind) else {
                return Ok(left);
            };
            if found < strength {
                return Ok(left);
            }
            self.bump();
            let next = if op == DurationOp::Pow { found } else { found + 1 };
            let right = self.deeper(|parser| parser.duration(next))?;
            self.needs_duration_expressions(left.span);
            let is_zero = matches!(&right.kind, DurationKind::Number(number) if number.value == 0.0);
            let span = left.span.to(right.span);
            if is_zero && matches!(op, DurationOp::Div | DurationOp::Mod) {
                let word = if op == DurationOp::Div { "division" } else { "modulo" };
                self.error(token.span, format!("{word} by zero"));
                left = DurationExpr::number(0.0, Span::default());
                continue;
            }
            let height = left.height.max(right.height);
            let kind = DurationKind::Binary(op, Box::new(left), Box::new(right));
            left = self.duration_node(kind, span, height)?;
        }
    }

    fn duration_primary(&mut self) -> Parsed<DurationExpr> {
        let token = self.peek();
        match token.kind {
            TokenKind::Number | TokenKind::Duration => {
                let number = self.number_or_duration();
                let kind = DurationKind::Number(number);
                let mut expr = DurationExpr { kind, is_wrapped: false, span: token.span, height: 1 };
                self.limit_duration(&mut expr, token.span);
                Ok(expr)
            }
            TokenKind::Step | TokenKind::Range => {
                self.bump();
                self.want(TokenKind::LeftParen)?;
                let close = self.want(TokenKind::RightParen)?;
                let span = token.span.to(close.span);
                self.needs_duration_expressions(span);
                let kind =
                    if token.kind == TokenKind::Step { DurationKind::Step } else { DurationKind::Range };
                Ok(DurationExpr { kind, is_wrapped: false, span, height: 1 })
            }
            TokenKind::MinOf | TokenKind::MaxOf => {
                self.bump();
                self.want(TokenKind::LeftParen)?;
                let left = self.deeper(|parser| parser.duration(1))?;
                self.want(TokenKind::Comma)?;
                let right = self.deeper(|parser| parser.duration(1))?;
                let close = self.want(TokenKind::RightParen)?;
                let span = token.span.to(close.span);
                self.needs_duration_expressions(span);
                let op = if token.kind == TokenKind::MinOf { DurationOp::MinOf } else { DurationOp::MaxOf };
                let height = left.height.max(right.height);
                let kind = DurationKind::Binary(op, Box::new(left), Box::new(right));
                self.duration_node(kind, span, height)
            }
            TokenKind::LeftParen => {
                self.bump();
                let inner = self.deeper(|parser| parser.duration(1))?;
                let close = self.want(TokenKind::RightParen)?;
                self.needs_duration_expressions(inner.span);
                Ok(self.wrap(inner, token.span.to(close.span)))
            }
            _ => Err(Abort),
        }
    }

    /// Marks an expression as wrapped. A literal gets a plus above it, so that it stays an expression
    /// and prints with its parentheses.
    fn wrap(&mut self, inner: DurationExpr, span: Span) -> DurationExpr {
        if matches!(inner.kind, DurationKind::Number(_)) {
            let kind = DurationKind::Plus(Box::new(inner));
            return DurationExpr { kind, is_wrapped: true, span, height: 2 };
        }
        DurationExpr { is_wrapped: true, ..inner }
    }

    /// A sign goes into a literal; a plus before anything else has no effect.
    fn sign_duration(&mut self, sign: Token, mut operand: DurationExpr) -> Parsed<DurationExpr> {
        let is_negation = sign.kind == TokenKind::Sub;
        if let DurationKind::Number(number) = &mut operand.kind {
            if is_negation {
                number.value = -number.value;
            }
            operand.span.start = sign.span.start;
            self.limit_duration(&mut operand, sign.span);
            return Ok(operand);
        }
        if is_negation {
            let (span, height) = (sign.span.to(operand.span), operand.height);
            return self.duration_node(DurationKind::Negate(Box::new(operand)), span, height);
        }
        Ok(operand)
    }

    fn signed_node(sign: Token, operand: DurationExpr) -> DurationExpr {
        let (span, height) = (sign.span.to(operand.span), operand.height + 1);
        let kind = if sign.kind == TokenKind::Sub {
            DurationKind::Negate(Box::new(operand))
        } else {
            DurationKind::Plus(Box::new(operand))
        };
        DurationExpr { kind, is_wrapped: false, span, height }
    }

    fn limit_duration(&mut self, expr: &mut DurationExpr, place: Span) {
        if let DurationKind::Number(number) = &mut expr.kind
            && !(-DURATION_SECONDS_MAX..=DURATION_SECONDS_MAX).contains(&number.value)
        {
            number.value = 0.0;
            self.error(place, "duration out of range");
        }
    }

    fn needs_duration_expressions(&mut self, span: Span) {
        if !self.options.duration_expressions {
            self.error(span, "experimental duration expression is not enabled");
        }
    }

    fn duration_node(&mut self, kind: DurationKind, span: Span, height: u16) -> Parsed<DurationExpr> {
        if height >= HEIGHT_MAX {
            return Err(self.too_deep());
        }
        Ok(DurationExpr { kind, is_wrapped: false, span, height: height + 1 })
    }
}
