//! Spans that the tables hold already, read again: those of the last minute before a start, so that pairs are found across it.

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::Int64Type;
use model::TenantId;
use model::schema::spans::Column;
use object_store::ObjectStore;
use segment::read::Table;
use store::{Error, Snapshot};

/// How far back halves can still wait for their other half: the window of pairing.
const WINDOW_NS: i64 = 60_000_000_000;

/// How much later than its start a span is usually received; older row groups are not opened.
const DELAY_NS: i64 = 600_000_000_000;

/// Hands the spans to `take` that were received in the last minute before `after`, of each tenant, oldest file first.
pub(super) async fn waiting_halves(
    stored: &Snapshot,
    objects: &dyn ObjectStore,
    after: u64,
    mut take: impl FnMut(&TenantId, &RecordBatch),
) -> Result<(), Error> {
    let newest = stored.files.spans.iter().map(|file| file.index.times.max_start).max().unwrap_or(0);
    let columns = Table::spans();
    let mut recent: Vec<_> =
        stored.files.spans.iter().filter(|file| file.index.times.max_start >= newest - DELAY_NS).collect();
    recent.sort_by(|a, b| a.file.entry.path.cmp(&b.file.entry.path));
    let mut found: Vec<(TenantId, RecordBatch)> = Vec::new();
    let mut last_received = i64::MIN;
    for file in recent {
        if store::files::log_range(&file.file.entry.path).is_some_and(|(first, _)| first > after) {
            // A round whose commits stopped half way: its spans come again with the stream.
            continue;
        }
        let footer = file.file.footer(objects, &columns).await?;
        let groups = file.index.row_groups.iter().enumerate();
        let groups: Vec<usize> = groups
            .filter(|(_, group)| group.times.max_start >= newest - DELAY_NS)
            .map(|(at, _)| at)
            .collect();
        let plan = segment::plan(&footer, &groups, None, None)?;
        let bytes = file.file.read(objects, plan.ranges()).await?;
        for batch in segment::decode(&footer, &plan, &bytes)? {
            let received = batch.column(Column::Received.at()).as_primitive::<Int64Type>();
            last_received = last_received.max(received.values().iter().copied().max().unwrap_or(i64::MIN));
            found.push((file.file.entry.tenant.clone(), batch));
        }
    }
    for (tenant, batch) in found {
        let received = batch.column(Column::Received.at()).as_primitive::<Int64Type>();
        let recent: BooleanArray =
            received.values().iter().map(|at| Some(*at >= last_received.saturating_sub(WINDOW_NS))).collect();
        let batch = filter_record_batch(&batch, &recent).map_err(segment::Error::from)?;
        if batch.num_rows() > 0 {
            take(&tenant, &batch);
        }
    }
    Ok(())
}
