//! The outermost level: pipelines, parentheses around anything, hints, the end of the text.
//!
//! What an opening parenthesis starts shows only later (a spanset, a pipeline, a number, series),
//! so operands of all kinds are read by one loop over levels, and each operator says which kinds it
//! joins. An operator that joins no such kinds is left standing and reported by whoever called.

use super::field::literal;
use super::{Failed, Parser, Read};
use crate::ast::{
    BinaryOp, Body, Hint, MetricsExpr, Pipeline, Query, ScalarExpr, ScalarFilter, ScalarKind, SpansetExpr,
    SpansetKind, Stage,
};
use crate::lexer::{Kind, Payload};
use crate::place::Place;

/// What stands on one side of an operator.
pub(super) enum Operand {
    /// Filters and operators on them; whether parentheses stand around.
    Spanset(SpansetExpr, bool),
    /// A pipeline of several stages, or operators on such.
    Piped(SpansetExpr),
    /// A number or aggregates.
    Scalar(ScalarExpr),
    /// `( ... | count() )` or arithmetic on such.
    ScalarPipe(ScalarExpr),
    /// A comparison of aggregates and numbers.
    Filter(ScalarFilter),
    /// Series.
    Metrics(MetricsExpr),
}

/// What can follow a bar besides a metrics stage.
enum AfterBar {
    Stage(Stage),
    /// Ends a pipeline in parentheses.
    Aggregate(ScalarExpr),
}

const LOGIC: u8 = 1;
const COMPARISON: u8 = 2;
const SUM: u8 = 3;
const PRODUCT: u8 = 4;
const POWER: u8 = 5;

/// Level of an operator between operands of the outermost level, whatever it joins.
const fn level_of(kind: Kind) -> Option<u8> {
    Some(match kind {
        Kind::And | Kind::Or => LOGIC,
        Kind::Equal
        | Kind::NotEqual
        | Kind::Less
        | Kind::LessEqual
        | Kind::Greater
        | Kind::GreaterEqual
        | Kind::Descendant
        | Kind::Ancestor
        | Kind::Tilde
        | Kind::NotChild
        | Kind::NotParent
        | Kind::NotDescendant
        | Kind::NotAncestor
        | Kind::NotMatch
        | Kind::UnionChild
        | Kind::UnionParent
        | Kind::UnionDescendant
        | Kind::UnionAncestor
        | Kind::UnionSibling => COMPARISON,
        Kind::Plus | Kind::Minus => SUM,
        Kind::Times | Kind::Divide | Kind::Modulo => PRODUCT,
        Kind::Power => POWER,
        _ => return None,
    })
}

/// What an operator found on its left allows on its right.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Anything,
    Spanset,
    Parenthesised,
    Scalar,
    ScalarPipe,
    Metrics,
}

impl Parser {
    /// The whole text.
    pub(super) fn query(&mut self) -> Option<Query> {
        let start = self.place();
        let body = self.body().ok()?;
        let mut hints = Vec::new();
        let has_hints = self.kind() == Kind::With;
        if has_hints && let Ok(read) = self.hints() {
            hints = read;
        }
        if self.diagnostics.is_empty() && self.kind() != Kind::End {
            self.unexpected(if has_hints { &[] } else { &[Kind::With] });
        }
        Some(Query { body, hints, span: start.to(self.last_place()) })
    }

    fn body(&mut self) -> Read<Body> {
        match self.nested(|parser| parser.pipeline(false))? {
            Operand::Spanset(expr, _) | Operand::Piped(expr) => Ok(Body::Spansets(one_stage(expr))),
            Operand::Filter(filter) => {
                let span = filter.span;
                let stages = vec![Stage::ScalarFilter(filter)];
                Ok(Body::Spansets(Pipeline { stages, span }))
            }
            Operand::Metrics(expr) => self.second_stages(expr).map(Body::Metrics),
            Operand::Scalar(_) | Operand::ScalarPipe(_) => Err(self.unexpected(&[])),
        }
    }

