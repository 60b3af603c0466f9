//! Parameters of the `/api/*` routes.
//!
//! In: the query of a request. Out: typed values, or a refusal in the original's words; the first wrong parameter
//! in the original's order is told. Times are microseconds since the epoch, durations are Go's.

use std::collections::BTreeMap;

use model::{TimeNs, TimeRange, TraceId};
use query::predicate::Predicate;
use query::source::TraceQuery;
use stdx::go::duration::parse_duration;
use stdx::go::number::{parse_bool, parse_float, parse_int};

use super::envelope::Refusal;
use super::substitutes::{operation_is, service_is};
use super::{search_terms, trace_id};
use crate::api::go_json;
use crate::api::params::Params;

/// How many traces a search answers unless told.
pub const LIMIT_DEFAULT: i64 = 100;

/// How far a search looks back unless told, in microseconds: two days.
const LOOKBACK_DEFAULT_US: i64 = 48 * 3_600 * 1_000_000;

/// What is refused when the limit is not positive.
pub const LIMIT_REFUSAL: &str = "search depth must be greater than 0 and less than max traces";

/// A search, or a request for several traces by id.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceParams {
    /// Service name, empty when only ids were given.
    pub service: String,
    /// Span name, empty for any.
    pub operation: String,
    /// First microsecond, inclusive.
    pub start_us: i64,
    /// Last microsecond, inclusive.
    pub end_us: i64,
    /// Keys with the text that their values must have.
    pub tags: BTreeMap<String, String>,
    /// Number of traces as given, perhaps not positive.
    pub limit: i64,
    /// Shortest duration of the matching span, zero for none.
    pub min_ns: i64,
    /// Longest duration of the matching span, zero for none.
    pub max_ns: i64,
    /// Traces asked for by id; then nothing is searched.
    pub trace_ids: Vec<TraceId>,
    /// Whether the traces are wanted without adjustments.
    pub raw: bool,
}

impl TraceParams {
    /// From a query; `now` closes the range when no end is given.
    pub fn read(params: &Params, now: TimeNs) -> Result<Self, Refusal> {
        let now_us = now.0.div_euclid(1_000);
        let read = Self {
            service: params.first("service").to_owned(),
            operation: params.first("operation").to_owned(),
            start_us: int(params, "start")?.unwrap_or_else(|| now_us.saturating_sub(LOOKBACK_DEFAULT_US)),
            end_us: int(params, "end")?.unwrap_or(now_us),
            tags: tags(params)?,
            limit: limit(params)?,
            min_ns: duration(params, "minDuration")?,
            max_ns: duration(params, "maxDuration")?,
            trace_ids: params
                .all("traceID")
                .map(|text| {
                    trace_id::from_hex(text)
                        .map_err(|error| Refusal::bad(format!("cannot parse traceID param: {error}")))
                })
                .collect::<Result<_, _>>()?,
            raw: boolean(params, "raw")?,
        };
        if read.trace_ids.is_empty() && read.service.is_empty() {
            return Err(Refusal::bad("parameter 'service' is required"));
        }
        if read.min_ns != 0 && read.max_ns != 0 && read.max_ns < read.min_ns {
            return Err(Refusal::bad("'maxDuration' should be greater than 'minDuration'"));
        }
        Ok(read)
    }

    /// The search that the parameters describe.
    pub fn query(&self) -> Result<TraceQuery, Refusal> {
        let start = TimeNs::from_unix_micros(self.start_us);
        let end = TimeNs::from_unix_micros(self.end_us).saturating_add(1);
        let mut conditions = vec![service_is(&self.service)];
        if !self.operation.is_empty() {
            conditions.push(operation_is(&self.operation));
        }
        conditions.extend(search_terms::duration(self.min_ns, self.max_ns));
        conditions.extend(self.tags.iter().map(|(key, value)| search_terms::tag(key, value)));
        Ok(TraceQuery {
            range: TimeRange { start, end },
            predicate: Predicate::All(conditions),
            limit: positive_limit(self.limit)?,
        })
    }
}

/// A limit that a search can have.
pub fn positive_limit(limit: i64) -> Result<usize, Refusal> {
    usize::try_from(limit).ok().filter(|limit| *limit > 0).ok_or_else(|| Refusal::bad(LIMIT_REFUSAL))
}

