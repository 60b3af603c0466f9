//! Which half of a call a span is, whether it is traffic, and who a proxy is (topology design 13.2).

use model::SpanKind;

use super::slots::{Slot, Slots};
use crate::call_fact::{Class, ProxyKind, Role};

/// User agents of health checkers, by their beginning.
const PROBE_AGENTS: &[&str] = &[
    "kube-probe",
    "elb-healthchecker",
    "googlehc",
    "google-cloud-scheduler",
    "consul health check",
    "docker-healthcheck",
    "health",
    "uptime-kuma",
    "blackbox exporter",
];
/// Paths of health checks.
const PROBE_PATHS: &[&str] = &[
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/ready",
    "/live",
    "/liveness",
    "/readiness",
    "/ping",
    "/_health",
    "/healthcheck",
    "/health-check",
    "/health_check",
    "/startupz",
];

/// Which sort of proxy made the span, by the marks that Envoy and Istio leave.
pub fn proxy_kind(slots: &Slots<'_>) -> ProxyKind {
    let text = |slot| slots.text(slot).map(|text| &**text).unwrap_or_default();
    let node = text(Slot::NodeId);
    let node_type = node.split_once('~').map(|(node_type, _)| node_type);
    let upstream = text(Slot::UpstreamCluster);
    let istio =
        [Slot::IstioService, Slot::IstioRevision, Slot::IstioNamespace, Slot::IstioCluster, Slot::IstioMesh];
    let is_proxy = text(Slot::Component) == "proxy"
        || matches!(node_type, Some("sidecar" | "router" | "waypoint" | "ztunnel"))
        || ["outbound|", "inbound|", "BlackHole", "Passthrough"]
            .iter()
            .any(|start| upstream.starts_with(start))
        || istio.into_iter().any(|slot| slots.has(slot))
        || slots.has(Slot::RequestId) && slots.has(Slot::ResponseFlags);
    match node_type {
        _ if !is_proxy => ProxyKind::None,
        Some("router") => ProxyKind::Gateway,
        _ => ProxyKind::Contracted,
    }
}

/// Role and class. `kind` is what the span says, unless an older tag says it better.
pub fn role_and_class(name: &str, kind: SpanKind, slots: &Slots<'_>) -> (Role, Class) {
    let kind = slots.text(Slot::SpanKindTag).and_then(|text| SpanKind::from_name(text)).unwrap_or(kind);
    let database = slots.has(Slot::DbSystem) || slots.has(Slot::DbType);
    let messaging = slots.has(Slot::MessagingSystem);
    let operation = slots.text(Slot::MessagingOperation).or(slots.text(Slot::MessagingOperationName));
    let operation = operation.map(|text| &**text).unwrap_or_default();
    match kind {
        SpanKind::SERVER => (Role::Server, probe_or_traffic(slots)),
        SpanKind::CLIENT if database => (Role::Client, database_class(name, slots)),
        SpanKind::CLIENT if messaging => match operation {
            "receive" | "poll" | "settle" | "ack" | "nack" | "commit" => (Role::Client, Class::Poll),
            "create" => (Role::Producer, Class::Poll),
            _ => (Role::Producer, Class::Traffic),
        },
        SpanKind::CLIENT => (Role::Client, probe_or_traffic(slots)),
        SpanKind::PRODUCER if operation == "create" => (Role::Producer, Class::Poll),
        SpanKind::PRODUCER => (Role::Producer, Class::Traffic),
        SpanKind::CONSUMER if matches!(operation, "receive" | "poll" | "settle") => {
            (Role::Consumer, Class::Poll)
        }
        SpanKind::CONSUMER => (Role::Consumer, Class::Traffic),
        SpanKind::INTERNAL => (Role::None, Class::Traffic),
        _ if database => (Role::Client, database_class(name, slots)),
        _ if slots.has(Slot::PeerName) => (Role::Client, probe_or_traffic(slots)),
        _ => (Role::None, Class::Traffic),
    }
}

fn probe_or_traffic(slots: &Slots<'_>) -> Class {
    let agent = slots.text(Slot::UserAgent).or(slots.text(Slot::EnvoyUserAgent));
    let is_probe = |agent: &str| {
        PROBE_AGENTS
            .iter()
            .any(|start| agent.get(..start.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(start)))
    };
    if agent.is_some_and(|agent| is_probe(agent)) {
        return Class::Probe;
    }
    if slots.text(Slot::RpcService).is_some_and(|service| &**service == "grpc.health.v1.Health") {
        return Class::Probe;
    }
    let url = slots
        .text(Slot::UrlFull)
        .and_then(|url| url.split_once("://"))
        .map(|(_, rest)| rest.find('/').map_or("/", |at| &rest[at..]));
    let path = slots
        .text(Slot::HttpRoute)
        .or(slots.text(Slot::UrlPath))
        .or(slots.text(Slot::HttpTarget))
        .map(|text| &**text)
        .or(url)
        .unwrap_or_default();
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let path = path.strip_suffix('/').unwrap_or(path);
    let below = path.starts_with("/health/") || path.starts_with("/actuator/health");
    if below || PROBE_PATHS.contains(&path) { Class::Probe } else { Class::Traffic }
}

/// Statements and names by which libraries open connections and transactions.
fn database_class(name: &str, slots: &Slots<'_>) -> Class {
    const NAMES: &[&str] =
        &["connect", "pg.connect", "pg-pool.connect", "pool.connect", "mysql.connect", "redis-connect"];
    const WORDS: &[&str] = &[
        "begin",
        "commit",
        "rollback",
        "savepoint",
        "release",
        "set",
        "show",
        "hello",
        "auth",
        "client",
        "ping",
        "start",
    ];
    const QUERIES: &[&str] = &[
        "select pg_catalog.version()",
        "select version()",
        "select current_schema()",
        "select @@",
        "select cast('test",
    ];
    let starts =
        |text: &str, start: &str| text.get(..start.len()).is_some_and(|t| t.eq_ignore_ascii_case(start));
    if NAMES.iter().any(|known| name.eq_ignore_ascii_case(known)) {
        return Class::Setup;
    }
    let statement = slots.text(Slot::DbStatement).or(slots.text(Slot::DbOperation));
    let statement = statement.map_or(name, |text| text).trim_start();
    let word = statement.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or_default();
    // SET is how SQL configures a connection; in a cache it is traffic.
    let system = slots.text(Slot::DbSystem).map(|text| &**text).unwrap_or_default();
    let cache = matches!(system, "redis" | "valkey" | "memcached" | "dragonfly" | "keydb");
    let setup = match word.to_ascii_lowercase().as_str() {
        "set" | "show" | "start" | "release" | "savepoint" | "begin" | "commit" | "rollback" => !cache,
        "hello" | "auth" | "client" | "ping" => cache,
        word => WORDS.contains(&word),
    };
    if setup || QUERIES.iter().any(|query| starts(statement, query)) { Class::Setup } else { Class::Traffic }
}
