//! The map as text for `throughline map`: ranked, callers left, one line an edge.
//!
//! In: a map and a width. Out: lines no wider than that, wide letters counted as two. Not here: colours
//! and terminals.

use std::collections::{BTreeMap, BTreeSet};

use api::topology::{Node, NodeKind, Topology};

/// The least width that is used.
pub const WIDTH_MIN: usize = 40;

/// The text, lines ended by a newline.
pub fn text(map: &Topology, width: usize) -> String {
    let width = width.max(WIDTH_MIN);
    let mut out = String::new();
    let nodes = map.nodes.iter().map(|node| (node.id.as_str(), node)).collect::<BTreeMap<_, _>>();
    // rate, errors, p95 with a space before each.
    let numbers = 9 + 8 + 9;
    let names = width - numbers;
    let source_width = (names - 4) / 2;
    let target_width = names - 4 - source_width;
    if !map.edges.is_empty() {
        out += &row(&pad("CALLER", source_width), &pad("CALLED", target_width), "RATE", "ERRORS", "P95");
    }
    let ranks = ranks(map);
    let mut edges = map.edges.iter().collect::<Vec<_>>();
    let rank = |id: &str| ranks.get(id).copied().unwrap_or(usize::MAX);
    edges.sort_by(|a, b| {
        (rank(&a.source), &a.source, std::cmp::Reverse(a.calls), &a.target, a.kind).cmp(&(
            rank(&b.source),
            &b.source,
            std::cmp::Reverse(b.calls),
            &b.target,
            b.kind,
        ))
    });
    let mut last = "";
    for edge in edges {
        let (Some(source), Some(target)) = (nodes.get(edge.source.as_str()), nodes.get(edge.target.as_str()))
        else {
            continue;
        };
        // The caller stands once, so that its calls can be seen together.
        let name = if last == edge.source { String::new() } else { shown(source, map) };
        last = &edge.source;
        let (numbers, errors, p95) = if edge.observed {
            let errors = match edge.errors {
                0 => "-".to_owned(),
                _ => format!("{:.1}%", edge.error_ratio.unwrap_or(0.0) * 100.0),
            };
            (rate(edge.rate_per_second), errors, edge.p95_ns.map_or("-".to_owned(), duration))
        } else {
            ("unseen".to_owned(), "-".to_owned(), "-".to_owned())
        };
        out +=
            &row(&pad(&name, source_width), &pad(&shown(target, map), target_width), &numbers, &errors, &p95);
    }
    let alone = map
        .nodes
        .iter()
        .filter(|node| map.edges.iter().all(|edge| edge.source != node.id && edge.target != node.id))
        .map(|node| shown(node, map))
        .collect::<Vec<_>>();
    if !alone.is_empty() {
        out += &wrap("without calls: ", &alone.join(", "), width);
    }
    for warning in &map.warnings {
        out += &wrap("! ", &warning.message, width);
        if !warning.remedy.is_empty() {
            out += &wrap("  ", &warning.remedy, width);
        }
    }
    if map.edges.is_empty() && map.warnings.is_empty() {
        out += "no calls in this range\n";
    }
    out
}

fn row(source: &str, target: &str, rate: &str, errors: &str, p95: &str) -> String {
    let line = format!("{source} -> {target}{rate:>9}{errors:>8}{p95:>9}");
    format!("{}\n", line.trim_end())
}

/// A node's name with a mark of its kind; with its namespace when another node has the same name.
fn shown(node: &Node, map: &Topology) -> String {
    let mark = match node.kind {
        NodeKind::Service => "",
        NodeKind::Database => "[db] ",
        NodeKind::Cache => "[cache] ",
        NodeKind::Queue => "[queue] ",
        NodeKind::External => "[ext] ",
        NodeKind::Unknown => "(?) ",
    };
    let name = clean(&node.name);
    let has_twin = map
        .nodes
        .iter()
        .any(|other| other.id != node.id && other.name == node.name && other.kind == node.kind);
    match (has_twin, node.namespace.is_empty(), node.host.is_empty()) {
        (true, false, _) => format!("{mark}{}/{name}", clean(&node.namespace)),
        (true, true, false) => format!("{mark}{name} ({})", clean(&node.host)),
        _ => format!("{mark}{name}"),
    }
}

/// A name from a span must not move the cursor.
fn clean(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { '?' } else { letter }).collect()
}

/// Steps from the callers that nobody calls; cycles end where they began.
fn ranks(map: &Topology) -> BTreeMap<&str, usize> {
    let called = map
        .edges
        .iter()
        .filter(|edge| edge.source != edge.target)
        .map(|edge| edge.target.as_str())
        .collect::<BTreeSet<_>>();
    let mut ranks = BTreeMap::new();
    let mut level =
        map.nodes.iter().map(|node| node.id.as_str()).filter(|id| !called.contains(id)).collect::<Vec<_>>();
    let mut next = map.nodes.iter().map(|node| node.id.as_str());
    let mut depth = 0;
    loop {
        level.retain(|id| !ranks.contains_key(id));
        if level.is_empty() {
            // What is left are cycles: begin with the first of them.
            match next.find(|id| !ranks.contains_key(id)) {
                Some(id) => level.push(id),
                None => return ranks,
            }
        }
        for id in &level {
            ranks.insert(*id, depth);
        }
        let reached = map
            .edges
            .iter()
            .filter(|edge| level.contains(&edge.source.as_str()))
            .map(|edge| edge.target.as_str())
            .collect::<BTreeSet<_>>();
        level = reached.into_iter().collect();
        depth += 1;
    }
}

