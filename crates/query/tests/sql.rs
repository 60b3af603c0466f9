//! SQL over a store in every state of its rows: in the buffer, in files, merged, and between these.

#[path = "support/stored.rs"]
mod support;

use arrow::util::display::{ArrayFormatter, FormatOptions};
use expect_test::{Expect, expect};
use futures::TryStreamExt;
use model::TenantId;
use query::sql::{Limits, SqlError};
use serde_json::json;
use std::time::Duration;
use support::{NOW, World, span};

/// Rows of an answer, a line each, bytes in hexadecimal.
async fn ask(world: &World, sql: &str) -> Result<String, SqlError> {
    ask_within(world, sql, &Limits::standard(Some(world.folder.path().to_owned()))).await
}

async fn ask_within(world: &World, sql: &str, limits: &Limits) -> Result<String, SqlError> {
    let stream = world.engine().sql(&TenantId::single(), sql, limits).await?;
    let batches: Vec<_> = stream.try_collect().await?;
    let mut lines = String::new();
    for batch in &batches {
        let options = FormatOptions::default().with_null("null");
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| ArrayFormatter::try_new(column, &options).expect("a known type"))
            .collect();
        for row in 0..batch.num_rows() {
            let cells: Vec<String> = columns.iter().map(|column| column.value(row).to_string()).collect();
            lines.push_str(&cells.join(" | "));
            lines.push('\n');
        }
    }
    Ok(lines)
}

async fn check(world: &World, sql: &str, want: Expect) {
    match ask(world, sql).await {
        Ok(rows) => want.assert_eq(&rows),
        Err(error) => want.assert_eq(&format!("{:?}: {error}\n", error.kind)),
    }
}

fn text(key: &str, value: &str) -> serde_json::Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// Three traces of three spans; the second one comes in two requests.
async fn filled(between: impl AsyncFn(&World)) -> World {
    let world = World::new().await;
    let spans = |trace| {
        (1..=3).map(move |number| span(trace, number, json!([text("x", "1"), text("http.route", "/a")])))
    };
    world.send("shop", &spans(1).collect::<Vec<_>>()).await;
    world.send("shop", &[span(2, 1, json!([]))]).await;
    between(&world).await;
    world.send("cart", &[span(2, 2, json!([])), span(2, 3, json!([]))]).await;
    between(&world).await;
    world.send("cart", &spans(3).collect::<Vec<_>>()).await;
    world
}

