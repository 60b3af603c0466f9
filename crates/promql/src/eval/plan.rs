//! A tree made ready for evaluation.
//!
//! In: a checked tree, times, options. Out: the same without parentheses, with all durations in
//! milliseconds (cut, not rounded, as Prometheus cuts them), `@` resolved to times, `start()` and its
//! like folded to numbers, and every part whose value does not depend on the step marked.

mod duration;
mod hints;

use std::sync::Arc;

use super::{Error, EvalOptions, When};
use crate::ast::{
    Aggregate, At, Binary, Call, Duration, Expr, ExprKind, Extension, RangeSelector, Selector, StringLiteral,
    ValueType,
};
use crate::ast::{AggregateOp, BinaryOp, Matching};
use crate::matcher::Matcher;
use crate::signature::Signature;
use crate::source::{Grouping, Values};
use crate::span::Span;

pub(crate) use duration::evaluate as evaluate_duration;

/// One node.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kind: PlanKind,
    pub(crate) span: Span,
    pub(crate) value_type: ValueType,
}

#[derive(Debug, Clone)]
pub(crate) enum PlanKind {
    Number(f64),
    String(StringLiteral),
    Selector(Arc<Select>),
    Range(Arc<SelectRange>),
    Subquery(Box<Subplan>),
    Unary {
        is_negation: bool,
        operand: Box<Plan>,
    },
    Binary(Box<BinaryPlan>),
    Aggregate(Box<AggregatePlan>),
    Call(Box<CallPlan>),
    /// Evaluated once, at the first step, and repeated.
    Invariant(Box<Plan>),
}

/// An instant selector.
#[derive(Debug, Clone)]
pub(crate) struct Select {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) at_ms: Option<i64>,
    pub(crate) offset_ms: i64,
    pub(crate) extension: Extension,
    pub(crate) span: Span,
    pub(crate) function: &'static str,
    pub(crate) grouping: Option<Grouping>,
    pub(crate) values: Values,
}

/// A range selector.
#[derive(Debug, Clone)]
pub(crate) struct SelectRange {
    pub(crate) select: Select,
    pub(crate) range_ms: i64,
}

/// A subquery.
#[derive(Debug, Clone)]
pub(crate) struct Subplan {
    pub(crate) inner: Plan,
    pub(crate) range_ms: i64,
    pub(crate) step_ms: i64,
    pub(crate) at_ms: Option<i64>,
    pub(crate) offset_ms: i64,
}

#[derive(Debug, Clone)]
pub(crate) struct BinaryPlan {
    pub(crate) op: BinaryOp,
    pub(crate) left: Plan,
    pub(crate) right: Plan,
    pub(crate) matching: Option<Matching>,
    pub(crate) is_bool: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct AggregatePlan {
    pub(crate) op: AggregateOp,
    pub(crate) expr: Plan,
    pub(crate) param: Option<Plan>,
    pub(crate) grouping: Vec<Arc<str>>,
    pub(crate) is_without: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct CallPlan {
    pub(crate) function: &'static Signature,
    pub(crate) args: Vec<Plan>,
}

/// Functions whose value depends on the evaluation time even if their arguments do not.
const TIME_DEPENDENT: &[&str] = &[
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "days_in_month",
    "end",
    "hour",
    "minute",
    "month",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
    "year",
];

/// What the walk knows of the whole query and of the nodes above.
pub(crate) struct Preparation<'p> {
    start_ms: i64,
    end_ms: i64,
    /// 0 for instant queries.
    step_ms: i64,
    options: &'p EvalOptions,
}

/// What the nodes above a selector say to the source.
#[derive(Clone)]
struct Above {
    function: &'static str,
    grouping: Option<Grouping>,
    values: Values,
}

/// Whether a node's value is the same at each step, and whether it may be wrapped so that it is
/// computed once: ranges and literals never need it.
#[derive(Clone, Copy)]
struct Invariance {
    is_invariant: bool,
    can_wrap: bool,
}

impl Invariance {
    const NO: Self = Self { is_invariant: false, can_wrap: false };
    const WHOLE: Self = Self { is_invariant: true, can_wrap: true };
}

/// Makes a tree ready.
pub(crate) fn prepare(expr: &Expr, when: When, options: EvalOptions) -> Result<Plan, Error> {
    let (start_ms, end_ms, step_ms) = match when {
        When::Instant(time) => (time, time, 0),
        When::Range { start_ms, end_ms, step_ms } => (start_ms, end_ms, step_ms),
    };
    let preparation = Preparation { start_ms, end_ms, step_ms, options: &options };
    let above = Above { function: "", grouping: None, values: Values::All };
    let (plan, invariance) = preparation.node(expr, &above)?;
    Ok(if invariance.can_wrap { wrapped(plan) } else { plan })
}

fn wrapped(plan: Plan) -> Plan {
    let (span, value_type) = (plan.span, plan.value_type);
    Plan { kind: PlanKind::Invariant(Box::new(plan)), span, value_type }
}

impl Preparation<'_> {
    fn duration(&self, duration: &Duration, can_be_negative: bool) -> Result<i64, Error> {
        match duration {
            Duration::Nanos(ns) => Ok(ns / 1_000_000),
            Duration::Expr(expr) => {
                let (step_ms, range_ms) = (self.step_ms, self.end_ms - self.start_ms);
                evaluate_duration(expr, step_ms, range_ms, can_be_negative).map_err(Error::Execution)
            }
        }
    }

