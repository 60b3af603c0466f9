//! Parameters of the `/api/v3/*` routes.
//!
//! In: the query of a request; each name has a camel-case and a snake-case spelling, the first one wins. Out:
//! typed values, or a refusal that names the spelling that was used. Times are RFC 3339 with nanoseconds.

use std::collections::BTreeMap;

use model::{TimeNs, TimeRange};
use query::predicate::Predicate;
use query::source::TraceQuery;
use serde_json::Value;
use stdx::go::duration::parse_duration;
use stdx::go::number::{atoi, parse_bool, parse_float, parse_int};
use stdx::go::time::{RFC3339_NANO, parse};

use super::envelope::Refusal;
use super::legacy_params::{LIMIT_DEFAULT, positive_limit};
use super::search_terms;
use super::substitutes::{operation_is, service_is};
use crate::api::go_json;
use crate::api::params::Params;

/// What the original answers to a structured filter while its feature gate is off, as it is by default.
const FILTER_REFUSAL: &str = "the structured query filter is disabled: enable the \
    \"jaeger.query.structuredFilters\" feature gate to use it";

/// A search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchParams {
    /// Service name, empty for any.
    pub service: String,
    /// Span name, empty for any.
    pub operation: String,
    /// Earliest start, inclusive.
    pub start: TimeNs,
    /// Latest start, inclusive.
    pub end: TimeNs,
    /// Number of traces as given, perhaps not positive.
    pub depth: i64,
    /// Shortest duration of the matching span, zero for none.
    pub min_ns: i64,
    /// Longest duration of the matching span, zero for none.
    pub max_ns: i64,
    /// Keys with the text that their values must have.
    pub attributes: BTreeMap<String, String>,
    /// Whether the traces are wanted without adjustments.
    pub raw: bool,
}

impl SearchParams {
    /// From a query.
    pub fn read(params: &Params) -> Result<Self, Refusal> {
        let min = given(params, &["query.startTimeMin", "query.start_time_min"]);
        let max = given(params, &["query.startTimeMax", "query.start_time_max"]);
        let (Some(min), Some(max)) = (min, max) else {
            return Err(Refusal::bad("query.startTimeMin and query.startTimeMax are required"));
        };
        let (start, end) = (time(min)?, time(max)?);
        if start >= end {
            return Err(Refusal::bad("query.startTimeMin must be before query.startTimeMax"));
        }
        let depth = given(params, &["query.searchDepth", "query.search_depth", "query.num_traces"]);
        let shortest = given(params, &["query.durationMin", "query.duration_min"]);
        let longest = given(params, &["query.durationMax", "query.duration_max"]);
        let read = Self {
            service: text(params, &["query.serviceName", "query.service_name"]),
            operation: text(params, &["query.operationName", "query.operation_name"]),
            start,
            end,
            depth: depth
                .map(|(name, text)| atoi(text).map_err(|error| malformed(name, error)))
                .transpose()?
                .unwrap_or(LIMIT_DEFAULT),
            min_ns: shortest.map(duration).transpose()?.unwrap_or(0),
            max_ns: longest.map(duration).transpose()?.unwrap_or(0),
            raw: boolean(params, &["query.rawTraces", "query.raw_traces"])?,
            attributes: match given(params, &["query.attributes"]) {
                Some((name, text)) => {
                    go_json::string_map(text).map_err(|error| malformed(name, error))?.into_iter().collect()
                }
                None => BTreeMap::new(),
            },
        };
        refuse_filter(params)?;
        Ok(read)
    }

    /// The search that the parameters describe.
    pub fn query(&self) -> Result<TraceQuery, Refusal> {
        let mut conditions = Vec::new();
        if !self.service.is_empty() {
            conditions.push(service_is(&self.service));
        }
        if !self.operation.is_empty() {
            conditions.push(operation_is(&self.operation));
        }
        conditions.extend(search_terms::duration(self.min_ns, self.max_ns));
        conditions.extend(self.attributes.iter().map(|(key, value)| search_terms::tag(key, value)));
        Ok(TraceQuery {
            range: TimeRange { start: self.start, end: self.end.saturating_add(1) },
            predicate: Predicate::All(conditions),
            limit: positive_limit(self.depth)?,
        })
    }
}

