//! Chains over one attribute as set tests.
//!
//! `.a = 1 || .a = 2` becomes `.a IN [1, 2]`, `!= &&` becomes `NOT IN`, `=~ ||` becomes `MATCH
//! ANY`, `!~ &&` becomes `MATCH NONE`: the same meaning in one pass over a column. The grammar has
//! no words for these, so canonical texts for people are printed before this step.

use crate::ast::{
    Attribute, BinaryOp, Body, FieldExpr, FieldKind, MetricsExpr, MetricsFunction, MetricsKind, Pipeline,
    Query, ScalarExpr, ScalarKind, SpansetExpr, SpansetKind, Stage,
};
use crate::place::Place;
use crate::value::Value;

/// The hint that switches steps off, and this step's name in it.
const SKIP_HINT: (&str, &str) = ("skip_ast_transformations", "or_to_in");

/// Rewrites every expression of a query, unless its hints say no.
pub fn join_alternatives(query: &mut Query) {
    let is_off = query.hints.iter().any(|hint| {
        let Value::Str(steps) = &hint.value else {
            return false;
        };
        hint.name == SKIP_HINT.0 && steps.split(',').any(|step| step.trim() == SKIP_HINT.1)
    });
    if is_off {
        return;
    }
    match &mut query.body {
        Body::Spansets(pipeline) => self::pipeline(pipeline),
        Body::Metrics(expr) => metrics(expr),
    }
}

fn metrics(expr: &mut MetricsExpr) {
    match &mut expr.kind {
        MetricsKind::Series(pipeline, stage) => {
            self::pipeline(pipeline);
            if let MetricsFunction::Compare(comparison) = &mut stage.function {
                field(&mut comparison.filter);
            }
        }
        MetricsKind::Math(_, lhs, rhs) => {
            metrics(lhs);
            metrics(rhs);
        }
        MetricsKind::ScalarMath { expr, .. } => metrics(expr),
    }
}

fn pipeline(pipeline: &mut Pipeline) {
    for stage in &mut pipeline.stages {
        match stage {
            Stage::Spansets(expr) => spansets(expr),
            Stage::ScalarFilter(filter) => {
                scalar(&mut filter.lhs);
                scalar(&mut filter.rhs);
            }
            Stage::By(expr, _) => field(expr),
            Stage::Coalesce(_) | Stage::Select(..) => {}
        }
    }
}

fn scalar(expr: &mut ScalarExpr) {
    match &mut expr.kind {
        ScalarKind::Number(_) | ScalarKind::Aggregate(_, None) => {}
        ScalarKind::Aggregate(_, Some(argument)) => field(argument),
        ScalarKind::Arithmetic(_, lhs, rhs) => {
            scalar(lhs);
            scalar(rhs);
        }
        ScalarKind::Pipeline(pipeline, aggregate) => {
            self::pipeline(pipeline);
            scalar(aggregate);
        }
    }
}

fn spansets(expr: &mut SpansetExpr) {
    match &mut expr.kind {
        SpansetKind::Filter(expr) => field(expr),
        SpansetKind::Chain(first, rest) => {
            spansets(first);
            rest.iter_mut().for_each(|(_, operand)| spansets(operand));
        }
        SpansetKind::Pipeline(pipeline) => self::pipeline(pipeline),
        SpansetKind::Missing => {}
    }
}

/// Rewrites one expression.
pub fn field(expr: &mut FieldExpr) {
    match &mut expr.kind {
        FieldKind::Literal(_) | FieldKind::Attribute(_) | FieldKind::Missing => {}
        FieldKind::Unary(_, operand) | FieldKind::Exists(operand, _) => field(operand),
        FieldKind::Binary(_, lhs, rhs) => {
            field(lhs);
            field(rhs);
        }
        FieldKind::Logic(first, rest) => {
            field(first);
            rest.iter_mut().for_each(|(_, operand)| field(operand));
            join_chain(first, rest);
            if rest.is_empty() {
                let first = std::mem::replace(&mut **first, FieldExpr::leaf(FieldKind::Missing, expr.span));
                expr.kind = first.kind;
            }
        }
    }
}

