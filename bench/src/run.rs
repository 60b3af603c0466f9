//! The order of a run: references, then four servers one after the other, each in a folder of its own.
//!
//! In: the binary, how many spans. Out: rows of the report. First a server that only flushes, so that ingest is measured alone;
//! the same folder again with one compaction of everything, then sizes and reads on it; then a server that ingests, flushes
//! and compacts at once, and every peer with the same load; last a server that is killed with a gigabyte in its log.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::child::{Server, live_files, stored_bytes};
use crate::client::{Address, Protocol};
use crate::load::{HOUR_NS, Load, Plan};
use crate::report::{Report, Row};
use crate::send::{Sent, send};
use crate::shop::{Random, Shop};
use crate::{Error, now_unix_nano, reads, reference};

/// What to run.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The server.
    pub binary: PathBuf,
    /// Where folders are made.
    pub folder: PathBuf,
    /// Spans of the first server.
    pub spans: u64,
    /// Protocol of the senders.
    pub protocol: Protocol,
    /// Other servers by name.
    pub peers: Vec<(String, Address)>,
    /// Bytes of log to replay.
    pub replay_bytes: u64,
    /// Parts to leave out.
    pub only: Option<String>,
}

/// A merge that takes longer has failed.
const MERGE_TIMEOUT: Duration = Duration::from_secs(600);

/// Spans of the servers that are measured at saturation, at most.
const SATURATION_SPANS: u64 = 1_500_000;

/// Spans whose ids are counted at once.
const SLICE_SPANS: u64 = 1_000_000;

/// What later parts need of earlier ones.
struct Bench {
    settings: Settings,
    shop: Arc<Shop>,
    random: Random,
    requests: reference::Requests,
    report: Report,
}

/// Runs everything; `true` when no gate was missed.
pub fn run(settings: Settings) -> Result<bool, Error> {
    let shop = Arc::new(Shop::open());
    let mut random = Random(now_unix_nano());
    let mut load = Load::new(Arc::clone(&shop), Plan::of(10_000_000, now_unix_nano(), random.next()), 0, 1);
    let frame: Vec<_> = (0..reference::FRAME_REQUESTS).filter_map(|_| load.next_request()).collect();
    let requests = reference::requests(&frame)?;
    drop((load, frame));
    let mut report = Report::default();
    report.add(
        Row::of("load: OTLP bytes a span", requests.bytes, "B")
            .beside("zstd-1", requests.zstd_bytes[0])
            .beside("zstd-3", requests.zstd_bytes[1])
            .beside("zstd-19", requests.zstd_bytes[2]),
    );
    report.add(
        Row::of("reference: decode + zstd-1", requests.decode_us + requests.zstd_1_us, "us/span")
            .beside("decode", requests.decode_us)
            .beside("zstd-1", requests.zstd_1_us),
    );
    let mut bench = Bench { settings, shop, random, requests, report };
    let wanted = |part: &str| bench.settings.only.as_deref().is_none_or(|only| only.contains(part));
    let (ingest, saturation, replay) = (wanted("ingest"), wanted("saturation"), wanted("replay"));
    if ingest {
        bench.ingest_and_read()?;
    }
    if saturation {
        bench.saturation()?;
    }
    if replay {
        bench.replay()?;
    }
    Ok(bench.report.table())
}

impl Bench {
    fn plan(&mut self, spans: u64) -> Plan {
        Plan::of(spans, now_unix_nano(), self.random.next())
    }

    /// A folder that goes when it is dropped.
    fn folder(&self) -> Result<tempfile::TempDir, Error> {
        std::fs::create_dir_all(&self.settings.folder)?;
        Ok(tempfile::tempdir_in(&self.settings.folder)?)
    }

    fn start(&self, data: &Path, settings: &[(&str, String)]) -> Result<Server, Error> {
        Server::start(&self.settings.binary, data, settings)
    }

