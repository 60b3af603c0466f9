//! Tokens to a syntax tree, by recursive descent.
//!
//! In: a query and the features that are on. Out: a checked tree, or all errors with Prometheus' texts
//! and places. After an error inside a label list, a grouping, a bracket, an offset, an `@` or an
//! aggregation the parser goes on, as the original does, so that an editor sees several errors at once.
//!
//! One file a part of the grammar: `expr.rs` (precedence and literals), `postfix.rs` (ranges, offsets,
//! `@`), `selector.rs`, `aggregate.rs`, `call.rs`, `binary.rs`, `duration_expr.rs`.

mod aggregate;
mod binary;
mod call;
mod duration_expr;
mod expr;
mod postfix;
mod selector;

pub(crate) use duration_expr::DURATION_SECONDS_MAX;
pub use selector::NAME_LABEL;

use crate::ast::{Expr, ExprKind, HEIGHT_MAX};
use crate::check as checker;
use crate::diagnostic::{Diagnostic, ParseErrors};
use crate::lexer::Lexer;
use crate::matcher::Matcher;
use crate::span::Span;
use crate::token::{Token, TokenKind};

/// The features that change what is a query, under Prometheus' names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseOptions {
    /// `promql-experimental-functions`
    pub experimental_functions: bool,
    /// `promql-duration-expr`, which is on in Prometheus since 3.14.
    pub duration_expressions: bool,
    /// `promql-extended-range-selectors`: `anchored` and `smoothed`.
    pub extended_range_selectors: bool,
    /// `promql-binop-fill-modifiers`
    pub fill_modifiers: bool,
}

impl Default for ParseOptions {
    /// What Prometheus 3.14 has on without any flag.
    fn default() -> Self {
        Self {
            experimental_functions: false,
            duration_expressions: true,
            extended_range_selectors: false,
            fill_modifiers: false,
        }
    }
}

impl ParseOptions {
    /// Everything that Prometheus 3.14 can read.
    pub const ALL: Self = Self {
        experimental_functions: true,
        duration_expressions: true,
        extended_range_selectors: true,
        fill_modifiers: true,
    };
}

/// Reads and checks a query.
pub fn parse(query: &str, options: ParseOptions) -> Result<Expr, ParseErrors> {
    let (tree, diagnostics) = parse_partial(query, options);
    match tree {
        Some(tree) if diagnostics.is_empty() => Ok(tree),
        _ => Err(ParseErrors { query: query.to_owned(), diagnostics }),
    }
}

/// Reads a query and gives what could be read of it beside the errors. Types are checked only if the
/// syntax is right.
pub fn parse_partial(query: &str, options: ParseOptions) -> (Option<Expr>, Vec<Diagnostic>) {
    let mut parser = Parser::new(query, options);
    if parser.peek().kind == TokenKind::Eof {
        parser.error(Span::default(), "no expression found in input");
        return (None, parser.diagnostics);
    }
    let mut tree = match parser.expr() {
        Ok(tree) => {
            if !matches!(parser.peek().kind, TokenKind::Eof | TokenKind::Error) {
                parser.unexpected("", "");
            }
            Some(tree)
        }
        Err(Abort) => {
            parser.unexpected("", "");
            None
        }
    };
    if parser.diagnostics.is_empty()
        && let Some(tree) = &mut tree
    {
        parser.diagnostics = checker::check(query, tree);
    }
    (tree, parser.diagnostics)
}

/// Reads a selector as parameters `match[]` have it, without the check that it selects something.
pub fn parse_metric_selector(query: &str) -> Result<Vec<Matcher>, ParseErrors> {
    let mut parser = Parser::new(query, ParseOptions::ALL);
    let selector = parser.metric_selector();
    match selector {
        Ok(selector) => {
            if !matches!(parser.peek().kind, TokenKind::Eof | TokenKind::Error) {
                parser.unexpected("", "");
            }
            if parser.diagnostics.is_empty() {
                return Ok(selector.matchers);
            }
        }
        Err(Abort) => parser.unexpected("", ""),
    }
    Err(ParseErrors { query: query.to_owned(), diagnostics: parser.diagnostics })
}

/// The canonical form of a query, or everything that is wrong with it. All features are read, as a
/// linter should.
pub fn check(query: &str) -> Result<String, Vec<Diagnostic>> {
    match parse(query, ParseOptions::ALL) {
        Ok(tree) => Ok(tree.to_string()),
        Err(errors) => Err(errors.diagnostics),
    }
}

