//! Edges with the labels of the original, drawn from pairs and from halves that left alone.

use std::collections::BTreeMap;

use model::{Span, SpanKind, StatusCode};
use serde_json::Value as Json;
use topology::Layers;
use topology::pending::{Arrival, Half, Limits, Pair, Pending, Sink};

pub type Labels = BTreeMap<String, String>;

/// Numbers of one edge; times in nanoseconds.
#[derive(Debug, Default, Clone)]
pub struct Edge {
    total: u64,
    failed: u64,
    client: Vec<i64>,
    server: Vec<i64>,
    messaging: Vec<i64>,
}

impl Edge {
    /// A number by the name that the cases give it.
    pub fn value(&self, name: &str) -> Option<f64> {
        let sum = |times: &[i64]| times.iter().sum::<i64>() as f64 / 1e9;
        let below = |times: &[i64], bound: &str| {
            let bound: f64 = bound.parse().ok()?;
            Some(times.iter().filter(|time| **time as f64 / 1e9 <= bound).count() as f64)
        };
        match name {
            "traces_service_graph_request_total" => Some(self.total as f64),
            "traces_service_graph_request_failed_total" => Some(self.failed as f64),
            "traces_service_graph_connection_info" => Some(1.0),
            "client_seconds_sum" => Some(sum(&self.client)),
            "server_seconds_sum" => Some(sum(&self.server)),
            "messaging_system_seconds_sum" => Some(sum(&self.messaging)),
            _ => match name.split_once("_le_")? {
                ("client", bound) => below(&self.client, bound),
                ("server", bound) => below(&self.server, bound),
                _ => None,
            },
        }
    }
}

/// Everything drawn.
#[derive(Debug, Default)]
pub struct Graph {
    pub edges: BTreeMap<Labels, Edge>,
    pub counters: BTreeMap<String, u64>,
}

struct Settings {
    dimensions: Vec<String>,
    prefix: bool,
    virtual_label: bool,
    database_names: Vec<String>,
}

struct Ear<'a> {
    spans: &'a [Span],
    settings: Settings,
    graph: Graph,
    done: Vec<bool>,
    /// For a half the other one, which has no service name.
    nameless: BTreeMap<u32, u32>,
}

const PEERS: [&str; 4] = ["peer.service", "db.name", "db.system", "db.system.name"];
const DATABASES: [&str; 4] = ["db.namespace", "db.name", "db.system", "db.system.name"];

fn service(span: &Span) -> &str {
    span.resource.service_name().unwrap_or_default()
}

fn text<'a>(span: &'a Span, key: &str) -> Option<&'a str> {
    span.attributes.get_str(key).or_else(|| span.resource.attributes.get_str(key))
}

fn filled<'a>(span: &'a Span, keys: &[impl AsRef<str>]) -> Option<&'a str> {
    keys.iter().find_map(|key| text(span, key.as_ref()).filter(|text| !text.is_empty()))
}

/// The edges of spans in their order of arrival; `expire` lets what waits leave at the end.
pub fn graph(spans: &[Span], config: &Json, expire: bool) -> Graph {
    let list = |name: &str| -> Vec<String> {
        config[name].as_array().into_iter().flatten().filter_map(|v| v.as_str().map(str::to_owned)).collect()
    };
    let mut database_names = list("database_name_attributes");
    if database_names.is_empty() {
        database_names = DATABASES.map(str::to_owned).to_vec();
    }
    let settings = Settings {
        dimensions: list("dimensions"),
        prefix: config["client_server_prefix"] == true,
        virtual_label: config["virtual_node_label"] == true,
        database_names,
    };
    let mut ear = Ear {
        spans,
        settings,
        graph: Graph::default(),
        done: vec![false; spans.len()],
        nameless: BTreeMap::new(),
    };
    let mut pending = Pending::new(Limits::default());
    pending.advance(0, &mut ear);
    for (tag, span) in spans.iter().enumerate() {
        let calls = matches!(span.kind, SpanKind::CLIENT | SpanKind::PRODUCER);
        let serves = matches!(span.kind, SpanKind::SERVER | SpanKind::CONSUMER);
        if span.kind == SpanKind::CLIENT && ear.database(span) {
            continue;
        }
        let half = (calls || serves).then_some(Half {
            tag: tag as u32,
            calls,
            layers: Layers::APP,
            start_ns: span.start.0,
            duration_ns: span.duration_nano,
            sizes: None,
        });
        let arrival = Arrival {
            trace_id: span.trace_id,
            span_id: span.span_id,
            parent: span.parent_span_id,
            fingerprint: tag as u32,
            entity: 1,
            bucket_ns: 0,
            half,
            contracted: false,
            shared_id: false,
            links: &[],
        };
        pending.arrive(&arrival, &mut ear);
    }
    if expire {
        pending.advance(Limits::default().window_seconds, &mut ear);
    }
    ear.graph
}