/// The set test that a chain of this comparison is, and the operator that chains it.
const fn set_test(op: BinaryOp) -> Option<(BinaryOp, BinaryOp)> {
    Some(match op {
        BinaryOp::Equal | BinaryOp::In => (BinaryOp::In, BinaryOp::Or),
        BinaryOp::NotEqual | BinaryOp::NotIn => (BinaryOp::NotIn, BinaryOp::And),
        BinaryOp::Match | BinaryOp::MatchAny => (BinaryOp::MatchAny, BinaryOp::Or),
        BinaryOp::NotMatch | BinaryOp::MatchNone => (BinaryOp::MatchNone, BinaryOp::And),
        _ => return None,
    })
}

/// One test of an attribute that may be joined with its neighbours.
struct Run {
    test: BinaryOp,
    chain: BinaryOp,
    attribute: Attribute,
    literals: Vec<Value>,
    span: Place,
}

impl Run {
    fn of(expr: &FieldExpr) -> Option<Self> {
        let FieldKind::Binary(comparison, lhs, rhs) = &expr.kind else {
            return None;
        };
        let (test, chain) = set_test(*comparison)?;
        let (FieldKind::Attribute(attribute), FieldKind::Literal(literal)) = (&lhs.kind, &rhs.kind) else {
            return None;
        };
        let literals = match literal {
            Value::Array(items) => items.to_vec(),
            plain => vec![plain.clone()],
        };
        Some(Self { test, chain, attribute: attribute.clone(), literals, span: expr.span })
    }

    /// Takes the other's literals if both test one attribute with one type in a chain of `op`.
    fn takes(&mut self, op: BinaryOp, other: &mut Self) -> bool {
        let kinds = self.literals.last().map(Value::kind) == other.literals.first().map(Value::kind);
        let fits = self.chain == op && self.test == other.test && self.attribute == other.attribute;
        if fits && kinds {
            self.literals.append(&mut other.literals);
            self.span = self.span.to(other.span);
        }
        fits && kinds
    }

    fn write(self, expr: &mut FieldExpr) {
        if self.literals.len() < 2 {
            return;
        }
        let lhs = FieldExpr::leaf(FieldKind::Attribute(self.attribute), self.span);
        let literals = Value::Array(self.literals.into());
        let rhs = FieldExpr::leaf(FieldKind::Literal(literals), self.span);
        expr.kind = FieldKind::Binary(self.test, Box::new(lhs), Box::new(rhs));
        expr.span = self.span;
    }
}

/// Joins neighbours from the left. Left of an operator stands the whole chain so far: `a && b || c`
/// is `(a && b) || c`, so b is no alternative of c, and joining ends where the operator changes.
fn join_chain(first: &mut FieldExpr, rest: &mut Vec<(BinaryOp, FieldExpr)>) {
    let mut joined: Vec<(BinaryOp, FieldExpr)> = Vec::with_capacity(rest.len());
    let mut run = Run::of(first);
    let mut operator = None;
    for (op, operand) in rest.drain(..) {
        let mut next = Run::of(&operand);
        let is_one_operator = operator.is_none_or(|known| known == op);
        if is_one_operator
            && let (Some(run), Some(next)) = (&mut run, &mut next)
            && run.takes(op, next)
        {
            continue;
        }
        if let Some(run) = run {
            run.write(joined.last_mut().map_or(&mut *first, |(_, last)| last));
        }
        operator = if is_one_operator { Some(op) } else { operator };
        run = if is_one_operator { next } else { None };
        joined.push((op, operand));
    }
    if let Some(run) = run {
        run.write(joined.last_mut().map_or(&mut *first, |(_, last)| last));
    }
    *rest = joined;
}
