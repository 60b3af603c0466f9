//! The attributes that classification looks at, each with a slot; old and new spelling of one meaning share a slot, in
//! which the present spelling wins.

use std::borrow::Cow;

/// A value as far as classification needs it.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Value<'a> {
    /// Not sent, or of a type that says nothing here.
    #[default]
    Absent,
    /// Text.
    Text(Cow<'a, str>),
    /// An integer.
    Int(i64),
    /// A double.
    Double(f64),
    /// A truth value.
    Bool(bool),
}

macro_rules! slots {
    ($($slot:ident = $new:literal $(| $old:literal)*;)*) => {
        /// One meaning of an attribute.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(usize)]
        pub enum Slot { $(#[doc = $new] $slot,)* }

        /// How many slots there are.
        pub const SLOTS: usize = [$(Slot::$slot,)*].len();

        impl Slot {
            /// The slot of a key, and whether the key is the present spelling.
            pub fn of(key: &str) -> Option<(Self, bool)> {
                match key {
                    $($new => Some((Self::$slot, true)), $($old => Some((Self::$slot, false)),)*)*
                    _ => None,
                }
            }
        }
    };
}

slots! {
    PeerName = "service.peer.name" | "peer.service";
    PeerNamespace = "service.peer.namespace";
    ServerAddress = "server.address" | "net.peer.name";
    ServerPort = "server.port" | "net.peer.port";
    NetworkPeerAddress = "network.peer.address" | "net.sock.peer.addr";
    NetworkPeerPort = "network.peer.port" | "net.sock.peer.port";
    NetPeerIp = "net.peer.ip" | "peer.ipv4";
    PeerHostname = "peer.hostname" | "peer.host";
    PeerAddress = "peer.address";
    HttpMethod = "http.request.method" | "http.method";
    HttpStatus = "http.response.status_code" | "http.status_code";
    HttpRoute = "http.route";
    HttpTarget = "http.target";
    HttpHost = "http.host";
    UrlPath = "url.path";
    UrlFull = "url.full" | "http.url";
    UrlScheme = "url.scheme" | "http.scheme";
    UrlTemplate = "url.template";
    UserAgent = "user_agent.original" | "http.user_agent";
    EnvoyUserAgent = "user_agent";
    ResendCount = "http.request.resend_count" | "http.resend_count";
    RequestSize = "http.request.body.size" | "http.request_content_length";
    ResponseSize = "http.response.body.size" | "http.response_content_length";
    DbSystem = "db.system.name" | "db.system";
    DbNamespace = "db.namespace" | "db.name";
    DbOperation = "db.operation.name" | "db.operation";
    DbCollection = "db.collection.name" | "db.sql.table";
    DbStatement = "db.query.text" | "db.statement";
    DbType = "db.type";
    DbInstance = "db.instance";
    MessagingSystem = "messaging.system";
    MessagingDestination = "messaging.destination.name" | "messaging.destination";
    MessagingTemplate = "messaging.destination.template";
    MessagingTemporary = "messaging.destination.temporary" | "messaging.temp_destination";
    MessagingAnonymous = "messaging.destination.anonymous";
    MessagingOperation = "messaging.operation.type" | "messaging.operation";
    MessagingOperationName = "messaging.operation.name";
    MessagingGroup = "messaging.consumer.group.name" | "messaging.kafka.consumer.group";
    MessageSize = "messaging.message.body.size" | "messaging.message_payload_size_bytes";
    RpcSystem = "rpc.system.name" | "rpc.system";
    RpcService = "rpc.service";
    RpcMethod = "rpc.method";
    RpcStatus = "rpc.response.status_code" | "rpc.grpc.status_code";
    GrpcStatus = "grpc.status_code";
    GrpcPath = "grpc.path";
    FaasName = "faas.invoked_name";
    FaasProvider = "faas.invoked_provider";
    AiProvider = "gen_ai.provider.name" | "gen_ai.system";
    AiModel = "gen_ai.request.model";
    AwsBucket = "aws.s3.bucket";
    ErrorType = "error.type";
    TlsProtocol = "tls.protocol.version" | "tls.protocol.name";
    TlsClient = "tls.client.subject" | "tls.client.certificate";
    SpanKindTag = "span.kind";
    SharedId = "zipkin.shared" | "shared";
    SamplingProbability = "sampling.probability";
    SampleRate = "SampleRate";
    SamplerParam = "sampler.param";
    SamplerType = "sampler.type";
    Component = "component";
    NodeId = "node_id";
    UpstreamCluster = "upstream_cluster";
    UpstreamClusterName = "upstream_cluster.name";
    RequestId = "guid:x-request-id";
    ResponseFlags = "response_flags";
    EnvoyRequestSize = "request_size";
    EnvoyResponseSize = "response_size";
    RetryCount = "retry.count";
    IstioService = "istio.canonical_service";
    IstioRevision = "istio.canonical_revision";
    IstioNamespace = "istio.namespace";
    IstioCluster = "istio.cluster_id";
    IstioMesh = "istio.mesh_id";
}

/// The values of one span by slot.
#[derive(Debug, Clone)]
pub struct Slots<'a> {
    values: [Value<'a>; SLOTS],
    old: u128,
}

const _: () = assert!(SLOTS <= 128);

impl Default for Slots<'_> {
    fn default() -> Self {
        Self { values: [const { Value::Absent }; SLOTS], old: 0 }
    }
}

impl<'a> Slots<'a> {
    /// Notes a value under its key: the present spelling wins over old ones, the first of one spelling over later ones.
    pub fn put(&mut self, slot: Slot, present: bool, value: Value<'a>) {
        let at = slot as usize;
        let held = self.values[at] != Value::Absent;
        let held_by_old = self.old & (1 << at) != 0;
        if value == Value::Absent || held && !(present && held_by_old) {
            return;
        }
        self.values[at] = value;
        if present {
            self.old &= !(1 << at);
        } else {
            self.old |= 1 << at;
        }
    }

    /// The text of a slot, unless it is empty.
    pub fn text(&self, slot: Slot) -> Option<&Cow<'a, str>> {
        match &self.values[slot as usize] {
            Value::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The number of a slot; a text of digits counts.
    pub fn int(&self, slot: Slot) -> Option<i64> {
        match &self.values[slot as usize] {
            Value::Int(value) => Some(*value),
            Value::Text(text) => text.trim().parse().ok(),
            Value::Double(value) if value.fract() == 0.0 && value.abs() < 1e15 => Some(*value as i64),
            _ => None,
        }
    }

    /// The number of a slot with its fraction; a text of digits counts.
    pub fn double(&self, slot: Slot) -> Option<f64> {
        match &self.values[slot as usize] {
            Value::Int(value) => Some(*value as f64),
            Value::Double(value) => Some(*value),
            Value::Text(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// Whether the slot says true.
    pub fn is_true(&self, slot: Slot) -> bool {
        match &self.values[slot as usize] {
            Value::Bool(value) => *value,
            Value::Text(text) => text.eq_ignore_ascii_case("true"),
            _ => false,
        }
    }

    /// Whether anything was sent.
    pub fn has(&self, slot: Slot) -> bool {
        self.values[slot as usize] != Value::Absent
    }
}
