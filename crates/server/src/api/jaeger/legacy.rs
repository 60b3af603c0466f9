//! The `/api/*` routes of Jaeger, which its UI and Grafana's data source use.
//!
//! In: parameters. Out: envelopes with data of the source, printed in Jaeger's own model.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::{Response, StatusCode};
use model::{SpanKind, TraceId};
use query::source::FoundTrace;

use super::adjust::adjust;
use super::envelope::{Refusal, TraceError, answer};
use super::legacy_params::{MetricParams, TraceParams, by_id_raw, check_dependencies};
use super::substitutes::{service_name, span_name, stored_services, substitute};
use super::ui_trace::ui_trace;
use super::{Api, trace_id};
use crate::api::params::Params;
use crate::api::trace::Trace;

/// Largest upload of `/api/transform` in bytes.
const UPLOAD_LEN_MAX: usize = 64 << 20;

/// `/api/services`.
pub async fn services(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let names = service_names(api).await?;
    answer(params, &names, names.len(), None)
}

/// Names of services as printed, sorted.
pub async fn service_names(api: &Api) -> Result<BTreeSet<String>, Refusal> {
    let stored = api.source.services(&api.settings.tenant).await?;
    Ok(stored.iter().map(|name| service_name(name.as_deref()).to_owned()).collect())
}

/// Names and kinds of a service's operations as printed, sorted. The kind is stored as a number and named like a
/// tag: nothing was said for `unspecified`.
pub async fn named_operations(api: &Api, service: &str) -> Result<BTreeSet<(String, &'static str)>, Refusal> {
    let mut operations = BTreeSet::new();
    for stored in stored_services(service) {
        for operation in api.source.operations(&api.settings.tenant, stored).await? {
            operations.insert((span_name(&operation.name).to_owned(), kind_name(operation.kind)));
        }
    }
    Ok(operations)
}

fn kind_name(kind: SpanKind) -> &'static str {
    match kind.as_str() {
        "unspecified" => "",
        name => name,
    }
}

/// `/api/services/{service}/operations`.
pub async fn operation_names(api: &Api, params: &Params, service: &str) -> Result<Response<Body>, Refusal> {
    let operations = named_operations(api, service).await?;
    let names: BTreeSet<String> = operations.into_iter().map(|(name, _)| name).collect();
    let total = names.len();
    answer(params, (total > 0).then_some(names), total, None)
}

/// `/api/operations`.
pub async fn operations(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let (service, kind) = (params.first("service"), params.first("spanKind"));
    if service.is_empty() {
        return Err(Refusal::bad("parameter 'service' is required"));
    }
    let operations: Vec<serde_json::Value> = named_operations(api, service)
        .await?
        .into_iter()
        .filter(|(_, of)| kind.is_empty() || *of == kind)
        .map(|(name, kind)| serde_json::json!({"name": name, "spanKind": kind}))
        .collect();
    answer(params, &operations, operations.len(), None)
}

/// `/api/traces`: a search, or traces by id.
pub async fn traces(api: &Api, params: &Params) -> Result<Response<Body>, Refusal> {
    let asked = TraceParams::read(params, api.now())?;
    if asked.trace_ids.is_empty() {
        let found = api.source.search(&api.settings.tenant, &asked.query()?).await?;
        return print(params, found, asked.raw, None);
    }
    let mut found = Vec::new();
    let mut errors = Vec::new();
    let mut seen = BTreeSet::new();
    for &id in asked.trace_ids.iter().filter(|id| seen.insert(**id)) {
        let spans = api.source.trace(&api.settings.tenant, id).await?;
        if spans.is_empty() {
            let (msg, trace_id) = ("trace not found".to_owned(), Some(trace_id::short(id)));
            errors.push(TraceError { code: None, msg, trace_id });
        } else {
            found.push(FoundTrace { trace_id: id, spans });
        }
    }
    print(params, found, asked.raw, (!errors.is_empty()).then_some(errors))
}

/// `/api/traces/{id}`.
pub async fn trace(api: &Api, params: &Params, id: &str) -> Result<Response<Body>, Refusal> {
    let trace_id = trace_id::from_path(id).map_err(Refusal::bad)?;
    let raw = by_id_raw(params)?;
    let spans = api.source.trace(&api.settings.tenant, trace_id).await?;
    if spans.is_empty() {
        return Err(Refusal::not_found("trace not found"));
    }
    print(params, vec![FoundTrace { trace_id, spans }], raw, None)
}

fn print(
    params: &Params,
    found: Vec<FoundTrace>,
    raw: bool,
    errors: Option<Vec<TraceError>>,
) -> Result<Response<Body>, Refusal> {
    let traces: Vec<Trace> = found.into_iter().map(|found| prepared(found, raw)).collect();
    let data: Vec<_> = traces.iter().map(ui_trace).collect();
    answer(params, data, 0, errors)
}

/// A found trace with substitutes and, unless raw, with adjustments.
pub fn prepared(found: FoundTrace, raw: bool) -> Trace {
    let mut trace = Trace::assemble(found.trace_id, found.spans);
    substitute(&mut trace);
    if !raw {
        adjust(&mut trace);
    }
    trace
}

/// `/api/archive/{id}`: nothing can be archived, since nothing is thrown away before its time for want of it.
pub fn archive(_params: &Params, id: &str) -> Result<Response<Body>, Refusal> {
    trace_id::from_path(id).map_err(Refusal::bad)?;
    Err(Refusal {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        message: "archive span storage was not configured".to_owned(),
    })
}

/// `/api/dependencies`: checks the parameters; edges are not computed in this version.
pub fn dependencies(params: &Params) -> Result<Response<Body>, Refusal> {
    check_dependencies(params)?;
    answer(params, [(); 0], 0, None)
}

/// `/api/metrics/*`: checks the parameters; metrics of spans do not exist in this version.
pub fn metrics(params: &Params, kind: &str) -> Result<Response<Body>, Refusal> {
    MetricParams::read(params, kind == "latencies")?;
    Err(Refusal {
        status: StatusCode::NOT_IMPLEMENTED,
        message: "trace metrics are currently disabled - no metrics backend configured".to_owned(),
    })
}

/// `/api/transform`: prints an uploaded OTLP/JSON file as the UI reads traces, without substitutes and
/// adjustments, in the order of the file.
pub async fn transform(api: &Api, params: &Params, body: Body) -> Result<Response<Body>, Refusal> {
    let refuse = |error: String| Refusal::bad(format!("cannot unmarshal OTLP : {error}"));
    let body = axum::body::to_bytes(body, UPLOAD_LEN_MAX).await.map_err(|error| refuse(error.to_string()))?;
    let mut traces: Vec<(TraceId, Vec<_>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for span in (api.settings.read_otlp_json)(&body).map_err(refuse)? {
        let place = *places.entry(span.trace_id).or_insert_with(|| {
            traces.push((span.trace_id, Vec::new()));
            traces.len() - 1
        });
        traces[place].1.push(span);
    }
    let traces: Vec<Trace> = traces.into_iter().map(|(id, spans)| Trace::in_order(id, spans)).collect();
    let data: Vec<_> = traces.iter().map(ui_trace).collect();
    answer(params, data, 0, None)
}
