//! The words of the API: nodes and edges with their numbers as replies have them.
//!
//! In: a summed graph. Out: `api::topology` types. Not here: sums.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use api::topology::{Edge, HostCalls, Meta, Node, NodeKind, Topology};
use api::traffic::{Health, HealthStatus};

use super::expected::Expected;
use super::flows::Seen;
use super::graph::{EdgeId, GraphEdge, GraphNode};
use super::health::{judge, worse};
use super::lookup::Lookup;
use super::tally::{quantile, whole};
use super::{Drawing, MapFacts, MapRequest, warnings};
use crate::call_fact::{Layer, Security};
use crate::node::{NodeKey, Part};

/// Most hosts of a node.
const HOSTS_SHOWN_MAX: usize = 50;

/// The whole reply.
pub fn topology(
    request: &MapRequest,
    facts: &MapFacts<'_>,
    drawing: &Drawing,
    expected: &Expected,
) -> Topology {
    let seconds = request.seconds();
    let middles = warnings::middles(drawing);
    let mut nodes = drawing
        .graph
        .nodes
        .iter()
        .map(|(key, sums)| {
            let mut shown = node(key, sums, facts.lookup, request);
            shown.flags = flags(key, sums, drawing, &middles);
            shown.observed = !expected.nodes.contains(key);
            if !shown.observed {
                shown.health = Health { status: HealthStatus::Idle, reason: String::new() };
                shown.flags.push("idle".to_owned());
            }
            shown
        })
        .collect::<Vec<_>>();
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    let edges = edges(request, drawing, seconds, expected);
    Topology {
        meta: meta(request, facts, drawing),
        warnings: warnings::all(request, facts, drawing, &nodes, &edges),
        nodes,
        edges,
    }
}

/// Of what it is a map.
pub fn meta(request: &MapRequest, facts: &MapFacts<'_>, drawing: &Drawing) -> Meta {
    let mut completeness = facts.completeness.clone();
    let (sampled, calls) = drawing
        .graph
        .edges
        .values()
        .fold((0, 0), |(sampled, calls), edge| (sampled + edge.tally.sampled, calls + edge.tally.calls));
    completeness.sampled_share = if calls > 0 { sampled as f64 / calls as f64 } else { 0.0 };
    Meta {
        from: request.from_ns.to_string(),
        to: request.to_ns.to_string(),
        graph: request.graph,
        resolutions_ns: facts.resolutions_ns.clone(),
        completeness,
        folded: drawing.graph.nodes.values().any(|node| node.members > 1),
        rules_revision: facts.lookup.names().revision(),
        namespaces: drawing.namespaces.clone(),
        sql: facts.sql.clone(),
    }
}

/// All edges with their share of the caller's calls.
pub fn edges(request: &MapRequest, drawing: &Drawing, seconds: f64, expected: &Expected) -> Vec<Edge> {
    let mut out = BTreeMap::<&NodeKey, i64>::new();
    for (id, edge) in &drawing.graph.edges {
        *out.entry(&id.source).or_default() += edge.tally.calls;
    }
    let mut edges = drawing
        .graph
        .edges
        .iter()
        .map(|(id, sums)| {
            let all = out.get(&id.source).copied().unwrap_or(0);
            let mut shown = edge(id, sums, seconds, request, all);
            if let Some(code) = expected.edges.get(id) {
                shown.observed = false;
                shown.observer = "none".to_owned();
                shown.missing = code.clone();
                shown.health = Health { status: HealthStatus::Idle, reason: String::new() };
            }
            shown
        })
        .collect::<Vec<_>>();
    edges.sort_by(edge_order);
    edges
}

/// The order of edges in replies: source, target, kind, protocol.
pub fn edge_order(a: &Edge, b: &Edge) -> std::cmp::Ordering {
    (&a.source, &a.target, a.kind, &a.protocol).cmp(&(&b.source, &b.target, b.kind, &b.protocol))
}

