//! Types and rules that the grammar does not express.
//!
//! In: a tree with right syntax. Out: the errors of Prometheus' type check, in its order. Two things
//! change in the tree: the matching of binary expressions that do not match vectors goes away, and set
//! operators become many-to-many.

use crate::ast::{Aggregate, AggregateOp, Binary, Call, Cardinality, Expr, ExprKind, Selector, ValueType};
use crate::diagnostic::Diagnostic;
use crate::parser::NAME_LABEL;
use crate::signature::Arity;
use crate::span::Span;

use stdx::go::quote::quote;

/// Checks a tree and gives everything that is wrong with it.
pub(crate) fn check(query: &str, tree: &mut Expr) -> Vec<Diagnostic> {
    let mut checker = Checker { query, diagnostics: Vec::new() };
    checker.expr(tree);
    checker.diagnostics
}

struct Checker<'q> {
    query: &'q str,
    diagnostics: Vec<Diagnostic>,
}

impl Checker<'_> {
    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(span, message));
    }

    fn expect_type(&mut self, expr: &mut Expr, wanted: ValueType, context: &str) {
        let found = self.expr(expr);
        if found != wanted {
            let mut diagnostic = Diagnostic::new(
                expr.span,
                format!("expected type {} in {context}, got {}", wanted.documented(), found.documented()),
            );
            diagnostic.expected = Some(wanted.documented().to_owned());
            self.diagnostics.push(diagnostic);
        }
    }

    fn expr(&mut self, expr: &mut Expr) -> ValueType {
        let span = expr.span;
        match &mut expr.kind {
            ExprKind::Number(_) => ValueType::Scalar,
            ExprKind::String(_) => ValueType::String,
            ExprKind::Invalid { .. } => ValueType::Vector,
            ExprKind::Paren(inner) => self.expr(inner),
            ExprKind::Selector(selector) => {
                self.selector(selector, span);
                ValueType::Vector
            }
            ExprKind::Range(range) => {
                let span = range.selector.span;
                self.selector(&range.selector, span);
                ValueType::Matrix
            }
            ExprKind::Unary(unary) => {
                let found = self.expr(&mut unary.expr);
                if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                    let message = format!(
                        "unary expression only allowed on expressions of type scalar or instant \
                         vector, got {}",
                        quote(found.documented())
                    );
                    self.error(span, message);
                }
                found
            }
            ExprKind::Subquery(subquery) => {
                let found = self.expr(&mut subquery.expr);
                if found != ValueType::Vector {
                    let message =
                        format!("subquery is only allowed on instant vector, got {} instead", found.short());
                    self.error(span, message);
                }
                ValueType::Matrix
            }
            ExprKind::Binary(binary) => self.binary(binary, span),
            ExprKind::Aggregate(aggregate) => {
                self.aggregate(aggregate);
                ValueType::Vector
            }
            ExprKind::Call(call) => {
                self.call(call, span);
                call.function.result
            }
        }
    }

    fn aggregate(&mut self, aggregate: &mut Aggregate) {
        self.expect_type(&mut aggregate.expr, ValueType::Vector, "aggregation expression");
        let wanted =
            if aggregate.op == AggregateOp::CountValues { ValueType::String } else { ValueType::Scalar };
        if let Some(param) = &mut aggregate.param {
            self.expect_type(param, wanted, "aggregation parameter");
        }
    }

    /// The place between the operands, without the blanks around it.
    fn operator_span(&self, binary: &Binary) -> Span {
        let bytes = self.query.as_bytes();
        let is_space = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_whitespace);
        let mut start = binary.left.span.end;
        while is_space(start) {
            start += 1;
        }
        // Prometheus' end points at the last byte and not behind it.
        let mut end = binary.right.span.start.saturating_sub(1);
        while end > start && is_space(end) {
            end -= 1;
        }
        Span::new(start, end)
    }

    fn binary(&mut self, binary: &mut Binary, span: Span) -> ValueType {
        let left = self.expr(&mut binary.left);
        let right = self.expr(&mut binary.right);
        let op = binary.op;
        if binary.is_bool && !op.is_comparison() {
            let place = self.operator_span(binary);
            self.error(place, "bool modifier can only be used on comparison operators");
        }
        let are_scalars = left == ValueType::Scalar && right == ValueType::Scalar;
        if op.is_comparison() && !binary.is_bool && are_scalars {
            let place = self.operator_span(binary);
            self.error(place, "comparisons between scalars must use BOOL modifier");
        }
        if let Some(matching) = &mut binary.matching
            && op.is_set()
            && matching.cardinality == Cardinality::OneToOne
        {
            matching.cardinality = Cardinality::ManyToMany;
        }
        if let Some(matching) = &binary.matching
            && matching.is_on
        {
            for label in &matching.labels {
                for _ in matching.include.iter().filter(|&include| include == label) {
                    let place = self.operator_span(binary);
                    let message =
                        format!("label {} must not occur in ON and GROUP clause at once", quote(label));
                    self.diagnostics.push(Diagnostic::new(place, message));
                }
            }
        }
        for (found, side) in [(left, &binary.left), (right, &binary.right)] {
            if !matches!(found, ValueType::Scalar | ValueType::Vector) {
                let message = "binary expression must contain only scalar and instant vector types";
                self.error(side.span, message);
            }
        }
        self.matching(binary, span, left == ValueType::Vector && right == ValueType::Vector);
        let has_scalar = left == ValueType::Scalar || right == ValueType::Scalar;
        if has_scalar && op.is_set() {
            let message =
                format!("set operator {} not allowed in binary scalar expression", quote(op.as_str()));
            self.error(span, message);
        }
        if are_scalars { ValueType::Scalar } else { ValueType::Vector }
    }

    fn matching(&mut self, binary: &mut Binary, span: Span, are_vectors: bool) {
        let Some(matching) = &binary.matching else {
            return;
        };
        let has_fill = matching.fill_left.is_some() || matching.fill_right.is_some();
        if !are_vectors {
            if !matching.labels.is_empty() {
                self.error(span, "vector matching only allowed between instant vectors");
            }
            if has_fill {
                let message = "filling in missing series only allowed between instant vectors";
                self.error(span, message);
            }
            binary.matching = None;
        } else if binary.op.is_set() {
            if matching.cardinality != Cardinality::ManyToMany {
                let op = quote(binary.op.as_str());
                self.error(span, format!("no grouping allowed for {op} operation"));
                self.error(span, "set operations must always be many-to-many");
            }
            if has_fill {
                self.error(span, "filling in missing series not allowed for set operators");
            }
        }
    }

    fn call(&mut self, call: &mut Call, span: Span) {
        let function = call.function;
        let (wanted, found) = (function.args.len(), call.args.len());
        let name = quote(function.name);
        match function.arity {
            Arity::Exact if wanted != found => {
                let message = format!("expected {wanted} argument(s) in call to {name}, got {found}");
                self.error(span, message);
            }
            Arity::Optional(_) | Arity::Many if found + 1 < wanted => {
                let least = wanted - 1;
                let message = format!("expected at least {least} argument(s) in call to {name}, got {found}");
                self.error(span, message);
            }
            Arity::Optional(times) if found > wanted - 1 + times => {
                let most = wanted - 1 + times;
                let message = format!("expected at most {most} argument(s) in call to {name}, got {found}");
                self.error(span, message);
            }
            _ => {}
        }
        if function.name == "info"
            && let Some(filter) = call.args.get_mut(1)
        {
            self.info_filter(filter, span);
        }
        for (at, arg) in call.args.iter_mut().enumerate() {
            let Some(&wanted) = function
                .args
                .get(at)
                .or_else(|| if function.arity == Arity::Exact { None } else { function.args.last() })
            else {
                break;
            };
            let context = format!("call to function {}", quote(function.name));
            self.expect_type(arg, wanted, &context);
        }
    }

    /// The second argument of `info` is a selector without a name, which may match everything.
    fn info_filter(&mut self, filter: &mut Expr, span: Span) {
        let found = filter.value_type();
        if found != ValueType::Vector {
            let message = format!(
                "expected type instant vector in call to function \"info\", got {}",
                found.documented()
            );
            self.error(span, message);
        }
        match &mut filter.kind {
            ExprKind::Selector(selector) if selector.name.is_empty() => {
                selector.is_info_filter = true;
            }
            ExprKind::Selector(_) => {
                let message = "expected label selectors only, got vector selector instead";
                self.error(filter.span, message);
            }
            _ => self.error(filter.span, "expected label selectors only"),
        }
    }

    fn selector(&mut self, selector: &Selector, span: Span) {
        if !selector.name.is_empty() {
            let inside = selector.matchers.split_last().map_or(&[][..], |(_, inside)| inside);
            for matcher in inside.iter().filter(|matcher| *matcher.name == *NAME_LABEL) {
                let message = format!(
                    "metric name must not be set twice: {} or {}",
                    quote(&selector.name),
                    quote(&matcher.value)
                );
                self.error(span, message);
            }
            return;
        }
        if selector.is_info_filter {
            return;
        }
        if selector.matchers.iter().all(|matcher| matcher.matches("")) {
            self.error(span, "vector selector must contain at least one non-empty matcher");
        }
    }
}
