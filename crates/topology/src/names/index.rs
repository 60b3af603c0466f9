//! Finds the pattern that names a host among thousands.
//!
//! In: patterns with what they belong to. Out: for a host and port, the candidates from the most
//! specific on. Not here: what a target is.
//!
//! Inside one source of rules an exact host beats the longest wildcard, that a network, that a glob;
//! between equals the port decides, then the order in which they were added.

use std::net::IpAddr;

use hashbrown::HashMap;

use super::pattern::{Network, Pattern, Shape};

/// A list of entries `(wanted port, target)`.
type Entries = Vec<(Option<u16>, u32)>;

/// Patterns by shape.
#[derive(Debug, Clone, Default)]
pub struct Index {
    exact: HashMap<String, Entries>,
    suffixes: HashMap<String, Entries>,
    networks: Vec<(Network, Option<u16>, u32)>,
    globs: Vec<(Pattern, u32)>,
}

impl Index {
    /// Adds a pattern of a target; targets are numbered by the caller.
    pub fn add(&mut self, pattern: &Pattern, target: u32) {
        match &pattern.shape {
            Shape::Exact(host) => add_entry(&mut self.exact, host, pattern.port, target),
            Shape::Suffix(suffix) => add_entry(&mut self.suffixes, suffix, pattern.port, target),
            Shape::Network(network) => {
                let at = self.networks.partition_point(|(other, port, _)| {
                    (u8::MAX - other.bits(), port.is_none())
                        <= (u8::MAX - network.bits(), pattern.port.is_none())
                });
                self.networks.insert(at, (*network, pattern.port, target));
            }
            Shape::Glob(_) => {
                let at = self.globs.partition_point(|(other, _)| other.rank() <= pattern.rank());
                self.globs.insert(at, (pattern.clone(), target));
            }
        }
    }

    /// Targets whose pattern covers the host (lower case) and port, best first, each as often as it
    /// has patterns that do.
    pub fn find(&self, host: &str, port: Option<u16>) -> impl Iterator<Item = u32> {
        let exact = self.exact.get(host).into_iter();
        // From the left, so the longest suffix comes first.
        let suffixes = host
            .match_indices('.')
            .filter(|(at, _)| *at > 0)
            .filter_map(|(at, _)| self.suffixes.get(&host[at + 1..]));
        let address = host.parse::<IpAddr>().ok();
        let networks = self
            .networks
            .iter()
            .filter(move |(network, wanted, _)| {
                port_matches(*wanted, port) && address.is_some_and(|address| network.contains(address))
            })
            .map(|(_, _, target)| *target);
        let globs = self
            .globs
            .iter()
            .filter(move |(pattern, _)| pattern.matches(host, port))
            .map(|(_, target)| *target);
        exact
            .chain(suffixes)
            .flatten()
            .filter(move |(wanted, _)| port_matches(*wanted, port))
            .map(|(_, target)| *target)
            .chain(networks)
            .chain(globs)
    }
}

fn port_matches(wanted: Option<u16>, port: Option<u16>) -> bool {
    match (wanted, port) {
        (Some(wanted), Some(port)) => wanted == port,
        _ => true,
    }
}

/// Entries with a port stand before those without, in the order of adding.
fn add_entry(map: &mut HashMap<String, Entries>, host: &str, port: Option<u16>, target: u32) {
    let entries = map.entry_ref(host).or_default();
    let at = entries.partition_point(|(other, _)| other.is_none() <= port.is_none());
    entries.insert(at, (port, target));
}
