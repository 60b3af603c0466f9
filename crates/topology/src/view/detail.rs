//! One edge or one node with everything known of it.
//!
//! In: the rows of the range and the ids of two nodes or one. Out: series, outcomes, hosts, operations,
//! exemplars. An id that the range does not have gives nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::topology::{EdgeDetail, Exemplar, HostCalls, NodeDetail, OperationTraffic, View};

use super::expected::Expected;
use super::flows::{Flow, flows};
use super::frames::{Steps, graphs, step_of};
use super::graph::{EdgeId, GraphEdge};
use super::tally::Tally;
use super::{Drawing, MapFacts, MapRequest, is_node, prepare_flows, reply};
use crate::Histogram;
use crate::node::NodeKey;
use crate::rollup::EdgeKind as RowKind;

/// Points of a series that a page draws at most.
const POINTS_MAX: i64 = 240;
/// Operations and hosts of a reply.
const LISTED_MAX: usize = 50;

/// An edge by the ids (or names) of its ends.
pub fn edge(request: &MapRequest, facts: &MapFacts<'_>, source: &str, target: &str) -> Option<EdgeDetail> {
    let drawing = detailed(request, facts);
    let is_ours =
        |id: &EdgeId| is_node(&id.source, source, facts.lookup) && is_node(&id.target, target, facts.lookup);
    let (first, _) = drawing.graph.edges.iter().find(|(id, _)| is_ours(id))?;
    let first = first.clone();
    let ids = drawing
        .graph
        .edges
        .iter()
        .filter(|(id, _)| id.source == first.source && id.target == first.target)
        .collect::<Vec<_>>();
    let mut all = GraphEdge::default();
    let mut hosts = BTreeMap::<(Arc<str>, u16), (i64, i64)>::new();
    let mut operations = BTreeMap::<Arc<str>, Tally>::new();
    for (_, sums) in &ids {
        all.tally.merge(&sums.tally);
        all.server.merge(&sums.server);
        all.network.merge(&sums.network);
        for (host, (calls, errors)) in &sums.hosts {
            let own = hosts.entry(host.clone()).or_default();
            own.0 += calls;
            own.1 += errors;
        }
        for (op, tally) in &sums.operations {
            operations.entry(Arc::clone(op)).or_default().merge(tally);
        }
    }
    let seconds = request.seconds();
    let of_edge = |flow: &Flow| {
        let fold = |key: &NodeKey| drawing.folds.get(key).unwrap_or(key).clone();
        fold(&flow.source) == first.source && fold(&flow.target) == first.target
    };
    let step_ns = step_of(request.to_ns - request.from_ns, 0, POINTS_MAX);
    let graphs = graphs(request, facts, &drawing, step_ns);
    let mut steps = Steps::empty(graphs.len());
    for (at, graph) in graphs.iter().enumerate() {
        for (id, sums) in
            graph.edges.iter().filter(|(id, _)| id.source == first.source && id.target == first.target)
        {
            let _ = id;
            steps.add(at, sums.tally.calls, sums.tally.errors, &sums.tally.duration);
        }
    }
    let whole = reply::topology(request, facts, &drawing, &Expected::default());
    let shown = |key: &NodeKey| whole.nodes.iter().find(|node| node.id == key.id()).cloned();
    let (source_id, target_id) = (first.source.id(), first.target.id());
    Some(EdgeDetail {
        source: shown(&first.source)?,
        target: shown(&first.target)?,
        edges: whole
            .edges
            .iter()
            .filter(|edge| edge.source == source_id && edge.target == target_id)
            .cloned()
            .collect(),
        series: steps.series(request.from_ns, step_ns),
        views: views(&all, seconds),
        codes: all.tally.code_calls(),
        hosts: host_calls(&hosts),
        operations: operation_list(&operations, seconds),
        exemplars: exemplars(drawing.flows.flows.iter().filter(|flow| of_edge(flow))),
        sql: edge_sql(facts, drawing.flows.flows.iter().filter(|flow| of_edge(flow))),
        traces: traces_path(request, &format!("edge={}", encode(&format!("{source_id}>{target_id}")))),
    })
}

