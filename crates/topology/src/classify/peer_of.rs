//! What a span says about the other side, as raw facts (topology design 13.3).

use std::borrow::Cow;

use super::slots::{Slot, Slots};
use crate::call_fact::Protocol;
use crate::peer::{PeerType, PeerView};

/// Systems that are caches.
const CACHES: &[&str] = &["dragonfly", "elasticache", "keydb", "memcached", "redis", "valkey"];

/// A database's or cache's peer.
pub fn database<'a>(slots: &Slots<'a>) -> PeerView<'a> {
    let system = slots.text(Slot::DbSystem).or(slots.text(Slot::DbType)).map_or(Cow::Borrowed(""), lower);
    let cache = CACHES.contains(&&*system);
    let (host, port) = host_and_port(slots, false);
    let name = if cache {
        Cow::Borrowed("")
    } else {
        slots.text(Slot::DbNamespace).or(slots.text(Slot::DbInstance)).cloned().unwrap_or_default()
    };
    PeerView {
        peer_type: if cache { PeerType::Cache } else { PeerType::Database },
        system,
        host,
        port,
        name,
        extra: Cow::Borrowed(""),
    }
}

/// A queue's or topic's peer.
pub fn queue<'a>(slots: &Slots<'a>) -> PeerView<'a> {
    let temporary = slots.is_true(Slot::MessagingTemporary) || slots.is_true(Slot::MessagingAnonymous);
    let name = match slots.text(Slot::MessagingTemplate) {
        Some(template) => template.clone(),
        None if temporary => Cow::Borrowed("(temporary)"),
        None => slots.text(Slot::MessagingDestination).cloned().unwrap_or_default(),
    };
    let (host, port) = host_and_port(slots, false);
    let system = slots.text(Slot::MessagingSystem).map_or(Cow::Borrowed(""), lower);
    // Producer and consumer name the same topic, but only one of them may name the broker.
    if !name.is_empty() {
        return PeerView { peer_type: PeerType::Queue, system, name, ..PeerView::default() };
    }
    PeerView { peer_type: PeerType::Queue, system, host, port, name, extra: Cow::Borrowed("") }
}

/// Everything else that a client calls.
pub fn other<'a>(slots: &Slots<'a>, protocol: Protocol) -> PeerView<'a> {
    let (host, port) = host_and_port(slots, true);
    let name = slots.text(Slot::PeerName).cloned().unwrap_or_default();
    let extra = slots.text(Slot::PeerNamespace).cloned().unwrap_or_default();
    if let Some(provider) = slots.text(Slot::AiProvider) {
        return PeerView { peer_type: PeerType::Ai, system: lower(provider), host, port, name, extra };
    }
    let rpc_system = slots.text(Slot::RpcSystem);
    if rpc_system.is_some_and(|system| matches!(&**system, "aws-api" | "aws_api")) {
        let name = slots.text(Slot::RpcService).cloned().unwrap_or_default();
        let extra = slots.text(Slot::AwsBucket).cloned().unwrap_or_default();
        return PeerView {
            peer_type: PeerType::Cloud,
            system: Cow::Borrowed("aws"),
            host,
            port,
            name,
            extra,
        };
    }
    if let Some(function) = slots.text(Slot::FaasName) {
        let system = slots.text(Slot::FaasProvider).map_or(Cow::Borrowed("faas"), lower);
        return PeerView { peer_type: PeerType::Cloud, system, host, port, name: function.clone(), extra };
    }
    if !host.is_empty() || !name.is_empty() {
        return PeerView { peer_type: PeerType::Host, system: Cow::Borrowed(""), host, port, name, extra };
    }
    if matches!(protocol, Protocol::Grpc | Protocol::Rpc)
        && let Some(service) = slots.text(Slot::RpcService)
    {
        let system = rpc_system.map_or(Cow::Borrowed(""), lower);
        return PeerView { peer_type: PeerType::Rpc, system, name: service.clone(), ..PeerView::default() };
    }
    PeerView::default()
}

/// Host and port by precedence; `web` fills in the default port of a scheme.
fn host_and_port<'a>(slots: &Slots<'a>, web: bool) -> (Cow<'a, str>, u16) {
    let told_port = slots.int(Slot::ServerPort).and_then(|port| u16::try_from(port).ok()).filter(|p| *p != 0);
    if let Some((host, port)) = slots.text(Slot::UpstreamCluster).and_then(|text| envoy_cluster(text)) {
        return (host, port);
    }
    let url = slots.text(Slot::UrlFull).map(url_parts);
    let scheme = slots.text(Slot::UrlScheme).map(|text| &**text).or(url.as_ref().map(|url| &*url.0));
    let default = match scheme {
        _ if !web => 0,
        Some("https" | "wss") => 443,
        Some("http" | "ws") => 80,
        _ => 0,
    };
    if let Some(address) = slots.text(Slot::ServerAddress) {
        let (host, port) = split_port(address.clone());
        return (host, told_port.or(port).unwrap_or(default));
    }
    if let Some((_, host, port)) = &url
        && !host.is_empty()
    {
        return (Cow::Owned(lower(host).into_owned()), port.or(told_port).unwrap_or(default));
    }
    for slot in
        [Slot::HttpHost, Slot::PeerHostname, Slot::NetworkPeerAddress, Slot::NetPeerIp, Slot::PeerAddress]
    {
        if let Some(text) = slots.text(slot) {
            let (host, port) = split_port(text.clone());
            let network = slots.int(Slot::NetworkPeerPort).and_then(|port| u16::try_from(port).ok());
            let network = network.filter(|_| slot == Slot::NetworkPeerAddress);
            return (host, told_port.or(network).or(port).unwrap_or(default));
        }
    }
    (Cow::Borrowed(""), 0)
}

/// `outbound|PORT|SUBSET|HOST` of Envoy. `inbound|PORT||` and others name no host.
fn envoy_cluster<'a>(text: &str) -> Option<(Cow<'a, str>, u16)> {
    let mut parts = text.split('|');
    if parts.next() != Some("outbound") {
        return None;
    }
    let port = parts.next()?.parse().ok()?;
    let host = parts.nth(1).filter(|host| !host.is_empty())?;
    Some((Cow::Owned(host.to_ascii_lowercase()), port))
}

/// A host in lower case without a trailing dot, and the port behind a single colon or brackets.
fn split_port(text: Cow<'_, str>) -> (Cow<'_, str>, Option<u16>) {
    let bracketed = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    if let Some((host, rest)) = bracketed {
        let port = rest.strip_prefix(':').and_then(|port| port.parse().ok());
        return (Cow::Owned(host.to_ascii_lowercase()), port);
    }
    if let Some((host, port)) = text.split_once(':')
        && let Ok(port) = port.parse()
    {
        return (Cow::Owned(tidy(host).into_owned()), Some(port));
    }
    (lower(&text), None)
}

/// Scheme, host and port of a URL; empty where it has none.
pub(super) fn url_parts<'b>(url: &'b Cow<'_, str>) -> (Cow<'b, str>, Cow<'b, str>, Option<u16>) {
    let Some((scheme, rest)) = url.split_once("://") else {
        return (Cow::Borrowed(""), Cow::Borrowed(""), None);
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(Cow::Borrowed(host));
    (tidy(scheme), host, port)
}

fn tidy(text: &str) -> Cow<'_, str> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// The text in lower case without a trailing dot; a copy only where something changes.
fn lower<'a>(text: &Cow<'a, str>) -> Cow<'a, str> {
    match text {
        Cow::Borrowed(text) => tidy(text),
        Cow::Owned(text) => Cow::Owned(tidy(text).into_owned()),
    }
}
