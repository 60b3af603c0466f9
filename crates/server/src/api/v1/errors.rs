//! `GET /api/v1/errors`: failed spans grouped by service and by what went wrong, the newest first.
//!
//! In: a range. Out: groups with the newest span of each. What went wrong is the type of the exception that the span's last exception event
//! tells, else `error.type`, else the status code of the answer. Only the newest failed traces are looked at; beyond them the answer says
//! that it is not complete.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::errors::{ErrorGroup, ErrorGroups};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::IntoResponse;
use http::{Response, StatusCode};
use model::{Attrs, Span, StatusCode as SpanStatus, TenantId, TimeNs, TimeRange};
use query::predicate::{Predicate, text_of};
use query::source::{TraceQuery, TraceSource};

use super::error::json;
use super::{Api, ApiError, map};
use crate::api::params::Params;

/// Failed traces that are looked at.
const TRACES_MAX: usize = 500;

/// Groups that are answered unless told, and at most.
const GROUPS: usize = 20;
const GROUPS_MAX: usize = 1_000;

/// Parts of the range in a sparkline.
const PARTS: i64 = 30;

/// Groups of errors.
pub(super) async fn answer(State(api): State<Arc<Api>>, request: Request) -> Response<Body> {
    let (parts, _) = request.into_parts();
    let params = Params::parse(parts.uri.query());
    let work = async {
        let range = map::bounds(&params, api.now())?;
        let limit = match params.find("limit") {
            None => GROUPS,
            Some(text) => {
                text.parse().ok().filter(|limit| (1..=GROUPS_MAX).contains(limit)).ok_or_else(|| {
                    ApiError::invalid(
                        format!("`limit` is `{}`", text.escape_debug()),
                        format!("give a whole number from 1 to {GROUPS_MAX}"),
                    )
                })?
            }
        };
        groups(&api, &api.tenant(&parts), range, params.find("service"), limit).await
    };
    match work.await {
        Ok(groups) => json(StatusCode::OK, &groups),
        Err(error) => error.into_response(),
    }
}

/// The newest groups of a range.
pub(super) async fn groups(
    api: &Api,
    tenant: &TenantId,
    (from, to): (i64, i64),
    service: Option<&str>,
    limit: usize,
) -> Result<ErrorGroups, ApiError> {
    let mut all = vec![Predicate::Status(SpanStatus::ERROR)];
    all.extend(service.map(|name| Predicate::Service(Some(name.to_owned()))));
    let range = TimeRange { start: TimeNs(from), end: TimeNs(to) };
    let query = TraceQuery { range, predicate: Predicate::All(all), limit: TRACES_MAX };
    let found = api.engine.search(tenant, &query).await?;
    let complete = found.len() < TRACES_MAX;
    let step = ((to - from) / PARTS).max(1);
    let mut groups: BTreeMap<(Option<String>, String), ErrorGroup> = BTreeMap::new();
    for span in found.iter().flat_map(|trace| &trace.spans) {
        let start = span.start.0;
        let of = span.resource.service_name();
        let wanted = service.is_none_or(|name| of == Some(name));
        if span.status_code != SpanStatus::ERROR || start < from || start >= to || !wanted {
            continue;
        }
        let (kind, message) = what_failed(span);
        let key = (of.map(str::to_owned), kind.clone());
        let group = groups.entry(key).or_insert_with(|| ErrorGroup {
            service: of.map(str::to_owned),
            kind,
            message: String::new(),
            operation: String::new(),
            count: 0,
            first_unix_nano: start.to_string(),
            last_unix_nano: String::new(),
            trace_id: String::new(),
            span_id: String::new(),
            sparkline: vec![0; PARTS as usize],
        });
        group.count += 1;
        if let Some(part) =
            usize::try_from((start - from) / step).ok().and_then(|at| group.sparkline.get_mut(at))
        {
            *part += 1;
        }
        if group.first_unix_nano.parse().is_ok_and(|first: i64| start < first) {
            group.first_unix_nano = start.to_string();
        }
        if group.last_unix_nano.parse().map_or(true, |last: i64| start >= last) {
            group.last_unix_nano = start.to_string();
            group.message = message;
            group.operation = span.name.to_string();
            group.trace_id = span.trace_id.to_string();
            group.span_id = span.span_id.to_string();
        }
    }
    let mut groups: Vec<ErrorGroup> = groups.into_values().collect();
    let last = |group: &ErrorGroup| group.last_unix_nano.parse().unwrap_or(i64::MIN);
    groups.sort_by(|a, b| last(b).cmp(&last(a)).then_with(|| a.kind.cmp(&b.kind)));
    let complete = complete && groups.len() <= limit;
    groups.truncate(limit);
    Ok(ErrorGroups { groups, complete })
}

/// Type and message of what went wrong.
fn what_failed(span: &Span) -> (String, String) {
    let text = |attributes: &Attrs, key: &str| attributes.get(key).map(|value| text_of(value).into_owned());
    let exception = span.events.iter().rev().find(|event| &*event.name == "exception");
    let of_event = |key: &str| exception.and_then(|event| text(&event.attributes, key));
    let kind = of_event("exception.type")
        .or_else(|| text(&span.attributes, "error.type"))
        .or_else(|| text(&span.attributes, "http.response.status_code"))
        .or_else(|| text(&span.attributes, "http.status_code"))
        .or_else(|| text(&span.attributes, "rpc.grpc.status_code"))
        .unwrap_or_default();
    let message = of_event("exception.message").unwrap_or_else(|| span.status_message.to_string());
    (kind, message)
}
