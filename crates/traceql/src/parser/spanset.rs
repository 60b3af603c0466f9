//! Spanset filters, operators between spansets, and the plain stages `by`, `coalesce`, `select`.

use super::root::{Operand, Wanted};
use super::{Parser, Read};
use crate::ast::{FieldExpr, FieldKind, SpansetExpr, SpansetKind, SpansetOp, Stage, StructuralOp};
use crate::lexer::Kind;
use crate::value::Value;

const fn spanset_operator(kind: Kind) -> Option<SpansetOp> {
    use StructuralOp::{Ancestor, Child, Descendant, Parent, Sibling};
    Some(match kind {
        Kind::And => SpansetOp::And,
        Kind::Or => SpansetOp::Or,
        Kind::Greater => SpansetOp::Structural(Child),
        Kind::Less => SpansetOp::Structural(Parent),
        Kind::Descendant => SpansetOp::Structural(Descendant),
        Kind::Ancestor => SpansetOp::Structural(Ancestor),
        Kind::Tilde => SpansetOp::Structural(Sibling),
        Kind::NotChild => SpansetOp::Not(Child),
        Kind::NotParent => SpansetOp::Not(Parent),
        Kind::NotDescendant => SpansetOp::Not(Descendant),
        Kind::NotAncestor => SpansetOp::Not(Ancestor),
        Kind::NotMatch => SpansetOp::Not(Sibling),
        Kind::UnionChild => SpansetOp::Union(Child),
        Kind::UnionParent => SpansetOp::Union(Parent),
        Kind::UnionDescendant => SpansetOp::Union(Descendant),
        Kind::UnionAncestor => SpansetOp::Union(Ancestor),
        Kind::UnionSibling => SpansetOp::Union(Sibling),
        _ => return None,
    })
}

impl Parser {
    /// `{ ... }`.
    pub(super) fn filter(&mut self) -> Read<SpansetExpr> {
        let (expr, span) = self.filter_expression()?;
        let height = self.height_over(&[expr.height])?;
        Ok(SpansetExpr { kind: SpansetKind::Filter(expr), span, height })
    }

    /// The expression in braces, `true` if there is none, and the place of the braces.
    pub(super) fn filter_expression(&mut self) -> Read<(FieldExpr, crate::place::Place)> {
        let start = self.place();
        self.expect(Kind::OpenBrace, &[])?;
        if self.kind() == Kind::CloseBrace {
            let span = start.to(self.place());
            self.advance();
            return Ok((FieldExpr::leaf(FieldKind::Literal(Value::Bool(true)), span), span));
        }
        let expr = self.field_with_recovery()?;
        let span = start.to(self.place());
        self.expect(Kind::CloseBrace, &[])?;
        Ok((expr, span))
    }

    /// Reads an operator between spansets and its right side. `is_piped` says that the left side is
    /// a pipeline, beside which only parentheses may stand.
    pub(super) fn join_spanset(
        &mut self,
        lhs: SpansetExpr,
        in_parens: bool,
        is_piped: bool,
        next: u8,
    ) -> Read<Result<Operand, Operand>> {
        let Some(op) = spanset_operator(self.kind()) else {
            return Ok(Err(rebuilt(lhs, in_parens, is_piped)));
        };
        self.advance();
        let wanted = if is_piped { Wanted::Parenthesised } else { Wanted::Spanset };
        let (rhs, right_in_parens, right_is_piped) = match self.operand_above(next, wanted)? {
            Operand::Spanset(rhs, right_in_parens) => (rhs, right_in_parens, false),
            Operand::Piped(rhs) => (rhs, true, true),
            _ => return Err(self.unexpected(&[])),
        };
        if (right_is_piped && !in_parens) || (is_piped && !right_in_parens) {
            return Err(self.fail(rhs.span, "syntax error: unexpected |".to_owned(), Vec::new()));
        }
        let span = lhs.span.to(rhs.span);
        let joined = self.chained(lhs, op, rhs, span)?;
        Ok(Ok(rebuilt(joined, in_parens && right_in_parens, is_piped || right_is_piped)))
    }

    fn chained(
        &mut self,
        lhs: SpansetExpr,
        op: SpansetOp,
        rhs: SpansetExpr,
        span: crate::place::Place,
    ) -> Read<SpansetExpr> {
        let rhs_height = self.height_over(&[rhs.height])?;
        // A chain read so far ends where its last operand ends; parentheses around it end later.
        if let SpansetKind::Chain(first, mut rest) = lhs.kind {
            let is_open = rest.last().is_some_and(|(_, last)| last.span.end == lhs.span.end);
            let same_level = rest.first().is_some_and(|(other, _)| other.is_logic() == op.is_logic());
            if is_open && same_level {
                rest.push((op, rhs));
                let height = lhs.height.max(rhs_height);
                return Ok(SpansetExpr { kind: SpansetKind::Chain(first, rest), span, height });
            }
            let height = self.height_over(&[lhs.height, rhs.height])?;
            let lhs = SpansetExpr { kind: SpansetKind::Chain(first, rest), ..lhs };
            let kind = SpansetKind::Chain(Box::new(lhs), vec![(op, rhs)]);
            return Ok(SpansetExpr { kind, span, height });
        }
        let height = self.height_over(&[lhs.height, rhs.height])?;
        let kind = SpansetKind::Chain(Box::new(lhs), vec![(op, rhs)]);
        Ok(SpansetExpr { kind, span, height })
    }

    /// `by`, `coalesce` or `select` at the current token.
    pub(super) fn plain_stage(&mut self) -> Read<Stage> {
        let start = self.place();
        let kind = self.kind();
        self.advance();
        self.expect(Kind::OpenParen, &[])?;
        match kind {
            Kind::By => {
                let expr = self.nested(Self::field)?;
                if self.kind() != Kind::CloseParen {
                    return Err(self.unexpected(&[]));
                }
                self.advance();
                Ok(Stage::By(expr, start.to(self.last_place())))
            }
            Kind::Coalesce => {
                self.expect(Kind::CloseParen, &[])?;
                Ok(Stage::Coalesce(start.to(self.last_place())))
            }
            _ => {
                let mut attributes = vec![self.attribute()?];
                while self.accept(Kind::Comma) {
                    attributes.push(self.attribute()?);
                }
                self.expect(Kind::CloseParen, &[Kind::Comma])?;
                Ok(Stage::Select(attributes, start.to(self.last_place())))
            }
        }
    }
}

fn rebuilt(expr: SpansetExpr, in_parens: bool, is_piped: bool) -> Operand {
    if is_piped { Operand::Piped(expr) } else { Operand::Spanset(expr, in_parens) }
}
