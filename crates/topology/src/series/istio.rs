//! Calls as Istio's standard metrics, with the labels that a real Kiali demands.
//!
//! In: flows of one step. Out: increments of `istio_requests_total` and
//! `istio_request_duration_milliseconds`. Label rules: topology design 14.2 with the corrections at its
//! head. Every label of Istio is present and non-empty; a pair stands under both reporters with equal
//! labels, so that Kiali takes the second for a copy; what only one side told stands under that side.

use api::topology::EdgeKind;
use model::LabelsBuilder;

use super::{ISTIO_LE_MS, Increments, SeriesOptions};
use crate::call_fact::{Flags, Protocol, Security};
use crate::entity::Entity;
use crate::names::resolve::is_private;
use crate::node::NodeKey;
use crate::rollup::CodeCount;
use crate::view::flows::{Flow, Seen};
use crate::view::lookup::Lookup;

const UNKNOWN: &str = "unknown";
/// The namespace of everything that is no workload of ours.
const EXTERNAL: &str = "external";

/// Adds one flow.
pub fn add(
    out: &mut Increments,
    step: usize,
    flow: &Flow,
    lookup: &Lookup,
    options: &SeriesOptions,
    wanted: &dyn Fn(&str) -> bool,
) {
    let is_web = matches!(flow.protocol, Protocol::Http | Protocol::Grpc);
    if !is_web && !options.others_as_http {
        return;
    }
    let mut labels = LabelsBuilder::default();
    source_labels(&mut labels, flow, lookup, options);
    target_labels(&mut labels, flow, lookup, options);
    labels.set("source_principal", UNKNOWN).set("destination_principal", UNKNOWN);
    labels.set("request_protocol", if flow.protocol == Protocol::Grpc { "grpc" } else { "http" });
    let reporters: &[&str] = match (flow.seen, flow.kind) {
        (Seen::Both, _) => &["source", "destination"],
        // A topic stands for a workload on both legs.
        (_, EdgeKind::Publish) => &["source"],
        (Seen::Client, _) => &["source"],
        (Seen::Server, _) => &["destination"],
    };
    for reporter in reporters {
        labels.set("reporter", reporter);
        // As in a mesh only the destination knows how it was reached.
        let policy = match (flow.security, *reporter) {
            (Security::Mtls, "destination") => "mutual_tls",
            (Security::Plain, "destination") => "none",
            _ => UNKNOWN,
        };
        labels.set("connection_security_policy", policy);
        if wanted("istio_requests") {
            requests(out, step, flow, &labels);
        }
        if wanted("istio_request_duration_milliseconds") {
            let durations = if *reporter == "destination"
                && flow.seen == Seen::Both
                && flow.sums.server_duration.count > 0
            {
                &flow.sums.server_duration
            } else {
                &flow.sums.duration
            };
            let name = "istio_request_duration_milliseconds";
            out.add_histogram(name, &labels, step, durations, &ISTIO_LE_MS, 1e6);
        }
    }
}

fn requests(out: &mut Increments, step: usize, flow: &Flow, labels: &LabelsBuilder) {
    let mut left = (flow.sums.calls, flow.sums.errors);
    let mut push = |code: String, grpc: Option<String>, flags: String, calls: i64| {
        if calls <= 0 {
            return;
        }
        let mut labels = labels.clone();
        labels
            .set("__name__", "istio_requests_total")
            .set("response_code", code)
            .set("response_flags", flags);
        if let Some(grpc) = grpc {
            labels.set("grpc_response_status", grpc);
        }
        out.add(labels.finish(), step, calls as f64);
    };
    if !matches!(flow.protocol, Protocol::Http | Protocol::Grpc) {
        push("500".to_owned(), None, "-".to_owned(), left.1.min(left.0));
        push("200".to_owned(), None, "-".to_owned(), left.0 - left.1.min(left.0));
        return;
    }
    for count in &flow.sums.codes {
        let (code, flags) = outcome(count, flow);
        left.0 -= count.calls;
        if is_error(code, flow.protocol) {
            left.1 -= count.calls;
        }
        match flow.protocol {
            // Codes are stored one higher; a call without an answer has none.
            Protocol::Grpc if (1..=17).contains(&code) => {
                push("200".to_owned(), Some((code - 1).to_string()), flag_text(flags), count.calls);
            }
            _ => push(code.to_string(), None, flag_text(flags), count.calls),
        }
    }
    // Rows whose codes were left out still count.
    let errors = left.1.clamp(0, left.0.max(0));
    push("500".to_owned(), None, "-".to_owned(), errors);
    push("200".to_owned(), None, "-".to_owned(), left.0 - errors);
}

