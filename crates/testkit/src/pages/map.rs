//! Examples of the map: whole, empty, of one service, live, over time, and of one edge and one node.

use api::topology::{
    ChangedEdge, Completeness, Delta, Diff, DiffState, Edge, EdgeDetail, EdgeFrames, Evidence, Exemplar,
    Finding, Frames, Graph, HostCalls, Meta, Node, NodeDetail, NodeKind, OperationTraffic, PeerName, RuleUse,
    Rules, RulesProblem, RulesTest, Snapshot, Topology, View, Warning, Why,
};
use api::traffic::{Change, CodeCalls, Health, HealthStatus, Series, Traffic};
use serde_json::json;

use super::trace::{FAILED_CHAT, LOGIN};
use super::world::{FRAMES, FROM, PLACES, Place, SECOND, TO, WAYS, Way};

const MS: i64 = 1_000_000;

/// Traffic over the whole range from calls, errors and a median in milliseconds.
pub(super) fn traffic((calls, errors): (i64, i64), p50_ms: i64) -> Traffic {
    if calls == 0 {
        return Traffic::default();
    }
    Traffic {
        calls,
        errors,
        rate_per_second: calls as f64 / 900.0,
        error_ratio: Some(errors as f64 / calls as f64),
        avg_ns: Some(p50_ms * MS * 6 / 5),
        p50_ns: Some(p50_ms * MS),
        p95_ns: Some(p50_ms * MS * 3),
        p99_ns: Some(p50_ms * MS * 5),
    }
}

pub(super) fn health(traffic: &Traffic) -> Health {
    let percent = traffic.error_ratio.unwrap_or_default() * 100.0;
    let (status, reason) = match percent {
        _ if traffic.calls == 0 => (HealthStatus::Unknown, String::new()),
        percent if percent >= 10.0 => (HealthStatus::Failing, format!("errors {percent:.1} % >= 10 %")),
        percent if percent >= 1.0 => (HealthStatus::Degraded, format!("errors {percent:.1} % >= 1 %")),
        _ => (HealthStatus::Healthy, String::new()),
    };
    Health { status, reason }
}

fn sum<'a>(ways: impl Iterator<Item = &'a Way>) -> Traffic {
    let mut total = (0, 0);
    let mut slowest = 0;
    for way in ways {
        let (calls, errors) = way.total();
        total = (total.0 + calls, total.1 + errors);
        slowest = slowest.max(way.p50_ms);
    }
    traffic(total, slowest)
}

fn node_of(place: &Place) -> Node {
    let inbound = sum(WAYS.iter().filter(|way| way.target == place.name));
    let outbound = sum(WAYS.iter().filter(|way| way.source == place.name));
    let service = place.kind == NodeKind::Service;
    let unnamed = place.name == "unnamed hosts";
    let mut flags = Vec::new();
    if WAYS.iter().any(|way| way.source == "unknown caller" && way.target == place.name) {
        flags.push("root".to_owned());
    }
    if unnamed {
        flags.push("unnamed_host".to_owned());
    }
    let hosts = if place.host.is_empty() {
        Vec::new()
    } else {
        vec![HostCalls { host: place.host.to_owned(), calls: inbound.calls, errors: inbound.errors }]
    };
    Node {
        id: place.name.to_owned(),
        kind: place.kind,
        name: place.name.to_owned(),
        namespace: place.namespace.to_owned(),
        cluster: if service { "dev".to_owned() } else { String::new() },
        environment: if service { "dev".to_owned() } else { String::new() },
        workload: if service { place.name.to_owned() } else { String::new() },
        versions: place.versions.iter().map(|&version| version.to_owned()).collect(),
        host: place.host.to_owned(),
        system: place.system.to_owned(),
        group: place.group.to_owned(),
        named_by: match place.kind {
            NodeKind::Service => "spans",
            NodeKind::External => "catalogue",
            NodeKind::Unknown => "none",
            _ => "attribute",
        }
        .to_owned(),
        observed: true,
        instrumented: service,
        health: health(if inbound.calls > 0 { &inbound } else { &outbound }),
        inbound,
        outbound,
        flags,
        hosts,
        instances: if service { place.versions.len() as u64 } else { 0 },
        members: 1,
    }
}

