//! The load: requests of 512 spans in which 64 concurrent traces interleave, children before parents.
//!
//! In: how many traces, which share of them, when they happened. Out: bodies of `ExportTraceServiceRequest`, each span about
//! 650 bytes with 15 attributes and 11 resource attributes. Ids, times, durations, users, orders, addresses and sizes are
//! random; ids are new in every run, because a server recognises requests that it has seen.

use std::fmt::Write;
use std::sync::Arc;

use crate::protobuf::{Attributes, bytes, bytes_len, fixed32, fixed64, head, number};
use crate::shop::{KINDS, MEAN_SPANS, PODS, Random, SERVICES, Shop, Step};

/// Spans of a request.
pub const SPANS_A_REQUEST: usize = 512;

/// Traces that interleave.
const CONCURRENT: usize = 64;

/// The time over which the traces are spread, nanoseconds.
pub const HOUR_NS: u64 = 3_600_000_000_000;

/// Of so many traces one has the rare attribute: 17 of 333,000.
const TRACES_A_NEEDLE: u64 = 333_000 / 17;

/// Key and value of the rare attribute.
pub const NEEDLE: (&str, &str) = ("app.needle", "needle-in-the-haystack");

/// What a run sends.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// Number of traces.
    pub traces: u64,
    /// Earliest start, nanoseconds since the epoch; the latest is an hour later.
    pub begin_unix_nano: u64,
    /// Random number that makes the ids new.
    pub seed: u64,
}

impl Plan {
    /// Traces with about this many spans in all, over the hour before `end_unix_nano`.
    pub fn of(spans: u64, end_unix_nano: u64, seed: u64) -> Self {
        let traces = (spans as f64 / MEAN_SPANS).round().max(1.0) as u64;
        Self { traces, begin_unix_nano: end_unix_nano.saturating_sub(HOUR_NS), seed }
    }

    /// How many traces have the rare attribute.
    pub fn needles(&self) -> u64 {
        (self.traces / TRACES_A_NEEDLE).max(1)
    }

    fn is_needle(&self, number: u64) -> bool {
        let each = (self.traces / self.needles()).max(1);
        number % each == each / 2 && number / each < self.needles()
    }
}

/// A request, not compressed.
#[derive(Debug)]
pub struct Request {
    /// The message.
    pub body: Vec<u8>,
    /// Its spans.
    pub spans: usize,
}

/// A trace of which some spans are not sent yet.
#[derive(Debug)]
struct Open {
    bytes: Vec<u8>,
    /// Pod, scope and end of each span in `bytes`.
    spans: Vec<(usize, usize, usize)>,
}

/// One sender's share of a plan.
#[derive(Debug)]
pub struct Load {
    shop: Arc<Shop>,
    plan: Plan,
    random: Random,
    next: u64,
    step: u64,
    open: Vec<Open>,
    /// Ids of traces of 28 to 32 spans, at most a thousand.
    pub usual_traces: Vec<[u8; 16]>,
    text: String,
}

impl Load {
    /// The share of sender `at` of `senders`: every `senders`th trace.
    pub fn new(shop: Arc<Shop>, plan: Plan, at: u64, senders: u64) -> Self {
        let random = Random(plan.seed ^ Random(at + 1).next());
        Self {
            shop,
            plan,
            random,
            next: at,
            step: senders.max(1),
            open: Vec::new(),
            usual_traces: Vec::new(),
            text: String::new(),
        }
    }

    /// The next request; `None` when the share is sent.
    pub fn next_request(&mut self) -> Option<Request> {
        // Pod and scope, then where the span's bytes stand in the arena.
        let mut picked: Vec<(usize, usize, usize, usize)> = Vec::with_capacity(SPANS_A_REQUEST + 2);
        let mut arena: Vec<u8> = Vec::with_capacity(600 * SPANS_A_REQUEST);
        while picked.len() < SPANS_A_REQUEST {
            while self.next < self.plan.traces && self.open.len() < CONCURRENT {
                let open = self.trace(self.next);
                self.open.push(open);
                self.next += self.step;
            }
            if self.open.is_empty() {
                break;
            }
            let at = self.random.below(self.open.len() as u64) as usize;
            let take = (1 + self.random.below(3) as usize).min(SPANS_A_REQUEST - picked.len());
            for _ in 0..take {
                // The last span is the deepest: children come first.
                let Some((pod, scope, end)) = self.open[at].spans.pop() else { break };
                let from = self.open[at].spans.last().map_or(0, |span| span.2);
                let start = arena.len();
                arena.extend_from_slice(&self.open[at].bytes[from..end]);
                picked.push((pod, scope, start, arena.len()));
            }
            if self.open[at].spans.is_empty() {
                self.open.swap_remove(at);
            }
        }
        if picked.is_empty() {
            return None;
        }
        // A sender groups by resource and scope.
        picked.sort_by_key(|(pod, scope, ..)| (*pod, *scope));
        Some(Request { spans: picked.len(), body: self.message(&picked, &arena) })
    }

