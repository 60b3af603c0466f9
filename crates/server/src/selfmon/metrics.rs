//! `/metrics`: every counter as Prometheus text, format 0.0.4.
//!
//! In: the monitor and, once it is open, the store. Out: text. Items of the stages after `receive` come from the store's own
//! account, so that they agree with the table `ingest`; they go on over restarts, as counters of that account do.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use model::Signal;
use store::Outcome;

use super::{Phase, process};
use crate::shared::Shared;

/// The content type of the format.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// All metrics.
pub fn text(shared: &Shared) -> String {
    let mut out = Text(String::with_capacity(8 << 10));
    receive(&mut out, shared);
    if let Some(store) = shared.store() {
        stages(&mut out, store);
    }
    health(&mut out, shared);
    out.0
}

fn receive(out: &mut Text, shared: &Shared) {
    let monitor = &shared.monitor;
    let counters = monitor.counters();
    out.head(
        "throughline_receive_requests_total",
        "counter",
        "Requests by outcome, since the start of the process.",
    );
    for ((transport, signal), count) in &counters.taken {
        let labels = [
            ("signal", signal.as_str()),
            ("transport", transport.as_str()),
            ("outcome", "accepted"),
            ("reason", ""),
        ];
        out.line("throughline_receive_requests_total", &labels, *count as f64);
    }
    for ((signal, reason), count) in super::refused_requests(shared) {
        let signal = signal.map_or("unknown", Signal::as_str);
        let labels =
            [("signal", signal), ("transport", ""), ("outcome", "rejected"), ("reason", reason.as_str())];
        out.line("throughline_receive_requests_total", &labels, count as f64);
    }
    out.head("throughline_receive_bytes_total", "counter", "Bytes of accepted bodies as received.");
    for ((transport, signal), bytes) in &counters.taken_bytes {
        let labels =
            [("signal", signal.as_str()), ("transport", transport.as_str()), ("outcome", "accepted")];
        out.line("throughline_receive_bytes_total", &labels, *bytes as f64);
    }
    out.head(
        "throughline_receive_healed_total",
        "counter",
        "Requests at a wrong but unambiguous place that were taken.",
    );
    for (what, count) in &counters.healed {
        out.line("throughline_receive_healed_total", &[("what", what)], *count as f64);
    }
    let load = |counter: &std::sync::atomic::AtomicU64| counter.load(Ordering::Relaxed) as f64;
    let connections = &monitor.connections;
    for (name, kind, text, value) in [
        (
            "throughline_receive_tenant_headers_ignored_total",
            "counter",
            "Headers X-Scope-OrgID that were ignored because tenancy is off.",
            load(&monitor.tenant_headers_ignored),
        ),
        (
            "throughline_receive_preflights_refused_total",
            "counter",
            "Preflights of browsers whose page is no allowed origin.",
            load(&monitor.preflights_refused),
        ),
        ("throughline_receive_connections", "gauge", "Open connections.", connections.open_count() as f64),
        ("throughline_receive_connections_total", "counter", "Connections taken.", load(&connections.taken)),
        (
            "throughline_receive_connections_over_limit_total",
            "counter",
            "Connections closed at once because limits.connections was reached.",
            load(&connections.over_limit),
        ),
        (
            "throughline_receive_connections_slow_total",
            "counter",
            "Connections closed because first bytes, handshake or head did not come in time.",
            load(&connections.slow),
        ),
        (
            "throughline_receive_tls_refused_total",
            "counter",
            "TLS handshakes that failed or came to a listener without a certificate.",
            load(&connections.tls_refused),
        ),
        (
            "throughline_receive_in_flight_bytes",
            "gauge",
            "Bytes of bodies of requests in flight.",
            shared.budget.in_flight_bytes() as f64,
        ),
        (
            "throughline_receive_in_flight_bytes_max",
            "gauge",
            "The limit limits.in_flight_size.",
            shared.config.limits.in_flight_bytes_max as f64,
        ),
    ] {
        out.head(name, kind, text);
        out.line(name, &[], value);
    }
}

