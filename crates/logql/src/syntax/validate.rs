//! Rules about meaning that the original checks while it parses, in its words.

use super::ast::{
    BinaryOp, Expr, ExprKind, Grouping, LogExpr, MatchOp, Matcher, RangeAggregation, RangeOp, VectorOp,
};
use super::diagnostic::Diagnostic;

const NO_MATCHER: &str = "queries require at least one regexp or equality matcher that does not have \
    an empty-compatible value. For instance, app=~\".*\" does not meet this requirement, but \
    app=~\".+\" will";

/// Complains about selectors that would also select entries without any of their labels.
pub fn check_matchers(expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    each_log(expr, &mut |log| {
        if log.matchers.iter().all(matches_empty) {
            diagnostics.push(Diagnostic::about(log.selector, NO_MATCHER));
        }
    });
}

/// Calls `visit` for each selector of an expression, from left to right.
pub fn each_log<'a>(expr: &'a Expr, visit: &mut impl FnMut(&'a LogExpr)) {
    match &expr.kind {
        ExprKind::Log(log) => visit(log),
        ExprKind::RangeAggregation(aggregation) => visit(&aggregation.range.log),
        ExprKind::VectorAggregation(aggregation) => each_log(&aggregation.expr, visit),
        ExprKind::LabelReplace(replace) => each_log(&replace.expr, visit),
        ExprKind::Binary(binary) => {
            each_log(&binary.left, visit);
            each_log(&binary.right, visit);
        }
        ExprKind::Literal(_) | ExprKind::Vector(_) | ExprKind::Error => {}
    }
}

/// Whether a stream without the label satisfies the matcher. A pattern that cannot be read has been
/// complained about already.
pub fn matches_empty(matcher: &Matcher) -> bool {
    let regex_matches = || stdx::go::regex::matches_empty(&matcher.value).unwrap_or(false);
    match matcher.op {
        MatchOp::Equal => matcher.value.is_empty(),
        MatchOp::NotEqual => !matcher.value.is_empty(),
        MatchOp::Regex => regex_matches(),
        MatchOp::NotRegex => !regex_matches(),
    }
}

/// Checks grouping and `unwrap` of a window function.
pub fn check_range(aggregation: &RangeAggregation) -> Result<(), String> {
    use RangeOp as R;
    let (op, name) = (aggregation.op, aggregation.op.text());
    let groups =
        matches!(op, R::Avg | R::Stddev | R::Stdvar | R::Quantile | R::Max | R::Min | R::First | R::Last);
    if aggregation.grouping.is_some() && !groups {
        return Err(format!("grouping not allowed for {name} aggregation"));
    }
    let (with, without) = match op {
        R::Count | R::Bytes | R::BytesRate => (false, true),
        R::Rate | R::Absent => (true, true),
        _ => (true, false),
    };
    match aggregation.range.unwrap {
        Some(_) if !with => Err(format!("invalid aggregation {name} with unwrap")),
        None if !without => Err(format!("invalid aggregation {name} without unwrap")),
        _ => Ok(()),
    }
}

/// The number that `topk` and its kin need and the others must not have.
pub fn check_vector_parameter(op: VectorOp, written: Option<&str>) -> Result<Option<u64>, String> {
    let name = op.text();
    let needs = matches!(op, VectorOp::Topk | VectorOp::Bottomk | VectorOp::ApproxTopk);
    match written {
        None if needs => Err(format!("parameter required for operation {name}")),
        None => Ok(None),
        Some(text) if !needs => Err(format!("unsupported parameter for operation {name}({text},")),
        Some(text) => match stdx::go::number::atoi(text) {
            Ok(count) if count > 0 => Ok(Some(count.unsigned_abs())),
            Ok(_) => Err(format!("invalid parameter (must be greater than 0) {name}({text}")),
            Err(_) => Err(format!("invalid parameter {name}({text},")),
        },
    }
}

/// Sorting and the approximation have no groups.
pub fn check_vector_grouping(op: VectorOp, grouping: Option<&Grouping>) -> Result<(), String> {
    match (op, grouping) {
        (_, None) => Ok(()),
        (VectorOp::Sort | VectorOp::SortDesc, _) => {
            Err("sort and sort_desc doesn't allow grouping by".to_owned())
        }
        (VectorOp::ApproxTopk, _) => Err("grouping not allowed for approx_topk aggregation".to_owned()),
        _ => Ok(()),
    }
}

/// What is wrong with the operands of a binary operator.
pub fn check_operands(op: BinaryOp, left: &Expr, right: &Expr) -> Option<String> {
    for (side, expr) in [("left", left), ("right", right)] {
        if let ExprKind::Log(log) = &expr.kind {
            let kind = if log.stages.is_empty() { "MatchersExpr" } else { "PipelineExpr" };
            return Some(format!(
                "unexpected type for {side} leg of binary operation ({}): *syntax.{kind}",
                op.text()
            ));
        }
    }
    if !op.is_set() {
        return None;
    }
    [("left", left), ("right", right)].iter().find_map(|(side, expr)| match expr.kind {
        ExprKind::Literal(value) => Some(format!(
            "unexpected literal for {side} leg of logical/set binary operation ({}): {value:.6}",
            op.text()
        )),
        _ => None,
    })
}
