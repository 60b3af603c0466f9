//! Expressions that give numbers, and binary operators between any expressions.

use super::{Failed, Parse, Parser};
use crate::syntax::CHAIN_MAX;
use crate::syntax::ast::{
    Binary, BinaryOp, Cardinality, Expr, ExprKind, Grouping, LabelReplace, RangeAggregation, RangeOp,
    VectorAggregation, VectorOp,
};
use crate::syntax::scalar;
use crate::syntax::token::TokenKind as T;
use crate::syntax::validate;

const fn binary_op(kind: T) -> Option<BinaryOp> {
    Some(match kind {
        T::Or => BinaryOp::Or,
        T::And => BinaryOp::And,
        T::Unless => BinaryOp::Unless,
        T::CmpEq => BinaryOp::Equal,
        T::Neq => BinaryOp::NotEqual,
        T::Gt => BinaryOp::Greater,
        T::Gte => BinaryOp::GreaterOrEqual,
        T::Lt => BinaryOp::Less,
        T::Lte => BinaryOp::LessOrEqual,
        T::Add => BinaryOp::Add,
        T::Sub => BinaryOp::Sub,
        T::Mul => BinaryOp::Mul,
        T::Div => BinaryOp::Div,
        T::Mod => BinaryOp::Mod,
        T::Pow => BinaryOp::Pow,
        _ => return None,
    })
}

const fn range_op(kind: T) -> Option<RangeOp> {
    Some(match kind {
        T::CountOverTime => RangeOp::Count,
        T::Rate => RangeOp::Rate,
        T::RateCounter => RangeOp::RateCounter,
        T::BytesOverTime => RangeOp::Bytes,
        T::BytesRate => RangeOp::BytesRate,
        T::AvgOverTime => RangeOp::Avg,
        T::SumOverTime => RangeOp::Sum,
        T::MinOverTime => RangeOp::Min,
        T::MaxOverTime => RangeOp::Max,
        T::StddevOverTime => RangeOp::Stddev,
        T::StdvarOverTime => RangeOp::Stdvar,
        T::QuantileOverTime => RangeOp::Quantile,
        T::FirstOverTime => RangeOp::First,
        T::LastOverTime => RangeOp::Last,
        T::AbsentOverTime => RangeOp::Absent,
        _ => return None,
    })
}

const fn vector_op(kind: T) -> Option<VectorOp> {
    Some(match kind {
        T::Sum => VectorOp::Sum,
        T::Avg => VectorOp::Avg,
        T::Count => VectorOp::Count,
        T::Max => VectorOp::Max,
        T::Min => VectorOp::Min,
        T::Stddev => VectorOp::Stddev,
        T::Stdvar => VectorOp::Stdvar,
        T::Topk => VectorOp::Topk,
        T::Bottomk => VectorOp::Bottomk,
        T::ApproxTopk => VectorOp::ApproxTopk,
        T::Sort => VectorOp::Sort,
        T::SortDesc => VectorOp::SortDesc,
        _ => return None,
    })
}

/// `bool`, `on (...)`, `group_left (...)` and the like.
struct Modifier {
    return_bool: bool,
    on: Option<bool>,
    labels: Vec<String>,
    cardinality: Cardinality,
    include: Vec<String>,
}

