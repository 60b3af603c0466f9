//! What a node of the map is: an identity that orders, hashes and prints, the same in every view and after every start.
//!
//! In: who sends spans, or what callers say of whom they call. Out: keys and their ids. Not here: numbers and names in
//! people's words (`view`), and which of the keys a peer gets (`names::resolve`).

use std::sync::Arc;

use api::topology::NodeKind;

use crate::entity::Entity;

/// A service, apart from its workloads and versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ServiceKey {
    /// As in [`Entity`]; likewise the rest.
    pub cluster: Arc<str>,
    /// Environment, else empty.
    pub environment: Arc<str>,
    /// Namespace.
    pub namespace: Arc<str>,
    /// Name.
    pub service: Arc<str>,
}

impl ServiceKey {
    /// The service of an entity.
    pub fn of(entity: &Entity) -> Self {
        Self {
            cluster: Arc::clone(&entity.cluster),
            environment: Arc::clone(&entity.environment),
            namespace: Arc::clone(&entity.namespace),
            service: Arc::clone(&entity.service),
        }
    }
}

/// Which part of a service a node is, by the type of graph.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Part {
    /// All of it.
    #[default]
    Whole,
    /// One version; empty when nobody said which.
    Version(Arc<str>),
    /// One workload; empty when nobody said which.
    Workload(Arc<str>),
    /// One operation, as its callers call it.
    Operation(Arc<str>),
}

/// The identity of a node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NodeKey {
    /// Something that sends spans, or a part of it.
    Service(ServiceKey, Part),
    /// A name inside the cluster from which no span came.
    Silent {
        /// Namespace, empty when the name does not say.
        namespace: Arc<str>,
        /// Name.
        service: Arc<str>,
    },
    /// A database or cache by what it is, where it is, and which of its databases.
    Store {
        /// Database or cache.
        kind: NodeKind,
        /// System.
        system: Arc<str>,
        /// Host, empty when not said: then `scope` keeps those of two namespaces apart.
        host: Arc<str>,
        /// Port, 0 when not said.
        port: u16,
        /// Database, empty when not said.
        name: Arc<str>,
        /// Namespace of the callers when there is no host.
        scope: Arc<str>,
    },
    /// A topic or queue; brokers are known by several hosts, so these do not count.
    Queue {
        /// System.
        system: Arc<str>,
        /// Destination.
        name: Arc<str>,
    },
    /// What a rule, a ServiceEntry or an attribute gave a name; several hosts may be one such node.
    Named {
        /// Kind.
        kind: NodeKind,
        /// Namespace of the ServiceEntry, else empty.
        namespace: Arc<str>,
        /// Name.
        name: Arc<str>,
    },
    /// A host by itself.
    Host {
        /// External, or unknown for private addresses.
        kind: NodeKind,
        /// Host.
        host: Arc<str>,
        /// Port, 0 when not said or the scheme's own.
        port: u16,
    },
    /// Hosts of one family together.
    Family {
        /// External, or unknown for private addresses.
        kind: NodeKind,
        /// Name of the catalogue, `Passthrough` or `Private network`.
        name: Arc<str>,
    },
    /// Callers that sent no span.
    UnknownCaller,
    /// Callees of which the caller says nothing.
    UnknownCallee,
    /// All of a namespace.
    Namespace {
        /// Cluster.
        cluster: Arc<str>,
        /// Environment.
        environment: Arc<str>,
        /// Namespace.
        namespace: Arc<str>,
    },
}

impl NodeKey {
    /// What the node is.
    pub const fn kind(&self) -> NodeKind {
        match self {
            Self::Service(..) | Self::Silent { .. } | Self::Namespace { .. } => NodeKind::Service,
            Self::Queue { .. } => NodeKind::Queue,
            Self::Store { kind, .. }
            | Self::Named { kind, .. }
            | Self::Host { kind, .. }
            | Self::Family { kind, .. } => *kind,
            Self::UnknownCaller | Self::UnknownCallee => NodeKind::Unknown,
        }
    }

