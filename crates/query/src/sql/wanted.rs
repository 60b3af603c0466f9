//! What the filters of a question leave over: times, services, traces, attributes.
//!
//! In: filters as the planner gives them, joined by AND. Out: which files, row groups and rows may pass. Anything that is not understood
//! asks for everything; the filters themselves are applied to the rows all the same.

use std::collections::BTreeSet;

use datafusion::common::ScalarValue;
use datafusion::datasource::physical_plan::parquet::{ParquetAccessPlan, RowGroupAccess};
use datafusion::logical_expr::expr::{InList, ScalarFunction};
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator};
use model::schema::spans::Column;
use model::schema::well_known::WELL_KNOWN;
use model::{AttrValue, TraceId};
use segment::{RowSelection, SpanIndex};

use super::functions::{HEX, JSON_GET_INT, JSON_GET_STR};
use super::put_back;

/// A condition that the index can deny: one of the keys has one of the values.
#[derive(Debug, Clone, PartialEq)]
struct Attribute {
    keys: Vec<String>,
    values: Vec<AttrValue>,
    /// Whether values of other types count when they print alike.
    printed: bool,
}

/// What may pass the filters.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    /// First and last start.
    start: (i64, i64),
    services: Option<BTreeSet<String>>,
    /// Only these traces, if there are any.
    pub(crate) traces: Option<BTreeSet<TraceId>>,
    attributes: Vec<Attribute>,
}

impl Wanted {
    /// Reads filters.
    pub(crate) fn of(filters: &[Expr]) -> Self {
        let mut wanted =
            Self { start: (i64::MIN, i64::MAX), services: None, traces: None, attributes: Vec::new() };
        filters.iter().for_each(|filter| wanted.narrow(filter));
        wanted
    }

    fn narrow(&mut self, filter: &Expr) {
        match filter {
            Expr::Alias(alias) => self.narrow(&alias.expr),
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => {
                self.narrow(left);
                self.narrow(right);
            }
            Expr::BinaryExpr(BinaryExpr { op: Operator::Or, .. }) => {
                if let Some((left, values)) = alternatives(filter) {
                    self.compare(left, Operator::Eq, &values);
                }
            }
            Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (literal(left), literal(right)) {
                (None, Some(value)) => self.compare(left, *op, &[value]),
                (Some(value), None) => {
                    if let Some(op) = op.swap() {
                        self.compare(right, op, &[value]);
                    }
                }
                _ => {}
            },
            Expr::Between(Between { expr, negated: false, low, high }) => {
                if let (Some(low), Some(high)) = (literal(low), literal(high)) {
                    self.compare(expr, Operator::GtEq, &[low]);
                    self.compare(expr, Operator::LtEq, &[high]);
                }
            }
            Expr::InList(InList { expr, list, negated: false }) => {
                let values: Option<Vec<&ScalarValue>> = list.iter().map(literal).collect();
                if let Some(values) = values {
                    self.compare(expr, Operator::Eq, &values);
                }
            }
            _ => {}
        }
    }

    fn compare(&mut self, left: &Expr, op: Operator, values: &[&ScalarValue]) {
        match left {
            Expr::Alias(alias) => self.compare(&alias.expr, op, values),
            Expr::Column(column) if column.name == Column::Start.name() => {
                let numbers: Option<Vec<i64>> = values.iter().map(|value| number(value)).collect();
                if let Some(numbers) = numbers {
                    self.starts(op, &numbers);
                }
            }
            Expr::Column(column) if op == Operator::Eq && column.name == Column::TraceId.name() => {
                let ids = values.iter().map(|value| bytes(value).and_then(TraceId::from_slice));
                self.only_traces(ids.collect());
            }
            Expr::Column(column) if op == Operator::Eq => self.column(&column.name, values),
            Expr::ScalarFunction(call) if op == Operator::Eq => self.call(call, values),
            _ => {}
        }
    }

