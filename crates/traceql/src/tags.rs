//! Names and values of attributes, for completion.
//!
//! In: an attribute or nothing, the text of a filter that may be unfinished, a source. Out: what the spans
//! that match have. A filter is read kindly: unfinished conditions and those that can never hold count as
//! true, an attribute alone asks whether it is there, and what is no filter filters nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use model::TimeRange;

use crate::ast::{
    Attribute, AttributeScope, Body, FieldExpr, FieldKind, Pipeline, SpansetExpr, SpansetKind, Stage,
};
use crate::check::problems;
use crate::error::Error;
use crate::lenient::parse_lenient;
use crate::matching::Matching;
use crate::source::{Control, Source};
use crate::spansets::Compiler;
use crate::value::{Type, Value, order};

/// Where and how much to look.
#[derive(Debug, Clone, Copy)]
pub struct TagOptions {
    /// Spans that start in it count.
    pub range: TimeRange,
    /// Names or values kept at most; more are left out.
    pub entries_max: usize,
}

/// Names by scope, sorted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TagNames {
    /// Of spans.
    pub span: BTreeSet<Arc<str>>,
    /// Of resources.
    pub resource: BTreeSet<Arc<str>>,
    /// Of events.
    pub event: BTreeSet<Arc<str>>,
    /// Of links.
    pub link: BTreeSet<Arc<str>>,
    /// Of instrumentation scopes.
    pub instrumentation: BTreeSet<Arc<str>>,
}

/// The names of the attributes of spans that match.
pub fn tag_names(
    filter: &str,
    source: &dyn Source,
    options: &TagOptions,
    control: &Control<'_>,
) -> Result<TagNames, Error> {
    let mut names = TagNames::default();
    let mut compiler = Compiler::default();
    let (steps, traces) = compiler.pipeline(&pipeline(filter))?;
    let matching = Matching::new(compiler, steps, traces, options.range, true);
    matching.run(source, control, |rows, matched| {
        for row in matched.iter() {
            let at = rows.range.start + row;
            if !options.range.contains(rows.batch.start(at)) {
                continue;
            }
            for (scope, name, _) in rows.batch.every_attribute.get(at).into_iter().flatten() {
                let known = match scope {
                    AttributeScope::Any | AttributeScope::Span => &mut names.span,
                    AttributeScope::Resource => &mut names.resource,
                    AttributeScope::Event => &mut names.event,
                    AttributeScope::Link => &mut names.link,
                    AttributeScope::Instrumentation => &mut names.instrumentation,
                };
                if known.len() < options.entries_max && !known.contains(name) {
                    control.take(name.len() + 64)?;
                    known.insert(Arc::clone(name));
                }
            }
        }
        Ok(())
    })?;
    Ok(names)
}

/// The values of an attribute in spans that match, each once, in the order of their types and values.
/// Arrays count element by element; durations and nested-set numbers are no values to choose from.
pub fn tag_values(
    attribute: &Attribute,
    filter: &str,
    source: &dyn Source,
    options: &TagOptions,
    control: &Control<'_>,
) -> Result<Vec<Value>, Error> {
    let is_choice = match attribute.intrinsic {
        Some(intrinsic) => !matches!(intrinsic.value_type(), Type::Duration | Type::Int | Type::Nil),
        None => !attribute.is_parent,
    };
    if !is_choice {
        return Ok(Vec::new());
    }
    let mut compiler = Compiler::default();
    let (steps, traces) = compiler.pipeline(&pipeline(filter))?;
    let slots = compiler.fields.slots(attribute);
    let matching = Matching::new(compiler, steps, traces, options.range, false);
    let mut values: hashbrown::HashSet<Value> = hashbrown::HashSet::new();
    matching.run(source, control, |rows, matched| {
        for row in matched.iter() {
            if !options.range.contains(rows.batch.start(rows.range.start + row)) {
                continue;
            }
            // An unscoped name has the values of the span and of the resource.
            for value in slots.iter().map(|slot| slot.value(rows, row)) {
                let items = match &value {
                    Value::Nil => &[],
                    Value::Array(items) => &**items,
                    plain => std::slice::from_ref(plain),
                };
                for item in items {
                    if values.len() < options.entries_max && !values.contains(item) {
                        control.take(size_of::<Value>() + 64)?;
                        values.insert(item.clone());
                    }
                }
            }
        }
        Ok(())
    })?;
    let mut values: Vec<Value> = values.into_iter().collect();
    values.sort_by(order);
    Ok(values)
}

/// The filter of a text as a pipeline of one stage.
fn pipeline(text: &str) -> Pipeline {
    let mut filter = filter_of(text)
        .unwrap_or_else(|| FieldExpr::leaf(FieldKind::Literal(Value::Bool(true)), <_>::default()));
    soften(&mut filter);
    let span = filter.span;
    let height = filter.height + 1;
    let expr = SpansetExpr { kind: SpansetKind::Filter(filter), span, height };
    Pipeline { stages: vec![Stage::Spansets(expr)], span }
}

/// The expression of a text that is one spanset filter and means something.
fn filter_of(text: &str) -> Option<FieldExpr> {
    let query = parse_lenient(text)?;
    if problems(&query).iter().any(|problem| problem.problem == crate::Problem::Unsupported) {
        return None;
    }
    let Body::Spansets(pipeline) = query.body else {
        return None;
    };
    match <[Stage; 1]>::try_from(pipeline.stages) {
        Ok([Stage::Spansets(SpansetExpr { kind: SpansetKind::Filter(filter), .. })]) => Some(filter),
        _ => None,
    }
}

/// Turns what can never hold into `true`, and an attribute alone into a test for existence.
fn soften(expr: &mut FieldExpr) {
    let can_hold = match &mut expr.kind {
        FieldKind::Logic(first, rest) => {
            soften(first);
            rest.iter_mut().for_each(|(_, operand)| soften(operand));
            return;
        }
        FieldKind::Attribute(_) => {
            let attribute = Box::new(expr.clone());
            expr.kind = FieldKind::Exists(attribute, true);
            return;
        }
        FieldKind::Binary(_, lhs, rhs) => {
            let is_word = |side: &FieldExpr| match &side.kind {
                FieldKind::Literal(value) => matches!(value.kind(), Type::Status | Type::Kind),
                _ => false,
            };
            let is_attribute = |side: &FieldExpr| match &side.kind {
                FieldKind::Attribute(attribute) => attribute.intrinsic.is_none(),
                _ => false,
            };
            let (left, right) = (crate::check::types::type_of(lhs), crate::check::types::type_of(rhs));
            crate::check::types::may_meet(left, right)
                && !(is_attribute(lhs) && is_word(rhs) || is_word(lhs) && is_attribute(rhs))
        }
        _ => return,
    };
    if !can_hold {
        expr.kind = FieldKind::Literal(Value::Bool(true));
    }
}
