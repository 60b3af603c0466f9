//! The Loki query language over log entries held by a source that the caller hands in.
//!
//! In: query text, exact times, and a [`Source`]. Out: syntax trees, canonical text, streams and series.
//! [`parse`] reads a text, [`check`] says all that is wrong with it, [`evaluate`] answers it.
//!
//! | wanted | file |
//! |---|---|
//! | a word or operator, a duration, a size | `syntax/token.rs`, `syntax/duration.rs`, `syntax/bytes.rs` |
//! | grammar: `{...}`, stages, conditions, `[5m]`, aggregations and operators | `syntax/parser/selector.rs`, `stage.rs`, `label_filter.rs`, `range.rs`, `metric.rs` |
//! | a stage | `pipeline/` has a file of its name: `json.rs`, `logfmt.rs`, `regexp.rs`, `pattern_stage.rs`, `unpack.rs`, `line_format.rs`, `label_format.rs`, `decolorize.rs`, `drop_keep.rs`, `unwrap.rs` |
//! | `\|= != \|~ !~ \|> !>`, `ip(...)`, conditions on labels | `pipeline/line_filter.rs`, `ip.rs`, `label_filter.rs` |
//! | a function of templates | `pipeline/functions/*`; Go's own in `stdx::go::template` |
//! | `rate` and its kin, `*_over_time` | `eval/range.rs` (series), `eval/window.rs` (one window) |
//! | `sum topk sort ...`, operators, `label_replace` | `eval/vector.rs`, `eval/binary.rs`, `eval/label_replace.rs` |
//! | what a source is asked and gives | `source.rs`, `eval/plan.rs`, `eval/hints.rs` |
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
