//! Opening a store: tables, log, and what of the log the tables do not hold yet.
//!
//! Each table says with its Delta transaction up to which position it holds everything. A crash between the commits of one
//! round leaves later tables behind: the records of that round are read again and a catch-up round, cut at the same position,
//! commits what is missing and nothing else. The rest is replayed into the buffer, flushing on the way when there is much.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

use catalog::{Catalog, CatalogOptions, Table, TableSpec};
use model::schema::{ingest, spans, traces};
use parking_lot::Mutex;
use tokio::sync::{Notify, mpsc, watch};
use wal::{Record, Records, Wal};

use crate::derived::{Derived, Deriver, Start};
use crate::error::Error;
use crate::live::{Inner, Live};
use crate::log_writer::{self, KIND_DUPLICATE, KIND_SPANS, read_duplicate};
use crate::options::{Options, Places};
use crate::retries::Retries;
use crate::round::STATS_COLUMNS;
use crate::tail::decode_request;
use crate::{Store, Tail, files, flush, jobs};

/// Jobs that may wait for the log's thread.
const JOBS_WAITING_MAX: usize = 1_024;

/// Bytes of records that are read and decoded before they are applied.
const REPLAY_BYTES: u64 = 16 << 20;

/// What opening found.
#[derive(Debug, Clone, Default)]
pub struct Recovery {
    /// Records replayed.
    pub records: u64,
    /// Spans replayed.
    pub spans: u64,
    /// Bytes of records replayed.
    pub bytes: u64,
    /// Bytes of a torn tail that were cut.
    pub torn_bytes: u64,
    /// Damaged places of the log, each with file, offset and cause.
    pub quarantined: Vec<String>,
    /// Records that did not decode, each with its cause.
    pub undecodable: Vec<String>,
    /// Files of spans that the tables hold.
    pub span_files: usize,
}

/// Opens a store for reading and writing and starts its background work.
///
/// # Errors
/// When tables or log cannot be opened or belong to a newer version. Nothing is lost by trying again.
pub async fn open(places: Places, options: Options) -> Result<(Store, Recovery), Error> {
    open_with(places, options, None).await
}

/// The same with tables that are made of the spans.
///
/// # Errors
/// As [`open`].
pub async fn open_with(
    places: Places,
    options: Options,
    deriver: Option<Arc<dyn Deriver>>,
) -> Result<(Store, Recovery), Error> {
    let log = places.log.clone();
    let (log_options, salt) = (options.log, places.salt);
    let (wal, recovered) = blocking(move || Ok(Wal::open(log, log_options, salt)?)).await?;
    let (inner, receiver) = assemble(places, options, deriver).await?;
    inner.retries.lock().restore(&recovered.retry_hashes);
    let mut recovery = Recovery {
        torn_bytes: recovered.torn_bytes,
        quarantined: recovered
            .quarantined
            .iter()
            .map(|q| format!("{} at {}: {} bytes: {}", q.file, q.offset, q.bytes, q.why))
            .collect(),
        ..Recovery::default()
    };
    let (lowest, highest) = positions(&inner).await?;
    let mut wal = wal;
    let hashes = inner.retries.lock().list();
    wal.advance_to(highest + 1, &mut || hashes.clone())?;
    inner.log_bytes.store(wal.bytes(), std::sync::atomic::Ordering::Relaxed);
    start_deriver(&inner);
    replay(&inner, wal.read_from(lowest + 1), lowest, highest, true, &mut recovery).await?;
    recovery.span_files = inner.live.lock().files.spans.len();
    jobs::start(&inner, wal, receiver);
    Ok((Store { inner }, recovery))
}

/// Opens the folder of a stopped server for reading; nothing is changed, the log's records are replayed into memory.
///
/// # Errors
/// As [`open`].
pub async fn open_read_only(
    places: Places,
    mut options: Options,
    deriver: Option<Arc<dyn Deriver>>,
) -> Result<(Store, Recovery), Error> {
    options.buffer_bytes_max = u64::MAX;
    let log = places.log.clone();
    let (wal, recovered) = blocking(move || Ok(wal::ReadOnly::open(log)?)).await?;
    let (inner, _receiver) = assemble(places, options, deriver).await?;
    let mut recovery = Recovery { torn_bytes: recovered.torn_bytes, ..Recovery::default() };
    let (lowest, highest) = positions(&inner).await?;
    start_deriver(&inner);
    replay(&inner, wal.read_from(lowest + 1), lowest, highest, false, &mut recovery).await?;
    recovery.span_files = inner.live.lock().files.spans.len();
    Ok((Store { inner }, recovery))
}

