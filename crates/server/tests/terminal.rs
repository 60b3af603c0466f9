//! The terminal's questions to the folder of a stopped server, its log included.

use std::path::Path;
use std::sync::Arc;

use model::{Signal, TenantId, TimeNs};
use serde_json::{Value, json};
use server::cli::client::{Client, ClientError, ClientFlags, Output};
use server::cli::offline::open_data_dir;
use stdx::{ManualClock, OsDir};
use store::{Options, Places, Request};

const NOW: i64 = 1_767_225_600_000_000_000;

/// A folder with one span in the tables and one in the log only; the store is dropped as kill -9 would.
async fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let node = json!({"format_version": 1, "id": "0123456789abcdef"}).to_string();
    std::fs::write(folder.path().join("node.json"), node).expect("writes");
    let location = folder.path().join("tables").display().to_string();
    let tables = catalog::objects::open(&location, &Default::default()).await.expect("a local place");
    let open = |name: &str| Arc::new(OsDir::open(folder.path().join(name)).expect("a folder"));
    let places = Places {
        log: open("wal"),
        index: open("index"),
        objects: tables.store,
        tables: tables.root,
        tables_url: tables.url,
        node: "0123456789abcdef".to_owned(),
        clock: Arc::new(ManualClock::at(NOW)),
        free_disk: Arc::new(|| None),
        salt: 7,
    };
    let (store, _) =
        store::open(places, Options { background: false, ..Options::standard() }).await.expect("opens");
    for number in 1..=2 {
        let body = json!({"resourceSpans": [{
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "shop"}}]},
            "scopeSpans": [{"spans": [{
                "traceId": format!("{number:032x}"), "spanId": "0000000000000001", "name": "GET /",
                "startTimeUnixNano": (NOW - number).to_string(), "endTimeUnixNano": NOW.to_string(),
            }]}],
        }]});
        let request = Request {
            tenant: TenantId::single(),
            signal: Signal::Traces,
            format: decode::request::Format::Json,
            encoding: String::new(),
            body: body.to_string().into_bytes().into(),
            received: TimeNs(NOW),
        };
        store.append(request).await.expect("kept");
        if number == 1 {
            store.flush().await.expect("flushed");
        }
    }
    folder
}

fn flags(server: Option<&str>, data: Option<&Path>) -> ClientFlags {
    ClientFlags {
        server: server.map(str::to_owned),
        data: data.map(Path::to_owned),
        tenant: None,
        output: Output::Text,
    }
}

async fn fails(flags: ClientFlags, path: &str) -> ClientError {
    match Client::open(&flags).await {
        Ok(client) => client.get(path).await.expect_err("a failure"),
        Err(error) => error,
    }
}

#[tokio::test]
async fn the_folder_of_a_stopped_server_answers_and_stays_as_it_is() {
    let folder = folder().await;
    let before = files(folder.path());
    let client = Client::open(&flags(None, Some(folder.path()))).await.expect("opens");
    let question = json!({"sql": "SELECT count(*) AS n, min(service_name) AS s FROM spans"});
    let rows = client.post("/api/v1/sql", &question, "application/json").await.expect("rows");
    assert_eq!(serde_json::from_slice::<Value>(&rows).expect("JSON"), json!([{"n": 2, "s": "shop"}]));
    let traces = client.get("/api/v1/traces?service=shop").await.expect("traces");
    assert_eq!(traces["traces"].as_array().map(Vec::len), Some(2));
    drop(client);
    assert_eq!(files(folder.path()), before);
    assert_eq!(open_data_dir(folder.path(), None).await.expect("opens").memory().buffer_rows, 1);
}

#[tokio::test]
async fn failures_name_the_remedy() {
    let folder = folder().await;
    let unknown = fails(flags(None, Some(folder.path())), "/api/v1/traces/abcd").await;
    assert!(unknown.message.starts_with("no span is stored under the trace id"), "{unknown}");
    let empty = tempfile::tempdir().expect("a folder");
    let none = fails(flags(None, Some(empty.path())), "/").await;
    assert!(none.message.contains("is no data folder: it has no `wal`"), "{none}");
    // Port 1 of the loopback: nobody listens there.
    let nobody = fails(flags(Some("http://127.0.0.1:1"), None), "/api/v1/services").await;
    assert!(
        nobody.message.starts_with("no server answers at http://127.0.0.1:1") && !nobody.is_usage,
        "{nobody}"
    );
    assert!(nobody.message.contains("throughline serve"), "{nobody}");
    let scheme = fails(flags(Some("ftp://a"), None), "/").await;
    assert!(scheme.is_usage && scheme.message.contains("is no http address"), "{scheme}");
}

/// Paths and lengths of everything below a folder.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).expect("readable") {
            let entry = entry.expect("readable");
            let kind = entry.metadata().expect("readable");
            if kind.is_dir() {
                waiting.push(entry.path());
            } else {
                found.push((entry.path().display().to_string(), kind.len()));
            }
        }
    }
    found.sort();
    found
}
