//! What a reader of a map must know before believing it.
//!
//! In: a drawing and its reply so far. Out: warnings with a code, one sentence, a remedy and the nodes
//! they are about. Not here: findings about one pair (`findings`).

use std::collections::BTreeMap;
use std::sync::Arc;

use api::topology::{Edge, EdgeKind, Graph, Node, NodeKind, Warning};

use super::{Drawing, Folding, MapFacts, MapRequest};
use crate::node::NodeKey;

/// A share of calls to unnamed hosts from which on it is worth a rule.
const UNNAMED_SHARE_MIN: f64 = 0.05;
/// How alike the calls into a silent name and the unknown calls of a service must be to be taken for the same.
const MIDDLE_SHARE_MIN: f64 = 0.8;

/// Names without spans that pass their calls on: to which service, as far as the numbers tell. A silent
/// name is one when a service that nobody calls otherwise has about as many unknown calls as it gets.
pub fn middles(drawing: &Drawing) -> BTreeMap<NodeKey, Arc<str>> {
    let mut unknown = Vec::<(&NodeKey, i64)>::new();
    for (id, edge) in &drawing.graph.edges {
        if id.source == NodeKey::UnknownCaller && edge.tally.calls > 0 {
            unknown.push((&id.target, edge.tally.calls));
        }
    }
    let mut found = BTreeMap::new();
    for (key, node) in &drawing.graph.nodes {
        if !matches!(key, NodeKey::Silent { .. }) || node.inbound.calls <= 0 {
            continue;
        }
        let callers = drawing
            .graph
            .edges
            .keys()
            .filter(|id| id.target == *key)
            .map(|id| &id.source)
            .collect::<Vec<_>>();
        let behind = unknown.iter().find(|(service, calls)| {
            let (less, more) = ((*calls).min(node.inbound.calls), (*calls).max(node.inbound.calls));
            !callers.contains(service) && less as f64 >= MIDDLE_SHARE_MIN * more as f64
        });
        if let Some((service, _)) = behind {
            found.insert(key.clone(), Arc::from(service.id()));
        }
    }
    found
}

/// All warnings of a map.
pub fn all(
    request: &MapRequest,
    facts: &MapFacts<'_>,
    drawing: &Drawing,
    nodes: &[Node],
    edges: &[Edge],
) -> Vec<Warning> {
    let mut warnings = Vec::new();
    if facts.rows.is_empty() {
        warnings.push(warning(
            "no_data",
            "no span was counted in this range",
            "send spans to this server, or choose a range in which it received some",
        ));
    }
    if request.graph != Graph::Namespace {
        single_service(facts, nodes, edges, &mut warnings);
    }
    folded(drawing, nodes, &mut warnings);
    if !facts.completeness.exact {
        let mut text =
            warning("incomplete", "some pairs of this range may still be missing", "look again in a minute");
        text.values.push(("pending_repairs".to_owned(), facts.completeness.pending_repairs.to_string()));
        text.values.push(("evicted".to_owned(), facts.completeness.evicted.to_string()));
        warnings.push(text);
    }
    unnamed(drawing, &mut warnings);
    for (key, service) in middles(drawing) {
        let NodeKey::Silent { service: name, .. } = &key else { continue };
        let mut text = warning(
            "TOPO-02",
            &format!("{name} is called but sends no spans; its calls go on to {service} by the numbers"),
            "instrument it, or let it pass the traceparent header on",
        );
        text.nodes = vec![key.id(), service.to_string()];
        text.values.push(("name".to_owned(), name.to_string()));
        warnings.push(text);
    }
    if drawing.flows.hidden_calls > 0 {
        let mut text = warning(
            "rules",
            &format!("{} calls to hosts that a rule ignores are not drawn", drawing.flows.hidden_calls),
            "",
        );
        text.values.push(("calls".to_owned(), drawing.flows.hidden_calls.to_string()));
        warnings.push(text);
    }
    if request.probes || request.setup {
        warnings.push(warning(
            "classes",
            "health checks or connection set-up are counted among the calls",
            "",
        ));
    }
    warnings
}

