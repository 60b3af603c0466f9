//! Parameters of metrics stages and what may be combined.

use super::Checker;
use crate::ast::{MetricsExpr, MetricsFunction, MetricsKind, MetricsStage, SecondStage};
use crate::value::Value;

/// Attributes in one `by(...)`; one less beside quantiles and histograms, which add a label
/// themselves.
pub const GROUP_BY_MAX: usize = 5;

/// Largest number of values that `compare` keeps an attribute.
pub const COMPARE_TOP_MAX: i64 = 1000;

impl Checker {
    /// `in_math`: the series are a side of an operator.
    pub(super) fn metrics(&mut self, expr: &MetricsExpr, in_math: bool) {
        match &expr.kind {
            MetricsKind::Series(pipeline, stage) => {
                self.pipeline(pipeline);
                self.metrics_stage(stage);
                let is_compare = matches!(stage.function, MetricsFunction::Compare(_));
                if is_compare && (in_math || !expr.stages.is_empty()) {
                    let message = "`compare()` cannot be used with second stage functions";
                    self.wrong(stage.span, message.to_owned());
                }
            }
            MetricsKind::Math(_, lhs, rhs) => {
                self.metrics(lhs, true);
                self.metrics(rhs, true);
            }
            MetricsKind::ScalarMath { expr, .. } => self.metrics(expr, true),
        }
        for stage in &expr.stages {
            match stage {
                SecondStage::TopK(limit, span) | SecondStage::BottomK(limit, span) => {
                    if *limit <= 0 {
                        self.wrong(*span, "limit must be greater than 0".to_owned());
                    }
                }
                SecondStage::Filter(..) => {}
            }
        }
    }

    fn metrics_stage(&mut self, stage: &MetricsStage) {
        if let Some(attribute) = stage.function.attribute() {
            self.attribute(attribute);
        }
        stage.by.iter().for_each(|attribute| self.attribute(attribute));
        let mut by_max = GROUP_BY_MAX;
        match &stage.function {
            MetricsFunction::QuantileOverTime(_, quantiles) => {
                by_max -= 1;
                for q in quantiles.iter().filter(|q| !(0.0..=1.0).contains(*q)) {
                    let shown = Value::Float(*q);
                    self.wrong(stage.span, format!("quantile must be between 0 and 1: {shown}"));
                }
            }
            MetricsFunction::HistogramOverTime(_) => by_max -= 1,
            MetricsFunction::Compare(comparison) => {
                self.filter(&comparison.filter, stage.span);
                if comparison.top.is_some_and(|top| !(1..=COMPARE_TOP_MAX).contains(&top)) {
                    let message = format!(
                        "compare() top number of values must be an integer between 1 and {COMPARE_TOP_MAX}"
                    );
                    self.wrong(stage.span, message);
                }
                if comparison.range.is_some_and(|(start, end)| end <= start) {
                    let message = "compare() start must be before end";
                    self.wrong(stage.span, message.to_owned());
                }
            }
            _ => {}
        }
        if stage.by.len() > by_max {
            let message = format!("max group by fields exceeded: {} of {by_max}", stage.by.len());
            self.wrong(stage.span, message);
        }
    }
}
