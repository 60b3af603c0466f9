//! The API over a store in a folder, request by request.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use expect_test::{Expect, expect};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use model::{Signal, TenantId, TimeNs};
use query::Engine;
use query::sql::Limits;
use serde_json::{Value, json};
use stdx::{ManualClock, OsDir};
use store::{Options, Places, Store};
use tower::ServiceExt;

use super::{Settings, router};

/// The instant of the tests, nanoseconds since the epoch: 2026-01-01.
const NOW: i64 = 1_767_225_600_000_000_000;

struct World {
    store: Store,
    router: Router,
    _folder: tempfile::TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let location = folder.path().join("tables").display().to_string();
        let tables = catalog::objects::open(&location, &Default::default()).await.expect("a local place");
        let open = |name: &str| Arc::new(OsDir::open(folder.path().join(name)).expect("a folder"));
        let clock = Arc::new(ManualClock::at(NOW));
        let places = Places {
            log: open("wal"),
            index: open("index"),
            objects: tables.store,
            tables: tables.root,
            tables_url: tables.url,
            node: "node".to_owned(),
            clock: clock.clone(),
            free_disk: Arc::new(|| None),
            salt: 7,
        };
        let options = Options { background: false, ..Options::standard() };
        let map = Arc::new(crate::map::Map::new(None));
        let (store, _) =
            store::open_with(places, options, Some(Arc::clone(&map.sums) as Arc<dyn store::Deriver>))
                .await
                .expect("an empty store opens");
        let settings = Settings {
            map,
            listeners: Vec::new(),
            tenant: TenantId::single(),
            clock,
            sql: Limits { rows_max: 100_000, ..Limits::standard(None) },
        };
        let router = router(Engine::new(store.clone()), settings);
        Self { store, router, _folder: folder }
    }

    /// One trace of a shop that asks a cart, which fails.
    async fn filled() -> Self {
        let world = Self::new().await;
        let start = NOW - 60_000_000_000;
        let text = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let span = |number: u64, parent: &str, name: &str, kind: i32, status: Value| {
            json!({
                "traceId": "000102030405060708090a0b0c0d0e0f",
                "spanId": format!("{number:016x}"),
                "parentSpanId": parent,
                "name": name,
                "kind": kind,
                "startTimeUnixNano": (start + number as i64 * 1_000_000).to_string(),
                "endTimeUnixNano": (start + 9_000_000).to_string(),
                "attributes": [text("http.method", "GET"), {"key": "big", "value": {"intValue": "9007199254740993"}}],
                "status": status,
            })
        };
        let resource = |service: &str, spans: Value| json!({"resource": {"attributes": [text("service.name", service)]}, "scopeSpans": [{"spans": spans}]});
        let body = json!({"resourceSpans": [
            resource("shop", json!([span(1, "", "GET /", 2, json!({})), span(2, "0000000000000001", "ask", 3, json!({}))])),
            resource("cart", json!([span(3, "0000000000000002", "answer", 2, json!({"code": 2, "message": "empty"}))])),
        ]});
        let request = store::Request {
            tenant: TenantId::single(),
            signal: Signal::Traces,
            format: decode::request::Format::Json,
            encoding: String::new(),
            body: body.to_string().into_bytes().into(),
            received: TimeNs(NOW),
        };
        world.store.append(request).await.expect("kept");
        world
    }

    async fn send(&self, request: Request<Body>) -> (StatusCode, String, Vec<u8>) {
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let content_type =
            response.headers().get("content-type").map(|value| value.to_str().expect("text").to_owned());
        let body = response.into_body().collect().await.expect("a whole body").to_bytes();
        (status, content_type.unwrap_or_default(), body.to_vec())
    }

    async fn get(&self, path: &str) -> String {
        self.get_as(path, "application/json").await
    }

    async fn get_as(&self, path: &str, accept: &str) -> String {
        let request = Request::get(path).header("accept", accept).body(Body::empty()).expect("a request");
        shown(self.send(request).await)
    }

    async fn sql(&self, sql: &str, accept: &str) -> String {
        shown(self.send(question(sql, accept)).await)
    }
}