/// A node by its id or name.
pub fn node(request: &MapRequest, facts: &MapFacts<'_>, wanted: &str) -> Option<NodeDetail> {
    let drawing = detailed(request, facts);
    let key = drawing.graph.nodes.keys().find(|key| is_node(key, wanted, facts.lookup))?.clone();
    let sums = drawing.graph.nodes.get(&key)?;
    let step_ns = step_of(request.to_ns - request.from_ns, 0, POINTS_MAX);
    let graphs = graphs(request, facts, &drawing, step_ns);
    let mut steps = Steps::empty(graphs.len());
    for (at, graph) in graphs.iter().enumerate() {
        if let Some(node) = graph.nodes.get(&key) {
            // What only calls others has no inbound numbers; its own calls are what can be drawn.
            let tally = if sums.inbound.calls > 0 { &node.inbound } else { &node.outbound };
            steps.add(at, tally.calls, tally.errors, &tally.duration);
        }
    }
    let whole = reply::topology(request, facts, &drawing, &Expected::default());
    let id = key.id();
    let callers = whole.edges.iter().filter(|edge| edge.target == id).cloned().collect::<Vec<_>>();
    let callees = whole.edges.iter().filter(|edge| edge.source == id).cloned().collect::<Vec<_>>();
    let neighbours = whole
        .nodes
        .iter()
        .filter(|node| {
            node.id != id
                && (callers.iter().any(|edge| edge.source == node.id)
                    || callees.iter().any(|edge| edge.target == node.id))
        })
        .cloned()
        .collect();
    let tally = if sums.inbound.calls > 0 { &sums.inbound } else { &sums.outbound };
    let fold = |key: &NodeKey| drawing.folds.get(key).unwrap_or(key).clone();
    let touches =
        |flow: &&Flow| fold(&flow.target) == key || (sums.inbound.calls == 0 && fold(&flow.source) == key);
    Some(NodeDetail {
        node: whole.nodes.iter().find(|node| node.id == id)?.clone(),
        series: steps.series(request.from_ns, step_ns),
        neighbours,
        callers,
        callees,
        operations: operation_list(&answered_operations(request, facts, &drawing, &key), request.seconds()),
        codes: tally.code_calls(),
        exemplars: exemplars(drawing.flows.flows.iter().filter(touches)),
        sql: edge_sql(facts, drawing.flows.flows.iter().filter(touches)),
        traces: traces_path(request, &format!("node={}", encode(&id))),
    })
}

fn detailed(request: &MapRequest, facts: &MapFacts<'_>) -> Drawing {
    let mut drawn = request.drawn();
    drawn.by_operation = true;
    prepare_flows(request, facts.lookup, flows(facts.rows, facts.lookup, drawn))
}

/// Operations as the node itself names them when it sends spans, else as its callers do.
fn answered_operations(
    request: &MapRequest,
    facts: &MapFacts<'_>,
    drawing: &Drawing,
    key: &NodeKey,
) -> BTreeMap<Arc<str>, Tally> {
    let mut operations = BTreeMap::<Arc<str>, Tally>::new();
    let drawn = request.drawn();
    for row in facts.rows.iter().filter(|row| row.key.kind == RowKind::Server && !row.key.op.is_empty()) {
        let is_wanted = match row.key.class {
            crate::Class::Traffic => true,
            crate::Class::Probe => drawn.probes,
            crate::Class::Setup => drawn.setup,
            crate::Class::Poll => false,
        };
        let node = facts.lookup.node(row.key.dst, request.graph);
        if is_wanted && drawing.folds.get(&node).unwrap_or(&node) == key {
            operations.entry(Arc::clone(&row.key.op)).or_default().add(row.key.protocol, &row.sums);
        }
    }
    if operations.is_empty() {
        for (_, sums) in drawing.graph.edges.iter().filter(|(id, _)| id.target == *key) {
            for (op, tally) in &sums.operations {
                operations.entry(Arc::clone(op)).or_default().merge(tally);
            }
        }
    }
    operations
}

