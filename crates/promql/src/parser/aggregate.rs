//! Aggregations: `sum by (a) (x)`, `sum(x) by (a)`, `topk(5, x)`.
//!
//! In: the parser at a word that names an aggregator. Out: the aggregation, or a selector of a metric
//! of that name.

use super::{Abort, Parsed, Parser};
use crate::ast::{Aggregate, AggregateOp, Expr, ExprKind};
use crate::span::Span;
use crate::token::{Token, TokenKind};

fn aggregate_op(kind: TokenKind) -> Option<AggregateOp> {
    Some(match kind {
        TokenKind::Avg => AggregateOp::Avg,
        TokenKind::BottomK => AggregateOp::BottomK,
        TokenKind::Count => AggregateOp::Count,
        TokenKind::CountValues => AggregateOp::CountValues,
        TokenKind::Group => AggregateOp::Group,
        TokenKind::Max => AggregateOp::Max,
        TokenKind::Min => AggregateOp::Min,
        TokenKind::Quantile => AggregateOp::Quantile,
        TokenKind::Stddev => AggregateOp::Stddev,
        TokenKind::Stdvar => AggregateOp::Stdvar,
        TokenKind::Sum => AggregateOp::Sum,
        TokenKind::TopK => AggregateOp::TopK,
        TokenKind::LimitK => AggregateOp::LimitK,
        TokenKind::LimitRatio => AggregateOp::LimitRatio,
        _ => return None,
    })
}

/// The clause and arguments of an aggregation.
#[derive(Default)]
struct Parts {
    grouping: Vec<std::sync::Arc<str>>,
    is_without: bool,
    args: Vec<Expr>,
    end: usize,
}

impl Parser<'_> {
    pub(super) fn aggregate_or_selector(&mut self) -> Parsed<Expr> {
        let word = self.bump();
        let opens = matches!(self.peek().kind, TokenKind::LeftParen | TokenKind::By | TokenKind::Without);
        let (true, Some(op)) = (opens, aggregate_op(word.kind)) else {
            return self.selector_after_name(word);
        };
        let parts = match self.aggregate_parts() {
            Ok(parts) => parts,
            Err(Abort) => {
                self.unexpected("aggregation", "");
                let end = self.last_closing;
                self.skip_until(super::expr::follows_expr);
                Parts { end, ..Parts::default() }
            }
        };
        self.aggregate(word, op, parts)
    }

    fn aggregate_parts(&mut self) -> Parsed<Parts> {
        let mut parts = Parts::default();
        let is_clause_first = self.peek().kind != TokenKind::LeftParen;
        if is_clause_first {
            self.aggregate_clause(&mut parts)?;
        }
        let (args, close) = self.call_args()?;
        parts.args = args;
        parts.end = close.end;
        let is_clause_next = matches!(self.peek().kind, TokenKind::By | TokenKind::Without);
        if !is_clause_first && is_clause_next {
            self.aggregate_clause(&mut parts)?;
            parts.end = self.last_closing;
        }
        Ok(parts)
    }

    fn aggregate_clause(&mut self, parts: &mut Parts) -> Parsed<()> {
        parts.is_without = self.bump().kind == TokenKind::Without;
        parts.grouping = self.grouping_labels()?;
        Ok(())
    }

    fn aggregate(&mut self, word: Token, op: AggregateOp, parts: Parts) -> Parsed<Expr> {
        let span = Span::new(word.span.start, parts.end);
        let mut args = parts.args;
        if args.is_empty() {
            self.error(span, "no arguments for aggregate expression provided");
            return Ok(Self::invalid(span));
        }
        if op.is_experimental() && !self.options.experimental_functions {
            let message = format!(
                "{}() is experimental and must be enabled with \
                 --enable-feature=promql-experimental-functions",
                op.as_str()
            );
            self.error(span, message);
            return Ok(Self::invalid(span));
        }
        let wanted = if op.has_param() { 2 } else { 1 };
        if args.len() != wanted {
            let message = format!(
                "wrong number of arguments for aggregate expression provided, \
                 expected {wanted}, got {}",
                args.len()
            );
            self.error(span, message);
            return Ok(Self::invalid(span));
        }
        let height = args.iter().map(|arg| arg.height).max().unwrap_or(0);
        let expr = args.pop().ok_or(Abort)?;
        let param = args.pop();
        let (grouping, is_without) = (parts.grouping, parts.is_without);
        let aggregate = Aggregate { op, expr, param, grouping, is_without };
        self.node(ExprKind::Aggregate(Box::new(aggregate)), span, height)
    }
}
