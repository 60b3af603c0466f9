//! Traces as a busy shop sends them, for measuring: 30 services with 3 pods each, 60 kinds of traces of 5 to
//! 60 spans, about 15 attributes and 11 resource attributes a span, requests of 512 spans in which 64
//! concurrent traces interleave, children before parents. Random where real data is random: ids, times, durations,
//! users, addresses, ports, sizes. The same seed gives the same spans.

use std::sync::Arc;

use model::{Attrs, Event, Resource, Scope, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId};

const SERVICES: [&str; 30] = [
    "frontend",
    "checkout",
    "cart",
    "catalog",
    "currency",
    "payment",
    "shipping",
    "email",
    "ads",
    "recommend",
    "search",
    "review",
    "inventory",
    "pricing",
    "tax",
    "loyalty",
    "auth",
    "session",
    "profile",
    "notify",
    "fraud",
    "ledger",
    "invoice",
    "warehouse",
    "router",
    "image",
    "feature",
    "geo",
    "audit",
    "gateway",
];
const SPANS_A_REQUEST: usize = 512;
const CONCURRENT: usize = 64;
const HOUR_NS: u64 = 3_600_000_000_000;
const BEGIN_NS: u64 = 1_790_000_000_000_000_000;

/// A small generator of pseudo-random numbers (splitmix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

#[derive(Clone)]
struct Step {
    parent: Option<usize>,
    service: usize,
    kind: i32,
    operation: usize,
    base_ns: u64,
}

fn templates(random: &mut Random) -> Vec<Vec<Step>> {
    let template = |at: usize, random: &mut Random| {
        let len = 5 + at * 55 / 59;
        let mut steps: Vec<Step> = Vec::with_capacity(len);
        for n in 0..len {
            let parent = (n > 0).then(|| n - 1 - random.below(n.min(4) as u64) as usize);
            let (kind, service) = match parent.map(|p| (steps[p].kind, steps[p].service)) {
                None => (2, random.below(30) as usize),
                Some((3 | 4, _)) => (if random.below(8) == 0 { 5 } else { 2 }, random.below(30) as usize),
                Some((_, service)) => ([1, 3, 3, 3, 1, 4][random.below(6) as usize], service),
            };
            let base_ns = parent.map_or(400_000_000, |p| steps[p].base_ns * 6 / 10);
            let operation = random.below(12) as usize;
            steps.push(Step { parent, service, kind, operation, base_ns });
        }
        steps
    };
    (0..60).map(|at| template(at, random)).collect()
}

/// Requests with at least `count` spans in all.
pub fn requests(seed: u64, count: usize) -> Vec<Vec<Span>> {
    let mut random = Random(seed);
    let templates = templates(&mut random);
    let resources: Vec<Arc<Resource>> = (0..90).map(|at| resource(at / 3, at % 3, &mut random)).collect();
    let scopes: Vec<Arc<Scope>> = ["http", "grpc", "sql", "kafka"]
        .iter()
        .map(|name| {
            Arc::new(Scope {
                name: format!("io.opentelemetry.{name}-1.0").into(),
                version: "2.11.0-alpha".into(),
                ..Scope::default()
            })
        })
        .collect();
    let traces = count.div_ceil(32).max(1) as u64;
    let mut open: Vec<Vec<Span>> = Vec::new();
    let (mut out, mut request, mut made, mut number) = (Vec::new(), Vec::new(), 0, 0);
    while made < count || !open.is_empty() {
        while made < count && open.len() < CONCURRENT {
            let at = BEGIN_NS + number * (HOUR_NS / traces) + random.below(HOUR_NS / traces);
            let template = &templates[random.below(60) as usize];
            let spans = trace(template, at, number, &resources, &scopes, &mut random);
            made += spans.len();
            number += 1;
            open.push(spans);
        }
        let pick = random.below(open.len() as u64) as usize;
        let take = 1 + random.below(3) as usize;
        for _ in 0..take {
            // The last span of the template is the deepest: children come first.
            match open[pick].pop() {
                Some(mut span) => {
                    span.received = TimeNs((BEGIN_NS + HOUR_NS + out.len() as u64 * 7_000_123) as i64);
                    request.push(span);
                }
                None => break,
            }
        }
        if open[pick].is_empty() {
            open.swap_remove(pick);
        }
        if request.len() >= SPANS_A_REQUEST {
            out.push(std::mem::take(&mut request));
        }
    }
    if !request.is_empty() {
        out.push(request);
    }
    for request in &mut out {
        // A sender groups by resource and scope.
        request.sort_by_key(|span| (Arc::as_ptr(&span.resource) as usize, Arc::as_ptr(&span.scope) as usize));
    }
    out
}

