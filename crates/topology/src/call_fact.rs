//! What one span says about calls: the answer of `classify`, which is not stored but can be had again from the span.

use std::borrow::Cow;

use crate::entity::EntityId;
use crate::peer::{PeerId, PeerView};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $number:literal, $word:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        #[repr(u8)]
        pub enum $name { $($(#[$vdoc])* $variant = $number,)* }

        impl $name {
            /// Every value in the order of its numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in tables and answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value with this word.
            pub fn from_name(name: &str) -> Option<Self> {
                match name { $($word => Some(Self::$variant),)* _ => None }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// Which half of a call a span is.
    Role {
        /// No half: an operation inside a process, or one that moves no traffic.
        #[default]
        None = 0, "none";
        /// Someone called and waited.
        Client = 1, "client";
        /// Someone was called.
        Server = 2, "server";
        /// A message was sent.
        Producer = 3, "producer";
        /// A message was received or processed.
        Consumer = 4, "consumer";
    }
}

impl Role {
    /// Whether it is the calling half.
    pub const fn calls(self) -> bool {
        matches!(self, Self::Client | Self::Producer)
    }

    /// Whether it is the called half.
    pub const fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Consumer)
    }
}

words! {
    /// Whether a call is traffic. Only [`Class::Traffic`] is drawn by default.
    Class {
        /// A request of someone who wants something.
        #[default]
        Traffic = 0, "traffic";
        /// A health check.
        Probe = 1, "probe";
        /// The making of a connection or transaction: database `connect`, BEGIN, COMMIT, first queries of a pool.
        Setup = 2, "setup";
        /// Waiting for messages: poll, receive, settle, create. Paired with nothing.
        Poll = 3, "poll";
    }
}

words! {
    /// Who measured: the application's SDK or a proxy in front of it. Sums of two layers are never added.
    Layer {
        /// The application.
        #[default]
        App = 1, "app";
        /// A proxy.
        Proxy = 2, "proxy";
    }
}

/// A set of layers: an application is in one, a sidecar in the other, a gateway (a proxy that is a node of its own) in
/// both, because its neighbours may be measured in either.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Layers(pub u8);

impl Layers {
    /// The application's layer alone.
    pub const APP: Self = Self(Layer::App as u8);
    /// The proxies' layer alone.
    pub const PROXY: Self = Self(Layer::Proxy as u8);
    /// Both.
    pub const BOTH: Self = Self(Layer::App as u8 | Layer::Proxy as u8);

    /// The layers in this set.
    pub fn iter(self) -> impl Iterator<Item = Layer> {
        Layer::ALL.iter().copied().filter(move |layer| self.0 & *layer as u8 != 0)
    }

    /// Layers in both sets.
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

words! {
    /// What was spoken.
    Protocol {
        /// Not said.
        #[default]
        Other = 0, "other";
        /// HTTP of any version.
        Http = 1, "http";
        /// gRPC.
        Grpc = 2, "grpc";
        /// A database's own.
        Database = 3, "db";
        /// A broker's.
        Messaging = 4, "msg";
        /// Bytes over TCP.
        Tcp = 5, "tcp";
        /// Another remote procedure call.
        Rpc = 6, "rpc";
    }
}

words! {
    /// Whether the wire was encrypted, as far as the span says.
    Security {
        /// Not said.
        #[default]
        Unknown = 0, "unknown";
        /// In the clear.
        Plain = 1, "plain";
        /// TLS.
        Tls = 2, "tls";
        /// TLS with a certificate on both sides.
        Mtls = 3, "mtls";
    }
}

/// Response flags in Envoy's words, one bit each, so that they add up without a dictionary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Flags(pub u32);

impl Flags {
    /// The words by bit.
    pub const WORDS: [&'static str; 30] = [
        "DC", "DF", "DI", "DO", "DPE", "DR", "DT", "FI", "IH", "LH", "LR", "NC", "NFCF", "NR", "OM", "RFCF",
        "RL", "RLSE", "SI", "UAEX", "UC", "UDO", "UF", "UH", "UMSDR", "UO", "UPE", "UR", "URX", "UT",
    ];
    /// A word that is not in the list.
    pub const OTHER: Self = Self(1 << 30);
    /// The flag was derived from `error.type` or an exception, not sent by a proxy.
    pub const INFERRED: Self = Self(1 << 31);

    /// The flags of a comma-separated list; `-` and empty are none.
    pub fn parse(text: &str) -> Self {
        let mut bits = 0;
        for word in text.split(',').map(str::trim).filter(|word| !word.is_empty() && *word != "-") {
            bits |= match Self::WORDS.binary_search(&word) {
                Ok(bit) => 1 << bit,
                Err(_) => Self::OTHER.0,
            };
        }
        Self(bits)
    }

    /// The flag of one word, marked as derived.
    pub fn inferred(word: &str) -> Self {
        Self(Self::parse(word).0 | Self::INFERRED.0)
    }
}

impl std::fmt::Display for Flags {
    /// Words in alphabetical order joined by commas; `-` for none.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut words: Vec<&str> = Self::WORDS
            .iter()
            .enumerate()
            .filter(|(bit, _)| self.0 & (1 << bit) != 0)
            .map(|(_, word)| *word)
            .collect();
        if self.0 & Self::OTHER.0 != 0 {
            words.push("?");
        }
        if words.is_empty() { f.write_str("-") } else { f.write_str(&words.join(",")) }
    }
}

/// How a half ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Outcome {
    /// HTTP status 100-599 or, for [`Protocol::Grpc`], the gRPC status 0-16 plus 1, so that 0 is "no response" or "not said"
    /// everywhere; see [`Outcome::code_text`].
    pub code: u16,
    /// Response flags.
    pub flags: Flags,
    /// By the rule at write time: HTTP 400 and above, gRPC other than OK, else span status error.
    pub error: bool,
}

impl Outcome {
    /// The code as people write it: the number, `-` for none.
    pub fn code_text(code: u16, protocol: Protocol) -> String {
        match (code, protocol) {
            (0, _) => "-".to_owned(),
            (code, Protocol::Grpc) if code <= 17 => (code - 1).to_string(),
            (code, _) => code.to_string(),
        }
    }
}

/// What sort of proxy made the span.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum ProxyKind {
    /// No proxy.
    #[default]
    None,
    /// Beside or before an application and no node of its own: sidecar, waypoint, ztunnel. Chains go through it.
    Contracted,
    /// A gateway: a node.
    Gateway,
}

