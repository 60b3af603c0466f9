//! Routes over traces, their attributes and their errors.

use crate::errors::ErrorGroups;
use crate::names::{Keys, Values};
use crate::refusal::ErrorEnvelope;
use crate::traces::{FoundTraces, Skeleton};

/// Finds the newest traces with a span for which everything asked holds.
#[utoipa::path(
    get,
    path = "/api/v1/traces", operation_id = "search",
    params(
        ("service" = Option<String>, Query, description = "of this service"),
        ("operation" = Option<String>, Query, description = "of this name"),
        ("kind" = Option<String>, Query, description = "internal, server, client, producer, consumer or unspecified"),
        ("status" = Option<String>, Query, description = "error, ok or unset"),
        ("root" = Option<String>, Query, description = "1: has no parent"),
        ("min_duration" = Option<String>, Query, description = "took at least so long, such as 250ms"),
        ("max_duration" = Option<String>, Query, description = "took at most so long"),
        ("attribute" = Option<Vec<String>>, Query, description = "key=value or key; may be repeated"),
        ("q" = Option<String>, Query, description = "one TraceQL spanset of conditions joined by &&, such as { .http.route = \"/a\" && duration > 1s }"),
        ("from" = Option<String>, Query, description = "starts at or after: Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "starts before"),
        ("duration" = Option<String>, Query, description = "instead of from"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 20 unless told"),
    ),
    responses(
        (status = 200, description = "found traces; frames with Accept: application/x-ndjson", body = FoundTraces),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
        (status = 501, description = "the filter is right TraceQL that a search does not take yet", body = ErrorEnvelope),
    )
)]
pub(super) fn search() {}

/// Answers one trace.
#[utoipa::path(
    get,
    path = "/api/v1/traces/{id}", operation_id = "trace",
    params(
        ("id" = String, Path, description = "up to 32 hexadecimal digits"),
        ("fields" = Option<String>, Query, description = "full (unless told): resourceSpans as OTLP/JSON; skeleton: a row a span; jaeger: as Jaeger's query API writes it"),
    ),
    responses(
        (status = 200, description = "the trace; with fields=full an object {\"resourceSpans\":[...]}", body = Skeleton),
        (status = 404, description = "nothing is stored under the id", body = ErrorEnvelope),
    )
)]
pub(super) fn trace() {}

/// Attribute keys.
#[utoipa::path(
    get,
    path = "/api/v1/attributes", operation_id = "attributes",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses(
        (status = 200, description = "keys with counts", body = Keys),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn attributes() {}

/// Values of an attribute key.
#[utoipa::path(
    get,
    path = "/api/v1/attributes/{key}/values", operation_id = "attribute_values",
    params(
        ("key" = String, Path, description = "the key as sent"),
        ("limit" = Option<u32>, Query, description = "1 to 1000, 1000 unless told"),
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from"),
    ),
    responses(
        (status = 200, description = "values with counts over the newest rows", body = Values),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn attribute_values() {}

/// Failed spans grouped by what went wrong, the newest first.
#[utoipa::path(
    get,
    path = "/api/v1/errors", operation_id = "errors",
    params(
        ("service" = Option<String>, Query, description = "only of this service"),
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise"),
        ("duration" = Option<String>, Query, description = "instead of from; 15m unless told"),
        ("limit" = Option<u32>, Query, description = "groups: 1 to 1000, 20 unless told"),
    ),
    responses(
        (status = 200, description = "groups", body = ErrorGroups),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn errors() {}
