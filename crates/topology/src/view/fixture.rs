//! Rows for tests, written as lines.
//!
//! `pair SOURCE -> TARGET via HOST:PORT`, `client SOURCE -> PEER`, `server unknown -> TARGET`, `publish SOURCE -> TOPIC`,
//! `consume TOPIC -> TARGET`, each with `calls=N errors=N ms=N sms=N proto=WORD layer=WORD class=WORD sec=WORD op=WORD
//! at=SECONDS code=N`. A service is `[namespace/]name[@version]`; a peer is `host:HOST:PORT`, `db:SYSTEM@HOST:PORT/NAME`,
//! `cache:SYSTEM@HOST:PORT`, or `nothing`. A pair gives the client, server and pair rows that the stream would write.

use std::sync::Arc;

use api::topology::{Completeness, Topology};

use super::lookup::Lookup;
use super::{MapFacts, MapRequest, draw};
use crate::call_fact::{Class, Flags, Layer, Protocol, Security};
use crate::entity::{Entity, EntityId};
use crate::names::Names;
use crate::names::rules::Rules;
use crate::names::service_entry::Imported;
use crate::peer::{Peer, PeerId, PeerType};
use crate::rollup::{CodeCount, EdgeKind, EdgeRow, EdgeSums, EntityRow, Exemplar, PeerRow};

/// Rows with their entities and peers.
#[derive(Debug, Clone, Default)]
pub struct Fixture {
    pub rows: Vec<EdgeRow>,
    pub entities: Vec<EntityRow>,
    pub peers: Vec<PeerRow>,
    pub rules: String,
    pub entries: String,
    pub request: MapRequest,
}

impl Fixture {
    /// A minute from the lines.
    pub fn of(lines: &str) -> Self {
        let mut fixture = Self::default();
        fixture.request.to_ns = 60_000_000_000;
        lines.lines().map(str::trim).filter(|line| !line.is_empty()).for_each(|line| fixture.line(line));
        fixture
    }

    pub fn with(mut self, change: impl FnOnce(&mut MapRequest)) -> Self {
        change(&mut self.request);
        self
    }

    pub fn named(mut self, rules: &str) -> Self {
        self.rules = rules.to_owned();
        self
    }

    pub fn lookup(&self) -> Lookup {
        let entries = Imported::parse(&self.entries).map(|imported| imported.entries).unwrap_or_default();
        let names = Names::new(Rules::parse(&self.rules).expect("rules of a test"), entries);
        Lookup::new(&self.entities, &self.peers, Arc::new(names), &self.rows)
    }

    pub fn draw(&self) -> Topology {
        let lookup = self.lookup();
        draw(&self.request, &self.facts(&lookup))
    }

    pub fn facts<'a>(&'a self, lookup: &'a Lookup) -> MapFacts<'a> {
        let completeness = Completeness { exact: true, ..Completeness::default() };
        MapFacts {
            rows: &self.rows,
            lookup,
            completeness,
            resolutions_ns: vec![10_000_000_000],
            sql: String::new(),
        }
    }

    /// Nodes and edges, one a line.
    pub fn show(&self) -> String {
        show(&self.draw())
    }

    fn line(&mut self, line: &str) {
        let mut words = line.split(' ').collect::<Vec<_>>();
        let mut options = Vec::new();
        words.retain(|word| match word.split_once('=') {
            Some(pair) => {
                options.push(pair);
                false
            }
            None => true,
        });
        let get = |name: &str| options.iter().find(|(key, _)| *key == name).map(|(_, value)| *value);
        let number = |name: &str, or: i64| get(name).map_or(or, |text| text.parse().expect("a number"));
        let (calls, errors) = (number("calls", 1), number("errors", 0));
        let is_database = words.iter().any(|word| word.starts_with("db:") || word.starts_with("cache:"));
        let is_message = matches!(words[0], "publish" | "consume");
        let protocol = match get("proto") {
            Some(word) => Protocol::from_name(word).expect("a protocol"),
            None if is_database => Protocol::Database,
            None if is_message => Protocol::Messaging,
            None => Protocol::Http,
        };
        let mut row = EdgeRow { bucket_ns: number("at", 0) / 10 * 10_000_000_000, ..EdgeRow::default() };
        row.key.protocol = protocol;
        row.key.layer = get("layer").map_or(Layer::App, |word| Layer::from_name(word).expect("a layer"));
        row.key.class = get("class").map_or(Class::Traffic, |word| Class::from_name(word).expect("a class"));
        row.key.security =
            get("sec").map_or(Security::Unknown, |word| Security::from_name(word).expect("a security"));
        row.key.op = Arc::from(get("op").unwrap_or_default());
        let bad = number("code", if protocol == Protocol::Grpc { 14 } else { 500 }) as u16;
        let good = if protocol == Protocol::Grpc { 1 } else { 200 };
        let mut sums = EdgeSums {
            calls,
            calls_weighted: calls * 65_536 * number("weight", 1),
            calls_weighted_squared: calls * 65_536 * number("weight", 1) * number("weight", 1),
            errors,
            errors_weighted: errors * 65_536 * number("weight", 1),
            exemplar: Some(Exemplar::of(
                model::TraceId([calls as u8; 16]),
                model::SpanId([line.len() as u8; 8]),
            )),
            ..EdgeSums::default()
        };
        if matches!(protocol, Protocol::Http | Protocol::Grpc) {
            let code = |code, calls| CodeCount { code, calls, ..CodeCount::default() };
            sums.add_code(code(good, calls - errors));
            sums.add_code(code(bad, errors));
        }
        sums.duration.record(number("ms", 10) * 1_000_000, calls);
        let source = words[1];
        let target = words[3];
        let push = |fixture: &mut Self, kind: EdgeKind, src, peer, dst, sums: &EdgeSums| {
            let mut row = row.clone();
            row.key.kind = kind;
            (row.key.src, row.key.peer, row.key.dst) = (src, peer, dst);
            row.sums = sums.clone();
            fixture.rows.push(row);
        };
        match words[0] {
            "pair" => {
                let (src, dst) = (self.entity(source), self.entity(target));
                let peer = match words.get(5) {
                    Some(host) => self.peer(&format!("host:{host}")),
                    None => PeerId::NONE,
                };
                let mut server = sums.clone();
                server.duration = crate::Histogram::new();
                server.duration.record(number("sms", number("ms", 10) / 2) * 1_000_000, calls);
                let mut pair = sums.clone();
                pair.server_duration = server.duration.clone();
                push(self, EdgeKind::Client, src, peer, EntityId::NONE, &sums);
                push(self, EdgeKind::ClientMatched, src, peer, EntityId::NONE, &sums);
                push(self, EdgeKind::Server, EntityId::NONE, PeerId::NONE, dst, &server);
                push(self, EdgeKind::ServerMatched, EntityId::NONE, PeerId::NONE, dst, &server);
                push(self, EdgeKind::Pair, src, peer, dst, &pair);
                push(
                    self,
                    EdgeKind::Parent,
                    src,
                    PeerId::NONE,
                    dst,
                    &EdgeSums { calls, ..EdgeSums::default() },
                );
            }
            "client" => {
                let (src, peer) = (self.entity(source), self.peer(target));
                push(self, EdgeKind::Client, src, peer, EntityId::NONE, &sums);
            }
            "server" => {
                let dst = self.entity(target);
                push(self, EdgeKind::Server, EntityId::NONE, PeerId::NONE, dst, &sums);
            }
            "publish" => {
                let (src, peer) = (self.entity(source), self.topic(target));
                push(self, EdgeKind::Client, src, peer, EntityId::NONE, &sums);
            }
            "consume" => {
                let (peer, dst) = (self.topic(source), self.entity(target));
                push(self, EdgeKind::Server, EntityId::NONE, peer, dst, &sums);
            }
            other => panic!("`{other}` is no row"),
        }
        let _ = Flags::default();
    }

