//! Who was called, when no server span answers: from the raw facts of a peer to a node of the map, at read time.
//!
//! In: a peer, the caller's namespace, the names in force, and what the spans of others tell (services, workloads, pods,
//! addresses, and which service answered at a host before). Out: a node with what gave it its name, in the order of
//! topology design 13.8. Not here: rules themselves (`names`), numbers (`view`).

use std::net::IpAddr;
use std::sync::Arc;

use api::topology::NodeKind;
use hashbrown::HashMap;

use super::pattern::plain_host;
use super::rules::RuleKind;
use super::{Ask, Named, Names, RuleSource};
use crate::node::{NodeKey, Part, ServiceKey};
use crate::peer::{Peer, PeerType};
use crate::rollup::{EdgeKind, EdgeRow, EntityRow};
use crate::{Class, EntityId, PeerId};

/// A host is taken for a service after so many answered calls...
pub const LEARN_CALLS_MIN: i64 = 20;
/// ...of which at least this share went to that service.
pub const LEARN_SHARE_MIN: f64 = 0.99;

/// What resolution says of a peer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolved {
    /// The node; `None` when a rule says that the host is not drawn.
    pub node: Option<NodeKey>,
    /// What gave the name, in the words of the API.
    pub named_by: Arc<str>,
    /// What the node is called, when the key does not say.
    pub name: Arc<str>,
    /// The family with which it is folded when there are too many: the catalogue's name, or `Passthrough`.
    pub family: Option<Arc<str>>,
    /// Box of nodes of one owner.
    pub group: Arc<str>,
    /// Raw system of a database, cache or queue; else empty.
    pub system: Arc<str>,
    /// Nothing names the host.
    pub is_unnamed: bool,
    /// The host is known to stand before several services.
    pub is_ambiguous: bool,
}

/// Which services answered at a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Learnt {
    /// This one.
    One(ServiceKey),
    /// Several, the most frequent first: a gateway or load balancer.
    Several(Vec<(ServiceKey, i64)>),
}

/// What spans tell about names.
#[derive(Debug, Clone, Default)]
pub struct Known {
    services: HashMap<Arc<str>, Vec<ServiceKey>>,
    namespaces: hashbrown::HashSet<Arc<str>>,
    pods: HashMap<Arc<str>, ServiceKey>,
    addresses: HashMap<IpAddr, Option<ServiceKey>>,
    learnt: HashMap<(Arc<str>, u16), Learnt>,
}

impl Known {
    /// From the entities of a range that is long enough to have seen every service, such as a day.
    pub fn of_entities(rows: &[EntityRow]) -> Self {
        let mut known = Self::default();
        for row in rows {
            let service = ServiceKey::of(&row.entity);
            for name in [&row.entity.service, &row.entity.workload] {
                let list = known.services.entry(Arc::clone(name)).or_default();
                if !list.contains(&service) {
                    list.push(service.clone());
                }
            }
            known.namespaces.insert(Arc::clone(&row.entity.namespace));
            if !row.pod.is_empty() {
                known.pods.insert(Arc::clone(&row.pod), service.clone());
            }
            for address in row.addresses.split(',').filter_map(|text| text.trim().parse::<IpAddr>().ok()) {
                // Loopback and addresses that several services share (one host, many processes) name nobody.
                if address.is_loopback() {
                    continue;
                }
                known
                    .addresses
                    .entry(address)
                    .and_modify(|known| {
                        if known.as_ref() != Some(&service) {
                            *known = None;
                        }
                    })
                    .or_insert_with(|| Some(service.clone()));
            }
        }
        known.services.values_mut().for_each(|list| list.sort());
        known
    }

