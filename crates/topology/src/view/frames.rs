//! A range in equal steps, for replay: nodes and edges once, numbers by columns.
//!
//! In: the rows of the range. Out: one frame a step. Layers and folding are chosen once for the whole
//! range, so that an edge does not jump between frames.

use std::collections::BTreeMap;

use api::topology::{EdgeFrames, Frames};
use api::traffic::Series;

use super::expected::Expected;
use super::graph::{self, SumGraph};
use super::tally::quantile;
use super::{MapFacts, MapRequest, flows, prepare, reply};
use crate::Histogram;
use crate::node::NodeKey;
use crate::rollup::EdgeRow;

/// Most frames of a reply.
pub const FRAMES_MAX: i64 = 2_000;

/// Numbers of one thing, step by step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Steps {
    /// Calls.
    pub calls: Vec<i64>,
    /// Failed ones.
    pub errors: Vec<i64>,
    /// Durations.
    pub durations: Vec<Histogram>,
}

impl Steps {
    /// Steps without calls.
    pub fn empty(count: usize) -> Self {
        Self { calls: vec![0; count], errors: vec![0; count], durations: vec![Histogram::new(); count] }
    }

    /// Adds calls to a step.
    pub fn add(&mut self, at: usize, calls: i64, errors: i64, duration: &Histogram) {
        if at < self.calls.len() {
            self.calls[at] += calls;
            self.errors[at] += errors;
            self.durations[at].merge(duration);
        }
    }

    /// As the API has it.
    pub fn series(&self, start_ns: i64, step_ns: i64) -> Series {
        let of = |q: f64| self.durations.iter().map(|durations| quantile(durations, q)).collect();
        Series {
            start_unix_nano: start_ns.to_string(),
            step_ns,
            calls: self.calls.clone(),
            errors: self.errors.clone(),
            p50_ns: of(0.5),
            p95_ns: of(0.95),
            p99_ns: of(0.99),
        }
    }
}

/// A step of at least `wanted_ns` that gives no more than so many frames: a whole number of seconds.
pub fn step_of(range_ns: i64, wanted_ns: i64, frames_max: i64) -> i64 {
    const SECOND: i64 = 1_000_000_000;
    let least = range_ns.max(1).div_euclid(frames_max.max(1)) + 1;
    let step = wanted_ns.max(least).max(10 * SECOND);
    // Buckets are multiples of ten seconds.
    (step + 10 * SECOND - 1) / (10 * SECOND) * 10 * SECOND
}

/// The graphs of each step of a drawing.
pub fn graphs(
    request: &MapRequest,
    facts: &MapFacts<'_>,
    drawing: &super::Drawing,
    step_ns: i64,
) -> Vec<SumGraph> {
    let start = request.from_ns;
    let count = ((request.to_ns - start).max(0) + step_ns - 1) / step_ns.max(1);
    let mut rows = vec![Vec::<&EdgeRow>::new(); usize::try_from(count).unwrap_or(0)];
    for row in facts.rows {
        // Rows of a bucket that begins before the range count in its first frame.
        let at = usize::try_from((row.bucket_ns - start).max(0) / step_ns).unwrap_or(usize::MAX);
        if let Some(frame) = rows.get_mut(at) {
            frame.push(row);
        }
    }
    let fold = |key: &NodeKey| drawing.folds.get(key).unwrap_or(key).clone();
    rows.into_iter()
        .map(|rows| {
            let flows = flows::flows(rows, facts.lookup, request.drawn());
            graph::sum(&flows, &drawing.observers, facts.lookup, &fold)
        })
        .collect()
}

/// Frames of a range.
pub fn frames(request: &MapRequest, facts: &MapFacts<'_>, step_ns: i64) -> Frames {
    let drawing = prepare(request, facts);
    let step_ns = step_of(request.to_ns - request.from_ns, step_ns, FRAMES_MAX);
    let graphs = graphs(request, facts, &drawing, step_ns);
    let mut steps = drawing
        .graph
        .edges
        .keys()
        .map(|id| (id.id(), Steps::empty(graphs.len())))
        .collect::<BTreeMap<_, _>>();
    for (at, graph) in graphs.iter().enumerate() {
        for (id, edge) in &graph.edges {
            if let Some(steps) = steps.get_mut(&id.id()) {
                steps.add(at, edge.tally.calls, edge.tally.errors, &edge.tally.duration);
            }
        }
    }
    let expected = Expected::default();
    let whole = reply::topology(request, facts, &drawing, &expected);
    Frames {
        meta: whole.meta,
        start_unix_nano: request.from_ns.to_string(),
        step_ns,
        count: u32::try_from(graphs.len()).unwrap_or(u32::MAX),
        nodes: whole.nodes,
        series: whole
            .edges
            .iter()
            .map(|edge| steps.remove(&edge.id).unwrap_or_default())
            .map(|steps| EdgeFrames {
                p95_ns: steps.durations.iter().map(|durations| quantile(durations, 0.95)).collect(),
                calls: steps.calls,
                errors: steps.errors,
            })
            .collect(),
        edges: whole.edges,
    }
}
