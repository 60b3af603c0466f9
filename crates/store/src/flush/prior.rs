//! Rows of earlier files that new rows may repeat.
//!
//! In: the rows of a round for one place. Out: the stored rows of those traces that an earlier file may hold with the same span
//! ids; the sort drops new rows that equal one of them. Filters say which files to ask, so a round without late or resent
//! spans reads nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use model::TraceId;
use model::schema::spans::Column;

use crate::error::Error;
use crate::files::log_range;
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
    let (mut earliest, mut latest) = (i64::MAX, i64::MIN);
    for batch in batches {
        let starts = batch.column(Column::Start.at()).as_primitive::<Int64Type>().values();
        earliest = starts.iter().copied().min().unwrap_or(i64::MAX).min(earliest);
        latest = starts.iter().copied().max().unwrap_or(i64::MIN).max(latest);
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
        // A copy starts when its original starts: files of other times need not be asked.
        let times = &file.index.times;
        let of_other_times = times.max_start < earliest || times.min_start > latest;
        if entry.tenant != place.tenant || of_round || of_other_times {
            continue;
        }
        found.extend(file.rows_of_traces(&*inner.places.objects, &ids, None).await?);
    }
    Ok(found)
}
