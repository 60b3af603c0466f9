//! The production store over a disk and an object store that fail on purpose, life after life.
//!
//! Each seed lives through several starts. In each, requests are appended, resent, flushed and compacted in a random order until the
//! power is cut at a random operation; then everything unsynced is dropped, torn or reordered, and the store is opened again.
//! Guarantees: every acknowledged span is there exactly once, no span is there twice, and the account adds up.
//! `THROUGHLINE_SIM_SEEDS` sets how many seeds run; a failure prints its seed.

mod support {
    pub mod otlp;
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use catalog::objects::faulty::{Fault, FaultyStore};
use model::schema::spans::Column;
use model::{Signal, TenantId};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use stdx::ManualClock;
use store::{Options, Outcome, Places, Store};
use support::otlp::{NOW, request};
use testkit::sim::{FaultyDir, Rng};

const SEEDS: u64 = 60;
const LIVES: u64 = 4;
const STEPS: u64 = 24;

#[derive(Default)]
struct Truth {
    /// Spans whose request was acknowledged, by number.
    acknowledged: BTreeSet<u64>,
    /// Spans that were sent at all.
    sent: BTreeSet<u64>,
    /// Requests that got no receipt: first span and count.
    open: Vec<(u64, u64)>,
    /// Requests that got one.
    done: Vec<(u64, u64)>,
    next: u64,
}

struct World {
    seed: u64,
    rng: Rng,
    log: FaultyDir,
    index: FaultyDir,
    objects: Arc<dyn ObjectStore>,
    clock: ManualClock,
    tenant: TenantId,
}

impl World {
    fn places(&self, objects: Arc<dyn ObjectStore>, salt: u64) -> Places {
        Places {
            log: Arc::new(self.log.clone()),
            index: Arc::new(self.index.clone()),
            objects,
            tables: Path::from("tables"),
            tables_url: url::Url::parse("memory:///tables").expect("a URL"),
            node: "node".to_owned(),
            clock: Arc::new(self.clock.clone()),
            free_disk: Arc::new(|| None),
            salt,
        }
    }

    async fn open(&mut self, objects: Arc<dyn ObjectStore>) -> Result<Store, store::Error> {
        let mut options = Options::standard();
        options.background = false;
        options.compact_files = 3;
        options.log.file_bytes = 4 << 10;
        let salt = self.rng.next_u64();
        store::open(self.places(objects, salt), options).await.map(|(store, _)| store)
    }

