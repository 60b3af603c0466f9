//! Types of expressions and which operators fit them.

use crate::ast::{BinaryOp, FieldExpr, FieldKind, UnaryOp};
use crate::value::Type;

/// The type of an expression as far as the text tells.
pub fn type_of(expr: &FieldExpr) -> Type {
    match &expr.kind {
        FieldKind::Literal(value) => value.kind(),
        FieldKind::Attribute(attribute) => attribute.value_type(),
        FieldKind::Unary(UnaryOp::Not, _) | FieldKind::Logic(..) | FieldKind::Exists(..) => Type::Bool,
        FieldKind::Unary(UnaryOp::Negate, operand) => type_of(operand),
        FieldKind::Binary(op, lhs, rhs) if op.is_arithmetic() => match (type_of(lhs), type_of(rhs)) {
            (Type::Dynamic, other) | (other, Type::Dynamic) => other,
            (Type::Int, Type::Int) => Type::Int,
            (Type::Duration, _) | (_, Type::Duration) => Type::Duration,
            (lhs, _) => lhs,
        },
        FieldKind::Binary(..) => Type::Bool,
        FieldKind::Missing => Type::Dynamic,
    }
}

/// Whether values of these types may stand on the two sides of an operator.
pub fn may_meet(lhs: Type, rhs: Type) -> bool {
    lhs == rhs
        || matches!(lhs, Type::Dynamic | Type::Nil)
        || matches!(rhs, Type::Dynamic | Type::Nil)
        || (lhs.is_numeric() && rhs.is_numeric())
        || lhs == Type::Array
        || rhs == Type::Array
}

/// Whether the operator takes values of these types.
pub fn is_legal(op: BinaryOp, lhs: Type, rhs: Type) -> bool {
    takes(op, lhs) && takes(op, rhs)
}

fn takes(op: BinaryOp, side: Type) -> bool {
    match side {
        Type::Dynamic | Type::Array => true,
        Type::Int | Type::Float | Type::Duration => op.is_arithmetic() || op.is_comparison(),
        Type::Str => op.is_comparison() || matches!(op, BinaryOp::Match | BinaryOp::NotMatch),
        Type::Bool => {
            matches!(op, BinaryOp::And | BinaryOp::Or | BinaryOp::Equal | BinaryOp::NotEqual)
        }
        Type::Status | Type::Kind | Type::Nil => {
            matches!(op, BinaryOp::Equal | BinaryOp::NotEqual)
        }
    }
}

/// Whether the value of an expression depends on the span.
pub fn reads_span(expr: &FieldExpr) -> bool {
    match &expr.kind {
        FieldKind::Literal(_) => false,
        FieldKind::Attribute(_) | FieldKind::Missing => true,
        FieldKind::Unary(_, operand) | FieldKind::Exists(operand, _) => reads_span(operand),
        FieldKind::Binary(_, lhs, rhs) => reads_span(lhs) || reads_span(rhs),
        FieldKind::Logic(first, rest) => {
            reads_span(first) || rest.iter().any(|(_, operand)| reads_span(operand))
        }
    }
}
