//! Files of spans end to end: rows in, bytes, rows out; sorting, merging, indexes, damage.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use bytes::Bytes;
use model::schema::spans::{Column, schema};
use model::span_rows::{SpanReader, batch_of};
use model::{
    AttrValue, Attrs, Event, Link, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId,
};
use proptest::prelude::*;
use segment::index::AttrLevel;
use segment::merge::FileInput;
use segment::read::Table;
use segment::{
    Error, FileInfo, Footer, Parsed, RowSelection, RowSink, SpanIndex, SpanOrder, WriteOptions, Written,
    build_index, decode, merge_spans, merge_trace_parts, plan, sort_spans, write_spans, write_table,
};

fn info() -> FileInfo {
    FileInfo {
        wal_first: 3,
        wal_last: 9,
        table: "spans",
        schema_version: 1,
        level: 0,
        writer_version: "0.1.0".to_owned(),
    }
}

fn options(row_group_rows: usize) -> WriteOptions {
    WriteOptions { row_group_rows, page_rows: 7, ..WriteOptions::flush() }
}

fn write(sorted: &[RecordBatch], row_group_rows: usize) -> (Bytes, Written) {
    let mut out = Vec::new();
    let order = SpanOrder::as_is(sorted);
    let written = write_spans(sorted, &order, &info(), &options(row_group_rows), &mut out).expect("writes");
    (out.into(), written)
}

fn footer(file: &Bytes) -> Result<Footer, Error> {
    let range = Footer::range_to_read(file.len() as u64);
    match Footer::parse(&Table::spans(), file.len() as u64, &file.slice(range.start as usize..))? {
        Parsed::Footer(footer) => Ok(footer),
        Parsed::Needs(range) => {
            let bytes = file.slice(range.start as usize..range.end as usize);
            match Footer::parse(&Table::spans(), file.len() as u64, &bytes)? {
                Parsed::Footer(footer) => Ok(footer),
                Parsed::Needs(range) => panic!("asked twice, now for {range:?}"),
            }
        }
    }
}

fn slice(file: &Bytes, range: &Range<u64>) -> Bytes {
    file.slice(range.start as usize..range.end as usize)
}

fn read(
    file: &Bytes,
    footer: &Footer,
    groups: &[usize],
    columns: Option<&[usize]>,
    selection: Option<&RowSelection>,
) -> Result<Vec<RecordBatch>, Error> {
    let plan = plan(footer, groups, columns, selection)?;
    let bytes: Vec<Bytes> = plan.ranges().iter().map(|range| slice(file, range)).collect();
    decode(footer, &plan, &bytes)
}

fn read_all(file: &Bytes) -> Result<Vec<RecordBatch>, Error> {
    let footer = footer(file)?;
    let groups: Vec<usize> = (0..footer.row_groups()).collect();
    read(file, &footer, &groups, None, None)
}

fn one(batches: &[RecordBatch]) -> RecordBatch {
    concat_batches(&schema(), batches).expect("own schema")
}

fn spans_of(batch: &RecordBatch) -> Vec<Span> {
    let mut reader = SpanReader::new(batch).expect("own schema");
    (0..batch.num_rows()).map(|row| reader.span(row).expect("own rows")).collect()
}

/// A span out of few numbers, so that ids, traces and contents meet often.
fn span(trace: u8, id: u8, start: i64, content: u8, received: i64) -> Span {
    let mut attributes = Attrs::new();
    attributes.push("app.number", i64::from(content));
    attributes.push("app.text", format!("text \"{content}\""));
    attributes.push("app.double", f64::from(content) / 4.0);
    attributes.push("app.list", AttrValue::Array(vec![i64::from(content).into(), "in list".into()]));
    attributes.push("app.bytes", AttrValue::Bytes(Arc::from(&[content][..])));
    attributes.push(if content % 2 == 0 { "http.method" } else { "http.request.method" }, "GET");
    attributes.push("server.port", 8000 + i64::from(content));
    let resource = Resource {
        attributes: [("service.name", format!("service-{}", id % 3)), ("host.name", "h".to_owned())]
            .into_iter()
            .collect(),
        ..Resource::default()
    };
    Span {
        trace_id: TraceId([trace; 16]),
        span_id: SpanId([id; 8]),
        parent_span_id: (id > 1).then_some(SpanId([id / 2; 8])),
        name: format!("operation {}", content % 3).into(),
        kind: SpanKind(i32::from(content % 6)),
        start: TimeNs(start),
        duration_nano: i64::from(content) - 2,
        status_code: StatusCode(i32::from(content % 3)),
        received: TimeNs(received),
        attributes,
        events: (0..content % 2)
            .map(|_| Event {
                time: TimeNs(start),
                name: "happened".into(),
                attributes: [("event.key", "event value")].into_iter().collect(),
                ..Event::default()
            })
            .collect(),
        links: (0..content % 3)
            .map(|_| Link { attributes: [("link.key", 1)].into_iter().collect(), ..Link::default() })
            .collect(),
        scope: Arc::new(Scope {
            name: "lib".into(),
            attributes: [("scope.key", true)].into_iter().collect(),
            ..Scope::default()
        }),
        resource: Arc::new(resource),
        ..Span::default()
    }
}

