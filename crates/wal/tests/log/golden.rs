//! Files of each released format version open, and this version still writes them bit by bit.
//!
//! The files in `tests/formats/wal/v1` were made from `docs/formats/wal.md`, not by this program.

use std::path::PathBuf;

use expect_test::expect;
use stdx::Dir;
use testkit::sim::FaultyDir;
use wal::NewRecord;

use super::{SMALL, open, read_only};

fn golden_files(version: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats/wal").join(version);
    let mut files: Vec<(String, Vec<u8>)> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            (entry.file_name().into_string().unwrap(), std::fs::read(entry.path()).unwrap())
        })
        .collect();
    files.sort();
    files
}

#[test]
fn version_1_opens() {
    let dir = FaultyDir::new(1);
    for (name, bytes) in golden_files("v1") {
        dir.put(&name, &bytes);
    }
    let (records, recovered) = read_only(&dir).unwrap();
    expect![[r#"
        [
            Record {
                sequence: 1,
                kind: 1,
                tenant: "default",
                content_type: "application/x-protobuf",
                encoding: "gzip",
                received_unix_nano: 1700000000000000001,
                request_hash: 1,
                payload: [
                    97,
                ],
            },
            Record {
                sequence: 2,
                kind: 255,
                tenant: "",
                content_type: "",
                encoding: "",
                received_unix_nano: -1,
                request_hash: 340282366920938463463374607431768211455,
                payload: [],
            },
            Record {
                sequence: 5,
                kind: 1,
                tenant: "default",
                content_type: "application/x-protobuf",
                encoding: "gzip",
                received_unix_nano: 1700000000000000005,
                request_hash: 5,
                payload: [
                    98,
                ],
            },
        ]
    "#]]
    .assert_debug_eq(&records);
    expect![[r#"
        Recovered {
            files: 2,
            first_sequence: 1,
            next_sequence: 6,
            records: 3,
            retry_hashes: [
                RetryHash {
                    hash: 77,
                    acknowledged_unix_nano: 78,
                },
                RetryHash {
                    hash: 1,
                    acknowledged_unix_nano: 1700000000000000001,
                },
                RetryHash {
                    hash: 340282366920938463463374607431768211455,
                    acknowledged_unix_nano: -1,
                },
                RetryHash {
                    hash: 5,
                    acknowledged_unix_nano: 1700000000000000005,
                },
            ],
            torn_bytes: 0,
            quarantined: [],
        }
    "#]]
    .assert_debug_eq(&recovered);
}

#[test]
fn version_1_is_what_is_written() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    let list = wal::RetryHash { hash: 77, acknowledged_unix_nano: 78 };
    wal.rotate_if_full(&mut || vec![list]).unwrap();
    super::add(&mut wal, 1, "a");
    let bare = NewRecord {
        kind: 255,
        tenant: "",
        content_type: "",
        encoding: "",
        received_unix_nano: -1,
        request_hash: u128::MAX,
        payload: b"",
    };
    wal.append(&bare).unwrap();
    wal.sync().unwrap();
    super::add(&mut wal, 3, "lost");
    super::add(&mut wal, 4, "lost");
    dir.fail_sync_after(0);
    wal.sync().unwrap_err();
    super::add(&mut wal, 5, "b");
    wal.sync().unwrap();
    let mut written: Vec<(String, Vec<u8>)> = dir
        .list()
        .unwrap()
        .into_iter()
        .map(|name| {
            let bytes = dir.read(&name).unwrap();
            (name, bytes)
        })
        .collect();
    written.sort();
    assert!(written == golden_files("v1"));
}