    fn at(&self, at: Option<At>) -> Option<i64> {
        Some(match at? {
            At::Time(ms) => ms,
            At::Start => self.start_ms,
            At::End => self.end_ms,
        })
    }

    fn node(&self, expr: &Expr, above: &Above) -> Result<(Plan, Invariance), Error> {
        let expr = expr.unwrapped();
        let span = expr.span;
        let mut value_type = None;
        let (kind, invariance) = match &expr.kind {
            ExprKind::Paren(_) | ExprKind::Invalid { .. } => {
                return Err(Error::execution("invalid expression"));
            }
            ExprKind::Number(number) => {
                (PlanKind::Number(number.value), Invariance { is_invariant: true, can_wrap: false })
            }
            ExprKind::String(literal) => {
                (PlanKind::String(literal.clone()), Invariance { is_invariant: true, can_wrap: false })
            }
            ExprKind::Selector(selector) => {
                let select = self.select(selector, span, above)?;
                let invariance = if select.at_ms.is_some() { Invariance::WHOLE } else { Invariance::NO };
                (PlanKind::Selector(Arc::new(select)), invariance)
            }
            ExprKind::Range(range) => self.range(range, span, above)?,
            ExprKind::Subquery(subquery) => {
                let (inner, inside) = self.node(&subquery.expr, &hints::below_subquery(above))?;
                let inner = if inside.is_invariant { wrapped(inner) } else { inner };
                let step_ms = match &subquery.step {
                    Some(step) => self.duration(step, false)?,
                    None => self.options.subquery_step_ms,
                };
                if step_ms <= 0 {
                    return Err(Error::execution("the step of a subquery must be at least 1ms"));
                }
                let at_ms = self.at(subquery.at);
                let subplan = Subplan {
                    inner,
                    range_ms: self.duration(&subquery.range, false)?,
                    step_ms,
                    at_ms,
                    offset_ms: self.duration(&subquery.offset, true)?,
                };
                let invariance = Invariance { is_invariant: at_ms.is_some(), can_wrap: false };
                (PlanKind::Subquery(Box::new(subplan)), invariance)
            }
            ExprKind::Unary(unary) => {
                let (operand, invariance) = self.node(&unary.expr, above)?;
                value_type = Some(operand.value_type);
                let operand = Box::new(operand);
                (PlanKind::Unary { is_negation: unary.is_negation, operand }, invariance)
            }
            ExprKind::Binary(binary) => {
                let (plan, invariance, found) = self.binary(binary, above)?;
                value_type = Some(found);
                (plan, invariance)
            }
            ExprKind::Aggregate(aggregate) => self.aggregate(aggregate, above)?,
            ExprKind::Call(call) => self.call(call, above)?,
        };
        let value_type = value_type.unwrap_or_else(|| match &kind {
            PlanKind::Number(_) => ValueType::Scalar,
            _ => expr.value_type(),
        });
        Ok((Plan { kind, span, value_type }, invariance))
    }

    fn select(&self, selector: &Selector, span: Span, above: &Above) -> Result<Select, Error> {
        for matcher in &selector.matchers {
            matcher.check().map_err(Error::Execution)?;
        }
        Ok(Select {
            matchers: selector.matchers.clone(),
            at_ms: self.at(selector.at),
            offset_ms: self.duration(&selector.offset, true)?,
            extension: selector.extension,
            span,
            function: above.function,
            grouping: above.grouping.clone(),
            values: above.values,
        })
    }

