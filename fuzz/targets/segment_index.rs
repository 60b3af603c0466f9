//! Any bytes as the index beside a file of spans: two bytes say how long the small part is, then it, then the filters.
//!
//! Guarantees: no panic, neither when it is read nor when it is asked; what was read is written and read as the same.
#![no_main]

use bytes::Bytes;
use decode::{Limits, request};
use fuzz::index_file::{pack, unpack};
use fuzz::seeds::{lines, plant};
use libfuzzer_sys::fuzz_target;
use model::{AttrValue, TimeNs, TraceId};
use segment::SpanIndex;
use segment::index::IndexBuilder;

/// Indexes of the seeds of OTLP.
fn seeds() -> Vec<Vec<u8>> {
    let seed = |json: &str| -> Vec<u8> {
        let body = Bytes::copy_from_slice(json.as_bytes());
        let spans = request::traces(request::Format::Json, body, TimeNs(1), &Limits::default()).expect("a request");
        let mut builder = IndexBuilder::new();
        builder.push(&spans.batch).expect("rows");
        builder.end_row_group();
        let (small, filters) = unpack(&builder.finish().encode().expect("bytes")).expect("an index");
        [&(small.len() as u16).to_le_bytes()[..], &small, &filters].concat()
    };
    lines(include_str!("../seeds/otlp.jsonl")).map(seed).collect()
}

fn ask(index: &SpanIndex) {
    let id = TraceId([1; 16]);
    let _ = (index.may_contain_trace(&id), index.trace_rows(&id));
    for row_group in 0..index.row_groups.len().min(20) + 1 {
        let rows: usize = index.traces_of(row_group).iter().map(ExactSizeIterator::len).sum();
        let wanted = index.row_groups.get(row_group).map_or(0, |group| group.rows as usize);
        assert_eq!(rows, wanted);
        for key in index.keys.iter().take(20).map(|entry| entry.key.as_str()).chain(["absent"]) {
            let _ = index.may_contain_key(row_group, None, key);
            let _ = index.may_contain_printed(row_group, key, "x");
            let _ = index.may_contain_attribute(row_group, key, &AttrValue::Double(1.0));
        }
    }
    let names: Vec<&str> = index.services().collect();
    let _: usize = names.iter().map(|name| index.operations_of(name).count()).sum();
}

fuzz_target!(init: plant(seeds()), |input: &[u8]| {
    // As it lies on disk, which the checksum nearly always refuses.
    let _ = SpanIndex::decode(&Bytes::copy_from_slice(input));
    let Some(([low, high], rest)) = input.split_first_chunk::<2>() else { return };
    let len = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
    let (small, filters) = rest.split_at(len);
    let _ = SpanIndex::decode(&pack(small, filters, Some(u32::MAX)).into());
    let Ok(index) = SpanIndex::decode(&pack(small, filters, None).into()) else { return };
    ask(&index);
    let again = SpanIndex::decode(&index.encode().expect("bytes").into()).expect("own bytes");
    assert_eq!(again, index);
});
