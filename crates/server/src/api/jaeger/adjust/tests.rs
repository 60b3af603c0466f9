//! Spans in, adjusted spans out.

use super::*;
use model::{Resource, Span, SpanKind, TimeNs, TraceId};

/// A span from `id parent kind start end host`; `-` is no parent.
fn span(line: &str) -> Span {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [id, parent, kind, start, end, host] = words[..] else { panic!("six words: {line}") };
    let id_of = |text: &str| SpanId(text.parse::<u64>().expect("a number").to_be_bytes());
    let number = |text: &str| text.parse::<i64>().expect("a number");
    let attributes = [("host.name", host)].into_iter().collect();
    Span {
        span_id: id_of(id),
        parent_span_id: (parent != "-").then(|| id_of(parent)),
        kind: SpanKind::from_name(kind).expect("a kind"),
        start: TimeNs(number(start)),
        duration_nano: number(end) - number(start),
        resource: Arc::new(Resource { attributes, ..Resource::default() }),
        ..Span::default()
    }
}

/// `id<parent: warnings` a line after adjusting.
fn check(spans: &str, want: &str) {
    let spans = spans.lines().map(str::trim).filter(|line| !line.is_empty()).map(span).collect();
    let mut trace = Trace::assemble(TraceId([1; 16]), spans);
    adjust(&mut trace);
    let mut got = String::new();
    for placed in &trace.spans {
        let number = |id: SpanId| u64::from_be_bytes(id.0);
        let parent = placed.span.parent_span_id.map_or(0, number);
        got += &format!("{}<{parent}: {}\n", number(placed.span.span_id), placed.warnings.join(" | "));
    }
    let want: String = want
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .fold(String::new(), |all, line| all + line + "\n");
    assert_eq!(got.replace(": \n", ":\n"), want);
}

#[test]
fn shared_ids_of_client_and_server_are_parted() {
    check(
        "10 - server 0 100 a
         20 10 client 10 90 a
         20 10 server 20 80 a
         30 20 internal 30 40 a",
        "10<0:
         20<10:
         1<20:
         30<1:",
    );
}

#[test]
fn a_shifted_clock_is_told_all_the_way_down() {
    check(
        "1 - server 1000 2000 a
         2 1 client 1100 1900 a
         3 2 server 100 500 b
         4 3 internal 200 300 b",
        "3<2: clock skew adjustment disabled; not applying calculated delta of 1.2µs
         4<3: clock skew adjustment disabled; not applying calculated delta of 1.2µs
         1<0:
         2<1:",
    );
}

#[test]
fn orphans_cycles_and_doubled_ids() {
    check(
        "1 9 server 0 10 a
         2 3 internal 1 2 a
         3 2 internal 2 3 a
         4 4 internal 3 4 a
         5 - internal 4 5 a
         5 - internal 5 9 a
         5 - internal 5 9 a",
        "1<9: parent span ID=0000000000000009 is not in the trace; skipping clock skew adjustment
         2<3:
         3<2:
         4<4:
         5<0:
         5<0: duplicate span IDs; skipping clock skew adjustment",
    );
}

#[test]
fn attributes_move_and_addresses_get_dots() {
    let mut one = span("1 - server 0 9 a");
    one.attributes = [
        ("telemetry.sdk.name", AttrValue::from("otel")),
        ("peer.ipv4", AttrValue::from(23456)),
        ("ip", AttrValue::from("as sent")),
    ]
    .into_iter()
    .collect();
    one.links = vec![Link::default(), Link { trace_id: TraceId([1; 16]), ..Link::default() }];
    let mut two = span("2 1 server 1 2 a");
    two.attributes = [("telemetry.sdk.name", "another")].into_iter().collect();
    let mut trace = Trace::assemble(TraceId([1; 16]), vec![one, two]);
    adjust(&mut trace);
    let text = |attrs: &Attrs| model::attr_json::write::attrs_to_string(attrs);
    assert_eq!(text(&trace.resources[0].attributes), r#"{"host.name":"a","telemetry.sdk.name":"otel"}"#);
    assert_eq!(text(&trace.spans[0].span.attributes), r#"{"ip":"as sent","peer.ipv4":"0.0.91.160"}"#);
    assert_eq!(trace.spans[0].warnings, ["Invalid span link removed"]);
    assert_eq!(trace.spans[0].span.links.len(), 1);
    assert_eq!(
        trace.spans[1].warnings,
        ["conflicting values between Span and Resource for attribute telemetry.sdk.name"]
    );
}

#[test]
fn a_chain_and_a_crowd_of_a_hundred_thousand_spans() {
    let chain = |id: u64| Span {
        span_id: SpanId(id.to_be_bytes()),
        parent_span_id: (id > 1).then(|| SpanId((id - 1).to_be_bytes())),
        start: TimeNs(id as i64),
        duration_nano: 1,
        ..Span::default()
    };
    let mut spans: Vec<Span> = (1..=50_000).map(chain).collect();
    // As many spans again under one id, all different: what is quadratic here would never end.
    spans.extend((0..50_000).map(|start| Span { start: TimeNs(start), ..chain(1) }));
    let mut trace = Trace::assemble(TraceId([1; 16]), spans);
    adjust(&mut trace);
    assert_eq!(trace.spans.len(), 99_999, "one of the crowd is the chain's first span");
}
