//! Who a resource is: entity and instance (topology design 13.3). Looked at once a resource, not once a span.

use std::sync::Arc;

use model::Attrs;

use super::slots::{Slot, Slots};
use crate::entity::{Entity, EntityId};

/// A resource as the map sees it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourceFacts {
    /// The entity.
    pub entity: Entity,
    /// Its id.
    pub id: EntityId,
    /// See [`crate::EntityRow`]; likewise the rest.
    pub instance: Arc<str>,
    /// `k8s.pod.name`.
    pub pod: Arc<str>,
    /// `k8s.node.name`, else `host.name`.
    pub node: Arc<str>,
    /// Addresses, joined by commas.
    pub addresses: Arc<str>,
    /// Language of the SDK.
    pub language: Arc<str>,
    /// Weight in 65536ths of a span that says nothing of sampling; 65536 unless the operator told a rate.
    pub assumed_weight: u32,
}

/// What the operator tells about senders that do not say it themselves.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Assumptions {
    /// Cluster of resources without one; empty means `default`.
    pub cluster: String,
    /// Sampling rates (0 < rate <= 1) by service name.
    pub sampling: Vec<(String, f64)>,
}

impl ResourceFacts {
    /// The facts of a resource's attributes.
    pub fn of(attributes: &Attrs, assumptions: &Assumptions) -> Self {
        let text = |key: &str| attributes.get_str(key).filter(|text| !text.is_empty());
        let first = |keys: &[&str]| keys.iter().find_map(|key| text(key));
        let service = text("service.name").unwrap_or("unknown_service");
        let (kind, workload) = workload(&text, service);
        let cluster = if assumptions.cluster.is_empty() { "default" } else { &assumptions.cluster };
        let entity = Entity {
            cluster: first(&["k8s.cluster.name", "istio.cluster_id"]).unwrap_or(cluster).into(),
            environment: first(&["deployment.environment.name", "deployment.environment"])
                .unwrap_or_default()
                .into(),
            namespace: first(&["k8s.namespace.name", "istio.namespace", "service.namespace"])
                .unwrap_or("default")
                .into(),
            kind: kind.into(),
            workload: workload.as_str().into(),
            service: service.into(),
            version: first(&["service.version", "istio.canonical_revision", "container.image.tag"])
                .unwrap_or("latest")
                .into(),
            app_group: text("service.namespace").unwrap_or_default().into(),
        };
        let rate = assumptions.sampling.iter().find(|(name, _)| name == service).map(|(_, rate)| *rate);
        Self {
            id: entity.id(),
            entity,
            instance: first(&["service.instance.id", "k8s.pod.uid", "k8s.pod.name", "host.name"])
                .unwrap_or_default()
                .into(),
            pod: text("k8s.pod.name").unwrap_or_default().into(),
            node: first(&["k8s.node.name", "host.name"]).unwrap_or_default().into(),
            addresses: addresses(attributes).into(),
            language: text("telemetry.sdk.language").unwrap_or_default().into(),
            assumed_weight: rate.map_or(super::weight::ONE, super::weight::of_probability),
        }
    }

