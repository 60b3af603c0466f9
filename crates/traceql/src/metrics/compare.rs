//! `compare`: how often each value of each attribute occurs, in selected spans and in all others.

use std::sync::Arc;

use hashbrown::HashMap;

use super::labels::as_label;
use super::{Series, Window};
use crate::ast::{Attribute, AttributeScope, COMPARE_TOP_DEFAULT, Comparison, Intrinsic};
use crate::bits::Bits;
use crate::error::Error;
use crate::program::{Fields, Program, Rows, Slot, compile};
use crate::rewrite;
use crate::source::ScopedAttribute;
use crate::value::Value;

/// Distinct values counted an attribute and side; above, the attribute is reported as having too
/// many.
const VALUES_MAX: usize = 10_000;

const META_TYPE: &str = "__meta_type";
const META_ERROR: &str = "__meta_error";

/// Intrinsics whose values say something when compared.
const COMPARED: [Intrinsic; 9] = [
    Intrinsic::Name,
    Intrinsic::Kind,
    Intrinsic::Status,
    Intrinsic::StatusMessage,
    Intrinsic::ChildCount,
    Intrinsic::RootName,
    Intrinsic::RootServiceName,
    Intrinsic::InstrumentationName,
    Intrinsic::InstrumentationVersion,
];

/// Counts of one attribute on one side, by interval.
#[derive(Debug, Default)]
struct Counts {
    by_value: HashMap<Value, Vec<f64>>,
    total: Vec<f64>,
    has_too_many: bool,
}

/// An attribute by what stands before its name.
type Key = (AttributeScope, Arc<str>);

/// Collects the counts.
#[derive(Debug)]
pub struct Comparer {
    selects: Program,
    range: Option<(i64, i64)>,
    top: usize,
    window: Window,
    intrinsics: Vec<(Arc<str>, Slot)>,
    baseline: HashMap<Key, Counts>,
    selection: HashMap<Key, Counts>,
}

impl Comparer {
    /// For checked parameters; adds the fields it reads.
    pub fn new(comparison: &Comparison, window: Window, fields: &mut Fields) -> Self {
        let mut filter = comparison.filter.clone();
        rewrite::field(&mut filter);
        let intrinsics = COMPARED.iter().flat_map(|intrinsic| {
            let attribute = Attribute::of_intrinsic(*intrinsic);
            let name: Arc<str> = Arc::from(intrinsic.name());
            fields.slots(&attribute).into_iter().map(move |slot| (Arc::clone(&name), slot))
        });
        let intrinsics = intrinsics.collect();
        let top = comparison.top.unwrap_or(COMPARE_TOP_DEFAULT);
        Self {
            selects: compile(&filter, fields),
            range: comparison.range,
            top: usize::try_from(top).unwrap_or(0),
            window,
            intrinsics,
            baseline: HashMap::new(),
            selection: HashMap::new(),
        }
    }

    /// Adds spans.
    pub fn observe(&mut self, rows: &Rows<'_>, matched: &Bits) -> Result<(), Error> {
        let selected = self.selects.select(rows, matched)?;
        for row in matched.iter() {
            let at = rows.range.start + row;
            let start = rows.batch.starts[at];
            let Some(interval) = self.window.interval_of(start) else {
                continue;
            };
            let is_in_range = self.range.is_none_or(|(from, to)| from < start && start <= to);
            let side =
                if selected.contains(row) && is_in_range { &mut self.selection } else { &mut self.baseline };
            let intervals = self.window.len();
            for (name, slot) in &self.intrinsics {
                let value = slot.value(rows, row);
                if !value.is_nil() {
                    count(side, (AttributeScope::Any, name), &value, interval, intervals);
                }
            }
            let none = Vec::new();
            let every: &Vec<ScopedAttribute> = rows.batch.every_attribute.get(at).unwrap_or(&none);
            let of_span = |scope| !matches!(scope, AttributeScope::Event | AttributeScope::Link);
            for (scope, name, value) in every.iter().filter(|(scope, ..)| of_span(*scope)) {
                count(side, (*scope, name), value, interval, intervals);
            }
        }
        Ok(())
    }

    /// Series so far, roughly.
    pub fn len(&self) -> usize {
        let sides = self.baseline.values().chain(self.selection.values());
        sides.map(|counts| counts.by_value.len() + 1).sum()
    }

    /// The series: values of both sides, then totals of both sides.
    pub fn finish(self) -> Vec<Series> {
        let mut all = Vec::new();
        let sides = [("baseline", self.baseline), ("selection", self.selection)];
        for (side, counts) in sides {
            let mut keys: Vec<(String, Counts)> =
                counts.into_iter().map(|(key, counts)| (shown(&key), counts)).collect();
            keys.sort_by(|a, b| a.0.cmp(&b.0));
            for (name, counts) in keys {
                push_side(&mut all, side, &name, counts, self.top);
            }
        }
        all
    }
}

fn count(
    side: &mut HashMap<Key, Counts>,
    (scope, name): (AttributeScope, &Arc<str>),
    value: &Value,
    interval: usize,
    intervals: usize,
) {
    let counts = side.entry((scope, Arc::clone(name))).or_default();
    if counts.total.is_empty() {
        counts.total = vec![0.0; intervals];
    }
    counts.total[interval] += 1.0;
    if counts.has_too_many {
        return;
    }
    let label = match value {
        // Arrays and what has no literal are one value.
        Value::Nil | Value::Array(_) => Value::text("nil"),
        value => as_label(value),
    };
    let is_full = counts.by_value.len() >= VALUES_MAX;
    if is_full && !counts.by_value.contains_key(&label) {
        counts.has_too_many = true;
        counts.by_value.clear();
        return;
    }
    counts.by_value.entry(label).or_insert_with(|| vec![0.0; intervals])[interval] += 1.0;
}

/// `span.a`, `resource.a`, or the intrinsic's name.
fn shown((scope, name): &Key) -> String {
    match scope {
        AttributeScope::Any => name.to_string(),
        scope => Attribute::new(*scope, name).to_string(),
    }
}

fn push_side(all: &mut Vec<Series>, side: &str, name: &str, counts: Counts, top: usize) {
    let name: Arc<str> = Arc::from(name);
    let mut push = |kind: String, error: Option<&str>, value: Value, values: Vec<f64>| {
        let mut labels = vec![(Arc::from(META_TYPE), Value::text(&kind))];
        if let Some(error) = error {
            labels.push((Arc::from(META_ERROR), Value::text(error)));
        }
        labels.push((Arc::clone(&name), value));
        all.push(Series { labels, values, exemplars: Vec::new() });
    };
    if counts.has_too_many {
        let zeros = vec![0.0; counts.total.len()];
        push(side.to_owned(), Some("__too_many_values__"), Value::text("nil"), zeros);
    }
    let mut values: Vec<(Value, Vec<f64>)> = counts.by_value.into_iter().collect();
    // Most frequent first; of equally frequent ones the smaller value.
    let weight = |values: &[f64]| values.iter().sum::<f64>();
    values
        .sort_by(|a, b| weight(&b.1).total_cmp(&weight(&a.1)).then_with(|| crate::value::order(&a.0, &b.0)));
    values.truncate(top);
    for (value, counted) in values {
        push(side.to_owned(), None, value, counted);
    }
    push(format!("{side}_total"), None, Value::text("nil"), counts.total);
}
