//! Times and ranges of times in queries.
//!
//! In: `from`, `to`, `duration`. Out: a half-open range in nanoseconds. A time is a whole number of nanoseconds since the Unix epoch or
//! RFC 3339; `duration`, such as `1h30m`, counts back from `to`, or from now. What is absent is open.

use model::{TimeNs, TimeRange};
use stdx::go::time;

use super::ApiError;
use crate::api::params::Params;

/// The range of a request.
pub(super) fn read(params: &Params, now: i64) -> Result<TimeRange, ApiError> {
    let from = params.find("from").map(|text| instant("from", text)).transpose()?;
    let to = params.find("to").map(|text| instant("to", text)).transpose()?;
    let duration = params.find("duration").map(|text| duration("duration", text)).transpose()?;
    let start = match (from, duration) {
        (Some(_), Some(_)) => {
            return Err(ApiError::invalid("both `from` and `duration` were given", "give one of them"));
        }
        (Some(from), None) => TimeNs(from),
        (None, Some(duration)) => TimeNs(to.unwrap_or(now)).saturating_add(duration.saturating_neg()),
        (None, None) => TimeNs::MIN,
    };
    let end = to.map_or(TimeNs::MAX, TimeNs);
    if start >= end {
        return Err(ApiError::invalid("the range of time is empty", "`from` must lie before `to`"));
    }
    Ok(TimeRange { start, end })
}

/// The instant that a needed parameter names.
pub(super) fn time(name: &str, params: &Params) -> Result<i64, ApiError> {
    instant(name, params.first(name))
}

/// One instant in nanoseconds since the epoch.
fn instant(name: &str, text: &str) -> Result<i64, ApiError> {
    if let Ok(nanos) = text.parse() {
        return Ok(nanos);
    }
    let parsed = time::parse("2006-01-02T15:04:05Z07:00", text).ok().and_then(|time| time.unix_ns());
    parsed.ok_or_else(|| {
        ApiError::invalid(
            format!("`{name}` is no time: `{}`", text.escape_debug()),
            "give nanoseconds since the Unix epoch or a time like 2026-01-31T12:00:00Z",
        )
    })
}

/// A span of time in nanoseconds.
pub(super) fn duration(name: &str, text: &str) -> Result<i64, ApiError> {
    stdx::human::parse_duration(text).map_err(|error| {
        ApiError::invalid(format!("`{name}`: {error}"), "give a duration like 250ms or 1h30m")
    })
}
