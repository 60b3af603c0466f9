//! Merging of small files, so that a day has few of them.
//!
//! Per table, tenant and day: eight files of one level become one of the next, up to a size; a row is rewritten twice at most.
//! The commit says that no data changed. Readers go on with the old files, which vacuum removes much later.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalog::{Commit, FileEntry, Table};
use model::schema::{ingest, spans, traces};
use model::{Signal, TenantId};
use object_store::ObjectStoreExt;
use segment::merge::FileInput;
use segment::read::Table as TableShape;
use segment::{SpanWriter, WriteOptions, merge_spans, write_table};

use crate::account::{Lines, Outcome};
use crate::error::Error;
use crate::files::{Added, SpanFile, TableFile, ingest_table, location, log_range, write_index};
use crate::live::Inner;
use crate::partition::Place;
use crate::round::{add_file, entry_of, file_info, file_name};
use crate::upload;

/// Highest level: its files are never merged again.
const LEVEL_MAX: u32 = 2;

/// Files of one level, tenant, day and kind that become one.
#[derive(Debug)]
struct Group {
    place: Place,
    level: u32,
    entries: Vec<Arc<FileEntry>>,
}

/// Runs every merge that is due. Rounds go on between two merges.
pub(crate) async fn run_due(inner: &Arc<Inner>) -> Result<(), Error> {
    let _turn = inner.merging.lock().await;
    for table in inner.tables() {
        while !inner.stopping.load(std::sync::atomic::Ordering::Relaxed)
            && let Some(group) = due(inner, table, inner.options.compact_files)
        {
            match run(inner, table, group).await {
                // The rounds say what hinders them, and merging waits for them.
                Err(Error::RoundUnfinished) => return Ok(()),
                done => done?,
            }
        }
    }
    Ok(())
}

/// Merges everything of each day as far as sizes allow, due or not.
pub async fn run_all(store: &crate::Store) -> Result<(), Error> {
    let inner = &store.inner;
    let _turn = inner.merging.lock().await;
    for table in inner.tables() {
        while let Some(group) = due(inner, table, 2) {
            run(inner, table, group).await?;
        }
    }
    Ok(())
}

async fn run(inner: &Arc<Inner>, table: &Arc<Table>, group: Group) -> Result<(), Error> {
    if inner.round.lock().await.is_some() {
        return Err(Error::RoundUnfinished);
    }
    match table.name() {
        "spans" => merge_span_files(inner, table, group).await,
        "traces" => merge_small(inner, table, group, TableShape::traces(), traces::VERSION).await,
        "ingest" => merge_small(inner, table, group, ingest_table(), ingest::VERSION).await,
        name => match inner.derived.as_ref().and_then(|derived| derived.find(name)) {
            Some(derived) => merge_small(inner, table, group, derived.shape(), derived.version).await,
            None => Ok(()),
        },
    }
}

fn due(inner: &Inner, table: &Table, fan_in: usize) -> Option<Group> {
    let mut groups: BTreeMap<(Place, u32), Vec<Arc<FileEntry>>> = BTreeMap::new();
    for entry in table.files() {
        let Some(level) = level_of(&entry.path).filter(|level| *level < LEVEL_MAX) else { continue };
        let off_clock = entry.path.contains("-offclock-");
        let place = Place { tenant: entry.tenant.clone(), date_days: entry.date_days, off_clock };
        groups.entry((place, level)).or_default().push(entry);
    }
    for ((place, level), mut entries) in groups {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        let mut size = 0;
        let taken: Vec<_> = entries
            .into_iter()
            .take_while(|entry| {
                size += entry.size;
                size <= inner.options.compact_bytes_max
            })
            .collect();
        if taken.len() >= fan_in.max(2) {
            return Some(Group { place, level, entries: taken });
        }
    }
    None
}

/// Level of one of our files, as its name says it.
fn level_of(path: &str) -> Option<u32> {
    let name = path.rsplit('/').next()?;
    name.split('-').nth(2)?.strip_prefix('l')?.parse().ok()
}

impl Group {
    fn log_range(&self) -> (u64, u64) {
        let ranges: Vec<_> = self.entries.iter().filter_map(|e| log_range(&e.path)).collect();
        let first = ranges.iter().map(|range| range.0).min().unwrap_or(0);
        (first, ranges.iter().map(|range| range.1).max().unwrap_or(0))
    }

    fn commit(&self, add: catalog::AddFile) -> Commit {
        Commit {
            adds: vec![add],
            removes: self.entries.clone(),
            txn: None,
            data_change: false,
            operation: "OPTIMIZE",
        }
    }

    fn paths(&self) -> Vec<String> {
        self.entries.iter().map(|entry| entry.path.clone()).collect()
    }
}

