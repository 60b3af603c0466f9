//! The log as its caller sees it, on a disk that fails on purpose.

mod crash;
mod damage;
mod faults;
mod golden;
mod real_folder;
mod rotation;
mod round_trip;

use std::sync::Arc;

use stdx::Dir;
use testkit::sim::FaultyDir;
use wal::{Error, NewRecord, Options, ReadOnly, Record, Recovered, RetryHash, Wal};

const SMALL: Options = Options { file_bytes: 1000, record_bytes_max: 100_000 };

fn shared(dir: &FaultyDir) -> Arc<dyn Dir> {
    Arc::new(dir.clone())
}

fn open(dir: &FaultyDir, options: Options) -> (Wal, Recovered) {
    Wal::open(shared(dir), options, 7).expect("opens")
}

fn new_record(hash: u128, payload: &[u8]) -> NewRecord<'_> {
    NewRecord {
        kind: 1,
        tenant: "default",
        content_type: "application/x-protobuf",
        encoding: "gzip",
        received_unix_nano: 1_700_000_000_000_000_000 + hash as i64,
        request_hash: hash,
        payload,
    }
}

fn add(wal: &mut Wal, hash: u128, payload: &str) -> u64 {
    wal.append(&new_record(hash, payload.as_bytes())).expect("appends")
}

fn retry(hash: u128) -> RetryHash {
    RetryHash { hash, acknowledged_unix_nano: hash as i64 }
}

/// `sequence:payload`, one for each record; an error as its text.
fn texts(records: impl Iterator<Item = Result<Record, Error>>) -> String {
    let texts: Vec<String> = records
        .map(|record| match record {
            Ok(record) => {
                format!("{}:{}", record.sequence, String::from_utf8_lossy(&record.payload))
            }
            Err(error) => error.to_string(),
        })
        .collect();
    texts.join(" ")
}

fn read_only(dir: &FaultyDir) -> Result<(Vec<Record>, Recovered), Error> {
    let (log, recovered) = ReadOnly::open(shared(dir))?;
    Ok((log.read_from(0).collect::<Result<_, _>>()?, recovered))
}

fn only_file(dir: &FaultyDir) -> (String, Vec<u8>) {
    let names = dir.list().expect("lists");
    assert_eq!(names.len(), 1, "{names:?}");
    let bytes = dir.read(&names[0]).expect("reads");
    (names[0].clone(), bytes)
}
