//! Cut files, flipped bits, random bytes: never a wrong record, never a panic.

use stdx::Dir;
use testkit::sim::{FaultyDir, Rng};
use wal::{Error, Options, Record, Wal};

use super::{SMALL, add, only_file, open, read_only, retry, shared, texts};

/// One file with a retry hash and three records of unequal length.
fn one_file() -> (String, Vec<u8>, Vec<Record>) {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, Options { file_bytes: 100_000, ..SMALL });
    wal.rotate_if_full(&mut || vec![retry(77)]).unwrap();
    for (hash, payload) in [(1, "one"), (2, "two two"), (3, &"x".repeat(90))] {
        add(&mut wal, hash, payload);
    }
    wal.sync().unwrap();
    let (name, bytes) = only_file(&dir);
    (name, bytes, read_only(&dir).unwrap().0)
}

#[test]
fn every_cut() {
    let (name, bytes, records) = one_file();
    for cut in 0..bytes.len() {
        let dir = FaultyDir::new(1);
        dir.put(&name, &bytes[..cut]);
        let (seen, told) = read_only(&dir).unwrap();
        assert_eq!(seen, records[..seen.len()], "cut at {cut}");
        assert_eq!(dir.read(&name).unwrap(), bytes[..cut], "a reader changes nothing");
        assert_eq!(told.quarantined, vec![], "cut at {cut}");
        // Then the writer: what is whole stays, the rest goes, and the log goes on.
        let (mut wal, recovered) = open(&dir, SMALL);
        assert_eq!(recovered, told);
        let next = seen.len() as u64 + 1;
        assert_eq!(add(&mut wal, 9, "new"), next, "cut at {cut}");
        wal.sync().unwrap();
        let (again, told) = read_only(&dir.crash()).unwrap();
        assert_eq!(again[..seen.len()], seen);
        assert_eq!(again.len(), seen.len() + 1, "cut at {cut}");
        assert_eq!((told.torn_bytes, told.quarantined), (0, vec![]), "cut at {cut}");
    }
}

#[test]
fn zeros_behind_the_end_are_cut() {
    let (name, mut bytes, records) = one_file();
    let whole = bytes.len();
    bytes.resize(whole + 5000, 0);
    let dir = FaultyDir::new(1);
    dir.put(&name, &bytes);
    let (_, recovered) = open(&dir, SMALL);
    assert_eq!((recovered.torn_bytes, recovered.quarantined), (5000, vec![]));
    assert_eq!(dir.len(&name).unwrap(), whole as u64);
    assert_eq!(read_only(&dir).unwrap().0, records);
}

#[test]
fn every_flipped_bit() {
    let (name, bytes, records) = one_file();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.clone();
            flipped[at] ^= 1 << bit;
            let dir = FaultyDir::new(1);
            dir.put(&name, &flipped);
            let (seen, told) = read_only(&dir).unwrap();
            let all = seen.iter().all(|record| records.contains(record));
            assert!(all && seen.is_sorted_by_key(|record| record.sequence), "byte {at}");
            assert!(seen.len() >= records.len() - 1, "byte {at}: one flip costs one record");
            let noticed = told.torn_bytes > 0 || !told.quarantined.is_empty();
            assert!(noticed, "byte {at} bit {bit}");
            let (mut wal, recovered) = open(&dir, SMALL);
            for damage in recovered.quarantined.iter().filter(|damage| damage.bytes > 0) {
                assert!(damage.copied_to.is_some(), "byte {at}: {damage:?}");
            }
            let sequence = add(&mut wal, 9, "new");
            wal.sync().unwrap();
            let again: Vec<Record> = wal.read_from(0).collect::<Result<_, _>>().unwrap();
            assert_eq!(again[..seen.len()], seen, "byte {at}");
            assert_eq!(again.last().map(|record| record.sequence), Some(sequence));
            drop(wal);
            assert_eq!(read_only(&dir.crash()).unwrap().0, again, "byte {at}");
        }
    }
}

#[test]
fn damage_in_the_middle_is_copied_and_passed() {
    let (name, mut bytes, _) = one_file();
    let at = bytes.windows(3).position(|window| window == b"two").unwrap();
    bytes[at] ^= 1;
    let dir = FaultyDir::new(1);
    dir.put(&name, &bytes);
    let (wal, recovered) = open(&dir, SMALL);
    let [damage, missing] = &recovered.quarantined[..] else { panic!("{recovered:?}") };
    assert_eq!(missing.why, "the checksum of a record's body fails");
    assert_eq!((damage.bytes, damage.why.as_str()), (0, "the records 2 to 2 are missing"));
    let copied = missing.copied_to.as_deref().unwrap();
    let (folder, copy) = copied.split_once('/').unwrap();
    let copy = dir.subdir(folder).unwrap().read(copy).unwrap();
    let from = missing.offset as usize;
    assert_eq!(copy, bytes[from..from + missing.bytes as usize]);
    assert!(texts(wal.read_from(0)).starts_with("1:one 3:xxx"));
    drop(wal);
    // The same damage is told again and copied once.
    let (_, again) = open(&dir, SMALL);
    assert_eq!(again.quarantined, recovered.quarantined);
    assert_eq!(dir.subdir("quarantine").unwrap().list().unwrap().len(), 1);
}

