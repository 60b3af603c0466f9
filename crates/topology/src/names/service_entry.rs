//! Istio ServiceEntries as they are: the names that a mesh team has already given to external hosts.
//!
//! In: YAML with one or more documents, of kind ServiceEntry (`networking.istio.io` v1, v1beta1,
//! v1alpha3) or List; other kinds are passed over and counted. Out: entries with hosts, networks, ports,
//! scope and age, and what is wrong with them. Not here: which entry names a host (`index`, `names`).
//! Source: Istio's ServiceEntry reference (hosts, addresses, ports, location, endpoints, exportTo).

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::pattern::{Pattern, Shape};
use super::rules::Problem;

/// Most entries taken from all files together.
pub const ENTRIES_MAX: usize = 20_000;

/// One ServiceEntry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceEntry {
    /// `metadata.name`.
    pub name: String,
    /// `metadata.namespace`; `default` when absent.
    pub namespace: String,
    /// Hosts, in lower case.
    pub hosts: Vec<String>,
    /// Everything that names a peer: hosts, addresses, endpoint addresses.
    pub patterns: Vec<Pattern>,
    /// The ports; a peer with another port is not meant. Empty: any.
    pub ports: Vec<u16>,
    /// `MESH_INTERNAL`: one of our own.
    pub is_internal: bool,
    /// Whose calls it names.
    pub scope: Scope,
    /// `metadata.creationTimestamp` as written; RFC 3339 in UTC sorts by age. Absent sorts last.
    pub created: Option<String>,
    /// The document's line in its file.
    pub line: u64,
}

/// `exportTo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// `*` or absent.
    All,
    /// These namespaces.
    Namespaces(Vec<String>),
}

/// What a text gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Imported {
    /// The entries, in the order of the text.
    pub entries: Vec<ServiceEntry>,
    /// Documents of other kinds.
    pub others: usize,
    /// Entries or parts of them that were left out.
    pub problems: Vec<Problem>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    kind: Option<String>,
    metadata: Option<Metadata>,
    spec: Option<serde_json::Value>,
    items: Option<Vec<Spanned<Document>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    name: Option<String>,
    namespace: Option<String>,
    creation_timestamp: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    hosts: Vec<String>,
    addresses: Vec<String>,
    ports: Vec<Port>,
    location: String,
    endpoints: Vec<Endpoint>,
    workload_selector: Option<serde_json::Value>,
    export_to: Vec<String>,
}

#[derive(Deserialize)]
struct Port {
    number: Option<u16>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(default)]
    address: String,
}

