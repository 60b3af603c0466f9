//! One flush round: from frozen parts to files, commits and the switch of the readers' view.
//!
//! A round freezes everything up to a position and commits each table once with that position as its Delta transaction
//! (4.11). Files are written before the first commit; a round whose commits stopped half way is finished before the next one
//! begins, at the same position, so that every table is cut at the same places.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use buffer::Part;
use catalog::{AddFile, Commit, Table};
use model::schema::{ingest, spans, traces};
use model::{Signal, TenantId};
use segment::{FileInfo, FileStats, StatValue, WriteOptions};
use serde_json::{Map, Value, json};

use crate::account::{DUPLICATE_SPAN, Lines, Outcome};
use crate::derived::write_round;
use crate::error::Error;
use crate::files::{Added, SpanFile, TableFile, location, write_index};
use crate::flush::prior;
use crate::live::Inner;
use crate::partition::{Place, split};
use crate::upload;

/// Version of the software, written into each file.
const WRITER_VERSION: &str = env!("CARGO_PKG_VERSION");

/// A round between its first file and its switch.
#[derive(Debug)]
pub struct Unfinished {
    /// First position that the round takes.
    pub(crate) first: u64,
    /// Last position that the round takes.
    pub(crate) last: u64,
    /// Commits that are not done yet, in the order of the tables.
    commits: Vec<TableCommit>,
    /// Account lines of the round, `stored` and `duplicate` included.
    lines: Lines,
    /// The part of `lines` that the totals do not hold yet.
    found: Lines,
    added: Added,
}

#[derive(Debug)]
struct TableCommit {
    table: Arc<Table>,
    adds: Vec<AddFile>,
}

/// What a place's rows became.
struct Encoded {
    place: Place,
    spans: Vec<u8>,
    written: segment::Written,
    traces: Vec<u8>,
    traces_written: segment::write::WrittenTable,
    dropped: u64,
}

impl Unfinished {
    /// Writes the files of a round over `parts`. `pending` is the account up to `last`.
    pub(crate) async fn prepare(
        inner: &Arc<Inner>,
        parts: &[Arc<Part>],
        first: u64,
        last: u64,
        pending: Lines,
    ) -> Result<Self, Error> {
        let mut round = Self {
            first,
            last,
            commits: Vec::new(),
            lines: pending,
            found: Lines::default(),
            added: Added::default(),
        };
        let (mut span_adds, mut trace_adds) = (Vec::new(), Vec::new());
        for (at, (place, batches)) in split(parts)?.into_iter().enumerate() {
            let known = prior::rows_stored_before(inner, &place, &batches, first).await?;
            let encoded = encode(place, batches, known, first, last).await?;
            let stored = encoded.written.rows;
            let tenant = &encoded.place.tenant;
            round.found.add(tenant, Signal::Traces, Outcome::Stored, "", stored);
            round.found.add(tenant, Signal::Traces, Outcome::Duplicate, DUPLICATE_SPAN, encoded.dropped);
            if stored > 0 {
                let (span, trace) = round.store(inner, at, encoded).await?;
                span_adds.push(span);
                trace_adds.push(trace);
            }
        }
        round.lines.merge(&round.found);
        let ingest_adds = round.store_ingest(inner).await?;
        round.commits = vec![
            TableCommit { table: Arc::clone(&inner.spans), adds: span_adds },
            TableCommit { table: Arc::clone(&inner.traces), adds: trace_adds },
            TableCommit { table: Arc::clone(&inner.ingest), adds: ingest_adds },
        ];
        if let Some(derived) = &inner.derived {
            let adds = write_round(inner, derived, first, last).await?;
            for (made, table) in &derived.tables {
                let of_table = adds.iter().filter(|(name, _)| *name == made.name);
                let of_table: Vec<AddFile> = of_table.map(|(_, add)| add.clone()).collect();
                if round.needs(inner, table).await? {
                    let opened = of_table.iter().map(|add| {
                        let entry = Arc::new(entry_of(add));
                        (made.name, Arc::new(TableFile::new(&inner.places, made.name, entry)))
                    });
                    round.added.derived.extend(opened);
                }
                round.commits.push(TableCommit { table: Arc::clone(table), adds: of_table });
            }
        }
        Ok(round)
    }

    /// Commits what is not committed yet, then switches the readers' view.
    pub(crate) async fn finish(mut self, inner: &Arc<Inner>) -> Result<(), (Self, Error)> {
        while let Some(next) = self.commits.first() {
            if let Err(error) = commit(inner, next, self.last).await {
                return Err((self, error));
            }
            self.commits.remove(0);
        }
        self.switch(inner);
        Ok(())
    }

