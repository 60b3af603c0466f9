//! Routes over the tables and about the server itself.

use crate::check::Checked;
use crate::meta::Build;
use crate::overview::Overview;
use crate::refusal::ErrorEnvelope;
use crate::sql::SqlQuestion;

/// Answers a question in SQL; read-only.
#[utoipa::path(
    post,
    path = "/api/v1/sql", operation_id = "sql",
    request_body = SqlQuestion,
    responses(
        (status = 200, description = "rows: a bare JSON array of objects, or CSV, Arrow IPC or frames by Accept", body = Vec<Object>),
        (status = 400, description = "the statement is wrong or not read-only", body = ErrorEnvelope),
        (status = 422, description = "a limit was hit", body = ErrorEnvelope),
    )
)]
pub(super) fn sql() {}

/// The account: counters of each stage and signal.
#[utoipa::path(get, path = "/api/v1/stages", operation_id = "stages", responses((status = 200, description = "the account", body = Object)))]
pub(super) fn stages() {}

/// Makes all that was acknowledged part of the tables and answers their versions.
#[utoipa::path(post, path = "/api/v1/flush", operation_id = "flush", responses((status = 200, description = "versions by table", body = Object)))]
pub(super) fn flush() {}

/// Merges files as far as their sizes allow, due or not; changes no answer.
#[utoipa::path(post, path = "/api/v1/compact", operation_id = "compact", responses((status = 200, description = "versions by table", body = Object)))]
pub(super) fn compact() {}

/// Says which build answers.
#[utoipa::path(get, path = "/api/v1/build", operation_id = "build", responses((status = 200, description = "the build", body = Build)))]
pub(super) fn build() {}

/// This description.
#[utoipa::path(get, path = "/api/v1/openapi.json", operation_id = "openapi", responses((status = 200, description = "OpenAPI 3.1", body = Object)))]
pub(super) fn openapi() {}

/// How everything fares, what is worst and what changed; where to send data while there is none.
#[utoipa::path(
    get,
    path = "/api/v1/overview", operation_id = "overview",
    params(
        ("from" = Option<String>, Query, description = "Unix nanoseconds or RFC 3339"),
        ("to" = Option<String>, Query, description = "likewise; now unless told"),
        ("duration" = Option<String>, Query, description = "instead of from; 15m unless told"),
        ("namespace" = Option<String>, Query, description = "only services of this namespace; may be repeated"),
    ),
    responses(
        (status = 200, description = "the overview", body = Overview),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn overview() {}

/// Checks a query while it is typed.
#[utoipa::path(
    get,
    path = "/api/v1/check", operation_id = "check",
    params(
        ("language" = String, Query, description = "promql, logql, traceql, or filter: the part of TraceQL that a search takes"),
        ("q" = String, Query, description = "the query"),
    ),
    responses(
        (status = 200, description = "its canonical form, or what is wrong with it", body = Checked),
        (status = 400, description = "a parameter is wrong", body = ErrorEnvelope),
    )
)]
pub(super) fn check() {}
