//! Traces in any order in, nested-set numbers out.

use super::*;

fn id(n: u8) -> SpanId {
    SpanId([0, 0, 0, 0, 0, 0, 0, n])
}

/// Spans as `id<parent@start`, in order; prints `id:left-right^parent#children`.
fn check(spans: &str) -> String {
    let nodes: Vec<Node> = spans
        .split_whitespace()
        .map(|text| {
            let (ids, start) = text.split_once('@').unwrap_or((text, "0"));
            let (own, parent) = ids.split_once('<').unwrap_or((ids, ""));
            let number = |text: &str| id(text.parse().expect("a number"));
            Node {
                id: number(own),
                parent: (!parent.is_empty()).then(|| number(parent)),
                kind: SpanKind::INTERNAL,
                start: start.parse().expect("a number"),
            }
        })
        .collect();
    let sets = NestedSets::of(&nodes);
    let mut lines: Vec<String> = nodes
        .iter()
        .enumerate()
        .map(|(row, node)| {
            let (left, right) = (sets.left[row], sets.right[row]);
            let (parent, children) = (sets.parent[row], sets.child_count[row]);
            format!("{}:{left}-{right}^{parent}#{children}", node.id.0[7])
        })
        .collect();
    lines.sort();
    lines.join(" ")
}

#[test]
fn any_arrival_gives_the_same() {
    let expected = check("1 2<1@5 3<1@4 4<3@9");
    assert_eq!(expected, "1:1-8^-1#2 2:6-7^1#0 3:2-5^1#1 4:3-4^2#0");
    assert_eq!(check("4<3@9 3<1@4 2<1@5 1"), expected);
    assert_eq!(check("2<1@5 1 4<3@9 3<1@4"), expected);
}

#[test]
fn what_hangs_on_no_root_has_no_numbers() {
    assert_eq!(check("1 2<9 3<2"), "1:1-2^-1#0 2:0-0^0#1 3:0-0^0#0");
    // A cycle, and a span that is its own parent.
    assert_eq!(check("1 2<3 3<2 4<4"), "1:1-2^-1#0 2:0-0^0#1 3:0-0^0#1 4:0-0^0#0");
    assert_eq!(check("2<3 3<2"), "2:0-0^0#0 3:0-0^0#0");
}
