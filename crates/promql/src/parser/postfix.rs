//! What stands behind an expression: `[5m]`, `[5m:1m]`, `offset 5m`, `@ 123`, `anchored`, `smoothed`.
//!
//! In: an expression. Out: the same with its postfixes, which come in any order, each at most once.

use stdx::go::number::{FloatFormat, format_float};

use super::{Abort, Parsed, Parser};
use crate::ast::{At, Duration, Expr, ExprKind, Extension, RangeSelector, Subquery};
use crate::span::Span;
use crate::token::TokenKind;

const NOT_A_SELECTOR: &str = "ranges only allowed for vector selectors";

/// What a bracket may begin with; part of several errors.
const EXPECTED_DURATION: &str = "number, duration, step(), or range()";

impl Parser<'_> {
    pub(super) fn postfixes(&mut self, mut expr: Expr) -> Parsed<Expr> {
        loop {
            expr = match self.peek().kind {
                TokenKind::LeftBracket => self.bracket(expr)?,
                TokenKind::Offset => {
                    self.bump();
                    self.offset(expr)
                }
                TokenKind::At => {
                    self.bump();
                    self.at(expr)
                }
                TokenKind::Anchored => {
                    self.bump();
                    self.extend(expr, Extension::Anchored)
                }
                TokenKind::Smoothed => {
                    self.bump();
                    self.extend(expr, Extension::Smoothed)
                }
                _ => return Ok(expr),
            };
        }
    }

    /// A range or subquery; after an error the expression stays as it was.
    fn bracket(&mut self, expr: Expr) -> Parsed<Expr> {
        let open = self.bump();
        let Ok(range) = self.positive_duration() else {
            self.unexpected("subquery or range selector", EXPECTED_DURATION);
            self.skip_until(super::expr::follows_expr);
            return Ok(expr);
        };
        match self.peek().kind {
            TokenKind::RightBracket => {
                let close = self.bump();
                Ok(self.range_selector(expr, range, open.span.to(close.span)))
            }
            TokenKind::Colon => {
                self.bump();
                self.subquery(expr, range)
            }
            _ => {
                self.unexpected("subquery or range", "\":\" or \"]\"");
                self.skip_until(super::expr::follows_expr);
                Ok(expr)
            }
        }
    }

    fn range_selector(&mut self, expr: Expr, range: Duration, brackets: Span) -> Expr {
        let span = Span::new(expr.span.start, brackets.end);
        let ExprKind::Selector(selector) = expr.kind else {
            self.error(brackets, NOT_A_SELECTOR);
            return Expr::leaf(ExprKind::Invalid { is_range: true }, span);
        };
        if selector.offset != Duration::ZERO {
            self.error(brackets, "no offset modifiers allowed before range");
        } else if selector.at.is_some() {
            self.error(brackets, "no @ modifiers allowed before range");
        }
        let range = RangeSelector { selector: *selector, range };
        Expr::leaf(ExprKind::Range(Box::new(range)), span)
    }

    fn subquery(&mut self, expr: Expr, range: Duration) -> Parsed<Expr> {
        let mut step = None;
        if self.peek().kind != TokenKind::RightBracket {
            let Ok(found) = self.positive_duration() else {
                let expected =
                    format!("{EXPECTED_DURATION}, or \"]\"").replace("step(), or range()", "step(), range()");
                self.unexpected("subquery selector", &expected);
                self.skip_until(super::expr::follows_expr);
                return Ok(expr);
            };
            step = Some(found);
        }
        if self.peek().kind != TokenKind::RightBracket {
            self.unexpected("subquery selector", "\"]\"");
            self.skip_until(super::expr::follows_expr);
            return Ok(expr);
        }
        let close = self.bump();
        let span = expr.span.to(close.span);
        let height = expr.height;
        let subquery = Subquery { expr, range, step, offset: Duration::ZERO, at: None };
        self.node(ExprKind::Subquery(Box::new(subquery)), span, height)
    }

    fn offset(&mut self, mut expr: Expr) -> Expr {
        let Ok(offset) = self.offset_duration() else {
            self.unexpected("offset", EXPECTED_DURATION);
            self.skip_until(super::expr::follows_expr);
            return expr;
        };
        let end = self.last_closing;
        let place = match &mut expr.kind {
            ExprKind::Selector(selector) => &mut selector.offset,
            ExprKind::Range(range) => &mut range.selector.offset,
            ExprKind::Subquery(subquery) => &mut subquery.offset,
            ExprKind::Invalid { is_range: true } => {
                self.error(expr.span, NOT_A_SELECTOR);
                return expr;
            }
            _ => {
                let message = "offset modifier must be preceded by an instant vector selector \
                               or range vector selector or a subquery";
                self.error(expr.span, message);
                return expr;
            }
        };
        if *place != Duration::ZERO {
            self.error(expr.span, "offset may not be set multiple times");
        } else {
            *place = offset;
        }
        Self::set_end(&mut expr, end);
        expr
    }

    /// The end of a selector is also that of its own place, which a range's is not.
    fn set_end(expr: &mut Expr, end: usize) {
        expr.span.end = end;
        if let ExprKind::Selector(selector) = &mut expr.kind {
            selector.span.end = end;
        }
    }

    fn at(&mut self, mut expr: Expr) -> Expr {
        let Ok(at) = self.at_time(expr.span) else {
            self.unexpected("@", "timestamp");
            self.skip_until(super::expr::follows_expr);
            return expr;
        };
        let end = self.last_closing;
        let place = match &mut expr.kind {
            ExprKind::Selector(selector) => &mut selector.at,
            ExprKind::Range(range) => &mut range.selector.at,
            ExprKind::Subquery(subquery) => &mut subquery.at,
            ExprKind::Invalid { is_range: true } => {
                self.error(expr.span, NOT_A_SELECTOR);
                return expr;
            }
            _ => {
                let message = "@ modifier must be preceded by an instant vector selector \
                               or range vector selector or a subquery";
                self.error(expr.span, message);
                return expr;
            }
        };
        if place.is_some() {
            self.error(expr.span, "@ <timestamp> may not be set multiple times");
            return expr;
        }
        *place = Some(at);
        Self::set_end(&mut expr, end);
        expr
    }

    fn at_time(&mut self, span: Span) -> Parsed<At> {
        let token = self.peek();
        if matches!(token.kind, TokenKind::Start | TokenKind::End) {
            self.bump();
            self.want(TokenKind::LeftParen)?;
            self.want(TokenKind::RightParen)?;
            return Ok(if token.kind == TokenKind::Start { At::Start } else { At::End });
        }
        let is_negative = token.kind == TokenKind::Sub;
        if matches!(token.kind, TokenKind::Add | TokenKind::Sub) {
            self.bump();
        }
        if !matches!(self.peek().kind, TokenKind::Number | TokenKind::Duration) {
            return Err(Abort);
        }
        let magnitude = self.number_or_duration().value;
        let seconds = if is_negative { -magnitude } else { magnitude };
        let limit = i64::MAX as f64;
        if !seconds.is_finite() || seconds >= limit || seconds <= -limit {
            let shown = format_float(seconds, FloatFormat::Fixed, Some(6));
            self.error(span, format!("timestamp out of bounds for @ modifier: {shown}"));
        }
        // The cast saturates where Prometheus' result depends on the machine.
        Ok(At::Time((seconds * 1000.0).round() as i64))
    }

    fn extend(&mut self, mut expr: Expr, extension: Extension) -> Expr {
        let word = if extension == Extension::Anchored { "anchored" } else { "smoothed" };
        if !self.options.extended_range_selectors {
            self.error(expr.span, format!("{word} modifier is experimental and not enabled"));
            return expr;
        }
        let selector = match &mut expr.kind {
            ExprKind::Selector(selector) => &mut **selector,
            ExprKind::Range(range) => &mut range.selector,
            ExprKind::Subquery(_) => {
                self.error(expr.span, format!("{word} modifier is not supported for subqueries"));
                return expr;
            }
            ExprKind::Invalid { is_range: true } => return expr,
            _ => {
                self.error(expr.span, format!("{word} modifier not implemented"));
                return expr;
            }
        };
        if selector.extension != Extension::None && selector.extension != extension {
            self.error(expr.span, "anchored and smoothed modifiers cannot be used together");
        } else {
            selector.extension = extension;
        }
        expr
    }
}
