//! The semantic-convention keys that have a column of their own, in old and new spelling.
//!
//! A key is folded into its column only if type and value stay exact; everything else stays in the JSON
//! text. Two bits of `attribute_spellings` say for a column with two spellings which one was sent:
//! 0 = the new one, 1 = the old one, 2 = both, with equal values.

/// Where the attribute is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// On the resource.
    Resource,
    /// On the span.
    Span,
}

/// The type that folds into the column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnType {
    /// UTF-8 text.
    Text,
    /// A signed 64-bit integer.
    Int,
}

/// One column and the keys that fold into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WellKnown {
    /// Name of the column.
    pub column: &'static str,
    /// Where the attribute is sent.
    pub level: Level,
    /// What folds.
    pub column_type: ColumnType,
    /// The present key.
    pub key: &'static str,
    /// The key of earlier conventions.
    pub old_key: Option<&'static str>,
    /// Position of its two bits in `attribute_spellings`, in units of two bits; meaningless without an
    /// old key. Never reused for another column.
    pub spelling: u8,
}

use ColumnType::{Int, Text};
use Level::{Resource, Span};

const fn one(column: &'static str, level: Level, column_type: ColumnType, key: &'static str) -> WellKnown {
    WellKnown { column, level, column_type, key, old_key: None, spelling: 0 }
}

const fn two(
    column: &'static str,
    level: Level,
    column_type: ColumnType,
    key: &'static str,
    old_key: &'static str,
    spelling: u8,
) -> WellKnown {
    WellKnown { column, level, column_type, key, old_key: Some(old_key), spelling }
}

/// Every well-known column in the order of the table.
pub const WELL_KNOWN: &[WellKnown] = &[
    one("service_name", Resource, Text, "service.name"),
    one("service_namespace", Resource, Text, "service.namespace"),
    one("service_version", Resource, Text, "service.version"),
    one("service_instance_id", Resource, Text, "service.instance.id"),
    two("deployment_environment", Resource, Text, "deployment.environment.name", "deployment.environment", 0),
    one("k8s_cluster_name", Resource, Text, "k8s.cluster.name"),
    one("k8s_namespace_name", Resource, Text, "k8s.namespace.name"),
    one("k8s_deployment_name", Resource, Text, "k8s.deployment.name"),
    one("k8s_statefulset_name", Resource, Text, "k8s.statefulset.name"),
    one("k8s_daemonset_name", Resource, Text, "k8s.daemonset.name"),
    one("k8s_pod_name", Resource, Text, "k8s.pod.name"),
    one("peer_service", Span, Text, "peer.service"),
    two("server_address", Span, Text, "server.address", "net.peer.name", 1),
    two("server_port", Span, Int, "server.port", "net.peer.port", 2),
    two("client_address", Span, Text, "client.address", "http.client_ip", 3),
    two("network_peer_address", Span, Text, "network.peer.address", "net.sock.peer.addr", 4),
    two("network_peer_port", Span, Int, "network.peer.port", "net.sock.peer.port", 5),
    two("http_request_method", Span, Text, "http.request.method", "http.method", 6),
    two("http_response_status_code", Span, Int, "http.response.status_code", "http.status_code", 7),
    one("http_route", Span, Text, "http.route"),
    one("http_target", Span, Text, "http.target"),
    one("http_host", Span, Text, "http.host"),
    one("url_path", Span, Text, "url.path"),
    two("url_full", Span, Text, "url.full", "http.url", 8),
    two("url_scheme", Span, Text, "url.scheme", "http.scheme", 9),
    two("user_agent_original", Span, Text, "user_agent.original", "http.user_agent", 10),
    two("network_protocol_version", Span, Text, "network.protocol.version", "http.flavor", 11),
    two("db_system", Span, Text, "db.system.name", "db.system", 12),
    two("db_namespace", Span, Text, "db.namespace", "db.name", 13),
    two("db_operation_name", Span, Text, "db.operation.name", "db.operation", 14),
    two("db_collection_name", Span, Text, "db.collection.name", "db.sql.table", 15),
    two("db_query_text", Span, Text, "db.query.text", "db.statement", 16),
    one("messaging_system", Span, Text, "messaging.system"),
    two("messaging_destination_name", Span, Text, "messaging.destination.name", "messaging.destination", 17),
    two("messaging_operation_type", Span, Text, "messaging.operation.type", "messaging.operation", 18),
    two(
        "messaging_consumer_group",
        Span,
        Text,
        "messaging.consumer.group.name",
        "messaging.kafka.consumer.group",
        19,
    ),
    two("rpc_system", Span, Text, "rpc.system.name", "rpc.system", 20),
    one("rpc_service", Span, Text, "rpc.service"),
    one("rpc_method", Span, Text, "rpc.method"),
    one("rpc_grpc_status_code", Span, Int, "rpc.grpc.status_code"),
    one("error_type", Span, Text, "error.type"),
];

/// Which spelling was sent, as two bits say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Spelling {
    /// The present key alone.
    #[default]
    New,
    /// The old key alone.
    Old,
    /// Both keys with equal values.
    Both,
}

impl WellKnown {
    /// Reads this column's spelling out of `attribute_spellings`.
    pub const fn spelling_of(&self, bits: i64) -> Spelling {
        if self.old_key.is_none() {
            return Spelling::New;
        }
        match (bits >> (2 * self.spelling)) & 3 {
            1 => Spelling::Old,
            2 => Spelling::Both,
            _ => Spelling::New,
        }
    }

    /// The bits that say `spelling` for this column.
    pub const fn spelling_bits(&self, spelling: Spelling) -> i64 {
        let value = match spelling {
            Spelling::New => 0,
            Spelling::Old => 1,
            Spelling::Both => 2,
        };
        value << (2 * self.spelling)
    }
}

/// Position in [`WELL_KNOWN`] of the column into which `key` folds at `level`, and whether `key` is its
/// old spelling.
pub fn column_of(level: Level, key: &str) -> Option<(usize, bool)> {
    WELL_KNOWN.iter().enumerate().find_map(|(at, column)| {
        if column.level != level {
            None
        } else if column.key == key {
            Some((at, false))
        } else if column.old_key == Some(key) {
            Some((at, true))
        } else {
            None
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn keys_columns_and_bits_are_unique() {
        let mut keys = HashSet::new();
        let mut columns = HashSet::new();
        let mut bits = HashSet::new();
        for column in WELL_KNOWN {
            assert!(columns.insert(column.column));
            assert!(keys.insert((column.level == Level::Span, column.key)));
            if let Some(old) = column.old_key {
                assert!(keys.insert((column.level == Level::Span, old)));
                assert!(bits.insert(column.spelling) && column.spelling < 31);
            }
        }
        assert_eq!(column_of(Level::Span, "http.method").map(|(_, old)| old), Some(true));
        assert_eq!(column_of(Level::Resource, "http.method"), None);
    }
}
