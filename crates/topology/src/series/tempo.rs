//! Calls and spans as the metrics of Tempo's generator: its service graph and its span metrics.
//!
//! In: flows of one step with topics left out, rows of operations. Out: increments of
//! `traces_service_graph_*` and `traces_spanmetrics_*` with Tempo's labels and default buckets.
//! Source: Grafana Tempo's metrics-generator documentation; topology design 11.1, 14.4.

use api::topology::EdgeKind;
use model::{LabelsBuilder, SpanKind, StatusCode};

use super::{GRAPH_LE_S, Increments, SPAN_LE_S};
use crate::node::NodeKey;
use crate::rollup::OperationRow;
use crate::view::flows::{Flow, Seen};
use crate::view::lookup::Lookup;

const SECOND_NS: f64 = 1e9;

/// Adds one flow.
pub fn add_call(
    out: &mut Increments,
    step: usize,
    flow: &Flow,
    lookup: &Lookup,
    wanted: &dyn Fn(&str) -> bool,
) {
    let mut labels = LabelsBuilder::default();
    let client = name(flow, &flow.source, lookup);
    let server = name(flow, &flow.target, lookup);
    labels.set("client", &client).set("server", &server);
    let is_message = matches!(flow.kind, EdgeKind::Publish | EdgeKind::Consume);
    let (connection, virtual_node) = match (flow.seen, flow.kind, &flow.target, &flow.source) {
        (_, EdgeKind::Database, ..) => ("database", ""),
        (Seen::Both, ..) if is_message => ("messaging_system", ""),
        (Seen::Both, ..) => ("", ""),
        (_, _, NodeKey::Service(..), NodeKey::Service(..)) => ("", ""),
        // Tempo calls the side that sent no span virtual.
        (Seen::Server, ..) => ("virtual_node", "client"),
        (Seen::Client, ..) => ("virtual_node", "server"),
    };
    labels.set("connection_type", connection).set("virtual_node", virtual_node);
    labels.set("client_service_namespace", app_group(lookup, flow.caller));
    labels.set("server_service_namespace", app_group(lookup, flow.callee));
    let mut count = |name: &str, metric: &str, value: i64| {
        // A series that counted nothing would still be drawn.
        if wanted(name) && value > 0 {
            let mut labels = labels.clone();
            labels.set("__name__", metric);
            out.add(labels.finish(), step, value as f64);
        }
    };
    count("traces_service_graph_request", "traces_service_graph_request_total", flow.sums.calls);
    count(
        "traces_service_graph_request_failed",
        "traces_service_graph_request_failed_total",
        flow.sums.errors,
    );
    let mut histogram = |name: &str, durations| {
        if wanted(name) {
            out.add_histogram(name, &labels, step, durations, &GRAPH_LE_S, SECOND_NS);
        }
    };
    match flow.seen {
        Seen::Both => {
            histogram("traces_service_graph_request_client_seconds", &flow.sums.duration);
            histogram("traces_service_graph_request_server_seconds", &flow.sums.server_duration);
            if is_message {
                histogram("traces_service_graph_request_messaging_system_seconds", &flow.sums.network);
            }
        }
        Seen::Client => histogram("traces_service_graph_request_client_seconds", &flow.sums.duration),
        Seen::Server => histogram("traces_service_graph_request_server_seconds", &flow.sums.duration),
    }
    if wanted("traces_service_graph_connection_info") {
        labels.set("__name__", "traces_service_graph_connection_info");
        out.gauges.insert(labels.finish());
    }
}

fn app_group(lookup: &Lookup, entity: crate::EntityId) -> String {
    lookup.entity(entity).map(|entity| entity.app_group.to_string()).unwrap_or_default()
}

fn name(flow: &Flow, node: &NodeKey, lookup: &Lookup) -> String {
    match node {
        NodeKey::Service(service, _) => service.service.to_string(),
        NodeKey::Silent { service, .. } => service.to_string(),
        NodeKey::UnknownCaller => "user".to_owned(),
        NodeKey::UnknownCallee => "unknown".to_owned(),
        NodeKey::Queue { system, name } => if name.is_empty() { system } else { name }.to_string(),
        NodeKey::Named { name, .. } | NodeKey::Family { name, .. } => name.to_string(),
        NodeKey::Namespace { namespace, .. } => namespace.to_string(),
        NodeKey::Store { .. } | NodeKey::Host { .. } => {
            let namespace = lookup.entity(flow.caller).map_or("", |entity| &entity.namespace);
            lookup.resolve(flow.peer, namespace).name.to_string()
        }
    }
}

/// Adds one row of operations.
pub fn add_span(
    out: &mut Increments,
    step: usize,
    row: &OperationRow,
    lookup: &Lookup,
    wanted: &dyn Fn(&str) -> bool,
) {
    let Some(entity) = lookup.entity(row.key.entity) else { return };
    let mut labels = LabelsBuilder::default();
    labels.set("service", &*entity.service).set("span_name", &*row.key.name);
    labels.set("span_kind", kind(row.key.kind)).set("status_code", status(row.key.status));
    if wanted("traces_spanmetrics_calls") && row.sums.calls != 0 {
        let mut labels = labels.clone();
        labels.set("__name__", "traces_spanmetrics_calls_total");
        out.add(labels.finish(), step, row.sums.calls as f64);
    }
    if wanted("traces_spanmetrics_latency") {
        out.add_histogram(
            "traces_spanmetrics_latency",
            &labels,
            step,
            &row.sums.duration,
            &SPAN_LE_S,
            SECOND_NS,
        );
    }
}

fn kind(kind: SpanKind) -> String {
    format!("SPAN_KIND_{}", kind.as_str().to_ascii_uppercase())
}

const fn status(status: StatusCode) -> &'static str {
    match status {
        StatusCode::OK => "STATUS_CODE_OK",
        StatusCode::ERROR => "STATUS_CODE_ERROR",
        _ => "STATUS_CODE_UNSET",
    }
}