    fn message(&self, picked: &[(usize, usize, usize, usize)], arena: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(arena.len() + 400 * PODS * SERVICES.len());
        for of_pod in picked.chunk_by(|a, b| a.0 == b.0) {
            let resource = &self.shop.resources[of_pod[0].0];
            let scopes: Vec<(&[u8], usize, &[_])> = of_pod
                .chunk_by(|a, b| a.1 == b.1)
                .map(|of_scope| {
                    let scope = &*self.shop.scopes[of_scope[0].1];
                    let spans: usize = of_scope.iter().map(|(.., from, to)| bytes_len(2, to - from)).sum();
                    (scope, bytes_len(1, scope.len()) + spans, of_scope)
                })
                .collect();
            let inner: usize = scopes.iter().map(|(_, len, _)| bytes_len(2, *len)).sum();
            head(&mut out, 1, bytes_len(1, resource.len()) + inner);
            bytes(&mut out, 1, resource);
            for (scope, len, spans) in scopes {
                head(&mut out, 2, len);
                bytes(&mut out, 1, scope);
                for (.., from, to) in spans {
                    bytes(&mut out, 2, &arena[*from..*to]);
                }
            }
        }
        out
    }

    /// All spans of trace `number`.
    fn trace(&mut self, number: u64) -> Open {
        let shop = Arc::clone(&self.shop);
        let random = &mut self.random;
        let steps = &shop.kinds[random.below(KINDS as u64) as usize];
        let each = HOUR_NS / self.plan.traces;
        let at = self.plan.begin_unix_nano + number * each + random.below(each.max(1));
        let mut id = [0; 16];
        id[..8].copy_from_slice(&random.next().to_be_bytes());
        id[8..].copy_from_slice(&random.next().to_be_bytes());
        if (28..=32).contains(&steps.len()) && self.usual_traces.len() < 1000 {
            self.usual_traces.push(id);
        }
        let facts = Facts {
            id,
            number,
            user: random.below(200_000),
            order: random.below(10_000_000),
            fails: number % 50 == 7,
            needle: self.plan.is_needle(number),
        };
        let slow = if number % 2000 == 11 { 8 } else { 1 };
        let mut open =
            Open { bytes: Vec::with_capacity(steps.len() * 640), spans: Vec::with_capacity(steps.len()) };
        // Id, start, duration and pod of each span.
        let mut made: Vec<(u64, u64, u64, usize)> = Vec::with_capacity(steps.len());
        for (n, step) in steps.iter().enumerate() {
            let parent = step.parent.map(|p| made[p]);
            let (start, limit) = match parent {
                None => (at, u64::MAX),
                Some((_, start, len, _)) => (start + random.below(len / 3 + 1), len * 9 / 10),
            };
            let duration =
                (step.base_ns * slow * (60 + random.below(80)) / 100 + random.below(100_000)).min(limit);
            // A span of the same service runs in the pod of its parent.
            let inherited = step.parent.filter(|p| steps[*p].service == step.service).map(|p| made[p].3);
            let pod = inherited.unwrap_or_else(|| random.below(PODS as u64) as usize);
            let span = random.next();
            made.push((span, start, duration, pod));
            let error = facts.fails && n + 2 > steps.len();
            let ids = (span, parent.map(|p| p.0));
            let scope =
                facts.span(step, n, ids, (start, duration), error, &mut open.bytes, random, &mut self.text);
            open.spans.push((step.service * PODS + pod, scope, open.bytes.len()));
        }
        open
    }
}

/// What the spans of a trace share.
struct Facts {
    id: [u8; 16],
    number: u64,
    user: u64,
    order: u64,
    fails: bool,
    needle: bool,
}

