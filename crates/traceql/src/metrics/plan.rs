//! One pipeline with its metrics stage as steps and a request, and its run over a source.

use model::{TimeNs, TimeRange};

use super::observe::Observer;
use super::{MetricsOptions, Series};
use crate::ast::{MetricsFunction, MetricsStage, Pipeline, Query};
use crate::error::Error;
use crate::matching::Matching;
use crate::source::{Control, Source};
use crate::spansets::Compiler;
use crate::value::Value;

/// What the hints of a query change. Hints for sampling are accepted and change nothing: all spans
/// are read.
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
    matching: Matching,
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
        let extrapolates = hints.extrapolates;
        let window = options.window;
        let observer = Observer::new(stage, window, limits, extrapolates, &mut compiler.fields);
        let first = if window.is_instant { window.start } else { window.start.saturating_add(1) };
        let range = TimeRange { start: TimeNs(first), end: TimeNs(window.end).saturating_add(1) };
        let needs_every = matches!(stage.function, MetricsFunction::Compare(_));
        let matching = Matching::new(compiler, steps, traces, range, needs_every);
        Ok(Self { matching, observer })
    }

    /// Reads and computes.
    pub fn run(
        self,
        source: &dyn Source,
        options: &MetricsOptions,
        control: &Control<'_>,
    ) -> Result<Vec<Series>, Error> {
        let Self { matching, mut observer } = self;
        let mut held = SeriesMemory { control, bytes: 0, per_series: options.window.len() * 16 };
        matching.run(source, control, |rows, matched| {
            observer.observe(rows, matched)?;
            held.follow(&observer)
        })?;
        Ok(observer.finish())
    }
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