/// One edge; `all` is how many calls its source makes.
pub fn edge(id: &EdgeId, sums: &GraphEdge, seconds: f64, request: &MapRequest, all: i64) -> Edge {
    let tally = &sums.tally;
    let has_sizes = tally.bytes.2 > 0 && seconds > 0.0;
    // Sizes of the calls that told them stand for all.
    let per_second =
        |bytes: i64| has_sizes.then(|| bytes as f64 / tally.bytes.2 as f64 * tally.rate(seconds));
    Edge {
        id: id.id(),
        source: id.source.id(),
        target: id.target.id(),
        kind: id.kind,
        protocol: id.protocol.to_owned(),
        calls: tally.calls,
        errors: tally.errors,
        rate_per_second: tally.rate(seconds),
        rate_error: tally.rate_error(seconds),
        error_ratio: tally.error_ratio(),
        avg_ns: whole(tally.duration.mean_ns()),
        p50_ns: quantile(&tally.duration, 0.5),
        p95_ns: quantile(&tally.duration, 0.95),
        p99_ns: quantile(&tally.duration, 0.99),
        server_p95_ns: quantile(&sums.server, 0.95),
        request_bytes_per_second: per_second(tally.bytes.0),
        response_bytes_per_second: per_second(tally.bytes.1),
        share: if all > 0 { tally.calls as f64 / all as f64 } else { 0.0 },
        observer: observer(sums).to_owned(),
        unpaired: sums.unpaired,
        security: security(&sums.security).to_owned(),
        health: judge(tally, &request.tolerances),
        observed: true,
        missing: String::new(),
        via: sums.via.iter().map(|host| host.to_string()).collect(),
        first_seen_unix_nano: None,
    }
}

fn observer(sums: &GraphEdge) -> &'static str {
    if sums.layer == Layer::Proxy {
        return "proxy";
    }
    if sums.seen.contains_key(&Seen::Both) {
        "both"
    } else if sums.seen.contains_key(&Seen::Client) {
        "client"
    } else if sums.seen.contains_key(&Seen::Server) {
        "server"
    } else {
        "none"
    }
}

/// The weakest of what is known; unknown when nothing is.
fn security(calls: &BTreeMap<Security, i64>) -> &'static str {
    let known = calls.iter().filter(|(security, calls)| **security != Security::Unknown && **calls > 0);
    known.map(|(security, _)| *security).min().unwrap_or_default().as_str()
}

/// One node without flags.
pub fn node(key: &NodeKey, sums: &GraphNode, lookup: &Lookup, request: &MapRequest) -> Node {
    let seconds = request.seconds();
    let words = words(key, sums, lookup);
    let health = match key {
        NodeKey::UnknownCaller => Health { status: HealthStatus::Unknown, reason: String::new() },
        _ => worse(judge(&sums.inbound, &request.tolerances), judge(&sums.outbound, &request.tolerances)),
    };
    let mut hosts = sums
        .hosts
        .iter()
        .map(|((host, port), (calls, errors))| HostCalls {
            host: with_port(host, *port),
            calls: *calls,
            errors: *errors,
        })
        .collect::<Vec<_>>();
    hosts.sort_by(|a, b| (b.calls, &a.host).cmp(&(a.calls, &b.host)));
    let busiest =
        sums.hosts.iter().max_by_key(|((host, port), (calls, _))| (*calls, std::cmp::Reverse((host, port))));
    let host = match key {
        NodeKey::Service(..) | NodeKey::Namespace { .. } => String::new(),
        NodeKey::Host { host, .. } => host.to_string(),
        NodeKey::Store { host, .. } => host.to_string(),
        _ => busiest.map(|((host, _), _)| host.to_string()).unwrap_or_default(),
    };
    hosts.truncate(HOSTS_SHOWN_MAX);
    Node {
        id: key.id(),
        kind: key.kind(),
        name: words.name,
        namespace: key.namespace().to_owned(),
        cluster: words.cluster,
        environment: words.environment,
        workload: words.workload,
        versions: words.versions,
        host,
        system: words.system,
        group: sums.label.group.to_string(),
        named_by: words.named_by,
        observed: true,
        instrumented: key.is_instrumented(),
        health,
        inbound: sums.inbound.traffic(seconds),
        outbound: sums.outbound.traffic(seconds),
        flags: Vec::new(),
        hosts,
        instances: words.instances,
        members: sums.members.max(1),
    }
}

#[derive(Default)]
struct Words {
    name: String,
    cluster: String,
    environment: String,
    workload: String,
    versions: Vec<String>,
    system: String,
    named_by: String,
    instances: u64,
}

