//! Sorted spans to mergeable parts of the table `traces`, and parts to fewer parts.
//!
//! In: sorted spans, or parts in any order. Out: parts sorted by (start, trace id), one a trace. Merging is
//! associative and commutative: minimum, maximum, sums, and the smallest root by (start, service, name), a
//! service that was not sent before all others.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BinaryViewBuilder, Int64Builder, RecordBatch, StringViewBuilder,
};
use arrow::datatypes::{Int32Type, Int64Type};
use hashbrown::HashMap;
use model::attr_json::write::push_str;
use model::schema::spans::{self, well_known_at};
use model::schema::traces::{Column, schema};
use model::schema::well_known::WELL_KNOWN;

use crate::Error;
use crate::index::pairs::{Value, walk_array, walk_object};
use crate::sort::{Keys, trace_key};

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

/// The parts of sorted spans, one a trace.
pub fn trace_parts(sorted: &[RecordBatch]) -> Result<RecordBatch, Error> {
    let service_at = WELL_KNOWN.iter().position(|column| column.column == "service_name").unwrap_or(0);
    let mut parts: Vec<Part> = Vec::new();
    let mut names: HashMap<Box<str>, Arc<str>> = HashMap::new();
    let mut shared =
        |text: &str| -> Arc<str> { Arc::clone(names.entry_ref(text).or_insert_with(|| Arc::from(text))) };
    for batch in sorted {
        let keys = Keys::of(batch)?;
        let long = |column: spans::Column| batch.column(column.at()).as_primitive::<Int64Type>();
        let (duration, received) = (long(spans::Column::Duration), long(spans::Column::Received));
        let status = batch.column(spans::Column::StatusCode.at()).as_primitive::<Int32Type>();
        let parents = batch.column(spans::Column::ParentSpanId.at());
        let names = batch.column(spans::Column::Name.at()).as_string_view();
        let services = batch.column(well_known_at(service_at)).as_string_view();
        for row in 0..batch.num_rows() {
            let (trace, start) = (keys.trace(row)?, keys.start(row));
            let error = i64::from(status.value(row) == 2);
            let service = (!services.is_null(row)).then(|| shared(services.value(row)));
            let root = parents.is_null(row).then(|| Root {
                start,
                service: service.clone(),
                name: shared(names.value(row)),
            });
            let part = Part {
                trace,
                start,
                end: start.saturating_add(duration.value(row).max(0)),
                spans: 1,
                errors: error,
                root,
                services: vec![(service, 1, error)],
                received: received.value(row),
            };
            match parts.last_mut() {
                Some(last) if last.trace == trace => last.merge(part),
                _ => parts.push(part),
            }
        }
    }
    batch_of(merged(parts))
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
