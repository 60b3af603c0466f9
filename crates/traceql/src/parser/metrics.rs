//! Metrics stages, second stages, and arithmetic between series.

use super::root::{Operand, Wanted, arithmetic, comparison};
use super::scalar::is_metrics_operator;
use super::{Parser, Read};
use crate::ast::{
    Attribute, BinaryOp, Comparison, MetricsExpr, MetricsFunction, MetricsKind, MetricsStage, Pipeline,
    ScalarExpr, SecondStage,
};
use crate::lexer::{Kind, Payload};
use crate::place::Place;
use crate::value::{Type, Value};

/// Level above all comparisons, so that a number ends before the next second stage.
const NUMBER_LEVEL: u8 = 3;

impl Parser {
    /// Whether the current token starts a metrics stage.
    pub(super) fn at_metrics_stage(&self) -> bool {
        matches!(
            self.kind(),
            Kind::Rate
                | Kind::CountOverTime
                | Kind::MinOverTime
                | Kind::MaxOverTime
                | Kind::AvgOverTime
                | Kind::SumOverTime
                | Kind::QuantileOverTime
                | Kind::HistogramOverTime
                | Kind::Compare
        )
    }

    /// The metrics stage at the current token, applied to a pipeline, with its second stages.
    pub(super) fn metrics_of(&mut self, pipeline: Pipeline) -> Read<MetricsExpr> {
        let start = self.place();
        let kind = self.kind();
        self.advance();
        self.expect(Kind::OpenParen, &[])?;
        let function = match kind {
            Kind::Rate => MetricsFunction::Rate,
            Kind::CountOverTime => MetricsFunction::CountOverTime,
            Kind::MinOverTime => MetricsFunction::MinOverTime(self.attribute()?),
            Kind::MaxOverTime => MetricsFunction::MaxOverTime(self.attribute()?),
            Kind::AvgOverTime => MetricsFunction::AvgOverTime(self.attribute()?),
            Kind::SumOverTime => MetricsFunction::SumOverTime(self.attribute()?),
            Kind::HistogramOverTime => MetricsFunction::HistogramOverTime(self.attribute()?),
            Kind::QuantileOverTime => {
                let attribute = self.attribute()?;
                MetricsFunction::QuantileOverTime(attribute, self.quantiles()?)
            }
            _ => MetricsFunction::Compare(Box::new(self.comparison()?)),
        };
        self.expect(Kind::CloseParen, &[])?;
        let mut by = Vec::new();
        if !matches!(function, MetricsFunction::Compare(_)) && self.accept(Kind::By) {
            by = self.grouping()?;
        }
        let span = start.to(self.last_place());
        let height = self.height_over(&[pipeline.height()])?;
        let span_of_all = pipeline.span.to(span);
        let kind = MetricsKind::Series(pipeline, MetricsStage { function, by, span });
        let expr = MetricsExpr { kind, stages: Vec::new(), span: span_of_all, height };
        self.second_stages(expr)
    }

    fn grouping(&mut self) -> Read<Vec<Attribute>> {
        self.expect(Kind::OpenParen, &[])?;
        let mut by = vec![self.attribute()?];
        while self.accept(Kind::Comma) {
            by.push(self.attribute()?);
        }
        self.expect(Kind::CloseParen, &[Kind::Comma])?;
        Ok(by)
    }

    fn quantiles(&mut self) -> Read<Vec<f64>> {
        let mut quantiles = Vec::new();
        loop {
            if quantiles.is_empty() {
                self.expect(Kind::Comma, &[])?;
            } else if !self.accept(Kind::Comma) {
                return Ok(quantiles);
            }
            let value = match &self.token().payload {
                Payload::Int(value) if self.kind() == Kind::Integer => *value as f64,
                Payload::Float(value) => *value,
                _ => return Err(self.unexpected(&[Kind::Integer, Kind::Float])),
            };
            self.advance();
            quantiles.push(value);
        }
    }

    /// The arguments of `compare`.
    fn comparison(&mut self) -> Read<Comparison> {
        let (filter, _) = self.nested(Self::filter_expression)?;
        let mut top = None;
        let mut range = None;
        if self.accept(Kind::Comma) {
            top = Some(self.integer()?);
            if self.accept(Kind::Comma) {
                let start = self.integer()?;
                self.expect(Kind::Comma, &[])?;
                range = Some((start, self.integer()?));
            }
        }
        Ok(Comparison { filter, top, range })
    }

