//! Whether a query that is well formed means something.
//!
//! In: a tree. Out: the problems in the order of the text, in the original's words. Types are as
//! far as the text tells them; attributes have any type. Deliberately not here: parameters of
//! requests.

mod metrics;
mod scalar;
pub mod types;

use crate::ast::{
    Attribute, BinaryOp, Body, FieldExpr, FieldKind, Intrinsic, Pipeline, Query, SpansetExpr, SpansetKind,
    Stage, UnaryOp,
};
use crate::place::{Diagnostic, Place, Problem};
use crate::regexes;
use crate::value::{Type, Value};
use types::{is_legal, may_meet, type_of};

/// The canonical text of a query, or everything that is wrong with it.
pub fn check(text: &str) -> Result<String, Vec<Diagnostic>> {
    let parsed = crate::parser::parse_with_recovery(text);
    let mut diagnostics = parsed.diagnostics;
    match parsed.query {
        Some(query) => {
            diagnostics.extend(problems(&query));
            if diagnostics.is_empty() { Ok(query.to_string()) } else { Err(diagnostics) }
        }
        None => Err(diagnostics),
    }
}

/// Everything that is wrong with a query that could be read.
pub fn problems(query: &Query) -> Vec<Diagnostic> {
    let mut checker = Checker::default();
    match &query.body {
        Body::Spansets(pipeline) => checker.pipeline(pipeline),
        Body::Metrics(expr) => checker.metrics(expr, false),
    }
    checker.diagnostics
}

#[derive(Default)]
struct Checker {
    diagnostics: Vec<Diagnostic>,
}

impl Checker {
    fn wrong(&mut self, span: Place, message: String) {
        self.note(span, message, Problem::Meaning);
    }

    fn unsupported(&mut self, span: Place, message: String) {
        self.note(span, message, Problem::Unsupported);
    }

    fn note(&mut self, span: Place, message: String, problem: Problem) {
        self.diagnostics.push(Diagnostic { span, message, expected: Vec::new(), problem });
    }

    fn pipeline(&mut self, pipeline: &Pipeline) {
        for stage in &pipeline.stages {
            match stage {
                Stage::Spansets(expr) => self.spansets(expr),
                Stage::ScalarFilter(filter) => self.scalar_filter(filter),
                Stage::By(expr, span) => {
                    self.field(expr);
                    if !types::reads_span(expr) {
                        self.wrong(
                            *span,
                            format!("grouping field expressions must reference the span: by({expr})"),
                        );
                    }
                }
                Stage::Coalesce(_) => {}
                Stage::Select(attributes, _) => {
                    attributes.iter().for_each(|attribute| self.attribute(attribute));
                }
            }
        }
    }

    fn spansets(&mut self, expr: &SpansetExpr) {
        match &expr.kind {
            SpansetKind::Filter(filter) => self.filter(filter, expr.span),
            SpansetKind::Chain(first, rest) => {
                self.spansets(first);
                rest.iter().for_each(|(_, operand)| self.spansets(operand));
            }
            SpansetKind::Pipeline(pipeline) => self.pipeline(pipeline),
            SpansetKind::Missing => {}
        }
    }

    fn filter(&mut self, expr: &FieldExpr, span: Place) {
        let noted = self.diagnostics.len();
        self.field(expr);
        let is_missing = matches!(expr.kind, FieldKind::Missing);
        let is_condition = matches!(type_of(expr), Type::Bool | Type::Dynamic);
        if noted == self.diagnostics.len() && !is_missing && !is_condition {
            let message = format!("span filter field expressions must resolve to a boolean: {{ {expr} }}");
            self.wrong(span, message);
        }
    }

    fn attribute(&mut self, attribute: &Attribute) {
        if attribute.is_parent || attribute.intrinsic == Some(Intrinsic::Parent) {
            self.unsupported(attribute.span, "parent not yet supported".to_owned());
        }
    }

    fn field(&mut self, expr: &FieldExpr) {
        match &expr.kind {
            FieldKind::Literal(_) | FieldKind::Missing => {}
            FieldKind::Attribute(attribute) => self.attribute(attribute),
            FieldKind::Unary(op, operand) => {
                self.field(operand);
                let is_legal = match (op, type_of(operand)) {
                    (_, Type::Dynamic | Type::Nil) => true,
                    (UnaryOp::Negate, operand) => operand.is_numeric(),
                    (UnaryOp::Not, operand) => operand == Type::Bool,
                };
                if !is_legal {
                    let message = format!("illegal operation for the given type: {expr}");
                    self.wrong(expr.span, message);
                }
            }
            FieldKind::Binary(op, lhs, rhs) => {
                self.field(lhs);
                self.field(rhs);
                self.operator(*op, (type_of(lhs), type_of(rhs)), expr);
                if matches!(op, BinaryOp::Match | BinaryOp::NotMatch) {
                    self.pattern(rhs);
                }
            }
            FieldKind::Logic(first, rest) => {
                self.field(first);
                let mut lhs = type_of(first);
                for (op, operand) in rest {
                    self.field(operand);
                    self.operator(*op, (lhs, type_of(operand)), expr);
                    lhs = Type::Bool;
                }
            }
            FieldKind::Exists(operand, is_there) => {
                self.field(operand);
                if !is_there {
                    self.absence(operand, expr.span);
                }
            }
        }
    }

    fn operator(&mut self, op: BinaryOp, (lhs, rhs): (Type, Type), expr: &FieldExpr) {
        if !may_meet(lhs, rhs) {
            let message = format!("binary operations must operate on the same type: {expr}");
            self.wrong(expr.span, message);
        } else if !is_legal(op, lhs, rhs) {
            self.wrong(expr.span, format!("illegal operation for the given types: {expr}"));
        }
    }

    fn pattern(&mut self, rhs: &FieldExpr) {
        if let FieldKind::Literal(value @ Value::Str(pattern)) = &rhs.kind
            && regexes::compile(pattern).is_err()
        {
            self.wrong(rhs.span, format!("invalid regex: {value}"));
        }
    }

    /// `x = nil` where x is always there.
    fn absence(&mut self, operand: &FieldExpr, span: Place) {
        let FieldKind::Attribute(attribute) = &operand.kind else {
            return;
        };
        if attribute.intrinsic.is_some() {
            let message = format!("{attribute}=nil is not valid because intrinsics cannot be nil");
            self.wrong(span, message);
        } else if attribute.to_string() == "resource.service.name" {
            self.wrong(
                span,
                "resource.service.name=nil is not valid because resource.service.name cannot be nil"
                    .to_owned(),
            );
        }
    }
}
