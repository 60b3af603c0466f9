//! Aggregates and their comparison.

use super::Checker;
use super::types::{reads_span, type_of};
use crate::ast::{ScalarExpr, ScalarFilter, ScalarKind};
use crate::value::Type;

impl Checker {
    pub(super) fn scalar_filter(&mut self, filter: &ScalarFilter) {
        let noted = self.diagnostics.len();
        self.scalar(&filter.lhs);
        self.scalar(&filter.rhs);
        if noted != self.diagnostics.len() {
            return;
        }
        let is_aggregate = |side: &ScalarExpr| matches!(side.kind, ScalarKind::Aggregate(..));
        let is_number = |side: &ScalarExpr| matches!(side.kind, ScalarKind::Number(_));
        let is_supported = (is_aggregate(&filter.lhs) && is_number(&filter.rhs))
            || (is_number(&filter.lhs) && is_aggregate(&filter.rhs));
        if !is_supported {
            let message = format!(
                "scalar filters other than an aggregate compared with a number are not yet supported: {filter}"
            );
            self.unsupported(filter.span, message);
        }
    }

    fn scalar(&mut self, expr: &ScalarExpr) {
        match &expr.kind {
            ScalarKind::Number(_) | ScalarKind::Aggregate(_, None) => {}
            ScalarKind::Aggregate(_, Some(argument)) => {
                self.field(argument);
                if !matches!(type_of(argument), Type::Dynamic) && !type_of(argument).is_numeric() {
                    let message =
                        format!("aggregate field expressions must resolve to a number type: {expr}");
                    self.wrong(expr.span, message);
                } else if !reads_span(argument) {
                    let message = format!("aggregate field expressions must reference the span: {expr}");
                    self.wrong(expr.span, message);
                }
            }
            ScalarKind::Arithmetic(_, lhs, rhs) => {
                self.scalar(lhs);
                self.scalar(rhs);
            }
            ScalarKind::Pipeline(pipeline, aggregate) => {
                self.pipeline(pipeline);
                self.scalar(aggregate);
            }
        }
    }
}
