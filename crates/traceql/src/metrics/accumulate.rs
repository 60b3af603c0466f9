//! What a series keeps of the spans of each interval.
//!
//! Whole numbers and durations are summed exactly and floats with compensation, so that the order
//! of spans does not matter.

use super::histogram::{Log2Histogram, log2_bucket};
use crate::ast::MetricsFunction;
use crate::value::Value;

/// A sum of values with its weight.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Sum {
    whole: i128,
    nanos: i128,
    float: f64,
    lost: f64,
    weight: f64,
}

impl Sum {
    fn add(&mut self, value: &Value, weight: f64) {
        match value {
            Value::Int(value) if weight == 1.0 => self.whole += i128::from(*value),
            Value::Duration(ns) if weight == 1.0 => self.nanos += i128::from(*ns),
            other => self.add_float(other.as_metric().unwrap_or(0.0) * weight),
        }
        self.weight += weight;
    }

    /// Neumaier's summation.
    fn add_float(&mut self, value: f64) {
        let sum = self.float + value;
        self.lost += if self.float.abs() >= value.abs() {
            (self.float - sum) + value
        } else {
            (value - sum) + self.float
        };
        self.float = sum;
    }

    fn total(&self) -> f64 {
        let float = if self.float.is_finite() { self.float + self.lost } else { self.float };
        self.whole as f64 + self.nanos as f64 / 1e9 + float
    }
}

/// One entry an interval.
#[derive(Debug, Clone)]
pub enum Accumulator {
    /// Spans; divided by the seconds of an interval for rates.
    Count(Vec<f64>, f64),
    /// Smallest.
    Min(Vec<f64>),
    /// Largest.
    Max(Vec<f64>),
    /// Sum.
    Sum(Vec<Sum>),
    /// Mean.
    Avg(Vec<Sum>),
    /// Counts by powers of two; whether values are nanoseconds.
    Log2(Vec<Log2Histogram>, bool),
}

impl Accumulator {
    /// Empty, for so many intervals of so many seconds. Durations are known by the first value.
    pub fn new(function: &MetricsFunction, intervals: usize, seconds: f64, is_duration: bool) -> Self {
        match function {
            MetricsFunction::Rate => Self::Count(vec![0.0; intervals], seconds),
            MetricsFunction::CountOverTime | MetricsFunction::Compare(_) => {
                Self::Count(vec![0.0; intervals], 1.0)
            }
            MetricsFunction::MinOverTime(_) => Self::Min(vec![f64::NAN; intervals]),
            MetricsFunction::MaxOverTime(_) => Self::Max(vec![f64::NAN; intervals]),
            MetricsFunction::SumOverTime(_) => Self::Sum(vec![Sum::default(); intervals]),
            MetricsFunction::AvgOverTime(_) => Self::Avg(vec![Sum::default(); intervals]),
            MetricsFunction::QuantileOverTime(..) | MetricsFunction::HistogramOverTime(_) => {
                Self::Log2(vec![Log2Histogram::default(); intervals], is_duration)
            }
        }
    }

    /// Adds a span of an interval; `value` is nil for counts.
    pub fn add(&mut self, interval: usize, value: &Value, weight: f64) {
        match self {
            Self::Count(counts, _) => counts[interval] += weight,
            Self::Min(values) => fold(&mut values[interval], value, f64::min),
            Self::Max(values) => fold(&mut values[interval], value, f64::max),
            Self::Sum(sums) | Self::Avg(sums) => sums[interval].add(value, weight),
            Self::Log2(histograms, _) => {
                if let Some(bucket) = value.as_f64().and_then(log2_bucket) {
                    histograms[interval].add(bucket, weight);
                }
            }
        }
    }

    /// One value an interval, for all but [`Accumulator::Log2`].
    pub fn values(&self) -> Vec<f64> {
        let filled = |sum: &Sum, value: f64| if sum.weight > 0.0 { value } else { f64::NAN };
        match self {
            Self::Count(counts, divisor) => counts.iter().map(|count| count / divisor).collect(),
            Self::Min(values) | Self::Max(values) => values.clone(),
            Self::Sum(sums) => sums.iter().map(|sum| filled(sum, sum.total())).collect(),
            Self::Avg(sums) => sums.iter().map(|sum| filled(sum, sum.total() / sum.weight)).collect(),
            Self::Log2(histograms, _) => vec![f64::NAN; histograms.len()],
        }
    }
}

/// NaN is the empty interval and no value.
fn fold(slot: &mut f64, value: &Value, pick: fn(f64, f64) -> f64) {
    if let Some(value) = value.as_metric() {
        *slot = pick(*slot, value);
    }
}