fn resource(service: usize, pod: usize, random: &mut Random) -> Arc<Resource> {
    let name = SERVICES[service];
    let hash = random.next();
    let attributes: Attrs = [
        ("service.name", name.to_owned()),
        ("service.namespace", "shop".to_owned()),
        ("service.version", format!("1.{service}.{}", hash % 7)),
        (
            "service.instance.id",
            format!("{:08x}-{:04x}-4{:03x}", hash as u32, hash >> 48, hash >> 32 & 0xfff),
        ),
        ("deployment.environment.name", "production".to_owned()),
        ("k8s.cluster.name", "eu-west-1a".to_owned()),
        ("k8s.namespace.name", "shop".to_owned()),
        ("k8s.deployment.name", name.to_owned()),
        ("k8s.pod.name", format!("{name}-{:09x}-{:05x}", hash >> 28, random.below(1 << 20) + pod as u64)),
        ("host.name", format!("node-{}", hash % 12)),
        ("telemetry.sdk.language", ["java", "go", "python"][service % 3].to_owned()),
    ]
    .into_iter()
    .collect();
    Arc::new(Resource { attributes, ..Resource::default() })
}

fn trace(
    steps: &[Step],
    at: u64,
    number: u64,
    resources: &[Arc<Resource>],
    scopes: &[Arc<Scope>],
    random: &mut Random,
) -> Vec<Span> {
    let mut id = [0; 16];
    id[..8].copy_from_slice(&random.next().to_be_bytes());
    id[8..].copy_from_slice(&random.next().to_be_bytes());
    let user = random.below(200_000);
    let order = random.below(10_000_000);
    let fails = number % 50 == 7;
    let slow = if number % 2000 == 11 { 8 } else { 1 };
    let mut spans: Vec<Span> = Vec::with_capacity(steps.len());
    let mut pods: Vec<usize> = Vec::with_capacity(steps.len());
    for (n, step) in steps.iter().enumerate() {
        let parent =
            step.parent.map(|p| (spans[p].span_id, spans[p].start.0 as u64, spans[p].duration_nano as u64));
        let (start, limit) = match parent {
            None => (at, u64::MAX),
            Some((_, start, len)) => (start + random.below(len / 3 + 1), len * 9 / 10),
        };
        let duration =
            (step.base_ns * slow * (60 + random.below(80)) / 100 + random.below(100_000)).min(limit);
        // A span of the same service runs in the pod of its parent.
        let inherited = step.parent.filter(|p| steps[*p].service == step.service).map(|p| pods[p]);
        let pod = inherited.unwrap_or_else(|| random.below(3) as usize);
        pods.push(pod);
        let error = fails && n + 2 > steps.len();
        let (name, attributes, scope) = attributes(step, n, user, order, error, number, random);
        spans.push(Span {
            trace_id: TraceId(id),
            span_id: SpanId(random.next().to_be_bytes()),
            parent_span_id: parent.map(|(id, ..)| id),
            name: name.into(),
            kind: SpanKind(step.kind),
            start: TimeNs(start as i64),
            duration_nano: duration as i64,
            status_code: if error { StatusCode::ERROR } else { StatusCode::UNSET },
            flags: 0x101,
            attributes,
            events: if error { vec![exception(start + duration / 2, order)] } else { Vec::new() },
            resource: Arc::clone(&resources[step.service * 3 + pod]),
            scope: Arc::clone(&scopes[scope]),
            ..Span::default()
        });
    }
    spans
}

fn exception(at: u64, order: u64) -> Event {
    let frames: String = (0..12)
        .map(|n| format!("\tat com.example.shop.payment.Step{n}.run(Step{n}.java:{})\n", 40 + 3 * n))
        .collect();
    Event {
        time: TimeNs(at as i64),
        name: "exception".into(),
        attributes: [
            ("exception.type", "java.util.concurrent.TimeoutException".to_owned()),
            ("exception.message", format!("order {order} timed out after 3000 ms")),
            ("exception.stacktrace", format!("java.util.concurrent.TimeoutException\n{frames}")),
        ]
        .into_iter()
        .collect(),
        ..Event::default()
    }
}