    /// The facts of a proxy's span: Istio's tags and the node id say more than the proxy's resource.
    pub fn of_proxy(&self, slots: &Slots<'_>) -> Self {
        let node = slots.text(Slot::NodeId).map(|text| &**text).unwrap_or_default();
        // TYPE~POD_IP~POD.NS~NS.svc.cluster.local
        let mut parts = node.split('~').skip(1);
        let ip = parts.next().unwrap_or_default();
        let (pod, pod_namespace) = parts
            .next()
            .and_then(|pod| pod.rsplit_once('.'))
            .map_or((None, None), |(pod, ns)| (Some(pod), Some(ns)));
        let sent = &*self.entity.service;
        let (bare, suffix) =
            sent.rsplit_once('.').map_or((sent, None), |(bare, namespace)| (bare, Some(namespace)));
        let told = |slot| slots.text(slot).map(|text| &**text);
        let namespace_known = &*self.entity.namespace != "default";
        let namespace = told(Slot::IstioNamespace)
            .or(pod_namespace)
            .or_else(|| namespace_known.then_some(&*self.entity.namespace))
            .or(suffix)
            .unwrap_or("default");
        let service = told(Slot::IstioService).unwrap_or(if suffix == Some(namespace) { bare } else { sent });
        let workload = match pod {
            Some(pod) => pod_owner(pod).to_owned(),
            None if *self.entity.workload == *sent => service.to_owned(),
            None => self.entity.workload.to_string(),
        };
        let kind = if pod.is_some() { "deployment" } else { &self.entity.kind };
        let version = told(Slot::IstioRevision).unwrap_or(&self.entity.version);
        let entity = Entity {
            cluster: told(Slot::IstioCluster).unwrap_or(&self.entity.cluster).into(),
            namespace: namespace.into(),
            kind: kind.into(),
            workload: workload.into(),
            service: service.into(),
            version: version.into(),
            ..self.entity.clone()
        };
        Self {
            id: entity.id(),
            entity,
            pod: pod.map_or_else(|| Arc::clone(&self.pod), Arc::from),
            instance: pod.map_or_else(|| Arc::clone(&self.instance), Arc::from),
            addresses: if ip.is_empty() { Arc::clone(&self.addresses) } else { ip.into() },
            language: "envoy".into(),
            ..self.clone()
        }
    }
}

/// Kind and name of the workload; precedence as in the design.
fn workload<'a>(text: &impl Fn(&str) -> Option<&'a str>, service: &str) -> (&'static str, String) {
    let named = [
        ("deployment", "k8s.deployment.name"),
        ("statefulset", "k8s.statefulset.name"),
        ("daemonset", "k8s.daemonset.name"),
        ("cronjob", "k8s.cronjob.name"),
        ("job", "k8s.job.name"),
    ];
    for (kind, key) in named {
        if let Some(name) = text(key) {
            return (kind, name.to_owned());
        }
    }
    if let Some(name) = text("k8s.replicaset.name") {
        let owner = name.rsplit_once('-').map_or(name, |(owner, _)| owner);
        return ("deployment", owner.to_owned());
    }
    if let Some(name) = text("k8s.pod.name") {
        return ("pod", pod_owner(name).to_owned());
    }
    if let Some(name) = text("aws.ecs.task.family") {
        return ("task", name.to_owned());
    }
    if let Some(name) = text("container.name") {
        return ("container", name.to_owned());
    }
    ("service", service.to_owned())
}

/// A pod's name without the parts that its controller made up: `shop-7d9f8b6c5-x07kq` is `shop`, `db-0` is `db`.
fn pod_owner(pod: &str) -> &str {
    // Kubernetes makes up such parts of these letters and digits alone, so that they spell no word.
    let made_up =
        |part: &str| part.len() >= 5 && part.bytes().all(|b| b"bcdfghjklmnpqrstvwxz0123456789".contains(&b));
    let Some((rest, last)) = pod.rsplit_once('-') else { return pod };
    if !last.is_empty() && last.bytes().all(|b| b.is_ascii_digit()) && last.len() < 5 {
        return rest;
    }
    if last.len() != 5 || !made_up(last) {
        return pod;
    }
    match rest.rsplit_once('-') {
        Some((owner, hash)) if (8..=10).contains(&hash.len()) && made_up(hash) => owner,
        _ => rest,
    }
}

fn addresses(attributes: &Attrs) -> String {
    let mut found: Vec<&str> = Vec::new();
    for key in ["k8s.pod.ip", "host.ip", "net.host.ip"] {
        match attributes.get(key) {
            Some(model::AttrValue::Str(text)) => found.push(text),
            Some(model::AttrValue::Array(values)) => found.extend(values.iter().filter_map(|v| v.as_str())),
            _ => {}
        }
    }
    found.truncate(16);
    found.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workloads() {
        assert_eq!(pod_owner("shop-7d9f8b6c5-x07kq"), "shop");
        assert_eq!(pod_owner("db-0"), "db");
        assert_eq!(pod_owner("agent-x7kqz"), "agent");
        assert_eq!(pod_owner("plain-words"), "plain-words");
    }
}
