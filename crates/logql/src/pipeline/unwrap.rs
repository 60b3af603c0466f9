//! `unwrap`: the value of a sample from a label.

use stdx::go::duration::parse_duration;
use stdx::go::number::parse_float;

use super::label_filter::Condition;
use super::names::{NameId, Names};
use super::row::{Fault, Row};
use crate::syntax::ast::{Conversion, Unwrap as Syntax};
use crate::syntax::bytes::parse_size;

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct Unwrap {
    /// The label, which does not belong to the series.
    pub label: NameId,
    conversion: Option<Conversion>,
    filters: Vec<Condition>,
}

impl Unwrap {
    /// Compiles the filters.
    pub fn new(syntax: &Syntax, names: &mut Names) -> Result<Self, String> {
        let filters: Result<_, String> =
            syntax.filters.iter().map(|filter| Condition::new(filter, names)).collect();
        Ok(Self { label: names.intern(&syntax.label), conversion: syntax.conversion, filters: filters? })
    }

    /// The sample of an entry; `None` if it has none: the label is missing or empty, or a filter drops
    /// it. A value that cannot be read is 0, with an error.
    pub fn value(&self, row: &mut Row<'_>, names: &Names) -> Option<f64> {
        let text = row.get(self.label, names).filter(|text| !text.is_empty())?;
        let value = match self.conversion {
            None => parse_float(text).map_err(|error| error.to_string()),
            Some(Conversion::Bytes) => parse_size(text).map(|bytes| bytes as f64),
            Some(Conversion::Duration | Conversion::DurationSeconds) => {
                parse_duration(text).map(seconds).map_err(|error| error.to_string())
            }
        };
        let value = value.unwrap_or_else(|message| {
            row.fail(Fault::SampleExtraction, || Some(message));
            0.0
        });
        self.filters.iter().all(|filter| filter.keeps(row, names)).then_some(value)
    }
}

/// Go's `Duration.Seconds`, which adds the fraction to the whole seconds.
pub fn seconds(ns: i64) -> f64 {
    (ns / 1_000_000_000) as f64 + (ns % 1_000_000_000) as f64 / 1e9
}