async fn assemble(
    places: Places,
    options: Options,
    deriver: Option<Arc<dyn Deriver>>,
) -> Result<(Arc<Inner>, mpsc::Receiver<log_writer::Job>), Error> {
    let spec = |name, schema: arrow::datatypes::SchemaRef| {
        let has = |column: &&&str| schema.column_with_name(column).is_some();
        let stats_columns = STATS_COLUMNS.iter().filter(has).copied().collect();
        TableSpec { name, schema, stats_columns }
    };
    let made = deriver.as_ref().map(|deriver| deriver.tables()).unwrap_or_default();
    let mut specs = vec![
        spec("spans", spans::schema()),
        spec("traces", traces::schema()),
        spec("ingest", ingest::schema()),
    ];
    specs.extend(made.iter().map(|table| spec(table.name, table.schema.clone())));
    let catalog_options = CatalogOptions {
        clock: Arc::clone(&places.clock),
        checkpoint_interval: options.checkpoint_commits,
        lease: options.lease.clone(),
        ..CatalogOptions::default()
    };
    let catalog = Catalog::open(
        Arc::clone(&places.objects),
        places.tables.clone(),
        places.tables_url.clone(),
        specs,
        catalog_options,
    )
    .await?;
    let table = |name: &str| -> Result<Arc<Table>, Error> {
        let found = catalog.table(name).cloned();
        found.map(Arc::new).ok_or_else(|| Error::Task(format!("table `{name}` was not opened")))
    };
    let derived = match deriver {
        Some(deriver) => {
            let opened = made.into_iter().map(|made| Ok((made.clone(), table(made.name)?)));
            Some(Derived { deriver, tables: opened.collect::<Result<_, Error>>()? })
        }
        None => None,
    };
    let (sender, receiver) = mpsc::channel(JOBS_WAITING_MAX);
    let inner = Arc::new(Inner {
        spans: table("spans")?,
        traces: table("traces")?,
        ingest: table("ingest")?,
        derived,
        options,
        places,
        live: Mutex::new(Live::default()),
        retries: Mutex::new(Retries::default()),
        refused: Mutex::new(BTreeMap::new()),
        jobs: sender,
        in_flight: AtomicU64::new(0),
        log_bytes: AtomicU64::new(0),
        unsynced: AtomicBool::new(false),
        applied: watch::Sender::new(0),
        followers: Mutex::new(HashMap::new()),
        lost_to_followers: AtomicU64::new(0),
        round: tokio::sync::Mutex::new(None),
        merging: tokio::sync::Mutex::new(()),
        wake: Notify::new(),
        stopping: AtomicBool::new(false),
        ended: AtomicBool::new(false),
        tasks: Mutex::new(Vec::new()),
    });
    let set = files::load(&inner).await?;
    let totals = files::sum_ingest(&inner, &set).await?;
    {
        let mut live = inner.live.lock();
        live.files = Arc::new(set);
        live.totals = totals;
    }
    Ok((inner, receiver))
}

/// Positions up to which the slowest and the fastest table hold everything.
async fn positions(inner: &Inner) -> Result<(u64, u64), Error> {
    let (mut lowest, mut highest) = (u64::MAX, 0);
    for table in inner.tables() {
        let held = table.txn_version(&inner.application(table.name())).await?;
        let held = held.and_then(|held| u64::try_from(held).ok()).unwrap_or(0);
        lowest = lowest.min(held);
        highest = highest.max(held);
    }
    let mut live = inner.live.lock();
    live.applied = lowest;
    live.flushed = lowest;
    live.cut = lowest;
    Ok((lowest, highest))
}

/// Lets the maker of derived tables follow, from the position that they all reach.
fn start_deriver(inner: &Arc<Inner>) {
    let Some(derived) = &inner.derived else { return };
    let stored = inner.snapshot();
    let after = stored.flushed;
    let start = Start {
        objects: Arc::clone(&inner.places.objects),
        after,
        tail: Tail::new(Arc::clone(inner), "derived", after),
        stored,
    };
    tokio::spawn(Arc::clone(&derived.deriver).follow(start));
}

