//! One example of each reply of the server's own API: the systems `growbin` and `jiwoo` in a quarter of an hour of traffic.
//!
//! In: nothing. Out: [`files`], the name and JSON of each example. The web UI is built and tested on them; `tests/fixtures.rs` keeps the
//! committed files equal to what is written here, so that a changed type changes them. The numbers are made up, and consistent: an edge's
//! calls are the sum of its frames, a node's are those of its edges.

mod map;
mod overview;
mod service;
mod trace;
mod world;

use serde::Serialize;
use serde_json::{Value, json};

/// Name of each example and its text.
pub fn files() -> Vec<(&'static str, String)> {
    let map = map::topology();
    vec![
        ("openapi.json", pretty(&api::openapi::description())),
        ("build.json", pretty(&overview::build())),
        ("overview.json", pretty(&overview::full())),
        ("overview-empty.json", pretty(&overview::empty())),
        ("services.json", pretty(&service::names())),
        ("services-numbers.json", pretty(&service::services())),
        ("service.json", pretty(&service::page("chat-api"))),
        ("operations.json", pretty(&service::operations())),
        ("errors.json", pretty(&service::errors())),
        ("topology.json", pretty(&map)),
        ("topology-empty.json", pretty(&map::empty())),
        ("topology-single.json", pretty(&map::single())),
        ("topology-watch.ndjson", map::watch()),
        ("topology-frames.json", serde_json::to_string(&map::frames()).unwrap_or_default() + "\n"),
        ("topology-edge.json", pretty(&map::edge("gateway", "auth-api"))),
        ("topology-node.json", pretty(&map::node("chat-api"))),
        ("topology-diff.json", pretty(&map::diff())),
        ("topology-why.json", pretty(&map::why())),
        ("topology-rules.json", pretty(&map::rules())),
        ("topology-rules-test.json", pretty(&map::rules_test())),
        ("traces.json", pretty(&trace::found())),
        ("trace-skeleton.json", pretty(&trace::skeleton(&trace::login()))),
        ("trace.json", pretty(&trace::full(&trace::login()))),
        ("trace-error-skeleton.json", pretty(&trace::skeleton(&trace::failed_chat()))),
        ("trace-error.json", pretty(&trace::full(&trace::failed_chat()))),
        ("attributes.json", pretty(&trace::attributes())),
        ("attribute-values.json", pretty(&trace::values())),
        ("check-right.json", pretty(&trace::checked())),
        ("check-wrong.json", pretty(&trace::wrong())),
        ("stages.json", pretty(&stages())),
    ]
}

/// Readable JSON with a newline at the end.
fn pretty(value: &impl Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// The account, in the shape of `GET /api/v1/stages`.
fn stages() -> Value {
    let spans = json!({
        "received": 48_211, "accepted": 48_209, "stored": 41_020, "waiting": 7_165,
        "rejected": { "invalid_id": 2 }, "duplicate": { "duplicate_request": 24 }, "merged": 0, "expired": 0,
    });
    json!({ "signals": { "spans": spans }, "stages": {}, "refused_requests": {} })
}
