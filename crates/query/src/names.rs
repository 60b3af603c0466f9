//! Names for forms and completion: services, operations, attribute keys and values.
//!
//! Services and operations come from the indexes and are complete; keys come with counts. Values are counted over the newest rows
//! up to a named limit, and the answer says whether it is complete.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::RecordBatch;
use model::span_rows::SpanReader;
use model::{AttrValue, Attrs, SpanKind, TenantId, TimeNs, TimeRange};
use segment::index::AttrLevel;
use segment::read::Table;
use segment::{decode, plan};

use crate::engine::View;
use crate::predicate::text_of;
use crate::source::{Operation, SourceError};

/// Most rows that are looked at for the values of a key.
pub const VALUE_ROWS_MAX: usize = 200_000;

/// Names of services, sorted; `None` for spans without one.
pub(crate) fn services(view: &View, tenant: &TenantId) -> Vec<Option<Arc<str>>> {
    let mut found: BTreeSet<Option<Arc<str>>> = BTreeSet::new();
    for part in view.snapshot.parts_of(tenant) {
        found.extend(part.operations().iter().map(|(service, _, _)| service.clone()));
    }
    for file in view.snapshot.spans_of(tenant) {
        let mut last: Option<Option<&str>> = None;
        for entry in &file.index.operations {
            let service = entry.service.as_deref();
            if last != Some(service) {
                found.insert(service.map(Arc::from));
                last = Some(service);
            }
        }
    }
    found.into_iter().collect()
}

/// Operations of a service, sorted.
pub(crate) fn operations(view: &View, tenant: &TenantId, service: Option<&str>) -> Vec<Operation> {
    let mut found: BTreeSet<Operation> = BTreeSet::new();
    for part in view.snapshot.parts_of(tenant) {
        let of_service = part.operations().iter().filter(|(s, _, _)| s.as_deref() == service);
        found.extend(of_service.map(|(_, name, kind)| Operation { name: Arc::clone(name), kind: *kind }));
    }
    for file in view.snapshot.spans_of(tenant) {
        let of_service = file.index.operations.iter().filter(|o| o.service.as_deref() == service);
        found.extend(of_service.map(|o| Operation { name: o.name.as_str().into(), kind: SpanKind(o.kind) }));
    }
    found.into_iter().collect()
}

/// Where a key or value was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyScope {
    /// On resources.
    Resource,
    /// On spans.
    Span,
    /// On events.
    Event,
    /// On links.
    Link,
    /// On instrumentation scopes.
    Scope,
}

impl KeyScope {
    /// The name in answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Resource => "resource",
            Self::Span => "span",
            Self::Event => "event",
            Self::Link => "link",
            Self::Scope => "scope",
        }
    }
}

/// A list that may have been cut at a named limit.
#[derive(Debug, Clone, PartialEq)]
pub struct Counted<T> {
    /// Entries with how often each was seen, most frequent first.
    pub entries: Vec<(T, u64)>,
    /// Whether every row was looked at.
    pub complete: bool,
}

/// Attribute keys by scope.
pub(crate) fn keys(
    view: &View,
    tenant: &TenantId,
    range: TimeRange,
) -> Result<Counted<(KeyScope, String)>, SourceError> {
    let mut counts: BTreeMap<(KeyScope, String), u64> = BTreeMap::new();
    let mut complete = true;
    for part in view.snapshot.parts_of(tenant) {
        if range.overlaps_inclusive(TimeNs(part.start_min), TimeNs(part.start_max)) {
            each_attribute(&part.batch, &mut |scope, key, _| {
                *counts.entry((scope, key.to_owned())).or_default() += 1;
            })?;
        }
    }
    for file in view.snapshot.spans_of(tenant) {
        let times = &file.index.times;
        if !range.overlaps_inclusive(TimeNs(times.min_start), TimeNs(times.max_start)) {
            continue;
        }
        complete &= file.index.keys_complete;
        for entry in &file.index.keys {
            let scope = match entry.level {
                AttrLevel::Resource => KeyScope::Resource,
                AttrLevel::Span => KeyScope::Span,
                AttrLevel::Event => KeyScope::Event,
                AttrLevel::Link => KeyScope::Link,
                AttrLevel::Scope => KeyScope::Scope,
                AttrLevel::Field => continue,
            };
            *counts.entry((scope, entry.key.clone())).or_default() += entry.count;
        }
    }
    Ok(Counted { entries: sorted(counts), complete })
}

/// Values of a key as text, over the newest rows.
pub(crate) async fn values(
    view: &View,
    tenant: &TenantId,
    key: &str,
    range: TimeRange,
    limit: usize,
) -> Result<Counted<String>, SourceError> {
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    let mut rows_left = VALUE_ROWS_MAX;
    let mut count = |batch: &RecordBatch| {
        each_attribute(batch, &mut |_, k, value| {
            if k == key {
                *counts.entry(text_of(value).into_owned()).or_default() += 1;
            }
        })
    };
    for part in view.snapshot.parts_of(tenant) {
        if rows_left > 0 && range.overlaps_inclusive(TimeNs(part.start_min), TimeNs(part.start_max)) {
            count(&part.batch)?;
            rows_left = rows_left.saturating_sub(part.batch.num_rows());
        }
    }
    for file in view.snapshot.spans_of(tenant) {
        for (at, group) in file.index.row_groups.iter().enumerate().rev() {
            let times = &group.times;
            let asked = range.overlaps_inclusive(TimeNs(times.min_start), TimeNs(times.max_start))
                && file.index.may_contain_key(at, None, key);
            if !asked || rows_left == 0 {
                continue;
            }
            let footer = file.file.footer(&*view.objects, &Table::spans()).await?;
            let plan = plan(&footer, &[at], None, None)?;
            let bytes = file.file.read(&*view.objects, plan.ranges()).await?;
            for batch in decode(&footer, &plan, &bytes)? {
                count(&batch)?;
            }
            rows_left = rows_left.saturating_sub(group.rows as usize);
        }
    }
    let mut entries = sorted(counts);
    let complete = rows_left > 0 && entries.len() <= limit;
    entries.truncate(limit);
    Ok(Counted { entries, complete })
}

fn sorted<T: Ord>(counts: BTreeMap<T, u64>) -> Vec<(T, u64)> {
    let mut entries: Vec<_> = counts.into_iter().collect();
    entries.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    entries
}

fn each_attribute(
    batch: &RecordBatch,
    each: &mut dyn FnMut(KeyScope, &str, &AttrValue),
) -> Result<(), SourceError> {
    let mut reader = SpanReader::new(batch)?;
    for row in 0..batch.num_rows() {
        let span = reader.span(row)?;
        let mut all = |scope: KeyScope, attrs: &Attrs| {
            attrs.iter().for_each(|(key, value)| each(scope, key, value));
        };
        all(KeyScope::Resource, &span.resource.attributes);
        all(KeyScope::Span, &span.attributes);
        all(KeyScope::Scope, &span.scope.attributes);
        span.events.iter().for_each(|event| all(KeyScope::Event, &event.attributes));
        span.links.iter().for_each(|link| all(KeyScope::Link, &link.attributes));
    }
    Ok(())
}
