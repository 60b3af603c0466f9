//! Routes of the service map and of services.

use crate::refusal::ErrorEnvelope;
use crate::services::{Operations, ServicePage, Services};
use crate::topology::{Diff, EdgeDetail, Frames, NodeDetail, Rules, RulesDraft, RulesTest, Topology, Why};
use crate::traces::FoundTraces;

/// Services; with a range also their numbers.
#[utoipa::path(
    get,
    path = "/api/v1/services", operation_id = "services",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339; with it or duration each service has its numbers"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses((status = 200, description = "all services, or those seen in the range", body = Services))
)]
pub(super) fn services() {}

/// All that a page about a service shows.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}", operation_id = "service",
    params(
        ("service" = String, Path, description = "name of the service"),
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from; 15m unless told"),
    ),
    responses(
        (status = 200, description = "the service", body = ServicePage),
        (status = 404, description = "no such service was ever seen", body = ErrorEnvelope),
    )
)]
pub(super) fn service() {}

/// Operations of a service; an unknown service has none.
#[utoipa::path(
    get,
    path = "/api/v1/services/{service}/operations", operation_id = "operations",
    params(
        ("service" = String, Path, description = "name of the service"),
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339; with it or duration each operation has its numbers"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses((status = 200, description = "its operations", body = Operations))
)]
pub(super) fn operations() {}

/// The map of a range.
#[utoipa::path(
    get,
    path = "/api/v1/topology", operation_id = "topology",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise; now unless told"),
        ("duration" = Option<String>, Query, description = "instead of from; 15m unless told"),
        ("graph" = Option<String>, Query, description = "service (unless told), versioned, workload, operation, namespace"),
        ("namespaces" = Option<String>, Query, description = "names joined by commas; all unless told"),
        ("probes" = Option<String>, Query, description = "1: with health checks"),
        ("setup" = Option<String>, Query, description = "1: with set-up calls to databases"),
        ("topics" = Option<String>, Query, description = "0: producers joined to consumers without the topic between"),
        ("focus" = Option<String>, Query, description = "id of a node: only it and its neighbours"),
        ("hops" = Option<u32>, Query, description = "how far from it; 1 unless told"),
        ("idle" = Option<String>, Query, description = "1: with what was seen in the last 24 hours and not in the range"),
        ("watch" = Option<u32>, Query, description = "seconds: frames `snapshot`, then `delta`, with Accept: application/x-ndjson"),
        ("since" = Option<u64>, Query, description = "go on from this state of a live view"),
    ),
    responses(
        (status = 200, description = "the map", body = Topology),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn topology() {}

/// The map in equal steps, for a replay.
#[utoipa::path(
    get,
    path = "/api/v1/topology/frames", operation_id = "topology_frames",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise; now unless told"),
        ("duration" = Option<String>, Query, description = "instead of from; 15m unless told"),
        ("step" = Option<String>, Query, description = "length of a frame, a multiple of 10s; 10s unless told; at most 2,000 frames"),
        ("graph" = Option<String>, Query, description = "as of the map"),
        ("namespaces" = Option<String>, Query, description = "as of the map"),
        ("probes" = Option<String>, Query, description = "as of the map"),
        ("setup" = Option<String>, Query, description = "as of the map"),
    ),
    responses(
        (status = 200, description = "the frames", body = Frames),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn frames() {}

/// One edge with everything known of it.
#[utoipa::path(
    get,
    path = "/api/v1/topology/edge/{source}/{target}", operation_id = "topology_edge",
    params(
        ("source" = String, Path, description = "id of the caller's node"),
        ("target" = String, Path, description = "id of the callee's node"),
        ("from" = Option<String>, Query, description = "range, graph, probes and setup as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
        ("graph" = Option<String>, Query, description = "likewise"),
    ),
    responses(
        (status = 200, description = "the edge", body = EdgeDetail),
        (status = 404, description = "the range has no such edge", body = ErrorEnvelope),
    )
)]
pub(super) fn edge() {}

