//! Spans as they may come: trees with fan-out, retries, links, proxies, shared ids, weights, and sides that are missing.

use std::sync::Arc;

use model::{Attrs, Link, Resource, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId};
use proptest::prelude::*;

/// When everything is received.
pub const NOW_NS: i64 = 1_800_000_000_000_000_000;

/// A small generator for choices that need not shrink.
pub struct Random(pub u64);

impl Random {
    /// A number below `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

/// One span's choices.
#[derive(Debug, Clone)]
pub struct Choice {
    what: u8,
    parent: u8,
    service: u8,
    start_ms: u32,
    duration_ms: u32,
    detail: u16,
    lost: bool,
}

fn choice() -> impl Strategy<Value = Choice> {
    (0u8..14, any::<u8>(), 0u8..4, 0u32..25_000, 0u32..3_000, any::<u16>(), prop::bool::weighted(0.12)).prop_map(
        |(what, parent, service, start_ms, duration_ms, detail, lost)| Choice {
            what,
            parent,
            service,
            start_ms,
            duration_ms,
            detail,
            lost,
        },
    )
}

/// Distinct spans of a few traces.
pub fn spans() -> impl Strategy<Value = Vec<Span>> {
    prop::collection::vec(choice(), 1..60).prop_map(|choices| build(&choices))
}

fn resource(service: u8, proxy: bool) -> Arc<Resource> {
    let mut attributes = Attrs::new();
    attributes.push("service.name", if proxy { format!("s{service}.ns") } else { format!("s{service}") });
    attributes.push("k8s.namespace.name", "ns");
    attributes.push("telemetry.sdk.language", "rust");
    Arc::new(Resource { attributes, ..Resource::default() })
}

fn build(choices: &[Choice]) -> Vec<Span> {
    let mut made: Vec<(Span, u8)> = Vec::new();
    for (n, choice) in choices.iter().enumerate() {
        let parent = match made.len() {
            0 => None,
            len if choice.parent % 8 == 0 => {
                let _ = len;
                None
            }
            // Mostly a recent span, so that chains get long.
            len => Some(&made[len - 1 - (choice.parent as usize / 8) % len.min(6)].0),
        };
        let mut span = span(n, choice, parent);
        decorate(&mut span, choice, &made);
        made.push((span, choice.what));
    }
    made.into_iter().zip(choices).filter(|(_, choice)| !choice.lost).map(|((span, _), _)| span).collect()
}

fn span(n: usize, choice: &Choice, parent: Option<&Span>) -> Span {
    let trace_id = parent.map_or_else(
        || {
            let mut id = [7; 16];
            id[15] = n as u8;
            TraceId(id)
        },
        |parent| parent.trace_id,
    );
    let mut span_id = [1; 8];
    span_id[7] = n as u8;
    Span {
        trace_id,
        span_id: SpanId(span_id),
        parent_span_id: parent.map(|parent| parent.span_id),
        name: format!("n{}", choice.detail % 5).into(),
        start: TimeNs(NOW_NS - 30_000_000_000 + i64::from(choice.start_ms) * 1_000_000),
        duration_nano: i64::from(choice.duration_ms) * 1_000_003,
        status_code: if choice.detail % 7 == 0 { StatusCode::ERROR } else { StatusCode::UNSET },
        trace_state: if choice.detail % 11 == 0 { "ot=th:8".into() } else { "".into() },
        resource: resource(choice.service, false),
        received: TimeNs(NOW_NS),
        ..Span::default()
    }
}

fn decorate(span: &mut Span, choice: &Choice, made: &[(Span, u8)]) {
    let detail = i64::from(choice.detail);
    let http = |span: &mut Span| {
        span.attributes.push("http.request.method", "GET");
        span.attributes.push("http.response.status_code", [200, 404, 500][choice.detail as usize % 3]);
        if detail % 4 == 0 {
            span.attributes.push("http.response.body.size", detail);
        }
        if detail % 9 == 0 {
            span.attributes.push("http.request.resend_count", 1);
        }
    };
    match choice.what {
        0 | 1 => span.kind = SpanKind::INTERNAL,
        2 | 3 => {
            span.kind = SpanKind::SERVER;
            http(span);
            span.attributes.push("http.route", format!("/r{}", detail % 3));
        }
        4 | 5 => {
            span.kind = SpanKind::CLIENT;
            http(span);
            span.attributes.push("server.address", format!("h{}", detail % 3));
        }
        6 => {
            span.kind = SpanKind::CLIENT;
            span.attributes.push("db.system", "postgresql");
            span.attributes.push("db.statement", if detail % 2 == 0 { "SELECT 1" } else { "BEGIN" });
        }
        7 | 8 => {
            span.kind = if choice.what == 7 { SpanKind::PRODUCER } else { SpanKind::CONSUMER };
            span.attributes.push("messaging.system", "kafka");
            span.attributes.push("messaging.destination.name", "topic");
            if choice.what == 8 {
                let producers = made.iter().filter(|(_, what)| *what == 7);
                let linked = producers.filter(|(other, _)| Some(other.span_id) != span.parent_span_id);
                let linked: Vec<Link> = linked
                    .take(1 + choice.detail as usize % 3)
                    .map(|(other, _)| Link { trace_id: other.trace_id, span_id: other.span_id, ..Link::default() })
                    .collect();
                span.links = linked;
            }
        }
        9 | 10 | 11 => {
            span.kind = if choice.what == 9 { SpanKind::CLIENT } else { SpanKind::SERVER };
            http(span);
            span.resource = resource(choice.service, true);
            span.attributes.push("component", "proxy");
            let kind = if choice.what == 11 && detail % 2 == 0 { "router" } else { "sidecar" };
            span.attributes.push("node_id", format!("{kind}~10.0.0.1~s{}-abc.ns~ns.svc.cluster.local", choice.service));
            span.attributes.push("response_flags", if detail % 3 == 0 { "UF,URX" } else { "-" });
        }
        12 => {
            span.kind = SpanKind::SERVER;
            http(span);
            let clients = made.iter().rev().filter(|(_, what)| matches!(what, 4 | 5 | 9));
            let twin = clients.map(|(span, _)| span).find(|twin| twin.resource != span.resource);
            if let Some(twin) = twin {
                span.trace_id = twin.trace_id;
                span.span_id = twin.span_id;
                span.parent_span_id = twin.parent_span_id;
                span.attributes.push("zipkin.shared", true);
            }
        }
        _ => {
            span.kind = SpanKind::CLIENT;
            span.attributes.push("messaging.system", "kafka");
            span.attributes.push("messaging.operation", "receive");
        }
    }
}
