//! Rows of earlier files that new rows may repeat.
//!
//! In: the rows of a round for one place. Out: the stored rows of those traces that an earlier file may hold with the same span
//! ids; the sort drops new rows that equal one of them. Filters say which files to ask, so a round without late or resent
//! spans reads nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use model::TraceId;
use model::schema::spans::Column;

use crate::error::Error;
use crate::files::{SpanFile, log_range};
use crate::live::Inner;
use crate::partition::Place;

/// Rows stored before position `first` under trace ids that `batches` have too, as far as their span ids meet.
pub(crate) async fn rows_stored_before(
    inner: &Arc<Inner>,
    place: &Place,
    batches: &[RecordBatch],
    first: u64,
) -> Result<Vec<RecordBatch>, Error> {
    let mut ids: BTreeSet<TraceId> = BTreeSet::new();
    for batch in batches {
        let column = batch.column(Column::TraceId.at()).as_binary_view();
        let mut last: &[u8] = &[];
        for id in column.iter().flatten() {
            if id != last {
                ids.extend(TraceId::from_slice(id));
                last = id;
            }
        }
    }
    let files = Arc::clone(&inner.live.lock().files);
    let mut found = Vec::new();
    for file in &files.spans {
        let entry = &file.file.entry;
        // Files of this very round are there when only its later tables are made up for.
        let of_round = log_range(&entry.path).is_some_and(|(from, _)| from >= first);
        if entry.tenant != place.tenant || of_round {
            continue;
        }
        found.extend(rows_of(inner, file, &ids).await?);
    }
    Ok(found)
}

/// The rows of a file that belong to some traces.
async fn rows_of(inner: &Inner, file: &SpanFile, ids: &BTreeSet<TraceId>) -> Result<Vec<RecordBatch>, Error> {
    let mut by_group: Vec<Vec<std::ops::Range<usize>>> = Vec::new();
    for id in ids.iter().filter(|id| file.index.may_contain_trace(id)) {
        for rows in file.index.trace_rows(id) {
            if by_group.len() <= rows.row_group {
                by_group.resize(rows.row_group + 1, Vec::new());
            }
            by_group[rows.row_group].push(rows.rows);
        }
    }
    let objects = &*inner.places.objects;
    let mut found = Vec::new();
    for (group, mut ranges) in by_group.into_iter().enumerate().filter(|(_, r)| !r.is_empty()) {
        let footer = file.file.footer(objects, &segment::read::Table::spans()).await?;
        ranges.sort_by_key(|range| range.start);
        ranges.dedup();
        let total = footer.rows_of(group);
        let selection = segment::RowSelection::from_consecutive_ranges(ranges.into_iter(), total);
        let plan = segment::plan(&footer, &[group], None, Some(&selection))?;
        let bytes = file.file.read(objects, plan.ranges()).await?;
        found.extend(segment::decode(&footer, &plan, &bytes)?);
    }
    Ok(found)
}
