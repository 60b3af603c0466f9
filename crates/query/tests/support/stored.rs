//! A store in a folder of its own, filled by requests in OTLP/JSON.

use std::sync::Arc;

use model::{Signal, TenantId, TimeNs};
use query::Engine;
use serde_json::{Value, json};
use stdx::{ManualClock, OsDir};
use store::{Options, Places, Request, Store};

/// The instant of the tests, nanoseconds since the epoch: 2026-01-01.
pub const NOW: i64 = 1_767_225_600_000_000_000;

/// A store and the folder that it lies in.
pub struct World {
    pub store: Store,
    pub folder: tempfile::TempDir,
}

impl World {
    /// An empty store without background work.
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = folder.path().join("tables").display().to_string();
        let tables = catalog::objects::open(&location, &Default::default()).await.expect("a local place");
        let open = |name: &str| Arc::new(OsDir::open(folder.path().join(name)).expect("a folder"));
        let places = Places {
            log: open("wal"),
            index: open("index"),
            objects: tables.store,
            tables: tables.root,
            tables_url: tables.url,
            node: "node".to_owned(),
            clock: Arc::new(ManualClock::at(NOW)),
            free_disk: Arc::new(|| None),
            salt: 7,
        };
        let options = Options { background: false, ..Options::standard() };
        let (store, _) = store::open(places, options).await.expect("an empty store opens");
        Self { store, folder }
    }

    pub fn engine(&self) -> Engine {
        Engine::new(self.store.clone())
    }

    /// Sends spans of one service.
    pub async fn send(&self, service: &str, spans: &[Value]) {
        self.send_as(
            &TenantId::single(),
            json!([{"key": "service.name", "value": {"stringValue": service}}]),
            spans,
        )
        .await;
    }

    /// Sends spans of one resource.
    pub async fn send_as(&self, tenant: &TenantId, resource: Value, spans: &[Value]) {
        let body = json!({"resourceSpans": [{
            "resource": {"attributes": resource},
            "scopeSpans": [{"scope": {"name": "tests"}, "spans": spans}],
        }]});
        let request = Request {
            tenant: tenant.clone(),
            signal: Signal::Traces,
            format: decode::request::Format::Json,
            encoding: String::new(),
            body: body.to_string().into_bytes().into(),
            received: TimeNs(NOW),
        };
        let receipt = self.store.append(request).await.expect("kept");
        assert_eq!(receipt.accepted, spans.len() as u64);
    }
}

/// A span of trace `trace`, a second after the one before; numbers are digits of the ids.
pub fn span(trace: u64, number: u64, attributes: Value) -> Value {
    let start = NOW - 3_600_000_000_000 + (trace * 100 + number) as i64 * 1_000_000_000;
    let parent = if number == 1 { String::new() } else { format!("{:016x}", 1) };
    json!({
        "traceId": format!("{trace:032x}"),
        "spanId": format!("{number:016x}"),
        "parentSpanId": parent,
        "name": format!("operation {number}"),
        "kind": 2,
        "startTimeUnixNano": start.to_string(),
        "endTimeUnixNano": (start + 5_000_000).to_string(),
        "attributes": attributes,
        "status": {"code": if number == 3 { 2 } else { 0 }},
    })
}