    fn switch(self, inner: &Inner) {
        let mut live = inner.live.lock();
        live.buffer.drop_through(self.last);
        live.flushed = self.last;
        live.totals.merge(&self.found);
        let files = live.files.replaced("spans", &[], self.added);
        live.files = Arc::new(files);
        drop(live);
        if let Some(derived) = &inner.derived {
            derived.deriver.committed(self.last);
        }
    }

    async fn store(
        &mut self,
        inner: &Arc<Inner>,
        at: usize,
        encoded: Encoded,
    ) -> Result<(AddFile, AddFile), Error> {
        let Encoded { place, spans, written, traces, traces_written, .. } = encoded;
        let name = file_name(inner, &place, self.first, self.last, 0, at);
        let span = add_file(inner, &place.tenant, &place.date_days, &name, written.bytes, &written.stats);
        let trace = add_file(
            inner,
            &place.tenant,
            &place.date_days,
            &name,
            traces_written.bytes,
            &traces_written.stats,
        );
        let objects = &*inner.places.objects;
        let span_path = location(&inner.places, "spans", &span.path);
        let trace_path = location(&inner.places, "traces", &trace.path);
        upload::put(objects, &span_path, spans).await?;
        upload::put(objects, &trace_path, traces).await?;
        write_index(&inner.places, &span.path, &written.index)?;
        let span_entry = Arc::new(entry_of(&span));
        let file = TableFile::new(&inner.places, "spans", span_entry);
        // A catch-up round finds its spans committed already: its files are in the list and must not be doubled.
        if self.needs(inner, &inner.spans).await? {
            self.added.spans.push(Arc::new(SpanFile { file, index: written.index }));
        }
        if self.needs(inner, &inner.traces).await? {
            let entry = Arc::new(entry_of(&trace));
            self.added.traces.push(Arc::new(TableFile::new(&inner.places, "traces", entry)));
        }
        Ok((span, trace))
    }

    async fn store_ingest(&mut self, inner: &Arc<Inner>) -> Result<Vec<AddFile>, Error> {
        let now = inner.now();
        let mut by_tenant: BTreeMap<TenantId, ()> = BTreeMap::new();
        by_tenant.extend(self.lines.0.keys().map(|key| (key.tenant.clone(), ())));
        let mut adds = Vec::new();
        for (at, tenant) in by_tenant.into_keys().enumerate() {
            let batch = self.lines.to_batch(&tenant, self.last, now);
            let place = Place { tenant, date_days: model::TimeNs(now).days(), off_clock: false };
            let info = file_info("ingest", ingest::VERSION, self.first, self.last, 0);
            let mut bytes = Vec::new();
            let written = segment::write_table(
                &[batch],
                ingest::schema(),
                "round",
                &info,
                &WriteOptions::flush(),
                &mut bytes,
            )?;
            let name = file_name(inner, &place, self.first, self.last, 0, at);
            let add = add_file(inner, &place.tenant, &place.date_days, &name, written.bytes, &written.stats);
            let path = location(&inner.places, "ingest", &add.path);
            upload::put(&*inner.places.objects, &path, bytes).await?;
            if self.needs(inner, &inner.ingest).await? {
                let entry = Arc::new(entry_of(&add));
                self.added.ingest.push(Arc::new(TableFile::new(&inner.places, "ingest", entry)));
            }
            adds.push(add);
        }
        Ok(adds)
    }

    /// Whether the table does not hold the round yet.
    async fn needs(&self, inner: &Inner, table: &Table) -> Result<bool, Error> {
        let held = table.txn_version(&inner.application(table.name())).await?;
        Ok(held.is_none_or(|held| held < txn_version(self.last)))
    }
}

async fn commit(inner: &Inner, next: &TableCommit, last: u64) -> Result<(), Error> {
    let application = inner.application(next.table.name());
    let held = next.table.txn_version(&application).await?;
    if held.is_some_and(|held| held >= txn_version(last)) {
        return Ok(());
    }
    let commit = Commit {
        adds: next.adds.clone(),
        removes: Vec::new(),
        txn: Some((application, txn_version(last))),
        data_change: true,
        operation: "WRITE",
    };
    next.table.commit(commit).await?;
    Ok(())
}

/// Positions as Delta counts transactions.
pub(crate) fn txn_version(position: u64) -> i64 {
    i64::try_from(position).unwrap_or(i64::MAX)
}

