//! The map as the metrics that other tools know, computed from rows and never stored.
//!
//! In: rows of edges and operations by bucket. Out: cumulative counters and histograms by label set, as
//! samples at bucket ends, as a source for PromQL (`source`) or as OpenMetrics text (`export::openmetrics`).
//! `istio` has the families of topology design 14.2 with the corrections of goldens/kiali, `tempo` those
//! of 14.4. Not here: which real metrics exist beside these.
//!
//! Each counter is 0 one bucket before the range and at its start, then has one sample at the end of each
//! bucket, so that `rate` and `increase` are right everywhere in it and late spans heal by asking again.

mod istio;
mod source;
mod tempo;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use hashbrown::HashMap;
use model::{Labels, LabelsBuilder};

pub use source::ComputedSource;

use crate::Histogram;
use crate::rollup::{EdgeRow, OperationRow};
use crate::view::flows::{Drawn, Flow, flows};
use crate::view::graph::observers;
use crate::view::lookup::Lookup;

/// What a family is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FamilyKind {
    /// `NAME_total`.
    Counter,
    /// `NAME_bucket`, `NAME_sum`, `NAME_count`.
    Histogram,
    /// `NAME`, always 1.
    Gauge,
}

/// One computed family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Name without a suffix.
    pub name: &'static str,
    /// What it is.
    pub kind: FamilyKind,
    /// In one sentence.
    pub help: &'static str,
    /// Unit of OpenMetrics, with which the name must end; may be empty.
    pub unit: &'static str,
}

/// Every computed family, by name.
pub const FAMILIES: [Family; 10] = [
    family(
        "istio_request_duration_milliseconds",
        FamilyKind::Histogram,
        "Duration of requests.",
        "milliseconds",
    ),
    family("istio_requests", FamilyKind::Counter, "Requests between workloads.", ""),
    family(
        "traces_service_graph_connection_info",
        FamilyKind::Gauge,
        "Pairs of services with calls in the range.",
        "",
    ),
    family("traces_service_graph_request", FamilyKind::Counter, "Requests between two services.", ""),
    family(
        "traces_service_graph_request_client_seconds",
        FamilyKind::Histogram,
        "Duration of requests as the client saw it.",
        "seconds",
    ),
    family(
        "traces_service_graph_request_failed",
        FamilyKind::Counter,
        "Failed requests between two services.",
        "",
    ),
    family(
        "traces_service_graph_request_messaging_system_seconds",
        FamilyKind::Histogram,
        "Time between sending and receiving a message.",
        "seconds",
    ),
    family(
        "traces_service_graph_request_server_seconds",
        FamilyKind::Histogram,
        "Duration of requests as the server saw it.",
        "seconds",
    ),
    family("traces_spanmetrics_calls", FamilyKind::Counter, "Spans by service, name, kind and status.", ""),
    family("traces_spanmetrics_latency", FamilyKind::Histogram, "Duration of spans in seconds.", ""),
];

const fn family(name: &'static str, kind: FamilyKind, help: &'static str, unit: &'static str) -> Family {
    Family { name, kind, help, unit }
}

/// Buckets of Istio's request durations, milliseconds.
const ISTIO_LE_MS: [f64; 19] = [
    0.5, 1.0, 5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1e3, 2.5e3, 5e3, 1e4, 3e4, 6e4, 3e5, 6e5, 1.8e6,
    3.6e6,
];
/// Tempo's default buckets of service graphs, seconds: 0.1 doubled seven times.
const GRAPH_LE_S: [f64; 8] = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8];
/// Tempo's default buckets of span metrics, seconds: 0.002 doubled thirteen times.
const SPAN_LE_S: [f64; 14] =
    [0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1.024, 2.048, 4.096, 8.192, 16.384];

/// How to compute.
#[derive(Debug, Clone, PartialEq)]
pub struct SeriesOptions {
    /// Name of the cluster that Kiali calls home; replaces a cluster that is absent or `default`.
    pub home_cluster: String,
    /// Whether databases, queues and other protocols are given to Istio's families as http.
    pub others_as_http: bool,
    /// Health checks, too.
    pub probes: bool,
    /// Connections and transactions, too.
    pub setup: bool,
}

impl Default for SeriesOptions {
    fn default() -> Self {
        Self { home_cluster: "Kubernetes".to_owned(), others_as_http: true, probes: false, setup: false }
    }
}

/// The rows of a range, which are all of one resolution.
#[derive(Debug, Clone, Copy)]
pub struct SeriesFacts<'a> {
    /// Start, nanoseconds since the epoch, a multiple of the step.
    pub from_ns: i64,
    /// End, not included.
    pub to_ns: i64,
    /// Length of a bucket, or a multiple of it.
    pub step_ns: i64,
    /// Edges.
    pub edges: &'a [EdgeRow],
    /// Operations; only span metrics need them.
    pub operations: &'a [OperationRow],
    /// What ids mean.
    pub lookup: &'a Lookup,
}