/// A record after decoding.
enum Replayed {
    Request {
        sequence: u64,
        tenant: model::TenantId,
        decoded: decode::SpanBatch,
        bytes: u64,
    },
    Duplicate {
        sequence: u64,
        tenant: model::TenantId,
        accepted: u64,
        rejected: Vec<(model::DropReason, u64)>,
    },
    Broken {
        sequence: u64,
        error: String,
    },
}

async fn replay(
    inner: &Arc<Inner>,
    records: Records,
    lowest: u64,
    highest: u64,
    flushing: bool,
    recovery: &mut Recovery,
) -> Result<(), Error> {
    let mut records = Some(records);
    // A round that was cut off between its commits must be made up for at its own position.
    let mut catch_up = (highest > lowest).then_some(highest);
    while let Some(mut source) = records.take() {
        let limits = inner.options.limits;
        let (source, chunk) = blocking(move || {
            let mut chunk = Vec::new();
            let mut bytes = 0;
            while bytes < REPLAY_BYTES {
                match source.next() {
                    None => return Ok((None, chunk)),
                    Some(Err(error @ wal::Error::Damaged { .. })) => {
                        chunk.push(Replayed::Broken { sequence: 0, error: error.to_string() });
                    }
                    Some(Err(error)) => return Err(error.into()),
                    Some(Ok(record)) => {
                        bytes += record.payload.len() as u64;
                        chunk.push(decoded(record, &limits));
                    }
                }
            }
            Ok((Some(source), chunk))
        })
        .await?;
        records = source;
        for replayed in chunk {
            let sequence = replayed.sequence();
            if flushing && catch_up.is_some_and(|at| sequence > at) {
                flush::run_round(inner).await?;
                catch_up = None;
            }
            apply(inner, replayed, recovery);
        }
        let full = inner.live.lock().buffer.bytes() > inner.options.buffer_bytes_max / 2;
        if flushing && full && catch_up.is_none() {
            flush::run_round(inner).await?;
        }
    }
    if let Some(at) = catch_up {
        // The log may end before the round did: its last records were notices that a power cut took.
        {
            let mut live = inner.live.lock();
            live.applied = live.applied.max(at);
        }
        if flushing {
            flush::run_round(inner).await?;
        }
    }
    inner.applied.send_replace(inner.live.lock().applied);
    Ok(())
}

fn decoded(record: Record, limits: &decode::Limits) -> Replayed {
    let sequence = record.sequence;
    match record.kind {
        KIND_SPANS => match decode_request(record, limits) {
            Ok((tenant, decoded, bytes)) => Replayed::Request { sequence, tenant, decoded, bytes },
            Err(error) => Replayed::Broken { sequence, error: error.to_string() },
        },
        KIND_DUPLICATE => match (record.tenant.parse(), read_duplicate(&record.payload)) {
            (Ok(tenant), Some((accepted, rejected))) => {
                Replayed::Duplicate { sequence, tenant, accepted, rejected }
            }
            _ => Replayed::Broken { sequence, error: "a duplicate's notice is broken".to_owned() },
        },
        kind => Replayed::Broken { sequence, error: format!("records of kind {kind} are unknown") },
    }
}

impl Replayed {
    fn sequence(&self) -> u64 {
        match self {
            Self::Request { sequence, .. }
            | Self::Duplicate { sequence, .. }
            | Self::Broken { sequence, .. } => *sequence,
        }
    }
}

fn apply(inner: &Inner, replayed: Replayed, recovery: &mut Recovery) {
    let sequence = replayed.sequence();
    let mut live = inner.live.lock();
    match replayed {
        Replayed::Request { tenant, decoded, bytes, .. } => {
            let rejected: Vec<_> = decoded.rejected.iter().map(|r| (r.reason, r.count)).collect();
            let rows = decoded.batch.num_rows() as u64;
            live.count(&tenant, model::Signal::Traces, rows, &rejected, false);
            live.waiting_bytes += bytes;
            recovery.records += 1;
            recovery.spans += rows;
            recovery.bytes += bytes;
            if rows > 0 {
                live.buffer.push(tenant, sequence, decoded.batch);
            }
        }
        Replayed::Duplicate { tenant, accepted, rejected, .. } => {
            live.count(&tenant, model::Signal::Traces, accepted, &rejected, true);
        }
        Replayed::Broken { error, .. } => recovery.undecodable.push(error),
    }
    live.applied = live.applied.max(sequence);
    let now = inner.places.clock.monotonic_nano();
    live.waiting_since.get_or_insert(now);
}

/// Runs blocking work on a thread for such.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work).await.map_err(|error| Error::Task(error.to_string()))?
}
