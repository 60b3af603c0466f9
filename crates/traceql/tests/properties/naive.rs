//! The meaning of filters and operators spelled out span by span: no columns, no nested sets, no
//! sharing.

use std::collections::BTreeSet;

use model::{Span, SpanId, TraceId};
use traceql::ast::{
    Attribute, AttributeScope, BinaryOp, Body, FieldExpr, FieldKind, Intrinsic, SpansetKind, Stage, UnaryOp,
};
use traceql::conditions::{Demand, Tree};
use traceql::value::{Patterns, Value, binary};

type Found = BTreeSet<(TraceId, SpanId)>;

/// Spans for which a filter is true.
pub fn filter(query: &str, spans: &[Span]) -> Found {
    let query = traceql::parse(query).expect("a generated query");
    let Body::Spansets(pipeline) = &query.body else {
        panic!("a search");
    };
    let Stage::Spansets(expr) = &pipeline.stages[0] else {
        panic!("a spanset");
    };
    let SpansetKind::Filter(expr) = &expr.kind else {
        panic!("a filter");
    };
    let matches = |span: &&Span| value(expr, span, spans).is_true();
    spans.iter().filter(matches).map(|span| (span.trace_id, span.span_id)).collect()
}

fn value(expr: &FieldExpr, span: &Span, spans: &[Span]) -> Value {
    match &expr.kind {
        FieldKind::Literal(value) => value.clone(),
        FieldKind::Attribute(attribute) => look_up(attribute, span, spans),
        FieldKind::Unary(UnaryOp::Not, operand) => match value(operand, span, spans) {
            Value::Bool(value) => Value::Bool(!value),
            _ => Value::Nil,
        },
        FieldKind::Unary(UnaryOp::Negate, operand) => match value(operand, span, spans) {
            Value::Int(value) => Value::Int(-value),
            Value::Float(value) => Value::Float(-value),
            Value::Duration(value) => Value::Duration(-value),
            _ => Value::Nil,
        },
        FieldKind::Binary(op, lhs, rhs) => {
            let (lhs, rhs) = (value(lhs, span, spans), value(rhs, span, spans));
            binary(*op, &lhs, &rhs, &Patterns::default()).expect("no error")
        }
        FieldKind::Logic(first, rest) => {
            let mut holds = value(first, span, spans).is_true();
            for (op, operand) in rest {
                let right = value(operand, span, spans).is_true();
                holds = if *op == BinaryOp::And { holds && right } else { holds || right };
            }
            Value::Bool(holds)
        }
        FieldKind::Exists(operand, is_there) => {
            if let FieldKind::Attribute(attribute) = &operand.kind
                && attribute.scope == AttributeScope::Event
            {
                let has = |event: &model::Event| {
                    let value = event.attributes.get(&attribute.name).map(Value::of_attribute);
                    value.is_some_and(|value| !value.is_nil())
                };
                return Value::Bool(span.events.iter().any(|event| has(event) == *is_there));
            }
            Value::Bool(value(operand, span, spans).is_nil() != *is_there)
        }
        FieldKind::Missing => Value::Nil,
    }
}

fn list(values: Vec<Value>) -> Value {
    let there: Vec<Value> = values.into_iter().filter(|value| !value.is_nil()).collect();
    if there.is_empty() { Value::Nil } else { Value::Array(there.into()) }
}

fn look_up(attribute: &Attribute, span: &Span, spans: &[Span]) -> Value {
    let plain =
        |attributes: &model::Attrs| attributes.get(&attribute.name).map_or(Value::Nil, Value::of_attribute);
    if let Some(intrinsic) = attribute.intrinsic {
        return self::intrinsic(intrinsic, span, spans);
    }
    match attribute.scope {
        AttributeScope::Span => plain(&span.attributes),
        AttributeScope::Resource => plain(&span.resource.attributes),
        AttributeScope::Any => match plain(&span.attributes) {
            Value::Nil => plain(&span.resource.attributes),
            value => value,
        },
        AttributeScope::Event => list(span.events.iter().map(|event| plain(&event.attributes)).collect()),
        AttributeScope::Link | AttributeScope::Instrumentation => Value::Nil,
    }
}

fn family<'s>(span: &'s Span, spans: &'s [Span]) -> Vec<&'s Span> {
    let mut family: Vec<&Span> = spans.iter().filter(|other| other.trace_id == span.trace_id).collect();
    family.sort_by_key(|span| (span.start, span.span_id));
    family
}

fn intrinsic(intrinsic: Intrinsic, span: &Span, spans: &[Span]) -> Value {
    let family = family(span, spans);
    let root = family.iter().find(|span| span.parent_span_id.is_none());
    match intrinsic {
        Intrinsic::Duration => Value::Duration(span.duration_nano),
        Intrinsic::Name => Value::text(&span.name),
        Intrinsic::Kind => Value::Kind(span.kind),
        Intrinsic::Status => Value::Status(span.status_code),
        Intrinsic::EventName => list(span.events.iter().map(|event| Value::text(&event.name)).collect()),
        Intrinsic::RootName => Value::text(root.map_or("", |root| &root.name)),
        Intrinsic::TraceDuration => {
            let start = family.iter().map(|span| span.start).min().expect("a span");
            let end = family.iter().map(|span| span.end()).max().expect("a span");
            Value::Duration(end.0 - start.0)
        }
        Intrinsic::ChildCount => {
            let children = family
                .iter()
                .filter(|other| other.parent_span_id == Some(span.span_id) && other.span_id != span.span_id);
            // Without a root nothing is counted, as in the original.
            Value::Int(if root.is_some() { children.count() as i64 } else { 0 })
        }
        Intrinsic::NestedSetLeft | Intrinsic::NestedSetParent => numbers(intrinsic, span, &family),
        other => panic!("{other:?} is not generated"),
    }
}

