//! A folder of log files, made of commands (`src/log_file.rs`).
//!
//! Guarantees: no panic and no error of the folder; records come in order, each once; opening the log for writing
//! changes nothing of what is read, and what is written behind is read behind it.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use stdx::Dir;
use testkit::sim::FaultyDir;
use wal::{Error, NewRecord, Options, ReadOnly, Record, Wal};

const SEEDS: [&[u8]; 5] = [
    b"f\x01\x07h\x01\x02r\x05aaaaar\x03bbbr\x00",
    b"f\x01\x07h\x01\x02r\x05aaaaar\x03bbbt\x01f\x02\x09h\x02\x01r\x02cc",
    b"f\x01\x07h\x01\x00r\x05aaaaax\x20r\x03bbbr\x02ddz\x30",
    b"f\x01\x07R\x01\x02\x03\x05\x0bnames+bodyr\x20f\x03\x07H\x05\x03\x00\x02\x02r\x01x",
    b"f\x01\x07h\xc9\x00r\x05aaaaar\x03bbb",
];

fn all(records: impl Iterator<Item = Result<Record, Error>>) -> Vec<Record> {
    records.map(|record| record.unwrap_or_else(|error| panic!("not reported at opening: {error}"))).collect()
}

fuzz_target!(init: fuzz::seeds::plant(SEEDS), |input: &[u8]| {
    let folder = FaultyDir::new(1);
    for (name, bytes) in fuzz::log_file::files(input) {
        folder.put(&name, &bytes);
    }
    let dir: Arc<dyn Dir> = Arc::new(folder);
    let (log, found) = ReadOnly::open(dir.clone()).expect("a folder of this version");
    let before = all(log.read_from(0));
    assert!(before.is_sorted_by(|a, b| a.sequence < b.sequence), "in order, each once");
    assert_eq!(found.records, before.len() as u64);
    let options = Options { file_bytes: 1 << 12, record_bytes_max: 1 << 12 };
    let (mut wal, recovered) = Wal::open(dir.clone(), options, 11).expect("opens");
    assert_eq!(recovered.records, found.records);
    assert_eq!(all(wal.read_from(0)), before, "as read before it was opened for writing");
    let new = NewRecord {
        kind: 2,
        tenant: "t",
        content_type: "",
        encoding: "",
        received_unix_nano: 1,
        request_hash: 9,
        payload: b"new",
    };
    // Numbers may be used up.
    let Ok(sequence) = wal.append(&new) else { return };
    wal.sync().expect("a sound folder");
    let (log, _) = ReadOnly::open(dir).expect("opens");
    let after = all(log.read_from(0));
    let (last, earlier) = after.split_last().expect("the new one");
    assert_eq!((last.sequence, &last.payload[..]), (sequence, &b"new"[..]));
    assert_eq!(earlier, before);
});