fn edge_of(way: &Way) -> Edge {
    let traffic = traffic(way.total(), way.p50_ms);
    let of_source: i64 =
        WAYS.iter().filter(|other| other.source == way.source).map(|other| other.total().0).sum();
    let both = PLACES.iter().any(|place| place.name == way.target && place.kind == NodeKind::Service)
        && way.source != "unknown caller";
    Edge {
        id: way.id(),
        source: way.source.to_owned(),
        target: way.target.to_owned(),
        kind: way.kind,
        protocol: way.protocol.to_owned(),
        calls: traffic.calls,
        errors: traffic.errors,
        rate_per_second: traffic.rate_per_second,
        rate_error: 0.0,
        error_ratio: traffic.error_ratio,
        avg_ns: traffic.avg_ns,
        p50_ns: traffic.p50_ns,
        p95_ns: traffic.p95_ns,
        p99_ns: traffic.p99_ns,
        server_p95_ns: both.then_some(way.p50_ms * MS * 28 / 10),
        request_bytes_per_second: None,
        response_bytes_per_second: None,
        share: traffic.calls as f64 / of_source.max(1) as f64,
        observer: match way.source {
            "unknown caller" => "server",
            _ if both => "both",
            _ => "client",
        }
        .to_owned(),
        unpaired: if both { 0 } else { traffic.calls },
        security: match way.protocol {
            "http" if !both && way.source != "unknown caller" => "tls",
            "http" => "plain",
            _ => "unknown",
        }
        .to_owned(),
        health: health(&traffic),
        observed: true,
        missing: String::new(),
        via: Vec::new(),
        first_seen_unix_nano: Some((FROM - 3_600 * SECOND).to_string()),
    }
}

/// An edge that a setting expects and nobody saw, with its node.
fn expected() -> (Node, Edge) {
    let place = Place {
        name: "mail-api",
        kind: NodeKind::Service,
        namespace: "growbin",
        host: "",
        system: "",
        group: "",
        versions: &[],
    };
    let mut node = node_of(&place);
    node.observed = false;
    node.instrumented = false;
    node.named_by = "expected".to_owned();
    let mut edge = edge_of(&WAYS[2]);
    edge.id = "auth-api>mail-api>http".to_owned();
    edge.source = "auth-api".to_owned();
    edge.target = "mail-api".to_owned();
    (edge.calls, edge.errors, edge.rate_per_second, edge.share) = (0, 0, 0.0, 0.0);
    (edge.avg_ns, edge.p50_ns, edge.p95_ns, edge.p99_ns) = (None, None, None, None);
    (edge.error_ratio, edge.server_p95_ns, edge.first_seen_unix_nano) = (None, None, None);
    edge.observer = "none".to_owned();
    edge.security = "unknown".to_owned();
    edge.health = Health { status: HealthStatus::Unknown, reason: String::new() };
    edge.observed = false;
    edge.missing = "TOPO-02".to_owned();
    (node, edge)
}

fn meta() -> Meta {
    Meta {
        from: FROM.to_string(),
        to: TO.to_string(),
        graph: Graph::Service,
        resolutions_ns: vec![60 * SECOND, 10 * SECOND],
        completeness: Completeness { exact: true, ..Completeness::default() },
        folded: false,
        rules_revision: 3,
        namespaces: vec!["growbin".to_owned(), "jiwoo".to_owned()],
        sql: format!(
            "SELECT source, target, sum(calls) AS calls, sum(errors) AS errors FROM edges WHERE bucket_unix_nano >= {FROM} AND bucket_unix_nano < {TO} GROUP BY 1, 2"
        ),
    }
}

pub(super) fn nodes() -> Vec<Node> {
    let mut nodes: Vec<Node> = PLACES.iter().map(node_of).collect();
    nodes.push(expected().0);
    nodes.sort_by(|a, b| a.id.cmp(&b.id));
    nodes
}

pub(super) fn edges() -> Vec<Edge> {
    let mut edges: Vec<Edge> = WAYS.iter().map(edge_of).collect();
    edges.push(expected().1);
    edges.sort_by(|a, b| (&a.source, &a.target).cmp(&(&b.source, &b.target)));
    edges
}

pub(super) fn warnings() -> Vec<Warning> {
    vec![Warning {
        code: "TOPO-07".to_owned(),
        message: "1 host that chat-api calls has no name.".to_owned(),
        remedy: "Name it on its node, or write a rule.".to_owned(),
        nodes: vec!["unnamed hosts".to_owned()],
        values: vec![("hosts".to_owned(), "1".to_owned()), ("service".to_owned(), "chat-api".to_owned())],
    }]
}

/// The whole map.
pub(super) fn topology() -> Topology {
    Topology { meta: meta(), nodes: nodes(), edges: edges(), warnings: warnings() }
}

/// A map without data.
pub(super) fn empty() -> Topology {
    let warning = Warning {
        code: "no_data".to_owned(),
        message: "No span started in this range.".to_owned(),
        remedy: "Send traces, or choose another range.".to_owned(),
        nodes: Vec::new(),
        values: Vec::new(),
    };
    let mut meta = meta();
    meta.namespaces.clear();
    Topology { meta, nodes: Vec::new(), edges: Vec::new(), warnings: vec![warning] }
}

