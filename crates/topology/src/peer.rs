//! What a client says that it called: raw facts, no naming decision (topology design 13.3). Names are given at read time,
//! so that a rule written today renames last month.

use std::borrow::Cow;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

/// Hash of a peer's facts; 0 is "none".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PeerId(pub u64);

impl PeerId {
    /// No peer.
    pub const NONE: Self = Self(0);
}

/// What sort of thing was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[repr(u8)]
pub enum PeerType {
    /// The span says nothing about it.
    #[default]
    Unknown = 0,
    /// A host or a named service.
    Host = 1,
    /// A database.
    Database = 2,
    /// A cache.
    Cache = 3,
    /// A queue or topic.
    Queue = 4,
    /// A remote procedure of which only the service is named.
    Rpc = 5,
    /// A cloud provider's service or function.
    Cloud = 6,
    /// A model provider.
    Ai = 7,
}

impl PeerType {
    /// Every type, by number.
    pub const ALL: [Self; 8] = [
        Self::Unknown,
        Self::Host,
        Self::Database,
        Self::Cache,
        Self::Queue,
        Self::Rpc,
        Self::Cloud,
        Self::Ai,
    ];

    /// The word in tables and answers.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Host => "host",
            Self::Database => "database",
            Self::Cache => "cache",
            Self::Queue => "queue",
            Self::Rpc => "rpc",
            Self::Cloud => "cloud",
            Self::Ai => "ai",
        }
    }

    /// The type with this word.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|peer_type| peer_type.as_str() == name)
    }
}

/// The facts, owned: a row of the table `peers`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Peer {
    /// What sort of thing.
    pub peer_type: PeerType,
    /// `db.system.name`, `messaging.system`, `rpc.system`, `gen_ai.provider.name`; empty for hosts.
    pub system: Arc<str>,
    /// Host in lower case without a trailing dot, or an address; empty when not said.
    pub host: Arc<str>,
    /// Port; 0 when not said (a scheme's default port is filled in for hosts).
    pub port: u16,
    /// A name that the sender gave: `service.peer.name` or `peer.service` for hosts, the namespace of a database, the
    /// destination of a queue, the service of a remote procedure.
    pub name: Arc<str>,
    /// `service.peer.namespace`, or a bucket or table of a cloud service.
    pub extra: Arc<str>,
}

/// The facts, borrowed from a span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PeerView<'a> {
    /// See [`Peer`]; likewise the rest.
    pub peer_type: PeerType,
    #[allow(missing_docs)]
    pub system: Cow<'a, str>,
    #[allow(missing_docs)]
    pub host: Cow<'a, str>,
    #[allow(missing_docs)]
    pub port: u16,
    #[allow(missing_docs)]
    pub name: Cow<'a, str>,
    #[allow(missing_docs)]
    pub extra: Cow<'a, str>,
}

impl PeerView<'_> {
    /// The id; none if the span says nothing.
    pub fn id(&self) -> PeerId {
        if self.peer_type == PeerType::Unknown {
            return PeerId::NONE;
        }
        let mut hash = Xxh3Default::new();
        hash.update(&[self.peer_type as u8]);
        hash.update(&self.port.to_le_bytes());
        for text in [&self.system, &self.host, &self.name, &self.extra] {
            hash.update(&(text.len() as u32).to_le_bytes());
            hash.update(text.as_bytes());
        }
        PeerId(hash.digest().max(1))
    }

    /// The facts with texts of their own.
    pub fn to_peer(&self) -> Peer {
        Peer {
            peer_type: self.peer_type,
            system: Arc::from(&*self.system),
            host: Arc::from(&*self.host),
            port: self.port,
            name: Arc::from(&*self.name),
            extra: Arc::from(&*self.extra),
        }
    }
}

impl Peer {
    /// The facts as a view.
    pub fn view(&self) -> PeerView<'_> {
        PeerView {
            peer_type: self.peer_type,
            system: Cow::Borrowed(&self.system),
            host: Cow::Borrowed(&self.host),
            port: self.port,
            name: Cow::Borrowed(&self.name),
            extra: Cow::Borrowed(&self.extra),
        }
    }

    /// The id.
    pub fn id(&self) -> PeerId {
        self.view().id()
    }
}