async fn merge_span_files(inner: &Arc<Inner>, table: &Arc<Table>, group: Group) -> Result<(), Error> {
    let objects = &inner.places.objects;
    let shape = TableShape::spans();
    let mut sources = Vec::new();
    for entry in &group.entries {
        let file = TableFile::new(&inner.places, "spans", Arc::clone(entry));
        sources.push((file.footer(&**objects, &shape).await?, file.location));
    }
    let (first, last) = group.log_range();
    let info = file_info("spans", spans::VERSION, first, last, group.level + 1);
    let name = file_name(inner, &group.place, first, last, group.level + 1, 0);
    let folder = catalog::partition_folder(&group.place.tenant, group.place.date_days);
    let path = location(&inner.places, "spans", &format!("{folder}/{name}"));
    let runtime = tokio::runtime::Handle::current();
    let reader = Arc::clone(objects);
    let written = upload::stream(objects, &path, move |out| {
        let mut inputs: Vec<_> = sources
            .into_iter()
            .map(|(footer, path)| {
                let (runtime, reader) = (runtime.clone(), Arc::clone(&reader));
                FileInput::new((*footer).clone(), move |range| {
                    runtime
                        .block_on(reader.get_range(&path, range))
                        .map_err(|error| segment::Error::Io(std::io::Error::other(error)))
                })
            })
            .collect();
        let mut writer = SpanWriter::new(&info, &WriteOptions::compact(), out)?;
        let merged = merge_spans(&mut inputs, &mut writer)?;
        Ok((writer.finish()?, merged.dropped))
    })
    .await?;
    let (written, dropped) = written;
    let place = &group.place;
    let add = add_file(inner, &place.tenant, &place.date_days, &name, written.bytes, &written.stats);
    write_index(&inner.places, &add.path, &written.index)?;
    let file = TableFile::new(&inner.places, "spans", Arc::new(entry_of(&add)));
    let turn = inner.round.lock().await;
    if turn.is_some() {
        return Err(Error::RoundUnfinished);
    }
    table.commit(group.commit(add)).await?;
    let added = Added { spans: vec![Arc::new(SpanFile { file, index: written.index })], ..Added::default() };
    switch(inner, table.name(), &group.paths(), added, &group.place.tenant, Outcome::Merged, dropped);
    drop(turn);
    Ok(())
}

/// Merges files of a table whose rows fit into memory: parts of traces, lines of the account, sums.
async fn merge_small(
    inner: &Arc<Inner>,
    table: &Arc<Table>,
    group: Group,
    shape: TableShape,
    version: u32,
) -> Result<(), Error> {
    let name = table.name();
    let mut batches = Vec::new();
    for entry in &group.entries {
        let file = TableFile::new(&inner.places, name, Arc::clone(entry));
        batches.extend(file.read_all(&*inner.places.objects, &shape).await?);
    }
    let (first, last) = group.log_range();
    let info = file_info(name, version, first, last, group.level + 1);
    let derived = inner.derived.as_ref().and_then(|derived| derived.find(name));
    let merge = derived.map(|derived| derived.merge);
    let order = match (name, derived) {
        ("traces", _) => "start_time_unix_nano",
        (_, Some(derived)) => derived.order,
        _ => "round",
    };
    let schema = shape.schema.clone();
    let (bytes, written) = crate::recover::blocking(move || {
        if name == "traces" {
            batches = vec![segment::merge_trace_parts(&batches)?];
        } else if let Some(merge) = merge {
            batches = vec![merge(&batches).map_err(Error::Task)?];
        }
        let mut bytes = Vec::new();
        let options = WriteOptions::compact();
        let written = write_table(&batches, schema, order, &info, &options, &mut bytes)?;
        Ok((bytes, written))
    })
    .await?;
    let file = file_name(inner, &group.place, first, last, group.level + 1, 0);
    let place = &group.place;
    let add = add_file(inner, &place.tenant, &place.date_days, &file, written.bytes, &written.stats);
    upload::put(&*inner.places.objects, &location(&inner.places, name, &add.path), bytes).await?;
    let entry = Arc::new(entry_of(&add));
    let file = Arc::new(TableFile::new(&inner.places, name, entry));
    let turn = inner.round.lock().await;
    if turn.is_some() {
        return Err(Error::RoundUnfinished);
    }
    table.commit(group.commit(add)).await?;
    let mut added = Added::default();
    match name {
        "traces" => added.traces.push(file),
        "ingest" => added.ingest.push(file),
        derived => added.derived.push((derived, file)),
    }
    switch(inner, table.name(), &group.paths(), added, &group.place.tenant, Outcome::Merged, 0);
    drop(turn);
    Ok(())
}

/// Replaces files in the readers' view by one step.
pub(crate) fn switch(
    inner: &Inner,
    table: &str,
    removed: &[String],
    added: Added,
    tenant: &TenantId,
    outcome: Outcome,
    items: u64,
) {
    let mut lines = Lines::default();
    lines.add(tenant, Signal::Traces, outcome, "", items);
    let mut live = inner.live.lock();
    let files = live.files.replaced(table, removed, added);
    live.files = Arc::new(files);
    live.totals.merge(&lines);
    live.pending.merge(&lines);
}
