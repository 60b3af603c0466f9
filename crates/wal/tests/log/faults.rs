//! A full disk, a failed sync, a failed everything.

use stdx::{Dir, Kind};
use testkit::sim::{Faults, FaultyDir};
use wal::Options;

use super::{SMALL, add, new_record, open, read_only, retry, texts};

#[test]
fn a_failed_sync_loses_the_records_for_good() {
    for seed in 0..200 {
        let dir = FaultyDir::new(seed);
        let (mut wal, _) = open(&dir, SMALL);
        add(&mut wal, 1, "a");
        wal.sync().unwrap();
        add(&mut wal, 2, "b");
        add(&mut wal, 3, "c");
        dir.fail_sync_after(0);
        let error = wal.sync().unwrap_err();
        assert_eq!((error.lost(), error.kind()), (Some((2, 3)), Kind::Unavailable));
        assert_eq!(wal.sync().unwrap(), 1);
        // The retry gets a number of its own, in a new file.
        assert_eq!(add(&mut wal, 2, "b"), 4);
        assert_eq!(wal.sync().unwrap(), 4);
        assert_eq!(texts(wal.read_from(0)), "1:a 4:b");
        let after = dir.crash();
        let (wal, recovered) = open(&after, SMALL);
        assert_eq!(texts(wal.read_from(0)), "1:a 4:b");
        assert_eq!(recovered.quarantined, vec![]);
        assert_eq!((recovered.records, recovered.next_sequence), (2, 5));
    }
}

#[test]
fn a_file_whose_sync_failed_is_not_synced_again() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    let names = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = names.clone();
    dir.set_sync_hook(Some(std::sync::Arc::new(move |name: &str| {
        seen.lock().unwrap().push(name[..10].to_owned());
    })));
    add(&mut wal, 1, "a");
    dir.fail_sync_after(0);
    assert_eq!(wal.append(&new_record(2, b"b")).unwrap(), 2);
    wal.sync().unwrap_err();
    add(&mut wal, 3, "c");
    wal.sync().unwrap();
    wal.rotate(&mut Vec::new).unwrap();
    let names = names.lock().unwrap().join(" ");
    assert_eq!(names, "0000000001 0000000001 0000000002 0000000002 0000000003");
}

#[test]
fn hashes_stay_until_a_whole_list_follows_a_failure() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    wal.rotate_if_full(&mut || vec![retry(70)]).unwrap();
    add(&mut wal, 1, "a");
    wal.sync().unwrap();
    add(&mut wal, 2, "b");
    dir.fail_sync_after(0);
    wal.sync().unwrap_err();
    add(&mut wal, 3, "c");
    wal.sync().unwrap();
    assert_eq!(wal.remove_before(100).unwrap(), 0);
    let hashes = |dir: &FaultyDir| -> Vec<u128> {
        read_only(dir).unwrap().1.retry_hashes.iter().map(|retry| retry.hash).collect()
    };
    assert_eq!(hashes(&dir), [70, 1, 3]);
    assert!(wal.rotate_if_full(&mut || vec![retry(71)]).unwrap());
    assert!(!wal.rotate_if_full(&mut || vec![retry(72)]).unwrap());
    assert!(wal.remove_before(100).unwrap() > 0);
    assert_eq!(hashes(&dir), [71]);
    assert_eq!(wal.next_sequence(), 4);
    let (wal, recovered) = open(&dir.crash(), SMALL);
    assert_eq!((recovered.next_sequence, wal.durable_sequence()), (4, 3));
}

#[test]
fn a_full_disk_refuses_and_then_goes_on() {
    for space in 0..1500 {
        let dir = FaultyDir::new(space);
        dir.set_space(Some(space));
        let options = Options { file_bytes: 400, ..SMALL };
        let (mut wal, _) = open(&dir, options);
        let mut expected = Vec::new();
        for hash in 0..12 {
            match wal.append(&new_record(hash, &[b'x'; 60])) {
                Ok(sequence) => {
                    expected.push(sequence);
                    assert_eq!(wal.sync().unwrap(), sequence);
                }
                Err(error) => assert!(error.is_storage_full(), "{error}"),
            }
            if let Err(error) = wal.rotate_if_full(&mut Vec::new) {
                assert!(error.is_storage_full(), "{error}");
            }
        }
        dir.set_space(None);
        expected.push(add(&mut wal, 99, "after"));
        wal.sync().unwrap();
        let (records, recovered) = read_only(&dir.crash()).unwrap();
        let seen: Vec<u64> = records.iter().map(|record| record.sequence).collect();
        assert_eq!(seen, expected, "space {space}");
        assert_eq!(recovered.quarantined, vec![], "space {space}");
    }
}

#[test]
fn a_tail_that_cannot_be_cut_ends_its_file() {
    for seed in 0..100 {
        let dir = FaultyDir::new(seed);
        let (mut wal, _) = open(&dir, SMALL);
        add(&mut wal, 1, "a");
        dir.set_faults(Faults { append: 1000, truncate: 1000, ..Faults::default() });
        wal.append(&new_record(2, b"b")).unwrap_err();
        dir.set_faults(Faults::default());
        assert_eq!(add(&mut wal, 2, "b"), 2);
        wal.sync().unwrap();
        assert_eq!(dir.list().unwrap().len(), 2);
        let after = dir.crash();
        let (records, recovered) = read_only(&after).unwrap();
        assert_eq!((records.len(), recovered.quarantined), (2, vec![]));
    }
}

#[test]
fn when_everything_fails_nothing_is_promised() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    add(&mut wal, 1, "a");
    wal.sync().unwrap();
    add(&mut wal, 2, "b");
    dir.set_faults(Faults { sync: 1000, create: 1000, ..Faults::default() });
    assert_eq!(wal.sync().unwrap_err().lost(), Some((2, 2)));
    let error = wal.append(&new_record(3, b"c")).unwrap_err();
    assert_eq!((error.lost(), error.kind()), (None, Kind::Unavailable));
    assert_eq!((wal.sync().unwrap(), wal.durable_sequence()), (1, 1));
    dir.set_faults(Faults::default());
    assert_eq!(add(&mut wal, 3, "c"), 3);
    wal.sync().unwrap();
    assert_eq!(texts(wal.read_from(0)), "1:a 3:c");
}

#[test]
fn a_folder_that_cannot_be_read_is_an_error_and_ends_the_reading() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    add(&mut wal, 1, "a");
    wal.sync().unwrap();
    dir.set_faults(Faults { read: 1000, ..Faults::default() });
    let read: Vec<_> = wal.read_from(0).collect();
    assert!(read.len() == 1 && read[0].is_err());
    assert!(wal::ReadOnly::open(super::shared(&dir)).is_err());
}
