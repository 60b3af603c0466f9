//! What goes in comes out.

use proptest::prelude::*;
use testkit::sim::FaultyDir;
use wal::{Error, NewRecord, Options, Record, Wal};

use super::{SMALL, add, new_record, open, read_only, shared, texts};

fn any_record() -> impl Strategy<Value = Record> {
    let payload = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..400),
        (any::<u8>(), 60_000..70_000_usize).prop_map(|(byte, len)| vec![byte; len]),
    ];
    let names = ("\\PC{0,20}", "\\PC{0,20}", "\\PC{0,20}");
    (any::<u8>(), names, any::<i64>(), any::<u128>(), payload).prop_map(
        |(kind, (tenant, content_type, encoding), received_unix_nano, request_hash, payload)| Record {
            sequence: 0,
            kind,
            tenant,
            content_type,
            encoding,
            received_unix_nano,
            request_hash,
            payload,
        },
    )
}

fn append(wal: &mut Wal, record: &Record) -> Result<u64, Error> {
    wal.append(&NewRecord {
        kind: record.kind,
        tenant: &record.tenant,
        content_type: &record.content_type,
        encoding: &record.encoding,
        received_unix_nano: record.received_unix_nano,
        request_hash: record.request_hash,
        payload: &record.payload,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_records(mut records in prop::collection::vec(any_record(), 0..12), file_bytes in 0..5_000_u64) {
        let dir = FaultyDir::new(1);
        let options = Options { file_bytes, ..SMALL };
        let (mut wal, _) = open(&dir, options);
        for (at, record) in records.iter_mut().enumerate() {
            record.sequence = append(&mut wal, record).unwrap();
            prop_assert_eq!(record.sequence, at as u64 + 1);
            wal.rotate_if_full(&mut Vec::new).unwrap();
        }
        prop_assert_eq!(wal.sync().unwrap(), records.len() as u64);
        let live: Vec<Record> = wal.read_from(0).collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(&live, &records);
        let after = dir.crash();
        let (replayed, recovered) = read_only(&after).unwrap();
        prop_assert_eq!(&replayed, &records);
        prop_assert_eq!(recovered.torn_bytes, 0);
        prop_assert_eq!(recovered.quarantined, vec![]);
        for from in 0..records.len() as u64 + 2 {
            let (wal, _) = open(&after, options);
            let some: Vec<Record> = wal.read_from(from).collect::<Result<_, _>>().unwrap();
            let expected: Vec<Record> =
                records.iter().filter(|record| record.sequence >= from).cloned().collect();
            prop_assert_eq!(some, expected);
        }
    }
}

#[test]
fn only_what_is_durable_is_read() {
    let dir = FaultyDir::new(1);
    let (mut wal, recovered) = open(&dir, SMALL);
    assert_eq!((recovered.first_sequence, recovered.next_sequence), (1, 1));
    add(&mut wal, 1, "a");
    assert_eq!((texts(wal.read_from(1)).as_str(), wal.durable_sequence()), ("", 0));
    assert_eq!(wal.sync().unwrap(), 1);
    add(&mut wal, 2, "b");
    assert_eq!((texts(wal.read_from(1)).as_str(), wal.durable_sequence()), ("1:a", 1));
    assert_eq!(wal.next_sequence(), 3);
}

#[test]
fn a_sync_with_nothing_to_do_costs_nothing() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, SMALL);
    assert_eq!((wal.sync().unwrap(), dir.syncs()), (0, 0));
    add(&mut wal, 1, "a");
    wal.sync().unwrap();
    let before = dir.syncs();
    wal.sync().unwrap();
    assert_eq!(dir.syncs(), before);
}

#[test]
fn limits_are_named() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = open(&dir, Options { record_bytes_max: 3, ..SMALL });
    assert_eq!(
        wal.append(&new_record(1, b"four")).unwrap_err().to_string(),
        "write-ahead log: a record of 4 bytes is over the limit of 3 bytes"
    );
    let long = "t".repeat(256);
    let record = NewRecord { tenant: &long, ..new_record(1, b"x") };
    assert_eq!(
        wal.append(&record).unwrap_err().to_string(),
        "write-ahead log: the tenant has 256 bytes, the limit is 255 bytes"
    );
    assert_eq!(add(&mut wal, 1, "abc"), 1);
    wal.sync().unwrap();
    // A smaller limit later does not hide what is there.
    let (wal, _) = open(&dir, Options { record_bytes_max: 1, ..SMALL });
    assert_eq!(texts(wal.read_from(1)), "1:abc");
}

#[test]
fn frames_cost_at_most_two_per_cent_from_4_kib_on() {
    let dir = FaultyDir::new(1);
    let (mut wal, _) = Wal::open(shared(&dir), Options::default(), 7).unwrap();
    let payload = vec![5; 4096];
    for hash in 0..1000 {
        wal.append(&new_record(hash, &payload)).unwrap();
    }
    wal.sync().unwrap();
    assert!(wal.bytes() as f64 <= 1.02 * 4096.0 * 1000.0, "{}", wal.bytes());
}