/// Name, attributes and number of the scope.
fn attributes(
    step: &Step,
    n: usize,
    user: u64,
    order: u64,
    error: bool,
    number: u64,
    random: &mut Random,
) -> (String, Attrs, usize) {
    let mut attrs = Attrs::new();
    let resource = ["orders", "users", "items", "carts", "prices", "stock"][step.operation % 6];
    let action = ["get", "list", "update", "create"][step.operation % 4];
    let status: i64 = if error { 500 } else { 200 };
    let peer = |random: &mut Random| format!("10.4.{}.{}", random.below(4), random.below(64));
    let (name, scope) = match step.kind {
        2 => {
            let method = ["GET", "POST", "PUT"][step.operation % 3];
            attrs.push("http.request.method", method);
            attrs.push("http.route", format!("/api/v1/{resource}/{{id}}/{action}"));
            attrs.push("url.path", format!("/api/v1/{resource}/{order}/{action}"));
            attrs.push("url.scheme", "http");
            attrs.push("http.response.status_code", status);
            attrs.push("client.address", peer(random));
            attrs.push("server.address", format!("{}.shop.svc", SERVICES[step.service]));
            attrs.push("server.port", 8080);
            attrs.push("user_agent.original", format!("shop-client/2.{} (linux; amd64)", step.operation % 5));
            attrs.push("network.protocol.version", "1.1");
            attrs.push("user.id", format!("user-{user:06}"));
            attrs.push("http.response.body.size", random.below(40_000) as i64);
            attrs.push("thread.id", random.below(64) as i64);
            attrs.push("thread.name", format!("http-nio-8080-exec-{}", random.below(64)));
            (format!("{method} /api/v1/{resource}/{{id}}/{action}"), 0)
        }
        3 if step.operation % 2 == 0 => {
            attrs.push("db.system", "postgresql");
            attrs.push("db.name", resource);
            attrs.push("db.statement", format!("SELECT id, name, price FROM {resource} WHERE {action}_id = $1 AND shop = $2 ORDER BY id LIMIT 50"));
            attrs.push("db.operation", "SELECT");
            attrs.push("db.sql.table", resource);
            attrs.push("db.user", "shop_rw");
            attrs.push("net.peer.name", format!("pg-{resource}.shop.svc"));
            attrs.push("net.peer.port", 5432);
            attrs.push("net.sock.peer.addr", format!("10.9.0.{}", step.operation));
            attrs.push("db.rows_returned", random.below(50) as i64);
            attrs.push("db.pool.wait_ms", random.below(2_000) as f64 / 100.0);
            attrs.push("db.connection_id", random.below(40) as i64);
            attrs.push("thread.id", random.below(64) as i64);
            attrs.push("thread.name", format!("pool-{}", random.below(16)));
            (format!("SELECT {resource}"), 2)
        }
        3 => {
            attrs.push("http.request.method", "GET");
            attrs.push(
                "url.full",
                format!("http://{resource}.shop.svc:8080/api/v1/{resource}/{order}/{action}"),
            );
            attrs.push("server.address", format!("{resource}.shop.svc"));
            attrs.push("server.port", 8080);
            attrs.push("http.response.status_code", status);
            attrs.push("network.peer.address", peer(random));
            attrs.push("network.peer.port", 30_000 + random.below(2_000) as i64);
            attrs.push("network.protocol.version", "1.1");
            attrs.push("peer.service", resource);
            attrs.push("user_agent.original", "okhttp/4.12.0");
            attrs.push("http.request.resend_count", 0);
            attrs.push("http.request.body.size", random.below(4_000) as i64);
            attrs.push("thread.id", random.below(64) as i64);
            attrs.push("thread.name", format!("OkHttp-{}", random.below(32)));
            ("GET".to_owned(), 0)
        }
        4 | 5 => {
            attrs.push("messaging.system", "kafka");
            attrs.push("messaging.destination.name", format!("{resource}-events"));
            attrs.push("messaging.operation.type", if step.kind == 4 { "publish" } else { "process" });
            attrs.push("messaging.kafka.message.offset", (number * 3 + random.below(3)) as i64);
            attrs.push("messaging.destination.partition.id", random.below(12).to_string());
            attrs.push("messaging.client.id", format!("{}-{}", SERVICES[step.service], step.operation));
            attrs.push("messaging.message.body.size", random.below(9_000) as i64);
            attrs.push("messaging.kafka.message.key", format!("order-{order}"));
            attrs.push("server.address", format!("kafka-{}.shop.svc", step.operation % 3));
            attrs.push("server.port", 9092);
            attrs.push("thread.id", random.below(64) as i64);
            attrs.push("thread.name", format!("kafka-{}", random.below(16)));
            (format!("{resource}-events {}", if step.kind == 4 { "publish" } else { "process" }), 3)
        }
        _ => {
            attrs.push("code.function.name", format!("com.example.shop.{resource}.Service.{action}"));
            attrs.push("code.file.path", format!("{resource}/Service.java"));
            attrs.push("code.line.number", 40 + 7 * step.operation as i64);
            attrs.push("app.order.id", format!("ord-{order}"));
            attrs.push("app.items", random.below(20) as i64);
            attrs.push("app.amount", random.below(100_000) as f64 / 100.0);
            attrs.push("app.currency", ["EUR", "USD", "KRW"][(user % 3) as usize]);
            attrs.push("app.feature.flag", random.below(4) != 0);
            attrs.push("app.cache.hit", random.below(3) != 0);
            attrs.push("app.region", ["eu", "us", "ap"][(user % 3) as usize]);
            attrs.push("user.id", format!("user-{user:06}"));
            attrs.push("thread.id", random.below(64) as i64);
            attrs.push("thread.name", format!("worker-{}", random.below(64)));
            (format!("{resource}.{action}"), 1)
        }
    };
    attrs.push("app.shard", random.below(16) as i64);
    if n == 0 && number % 20_000 == 5 {
        attrs.push("app.needle", "needle-in-the-haystack");
    }
    (name, attrs, scope)
}