/// The token ahead fits nowhere here; whoever knows how to go on reports it, at last the root.
struct Abort;

type Parsed<T> = Result<T, Abort>;

struct Parser<'q> {
    query: &'q str,
    lexer: Lexer<'q>,
    ahead: Option<Token>,
    /// The end of the last closing bracket, number or duration that was read, looked at or not: the
    /// end that Prometheus gives to several nodes.
    last_closing: usize,
    diagnostics: Vec<Diagnostic>,
    options: ParseOptions,
    depth: u16,
}

impl<'q> Parser<'q> {
    fn new(query: &'q str, options: ParseOptions) -> Self {
        Self {
            query,
            lexer: Lexer::new(query),
            ahead: None,
            last_closing: 0,
            diagnostics: Vec::new(),
            options,
            depth: 0,
        }
    }

    /// The next token that is no comment. An error of the lexer is reported as it is met, and is the
    /// end of the query for ever.
    fn peek(&mut self) -> Token {
        if let Some(token) = self.ahead {
            return token;
        }
        let token = loop {
            let token = self.lexer.next_token();
            if token.kind != TokenKind::Comment {
                break token;
            }
        };
        match token.kind {
            TokenKind::Error => {
                let message = self.lexer.message().to_owned();
                self.error(token.span, message);
            }
            TokenKind::RightBrace
            | TokenKind::RightParen
            | TokenKind::RightBracket
            | TokenKind::Duration
            | TokenKind::Number => self.last_closing = token.span.end,
            _ => {}
        }
        self.ahead = Some(token);
        token
    }

    fn bump(&mut self) -> Token {
        let token = self.peek();
        // The end and an error stay.
        if !matches!(token.kind, TokenKind::Eof | TokenKind::Error) {
            self.ahead = None;
        }
        token
    }

    fn accept(&mut self, kind: TokenKind) -> bool {
        let is_next = self.peek().kind == kind;
        if is_next {
            self.bump();
        }
        is_next
    }

    fn want(&mut self, kind: TokenKind) -> Parsed<Token> {
        if self.peek().kind == kind { Ok(self.bump()) } else { Err(Abort) }
    }

    fn text(&self, token: Token) -> &'q str {
        self.query.get(token.span.start..token.span.end).unwrap_or_default()
    }

    fn error(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::new(span, message));
    }

    /// Reports the token ahead, unless it is an error of the lexer, which is reported already.
    fn unexpected(&mut self, context: &str, expected: &str) {
        let token = self.peek();
        if token.kind == TokenKind::Error {
            return;
        }
        let mut message = format!("unexpected {}", token.describe(self.query));
        if !context.is_empty() {
            message.push_str(" in ");
            message.push_str(context);
        }
        let mut diagnostic = Diagnostic::new(token.span, message);
        if !expected.is_empty() {
            diagnostic.message.push_str(", expected ");
            diagnostic.message.push_str(expected);
            diagnostic.expected = Some(expected.to_owned());
        }
        self.diagnostics.push(diagnostic);
    }

    /// Skips tokens until one that `fits`; false if the query ends before.
    fn skip_until(&mut self, fits: impl Fn(TokenKind) -> bool) -> bool {
        loop {
            let kind = self.peek().kind;
            if fits(kind) {
                return true;
            }
            if matches!(kind, TokenKind::Eof | TokenKind::Error) {
                return false;
            }
            self.bump();
        }
    }

    /// Runs `parse` one level deeper. The limit is that of the tree's height, so that 20,000
    /// parentheses are an error and not the end of the process.
    fn deeper<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= HEIGHT_MAX {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = parse(self);
        self.depth -= 1;
        result
    }

    fn too_deep(&mut self) -> Abort {
        let span = self.peek().span;
        self.error(span, format!("expression is nested deeper than {HEIGHT_MAX} levels"));
        // Everything behind is meaningless; pretend that the lexer failed here.
        self.ahead = Some(Token { kind: TokenKind::Error, span });
        Abort
    }

    /// A node above children of which the highest has `height`.
    fn node(&mut self, kind: ExprKind, span: Span, height: u16) -> Parsed<Expr> {
        if height >= HEIGHT_MAX {
            return Err(self.too_deep());
        }
        Ok(Expr { kind, span, height: height + 1 })
    }
}
