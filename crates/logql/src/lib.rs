//! The Loki query language over log entries held by a source that the caller hands in.
//!
//! In: query text, exact times, and a [`Source`]. Out: syntax trees, canonical text, streams and series.
//! [`parse`] reads a text, [`check`] says all that is wrong with it, [`evaluate`] answers it.
//!
//! Deliberately not here: a clock, sockets and files; alignment of times to the step, caps on entries
//! and the reading of request parameters, which belong to the API; and the storage, which implements
//! [`Source`].

pub mod check;
pub mod error;
pub mod eval;
pub mod labels;
pub mod pipeline;
pub mod source;
pub mod syntax;

pub use check::check;
pub use error::Error;
pub use eval::{Answer, Control, Params, Series, StreamEntry, StreamResult, evaluate};
pub use labels::LabelSet;
pub use source::{Batch, Batches, Direction, MemorySource, Request, Source};
pub use syntax::format::format;
pub use syntax::{Diagnostic, Expr, Parsed, Span, parse};
