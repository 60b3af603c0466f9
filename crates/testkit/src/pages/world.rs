//! The two systems as a list of nodes and edges with their rates.

/// Start of the quarter of an hour: 2026-01-02T03:00:00Z.
pub(super) const FROM: i64 = 1_767_322_800_000_000_000;
/// Its end.
pub(super) const TO: i64 = FROM + 900 * SECOND;
/// Nanoseconds of a second.
pub(super) const SECOND: i64 = 1_000_000_000;
/// Frames of 10 s in it.
pub(super) const FRAMES: usize = 90;

/// A node: id, kind, namespace, host, system, versions.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) kind: api::topology::NodeKind,
    pub(super) namespace: &'static str,
    pub(super) host: &'static str,
    pub(super) system: &'static str,
    pub(super) group: &'static str,
    pub(super) versions: &'static [&'static str],
}

/// An edge: who calls whom, how often in ten seconds, how many in a thousand fail, how long the median takes.
pub(super) struct Way {
    pub(super) source: &'static str,
    pub(super) target: &'static str,
    pub(super) kind: api::topology::EdgeKind,
    pub(super) protocol: &'static str,
    pub(super) calls_in_10s: i64,
    pub(super) errors_in_1000: i64,
    pub(super) p50_ms: i64,
    pub(super) operation: &'static str,
}

use api::topology::EdgeKind::{Call, Consume, Database as Statement, Publish};
use api::topology::NodeKind::{Cache, Database, External, Queue, Service, Unknown};

const fn service(name: &'static str, namespace: &'static str, versions: &'static [&'static str]) -> Place {
    Place { name, kind: Service, namespace, host: "", system: "", group: "", versions }
}

const fn store(
    name: &'static str,
    kind: api::topology::NodeKind,
    host: &'static str,
    system: &'static str,
) -> Place {
    Place { name, kind, namespace: "", host, system, group: "", versions: &[] }
}

const fn external(name: &'static str, host: &'static str, group: &'static str) -> Place {
    Place { name, kind: External, namespace: "", host, system: "", group, versions: &[] }
}

/// Every node.
pub(super) const PLACES: [Place; 18] = [
    service("gateway", "growbin", &["1.4.0"]),
    service("auth-api", "growbin", &["2.1.0"]),
    service("chat-api", "growbin", &["3.0.1", "3.0.0"]),
    external("google-oauth", "oauth2.googleapis.com:443", "Google"),
    external("kakao-oauth", "kauth.kakao.com:443", "Kakao"),
    external("naver-oauth", "nid.naver.com:443", "Naver"),
    external("openai", "api.openai.com:443", "OpenAI"),
    external("aws-s3", "growbin-images.s3.ap-northeast-2.amazonaws.com:443", "AWS"),
    external("aws-cloudfront", "d1a2b3c4.cloudfront.net:443", "AWS"),
    store("users", Database, "postgres.growbin.svc.cluster.local:5432", "postgresql"),
    store("redis.growbin", Cache, "redis.growbin.svc.cluster.local:6379", "redis"),
    service("board-api", "jiwoo", &["0.9.2"]),
    service("log-consumer", "jiwoo", &["0.9.2"]),
    store("board", Database, "mariadb.jiwoo.svc.cluster.local:3306", "mysql"),
    store("redis.jiwoo", Cache, "redis.jiwoo.svc.cluster.local:6379", "redis"),
    store("api-logs", Queue, "kafka.jiwoo.svc.cluster.local:9092", "kafka"),
    Place {
        name: "unnamed hosts",
        kind: Unknown,
        namespace: "",
        host: "203.0.113.7:8443",
        system: "",
        group: "",
        versions: &[],
    },
    Place {
        name: "unknown caller",
        kind: Unknown,
        namespace: "",
        host: "",
        system: "",
        group: "",
        versions: &[],
    },
];

const fn way(
    source: &'static str,
    target: &'static str,
    protocol: &'static str,
    (calls_in_10s, errors_in_1000, p50_ms): (i64, i64, i64),
    operation: &'static str,
) -> Way {
    let kind = match protocol.as_bytes()[0] {
        b'd' => Statement,
        _ => Call,
    };
    Way { source, target, kind, protocol, calls_in_10s, errors_in_1000, p50_ms, operation }
}

/// Every edge.
pub(super) const WAYS: [Way; 20] = [
    way("unknown caller", "gateway", "http", (84, 12, 46), "POST /api/v1/chat/messages"),
    way("unknown caller", "board-api", "http", (35, 30, 21), "POST /api/db/message"),
    way("gateway", "auth-api", "http", (26, 4, 38), "POST /api/v1/login"),
    way("gateway", "chat-api", "http", (58, 17, 240), "POST /api/v1/chat/messages"),
    way("auth-api", "google-oauth", "http", (11, 0, 92), "POST"),
    way("auth-api", "kakao-oauth", "http", (9, 0, 71), "POST"),
    way("auth-api", "naver-oauth", "http", (5, 60, 88), "POST"),
    way("auth-api", "users", "database", (26, 0, 3), "SELECT users"),
    way("auth-api", "redis.growbin", "database", (26, 0, 1), "SET"),
    way("chat-api", "redis.growbin", "database", (96, 0, 1), "GET"),
    way("chat-api", "openai", "http", (31, 25, 910), "POST"),
    way("chat-api", "users", "database", (58, 2, 4), "INSERT messages"),
    way("chat-api", "aws-s3", "http", (7, 0, 45), "PUT"),
    way("chat-api", "aws-cloudfront", "http", (19, 0, 28), "GET"),
    way("chat-api", "unnamed hosts", "http", (2, 500, 3_000), "GET"),
    way("board-api", "board", "database", (44, 3, 5), "INSERT message"),
    way("board-api", "redis.jiwoo", "database", (70, 0, 1), "LPUSH"),
    Way {
        source: "board-api",
        target: "api-logs",
        kind: Publish,
        protocol: "messaging",
        calls_in_10s: 35,
        errors_in_1000: 0,
        p50_ms: 2,
        operation: "api-logs publish",
    },
    Way {
        source: "api-logs",
        target: "log-consumer",
        kind: Consume,
        protocol: "messaging",
        calls_in_10s: 35,
        errors_in_1000: 0,
        p50_ms: 6,
        operation: "api-logs process",
    },
    way("log-consumer", "redis.jiwoo", "database", (35, 0, 1), "LPUSH"),
];

impl Way {
    /// Calls and failed calls of one frame; the traffic swells and ebbs, and the errors come in the last third.
    pub(super) fn frame(&self, frame: usize) -> (i64, i64) {
        let swell = [8, 9, 10, 11, 12, 11, 10, 9, 10][frame % 9];
        let calls = (self.calls_in_10s * swell / 10).max(1);
        let errors = if frame * 3 >= FRAMES * 2 { calls * self.errors_in_1000 * 3 / 1_000 } else { 0 };
        (calls, errors)
    }

    /// The same over all frames.
    pub(super) fn total(&self) -> (i64, i64) {
        (0..FRAMES).map(|frame| self.frame(frame)).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// Id of the edge.
    pub(super) fn id(&self) -> String {
        format!("{}>{}>{}", self.source, self.target, self.protocol)
    }
}
