//! What a query demands of spans, as a source can use it to skip what cannot match.
//!
//! In: expressions. Out: one AND/OR tree of conditions a spanset. A condition is *necessary*: a
//! span for which the tree is false with all hints taken as true cannot match. Or it is a *hint*:
//! negations, `!=` and `= nil`, which a source may use for order or cost but not to skip. The
//! evaluator tests everything itself.

use std::fmt;

use crate::ast::{Attribute, BinaryOp, FieldExpr, FieldKind, UnaryOp};
use crate::check::problems;
use crate::parser::parse;
use crate::place::Diagnostic;
use crate::value::Value;

/// What is asked of an attribute's value.
#[derive(Debug, Clone, PartialEq)]
pub enum Demand {
    /// It is there.
    Exists,
    /// It is not there.
    Absent,
    /// A comparison with one literal.
    Compare(BinaryOp, Value),
    /// A test against several: `IN`, `NOT IN`, `MATCH ANY`, `MATCH NONE`.
    Set(BinaryOp, Vec<Value>),
}

/// One condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    /// Of what.
    pub attribute: Attribute,
    /// What is asked.
    pub demand: Demand,
    /// Whether a span that fails it may be skipped, within the tree.
    pub is_necessary: bool,
}

impl fmt::Display for Condition {
    /// As a query writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.attribute)?;
        match &self.demand {
            Demand::Exists => f.write_str("!= nil"),
            Demand::Absent => f.write_str("= nil"),
            Demand::Compare(op, value) => write!(f, "{} {value}", op.symbol()),
            Demand::Set(op, values) => {
                write!(f, "{} {}", op.symbol(), Value::Array(values.clone().into()))
            }
        }
    }
}

/// Conditions on one span.
#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    /// Nothing is known; every span may match.
    Any,
    /// One condition.
    Leaf(Condition),
    /// All hold.
    All(Vec<Tree>),
    /// At least one holds; none can if there is none.
    OneOf(Vec<Tree>),
}

impl Tree {
    /// A tree that no span satisfies.
    pub const NOTHING: Self = Self::OneOf(Vec::new());

    /// The tree of an expression in braces.
    pub fn of(expr: &FieldExpr) -> Self {
        match &expr.kind {
            FieldKind::Literal(value) if value.is_true() => Self::Any,
            FieldKind::Literal(_) | FieldKind::Missing => Self::NOTHING,
            FieldKind::Attribute(attribute) => {
                leaf(attribute, Demand::Compare(BinaryOp::Equal, Value::Bool(true)), true)
            }
            FieldKind::Unary(UnaryOp::Not | UnaryOp::Negate, _) => Self::Any,
            FieldKind::Exists(operand, is_there) => match &operand.kind {
                FieldKind::Attribute(attribute) if *is_there && attribute.intrinsic.is_none() => {
                    leaf(attribute, Demand::Exists, true)
                }
                FieldKind::Attribute(attribute) if !is_there => leaf(attribute, Demand::Absent, false),
                _ => Self::Any,
            },
            FieldKind::Binary(op, lhs, rhs) => binary(*op, lhs, rhs),
            FieldKind::Logic(first, rest) => {
                rest.iter().fold(Self::of(first), |tree, (op, operand)| match op {
                    BinaryOp::And => tree.and(Self::of(operand)),
                    _ => tree.or(Self::of(operand)),
                })
            }
        }
    }

    /// Both.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, tree) | (tree, Self::Any) => tree,
            (nothing, _) | (_, nothing) if nothing == Self::NOTHING => nothing,
            (Self::All(mut trees), tree) => {
                trees.push(tree);
                Self::All(trees)
            }
            (tree, other) => Self::All(vec![tree, other]),
        }
    }

    /// Any of both.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Any, _) | (_, Self::Any) => Self::Any,
            (Self::OneOf(mut trees), tree) => {
                if tree != Self::NOTHING {
                    trees.push(tree);
                }
                Self::OneOf(trees)
            }
            (tree, Self::OneOf(trees)) if trees.is_empty() => tree,
            (tree, other) => Self::OneOf(vec![tree, other]),
        }
    }
}

