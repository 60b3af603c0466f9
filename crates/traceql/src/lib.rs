//! The Tempo query language over traces held by a source that the caller hands in.
//!
//! In: query text and a source of traces. Out: syntax trees, canonical text, matched spans and series.

pub mod ast;
pub mod check;
pub mod error;
pub mod lexer;
pub mod parser;
pub mod place;
mod print;
mod regexes;
pub mod value;

pub use check::check;
pub use error::{Error, EvalError};
pub use parser::{parse, parse_attribute};
pub use place::{Diagnostic, Place, Problem};
