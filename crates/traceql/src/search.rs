//! Searches: the newest traces that match a query, with their matching spans.
//!
//! In: a query, a source, a range and limits. Out: traces by start, newest first, then by id. A
//! trace matches through a span that starts in the range; all spansets are computed from the whole
//! trace. A metrics stage is left out and its pipeline searched, as the original does; arithmetic
//! of metrics cannot be searched.

mod output;
mod plan;

use model::{SpanId, TimeNs, TimeRange, TraceId};
use std::sync::Arc;

pub use plan::SearchPlan;

use crate::ast::Query;
use crate::columns::Batch;
use crate::error::Error;
use crate::matching::TRACES_AT_A_TIME;
use crate::program::Rows;
use crate::source::{Control, Source};
use crate::spansets::{Spanset, Trace, run};
use crate::trace;
use crate::value::{Patterns, Value};

/// What a search may return.
#[derive(Debug, Clone, Copy)]
pub struct SearchOptions {
    /// A matching span must start in it.
    pub range: TimeRange,
    /// Traces returned at most.
    pub limit: usize,
    /// Spans returned a spanset at most.
    pub spans_per_spanset: usize,
}

/// One trace that matches.
#[derive(Debug, Clone)]
pub struct FoundTrace {
    /// Its id.
    pub id: TraceId,
    /// `service.name` of its root; empty without a root.
    pub root_service_name: Arc<str>,
    /// Name of its root; empty without a root.
    pub root_name: Arc<str>,
    /// Start of its earliest span.
    pub start: TimeNs,
    /// Latest end minus earliest start.
    pub duration_nano: i64,
    /// Spansets that are left at the end of the pipeline.
    pub spansets: Vec<FoundSpanset>,
    /// Spans and failed spans a service, by name.
    pub services: Vec<ServiceStats>,
}

/// Spans of one service in a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceStats {
    /// Its `service.name`, empty when absent.
    pub service: Arc<str>,
    /// Spans.
    pub span_count: u32,
    /// Spans with status error.
    pub error_count: u32,
}

/// One spanset of a trace.
#[derive(Debug, Clone)]
pub struct FoundSpanset {
    /// All its spans, returned or not.
    pub matched: usize,
    /// What `by` and aggregates found out.
    pub attributes: Vec<(Arc<str>, Value)>,
    /// The first spans by start and id.
    pub spans: Vec<FoundSpan>,
}

/// One span of a spanset.
#[derive(Debug, Clone)]
pub struct FoundSpan {
    /// Its id.
    pub id: SpanId,
    /// When it started.
    pub start: TimeNs,
    /// End minus start.
    pub duration_nano: i64,
    /// Its name, if the query names it.
    pub name: Option<Arc<str>>,
    /// Attributes that the query names, under their names without scope.
    pub attributes: Vec<(Arc<str>, Value)>,
    /// Its row in the trace.
    pub(crate) row: usize,
}

/// What a search gives.
#[derive(Debug, Clone, Default)]
pub struct SearchResult {
    /// The traces.
    pub traces: Vec<FoundTrace>,
    /// Traces looked at.
    pub inspected_traces: u64,
    /// Spans looked at.
    pub inspected_spans: u64,
}

/// Runs a checked query.
pub fn search(
    query: &Query,
    source: &dyn Source,
    options: &SearchOptions,
    control: &Control<'_>,
) -> Result<SearchResult, Error> {
    let plan = SearchPlan::new(query, options)?;
    let mut result = SearchResult::default();
    if plan.request.is_empty() || options.limit == 0 {
        return Ok(result);
    }
    let mut scan = source.open(&plan.request, control)?;
    while let Some(candidates) = scan.next_candidates()? {
        for ids in candidates.traces.chunks(TRACES_AT_A_TIME) {
            control.check()?;
            let mut batch = scan.whole_traces(ids, &plan.request.fields)?;
            let bytes = batch.memory_bytes();
            control.take(bytes)?;
            result.inspected_traces += batch.traces.len() as u64;
            result.inspected_spans += batch.rows() as u64;
            plan.evaluate(&mut batch, options, &mut result.traces)?;
            control.give(bytes);
        }
        keep_newest(&mut result.traces, options.limit);
        let is_full = result.traces.len() >= options.limit;
        if is_full && result.traces.iter().all(|found| found.start >= candidates.floor) {
            break;
        }
    }
    let ids: Vec<TraceId> = result.traces.iter().map(|found| found.id).collect();
    for (n, ids) in ids.chunks(TRACES_AT_A_TIME).enumerate() {
        control.check()?;
        let mut batch = scan.whole_traces(ids, &plan.request.second_pass)?;
        let bytes = batch.memory_bytes();
        control.take(bytes)?;
        let start = n * TRACES_AT_A_TIME;
        plan.complete(&mut batch, &mut result.traces[start..start + ids.len()]);
        control.give(bytes);
    }
    Ok(result)
}

fn keep_newest(found: &mut Vec<FoundTrace>, limit: usize) {
    found.sort_by_key(|found| (std::cmp::Reverse(found.start), found.id));
    found.truncate(limit);
}

impl SearchPlan {
    /// Evaluates whole traces and adds those that match.
    fn evaluate(
        &self,
        batch: &mut Batch,
        options: &SearchOptions,
        found: &mut Vec<FoundTrace>,
    ) -> Result<(), Error> {
        let sets = trace::nested_sets(batch, &self.request.fields, self.needs_sets);
        trace::fill(batch, &self.request.fields, &sets);
        let patterns = Patterns::default();
        for (n, trace_rows) in batch.traces.iter().enumerate() {
            let range = trace_rows.rows.clone();
            let rows = Rows { batch, range: range.clone(), patterns: &patterns };
            let trace = Trace { rows, sets: sets.get(n) };
            let spansets = run(&self.steps, &trace, vec![Spanset::all(range.len())])?;
            let is_in_range = |row: usize| options.range.contains(TimeNs(batch.starts[range.start + row]));
            if spansets.iter().any(|spanset| spanset.rows.iter().any(is_in_range)) {
                found.push(output::found_trace(batch, n, &spansets, options.spans_per_spanset));
            }
        }
        Ok(())
    }
}
