//! Full files, retry hashes, removal, jumps of the sequence.

use stdx::Dir;
use testkit::sim::FaultyDir;

use super::{SMALL, add, open, read_only, retry, texts};

#[test]
fn whole_files_go_and_the_one_written_stays() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    for hash in 1..=40_u64 {
        assert_eq!(add(&mut wal, hash.into(), "0123456789"), hash);
        wal.rotate_if_full(&mut || vec![retry(500)]).unwrap();
    }
    wal.sync().unwrap();
    let files = dir.list().unwrap().len();
    assert!(files > 3);
    let bytes = wal.bytes();
    assert_eq!(wal.remove_before(1).unwrap(), 0);
    let freed = wal.remove_before(25).unwrap();
    assert!(freed > 0 && wal.bytes() == bytes - freed);
    let after = dir.crash();
    let (records, recovered) = read_only(&after).unwrap();
    assert_eq!(recovered.quarantined, vec![]);
    let first = records[0].sequence;
    assert!(first <= 25 && first > 10, "{first}");
    assert_eq!(recovered.first_sequence, first);
    assert_eq!(records.len() as u64, 41 - first);
    let (mut wal, _) = open(&after, SMALL);
    wal.remove_before(u64::MAX).unwrap();
    assert_eq!(after.list().unwrap().len(), 1);
    assert_eq!(add(&mut wal, 1, "next"), 41);
}

#[test]
fn the_newest_list_and_the_records_after_it_are_the_retry_hashes() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    add(&mut wal, 1, "a");
    wal.rotate(&mut || vec![retry(11), retry(12)]).unwrap();
    add(&mut wal, 2, "b");
    wal.rotate(&mut || vec![retry(12), retry(2)]).unwrap();
    add(&mut wal, 3, "c");
    wal.sync().unwrap();
    let (_, recovered) = open(&dir, SMALL);
    let hashes: Vec<u128> = recovered.retry_hashes.iter().map(|retry| retry.hash).collect();
    assert_eq!(hashes, [12, 2, 3]);
    assert_eq!(recovered.retry_hashes[0].acknowledged_unix_nano, 12);
    assert_eq!(recovered.retry_hashes[2].acknowledged_unix_nano, 1_700_000_000_000_000_003);
}

#[test]
fn numbers_can_be_skipped() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    add(&mut wal, 1, "a");
    wal.advance_to(1, &mut Vec::new).unwrap();
    assert_eq!(wal.next_sequence(), 2);
    wal.advance_to(1000, &mut Vec::new).unwrap();
    assert_eq!(add(&mut wal, 2, "b"), 1000);
    wal.sync().unwrap();
    let (wal, recovered) = open(&dir.crash(), SMALL);
    assert_eq!(texts(wal.read_from(0)), "1:a 1000:b");
    assert_eq!(recovered.quarantined, vec![]);
}

#[test]
fn a_reopened_file_is_written_on() {
    let dir = FaultyDir::new(1);
    for hash in 1..=5 {
        let (mut wal, _) = open(&dir, SMALL);
        add(&mut wal, hash, "x");
        wal.sync().unwrap();
    }
    assert_eq!(dir.list().unwrap().len(), 1);
    assert_eq!(read_only(&dir).unwrap().0.len(), 5);
}

#[test]
fn a_restart_alone_makes_durable_what_it_replays() {
    for seed in 0..100 {
        let dir = FaultyDir::new(seed);
        let (mut wal, _) = open(&dir, SMALL);
        add(&mut wal, 1, "a");
        drop(wal);
        let (wal, _) = open(&dir, SMALL);
        assert_eq!(wal.durable_sequence(), 1);
        assert_eq!(read_only(&dir.crash()).unwrap().0.len(), 1);
    }
}
