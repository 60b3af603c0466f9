//! Tokens to tree, by recursive descent.
//!
//! In: query text. Out: a tree and complaints. The first complaint is the original's, with its text and
//! position; after it the parser goes on at the next stage, matcher or closing parenthesis, so that an
//! editor gets the rest of the tree too. Messages list what was expected if that is at most four
//! tokens, as the original's generated parser does.

mod label_filter;
mod metric;
mod range;
mod selector;
mod stage;

use super::ast::{Expr, ExprKind};
use super::diagnostic::Diagnostic;
use super::lexer::lex;
use super::span::Span;
use super::token::{Token, TokenKind};
use super::{NESTING_MAX, QUERY_BYTES_MAX, validate};

/// A tree and what is wrong with its text.
#[derive(Debug, Clone, PartialEq)]
pub struct Parsed {
    /// The tree; with `Error` nodes if there are complaints.
    pub expr: Expr,
    /// Complaints; the first one is the original's.
    pub diagnostics: Vec<Diagnostic>,
}

impl Parsed {
    /// The tree of a text without complaints, else the first complaint.
    pub fn into_result(self) -> Result<Expr, Diagnostic> {
        match self.diagnostics.into_iter().next() {
            Some(first) => Err(first),
            None => Ok(self.expr),
        }
    }
}

/// Reads a query.
pub fn parse(source: &str) -> Parsed {
    if source.len() > QUERY_BYTES_MAX {
        let text = format!("input size too long ({} > {QUERY_BYTES_MAX})", source.len());
        let span = Span::new(0, 0);
        let expr = Expr { kind: ExprKind::Error, span };
        return Parsed { expr, diagnostics: vec![Diagnostic::about(span, text)] };
    }
    let lexed = lex(source);
    let mut parser = Parser {
        source,
        tokens: &lexed.tokens,
        at: 0,
        lexical: lexed.error,
        diagnostics: Vec::new(),
        nesting: 0,
    };
    let expr = parser.expression(0).unwrap_or_else(|Failed| parser.error_node());
    if parser.diagnostics.is_empty() && parser.kind() != TokenKind::End {
        parser.unexpected(&[]);
    }
    if let Some(error) = parser.lexical.take() {
        parser.diagnostics.push(error);
    }
    let mut diagnostics = parser.diagnostics;
    if diagnostics.is_empty() {
        validate::check_matchers(&expr, &mut diagnostics);
    }
    Parsed { expr, diagnostics }
}

/// A rule could not be read; the complaint is already noted.
#[derive(Debug, Clone, Copy)]
struct Failed;

type Parse<T> = Result<T, Failed>;

struct Parser<'a> {
    source: &'a str,
    tokens: &'a [Token],
    at: usize,
    lexical: Option<Diagnostic>,
    diagnostics: Vec<Diagnostic>,
    nesting: usize,
}

impl Parser<'_> {
    fn token(&self) -> Token {
        self.tokens[self.at]
    }

    fn kind(&self) -> TokenKind {
        self.tokens[self.at].kind
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span
    }

    /// The span of the token before the current one.
    fn last_span(&self) -> Span {
        self.tokens[self.at.saturating_sub(1)].span
    }

    /// Takes the current token. The last one, `End`, stays.
    fn advance(&mut self) -> Token {
        let token = self.tokens[self.at];
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
        token
    }

    fn take_if(&mut self, kind: TokenKind) -> bool {
        let is_there = self.kind() == kind;
        if is_there {
            self.advance();
        }
        is_there
    }

    /// Takes a token of this kind, or complains that it was expected.
    fn expect(&mut self, kind: TokenKind) -> Parse<Token> {
        if self.kind() == kind { Ok(self.advance()) } else { Err(self.unexpected(&[kind])) }
    }

    fn expect_string(&mut self) -> Parse<String> {
        let token = self.expect(TokenKind::String)?;
        Ok(self.string_value(token.span))
    }

    fn expect_identifier(&mut self) -> Parse<String> {
        let token = self.expect(TokenKind::Identifier)?;
        self.identifier_value(token)
    }

    /// The text of a name. Characters that start nothing are identifiers to the lexer, as in the
    /// original, but no names.
    fn identifier_value(&mut self, token: Token) -> Parse<String> {
        let text = token.span.text(self.source);
        if text.starts_with(|c: char| c == '_' || stdx::go::text::is_letter(c)) {
            return Ok(text.to_owned());
        }
        self.complain_at(token, "syntax error: unexpected IDENTIFIER".to_owned(), Vec::new());
        Err(Failed)
    }

    /// The value of a string literal; the lexer has checked its escapes.
    fn string_value(&self, span: Span) -> String {
        let literal = span.text(self.source);
        stdx::go::quote::unquote_string(literal).unwrap_or_else(|_| literal.to_owned())
    }

    /// Complains about the current token, unless the lexer has already said what is wrong here.
    fn unexpected(&mut self, expected: &[TokenKind]) -> Failed {
        let token = self.token();
        if token.kind == TokenKind::End
            && let Some(error) = self.lexical.take()
        {
            self.diagnostics.push(error);
            return Failed;
        }
        let names: Vec<String> = expected.iter().map(|kind| kind.shown().to_owned()).collect();
        let mut message = format!("syntax error: unexpected {}", token.kind.shown());
        for (index, name) in names.iter().enumerate() {
            message.push_str(if index == 0 { ", expecting " } else { " or " });
            message.push_str(name);
        }
        self.complain_at(token, message, names);
        Failed
    }

    fn complain_at(&mut self, token: Token, message: String, expected: Vec<String>) {
        let (mut line, mut column) = token.span.line_and_column(self.source);
        if !token.has_line {
            line = 0;
        }
        if self.tokens.len() == 1 {
            // The original has no position before its first character.
            (line, column) = (0, 0);
        }
        self.diagnostics.push(Diagnostic { span: token.span, line, column, message, expected });
    }

    /// Complains about the meaning of an expression.
    fn complain(&mut self, span: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::about(span, message));
    }

    fn error_node(&self) -> Expr {
        Expr { kind: ExprKind::Error, span: self.span() }
    }

    /// Goes one level down, or complains that this is deep enough.
    fn enter(&mut self) -> Parse<()> {
        self.nesting += 1;
        if self.nesting <= NESTING_MAX {
            return Ok(());
        }
        // One complaint is enough for all the levels above.
        let text = format!("expression is nested too deeply (limit {NESTING_MAX} levels)");
        let span = self.span();
        self.complain(span, text);
        self.at = self.tokens.len() - 1;
        self.lexical = None;
        Err(Failed)
    }

    fn leave(&mut self) {
        self.nesting -= 1;
    }

    /// Skips to a token of `stop` outside of parentheses that open on the way, or to an unmatched
    /// closing one.
    fn skip_to(&mut self, stop: impl Fn(TokenKind) -> bool) {
        let mut open = 0_usize;
        loop {
            match self.kind() {
                TokenKind::End => return,
                kind if open == 0 && stop(kind) => return,
                TokenKind::OpenParen => open += 1,
                TokenKind::CloseParen if open == 0 => return,
                TokenKind::CloseParen => open -= 1,
                _ => {}
            }
            self.advance();
        }
    }
}
