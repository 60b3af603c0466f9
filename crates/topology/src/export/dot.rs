//! The map in Graphviz' DOT: shapes by kind, namespaces as clusters, edges with rate, errors and p95.

use std::collections::BTreeMap;

use api::topology::{Node, NodeKind, Topology};

use crate::terminal::{duration, rate};

/// The graph.
pub fn dot(map: &Topology) -> String {
    let mut text = String::from("digraph topology {\n  rankdir=LR;\n  node [fontname=\"sans-serif\"];\n");
    let mut boxes = BTreeMap::<&str, Vec<&Node>>::new();
    for node in &map.nodes {
        boxes.entry(&node.namespace).or_default().push(node);
    }
    for (at, (namespace, nodes)) in boxes.into_iter().enumerate() {
        let is_box = !namespace.is_empty();
        if is_box {
            text += &format!("  subgraph cluster_{at} {{\n    label={};\n", quoted(namespace));
        }
        for node in nodes {
            let style = if node.observed { "" } else { ", style=dashed" };
            text += &format!(
                "{}{} [label={}, shape={}{style}];\n",
                if is_box { "    " } else { "  " },
                quoted(&node.id),
                quoted(&node.name),
                shape(node.kind)
            );
        }
        if is_box {
            text += "  }\n";
        }
    }
    for edge in &map.edges {
        let mut label = rate(edge.rate_per_second);
        if edge.errors > 0 {
            label += &format!(" {:.1}% err", edge.error_ratio.unwrap_or(0.0) * 100.0);
        }
        if let Some(p95) = edge.p95_ns {
            label += &format!(" p95 {}", duration(p95));
        }
        let style = if edge.observed { "" } else { ", style=dashed" };
        text += &format!(
            "  {} -> {} [label={}{style}];\n",
            quoted(&edge.source),
            quoted(&edge.target),
            quoted(&label)
        );
    }
    text + "}\n"
}

const fn shape(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Service => "box",
        NodeKind::Database => "cylinder",
        NodeKind::Cache => "box3d",
        NodeKind::Queue => "cds",
        NodeKind::External => "ellipse",
        NodeKind::Unknown => "diamond",
    }
}

/// A quoted identifier; control characters would end lines of other tools, so they become spaces.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            letter if letter.is_control() => quoted.push(' '),
            letter => quoted.push(letter),
        }
    }
    quoted + "\""
}