    fn ingest_and_read(&mut self) -> Result<(), Error> {
        let folder = self.folder()?;
        let data = folder.path().join("data");
        let keep_apart = [("THROUGHLINE_COMPACTION_FILES", "1000".to_owned())];
        let server = self.start(&data, &keep_apart)?;
        self.report.add(Row::of("ready after start: empty", server.ready_s, "s").gate(0.3, 0.1));
        std::thread::sleep(Duration::from_secs(2));
        let idle = server.usage()?.memory_peak as f64 / 1e6;
        self.report.add(Row::of("resident memory: idle", idle, "MB").gate(80.0, 40.0));
        let before = server.usage()?;
        let plan = self.plan(self.settings.spans);
        let sent = send(&self.shop, plan, &server.otlp(self.settings.protocol)?)?;
        server.flush()?;
        let flushed = server.usage()?;
        let ingest_us = (flushed.cpu_s - before.cpu_s) * 1e6 / sent.spans as f64;
        let unit = self.requests.decode_us + self.requests.zstd_1_us;
        let (p50, p99) = sent.latency_ms();
        self.report.add(
            Row::of("server CPU a span to the committed flush", ingest_us, "us/span")
                .against("decode + zstd-1", unit)
                .gate(1.3, 1.0)
                .beside("spans/s", sent.spans_a_second())
                .beside("ack p50 ms", p50)
                .beside("ack p99 ms", p99)
                .beside("refused", sent.refused as f64),
        );
        self.count(&server, plan, sent.spans, "spans missing or doubled after the flush")?;
        let written_flush = server.usage()?.written;
        server.stop()?;

        let small = live_files(&data, "spans")?.len().max(2);
        let server = self.start(&data, &[("THROUGHLINE_COMPACTION_FILES", small.to_string())])?;
        let name = "ready after start: with the spans of the run";
        self.report.add(Row::of(name, server.ready_s, "s").gate(0.5, 0.2).beside("spans", sent.spans as f64));
        let before = server.usage()?;
        wait_for_merge(&data)?;
        let merged = server.usage()?;
        let merge_us = (merged.cpu_s - before.cpu_s) * 1e6 / sent.spans as f64;
        self.report.add(
            Row::of("the same with every span compacted once", ingest_us + merge_us, "us/span")
                .against("decode + zstd-1", unit)
                .gate(2.2, 1.7)
                .beside("compaction", merge_us),
        );
        self.sizes(&data, &sent, written_flush + merged.written)?;
        self.reads(&server, &data, &sent, plan.needles())?;
        server.stop()
    }

    fn sizes(&mut self, data: &Path, sent: &Sent, written: u64) -> Result<(), Error> {
        let spans = sent.spans as f64;
        let (files, logs, index) = stored_bytes(data)?;
        let size = (files + logs + index) as f64;
        self.report.add(
            Row::of("bytes a span on disk after compaction and vacuum", size / spans, "B")
                .against("zstd-19", self.requests.zstd_bytes[2])
                .gate(1.1, 0.95)
                .beside("files", files as f64 / spans)
                .beside("Delta logs", logs as f64 / spans)
                .beside("index", index as f64 / spans),
        );
        // The log holds what was received and some bytes a request; the part `replay` measures it.
        let besides = written.saturating_sub(sent.bytes) as f64;
        self.report.add(
            Row::of("bytes written besides the log", besides / spans, "B/span")
                .against("final size", size / spans)
                .gate(4.0, 3.0),
        );
        Ok(())
    }

    fn reads(&mut self, server: &Server, data: &Path, sent: &Sent, needles: u64) -> Result<(), Error> {
        let files = live_files(data, "spans")?;
        let ids: Vec<[u8; 16]> =
            sent.usual_traces.iter().copied().step_by((sent.usual_traces.len() / 50).max(1)).collect();
        let mut parquet: Vec<f64> =
            reference::traces_ms(&files, &ids)?.into_iter().map(|(took, _)| took).collect();
        parquet.sort_by(f64::total_cmp);
        let scan = reference::attributes_scan_ms(&files)?;
        let reads = reads::ask(server, &ids, needles)?;
        let p99 = "p99 ms";
        let parquet = crate::quantile(&parquet, 0.5);
        self.report.add(
            Row::of("trace by id, about 30 spans, whole", reads.trace.0, "ms")
                .against("parquet", parquet)
                .gate(1.3, 0.65)
                .beside(p99, reads.trace.1),
        );
        let row = |name, times: reads::Times, gate: (f64, f64)| {
            Row::of(name, times.0, "ms").gate(gate.0, gate.1).beside(p99, times.1)
        };
        self.report.add(row("newest 20 of a service: ids and summaries", reads.newest, (10.0, 5.0)));
        self.report.add(row("newest 20 of a service: whole, Jaeger", reads.newest_whole, (40.0, 20.0)));
        self.report.add(
            Row::of("rare attribute, no service: ids and summaries", reads.needle.0, "ms")
                .against("scan of attributes", scan)
                .gate(0.15, 0.025)
                .beside(p99, reads.needle.1),
        );
        self.report.add(row("services", reads.services, (2.0, 0.5)));
        self.report.add(row("operations", reads.operations, (2.0, 0.5)));
        Ok(())
    }