/// Items by the stage that decides about them.
fn stages(out: &mut Text, store: &store::Store) {
    let amounts = store.amounts();
    let stage_of = |outcome: Outcome| match outcome {
        Outcome::Received | Outcome::Rejected => "decode",
        Outcome::Accepted => "wal",
        Outcome::Stored | Outcome::Duplicate => "segment",
        Outcome::Merged => "compact",
        Outcome::Expired => "expire",
    };
    for stage in ["decode", "wal", "segment", "compact", "expire"] {
        let name = format!("throughline_{stage}_items_total");
        out.head(&name, "counter", "Items by outcome, since the data folder was made.");
        for (key, items) in &amounts.lines.0 {
            if stage_of(key.outcome) == stage {
                let labels = [
                    ("tenant", key.tenant.as_str()),
                    ("signal", key.signal.as_str()),
                    ("outcome", key.outcome.as_str()),
                    ("reason", key.reason),
                ];
                out.line(&name, &labels, *items as f64);
            }
        }
    }
    out.head("throughline_buffer_items", "gauge", "Accepted items that are in no table yet.");
    out.line("throughline_buffer_items", &[("signal", "traces")], amounts.waiting(Signal::Traces) as f64);
    let memory = store.memory();
    for (name, text, value) in [
        ("throughline_buffer_bytes", "Bytes of the buffer.", memory.buffer_bytes),
        (
            "throughline_buffer_in_flight_bytes",
            "Bytes reserved by requests between receipt and buffer.",
            memory.in_flight_bytes,
        ),
        ("throughline_buffer_bytes_max", "The limit buffer.memory for both together.", memory.limit_bytes),
        ("throughline_wal_bytes", "Bytes of the log on disk.", memory.log_bytes),
    ] {
        out.head(name, "gauge", text);
        out.line(name, &[], value as f64);
    }
    let files = store.snapshot().files.spans.len();
    out.head("throughline_segment_files", "gauge", "Files of the table spans.");
    out.line("throughline_segment_files", &[], files as f64);
}

fn health(out: &mut Text, shared: &Shared) {
    let memory = process::memory();
    out.head("throughline_ready", "gauge", "1 when everything is served.");
    out.line("throughline_ready", &[], f64::from(u8::from(shared.monitor.phase() == Phase::Ready)));
    out.head("throughline_build_info", "gauge", "The running version.");
    out.line("throughline_build_info", &[("version", env!("CARGO_PKG_VERSION"))], 1.0);
    out.head("process_resident_memory_bytes", "gauge", "Resident memory.");
    out.line("process_resident_memory_bytes", &[], memory.resident_bytes as f64);
    out.head(
        "throughline_process_resident_memory_peak_bytes",
        "gauge",
        "Most resident memory there ever was.",
    );
    out.line("throughline_process_resident_memory_peak_bytes", &[], memory.resident_peak_bytes as f64);
    out.head("process_cpu_seconds_total", "counter", "Processor time, user and system.");
    out.line("process_cpu_seconds_total", &[], process::cpu_seconds());
    if let Some((free, total)) = crate::wiring::places::disk_space(&shared.config.data_dir) {
        out.head("throughline_disk_free_bytes", "gauge", "Free bytes of the disk of the data folder.");
        out.line("throughline_disk_free_bytes", &[], free as f64);
        out.head("throughline_disk_bytes", "gauge", "Size of the disk of the data folder.");
        out.line("throughline_disk_bytes", &[], total as f64);
    }
}

struct Text(String);

impl Text {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn line(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        self.0.push_str(name);
        for (at, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if at == 0 { '{' } else { ',' }, escaped(text));
        }
        if !labels.is_empty() {
            self.0.push('}');
        }
        let _ = writeln!(self.0, " {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