#[tokio::test]
async fn every_state_of_the_rows_gives_the_same_answers() {
    let nothing = filled(async |_| {}).await;
    let half = filled(async |world| drop(world.store.flush().await.expect("flushed"))).await;
    let whole = filled(async |world| drop(world.store.flush().await.expect("flushed"))).await;
    whole.store.flush().await.expect("flushed");
    let merged = filled(async |world| drop(world.store.flush().await.expect("flushed"))).await;
    merged.store.flush().await.expect("flushed");
    store::compact::run_all(&merged.store).await.expect("merged");
    for world in [&nothing, &half, &whole, &merged] {
        check(
            world,
            "SELECT count(*), count(DISTINCT span_id), count(DISTINCT trace_id) FROM spans",
            expect!["9 | 3 | 3\n"],
        )
        .await;
        check(
            world,
            "SELECT service_name, count(*), sum(duration_nano) FROM spans GROUP BY 1 ORDER BY 1",
            expect!["cart | 5 | 25000000\nshop | 4 | 20000000\n"],
        )
        .await;
        check(
            world,
            "SELECT hex(trace_id), span_count, error_count, root_service, root_name, services, duration_nano FROM traces ORDER BY start_time_unix_nano",
            expect![[r#"
                00000000000000000000000000000001 | 3 | 1 | shop | operation 1 | [{"service":"shop","spans":3,"errors":1}] | 2005000000
                00000000000000000000000000000002 | 3 | 1 | shop | operation 1 | [{"service":"cart","spans":2,"errors":1},{"service":"shop","spans":1,"errors":0}] | 2005000000
                00000000000000000000000000000003 | 3 | 1 | cart | operation 1 | [{"service":"cart","spans":3,"errors":1}] | 2005000000
            "#]],
        )
        .await;
        check(
            world,
            "SELECT hex(trace_id), hex(span_id), tenant, date FROM spans WHERE trace_id = X'00000000000000000000000000000002' ORDER BY span_id",
            expect![[r#"
                00000000000000000000000000000002 | 0000000000000001 | default | 2025-12-31
                00000000000000000000000000000002 | 0000000000000002 | default | 2025-12-31
                00000000000000000000000000000002 | 0000000000000003 | default | 2025-12-31
            "#]],
        )
        .await;
        check(
            world,
            "SELECT count(*) FROM spans WHERE hex(trace_id) = '00000000000000000000000000000003' AND status_code = 2",
            expect!["1\n"],
        )
        .await;
        check(
            world,
            "SELECT count(*) FROM spans WHERE json_get_str(attributes, 'x') = '1' AND json_get_str(attributes, 'http.route') = '/a'",
            expect!["6\n"],
        )
        .await;
        check(
            world,
            "SELECT count(*) FROM spans WHERE http_route = '/a' AND service_name = 'cart'",
            expect!["3\n"],
        )
        .await;
        check(world, "SELECT count(*) FROM spans WHERE json_get_str(attributes, 'x') = '2'", expect!["0\n"])
            .await;
        check(
            world,
            "SELECT hex(span_id) FROM spans ORDER BY start_time_unix_nano DESC LIMIT 2",
            expect!["0000000000000003\n0000000000000002\n"],
        )
        .await;
    }
    check(
        &merged,
        "SELECT outcome, reason, sum(items) FROM ingest GROUP BY 1, 2 ORDER BY 1, 2",
        expect!["accepted |  | 9\nreceived |  | 9\nstored |  | 9\n"],
    )
    .await;
}

#[tokio::test]
async fn attributes_are_as_sent() {
    let world = World::new().await;
    let attributes = json!([
        text("http.method", "GET"),
        {"key": "http.status_code", "value": {"intValue": "200"}},
        text("http.request.method", "GET"),
        text("server.port", "8080"),
        text("db.system", "redis"),
        text("db.system.name", "other"),
        {"key": "ratio", "value": {"doubleValue": 1.0}},
        {"key": "list", "value": {"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "a\"b"}]}}},
        {"key": "raw", "value": {"bytesValue": "AP8="}},
        text("한글", "값"),
    ]);
    let resource =
        json!([text("service.name", "shop"), text("deployment.environment", "prod"), text("host.name", "h")]);
    world.send_as(&TenantId::single(), resource, &[span(1, 1, attributes), span(2, 2, json!([]))]).await;
    for _ in 0..2 {
        check(
            &world,
            "SELECT attributes, resource_attributes FROM spans ORDER BY trace_id",
            expect![[r#"
                {"server.port":"8080","db.system":"redis","ratio":1.0,"list":[1,"a\"b"],"raw":{"bytesValue":"AP8="},"한글":"값","http.request.method":"GET","http.method":"GET","http.status_code":200,"db.system.name":"other"} | {"host.name":"h","service.name":"shop","deployment.environment":"prod"}
                null | {"host.name":"h","service.name":"shop","deployment.environment":"prod"}
            "#]],
        )
        .await;
        check(
            &world,
            "SELECT json_get_int(attributes, 'http.status_code'), json_get_double(attributes, 'ratio'), json_get(attributes, 'list'), \
             json_get_str(attributes, 'list', 1), json_get_str(attributes, '한글'), json_get_int(attributes, 'server.port'), json_get(attributes, 'none') \
             FROM spans WHERE json_get_int(attributes, 'http.status_code') = 200",
            expect![[r#"
                200 | 1.0 | [1,"a\"b"] | a"b | 값 | null | null
            "#]],
        )
        .await;
        world.store.flush().await.expect("flushed");
    }
}

#[tokio::test]
async fn a_copy_of_a_stored_span_counts_once_in_traces() {
    let world = World::new().await;
    world.send("shop", &[span(1, 1, json!([])), span(1, 2, json!([]))]).await;
    world.store.flush().await.expect("flushed");
    // Another request with a span that is stored already.
    world.send("shop", &[span(1, 2, json!([])), span(1, 3, json!([]))]).await;
    let traces = "SELECT hex(trace_id), span_count, parts FROM traces";
    check(&world, traces, expect!["00000000000000000000000000000001 | 3 | 2\n"]).await;
    world.store.flush().await.expect("flushed");
    check(&world, traces, expect!["00000000000000000000000000000001 | 3 | 2\n"]).await;
    check(&world, "SELECT count(*) FROM spans", expect!["3\n"]).await;
}

#[tokio::test]
async fn a_copy_that_waits_is_seen_once() {
    let world = World::new().await;
    let rows = async |when: &str, want: &str| {
        for table in ["spans", "spans_raw"] {
            let one = "where trace_id = decode('00000000000000000000000000000001', 'hex')";
            for filter in ["", one] {
                let sql = format!("SELECT count(*) AS n FROM {table} {filter}");
                assert_eq!(ask(&world, &sql).await.expect("is answered"), want, "{when}: {sql}");
            }
        }
    };
    let other = |number| span(1, number, json!([text("colour", "red")]));
    let plain = |number| span(1, number, json!([]));
    world.send("shop", &[plain(1), plain(2)]).await;
    rows("one request", "2\n").await;
    // The second of the first request again, and a new one that shares an id with another content.
    world.send("shop", &[plain(2), plain(3), other(1)]).await;
    rows("a copy beside its original", "4\n").await;
    world.store.flush().await.expect("flushed");
    rows("all of it in a file", "4\n").await;
    world.send("shop", &[plain(3), plain(4), other(2)]).await;
    rows("a copy of a span that was just stored", "6\n").await;
    world.store.flush().await.expect("flushed");
    rows("everything in files", "6\n").await;
}

#[tokio::test]
async fn tenants_do_not_see_each_other() {
    let world = World::new().await;
    let other: TenantId = "other".parse().expect("a name");
    world.send("mine", &[span(1, 1, json!([]))]).await;
    world.send_as(&other, json!([]), &[span(9, 1, json!([])), span(9, 2, json!([]))]).await;
    for _ in 0..2 {
        check(&world, "SELECT tenant, count(*) FROM spans GROUP BY 1", expect!["default | 1\n"]).await;
        check(&world, "SELECT count(*) FROM spans WHERE tenant = 'other'", expect!["0\n"]).await;
        check(&world, "SELECT count(*) FROM traces", expect!["1\n"]).await;
        world.store.flush().await.expect("flushed");
    }
}

#[tokio::test]
async fn only_questions_are_answered() {
    let world = World::new().await;
    world.send("shop", &[span(1, 1, json!([]))]).await;
    for refused in [
        "DROP TABLE spans",
        "CREATE TABLE t AS SELECT 1",
        "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
        "CREATE VIEW v AS SELECT 1",
        "INSERT INTO spans_raw SELECT * FROM spans_raw",
        "DELETE FROM spans",
        "UPDATE spans SET name = 'x'",
        "COPY spans TO '/tmp/x.csv'",
        "SET datafusion.execution.batch_size = 1",
        "RESET datafusion.execution.batch_size",
        "EXPLAIN COPY spans TO '/tmp/x.csv'",
        "EXPLAIN INSERT INTO spans_raw SELECT * FROM spans_raw",
        "SELECT * INTO t FROM spans",
        "PREPARE p AS SELECT 1",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "",
        "SELEC 1",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM \"file:///etc/passwd\"",
        "SELECT * FROM 'http://127.0.0.1/x.csv'",
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT nothing FROM spans",
    ] {
        let error = ask(&world, refused).await.expect_err(refused);
        assert_eq!(error.kind, stdx::Kind::InvalidInput, "{refused}: {error}");
    }
    check(&world, "SELECT count(*) FROM spans", expect!["1\n"]).await;
    check(&world, "WITH t AS (SELECT 1 AS a UNION ALL SELECT 2) SELECT sum(a) FROM t", expect!["3\n"]).await;
    check(
        &world,
        "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1",
        expect!["ingest\nspans\nspans_raw\ntrace_parts\ntraces\n"],
    )
    .await;
    for taken in ["SHOW TABLES", "SHOW COLUMNS FROM spans", "DESCRIBE spans", "EXPLAIN SELECT * FROM spans"] {
        let rows = ask(&world, taken).await.unwrap_or_else(|error| panic!("{taken}: {error}"));
        assert!(!rows.is_empty(), "{taken}");
    }
}

#[tokio::test]
async fn limits_are_errors_and_never_a_part_of_the_answer() {
    let world = World::new().await;
    let spans: Vec<_> = (1..=9).map(|number| span(1, number, json!([]))).collect();
    world.send("shop", &spans).await;
    let mut limits = Limits { rows_max: 9, ..Limits::standard(None) };
    ask_within(&world, "SELECT * FROM spans", &limits).await.expect("just so many");
    limits.rows_max = 8;
    let error = ask_within(&world, "SELECT * FROM spans", &limits).await.expect_err("too many");
    assert_eq!(
        (error.kind, error.message.as_str()),
        (stdx::Kind::LimitExceeded, "the answer has more than 8 rows")
    );
    limits.rows_max = 1_000_000;
    limits.duration_max = Duration::from_millis(50);
    let endless = "WITH RECURSIVE t AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM t) SELECT max(a) FROM t";
    let error = ask_within(&world, endless, &limits).await.expect_err("too slow");
    assert_eq!(error.kind, stdx::Kind::LimitExceeded, "{error}");
    let limits = Limits { workspace: query::sql::Workspace::new(1_000, None, 0), ..Limits::standard(None) };
    let large =
        "SELECT a.value, count(*) FROM generate_series(1, 100000) a GROUP BY 1 ORDER BY 2 DESC LIMIT 1";
    let error = ask_within(&world, large, &limits).await.expect_err("too much memory");
    assert_eq!(error.kind, stdx::Kind::LimitExceeded, "{error}");
}

#[tokio::test]
async fn files_and_row_groups_that_cannot_match_are_not_read() {
    let world = World::new().await;
    for trace in 1..=4 {
        let service = if trace % 2 == 0 { "even" } else { "odd" };
        world.send(service, &[span(trace, 1, json!([text("n", &trace.to_string())]))]).await;
        world.store.flush().await.expect("flushed");
    }
    for (condition, files) in [
        ("true", 4),
        ("trace_id = X'00000000000000000000000000000003'", 1),
        ("hex(trace_id) = '00000000000000000000000000000003'", 1),
        ("trace_id = from_hex('00000000000000000000000000000003')", 1),
        ("service_name = 'even'", 2),
        ("service_name IN ('none', 'nobody')", 0),
        ("json_get_str(attributes, 'n') = '2'", 1),
        ("json_get_str(attributes, 'n') IN ('2', '3')", 2),
        (&format!("start_time_unix_nano >= {}", NOW - 3_600_000_000_000 + 300_000_000_000), 2),
        (&format!("start_time_unix_nano BETWEEN {NOW} AND {}", NOW + 1), 0),
    ] {
        let sql = format!("SELECT name FROM spans WHERE {condition}");
        let mut stream = world
            .engine()
            .sql(&TenantId::single(), &sql, &Limits::standard(None))
            .await
            .unwrap_or_else(|error| panic!("{condition}: {error}"));
        let mut rows = 0;
        while let Some(batch) = stream.try_next().await.expect("rows") {
            rows += batch.num_rows();
        }
        let cost = stream.cost();
        assert_eq!((cost.files_asked, cost.files_total), (files, 4), "{condition}");
        assert_eq!((cost.rows, rows as u64), (files, files), "{condition}");
    }
}
