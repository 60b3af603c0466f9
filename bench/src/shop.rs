//! The shop whose traffic is sent: 30 services with 3 pods each, and 60 kinds of traces of 5 to 60 spans.
//!
//! In: nothing; the shop is the same in every run. Out: resources as bytes, and the steps of each kind of trace. Also the
//! small generator of random numbers that the load uses.

use crate::protobuf::{Attributes, bytes};

/// Names of the services.
pub const SERVICES: [&str; 30] = [
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

/// Pods a service.
pub const PODS: usize = 3;

/// Kinds of traces; the kind `n` has `5 + n * 55 / 59` spans.
pub const KINDS: usize = 60;

/// Spans of a trace on average.
pub const MEAN_SPANS: f64 = 32.3;

/// A generator of pseudo-random numbers (splitmix64).
#[derive(Debug, Clone)]
pub struct Random(pub u64);

impl Random {
    /// The next number.
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// One span of a kind of trace.
#[derive(Debug, Clone)]
pub struct Step {
    /// The step that calls it.
    pub parent: Option<usize>,
    /// Position in [`SERVICES`].
    pub service: usize,
    /// Kind as OTLP numbers it.
    pub kind: u64,
    /// One of twelve operations.
    pub operation: usize,
    /// Usual duration.
    pub base_ns: u64,
}

/// The whole shop.
#[derive(Debug)]
pub struct Shop {
    /// Steps of each kind of trace, a parent before its children.
    pub kinds: Vec<Vec<Step>>,
    /// The `Resource` message of each pod, pods of a service together.
    pub resources: Vec<Vec<u8>>,
    /// The `InstrumentationScope` messages.
    pub scopes: Vec<Vec<u8>>,
}

impl Shop {
    /// The shop, always the same.
    pub fn open() -> Self {
        let mut random = Random(1);
        let kinds = (0..KINDS).map(|at| steps(5 + at * 55 / 59, &mut random)).collect();
        let resources =
            (0..SERVICES.len() * PODS).map(|at| resource(at / PODS, at % PODS, &mut random)).collect();
        let scopes = ["http", "grpc", "sql", "kafka"].iter().map(|name| {
            let mut out = Vec::new();
            bytes(&mut out, 1, format!("io.opentelemetry.{name}-1.0").as_bytes());
            bytes(&mut out, 2, b"2.11.0-alpha");
            out
        });
        Self { kinds, resources, scopes: scopes.collect() }
    }
}

fn steps(len: usize, random: &mut Random) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::with_capacity(len);
    for n in 0..len {
        let parent = (n > 0).then(|| n - 1 - random.below(n.min(4) as u64) as usize);
        let (kind, service) = match parent.map(|p| (steps[p].kind, steps[p].service)) {
            None => (2, random.below(30) as usize),
            Some((3 | 4, _)) => (if random.below(8) == 0 { 5 } else { 2 }, random.below(30) as usize),
            Some((_, service)) => ([1, 3, 3, 3, 1, 4][random.below(6) as usize], service),
        };
        let base_ns = parent.map_or(400_000_000, |p| steps[p].base_ns * 6 / 10);
        steps.push(Step { parent, service, kind, operation: random.below(12) as usize, base_ns });
    }
    steps
}

/// The 11 attributes of a pod.
fn resource(service: usize, pod: usize, random: &mut Random) -> Vec<u8> {
    let name = SERVICES[service];
    let hash = random.next();
    let mut out = Vec::new();
    let mut attributes = Attributes::new(&mut out, 1);
    attributes.text("service.name", name);
    attributes.text("service.namespace", "shop");
    attributes.text("service.version", &format!("1.{service}.{}", hash % 7));
    let instance = format!("{:08x}-{:04x}-4{:03x}", hash as u32, hash >> 48, hash >> 32 & 0xfff);
    attributes.text("service.instance.id", &instance);
    attributes.text("deployment.environment.name", "production");
    attributes.text("k8s.cluster.name", "eu-west-1a");
    attributes.text("k8s.namespace.name", "shop");
    attributes.text("k8s.deployment.name", name);
    let tail = random.below(1 << 20) + pod as u64;
    attributes.text("k8s.pod.name", &format!("{name}-{:09x}-{tail:05x}", hash >> 28));
    attributes.text("host.name", &format!("node-{}", hash % 12));
    attributes.text("telemetry.sdk.language", ["java", "go", "python"][service % 3]);
    out
}