/// Keeps merged rows as batches.
#[derive(Default)]
struct Collected {
    sources: Vec<Option<RecordBatch>>,
    rows: Vec<RecordBatch>,
}

impl RowSink for Collected {
    fn source(&mut self, batch: &RecordBatch) -> Result<usize, Error> {
        self.sources.push(Some(batch.clone()));
        Ok(self.sources.len() - 1)
    }

    fn rows(&mut self, source: usize, rows: Range<usize>) -> Result<(), Error> {
        let batch = self.sources[source].as_ref().expect("not released yet");
        self.rows.push(batch.slice(rows.start, rows.len()));
        Ok(())
    }

    fn release(&mut self, source: usize) {
        assert!(self.sources[source].take().is_some(), "released once");
    }
}

fn trace_parts(sorted: &[RecordBatch]) -> Result<RecordBatch, Error> {
    segment::trace_parts(sorted, &SpanOrder::as_is(sorted))
}

fn any_span() -> impl Strategy<Value = Span> {
    (0..6u8, 0..5u8, -3..20i64, 0..4u8, 0..3i64).prop_map(|(t, s, start, c, r)| span(t, s, start, c, r))
}

fn any_spans() -> impl Strategy<Value = Vec<Span>> {
    proptest::collection::vec(any_span(), 0..80)
}

