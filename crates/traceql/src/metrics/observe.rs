//! Spans into series.
//!
//! In: batches and the rows that matched. Out: the series of one metrics stage. Spans outside the
//! window are left out here, so sources may deliver too much time.

use std::sync::Arc;

use hashbrown::HashMap;

use super::accumulate::Accumulator;
use super::compare::Comparer;
use super::exemplars::{Exemplars, Seen};
use super::labels::{self, Labels, NAME};
use super::sampling;
use super::{Series, Window};
use crate::ast::{Attribute, Intrinsic, MetricsFunction, MetricsStage};
use crate::bits::Bits;
use crate::columns::Field;
use crate::error::Error;
use crate::program::{Fields, Rows, Slot};
use crate::value::{Type, Value};

/// Collects the series of one metrics stage.
#[derive(Debug)]
pub struct Observer {
    function: MetricsFunction,
    by: Vec<Grouping>,
    value: Option<Vec<Slot>>,
    trace_state: Option<Slot>,
    window: Window,
    exemplars_max: usize,
    series_max: usize,
    groups: HashMap<Vec<Value>, usize>,
    series: Vec<(Vec<Value>, Accumulator, Exemplars)>,
    comparer: Option<Comparer>,
}

#[derive(Debug)]
struct Grouping {
    name: Arc<str>,
    slots: Vec<Slot>,
    /// Names of events and ids of links count as empty where there is none.
    is_repeated_text: bool,
}

impl Observer {
    /// For a checked stage; adds the fields it reads.
    pub fn new(
        stage: &MetricsStage,
        window: Window,
        (exemplars_max, series_max): (usize, usize),
        extrapolates: bool,
        fields: &mut Fields,
    ) -> Self {
        let grouping = |attribute: &Attribute, fields: &mut Fields| {
            let is_text = attribute.intrinsic.is_some_and(|intrinsic| {
                intrinsic.is_repeated() && intrinsic != Intrinsic::EventTimeSinceStart
            });
            Grouping {
                name: Arc::from(attribute.to_string()),
                slots: fields.slots(attribute),
                is_repeated_text: is_text,
            }
        };
        let by = stage.by.iter().map(|attribute| grouping(attribute, fields)).collect();
        let value = stage.function.attribute().map(|attribute| fields.slots(attribute));
        let trace_state = extrapolates.then(|| Slot::Column(fields.add(Field::TraceState)));
        let comparer = match &stage.function {
            MetricsFunction::Compare(comparison) => Some(Comparer::new(comparison, window, fields)),
            _ => None,
        };
        Self {
            function: stage.function.clone(),
            by,
            value,
            trace_state,
            window,
            exemplars_max,
            series_max,
            groups: HashMap::new(),
            series: Vec::new(),
            comparer,
        }
    }

    /// Adds the spans of `matched`.
    pub fn observe(&mut self, rows: &Rows<'_>, matched: &Bits) -> Result<(), Error> {
        if let Some(comparer) = &mut self.comparer {
            return comparer.observe(rows, matched);
        }
        let mut key: Vec<Value> = Vec::with_capacity(self.by.len());
        for row in matched.iter() {
            let at = rows.range.start + row;
            let Some(interval) = self.window.interval_of(rows.batch.starts[at]) else {
                continue;
            };
            let value = match &self.value {
                None => Value::Nil,
                Some(slots) => match number(slots, rows, row) {
                    Some(value) => value,
                    None => continue,
                },
            };
            if self.is_log2() && value.as_f64().and_then(super::log2_bucket).is_none() {
                continue;
            }
            let weight = self.weight(rows, row);
            key.clear();
            key.extend(self.by.iter().map(|grouping| group_value(grouping, rows, row)));
            let index = match self.groups.get(&key) {
                Some(index) => *index,
                None => self.new_series(&key, value.kind() == Type::Duration)?,
            };
            let (_, accumulator, exemplars) = &mut self.series[index];
            accumulator.add(interval, &value, weight);
            if self.exemplars_max > 0 {
                let trace = rows.batch.traces.partition_point(|trace| trace.rows.end <= at);
                let seen = Seen {
                    start: rows.batch.starts[at],
                    trace: rows.batch.traces.get(trace).map(|trace| trace.id).unwrap_or_default(),
                    span: rows.batch.span_ids[at],
                    value: value.as_metric().unwrap_or(f64::NAN),
                };
                let per_interval = self.exemplars_max.div_ceil(self.window.len().max(1));
                exemplars.offer(interval, seen, per_interval);
            }
        }
        Ok(())
    }

