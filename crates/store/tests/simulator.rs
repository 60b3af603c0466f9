//! The production store over a disk and an object store that fail on purpose, life after life.
//!
//! Each seed lives through several starts. In each, requests are appended, resent, flushed and merged, replaced files and old
//! log entries removed in a random order, while disk and object store refuse, fill up and lose replies and the clock jumps,
//! until the power is cut at a random operation, sometimes during recovery; then everything unsynced is dropped, torn or
//! reordered, and the store is opened again. A second test cuts the power at every single operation of a short life.
//! Guarantees: every acknowledged span is there exactly once, no span is there twice, and the account adds up. With weaker
//! durability a power cut may take what no round has stored, and nothing else.
//! `THROUGHLINE_SIM_SEEDS` sets how many seeds run; a failure prints its seed.

mod support {
    pub mod otlp;
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use arrow::array::AsArray;
use catalog::objects::faulty::{Fault, FaultyStore};
use model::schema::spans::Column;
use model::{Signal, TenantId};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use object_store::path::Path;
use stdx::ManualClock;
use store::{Durability, Options, Outcome, Places, Store};
use support::otlp::{NOW, request};
use testkit::sim::{Faults, FaultyDir, Rng};

const SEEDS: u64 = 60;
const LIVES: u64 = 4;
const STEPS: u64 = 24;
/// The clock's first instant, 2100-01-01: after every time that an object store in memory notes.
const START: i64 = 4_102_444_800_000_000_000;
const MINUTE: i64 = 60_000_000_000;

#[derive(Default)]
struct Truth {
    /// Spans whose request was acknowledged, by number.
    acknowledged: BTreeSet<u64>,
    /// Those of them that no power cut may take.
    durable: BTreeSet<u64>,
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
    durability: Durability,
}

impl World {
    fn new(seed: u64, durability: Durability) -> Self {
        Self {
            seed,
            rng: Rng::new(seed),
            log: FaultyDir::new(seed),
            index: FaultyDir::new(seed ^ 0xabcd),
            objects: Arc::new(InMemory::new()),
            clock: ManualClock::at(START),
            tenant: TenantId::single(),
            durability,
        }
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.rng.next_u64() % 100 < percent
    }

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
        options.durability = self.durability;
        options.compact_files = 3;
        options.checkpoint_commits = 4;
        // The clock stands at the end of the century: nothing is too old.
        options.retention_age_ns = 0;
        options.log.file_bytes = 4 << 10;
        let salt = self.rng.next_u64();
        store::open(self.places(objects, salt), options).await.map(|(store, _)| store)
    }

