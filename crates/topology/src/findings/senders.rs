//! How the spans of two nodes arrive: late, skewed, twice, under a wrong name; and what this server gave up.

use api::topology::Finding;

use super::{Found, Pair, Shown};
use crate::view::graph::GraphEdge;

/// A share of spans from which on duplicates are told.
const DUPLICATE_SHARE_MIN: f64 = 0.001;
/// A share of pairs from which on clocks are told to disagree.
const SKEWED_SHARE_MIN: f64 = 0.05;

/// All findings about senders.
pub fn findings(pair: &Pair<'_>) -> Vec<Finding> {
    [names(pair), late(pair), skew(pair), duplicates(pair), evicted(pair), truncated(pair)]
        .into_iter()
        .flatten()
        .collect()
}

fn names(pair: &Pair<'_>) -> Option<Finding> {
    let known = pair.lookup.all_services();
    let unnamed =
        known.iter().filter(|service| service.service.starts_with("unknown_service")).collect::<Vec<_>>();
    // An unnamed service matters only when one end is missing: it may be that one.
    let is_missing = |name: &str| pair.lookup.named(name).is_empty();
    if let Some(first) = unnamed.first().filter(|_| is_missing(pair.source) || is_missing(pair.target)) {
        return Some(
            Found::new(
                "TOPO-08",
                format!(
                    "spans come from {} services without a name, such as {}; one may be the missing end",
                    unnamed.len(),
                    first.service
                ),
                "set OTEL_SERVICE_NAME in every service",
            )
            .value("service", &first.service)
            .counted("services without a name", unnamed.len() as i64)
            .done(),
        );
    }
    let several = [pair.source, pair.target].into_iter().find_map(|name| {
        let services = pair.lookup.named(name);
        let workloads = services
            .iter()
            .filter_map(|service| pair.lookup.parts(service))
            .flat_map(|parts| parts.workloads.iter())
            .collect::<std::collections::BTreeSet<_>>();
        (workloads.len() > 1)
            .then(|| (name, workloads.iter().map(|workload| workload.to_string()).collect::<Vec<_>>()))
    });
    let (name, workloads) = several?;
    Some(
        Found::new(
            "TOPO-08",
            format!("{name} is the name of {} workloads: {}", workloads.len(), workloads.join(", ")),
            "give each its own OTEL_SERVICE_NAME, or look at the graph of workloads",
        )
        .value("service", name)
        .counted("workloads with one name", workloads.len() as i64)
        .done(),
    )
}

fn late(pair: &Pair<'_>) -> Option<Finding> {
    let late = pair.spans.late_share.as_ref().filter(|late| late.value > 0.0)?;
    Some(
        Found::new(
            "TOPO-05",
            format!("{} of the spans come later than the window in which halves wait for each other", percent(late)),
            "nothing to do: a correction pairs them within minutes; shorten the batches of the exporter to see them at once",
        )
        .shown("share of late spans", Some(late))
        .done(),
    )
}

fn skew(pair: &Pair<'_>) -> Option<Finding> {
    let (mut skewed, mut all, mut skew_us) = (0, 0, 0);
    for (_, GraphEdge { skewed: (own, of), skew_us: sum, .. }) in pair.edges() {
        skewed += own;
        all += of;
        skew_us += sum;
    }
    if all == 0 || (skewed as f64) < SKEWED_SHARE_MIN * all as f64 {
        return None;
    }
    let offset_ms = skew_us as f64 / all as f64 / 1_000.0;
    Some(
        Found::new(
            "TOPO-06",
            format!("in {skewed} of {all} pairs the answer lies outside the call by the clocks: they differ by about {offset_ms:.0} ms"),
            "synchronise the clocks of both hosts; counts and durations are right all the same",
        )
        .value("offset_ms", format!("{offset_ms:.0}"))
        .counted("pairs outside the call", skewed)
        .counted("pairs", all)
        .done(),
    )
}

fn duplicates(pair: &Pair<'_>) -> Option<Finding> {
    let share = pair.spans.duplicate_share.as_ref().filter(|share| share.value > DUPLICATE_SHARE_MIN)?;
    Some(
        Found::new(
            "TOPO-09",
            format!("{} of the spans come twice; they are counted once", percent(share)),
            "look for two exporters, or for two paths through collectors",
        )
        .shown("share of doubled spans", Some(share))
        .done(),
    )
}

fn evicted(pair: &Pair<'_>) -> Option<Finding> {
    let wanted = |shown: &Option<Shown>| shown.as_ref().is_some_and(|shown| shown.value > 0.0);
    (wanted(&pair.spans.evicted) || wanted(&pair.spans.pending_repairs)).then(|| {
        Found::new(
            "TOPO-13",
            "halves of calls were given up for lack of memory, or corrections wait".to_owned(),
            "wait for the correction, or give the pairing more memory",
        )
        .shown("halves given up", pair.spans.evicted.as_ref())
        .shown("corrections that wait", pair.spans.pending_repairs.as_ref())
        .done()
    })
}

fn truncated(pair: &Pair<'_>) -> Option<Finding> {
    let truncated = pair.spans.truncated.as_ref().filter(|truncated| truncated.value > 0.0)?;
    Some(
        Found::new(
            "TOPO-12",
            "hosts or operations beyond a limit are counted as `(other)`".to_owned(),
            "let span names and hosts be few: put ids into attributes",
        )
        .shown("beyond the limit", Some(truncated))
        .done(),
    )
}

fn percent(shown: &Shown) -> String {
    format!("{:.1} %", shown.value * 100.0)
}
