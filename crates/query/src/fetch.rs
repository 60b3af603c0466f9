//! Traces by id: whole, out of buffer and files.
//!
//! In: ids. Out: their spans as sent, each once: a span that came twice with the same content is one, different spans with one
//! id all stay. Files are asked by their trace filter; of a file only the rows are read that its index names.

use std::collections::{BTreeSet, HashMap, HashSet};

use arrow::array::{Array, AsArray, RecordBatch, UInt64Array};
use arrow::compute::take_record_batch;
use model::schema::spans::Column;
use model::span_rows::SpanReader;
use model::{Span, TenantId, TraceId};

use crate::engine::View;
use crate::identity::same_content;
use crate::source::SourceError;

/// All spans of one trace, sorted by start and span id; empty when nothing is stored under the id.
pub(crate) async fn trace(view: &View, tenant: &TenantId, id: TraceId) -> Result<Vec<Span>, SourceError> {
    Ok(traces(view, tenant, &[id]).await?.remove(&id).unwrap_or_default())
}

/// All spans of some traces.
pub(crate) async fn traces(
    view: &View,
    tenant: &TenantId,
    ids: &[TraceId],
) -> Result<HashMap<TraceId, Vec<Span>>, SourceError> {
    let mut found: HashMap<TraceId, Vec<Span>> = HashMap::new();
    for batch in rows(view, tenant, ids, None).await? {
        let mut reader = SpanReader::new(&batch)?;
        for row in 0..batch.num_rows() {
            let span = reader.span(row)?;
            found.entry(span.trace_id).or_default().push(span);
        }
    }
    found.values_mut().for_each(distinct);
    Ok(found)
}

/// Sorts spans by start and id and drops copies: same ids and same content, whenever received.
pub fn distinct(spans: &mut Vec<Span>) {
    spans.sort_by(|a, b| (a.start, a.span_id, a.received).cmp(&(b.start, b.span_id, b.received)));
    let mut kept: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        let copy = kept
            .iter()
            .rev()
            .take_while(|k| k.start == span.start && k.span_id == span.span_id)
            .any(|k| same_content(k, &span));
        if !copy {
            kept.push(span);
        }
    }
    *spans = kept;
}

/// The rows of some traces with some columns (`None`: all), exactly these traces.
pub(crate) async fn rows(
    view: &View,
    tenant: &TenantId,
    ids: &[TraceId],
    columns: Option<&[usize]>,
) -> Result<Vec<RecordBatch>, SourceError> {
    let wanted: BTreeSet<TraceId> = ids.iter().copied().collect();
    let mut found = Vec::new();
    for part in view.snapshot.parts_of(tenant) {
        let mut rows: Vec<usize> = if wanted.len() <= 4 {
            wanted.iter().flat_map(|id| part.rows_of(*id)).collect()
        } else {
            matching_rows(&part.batch, &wanted)
        };
        if rows.is_empty() {
            continue;
        }
        rows.sort_unstable();
        let batch = project(&part.batch, columns)?;
        found.push(take_rows(&batch, &rows)?);
    }
    for file in view.snapshot.spans_of(tenant) {
        for batch in file.rows_of_traces(&*view.objects, &wanted, columns).await? {
            // Rows of another trace may be among them.
            let rows = matching_rows(&batch, &wanted);
            if rows.len() == batch.num_rows() {
                found.push(batch);
            } else if !rows.is_empty() {
                found.push(take_rows(&batch, &rows)?);
            }
        }
    }
    Ok(found)
}

/// Rows whose trace id, the first column, is wanted.
fn matching_rows(batch: &RecordBatch, wanted: &BTreeSet<TraceId>) -> Vec<usize> {
    let set: HashSet<&[u8]> = wanted.iter().map(|id| &id.0[..]).collect();
    let ids = batch.column(Column::TraceId.at()).as_binary_view();
    (0..ids.len()).filter(|row| set.contains(ids.value(*row))).collect()
}

fn project(batch: &RecordBatch, columns: Option<&[usize]>) -> Result<RecordBatch, SourceError> {
    match columns {
        None => Ok(batch.clone()),
        Some(columns) => Ok(batch.project(columns).map_err(segment::Error::from)?),
    }
}

fn take_rows(batch: &RecordBatch, rows: &[usize]) -> Result<RecordBatch, SourceError> {
    let indices = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
    Ok(take_record_batch(batch, &indices).map_err(segment::Error::from)?)
}