    fn starts(&mut self, op: Operator, numbers: &[i64]) {
        let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) else { return };
        let (first, last) = match op {
            Operator::Eq => (*least, *most),
            Operator::Gt => (least.saturating_add(1), i64::MAX),
            Operator::GtEq => (*least, i64::MAX),
            Operator::Lt => (i64::MIN, most.saturating_sub(1)),
            Operator::LtEq => (i64::MIN, *most),
            _ => return,
        };
        self.start = (self.start.0.max(first), self.start.1.min(last));
    }

    /// `None` among the ids is a value that no trace has.
    fn only_traces(&mut self, ids: Vec<Option<TraceId>>) {
        let ids: BTreeSet<TraceId> = ids.into_iter().flatten().collect();
        self.traces = Some(match self.traces.take() {
            Some(known) => known.intersection(&ids).copied().collect(),
            None => ids,
        });
    }

    fn column(&mut self, name: &str, values: &[&ScalarValue]) {
        let Some(column) = WELL_KNOWN.iter().find(|column| column.column == name) else { return };
        let values: Option<Vec<AttrValue>> = values
            .iter()
            .map(|value| text(value).map(AttrValue::from).or_else(|| number(value).map(AttrValue::Int)))
            .collect();
        let Some(values) = values else { return };
        if name == "service_name" {
            let names = values.iter().filter_map(|value| value.as_str().map(str::to_owned)).collect();
            self.services = Some(match self.services.take() {
                Some(known) => known.intersection(&names).cloned().collect(),
                None => names,
            });
        }
        let keys = [Some(column.key), column.old_key].into_iter().flatten().map(str::to_owned).collect();
        self.attributes.push(Attribute { keys, values, printed: false });
    }

    fn call(&mut self, call: &ScalarFunction, values: &[&ScalarValue]) {
        let of_attributes = |arg: Option<&Expr>| match arg {
            Some(Expr::Column(column)) => {
                [Column::Attributes, Column::ResourceAttributes, Column::ScopeAttributes]
                    .iter()
                    .any(|known| known.name() == column.name)
            }
            Some(Expr::ScalarFunction(inner)) => put_back::is_put_back(inner.name()),
            _ => false,
        };
        match call.name() {
            HEX => {
                if let Some(Expr::Column(column)) = call.args.first()
                    && column.name == Column::TraceId.name()
                {
                    // Digits are printed in lower case: other spellings equal no row.
                    let ids = values.iter().map(|value| {
                        text(value)
                            .and_then(TraceId::from_hex)
                            .filter(|id| Some(&*id.to_string()) == text(value))
                    });
                    self.only_traces(ids.collect());
                }
            }
            name @ (JSON_GET_STR | JSON_GET_INT)
                if of_attributes(call.args.first()) && call.args.len() == 2 =>
            {
                let Some(key) = call.args.get(1).and_then(literal).and_then(text) else { return };
                let values: Option<Vec<AttrValue>> = if name == JSON_GET_STR {
                    values.iter().map(|value| text(value).map(AttrValue::from)).collect()
                } else {
                    values.iter().map(|value| number(value).map(AttrValue::Int)).collect()
                };
                if let Some(values) = values {
                    let keys = vec![key.to_owned()];
                    self.attributes.push(Attribute { keys, values, printed: name == JSON_GET_STR });
                }
            }
            _ => {}
        }
    }

    /// Whether a span that starts within these bounds may pass.
    pub(crate) fn overlaps(&self, first: i64, last: i64) -> bool {
        first <= self.start.1 && last >= self.start.0
    }

    /// Which row groups and rows of a file may pass; `None` when no row does.
    pub(crate) fn access(&self, index: &SpanIndex) -> Option<ParquetAccessPlan> {
        if !self.overlaps(index.times.min_start, index.times.max_start) || !self.may_have_service(index) {
            return None;
        }
        let mut groups: Vec<RowGroupAccess> = (0..index.row_groups.len())
            .map(|at| if self.group(index, at) { RowGroupAccess::Scan } else { RowGroupAccess::Skip })
            .collect();
        if let Some(ids) = &self.traces {
            let mut rows = vec![Vec::new(); groups.len()];
            for found in ids.iter().flat_map(|id| index.trace_rows(id)) {
                rows[found.row_group].push(found.rows);
            }
            for (at, mut ranges) in rows.into_iter().enumerate() {
                ranges.sort_by_key(|range: &std::ops::Range<usize>| range.start);
                ranges.dedup();
                if ranges.is_empty() {
                    groups[at] = RowGroupAccess::Skip;
                } else if groups[at] == RowGroupAccess::Scan {
                    let total = index.row_groups[at].rows as usize;
                    let selection = RowSelection::from_consecutive_ranges(ranges.into_iter(), total);
                    groups[at] = RowGroupAccess::Selection(selection);
                }
            }
        }
        groups.iter().any(|group| *group != RowGroupAccess::Skip).then(|| ParquetAccessPlan::new(groups))
    }

    fn may_have_service(&self, index: &SpanIndex) -> bool {
        let Some(names) = self.services.as_ref().filter(|_| index.operations_complete) else { return true };
        index.services().any(|service| names.contains(service))
    }

    fn group(&self, index: &SpanIndex, at: usize) -> bool {
        let times = &index.row_groups[at].times;
        self.overlaps(times.min_start, times.max_start)
            && self.attributes.iter().all(|attribute| {
                attribute.keys.iter().any(|key| {
                    attribute.values.iter().any(|value| match value {
                        AttrValue::Str(text) if attribute.printed => index.may_contain_printed(at, key, text),
                        value => index.may_contain_attribute(at, key, value),
                    })
                })
            })
    }
}

/// `a = 1 OR a = 2`, as the planner also writes short lists: what is compared, and with which values.
fn alternatives(expr: &Expr) -> Option<(&Expr, Vec<&ScalarValue>)> {
    match expr {
        Expr::Alias(alias) => alternatives(&alias.expr),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => {
            let (compared, mut values) = alternatives(left)?;
            let (other, more) = alternatives(right)?;
            values.extend(more);
            (compared == other).then_some((compared, values))
        }
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Eq, right }) => {
            match (literal(left), literal(right)) {
                (None, Some(value)) => Some((&**left, vec![value])),
                (Some(value), None) => Some((&**right, vec![value])),
                _ => None,
            }
        }
        Expr::InList(InList { expr, list, negated: false }) => {
            Some((&**expr, list.iter().map(literal).collect::<Option<_>>()?))
        }
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<&ScalarValue> {
    match expr {
        Expr::Literal(value, _) => Some(value),
        Expr::Alias(alias) => literal(&alias.expr),
        _ => None,
    }
}

fn text(value: &ScalarValue) -> Option<&str> {
    value.try_as_str().flatten()
}

fn number(value: &ScalarValue) -> Option<i64> {
    match value {
        ScalarValue::Int64(value) => *value,
        ScalarValue::Int32(value) => value.map(i64::from),
        ScalarValue::UInt64(value) => value.and_then(|value| i64::try_from(value).ok()),
        _ => None,
    }
}

fn bytes(value: &ScalarValue) -> Option<&[u8]> {
    match value {
        ScalarValue::Binary(value) | ScalarValue::BinaryView(value) | ScalarValue::LargeBinary(value) => {
            value.as_deref()
        }
        ScalarValue::FixedSizeBinary(_, value) => value.as_deref(),
        _ => None,
    }
}