    /// Learns from pairs which service answers at which host.
    pub fn learn<'r>(
        &mut self,
        rows: impl IntoIterator<Item = &'r EdgeRow>,
        peers: &HashMap<PeerId, Peer>,
        services: &HashMap<EntityId, ServiceKey>,
    ) {
        let mut calls = HashMap::<(Arc<str>, u16), HashMap<&ServiceKey, i64>>::new();
        for row in rows {
            if row.key.kind != EdgeKind::Pair || row.key.class != Class::Traffic {
                continue;
            }
            let (Some(peer), Some(service)) = (peers.get(&row.key.peer), services.get(&row.key.dst)) else {
                continue;
            };
            if peer.host.is_empty() || peer.peer_type == PeerType::Queue {
                continue;
            }
            *calls.entry((Arc::clone(&peer.host), peer.port)).or_default().entry(service).or_default() +=
                row.sums.calls;
        }
        for (host, services) in calls {
            let mut list = services.into_iter().filter(|(_, calls)| *calls > 0).collect::<Vec<_>>();
            list.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
            let all = list.iter().map(|(_, calls)| calls).sum::<i64>();
            let Some(&(first, most)) = list.first() else { continue };
            let learnt = if all >= LEARN_CALLS_MIN && most as f64 >= LEARN_SHARE_MIN * all as f64 {
                Learnt::One(first.clone())
            } else if list.len() > 1 {
                Learnt::Several(list.into_iter().map(|(service, calls)| (service.clone(), calls)).collect())
            } else {
                continue;
            };
            self.learnt.insert(host, learnt);
        }
    }

    /// What is learnt about a host.
    pub fn learnt(&self, host: &str, port: u16) -> Option<&Learnt> {
        self.learnt.get(&(Arc::from(host), port))
    }

    /// Hosts behind which several services stand, with them.
    pub fn ambiguous(&self) -> Vec<(&str, u16, &[(ServiceKey, i64)])> {
        let mut found = self
            .learnt
            .iter()
            .filter_map(|((host, port), learnt)| match learnt {
                Learnt::Several(list) => Some((&**host, *port, list.as_slice())),
                Learnt::One(_) => None,
            })
            .collect::<Vec<_>>();
        found.sort_unstable();
        found
    }

    /// The service with this name: in the given namespace, else the only one there is.
    pub fn service(&self, name: &str, namespace: &str) -> Option<&ServiceKey> {
        let list = self.services.get(name)?;
        list.iter().find(|service| &*service.namespace == namespace).or(match list.as_slice() {
            [only] => Some(only),
            _ => None,
        })
    }

    /// The service `name` of namespace `namespace`; one that told no namespace is taken, too.
    fn service_in(&self, name: &str, namespace: &str) -> Option<&ServiceKey> {
        let list = self.services.get(name)?;
        list.iter().find(|service| &*service.namespace == namespace).or_else(|| {
            let mut untold = list.iter().filter(|service| &*service.namespace == "default");
            match (untold.next(), untold.next()) {
                (Some(only), None) => Some(only),
                _ => None,
            }
        })
    }

    /// The service at an address.
    pub fn at_address(&self, address: IpAddr) -> Option<&ServiceKey> {
        self.addresses.get(&address)?.as_ref()
    }
}

/// A name inside a cluster.
struct ClusterName<'a> {
    service: &'a str,
    namespace: &'a str,
    is_certain: bool,
}

/// `svc`, `svc.ns`, `svc.ns.svc[.domain]`, `pod.svc.ns.svc[.domain]`.
fn cluster_name(host: &str) -> Option<ClusterName<'_>> {
    let labels = host.split('.').collect::<Vec<_>>();
    if let Some(at) = labels.iter().position(|label| *label == "svc").filter(|at| *at >= 2) {
        return Some(ClusterName { service: labels[at - 2], namespace: labels[at - 1], is_certain: true });
    }
    match labels.as_slice() {
        [service] => Some(ClusterName { service, namespace: "", is_certain: true }),
        [service, namespace] => Some(ClusterName { service, namespace, is_certain: false }),
        _ => None,
    }
}