/// One canonical outcome a call: the client's if it saw an answer or an error, else the server's.
fn outcome(count: &CodeCount, flow: &Flow) -> (u16, Flags) {
    let client_knows = count.code != 0 || count.flags != Flags::default();
    if flow.seen == Seen::Both && !client_knows {
        (count.server_code, count.server_flags)
    } else {
        (count.code, count.flags)
    }
}

fn is_error(code: u16, protocol: Protocol) -> bool {
    code >= 400 || (protocol == Protocol::Grpc && code > 1)
}

/// Envoy's words without the mark that they were inferred.
fn flag_text(flags: Flags) -> String {
    Flags(flags.0 & !Flags::INFERRED.0).to_string()
}

fn source_labels(labels: &mut LabelsBuilder, flow: &Flow, lookup: &Lookup, options: &SeriesOptions) {
    if let Some(entity) = lookup.entity(flow.caller).filter(|_| flow.kind != EdgeKind::Consume) {
        return workload(labels, "source", entity, options);
    }
    match &flow.source {
        NodeKey::Queue { .. } | NodeKey::Named { .. } if flow.kind == EdgeKind::Consume => {
            pseudo_workload(labels, "source", &node_name(flow, lookup, &flow.source), options);
        }
        _ => unknown_workload(labels, "source", UNKNOWN),
    }
}

fn target_labels(labels: &mut LabelsBuilder, flow: &Flow, lookup: &Lookup, options: &SeriesOptions) {
    if let Some(entity) = lookup.entity(flow.callee) {
        workload(labels, "destination", entity, options);
        service(labels, &entity.service, &entity.namespace);
        return;
    }
    let source_cluster = labels.get("source_cluster").unwrap_or(UNKNOWN).to_owned();
    match &flow.target {
        NodeKey::Service(key, _) => {
            // Known by its name alone: Kiali draws the service.
            unknown_workload(labels, "destination", cluster(&key.cluster, options));
            service(labels, &key.service, &key.namespace);
        }
        NodeKey::Silent { namespace, service: name } => {
            unknown_workload(labels, "destination", &source_cluster);
            service(labels, name, if namespace.is_empty() { EXTERNAL } else { namespace });
        }
        NodeKey::Queue { .. } => {
            let name = node_name(flow, lookup, &flow.target);
            // The topic is also the workload, or the path to the consumers breaks in two.
            pseudo_workload(labels, "destination", &name, options);
            external(labels, &name, &name);
        }
        NodeKey::UnknownCallee => {
            unknown_workload(labels, "destination", UNKNOWN);
            passthrough(labels, UNKNOWN);
        }
        NodeKey::Host { host, .. } if is_unnamed(flow, lookup) => {
            unknown_workload(labels, "destination", UNKNOWN);
            passthrough(labels, host);
        }
        target => {
            unknown_workload(labels, "destination", &source_cluster);
            let host = lookup.peer(flow.peer).map(|peer| peer.host.to_string()).unwrap_or_default();
            let name = node_name(flow, lookup, target);
            let host = if host.is_empty() { name.clone() } else { host };
            external(labels, &name, &host);
        }
    }
}

/// A host that neither a rule nor the catalogue names.
fn is_unnamed(flow: &Flow, lookup: &Lookup) -> bool {
    let namespace = lookup.entity(flow.caller).map_or("", |entity| &entity.namespace);
    lookup.resolve(flow.peer, namespace).is_unnamed
}