/// Calls a second for people: `12/s`, `0.3/s`, `4/min`, `2/h`.
pub fn rate(per_second: f64) -> String {
    let short = |value: f64| match value {
        value if value >= 10_000.0 => format!("{:.0}k", value / 1_000.0),
        value if value >= 100.0 => format!("{value:.0}"),
        value => {
            let text = format!("{value:.1}");
            text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
        }
    };
    match per_second {
        rate if rate <= 0.0 => "0/s".to_owned(),
        rate if rate >= 0.95 => format!("{}/s", short(rate)),
        rate if rate * 60.0 >= 0.95 => format!("{}/min", short(rate * 60.0)),
        rate => format!("{}/h", short(rate * 3_600.0)),
    }
}

/// Nanoseconds for people, three digits.
pub fn duration(ns: i64) -> String {
    let value = ns as f64;
    let (value, unit) = match value {
        value if value < 1e3 => (value, "ns"),
        value if value < 1e6 => (value / 1e3, "us"),
        value if value < 1e9 => (value / 1e6, "ms"),
        value if value < 6e10 => (value / 1e9, "s"),
        value => (value / 6e10, "min"),
    };
    match value {
        value if value >= 100.0 => format!("{value:.0}{unit}"),
        value if value >= 10.0 => format!("{value:.1}{unit}"),
        value => format!("{value:.2}{unit}"),
    }
}

/// Columns that a text takes: letters of East Asian scripts and pictures take two, marks none.
pub fn columns(text: &str) -> usize {
    text.chars().map(letter_columns).sum()
}

fn letter_columns(letter: char) -> usize {
    match u32::from(letter) {
        0x0300..=0x036f | 0x200b..=0x200f | 0xfe00..=0xfe0f | 0x20d0..=0x20ff | 0x1160..=0x11ff => 0,
        0x1100..=0x115f
        | 0x2e80..=0x303e
        | 0x3041..=0x33ff
        | 0x3400..=0x4dbf
        | 0x4e00..=0x9fff
        | 0xa000..=0xa4cf
        | 0xa960..=0xa97f
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1f64f
        | 0x1f680..=0x1f6ff
        | 0x1f900..=0x1f9ff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// Exactly so many columns: cut with a tilde, or filled up.
fn pad(text: &str, width: usize) -> String {
    let wide = columns(text);
    if wide <= width {
        return format!("{text}{}", " ".repeat(width - wide));
    }
    let mut cut = String::new();
    let mut used = 0;
    for letter in text.chars() {
        let own = letter_columns(letter);
        if used + own > width.saturating_sub(1) {
            break;
        }
        cut.push(letter);
        used += own;
    }
    format!("{cut}~{}", " ".repeat(width.saturating_sub(used + 1)))
}

/// Lines of a paragraph, the first with a mark, the others indented below it.
fn wrap(mark: &str, text: &str, width: usize) -> String {
    let indent = columns(mark);
    let (mut out, mut line, mut used) = (String::new(), mark.to_owned(), indent);
    for word in text.split(' ') {
        let own = columns(word);
        if used > indent && used + 1 + own > width {
            out += line.trim_end();
            out.push('\n');
            line = " ".repeat(indent);
            used = indent;
        }
        if used > indent {
            line.push(' ');
            used += 1;
        }
        line += &clean(word);
        used += own;
    }
    out + line.trim_end() + "\n"
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::view::fixture::Fixture;

    const SYSTEM: &str = "
server unknown -> gateway calls=600
pair gateway -> auth-api via auth-api:8000 calls=300 errors=9 ms=120
pair gateway -> \u{cc44}\u{d305}-\u{c11c}\u{be44}\u{c2a4} via chat:8000 calls=30
client auth-api -> db:postgresql@pg:5432/users calls=1200 ms=3
client \u{cc44}\u{d305}-\u{c11c}\u{be44}\u{c2a4} -> host:a-host-with-a-very-long-name-indeed.ap-northeast-2.example.org:443 calls=1 errors=1 ms=70000
";

    #[test]
    fn eighty_columns() {
        let map = Fixture::of(SYSTEM).draw();
        for width in [40, 80, 120] {
            let shown = text(&map, width);
            for line in shown.lines() {
                assert!(columns(line) <= width, "{} columns: {line}", columns(line));
            }
        }
        expect![[r#"
            CALLER                    -> CALLED                        RATE  ERRORS      P95
            (?) unknown caller        -> gateway                       10/s       -   10.1ms
            gateway                   -> auth-api                       5/s    3.0%    124ms
                                      -> 채팅-서비스                 30/min       -   10.1ms
            auth-api                  -> [db] users                    20/s       -   3.00ms
            채팅-서비스               -> [ext] a-host-with-a-very~    1/min  100.0%  1.26min
        "#]]
        .assert_eq(&text(&map, 80));
    }

    #[test]
    fn cycles_are_ranked_and_numbers_are_short() {
        let map = Fixture::of("pair a -> b via b:1 calls=1\npair b -> a via a:1 calls=1").draw();
        assert_eq!(text(&map, 80).lines().count(), 3);
        let rates = [0.0, 0.00028, 0.02, 0.5, 1.0, 12.34, 1234.0, 123456.0].map(rate);
        assert_eq!(rates, ["0/s", "1/h", "1.2/min", "30/min", "1/s", "12.3/s", "1234/s", "123k/s"]);
        assert_eq!(
            [999, 1_500, 12_345_678, 3_000_000_000, 120_000_000_000].map(duration),
            ["999ns", "1.50us", "12.3ms", "3.00s", "2.00min"]
        );
    }
}
