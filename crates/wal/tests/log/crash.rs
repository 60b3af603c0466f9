//! Many lives of a log: random appends, syncs, rotations, removals, faults, kills and power cuts.

use std::collections::{BTreeMap, BTreeSet};

use testkit::sim::{Faults, FaultyDir, Rng};
use wal::{NewRecord, Options, Record, RetryHash, Wal};

use super::{read_only, shared};

/// What the caller of the log knows. Records are told apart by their hash, which counts up.
#[derive(Default)]
struct Model {
    /// Every record ever appended: hash to record.
    appended: BTreeMap<u128, Record>,
    /// Promised to be there: sequence to hash.
    promised: BTreeMap<u64, u128>,
    /// Appended and waiting for a sync.
    waiting: BTreeMap<u64, u128>,
    /// Reported as lost; void as soon as something later was promised.
    lost: BTreeSet<u128>,
    /// Must never be seen again.
    gone: BTreeSet<u128>,
    /// Below this number records may have been removed.
    removed_below: u64,
    /// Retry hashes that no file may forget.
    hashes: BTreeSet<u128>,
}

impl Model {
    fn promise(&mut self, until: u64) {
        let later = self.waiting.split_off(&(until + 1));
        let promised = std::mem::replace(&mut self.waiting, later);
        if !promised.is_empty() {
            self.gone.append(&mut self.lost);
        }
        self.hashes.extend(promised.values());
        self.promised.extend(promised);
    }

    fn lose(&mut self, first: u64, last: u64) {
        let lost: Vec<u64> = self.waiting.range(first..=last).map(|(sequence, _)| *sequence).collect();
        assert_eq!(lost.len() as u64, last - first + 1, "lost is what waited");
        self.lost.extend(lost.iter().filter_map(|sequence| self.waiting.remove(sequence)));
        assert!(self.waiting.is_empty());
    }

    fn check(&self, seen: &[Record], hashes: &[RetryHash], label: &str) {
        assert!(seen.is_sorted_by(|a, b| a.sequence < b.sequence), "{label}: order");
        let mut once = BTreeSet::new();
        for record in seen {
            assert_eq!(Some(record), self.appended.get(&record.request_hash), "{label}");
            assert!(once.insert(record.request_hash), "{label}: {} twice", record.sequence);
            assert!(!self.gone.contains(&record.request_hash), "{label}: {} is back", record.sequence);
        }
        for (sequence, hash) in self.promised.range(self.removed_below..) {
            assert!(once.contains(hash), "{label}: {sequence} was promised and is gone");
        }
        let known: BTreeSet<u128> = hashes.iter().map(|retry| retry.hash).collect();
        if let Some(hash) = self.hashes.iter().find(|hash| !known.contains(hash)) {
            panic!("{label}: the retry of {hash} would be stored twice");
        }
    }

    /// After a start what is there is promised, and what is not there stays away.
    fn restart(&mut self, seen: &[Record]) {
        self.waiting.clear();
        self.lost.clear();
        self.promised.retain(|sequence, _| *sequence < self.removed_below);
        self.promised.extend(seen.iter().map(|record| (record.sequence, record.request_hash)));
        self.hashes.extend(seen.iter().map(|record| record.request_hash));
        let alive: BTreeSet<u128> = self.promised.values().copied().collect();
        self.gone.extend(self.appended.keys().filter(|hash| !alive.contains(hash)));
    }