/// Parameters of `/api/v3/traces/{id}` beside the id: whether the trace is wanted raw. The times are read for their
/// errors and narrow nothing, as in the original.
pub fn by_id_raw(params: &Params) -> Result<bool, Refusal> {
    for names in [["startTime", "start_time"], ["endTime", "end_time"]] {
        given(params, &names).map(time).transpose()?;
    }
    boolean(params, &["rawTraces", "raw_traces"])
}

/// `service` and `spanKind` of `/api/v3/operations`.
pub fn operations(params: &Params) -> (String, String) {
    (text(params, &["service"]), text(params, &["spanKind", "span_kind"]))
}

/// A parameter under the name of a refusal.
pub fn malformed(name: &str, cause: impl std::fmt::Display) -> Refusal {
    Refusal::bad(format!("malformed parameter {name}: {cause}"))
}

/// The first spelling with a value that is not empty.
fn given<'a>(params: &'a Params, names: &[&'static str]) -> Option<(&'static str, &'a str)> {
    names.iter().map(|name| (*name, params.first(name))).find(|(_, value)| !value.is_empty())
}

fn text(params: &Params, names: &[&'static str]) -> String {
    given(params, names).map_or_else(String::new, |(_, text)| text.to_owned())
}

fn time((name, text): (&'static str, &str)) -> Result<TimeNs, Refusal> {
    let time = parse(RFC3339_NANO, text).map_err(|error| malformed(name, error))?;
    let limit = if time.unix_s < 0 { TimeNs::MIN } else { TimeNs::MAX };
    Ok(time.unix_ns().map_or(limit, TimeNs))
}

fn duration((name, text): (&'static str, &str)) -> Result<i64, Refusal> {
    parse_duration(text).map_err(|error| malformed(name, error))
}

fn boolean(params: &Params, names: &[&'static str]) -> Result<bool, Refusal> {
    match given(params, names) {
        Some((name, text)) => parse_bool(text).map_err(|error| malformed(name, error)),
        None => Ok(false),
    }
}

/// A filter is refused: for what is wrong in it if it cannot be read, else because it is not offered.
fn refuse_filter(params: &Params) -> Result<(), Refusal> {
    const NAME: &str = "query.filter";
    let Some((name, text)) = given(params, &[NAME]) else {
        return Ok(());
    };
    let filter = go_json::parse(text).map_err(|error| malformed(name, error))?;
    check_constants(&filter)?;
    Err(Refusal::bad(FILTER_REFUSAL))
}

/// Constants must be of the type that they declare. Depth is bounded by the reader of JSON.
fn check_constants(filter: &Value) -> Result<(), Refusal> {
    match filter {
        Value::Array(elements) => elements.iter().try_for_each(check_constants),
        Value::Object(fields) => {
            let declared = fields.get("type").and_then(Value::as_str).unwrap_or("string");
            let value = fields.get("value").and_then(Value::as_str);
            let values = fields.get("values").and_then(Value::as_array).into_iter().flatten();
            for constant in value.into_iter().chain(values.filter_map(Value::as_str)) {
                let is_right = match declared {
                    "int" => parse_int(constant, 10, 64).is_ok(),
                    "double" => parse_float(constant).is_ok(),
                    "bool" => parse_bool(constant).is_ok(),
                    _ => true,
                };
                if !is_right {
                    let cause = format!("filter constant {constant:?} is not the {declared:?} it declares");
                    return Err(malformed("query.filter", cause));
                }
            }
            fields.values().try_for_each(check_constants)
        }
        _ => Ok(()),
    }
}
