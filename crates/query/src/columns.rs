//! A predicate over columns, before any span is put together.
//!
//! In: a batch of some columns of `schema::spans`. Out: the rows that may match, and whether "may" is certain. What columns
//! cannot decide exactly is left to [`Predicate::matches`] on the whole span.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray, RecordBatch, StringViewArray};
use arrow::datatypes::{Int32Type, Int64Type};
use model::schema::spans::{Column, schema, well_known_at};
use model::schema::well_known::{ColumnType, Level, Spelling, WELL_KNOWN, column_of};

use crate::predicate::{Predicate, Scopes, Test};

/// Positions of the columns that a predicate needs, without those that only the whole span can decide.
pub fn needed(predicate: &Predicate, into: &mut BTreeSet<usize>) {
    match predicate {
        Predicate::All(parts) | Predicate::Any(parts) => parts.iter().for_each(|p| needed(p, into)),
        Predicate::Not(inner) => needed(inner, into),
        Predicate::Service(_) => drop(into.insert(service_column())),
        Predicate::Operation(_) => drop(into.insert(Column::Name.at())),
        Predicate::Kind(_) => drop(into.insert(Column::Kind.at())),
        Predicate::Status(_) => drop(into.insert(Column::StatusCode.at())),
        Predicate::StatusMessage(_) => drop(into.insert(Column::StatusMessage.at())),
        Predicate::Root => drop(into.insert(Column::ParentSpanId.at())),
        Predicate::Duration { .. } => drop(into.insert(Column::Duration.at())),
        Predicate::ScopeName(_) => drop(into.insert(Column::ScopeName.at())),
        Predicate::ScopeVersion(_) => drop(into.insert(Column::ScopeVersion.at())),
        Predicate::TraceState(_) => drop(into.insert(Column::TraceState.at())),
        Predicate::EventName(_) => drop(into.insert(Column::Events.at())),
        Predicate::Attribute { scopes, key, .. } => {
            for (level, used, json) in levels(*scopes) {
                if !used {
                    continue;
                }
                into.insert(json.at());
                if let Some((at, _)) = level.and_then(|level| column_of(level, key)) {
                    into.insert(well_known_at(at));
                    into.insert(Column::Spellings.at());
                }
            }
        }
    }
}

fn levels(scopes: Scopes) -> [(Option<Level>, bool, Column); 5] {
    [
        (Some(Level::Span), scopes.span, Column::Attributes),
        (Some(Level::Resource), scopes.resource, Column::ResourceAttributes),
        (None, scopes.scope, Column::ScopeAttributes),
        (None, scopes.event, Column::Events),
        (None, scopes.link, Column::Links),
    ]
}

/// Position of the column `service_name`.
pub fn service_column() -> usize {
    WELL_KNOWN.iter().position(|w| w.column == "service_name").map_or(0, well_known_at)
}

/// Which rows may match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// One entry a row.
    pub rows: Vec<bool>,
    /// Whether each `true` is certain.
    pub exact: bool,
}

/// Evaluates over a batch that holds at least the [`needed`] columns, found by name.
pub fn candidates(batch: &RecordBatch, predicate: &Predicate) -> Candidates {
    let rows = batch.num_rows();
    let all = |exact| Candidates { rows: vec![true; rows], exact };
    match predicate {
        Predicate::All(parts) => parts.iter().fold(all(true), |so_far, part| {
            let next = candidates(batch, part);
            Candidates {
                rows: so_far.rows.iter().zip(&next.rows).map(|(a, b)| *a && *b).collect(),
                exact: so_far.exact && next.exact,
            }
        }),
        Predicate::Any(parts) => {
            let none = Candidates { rows: vec![false; rows], exact: true };
            parts.iter().fold(none, |so_far, part| {
                let next = candidates(batch, part);
                Candidates {
                    rows: so_far.rows.iter().zip(&next.rows).map(|(a, b)| *a || *b).collect(),
                    exact: so_far.exact && next.exact,
                }
            })
        }
        Predicate::Not(inner) => {
            let inner = candidates(batch, inner);
            if inner.exact {
                Candidates { rows: inner.rows.iter().map(|row| !row).collect(), exact: true }
            } else {
                all(false)
            }
        }
        Predicate::Service(name) => {
            // A service name of another type than text is in the JSON and counts as absent, as in the span.
            text_rows(batch, service_column(), |value| value == name.as_deref())
        }
        Predicate::Operation(name) => text_rows(batch, Column::Name.at(), |value| value == Some(name)),
        Predicate::StatusMessage(text) => {
            text_rows(batch, Column::StatusMessage.at(), |value| value.unwrap_or("") == text)
        }
        Predicate::ScopeName(text) => {
            text_rows(batch, Column::ScopeName.at(), |value| value.unwrap_or("") == text)
        }
        Predicate::ScopeVersion(text) => {
            text_rows(batch, Column::ScopeVersion.at(), |value| value.unwrap_or("") == text)
        }
        Predicate::TraceState(text) => {
            text_rows(batch, Column::TraceState.at(), |value| value.unwrap_or("") == text)
        }
        Predicate::Kind(kind) => int_rows(batch, Column::Kind, |value| value == kind.0),
        Predicate::Status(code) => int_rows(batch, Column::StatusCode, |value| value == code.0),
        Predicate::Root => match column(batch, Column::ParentSpanId.at()) {
            Some(parents) => {
                Candidates { rows: (0..rows).map(|row| parents.is_null(row)).collect(), exact: true }
            }
            None => all(false),
        },
        Predicate::Duration { min, max } => match column(batch, Column::Duration.at()) {
            Some(array) => {
                let inside =
                    |value: &i64| min.is_none_or(|min| *value >= min) && max.is_none_or(|max| *value <= max);
                let values = array.as_primitive::<Int64Type>().values();
                Candidates { rows: values.iter().map(inside).collect(), exact: true }
            }
            None => all(false),
        },
        Predicate::EventName(name) => {
            let quoted = model::attr_json::write::value_to_string(&name.as_str().into());
            let mut found = text_rows(batch, Column::Events.at(), |value| {
                value.is_some_and(|text| name.is_empty() || text.contains(&quoted))
            });
            found.exact = false;
            found
        }
        Predicate::Attribute { scopes, key, test } => attribute(batch, *scopes, key, test),
    }
}

