//! Newest-first search over buffer and files.
//!
//! In: a [`TraceQuery`]. Out: summaries of the newest matching traces, by the start of the earliest stored span, descending, then by
//! trace id. Row groups and parts are walked by the latest start that a trace of theirs can have; the walk ends when `limit` found
//! traces start at or after that bound, because nothing newer can come.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int32Type, Int64Type};
use model::schema::spans::Column;
use model::span_rows::SpanReader;
use model::{SpanId, StatusCode, TenantId, TimeNs, TraceId};
use segment::read::Table;
use segment::{RowSelection, decode, plan};
use store::SpanFile;

use crate::columns;
use crate::engine::View;
use crate::fetch;
use crate::predicate::Predicate;
use crate::prune::{file_may_match, narrowed, row_group_may_match};
use crate::source::{SourceError, TraceQuery, TraceSummary};

/// A row group or a part of the buffer, with the latest start that a trace of it can have.
enum Piece<'a> {
    Part(&'a RecordBatch),
    Group(&'a SpanFile, usize),
}

/// The newest matching traces without their spans.
pub(crate) async fn newest(
    view: &View,
    tenant: &TenantId,
    query: &TraceQuery,
) -> Result<Vec<TraceSummary>, SourceError> {
    if query.limit == 0 {
        return Ok(Vec::new());
    }
    let pieces = pieces(view, tenant, query);
    let mut top = Top { limit: query.limit, found: BTreeMap::new(), seen: HashSet::new() };
    for (bound, piece) in pieces {
        if top.is_full_above(bound) {
            break;
        }
        let candidates = match piece {
            Piece::Part(batch) => part_candidates(batch, query)?,
            Piece::Group(file, group) => group_candidates(view, file, group, query, &top).await?,
        };
        top.add(view, tenant, candidates).await?;
    }
    Ok(top.found.into_values().take(query.limit).collect())
}

fn pieces<'a>(view: &'a View, tenant: &'a TenantId, query: &TraceQuery) -> Vec<(i64, Piece<'a>)> {
    let range = query.range;
    let mut pieces = Vec::new();
    for part in view.snapshot.parts_of(tenant) {
        if range.overlaps_inclusive(TimeNs(part.start_min), TimeNs(part.start_max)) {
            pieces.push((part.start_max, Piece::Part(&part.batch)));
        }
    }
    for file in view.snapshot.spans_of(tenant) {
        let times = &file.index.times;
        if !range.overlaps_inclusive(TimeNs(times.min_start), TimeNs(times.max_start))
            || !file_may_match(&file.index, &query.predicate)
        {
            continue;
        }
        for (at, group) in file.index.row_groups.iter().enumerate() {
            let times = &group.times;
            if range.overlaps_inclusive(TimeNs(times.min_start), TimeNs(times.max_start))
                && row_group_may_match(&file.index, at, &query.predicate)
            {
                pieces.push((times.max_trace_start, Piece::Group(file, at)));
            }
        }
    }
    pieces.sort_by_key(|(bound, _)| std::cmp::Reverse(*bound));
    pieces
}

/// Traces that match, with the latest start that each can have, newest first.
type Found = Vec<(i64, TraceId)>;

fn part_candidates(batch: &RecordBatch, query: &TraceQuery) -> Result<Found, SourceError> {
    let found = columns::candidates(batch, &query.predicate);
    let rows = in_range(batch, query, &found.rows);
    let rows = if found.exact { rows } else { confirmed(batch, &rows, &query.predicate)? };
    let ids = batch.column(Column::TraceId.at()).as_binary_view();
    let starts = batch.column(Column::Start.at()).as_primitive::<Int64Type>();
    let mut earliest: HashMap<&[u8], i64> = HashMap::new();
    for row in rows {
        earliest.insert(ids.value(row), i64::MAX);
    }
    if earliest.is_empty() {
        return Ok(Vec::new());
    }
    for row in 0..batch.num_rows() {
        if let Some(start) = earliest.get_mut(ids.value(row)) {
            *start = starts.value(row).min(*start);
        }
    }
    let mut found: Found =
        earliest.into_iter().filter_map(|(id, start)| Some((start, TraceId::from_slice(id)?))).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(found)
}