/// `10-1-2-3.ns.pod.cluster.local`.
fn pod_address(host: &str) -> Option<IpAddr> {
    let mut labels = host.split('.');
    let (first, _, third) = (labels.next()?, labels.next()?, labels.next()?);
    if third != "pod" {
        return None;
    }
    first.replace('-', ".").parse().ok()
}

/// Whether an address is of nobody outside.
pub fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => {
            v6.is_loopback() || (v6.segments()[0] & 0xfe00) == 0xfc00 || (v6.segments()[0] & 0xffc0) == 0xfe80
        }
    }
}

/// Resolves one peer for callers of one namespace.
pub fn resolve(peer: &Peer, namespace: &str, names: &Names, known: &Known) -> Resolved {
    let host = plain_host(&peer.host);
    let port = (peer.port != 0).then_some(peer.port);
    let named = (!host.is_empty()).then(|| names.find(Ask { host: &host, port, namespace })).flatten();
    // 1 and 2: rules and ServiceEntries beat everything; the catalogue only what nothing else names.
    if let Some(named) = named.as_ref().filter(|named| named.rule.source != RuleSource::Catalogue) {
        return by_rule(named, peer, names, known);
    }
    // 3: a name that the caller gave.
    let is_plain = matches!(peer.peer_type, PeerType::Host | PeerType::Rpc | PeerType::Unknown);
    if is_plain && !peer.name.is_empty() {
        let near = if peer.extra.is_empty() { namespace } else { &peer.extra };
        if let Some(service) = known.service(&peer.name, near) {
            return of_service(service, "attribute");
        }
        if peer.peer_type == PeerType::Rpc && host.is_empty() {
            return silent("", &peer.name, "attribute");
        }
        if peer.peer_type != PeerType::Rpc {
            let kind = NodeKind::External;
            let node =
                NodeKey::Named { kind, namespace: Arc::clone(&peer.extra), name: Arc::clone(&peer.name) };
            return Resolved::new(node, "attribute", &peer.name);
        }
    }
    // 4: what its type names.
    match peer.peer_type {
        PeerType::Database | PeerType::Cache => return store(peer, &host, namespace),
        PeerType::Queue => {
            let node = NodeKey::Queue { system: Arc::clone(&peer.system), name: Arc::clone(&peer.name) };
            let name = if peer.name.is_empty() { &peer.system } else { &peer.name };
            return Resolved::new(node, "attribute", name);
        }
        PeerType::Cloud | PeerType::Ai if host.is_empty() => {
            let name = match peer.peer_type {
                PeerType::Cloud if &*peer.system == "aws-api" => format!("aws:{}", peer.name),
                PeerType::Cloud => format!("{}:{}", peer.system, peer.name),
                _ if !peer.system.is_empty() => peer.system.to_string(),
                _ => peer.name.to_string(),
            };
            let name = Arc::<str>::from(name);
            let node =
                NodeKey::Named { kind: NodeKind::External, namespace: "".into(), name: Arc::clone(&name) };
            return Resolved::new(node, "attribute", &name);
        }
        _ => {}
    }
    if host.is_empty() {
        return Resolved::new(NodeKey::UnknownCallee, "none", "unknown");
    }
    // 5: names inside the cluster.
    let address = host.parse::<IpAddr>().ok();
    if address.is_none() && host != "localhost" {
        if let Some(service) = pod_address(&host).and_then(|address| known.at_address(address)) {
            return of_service(service, "kubernetes");
        }
        if let Some(name) = cluster_name(&host) {
            let found = if name.namespace.is_empty() {
                known.service(name.service, namespace)
            } else {
                known.service_in(name.service, name.namespace)
            };
            if let Some(service) = found {
                return of_service(service, "kubernetes");
            }
            let is_known_namespace = known.namespaces.contains(name.namespace);
            if named.is_none()
                && known.learnt(&host, peer.port).is_none()
                && (name.is_certain || is_known_namespace)
            {
                return silent(name.namespace, name.service, "kubernetes");
            }
        }
    }
    // 6: who answered there before.
    let learnt = known.learnt(&host, peer.port);
    if let Some(Learnt::One(service)) = learnt {
        return of_service(service, "learnt");
    }
    // 7: addresses.
    if let Some(service) = address.and_then(|address| known.at_address(address)) {
        return of_service(service, "address");
    }
    // 8: the host itself.
    let is_private = address.is_some_and(is_private) || host == "localhost";
    let kind = if is_private { NodeKind::Unknown } else { NodeKind::External };
    let own_port = if matches!(peer.port, 80 | 443) { 0 } else { peer.port };
    let host = Arc::<str>::from(host);
    let node = NodeKey::Host { kind, host: Arc::clone(&host), port: own_port };
    let mut resolved = match named {
        Some(named) => Resolved {
            family: Some(Arc::from(&*named.name)),
            group: Arc::from(named.group.unwrap_or_default()),
            ..Resolved::new(node, "catalogue", &named.name)
        },
        None => Resolved {
            family: Some(Arc::from(if is_private { "Private network" } else { "Passthrough" })),
            is_unnamed: true,
            ..Resolved::new(node, if address.is_some() { "address" } else { "none" }, &host)
        },
    };
    resolved.is_ambiguous = matches!(learnt, Some(Learnt::Several(_)));
    resolved
}