fn question(sql: &str, accept: &str) -> Request<Body> {
    let body = json!({ "sql": sql }).to_string();
    Request::post("/api/v1/sql").header("accept", accept).body(body.into()).expect("a request")
}

/// Status, content type and body; times that change from run to run are left out.
fn shown((status, content_type, body): (StatusCode, String, Vec<u8>)) -> String {
    let body = String::from_utf8(body).expect("text");
    let mut lines = format!("{} {content_type}\n", status.as_u16());
    for line in body.lines() {
        let mut line = line.to_owned();
        if let Some(at) = line.find("\"elapsed_nano\":") {
            let from = at + "\"elapsed_nano\":".len();
            let digits = line[from..].chars().take_while(char::is_ascii_digit).count();
            if digits > 0 {
                line.replace_range(from..from + digits, "_");
            }
        }
        lines.push_str(&line);
        lines.push('\n');
    }
    lines
}

fn check(got: String, want: Expect) {
    want.assert_eq(&got);
}

#[tokio::test]
async fn sql_in_each_format() {
    let world = World::filled().await;
    let sql = "SELECT trace_id, start_time_unix_nano, duration_nano, name, status_message, 1.5 AS \"a,b\", \
               CAST('NaN' AS DOUBLE) AS n, json_get_int(attributes, 'big') AS big, date FROM spans ORDER BY 2 LIMIT 2";
    check(
        world.sql(sql, "*/*").await,
        expect![[r#"
        200 application/json
        [
        {"trace_id":"000102030405060708090a0b0c0d0e0f","start_time_unix_nano":"1767225540001000000","duration_nano":8000000,"name":"GET /","status_message":null,"a,b":1.5,"n":"NaN","big":"9007199254740993","date":"2025-12-31"},
        {"trace_id":"000102030405060708090a0b0c0d0e0f","start_time_unix_nano":"1767225540002000000","duration_nano":7000000,"name":"ask","status_message":null,"a,b":1.5,"n":"NaN","big":"9007199254740993","date":"2025-12-31"}
        ]
    "#]],
    );
    check(
        world.sql("SELECT name, status_message, 'a\"b' AS q FROM spans ORDER BY 1 DESC", "text/csv").await,
        expect![[r#"
        200 text/csv; charset=utf-8
        name,status_message,q
        ask,,"a""b"
        answer,empty,"a""b"
        GET /,,"a""b"
    "#]],
    );
    check(
        world.sql("SELECT count(*) AS n FROM spans", "application/x-ndjson").await,
        expect![[r#"
        200 application/x-ndjson
        {"meta":{"columns":[{"name":"n","type":"Int64"}]}}
        {"rows":{"n":[3]}}
        {"end":{"cost":{"files_total":0,"files_asked":0,"row_groups_asked":0,"bytes_read":0,"buffer_rows":3,"rows":1,"elapsed_nano":_}}}
    "#]],
    );
    check(
        world.sql("SELECT 1 AS a WHERE false", "*/*").await,
        expect![[r#"
        200 application/json
        [
        ]
    "#]],
    );
    let arrow = question("SELECT name, trace_id FROM spans", "application/vnd.apache.arrow.stream");
    let (status, _, body) = world.send(arrow).await;
    assert_eq!(status, StatusCode::OK);
    let reader = arrow::ipc::reader::StreamReader::try_new(&body[..], None).expect("a stream");
    let rows: usize = reader.map(|batch| batch.expect("a batch").num_rows()).sum();
    assert_eq!(rows, 3);
}

#[tokio::test]
async fn sql_that_is_refused() {
    let world = World::filled().await;
    check(
        world.sql("DROP TABLE spans", "*/*").await,
        expect![[r#"
        400 application/json
        {"error":{"code":"invalid_input","message":"`DROP TABLE` is not allowed here","remedy":"write SELECT, WITH, EXPLAIN, SHOW TABLES, SHOW COLUMNS or DESCRIBE; the tables are read-only"}}
    "#]],
    );
    let request = Request::post("/api/v1/sql").body(Body::from("SELECT 1")).expect("a request");
    check(
        shown(world.send(request).await),
        expect![[r#"
        400 application/json
        {"error":{"code":"invalid_input","message":"the body is no question: expected value at line 1 column 1","remedy":"send {\"sql\": \"SELECT ...\"}"}}
    "#]],
    );
    let (status, _, body) = world.send(question("SELECT * FROM generate_series(1, 100001)", "*/*")).await;
    let body = String::from_utf8(body).expect("text");
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY, "{}", body.chars().take(200).collect::<String>());
    assert!(body.contains("the answer has more than 100000 rows"), "{body}");
}

#[tokio::test]
async fn a_long_answer_that_fails_is_cut() {
    let world = World::new().await;
    // Wider rows: the first megabytes are on their way before the limit is hit.
    let sql = "SELECT value, repeat('x', 100) AS x FROM generate_series(1, 100001)";
    let Ok(response) = world.router.clone().oneshot(question(sql, "*/*")).await;
    assert_eq!(response.status(), StatusCode::OK);
    assert!(response.into_body().collect().await.is_err());
}

#[tokio::test]
async fn searching() {
    let world = World::filled().await;
    for _ in 0..2 {
        check(
            world.get("/api/v1/traces?service=shop&attribute=http.method%3DGET&duration=1h").await,
            expect![[r#"
            200 application/json
            {"traces":[{"trace_id":"000102030405060708090a0b0c0d0e0f","root_service":"shop","root_name":"GET /","start_time_unix_nano":"1767225540001000000","duration_nano":8000000,"span_count":3,"error_count":1,"services":[{"service":"cart","spans":1,"errors":1},{"service":"shop","spans":2,"errors":0}]}],"cost":{"elapsed_nano":_}}
        "#]],
        );
        check(
            world.get("/api/v1/traces?service=shop&status=error").await,
            expect![[r#"
            200 application/json
            {"traces":[],"cost":{"elapsed_nano":_}}
        "#]],
        );
        check(
            world.get_as("/api/v1/traces?root=1&min_duration=8ms", "application/x-ndjson").await,
            expect![[r#"
            200 application/x-ndjson
            {"meta":{"columns":["trace_id","root_service","root_name","start_time_unix_nano","duration_nano","span_count","error_count","services"],"limit":20}}
            {"rows":{"trace_id":["000102030405060708090a0b0c0d0e0f"],"root_service":["shop"],"root_name":["GET /"],"start_time_unix_nano":["1767225540001000000"],"duration_nano":[8000000],"span_count":[3],"error_count":[1],"services":[[{"service":"cart","spans":1,"errors":1},{"service":"shop","spans":2,"errors":0}]]}}
            {"end":{"cost":{"elapsed_nano":_}}}
        "#]],
        );
        world.store.flush().await.expect("flushed");
    }
    for (query, message) in [
        ("limit=0", "`limit` is `0`"),
        ("servce=a", "there is no parameter `servce`"),
        ("status=bad", "`status` is no status: `bad`"),
        ("kind=bad", "`kind` is no kind of span: `bad`"),
        ("min_duration=5", "`min_duration`: `5` is no duration"),
        ("min_duration=2s&max_duration=1s", "`min_duration` is longer"),
        ("from=yesterday", "`from` is no time: `yesterday`"),
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00%2B09:00", "the range of time is empty"),
        ("from=1&duration=1h", "both `from` and `duration`"),
        ("attribute=%3Dx", "an `attribute` has no key"),
    ] {
        let answer = world.get(&format!("/api/v1/traces?{query}")).await;
        assert!(answer.starts_with("400 ") && answer.contains(message), "{query}: {answer}");
    }
}

#[tokio::test]
async fn one_trace() {
    let world = World::filled().await;
    check(
        world.get("/api/v1/traces/000102030405060708090a0b0c0d0e0f?fields=skeleton").await,
        expect![[r#"
        200 application/json
        {"trace_id":"000102030405060708090a0b0c0d0e0f","spans":[{"span_id":"0000000000000001","parent_span_id":null,"service":"shop","name":"GET /","kind":"server","status":"unset","status_message":"","start_time_unix_nano":"1767225540001000000","duration_nano":8000000,"event_count":0,"link_count":0},{"span_id":"0000000000000002","parent_span_id":"0000000000000001","service":"shop","name":"ask","kind":"client","status":"unset","status_message":"","start_time_unix_nano":"1767225540002000000","duration_nano":7000000,"event_count":0,"link_count":0},{"span_id":"0000000000000003","parent_span_id":"0000000000000002","service":"cart","name":"answer","kind":"server","status":"error","status_message":"empty","start_time_unix_nano":"1767225540003000000","duration_nano":6000000,"event_count":0,"link_count":0}]}
    "#]],
    );
    let whole = world.get("/api/v1/traces/000102030405060708090a0b0c0d0e0f").await;
    let whole: Value = serde_json::from_str(whole.lines().nth(1).expect("a body")).expect("JSON");
    assert_eq!(
        whole["resourceSpans"][1]["scopeSpans"][0]["spans"][0]["status"],
        json!({"message": "empty", "code": 2})
    );
    check(
        world.get("/api/v1/traces/abc").await,
        expect![[r#"
        404 application/json
        {"error":{"code":"not_found","message":"no span is stored under the trace id 00000000000000000000000000000abc","remedy":"check the id; `GET /api/v1/traces` lists what there is, and retention drops old days"}}
    "#]],
    );
    check(
        world.get("/api/v1/traces/xyz").await,
        expect![[r#"
        400 application/json
        {"error":{"code":"invalid_input","message":"`xyz` is no trace id","remedy":"a trace id is up to 32 hexadecimal digits"}}
    "#]],
    );
}

#[tokio::test]
async fn names_and_the_description() {
    let world = World::filled().await;
    for _ in 0..2 {
        check(
            world.get("/api/v1/services").await,
            expect![[r#"
            200 application/json
            {"services":[{"name":"cart"},{"name":"shop"}]}
        "#]],
        );
        check(
            world.get("/api/v1/services/shop/operations").await,
            expect![[r#"
            200 application/json
            {"operations":[{"name":"GET /","kind":"server"},{"name":"ask","kind":"client"}]}
        "#]],
        );
        check(
            world.get("/api/v1/attributes?duration=1h").await,
            expect![[r#"
            200 application/json
            {"attributes":[{"scope":"resource","key":"service.name","count":3},{"scope":"span","key":"big","count":3},{"scope":"span","key":"http.method","count":3}],"complete":true}
        "#]],
        );
        check(
            world.get("/api/v1/attributes/http.method/values").await,
            expect![[r#"
            200 application/json
            {"values":[{"value":"GET","count":3}],"complete":true}
        "#]],
        );
        world.store.flush().await.expect("flushed");
    }
    let description = world.get("/api/v1/openapi.json").await;
    let description: Value = serde_json::from_str(description.lines().nth(1).expect("a body")).expect("JSON");
    let paths = description["paths"].as_object().expect("paths");
    check(
        paths.keys().map(|path| format!("{path}\n")).collect(),
        expect![[r#"
            /api/v1/attributes
            /api/v1/attributes/{key}/values
            /api/v1/build
            /api/v1/check
            /api/v1/compact
            /api/v1/errors
            /api/v1/flush
            /api/v1/openapi.json
            /api/v1/overview
            /api/v1/services
            /api/v1/services/{service}
            /api/v1/services/{service}/operations
            /api/v1/sql
            /api/v1/stages
            /api/v1/topology
            /api/v1/topology/diff
            /api/v1/topology/edge/{source}/{target}
            /api/v1/topology/edge/{source}/{target}/traces
            /api/v1/topology/export
            /api/v1/topology/frames
            /api/v1/topology/node/{id}
            /api/v1/topology/node/{id}/traces
            /api/v1/topology/rules
            /api/v1/topology/rules/test
            /api/v1/topology/why
            /api/v1/traces
            /api/v1/traces/{id}
        "#]],
    );
}