    /// Stages between bars, or one operand without any. In parentheses it may end with an
    /// aggregate.
    pub(super) fn pipeline(&mut self, in_parens: bool) -> Read<Operand> {
        let start = self.place();
        let mut stages = Vec::new();
        match self.kind() {
            Kind::By | Kind::Select => stages.push(self.plain_stage()?),
            _ => match self.operand_above(LOGIC, Wanted::Anything)? {
                Operand::Spanset(expr, _) => stages.push(Stage::Spansets(expr)),
                Operand::Filter(filter) if !filter.has_pipeline() => {
                    stages.push(Stage::ScalarFilter(filter));
                }
                Operand::Metrics(expr) if in_parens => {
                    return self.second_stages(expr).map(Operand::Metrics);
                }
                whole => return Ok(whole),
            },
        }
        while self.kind() == Kind::Pipe {
            let noted = self.diagnostics.len();
            self.advance();
            if self.at_metrics_stage() {
                let pipeline = Pipeline { stages, span: start.to(self.last_place()) };
                return self.metrics_of(pipeline).map(Operand::Metrics);
            }
            match self.stage_after_bar(in_parens) {
                Ok(AfterBar::Stage(stage)) => stages.push(stage),
                Ok(AfterBar::Aggregate(aggregate)) => {
                    let span = start.to(aggregate.span);
                    let pipeline = Pipeline { stages, span };
                    let height = self.height_over(&[pipeline.height(), aggregate.height])?;
                    let kind = ScalarKind::Pipeline(pipeline, Box::new(aggregate));
                    return Ok(Operand::ScalarPipe(ScalarExpr { kind, span, height }));
                }
                Err(Failed) if !in_parens && self.skip_to_bar() => {
                    debug_assert!(self.diagnostics.len() > noted);
                }
                Err(Failed) => return Err(Failed),
            }
        }
        let span = start.to(self.last_place());
        if stages.len() == 1
            && let Some(Stage::Spansets(expr)) = stages.pop_if(is_spansets)
        {
            return Ok(Operand::Spanset(expr, false));
        }
        let pipeline = Pipeline { stages, span };
        let height = self.height_over(&[pipeline.height()])?;
        Ok(Operand::Piped(SpansetExpr { kind: SpansetKind::Pipeline(pipeline), span, height }))
    }

    /// One stage after a bar; a bare aggregate only before the parenthesis that closes the
    /// pipeline.
    fn stage_after_bar(&mut self, in_parens: bool) -> Read<AfterBar> {
        if matches!(self.kind(), Kind::By | Kind::Select | Kind::Coalesce) {
            return self.plain_stage().map(AfterBar::Stage);
        }
        match self.operand_above(LOGIC, Wanted::Anything)? {
            Operand::Spanset(expr, _) => Ok(AfterBar::Stage(Stage::Spansets(expr))),
            Operand::Filter(filter) if !filter.has_pipeline() => {
                Ok(AfterBar::Stage(Stage::ScalarFilter(filter)))
            }
            Operand::Scalar(scalar)
                if in_parens
                    && matches!(scalar.kind, ScalarKind::Aggregate(..))
                    && self.kind() == Kind::CloseParen =>
            {
                Ok(AfterBar::Aggregate(scalar))
            }
            _ => Err(self.unexpected(&[])),
        }
    }

    /// Goes to the next bar outside parentheses and braces; false if there is none.
    fn skip_to_bar(&mut self) -> bool {
        loop {
            match self.kind() {
                Kind::End | Kind::Broken => return false,
                Kind::Pipe => return true,
                _ => self.advance(),
            }
        }
    }

    /// Operands joined by operators of at least this level.
    pub(super) fn operand_above(&mut self, lowest: u8, wanted: Wanted) -> Read<Operand> {
        let mut lhs = self.nested(|parser| parser.operand(wanted))?;
        while let Some(level) = level_of(self.kind()) {
            if level < lowest {
                break;
            }
            let next = if level == POWER { level } else { level + 1 };
            lhs = match self.joined_operand(lhs, next)? {
                Ok(joined) => joined,
                Err(unjoined) => return Ok(unjoined),
            };
        }
        Ok(lhs)
    }

    /// Joins what stands left of the current operator with what stands right; gives the left side
    /// back if the operator does not apply to it.
    fn joined_operand(&mut self, lhs: Operand, next: u8) -> Read<Result<Operand, Operand>> {
        match lhs {
            Operand::Spanset(lhs, in_parens) => self.join_spanset(lhs, in_parens, false, next),
            Operand::Piped(lhs) => self.join_spanset(lhs, true, true, next),
            Operand::Scalar(lhs) => self.join_scalar(lhs, next),
            Operand::ScalarPipe(lhs) => self.join_scalar_pipe(lhs, next),
            Operand::Metrics(lhs) => self.join_metrics(lhs, next),
            Operand::Filter(_) => Ok(Err(lhs)),
        }
    }

    fn operand(&mut self, wanted: Wanted) -> Read<Operand> {
        let start = self.place();
        match self.kind() {
            Kind::OpenParen => {
                self.advance();
                let inner = self.pipeline(true)?;
                if self.kind() != Kind::CloseParen {
                    let is_pipeline = matches!(inner, Operand::Piped(_) | Operand::Spanset(..));
                    let expected: &[Kind] = if is_pipeline { &[Kind::CloseParen, Kind::Pipe] } else { &[] };
                    return Err(self.unexpected(expected));
                }
                let span = start.to(self.place());
                self.advance();
                Ok(inner.in_parens(span))
            }
            Kind::OpenBrace if matches!(wanted, Wanted::Anything | Wanted::Spanset) => {
                self.filter().map(|expr| Operand::Spanset(expr, false))
            }
            _ if matches!(wanted, Wanted::Spanset) => {
                Err(self.unexpected(&[Kind::OpenBrace, Kind::OpenParen]))
            }
            _ if matches!(wanted, Wanted::Parenthesised | Wanted::ScalarPipe) => {
                Err(self.unexpected(&[Kind::OpenParen]))
            }
            _ => self.scalar_operand().map(Operand::Scalar),
        }
    }