    /// Its id: readable, and distinct for distinct keys, because `:` and `%` inside a text are escaped.
    pub fn id(&self) -> String {
        match self {
            Self::Service(service, part) => {
                let ServiceKey { cluster, environment, namespace, service } = service;
                let mut id = join("service", &[namespace, service]);
                // The usual installation has one cluster and one environment; its ids stay short.
                if (&**cluster, &**environment) != ("default", "") {
                    id = join("service", &[namespace, service, cluster, environment]);
                }
                match part {
                    Part::Whole => id,
                    Part::Version(version) => id + "@" + &join("version", &[version]),
                    Part::Workload(workload) => id + "@" + &join("workload", &[workload]),
                    Part::Operation(operation) => id + "@" + &join("operation", &[operation]),
                }
            }
            Self::Silent { namespace, service } => join("name", &[namespace, service]),
            Self::Store { kind, system, host, port, name, scope } => {
                join(kind_word(*kind), &[system, host, &port.to_string(), name, scope])
            }
            Self::Queue { system, name } => join("queue", &[system, name]),
            Self::Named { kind, namespace, name } => join("named", &[kind_word(*kind), namespace, name]),
            Self::Host { kind, host, port } => {
                let first = if *kind == NodeKind::Unknown { "address" } else { "host" };
                join(first, &[host, &port.to_string()])
            }
            Self::Family { kind, name } => join("hosts", &[kind_word(*kind), name]),
            Self::UnknownCaller => "unknown:caller".to_owned(),
            Self::UnknownCallee => "unknown:callee".to_owned(),
            Self::Namespace { cluster, environment, namespace } => {
                if (&**cluster, &**environment) == ("default", "") {
                    join("namespace", &[namespace])
                } else {
                    join("namespace", &[namespace, cluster, environment])
                }
            }
        }
    }

    /// The namespace in which it is drawn; empty when it has none.
    pub fn namespace(&self) -> &str {
        match self {
            Self::Service(service, _) => &service.namespace,
            Self::Silent { namespace, .. }
            | Self::Named { namespace, .. }
            | Self::Namespace { namespace, .. } => namespace,
            _ => "",
        }
    }

    /// Whether spans come from it.
    pub const fn is_instrumented(&self) -> bool {
        matches!(self, Self::Service(..) | Self::Namespace { .. })
    }
}

/// The word of a kind in ids and exports.
pub const fn kind_word(kind: NodeKind) -> &'static str {
    match kind {
        NodeKind::Service => "service",
        NodeKind::Database => "database",
        NodeKind::Cache => "cache",
        NodeKind::Queue => "queue",
        NodeKind::External => "external",
        NodeKind::Unknown => "unknown",
    }
}

fn join(first: &str, rest: &[&str]) -> String {
    let mut id = first.to_owned();
    for text in rest {
        id.push(':');
        for letter in text.chars() {
            match letter {
                ':' => id.push_str("%3A"),
                '%' => id.push_str("%25"),
                '@' => id.push_str("%40"),
                letter => id.push(letter),
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_readable_and_distinct() {
        let service = |cluster: &str, namespace: &str, name: &str| ServiceKey {
            cluster: cluster.into(),
            environment: "".into(),
            namespace: namespace.into(),
            service: name.into(),
        };
        let keys = [
            (NodeKey::Service(service("default", "shop", "cart"), Part::Whole), "service:shop:cart"),
            (NodeKey::Service(service("eu", "shop", "cart"), Part::Whole), "service:shop:cart:eu:"),
            (
                NodeKey::Service(service("default", "shop", "a:b"), Part::Version("1@2".into())),
                "service:shop:a%3Ab@version:1%402",
            ),
            (NodeKey::Queue { system: "kafka".into(), name: "api-logs".into() }, "queue:kafka:api-logs"),
            (
                NodeKey::Host { kind: NodeKind::External, host: "api.openai.com".into(), port: 0 },
                "host:api.openai.com:0",
            ),
        ];
        for (key, id) in keys {
            assert_eq!(key.id(), id);
        }
    }
}