impl Facts {
    /// Appends a `Span` message and returns the number of its scope.
    #[allow(clippy::too_many_arguments)]
    fn span(
        &self,
        step: &Step,
        n: usize,
        (span, parent): (u64, Option<u64>),
        (start, duration): (u64, u64),
        error: bool,
        out: &mut Vec<u8>,
        random: &mut Random,
        text: &mut String,
    ) -> usize {
        bytes(out, 1, &self.id);
        bytes(out, 2, &span.to_be_bytes());
        if let Some(parent) = parent {
            bytes(out, 4, &parent.to_be_bytes());
        }
        let thing = ["orders", "users", "items", "carts", "prices", "stock"][step.operation % 6];
        let action = ["get", "list", "update", "create"][step.operation % 4];
        let method = ["GET", "POST", "PUT"][step.operation % 3];
        let database = step.kind == 3 && step.operation % 2 == 0;
        text.clear();
        let (name, scope) = match step.kind {
            2 => (write!(text, "{method} /api/v1/{thing}/{{id}}/{action}"), 0),
            3 if database => (write!(text, "SELECT {thing}"), 2),
            3 => (write!(text, "GET"), 0),
            4 => (write!(text, "{thing}-events publish"), 3),
            5 => (write!(text, "{thing}-events process"), 3),
            _ => (write!(text, "{thing}.{action}"), 1),
        };
        debug_assert!(name.is_ok(), "writing to a text cannot fail");
        bytes(out, 5, text.as_bytes());
        number(out, 6, step.kind);
        fixed64(out, 7, start);
        fixed64(out, 8, start + duration);
        let mut to = Pairs { attributes: Attributes::new(out, 9), text };
        let status = if error { 500 } else { 200 };
        match step.kind {
            2 => self.served(&mut to, step, (thing, action, method), status, random),
            3 if database => select(&mut to, step, (thing, action), random),
            3 => self.called(&mut to, (thing, action), status, random),
            4 | 5 => self.message(&mut to, step, thing, random),
            _ => self.inner(&mut to, step, (thing, action), random),
        }
        to.int("app.cost_us", random.below(1 << 24));
        debug_assert_eq!(to.attributes.count, 15);
        if n == 0 && self.needle {
            to.text(NEEDLE.0, NEEDLE.1);
        }
        if error {
            exception(out, start + duration / 2, self.order);
            let mut status = Vec::new();
            number(&mut status, 3, 2);
            bytes(out, 15, &status);
        }
        fixed32(out, 16, 0x101);
        scope
    }

    fn served(
        &self,
        to: &mut Pairs<'_>,
        step: &Step,
        (thing, action, method): (&str, &str, &str),
        status: u64,
        random: &mut Random,
    ) {
        to.text("http.request.method", method);
        to.format("http.route", format_args!("/api/v1/{thing}/{{id}}/{action}"));
        to.format("url.path", format_args!("/api/v1/{thing}/{}/{action}", self.order));
        to.text("url.scheme", "http");
        to.int("http.response.status_code", status);
        to.peer("client.address", random);
        to.format("server.address", format_args!("{}.shop.svc", SERVICES[step.service]));
        to.int("server.port", 8080);
        to.format("user_agent.original", format_args!("shop-client/2.{} (linux; amd64)", step.operation % 5));
        to.text("network.protocol.version", "1.1");
        to.format("user.id", format_args!("user-{:06}", self.user));
        to.int("http.response.body.size", random.below(1 << 20));
        to.int("thread.id", random.below(64));
        to.format("thread.name", format_args!("http-nio-8080-exec-{}", random.below(64)));
    }

    fn called(&self, to: &mut Pairs<'_>, (thing, action): (&str, &str), status: u64, random: &mut Random) {
        to.text("http.request.method", "GET");
        let order = self.order;
        to.format("url.full", format_args!("http://{thing}.shop.svc:8080/api/v1/{thing}/{order}/{action}"));
        to.format("server.address", format_args!("{thing}.shop.svc"));
        to.int("server.port", 8080);
        to.int("http.response.status_code", status);
        to.peer("network.peer.address", random);
        to.int("network.peer.port", 30_000 + random.below(2_000));
        to.text("network.protocol.version", "1.1");
        to.text("peer.service", thing);
        to.text("user_agent.original", "okhttp/4.12.0");
        to.int("http.request.resend_count", 0);
        to.int("http.request.body.size", random.below(4_000));
        to.int("thread.id", random.below(64));
        to.format("thread.name", format_args!("OkHttp-{}", random.below(32)));
    }

