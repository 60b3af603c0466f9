//! Proxies' chains as Envoy and Istio emit them, and spans as nobody should send them.

use std::fmt::Write;
use std::sync::Arc;

use expect_test::{Expect, expect};
use model::{Attrs, Resource, Span, SpanId, SpanKind, TimeNs, TraceId};
use topology::aggregate::Delta;
use topology::pending::Limits;
use topology::{Aggregator, EdgeKind, Options};

const NOW_NS: i64 = 1_800_000_000_000_000_000;

/// A span from `id parent kind service [key=value ...]`, ids as hexadecimal bytes, `-` for none.
fn span(line: &str) -> Span {
    let mut words = line.split_whitespace();
    let mut word = || words.next().expect("a word");
    let id = |text: &str| {
        let byte = u8::from_str_radix(text, 16).ok()?;
        Some(SpanId([0, 0, 0, 0, 0, 0, 0, byte]))
    };
    let (own, parent, kind, service) = (word(), word(), word(), word());
    let mut attributes = Attrs::new();
    for pair in words {
        let (key, value) = pair.split_once('=').expect("key=value");
        match value.parse::<i64>() {
            Ok(number) => attributes.push(key, number),
            Err(_) => attributes.push(key, value),
        }
    }
    Span {
        trace_id: TraceId([9; 16]),
        span_id: id(own).unwrap_or_default(),
        parent_span_id: id(parent),
        kind: SpanKind::from_name(kind).expect("a kind"),
        start: TimeNs(NOW_NS - 1_000_000_000),
        duration_nano: 1_000_000,
        received: TimeNs(NOW_NS),
        attributes,
        resource: Arc::new(Resource {
            attributes: Attrs::from_iter([("service.name", service)]),
            ..Resource::default()
        }),
        ..Span::default()
    }
}

/// Edges as lines `kind layer caller -> called (peer) calls`, in every order of arrival that a rotation gives.
fn check(lines: &str, wanted: Expect) {
    let spans: Vec<Span> = lines.trim().lines().map(span).collect();
    let mut texts = Vec::new();
    for turn in 0..spans.len() {
        let mut turned = spans.clone();
        turned.rotate_left(turn);
        for spans in [turned.clone(), turned.into_iter().rev().collect()] {
            let mut aggregator = Aggregator::new(Options::default());
            spans.iter().for_each(|span| aggregator.ingest_span(span, NOW_NS));
            texts.push(print(&aggregator.cut()));
        }
    }
    assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "order matters");
    wanted.assert_eq(&texts[0]);
}

fn print(delta: &Delta) -> String {
    let name = |id| delta.entities.iter().find(|row| row.id == id).map_or("-", |row| &*row.entity.service);
    let mut lines = Vec::new();
    for row in delta.edges.iter().filter(|row| row.key.kind != EdgeKind::Parent) {
        let peer = delta.peers.iter().find(|peer| peer.id == row.key.peer);
        let peer = peer.map_or_else(String::new, |row| format!(" ({}:{})", row.peer.host, row.peer.port));
        let key = &row.key;
        let (kind, layer, calls) = (key.kind.as_str(), key.layer.as_str(), row.sums.calls);
        lines.push(format!("{kind} {layer} {} -> {}{peer} {calls}", name(key.src), name(key.dst)));
    }
    lines.sort();
    let mut text = String::new();
    lines.iter().for_each(|line| writeln!(text, "{line}").expect("a text"));
    text
}

#[test]
fn sidecars_on_both_sides() {
    check(
        "
        01 -  client   shop     http.request.method=GET server.address=cart
        02 01 client   shop.ns  component=proxy node_id=sidecar~10.0.0.1~shop-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local upstream_cluster=outbound|80||cart.ns.svc.cluster.local
        03 02 server   cart.ns  component=proxy node_id=sidecar~10.0.0.2~cart-7d9f8b6c5-x07kz.ns~ns.svc.cluster.local upstream_cluster=inbound|8080||
        04 03 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app shop -> - (cart:0) 1
            a proxy shop -> - (cart.ns.svc.cluster.local:80) 1
            am app shop -> - (cart:0) 1
            am proxy shop -> - (cart.ns.svc.cluster.local:80) 1
            b app - -> cart 1
            b proxy - -> cart 1
            bm app - -> cart 1
            bm proxy - -> cart 1
            m app shop -> cart (cart:0) 1
            m proxy shop -> cart (cart.ns.svc.cluster.local:80) 1
        "#]],
    );
}

