//! Examples of the first page: full, and before anything came.

use api::meta::{Build, Exposure, Listener};
use api::overview::{Happening, HappeningKind, Overview, Reason, SignalState, Stage};

use super::world::{FROM, SECOND, TO};
use super::{map, service};

/// The build.
pub(super) fn build() -> Build {
    Build {
        name: "throughline".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
    }
}

fn exposure() -> Exposure {
    let listener =
        |name: &str, port: u16| Listener { name: name.to_owned(), address: format!("127.0.0.1:{port}") };
    Exposure {
        listeners: vec![
            listener("jaeger", 16686),
            listener("main", 4300),
            listener("otlp-grpc", 4317),
            listener("otlp-http", 4318),
            listener("tempo", 3200),
        ],
        beyond_loopback: false,
        authentication: false,
    }
}

fn stage(stage: &str, items: u64, waiting: u64) -> Stage {
    Stage {
        stage: stage.to_owned(),
        signal: "spans".to_owned(),
        items,
        dropped: 0,
        reasons: Vec::new(),
        waiting,
        status: "ok".to_owned(),
    }
}

fn happening(kind: HappeningKind, subject: &str, object: &str, object_node: &str, after_s: i64) -> Happening {
    Happening {
        kind,
        subject: subject.to_owned(),
        object: object.to_owned(),
        subject_node: subject.to_owned(),
        object_node: object_node.to_owned(),
        at_unix_nano: (FROM + after_s * SECOND).to_string(),
    }
}

fn signal(signal: &str, accepted: u64, newest: Option<&str>) -> SignalState {
    SignalState {
        signal: signal.to_owned(),
        accepted,
        newest_received_unix_nano: newest.map(|_| (TO - SECOND).to_string()),
        newest_service: newest.map(str::to_owned),
    }
}

/// A first page with traffic.
pub(super) fn full() -> Overview {
    let mut worst = map::edges();
    worst.retain(|edge| edge.errors > 0);
    worst.sort_by(|a, b| b.error_ratio.unwrap_or_default().total_cmp(&a.error_ratio.unwrap_or_default()));
    worst.truncate(10);
    let mut decode = stage("decode", 48_209, 0);
    decode.dropped = 2;
    decode.reasons = vec![Reason { reason: "invalid_id".to_owned(), items: 2 }];
    decode.status = "degraded".to_owned();
    Overview {
        from: FROM.to_string(),
        to: TO.to_string(),
        services: service::worst_first(),
        nodes: map::nodes(),
        worst_edges: worst,
        errors: service::errors().groups,
        ingest: vec![
            stage("receive", 48_211, 0),
            decode,
            stage("wal", 48_209, 0),
            stage("buffer", 48_185, 7_165),
            stage("segment", 41_020, 0),
            stage("catalog", 41_020, 0),
        ],
        changes: vec![
            happening(HappeningKind::NewEdge, "chat-api", "unnamed hosts", "unnamed hosts", 702),
            happening(HappeningKind::NewVersion, "chat-api", "3.0.1", "", 300),
        ],
        signals: vec![
            signal("spans", 48_209, Some("chat-api")),
            signal("logs", 0, None),
            signal("metrics", 0, None),
        ],
        exposure: exposure(),
        build: build(),
        warnings: map::warnings(),
    }
}

/// A first page before anything came.
pub(super) fn empty() -> Overview {
    Overview {
        from: FROM.to_string(),
        to: TO.to_string(),
        services: Vec::new(),
        nodes: Vec::new(),
        worst_edges: Vec::new(),
        errors: Vec::new(),
        ingest: ["receive", "decode", "wal", "buffer", "segment", "catalog"]
            .map(|name| stage(name, 0, 0))
            .to_vec(),
        changes: Vec::new(),
        signals: ["spans", "logs", "metrics"].map(|name| signal(name, 0, None)).to_vec(),
        exposure: exposure(),
        build: build(),
        warnings: map::empty().warnings,
    }
}
