//! Operators on single samples, and between a vector and a scalar.
//!
//! In: two numbers, two histograms, or one of each. Out: the result and whether it is kept;
//! combinations without a meaning drop the element with an info.

use std::sync::Arc;

use model::ResetHint;

use super::elementwise::named_off;
use super::operator::{Boxed, Operator, Scalar};
use super::plan::BinaryPlan;
use super::series::{Point, Series, Uniqueness};
use super::{Context, Error};
use crate::annotation::Annotations;
use crate::ast::BinaryOp;
use crate::hist::FloatHistogram;
use crate::span::Span;

const fn of_bool(value: bool) -> f64 {
    if value { 1.0 } else { 0.0 }
}

/// Go's `math.Pow`, which differs in no case from C's.
fn power(base: f64, exponent: f64) -> f64 {
    base.powf(exponent)
}

/// An operator between scalars; comparisons give 0 or 1.
pub(super) fn of_scalars(op: BinaryOp, left: f64, right: f64) -> f64 {
    match op {
        BinaryOp::Add => left + right,
        BinaryOp::Sub => left - right,
        BinaryOp::Mul => left * right,
        BinaryOp::Div => left / right,
        BinaryOp::Mod => left % right,
        BinaryOp::Pow => power(left, right),
        BinaryOp::Atan2 => left.atan2(right),
        // Set operators and trims have no scalar operands.
        BinaryOp::TrimUpper | BinaryOp::TrimLower => f64::NAN,
        BinaryOp::And | BinaryOp::Or | BinaryOp::Unless => f64::NAN,
        _ => of_bool(compares(op, left, right)),
    }
}

fn compares(op: BinaryOp, left: f64, right: f64) -> bool {
    match op {
        BinaryOp::Equal => left == right,
        BinaryOp::NotEqual => left != right,
        BinaryOp::Greater => left > right,
        BinaryOp::Less => left < right,
        BinaryOp::GreaterEqual => left >= right,
        BinaryOp::LessEqual => left <= right,
        _ => false,
    }
}

/// Whether the result of an operator is not the metric any more.
pub(super) const fn changes_metric(op: BinaryOp) -> bool {
    matches!(
        op,
        BinaryOp::Add
            | BinaryOp::Sub
            | BinaryOp::Mul
            | BinaryOp::Div
            | BinaryOp::Mod
            | BinaryOp::Pow
            | BinaryOp::Atan2
    )
}

/// The result for two samples.
pub(super) enum Outcome {
    /// Kept (always, or because the comparison holds).
    Keep(Point),
    /// The comparison does not hold.
    Drop,
    /// Impossible; a note says so.
    Nothing,
}

/// Applies an operator to two samples.
pub(super) fn of_points(
    op: BinaryOp,
    left: &Point,
    right: &Point,
    span: Span,
    notes: &mut Annotations,
) -> Outcome {
    let incompatible = |notes: &mut Annotations, left: &str, right: &str| {
        let op = op.as_str();
        let text = format!(
            "incompatible sample types encountered for binary operator {}: {left} {op} {right}",
            stdx::go::quote::quote(op)
        );
        notes.info(span, text);
        Outcome::Nothing
    };
    let histogram = |h: FloatHistogram| Outcome::Keep(Point::Hist(h.into()));
    match (left, right) {
        (Point::Float(left), Point::Float(right)) => match op {
            BinaryOp::TrimUpper | BinaryOp::TrimLower => incompatible(notes, "float", "float"),
            _ if op.is_comparison() => {
                if compares(op, *left, *right) {
                    Outcome::Keep(Point::Float(*left))
                } else {
                    Outcome::Drop
                }
            }
            _ => Outcome::Keep(Point::Float(of_scalars(op, *left, *right))),
        },
        (Point::Float(left), Point::Hist(right)) => match op {
            BinaryOp::Mul => histogram((**right).clone().scale(*left).compact()),
            _ => incompatible(notes, "float", "histogram"),
        },
        (Point::Hist(left), Point::Float(right)) => match op {
            BinaryOp::Mul => histogram((**left).clone().scale(*right).compact()),
            BinaryOp::Div => histogram((**left).clone().divide(*right).compact()),
            BinaryOp::TrimUpper => histogram((**left).clone().trimmed(*right, crate::hist::Trim::Above)),
            BinaryOp::TrimLower => histogram((**left).clone().trimmed(*right, crate::hist::Trim::Below)),
            _ => incompatible(notes, "histogram", "float"),
        },
        (Point::Hist(left), Point::Hist(right)) => match op {
            BinaryOp::Add | BinaryOp::Sub => of_histograms(op, left, right, span, notes),
            BinaryOp::Equal | BinaryOp::NotEqual => {
                if left.is_same(right) == (op == BinaryOp::Equal) {
                    Outcome::Keep(Point::Hist(Arc::clone(left)))
                } else {
                    Outcome::Drop
                }
            }
            _ => incompatible(notes, "histogram", "histogram"),
        },
    }
}

