//! Spans that a pipeline matches, read from a source piece by piece.
//!
//! In: compiled steps and a source. Out: calls with rows and the set of those that matched. Where every
//! step looks at one span alone, pieces of spans are read; else whole traces. The order of calls is the
//! source's.

use model::TimeRange;

use crate::bits::Bits;
use crate::columns::Batch;
use crate::error::Error;
use crate::nested_set::NestedSets;
use crate::program::Rows;
use crate::source::{Control, Order, Request, Source, TraceTree};
use crate::spansets::{Compiler, Spanset, Step, Trace, run};
use crate::trace;
use crate::value::Patterns;

/// Traces evaluated at a time. Bounds the memory of a piece; small enough to be cancelled soon.
pub const TRACES_AT_A_TIME: usize = 64;

/// Steps and what they ask of a source.
#[derive(Debug)]
pub struct Matching {
    /// What is asked.
    pub request: Request,
    steps: Vec<Step>,
    needs_sets: bool,
}

impl Matching {
    /// From compiled steps; `range` is that of the starts of spans that count.
    pub fn new(
        mut compiler: Compiler,
        steps: Vec<Step>,
        traces: TraceTree,
        range: TimeRange,
        needs_every_attribute: bool,
    ) -> Self {
        compiler.finish();
        let needs_sets = compiler.needs_sets();
        let request = Request {
            spansets: compiler.spansets,
            traces,
            range,
            order: Order::Any,
            limit: None,
            fields: compiler.fields.as_slice().to_vec(),
            second_pass: Vec::new(),
            needs_whole_traces: compiler.needs_whole_traces,
            needs_every_attribute,
        };
        Self { request, steps, needs_sets }
    }

    /// Reads everything.
    pub fn run(
        &self,
        source: &dyn Source,
        control: &Control<'_>,
        mut visit: impl FnMut(&Rows<'_>, &Bits) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let request = &self.request;
        if request.is_empty() {
            return Ok(());
        }
        let mut scan = source.open(request, control)?;
        if !request.needs_whole_traces {
            while let Some(batch) = scan.next_spans()? {
                control.check()?;
                let bytes = batch.memory_bytes();
                control.take(bytes)?;
                // Steps that need no whole trace look at one span at a time, so a piece is as good.
                self.visit(&batch, 0..batch.rows(), None, &mut visit)?;
                control.give(bytes);
            }
            return Ok(());
        }
        while let Some(candidates) = scan.next_candidates()? {
            for ids in candidates.traces.chunks(TRACES_AT_A_TIME) {
                control.check()?;
                let mut batch = scan.whole_traces(ids, &request.fields)?;
                let bytes = batch.memory_bytes();
                control.take(bytes)?;
                let sets = trace::nested_sets(&batch, &request.fields, self.needs_sets);
                trace::fill(&mut batch, &request.fields, &sets);
                for (n, trace) in batch.traces.iter().enumerate() {
                    self.visit(&batch, trace.rows.clone(), sets.get(n), &mut visit)?;
                }
                control.give(bytes);
            }
        }
        Ok(())
    }

    fn visit(
        &self,
        batch: &Batch,
        range: std::ops::Range<usize>,
        sets: Option<&NestedSets>,
        visit: &mut impl FnMut(&Rows<'_>, &Bits) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let patterns = Patterns::default();
        let all = Spanset::all(range.len());
        let trace = Trace { rows: Rows { batch, range, patterns: &patterns }, sets };
        for spanset in run(&self.steps, &trace, vec![all])? {
            visit(&trace.rows, &spanset.rows)?;
        }
        Ok(())
    }
}