/// The traces that an edge counts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/topology/edge/{source}/{target}/traces", operation_id = "topology_edge_traces",
    params(
        ("source" = String, Path, description = "id of the caller's node"),
        ("target" = String, Path, description = "id of the callee's node"),
        ("from" = Option<String>, Query, description = "range, graph, probes and setup as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
        ("graph" = Option<String>, Query, description = "likewise"),
        ("errors" = Option<String>, Query, description = "1: only failed calls"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 20 unless told"),
    ),
    responses(
        (status = 200, description = "found traces", body = FoundTraces),
        (status = 404, description = "the range has no such edge", body = ErrorEnvelope),
    )
)]
pub(super) fn edge_traces() {}

/// One node with everything known of it.
#[utoipa::path(
    get,
    path = "/api/v1/topology/node/{id}", operation_id = "topology_node",
    params(
        ("id" = String, Path, description = "id of the node"),
        ("from" = Option<String>, Query, description = "range, graph, probes and setup as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
        ("graph" = Option<String>, Query, description = "likewise"),
    ),
    responses(
        (status = 200, description = "the node", body = NodeDetail),
        (status = 404, description = "the range has no such node", body = ErrorEnvelope),
    )
)]
pub(super) fn node() {}

/// The traces that a node counts, newest first.
#[utoipa::path(
    get,
    path = "/api/v1/topology/node/{id}/traces", operation_id = "topology_node_traces",
    params(
        ("id" = String, Path, description = "id of the node"),
        ("from" = Option<String>, Query, description = "range, graph, probes and setup as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
        ("graph" = Option<String>, Query, description = "likewise"),
        ("errors" = Option<String>, Query, description = "1: only failed calls"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 20 unless told"),
    ),
    responses(
        (status = 200, description = "found traces", body = FoundTraces),
        (status = 404, description = "the range has no such node", body = ErrorEnvelope),
    )
)]
pub(super) fn node_traces() {}

/// Two windows of the map beside each other.
#[utoipa::path(
    get,
    path = "/api/v1/topology/diff", operation_id = "topology_diff",
    params(
        ("a_from" = String, Query, description = "start of the first window"),
        ("a_to" = String, Query, description = "its end"),
        ("b_from" = String, Query, description = "start of the second window"),
        ("b_to" = String, Query, description = "its end"),
        ("graph" = Option<String>, Query, description = "as of the map"),
    ),
    responses(
        (status = 200, description = "what differs", body = Diff),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn diff() {}

/// Why there is no edge from one service to another.
#[utoipa::path(
    get,
    path = "/api/v1/topology/why", operation_id = "topology_why",
    params(
        ("source" = String, Query, description = "id or name of the caller"),
        ("target" = String, Query, description = "id, name or host of the callee"),
        ("from" = Option<String>, Query, description = "range as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
    ),
    responses(
        (status = 200, description = "what was found", body = Why),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn why() {}

/// The map for other programs.
#[utoipa::path(
    get,
    path = "/api/v1/topology/export", operation_id = "topology_export",
    params(
        ("format" = String, Query, description = "json, dot, mermaid, csv, openmetrics"),
        ("from" = Option<String>, Query, description = "range, graph, probes and setup as of the map"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "likewise"),
        ("step" = Option<String>, Query, description = "of openmetrics; 1m unless told"),
    ),
    responses(
        (status = 200, description = "the map as a file", body = String),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn export() {}

/// The rules that name hosts.
#[utoipa::path(get, path = "/api/v1/topology/rules", operation_id = "topology_rules", responses((status = 200, description = "the rules in force", body = Rules)))]
pub(super) fn rules() {}

/// Puts rules in force; old data is named by them too.
#[utoipa::path(
    put,
    path = "/api/v1/topology/rules", operation_id = "put_topology_rules",
    request_body = RulesDraft,
    responses(
        (status = 200, description = "the rules in force", body = Rules),
        (status = 400, description = "the text is wrong; the rules before stay in force", body = RulesTest),
        (status = 409, description = "another revision is in force", body = ErrorEnvelope),
    )
)]
pub(super) fn put_rules() {}

/// Tries rules on the hosts of the last 24 hours; changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/topology/rules/test", operation_id = "test_topology_rules",
    request_body = RulesDraft,
    responses((status = 200, description = "what they would do", body = RulesTest))
)]
pub(super) fn test_rules() {}