fn of_histograms(
    op: BinaryOp,
    left: &FloatHistogram,
    right: &FloatHistogram,
    span: Span,
    notes: &mut Annotations,
) -> Outcome {
    let mut result = left.clone();
    let is_sum = op == BinaryOp::Add;
    let (combined, word) =
        if is_sum { (result.add(right), "addition") } else { (result.sub(right), "subtraction") };
    let Ok(combined) = combined else {
        let text = format!("incompatible bucket layout encountered for binary operator {}", op.as_str());
        notes.warn(span, text);
        return Outcome::Nothing;
    };
    if !is_sum {
        result.hint = ResetHint::Gauge;
    }
    if combined.has_reset_conflict {
        notes.reset_conflict(span, word);
    }
    if combined.has_reconciled_bounds {
        notes.reconciled_bounds(span, word);
    }
    Outcome::Keep(Point::Hist(result.compact().into()))
}

struct WithScalar<'c> {
    context: &'c Context<'c>,
    plan: &'c BinaryPlan,
    span: Span,
    child: Boxed<'c>,
    scalar: Scalar,
    is_scalar_left: bool,
    unique: Uniqueness,
}

/// An operator between a vector and a scalar, which may be the left one.
pub(super) fn with_scalar<'c>(
    context: &'c Context<'c>,
    plan: &'c BinaryPlan,
    span: Span,
    child: Boxed<'c>,
    scalar: Scalar,
    is_scalar_left: bool,
) -> Boxed<'c> {
    let unique = Uniqueness::default();
    Box::new(WithScalar { context, plan, span, child, scalar, is_scalar_left, unique })
}

impl Operator for WithScalar<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        while let Some(series) = self.child.next()? {
            let mut out = self.one(&series);
            if out.is_empty() {
                continue;
            }
            if changes_metric(self.plan.op) || self.plan.is_bool {
                named_off(self.context, &mut out, &mut self.unique)?;
            }
            return Ok(Some(out));
        }
        Ok(None)
    }
}

impl WithScalar<'_> {
    fn one(&self, series: &Series) -> Series {
        let (op, is_bool) = (self.plan.op, self.plan.is_bool);
        let mut out =
            Series { labels: series.labels.clone(), drop_name: series.drop_name, ..Series::default() };
        for (step, point) in series.points() {
            let scalar = Point::Float(self.scalar.at(step));
            let (left, right) = if self.is_scalar_left { (&scalar, &point) } else { (&point, &scalar) };
            let mut notes = self.context.notes.borrow_mut();
            let found = of_points(op, left, right, self.span, &mut notes);
            let kept = match found {
                Outcome::Nothing => continue,
                Outcome::Keep(_) if is_bool => Point::Float(1.0),
                Outcome::Drop if is_bool => Point::Float(0.0),
                Outcome::Drop => continue,
                // A comparison keeps the value of the vector, on whichever side it is.
                Outcome::Keep(_) if op.is_comparison() => point,
                Outcome::Keep(value) => value,
            };
            out.push(step, kept);
        }
        out
    }
}

struct Negated<'c> {
    context: &'c Context<'c>,
    child: Boxed<'c>,
    unique: Uniqueness,
}

/// `-v`
pub(super) fn negated<'c>(context: &'c Context<'c>, child: Boxed<'c>) -> Boxed<'c> {
    Box::new(Negated { context, child, unique: Uniqueness::default() })
}

impl Operator for Negated<'_> {
    fn next(&mut self) -> Result<Option<Series>, Error> {
        let Some(mut series) = self.child.next()? else {
            return Ok(None);
        };
        for float in &mut series.floats {
            float.value = -float.value;
        }
        for hist in &mut series.hists {
            hist.value = (*hist.value).clone().scale(-1.0).into();
        }
        named_off(self.context, &mut series, &mut self.unique)?;
        Ok(Some(series))
    }
}