    fn entity(&mut self, text: &str) -> EntityId {
        let (text, version) = text.split_once('@').unwrap_or((text, "latest"));
        let (namespace, service) = text.split_once('/').unwrap_or(("default", text));
        let entity = Entity {
            cluster: "default".into(),
            namespace: namespace.into(),
            kind: "service".into(),
            workload: service.into(),
            service: service.into(),
            version: version.into(),
            ..Entity::default()
        };
        let id = entity.id();
        if self.entities.iter().all(|row| row.id != id) {
            let instance = format!("{service}-1").into();
            self.entities.push(EntityRow { id, entity, instance, last_seen_ns: 1, ..EntityRow::default() });
        }
        id
    }

    fn topic(&mut self, name: &str) -> PeerId {
        self.known(Peer {
            peer_type: PeerType::Queue,
            system: "kafka".into(),
            name: name.into(),
            ..Peer::default()
        })
    }

    fn peer(&mut self, text: &str) -> PeerId {
        if text == "nothing" {
            return PeerId::NONE;
        }
        let (kind, rest) = text.split_once(':').expect("a kind of peer");
        let (system, at) = rest.split_once('@').unwrap_or(("", rest));
        let (at, name) = at.split_once('/').unwrap_or((at, ""));
        let (host, port) = at.rsplit_once(':').unwrap_or((at, "0"));
        let peer_type = match kind {
            "host" => PeerType::Host,
            "db" => PeerType::Database,
            "cache" => PeerType::Cache,
            other => panic!("`{other}` is no kind of peer"),
        };
        self.known(Peer {
            peer_type,
            system: system.into(),
            host: host.into(),
            port: port.parse().expect("a port"),
            name: name.into(),
            extra: "".into(),
        })
    }

    fn known(&mut self, peer: Peer) -> PeerId {
        let id = peer.id();
        if self.peers.iter().all(|row| row.id != id) {
            self.peers.push(PeerRow { id, peer, ..PeerRow::default() });
        }
        id
    }
}

/// Nodes and edges, one a line.
pub fn show(map: &Topology) -> String {
    let mut out = String::new();
    for node in &map.nodes {
        out += &format!(
            "{} {:?} `{}` by {} in={}/{} out={}/{}{}{}{}{}{}\n",
            node.id,
            node.kind,
            node.name,
            node.named_by,
            node.inbound.calls,
            node.inbound.errors,
            node.outbound.calls,
            node.outbound.errors,
            if node.host.is_empty() { String::new() } else { format!(" host={}", node.host) },
            if node.system.is_empty() { String::new() } else { format!(" system={}", node.system) },
            if node.flags.is_empty() { String::new() } else { format!(" [{}]", node.flags.join(" ")) },
            if node.members > 1 { format!(" members={}", node.members) } else { String::new() },
            if node.health.reason.is_empty() { String::new() } else { format!(" {}", node.health.reason) },
        );
    }
    for edge in &map.edges {
        out += &format!(
            "{} -> {} {:?} {} {}/{} by {}{}{}{}\n",
            edge.source,
            edge.target,
            edge.kind,
            edge.protocol,
            edge.calls,
            edge.errors,
            edge.observer,
            if edge.unpaired > 0 { format!(" unpaired={}", edge.unpaired) } else { String::new() },
            if edge.via.is_empty() { String::new() } else { format!(" via {}", edge.via.join(",")) },
            if edge.observed { String::new() } else { format!(" unseen {}", edge.missing) },
        );
    }
    for warning in &map.warnings {
        out += &format!("! {}: {}\n", warning.code, warning.message);
    }
    out
}