impl Parser<'_> {
    /// An expression whose binary operators all bind tighter than `floor`.
    pub(super) fn expression(&mut self, floor: u8) -> Parse<Expr> {
        self.enter()?;
        let mut left = self.operand()?;
        let mut operands = 1;
        while let Some(op) = binary_op(self.kind()) {
            let strength = op.precedence();
            if strength <= floor {
                break;
            }
            self.advance();
            let modifier = self.modifier()?;
            // `^` is the only operator that groups to the right.
            let right_floor = if op == BinaryOp::Pow { strength - 1 } else { strength };
            let right = self.expression(right_floor)?;
            left = self.binary(op, modifier, left, right);
            operands += 1;
            if operands > CHAIN_MAX {
                let text = format!("expression has too many operands (limit {CHAIN_MAX})");
                self.complain(left.span, text);
                return Err(Failed);
            }
        }
        self.leave();
        Ok(left)
    }

    fn operand(&mut self) -> Parse<Expr> {
        let start = self.span();
        let kind = match self.kind() {
            T::OpenBrace => ExprKind::Log(self.log_expr()?),
            T::OpenParen => {
                self.advance();
                let mut inner = self.in_parentheses(|parser| parser.expression(0))?;
                // A parenthesised log query keeps its own span, a number's is what was written.
                if matches!(inner.kind, ExprKind::Error) {
                    inner.span = start.to(self.last_span());
                }
                return Ok(inner);
            }
            T::Number | T::Add | T::Sub => ExprKind::Literal(self.signed_number()?),
            T::Vector => self.vector()?,
            T::LabelReplace => self.label_replace()?,
            kind => {
                if let Some(op) = range_op(kind) {
                    return self.range_aggregation(op);
                } else if let Some(op) = vector_op(kind) {
                    return self.vector_aggregation(op);
                }
                return Err(self.unexpected(&[]));
            }
        };
        Ok(Expr { kind, span: start.to(self.last_span()) })
    }

    /// Reads what stands after an opening parenthesis, and the closing one. After a failure it goes on
    /// behind the closing parenthesis with an `Error` node.
    fn in_parentheses(&mut self, inner: impl FnOnce(&mut Self) -> Parse<Expr>) -> Parse<Expr> {
        let nesting = self.nesting;
        let start = self.span();
        let result = inner(self).and_then(|expr| {
            if self.kind() == T::CloseParen {
                return Ok(expr);
            }
            // Operators could follow as well, so that the list would be long.
            Err(self.unexpected(&[]))
        });
        match result {
            Ok(expr) => {
                self.advance();
                Ok(expr)
            }
            Err(Failed) => {
                self.nesting = nesting;
                self.skip_to(|_| false);
                if !self.take_if(T::CloseParen) {
                    return Err(Failed);
                }
                Ok(Expr { kind: ExprKind::Error, span: start.to(self.last_span()) })
            }
        }
    }

    fn vector(&mut self) -> Parse<ExprKind> {
        self.advance();
        self.expect(T::OpenParen)?;
        let span = self.expect(T::Number)?.span;
        let value = self.float_value(span, "unable to parse vectorExpr as a float");
        self.expect(T::CloseParen)?;
        Ok(ExprKind::Vector(value))
    }

    fn label_replace(&mut self) -> Parse<ExprKind> {
        self.advance();
        self.expect(T::OpenParen)?;
        let expr = self.expression(0)?;
        let mut texts: [String; 4] = Default::default();
        for text in &mut texts {
            self.expect(T::Comma)?;
            *text = self.expect_string()?;
        }
        let regex_span = self.last_span();
        self.expect(T::CloseParen)?;
        let [target, replacement, source, regex] = texts;
        if let Err(error) = stdx::go::regex::matches_empty(&regex) {
            self.complain(regex_span, format!("invalid regex in label_replace: {error}"));
        }
        Ok(ExprKind::LabelReplace(Box::new(LabelReplace { expr, target, replacement, source, regex })))
    }

    fn range_aggregation(&mut self, op: RangeOp) -> Parse<Expr> {
        let start = self.advance().span;
        self.expect(T::OpenParen)?;
        let mut parameter = None;
        let inner = self.in_parentheses(|parser| {
            match parser.kind() {
                T::Number => {
                    let token = parser.advance();
                    parser.expect(T::Comma)?;
                    parameter = Some(token.span);
                }
                T::OpenBrace | T::OpenParen => {}
                _ => return Err(parser.unexpected(&[T::Number, T::OpenBrace, T::OpenParen])),
            }
            let range = parser.log_range()?;
            if parser.kind() != T::CloseParen {
                return Err(parser.unexpected(&[T::CloseParen]));
            }
            let span = range.span;
            let aggregation = RangeAggregation { op, parameter: None, range, grouping: None };
            Ok(Expr { kind: ExprKind::RangeAggregation(aggregation), span })
        })?;
        let grouping = self.grouping()?;
        let span = start.to(self.last_span());
        let ExprKind::RangeAggregation(mut aggregation) = inner.kind else {
            return Ok(Expr { kind: ExprKind::Error, span });
        };
        aggregation.grouping = grouping;
        match parameter {
            Some(place) if op != RangeOp::Quantile => {
                let text = place.text(self.source);
                let name = op.text();
                let text = format!("parameter {text} not supported for operation {name}");
                self.complain(span, text);
            }
            Some(place) => {
                let name = op.text();
                let text = place.text(self.source);
                let complaint = format!("invalid parameter for operation {name}: {text}");
                aggregation.parameter = Some(self.float_value(place, &complaint));
            }
            None if op == RangeOp::Quantile => {
                self.complain(span, format!("parameter required for operation {}", op.text()));
            }
            None => {}
        }
        if let Err(message) = validate::check_range(&aggregation) {
            self.complain(span, message);
        }
        Ok(Expr { kind: ExprKind::RangeAggregation(aggregation), span })
    }

    fn vector_aggregation(&mut self, op: VectorOp) -> Parse<Expr> {
        let start = self.advance().span;
        let mut grouping = self.grouping()?;
        if self.kind() != T::OpenParen {
            let expected = [T::OpenParen, T::By, T::Without];
            let expected = if grouping.is_some() { &expected[..1] } else { &expected[..] };
            return Err(self.unexpected(expected));
        }
        self.advance();
        let mut parameter = None;
        let expr = self.in_parentheses(|parser| {
            if parser.kind() == T::Number && parser.tokens[parser.at + 1].kind == T::Comma {
                parameter = Some(parser.advance().span);
                parser.advance();
            }
            parser.expression(0)
        })?;
        if grouping.is_none() {
            grouping = self.grouping()?;
        }
        let span = start.to(self.last_span());
        let written = parameter.map(|place| place.text(self.source));
        let parameter = match validate::check_vector_parameter(op, written) {
            Ok(parameter) => parameter,
            Err(message) => {
                self.complain(span, message);
                None
            }
        };
        if matches!(expr.kind, ExprKind::Log(_)) {
            // The original's grammar wants numbers here and stops at the closing parenthesis.
            self.complain(expr.span, "syntax error: unexpected ), expecting RANGE".to_owned());
        }
        if let Err(message) = validate::check_vector_grouping(op, grouping.as_ref()) {
            self.complain(span, message);
        }
        let aggregation = VectorAggregation { op, parameter, expr, grouping };
        Ok(Expr { kind: ExprKind::VectorAggregation(Box::new(aggregation)), span })
    }

    fn grouping(&mut self) -> Parse<Option<Grouping>> {
        if !matches!(self.kind(), T::By | T::Without) {
            return Ok(None);
        }
        let without = self.advance().kind == T::Without;
        let names = self.names()?;
        Ok(Some(Grouping { without, names }))
    }

    /// `(a, b)`, possibly empty.
    fn names(&mut self) -> Parse<Vec<String>> {
        self.expect(T::OpenParen)?;
        let mut names = Vec::new();
        if self.take_if(T::CloseParen) {
            return Ok(names);
        }
        if self.kind() != T::Identifier {
            return Err(self.unexpected(&[T::Identifier, T::CloseParen]));
        }
        loop {
            names.push(self.expect_identifier()?);
            match self.kind() {
                T::Comma => self.advance(),
                T::CloseParen => {
                    self.advance();
                    return Ok(names);
                }
                _ => return Err(self.unexpected(&[T::Comma, T::CloseParen])),
            };
        }
    }

    fn modifier(&mut self) -> Parse<Modifier> {
        let mut modifier = Modifier {
            return_bool: self.take_if(T::Bool),
            on: None,
            labels: Vec::new(),
            cardinality: Cardinality::OneToOne,
            include: Vec::new(),
        };
        if !matches!(self.kind(), T::On | T::Ignoring) {
            return Ok(modifier);
        }
        modifier.on = Some(self.advance().kind == T::On);
        modifier.labels = self.names()?;
        modifier.cardinality = match self.kind() {
            T::GroupLeft => Cardinality::ManyToOne,
            T::GroupRight => Cardinality::OneToMany,
            _ => return Ok(modifier),
        };
        self.advance();
        if self.kind() == T::OpenParen {
            modifier.include = self.names()?;
        }
        Ok(modifier)
    }

    fn binary(&mut self, op: BinaryOp, modifier: Modifier, left: Expr, right: Expr) -> Expr {
        let span = left.span.to(right.span);
        if let Some(message) = validate::check_operands(op, &left, &right) {
            self.complain(span, message);
            return Expr { kind: ExprKind::Error, span };
        }
        if let (ExprKind::Literal(l), ExprKind::Literal(r)) = (&left.kind, &right.kind) {
            return Expr { kind: ExprKind::Literal(scalar::apply(op, *l, *r)), span };
        }
        let Modifier { return_bool, on, labels, cardinality, include } = modifier;
        let binary = Binary { op, return_bool, on, labels, cardinality, include, left, right };
        Expr { kind: ExprKind::Binary(Box::new(binary)), span }
    }
}