/// A map of one service without an edge.
pub(super) fn single() -> Topology {
    let mut node = node_of(&PLACES[11]);
    node.outbound = Traffic::default();
    let warning = Warning {
        code: "single_service".to_owned(),
        message: "Only board-api sends spans, and none of its spans calls anything.".to_owned(),
        remedy: "Instrument its HTTP clients and database drivers, and the services that call it.".to_owned(),
        nodes: vec![node.id.clone()],
        values: vec![("service".to_owned(), "board-api".to_owned())],
    };
    Topology { meta: meta(), nodes: vec![node], edges: Vec::new(), warnings: vec![warning] }
}

/// A live view: the whole map, then one change.
pub(super) fn watch() -> String {
    let snapshot = Snapshot { rev: 7, topology: topology() };
    let mut edge = edge_of(&WAYS[3]);
    edge.calls += 40;
    let delta = Delta {
        rev: 8,
        meta: meta(),
        nodes: Vec::new(),
        edges: vec![edge],
        removed_nodes: Vec::new(),
        removed_edges: vec![expected().1.id],
        warnings: warnings(),
    };
    format!("{}\n{}\n", json!({ "snapshot": snapshot }), json!({ "delta": delta }))
}

/// The map in frames of ten seconds.
pub(super) fn frames() -> Frames {
    let series = WAYS.iter().map(|way| {
        let frames = (0..FRAMES).map(|frame| way.frame(frame));
        let (calls, errors): (Vec<i64>, Vec<i64>) = frames.unzip();
        EdgeFrames { p95_ns: calls.iter().map(|_| Some(way.p50_ms * MS * 3)).collect(), calls, errors }
    });
    Frames {
        meta: meta(),
        start_unix_nano: FROM.to_string(),
        step_ns: 10 * SECOND,
        count: FRAMES as u32,
        nodes: PLACES.iter().map(node_of).collect(),
        edges: WAYS.iter().map(edge_of).collect(),
        series: series.collect(),
    }
}

/// Numbers over time of some edges together, by minutes.
pub(super) fn series<'a>(ways: impl Iterator<Item = &'a Way>) -> Series {
    let ways: Vec<&Way> = ways.collect();
    let mut series = Series { start_unix_nano: FROM.to_string(), step_ns: 60 * SECOND, ..Series::default() };
    for minute in 0..FRAMES / 6 {
        let frames = minute * 6..minute * 6 + 6;
        let of = |way: &&Way| {
            frames.clone().map(|frame| way.frame(frame)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1))
        };
        let (calls, errors) = ways.iter().map(of).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
        let p50 = ways.iter().map(|way| way.p50_ms * MS).max();
        series.calls.push(calls);
        series.errors.push(errors);
        series.p50_ns.push(p50);
        series.p95_ns.push(p50.map(|p50| p50 * 3));
        series.p99_ns.push(p50.map(|p50| p50 * 5));
    }
    series
}

fn exemplars() -> Vec<Exemplar> {
    vec![
        Exemplar {
            trace_id: FAILED_CHAT.to_owned(),
            span_id: "00000000000000c2".to_owned(),
            duration_ns: 412 * MS,
            error: true,
        },
        Exemplar {
            trace_id: LOGIN.to_owned(),
            span_id: "00000000000000a2".to_owned(),
            duration_ns: 131 * MS,
            error: false,
        },
    ]
}

pub(super) fn operations(of: impl Fn(&Way) -> bool) -> Vec<OperationTraffic> {
    let ways = WAYS.iter().filter(|way| of(way));
    ways.map(|way| OperationTraffic {
        operation: way.operation.to_owned(),
        traffic: traffic(way.total(), way.p50_ms),
    })
    .collect()
}

fn codes(traffic: &Traffic) -> Vec<CodeCalls> {
    let code = |code, calls| CodeCalls { protocol: "http".to_owned(), code, flag: "-".to_owned(), calls };
    vec![code(200, traffic.calls - traffic.errors), code(500, traffic.errors)]
}

fn find(name: &str) -> Option<Node> {
    PLACES.iter().find(|place| place.name == name).map(node_of)
}

/// One edge with everything known of it.
pub(super) fn edge(source: &str, target: &str) -> Option<EdgeDetail> {
    let way = WAYS.iter().find(|way| way.source == source && way.target == target)?;
    let whole = traffic(way.total(), way.p50_ms);
    let server = traffic(way.total(), way.p50_ms * 9 / 10);
    Some(EdgeDetail {
        source: find(source)?,
        target: find(target)?,
        edges: vec![edge_of(way)],
        series: series(std::iter::once(way)),
        codes: codes(&whole),
        views: vec![
            View { observer: "client".to_owned(), traffic: whole },
            View { observer: "server".to_owned(), traffic: server },
        ],
        hosts: Vec::new(),
        operations: operations(|other| other.id() == way.id()),
        exemplars: exemplars(),
        sql: format!("{} HAVING source = '{source}' AND target = '{target}'", meta().sql),
        traces: format!("/api/v1/topology/edge/{source}/{target}/traces?from={FROM}&to={TO}"),
    })
}