/// A rule that also renames calls whose server span was found.
pub fn forced(peer: &Peer, namespace: &str, names: &Names, known: &Known) -> Option<Resolved> {
    let host = plain_host(&peer.host);
    if host.is_empty() {
        return None;
    }
    let port = (peer.port != 0).then_some(peer.port);
    let named = names.find(Ask { host: &host, port, namespace }).filter(|named| named.force)?;
    Some(by_rule(&named, peer, names, known))
}

fn by_rule(named: &Named<'_>, peer: &Peer, names: &Names, known: &Known) -> Resolved {
    let name = fill(&named.name, peer);
    let kind = match &named.kind {
        RuleKind::Ignore => {
            return Resolved {
                node: None,
                ..Resolved::new(NodeKey::UnknownCallee, &names.describe(named.rule), &name)
            };
        }
        RuleKind::Internal { namespace, service } => {
            let words = names.describe(named.rule);
            return match known.service_in(service, namespace) {
                Some(service) => of_service(service, &words),
                None => silent(namespace, service, &words),
            };
        }
        RuleKind::Database => NodeKind::Database,
        RuleKind::Cache => NodeKind::Cache,
        RuleKind::Queue => NodeKind::Queue,
        // A rule that says no more than a name does not make a database an external host.
        RuleKind::External => match peer.peer_type {
            PeerType::Database => NodeKind::Database,
            PeerType::Cache => NodeKind::Cache,
            PeerType::Queue => NodeKind::Queue,
            _ => NodeKind::External,
        },
        RuleKind::Gateway => NodeKind::External,
    };
    let namespace = Arc::from(named.namespace.unwrap_or_default());
    let node = NodeKey::Named { kind, namespace, name: Arc::clone(&name) };
    let is_typed = matches!(peer.peer_type, PeerType::Database | PeerType::Cache | PeerType::Queue);
    Resolved {
        group: Arc::from(named.group.unwrap_or_default()),
        system: if is_typed { Arc::clone(&peer.system) } else { Arc::from("") },
        ..Resolved::new(node, &names.describe(named.rule), &name)
    }
}

fn fill(template: &str, peer: &Peer) -> Arc<str> {
    if !template.contains('{') {
        return Arc::from(template);
    }
    let port = if peer.port == 0 { String::new() } else { peer.port.to_string() };
    let name = template
        .replace("{host}", &peer.host)
        .replace("{port}", &port)
        .replace("{db}", &peer.name)
        .replace("{system}", &peer.system);
    Arc::from(name)
}