#[test]
fn damage_since_opening_is_told_once_and_passed() {
    let (name, mut bytes, _) = one_file();
    let dir = FaultyDir::new(1);
    dir.put(&name, &bytes);
    let (wal, _) = open(&dir, SMALL);
    let at = bytes.windows(3).position(|window| window == b"two").unwrap();
    bytes[at] ^= 1;
    dir.put(&name, &bytes);
    let read: Vec<_> = wal.read_from(0).collect();
    assert!(matches!(&read[..], [Ok(_), Err(Error::Damaged { .. }), Ok(Record { sequence: 3, .. })]));
}

#[test]
fn a_damaged_tail_of_an_earlier_file_is_no_torn_tail() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    add(&mut wal, 1, "one");
    add(&mut wal, 2, "two");
    wal.sync().unwrap();
    let (name, mut bytes) = only_file(&dir);
    wal.rotate(&mut Vec::new).unwrap();
    add(&mut wal, 3, "three");
    wal.sync().unwrap();
    drop(wal);
    *bytes.last_mut().unwrap() ^= 1;
    dir.put(&name, &bytes);
    let (wal, recovered) = open(&dir, SMALL);
    assert_eq!(recovered.torn_bytes, 0);
    let whys: Vec<_> = recovered.quarantined.iter().map(|damage| damage.why.as_str()).collect();
    assert_eq!(whys, ["the checksum of a record's body fails", "the records 2 to 2 are missing"]);
    assert_eq!(texts(wal.read_from(0)), "1:one 3:three");
    assert_eq!(wal.next_sequence(), 4);
}

#[test]
fn a_missing_file_is_told() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    for hash in 1..=3 {
        add(&mut wal, hash, "x");
        wal.rotate(&mut Vec::new).unwrap();
    }
    drop(wal);
    let mut names = dir.list().unwrap();
    names.sort();
    dir.remove(&names[1]).unwrap();
    let (wal, recovered) = open(&dir, SMALL);
    assert_eq!(recovered.quarantined.len(), 1);
    assert_eq!(recovered.quarantined[0].why, "the records 2 to 2 are missing");
    assert_eq!(texts(wal.read_from(0)), "1:x 3:x");
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let (name, mut bytes, _) = one_file();
    bytes[8] = 2;
    let crc = crc32c::crc32c(&bytes[..12]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    let dir = FaultyDir::new(1);
    dir.put(&name, &bytes);
    let error = Wal::open(shared(&dir), SMALL, 1).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("write-ahead log: {name} has format version 2, this program reads up to version 1")
    );
    assert_eq!(dir.read(&name).unwrap(), bytes);
}

#[test]
fn bytes_that_look_like_a_record_of_another_file_are_none() {
    let (_, bytes, _) = one_file();
    let dir = FaultyDir::new(1);
    let (mut wal, _) = Wal::open(shared(&dir), SMALL, 99).unwrap();
    wal.append(&super::new_record(1, &bytes)).unwrap();
    wal.sync().unwrap();
    drop(wal);
    let (name, mut file) = only_file(&dir);
    // The header of the outer record breaks, so that its payload is searched for records.
    file[60] ^= 1;
    dir.put(&name, &file);
    assert_eq!(read_only(&dir).unwrap().0, vec![]);
}

/// Random bytes, and pieces of real files mixed with random bytes, under names of log files.
#[test]
fn any_bytes_at_all() {
    let (name, bytes, records) = one_file();
    for seed in 0..3000 {
        let mut rng = Rng::new(seed);
        let dir = FaultyDir::new(seed);
        let mut names = vec![name.clone()];
        names.extend((2..2 + rng.below(3)).map(|number| format!("{number:010}-{seed:016x}.wal")));
        for name in &names {
            let mut content = Vec::new();
            for _ in 0..rng.below(6) {
                let from = rng.below(bytes.len() as u64) as usize;
                match rng.below(5) {
                    0 => content.extend_from_slice(&bytes),
                    1 => content.extend_from_slice(&bytes[from..]),
                    2 => content.extend_from_slice(&bytes[..from]),
                    3 => content.resize(content.len() + from, 0),
                    _ => content.extend(rng.bytes(from)),
                }
            }
            dir.put(name, &content);
        }
        let (seen, _) = read_only(&dir).unwrap();
        assert!(seen.iter().all(|record| records.contains(record)), "seed {seed}");
        assert!(seen.is_sorted_by(|a, b| a.sequence < b.sequence), "seed {seed}");
        let (mut wal, _) = open(&dir, SMALL);
        let sequence = add(&mut wal, 5, "new");
        wal.sync().unwrap();
        let again: Vec<Record> = wal.read_from(0).collect::<Result<_, _>>().unwrap();
        assert_eq!(again[..again.len() - 1], seen, "seed {seed}");
        assert_eq!(again.last().map(|record| record.sequence), Some(sequence), "seed {seed}");
    }
}