#[test]
fn a_sidecar_on_one_side() {
    check(
        "
        01 -  client   shop     http.request.method=GET server.address=cart
        03 01 server   cart.ns  component=proxy node_id=sidecar~10.0.0.2~cart-7d9f8b6c5-x07kz.ns~ns.svc.cluster.local
        04 03 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app shop -> - (cart:0) 1
            am app shop -> - (cart:0) 1
            b app - -> cart 1
            b proxy - -> cart 1
            bm app - -> cart 1
            m app shop -> cart (cart:0) 1
        "#]],
    );
}

#[test]
fn zipkin_ids_that_proxies_share() {
    check(
        "
        01 -  client   shop     http.request.method=GET server.address=cart
        02 01 client   shop.ns  component=proxy node_id=sidecar~10.0.0.1~shop-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local
        02 01 server   cart.ns  component=proxy zipkin.shared=true node_id=sidecar~10.0.0.2~cart-7d9f8b6c5-x07kz.ns~ns.svc.cluster.local
        04 02 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app shop -> - (cart:0) 1
            a proxy shop -> - 1
            am app shop -> - (cart:0) 1
            am proxy shop -> - 1
            b app - -> cart 1
            b proxy - -> cart 1
            bm app - -> cart 1
            bm proxy - -> cart 1
            m app shop -> cart (cart:0) 1
            m proxy shop -> cart 1
        "#]],
    );
}

#[test]
fn a_gateway_is_a_node() {
    check(
        "
        01 -  server   gw.ns    component=proxy node_id=router~10.0.0.1~gw-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local
        02 01 client   gw.ns    component=proxy node_id=router~10.0.0.1~gw-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local upstream_cluster=outbound|80||cart.ns.svc.cluster.local
        03 02 server   cart.ns  component=proxy node_id=sidecar~10.0.0.2~cart-7d9f8b6c5-x07kz.ns~ns.svc.cluster.local
        04 03 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app gw -> - (cart.ns.svc.cluster.local:80) 1
            a proxy gw -> - (cart.ns.svc.cluster.local:80) 1
            am app gw -> - (cart.ns.svc.cluster.local:80) 1
            am proxy gw -> - (cart.ns.svc.cluster.local:80) 1
            b app - -> cart 1
            b app - -> gw 1
            b proxy - -> cart 1
            b proxy - -> gw 1
            bm app - -> cart 1
            bm proxy - -> cart 1
            m app gw -> cart (cart.ns.svc.cluster.local:80) 1
            m proxy gw -> cart (cart.ns.svc.cluster.local:80) 1
        "#]],
    );
}

#[test]
fn through_a_waypoint() {
    check(
        "
        01 -  client   shop     http.request.method=GET server.address=cart
        02 01 server   way.ns   component=proxy node_id=waypoint~10.0.0.1~way-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local
        03 02 client   way.ns   component=proxy node_id=waypoint~10.0.0.1~way-7d9f8b6c5-x07kq.ns~ns.svc.cluster.local upstream_cluster=outbound|80||cart.ns.svc.cluster.local
        04 03 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app shop -> - (cart:0) 1
            a proxy way -> - (cart.ns.svc.cluster.local:80) 1
            am app shop -> - (cart:0) 1
            b app - -> cart 1
            b proxy - -> way 1
            bm app - -> cart 1
            m app shop -> cart (cart:0) 1
        "#]],
    );
}