impl SeriesFacts<'_> {
    /// Steps of the range.
    pub fn steps(&self) -> usize {
        usize::try_from((self.to_ns - self.from_ns).max(0) / self.step_ns.max(1)).unwrap_or(0)
    }

    fn step_of(&self, bucket_ns: i64) -> Option<usize> {
        let at = (bucket_ns - self.from_ns).div_euclid(self.step_ns.max(1));
        usize::try_from(at).ok().filter(|at| *at < self.steps())
    }
}

/// Increments by label set, step by step; only steps with an increment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Increments {
    /// Label sets, which include the metric's name, in their order.
    pub series: BTreeMap<Labels, Vec<(u32, f64)>>,
    /// Series that are 1 throughout instead of counting.
    pub gauges: std::collections::BTreeSet<Labels>,
}

impl Increments {
    fn add(&mut self, labels: Labels, step: usize, value: f64) {
        let step = u32::try_from(step).unwrap_or(u32::MAX);
        let list = self.series.entry(labels).or_default();
        match list.last_mut() {
            Some((last, sum)) if *last == step => *sum += value,
            _ => list.push((step, value)),
        }
    }

    /// Adds a histogram with bounds in a unit of so many nanoseconds.
    fn add_histogram(
        &mut self,
        name: &str,
        labels: &LabelsBuilder,
        step: usize,
        durations: &Histogram,
        le: &[f64],
        unit_ns: f64,
    ) {
        if durations.count == 0 {
            return;
        }
        let bounds = le.iter().map(|bound| (bound * unit_ns).round() as i64).collect::<Vec<_>>();
        let with = |suffix: &str, le: &str| {
            let mut labels = labels.clone();
            labels.set("__name__", format!("{name}{suffix}")).set("le", le);
            labels.finish()
        };
        for (step_of_ladder, bound) in durations.ladder(&bounds).iter().zip(le) {
            self.add(with("_bucket", &number(*bound)), step, step_of_ladder.count);
        }
        self.add(with("_bucket", "+Inf"), step, durations.count as f64);
        self.add(with("_count", ""), step, durations.count as f64);
        self.add(with("_sum", ""), step, durations.sum_ns as f64 / unit_ns);
    }
}

/// A number as the text format of Prometheus writes bounds.
pub fn number(value: f64) -> String {
    format!("{value}")
}

/// Computes the families that `wanted` takes.
pub fn compute(
    facts: &SeriesFacts<'_>,
    options: &SeriesOptions,
    wanted: &dyn Fn(&str) -> bool,
) -> Increments {
    let mut out = Increments::default();
    let any =
        |prefix: &str| FAMILIES.iter().any(|family| family.name.starts_with(prefix) && wanted(family.name));
    let drawn = Drawn { probes: options.probes, setup: options.setup, ..Drawn::default() };
    if any("istio_") {
        by_step(facts, drawn, |step, flow| istio::add(&mut out, step, flow, facts.lookup, options, wanted));
    }
    if any("traces_service_graph_") {
        let drawn = Drawn { without_topics: true, ..drawn };
        by_step(facts, drawn, |step, flow| tempo::add_call(&mut out, step, flow, facts.lookup, wanted));
    }
    if any("traces_spanmetrics_") {
        let mut rows = facts.operations.iter().collect::<Vec<_>>();
        rows.sort_by_key(|row| row.bucket_ns);
        for row in rows {
            if let Some(step) = facts.step_of(row.bucket_ns) {
                tempo::add_span(&mut out, step, row, facts.lookup, wanted);
            }
        }
    }
    out
}

/// The flows of each step, by the layer that is best for the whole range.
fn by_step(facts: &SeriesFacts<'_>, drawn: Drawn, mut each: impl FnMut(usize, &Flow)) {
    let layers = observers(&flows(facts.edges, facts.lookup, drawn).flows, None);
    let mut steps = HashMap::<usize, Vec<&EdgeRow>>::new();
    for row in facts.edges {
        if let Some(step) = facts.step_of(row.bucket_ns) {
            steps.entry(step).or_default().push(row);
        }
    }
    let mut order = steps.keys().copied().collect::<Vec<_>>();
    order.sort_unstable();
    for step in order {
        let rows = steps.remove(&step).unwrap_or_default();
        for flow in flows(rows, facts.lookup, drawn).flows {
            let layer = layers.get(&(flow.source.clone(), flow.target.clone()));
            if layer.is_none_or(|layer| *layer == flow.layer) {
                each(step, &flow);
            }
        }
    }
}
