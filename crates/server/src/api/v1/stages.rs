//! `GET /api/v1/stages`, the account of every item, `POST /api/v1/flush` and `POST /api/v1/compact`.
//!
//! `signals` holds the account by signal: `received = accepted + rejected`, `accepted = stored + waiting + duplicate`; its
//! numbers go on over restarts and agree with the table `ingest`. `stages` holds the same numbers along the data's path.
//! `refused_requests` counts whole requests that were refused before anything in them could be counted, since the start.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::routing::{get, post};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use model::{Signal, TenantId};
use serde_json::{Map, Value, json};
use store::{Amounts, Outcome};

use crate::api::response::status_of;
use crate::receive::append::open_store;
use crate::selfmon::refused_requests;
use crate::shared::Shared;

#[derive(Clone)]
struct Api {
    shared: Arc<Shared>,
    tenant: TenantId,
}

/// The routes for one tenant. While tenancy is off the account is of everything.
pub fn router(shared: Arc<Shared>, tenant: TenantId) -> Router {
    Router::new()
        .route("/api/v1/stages", get(stages))
        .route("/api/v1/flush", post(flush))
        .route("/api/v1/compact", post(compact))
        .with_state(Api { shared, tenant })
}

async fn stages(State(api): State<Api>) -> Response<Body> {
    let Some(store) = api.shared.store() else {
        return answer(
            StatusCode::SERVICE_UNAVAILABLE,
            &json!({ "error": "the server is starting; come again" }),
        );
    };
    let mut amounts = store.amounts();
    if api.shared.config.tenancy.enabled {
        amounts.lines.0.retain(|key, _| key.tenant == api.tenant);
    }
    answer(StatusCode::OK, &account(&api.shared, &amounts))
}

async fn flush(State(api): State<Api>) -> Response<Body> {
    let Some(store) = open_store(&api.shared) else { return not_open() };
    versions(store.flush().await)
}

/// Merges what can be merged now, and answers as a flush does.
async fn compact(State(api): State<Api>) -> Response<Body> {
    let Some(store) = open_store(&api.shared) else { return not_open() };
    versions(match store::compact::run_all(store).await {
        Ok(()) => Ok(store.versions()),
        Err(error) => Err(error),
    })
}

fn not_open() -> Response<Body> {
    let error = "the server is starting or stopping; come again";
    answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "error": error }))
}

fn versions(done: Result<Vec<(&'static str, i64)>, store::Error>) -> Response<Body> {
    match done {
        Ok(versions) => {
            let tables: Map<String, Value> =
                versions.into_iter().map(|(table, version)| (table.to_owned(), version.into())).collect();
            answer(StatusCode::OK, &json!({ "tables": tables }))
        }
        Err(error) => answer(status_of(error.kind()), &json!({ "error": error.chain() })),
    }
}

/// The answer of `GET /api/v1/stages`.
fn account(shared: &Shared, amounts: &Amounts) -> Value {
    let signals: Map<String, Value> = Signal::ALL
        .into_iter()
        .map(|signal| (signal.as_str().to_owned(), of_signal(amounts, signal)))
        .collect();
    let mut refused: BTreeMap<String, BTreeMap<String, u64>> = BTreeMap::new();
    for ((signal, reason), count) in refused_requests(shared) {
        let signal = signal.map_or("unknown", Signal::as_str).to_owned();
        *refused.entry(signal).or_default().entry(reason.as_str().to_owned()).or_default() += count;
    }
    let counters = shared.monitor.counters();
    let mut stages = Vec::new();
    for signal in Signal::ALL {
        let total = |outcome| amounts.lines.total(signal, outcome);
        let taken = |counts: &BTreeMap<(_, Signal), u64>| -> u64 {
            counts.iter().filter(|((_, of), _)| *of == signal).map(|(_, count)| count).sum()
        };
        let name = signal.as_str();
        stages.extend([
            json!({"stage": "receive", "signal": name, "accepted_requests": taken(&counters.taken),
                "accepted_bytes": taken(&counters.taken_bytes), "rejected_requests": refused.get(name)}),
            json!({"stage": "decode", "signal": name, "received": total(Outcome::Received),
                "rejected": by_reason(amounts, signal, Outcome::Rejected)}),
            json!({"stage": "wal", "signal": name, "accepted": total(Outcome::Accepted)}),
            json!({"stage": "buffer", "signal": name, "waiting": amounts.waiting(signal)}),
            json!({"stage": "segment", "signal": name, "stored": total(Outcome::Stored),
                "duplicate": by_reason(amounts, signal, Outcome::Duplicate)}),
            json!({"stage": "compact", "signal": name, "merged": total(Outcome::Merged)}),
            json!({"stage": "expire", "signal": name, "expired": total(Outcome::Expired)}),
        ]);
    }
    json!({ "signals": signals, "stages": stages, "refused_requests": refused, "healed_requests": counters.healed })
}

fn of_signal(amounts: &Amounts, signal: Signal) -> Value {
    let total = |outcome| amounts.lines.total(signal, outcome);
    json!({
        "received": total(Outcome::Received),
        "accepted": total(Outcome::Accepted),
        "rejected": by_reason(amounts, signal, Outcome::Rejected),
        "stored": total(Outcome::Stored),
        "waiting": amounts.waiting(signal),
        "duplicate": by_reason(amounts, signal, Outcome::Duplicate),
        "merged": total(Outcome::Merged),
        "expired": total(Outcome::Expired),
    })
}

fn by_reason(amounts: &Amounts, signal: Signal, outcome: Outcome) -> BTreeMap<&'static str, u64> {
    let mut reasons = BTreeMap::new();
    for (key, items) in &amounts.lines.0 {
        if key.signal == signal && key.outcome == outcome {
            *reasons.entry(key.reason).or_default() += items;
        }
    }
    reasons
}

fn answer(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(format!("{body}\n")));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}
