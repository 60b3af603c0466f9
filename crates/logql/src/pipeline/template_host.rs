//! An entry as the data of a template.

use std::cell::RefCell;

use stdx::go::template::{CallError, Host, Value};
use stdx::go::time::Time;

use super::functions::{self, Context, Regexes};
use super::names::Names;
use super::row::Row;

/// Labels by name, sorted.
pub(super) type Labels = Vec<(String, String)>;

/// Gives a template the labels, the line and the time of an entry.
#[derive(Debug)]
pub(super) struct RowHost<'h, 'a> {
    row: &'h Row<'a>,
    names: &'h Names,
    now_ns: i64,
    regexes: &'h RefCell<Regexes>,
    labels: Option<Labels>,
}

impl<'h, 'a> RowHost<'h, 'a> {
    pub(super) fn new(
        row: &'h Row<'a>,
        names: &'h Names,
        now_ns: i64,
        regexes: &'h RefCell<Regexes>,
    ) -> Self {
        Self { row, names, now_ns, regexes, labels: None }
    }

    /// With labels as they were earlier, or, without any given, frozen as they are now.
    pub(super) fn with_labels(mut self, labels: Option<Labels>) -> Self {
        self.labels = Some(labels.unwrap_or_else(|| self.fields()));
        self
    }

    /// The frozen labels.
    pub(super) fn into_labels(self) -> Option<Labels> {
        self.labels
    }
}

impl Host for RowHost<'_, '_> {
    fn field(&self, name: &str) -> Option<&str> {
        match &self.labels {
            Some(labels) => labels
                .binary_search_by(|(key, _)| key.as_str().cmp(name))
                .ok()
                .map(|at| labels[at].1.as_str()),
            None => self.row.get_text(name, self.names),
        }
    }

    fn fields(&self) -> Labels {
        if let Some(labels) = &self.labels {
            return labels.clone();
        }
        let mut labels = Labels::new();
        self.row.each_label(self.names, |_, name, value| {
            labels.push((name.into_owned(), value.to_owned()));
        });
        labels.sort();
        labels
    }

    fn call<'v>(&'v self, name: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        match name {
            "__line__" | "__timestamp__" if !args.is_empty() => Err(CallError::arity(name, "0", args.len())),
            "__line__" => Ok(Value::String(std::borrow::Cow::Borrowed(&self.row.line))),
            "__timestamp__" => Ok(Value::Time(Time::from_unix_ns(self.row.time_ns))),
            _ => {
                let context = Context { now_ns: self.now_ns, regexes: self.regexes };
                functions::call(name, args, &context)
            }
        }
    }
}
