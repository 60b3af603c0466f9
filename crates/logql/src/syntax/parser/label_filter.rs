//! Conditions on labels after a `|`.
//!
//! `and` binds tighter than `or`. A comma, or nothing at all, also means "and", but has no precedence in
//! the original's grammar and so takes everything to its right: `a or b, c` is `a or (b and c)`, and
//! `a, b or c` is `a and (b or c)`.

use super::{Parse, Parser};
use crate::syntax::CHAIN_MAX;
use crate::syntax::ast::{CompareOp, LabelFilter, LabelFilterKind, MatchOp};
use crate::syntax::token::TokenKind as T;
use stdx::go::number::parse_float;

#[derive(Clone, Copy, PartialEq)]
enum Joint {
    And,
    Or,
}

impl Parser<'_> {
    /// A whole condition.
    pub(super) fn label_filter(&mut self) -> Parse<LabelFilter> {
        // Operands whose right side is still open, outermost first, with the joint that waits for it.
        let mut open: Vec<(LabelFilter, Joint, u8)> = Vec::new();
        let mut left = self.label_filter_atom()?;
        let mut operands = 1;
        loop {
            // Strength of the coming joint; 0 for a comma, which closes nothing before it.
            let (joint, strength) = match self.kind() {
                T::Or => (Joint::Or, 1),
                T::And => (Joint::And, 2),
                T::Comma => (Joint::And, 0),
                T::Identifier | T::OpenParen => (Joint::And, 0),
                _ => break,
            };
            if matches!(self.kind(), T::Or | T::And | T::Comma) {
                self.advance();
            }
            while strength > 0
                && let Some((_, _, waiting)) = open.last()
                && *waiting >= strength
                && let Some((first, joint, _)) = open.pop()
            {
                left = join(first, joint, left);
            }
            open.push((left, joint, strength));
            operands += 1;
            if operands > CHAIN_MAX {
                let text = format!("label filter has too many conditions (limit {CHAIN_MAX})");
                let span = self.span();
                self.complain(span, text);
                return Err(super::Failed);
            }
            left = self.label_filter_atom()?;
        }
        while let Some((first, joint, _)) = open.pop() {
            left = join(first, joint, left);
        }
        Ok(left)
    }

    fn label_filter_atom(&mut self) -> Parse<LabelFilter> {
        let start = self.span();
        match self.kind() {
            T::OpenParen => {
                self.enter()?;
                self.advance();
                let inner = self.label_filter()?;
                if self.kind() != T::CloseParen {
                    return Err(self.unexpected(&[]));
                }
                self.advance();
                self.leave();
                return Ok(inner);
            }
            T::Identifier => {}
            _ => return Err(self.unexpected(&[])),
        }
        let name = self.expect_identifier()?;
        let operator = self.kind();
        let match_op = match operator {
            T::Eq => Some(MatchOp::Equal),
            T::Neq => Some(MatchOp::NotEqual),
            T::Re => Some(MatchOp::Regex),
            T::Nre => Some(MatchOp::NotRegex),
            _ => None,
        };
        let compare = match operator {
            T::Eq | T::CmpEq => Some(CompareOp::Equal),
            T::Neq => Some(CompareOp::NotEqual),
            T::Gt => Some(CompareOp::Greater),
            T::Gte => Some(CompareOp::GreaterOrEqual),
            T::Lt => Some(CompareOp::Less),
            T::Lte => Some(CompareOp::LessOrEqual),
            _ => None,
        };
        if match_op.is_none() && compare.is_none() {
            return Err(self.unexpected(&[]));
        }
        self.advance();
        let kind = match (self.kind(), match_op, compare) {
            (T::String, Some(op), _) => {
                let value = self.expect_string()?;
                LabelFilterKind::Text(self.checked_matcher(name, op, value, start))
            }
            (_, Some(MatchOp::Regex | MatchOp::NotRegex), _) => {
                // The original shows no list for `ip`, which may follow the other operators.
                let expected: &[T] = if self.kind() == T::Ip { &[] } else { &[T::String] };
                return Err(self.unexpected(expected));
            }
            (T::Ip, Some(op), _) => {
                self.advance();
                self.expect(T::OpenParen)?;
                let pattern = self.expect_string()?;
                self.expect(T::CloseParen)?;
                LabelFilterKind::Ip(name, op == MatchOp::NotEqual, pattern)
            }
            (T::Duration, _, Some(op)) => LabelFilterKind::Duration(name, op, self.advance().value),
            (T::Bytes, _, Some(op)) => {
                let bytes = u64::try_from(self.advance().value).unwrap_or(0);
                LabelFilterKind::Bytes(name, op, bytes)
            }
            (T::Number | T::Add | T::Sub, _, Some(op)) => {
                LabelFilterKind::Number(name, op, self.signed_number()?)
            }
            _ => return Err(self.unexpected(&[])),
        };
        Ok(LabelFilter { kind, span: start.to(self.last_span()) })
    }

    /// A number with an optional sign.
    pub(super) fn signed_number(&mut self) -> Parse<f64> {
        let negative = self.kind() == T::Sub;
        if negative || self.kind() == T::Add {
            self.advance();
        }
        let token = self.expect(T::Number)?;
        let value = self.float_value(token.span, "unable to parse literal as a float");
        Ok(if negative { -value } else { value })
    }

    /// The value of a number token; the lexer takes more than floats.
    pub(super) fn float_value(&mut self, span: crate::syntax::Span, complaint: &str) -> f64 {
        match parse_float(span.text(self.source)) {
            Ok(value) => value,
            Err(error) => {
                self.complain(span, format!("{complaint}: {error}"));
                error.value
            }
        }
    }
}

fn join(left: LabelFilter, joint: Joint, right: LabelFilter) -> LabelFilter {
    let span = left.span.to(right.span);
    let (left, right) = (Box::new(left), Box::new(right));
    let kind = match joint {
        Joint::And => LabelFilterKind::And(left, right),
        Joint::Or => LabelFilterKind::Or(left, right),
    };
    LabelFilter { kind, span }
}