async fn encode(
    place: Place,
    batches: Vec<RecordBatch>,
    known: Vec<RecordBatch>,
    first: u64,
    last: u64,
) -> Result<Encoded, Error> {
    let task = tokio::task::spawn_blocking(move || {
        let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
        let order = segment::SpanOrder::without(&batches, &known)?;
        let info = file_info("spans", spans::VERSION, first, last, 0);
        // About what a span takes, so that the file does not move while it grows.
        let mut bytes = Vec::with_capacity(order.len() * 64);
        let mut written = segment::write_spans(&batches, &order, &info, &WriteOptions::flush(), &mut bytes)?;
        let parts = written.trace_parts.take().into_iter().collect::<Vec<_>>();
        let info = file_info("traces", traces::VERSION, first, last, 0);
        let mut trace_bytes = Vec::new();
        let traces_written = segment::write_table(
            &parts,
            traces::schema(),
            "start_time_unix_nano",
            &info,
            &WriteOptions::flush(),
            &mut trace_bytes,
        )?;
        let dropped = rows as u64 - written.rows;
        Ok(Encoded { place, spans: bytes, written, traces: trace_bytes, traces_written, dropped })
    });
    task.await.map_err(|error| Error::Task(error.to_string()))?
}

/// Facts for a footer.
pub(crate) fn file_info(
    table: &'static str,
    schema_version: u32,
    wal_first: u64,
    wal_last: u64,
    level: u32,
) -> FileInfo {
    FileInfo { wal_first, wal_last, table, schema_version, level, writer_version: WRITER_VERSION.to_owned() }
}

/// A file name that says what it holds: positions of the log, level, place in the round, and whether the rows' own times
/// were off. The salt of the start keeps names of rounds that were tried twice apart.
pub(crate) fn file_name(
    inner: &Inner,
    place: &Place,
    first: u64,
    last: u64,
    level: u32,
    at: usize,
) -> String {
    let clock = if place.off_clock { "-offclock" } else { "" };
    let unique = inner.places.salt ^ inner.places.clock.monotonic_nano();
    format!("{first:012}-{last:012}-l{level}-{at}{clock}-{unique:016x}.parquet")
}

/// The entry of a new file for a commit.
pub(crate) fn add_file(
    inner: &Inner,
    tenant: &TenantId,
    date_days: &i32,
    name: &str,
    size: u64,
    stats: &FileStats,
) -> AddFile {
    AddFile {
        path: format!("{}/{name}", catalog::partition_folder(tenant, *date_days)),
        size,
        tenant: tenant.clone(),
        date_days: *date_days,
        rows: stats.rows,
        stats_json: stats_json(stats),
        modified_unix_ms: inner.now() / 1_000_000,
    }
}

/// The same entry as the catalog will list it.
pub(crate) fn entry_of(add: &AddFile) -> catalog::FileEntry {
    catalog::FileEntry {
        path: add.path.clone(),
        size: add.size,
        tenant: add.tenant.clone(),
        date_days: add.date_days,
        rows: Some(add.rows),
        stats_json: add.stats_json.clone(),
        modified_unix_ms: add.modified_unix_ms,
    }
}

/// Columns whose bounds other engines prune by; bounds of all seventy would make the log larger than it helps.
pub(crate) const STATS_COLUMNS: &[&str] = &[
    "start_time_unix_nano",
    "duration_nano",
    "received_time_unix_nano",
    "end_time_unix_nano",
    "kind",
    "status_code",
    "service_name",
    "round",
    "time_unix_nano",
    "bucket_unix_nano",
];

/// Statistics in the form of the Delta protocol.
fn stats_json(stats: &FileStats) -> String {
    let (mut min, mut max, mut nulls) = (Map::new(), Map::new(), Map::new());
    let value = |value: &StatValue| match value {
        StatValue::Long(value) => json!(value),
        StatValue::Text(text) => json!(text),
    };
    for column in stats.columns.iter().filter(|c| STATS_COLUMNS.contains(&c.name.as_str())) {
        if let (Some(low), Some(high)) = (&column.min, &column.max) {
            min.insert(column.name.clone(), value(low));
            max.insert(column.name.clone(), value(high));
        }
        if let Some(count) = column.null_count {
            nulls.insert(column.name.clone(), Value::from(count));
        }
    }
    json!({"numRecords": stats.rows, "minValues": min, "maxValues": max, "nullCount": nulls}).to_string()
}