fn leaf(attribute: &Attribute, demand: Demand, is_necessary: bool) -> Tree {
    Tree::Leaf(Condition { attribute: attribute.clone(), demand, is_necessary })
}

fn binary(op: BinaryOp, lhs: &FieldExpr, rhs: &FieldExpr) -> Tree {
    let (attribute, value, op) = match (&lhs.kind, &rhs.kind) {
        (FieldKind::Attribute(attribute), FieldKind::Literal(value)) => (attribute, value, op),
        (FieldKind::Literal(value), FieldKind::Attribute(attribute)) if op.is_comparison() => {
            (attribute, value, op.mirrored())
        }
        // Absence of any operand makes the comparison false.
        _ => return operands_exist(lhs).and(operands_exist(rhs)),
    };
    let is_negative =
        matches!(op, BinaryOp::NotEqual | BinaryOp::NotMatch | BinaryOp::NotIn | BinaryOp::MatchNone);
    let demand = match value {
        Value::Array(values) => Demand::Set(op, values.to_vec()),
        value => Demand::Compare(op, value.clone()),
    };
    leaf(attribute, demand, !is_negative)
}

/// What must be there for an operand of a comparison to have a value.
fn operands_exist(expr: &FieldExpr) -> Tree {
    match &expr.kind {
        FieldKind::Attribute(attribute) if attribute.intrinsic.is_none() => {
            leaf(attribute, Demand::Exists, true)
        }
        FieldKind::Unary(_, operand) => operands_exist(operand),
        FieldKind::Binary(op, lhs, rhs) if op.is_arithmetic() => operands_exist(lhs).and(operands_exist(rhs)),
        // Comparisons and tests for existence are never absent.
        _ => Tree::Any,
    }
}

/// The conditions of a query that is one spanset filter, for a form of chips: each `a = b` joined
/// by `&&`. `None` when it is anything else (several spansets, `||`, arithmetic, hints), which a
/// form cannot show.
pub fn conjunction(query: &crate::ast::Query) -> Option<Vec<Condition>> {
    use crate::ast::{Body, SpansetKind, Stage};
    let Body::Spansets(pipeline) = &query.body else {
        return None;
    };
    let [Stage::Spansets(expr)] = pipeline.stages.as_slice() else {
        return None;
    };
    let SpansetKind::Filter(filter) = &expr.kind else {
        return None;
    };
    if !query.hints.is_empty() {
        return None;
    }
    let mut conditions = Vec::new();
    match &filter.kind {
        FieldKind::Literal(value) if value.is_true() => {}
        FieldKind::Logic(first, rest) => {
            conditions.push(single(first)?);
            for (op, operand) in rest {
                if *op != BinaryOp::And {
                    return None;
                }
                conditions.push(single(operand)?);
            }
        }
        _ => conditions.push(single(filter)?),
    }
    Some(conditions)
}

/// [`conjunction`] of a text; the error is the first problem of the text.
pub fn parse_conjunction(text: &str) -> Result<Option<Vec<Condition>>, Diagnostic> {
    let query = parse(text)?;
    match problems(&query).into_iter().next() {
        Some(problem) => Err(problem),
        None => Ok(conjunction(&query)),
    }
}

fn single(expr: &FieldExpr) -> Option<Condition> {
    match (&expr.kind, Tree::of(expr)) {
        (FieldKind::Exists(operand, is_there), _) => match &operand.kind {
            FieldKind::Attribute(attribute) => Some(Condition {
                attribute: attribute.clone(),
                demand: if *is_there { Demand::Exists } else { Demand::Absent },
                is_necessary: *is_there,
            }),
            _ => None,
        },
        (FieldKind::Attribute(_) | FieldKind::Binary(..), Tree::Leaf(condition)) => {
            match condition.demand {
                // `a = b` of two attributes gives a leaf for one of them at most.
                Demand::Exists => None,
                _ => Some(condition),
            }
        }
        _ => None,
    }
}
