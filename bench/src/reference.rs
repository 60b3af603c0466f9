//! The measures of comparison, taken in the same run on the same data.
//!
//! In: requests, or the files that the server wrote. Out: times and sizes of `decode` (the generated structs), `zstd-N` (64
//! consecutive requests as one frame), `parquet` (the plain crate over the same pages), a full scan of `attributes`, and a
//! bare fdatasync. Each runs on one thread and counts that thread's processor time, so that other programs do not count.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hint::black_box;
use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::time::Instant;

use arrow::array::{Array, BinaryArray};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder, RowSelection,
};
use parquet::file::metadata::PageIndexPolicy;
use prost::Message;

use crate::child::DataFile;
use crate::load::Request;
use crate::{Error, quantile};

/// Requests of one frame.
pub const FRAME_REQUESTS: usize = 64;

/// Rounds of which the median counts.
const ROUNDS: usize = 5;

/// What requests cost without any server.
#[derive(Debug, Clone, Copy)]
pub struct Requests {
    /// Bytes of OTLP a span.
    pub bytes: f64,
    /// Decoding into generated structs, microseconds a span.
    pub decode_us: f64,
    /// zstd level 1, microseconds a span.
    pub zstd_1_us: f64,
    /// Bytes a span that zstd level 1, 3 and 19 leave.
    pub zstd_bytes: [f64; 3],
}

/// Measures a frame's requests.
pub fn requests(requests: &[Request]) -> Result<Requests, Error> {
    let spans: usize = requests.iter().map(|request| request.spans).sum();
    let frame: Vec<u8> = requests.iter().flat_map(|request| request.body.iter().copied()).collect();
    let decode = || -> Result<(), Error> {
        for request in requests {
            black_box(ExportTraceServiceRequest::decode(request.body.as_slice())?);
        }
        Ok(())
    };
    let per_span = |nanos: f64| nanos / 1e3 / spans as f64;
    let decode_us = per_span(median(ROUNDS, decode)?);
    let zstd_1_us = per_span(median(ROUNDS, || {
        black_box(zstd::bulk::compress(&frame, 1)?);
        Ok(())
    })?);
    let mut zstd_bytes = [0.0; 3];
    for (bytes, level) in zstd_bytes.iter_mut().zip([1, 3, 19]) {
        *bytes = zstd::bulk::compress(&frame, level)?.len() as f64 / spans as f64;
    }
    Ok(Requests { bytes: frame.len() as f64 / spans as f64, decode_us, zstd_1_us, zstd_bytes })
}

/// Nanoseconds of processor time of the median round.
fn median(rounds: usize, mut work: impl FnMut() -> Result<(), Error>) -> Result<f64, Error> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let from = thread_nanos()?;
        work()?;
        times.push(thread_nanos()? - from);
    }
    times.sort_by(f64::total_cmp);
    Ok(quantile(&times, 0.5))
}

/// What the kernel says this thread has run.
fn thread_nanos() -> Result<f64, Error> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(text.split(' ').next().unwrap_or_default().parse()?)
}

/// Median and 99th percentile of appending a request's bytes and syncing them, milliseconds.
pub fn fdatasync_ms(folder: &Path, bytes: usize) -> Result<(f64, f64), Error> {
    let path = folder.join("fdatasync");
    let mut file = File::create(&path)?;
    let block = vec![7u8; bytes];
    let mut times = Vec::new();
    for _ in 0..200 {
        let began = Instant::now();
        file.write_all(&block)?;
        file.sync_data()?;
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    drop(file);
    std::fs::remove_file(&path)?;
    times.sort_by(f64::total_cmp);
    Ok((quantile(&times, 0.5), quantile(&times, 0.99)))
}

/// A file opened by the plain crate, page index included.
struct Opened {
    file: File,
    metadata: ArrowReaderMetadata,
}

impl Opened {
    fn open(file: &DataFile) -> Result<Self, Error> {
        let file = File::open(&file.path)?;
        let options = ArrowReaderOptions::new().with_page_index_policy(PageIndexPolicy::Optional);
        let metadata = ArrowReaderMetadata::load(&file, options)?;
        Ok(Self { file, metadata })
    }

    fn builder(&self) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
        let file = self.file.try_clone()?;
        Ok(ParquetRecordBatchReaderBuilder::new_with_metadata(file, self.metadata.clone()))
    }

    fn column(&self, name: &str) -> Result<ParquetRecordBatchReaderBuilder<File>, Error> {
        let builder = self.builder()?;
        let mask = ProjectionMask::columns(builder.parquet_schema(), [name]);
        Ok(builder.with_projection(mask))
    }
}

/// Decodes all columns of the pages that hold the given traces, one trace after the other. Out: milliseconds on the wall and
/// rows, each a trace.
pub fn traces_ms(files: &[DataFile], ids: &[[u8; 16]]) -> Result<Vec<(f64, usize)>, Error> {
    let wanted: HashSet<&[u8]> = ids.iter().map(|id| &id[..]).collect();
    let opened = files.iter().map(Opened::open).collect::<Result<Vec<_>, _>>()?;
    // Rows of each trace: file, row group, rows in the group.
    let mut places: HashMap<Vec<u8>, Vec<(usize, usize, Range<usize>)>> = HashMap::new();
    for (at, file) in opened.iter().enumerate() {
        for group in 0..file.metadata.metadata().num_row_groups() {
            let mut row = 0;
            for batch in file.column("trace_id")?.with_row_groups(vec![group]).build()? {
                let batch = batch?;
                let column = batch.column(0).as_any().downcast_ref::<BinaryArray>();
                for id in column.ok_or("trace_id is not of bytes")?.iter().flatten() {
                    if wanted.contains(id) {
                        let found = places.entry(id.to_owned()).or_default();
                        match found.last_mut() {
                            Some((f, g, rows)) if (*f, *g, rows.end) == (at, group, row) => rows.end += 1,
                            _ => found.push((at, group, row..row + 1)),
                        }
                    }
                    row += 1;
                }
            }
        }
    }
    let mut times = Vec::new();
    for id in ids {
        let began = Instant::now();
        let mut rows = 0;
        for (at, group, range) in places.get(&id[..]).into_iter().flatten() {
            let total = opened[*at].metadata.metadata().row_group(*group).num_rows() as usize;
            let selection = RowSelection::from_consecutive_ranges([range.clone()].into_iter(), total);
            let reader =
                opened[*at].builder()?.with_row_groups(vec![*group]).with_row_selection(selection).build()?;
            for batch in reader {
                rows += black_box(batch?).num_rows();
            }
        }
        times.push((began.elapsed().as_secs_f64() * 1e3, rows));
    }
    Ok(times)
}

/// Milliseconds on the wall for decoding the column `attributes` of all files.
pub fn attributes_scan_ms(files: &[DataFile]) -> Result<f64, Error> {
    let opened = files.iter().map(Opened::open).collect::<Result<Vec<_>, _>>()?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let began = Instant::now();
        for file in &opened {
            for batch in file.column("attributes")?.build()? {
                black_box(batch?);
            }
        }
        times.push(began.elapsed().as_secs_f64() * 1e3);
    }
    times.sort_by(f64::total_cmp);
    Ok(quantile(&times, 0.5))
}
