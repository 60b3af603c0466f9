//! A trace as a tree of lines.
//!
//! In: the skeleton of a trace as the API gives it, a width. Out: a line a span: its place in the tree, service and name, when it ran within the trace as a
//! bar, how long. Spans whose parent is not stored stand at the outermost level, marked. Errors are marked by a sign, and in colour
//! where colours are wanted.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;

use serde::Deserialize;
use stdx::human::format_duration;

/// A trace as `GET /api/v1/traces/{id}?fields=skeleton` answers it.
#[derive(Debug, Clone, Deserialize)]
pub struct SkeletonTrace {
    /// Its id.
    pub trace_id: String,
    /// Its spans by start.
    pub spans: Vec<SkeletonSpan>,
}

/// A span of it.
#[derive(Debug, Clone, Deserialize)]
pub struct SkeletonSpan {
    /// Its id.
    pub span_id: String,
    /// Its parent's id.
    pub parent_span_id: Option<String>,
    /// Its service.
    pub service: Option<String>,
    /// Its name.
    pub name: String,
    /// Its kind.
    pub kind: String,
    /// `error`, `ok` or `unset`.
    pub status: String,
    /// Text of the status.
    pub status_message: String,
    /// Digits of nanoseconds since the epoch.
    pub start_time_unix_nano: String,
    /// Nanoseconds.
    pub duration_nano: i64,
}

/// How it is drawn.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns of the terminal, at least 40.
    pub width: usize,
    /// Whether colours are wanted.
    pub colours: bool,
}

const BAR: usize = 16;
const DURATION: usize = 8;
const RED: &str = "\x1b[31m";
const DIM: &str = "\x1b[2m";
const BOLD: &str = "\x1b[1m";
const PLAIN: &str = "\x1b[0m";

impl SkeletonSpan {
    fn start(&self) -> i64 {
        self.start_time_unix_nano.parse().unwrap_or_default()
    }

    fn end(&self) -> i64 {
        self.start().saturating_add(self.duration_nano.max(0))
    }

    fn is_error(&self) -> bool {
        self.status == "error"
    }
}

/// Draws a trace.
pub fn tree(trace: &SkeletonTrace, style: Style) -> String {
    let spans = &trace.spans;
    let start = spans.iter().map(SkeletonSpan::start).min().unwrap_or_default();
    let end = spans.iter().map(SkeletonSpan::end).max().unwrap_or_default();
    let services: HashSet<_> = spans.iter().map(|span| &span.service).collect();
    let errors = spans.iter().filter(|span| span.is_error()).count();
    let mut out = String::new();
    let _ = writeln!(out, "{}", painted(&format!("trace {}", trace.trace_id), BOLD, style));
    let _ = writeln!(
        out,
        "{} - {} - {} - {} - {}",
        model::TimeNs(start).to_string().replace("000000Z", "Z"),
        format_duration(end.saturating_sub(start)),
        counted(spans.len(), "span"),
        counted(services.len(), "service"),
        counted(errors, "error"),
    );
    out.push('\n');
    let mut drawing = Drawing { spans, start, length: end.saturating_sub(start).max(1), style, out };
    for line in lines(spans) {
        drawing.line(&line);
    }
    drawing.out
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn painted(text: &str, colour: &str, style: Style) -> String {
    if style.colours { format!("{colour}{text}{PLAIN}") } else { text.to_owned() }
}

/// One line of the tree.
struct Line {
    span: usize,
    /// What stands before the name of the service.
    lead: String,
    /// The parent is named but not stored.
    orphan: bool,
}

/// The spans in the order of the tree. Each is visited once, also when parents go round in a circle.
fn lines(spans: &[SkeletonSpan]) -> Vec<Line> {
    let mut by_id: HashMap<&str, usize> = HashMap::new();
    for (at, span) in spans.iter().enumerate() {
        by_id.entry(&span.span_id).or_insert(at);
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); spans.len()];
    let mut tops = Vec::new();
    for (at, span) in spans.iter().enumerate() {
        match span.parent_span_id.as_deref().and_then(|id| by_id.get(id)).filter(|parent| **parent != at) {
            Some(parent) => children[*parent].push(at),
            None => tops.push(at),
        }
    }
    let mut seen = vec![false; spans.len()];
    let mut lines = Vec::with_capacity(spans.len());
    // Tops first, then whatever circles of parents leave unvisited.
    for top in tops.into_iter().chain(0..spans.len()) {
        let mut waiting = vec![(top, String::new(), String::new())];
        while let Some((at, lead, below)) = waiting.pop() {
            if std::mem::replace(&mut seen[at], true) {
                continue;
            }
            let named = spans[at].parent_span_id.as_deref();
            let orphan = lead.is_empty() && named.is_some();
            lines.push(Line { span: at, lead, orphan });
            let last = children[at].last().copied();
            for child in children[at].iter().rev() {
                let (turn, gap) =
                    if Some(*child) == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                waiting.push((*child, format!("{below}{turn}"), format!("{below}{gap}")));
            }
        }
    }
    lines
}