    /// Everything at once, and the peers with the same load.
    fn saturation(&mut self) -> Result<(), Error> {
        let folder = self.folder()?;
        let body = (self.requests.bytes * 512.0) as usize;
        let (_, bare) = reference::fdatasync_ms(folder.path(), body)?;
        let spans = self.settings.spans.min(SATURATION_SPANS);
        let data = folder.path().join("data");
        let server = self.start(&data, &[("THROUGHLINE_COMPACTION_FILES", "2".to_owned())])?;
        let plan = self.plan(spans);
        let sent = send(&self.shop, plan, &server.otlp(self.settings.protocol)?)?;
        server.flush()?;
        let peak = server.usage()?.memory_peak as f64 / 1e6;
        let merged = live_files(&data, "spans")?.iter().filter(|file| file.level > 0).count();
        self.count(&server, plan, sent.spans, "spans missing or doubled after saturation")?;
        server.stop()?;
        let mut best: Option<f64> = None;
        for (name, address) in self.settings.peers.clone() {
            let plan = self.plan(spans);
            let peer = send(&self.shop, plan, &address)?;
            let (p50, p99) = peer.latency_ms();
            eprintln!(
                "peer {name}: {:.0} spans/s, ack p50 {p50:.1} ms, p99 {p99:.1} ms",
                peer.spans_a_second()
            );
            self.report.add(
                Row::of("peer: acknowledgement p99 at saturation", p99, "ms")
                    .beside("p50 ms", p50)
                    .beside("spans/s", peer.spans_a_second()),
            );
            best = Some(best.map_or(p99, |best| best.min(p99)));
        }
        let (p50, p99) = sent.latency_ms();
        let mut row = Row::of("acknowledgement p99 at saturation, 4 senders", p99, "ms")
            .beside("p50 ms", p50)
            .beside("bare fdatasync p99 ms", bare)
            .beside("spans/s", sent.spans_a_second())
            .beside("refused", sent.refused as f64)
            .beside("merged files", merged as f64);
        if let Some(best) = best {
            row = row.against("best peer", best).gate(0.5, 0.25);
        }
        self.report.add(row);
        self.report.add(Row::of("resident memory: at saturation", peak, "MB").gate(600.0, 400.0));
        Ok(())
    }

    /// kill -9 with everything in the log, then a start with the usual settings.
    fn replay(&mut self) -> Result<(), Error> {
        let folder = self.folder()?;
        let data = folder.path().join("data");
        let held = [
            ("THROUGHLINE_BUFFER_MEMORY", "64GiB".to_owned()),
            ("THROUGHLINE_FLUSH_SIZE", "64GiB".to_owned()),
            ("THROUGHLINE_FLUSH_INTERVAL", "1h".to_owned()),
        ];
        let server = self.start(&data, &held)?;
        let plan = self.plan((self.settings.replay_bytes as f64 / self.requests.bytes) as u64);
        let sent = send(&self.shop, plan, &server.otlp(self.settings.protocol)?)?;
        let metrics = server.get("/metrics")?;
        let log = String::from_utf8_lossy(&metrics.body)
            .lines()
            .find_map(|line| line.strip_prefix("throughline_wal_bytes ")?.parse::<f64>().ok())
            .unwrap_or(0.0);
        server.kill()?;
        self.report.add(
            Row::of("bytes of the log", log / sent.spans as f64, "B/span")
                .against("received", sent.bytes as f64 / sent.spans as f64)
                .gate(1.02, 1.01),
        );
        let server = self.start(&data, &[])?;
        self.report.add(
            Row::of("ready after start: replay of the log", server.ready_s, "s")
                .gate(8.0, 8.0)
                .beside("log MB", log / 1e6),
        );
        let peak = server.usage()?.memory_peak as f64 / 1e6;
        self.report.add(Row::of("resident memory: replay", peak, "MB").gate(600.0, 400.0));
        server.flush()?;
        self.count(&server, plan, sent.spans, "acknowledged spans lost by kill -9")?;
        server.stop()
    }

    /// Compares what is stored with what was acknowledged, spans and distinct ids. The ids are counted a slice of time after
    /// the other, so that the server's memory for questions is enough; equal ids with different starts would pass.
    fn count(
        &mut self,
        server: &Server,
        plan: Plan,
        acknowledged: u64,
        name: &'static str,
    ) -> Result<(), Error> {
        let slices = acknowledged.div_ceil(SLICE_SPANS).max(1);
        let border = |at: u64| plan.begin_unix_nano + HOUR_NS / slices * at;
        let (mut spans, mut ids) = (0, 0);
        for at in 0..slices {
            let mut wanted =
                "SELECT count(*) AS spans, count(DISTINCT span_id) AS ids FROM spans_raw WHERE true"
                    .to_owned();
            if at > 0 {
                wanted += &format!(" AND start_time_unix_nano >= {}", border(at));
            }
            if at + 1 < slices {
                wanted += &format!(" AND start_time_unix_nano < {}", border(at + 1));
            }
            let rows = server.sql(&wanted)?;
            spans += rows[0]["spans"].as_u64().unwrap_or(0);
            ids += rows[0]["ids"].as_u64().unwrap_or(0);
        }
        let off = spans.abs_diff(acknowledged).max(ids.abs_diff(acknowledged));
        self.report.add(
            Row::of(name, off as f64, "spans").gate(0.0, 0.0).beside("acknowledged", acknowledged as f64),
        );
        Ok(())
    }
}

/// Waits until no file of any table waits for its first merge.
fn wait_for_merge(data: &Path) -> Result<(), Error> {
    let began = Instant::now();
    while began.elapsed() < MERGE_TIMEOUT {
        let mut waiting = 0;
        for table in ["spans", "traces", "ingest"] {
            waiting += live_files(data, table)?.iter().filter(|file| file.level == 0).count();
        }
        if waiting == 0 {
            // The file is there before its commit is.
            std::thread::sleep(Duration::from_secs(1));
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Err("the files were not merged in time".into())
}
