//! The `/api/v3/*` routes of Jaeger, which newer UIs use.
//!
//! In: parameters. Out: OTLP/JSON wrapped in `result`, names and summaries. Warnings are a span attribute here,
//! since the format has no place of its own for them.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::Response;
use model::{AttrValue, Span};
use query::source::{FoundTrace, TraceSummary};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::envelope::{Refusal, print};
use super::legacy::{named_operations, prepared, service_names};
use super::substitutes::{service_name, span_name};
use super::v3_params::{SearchParams, by_id_raw, malformed, operations as operation_params};
use super::{Api, trace_id};
use crate::api::otlp_json::{ResourceSpans, Spelling};
use crate::api::params::Params;
use crate::api::trace::Trace;

/// The span attribute that carries warnings.
const WARNINGS: &str = "@jaeger@warnings";

/// `/api/v3/services`.
pub async fn services(api: &Api) -> Result<Response<Body>, Refusal> {
    plain(&json!({"services": service_names(api).await?}))
}

/// `/api/v3/operations`; without a service there are none. A kind that was not set is printed as `internal`.
pub async fn operations(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let (service, kind) = operation_params(params);
    let named = if service.is_empty() { Default::default() } else { named_operations(api, &service).await? };
    let operations: Vec<Value> = named
        .into_iter()
        .filter(|(_, of)| kind.is_empty() || *of == kind)
        .map(
            |(name, kind)| json!({"name": name, "spanKind": if kind.is_empty() { "internal" } else { kind }}),
        )
        .collect();
    plain(&json!({"operations": operations}))
}

/// `/api/v3/traces/{id}`.
pub async fn trace(api: &Api, params: &Params, id: &str) -> Result<Response<Body>, Refusal> {
    let trace_id = trace_id::from_path(id).map_err(|error| malformed("trace_id", error))?;
    let raw = by_id_raw(params)?;
    let spans: Vec<Span> = api.source.trace(&api.settings.tenant, trace_id).await?;
    let found = if spans.is_empty() { Vec::new() } else { vec![FoundTrace { trace_id, spans }] };
    result(found, raw)
}

/// `/api/v3/traces`: a search.
pub async fn traces(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let asked = SearchParams::read(params)?;
    result(api.source.search(&api.settings.tenant, &asked.query()?).await?, asked.raw)
}

/// `/api/v3/trace-summaries`: a search without spans. Counts of zero are left out.
pub async fn summaries(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let asked = SearchParams::read(params)?;
    let found = api.source.summaries(&api.settings.tenant, &asked.query()?).await?;
    let summaries: Vec<Value> = found.iter().map(summary).collect();
    plain(&json!({"summaries": summaries}))
}

fn summary(of: &TraceSummary) -> Value {
    let mut fields = Map::new();
    fields.insert("traceId".to_owned(), json!(of.trace_id.to_string()));
    if let Some(name) = &of.root_name {
        let service = service_name(of.root_service.as_deref());
        fields.insert("rootServiceName".to_owned(), json!(service));
        fields.insert("rootOperationName".to_owned(), json!(span_name(name)));
    }
    // A span that is not longer than nothing is shown 1 ns long.
    let end = of.end.max(of.start.saturating_add(1));
    fields.insert("minStartTimeUnixNano".to_owned(), json!(of.start.0.to_string()));
    fields.insert("maxEndTimeUnixNano".to_owned(), json!(end.0.to_string()));
    count(&mut fields, "spanCount", of.span_count);
    count(&mut fields, "errorSpanCount", of.error_count);
    count(&mut fields, "orphanSpanCount", of.orphan_count);
    // A service may really bear the name that stands for a missing one.
    let mut services: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (name, spans, errors) in &of.services {
        let counts = services.entry(service_name(name.as_deref())).or_default();
        *counts = (counts.0 + spans, counts.1 + errors);
    }
    let services: Vec<Value> = services
        .into_iter()
        .map(|(name, (spans, errors))| {
            let mut fields = Map::new();
            fields.insert("name".to_owned(), json!(name));
            count(&mut fields, "spanCount", spans);
            count(&mut fields, "errorSpanCount", errors);
            Value::Object(fields)
        })
        .collect();
    fields.insert("services".to_owned(), Value::Array(services));
    Value::Object(fields)
}

fn count(fields: &mut Map<String, Value>, name: &str, count: u64) {
    if count > 0 {
        fields.insert(name.to_owned(), json!(count));
    }
}

/// The spans of all found traces in one list, as the original prints them.
fn result(found: Vec<FoundTrace>, raw: bool) -> Result<Response<Body>, Refusal> {
    if found.is_empty() {
        return Err(Refusal::not_found("No traces found"));
    }
    let mut traces: Vec<Trace> = found.into_iter().map(|found| prepared(found, raw)).collect();
    for placed in traces.iter_mut().flat_map(|trace| &mut trace.spans) {
        if !placed.warnings.is_empty() {
            let warnings = std::mem::take(&mut placed.warnings);
            let warnings = warnings.into_iter().map(AttrValue::from).collect();
            placed.span.attributes.push(WARNINGS, AttrValue::Array(warnings));
        }
    }
    plain(&TracesAnswer { result: TracesResult { resource_spans: Joined(&traces) } })
}

#[derive(Serialize)]
struct TracesAnswer<'a> {
    result: TracesResult<'a>,
}

#[derive(Serialize)]
struct TracesResult<'a> {
    #[serde(rename = "resourceSpans")]
    resource_spans: Joined<'a>,
}

struct Joined<'a>(&'a [Trace]);

impl Serialize for Joined<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let all: Vec<_> = self.0.iter().map(|trace| ResourceSpans::of(trace, Spelling::Otlp)).collect();
        serializer.collect_seq(all.iter().flat_map(ResourceSpans::elements))
    }
}

/// These routes know no `prettyPrint`.
fn plain<T: Serialize>(value: &T) -> Result<Response<Body>, Refusal> {
    print(&Params::default(), value)
}
