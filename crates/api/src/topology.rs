//! The service map: nodes, edges, and what can be asked of one of them.

mod detail;
mod diff;
mod frames;
mod rules;
mod why;

pub use detail::{EdgeDetail, Exemplar, HostCalls, NodeDetail, OperationTraffic, View};
pub use diff::{ChangedEdge, Diff, DiffState};
pub use frames::{Delta, EdgeFrames, Frames, Snapshot};
pub use rules::{PeerName, RuleUse, Rules, RulesDraft, RulesProblem, RulesTest};
pub use why::{Evidence, Finding, Why};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::traffic::{Health, Traffic};

/// A map of a range.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Topology {
    /// Of what it is a map.
    pub meta: Meta,
    /// Nodes by id.
    pub nodes: Vec<Node>,
    /// Edges by source, then target, then kind.
    pub edges: Vec<Edge>,
    /// What a reader of the map must know.
    pub warnings: Vec<Warning>,
}

/// Of what a map is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Meta {
    /// Start of the range.
    pub from: String,
    /// Its end, not included.
    pub to: String,
    /// What a node stands for.
    pub graph: Graph,
    /// Steps of the rollups that were summed, nanoseconds, the coarsest first.
    pub resolutions_ns: Vec<i64>,
    /// How whole the numbers are.
    pub completeness: Completeness,
    /// Whether nodes were folded because there were too many.
    pub folded: bool,
    /// Revision of the naming rules that were applied.
    pub rules_revision: u64,
    /// Namespaces that the range has, also those not asked for.
    pub namespaces: Vec<String>,
    /// The statement that gives the edges' counts.
    pub sql: String,
}

/// What a node stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Graph {
    /// A service.
    #[default]
    Service,
    /// A version of a service.
    Versioned,
    /// A workload.
    Workload,
    /// An operation of a service.
    Operation,
    /// A namespace.
    Namespace,
}

/// How whole the numbers of a map are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Completeness {
    /// Whether every span of the range that was acknowledged is counted, each once.
    pub exact: bool,
    /// Parts of the range that await a correction.
    pub pending_repairs: u64,
    /// Calls whose other half was given up for lack of memory and that a correction will add.
    pub evicted: u64,
    /// Set when the server started so recently that pairs of that moment may be missing; when it ends.
    pub incomplete_until_unix_nano: Option<String>,
    /// Share of calls by services whose spans say that they are sampled, 0 to 1.
    pub sampled_share: f64,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    /// Something that sends spans, or a name inside the cluster.
    Service,
    /// A database.
    Database,
    /// A cache.
    Cache,
    /// A queue or topic.
    Queue,
    /// Somebody else's host.
    External,
    /// A caller or host that nothing names.
    Unknown,
}

/// A node of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Node {
    /// Stable over restarts and refreshes.
    pub id: String,
    /// What it is.
    pub kind: NodeKind,
    /// What it is called.
    pub name: String,
    /// Its namespace; empty when it has none.
    pub namespace: String,
    /// Its cluster; empty when none was sent.
    pub cluster: String,
    /// Its environment; empty when none was sent.
    pub environment: String,
    /// Its workload, for graphs of workloads and for services of one workload.
    pub workload: String,
    /// Its versions, the newest first.
    pub versions: Vec<String>,
    /// `host:port` of what is no service of ours, as the callers said it.
    pub host: String,
    /// System of a database, cache or queue, as sent: `postgresql`, `redis`, `kafka`.
    pub system: String,
    /// Box in which it is drawn besides its namespace, such as the provider of external hosts.
    pub group: String,
    /// What gave it its name: `spans`, `rule NAME`, `service entry NAME`, `catalogue`, `attribute`, `kubernetes`, `address`, `none`.
    pub named_by: String,
    /// Whether it was seen; `false` for what is only expected.
    pub observed: bool,
    /// Whether it sends spans.
    pub instrumented: bool,
    /// How it fares.
    pub health: Health,
    /// Calls that it answered.
    pub inbound: Traffic,
    /// Calls that it made.
    pub outbound: Traffic,
    /// Marks with a source, such as `root`, `missing_context`, `uninstrumented_middle`, `sampled`, `unnamed_host`, `idle`.
    pub flags: Vec<String>,
    /// Hosts behind it with their calls, the most called first; at most 50.
    pub hosts: Vec<HostCalls>,
    /// Instances seen in the range; 0 when nothing tells them apart.
    pub instances: u64,
    /// Number of nodes folded into it; 1 when it is itself.
    pub members: u64,
}

/// Kinds of edge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EdgeKind {
    /// A request with an answer.
    Call,
    /// A statement to a database or cache.
    Database,
    /// A message sent.
    Publish,
    /// A message taken.
    Consume,
}

/// An edge of the map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Edge {
    /// Stable over restarts and refreshes.
    pub id: String,
    /// Id of the caller's node.
    pub source: String,
    /// Id of the callee's node.
    pub target: String,
    /// What sort of call.
    pub kind: EdgeKind,
    /// http, grpc, database, messaging or other.
    pub protocol: String,
    /// Calls over the range, whole.
    pub calls: i64,
    /// Failed ones, whole.
    pub errors: i64,
    /// Calls a second, weighted where spans tell their sampling.
    pub rate_per_second: f64,
    /// Standard error of the rate when spans are sampled; 0 when every call is counted.
    pub rate_error: f64,
    /// Share of failed calls, 0 to 1; null without calls.
    pub error_ratio: Option<f64>,
    /// Mean duration as the observer saw it; null without calls.
    pub avg_ns: Option<i64>,
    /// Median.
    pub p50_ns: Option<i64>,
    /// 95th percentile.
    pub p95_ns: Option<i64>,
    /// 99th percentile.
    pub p99_ns: Option<i64>,
    /// 95th percentile as the callee saw it; null when it sent no spans.
    pub server_p95_ns: Option<i64>,
    /// Bytes a second of requests; null when no span tells sizes.
    pub request_bytes_per_second: Option<f64>,
    /// Bytes a second of answers; null when no span tells sizes.
    pub response_bytes_per_second: Option<f64>,
    /// Share of the caller's calls, 0 to 1.
    pub share: f64,
    /// Who saw the calls: both, client, server, proxy, parent, or none for an edge that is only expected.
    pub observer: String,
    /// Calls of these that only one side told.
    pub unpaired: i64,
    /// plain, tls, mtls or unknown.
    pub security: String,
    /// How it fares.
    pub health: Health,
    /// Whether it was seen; `false` for what is only expected.
    pub observed: bool,
    /// Why it was not seen, for expected edges: the code of the first finding; empty otherwise.
    pub missing: String,
    /// Hosts through which it went, such as a gateway that sends no spans; empty for most.
    pub via: Vec<String>,
    /// When it was first seen, in the time for which rollups are kept.
    pub first_seen_unix_nano: Option<String>,
}

/// Something that a reader of the map must know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Warning {
    /// A stable word: a finding's code such as `TOPO-01`, or `single_service`, `folded`, `no_data`, `incomplete`, `rules`.
    pub code: String,
    /// In one sentence, in English.
    pub message: String,
    /// What to do about it; may be empty.
    pub remedy: String,
    /// Ids of the nodes that it is about.
    pub nodes: Vec<String>,
    /// Names and numbers in the sentence, for other languages.
    pub values: Vec<(String, String)>,
}
