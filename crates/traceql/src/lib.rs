//! The Tempo query language over traces held by a source that the caller hands in.
//!
//! In: query text and a source of traces. Out: syntax trees, canonical text, matched spans and
//! series. A query's way: [`lexer`] and [`parser`] make a tree ([`ast`]), [`check`] says what is
//! wrong with it, [`search`] or [`metrics`] plan it, ask a [`source`] for columns and evaluate
//! them.
//!
//! Deliberately not here: clocks, sockets, files, SQL, requests and their parameters.
//!
//! | wanted | file |
//! |---|---|
//! | a word or operator | `lexer/token.rs` |
//! | grammar: filters, spansets, scalars, metrics | `parser/field.rs`, `spanset.rs`, `scalar.rs`, `metrics.rs` |
//! | an operator on values | `value/arithmetic.rs`, `value/compare.rs` |
//! | an expression over columns | `program.rs`, `program/test.rs` |
//! | `>> << > < ~` | `structural.rs` on `nested_set.rs` |
//! | `by`, `coalesce`, aggregates | `spansets/group.rs`, `spansets/aggregate.rs` |
//! | `rate` and its kin, quantiles, `compare` | `metrics/accumulate.rs`, `histogram.rs`, `compare.rs` |
//! | `topk`, `bottomk`, `> 5`, arithmetic of series | `metrics/second_stage.rs`, `math.rs` |
//! | what a source is asked and gives | `source.rs`, `conditions.rs`, `columns.rs` |

pub mod ast;
pub mod bits;
pub mod check;
pub mod columns;
pub mod conditions;
pub mod error;
pub mod format;
pub mod lenient;
pub mod lexer;
mod matching;
pub mod memory;
pub mod metrics;
pub mod nested_set;
pub mod parser;
pub mod place;
mod print;
pub mod program;
mod regexes;
pub mod rewrite;
pub mod search;
pub mod source;
pub mod spansets;
pub mod structural;
pub mod tags;
mod trace;
pub mod value;

pub use check::check;
pub use conditions::{conjunction, parse_conjunction};
pub use error::{Error, EvalError};
pub use format::format;
pub use parser::{parse, parse_attribute};
pub use place::{Diagnostic, Place, Problem};
