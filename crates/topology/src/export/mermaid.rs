//! The map as a Mermaid flowchart, for pages that draw it from text.
//!
//! Nodes are numbered, because ids of the map hold letters that Mermaid does not take; labels are quoted
//! and everything that Mermaid or HTML could read as markup is written as an entity.

use std::collections::BTreeMap;

use api::topology::{Node, NodeKind, Topology};

use crate::terminal::{duration, rate};

/// The flowchart.
pub fn mermaid(map: &Topology) -> String {
    let mut text = String::from("flowchart LR\n");
    let ids = map
        .nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (&node.id, format!("n{at}")))
        .collect::<BTreeMap<_, _>>();
    let mut boxes = BTreeMap::<&str, Vec<&Node>>::new();
    for node in &map.nodes {
        boxes.entry(&node.namespace).or_default().push(node);
    }
    for (at, (namespace, nodes)) in boxes.into_iter().enumerate() {
        let is_box = !namespace.is_empty();
        if is_box {
            text += &format!("  subgraph b{at}[\"{}\"]\n", escaped(namespace));
        }
        for node in nodes {
            let (open, close) = shape(node.kind);
            text += &format!("    {}{open}\"{}\"{close}\n", ids[&node.id], escaped(&node.name));
        }
        if is_box {
            text += "  end\n";
        }
    }
    for edge in &map.edges {
        let (Some(source), Some(target)) = (ids.get(&edge.source), ids.get(&edge.target)) else { continue };
        if !edge.observed {
            text += &format!("  {source} -.->|not seen| {target}\n");
            continue;
        }
        let mut label = rate(edge.rate_per_second);
        if edge.errors > 0 {
            label += &format!(", {:.1}% err", edge.error_ratio.unwrap_or(0.0) * 100.0);
        }
        if let Some(p95) = edge.p95_ns {
            label += &format!(", p95 {}", duration(p95));
        }
        text += &format!("  {source} -->|\"{}\"| {target}\n", escaped(&label));
    }
    text
}

const fn shape(kind: NodeKind) -> (&'static str, &'static str) {
    match kind {
        NodeKind::Service => ("[", "]"),
        NodeKind::Database => ("[(", ")]"),
        NodeKind::Cache => ("[[", "]]"),
        NodeKind::Queue => ("([", "])"),
        NodeKind::External => ("((", "))"),
        NodeKind::Unknown => ("{{", "}}"),
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        match letter {
            '"' | '<' | '>' | '&' | '#' | ';' | '`' | '\\' => {
                escaped.push_str(&format!("#{};", u32::from(letter)))
            }
            letter if letter.is_control() => escaped.push(' '),
            letter => escaped.push(letter),
        }
    }
    escaped
}