/// Parameters of `/api/traces/{id}` beside the id: whether the trace is wanted raw. The times are read for their
/// errors and narrow nothing, as in the original.
pub fn by_id_raw(params: &Params) -> Result<bool, Refusal> {
    int(params, "start")?;
    int(params, "end")?;
    boolean(params, "raw")
}

/// Checks the parameters of `/api/dependencies`.
pub fn check_dependencies(params: &Params) -> Result<(), Refusal> {
    int(params, "endTs")?;
    int(params, "lookback")?;
    Ok(())
}

/// What is asked of `/api/metrics/*`.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricParams {
    /// Which quantile of the latencies, only on that route.
    pub quantile: Option<f64>,
    /// Services, at least one.
    pub services: Vec<String>,
    /// Whether operations are told apart.
    pub group_by_operation: bool,
    /// Names of span kinds.
    pub span_kinds: Vec<String>,
    /// End of the range in milliseconds.
    pub end_ms: Option<i64>,
    /// Length of the range in milliseconds.
    pub lookback_ms: i64,
    /// Distance of the points in milliseconds.
    pub step_ms: i64,
    /// Window of the rates in milliseconds.
    pub rate_per_ms: i64,
}

impl MetricParams {
    /// From a query; `latencies` need a quantile.
    pub fn read(params: &Params, is_latencies: bool) -> Result<Self, Refusal> {
        let quantile = if is_latencies {
            let text = params.first("quantile");
            Some(parse_float(text).map_err(|error| wrong("quantile", error))?)
        } else {
            None
        };
        let services: Vec<String> = params.all("service").map(str::to_owned).collect();
        if services.is_empty() {
            return Err(wrong("service", "please provide at least one service name"));
        }
        let group_by_operation = boolean(params, "groupByOperation")?;
        let mut span_kinds = Vec::new();
        for kind in params.all("spanKind") {
            if !SPAN_KINDS.contains(&kind) {
                return Err(wrong("spanKind", format!("unsupported span kind: '{kind}'")));
            }
            span_kinds.push(kind.to_owned());
        }
        if span_kinds.is_empty() {
            span_kinds.push("server".to_owned());
        }
        Ok(Self {
            quantile,
            services,
            group_by_operation,
            span_kinds,
            end_ms: int(params, "endTs")?,
            lookback_ms: int(params, "lookback")?.unwrap_or(3_600_000),
            step_ms: int(params, "step")?.unwrap_or(5_000),
            rate_per_ms: int(params, "ratePer")?.unwrap_or(600_000),
        })
    }
}

const SPAN_KINDS: [&str; 6] = ["unspecified", "internal", "server", "client", "producer", "consumer"];

fn wrong(name: &str, cause: impl std::fmt::Display) -> Refusal {
    Refusal::bad(format!("unable to parse param '{name}': {cause}"))
}

fn int(params: &Params, name: &str) -> Result<Option<i64>, Refusal> {
    match params.first(name) {
        "" => Ok(None),
        text => parse_int(text, 10, 64).map(Some).map_err(|error| wrong(name, error)),
    }
}

fn boolean(params: &Params, name: &str) -> Result<bool, Refusal> {
    match params.first(name) {
        "" => Ok(false),
        text => parse_bool(text).map_err(|error| wrong(name, error)),
    }
}

fn duration(params: &Params, name: &str) -> Result<i64, Refusal> {
    match params.first(name) {
        "" => Ok(0),
        text => parse_duration(text).map_err(|error| wrong(name, error)),
    }
}

/// Here the original leaves out the name of the parameter.
fn limit(params: &Params) -> Result<i64, Refusal> {
    match params.first("limit") {
        "" => Ok(LIMIT_DEFAULT),
        text => parse_int(text, 10, 32).map_err(|error| Refusal::bad(error.to_string())),
    }
}

fn tags(params: &Params) -> Result<BTreeMap<String, String>, Refusal> {
    let mut tags = BTreeMap::new();
    for text in params.all("tag") {
        let Some((key, value)) = text.split_once(':') else {
            return Err(Refusal::bad(format!(
                "malformed 'tag' parameter, expecting key:value, received: {text}"
            )));
        };
        tags.insert(key.to_owned(), value.to_owned());
    }
    for text in params.all("tags") {
        let pairs = go_json::string_map(text).map_err(|error| {
            Refusal::bad(format!("malformed 'tags' parameter, cannot unmarshal JSON: {error}"))
        })?;
        tags.extend(pairs);
    }
    Ok(tags)
}
