//! The same on a folder of the operating system.

use std::sync::Arc;

use stdx::{Dir, OsDir};
use wal::{Options, Wal};

use super::{new_record, texts};

#[test]
fn records_survive_reopening() {
    let temp = tempfile::tempdir().unwrap();
    let dir: Arc<dyn Dir> = Arc::new(OsDir::open(temp.path()).unwrap());
    let options = Options { file_bytes: 300_000, record_bytes_max: 1 << 20 };
    let (mut wal, _) = Wal::open(dir.clone(), options, 3).unwrap();
    let payloads: Vec<Vec<u8>> = (0..20_u8).map(|at| vec![at; 1 + usize::from(at) * 5000]).collect();
    for (hash, payload) in payloads.iter().enumerate() {
        wal.append(&new_record(hash as u128, payload)).unwrap();
        wal.rotate_if_full(&mut Vec::new).unwrap();
    }
    assert_eq!(wal.sync().unwrap(), 20);
    drop(wal);
    let (mut wal, recovered) = Wal::open(dir.clone(), options, 4).unwrap();
    assert_eq!((recovered.records, recovered.torn_bytes), (20, 0));
    assert!(recovered.files > 2);
    let read: Vec<Vec<u8>> = wal.read_from(0).map(|record| record.unwrap().payload).collect();
    assert_eq!(read, payloads);
    wal.append(&new_record(9, b"more")).unwrap();
    wal.sync().unwrap();
    assert_eq!(texts(wal.read_from(21)), "21:more");
    assert!(wal.remove_before(15).unwrap() > 0);
    assert!(dir.list().unwrap().len() < recovered.files);
}

#[test]
fn a_torn_tail_is_cut_on_disk() {
    let temp = tempfile::tempdir().unwrap();
    let dir: Arc<dyn Dir> = Arc::new(OsDir::open(temp.path()).unwrap());
    let (mut wal, _) = Wal::open(dir.clone(), Options::default(), 3).unwrap();
    wal.append(&new_record(1, b"a")).unwrap();
    wal.append(&new_record(2, b"b")).unwrap();
    wal.sync().unwrap();
    drop(wal);
    let name = dir.list().unwrap().remove(0);
    let len = dir.len(&name).unwrap();
    dir.open_append(&name).unwrap().truncate(len - 1).unwrap();
    let (mut wal, recovered) = Wal::open(dir, Options::default(), 4).unwrap();
    assert_eq!((recovered.records, recovered.next_sequence), (1, 2));
    wal.append(&new_record(3, b"c")).unwrap();
    wal.sync().unwrap();
    assert_eq!(texts(wal.read_from(0)), "1:a 2:c");
}
