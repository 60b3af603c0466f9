//! All that is wrong with a query text, for the command line and for editors.

use crate::error::Error;
use crate::pipeline::{Pipeline, Shown};
use crate::syntax::ast::{Expr, ExprKind, LogExpr, Unwrap};
use crate::syntax::{Diagnostic, parse};

/// The canonical form of a query, or what is wrong with it. Stages are compiled too: the original finds
/// their mistakes only when an entry comes.
///
/// # Errors
/// At least one complaint, the first of which is the original's.
pub fn check(text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = parse(text);
    if !parsed.diagnostics.is_empty() {
        return Err(parsed.diagnostics);
    }
    let mut diagnostics = Vec::new();
    check_stages(&parsed.expr, &mut diagnostics);
    if diagnostics.is_empty() { Ok(parsed.expr.to_string()) } else { Err(diagnostics) }
}

fn check_stages(expr: &Expr, diagnostics: &mut Vec<Diagnostic>) {
    match &expr.kind {
        ExprKind::Log(log) => check_log(log, None, diagnostics),
        ExprKind::RangeAggregation(aggregation) => {
            check_log(&aggregation.range.log, aggregation.range.unwrap.as_ref(), diagnostics);
        }
        ExprKind::VectorAggregation(aggregation) => check_stages(&aggregation.expr, diagnostics),
        ExprKind::LabelReplace(replace) => check_stages(&replace.expr, diagnostics),
        ExprKind::Binary(binary) => {
            check_stages(&binary.left, diagnostics);
            check_stages(&binary.right, diagnostics);
        }
        ExprKind::Literal(_) | ExprKind::Vector(_) | ExprKind::Error => {}
    }
}

fn check_log(log: &LogExpr, unwrap: Option<&Unwrap>, diagnostics: &mut Vec<Diagnostic>) {
    for stage in &log.stages {
        let compiled = Pipeline::new(std::slice::from_ref(stage), None, &Shown::All, 0);
        if let Err(error) = compiled {
            diagnostics.push(Diagnostic::about(stage.span, text_of(&error)));
        }
    }
    if let Some(unwrap) = unwrap
        && let Err(error) = Pipeline::new(&[], Some(unwrap), &Shown::All, 0)
    {
        diagnostics.push(Diagnostic::about(unwrap.span, text_of(&error)));
    }
}

/// The text of an error without what [`Diagnostic`] puts before it.
fn text_of(error: &Error) -> String {
    let text = error.to_string();
    text.strip_prefix("parse error : ").unwrap_or(&text).to_owned()
}