    fn power_cut(&mut self) {
        self.log = self.log.crash();
        self.index = self.index.crash();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_span_is_there_once_after_power_cuts() {
    let seeds = std::env::var("THROUGHLINE_SIM_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(SEEDS);
    let first = std::env::var("THROUGHLINE_SIM_SEED").ok().and_then(|n| n.parse().ok()).unwrap_or(0);
    for seed in first..first + seeds {
        run(seed).await;
    }
}

async fn run(seed: u64) {
    let mut world = World {
        seed,
        rng: Rng::new(seed),
        log: FaultyDir::new(seed),
        index: FaultyDir::new(seed ^ 0xabcd),
        objects: Arc::new(InMemory::new()),
        clock: ManualClock::at(NOW),
        tenant: TenantId::single(),
    };
    let mut truth = Truth::default();
    for _ in 0..LIVES {
        live(&mut world, &mut truth).await;
        world.power_cut();
        let objects = Arc::clone(&world.objects);
        let store = world.open(objects).await.unwrap_or_else(|e| panic!("seed {seed}: {}", e.chain()));
        check(&world, &store, &truth, "after the restart").await;
        // What was not acknowledged is sent again, as senders do.
        for (first, count) in std::mem::take(&mut truth.open) {
            append(&world, &store, &mut truth, first, count).await;
        }
        check(&world, &store, &truth, "after sending again").await;
        store.flush().await.unwrap_or_else(|e| panic!("seed {seed}: {}", e.chain()));
        check(&world, &store, &truth, "after the flush").await;
        let waiting = store.amounts().waiting(Signal::Traces);
        assert_eq!(waiting, 0, "seed {seed}: {waiting} spans wait after a flush");
        store.abandon().await;
    }
}

/// One life up to the power cut, which strikes at a random operation of the object store or after the last step.
async fn live(world: &mut World, truth: &mut Truth) {
    let cut = world.rng.next_u64() % 200;
    let after = world.rng.next_u64() % 2 == 0;
    let objects = FaultyStore::new(Arc::clone(&world.objects), move |number| match number == cut {
        true if after => Fault::CrashAfter,
        true => Fault::CrashBefore,
        false => Fault::None,
    });
    // A start that fails because the power is cut during it is a life as well.
    let Ok(store) = world.open(Arc::new(objects.clone())).await else { return };
    for _ in 0..STEPS {
        if objects.crashed() {
            break;
        }
        match world.rng.next_u64() % 10 {
            0..=4 => {
                let count = 1 + world.rng.next_u64() % 9;
                let first = truth.next;
                truth.next += count;
                append(world, &store, truth, first, count).await;
            }
            5 => {
                // A retry of something acknowledged: the receipt was lost on its way.
                if let Some((first, count)) = pick(&mut world.rng, &truth.done) {
                    append(world, &store, truth, first, count).await;
                }
            }
            6 => {
                // The same spans in another request: a sender that builds its batches anew.
                if let Some((first, count)) = pick(&mut world.rng, &truth.done)
                    && count > 1
                {
                    append(world, &store, truth, first, count - 1).await;
                }
            }
            7 | 8 => drop(store.flush().await),
            _ => drop(store::compact::run_all(&store).await),
        }
    }
    world.power_cut();
    store.abandon().await;
}

fn pick(rng: &mut Rng, from: &[(u64, u64)]) -> Option<(u64, u64)> {
    let len = from.len() as u64;
    (len > 0).then(|| from[(rng.next_u64() % len) as usize])
}

async fn append(world: &World, store: &Store, truth: &mut Truth, first: u64, count: u64) {
    truth.sent.extend(first..first + count);
    match store.append(request(&world.tenant, first, count)).await {
        Ok(receipt) => {
            assert_eq!(receipt.accepted, count, "seed {}", world.seed);
            truth.acknowledged.extend(first..first + count);
            truth.done.push((first, count));
        }
        Err(_) => truth.open.push((first, count)),
    }
}

/// Counts every span in buffer and tables.
async fn check(world: &World, store: &Store, truth: &Truth, when: &str) {
    let seed = world.seed;
    let snapshot = store.snapshot();
    let mut found: BTreeMap<u64, u64> = BTreeMap::new();
    let mut stored = 0;
    let mut count = |batch: &arrow::array::RecordBatch| {
        for id in batch.column(Column::SpanId.at()).as_binary_view().iter().flatten() {
            let number = u64::from_be_bytes(id.try_into().expect("8 bytes")) - 1;
            *found.entry(number).or_default() += 1;
        }
    };
    snapshot.parts.iter().for_each(|part| count(&part.batch));
    for file in &snapshot.files.spans {
        let objects = store.objects();
        let table = segment::read::Table::spans();
        let batches = file.file.read_all(&*objects, &table).await.expect("a listed file reads");
        stored += batches.iter().map(|batch| batch.num_rows() as u64).sum::<u64>();
        batches.iter().for_each(&mut count);
    }
    let lost: Vec<_> = truth.acknowledged.iter().filter(|n| !found.contains_key(n)).collect();
    assert!(lost.is_empty(), "seed {seed} {when}: acknowledged spans are gone: {lost:?}");
    let unknown: Vec<_> = found.keys().filter(|n| !truth.sent.contains(n)).collect();
    assert!(unknown.is_empty(), "seed {seed} {when}: spans that nobody sent: {unknown:?}");
    // Copies in other requests may wait in the buffer; the tables hold each span once, and so does everything after a flush.
    if snapshot.parts.is_empty() {
        let twice: Vec<_> = found.iter().filter(|(_, n)| **n > 1).collect();
        assert!(twice.is_empty(), "seed {seed} {when}: spans that are there twice: {twice:?}");
    }
    let lines = store.amounts().lines;
    let total = |outcome| lines.total(Signal::Traces, outcome);
    assert_eq!(
        total(Outcome::Received),
        total(Outcome::Accepted) + total(Outcome::Rejected),
        "seed {seed} {when}: received"
    );
    assert_eq!(
        total(Outcome::Stored) - total(Outcome::Merged),
        stored,
        "seed {seed} {when}: the account says another number of stored spans than the tables hold"
    );
    assert!(
        total(Outcome::Accepted) >= total(Outcome::Stored) + total(Outcome::Duplicate),
        "seed {seed} {when}: accepted"
    );
}
