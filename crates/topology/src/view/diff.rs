//! Two windows of the map beside each other, with the differences that chance does not explain.
//!
//! In: rows of two ranges. Out: new, lost, changed and equal edges with the change of rate, errors and
//! 95th percentile. A difference is significant at 1 in 1,000: rates by the square roots of Poisson
//! counts, error shares by the pooled proportion, durations by the Kolmogorov-Smirnov distance of the
//! two histograms; each of the three is tested at a third of that.

use std::collections::BTreeMap;

use api::topology::{ChangedEdge, Diff, DiffState, Edge};
use api::traffic::Change;

use super::expected::Expected;
use super::graph::GraphEdge;
use super::{MapFacts, MapRequest, prepare, reply};
use crate::Histogram;

/// Two-sided normal quantile of 1 in 3,000.
const Z: f64 = 3.588;
/// sqrt(-ln(alpha / 2) / 2) for alpha = 1 in 3,000.
const KS: f64 = 2.086;

/// Compares window `a`, before, with window `b`, after.
pub fn diff(a: (&MapRequest, &MapFacts<'_>), b: (&MapRequest, &MapFacts<'_>)) -> Diff {
    let sides = [a, b].map(|(request, facts)| {
        let drawing = prepare(request, facts);
        let reply = reply::topology(request, facts, &drawing, &Expected::default());
        let sums =
            drawing.graph.edges.into_iter().map(|(id, sums)| (id.id(), sums)).collect::<BTreeMap<_, _>>();
        (reply, sums, request.seconds())
    });
    let [(before, sums_a, seconds_a), (after, sums_b, seconds_b)] = sides;
    let mut nodes =
        before.nodes.iter().map(|node| (node.id.clone(), node.clone())).collect::<BTreeMap<_, _>>();
    nodes.extend(after.nodes.iter().map(|node| (node.id.clone(), node.clone())));
    let edges_a = before.edges.into_iter().map(|edge| (edge.id.clone(), edge)).collect::<BTreeMap<_, _>>();
    let mut edges_b = after.edges.into_iter().map(|edge| (edge.id.clone(), edge)).collect::<BTreeMap<_, _>>();
    let empty = GraphEdge::default();
    let mut rows = Vec::<(f64, ChangedEdge)>::new();
    let mut push = |id: &str, a: Option<Edge>, b: Option<Edge>| {
        let (sa, sb) = (sums_a.get(id).unwrap_or(&empty), sums_b.get(id).unwrap_or(&empty));
        let score = score(sa, seconds_a, sb, seconds_b);
        let significant = score >= 1.0;
        let state = match (&a, &b) {
            (None, _) => DiffState::New,
            (_, None) => DiffState::Lost,
            _ if significant => DiffState::Changed,
            _ => DiffState::Same,
        };
        let change = change(a.as_ref(), b.as_ref());
        rows.push((score, ChangedEdge { state, a, b, change, significant }));
    };
    for (id, edge) in edges_a {
        let other = edges_b.remove(&id);
        push(&id, Some(edge), other);
    }
    for (id, edge) in edges_b {
        push(&id, None, Some(edge));
    }
    let name =
        |row: &ChangedEdge| row.b.as_ref().or(row.a.as_ref()).map(|edge| edge.id.clone()).unwrap_or_default();
    rows.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| name(&a.1).cmp(&name(&b.1))));
    Diff { nodes: nodes.into_values().collect(), edges: rows.into_iter().map(|(_, row)| row).collect() }
}

fn change(a: Option<&Edge>, b: Option<&Edge>) -> Change {
    let relative = |before: f64, after: f64| (before > 0.0).then(|| after / before - 1.0);
    let rate = |edge: Option<&Edge>| edge.map_or(0.0, |edge| edge.rate_per_second);
    let errors = match (a.and_then(|edge| edge.error_ratio), b.and_then(|edge| edge.error_ratio)) {
        (Some(a), Some(b)) => Some(b - a),
        _ => None,
    };
    let p95 = match (a.and_then(|edge| edge.p95_ns), b.and_then(|edge| edge.p95_ns)) {
        (Some(a), Some(b)) => relative(a as f64, b as f64),
        _ => None,
    };
    Change { rate: relative(rate(a), rate(b)), error_ratio: errors, p95 }
}

/// How far the largest difference is beyond its limit; 1 and more is significant.
fn score(a: &GraphEdge, seconds_a: f64, b: &GraphEdge, seconds_b: f64) -> f64 {
    let (na, nb) = (a.tally.calls.max(0) as f64, b.tally.calls.max(0) as f64);
    let mut score = rate_z(na, seconds_a, nb, seconds_b).abs() / Z;
    if na > 0.0 && nb > 0.0 {
        let (ea, eb) = (a.tally.errors.max(0) as f64, b.tally.errors.max(0) as f64);
        let pooled = (ea + eb) / (na + nb);
        let variance = pooled * (1.0 - pooled) * (1.0 / na + 1.0 / nb);
        // A normal law is no law for a handful of errors.
        if variance > 0.0 && ea + eb >= 5.0 {
            score = score.max((ea / na - eb / nb).abs() / variance.sqrt() / Z);
        }
        let distance = distance(&a.tally.duration, &b.tally.duration);
        score = score.max(distance / (KS * ((na + nb) / (na * nb)).sqrt()));
    }
    score
}

/// Difference of two Poisson rates in standard deviations, on the square root scale where the variance is constant.
fn rate_z(na: f64, seconds_a: f64, nb: f64, seconds_b: f64) -> f64 {
    if seconds_a <= 0.0 || seconds_b <= 0.0 {
        return 0.0;
    }
    let ratio = seconds_b / seconds_a;
    2.0 * ((na + 0.375).sqrt() - ((nb + 0.375) / ratio).sqrt()) / (1.0 + 1.0 / ratio).sqrt()
}

/// Largest difference of the two cumulative shares.
fn distance(a: &Histogram, b: &Histogram) -> f64 {
    let total = |histogram: &Histogram| {
        (histogram.zero.max(0) + histogram.bins().iter().map(|(_, count)| (*count).max(0)).sum::<i64>())
            as f64
    };
    let (na, nb) = (total(a), total(b));
    if na == 0.0 || nb == 0.0 {
        return 0.0;
    }
    let mut bins = a.bins().iter().chain(b.bins()).map(|(bin, _)| *bin).collect::<Vec<_>>();
    bins.sort_unstable();
    bins.dedup();
    let share = |histogram: &Histogram, bin: i16| {
        let below =
            histogram.bins().iter().take_while(|(own, _)| *own <= bin).map(|(_, count)| (*count).max(0));
        (histogram.zero.max(0) + below.sum::<i64>()) as f64
    };
    let zero = (a.zero.max(0) as f64 / na - b.zero.max(0) as f64 / nb).abs();
    bins.into_iter().map(|bin| (share(a, bin) / na - share(b, bin) / nb).abs()).fold(zero, f64::max)
}