/// A request as OTLP protobuf.
pub fn otlp(spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::new();
    for of_resource in spans.chunk_by(|a, b| Arc::ptr_eq(&a.resource, &b.resource)) {
        let mut block = Vec::new();
        let mut resource = Vec::new();
        key_values(&mut resource, 1, &of_resource[0].resource.attributes);
        bytes(&mut block, 1, &resource);
        for of_scope in of_resource.chunk_by(|a, b| Arc::ptr_eq(&a.scope, &b.scope)) {
            let mut scope_spans = Vec::new();
            let mut scope = Vec::new();
            bytes(&mut scope, 1, of_scope[0].scope.name.as_bytes());
            bytes(&mut scope, 2, of_scope[0].scope.version.as_bytes());
            bytes(&mut scope_spans, 1, &scope);
            for span in of_scope {
                bytes(&mut scope_spans, 2, &span_message(span));
            }
            bytes(&mut block, 2, &scope_spans);
        }
        bytes(&mut out, 1, &block);
    }
    out
}

fn span_message(span: &Span) -> Vec<u8> {
    let mut out = Vec::new();
    bytes(&mut out, 1, &span.trace_id.0);
    bytes(&mut out, 2, &span.span_id.0);
    if let Some(parent) = &span.parent_span_id {
        bytes(&mut out, 4, &parent.0);
    }
    bytes(&mut out, 5, span.name.as_bytes());
    number(&mut out, 6, span.kind.0 as u64);
    fixed64(&mut out, 7, span.start.0 as u64);
    fixed64(&mut out, 8, span.end().0 as u64);
    key_values(&mut out, 9, &span.attributes);
    for event in &span.events {
        let mut message = Vec::new();
        fixed64(&mut message, 1, event.time.0 as u64);
        bytes(&mut message, 2, event.name.as_bytes());
        key_values(&mut message, 3, &event.attributes);
        bytes(&mut out, 11, &message);
    }
    if span.status_code.0 != 0 {
        let mut status = Vec::new();
        number(&mut status, 3, span.status_code.0 as u64);
        bytes(&mut out, 15, &status);
    }
    varint(&mut out, 16 << 3 | 5);
    out.extend_from_slice(&span.flags.to_le_bytes());
    out
}

fn key_values(out: &mut Vec<u8>, field: u64, attrs: &Attrs) {
    for (key, value) in attrs.iter() {
        let mut any = Vec::new();
        match value {
            model::AttrValue::Str(text) => bytes(&mut any, 1, text.as_bytes()),
            model::AttrValue::Bool(value) => number(&mut any, 2, u64::from(*value)),
            model::AttrValue::Int(value) => number(&mut any, 3, *value as u64),
            model::AttrValue::Double(value) => fixed64(&mut any, 4, value.to_bits()),
            other => unreachable!("the load has no {other:?}"),
        }
        let mut pair = Vec::new();
        bytes(&mut pair, 1, key.as_bytes());
        bytes(&mut pair, 2, &any);
        bytes(out, field, &pair);
    }
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn fixed64(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3 | 1);
    out.extend_from_slice(&value.to_le_bytes());
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}