struct Drawing<'a> {
    spans: &'a [SkeletonSpan],
    start: i64,
    length: i64,
    style: Style,
    out: String,
}

impl Drawing<'_> {
    fn line(&mut self, line: &Line) {
        let span = &self.spans[line.span];
        let style = self.style;
        let width = style.width.max(40) - BAR - DURATION - 4;
        // A tree deeper than half of the line is cut on its left, so that the name stays readable.
        let lead = cut_left(&line.lead, width / 2);
        let mark = if span.is_error() { "! " } else { "" };
        let orphan = if line.orphan { "? " } else { "" };
        let service = span.service.as_deref().unwrap_or("-");
        let text = cut_right(
            &format!("{service} {}", span.name),
            width - columns(&lead) - mark.len() - orphan.len(),
        );
        let used = columns(&lead) + mark.len() + orphan.len() + columns(&text);
        let pad = " ".repeat(width.saturating_sub(used));
        let text = match text.split_once(' ') {
            _ if span.is_error() => painted(&format!("{mark}{text}"), RED, style),
            Some((service, name)) => format!("{} {name}", painted(service, BOLD, style)),
            None => text,
        };
        let bar = painted(&self.bar(span), if span.is_error() { RED } else { DIM }, style);
        let took = format_duration(span.duration_nano);
        let _ = writeln!(
            self.out,
            "{}{orphan}{text}{pad}  {bar}  {took:>DURATION$}",
            painted(&lead, DIM, style),
        );
        if span.is_error() && !span.status_message.is_empty() {
            let indent = " ".repeat(columns(&lead) + 2);
            let message = span.status_message.lines().next().unwrap_or_default();
            let message = cut_right(message, style.width.max(40).saturating_sub(indent.len()));
            let _ = writeln!(self.out, "{indent}{}", painted(&message, RED, style));
        }
    }

    /// When the span ran, within the time of the whole trace.
    fn bar(&self, span: &SkeletonSpan) -> String {
        let at = |time: i64| {
            let share = time.saturating_sub(self.start) as f64 / self.length as f64;
            ((share * BAR as f64) as usize).min(BAR)
        };
        let first = at(span.start()).min(BAR - 1);
        let last = at(span.end()).max(first + 1);
        (0..BAR).map(|place| if (first..last).contains(&place) { '━' } else { '·' }).collect()
    }
}

/// Columns that a text takes; wide letters of East Asia take two.
pub fn columns(text: &str) -> usize {
    text.chars().map(column_width).sum()
}

fn column_width(letter: char) -> usize {
    match letter as u32 {
        0x1100..=0x115f
        | 0x2e80..=0xa4cf
        | 0xac00..=0xd7a3
        | 0xf900..=0xfaff
        | 0xfe30..=0xfe6f
        | 0xff00..=0xff60
        | 0xffe0..=0xffe6
        | 0x1f300..=0x1faff
        | 0x20000..=0x3fffd => 2,
        _ => 1,
    }
}

/// The text with control signs made visible, cut to so many columns.
pub fn cut_right(text: &str, width: usize) -> String {
    let clean: String =
        text.chars().map(|letter| if letter.is_control() { '\u{fffd}' } else { letter }).collect();
    if columns(&clean) <= width {
        return clean;
    }
    let mut used = 0;
    let kept = clean.chars().take_while(|letter| {
        used += column_width(*letter);
        used < width.max(1)
    });
    format!("{}…", kept.collect::<String>())
}

fn cut_left(text: &str, width: usize) -> String {
    let length = text.chars().count();
    if length <= width {
        text.to_owned()
    } else {
        format!("…{}", text.chars().skip(length + 1 - width).collect::<String>())
    }
}

