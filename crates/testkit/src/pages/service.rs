//! Examples of services, their operations and their errors.

use api::errors::{ErrorGroup, ErrorGroups};
use api::services::{
    Instance, Operation, Operations, Service, ServiceNumbers, ServicePage, Services, Version,
};
use api::topology::{Node, NodeKind};
use api::traffic::{Change, HealthStatus};

use super::map;
use super::trace::FAILED_CHAT;
use super::world::{FRAMES, FROM, SECOND, TO, WAYS};

fn numbers(node: &Node) -> ServiceNumbers {
    let inbound = node.inbound.calls > 0;
    let ways =
        || WAYS.iter().filter(|way| if inbound { way.target == node.id } else { way.source == node.id });
    let part = |frame: usize| ways().map(|way| way.frame(frame)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    let parts: Vec<(i64, i64)> = (0..FRAMES / 3).map(|third| part(third * 3)).collect();
    ServiceNumbers {
        node: node.id.clone(),
        namespace: node.namespace.clone(),
        environment: node.environment.clone(),
        newest_version: node.versions.first().cloned().unwrap_or_default(),
        health: node.health.clone(),
        traffic: if inbound { node.inbound.clone() } else { node.outbound.clone() },
        change: Change { rate: Some(0.12), error_ratio: Some(0.004), p95: Some(-0.05) },
        sparkline: parts.iter().map(|part| part.0).collect(),
        error_sparkline: parts.iter().map(|part| part.1).collect(),
        last_seen_unix_nano: (TO - SECOND).to_string(),
    }
}

fn nodes() -> Vec<Node> {
    let of_service = |node: &Node| node.kind == NodeKind::Service && node.observed;
    map::nodes().into_iter().filter(of_service).collect()
}

/// Names alone.
pub(super) fn names() -> Services {
    let services = nodes().into_iter().map(|node| Service { name: Some(node.name), numbers: None });
    Services { services: services.collect() }
}

/// Names with numbers.
pub(super) fn services() -> Services {
    let services = nodes().into_iter();
    Services {
        services: services
            .map(|node| Service { numbers: Some(numbers(&node)), name: Some(node.name) })
            .collect(),
    }
}

/// The same, the worst health first.
pub(super) fn worst_first() -> Vec<Service> {
    let mut services = services().services;
    let health = |service: &Service| {
        service.numbers.as_ref().map_or(HealthStatus::Idle, |numbers| numbers.health.status)
    };
    services.sort_by_key(|service| std::cmp::Reverse(health(service)));
    services
}

/// Operations of `chat-api`.
pub(super) fn operations() -> Operations {
    let operations = map::operations(|way| way.target == "chat-api").into_iter();
    let mut operations: Vec<Operation> = operations
        .map(|one| Operation { name: one.operation, kind: "server".to_owned(), traffic: Some(one.traffic) })
        .collect();
    operations.push(Operation {
        name: "GET /healthz".to_owned(),
        kind: "server".to_owned(),
        traffic: Some(map::traffic((90, 0), 1)),
    });
    Operations { operations }
}

/// Two groups of errors.
pub(super) fn errors() -> ErrorGroups {
    let group = |kind: &str, message: &str, operation: &str, count: i64| ErrorGroup {
        service: Some("chat-api".to_owned()),
        kind: kind.to_owned(),
        message: message.to_owned(),
        operation: operation.to_owned(),
        count,
        first_unix_nano: (FROM + 610 * SECOND).to_string(),
        last_unix_nano: (TO - 12 * SECOND).to_string(),
        trace_id: FAILED_CHAT.to_owned(),
        span_id: "00000000000000c2".to_owned(),
        sparkline: (0..30).map(|part| if part < 20 { 0 } else { count / 10 }).collect(),
    };
    ErrorGroups {
        groups: vec![
            group(
                "ValueError",
                "메시지가 너무 깁니다: 4096 characters at most",
                "POST /api/v1/chat/messages",
                70,
            ),
            group("httpx.ReadTimeout", "The read operation timed out", "POST", 20),
        ],
        complete: true,
    }
}

/// The page of one service.
pub(super) fn page(name: &str) -> Option<ServicePage> {
    let detail = map::node(name)?;
    let numbers = numbers(&detail.node);
    let share = |part: i64| {
        let (calls, errors) = (numbers.traffic.calls * part / 10, numbers.traffic.errors * part / 10);
        map::traffic((calls, errors), 240)
    };
    let version = |version: &str, part: i64| Version {
        version: version.to_owned(),
        share: part as f64 / 10.0,
        traffic: share(part),
        first_seen_unix_nano: (FROM + 300 * SECOND).to_string(),
        last_seen_unix_nano: (TO - SECOND).to_string(),
    };
    let instance = |id: &str, version: &str, spans: i64| Instance {
        id: id.to_owned(),
        version: version.to_owned(),
        spans,
        errors: 3,
        last_seen_unix_nano: (TO - SECOND).to_string(),
    };
    Some(ServicePage {
        name: name.to_owned(),
        series: detail.series,
        operations: operations().operations,
        neighbours: detail.neighbours,
        callers: detail.callers,
        callees: detail.callees,
        versions: vec![version("3.0.1", 3), version("3.0.0", 7)],
        instances: vec![
            instance("chat-api-7d9f8-x2k4q", "3.0.1", 8_120),
            instance("chat-api-6b5c4-9wq2m", "3.0.0", 19_004),
        ],
        errors: errors().groups,
        sql: format!(
            "SELECT sum(calls) AS calls, sum(errors) AS errors FROM operations WHERE service_name = '{name}' AND bucket_unix_nano >= {FROM} AND bucket_unix_nano < {TO}"
        ),
        numbers,
    })
}