impl Ear<'_> {
    fn count(&mut self, name: &str) {
        *self.graph.counters.entry(name.to_owned()).or_default() += 1;
    }

    /// Draws a database's edge, unless its server's name is empty.
    fn database(&mut self, span: &Span) -> bool {
        let Some(value) = filled(span, &self.settings.database_names) else { return false };
        let network = filled(span, &["network.peer.address"]).map(|address| {
            let port = span.attributes.get("network.peer.port");
            let port = port.and_then(|p| p.as_int().map(|p| p.to_string()).or(p.as_str().map(str::to_owned)));
            port.map_or_else(|| address.to_owned(), |port| format!("{address}:{port}"))
        });
        let told = text(span, "peer.service").or_else(|| text(span, "server.address")).map(str::to_owned);
        let server = told.or(network).unwrap_or_else(|| value.to_owned());
        if server.is_empty() {
            return false;
        }
        let labels = self.labels(service(span), &server, "database", Some(span), None, true);
        self.draw(labels, Some(span), None);
        true
    }

    fn labels(
        &self,
        client: &str,
        server: &str,
        connection: &str,
        caller: Option<&Span>,
        called: Option<&Span>,
        caller_last: bool,
    ) -> Labels {
        let mut labels = Labels::new();
        let mut sides = [("client_", caller), ("server_", called)];
        if caller_last {
            sides.reverse();
        }
        for (prefix, span) in sides {
            let prefix = if self.settings.prefix { prefix } else { "" };
            for dimension in &self.settings.dimensions {
                if let Some(value) = span.and_then(|span| text(span, dimension)).filter(|v| !v.is_empty()) {
                    labels.insert(format!("{prefix}{}", dimension.replace('.', "_")), value.to_owned());
                }
            }
        }
        labels.insert("client".to_owned(), client.to_owned());
        labels.insert("server".to_owned(), server.to_owned());
        labels.insert("connection_type".to_owned(), connection.to_owned());
        labels
    }

    fn draw(&mut self, labels: Labels, client: Option<&Span>, server: Option<&Span>) {
        self.count("edges_total");
        let edge = self.graph.edges.entry(labels).or_default();
        edge.total += 1;
        let failed = [client, server].into_iter().flatten().any(|span| span.status_code == StatusCode::ERROR);
        edge.failed += u64::from(failed);
        edge.client.extend(client.map(|span| span.duration_nano));
        edge.server.extend(server.or(client).map(|span| span.duration_nano));
        if let (Some(client), Some(server)) = (client, server) {
            edge.messaging.push(server.start.0 - client.end().0);
        }
    }

    fn draw_virtual(&mut self, client: &str, server: &str, side: &str, span: &Span) {
        let calls = side == "server";
        let (caller, called) = if calls { (Some(span), None) } else { (None, Some(span)) };
        let mut labels = self.labels(client, server, "virtual_node", caller, called, false);
        if self.settings.virtual_label {
            labels.insert("virtual_node".to_owned(), side.to_owned());
        }
        self.draw(labels, caller, called);
    }
}

impl Sink for Ear<'_> {
    fn entity_of(&self, _tag: u32) -> u32 {
        1
    }

    fn pair(&mut self, pair: Pair) {
        let (client, server) = (&self.spans[pair.client.tag as usize], &self.spans[pair.server.tag as usize]);
        if service(client).is_empty() || service(server).is_empty() {
            self.nameless.insert(pair.client.tag, pair.server.tag);
            self.nameless.insert(pair.server.tag, pair.client.tag);
            return;
        }
        self.done[pair.client.tag as usize] = true;
        self.done[pair.server.tag as usize] = true;
        let messaging = client.kind == SpanKind::PRODUCER || server.kind == SpanKind::CONSUMER;
        let connection = if messaging { "messaging_system" } else { "" };
        let caller_last = pair.client.tag > pair.server.tag;
        let labels =
            self.labels(service(client), service(server), connection, Some(client), Some(server), caller_last);
        self.draw(labels, Some(client), Some(server));
    }

    fn parent(&mut self, _parent: u32, _child: u32, _start_ns: i64, _spans: i64) {}

    fn left(&mut self, half: &Half, _matched: Layers, _evicted: bool) {
        if self.done[half.tag as usize] {
            return;
        }
        let spans = self.spans;
        let span = &spans[half.tag as usize];
        let other = self.nameless.get(&half.tag).map(|tag| &spans[*tag as usize]);
        if half.calls {
            let peer = filled(span, &PEERS).or_else(|| other.and_then(|other| filled(other, &PEERS)));
            match peer {
                Some(peer) => self.draw_virtual(service(span), peer, "server", span),
                None => {
                    self.count("edges_total");
                    self.count("expired_edges{unmatched_span_kind=SPAN_KIND_CLIENT}");
                }
            }
        } else if other.is_none() && span.parent_span_id.is_none() {
            let peer = filled(span, &PEERS).unwrap_or("user").to_owned();
            self.draw_virtual(&peer, service(span), "client", span);
        } else if other.is_none() {
            self.count("edges_total");
            self.count("expired_edges{unmatched_span_kind=SPAN_KIND_SERVER}");
        }
    }

    fn late(&mut self, _trace_id: Option<model::TraceId>, _start_ns: i64) {}

    fn evicted(&mut self, _start_ns: i64) {}
}