    fn message(&self, to: &mut Pairs<'_>, step: &Step, thing: &str, random: &mut Random) {
        to.text("messaging.system", "kafka");
        to.format("messaging.destination.name", format_args!("{thing}-events"));
        to.text("messaging.operation.type", if step.kind == 4 { "publish" } else { "process" });
        to.int("messaging.kafka.message.offset", self.number * 3 + random.below(3));
        to.format("messaging.destination.partition.id", format_args!("{}", random.below(12)));
        to.format("messaging.client.id", format_args!("{}-{}", SERVICES[step.service], step.operation));
        to.int("messaging.message.body.size", random.below(1 << 17));
        to.format("messaging.kafka.message.key", format_args!("order-{}", self.order));
        to.format("server.address", format_args!("kafka-{}.shop.svc", step.operation % 3));
        to.int("server.port", 9092);
        to.bool("messaging.kafka.message.tombstone", false);
        to.text("messaging.message.envelope", "cloudevents");
        to.int("thread.id", random.below(64));
        to.format("thread.name", format_args!("kafka-{}", random.below(16)));
    }

    fn inner(&self, to: &mut Pairs<'_>, step: &Step, (thing, action): (&str, &str), random: &mut Random) {
        to.format("code.function.name", format_args!("com.example.shop.{thing}.Service.{action}"));
        to.format("code.file.path", format_args!("{thing}/Service.java"));
        to.int("code.line.number", 40 + 7 * step.operation as u64);
        to.format("app.order.id", format_args!("ord-{}", self.order));
        to.int("app.items", random.below(20));
        to.double("app.amount", random.below(100_000) as f64 / 100.0);
        to.text("app.currency", ["EUR", "USD", "KRW"][(self.user % 3) as usize]);
        to.bool("app.feature.flag", random.below(4) != 0);
        to.bool("app.cache.hit", random.below(3) != 0);
        to.text("app.region", ["eu", "us", "ap"][(self.user % 3) as usize]);
        to.format("user.id", format_args!("user-{:06}", self.user));
        to.text("app.channel", "web");
        to.int("thread.id", random.below(64));
        to.format("thread.name", format_args!("worker-{}", random.below(64)));
    }
}

fn select(to: &mut Pairs<'_>, step: &Step, (thing, action): (&str, &str), random: &mut Random) {
    to.text("db.system", "postgresql");
    to.text("db.name", thing);
    to.format(
        "db.statement",
        format_args!(
            "SELECT id, name, price FROM {thing} WHERE {action}_id = $1 AND shop = $2 ORDER BY id LIMIT 50"
        ),
    );
    to.text("db.operation", "SELECT");
    to.text("db.sql.table", thing);
    to.text("db.user", "shop_rw");
    to.format("net.peer.name", format_args!("pg-{thing}.shop.svc"));
    to.int("net.peer.port", 5432);
    to.format("net.sock.peer.addr", format_args!("10.9.0.{}", step.operation));
    to.int("db.rows_returned", random.below(5_000));
    to.double("db.pool.wait_ms", random.below(2_000) as f64 / 100.0);
    to.int("db.connection_id", random.below(40));
    to.int("thread.id", random.below(64));
    to.format("thread.name", format_args!("pool-{}", random.below(16)));
}

fn exception(out: &mut Vec<u8>, at: u64, order: u64) {
    let frames: String = (0..12)
        .map(|n| format!("\tat com.example.shop.payment.Step{n}.run(Step{n}.java:{})\n", 40 + 3 * n))
        .collect();
    let mut event = Vec::new();
    fixed64(&mut event, 1, at);
    bytes(&mut event, 2, b"exception");
    let mut attributes = Attributes::new(&mut event, 3);
    attributes.text("exception.type", "java.util.concurrent.TimeoutException");
    attributes.text("exception.message", &format!("order {order} timed out after 3000 ms"));
    attributes.text("exception.stacktrace", &format!("java.util.concurrent.TimeoutException\n{frames}"));
    bytes(out, 11, &event);
}

/// Attributes of a span, with a text for those that are put together.
struct Pairs<'a> {
    attributes: Attributes<'a>,
    text: &'a mut String,
}

impl Pairs<'_> {
    fn text(&mut self, key: &str, value: &str) {
        self.attributes.text(key, value);
    }

    fn int(&mut self, key: &str, value: u64) {
        self.attributes.int(key, value);
    }

    fn double(&mut self, key: &str, value: f64) {
        self.attributes.double(key, value);
    }

    fn bool(&mut self, key: &str, value: bool) {
        self.attributes.bool(key, value);
    }

    fn format(&mut self, key: &str, value: std::fmt::Arguments<'_>) {
        self.text.clear();
        // Writing to a text cannot fail.
        let _ = self.text.write_fmt(value);
        self.attributes.text(key, self.text);
    }

    fn peer(&mut self, key: &str, random: &mut Random) {
        self.format(key, format_args!("10.4.{}.{}", random.below(4), random.below(64)));
    }
}
