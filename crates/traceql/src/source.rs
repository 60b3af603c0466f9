//! The one door to the data: what an evaluation asks for and what it gets.
//!
//! Down goes a [`Request`]: conditions, time, order, limit, fields, and whether whole traces are
//! needed. Up come either spans in pieces of any cut, or candidate traces and then, on request,
//! whole traces, so that root names, child counts and nested sets never come from a fragment. Pull
//! and synchronous; every call looks at the [`Control`], which cancels and bounds memory. A source
//! may deliver too much (it need not apply any condition), never too little: spans outside the time
//! range may come, none inside may miss.

use std::cell::Cell;

use model::{TimeNs, TimeRange, TraceId};

use crate::ast::AttributeScope;
use crate::columns::{Batch, Field};
use crate::conditions::Tree;
use crate::error::Error;

/// How the spansets of a query must be met by one trace.
#[derive(Debug, Clone, PartialEq)]
pub enum TraceTree {
    /// Any trace may match.
    Any,
    /// A span of the trace satisfies this spanset's conditions.
    Spanset(usize),
    /// All hold.
    All(Vec<TraceTree>),
    /// At least one holds.
    OneOf(Vec<TraceTree>),
}

/// In which order candidate traces come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By the start of the earliest stored span, newest first.
    NewestFirst,
    /// As the source likes.
    Any,
}

/// What an evaluation asks of a source.
#[derive(Debug, Clone)]
pub struct Request {
    /// Conditions, one tree a spanset filter of the query.
    pub spansets: Vec<Tree>,
    /// How a trace must meet them.
    pub traces: TraceTree,
    /// Spans that start in it can match.
    pub range: TimeRange,
    /// Order of candidate traces.
    pub order: Order,
    /// Traces wanted; `None` for all.
    pub limit: Option<usize>,
    /// Columns for the evaluation.
    pub fields: Vec<Field>,
    /// Columns for the traces that are found, asked for in a second pass.
    pub second_pass: Vec<Field>,
    /// Whether [`Scan::next_candidates`] and [`Scan::whole_traces`] will be called, else
    /// [`Scan::next_spans`].
    pub needs_whole_traces: bool,
    /// Whether every attribute of every span is wanted, in [`Batch::every_attribute`].
    pub needs_every_attribute: bool,
}

impl Request {
    /// Whether nothing can match, so that nothing need be read.
    pub fn is_empty(&self) -> bool {
        let nothing = |n: &usize| self.spansets.get(*n) == Some(&Tree::NOTHING);
        fn is_empty(tree: &TraceTree, nothing: &dyn Fn(&usize) -> bool) -> bool {
            match tree {
                TraceTree::Any => false,
                TraceTree::Spanset(n) => nothing(n),
                TraceTree::All(trees) => trees.iter().any(|tree| is_empty(tree, nothing)),
                TraceTree::OneOf(trees) => trees.iter().all(|tree| is_empty(tree, nothing)),
            }
        }
        is_empty(&self.traces, &nothing)
    }
}

/// Traces that may match.
#[derive(Debug, Clone)]
pub struct Candidates {
    /// Their ids, each once in a scan.
    pub traces: Vec<TraceId>,
    /// Every trace that is still to come starts before it. [`TimeNs::MAX`] where no order is kept.
    pub floor: TimeNs,
}

/// Traces, wherever they lie.
pub trait Source {
    /// Starts to read. Nothing is read before the first call of the scan.
    fn open<'s>(
        &'s self,
        request: &'s Request,
        control: &'s Control<'s>,
    ) -> Result<Box<dyn Scan + 's>, Error>;
}

/// One reading of a source.
pub trait Scan {
    /// More spans, `None` at the end.
    fn next_spans(&mut self) -> Result<Option<Batch>, Error>;

    /// More candidate traces, `None` at the end.
    fn next_candidates(&mut self) -> Result<Option<Candidates>, Error>;

    /// All stored spans of these traces, each trace once and in the order asked, its rows in the
    /// same order in every call of a scan. Traces that are gone are left out.
    fn whole_traces(&mut self, traces: &[TraceId], fields: &[Field]) -> Result<Batch, Error>;
}

/// An attribute with its scope and value, as [`Batch::every_attribute`] lists it.
pub type ScopedAttribute = (AttributeScope, std::sync::Arc<str>, crate::value::Value);

/// Cancels an evaluation and bounds its memory.
pub struct Control<'c> {
    is_cancelled: &'c dyn Fn() -> bool,
    bytes_max: usize,
    bytes: Cell<usize>,
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Control({} of {} bytes)", self.bytes.get(), self.bytes_max)
    }
}

impl<'c> Control<'c> {
    /// `is_cancelled` is asked between pieces; `bytes_max` bounds what is held at a time, batches
    /// and results.
    pub const fn new(is_cancelled: &'c dyn Fn() -> bool, bytes_max: usize) -> Self {
        Self { is_cancelled, bytes_max, bytes: Cell::new(0) }
    }

    /// Fails when the query was cancelled.
    pub fn check(&self) -> Result<(), Error> {
        if (self.is_cancelled)() { Err(Error::Cancelled) } else { Ok(()) }
    }

    /// Takes memory; fails when it is used up.
    pub fn take(&self, bytes: usize) -> Result<(), Error> {
        let held = self.bytes.get().saturating_add(bytes);
        if held > self.bytes_max {
            return Err(Error::Limit { name: "memory_bytes_max", max: self.bytes_max as u64 });
        }
        self.bytes.set(held);
        Ok(())
    }

    /// Gives memory back.
    pub fn give(&self, bytes: usize) {
        self.bytes.set(self.bytes.get().saturating_sub(bytes));
    }
}
