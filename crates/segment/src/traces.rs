//! Sorted spans to mergeable parts of the table `traces`, and parts to fewer parts.
//!
//! In: sorted spans, or parts in any order. Out: parts sorted by (start, trace id), one a trace. Merging is
//! associative and commutative: minimum, maximum, sums, and the smallest root by (start, service, name), a
//! service that was not sent before all others.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewBuilder, Int64Builder, RecordBatch, StringViewBuilder,
};
use arrow::datatypes::Int64Type;
use hashbrown::HashMap;
use model::attr_json::write::push_str;
use model::schema::spans;
use model::schema::traces::{Column, schema};

use crate::Error;
use crate::group::{Group, Known, service_at};
use crate::index::pairs::{Value, walk_array, walk_object};
use crate::rows::Rows;
use crate::sort::{SpanOrder, check_schema, trace_key};

/// The order of trace files as the footer says it.
pub const TRACES_ORDER: &str = "start_time_unix_nano,trace_id";

type Service = Option<Arc<str>>;

/// The earliest known root span.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Root {
    start: i64,
    service: Service,
    name: Arc<str>,
}

#[derive(Debug, Clone)]
struct Part {
    trace: u128,
    start: i64,
    end: i64,
    spans: i64,
    errors: i64,
    root: Option<Root>,
    /// Spans and errors a service, sorted by it.
    services: Vec<(Service, i64, i64)>,
    received: i64,
}

impl Part {
    /// A part without spans.
    fn empty(trace: u128) -> Self {
        let (start, end, received) = (i64::MAX, i64::MIN, i64::MIN);
        Self { trace, start, end, spans: 0, errors: 0, root: None, services: Vec::new(), received }
    }

    fn merge(&mut self, other: Self) {
        self.start = self.start.min(other.start);
        self.end = self.end.max(other.end);
        self.spans = self.spans.saturating_add(other.spans);
        self.errors = self.errors.saturating_add(other.errors);
        self.received = self.received.max(other.received);
        self.root = match (self.root.take(), other.root) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        };
        for (service, spans, errors) in other.services {
            self.count(service, spans, errors);
        }
    }

    fn count(&mut self, service: Service, spans: i64, errors: i64) {
        match self.services.binary_search_by(|(known, ..)| known.cmp(&service)) {
            Ok(at) => {
                self.services[at].1 = self.services[at].1.saturating_add(spans);
                self.services[at].2 = self.services[at].2.saturating_add(errors);
            }
            Err(at) => self.services.insert(at, (service, spans, errors)),
        }
    }
}

/// Gathers the parts of sorted spans.
#[derive(Debug, Default)]
pub(crate) struct TraceParts {
    parts: Vec<Part>,
    names: HashMap<Box<str>, Arc<str>>,
}

impl TraceParts {
    fn shared(&mut self, bytes: &[u8]) -> Arc<str> {
        let text = String::from_utf8_lossy(bytes);
        Arc::clone(self.names.entry_ref(&*text).or_insert_with(|| Arc::from(&*text)))
    }