fn views(all: &GraphEdge, seconds: f64) -> Vec<View> {
    let with = |observer: &str, duration: &Histogram| {
        let tally = Tally { duration: duration.clone(), calls: duration.count, ..Tally::default() };
        let mut traffic = tally.traffic(seconds);
        traffic.rate_per_second = if seconds > 0.0 { duration.count as f64 / seconds } else { 0.0 };
        traffic.error_ratio = None;
        View { observer: observer.to_owned(), traffic }
    };
    let mut views = Vec::new();
    let only_server = all.tally.duration == all.server;
    if !only_server {
        views.push(View { observer: "client".to_owned(), traffic: all.tally.traffic(seconds) });
    }
    if all.server.count > 0 {
        let mut server = with("server", &all.server);
        if only_server {
            server.traffic = all.tally.traffic(seconds);
        }
        views.push(server);
    }
    if all.network.count > 0 {
        views.push(with("network", &all.network));
    }
    views
}

/// Hosts, the most called first.
pub fn host_calls(hosts: &BTreeMap<(Arc<str>, u16), (i64, i64)>) -> Vec<HostCalls> {
    let mut list = hosts
        .iter()
        .map(|((host, port), (calls, errors))| HostCalls {
            host: reply::with_port(host, *port),
            calls: *calls,
            errors: *errors,
        })
        .collect::<Vec<_>>();
    list.sort_by(|a, b| (b.calls, &a.host).cmp(&(a.calls, &b.host)));
    list.truncate(LISTED_MAX);
    list
}

/// Operations, the most time spent first.
pub fn operation_list(operations: &BTreeMap<Arc<str>, Tally>, seconds: f64) -> Vec<OperationTraffic> {
    let mut list = operations.iter().filter(|(_, tally)| tally.calls > 0).collect::<Vec<_>>();
    list.sort_by(|a, b| (b.1.duration.sum_ns, a.0).cmp(&(a.1.duration.sum_ns, b.0)));
    list.truncate(LISTED_MAX);
    list.into_iter()
        .map(|(op, tally)| OperationTraffic { operation: op.to_string(), traffic: tally.traffic(seconds) })
        .collect()
}

/// One call and one failed call of each flow, the failed first, each span once.
fn exemplars<'f>(flows: impl Iterator<Item = &'f Flow>) -> Vec<Exemplar> {
    let mut list = Vec::<Exemplar>::new();
    for flow in flows {
        for (exemplar, error) in [(flow.sums.error_exemplar, true), (flow.sums.exemplar, false)] {
            let Some(found) = exemplar else { continue };
            let span_id = found.span_id.to_string();
            if list.iter().all(|other| other.span_id != span_id) {
                // Rows keep the span, not its duration: that is read from the span itself.
                list.push(Exemplar { trace_id: found.trace_id.to_string(), span_id, duration_ns: 0, error });
            }
        }
    }
    list.sort_by_key(|exemplar| !exemplar.error);
    list.truncate(10);
    list
}

/// A statement over the same rows, for the ids of these flows alone.
fn edge_sql<'f>(facts: &MapFacts<'_>, flows: impl Iterator<Item = &'f Flow>) -> String {
    if facts.sql.is_empty() {
        return String::new();
    }
    let mut conditions = flows
        .map(|flow| {
            format!("(src = {} AND peer = {} AND dst = {})", flow.caller.0, flow.peer.0, flow.callee.0)
        })
        .collect::<Vec<_>>();
    conditions.sort();
    conditions.dedup();
    conditions.truncate(100);
    format!("SELECT * FROM ({}) WHERE {}", facts.sql, conditions.join(" OR "))
}

fn traces_path(request: &MapRequest, what: &str) -> String {
    format!("/api/v1/traces?from={}&to={}&{what}", request.from_ns, request.to_ns)
}

/// Percent-encodes what a query string does not carry as it is.
fn encode(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}