    fn hints(&mut self) -> Read<Vec<Hint>> {
        self.expect(Kind::With, &[])?;
        self.expect(Kind::OpenParen, &[])?;
        let mut hints = Vec::new();
        loop {
            let token = self.token();
            let start = token.place;
            let (Kind::Identifier, Payload::Text(name)) = (token.kind, &token.payload) else {
                return Err(self.unexpected(&[Kind::Identifier]));
            };
            let name = name.to_string();
            self.advance();
            self.expect(Kind::Equal, &[])?;
            let is_negative = self.accept(Kind::Minus);
            let Some(value) = literal(self.kind(), &self.token().payload) else {
                return Err(self.unexpected(&[]));
            };
            let value = if is_negative { crate::value::negate(&value) } else { value };
            if value.is_nil() {
                return Err(self.unexpected(&[]));
            }
            hints.push(Hint { name, value, span: start.to(self.place()) });
            self.advance();
            if !self.accept(Kind::Comma) {
                break;
            }
        }
        self.expect(Kind::CloseParen, &[Kind::Comma])?;
        Ok(hints)
    }
}

const fn is_spansets(stage: &mut Stage) -> bool {
    matches!(stage, Stage::Spansets(_))
}

fn one_stage(expr: SpansetExpr) -> Pipeline {
    match expr.kind {
        SpansetKind::Pipeline(pipeline) => pipeline,
        _ => Pipeline { span: expr.span, stages: vec![Stage::Spansets(expr)] },
    }
}

impl Operand {
    fn in_parens(self, span: Place) -> Self {
        match self {
            Self::Spanset(expr, _) => Self::Spanset(SpansetExpr { span, ..expr }, true),
            Self::Piped(expr) => Self::Piped(SpansetExpr { span, ..expr }),
            Self::Scalar(expr) => Self::Scalar(ScalarExpr { span, ..expr }),
            Self::ScalarPipe(expr) => Self::ScalarPipe(ScalarExpr { span, ..expr }),
            Self::Metrics(expr) => Self::Metrics(MetricsExpr { span, ..expr }),
            Self::Filter(filter) => {
                let height = filter.lhs.height.max(filter.rhs.height) + 1;
                let pipeline = Pipeline { stages: vec![Stage::ScalarFilter(filter)], span };
                Self::Piped(SpansetExpr { kind: SpansetKind::Pipeline(pipeline), span, height })
            }
        }
    }
}

impl ScalarFilter {
    /// Whether a side is a pipeline of its own, which no stage may be.
    pub(super) fn has_pipeline(&self) -> bool {
        self.lhs.has_pipeline() || self.rhs.has_pipeline()
    }
}

impl ScalarExpr {
    fn has_pipeline(&self) -> bool {
        match &self.kind {
            ScalarKind::Pipeline(..) => true,
            ScalarKind::Arithmetic(_, lhs, rhs) => lhs.has_pipeline() || rhs.has_pipeline(),
            ScalarKind::Number(_) | ScalarKind::Aggregate(..) => false,
        }
    }
}

impl Pipeline {
    pub(super) fn height(&self) -> u32 {
        let of_stage = |stage: &Stage| match stage {
            Stage::Spansets(expr) => expr.height,
            Stage::ScalarFilter(filter) => filter.lhs.height.max(filter.rhs.height),
            Stage::By(expr, _) => expr.height,
            Stage::Coalesce(_) | Stage::Select(..) => 0,
        };
        self.stages.iter().map(of_stage).max().unwrap_or(0) + 1
    }
}

/// The operators between numbers.
pub(super) const fn arithmetic(kind: Kind) -> Option<BinaryOp> {
    Some(match kind {
        Kind::Plus => BinaryOp::Add,
        Kind::Minus => BinaryOp::Sub,
        Kind::Times => BinaryOp::Mul,
        Kind::Divide => BinaryOp::Div,
        Kind::Modulo => BinaryOp::Mod,
        Kind::Power => BinaryOp::Pow,
        _ => return None,
    })
}

/// The comparisons.
pub(super) const fn comparison(kind: Kind) -> Option<BinaryOp> {
    Some(match kind {
        Kind::Equal => BinaryOp::Equal,
        Kind::NotEqual => BinaryOp::NotEqual,
        Kind::Less => BinaryOp::Less,
        Kind::LessEqual => BinaryOp::LessEqual,
        Kind::Greater => BinaryOp::Greater,
        Kind::GreaterEqual => BinaryOp::GreaterEqual,
        _ => return None,
    })
}
