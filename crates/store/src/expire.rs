//! Retention by age and size, and the removal of files that no table lists.
//!
//! Whole days go, by a commit that only lists what is removed. Vacuum waits for the delay that other engines and our longest
//! query need.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use catalog::{Commit, FileEntry, Table};
use model::TimeNs;
use model::time::DAY_NS;

use crate::account::Outcome;
use crate::compact::switch;
use crate::error::Error;
use crate::files::{Added, index_name};
use crate::follow::follow;
use crate::live::Inner;

/// Follows the commits of others, drops the days that are over the limits, removes files that are long out of the tables.
pub(crate) async fn run_due(inner: &Arc<Inner>) -> Result<(), Error> {
    let _turn = inner.merging.lock().await;
    follow(inner).await?;
    expire(inner).await?;
    vacuum(inner, Duration::from_nanos(inner.options.vacuum_keep_ns)).await.map(drop)
}

/// Runs retention and vacuum now, with another delay; for tests, benches and maintenance.
pub async fn run_now(store: &crate::Store, keep: Duration) -> Result<usize, Error> {
    let _turn = store.inner.merging.lock().await;
    follow(&store.inner).await?;
    expire(&store.inner).await?;
    vacuum(&store.inner, keep).await
}

async fn expire(inner: &Arc<Inner>) -> Result<(), Error> {
    let tables = [&inner.spans, &inner.traces];
    let oldest_kept = first_day_kept(inner, &tables);
    for table in tables {
        let gone: Vec<_> = table.files().into_iter().filter(|file| file.date_days < oldest_kept).collect();
        if !gone.is_empty() {
            drop_files(inner, table, gone).await?;
        }
    }
    let today = TimeNs(inner.now()).days();
    for (derived, table) in inner.derived.iter().flat_map(|derived| &derived.tables) {
        let days = i64::try_from(derived.keep_ns).unwrap_or(i64::MAX) / DAY_NS;
        let oldest_kept = today.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX));
        let over = |file: &Arc<FileEntry>| derived.keep_ns > 0 && file.date_days < oldest_kept;
        let gone: Vec<_> = table.files().into_iter().filter(over).collect();
        if !gone.is_empty() {
            drop_files(inner, table, gone).await?;
        }
    }
    Ok(())
}

/// The first day that stays: by age, and by size counting from the newest day backwards.
fn first_day_kept(inner: &Inner, tables: &[&Arc<Table>]) -> i32 {
    let today = TimeNs(inner.now()).days();
    let mut first = i32::MIN;
    if inner.options.retention_age_ns > 0 {
        let days = i64::try_from(inner.options.retention_age_ns).unwrap_or(i64::MAX) / DAY_NS;
        first = today.saturating_sub(i32::try_from(days).unwrap_or(i32::MAX));
    }
    if inner.options.retention_bytes > 0 {
        let mut by_day: BTreeMap<i32, u64> = BTreeMap::new();
        for file in tables.iter().flat_map(|table| table.files()) {
            *by_day.entry(file.date_days).or_default() += file.size;
        }
        let mut kept = 0u64;
        for (day, bytes) in by_day.into_iter().rev() {
            kept += bytes;
            // The newest day stays whatever its size: dropping what comes in is not retention.
            if kept > inner.options.retention_bytes && day < today {
                return first.max(day + 1);
            }
        }
    }
    first
}

async fn drop_files(inner: &Arc<Inner>, table: &Arc<Table>, gone: Vec<Arc<FileEntry>>) -> Result<(), Error> {
    let turn = inner.round.lock().await;
    if turn.is_some() {
        return Err(Error::RoundUnfinished);
    }
    let commit =
        Commit { adds: Vec::new(), removes: gone.clone(), txn: None, data_change: true, operation: "DELETE" };
    table.commit(commit).await?;
    let mut rows: BTreeMap<_, u64> = BTreeMap::new();
    let mut paths = Vec::new();
    for file in &gone {
        let counted = if table.name() == "spans" { file.rows.unwrap_or(0) } else { 0 };
        *rows.entry(file.tenant.clone()).or_default() += counted;
        paths.push(file.path.clone());
    }
    for (tenant, rows) in rows {
        switch(inner, table.name(), &paths, Added::default(), &tenant, Outcome::Expired, rows);
    }
    drop(turn);
    tracing::info!(table = table.name(), files = paths.len(), "dropped days over the retention");
    Ok(())
}

async fn vacuum(inner: &Arc<Inner>, keep: Duration) -> Result<usize, Error> {
    let mut removed = 0;
    for table in inner.tables() {
        // A round between its files and its commits owns files that no table lists yet.
        let turn = inner.round.lock().await;
        if turn.is_some() {
            // Nor may its files grow old while the commits fail again and again.
            return Ok(removed);
        }
        let paths = table.vacuum(keep, &HashSet::new()).await?;
        drop(turn);
        removed += paths.len();
        if table.name() == "spans" {
            for path in &paths {
                // An index left behind is harmless, and is removed with the next vacuum of its file's name.
                let _ = inner.places.index.remove(&index_name(path));
            }
        }
    }
    Ok(removed)
}