#[test]
fn retries_and_hedges_are_calls_of_their_own() {
    check(
        "
        01 -  client   shop     http.request.method=GET server.address=cart
        02 -  client   shop     http.request.method=GET server.address=cart http.request.resend_count=1
        03 02 server   cart     http.request.method=GET
        04 02 server   cart     http.request.method=GET
        ",
        expect![[r#"
            a app shop -> - (cart:0) 2
            am app shop -> - (cart:0) 1
            b app - -> cart 2
            bm app - -> cart 2
            m app shop -> cart (cart:0) 2
        "#]],
    );
}

#[test]
fn circles_end() {
    check(
        "
        01 02 client   a.ns  component=proxy node_id=sidecar~~p.ns~
        02 01 server   a.ns  component=proxy node_id=sidecar~~p.ns~
        03 03 client   b     server.address=x
        04 03 server   c
        ",
        expect![[r#"
            a app b -> - (x:0) 1
            a proxy a -> - 1
            am app b -> - (x:0) 1
            am proxy a -> - 1
            b app - -> c 1
            b proxy - -> a 1
            bm app - -> c 1
            bm proxy - -> a 1
            m app b -> c (x:0) 1
            m proxy a -> a 1
        "#]],
    );
}

fn calls(delta: &Delta, kind: EdgeKind) -> i64 {
    delta.edges.iter().filter(|row| row.key.kind == kind).map(|row| row.sums.calls).sum()
}

#[test]
fn ids_of_zeros_pair_with_nothing_and_count_once() {
    let mut aggregator = Aggregator::new(Options::default());
    for n in 0..3 {
        let zero = Span { trace_id: TraceId::ZERO, start: TimeNs(NOW_NS - n), ..span("01 - client a server.address=x") };
        let none = Span { start: TimeNs(NOW_NS - n), ..span("00 01 server b") };
        for span in [&zero, &none, &zero, &none] {
            aggregator.ingest_span(span, NOW_NS);
        }
    }
    let delta = aggregator.cut();
    assert_eq!((calls(&delta, EdgeKind::Client), calls(&delta, EdgeKind::Server)), (3, 3));
    assert_eq!(calls(&delta, EdgeKind::Pair), 0);
    assert_eq!(aggregator.counters()["duplicates"], 6);
}

#[test]
fn clocks_that_are_wrong() {
    let mut aggregator = Aggregator::new(Options::default());
    let hour = 3_600_000_000_000;
    let mut client = span("01 - client a server.address=x");
    let mut server = span("02 01 server b");
    server.start = TimeNs(client.start.0 - hour);
    client.duration_nano = -5;
    let mut future = span("03 - client a server.address=x");
    future.start = TimeNs(i64::MAX);
    future.duration_nano = i64::MAX;
    let mut past = span("04 - client a server.address=x");
    past.start = TimeNs(i64::MIN);
    past.duration_nano = i64::MIN;
    for span in [&server, &future, &client, &past] {
        aggregator.ingest_span(span, NOW_NS);
    }
    let delta = aggregator.cut();
    assert_eq!(calls(&delta, EdgeKind::Pair), 1);
    let pair = delta.edges.iter().find(|row| row.key.kind == EdgeKind::Pair).expect("the pair");
    assert_eq!((pair.sums.skew_us, pair.sums.skewed, pair.sums.network.zero), (-3_600_000_000, 1, 1));
    assert!(delta.edges.iter().all(|row| row.bucket_ns >= NOW_NS - 2 * hour && row.bucket_ns <= NOW_NS));
    assert_eq!(calls(&delta, EdgeKind::Client), 3);
}

fn numbered(n: u32, parent: Option<u32>, kind: SpanKind) -> Span {
    let id = |n: u32| SpanId((u64::from(n) + 1).to_be_bytes());
    let mut span = span("01 - internal a");
    span.span_id = id(n);
    span.parent_span_id = parent.map(id);
    span.kind = kind;
    span
}

#[test]
fn a_trace_of_a_hundred_thousand_spans() {
    let mut aggregator = Aggregator::new(Options::default());
    for n in (1..100_000u32).rev() {
        aggregator.ingest_span(&numbered(n, Some(n / 2), SpanKind::INTERNAL), NOW_NS);
    }
    aggregator.ingest_span(&numbered(0, None, SpanKind::SERVER), NOW_NS);
    assert_eq!(calls(&aggregator.cut(), EdgeKind::Parent), 99_999);
}

#[test]
fn one_call_answered_by_ten_thousand() {
    for client_first in [true, false] {
        let mut aggregator = Aggregator::new(Options::default());
        if client_first {
            aggregator.ingest_span(&numbered(0, None, SpanKind::CLIENT), NOW_NS);
        }
        for n in 1..=10_000 {
            aggregator.ingest_span(&numbered(n, Some(0), SpanKind::SERVER), NOW_NS);
        }
        if !client_first {
            aggregator.ingest_span(&numbered(0, None, SpanKind::CLIENT), NOW_NS);
        }
        let delta = aggregator.cut();
        assert_eq!(calls(&delta, EdgeKind::Pair), 10_000);
        assert_eq!((calls(&delta, EdgeKind::ClientMatched), calls(&delta, EdgeKind::ServerMatched)), (1, 10_000));
    }
}

#[test]
fn many_spans_with_one_id_do_not_multiply() {
    let mut aggregator = Aggregator::new(Options::default());
    for n in 0..5_000 {
        let mut client = numbered(0, None, SpanKind::CLIENT);
        client.start = TimeNs(client.start.0 + n);
        aggregator.ingest_span(&client, NOW_NS);
        let mut server = numbered(1 + n as u32, Some(0), SpanKind::SERVER);
        server.start = TimeNs(server.start.0 + n);
        aggregator.ingest_span(&server, NOW_NS);
    }
    assert!(aggregator.counters()["owners_over"] > 0);
    assert!(calls(&aggregator.cut(), EdgeKind::Pair) <= 16 * 5_000);
}

#[test]
fn memory_stays_below_the_cap() {
    let pending = Limits { bytes_max: 2 << 20, ..Limits::default() };
    let mut aggregator = Aggregator::new(Options { pending, ..Options::default() });
    for n in 0..100_000u32 {
        aggregator.ingest_span(&numbered(n, Some(n + 1_000_000), SpanKind::SERVER), NOW_NS);
    }
    assert!(aggregator.pending_bytes() < (2 << 20) + (1 << 20), "{}", aggregator.pending_bytes());
    assert!(aggregator.counters()["evicted"] > 0);
    let delta = aggregator.cut();
    assert!(!delta.dirty.is_empty());
    assert_eq!(calls(&delta, EdgeKind::Server), 100_000);
}

#[test]
fn names_beyond_a_cap_are_one() {
    let mut options = Options::default();
    options.caps.operations_per_service = 10;
    let mut aggregator = Aggregator::new(options);
    for n in 0..100 {
        let mut span = numbered(n, None, SpanKind::INTERNAL);
        span.name = format!("name {n}").into();
        aggregator.ingest_span(&span, NOW_NS);
    }
    assert_eq!(aggregator.counters()["operations_over"], 90);
    let delta = aggregator.cut();
    assert_eq!(delta.operations.len(), 11);
    let other = delta.operations.iter().find(|row| &*row.key.name == topology::aggregate::OTHER);
    assert_eq!(other.map(|row| row.sums.calls), Some(90));
}

#[test]
fn halves_leave_after_the_window_and_what_comes_later_is_marked() {
    let mut aggregator = Aggregator::new(Options::default());
    let second = 1_000_000_000;
    aggregator.ingest_span(&span("02 01 server b"), NOW_NS);
    aggregator.advance(NOW_NS + 61 * second);
    assert_eq!(aggregator.pending_len(), 0);
    let late = span("01 - client a server.address=x");
    aggregator.ingest_span(&late, NOW_NS + 120 * second);
    let delta = aggregator.cut();
    assert_eq!((calls(&delta, EdgeKind::Pair), calls(&delta, EdgeKind::Client)), (0, 1));
    assert!(delta.late_traces.contains(&late.trace_id));
}