/// Lines of cells under a line of heads; numbers stand at the right. Each column is at most `cell_max` wide.
pub fn table(heads: &[String], rows: &[Vec<String>], right: &[bool], cell_max: usize) -> String {
    let cut = |cells: &[String]| cells.iter().map(|cell| cut_right(cell, cell_max)).collect::<Vec<_>>();
    let lines: Vec<Vec<String>> =
        std::iter::once(cut(heads)).chain(rows.iter().map(|row| cut(row))).collect();
    let widths: Vec<usize> = (0..heads.len())
        .map(|at| lines.iter().filter_map(|line| line.get(at)).map(|cell| columns(cell)).max().unwrap_or(0))
        .collect();
    let mut out = String::new();
    for line in &lines {
        let mut text = String::new();
        for (at, cell) in line.iter().enumerate() {
            let pad = " ".repeat(widths[at].saturating_sub(columns(cell)));
            let gap = if at > 0 { "  " } else { "" };
            if right.get(at).copied().unwrap_or(false) {
                let _ = write!(text, "{gap}{pad}{cell}");
            } else {
                let _ = write!(text, "{gap}{cell}{pad}");
            }
        }
        out.push_str(text.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn span(
        id: &str,
        parent: Option<&str>,
        service: &str,
        name: &str,
        start_ms: i64,
        length_ms: i64,
    ) -> SkeletonSpan {
        SkeletonSpan {
            span_id: id.to_owned(),
            parent_span_id: parent.map(str::to_owned),
            service: Some(service.to_owned()),
            name: name.to_owned(),
            kind: "server".to_owned(),
            status: "unset".to_owned(),
            status_message: String::new(),
            start_time_unix_nano: (1_767_225_600_000_000_000 + start_ms * 1_000_000).to_string(),
            duration_nano: length_ms * 1_000_000,
        }
    }

    fn check(spans: Vec<SkeletonSpan>, want: Expect) {
        let trace = SkeletonTrace { trace_id: "0af7651916cd43dd8448eb211c80319c".to_owned(), spans };
        let drawn = tree(&trace, Style { width: 80, colours: false });
        assert!(drawn.lines().all(|line| columns(line) <= 80), "{drawn}");
        want.assert_eq(&drawn);
    }

    #[test]
    fn a_trace_is_drawn_within_eighty_columns() {
        let mut failed = span("c", Some("b"), "주문", "조회 \u{1b}[31m", 30, 40);
        failed.status = "error".to_owned();
        failed.status_message = "connection refused\nmore".to_owned();
        check(
            vec![
                span("a", None, "shop", "GET /checkout/with/a/very/long/path/that/does/not/fit", 0, 100),
                span("b", Some("a"), "cart", "load", 10, 80),
                failed,
                span("d", Some("a"), "shop", "render", 95, 5),
                span("e", Some("gone"), "queue", "later", 150, 50),
            ],
            expect![[r#"
                trace 0af7651916cd43dd8448eb211c80319c
                2026-01-01T00:00:00.000Z - 200ms - 5 spans - 4 services - 1 error

                shop GET /checkout/with/a/very/long/path/that/does/…  ━━━━━━━━········     100ms
                ├─ cart load                                          ━━━━━━━·········    80.0ms
                │  └─ ! 주문 조회 �[31m                               ··━━━···········    40.0ms
                        connection refused
                └─ shop render                                        ·······━········    5.00ms
                ? queue later                                         ············━━━━    50.0ms
            "#]],
        );
    }

    #[test]
    fn circles_and_depth_end() {
        check(
            vec![span("a", Some("b"), "s", "one", 0, 1), span("b", Some("a"), "s", "two", 0, 1)],
            expect![[r#"
                trace 0af7651916cd43dd8448eb211c80319c
                2026-01-01T00:00:00.000Z - 1.00ms - 2 spans - 1 service - 0 errors

                ? s one                                               ━━━━━━━━━━━━━━━━    1.00ms
                └─ s two                                              ━━━━━━━━━━━━━━━━    1.00ms
            "#]],
        );
        let chain = (0..200).map(|at| {
            let parent = (at > 0).then(|| format!("{}", at - 1));
            span(&at.to_string(), parent.as_deref(), "s", "deep", at, 200 - at)
        });
        let trace = SkeletonTrace { trace_id: String::new(), spans: chain.collect() };
        let drawn = tree(&trace, Style { width: 80, colours: true });
        assert_eq!(drawn.lines().count(), 203);
    }
}