/// A map of one service says why it has no edge.
fn single_service(facts: &MapFacts<'_>, nodes: &[Node], edges: &[Edge], warnings: &mut Vec<Warning>) {
    // Messages join services through a topic.
    if edges.iter().any(|edge| edge.kind == EdgeKind::Consume) {
        return;
    }
    let services = nodes.iter().filter(|node| node.instrumented && node.observed).collect::<Vec<_>>();
    let between = edges.iter().any(|edge| {
        let ours = |id: &String| services.iter().any(|node| node.id == *id);
        edge.observed && edge.source != edge.target && ours(&edge.source) && ours(&edge.target)
    });
    let ([only], false) = (services.as_slice(), between) else {
        if services.len() > 1 && !between {
            let mut text = warning(
                "no_pairs",
                &format!(
                    "{} services send spans, but no call between any two of them was found",
                    services.len()
                ),
                "check that they propagate context with the same header, such as traceparent; ask why there is no edge between two",
            );
            text.nodes = services.iter().map(|node| node.id.clone()).collect();
            warnings.push(text);
        }
        return;
    };
    let (answers, calls) = (only.inbound.calls, only.outbound.calls);
    let name = &only.name;
    let reason = match (answers > 0, calls > 0) {
        (true, true) => "its callers and the services that it calls send no spans here",
        (true, false) => "its callers send no spans here, and its instrumentation records no outgoing call",
        (false, true) => "what it calls sends no spans here",
        (false, false) => "its spans are neither incoming nor outgoing calls (kind SERVER or CLIENT)",
    };
    let mut text = warning(
        "single_service",
        &format!("only {name} sends spans, so there is no edge between services: {reason}"),
        "send the spans of its neighbours here, too, and switch on the instrumentation of its HTTP and database clients",
    );
    text.nodes = vec![only.id.clone()];
    text.values = vec![
        ("service".to_owned(), name.clone()),
        ("answers".to_owned(), answers.to_string()),
        ("calls".to_owned(), calls.to_string()),
        ("rows".to_owned(), facts.rows.len().to_string()),
    ];
    warnings.push(text);
}

fn folded(drawing: &Drawing, nodes: &[Node], warnings: &mut Vec<Warning>) {
    let members = nodes.iter().filter(|node| node.members > 1).map(|node| node.members).sum::<u64>();
    if members == 0 && drawing.cut_edges == 0 {
        return;
    }
    let what = match drawing.folding {
        Folding::Hosts | Folding::Families => "hosts are drawn together",
        Folding::Namespaces => "there are too many nodes to draw, so services are drawn by namespace",
        Folding::Systems => {
            "there are too many nodes to draw, so services are drawn by namespace and the rest by system"
        }
    };
    let mut sentence = what.to_owned();
    if drawing.cut_edges > 0 {
        sentence += &format!("; the {} least called edges are left out", drawing.cut_edges);
    }
    let mut text = warning("folded", &sentence, "choose namespaces or a focus");
    text.nodes = nodes.iter().filter(|node| node.members > 1).map(|node| node.id.clone()).collect();
    text.values.push(("members".to_owned(), members.to_string()));
    text.values.push(("cut_edges".to_owned(), drawing.cut_edges.to_string()));
    warnings.push(text);
}

fn unnamed(drawing: &Drawing, warnings: &mut Vec<Warning>) {
    let (mut calls, mut unnamed) = (0, Vec::new());
    for (key, node) in &drawing.graph.nodes {
        calls += node.outbound.calls;
        if key.kind() == NodeKind::External && node.label.is_unnamed {
            unnamed.push((node.inbound.calls, key));
        }
    }
    let share = unnamed.iter().map(|(calls, _)| *calls).sum::<i64>() as f64 / (calls.max(1)) as f64;
    if share <= UNNAMED_SHARE_MIN {
        return;
    }
    unnamed.sort_by(|a, b| (b.0, a.1).cmp(&(a.0, b.1)));
    let mut text = warning(
        "TOPO-07",
        &format!("{:.0} % of calls go to hosts that nothing names", share * 100.0),
        "name them from their node, or import ServiceEntries",
    );
    text.nodes = unnamed.iter().take(10).map(|(_, key)| key.id()).collect();
    text.values.push(("share".to_owned(), format!("{share:.3}")));
    warnings.push(text);
}

fn warning(code: &str, message: &str, remedy: &str) -> Warning {
    Warning {
        code: code.to_owned(),
        message: message.to_owned(),
        remedy: remedy.to_owned(),
        nodes: Vec::new(),
        values: Vec::new(),
    }
}
