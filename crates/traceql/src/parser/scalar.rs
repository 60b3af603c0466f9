//! Numbers about spansets: literals, aggregates, arithmetic, and their comparison.

use super::field::literal;
use super::root::{Operand, Wanted, arithmetic, comparison};
use super::{Parser, Read};
use crate::ast::{Aggregate, BinaryOp, ScalarExpr, ScalarFilter, ScalarKind};
use crate::lexer::Kind;
use crate::place::Place;
use crate::value::{Patterns, Value, binary, negate};

const fn aggregate(kind: Kind) -> Option<Aggregate> {
    Some(match kind {
        Kind::Count => Aggregate::Count,
        Kind::Avg => Aggregate::Avg,
        Kind::Max => Aggregate::Max,
        Kind::Min => Aggregate::Min,
        Kind::Sum => Aggregate::Sum,
        _ => return None,
    })
}

impl ScalarExpr {
    /// A literal or folded number; `height` above 1 tells that it was computed from durations.
    pub(super) const fn number(value: Value, span: Place, height: u32) -> Self {
        Self { kind: ScalarKind::Number(value), span, height }
    }

    /// The number, if it is one, and whether it was computed from durations.
    pub(super) const fn as_number(&self) -> Option<(&Value, bool)> {
        match &self.kind {
            ScalarKind::Number(value) => Some((value, self.height > 1)),
            _ => None,
        }
    }

    fn is_of_duration(&self) -> bool {
        self.height > 1 || matches!(self.kind, ScalarKind::Number(Value::Duration(_)))
    }
}

impl Parser {
    /// A literal number, perhaps with a minus, or an aggregate.
    pub(super) fn scalar_operand(&mut self) -> Read<ScalarExpr> {
        let start = self.place();
        if self.accept(Kind::Minus) {
            if self.kind() == Kind::OpenParen {
                return match self.operand_above(u8::MAX, Wanted::Scalar)? {
                    Operand::Scalar(inner) if inner.as_number().is_some() => {
                        let (value, _) = inner.as_number().unwrap_or((&Value::Nil, false));
                        let span = start.to(inner.span);
                        Ok(ScalarExpr::number(negate(value), span, inner.height))
                    }
                    _ => Err(self.unexpected(&[])),
                };
            }
            let value = self.number_token()?;
            return Ok(ScalarExpr::number(negate(&value), start.to(self.last_place()), 1));
        }
        let Some(function) = aggregate(self.kind()) else {
            let value = self.number_token()?;
            return Ok(ScalarExpr::number(value, start, 1));
        };
        self.advance();
        self.expect(Kind::OpenParen, &[])?;
        let mut argument = None;
        let mut height = 0;
        if function != Aggregate::Count {
            let expr = self.nested(Self::field)?;
            height = expr.height;
            argument = Some(Box::new(expr));
        }
        if self.kind() != Kind::CloseParen {
            let expected: &[Kind] = if function == Aggregate::Count { &[Kind::CloseParen] } else { &[] };
            return Err(self.unexpected(expected));
        }
        let span = start.to(self.place());
        self.advance();
        let height = self.height_over(&[height])?;
        Ok(ScalarExpr { kind: ScalarKind::Aggregate(function, argument), span, height })
    }

    fn number_token(&mut self) -> Read<Value> {
        match literal(self.kind(), &self.token().payload) {
            Some(value) if value.kind().is_numeric() => {
                self.advance();
                Ok(value)
            }
            _ => Err(self.unexpected(&[])),
        }
    }

    /// Reads an operator after a number or aggregate and its right side.
    pub(super) fn join_scalar(&mut self, lhs: ScalarExpr, next: u8) -> Read<Result<Operand, Operand>> {
        let kind = self.kind();
        let is_number = lhs.as_number().is_some();
        if let Some(op) = arithmetic(kind) {
            self.advance();
            return match self.operand_above(next, Wanted::Scalar)? {
                Operand::Scalar(rhs) => self.scalar_arithmetic(op, lhs, rhs).map(Operand::Scalar).map(Ok),
                Operand::Metrics(rhs) if is_number && is_metrics_operator(op) => {
                    self.scalar_and_metrics(op, lhs, rhs, true).map(Operand::Metrics).map(Ok)
                }
                _ => Err(self.unexpected(&[])),
            };
        }
        let Some(op) = comparison(kind) else {
            return Ok(Err(Operand::Scalar(lhs)));
        };
        self.advance();
        match self.operand_above(next, Wanted::Scalar)? {
            Operand::Scalar(rhs) if !(is_number && rhs.as_number().is_some()) => {
                let span = lhs.span.to(rhs.span);
                Ok(Ok(Operand::Filter(ScalarFilter { op, lhs, rhs, span })))
            }
            _ => Err(self.unexpected(&[])),
        }
    }

    /// The same after `( ... | count() )`.
    pub(super) fn join_scalar_pipe(&mut self, lhs: ScalarExpr, next: u8) -> Read<Result<Operand, Operand>> {
        let kind = self.kind();
        if let Some(op) = arithmetic(kind) {
            self.advance();
            return match self.operand_above(next, Wanted::ScalarPipe)? {
                Operand::ScalarPipe(rhs) => {
                    self.scalar_arithmetic(op, lhs, rhs).map(Operand::ScalarPipe).map(Ok)
                }
                _ => Err(self.unexpected(&[])),
            };
        }
        let Some(op) = comparison(kind) else {
            return Ok(Err(Operand::ScalarPipe(lhs)));
        };
        self.advance();
        let rhs = match self.operand_above(next, Wanted::Scalar)? {
            Operand::ScalarPipe(rhs) => rhs,
            Operand::Scalar(rhs) if rhs.as_number().is_some() => rhs,
            _ => return Err(self.unexpected(&[])),
        };
        let span = lhs.span.to(rhs.span);
        Ok(Ok(Operand::Filter(ScalarFilter { op, lhs, rhs, span })))
    }

    fn scalar_arithmetic(&mut self, op: BinaryOp, lhs: ScalarExpr, rhs: ScalarExpr) -> Read<ScalarExpr> {
        let span = lhs.span.to(rhs.span);
        if let (Some((a, _)), Some((b, _))) = (lhs.as_number(), rhs.as_number()) {
            return match binary(op, a, b, &Patterns::default()) {
                Ok(value) => {
                    let height = if lhs.is_of_duration() || rhs.is_of_duration() { 2 } else { 1 };
                    Ok(ScalarExpr::number(value, span, height))
                }
                Err(error) => Err(self.fail(span, error.to_string(), Vec::new())),
            };
        }
        let height = self.height_over(&[lhs.height, rhs.height])?;
        let kind = ScalarKind::Arithmetic(op, Box::new(lhs), Box::new(rhs));
        Ok(ScalarExpr { kind, span, height })
    }
}

/// Operators that join series.
pub(super) const fn is_metrics_operator(op: BinaryOp) -> bool {
    matches!(op, BinaryOp::Add | BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div)
}
