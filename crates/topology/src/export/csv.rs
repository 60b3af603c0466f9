//! Edges as a table (RFC 4180): one line an edge, ends by name and id.
//!
//! A cell that a spreadsheet would take for a formula begins with an apostrophe.

use std::collections::BTreeMap;

use api::topology::Topology;

const HEADER: &str = "source,source_kind,source_namespace,target,target_kind,target_namespace,target_host,kind,protocol,calls,errors,rate_per_second,error_ratio,p50_ns,p95_ns,p99_ns,observer,observed,source_id,target_id";

/// The table with its header, lines ended by CRLF.
pub fn csv(map: &Topology) -> String {
    let nodes = map.nodes.iter().map(|node| (&node.id, node)).collect::<BTreeMap<_, _>>();
    let mut text = format!("{HEADER}\r\n");
    for edge in &map.edges {
        let (Some(source), Some(target)) = (nodes.get(&edge.source), nodes.get(&edge.target)) else {
            continue;
        };
        let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
        let cells = [
            source.name.clone(),
            crate::node::kind_word(source.kind).to_owned(),
            source.namespace.clone(),
            target.name.clone(),
            crate::node::kind_word(target.kind).to_owned(),
            target.namespace.clone(),
            target.host.clone(),
            crate::view::graph::edge_word(edge.kind).to_owned(),
            edge.protocol.clone(),
            edge.calls.to_string(),
            edge.errors.to_string(),
            edge.rate_per_second.to_string(),
            edge.error_ratio.map(|ratio| ratio.to_string()).unwrap_or_default(),
            number(edge.p50_ns),
            number(edge.p95_ns),
            number(edge.p99_ns),
            edge.observer.clone(),
            edge.observed.to_string(),
            edge.source.clone(),
            edge.target.clone(),
        ];
        text += &cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
        text += "\r\n";
    }
    text
}

fn quoted(cell: &str) -> String {
    let safe = match cell.chars().next() {
        Some('=' | '+' | '@' | '\t' | '\r') => format!("'{cell}"),
        Some('-') if cell.parse::<f64>().is_err() => format!("'{cell}"),
        _ => cell.to_owned(),
    };
    if safe.contains([',', '"', '\n', '\r']) { format!("\"{}\"", safe.replace('"', "\"\"")) } else { safe }
}
