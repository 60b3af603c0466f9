//! Parameters of `GET /api/v1/traces`.
//!
//! All conditions must hold on one span, which starts inside the range. `attribute` may come several times: `key=value` compares
//! the value's text on the span, its resource, scope, events and links; `key` alone asks for any value.

use model::{SpanKind, StatusCode};
use query::predicate::{Predicate, Scopes, Test};
use query::source::TraceQuery;

use super::{ApiError, range};
use crate::api::params::Params;

/// Traces that are answered unless told.
pub const LIMIT_DEFAULT: usize = 20;

/// Traces that are answered at most.
pub const LIMIT_MAX: usize = 1_000;

const KNOWN: [&str; 12] = [
    "service",
    "operation",
    "kind",
    "status",
    "root",
    "min_duration",
    "max_duration",
    "attribute",
    "from",
    "to",
    "duration",
    "limit",
];

/// The search of a request.
pub(super) fn read(params: &Params, now: i64) -> Result<TraceQuery, ApiError> {
    if let Some(unknown) = params.names().find(|name| !KNOWN.contains(name)) {
        let message = format!("there is no parameter `{}`", unknown.escape_debug());
        return Err(ApiError::invalid(message, format!("the parameters are {}", KNOWN.join(", "))));
    }
    let mut all = Vec::new();
    if let Some(service) = params.find("service") {
        all.push(Predicate::Service(Some(service.to_owned())));
    }
    if let Some(operation) = params.find("operation") {
        all.push(Predicate::Operation(operation.to_owned()));
    }
    if let Some(kind) = params.find("kind") {
        let kind = SpanKind::from_name(kind).ok_or_else(|| {
            ApiError::invalid(
                format!("`kind` is no kind of span: `{}`", kind.escape_debug()),
                "give internal, server, client, producer, consumer or unspecified",
            )
        })?;
        all.push(Predicate::Kind(kind));
    }
    if let Some(status) = params.find("status") {
        all.push(Predicate::Status(status_code(status)?));
    }
    if params.find("root").is_some_and(|value| value != "0" && value != "false") {
        all.push(Predicate::Root);
    }
    let bound = |name| params.find(name).map(|text| range::duration(name, text)).transpose();
    let (min, max) = (bound("min_duration")?, bound("max_duration")?);
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        return Err(ApiError::invalid("`min_duration` is longer than `max_duration`", "exchange them"));
    }
    if min.is_some() || max.is_some() {
        all.push(Predicate::Duration { min, max });
    }
    for attribute in params.all("attribute") {
        let (key, test) = match attribute.split_once('=') {
            Some((key, value)) => (key, Test::TextIs(value.to_owned())),
            None => (attribute, Test::Exists),
        };
        if key.is_empty() {
            return Err(ApiError::invalid("an `attribute` has no key", "give key=value, or the key alone"));
        }
        all.push(Predicate::Attribute { scopes: Scopes::ALL, key: key.to_owned(), test });
    }
    Ok(TraceQuery { range: range::read(params, now)?, predicate: Predicate::All(all), limit: limit(params)? })
}

fn status_code(text: &str) -> Result<StatusCode, ApiError> {
    let known = [StatusCode::UNSET, StatusCode::OK, StatusCode::ERROR];
    known.into_iter().find(|code| code.as_str().eq_ignore_ascii_case(text)).ok_or_else(|| {
        ApiError::invalid(
            format!("`status` is no status: `{}`", text.escape_debug()),
            "give error, ok or unset",
        )
    })
}

/// `limit`, from 1 to the most.
fn limit(params: &Params) -> Result<usize, ApiError> {
    let Some(text) = params.find("limit") else { return Ok(LIMIT_DEFAULT) };
    text.parse().ok().filter(|limit| (1..=LIMIT_MAX).contains(limit)).ok_or_else(|| {
        ApiError::invalid(
            format!("`limit` is `{}`", text.escape_debug()),
            format!("give a whole number from 1 to {LIMIT_MAX}"),
        )
    })
}