async fn group_candidates(
    view: &View,
    file: &SpanFile,
    group: usize,
    query: &TraceQuery,
    top: &Top,
) -> Result<Found, SourceError> {
    let footer = file.file.footer(&*view.objects, &Table::spans()).await?;
    let predicate = narrowed(&file.index, group, &query.predicate);
    let mut wanted = BTreeSet::from([Column::TraceId.at(), Column::Start.at()]);
    columns::needed(&predicate, &mut wanted);
    let wanted: Vec<usize> = wanted.into_iter().collect();
    let plan_narrow = plan(&footer, &[group], Some(&wanted), None)?;
    let bytes = file.file.read(&*view.objects, plan_narrow.ranges()).await?;
    let mut rows: Vec<usize> = Vec::new();
    let mut traces: Vec<(TraceId, i64)> = Vec::new();
    let mut exact = true;
    let mut base = 0;
    for batch in decode(&footer, &plan_narrow, &bytes)? {
        let found = columns::candidates(&batch, &predicate);
        exact &= found.exact;
        rows.extend(in_range(&batch, query, &found.rows).into_iter().map(|row| row + base));
        let ids = batch.column(0).as_binary_view();
        let starts = start_column(&batch)?;
        for row in 0..batch.num_rows() {
            let id = TraceId::from_slice(ids.value(row)).unwrap_or_default();
            traces.push((id, starts.value(row)));
        }
        base += batch.num_rows();
    }
    if !exact && !rows.is_empty() {
        // Newest traces stand at the end of the group; more than are wanted need not be confirmed.
        rows = confirmed_rows(view, file, group, rows, &traces, query, top.limit).await?;
    }
    let mut earliest: HashMap<TraceId, i64> = rows.iter().map(|row| (traces[*row].0, i64::MAX)).collect();
    for (id, start) in &traces {
        if let Some(known) = earliest.get_mut(id) {
            *known = (*known).min(*start);
        }
    }
    let mut found: Found = earliest.into_iter().map(|(id, start)| (start, id)).collect();
    found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
    Ok(found)
}

fn start_column(batch: &RecordBatch) -> Result<&arrow::array::Int64Array, SourceError> {
    let column = batch.column_by_name(Column::Start.name());
    let column = column.ok_or_else(|| segment::Error::Column(Column::Start.name().to_owned()))?;
    Ok(column.as_primitive::<Int64Type>())
}

/// Rows that may match and start inside the range.
fn in_range(batch: &RecordBatch, query: &TraceQuery, rows: &[bool]) -> Vec<usize> {
    let Ok(starts) = start_column(batch) else { return Vec::new() };
    rows.iter()
        .enumerate()
        .filter(|(row, may)| **may && query.range.contains(TimeNs(starts.value(*row))))
        .map(|(row, _)| row)
        .collect()
}

/// Of these rows those that match as whole spans.
fn confirmed(batch: &RecordBatch, rows: &[usize], predicate: &Predicate) -> Result<Vec<usize>, SourceError> {
    let mut reader = SpanReader::new(batch)?;
    let mut kept = Vec::new();
    for row in rows {
        if predicate.matches(&reader.span(*row)?) {
            kept.push(*row);
        }
    }
    Ok(kept)
}

/// Of these rows of a row group those that match as whole spans. Rows are read from the end in growing steps and only
/// until `limit` traces are confirmed whose bounds no earlier row can pass.
async fn confirmed_rows(
    view: &View,
    file: &SpanFile,
    group: usize,
    rows: Vec<usize>,
    traces: &[(TraceId, i64)],
    query: &TraceQuery,
    limit: usize,
) -> Result<Vec<usize>, SourceError> {
    let footer = file.file.footer(&*view.objects, &Table::spans()).await?;
    let total = footer.rows_of(group);
    let mut kept = Vec::new();
    let mut confirmed: HashSet<TraceId> = HashSet::new();
    let mut end = rows.len();
    let mut step = limit.saturating_mul(2).clamp(64, 4_096);
    while end > 0 {
        let mut from = end.saturating_sub(step);
        // A step never cuts a trace, so that the order of traces holds between steps.
        while from > 0 && traces[rows[from]].0 == traces[rows[from - 1]].0 {
            from -= 1;
        }
        let chunk = &rows[from..end];
        let ranges = chunk.iter().map(|row| *row..*row + 1);
        let selection = RowSelection::from_consecutive_ranges(ranges, total);
        let plan = plan(&footer, &[group], None, Some(&selection))?;
        let bytes = file.file.read(&*view.objects, plan.ranges()).await?;
        let mut at = 0;
        for batch in decode(&footer, &plan, &bytes)? {
            let mut reader = SpanReader::new(&batch)?;
            for row in 0..batch.num_rows() {
                if query.predicate.matches(&reader.span(row)?) {
                    kept.push(chunk[at]);
                    confirmed.insert(traces[chunk[at]].0);
                }
                at += 1;
            }
        }
        // Starts of whole traces may lie in other files and be earlier; twice the limit covers all but strays, and
        // strays are covered by going on when their true start falls below the next step's.
        if confirmed.len() >= limit.saturating_mul(2) && from > 0 {
            let bound = traces[rows[from - 1]].1;
            let newer = kept.iter().filter(|row| traces[**row].1 >= bound).count();
            if newer >= limit && starts_are_whole(view, file, &confirmed) {
                break;
            }
        }
        end = from;
        step = (step * 4).min(4_096);
    }
    Ok(kept)
}

/// Whether no other file may hold spans of these traces, so that their starts are known.
fn starts_are_whole(view: &View, file: &SpanFile, ids: &HashSet<TraceId>) -> bool {
    let others = view.snapshot.files.spans.iter().filter(|f| f.file.location != file.file.location);
    view.snapshot.parts.is_empty()
        && others.into_iter().all(|f| ids.iter().all(|id| !f.index.may_contain_trace(id)))
}