    fn power_cut(&mut self) {
        self.log = self.log.crash();
        self.index = self.index.crash();
    }
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_acknowledged_span_is_there_once_after_power_cuts() {
    let seeds = number("THROUGHLINE_SIM_SEEDS").unwrap_or(SEEDS);
    let first = number("THROUGHLINE_SIM_SEED").unwrap_or(0);
    for seed in first..first + seeds {
        let durability = match seed % 6 {
            4 | 5 => Durability::None,
            _ => Durability::Synced,
        };
        run(seed, durability).await;
    }
}

async fn run(seed: u64, durability: Durability) {
    let mut world = World::new(seed, durability);
    let mut truth = Truth::default();
    for _ in 0..LIVES {
        live(&mut world, &mut truth).await;
        after(&mut world, &mut truth).await;
        let jump = world.rng.next_u64() as i64 % (60 * MINUTE);
        world.clock.jump_to(START + jump);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn power_cut_at_every_operation_of_a_short_life() {
    let mut cuts = 0;
    for after_it in [false, true] {
        for cut in 0.. {
            let mut world = World::new(cut, Durability::Synced);
            let mut truth = Truth::default();
            let objects = FaultyStore::new(Arc::clone(&world.objects), move |number| match number == cut {
                true if after_it => Fault::CrashAfter,
                true => Fault::CrashBefore,
                false => Fault::None,
            });
            short_life(&mut world, &mut truth, Arc::new(objects.clone())).await;
            if !objects.crashed() {
                break;
            }
            cuts += 1;
            after(&mut world, &mut truth).await;
        }
    }
    eprintln!("{cuts} power cuts");
    assert!(cuts > 100, "{cuts}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_wrote_after_is_synced_all_the_same() {
    let mut world = World::new(0, Durability::Interval(20_000_000));
    let mut truth = Truth::default();
    let objects = Arc::clone(&world.objects);
    let store = world.open(objects).await.expect("opens");
    append(&world, &store, &mut truth, 0, 3).await;
    let syncs = world.log.syncs();
    append(&world, &store, &mut truth, 3, 3).await;
    let synced = async {
        while world.log.syncs() == syncs {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), synced).await.expect("a sync after the pause");
    world.power_cut();
    store.abandon().await;
    truth.durable = truth.acknowledged.clone();
    after(&mut world, &mut truth).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_another_program_merges_is_followed() {
    let mut world = World::new(1, Durability::Synced);
    let mut truth = Truth::default();
    let objects = Arc::clone(&world.objects);
    let store = world.open(objects).await.expect("opens");
    for first in [0, 5, 10, 15] {
        append(&world, &store, &mut truth, first, 5).await;
        store.flush().await.expect("flushed");
    }
    let mut other = World::new(2, Durability::Synced);
    other.objects = Arc::clone(&world.objects);
    let objects = Arc::clone(&world.objects);
    let others = other.open(objects).await.expect("opens");
    store::compact::run_all(&others).await.expect("merges");
    // The files that were merged go, and nobody may miss them.
    world.clock.jump_to(START + MINUTE);
    let removed = store::expire::run_now(&store, Duration::ZERO).await.expect("runs");
    assert!(removed >= 4, "{removed}");
    check(&world, &store, &truth, "after another program's merge").await;
    append(&world, &store, &mut truth, 20, 5).await;
    store.flush().await.expect("flushed");
    check(&world, &store, &truth, "after a round upon it").await;
}

/// A merge of one table must not hide files of another, although a round gives its files the same path in each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_merged_apart() {
    let mut world = World::new(3, Durability::Synced);
    let mut truth = Truth::default();
    let objects = Arc::clone(&world.objects);
    let store = world.open(objects).await.expect("opens");
    for round in 0..40 {
        let merging = tokio::spawn({
            let store = store.clone();
            async move { store::compact::run_all(&store).await }
        });
        append(&world, &store, &mut truth, round * 5, 5).await;
        store.flush().await.expect("flushed");
        merging.await.expect("no panic").expect("merges");
        check(&world, &store, &truth, "beside merges").await;
    }
}

/// Rounds, a checkpoint, a merge and a removal, with late and repeated spans between them.
async fn short_life(world: &mut World, truth: &mut Truth, objects: Arc<dyn ObjectStore>) {
    let Ok(store) = world.open(objects).await else { return world.power_cut() };
    for round in 0..5 {
        let first = truth.next;
        truth.next += 6;
        append(world, &store, truth, first, 4).await;
        append(world, &store, truth, first + 2, 4).await;
        if round != 2 {
            drop(store.flush().await);
        }
    }
    drop(store::compact::run_all(&store).await);
    world.clock.jump_to(START + MINUTE);
    drop(store::expire::run_now(&store, Duration::ZERO).await);
    let first = truth.next;
    truth.next += 4;
    append(world, &store, truth, first, 4).await;
    drop(store.flush().await);
    world.power_cut();
    store.abandon().await;
}

/// What must hold after a power cut: at once, after sending again, and after a flush.
async fn after(world: &mut World, truth: &mut Truth) {
    let seed = world.seed;
    if world.chance(50) {
        // Recovery itself is cut off, too.
        let cut = world.rng.next_u64() % 60;
        let objects = FaultyStore::new(Arc::clone(&world.objects), move |number| match number == cut {
            true => Fault::CrashAfter,
            false => Fault::None,
        });
        if let Ok(store) = world.open(Arc::new(objects)).await {
            store.abandon().await;
        }
        world.power_cut();
    }
    let objects = Arc::clone(&world.objects);
    let store = world.open(objects).await.unwrap_or_else(|e| panic!("seed {seed}: {}", e.chain()));
    let found = check(world, &store, truth, "after the restart").await;
    // With weaker durability the rest is as if it had never been acknowledged.
    truth.acknowledged.retain(|number| found.contains_key(number));
    // What was not acknowledged is sent again, as senders do.
    for (first, count) in std::mem::take(&mut truth.open) {
        append(world, &store, truth, first, count).await;
    }
    check(world, &store, truth, "after sending again").await;
    store.flush().await.unwrap_or_else(|e| panic!("seed {seed}: {}", e.chain()));
    truth.durable = truth.acknowledged.clone();
    check(world, &store, truth, "after the flush").await;
    let waiting = store.amounts().waiting(Signal::Traces);
    assert_eq!(waiting, 0, "seed {seed}: {waiting} spans wait after a flush");
    store.abandon().await;
}

/// One life up to the power cut, which strikes at a random operation of the object store or after the last step.
async fn live(world: &mut World, truth: &mut Truth) {
    let cut = world.rng.next_u64() % 200;
    let after = world.chance(50);
    let flaky = world.chance(30).then(|| FaultyStore::seed_plan(world.seed ^ cut, 25));
    let objects = FaultyStore::new(Arc::clone(&world.objects), move |number| match number == cut {
        true if after => Fault::CrashAfter,
        true => Fault::CrashBefore,
        false => flaky.as_ref().map_or(Fault::None, |plan| plan(number)),
    });
    // A start that fails because the power is cut during it is a life as well.
    let Ok(store) = world.open(Arc::new(objects.clone())).await else { return world.power_cut() };
    for _ in 0..STEPS {
        if objects.crashed() {
            break;
        }
        match world.rng.next_u64() % 14 {
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
            7 | 8 => {
                let acknowledged = truth.acknowledged.clone();
                if store.flush().await.is_ok() {
                    truth.durable.extend(acknowledged);
                }
            }
            9 => drop(store::compact::run_all(&store).await),
            10 => drop(store::expire::run_now(&store, Duration::ZERO).await),
            11 => world.clock.jump_to(START + world.rng.next_u64() as i64 % (30 * MINUTE)),
            12 => {
                // The log's disk goes bad, or fills up, for a while.
                let rate = |world: &mut World| (world.rng.next_u64() % 300) as u32;
                let faults = Faults {
                    append: rate(world),
                    sync: rate(world),
                    create: rate(world),
                    ..Faults::default()
                };
                world.log.set_faults(faults);
                world.log.set_space(Some(world.rng.next_u64() % 20_000));
            }
            _ => {
                world.log.set_faults(Faults::default());
                world.log.set_space(None);
            }
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
            if world.durability == Durability::Synced {
                truth.durable.extend(first..first + count);
            }
            truth.done.push((first, count));
        }
        Err(_) => truth.open.push((first, count)),
    }
}

/// Counts every span in buffer and tables, and how often each is there.
async fn check(world: &World, store: &Store, truth: &Truth, when: &str) -> BTreeMap<u64, u64> {
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
    let lost: Vec<_> = truth.durable.iter().filter(|n| !found.contains_key(n)).collect();
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
    found
}
