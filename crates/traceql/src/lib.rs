//! The Tempo query language over traces held by a source that the caller hands in.
//!
//! In: query text and a source of traces. Out: syntax trees, canonical text, matched spans and series.

pub mod ast;
pub mod bits;
pub mod check;
pub mod columns;
pub mod error;
pub mod lexer;
pub mod nested_set;
pub mod parser;
pub mod place;
mod print;
mod program;
mod regexes;
pub mod structural;
pub mod value;

pub use check::check;
pub use error::{Error, EvalError};
pub use parser::{parse, parse_attribute};
pub use place::{Diagnostic, Place, Problem};
