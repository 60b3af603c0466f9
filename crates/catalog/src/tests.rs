//! Tables through commits, other writers, crashes and lost replies.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use arrow::datatypes::{DataType, Field, Schema};
use model::TenantId;
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use proptest::prelude::*;
use stdx::{Clock, ManualClock, SystemClock};
use url::Url;

use crate::objects::faulty::{Fault, FaultyStore};
use crate::objects::{DurableLocalStore, Lease};
use crate::*;

const DAY: i32 = 20_782;

fn spec(columns: &[&str]) -> TableSpec {
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Int64, true)).collect();
    TableSpec { name: "spans", schema: Arc::new(Schema::new(fields)), stats_columns: vec!["start"] }
}

async fn open(store: &Arc<dyn ObjectStore>, options: CatalogOptions) -> Result<Table, Error> {
    open_with(store, &["start"], options).await
}

async fn open_with(
    store: &Arc<dyn ObjectStore>,
    columns: &[&str],
    options: CatalogOptions,
) -> Result<Table, Error> {
    let url = Url::parse("memory:///tables").expect("a URL");
    let catalog =
        Catalog::open(Arc::clone(store), Path::from("tables"), url, vec![spec(columns)], options).await?;
    Ok(catalog.table("spans").expect("in the specs").clone())
}

fn add(name: &str) -> AddFile {
    let tenant = TenantId::single();
    AddFile {
        path: format!("{}/{name}.parquet", partition_folder(&tenant, DAY)),
        size: 10,
        tenant,
        date_days: DAY,
        rows: 3,
        stats_json:
            r#"{"numRecords":3,"minValues":{"start":1},"maxValues":{"start":9},"nullCount":{"start":0}}"#
                .into(),
        modified_unix_ms: 1,
    }
}

fn adding(names: &[&str], txn: Option<i64>) -> Commit {
    Commit {
        adds: names.iter().map(|name| add(name)).collect(),
        removes: Vec::new(),
        txn: txn.map(|version| ("node".to_owned(), version)),
        data_change: true,
        operation: "WRITE",
    }
}

