//! Tokens to syntax tree, with recovery.
//!
//! In: query text. Out: a tree, perhaps with gaps, and diagnostics in the order of the text; a
//! query is good when there is none. Recursive descent by precedence; depth is limited by
//! [`NESTING_MAX`]. Literals are folded on the way (`1 + 1` is `2`, `x != nil` is a test for
//! existence), as the original does, so that canonical texts agree. Types are not looked at here;
//! `check` does that.
//!
//! After an error inside braces the reader goes on behind the next `&&`, `||`, `)` or `}`; outside
//! braces behind the next bar.

mod attribute;
mod field;
mod fold;
mod metrics;
mod root;
mod scalar;
mod spanset;

pub use attribute::parse_attribute;

use crate::ast::Query;
use crate::lexer::{Kind, Payload, Token, lex};
use crate::place::{Diagnostic, Place, Problem};

/// Levels of parentheses, operators and pipelines that a query may nest. Keeps every walk over a
/// tree far from the end of a thread's stack.
pub const NESTING_MAX: u32 = 200;

/// Bytes of text that are parsed, as the original's limit.
pub const QUERY_BYTES_MAX: usize = 128 * 1024;

/// What could be read of a query.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The tree; parts that could not be read are `Missing`. `None` if nothing could be read.
    pub query: Option<Query>,
    /// What is wrong; empty for a good query.
    pub diagnostics: Vec<Diagnostic>,
}

/// Reads as much of `text` as can be read.
pub fn parse_with_recovery(text: &str) -> Parsed {
    if text.len() > QUERY_BYTES_MAX {
        let message = format!("query of {} bytes is longer than {QUERY_BYTES_MAX} bytes", text.len());
        let span = Place::new(QUERY_BYTES_MAX, text.len());
        let diagnostic = Diagnostic { span, message, expected: Vec::new(), problem: Problem::Limit };
        return Parsed { query: None, diagnostics: vec![diagnostic] };
    }
    let mut parser = Parser::new(text);
    let query = parser.query();
    Parsed { query, diagnostics: parser.diagnostics }
}

/// Reads a query; the error is the first one of the text.
pub fn parse(text: &str) -> Result<Query, Diagnostic> {
    let Parsed { query, diagnostics } = parse_with_recovery(text);
    match (query, diagnostics.into_iter().next()) {
        (_, Some(first)) => Err(first),
        (Some(query), None) => Ok(query),
        (None, None) => Err(Diagnostic {
            span: Place::default(),
            message: "syntax error: unexpected $end".to_owned(),
            expected: Vec::new(),
            problem: Problem::Syntax,
        }),
    }
}

/// A diagnostic was noted; the caller decides where to go on.
#[derive(Debug, Clone, Copy)]
struct Failed;

type Read<T> = Result<T, Failed>;

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: u32,
    diagnostics: Vec<Diagnostic>,
}

impl Parser {
    fn new(text: &str) -> Self {
        Self { tokens: lex(text), at: 0, depth: 0, diagnostics: Vec::new() }
    }

    /// The current token; the last one, which is `End`, never goes away.
    fn token(&self) -> &Token {
        &self.tokens[self.at.min(self.tokens.len() - 1)]
    }

    fn kind(&self) -> Kind {
        self.token().kind
    }

    fn place(&self) -> Place {
        self.token().place
    }

    /// The place of the token before the current one.
    fn last_place(&self) -> Place {
        self.tokens[self.at.saturating_sub(1).min(self.tokens.len() - 1)].place
    }

    fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    fn accept(&mut self, kind: Kind) -> bool {
        let is_there = self.kind() == kind;
        if is_there {
            self.advance();
        }
        is_there
    }

    /// Takes a token of this kind, or fails naming what else may stand there too.
    fn expect(&mut self, kind: Kind, others: &[Kind]) -> Read<()> {
        if self.accept(kind) {
            return Ok(());
        }
        let mut expected = vec![kind];
        expected.extend(others);
        Err(self.unexpected(&expected))
    }

    /// Notes that the current token may not stand there. The original lists up to four
    /// alternatives.
    fn unexpected(&mut self, expected: &[Kind]) -> Failed {
        let token = self.token();
        let span = token.place;
        let mut expected: Vec<Kind> = expected.to_vec();
        expected.sort_by_key(|kind| *kind as u32);
        let expected: Vec<String> = expected.iter().map(|kind| kind.symbol().to_owned()).collect();
        let message = match (&token.kind, &token.payload) {
            (Kind::Broken, Payload::Text(message)) => message.to_string(),
            (kind, _) => {
                let mut message = format!("syntax error: unexpected {}", kind.symbol());
                if (1..=4).contains(&expected.len()) {
                    message.push_str(", expecting ");
                    message.push_str(&expected.join(" or "));
                }
                message
            }
        };
        self.fail(span, message, expected)
    }

    fn fail(&mut self, span: Place, message: String, expected: Vec<String>) -> Failed {
        self.diagnostics.push(Diagnostic { span, message, expected, problem: Problem::Syntax });
        Failed
    }

    fn fail_here(&mut self, message: &str) -> Failed {
        self.fail(self.place(), message.to_owned(), Vec::new())
    }

    /// Runs `read` one level deeper.
    fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth >= NESTING_MAX {
            return Err(self.too_deep());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// One more than the highest of `heights`, within the limit.
    fn height_over(&mut self, heights: &[u32]) -> Read<u32> {
        let height = heights.iter().copied().max().unwrap_or(0) + 1;
        if height > NESTING_MAX { Err(self.too_deep()) } else { Ok(height) }
    }

    fn too_deep(&mut self) -> Failed {
        let span = self.place();
        // Nothing after it can be read in a useful way.
        self.at = self.tokens.len() - 1;
        self.diagnostics.push(Diagnostic {
            span,
            message: format!("query nests deeper than {NESTING_MAX} levels"),
            expected: Vec::new(),
            problem: Problem::Limit,
        });
        Failed
    }
}