    fn integer(&mut self) -> Read<i64> {
        match (self.kind(), &self.token().payload) {
            (Kind::Integer, Payload::Int(value)) => {
                let value = *value;
                self.advance();
                Ok(value)
            }
            _ => Err(self.unexpected(&[Kind::Integer])),
        }
    }

    /// `| topk(3)`, `| bottomk(3)` and `> 5`, as many as there are.
    pub(super) fn second_stages(&mut self, mut expr: MetricsExpr) -> Read<MetricsExpr> {
        loop {
            let start = self.place();
            if self.accept(Kind::Pipe) {
                if !matches!(self.kind(), Kind::TopK | Kind::BottomK) {
                    return Err(self.unexpected(&[Kind::TopK, Kind::BottomK]));
                }
                let is_top = self.kind() == Kind::TopK;
                self.advance();
                self.expect(Kind::OpenParen, &[])?;
                let limit = self.integer()?;
                self.expect(Kind::CloseParen, &[])?;
                let span = start.to(self.last_place());
                expr.stages.push(if is_top {
                    SecondStage::TopK(limit, span)
                } else {
                    SecondStage::BottomK(limit, span)
                });
            } else if let Some(op) = comparison(self.kind()) {
                self.advance();
                let Operand::Scalar(number) = self.operand_above(NUMBER_LEVEL, Wanted::Scalar)? else {
                    return Err(self.unexpected(&[]));
                };
                let value = self.threshold(&number)?;
                let span = start.to(number.span);
                expr.stages.push(SecondStage::Filter(op, value, span));
            } else {
                return Ok(expr);
            }
            expr.span = expr.span.to(self.last_place());
        }
    }

    /// A number to compare with; durations only as they are written.
    fn threshold(&mut self, number: &ScalarExpr) -> Read<Value> {
        match number.as_number() {
            Some((_, true)) => Err(self.no_duration()),
            Some((value, false)) => Ok(value.clone()),
            None => Err(self.unexpected(&[])),
        }
    }

    fn no_duration(&mut self) -> super::Failed {
        self.fail_here("duration cannot be used as a scalar operand in metric arithmetic")
    }

    /// Reads an operator after series and its right side.
    pub(super) fn join_metrics(&mut self, lhs: MetricsExpr, next: u8) -> Read<Result<Operand, Operand>> {
        if comparison(self.kind()).is_some() {
            return self.second_stages(lhs).map(Operand::Metrics).map(Ok);
        }
        let Some(op) = arithmetic(self.kind()).filter(|op| is_metrics_operator(*op)) else {
            return Ok(Err(Operand::Metrics(lhs)));
        };
        self.advance();
        match self.operand_above(next, Wanted::Metrics)? {
            Operand::Scalar(number) => {
                self.scalar_and_metrics(op, number, lhs, false).map(Operand::Metrics).map(Ok)
            }
            Operand::Metrics(rhs) => {
                let span = lhs.span.to(rhs.span);
                let height = self.height_over(&[lhs.height, rhs.height])?;
                let kind = MetricsKind::Math(op, Box::new(lhs), Box::new(rhs));
                Ok(Ok(Operand::Metrics(MetricsExpr { kind, stages: Vec::new(), span, height })))
            }
            _ => Err(self.unexpected(&[])),
        }
    }

    /// Series joined with a number.
    pub(super) fn scalar_and_metrics(
        &mut self,
        op: BinaryOp,
        number: ScalarExpr,
        expr: MetricsExpr,
        is_left: bool,
    ) -> Read<MetricsExpr> {
        let span: Place = number.span.to(expr.span);
        let value = match number.as_number() {
            Some((value, false)) if value.kind() != Type::Duration => value.clone(),
            Some(_) => return Err(self.no_duration()),
            None => return Err(self.unexpected(&[])),
        };
        let height = self.height_over(&[expr.height])?;
        let kind = MetricsKind::ScalarMath { op, number: value, is_left, expr: Box::new(expr) };
        Ok(MetricsExpr { kind, stages: Vec::new(), span, height })
    }
}
