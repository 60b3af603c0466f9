//! Text to tree and back: lexer, parser, checks, canonical and readable print.
//!
//! In: query text. Out: a tree with spans and complaints in the original's words, or text. A tree comes
//! out of any text, with `Error` nodes where it could not be read, because editors need it.

pub mod ast;
pub mod bytes;
pub mod diagnostic;
pub mod duration;
pub mod format;
pub mod lexer;
pub mod parser;
pub mod print;
pub mod scalar;
pub mod span;
pub mod token;
pub mod validate;

pub use ast::{Expr, ExprKind};
pub use diagnostic::Diagnostic;
pub use parser::{Parsed, parse};
pub use span::Span;

/// The longest query text, in bytes, as in the original.
pub const QUERY_BYTES_MAX: usize = 131_072;

/// Parentheses and functions inside each other. Bounds the stack: a level takes about 1 KiB of it.
pub const NESTING_MAX: usize = 200;

/// Operands that one chain of operators may have. A chain is a tree as high as it is long, and walking
/// the tree takes stack.
pub const CHAIN_MAX: usize = 1_000;