fn attribute(batch: &RecordBatch, scopes: Scopes, key: &str, test: &Test) -> Candidates {
    let mut rows = vec![false; batch.num_rows()];
    let quoted = model::attr_json::write::value_to_string(&key.into());
    let finder = memchr::memmem::Finder::new(quoted.as_bytes());
    for (level, used, json) in levels(scopes) {
        if !used {
            continue;
        }
        if let Some((at, old)) = level.and_then(|level| column_of(level, key)) {
            folded(batch, at, old, test, &mut rows);
        }
        match column(batch, json.at()) {
            Some(array) => {
                let texts = array.as_string_view();
                let mut last: Option<(u128, bool)> = None;
                for (row, hit) in rows.iter_mut().enumerate() {
                    if *hit || texts.is_null(row) {
                        continue;
                    }
                    // Rows of one resource share one view: equal views are equal texts.
                    let view = texts.views()[row];
                    *hit = match last {
                        Some((seen, found)) if seen == view => found,
                        _ => finder.find(texts.value(row).as_bytes()).is_some(),
                    };
                    last = Some((view, *hit));
                }
            }
            None => rows.fill(true),
        }
    }
    Candidates { rows, exact: false }
}

/// Marks rows whose well-known column passes the test under the spelling asked for.
fn folded(batch: &RecordBatch, at: usize, old: bool, test: &Test, rows: &mut [bool]) {
    let well_known = &WELL_KNOWN[at];
    let (Some(values), Some(spellings)) =
        (column(batch, well_known_at(at)), column(batch, Column::Spellings.at()))
    else {
        rows.fill(true);
        return;
    };
    let spellings = spellings.as_primitive::<Int64Type>();
    for (row, hit) in rows.iter_mut().enumerate() {
        if *hit || values.is_null(row) {
            continue;
        }
        let bits = if spellings.is_null(row) { 0 } else { spellings.value(row) };
        let sent = match well_known.spelling_of(bits) {
            Spelling::New => !old,
            Spelling::Old => old,
            Spelling::Both => true,
        };
        *hit = sent
            && match well_known.column_type {
                ColumnType::Text => match test {
                    Test::TextIs(text) => values.as_string_view().value(row) == text,
                    test => test.passes(&values.as_string_view().value(row).into()),
                },
                ColumnType::Int => test.passes(&values.as_primitive::<Int64Type>().value(row).into()),
            };
    }
}

fn column(batch: &RecordBatch, at: usize) -> Option<&dyn Array> {
    let name = schema().field(at).name().clone();
    batch.column_by_name(&name).map(|array| &**array)
}

fn text_rows(batch: &RecordBatch, at: usize, test: impl Fn(Option<&str>) -> bool) -> Candidates {
    let Some(array) = column(batch, at) else {
        return Candidates { rows: vec![true; batch.num_rows()], exact: false };
    };
    let texts: &StringViewArray = array.as_string_view();
    let rows = (0..texts.len()).map(|row| test((!texts.is_null(row)).then(|| texts.value(row)))).collect();
    Candidates { rows, exact: true }
}

fn int_rows(batch: &RecordBatch, at: Column, test: impl Fn(i32) -> bool) -> Candidates {
    let Some(array) = column(batch, at.at()) else {
        return Candidates { rows: vec![true; batch.num_rows()], exact: false };
    };
    let values = array.as_primitive::<Int32Type>().values();
    Candidates { rows: values.iter().map(|value| test(*value)).collect(), exact: true }
}
