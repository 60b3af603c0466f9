//! Size and cost of files of spans: bytes a column, CPU a span, beside zstd over the requests as they
//! were sent. `cargo bench -p segment --bench spans -- [SPANS]`; the data is made by `load.rs`.

#[path = "load.rs"]
mod load;

use std::time::Instant;

use arrow::array::RecordBatch;
use bytes::Bytes;
use model::span_rows::batch_of;
use segment::read::Table;
use segment::{FileInfo, Footer, Parsed, SpanOrder, WriteOptions, Written, decode, plan, write_spans};

fn main() {
    let spans: usize = std::env::args().filter_map(|arg| arg.parse().ok()).next().unwrap_or(400_000);
    let requests = load::requests(1, spans);
    let count: usize = requests.iter().map(Vec::len).sum();
    let bodies: Vec<Vec<u8>> = requests.iter().take(64).map(|spans| load::otlp(spans)).collect();
    let frame: Vec<u8> = bodies.concat();
    let framed: usize = requests.iter().take(64).map(Vec::len).sum();
    println!("{count} spans, {:.0} B a span as OTLP", frame.len() as f64 / framed as f64);
    let mut reference = 0.0;
    for level in [1, 3, 19] {
        let from = cpu();
        let packed = zstd::bulk::compress(&frame, level).expect("zstd");
        reference = packed.len() as f64 / framed as f64;
        println!("zstd-{level}: {reference:.1} B a span, {:.2} us a span", us(from, framed));
    }
    let batches: Vec<RecordBatch> = requests.iter().map(|spans| batch_of(spans)).collect();
    for (name, options) in [("flush", WriteOptions::flush()), ("compact", WriteOptions::compact())] {
        let (file, written) = write(&batches, &options, name);
        report(name, &file, &written, reference);
        if name == "compact" {
            columns(&file);
            lookups(&file, &written);
        }
    }
}

fn write(batches: &[RecordBatch], options: &WriteOptions, name: &str) -> (Bytes, Written) {
    let info = FileInfo {
        wal_first: 1,
        wal_last: 2,
        table: "spans",
        schema_version: 1,
        level: 0,
        writer_version: "bench".to_owned(),
    };
    let from = cpu();
    let order = SpanOrder::of(batches).expect("sort");
    let sorting = us(from, order.len());
    let from = cpu();
    let mut out = Vec::new();
    let written = write_spans(batches, &order, &info, options, &mut out).expect("writes");
    println!("{name}: sort {sorting:.2} us a span, write + index {:.2} us a span", us(from, order.len()));
    let from = cpu();
    segment::trace_parts(batches, &order).expect("parts");
    println!("{name}: parts of traces {:.2} us a span", us(from, order.len()));
    (out.into(), written)
}

fn report(name: &str, file: &Bytes, written: &Written, reference: f64) {
    let rows = written.rows as f64;
    let index = written.index.encode().expect("index").len() as f64 / rows;
    let size = file.len() as f64 / rows;
    println!(
        "{name}: {size:.2} B a span + index {index:.2} = {:.2}, {:.3} x zstd-19; {} row groups",
        size + index,
        (size + index) / reference,
        written.index.row_groups.len()
    );
}

fn footer(file: &Bytes) -> Footer {
    match Footer::parse(&Table::spans(), file.len() as u64, file).expect("footer") {
        Parsed::Footer(footer) => footer,
        Parsed::Needs(range) => panic!("{range:?}"),
    }
}

fn columns(file: &Bytes) {
    let footer = footer(file);
    let rows = footer.rows() as f64;
    let mut sizes: Vec<(f64, String)> = Vec::new();
    let mut all = 0.0;
    let schema = footer.metadata().file_metadata().schema_descr_ptr();
    for at in 0..schema.num_columns() {
        let chunks = || footer.metadata().row_groups().iter().map(move |g| g.column(at));
        let size = chunks().map(|c| c.compressed_size() as f64).sum::<f64>() / rows;
        let raw = chunks().map(|c| c.uncompressed_size() as f64).sum::<f64>() / rows;
        let encodings: Vec<_> = footer.metadata().row_group(0).column(at).encodings().collect();
        all += size;
        sizes.push((size, format!("{} (raw {raw:.2}) {encodings:?}", schema.column(at).name())));
    }
    sizes.sort_by(|a, b| b.0.total_cmp(&a.0));
    for (size, name) in sizes.iter().filter(|(size, _)| *size > 0.004) {
        println!("  {size:7.3} {name}");
    }
    println!("  {:7.3} footer and page index", file.len() as f64 / rows - all);
}

fn lookups(file: &Bytes, written: &Written) {
    use arrow::array::AsArray;
    let footer = footer(file);
    let read = |columns: Option<&[usize]>, group, selection: Option<&segment::RowSelection>| {
        let plan = plan(&footer, &[group], columns, selection).expect("plan");
        let bytes: Vec<Bytes> =
            plan.ranges().iter().map(|r| file.slice(r.start as usize..r.end as usize)).collect();
        decode(&footer, &plan, &bytes).expect("decode")
    };
    let ids = read(Some(&[0]), 0, None);
    let ids: Vec<model::TraceId> = ids
        .iter()
        .flat_map(|batch| batch.column(0).as_binary_view().iter().flatten())
        .step_by(200)
        .filter_map(model::TraceId::from_slice)
        .collect();
    let mut rows = 0;
    let start = Instant::now();
    for id in &ids {
        for found in written.index.trace_rows(id) {
            let total = footer.rows_of(found.row_group);
            let selection = segment::RowSelection::from_consecutive_ranges([found.rows].into_iter(), total);
            rows += read(None, found.row_group, Some(&selection))
                .iter()
                .map(RecordBatch::num_rows)
                .sum::<usize>();
        }
    }
    let each = start.elapsed().as_secs_f64() * 1e3 / ids.len() as f64;
    println!("trace by id: {each:.2} ms, {:.0} rows", rows as f64 / ids.len() as f64);
    let from = cpu();
    let mut rows = 0;
    for group in 0..footer.row_groups() {
        rows += read(None, group, None).iter().map(RecordBatch::num_rows).sum::<usize>();
    }
    println!("whole file: {:.2} us a span", us(from, rows));
    let from = cpu();
    for group in 0..footer.row_groups() {
        read(Some(&[model::schema::spans::Column::Attributes.at()]), group, None);
    }
    println!("`attributes` alone: {:.3} us a span", us(from, rows));
}

/// CPU time of this process in nanoseconds.
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    stat.split(' ').next().and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn us(from: u64, rows: usize) -> f64 {
    (cpu() - from) as f64 / 1e3 / rows as f64
}
