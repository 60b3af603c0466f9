//! Services and their operations with rate, errors and latency.
//!
//! In: rows of edges and operations of a range and of the equally long one before. Out: the rows of
//! `GET /api/v1/services` and `/operations`. Not here: a service's errors and instances.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::services::{Operation, Service, ServiceNumbers};
use api::traffic::{Change, Traffic};
use hashbrown::HashMap;

use super::frames::Steps;
use super::health::{judge, worse};
use super::lookup::Lookup;
use super::tally::{Tally, quantile, whole};
use super::{MapFacts, MapRequest, prepare};
use crate::node::{NodeKey, Part, ServiceKey};
use crate::rollup::{OperationRow, OperationSums};
use crate::{Class, EntityId};

/// Points of a sparkline.
pub const SPARKLINE_POINTS: i64 = 30;

/// Services of a range, by name; `before` is the equally long range just before it.
pub fn services(request: &MapRequest, facts: &MapFacts<'_>, before: &MapFacts<'_>) -> Vec<Service> {
    let drawing = prepare(request, facts);
    let length = request.to_ns - request.from_ns;
    let earlier = MapRequest { from_ns: request.from_ns - length, to_ns: request.from_ns, ..request.clone() };
    let drawing_before = prepare(&earlier, before);
    let step_ns = super::frames::step_of(length, 0, SPARKLINE_POINTS);
    let graphs = super::frames::graphs(request, facts, &drawing, step_ns);
    let mut list = Vec::new();
    for service in facts.lookup.all_services() {
        let key = NodeKey::Service(service.clone(), Part::Whole);
        let node = drawing.graph.nodes.get(&key);
        let parts = facts.lookup.parts(service);
        if node.is_none()
            && !parts.is_some_and(|parts| {
                parts.last_seen_ns >= request.from_ns && parts.first_seen_ns < request.to_ns
            })
        {
            continue;
        }
        let empty = Tally::default();
        let (inbound, outbound) = node.map_or((&empty, &empty), |node| (&node.inbound, &node.outbound));
        let answers = inbound.calls > 0;
        let tally = if answers { inbound } else { outbound };
        let old = drawing_before
            .graph
            .nodes
            .get(&key)
            .map(|node| if answers { &node.inbound } else { &node.outbound });
        let mut steps = Steps::empty(graphs.len());
        for (at, graph) in graphs.iter().enumerate() {
            if let Some(node) = graph.nodes.get(&key) {
                let tally = if answers { &node.inbound } else { &node.outbound };
                steps.add(at, tally.calls, tally.errors, &tally.duration);
            }
        }
        let seconds = request.seconds();
        list.push(Service {
            name: Some(service.service.to_string()),
            numbers: Some(ServiceNumbers {
                node: key.id(),
                namespace: service.namespace.to_string(),
                environment: service.environment.to_string(),
                newest_version: parts
                    .and_then(|parts| parts.versions.first())
                    .map(|(_, version)| version.to_string())
                    .unwrap_or_default(),
                health: worse(judge(inbound, &request.tolerances), judge(outbound, &request.tolerances)),
                traffic: tally.traffic(seconds),
                change: change(tally, old, seconds),
                sparkline: steps.calls,
                error_sparkline: steps.errors,
                last_seen_unix_nano: parts.map_or_else(String::new, |parts| parts.last_seen_ns.to_string()),
            }),
        });
    }
    list.sort_by(|a, b| {
        let node = |service: &Service| service.numbers.as_ref().map(|numbers| numbers.node.clone());
        (&a.name, node(a)).cmp(&(&b.name, node(b)))
    });
    list
}

/// Against the range before.
pub fn change(now: &Tally, before: Option<&Tally>, seconds: f64) -> Change {
    let empty = Tally::default();
    let before = before.unwrap_or(&empty);
    let relative = |before: f64, now: f64| (before > 0.0).then(|| now / before - 1.0);
    Change {
        rate: relative(before.rate(seconds), now.rate(seconds)),
        error_ratio: match (before.error_ratio(), now.error_ratio()) {
            (Some(before), Some(now)) => Some(now - before),
            _ => None,
        },
        p95: match (before.duration.quantile_ns(0.95), now.duration.quantile_ns(0.95)) {
            (Some(before), Some(now)) => relative(before, now),
            _ => None,
        },
    }
}

/// Operations of the services with a name, by name and kind; health checks and set-up only on request.
pub fn operations(
    request: &MapRequest,
    rows: &[OperationRow],
    lookup: &Lookup,
    service: &str,
) -> Vec<Operation> {
    let wanted = lookup.named(service).into_iter().cloned().collect::<Vec<ServiceKey>>();
    let mut is_ours = HashMap::<EntityId, bool>::new();
    let mut sums = BTreeMap::<(Arc<str>, &'static str), OperationSums>::new();
    for row in rows {
        let ours = *is_ours.entry(row.key.entity).or_insert_with(|| {
            lookup.service(row.key.entity).is_some_and(|service| wanted.contains(service))
        });
        let is_drawn = match row.key.class {
            Class::Traffic => true,
            Class::Probe => request.probes,
            Class::Setup => request.setup,
            Class::Poll => true,
        };
        if ours && is_drawn {
            sums.entry((Arc::clone(&row.key.name), row.key.kind.as_str())).or_default().merge(&row.sums);
        }
    }
    let seconds = request.seconds();
    sums.into_iter()
        .filter(|(_, sums)| sums.calls > 0)
        .map(|((name, kind), sums)| Operation {
            name: name.to_string(),
            kind: kind.to_owned(),
            traffic: Some(operation_traffic(&sums, seconds)),
        })
        .collect()
}

fn operation_traffic(sums: &OperationSums, seconds: f64) -> Traffic {
    Traffic {
        calls: sums.calls,
        errors: sums.errors,
        rate_per_second: if seconds > 0.0 {
            sums.calls_weighted as f64 / super::tally::ONE / seconds
        } else {
            0.0
        },
        error_ratio: (sums.calls > 0).then(|| sums.errors as f64 / sums.calls as f64),
        avg_ns: whole(sums.duration.mean_ns()),
        p50_ns: quantile(&sums.duration, 0.5),
        p95_ns: quantile(&sums.duration, 0.95),
        p99_ns: quantile(&sums.duration, 0.99),
    }
}
