//! Expressions over one span, inside braces and in `by(...)` and aggregates.
//!
//! From low to high: `&& ||` (one level), comparisons, `+ -` (unary minus too), `!`, `* / %`, `^`
//! (from the right). All others group from the left.

use super::fold::{fold_binary, fold_unary};
use super::{Failed, Parser, Read};
use crate::ast::{BinaryOp, FieldExpr, FieldKind, UnaryOp};
use crate::lexer::{Kind, Payload};
use crate::place::Place;
use crate::value::Value;
use model::{SpanKind, StatusCode};

const LOGIC: u8 = 1;
const COMPARISON: u8 = 2;
const SUM: u8 = 3;
const NOT: u8 = 4;
const PRODUCT: u8 = 5;
const POWER: u8 = 6;

/// The binary operator that a token is, and its level.
const fn operator(kind: Kind) -> Option<(BinaryOp, u8)> {
    Some(match kind {
        Kind::And => (BinaryOp::And, LOGIC),
        Kind::Or => (BinaryOp::Or, LOGIC),
        Kind::Equal => (BinaryOp::Equal, COMPARISON),
        Kind::NotEqual => (BinaryOp::NotEqual, COMPARISON),
        Kind::Less => (BinaryOp::Less, COMPARISON),
        Kind::LessEqual => (BinaryOp::LessEqual, COMPARISON),
        Kind::Greater => (BinaryOp::Greater, COMPARISON),
        Kind::GreaterEqual => (BinaryOp::GreaterEqual, COMPARISON),
        Kind::Match => (BinaryOp::Match, COMPARISON),
        Kind::NotMatch => (BinaryOp::NotMatch, COMPARISON),
        Kind::Plus => (BinaryOp::Add, SUM),
        Kind::Minus => (BinaryOp::Sub, SUM),
        Kind::Times => (BinaryOp::Mul, PRODUCT),
        Kind::Divide => (BinaryOp::Div, PRODUCT),
        Kind::Modulo => (BinaryOp::Mod, PRODUCT),
        Kind::Power => (BinaryOp::Pow, POWER),
        _ => return None,
    })
}

/// The literal that a token is.
pub(super) fn literal(kind: Kind, payload: &Payload) -> Option<Value> {
    Some(match (kind, payload) {
        (Kind::Integer, Payload::Int(value)) => Value::Int(*value),
        (Kind::Float, Payload::Float(value)) => Value::Float(*value),
        (Kind::Duration, Payload::Int(ns)) => Value::Duration(*ns),
        (Kind::String, Payload::Text(text)) => Value::text(text),
        (Kind::True, _) => Value::Bool(true),
        (Kind::False, _) => Value::Bool(false),
        (Kind::StatusOk, _) => Value::Status(StatusCode::OK),
        (Kind::StatusError, _) => Value::Status(StatusCode::ERROR),
        (Kind::StatusUnset, _) => Value::Status(StatusCode::UNSET),
        (Kind::KindUnspecified, _) => Value::Kind(SpanKind::UNSPECIFIED),
        (Kind::KindInternal, _) => Value::Kind(SpanKind::INTERNAL),
        (Kind::KindServer, _) => Value::Kind(SpanKind::SERVER),
        (Kind::KindClient, _) => Value::Kind(SpanKind::CLIENT),
        (Kind::KindProducer, _) => Value::Kind(SpanKind::PRODUCER),
        (Kind::KindConsumer, _) => Value::Kind(SpanKind::CONSUMER),
        _ => return None,
    })
}

impl FieldExpr {
    pub(crate) fn leaf(kind: FieldKind, span: Place) -> Self {
        Self { kind, span, height: 1 }
    }
}

impl Parser {
    /// A whole expression.
    pub(super) fn field(&mut self) -> Read<FieldExpr> {
        self.field_above(LOGIC)
    }

    /// The inside of braces; gaps are noted, and the reader stands at the closing brace or the end.
    pub(super) fn field_with_recovery(&mut self) -> Read<FieldExpr> {
        let start = self.place();
        match self.field() {
            Ok(expr) if matches!(self.kind(), Kind::CloseBrace) => Ok(expr),
            Ok(_) => {
                self.unexpected(&[]);
                self.skip_to_brace(start)
            }
            Err(Failed) => self.skip_to_brace(start),
        }
    }

    fn skip_to_brace(&mut self, start: Place) -> Read<FieldExpr> {
        while !matches!(self.kind(), Kind::CloseBrace | Kind::End | Kind::Broken) {
            self.advance();
        }
        match self.kind() {
            Kind::CloseBrace => Ok(FieldExpr::leaf(FieldKind::Missing, start.to(self.place()))),
            _ => Err(Failed),
        }
    }

    /// Operands joined by operators of at least this level.
    fn field_above(&mut self, lowest: u8) -> Read<FieldExpr> {
        let mut lhs = self.nested(Self::field_operand)?;
        while let Some((op, level)) = operator(self.kind()) {
            if level < lowest {
                break;
            }
            if level == LOGIC {
                lhs = self.logic_chain(lhs)?;
                continue;
            }
            self.advance();
            if matches!(op, BinaryOp::Equal | BinaryOp::NotEqual) && self.kind() == Kind::Nil {
                let span = lhs.span.to(self.place());
                self.advance();
                lhs = self.existence(lhs, op, span)?;
                continue;
            }
            let next = if level == POWER { level } else { level + 1 };
            let rhs = self.nested(|parser| parser.field_above(next))?;
            lhs = self.joined(op, lhs, rhs)?;
        }
        Ok(lhs)
    }