impl Imported {
    /// Reads one file.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let documents = serde_saphyr::from_multiple::<Spanned<Document>>(text).map_err(|error| Problem {
            remedy: "give ServiceEntry documents as kubectl prints them with `-o yaml`".to_owned(),
            ..Problem::of_yaml(&error)
        })?;
        let mut imported = Self::default();
        for document in documents {
            imported.take(document, 0);
        }
        Ok(imported)
    }

    fn take(&mut self, document: Spanned<Document>, depth: usize) {
        let place = Spanned::new((), document.referenced, document.defined);
        let Document { kind, metadata, spec, items } = document.value;
        if let Some(items) = items.filter(|_| depth < 4) {
            for item in items {
                self.take(item, depth + 1);
            }
            return;
        }
        if kind.as_deref() != Some("ServiceEntry") {
            self.others += 1;
            return;
        }
        let metadata = metadata.unwrap_or(Metadata { name: None, namespace: None, creation_timestamp: None });
        let Some(name) = metadata.name.filter(|name| !name.is_empty()) else {
            self.problem(&place, "metadata.name", "a ServiceEntry without a name", "set metadata.name");
            return;
        };
        let spec = match serde_json::from_value::<Spec>(spec.unwrap_or_default()) {
            Ok(spec) => spec,
            Err(error) => {
                self.problem(
                    &place,
                    &name,
                    &format!("its spec cannot be read: {error}"),
                    "compare it with Istio's reference",
                );
                return;
            }
        };
        if spec.workload_selector.is_some() {
            self.problem(
                &place,
                &name,
                "a ServiceEntry with workloadSelector names pods of the cluster, not hosts",
                "nothing to do: these pods send spans or are named by their service",
            );
            return;
        }
        if self.entries.len() >= ENTRIES_MAX {
            self.problem(&place, &name, &format!("more than {ENTRIES_MAX} entries"), "split them by cluster");
            return;
        }
        let namespace = metadata.namespace.unwrap_or_else(|| "default".to_owned());
        let patterns = self.patterns(&place, &name, &spec);
        if patterns.is_empty() {
            self.problem(&place, &name, "no host of it can be matched", "list hosts or addresses");
            return;
        }
        self.entries.push(ServiceEntry {
            scope: scope(&spec.export_to, &namespace),
            hosts: spec.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            patterns,
            ports: spec.ports.iter().filter_map(|port| port.number).collect(),
            is_internal: spec.location == "MESH_INTERNAL",
            created: metadata.creation_timestamp,
            line: place.referenced.line(),
            name,
            namespace,
        });
    }

    fn patterns(&mut self, place: &Spanned<()>, name: &str, spec: &Spec) -> Vec<Pattern> {
        let mut patterns = Vec::new();
        let endpoints = spec.endpoints.iter().map(|endpoint| &endpoint.address);
        for text in spec.hosts.iter().chain(&spec.addresses).chain(endpoints) {
            // A socket of the sidecar's own machine is seen by nobody else.
            if text.is_empty() || text.starts_with("unix:") {
                continue;
            }
            match Pattern::parse(text) {
                // A colon here belongs to an IPv6 address; ports stand in `ports`.
                Ok(pattern) if pattern.port.is_none() => patterns.push(pattern),
                Ok(_) => self.problem(
                    place,
                    name,
                    &format!("`{text}` has a port"),
                    "put the port under spec.ports",
                ),
                Err(error) => self.problem(place, name, &error.message, &error.remedy),
            }
        }
        // In the mesh the first label alone reaches an internal service, too.
        if spec.location == "MESH_INTERNAL" {
            for host in &spec.hosts {
                if let Some((first, _)) = host.split_once('.').filter(|(first, _)| *first != "*") {
                    patterns.push(Pattern { shape: Shape::Exact(first.to_ascii_lowercase()), port: None });
                }
            }
        }
        patterns
    }

    fn problem(&mut self, place: &Spanned<()>, path: &str, message: &str, remedy: &str) {
        self.problems.push(Problem::at(place, path, message, remedy));
    }
}

fn scope(export_to: &[String], own: &str) -> Scope {
    if export_to.is_empty() || export_to.iter().any(|namespace| namespace == "*") {
        return Scope::All;
    }
    let named = |namespace: &String| if namespace == "." { own.to_owned() } else { namespace.clone() };
    // `~` exports to nobody.
    Scope::Namespaces(export_to.iter().filter(|namespace| *namespace != "~").map(named).collect())
}

impl ServiceEntry {
    /// Whether calls from this namespace are named by it.
    pub fn is_visible_from(&self, namespace: &str) -> bool {
        match &self.scope {
            Scope::All => true,
            Scope::Namespaces(namespaces) => namespaces.iter().any(|other| other == namespace),
        }
    }

    /// Whether the port is one of its own; an unknown port is.
    pub fn has_port(&self, port: Option<u16>) -> bool {
        self.ports.is_empty() || port.is_none_or(|port| self.ports.contains(&port))
    }
}

/// Hosts that two entries claim for overlapping namespaces: the host, and the entries' places in the list.
pub fn conflicts(entries: &[ServiceEntry]) -> Vec<(String, usize, usize)> {
    let mut first = hashbrown::HashMap::<&str, Vec<usize>>::new();
    let mut found = Vec::new();
    for (at, entry) in entries.iter().enumerate() {
        for host in &entry.hosts {
            let others = first.entry(host.as_str()).or_default();
            if let Some(&other) = others.iter().find(|other| overlap(&entries[**other], entry)) {
                found.push((host.clone(), other, at));
            }
            others.push(at);
        }
    }
    found.sort();
    found
}

fn overlap(a: &ServiceEntry, b: &ServiceEntry) -> bool {
    let ports = a.ports.is_empty() || b.ports.is_empty() || a.ports.iter().any(|port| b.ports.contains(port));
    ports
        && match (&a.scope, &b.scope) {
            (Scope::Namespaces(a), Scope::Namespaces(b)) => a.iter().any(|namespace| b.contains(namespace)),
            _ => true,
        }
}