/// One span as the map sees it. Borrows its texts from the span.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CallFact<'a> {
    /// Which half, if any.
    pub role: Role,
    /// Traffic or not.
    pub class: Class,
    /// In which layers it counts.
    pub layers: Layers,
    /// Whether a proxy made it.
    pub proxy: ProxyKind,
    /// What was spoken.
    pub protocol: Protocol,
    /// Encrypted or not.
    pub security: Security,
    /// Who made the span.
    pub entity: EntityId,
    /// What was called; for consumers the queue that was read.
    pub peer: PeerView<'a>,
    /// Id of `peer`.
    pub peer_id: PeerId,
    /// Method and route, procedure, database operation and table, or messaging operation; empty when not said.
    pub op: Cow<'a, str>,
    /// How it ended.
    pub outcome: Outcome,
    /// How many calls it stands for, in 65536ths; 65536 is one. At most `u32::MAX`, whatever was sent.
    pub weight: u32,
    /// Start in nanoseconds since the epoch, as sent; starts far in the future are clamped by the aggregator.
    pub start_ns: i64,
    /// Duration in nanoseconds, 0 if sent negative, at most seven days.
    pub duration_ns: i64,
    /// Bytes of request and response if the span says either; each at most `u32::MAX`.
    pub sizes: Option<(u32, u32)>,
    /// Whether it repeats an earlier attempt.
    pub retry: bool,
    /// A Zipkin span whose id is shared by client and server.
    pub shared_id: bool,
}