fn node_name(flow: &Flow, lookup: &Lookup, node: &NodeKey) -> String {
    let near = lookup.entity(flow.caller).or_else(|| lookup.entity(flow.callee));
    let resolved = lookup.resolve(flow.peer, near.map_or("", |entity| &entity.namespace));
    let name = match node {
        NodeKey::Queue { name, system } if name.is_empty() => system.to_string(),
        NodeKey::Queue { name, .. } | NodeKey::Named { name, .. } => name.to_string(),
        _ => resolved.name.to_string(),
    };
    // An address as the name of a service makes Kiali drop the series.
    match name.parse::<std::net::IpAddr>() {
        Ok(address) if is_private(address) => "private-address".to_owned(),
        Ok(_) => "address".to_owned(),
        Err(_) if name.is_empty() => UNKNOWN.to_owned(),
        Err(_) => name,
    }
}

fn cluster<'a>(cluster: &'a str, options: &'a SeriesOptions) -> &'a str {
    if matches!(cluster, "" | "default") { &options.home_cluster } else { cluster }
}

fn workload(labels: &mut LabelsBuilder, side: &str, entity: &Entity, options: &SeriesOptions) {
    let or = |text: &str, other: &str| if text.is_empty() { other.to_owned() } else { text.to_owned() };
    let version = or(&entity.version, "latest");
    let pairs = [
        ("workload", or(&entity.workload, &entity.service)),
        ("workload_namespace", or(&entity.namespace, "default")),
        ("canonical_service", or(&entity.service, UNKNOWN)),
        ("canonical_revision", version.clone()),
        ("app", or(&entity.service, UNKNOWN)),
        ("version", version),
        ("cluster", cluster(&entity.cluster, options).to_owned()),
    ];
    set(labels, side, &pairs);
}

fn pseudo_workload(labels: &mut LabelsBuilder, side: &str, name: &str, options: &SeriesOptions) {
    let pairs = [
        ("workload", name.to_owned()),
        ("workload_namespace", EXTERNAL.to_owned()),
        ("canonical_service", name.to_owned()),
        ("canonical_revision", "latest".to_owned()),
        ("app", name.to_owned()),
        ("version", UNKNOWN.to_owned()),
        ("cluster", options.home_cluster.clone()),
    ];
    set(labels, side, &pairs);
}

fn unknown_workload(labels: &mut LabelsBuilder, side: &str, cluster: &str) {
    let mut pairs =
        ["workload", "workload_namespace", "canonical_service", "canonical_revision", "app", "version"]
            .map(|name| (name, UNKNOWN.to_owned()));
    if side == "destination" {
        pairs[3].1 = "latest".to_owned();
    }
    set(labels, side, &pairs);
    set(labels, side, &[("cluster", cluster.to_owned())]);
}

fn set(labels: &mut LabelsBuilder, side: &str, pairs: &[(&str, String)]) {
    for (name, value) in pairs {
        labels.set(format!("{side}_{name}"), value);
    }
}

fn service(labels: &mut LabelsBuilder, name: &str, namespace: &str) {
    labels
        .set("destination_service", format!("{name}.{namespace}.svc.cluster.local"))
        .set("destination_service_name", name)
        .set("destination_service_namespace", namespace);
}

/// Kiali's node graph asks for services that begin with `NAME.NAMESPACE.`, so the host stands behind these.
fn external(labels: &mut LabelsBuilder, name: &str, host: &str) {
    labels
        .set("destination_service", format!("{name}.{EXTERNAL}.{host}"))
        .set("destination_service_name", name)
        .set("destination_service_namespace", EXTERNAL);
}

fn passthrough(labels: &mut LabelsBuilder, host: &str) {
    labels
        .set("destination_service", host)
        .set("destination_service_name", "PassthroughCluster")
        .set("destination_service_namespace", UNKNOWN);
}
