//! One pipeline with its metrics stage as steps and a request, and its run over a source.

use model::{TimeNs, TimeRange};

use super::observe::Observer;
use super::{MetricsOptions, Series};
use crate::ast::{MetricsFunction, MetricsStage, Pipeline, Query};
use crate::columns::Batch;
use crate::error::Error;
use crate::program::Rows;
use crate::source::{Control, Order, Request, Source};
use crate::spansets::{Compiler, Spanset, Step, Trace, run};
use crate::trace;
use crate::value::{Patterns, Value};

/// Traces evaluated at a time.
const TRACES_AT_A_TIME: usize = 64;

/// What the hints of a query change. Hints for sampling are accepted and change nothing: all spans are read.
#[derive(Debug, Clone, Copy)]
pub struct Hints {
    /// Exemplars a series.
    pub exemplars_max: usize,
    /// Whether spans count for those that sampling dropped.
    pub extrapolates: bool,
}

impl Hints {
    /// Of a query under these options.
    pub fn of(query: &Query, options: &MetricsOptions) -> Self {
        let mut hints = Self { exemplars_max: options.exemplars_max, extrapolates: false };
        for hint in &query.hints {
            match (hint.name.as_str(), &hint.value) {
                ("exemplars", Value::Bool(false)) => hints.exemplars_max = 0,
                ("exemplars", Value::Int(max)) => {
                    let max = usize::try_from(*max).unwrap_or(0);
                    hints.exemplars_max = hints.exemplars_max.min(max);
                }
                ("extrapolate", Value::Bool(is_on)) => hints.extrapolates = *is_on,
                _ => {}
            }
        }
        hints
    }
}

/// What one pipeline of a metrics query does.
#[derive(Debug)]
pub struct SeriesPlan {
    request: Request,
    steps: Vec<Step>,
    needs_sets: bool,
    observer: Observer,
}

impl SeriesPlan {
    /// Plans a checked pipeline.
    pub fn new(
        pipeline: &Pipeline,
        stage: &MetricsStage,
        options: &MetricsOptions,
        hints: &Hints,
    ) -> Result<Self, Error> {
        let mut compiler = Compiler::default();
        let (steps, traces) = compiler.pipeline(pipeline)?;
        let limits = (hints.exemplars_max, options.series_max);
        let observer =
            Observer::new(stage, options.window, limits, hints.extrapolates, &mut compiler.fields);
        compiler.finish();
        let window = options.window;
        let first = if window.is_instant { window.start } else { window.start.saturating_add(1) };
        let range =
            TimeRange { start: TimeNs(first), end: TimeNs(window.end).saturating_add(1) };
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
            needs_every_attribute: matches!(stage.function, MetricsFunction::Compare(_)),
        };
        Ok(Self { request, steps, needs_sets, observer })
    }

    /// Reads and computes.
    pub fn run(
        self,
        source: &dyn Source,
        options: &MetricsOptions,
        control: &Control<'_>,
    ) -> Result<Vec<Series>, Error> {
        let Self { request, steps, needs_sets, mut observer } = self;
        if request.is_empty() {
            return Ok(Vec::new());
        }
        let mut held = SeriesMemory { control, bytes: 0, per_series: options.window.len() * 16 };
        let mut scan = source.open(&request, control)?;
        if request.needs_whole_traces {
            while let Some(candidates) = scan.next_candidates()? {
                for ids in candidates.traces.chunks(TRACES_AT_A_TIME) {
                    control.check()?;
                    let mut batch = scan.whole_traces(ids, &request.fields)?;
                    let bytes = batch.memory_bytes();
                    control.take(bytes)?;
                    let sets = trace::nested_sets(&batch, &request.fields, needs_sets);
                    trace::fill(&mut batch, &request.fields, &sets);
                    for (n, trace) in batch.traces.iter().enumerate() {
                        observe(&steps, &batch, trace.rows.clone(), sets.get(n), &mut observer)?;
                    }
                    held.follow(&observer)?;
                    control.give(bytes);
                }
            }
        } else {
            while let Some(batch) = scan.next_spans()? {
                control.check()?;
                let bytes = batch.memory_bytes();
                control.take(bytes)?;
                // Steps that need no whole trace look at one span at a time, so a piece is as good as one.
                observe(&steps, &batch, 0..batch.rows(), None, &mut observer)?;
                held.follow(&observer)?;
                control.give(bytes);
            }
        }
        Ok(observer.finish())
    }
}

fn observe(
    steps: &[Step],
    batch: &Batch,
    range: std::ops::Range<usize>,
    sets: Option<&crate::nested_set::NestedSets>,
    observer: &mut Observer,
) -> Result<(), Error> {
    let patterns = Patterns::default();
    let all = Spanset::all(range.len());
    let trace = Trace { rows: Rows { batch, range, patterns: &patterns }, sets };
    for spanset in run(steps, &trace, vec![all])? {
        observer.observe(&trace.rows, &spanset.rows)?;
    }
    Ok(())
}

/// Memory of the series, taken as they appear and given back at the end.
struct SeriesMemory<'c> {
    control: &'c Control<'c>,
    bytes: usize,
    per_series: usize,
}

impl SeriesMemory<'_> {
    fn follow(&mut self, observer: &Observer) -> Result<(), Error> {
        let bytes = observer.len().saturating_mul(self.per_series);
        if bytes > self.bytes {
            self.control.take(bytes - self.bytes)?;
            self.bytes = bytes;
        }
        Ok(())
    }
}

impl Drop for SeriesMemory<'_> {
    fn drop(&mut self) {
        self.control.give(self.bytes);
    }
}