    /// Takes the next row group.
    pub(crate) fn push(&mut self, group: &Group<'_>) -> Result<(), Error> {
        let numbers = |column: spans::Column| group.kept(column.at()).numbers();
        let (starts, durations) = (numbers(spans::Column::Start), numbers(spans::Column::Duration));
        let (received, status) = (numbers(spans::Column::Received), numbers(spans::Column::StatusCode));
        let traces = group.kept(spans::Column::TraceId.at());
        let names = group.kept(spans::Column::Name.at());
        let (name_codes, parents) = (names.codes(), group.kept(spans::Column::ParentSpanId.at()).codes());
        let services = group.kept(service_at());
        let service_codes = services.codes();
        let mut last = None;
        // Position among the part's services of each service of the row group, and the part that it is of.
        let mut places: HashMap<Option<u32>, (usize, usize)> = HashMap::new();
        for (row, trace) in traces.codes().into_iter().enumerate() {
            let trace = traces.text(trace.unwrap_or_default());
            if last != Some(trace) {
                self.parts.push(Part::empty(trace_key(trace)?));
                last = Some(trace);
            }
            let service = service_codes.get(row).copied().flatten();
            let part = self.parts.len() - 1;
            let place = places.get(&service).filter(|(of, _)| *of == part).map(|(_, at)| *at);
            let name = match place {
                Some(_) => None,
                None => service.map(|code| self.shared(services.text(code))),
            };
            let root = parents.get(row).copied().flatten().is_none().then(|| Root {
                start: starts[row],
                service: service.map(|code| self.shared(services.text(code))),
                name: self.shared(names.text(name_codes[row].unwrap_or_default())),
            });
            let Some(found) = self.parts.last_mut() else { continue };
            let error = i64::from(status[row] == 2);
            found.start = found.start.min(starts[row]);
            found.end = found.end.max(starts[row].saturating_add(durations[row].max(0)));
            found.spans += 1;
            found.errors += error;
            found.received = found.received.max(received[row]);
            match place.and_then(|at| found.services.get_mut(at)) {
                Some((_, spans, errors)) => {
                    *spans += 1;
                    *errors += error;
                }
                None => {
                    places.insert(service, (part, found.services.len()));
                    found.services.push((name, 1, error));
                }
            }
            if let Some(root) = root {
                found.root = Some(match found.root.take() {
                    Some(other) => other.min(root),
                    None => root,
                });
            }
        }
        Ok(())
    }

    /// The parts, one a trace.
    pub(crate) fn finish(mut self) -> Result<RecordBatch, Error> {
        for part in &mut self.parts {
            // Services were gathered as they came; equal ones under two codes join here.
            for (service, spans, errors) in std::mem::take(&mut part.services) {
                part.count(service, spans, errors);
            }
        }
        batch_of(merged(self.parts))
    }
}

/// The parts of the spans of `batches` in the order given, one a trace.
pub fn trace_parts(batches: &[RecordBatch], order: &SpanOrder) -> Result<RecordBatch, Error> {
    batches.iter().try_for_each(check_schema)?;
    let sources: Vec<Option<&RecordBatch>> = batches.iter().map(Some).collect();
    let rows = Rows::picked(&sources, order.places());
    let mut parts = TraceParts::default();
    parts.push(&Group::of(&rows, &mut Known::new()))?;
    parts.finish()
}

/// Merges parts, whose batches may come in any order and hold several parts of a trace.
pub fn merge_trace_parts(batches: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let mut parts = Vec::new();
    for batch in batches {
        read_parts(batch, &mut parts)?;
    }
    batch_of(merged(parts))
}

fn merged(parts: Vec<Part>) -> Vec<Part> {
    let mut places: HashMap<u128, usize> = HashMap::with_capacity(parts.len());
    let mut out: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        match places.get(&part.trace) {
            Some(at) => out[*at].merge(part),
            None => {
                places.insert(part.trace, out.len());
                out.push(part);
            }
        }
    }
    out.sort_unstable_by_key(|part| (part.start, part.trace));
    out
}

