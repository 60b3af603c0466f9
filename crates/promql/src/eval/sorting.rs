//! `sort`, `sort_desc`, `sort_by_label`, `sort_by_label_desc`.
//!
//! In: series. Out: the same in another order, which only an instant query keeps. By value: floats
//! only, NaN last in both directions. By label: numbers inside texts by their value, ties by all labels.

use std::cmp::Ordering;

use super::labels::text;
use super::operator::{Boxed, collected};
use super::plan::CallPlan;
use super::series::Series;
use super::steps::Steps;
use super::{Context, Error};
use crate::ast::{AggregateOp, Expr, ExprKind};
use crate::span::Span;

/// Whether the order of a query's result is part of its meaning.
pub(super) fn keeps_order(expr: &Expr) -> bool {
    match &expr.unwrapped().kind {
        ExprKind::Call(call) => call.function.name.starts_with("sort"),
        ExprKind::Aggregate(aggregate) => {
            matches!(aggregate.op, AggregateOp::TopK | AggregateOp::BottomK)
        }
        _ => false,
    }
}

/// Compares values with NaN last.
pub(super) fn by_value(a: f64, b: f64, is_descending: bool) -> Ordering {
    match (a.is_nan(), b.is_nan()) {
        (true, true) => Ordering::Equal,
        (true, false) => Ordering::Greater,
        (false, true) => Ordering::Less,
        (false, false) => {
            let order = a.partial_cmp(&b).unwrap_or(Ordering::Equal);
            if is_descending { order.reverse() } else { order }
        }
    }
}

/// Pieces of a text: runs of digits and what is between.
fn pieces(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut start = 0;
    let bytes = text.as_bytes();
    for at in 1..=bytes.len() {
        let is_border = at == bytes.len() || bytes[at].is_ascii_digit() != bytes[at - 1].is_ascii_digit();
        if is_border {
            out.push(text.get(start..at).unwrap_or_default());
            start = at;
        }
    }
    out
}

/// Natural order: `a2` before `a10`.
fn natural(a: &str, b: &str) -> Ordering {
    let (a_pieces, b_pieces) = (pieces(a), pieces(b));
    for (x, y) in a_pieces.iter().zip(&b_pieces) {
        let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
        let order = if is_number(x) && is_number(y) {
            let strip = |text: &'_ str| text.trim_start_matches('0').len();
            strip(x)
                .cmp(&strip(y))
                .then_with(|| x.trim_start_matches('0').cmp(y.trim_start_matches('0')))
                .then_with(|| x.len().cmp(&y.len()))
        } else {
            x.cmp(y)
        };
        if order != Ordering::Equal {
            return order;
        }
    }
    a_pieces.len().cmp(&b_pieces.len())
}

/// Evaluates a sort.
pub(super) fn evaluate<'c>(
    context: &'c Context<'c>,
    call: &'c CallPlan,
    span: Span,
    steps: Steps,
) -> Result<Boxed<'c>, Error> {
    let name = call.function.name;
    let vector = call.args.first().ok_or_else(|| Error::execution("expected a vector"))?;
    if steps.count > 1 {
        let text = "sort is ineffective for range queries since results are always ordered by labels";
        context.notes.borrow_mut().warn(span, text);
    }
    let is_descending = name.ends_with("_desc");
    if name.starts_with("sort_by_label") {
        let labels = (1..call.args.len())
            .map(|at| text(call, at).map(|(text, _)| text))
            .collect::<Result<Vec<_>, Error>>()?;
        let mut series = context.collect(vector, steps)?;
        series.sort_by(|a, b| {
            let by_labels = labels.iter().map(|label| {
                let value = |series: &Series| series.labels.get(label).unwrap_or_default().to_owned();
                natural(&value(a), &value(b))
            });
            let order = by_labels
                .into_iter()
                .find(|order| *order != Ordering::Equal)
                .unwrap_or_else(|| a.labels.cmp(&b.labels));
            if is_descending { order.reverse() } else { order }
        });
        return Ok(collected(series));
    }
    let mut series = context.collect(vector, steps)?;
    series.retain_mut(|series| {
        series.hists.clear();
        !series.floats.is_empty()
    });
    if steps.count == 1 {
        let value = |series: &Series| series.floats.first().map_or(f64::NAN, |float| float.value);
        series.sort_by(|a, b| by_value(value(a), value(b), is_descending));
    }
    Ok(collected(series))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts_sort_by_value() {
        let mut texts = ["a10", "a2", "a02", "b1", "a"];
        texts.sort_by(|a, b| natural(a, b));
        assert_eq!(texts, ["a", "a2", "a02", "a10", "b1"]);
    }
}
