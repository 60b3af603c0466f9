//! Folding of literals while parsing.

use crate::ast::{BinaryOp, FieldKind, UnaryOp};
use crate::check::types;
use crate::regexes;
use crate::value::{Patterns, Value, binary, negate, not};

/// The literal that two literals give; `None` where the types do not fit, so that the checker can
/// say so, where the evaluation fails, and where no literal can be written for the result.
pub fn fold_binary(op: BinaryOp, lhs: &FieldKind, rhs: &FieldKind) -> Option<Value> {
    let (FieldKind::Literal(lhs), FieldKind::Literal(rhs)) = (lhs, rhs) else {
        return None;
    };
    if !types::may_meet(lhs.kind(), rhs.kind()) || !types::is_legal(op, lhs.kind(), rhs.kind()) {
        return None;
    }
    if let (BinaryOp::Match | BinaryOp::NotMatch, Value::Str(pattern)) = (op, rhs) {
        regexes::compile(pattern).ok()?;
    }
    binary(op, lhs, rhs, &Patterns::default()).ok().filter(is_writable)
}

/// The literal that an operator and a literal give.
pub fn fold_unary(op: UnaryOp, operand: &FieldKind) -> Option<Value> {
    let FieldKind::Literal(value) = operand else {
        return None;
    };
    let result = match op {
        UnaryOp::Negate => negate(value),
        UnaryOp::Not => not(value),
    };
    Some(result).filter(is_writable)
}

fn is_writable(value: &Value) -> bool {
    match value {
        Value::Nil => false,
        Value::Float(value) => value.is_finite(),
        _ => true,
    }
}