    fn retry_hashes(&self) -> Vec<RetryHash> {
        self.hashes
            .iter()
            .map(|hash| RetryHash { hash: *hash, acknowledged_unix_nano: *hash as i64 })
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Weather {
    /// Nothing fails, the power is cut.
    Fair,
    /// Everything fails now and then.
    Foul,
}

fn life(seed: u64, weather: Weather) {
    let mut rng = Rng::new(seed);
    let mut dir = FaultyDir::new(seed ^ 0xd15c);
    let options = Options { file_bytes: 200 + rng.below(3000), record_bytes_max: 1 << 20 };
    let mut model = Model::default();
    let mut next_hash = 0_u128;
    for start in 0..5 {
        let label = format!("seed {seed}, start {start}");
        let (told, told_of) = read_only(&dir).expect("reads without faults");
        let (mut wal, recovered) =
            Wal::open(shared(&dir), options, rng.next_u64()).expect("opens without faults");
        let seen: Vec<Record> = wal.read_from(0).collect::<Result<_, _>>().expect("reads");
        assert_eq!((&told, told_of.records), (&seen, recovered.records), "{label}: read-only");
        model.check(&seen, &recovered.retry_hashes, &label);
        model.restart(&seen);
        if weather == Weather::Foul {
            let mut rate = || rng.below(80) as u32;
            dir.set_faults(Faults {
                append: rate(),
                sync: rate(),
                sync_dir: rate(),
                create: rate(),
                truncate: 0,
                remove: rate(),
                read: 0,
            });
        }
        for _ in 0..rng.below(60) {
            match rng.below(20) {
                0..10 => {
                    next_hash += 1;
                    let payload_bytes = if rng.chance(30) { 70_000 } else { rng.below(700) as usize };
                    let mut record = Record {
                        sequence: 0,
                        kind: rng.below(5) as u8,
                        tenant: format!("tenant-{}", rng.below(3)),
                        content_type: "application/x-protobuf".to_owned(),
                        encoding: String::new(),
                        received_unix_nano: next_hash as i64,
                        request_hash: next_hash,
                        payload: rng.bytes(payload_bytes),
                    };
                    let result = wal.append(&NewRecord {
                        kind: record.kind,
                        tenant: &record.tenant,
                        content_type: &record.content_type,
                        encoding: &record.encoding,
                        received_unix_nano: record.received_unix_nano,
                        request_hash: record.request_hash,
                        payload: &record.payload,
                    });
                    match result {
                        Ok(sequence) => {
                            record.sequence = sequence;
                            model.appended.insert(next_hash, record);
                            assert_eq!(model.waiting.insert(sequence, next_hash), None, "{label}");
                        }
                        Err(error) => {
                            model.gone.insert(next_hash);
                            if let Some((first, last)) = error.lost() {
                                model.lose(first, last);
                            }
                        }
                    }
                }
                10..15 => match wal.sync() {
                    Ok(durable) => model.promise(durable),
                    Err(error) => {
                        let (first, last) = error.lost().expect("a failed sync loses");
                        model.lose(first, last);
                    }
                },
                15..18 => {
                    // The list is taken after the sync within: what was promised by it is in the old file.
                    let hashes = model.retry_hashes();
                    let waiting: Vec<RetryHash> = model
                        .waiting
                        .values()
                        .map(|hash| RetryHash { hash: *hash, acknowledged_unix_nano: 0 })
                        .collect();
                    let mut list = || [hashes.clone(), waiting.clone()].concat();
                    let result = if rng.chance(800) {
                        wal.rotate_if_full(&mut list).map(drop)
                    } else {
                        wal.rotate(&mut list)
                    };
                    if let Some((first, last)) = result.as_ref().err().and_then(wal::Error::lost) {
                        model.lose(first, last);
                    }
                    model.promise(wal.durable_sequence());
                }
                18 => {
                    let below = rng.below(wal.durable_sequence() + 2);
                    model.removed_below = model.removed_below.max(below);
                    // A failure removes less.
                    let _ = wal.remove_before(below);
                }
                _ => {
                    let live: Vec<Record> = wal.read_from(0).collect::<Result<_, _>>().expect("reads");
                    let hashes = model.retry_hashes();
                    model.check(&live, &hashes, &label);
                    let promised: BTreeSet<u64> = model.promised.keys().copied().collect();
                    let all = live.iter().all(|record| promised.contains(&record.sequence));
                    assert!(all, "{label}: only what is durable is read");
                }
            }
        }
        drop(wal);
        dir.set_faults(Faults::default());
        // A kill leaves the machine's memory, a power cut does not.
        if rng.chance(700) {
            dir = dir.crash();
        }
    }
}

#[test]
fn power_cuts() {
    for seed in 0..1500 {
        life(seed, Weather::Fair);
    }
}

#[test]
fn power_cuts_and_faults() {
    for seed in 0..1500 {
        life(seed, Weather::Foul);
    }
}
