//! Numbers over time from spans.
//!
//! In: a metrics query, a source, a window of intervals. Out: series with one value an interval,
//! NaN where there is no sample. Each pipeline of the query is read once; second stages and
//! arithmetic work on its series. A span counts in the interval in which it starts.

mod accumulate;
mod compare;
mod exemplars;
mod histogram;
mod labels;
mod math;
mod observe;
mod plan;
mod sampling;
mod second_stage;
mod window;

pub use exemplars::Exemplar;
pub use histogram::log2_bucket;
pub use labels::{Labels, label_text};
pub use observe::Observer;
pub use second_stage::{bottom_k, top_k};
pub use window::{Window, default_step_ns};

use crate::ast::{Body, MetricsExpr, MetricsKind, Query};
use crate::error::Error;
use crate::source::{Control, Source};
use plan::SeriesPlan;

/// Intervals of one query at most; each series holds a value for each.
pub const INTERVALS_MAX: usize = 100_000;

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// In the order in which answers show them.
    pub labels: Labels,
    /// One an interval; NaN for no sample.
    pub values: Vec<f64>,
    /// Spans behind the values.
    pub exemplars: Vec<Exemplar>,
}

/// How a metrics query is computed.
#[derive(Debug, Clone, Copy)]
pub struct MetricsOptions {
    /// The intervals.
    pub window: Window,
    /// Exemplars a series at most; the hint `exemplars` may lower it.
    pub exemplars_max: usize,
    /// Series at most, before second stages.
    pub series_max: usize,
}

/// Computes a checked query.
pub fn evaluate(
    query: &Query,
    source: &dyn Source,
    options: &MetricsOptions,
    control: &Control<'_>,
) -> Result<Vec<Series>, Error> {
    let Body::Metrics(expr) = &query.body else {
        return Err(Error::NotMetrics);
    };
    if options.window.len() > INTERVALS_MAX {
        return Err(Error::Limit { name: "intervals_max", max: INTERVALS_MAX as u64 });
    }
    let hints = plan::Hints::of(query, options);
    let mut series = expression(expr, source, options, &hints, control)?;
    series.sort_by(|a, b| labels::order(&a.labels, &b.labels));
    Ok(series)
}

fn expression(
    expr: &MetricsExpr,
    source: &dyn Source,
    options: &MetricsOptions,
    hints: &plan::Hints,
    control: &Control<'_>,
) -> Result<Vec<Series>, Error> {
    let series = match &expr.kind {
        MetricsKind::Series(pipeline, stage) => {
            let plan = SeriesPlan::new(pipeline, stage, options, hints)?;
            plan.run(source, options, control)?
        }
        MetricsKind::Math(op, lhs, rhs) => {
            let left = expression(lhs, source, options, hints, control)?;
            let right = expression(rhs, source, options, hints, control)?;
            math::join(*op, left, right, &math::name_of(expr))
        }
        MetricsKind::ScalarMath { op, number, is_left, expr } => {
            let series = expression(expr, source, options, hints, control)?;
            math::with_number(*op, number.as_f64().unwrap_or(f64::NAN), *is_left, series)
        }
    };
    Ok(second_stage::apply(&expr.stages, series))
}