    fn joined(&mut self, op: BinaryOp, lhs: FieldExpr, rhs: FieldExpr) -> Read<FieldExpr> {
        let span = lhs.span.to(rhs.span);
        if let Some(value) = fold_binary(op, &lhs.kind, &rhs.kind) {
            return Ok(FieldExpr::leaf(FieldKind::Literal(value), span));
        }
        let height = self.height_over(&[lhs.height, rhs.height])?;
        Ok(FieldExpr { kind: FieldKind::Binary(op, Box::new(lhs), Box::new(rhs)), span, height })
    }

    /// `first && b || c ...` from its first operator on.
    fn logic_chain(&mut self, first: FieldExpr) -> Read<FieldExpr> {
        let mut first = first;
        let mut rest: Vec<(BinaryOp, FieldExpr)> = Vec::new();
        let mut height = first.height;
        let mut span = first.span;
        while let Some((op, LOGIC)) = operator(self.kind()) {
            self.advance();
            let noted = self.diagnostics.len();
            let operand = match self.nested(|parser| parser.field_above(COMPARISON)) {
                Ok(operand) => operand,
                Err(Failed) if self.skip_operand() => {
                    debug_assert!(self.diagnostics.len() > noted);
                    FieldExpr::leaf(FieldKind::Missing, self.last_place())
                }
                Err(Failed) => return Err(Failed),
            };
            span = span.to(operand.span);
            let folded = if rest.is_empty() { fold_binary(op, &first.kind, &operand.kind) } else { None };
            if let Some(value) = folded {
                first = FieldExpr::leaf(FieldKind::Literal(value), span);
                continue;
            }
            height = height.max(operand.height);
            rest.push((op, operand));
        }
        if rest.is_empty() {
            return Ok(first);
        }
        let height = self.height_over(&[height])?;
        Ok(FieldExpr { kind: FieldKind::Logic(Box::new(first), rest), span, height })
    }

    /// Goes to the next `&&`, `||`, `)` or `}` of this level; false at the end of what can be read.
    fn skip_operand(&mut self) -> bool {
        let mut open = 0_usize;
        loop {
            match self.kind() {
                Kind::End | Kind::Broken | Kind::OpenBrace => return false,
                Kind::OpenParen => open += 1,
                Kind::CloseParen if open > 0 => open -= 1,
                Kind::And | Kind::Or | Kind::CloseParen if open == 0 => return true,
                Kind::CloseBrace => return true,
                _ => {}
            }
            self.advance();
        }
    }

    fn existence(&mut self, operand: FieldExpr, op: BinaryOp, span: Place) -> Read<FieldExpr> {
        let height = self.height_over(&[operand.height])?;
        let kind = FieldKind::Exists(Box::new(operand), op == BinaryOp::NotEqual);
        Ok(FieldExpr { kind, span, height })
    }

    fn field_operand(&mut self) -> Read<FieldExpr> {
        let start = self.place();
        match self.kind() {
            Kind::OpenParen => {
                self.advance();
                let inner = self.field()?;
                if self.kind() != Kind::CloseParen {
                    return Err(self.unexpected(&[]));
                }
                let span = start.to(self.place());
                self.advance();
                Ok(FieldExpr { span, ..inner })
            }
            Kind::Minus => self.prefixed(UnaryOp::Negate, SUM + 1),
            Kind::Not => self.prefixed(UnaryOp::Not, NOT + 1),
            Kind::Nil => self.after_nil(start),
            Kind::Identifier => {
                let name = match &self.token().payload {
                    Payload::Text(name) => name.to_string(),
                    _ => String::new(),
                };
                Err(self.fail_here(&format!("unknown identifier: {name}")))
            }
            kind => {
                if let Some(value) = literal(kind, &self.token().payload) {
                    self.advance();
                    return Ok(FieldExpr::leaf(FieldKind::Literal(value), start));
                }
                match self.attribute_if_any()? {
                    Some(attribute) => {
                        let span = attribute.span;
                        Ok(FieldExpr::leaf(FieldKind::Attribute(attribute), span))
                    }
                    None => Err(self.unexpected(&[])),
                }
            }
        }
    }

    fn prefixed(&mut self, op: UnaryOp, lowest: u8) -> Read<FieldExpr> {
        let start = self.place();
        self.advance();
        let operand = self.field_above(lowest)?;
        let span = start.to(operand.span);
        if let Some(value) = fold_unary(op, &operand.kind) {
            return Ok(FieldExpr::leaf(FieldKind::Literal(value), span));
        }
        let height = self.height_over(&[operand.height])?;
        Ok(FieldExpr { kind: FieldKind::Unary(op, Box::new(operand)), span, height })
    }

    /// `nil = x`, `nil != x`; nil stands nowhere else.
    fn after_nil(&mut self, start: Place) -> Read<FieldExpr> {
        self.advance();
        let op = match self.kind() {
            Kind::Equal => BinaryOp::Equal,
            Kind::NotEqual => BinaryOp::NotEqual,
            _ => return Err(self.unexpected(&[Kind::Equal, Kind::NotEqual])),
        };
        self.advance();
        if self.kind() == Kind::Nil {
            let span = start.to(self.place());
            self.advance();
            return Ok(FieldExpr::leaf(FieldKind::Literal(Value::Bool(false)), span));
        }
        let operand = self.field_above(SUM)?;
        let span = start.to(operand.span);
        self.existence(operand, op, span)
    }
}