fn store(peer: &Peer, host: &str, namespace: &str) -> Resolved {
    let kind = if peer.peer_type == PeerType::Cache { NodeKind::Cache } else { NodeKind::Database };
    let node = NodeKey::Store {
        kind,
        system: Arc::clone(&peer.system),
        host: Arc::from(host),
        port: peer.port,
        name: Arc::clone(&peer.name),
        scope: if host.is_empty() { Arc::from(namespace) } else { Arc::from("") },
    };
    let name = [&*peer.name, host, &*peer.system]
        .into_iter()
        .find(|text| !text.is_empty())
        .unwrap_or(peer.peer_type.as_str());
    Resolved::new(node, "attribute", name)
}

fn of_service(service: &ServiceKey, named_by: &str) -> Resolved {
    Resolved::new(NodeKey::Service(service.clone(), Part::Whole), named_by, &service.service)
}

fn silent(namespace: &str, service: &str, named_by: &str) -> Resolved {
    let node = NodeKey::Silent { namespace: Arc::from(namespace), service: Arc::from(service) };
    Resolved::new(node, named_by, service)
}

impl Resolved {
    fn new(node: NodeKey, named_by: &str, name: &str) -> Self {
        Self {
            node: Some(node),
            named_by: Arc::from(named_by),
            name: Arc::from(name),
            family: None,
            group: Arc::from(""),
            system: Arc::from(""),
            is_unnamed: false,
            is_ambiguous: false,
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::entity::Entity;
    use crate::names::rules::Rules;

    fn entity(namespace: &str, service: &str, addresses: &str) -> EntityRow {
        let entity = Entity {
            cluster: "default".into(),
            namespace: namespace.into(),
            service: service.into(),
            workload: service.into(),
            ..Entity::default()
        };
        EntityRow { id: entity.id(), entity, addresses: addresses.into(), ..EntityRow::default() }
    }

    fn check(peers: &[Peer], wanted: &Expect) {
        let rows = [
            entity("auth", "auth-api", "10.1.0.5"),
            entity("default", "board-api", "10.1.0.6,127.0.0.1"),
            entity("shop", "cart", ""),
            entity("pay", "cart", ""),
        ];
        let known = Known::of_entities(&rows);
        let rules = "externals: [ { name: 'pg {db}', match: [ 'pg.corp:5432' ] }, { name: x, kind: ignore, match: [ 169.254.169.254 ] },
          { name: ledger, kind: 'internal:auth/auth-api', match: [ auth.public.example ] } ]";
        let names = Names::new(Rules::parse(rules).unwrap(), Vec::new());
        let shown = peers
            .iter()
            .map(|peer| {
                let resolved = resolve(peer, "shop", &names, &known);
                let id = resolved.node.map_or_else(|| "(ignored)".to_owned(), |node| node.id());
                format!("{id} `{}` by {}\n", resolved.name, resolved.named_by)
            })
            .collect::<String>();
        wanted.assert_eq(&shown);
    }

    fn host(host: &str, port: u16) -> Peer {
        Peer { peer_type: PeerType::Host, host: host.into(), port, ..Peer::default() }
    }

    fn typed(peer_type: PeerType, system: &str, at: &str, port: u16, name: &str) -> Peer {
        Peer { peer_type, system: system.into(), host: at.into(), port, name: name.into(), extra: "".into() }
    }

    #[test]
    fn in_the_order_of_the_design() {
        check(
            &[
                host("169.254.169.254", 80),
                host("auth.public.example", 443),
                typed(PeerType::Database, "postgresql", "pg.corp", 5432, "orders"),
                typed(PeerType::Host, "", "x.example", 0, "cart"),
                typed(PeerType::Host, "", "x.example", 0, "crm"),
                typed(PeerType::Database, "mysql", "Db.Local.", 3306, "board"),
                typed(PeerType::Cache, "redis", "", 0, ""),
                typed(PeerType::Queue, "kafka", "broker-1", 9092, "api-logs"),
                typed(PeerType::Cloud, "aws-api", "", 0, "S3"),
                typed(PeerType::Cloud, "aws-api", "s3.ap-northeast-2.amazonaws.com", 443, "S3"),
                typed(PeerType::Ai, "openai", "api.openai.com", 443, ""),
                typed(PeerType::Rpc, "grpc", "", 0, "oteldemo.CartService"),
                host("auth-api", 8000),
                host("cart", 80),
                host("board-api.jiwoo.svc.cluster.local", 5000),
                host("legacy-proxy.legacy.svc.cluster.local", 80),
                host("auth-api.auth", 80),
                host("example.org", 443),
                host("0.mypod.auth.svc", 80),
                host("10-1-0-5.auth.pod.cluster.local", 80),
                host("10.1.0.6", 5000),
                host("10.9.9.9", 5000),
                host("127.0.0.1", 5000),
                host("8.8.8.8", 53),
                host("kauth.kakao.com", 443),
                Peer::default(),
            ],
            &expect![[r#"
                (ignored) `x` by rule x
                service:auth:auth-api `auth-api` by rule ledger
                named:database::pg orders `pg orders` by rule pg {db}
                service:shop:cart `cart` by attribute
                named:external::crm `crm` by attribute
                database:mysql:db.local:3306:board: `board` by attribute
                cache:redis::0::shop `redis` by attribute
                queue:kafka:api-logs `api-logs` by attribute
                named:external::aws%3AS3 `aws:S3` by attribute
                host:s3.ap-northeast-2.amazonaws.com:0 `aws-s3` by catalogue
                host:api.openai.com:0 `openai` by catalogue
                name::oteldemo.CartService `oteldemo.CartService` by attribute
                service:auth:auth-api `auth-api` by kubernetes
                service:shop:cart `cart` by kubernetes
                service:default:board-api `board-api` by kubernetes
                name:legacy:legacy-proxy `legacy-proxy` by kubernetes
                service:auth:auth-api `auth-api` by kubernetes
                host:example.org:0 `example.org` by none
                name:auth:mypod `mypod` by kubernetes
                service:auth:auth-api `auth-api` by kubernetes
                service:default:board-api `board-api` by address
                address:10.9.9.9:5000 `10.9.9.9` by address
                address:127.0.0.1:5000 `127.0.0.1` by address
                host:8.8.8.8:53 `8.8.8.8` by address
                host:kauth.kakao.com:0 `kakao-oauth` by catalogue
                unknown:callee `unknown` by none
            "#]],
        );
    }

    #[test]
    fn hosts_are_learnt_from_pairs() {
        let (a, b) = (entity("shop", "a", ""), entity("shop", "b", ""));
        let mut peers = HashMap::new();
        let mut rows = Vec::new();
        for (at, dst, calls) in [
            ("www.shop.example", &a, 20),
            ("few.example", &a, 19),
            ("lb.example", &a, 50),
            ("lb.example", &b, 50),
        ] {
            let peer = host(at, 443);
            let mut row = EdgeRow::default();
            row.key.kind = EdgeKind::Pair;
            row.key.peer = peer.id();
            row.key.dst = dst.id;
            row.sums.calls = calls;
            peers.insert(peer.id(), peer);
            rows.push(row);
        }
        let services = [&a, &b].map(|row| (row.id, ServiceKey::of(&row.entity))).into_iter().collect();
        let mut known = Known::of_entities(&[a, b]);
        known.learn(&rows, &peers, &services);
        let names = Names::default();
        let node = |at| resolve(&host(at, 443), "", &names, &known).node.map(|node| node.id());
        assert_eq!(node("www.shop.example").as_deref(), Some("service:shop:a"));
        assert_eq!(node("few.example").as_deref(), Some("host:few.example:0"));
        assert_eq!(node("lb.example").as_deref(), Some("host:lb.example:0"));
        assert_eq!(known.ambiguous().len(), 1);
    }
}
