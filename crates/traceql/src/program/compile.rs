//! Syntax tree to program.

use std::sync::Arc;

use super::test::Literals;
use super::{Program, Slot, Test};
use crate::ast::{Attribute, AttributeScope, BinaryOp, FieldExpr, FieldKind, Intrinsic};
use crate::columns::{Field, strip_zeros};
use crate::regexes;
use crate::value::Value;

/// The fields that compiled expressions read; their order is the order of a batch's columns.
#[derive(Debug, Clone, Default)]
pub struct Fields(Vec<Field>);

impl Fields {
    /// The number of a field's column, added if it is new.
    pub fn add(&mut self, field: Field) -> usize {
        match self.0.iter().position(|known| *known == field) {
            Some(index) => index,
            None => {
                self.0.push(field);
                self.0.len() - 1
            }
        }
    }

    /// The fields in order.
    pub fn as_slice(&self) -> &[Field] {
        &self.0
    }

    /// Where an attribute's value is found: unscoped ones in the span and then the resource.
    pub fn slots(&mut self, attribute: &Attribute) -> Vec<Slot> {
        if let Some(intrinsic) = attribute.intrinsic {
            return vec![match intrinsic {
                Intrinsic::Duration => Slot::Duration,
                Intrinsic::SpanId => Slot::SpanId,
                Intrinsic::ParentId => Slot::ParentId,
                Intrinsic::TraceId => Slot::TraceId,
                stored => Slot::Column(self.add(Field::Intrinsic(stored))),
            }];
        }
        let scopes: &[AttributeScope] = match attribute.scope {
            AttributeScope::Any => &[AttributeScope::Span, AttributeScope::Resource],
            ref scope => std::slice::from_ref(scope),
        };
        let column = |scope: &AttributeScope| {
            Slot::Column(self.add(Field::Attribute(*scope, Arc::clone(&attribute.name))))
        };
        scopes.iter().map(column).collect()
    }
}

/// Compiles an expression that was checked.
pub fn compile(expr: &FieldExpr, fields: &mut Fields) -> Program {
    match &expr.kind {
        FieldKind::Literal(value) => Program::Literal(value.clone()),
        FieldKind::Attribute(attribute) => Program::Slots(fields.slots(attribute)),
        FieldKind::Unary(op, operand) => Program::Unary(*op, Box::new(compile(operand, fields))),
        FieldKind::Binary(op, lhs, rhs) => binary(*op, lhs, rhs, fields),
        FieldKind::Logic(first, rest) => {
            let first = Box::new(compile(first, fields));
            let rest =
                rest.iter().map(|(op, operand)| (*op == BinaryOp::And, compile(operand, fields))).collect();
            Program::Logic(first, rest)
        }
        FieldKind::Exists(operand, is_there) => {
            Program::Exists(Box::new(compile(operand, fields)), *is_there)
        }
        // The checker refuses queries with gaps; nothing matches one all the same.
        FieldKind::Missing => Program::Literal(Value::Bool(false)),
    }
}

fn binary(op: BinaryOp, lhs: &FieldExpr, rhs: &FieldExpr, fields: &mut Fields) -> Program {
    let (attribute, literal, op) = match (&lhs.kind, &rhs.kind) {
        (FieldKind::Attribute(attribute), FieldKind::Literal(literal)) => (attribute, literal, op),
        (FieldKind::Literal(literal), FieldKind::Attribute(attribute)) if op.is_comparison() => {
            (attribute, literal, op.mirrored())
        }
        (_, FieldKind::Literal(Value::Str(pattern)))
            if matches!(op, BinaryOp::Match | BinaryOp::NotMatch) =>
        {
            let operand = compile(lhs, fields);
            return match regexes::compile(pattern) {
                Ok(regex) => Program::Pattern(Box::new(operand), regex, op == BinaryOp::Match),
                Err(_) => Program::Literal(Value::Bool(false)),
            };
        }
        _ => {
            let lhs = Box::new(compile(lhs, fields));
            return Program::Binary(op, lhs, Box::new(compile(rhs, fields)));
        }
    };
    let literal = as_shown(attribute, literal);
    let slots = fields.slots(attribute);
    let items: &[Value] = match &literal {
        Value::Array(items) => items,
        plain => std::slice::from_ref(plain),
    };
    let test = match op {
        BinaryOp::In | BinaryOp::NotIn => Test::OneOf(Literals::new(items), op == BinaryOp::In),
        BinaryOp::Match | BinaryOp::MatchAny | BinaryOp::NotMatch | BinaryOp::MatchNone => {
            let regexes = items.iter().filter_map(|item| match item {
                Value::Str(pattern) => regexes::compile(pattern).ok(),
                _ => None,
            });
            let is_match = matches!(op, BinaryOp::Match | BinaryOp::MatchAny);
            Test::Match(regexes.collect(), is_match)
        }
        _ if op.is_comparison() => Test::Compare(op, literal),
        _ => {
            let operand = Box::new(Program::Slots(slots));
            return Program::Binary(op, operand, Box::new(Program::Literal(literal)));
        }
    };
    Program::Column(slots, test)
}

/// Trace ids compare without leading zeros on both sides.
fn as_shown(attribute: &Attribute, literal: &Value) -> Value {
    let is_trace_id = matches!(attribute.intrinsic, Some(Intrinsic::TraceId | Intrinsic::LinkTraceId));
    match literal {
        Value::Str(text) if is_trace_id => Value::text(strip_zeros(text)),
        Value::Array(items) if is_trace_id => {
            Value::Array(items.iter().map(|item| as_shown(attribute, item)).collect())
        }
        other => other.clone(),
    }
}