/// Each distinct span with its earliest receipt, as text.
fn distinct(spans: &[Span]) -> BTreeMap<String, i64> {
    let mut out = BTreeMap::new();
    for span in spans {
        let mut key = span.clone();
        key.received = TimeNs(0);
        // Folding gives attributes back in another order.
        key.attributes.0.sort_by(|a, b| a.0.cmp(&b.0));
        let mut resource = Resource::clone(&key.resource);
        resource.attributes.0.sort_by(|a, b| a.0.cmp(&b.0));
        key.resource = Arc::new(resource);
        let received = out.entry(format!("{key:?}")).or_insert(span.received.0);
        *received = span.received.0.min(*received);
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn sorting_keeps_each_distinct_span_once(spans in any_spans(), cut in 1..20usize) {
        let batches: Vec<RecordBatch> = spans.chunks(cut).map(batch_of).collect();
        let (sorted, dropped) = sort_spans(&batches).expect("sorts");
        let rows: Vec<Span> = sorted.iter().flat_map(spans_of).collect();
        prop_assert_eq!(rows.len() as u64 + dropped, spans.len() as u64);
        let kept = distinct(&rows);
        prop_assert_eq!(kept.len(), rows.len());
        prop_assert_eq!(kept, distinct(&spans));
        // Traces stand together, in the order of their earliest starts.
        let mut seen: Vec<(i64, TraceId)> = Vec::new();
        for run in rows.chunk_by(|a, b| a.trace_id == b.trace_id) {
            let start = run.iter().map(|span| span.start.0).min().unwrap_or(0);
            seen.push((start, run[0].trace_id));
        }
        prop_assert!(seen.is_sorted());
        let mut traces: Vec<TraceId> = seen.iter().map(|(_, id)| *id).collect();
        traces.sort_unstable();
        traces.dedup();
        prop_assert_eq!(traces.len(), seen.len());
    }

    #[test]
    fn a_file_gives_back_its_rows(spans in any_spans(), group in 1..40usize) {
        let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
        let (file, written) = write(&sorted, group);
        prop_assert_eq!(one(&read_all(&file).expect("reads")), one(&sorted));
        prop_assert_eq!(written.bytes, file.len() as u64);
        let footer = footer(&file).expect("footer");
        prop_assert_eq!(footer.wal_range(), Some((3, 9)));
        prop_assert_eq!(footer.rows(), written.rows);
        let rebuilt = build_index(&footer, |range| Ok(slice(&file, &range))).expect("rebuilds");
        prop_assert_eq!(&rebuilt, &written.index);
        let bytes = Bytes::from(written.index.encode().expect("encodes"));
        prop_assert_eq!(&SpanIndex::decode(&bytes).expect("decodes"), &written.index);
    }

    #[test]
    fn merging_files_is_sorting_all_rows(
        spans in any_spans(),
        place in proptest::collection::vec(0..4usize, 80),
        group in 1..30usize,
    ) {
        let mut parts: Vec<Vec<Span>> = vec![Vec::new(); 4];
        for (span, place) in spans.iter().zip(&place) {
            parts[*place].push(span.clone());
        }
        let mut inputs: Vec<_> = parts
            .iter()
            .map(|part| {
                let (sorted, _) = sort_spans(&[batch_of(part)]).expect("sorts");
                let (file, _) = write(&sorted, group);
                FileInput::new(footer(&file).expect("footer"), move |range: Range<u64>| Ok(slice(&file, &range)))
            })
            .collect();
        let mut merged = Collected::default();
        let done = merge_spans(&mut inputs, &mut merged).expect("merges");
        let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
        prop_assert_eq!(one(&merged.rows), one(&sorted));
        prop_assert_eq!(done.rows, one(&sorted).num_rows() as u64);
    }

    #[test]
    fn an_index_denies_nothing_that_is_there(spans in any_spans(), group in 1..40usize) {
        let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
        let (file, written) = write(&sorted, group);
        let (index, footer) = (&written.index, footer(&file).expect("footer"));
        for row_group in 0..footer.row_groups() {
            for span in read(&file, &footer, &[row_group], None, None).expect("reads").iter().flat_map(spans_of) {
                let on = |level, attrs: &Attrs| {
                    attrs.iter().all(|(key, value)| {
                        index.may_contain_attribute(row_group, key, value)
                            && index.may_contain_attribute_at(row_group, level, key, value)
                            && index.may_contain_key(row_group, Some(level), key)
                    })
                };
                prop_assert!(on(AttrLevel::Span, &span.attributes));
                prop_assert!(on(AttrLevel::Resource, &span.resource.attributes));
                prop_assert!(on(AttrLevel::Scope, &span.scope.attributes));
                prop_assert!(span.events.iter().all(|event| on(AttrLevel::Event, &event.attributes)));
                prop_assert!(span.links.iter().all(|link| on(AttrLevel::Link, &link.attributes)));
                prop_assert!(index.may_contain_attribute(row_group, "app.list", &"in list".into()));
                prop_assert!(index.may_contain_printed(row_group, "app.double", "anything"));
                prop_assert!(index.may_contain_attribute_at(
                    row_group, AttrLevel::Field, "name", &AttrValue::Str(span.name.clone())));
                prop_assert!(index.services().any(|name| Some(name) == span.resource.service_name()));
                let times = index.row_groups[row_group].times;
                prop_assert!(times.min_start <= span.start.0 && span.start.0 <= times.max_start);
            }
            prop_assert!(!index.may_contain_key(row_group, None, "app.absent"));
        }
        for trace in spans.iter().map(|span| span.trace_id) {
            let rows: Vec<Span> = index
                .trace_rows(&trace)
                .into_iter()
                .flat_map(|found| {
                    let total = footer.rows_of(found.row_group);
                    let selection = RowSelection::from_consecutive_ranges([found.rows].into_iter(), total);
                    read(&file, &footer, &[found.row_group], None, Some(&selection)).expect("reads")
                })
                .flat_map(|batch| spans_of(&batch))
                .filter(|span| span.trace_id == trace)
                .collect();
            let sent: Vec<Span> = spans.iter().filter(|span| span.trace_id == trace).cloned().collect();
            prop_assert_eq!(distinct(&rows), distinct(&sent));
        }
        prop_assert_eq!(index.keys.iter().filter(|e| e.key == "app.number").map(|e| e.count).sum::<u64>(), written.rows);
    }

    #[test]
    fn trace_parts_merge_in_any_order(spans in any_spans(), cut in 1..20usize) {
        let parts: Vec<RecordBatch> = spans
            .chunks(cut)
            .map(|part| trace_parts(&sort_spans(&[batch_of(part)]).expect("sorts").0).expect("parts"))
            .collect();
        let all = merge_trace_parts(&parts).expect("merges");
        let backwards: Vec<RecordBatch> = parts.iter().rev().cloned().collect();
        prop_assert_eq!(&merge_trace_parts(&backwards).expect("merges"), &all);
        let (left, right) = parts.split_at(parts.len() / 2);
        let halves = [merge_trace_parts(left).expect("merges"), merge_trace_parts(right).expect("merges")];
        prop_assert_eq!(&merge_trace_parts(&halves).expect("merges"), &all);
        // Without duplicates the parts add up to the parts of all spans at once.
        let (sorted, dropped) = sort_spans(&[batch_of(&spans)]).expect("sorts");
        if dropped == 0 {
            prop_assert_eq!(&trace_parts(&sorted).expect("parts"), &all);
        }
    }

    #[test]
    fn damage_is_an_error_or_other_rows_but_no_panic(at in 0..10_000usize, bit in 0..8u8, cut in 0..10_000usize) {
        let spans: Vec<Span> = (0..40).map(|n| span(n / 8, n % 5, i64::from(n), n % 4, 0)).collect();
        let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
        let (file, written) = write(&sorted, 16);
        let mut damaged = file.to_vec();
        // Half of the damage goes to the footer, which is small and matters most.
        let place = if bit % 2 == 0 { damaged.len() - 1 - at % (damaged.len() / 2) } else { at % damaged.len() };
        damaged[place] ^= 1 << bit;
        let _ = read_all(&damaged.into());
        prop_assert!(read_all(&file.slice(..cut % file.len())).is_err());
        let index = written.index.encode().expect("encodes");
        let mut damaged = index.clone();
        let place = at % damaged.len();
        damaged[place] ^= 1 << bit;
        prop_assert!(SpanIndex::decode(&damaged.into()).is_err());
        prop_assert!(SpanIndex::decode(&index[..cut % index.len()].to_vec().into()).is_err());
    }
}

#[test]
fn statistics_and_columns() {
    let spans: Vec<Span> = (0..40).map(|n| span(n / 8, n % 5, i64::from(n), n % 4, 0)).collect();
    let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
    let (file, written) = write(&sorted, 16);
    let stats = |name: &str| {
        let stats = written.stats.column(name).expect("a column");
        format!("{:?} {:?} {:?}", stats.null_count, stats.min, stats.max)
    };
    expect_test::expect![[r#"Some(0) Some(Long(0)) Some(Long(39))"#]]
        .assert_eq(&stats("start_time_unix_nano"));
    expect_test::expect![[r#"Some(0) Some(Text("service-0")) Some(Text("service-2"))"#]]
        .assert_eq(&stats("service_name"));
    expect_test::expect![[r#"Some(40) None None"#]].assert_eq(&stats("db_system"));
    expect_test::expect![[r#"Some(0) None None"#]].assert_eq(&stats("trace_id"));
    let footer = footer(&file).expect("footer");
    let names = [Column::Name.at(), Column::TraceId.at()];
    let batches = read(&file, &footer, &[1], Some(&names), None).expect("reads");
    assert_eq!(
        batches[0].schema().fields().iter().map(|f| f.name().as_str()).collect::<Vec<_>>(),
        ["trace_id", "name"]
    );
    let ids = read(&file, &footer, &[0], Some(&[0]), None).expect("reads");
    assert_eq!(segment::read::trace_rows(&ids, &TraceId([1; 16])).expect("rows"), vec![8..16]);
}

#[test]
fn later_versions_are_refused_by_name() {
    let mut out = Vec::new();
    let info = FileInfo { schema_version: 2, writer_version: "9.1.0".to_owned(), ..info() };
    let batches = [batch_of(&[Span::default()])];
    write_spans(&batches, &SpanOrder::as_is(&batches), &info, &options(10), &mut out).expect("writes");
    let error = footer(&out.into()).expect_err("a later file").to_string();
    expect_test::expect!["a file of table `spans` by throughline 9.1.0 was written by a later version (2; this software reads up to 1)"].assert_eq(&error);
    let mut index = SpanIndex::default().encode().expect("encodes");
    index[4] = 2;
    let error = SpanIndex::decode(&index.into()).expect_err("a later index").to_string();
    expect_test::expect!["segment index was written by a later version (2; this software reads up to 1)"]
        .assert_eq(&error);
}

#[test]
fn columns_that_an_earlier_file_lacks_are_null() {
    let batch = batch_of(&[span(1, 1, 5, 1, 0)]);
    let fewer: Vec<usize> = (0..batch.num_columns() - 1).collect();
    let batch = batch.project(&fewer).expect("projects");
    let mut out = Vec::new();
    write_table(std::slice::from_ref(&batch), batch.schema(), "none", &info(), &options(10), &mut out)
        .expect("writes");
    let back = one(&read_all(&out.into()).expect("reads"));
    assert_eq!(back.column(fewer.len()).null_count(), 1);
    assert_eq!(back.project(&fewer).expect("projects"), batch);
}

#[test]
fn keys_with_too_many_values_are_scanned_and_the_index_stays_small() {
    let spans: Vec<Span> = (0..4000u32)
        .map(|n| {
            let mut span = span((n / 40) as u8, (n % 5) as u8, i64::from(n), 1, 0);
            span.span_id = SpanId(u64::from(n).to_be_bytes());
            span.trace_id = TraceId((u128::from(n / 40) * 0x9e37_79b9_7f4a_7c15).to_be_bytes());
            for key in ["many.a", "many.b", "many.c"] {
                span.attributes.push(key, format!("{key} {n}"));
            }
            span.attributes.push("few", i64::from(n % 7));
            span
        })
        .collect();
    let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
    let (_, written) = write(&sorted, 2000);
    let index = &written.index;
    let scanned = |key| index.may_contain_attribute(0, key, &"not there".into());
    assert!(!scanned("few") && !scanned("many.a") && scanned("many.c"));
    let bytes = index.encode().expect("encodes").len() as f64;
    assert!(bytes / (index.rows as f64) < 2.0, "{bytes} bytes for {} rows", index.rows);
}

/// The files that version 1 wrote stay readable. `UPDATE_FORMATS=1` writes them anew while the version is
/// not released.
#[test]
fn version_1_opens() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/formats/spans-v1");
    let spans: Vec<Span> = (0..40).map(|n| span(n / 8, n % 5, i64::from(n), n % 4, 7)).collect();
    let (sorted, _) = sort_spans(&[batch_of(&spans)]).expect("sorts");
    if std::env::var_os("UPDATE_FORMATS").is_some() {
        let (file, written) = write(&sorted, 16);
        std::fs::create_dir_all(&folder).expect("folder");
        std::fs::write(folder.join("spans.parquet"), &file).expect("file");
        std::fs::write(folder.join("spans.idx"), written.index.encode().expect("encodes")).expect("index");
        let parts = trace_parts(&sorted).expect("parts");
        let info = FileInfo { table: "traces", ..info() };
        let mut out = Vec::new();
        write_table(
            &[parts.clone()],
            parts.schema(),
            segment::traces::TRACES_ORDER,
            &info,
            &options(16),
            &mut out,
        )
        .expect("writes");
        std::fs::write(folder.join("traces.parquet"), out).expect("file");
    }
    let bytes = |name: &str| Bytes::from(std::fs::read(folder.join(name)).expect(name));
    let file = bytes("spans.parquet");
    assert_eq!(one(&read_all(&file).expect("reads")), one(&sorted));
    let index = SpanIndex::decode(&bytes("spans.idx")).expect("decodes");
    assert_eq!(
        index,
        build_index(&footer(&file).expect("footer"), |range| Ok(slice(&file, &range))).expect("rebuilds")
    );
    let traces = bytes("traces.parquet");
    let Parsed::Footer(footer) =
        Footer::parse(&Table::traces(), traces.len() as u64, &traces).expect("footer")
    else {
        panic!("the whole file was given")
    };
    let back = read(&traces, &footer, &[0], None, None).expect("reads");
    assert_eq!(back, vec![trace_parts(&sorted).expect("parts")]);
}

#[test]
fn the_format_page_lists_the_columns() {
    use arrow::datatypes::DataType;
    let page = include_str!("../../../docs/formats/spans.md");
    for table in [Table::spans(), Table::traces()] {
        for field in table.schema.fields() {
            let data_type = match field.data_type() {
                DataType::Utf8View => "STRING",
                DataType::BinaryView => "BINARY",
                DataType::Int32 => "INT",
                _ => "BIGINT",
            };
            let null = if field.is_nullable() { "yes" } else { "no" };
            let line = format!("| `{}` | {data_type} | {null} | ", field.name());
            assert!(page.contains(&line), "docs/formats/spans.md lacks {line}");
        }
    }
}
