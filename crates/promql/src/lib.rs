//! The Prometheus query language over series held by a source that the caller hands in.
//!
//! In: query text and a source of series. Out: syntax trees, canonical text, values with annotations.
//! Not here: clocks, I/O, HTTP parameters and their errors, alignment to steps, caps on points.
//!
//! The way of a query: `lexer` (tokens) -> `parser` (tree, one file a part of the grammar) -> `check`
//! (types) -> `eval/plan` (durations, `@`, what does not depend on the step) -> `eval/operator` (which
//! file does what) -> `source` (what is asked for) -> `eval/*` (one file an operator or a family of
//! functions) -> `eval` (merging, sorting). `print` and `pretty` go back to text.
//!
//! | wanted | file |
//! |---|---|
//! | a word, number, string | `token.rs`, `lexer/number.rs`, `lexer/text.rs` |
//! | grammar: selectors, `[5m]` `offset` `@`, calls, operators | `parser/selector.rs`, `postfix.rs`, `call.rs`, `expr.rs`, `binary.rs` |
//! | which functions there are | `signature.rs` |
//! | `rate` and its kin, `*_over_time`, `deriv` and its kin, `changes` | `eval/rate.rs`, `over_time.rs`, `regression.rs`, `changes.rs` |
//! | `anchored`, `smoothed` | `eval/extended.rs` |
//! | `abs`, `clamp`, `round`, trigonometry; dates; labels; sorting | `eval/elementwise.rs`, `date.rs`, `labels.rs`, `sorting.rs` |
//! | `histogram_*`, native and classic | `eval/histogram_functions.rs`, `classic.rs`, `hist/*` |
//! | `sum` and its kin, `topk` and its kin, `count_values` | `eval/aggregate.rs`, `aggregate_k.rs`, `count_values.rs` |
//! | `+ == >` on samples, on vectors; `and or unless` | `eval/arithmetic.rs`, `binary.rs`, `sets.rs` |
//! | `absent`, `info` | `eval/absent.rs`, `info.rs` |
//! | lookback and staleness, windows, subqueries | `eval/instant.rs`, `range.rs` |
//! | what a source is asked and gives | `source.rs`, `eval/plan/hints.rs` |
//!
//! ```
//! use promql::{ParseOptions, parse};
//!
//! let tree = parse("sum by(job)(rate(x[5m]))", ParseOptions::default())?;
//! assert_eq!(tree.to_string(), "sum by (job) (rate(x[5m]))");
//! # Ok::<(), promql::ParseErrors>(())
//! ```

mod annotation;
pub mod ast;
mod check;
mod diagnostic;
pub mod duration;
mod eval;
pub mod hist;
pub mod lexer;
mod literal;
mod matcher;
mod parser;
mod pretty;
mod print;
pub mod series;
pub mod signature;
pub mod source;
mod span;
pub mod token;

pub use annotation::{Annotation, Annotations, Severity};
pub use diagnostic::{Diagnostic, ParseErrors};
pub use eval::{Error, EvalOptions, Outcome, ResultSeries, SampleValue, Value, When, evaluate};
pub use matcher::{MatchOp, Matcher};
pub use parser::{NAME_LABEL, ParseOptions, check, parse, parse_metric_selector, parse_partial};
pub use pretty::LINE_BYTES_MAX;
pub use span::Span;