fn names(table: &Table) -> String {
    let names: BTreeSet<String> = table
        .files()
        .iter()
        .map(|file| file.path.rsplit('/').next().unwrap_or_default().replace(".parquet", ""))
        .collect();
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn memory() -> Arc<dyn ObjectStore> {
    Arc::new(InMemory::new())
}

fn path(name: &str) -> Path {
    Path::from(format!("tables/spans/tenant=default/date=2026-11-25/{name}.parquet"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_the_same_after_opening_again() {
    for store in [memory(), local().1] {
        let options = CatalogOptions { checkpoint_interval: 4, ..CatalogOptions::default() };
        let table = open(&store, options.clone()).await.expect("is made");
        assert_eq!((table.version(), table.txn_version("node").await.expect("known")), (0, None));
        for (version, name) in ["a", "b", "c", "d", "e"].iter().enumerate() {
            let committed = table.commit(adding(&[name], Some(version as i64 * 10))).await.expect("commits");
            assert_eq!(committed, version as i64 + 1);
        }
        let merge = Commit {
            adds: vec![add("ab")],
            removes: table
                .files()
                .into_iter()
                .filter(|file| file.path.ends_with("a.parquet") || file.path.ends_with("b.parquet"))
                .collect(),
            txn: None,
            data_change: false,
            operation: "OPTIMIZE",
        };
        table.commit(merge).await.expect("commits");
        let again = open(&store, options).await.expect("opens");
        assert_eq!(names(&again), "ab c d e");
        assert_eq!((again.version(), again.txn_version("node").await.expect("known")), (6, Some(40)));
        let (mut one, mut two) = (table.files(), again.files());
        one.sort_by(|a, b| a.path.cmp(&b.path));
        two.sort_by(|a, b| a.path.cmp(&b.path));
        assert_eq!(one, two);
        assert_eq!(one[0].rows, Some(3));
        let hint = store.get(&Path::from("tables/spans/_delta_log/_last_checkpoint")).await;
        assert!(hint.is_ok(), "version 4 has a checkpoint");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_commits_are_refused() {
    let store = memory();
    let table = open(&store, CatalogOptions::default()).await.expect("is made");
    table.commit(adding(&["a"], Some(7))).await.expect("commits");
    let mut elsewhere = adding(&["x"], None);
    elsewhere.adds[0].date_days += 1;
    let a = table.files();
    let mut gone = adding(&[], None);
    gone.removes = a.clone();
    table.commit(gone.clone()).await.expect("a goes");
    table.commit(adding(&["b"], None)).await.expect("commits");
    for (commit, text) in [
        (
            adding(&["c"], Some(7)),
            "table `spans` has version 7 of application `node`; version 7 was to be committed",
        ),
        (adding(&["b"], None), "file `tenant=default/date=2026-11-25/b.parquet` is in table `spans` already"),
        (
            adding(&["c", "c"], None),
            "file `tenant=default/date=2026-11-25/c.parquet` is in table `spans` already",
        ),
        (
            elsewhere,
            "file `tenant=default/date=2026-11-25/x.parquet` of table `spans` should lie in `tenant=default/date=2026-11-26`",
        ),
        (gone, "file `tenant=default/date=2026-11-25/a.parquet` is no longer in the table"),
    ] {
        assert_eq!(
            table
                .commit(commit)
                .await
                .expect_err(text)
                .to_string()
                .replace(" of table `spans` is no", " is no"),
            text
        );
    }
    assert_eq!((names(&table).as_str(), table.version()), ("b", 3));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_may_have_no_statistics() {
    let (store, url) = (memory(), Url::parse("memory:///tables").expect("a URL"));
    for version in 1..3 {
        let bare = TableSpec { stats_columns: Vec::new(), ..spec(&["start"]) };
        let options = CatalogOptions { checkpoint_interval: 1, ..CatalogOptions::default() };
        let catalog =
            Catalog::open(Arc::clone(&store), Path::from("tables"), url.clone(), vec![bare], options);
        let table = catalog.await.expect("opens").table("spans").expect("in the specs").clone();
        let mut commit = adding(&[&format!("f{version}")], None);
        commit.adds[0].stats_json = r#"{"numRecords":3}"#.into();
        assert_eq!(table.commit(commit).await.expect("commits"), version);
        assert!(table.files().iter().all(|file| file.rows == Some(3)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_writers_see_each_other() {
    let store = memory();
    let options = CatalogOptions { checkpoint_interval: 7, ..CatalogOptions::default() };
    let one = open(&store, options.clone()).await.expect("is made");
    let two = open(&store, options).await.expect("opens");
    let write = |table: Table, prefix: &'static str| async move {
        for number in 0..25 {
            table.commit(adding(&[&format!("{prefix}{number}")], None)).await.expect("commits");
        }
    };
    tokio::join!(write(one.clone(), "x"), write(two.clone(), "y"));
    let changes = one.refresh().await.expect("refreshes");
    two.refresh().await.expect("refreshes");
    assert!(changes.removed.is_empty());
    assert_eq!((one.version(), one.files().len(), names(&one)), (50, 50, names(&two)));

    let mut remove = adding(&["z"], None);
    remove.removes = one.files().into_iter().filter(|file| file.path.ends_with("x3.parquet")).collect();
    one.commit(remove.clone()).await.expect("the first wins");
    remove.adds = vec![add("w")];
    let refused = two.commit(remove).await.expect_err("the file is gone");
    assert!(matches!(&refused, Error::Conflict { path, .. } if path.ends_with("x3.parquet")), "{refused}");
    assert_eq!(names(&one), names(&two));
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_are_added_and_later_tables_refused() {
    let store = memory();
    let old = open(&store, CatalogOptions::default()).await.expect("is made");
    let new = open_with(&store, &["start", "more"], CatalogOptions::default()).await.expect("gains a column");
    assert_eq!(new.version(), 1);
    let check = |error: Error, text: &str| assert_eq!(error.to_string(), text);
    let unknown = "column `more` of table `spans`: this version of throughline does not know it; a later one may have added it";
    check(open(&store, CatalogOptions::default()).await.expect_err("unknown column"), unknown);
    check(old.commit(adding(&["a"], None)).await.expect_err("unknown column"), unknown);
    new.commit(adding(&["a"], None)).await.expect("commits");

    let entry = Path::from("tables/spans/_delta_log/00000000000000000003.json");
    let newer = r#"{"protocol":{"minReaderVersion":3,"minWriterVersion":7,"readerFeatures":["deletionVectors"],"writerFeatures":["deletionVectors"]}}"#;
    store.put(&entry, newer.into()).await.expect("is put");
    let text = "table `spans` needs delta protocol reader 3 writer 7 with features `deletionVectors`; this version of throughline handles reader 1 writer 2 without features";
    check(new.commit(adding(&["b"], None)).await.expect_err("newer protocol"), text);
    check(
        open_with(&store, &["start", "more"], CatalogOptions::default()).await.expect_err("newer protocol"),
        text,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn vacuum_keeps_what_may_be_read() {
    let store = memory();
    let clock = ManualClock::at(SystemClock::new().now_unix_nano());
    let options = CatalogOptions { clock: Arc::new(clock.clone()), ..CatalogOptions::default() };
    let table = open(&store, options).await.expect("is made");
    for name in ["live", "old", "held", "orphan"] {
        store.put(&path(name), "x".into()).await.expect("is put");
    }
    table.commit(adding(&["live", "old", "held"], None)).await.expect("commits");
    let hour = Duration::from_secs(3600);
    clock.advance_nano(2 * hour.as_nanos() as u64);
    let mut gone = adding(&[], None);
    gone.removes = table.files().into_iter().filter(|file| !file.path.ends_with("live.parquet")).collect();
    table.commit(gone).await.expect("commits");
    let held = HashSet::from([add("held").path]);
    assert_eq!(table.vacuum(hour, &held).await.expect("vacuums"), [add("orphan").path]);
    clock.advance_nano(hour.as_nanos() as u64 + 2_000_000);
    assert_eq!(table.vacuum(hour, &held).await.expect("vacuums"), [add("old").path]);
    assert_eq!(table.vacuum(hour, &HashSet::new()).await.expect("vacuums"), [add("held").path]);
    assert!(store.get(&path("live")).await.is_ok());
    open(&store, CatalogOptions::default()).await.expect("the log is whole");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lease_lets_one_write() {
    let store = memory();
    let clock = ManualClock::at(1_000_000_000_000);
    let now = || clock.now_unix_nano() / 1_000_000;
    let acquire = |holder: &'static str| {
        let (store, now) = (Arc::clone(&store), now());
        async move { Lease::acquire(store, Path::from("tables"), holder, Duration::from_secs(30), now).await }
    };
    let one = Arc::new(acquire("one").await.expect("is free"));
    let refused = acquire("two").await.expect_err("is held").to_string();
    assert_eq!(refused, "the lease of `tables` is lost: `one` holds it under epoch 1");
    let options = |lease: &Arc<Lease>| CatalogOptions {
        clock: Arc::new(clock.clone()),
        lease: Some(Arc::clone(lease)),
        ..CatalogOptions::default()
    };
    let table = open(&store, options(&one)).await.expect("is made");
    clock.advance_nano(29_000_000_000);
    one.renew(now()).await.expect("is renewed");
    table.commit(adding(&["a"], None)).await.expect("commits");
    clock.advance_nano(31_000_000_000);
    let expired = table.commit(adding(&["b"], None)).await.expect_err("expired").to_string();
    assert_eq!(expired, "the lease of `tables` is lost: it has expired");
    assert!(acquire("two").await.is_err(), "the margin for clocks is not over");
    clock.advance_nano(10_000_000_000);
    let two = Arc::new(acquire("two").await.expect("is free again"));
    assert_eq!(two.epoch(), 2);
    let other = open(&store, options(&two)).await.expect("opens");
    other.commit(adding(&["c"], None)).await.expect("commits");
    let lost = one.renew(now()).await.expect_err("is another's").to_string();
    assert_eq!(lost, "the lease of `tables` is lost: `two` took it");
    assert!(matches!(table.commit(adding(&["d"], None)).await, Err(Error::LeaseLost { .. })));
    two.release().await.expect("is released");
    assert_eq!(acquire("one").await.expect("needs not wait").epoch(), 3);
}

/// Commits on `store` until all six are in or one fails; returns the last acknowledged transaction.
async fn rounds(store: Arc<dyn ObjectStore>, options: CatalogOptions) -> i64 {
    rounds_after(store, options, || {}).await
}

/// The same; calls `opened` between opening and committing.
async fn rounds_after(store: Arc<dyn ObjectStore>, options: CatalogOptions, opened: impl Fn()) -> i64 {
    let Ok(table) = open(&store, options).await else { return -1 };
    let Ok(last) = table.txn_version("node").await else { return -1 };
    opened();
    let first = last.map_or(0, |last| last + 1);
    for round in first..6 {
        let mut commit = adding(&[&format!("f{round}")], Some(round));
        commit.removes = table
            .files()
            .into_iter()
            .filter(|file| round % 3 == 2 && !file.path.ends_with("f0.parquet"))
            .collect();
        if table.commit(commit).await.is_err() {
            return round - 1;
        }
    }
    5
}

/// What the table must hold after the transactions up to `last`.
fn expected(last: Option<i64>) -> String {
    let mut names = BTreeSet::new();
    for round in 0..=last.unwrap_or(-1) {
        if round % 3 == 2 {
            names.retain(|name| name == "f0");
        }
        names.insert(format!("f{round}"));
    }
    names.into_iter().collect::<Vec<_>>().join(" ")
}

fn small_log() -> CatalogOptions {
    CatalogOptions { checkpoint_interval: 3, log_retention: Duration::ZERO, ..CatalogOptions::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_at_every_operation_leaves_files_and_transaction_in_step() {
    let whole = FaultyStore::new(memory(), |_| Fault::None);
    assert_eq!(rounds(Arc::new(whole.clone()), small_log()).await, 5);
    for cut in 0..whole.operations() {
        for fault in [Fault::CrashBefore, Fault::CrashAfter] {
            let inner = memory();
            let faulty =
                FaultyStore::new(
                    Arc::clone(&inner),
                    move |number| if number == cut { fault } else { Fault::None },
                );
            let acknowledged = rounds(Arc::new(faulty), small_log()).await;
            let table = open(&inner, small_log()).await.expect("opens after a crash");
            let last = table.txn_version("node").await.expect("known");
            assert!(
                last.unwrap_or(-1) >= acknowledged,
                "cut {cut} {fault:?}: lost {acknowledged}, has {last:?}"
            );
            assert_eq!(names(&table), expected(last), "cut {cut} {fault:?}");
            assert_eq!(rounds(Arc::clone(&inner), small_log()).await, 5, "cut {cut} {fault:?}");
            let table = open(&inner, small_log()).await.expect("opens");
            assert_eq!(names(&table), expected(Some(5)), "cut {cut} {fault:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_with_lost_replies_is_done_once() {
    for fault in [Fault::LostReply, Fault::Refused] {
        for at in 0..4 {
            let inner = memory();
            open(&inner, CatalogOptions::default()).await.expect("is made");
            let base = Arc::new(AtomicU64::new(u64::MAX));
            let seen = Arc::clone(&base);
            let faulty = FaultyStore::new(Arc::clone(&inner), move |number| {
                let base = seen.load(SeqCst);
                if number == base.saturating_add(at) { fault } else { Fault::None }
            });
            let store: Arc<dyn ObjectStore> = Arc::new(faulty.clone());
            let table = open(&store, CatalogOptions::default()).await.expect("opens");
            table.txn_version("node").await.expect("known");
            base.store(faulty.operations(), SeqCst);
            let committed = table.commit(adding(&["a"], Some(1))).await;
            // Only the look at the checkpoint before the write may fail a commit.
            assert_eq!(committed.is_ok(), at > 0, "{fault:?} at {at}: {committed:?}");
            let again = open(&inner, CatalogOptions::default()).await.expect("opens");
            assert_eq!(again.version(), i64::from(at > 0), "{fault:?} at {at}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn a_bad_network_loses_and_doubles_nothing(seed: u64, every in 3u64..12) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let inner = memory();
            // Each attempt opens anew, as a restarted node does. Loading takes dozens of reads, none of
            // which we repeat (the clients of real stores do), so that faults begin after it.
            for attempt in 0..100 {
                let bad = Arc::new(AtomicBool::new(false));
                let (seen, seeded) = (Arc::clone(&bad), FaultyStore::seed_plan(seed.wrapping_add(attempt), every));
                let faulty = FaultyStore::new(Arc::clone(&inner), move |number| match seen.load(SeqCst) {
                    true => seeded(number),
                    false => Fault::None,
                });
                let acknowledged = rounds_after(Arc::new(faulty), small_log(), || bad.store(true, SeqCst)).await;
                let table = open(&inner, small_log()).await.expect("opens without faults");
                let last = table.txn_version("node").await.expect("known");
                assert!(last.unwrap_or(-1) >= acknowledged);
                assert_eq!(names(&table), expected(last));
                if last == Some(5) {
                    return;
                }
            }
            panic!("no progress in 100 attempts");
        });
    }
}

fn local() -> (tempfile::TempDir, Arc<dyn ObjectStore>) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = DurableLocalStore::open(folder.path()).expect("has hard links");
    (folder, Arc::new(store))
}

/// Prints what the note on the cost of commits in `docs/formats/tables.md` says.
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_commits() {
    let (_folder, store) = local();
    let table = open(&store, CatalogOptions::default()).await.expect("is made");
    let many: Vec<String> = (0..400).map(|number| format!("base{number}")).collect();
    table.commit(adding(&many.iter().map(String::as_str).collect::<Vec<_>>(), None)).await.expect("commits");
    let mut times = Vec::new();
    for round in 0..300 {
        let start = std::time::Instant::now();
        table.commit(adding(&[&format!("f{round}")], Some(round))).await.expect("commits");
        times.push(start.elapsed().as_micros());
    }
    let start = std::time::Instant::now();
    let again = open(&store, CatalogOptions::default()).await.expect("opens");
    let load = start.elapsed();
    assert_eq!((again.files().len(), again.version()), (700, 301));
    times.sort_unstable();
    eprintln!(
        "300 commits at 400 to 700 live files: p50 {} us, p95 {} us, max {} us; opening {load:?}",
        times[150], times[285], times[299]
    );
}