/// Numbers by walking every tree from its root.
fn numbers(intrinsic: Intrinsic, span: &Span, family: &[&Span]) -> Value {
    fn walk(at: &Span, family: &[&Span], counter: &mut i64, left: &mut Vec<(SpanId, i64)>) {
        *counter += 1;
        left.push((at.span_id, *counter));
        let children = family.iter().filter(|other| other.parent_span_id == Some(at.span_id));
        children.for_each(|child| walk(child, family, counter, left));
        *counter += 1;
    }
    let (mut counter, mut left) = (0, Vec::new());
    for root in family.iter().filter(|span| span.parent_span_id.is_none()) {
        walk(root, family, &mut counter, &mut left);
    }
    let number = |id: SpanId| left.iter().find(|(other, _)| *other == id).map(|(_, left)| *left);
    let own = number(span.span_id);
    Value::Int(match (intrinsic, own, span.parent_span_id) {
        (_, None, _) => 0,
        (Intrinsic::NestedSetLeft, Some(own), _) => own,
        (_, _, None) => -1,
        (_, _, Some(parent)) => number(parent).unwrap_or(0),
    })
}

/// Chain of parents up to a root; `None` if it ends elsewhere.
fn ancestors<'s>(span: &'s Span, spans: &'s [Span]) -> Option<Vec<&'s Span>> {
    let mut chain = Vec::new();
    let mut at = span;
    while let Some(parent) = at.parent_span_id {
        at = spans.iter().find(|other| other.trace_id == span.trace_id && other.span_id == parent)?;
        if chain.len() > spans.len() {
            return None;
        }
        chain.push(at);
    }
    Some(chain)
}

fn related(op: &str, l: &Span, r: &Span, spans: &[Span]) -> bool {
    let (Some(above_l), Some(above_r)) = (ancestors(l, spans), ancestors(r, spans)) else {
        return false;
    };
    let is = |a: &Span, b: &Span| a.trace_id == b.trace_id && a.span_id == b.span_id;
    match op {
        ">" => above_r.first().is_some_and(|parent| is(parent, l)),
        "<" => above_l.first().is_some_and(|parent| is(parent, r)),
        ">>" => above_r.iter().any(|above| is(above, l)),
        "<<" => above_l.iter().any(|above| is(above, r)),
        _ => match (above_l.first(), above_r.first()) {
            (Some(a), Some(b)) => is(a, b) && !is(l, r),
            _ => false,
        },
    }
}

/// Spans that `lhs op rhs` gives.
pub fn operator(lhs: &str, op: &str, rhs: &str, spans: &[Span]) -> Found {
    let (left, right) = (filter(lhs, spans), filter(rhs, spans));
    let traces: BTreeSet<TraceId> = spans.iter().map(|span| span.trace_id).collect();
    let mut found = Found::new();
    for trace in traces {
        let of = |side: &Found| -> Vec<&Span> {
            let is_in = |span: &&Span| span.trace_id == trace && side.contains(&(trace, span.span_id));
            spans.iter().filter(is_in).collect()
        };
        let (left, right) = (of(&left), of(&right));
        let mut add = |span: &Span| {
            found.insert((span.trace_id, span.span_id));
        };
        match op {
            "&&" if left.is_empty() || right.is_empty() => {}
            "&&" | "||" => left.iter().chain(&right).for_each(|span| add(span)),
            _ => {
                let relation = op.trim_start_matches(['!', '&']);
                for r in &right {
                    let partners: Vec<&&Span> =
                        left.iter().filter(|l| related(relation, l, r, spans)).collect();
                    if partners.is_empty() == op.starts_with('!') {
                        add(r);
                    }
                    if op.starts_with('&') {
                        partners.iter().for_each(|l| add(l));
                    }
                }
            }
        }
    }
    found
}

/// Whether a span satisfies a tree of conditions, hints taken as true.
pub fn may_match(tree: &Tree, span: &Span, spans: &[Span]) -> bool {
    match tree {
        Tree::Any => true,
        Tree::All(trees) => trees.iter().all(|tree| may_match(tree, span, spans)),
        Tree::OneOf(trees) => trees.iter().any(|tree| may_match(tree, span, spans)),
        Tree::Leaf(condition) if !condition.is_necessary => true,
        Tree::Leaf(condition) => {
            let value = look_up(&condition.attribute, span, spans);
            let holds = |op: BinaryOp, literal: &Value| {
                binary(op, &value, literal, &Patterns::default()).is_ok_and(|value| value.is_true())
            };
            match &condition.demand {
                Demand::Exists => !value.is_nil(),
                Demand::Absent => panic!("absence is never necessary"),
                Demand::Compare(op, literal) => holds(*op, literal),
                Demand::Set(BinaryOp::In, literals) => {
                    literals.iter().any(|literal| holds(BinaryOp::Equal, literal))
                }
                Demand::Set(BinaryOp::MatchAny, literals) => {
                    literals.iter().any(|literal| holds(BinaryOp::Match, literal))
                }
                Demand::Set(op, _) => panic!("{op:?} is never necessary"),
            }
        }
    }
}