    fn range(
        &self,
        range: &RangeSelector,
        span: Span,
        above: &Above,
    ) -> Result<(PlanKind, Invariance), Error> {
        let select = self.select(&range.selector, span, above)?;
        let is_invariant = select.at_ms.is_some();
        let range_ms = self.duration(&range.range, false)?;
        let kind = PlanKind::Range(Arc::new(SelectRange { select, range_ms }));
        Ok((kind, Invariance { is_invariant, can_wrap: false }))
    }

    fn binary(&self, binary: &Binary, above: &Above) -> Result<(PlanKind, Invariance, ValueType), Error> {
        let above = hints::below_binary(above, binary.op);
        let (mut left, of_left) = self.node(&binary.left, &above)?;
        let (mut right, of_right) = self.node(&binary.right, &above)?;
        let is_invariant = of_left.is_invariant && of_right.is_invariant;
        if !is_invariant {
            if of_left.can_wrap {
                left = wrapped(left);
            }
            if of_right.can_wrap {
                right = wrapped(right);
            }
        }
        let are_scalars = left.value_type == ValueType::Scalar && right.value_type == ValueType::Scalar;
        let value_type = if are_scalars { ValueType::Scalar } else { ValueType::Vector };
        let invariance = if is_invariant { Invariance::WHOLE } else { Invariance::NO };
        let plan = BinaryPlan {
            op: binary.op,
            left,
            right,
            matching: binary.matching.clone(),
            is_bool: binary.is_bool,
        };
        Ok((PlanKind::Binary(Box::new(plan)), invariance, value_type))
    }

    fn aggregate(&self, aggregate: &Aggregate, above: &Above) -> Result<(PlanKind, Invariance), Error> {
        let below = hints::below_aggregate(above, aggregate);
        let (expr, invariance) = self.node(&aggregate.expr, &below)?;
        // The parameter does not count for invariance; it is evaluated at each step of its own.
        let param = match &aggregate.param {
            Some(param) => {
                let (param, of_param) = self.node(param, &hints::below_param())?;
                Some(if of_param.can_wrap { wrapped(param) } else { param })
            }
            None => None,
        };
        let plan = AggregatePlan {
            op: aggregate.op,
            expr,
            param,
            grouping: aggregate.grouping.clone(),
            is_without: aggregate.is_without,
        };
        Ok((PlanKind::Aggregate(Box::new(plan)), invariance))
    }

    fn call(&self, call: &Call, above: &Above) -> Result<(PlanKind, Invariance), Error> {
        let seconds = |ms: i64| ms as f64 / 1000.0;
        let folded = match call.function.name {
            "start" => Some(seconds(self.start_ms)),
            "end" => Some(seconds(self.end_ms)),
            "range" => Some(seconds(self.end_ms - self.start_ms)),
            "step" => Some(if self.start_ms == self.end_ms { 0.0 } else { seconds(self.step_ms) }),
            _ => None,
        };
        if let Some(value) = folded {
            let invariance = Invariance { is_invariant: true, can_wrap: false };
            return Ok((PlanKind::Number(value), invariance));
        }
        let name = call.function.name;
        let below = hints::below_call(above, name);
        let mut is_invariant = !TIME_DEPENDENT.contains(&name);
        // The time of a sample itself does not depend on the step.
        let mut is_pinned_timestamp = name == "timestamp";
        let mut args = Vec::with_capacity(call.args.len());
        let mut wraps = Vec::with_capacity(call.args.len());
        for arg in &call.args {
            let (plan, found) = self.node(arg, &below)?;
            is_invariant &= found.is_invariant;
            is_pinned_timestamp &= found.is_invariant && matches!(plan.kind, PlanKind::Selector(_));
            args.push(plan);
            wraps.push(found.can_wrap);
        }
        let is_whole = is_invariant || is_pinned_timestamp;
        if !is_whole {
            args = args
                .into_iter()
                .zip(wraps)
                .map(|(arg, can_wrap)| if can_wrap { wrapped(arg) } else { arg })
                .collect();
        }
        let invariance = if is_whole { Invariance::WHOLE } else { Invariance::NO };
        let plan = CallPlan { function: call.function, args };
        Ok((PlanKind::Call(Box::new(plan)), invariance))
    }
}