fn words(key: &NodeKey, sums: &GraphNode, lookup: &Lookup) -> Words {
    let label = &sums.label;
    let named_by = if label.named_by.is_empty() { "none".to_owned() } else { label.named_by.to_string() };
    let or_label = |text: &str| if text.is_empty() { label.name.to_string() } else { text.to_owned() };
    match key {
        NodeKey::Service(service, part) => {
            let parts = lookup.parts(service);
            let versions =
                parts.map(|parts| parts.versions.iter().map(|(_, version)| version.to_string()).collect());
            let only = parts.and_then(|parts| match parts.workloads.as_slice() {
                [only] => Some(only.to_string()),
                _ => None,
            });
            let mut words = Words {
                name: service.service.to_string(),
                cluster: service.cluster.to_string(),
                environment: service.environment.to_string(),
                workload: only.unwrap_or_default(),
                versions: versions.unwrap_or_default(),
                named_by: "spans".to_owned(),
                instances: parts.map_or(0, |parts| parts.instances as u64),
                ..Words::default()
            };
            match part {
                Part::Whole => {}
                Part::Version(version) => words.versions = vec![version.to_string()],
                Part::Workload(workload) => {
                    words.name =
                        if workload.is_empty() { service.service.to_string() } else { workload.to_string() };
                    words.workload = workload.to_string();
                }
                Part::Operation(operation) => words.name = operation.to_string(),
            }
            words
        }
        NodeKey::Silent { service, .. } => Words { name: service.to_string(), named_by, ..Words::default() },
        NodeKey::Store { system, name, .. } => {
            Words { name: or_label(name), system: system.to_string(), named_by, ..Words::default() }
        }
        NodeKey::Queue { system, name } => {
            Words { name: or_label(name), system: system.to_string(), named_by, ..Words::default() }
        }
        NodeKey::Named { name, .. } => {
            Words { name: name.to_string(), system: label.system.to_string(), named_by, ..Words::default() }
        }
        NodeKey::Host { host, .. } => Words {
            name: if label.name.is_empty() { host.to_string() } else { label.name.to_string() },
            named_by,
            ..Words::default()
        },
        NodeKey::Family { kind, name } => {
            let system = matches!(kind, NodeKind::Database | NodeKind::Cache | NodeKind::Queue);
            let system = if system { name.to_string() } else { String::new() };
            Words { name: name.to_string(), system, named_by, ..Words::default() }
        }
        NodeKey::UnknownCaller => {
            Words { name: "unknown caller".to_owned(), named_by: "none".to_owned(), ..Words::default() }
        }
        NodeKey::UnknownCallee => {
            Words { name: "unknown callee".to_owned(), named_by: "none".to_owned(), ..Words::default() }
        }
        NodeKey::Namespace { cluster, environment, namespace } => Words {
            name: namespace.to_string(),
            cluster: cluster.to_string(),
            environment: environment.to_string(),
            named_by: "spans".to_owned(),
            ..Words::default()
        },
    }
}

/// `host`, or `host:port` for a port that the scheme does not say.
pub fn with_port(host: &str, port: u16) -> String {
    match port {
        0 | 80 | 443 => host.to_owned(),
        port if host.contains(':') => format!("[{host}]:{port}"),
        port => format!("{host}:{port}"),
    }
}

fn flags(
    key: &NodeKey,
    sums: &GraphNode,
    drawing: &Drawing,
    middles: &BTreeMap<NodeKey, Arc<str>>,
) -> Vec<String> {
    let mut flags = BTreeSet::new();
    let edges = || drawing.graph.edges.iter();
    let is_service = matches!(key, NodeKey::Service(..));
    let has_callers =
        edges().any(|(id, _)| id.target == *key && id.source != *key && id.source != NodeKey::UnknownCaller);
    if is_service && !has_callers && edges().any(|(id, _)| id.source == *key) {
        flags.insert("root");
    }
    // Its callers are known by what they call, yet its spans begin new traces: the context was lost between them.
    let told = edges()
        .any(|(id, edge)| id.target == *key && id.source != NodeKey::UnknownCaller && edge.unpaired > 0);
    if is_service && told && sums.inbound.calls > 0 {
        let paired = edges().any(|(id, edge)| id.target == *key && edge.seen.contains_key(&Seen::Both));
        if !paired {
            flags.insert("missing_context");
        }
    }
    if middles.contains_key(key) {
        flags.insert("uninstrumented_middle");
    }
    if sums.inbound.sampled + sums.outbound.sampled > 0 {
        flags.insert("sampled");
    }
    if sums.label.is_unnamed {
        flags.insert("unnamed_host");
    }
    if sums.label.is_ambiguous {
        flags.insert("ambiguous_host");
    }
    flags.into_iter().map(str::to_owned).collect()
}