    fn is_log2(&self) -> bool {
        matches!(self.function, MetricsFunction::QuantileOverTime(..) | MetricsFunction::HistogramOverTime(_))
    }

    fn weight(&self, rows: &Rows<'_>, row: usize) -> f64 {
        match self.trace_state.map(|slot| slot.value(rows, row)) {
            Some(Value::Str(state)) => sampling::weight(&state),
            _ => 1.0,
        }
    }

    fn new_series(&mut self, key: &[Value], is_duration: bool) -> Result<usize, Error> {
        if self.series.len() >= self.series_max {
            return Err(Error::Limit { name: "series_max", max: self.series_max as u64 });
        }
        let intervals = self.window.len();
        let accumulator = Accumulator::new(&self.function, intervals, self.window.seconds(), is_duration);
        self.series.push((key.to_vec(), accumulator, Exemplars::default()));
        self.groups.insert(key.to_vec(), self.series.len() - 1);
        Ok(self.series.len() - 1)
    }

    /// Number of series so far, for the memory budget.
    pub fn len(&self) -> usize {
        self.comparer.as_ref().map_or(self.series.len(), Comparer::len)
    }

    /// Whether nothing was observed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The series.
    pub fn finish(self) -> Vec<Series> {
        if let Some(comparer) = self.comparer {
            return comparer.finish();
        }
        let names: Vec<Arc<str>> = self.by.iter().map(|grouping| Arc::clone(&grouping.name)).collect();
        let mut all = Vec::with_capacity(self.series.len());
        for (key, accumulator, exemplars) in &self.series {
            let grouped = labels::of_group(&names, key);
            let max = self.exemplars_max;
            let mut push = |labels: Labels, values: Vec<f64>| {
                let exemplars = exemplars.finish(&labels, &values, max);
                all.push(Series { labels, values, exemplars });
            };
            match (&self.function, accumulator) {
                (
                    MetricsFunction::QuantileOverTime(_, quantiles),
                    Accumulator::Log2(histograms, is_duration),
                ) => {
                    let scale = if *is_duration { 1e9 } else { 1.0 };
                    for q in quantiles {
                        let values = histograms.iter().map(|one| one.quantile(*q) / scale).collect();
                        push(with(&grouped, "p", Value::Float(*q)), values);
                    }
                }
                (_, Accumulator::Log2(histograms, is_duration)) => {
                    let scale = if *is_duration { 1e9 } else { 1.0 };
                    let mut buckets: Vec<i32> = histograms.iter().flat_map(|one| one.buckets()).collect();
                    buckets.sort_unstable();
                    buckets.dedup();
                    for bucket in buckets {
                        let bound = Value::Float(f64::from(bucket).exp2() / scale);
                        let values = histograms.iter().map(|one| one.weight(bucket)).collect();
                        push(with(&grouped, "__bucket", bound), values);
                    }
                }
                (function, accumulator) => {
                    let labels = if grouped.is_empty() {
                        vec![(Arc::from(NAME), Value::text(function.name()))]
                    } else {
                        grouped
                    };
                    push(labels, accumulator.values());
                }
            }
        }
        all
    }
}

fn with(labels: &Labels, name: &str, value: Value) -> Labels {
    let mut labels = labels.clone();
    labels.push((Arc::from(name), value));
    labels
}

/// The numeric value of a span, nil and other types left out.
fn number(slots: &[Slot], rows: &Rows<'_>, row: usize) -> Option<Value> {
    let mut values = slots.iter().map(|slot| slot.value(rows, row));
    values.find(|value| !value.is_nil()).filter(|value| match value {
        Value::Float(value) => !value.is_nan(),
        value => value.kind().is_numeric(),
    })
}

/// One value a span: of several events or links the last.
fn group_value(grouping: &Grouping, rows: &Rows<'_>, row: usize) -> Value {
    let mut values = grouping.slots.iter().map(|slot| slot.value(rows, row));
    match values.find(|value| !value.is_nil()) {
        Some(Value::Array(items)) => items.last().cloned().unwrap_or_default(),
        Some(value) => value,
        None if grouping.is_repeated_text => Value::text(""),
        None => Value::Nil,
    }
}