/// One node with everything known of it.
pub(super) fn node(name: &str) -> Option<NodeDetail> {
    let node = find(name)?;
    let callers: Vec<Edge> = WAYS.iter().filter(|way| way.target == name).map(edge_of).collect();
    let callees: Vec<Edge> = WAYS.iter().filter(|way| way.source == name).map(edge_of).collect();
    let neighbours = callers.iter().map(|edge| &edge.source).chain(callees.iter().map(|edge| &edge.target));
    Some(NodeDetail {
        neighbours: neighbours.filter_map(|name| find(name)).collect(),
        series: series(WAYS.iter().filter(|way| way.target == name)),
        operations: operations(|way| way.target == name),
        codes: codes(&node.inbound),
        exemplars: exemplars(),
        sql: format!("{} HAVING target = '{name}'", meta().sql),
        traces: format!("/api/v1/topology/node/{name}/traces?from={FROM}&to={TO}"),
        node,
        callers,
        callees,
    })
}

/// Two windows: an edge that is slower, a new one, a lost one.
pub(super) fn diff() -> Diff {
    let changed = |state, a: Option<Edge>, b: Option<Edge>, p95| ChangedEdge {
        state,
        a,
        b,
        change: Change { rate: Some(0.1), error_ratio: Some(0.02), p95 },
        significant: true,
    };
    let before = edge_of(&WAYS[10]);
    let mut after = before.clone();
    after.p95_ns = after.p95_ns.map(|p95| p95 * 2);
    Diff {
        nodes: nodes(),
        edges: vec![
            changed(DiffState::Changed, Some(before), Some(after), Some(1.0)),
            changed(DiffState::New, None, Some(edge_of(&WAYS[14])), None),
            changed(DiffState::Lost, Some(edge_of(&WAYS[12])), None, None),
        ],
    }
}

/// Why an expected edge is not there.
pub(super) fn why() -> Why {
    let finding = Finding {
        code: "TOPO-02".to_owned(),
        message: "auth-api calls mail-api.growbin, and no span of mail-api ever came.".to_owned(),
        remedy: "Instrument mail-api, or point its exporter at this server.".to_owned(),
        values: vec![("source".to_owned(), "auth-api".to_owned()), ("target".to_owned(), "mail-api".to_owned())],
        evidence: vec![Evidence {
            what: "calls by auth-api to mail-api.growbin without an answering span".to_owned(),
            value: 42.0,
            sql: "SELECT count(*) FROM spans WHERE service_name = 'auth-api' AND server_address = 'mail-api.growbin'".to_owned(),
        }],
        trace_ids: vec![LOGIN.to_owned()],
    };
    Why {
        source: "auth-api".to_owned(),
        target: "mail-api".to_owned(),
        calls: 0,
        findings: vec![finding],
        checked: ["TOPO-01", "TOPO-03", "TOPO-05", "TOPO-06", "TOPO-08", "TOPO-09"]
            .map(str::to_owned)
            .to_vec(),
    }
}

fn rule_uses() -> Vec<RuleUse> {
    let used = |name: &str, source: &str, matches: &str, target: &str| RuleUse {
        name: name.to_owned(),
        source: source.to_owned(),
        kind: "external".to_owned(),
        matches: vec![matches.to_owned()],
        calls: WAYS.iter().filter(|way| way.target == target).map(|way| way.total().0).sum(),
        hosts: 1,
        shadowed_by: String::new(),
    };
    vec![
        used("openai", "rule", "api.openai.com", "openai"),
        used("google-oauth", "catalogue", "oauth2.googleapis.com", "google-oauth"),
    ]
}

/// The rules in force.
pub(super) fn rules() -> Rules {
    Rules {
        revision: 3,
        yaml: "externals:\n  - name: openai\n    match: [ api.openai.com ]\n".to_owned(),
        rules: rule_uses(),
        problems: Vec::new(),
    }
}

/// A draft that names one more host, with a slip in its last line.
pub(super) fn rules_test() -> RulesTest {
    RulesTest {
        problems: vec![RulesProblem {
            line: 6,
            column: 5,
            message: "unknown field `mach`".to_owned(),
            remedy: "did you mean `match`?".to_owned(),
        }],
        changed: vec![PeerName {
            host: "203.0.113.7:8443".to_owned(),
            calls: WAYS[14].total().0,
            before: "unnamed hosts".to_owned(),
            after: "partner-api".to_owned(),
        }],
        unnamed: Vec::new(),
        rules: rule_uses(),
    }
}