fn read_parts(batch: &RecordBatch, parts: &mut Vec<Part>) -> Result<(), Error> {
    for (at, field) in schema().fields().iter().enumerate() {
        let same = at < batch.num_columns()
            && batch.column(at).data_type() == field.data_type()
            && (field.is_nullable() || batch.column(at).null_count() == 0);
        if !same {
            return Err(Error::Column(field.name().clone()));
        }
    }
    let long = |column: Column, row| batch.column(column.at()).as_primitive::<Int64Type>().value(row);
    let text = |column: Column, row: usize| -> Service {
        let array = batch.column(column.at()).as_string_view();
        (!array.is_null(row)).then(|| Arc::from(array.value(row)))
    };
    let ids = batch.column(Column::TraceId.at()).as_binary_view();
    for row in 0..batch.num_rows() {
        let root = (!batch.column(Column::RootStart.at()).is_null(row)).then(|| Root {
            start: long(Column::RootStart, row),
            service: text(Column::RootService, row),
            name: text(Column::RootName, row).unwrap_or_default(),
        });
        let services = text(Column::Services, row).unwrap_or_default();
        let mut part = Part {
            trace: trace_key(ids.value(row))?,
            start: long(Column::Start, row),
            end: long(Column::End, row),
            spans: long(Column::SpanCount, row),
            errors: long(Column::ErrorCount, row),
            root,
            services: Vec::new(),
            received: long(Column::Received, row),
        };
        read_services(&services, &mut part)
            .ok_or_else(|| Error::damaged("trace part", "its services are not what the table holds"))?;
        parts.push(part);
    }
    Ok(())
}

fn read_services(text: &str, part: &mut Part) -> Option<()> {
    walk_array(text, |object| {
        let (mut service, mut spans, mut errors) = (None, 0, 0);
        walk_object(object, |key, value| match (key, value) {
            ("service", Value::Plain(name)) => service = Some(Arc::from(&*name)),
            ("spans", Value::Plain(count)) => spans = count.parse().unwrap_or(0),
            ("errors", Value::Plain(count)) => errors = count.parse().unwrap_or(0),
            _ => {}
        })?;
        part.count(service, spans, errors);
        Some(())
    })
}

fn services_text(services: &[(Service, i64, i64)]) -> String {
    let mut out = vec![b'['];
    for (at, (service, spans, errors)) in services.iter().enumerate() {
        out.extend_from_slice(if at > 0 { b",{\"service\":" } else { b"{\"service\":" });
        match service {
            Some(service) => push_str(&mut out, service),
            None => out.extend_from_slice(b"null"),
        }
        out.extend_from_slice(format!(",\"spans\":{spans},\"errors\":{errors}}}").as_bytes());
    }
    out.push(b']');
    // Only whole texts and ASCII were appended.
    String::from_utf8(out).unwrap_or_default()
}

fn batch_of(parts: Vec<Part>) -> Result<RecordBatch, Error> {
    let longs = |value: &dyn Fn(&Part) -> Option<i64>| -> ArrayRef {
        let mut builder = Int64Builder::with_capacity(parts.len());
        parts.iter().for_each(|part| builder.append_option(value(part)));
        Arc::new(builder.finish())
    };
    let texts = |value: &dyn Fn(&Part) -> Service| -> ArrayRef {
        let mut builder = StringViewBuilder::new().with_deduplicate_strings();
        parts.iter().for_each(|part| builder.append_option(value(part)));
        Arc::new(builder.finish())
    };
    let mut ids = BinaryViewBuilder::with_capacity(parts.len());
    parts.iter().for_each(|part| ids.append_value(part.trace.to_be_bytes()));
    let mut ids = Some(Arc::new(ids.finish()) as ArrayRef);
    let columns = Column::ALL.iter().map(|column| match column {
        Column::TraceId => ids.take().unwrap_or_else(|| longs(&|_| None)),
        Column::Start => longs(&|part| Some(part.start)),
        Column::End => longs(&|part| Some(part.end)),
        Column::SpanCount => longs(&|part| Some(part.spans)),
        Column::ErrorCount => longs(&|part| Some(part.errors)),
        Column::RootStart => longs(&|part| part.root.as_ref().map(|root| root.start)),
        Column::RootService => texts(&|part| part.root.as_ref().and_then(|root| root.service.clone())),
        Column::RootName => texts(&|part| part.root.as_ref().map(|root| Arc::clone(&root.name))),
        Column::Services => texts(&|part| Some(services_text(&part.services).into())),
        Column::Received => longs(&|part| Some(part.received)),
    });
    let columns: Vec<ArrayRef> = columns.collect();
    Ok(RecordBatch::try_new(schema(), columns)?)
}