/// The newest found so far.
struct Top {
    limit: usize,
    found: BTreeMap<(std::cmp::Reverse<i64>, TraceId), TraceSummary>,
    seen: HashSet<TraceId>,
}

impl Top {
    /// Whether nothing that starts before `bound` is wanted any more, and nothing at it that could come first.
    fn is_full_above(&self, bound: i64) -> bool {
        self.found.keys().nth(self.limit - 1).is_some_and(|(start, _)| start.0 > bound)
    }

    /// Adds matching traces, newest first, reading their summaries in steps and only as long as they may count.
    async fn add(&mut self, view: &View, tenant: &TenantId, mut found: Found) -> Result<(), SourceError> {
        found.retain(|(_, id)| !self.seen.contains(id));
        for chunk in found.chunks(self.limit.max(1)) {
            if chunk.first().is_some_and(|(bound, _)| self.is_full_above(*bound)) {
                return Ok(());
            }
            let ids: Vec<TraceId> = chunk.iter().map(|(_, id)| *id).collect();
            for summary in summaries(view, tenant, &ids).await? {
                let key = (std::cmp::Reverse(summary.start.0), summary.trace_id);
                self.found.insert(key, summary);
            }
            self.seen.extend(ids);
            while self.found.len() > self.limit {
                self.found.pop_last();
            }
        }
        Ok(())
    }
}

/// Columns of a summary, the trace id first.
fn summary_columns() -> Vec<usize> {
    vec![
        Column::TraceId.at(),
        Column::SpanId.at(),
        Column::ParentSpanId.at(),
        Column::Name.at(),
        Column::StatusCode.at(),
        Column::Start.at(),
        Column::Duration.at(),
        columns::service_column(),
    ]
}

#[derive(Default)]
struct Summing {
    start: Option<i64>,
    end: i64,
    root: Option<(i64, SpanId, Option<Arc<str>>, Arc<str>)>,
    spans: HashSet<(SpanId, i64, i64)>,
    errors: u64,
    parents: Vec<SpanId>,
    services: BTreeMap<Option<Arc<str>>, (u64, u64)>,
}

async fn summaries(
    view: &View,
    tenant: &TenantId,
    ids: &[TraceId],
) -> Result<Vec<TraceSummary>, SourceError> {
    let mut sums: HashMap<TraceId, Summing> = HashMap::new();
    for batch in fetch::rows(view, tenant, ids, Some(&summary_columns())).await? {
        let bytes = |at: usize| batch.column(at).as_binary_view();
        let names = batch.column(3).as_string_view();
        let status = batch.column(4).as_primitive::<Int32Type>();
        let (starts, durations) =
            (batch.column(5).as_primitive::<Int64Type>(), batch.column(6).as_primitive::<Int64Type>());
        let services = batch.column(7).as_string_view();
        for row in 0..batch.num_rows() {
            let Some(id) = TraceId::from_slice(bytes(0).value(row)) else { continue };
            let span = SpanId::from_slice(bytes(1).value(row)).unwrap_or_default();
            let (start, duration) = (starts.value(row), durations.value(row));
            let sum = sums.entry(id).or_default();
            // A copy that came twice counts once; different spans with one id differ in times as a rule.
            if !sum.spans.insert((span, start, duration)) {
                continue;
            }
            let end = start.saturating_add(duration.max(0));
            sum.end = if sum.start.is_none() { end } else { sum.end.max(end) };
            sum.start = Some(sum.start.map_or(start, |known| known.min(start)));
            let service: Option<Arc<str>> = (!services.is_null(row)).then(|| services.value(row).into());
            let is_error = status.value(row) == StatusCode::ERROR.0;
            sum.errors += u64::from(is_error);
            let counts = sum.services.entry(service.clone()).or_default();
            counts.0 += 1;
            counts.1 += u64::from(is_error);
            let is_root = bytes(2).is_null(row);
            if !is_root {
                sum.parents.push(SpanId::from_slice(bytes(2).value(row)).unwrap_or_default());
            }
            if is_root && sum.root.as_ref().is_none_or(|root| (start, span) < (root.0, root.1)) {
                sum.root = Some((start, span, service, names.value(row).into()));
            }
        }
    }
    let summaries = sums.into_iter().map(|(trace_id, sum)| {
        let (root_service, root_name) = match sum.root {
            Some((_, _, service, name)) => (service, Some(name)),
            None => (None, None),
        };
        let stored: HashSet<SpanId> = sum.spans.iter().map(|(id, _, _)| *id).collect();
        TraceSummary {
            trace_id,
            orphan_count: sum.parents.iter().filter(|id| !stored.contains(*id)).count() as u64,
            start: TimeNs(sum.start.unwrap_or_default()),
            end: TimeNs(sum.end),
            root_service,
            root_name,
            span_count: sum.spans.len() as u64,
            error_count: sum.errors,
            services: sum.services.into_iter().map(|(name, (spans, errors))| (name, spans, errors)).collect(),
        }
    });
    Ok(summaries.collect())
}
