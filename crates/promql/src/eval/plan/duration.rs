//! The value of a duration expression.
//!
//! In: an expression, the query's step and range. Out: milliseconds. The computation is in float
//! seconds; what is below a millisecond is cut. The places in the errors are byte offsets, as in
//! Prometheus.

use crate::ast::{DurationExpr, DurationKind, DurationOp};
use crate::parser::DURATION_SECONDS_MAX;

/// Milliseconds of an expression.
pub(crate) fn evaluate(
    expr: &DurationExpr,
    step_ms: i64,
    range_ms: i64,
    can_be_negative: bool,
) -> Result<i64, String> {
    let seconds = value(expr, step_ms, range_ms)?;
    let failed = |why: &str| Err(format!("{}:{}: {why}", expr.span.start, expr.span.end));
    if !seconds.is_finite() {
        return failed("duration is NaN or infinite");
    }
    if seconds <= 0.0 && !can_be_negative {
        return failed("duration must be greater than 0");
    }
    if !(-DURATION_SECONDS_MAX..=DURATION_SECONDS_MAX).contains(&seconds) {
        return failed("duration is out of range");
    }
    Ok((seconds * 1000.0) as i64)
}

fn value(expr: &DurationExpr, step_ms: i64, range_ms: i64) -> Result<f64, String> {
    let of = |expr: &DurationExpr| value(expr, step_ms, range_ms);
    Ok(match &expr.kind {
        DurationKind::Number(number) => number.value,
        DurationKind::Step => step_ms as f64 / 1000.0,
        DurationKind::Range => range_ms as f64 / 1000.0,
        DurationKind::Negate(inner) => -of(inner)?,
        DurationKind::Plus(inner) => of(inner)?,
        DurationKind::Binary(op, left, right) => {
            let (left, right) = (of(left)?, of(right)?);
            match op {
                DurationOp::Add => left + right,
                DurationOp::Sub => left - right,
                DurationOp::Mul => left * right,
                DurationOp::Pow => left.powf(right),
                DurationOp::MinOf => left.min(right),
                DurationOp::MaxOf => left.max(right),
                DurationOp::Div | DurationOp::Mod if right == 0.0 => {
                    let word = if *op == DurationOp::Div { "division" } else { "modulo" };
                    let place = expr.span;
                    return Err(format!("{}:{}: {word} by zero", place.start, place.end));
                }
                DurationOp::Div => left / right,
                DurationOp::Mod => left % right,
            }
        }
    })
}
