//! Label rules of the computed families, and what PromQL makes of them.

use expect_test::{Expect, expect};

use super::*;
use crate::export::openmetrics::openmetrics;
use crate::view::fixture::Fixture;

const CALLS: &str = "
pair shop/front -> shop/cart@v2 via cart.shop.svc.cluster.local:80 calls=8 errors=2 code=503 sec=mtls
pair shop/front -> pay/ledger via ledger.pay:9000 calls=4 errors=1 proto=grpc
client shop/front -> host:api.openai.com:443 calls=3
client shop/front -> host:foo.example.org:443 calls=2 errors=2 code=0
client shop/front -> host:8.8.8.8:443 calls=1
client shop/front -> host:cart:80 calls=1 errors=1 code=0
client shop/front -> db:postgresql@pg.corp:5432/orders calls=5 errors=1
publish shop/cart@v2 -> orders calls=2
consume orders -> shop/worker calls=2
server unknown -> shop/front calls=9
";

fn facts<'a>(fixture: &'a Fixture, lookup: &'a Lookup) -> SeriesFacts<'a> {
    SeriesFacts {
        from_ns: 0,
        to_ns: 20_000_000_000,
        step_ns: 10_000_000_000,
        edges: &fixture.rows,
        operations: &[],
        lookup,
    }
}

/// Series of a metric with the labels named, and their sum over the range.
fn check(metric: &str, labels: &[&str], wanted: &Expect) {
    let fixture = Fixture::of(CALLS);
    let lookup = fixture.lookup();
    let out = compute(&facts(&fixture, &lookup), &SeriesOptions::default(), &|_| true);
    let mut lines = out
        .series
        .iter()
        .filter(|(series, _)| series.get("__name__") == Some(metric))
        .map(|(series, list)| {
            let shown = labels.iter().map(|label| series.get(label).unwrap_or("(none)")).collect::<Vec<_>>();
            format!("{} = {}\n", shown.join(" "), list.iter().map(|(_, value)| value).sum::<f64>())
        })
        .collect::<Vec<_>>();
    lines.sort();
    wanted.assert_eq(&lines.concat());
}

#[test]
fn requests_of_istio() {
    check(
        "istio_requests_total",
        &[
            "reporter",
            "source_workload",
            "destination_workload",
            "destination_service",
            "destination_service_name",
            "destination_service_namespace",
            "destination_cluster",
            "request_protocol",
            "response_code",
            "grpc_response_status",
            "response_flags",
            "connection_security_policy",
        ],
        &expect![[r#"
            destination front cart cart.shop.svc.cluster.local cart shop Kubernetes http 200 (none) - mutual_tls = 6
            destination front cart cart.shop.svc.cluster.local cart shop Kubernetes http 503 (none) - mutual_tls = 2
            destination front ledger ledger.pay.svc.cluster.local ledger pay Kubernetes grpc 200 0 - unknown = 3
            destination front ledger ledger.pay.svc.cluster.local ledger pay Kubernetes grpc 200 13 - unknown = 1
            destination orders worker worker.shop.svc.cluster.local worker shop Kubernetes http 200 (none) - unknown = 2
            destination unknown front front.shop.svc.cluster.local front shop Kubernetes http 200 (none) - unknown = 9
            source cart orders orders.external.orders orders external Kubernetes http 200 (none) - unknown = 2
            source front cart cart.shop.svc.cluster.local cart shop Kubernetes http 200 (none) - unknown = 6
            source front cart cart.shop.svc.cluster.local cart shop Kubernetes http 503 (none) - unknown = 2
            source front ledger ledger.pay.svc.cluster.local ledger pay Kubernetes grpc 200 0 - unknown = 3
            source front ledger ledger.pay.svc.cluster.local ledger pay Kubernetes grpc 200 13 - unknown = 1
            source front unknown 8.8.8.8 PassthroughCluster unknown unknown http 200 (none) - unknown = 1
            source front unknown cart.shop.svc.cluster.local cart shop Kubernetes http 0 (none) - unknown = 1
            source front unknown foo.example.org PassthroughCluster unknown unknown http 0 (none) - unknown = 2
            source front unknown openai.external.api.openai.com openai external Kubernetes http 200 (none) - unknown = 3
            source front unknown orders.external.pg.corp orders external Kubernetes http 200 (none) - unknown = 4
            source front unknown orders.external.pg.corp orders external Kubernetes http 500 (none) - unknown = 1
        "#]],
    );
}

#[test]
fn service_graph_of_tempo() {
    check(
        "traces_service_graph_request_total",
        &["client", "server", "connection_type", "virtual_node"],
        &expect![[r#"
        cart orders virtual_node server = 2
        front 8.8.8.8 virtual_node server = 1
        front cart (none) (none) = 9
        front foo.example.org virtual_node server = 2
        front ledger (none) (none) = 4
        front openai virtual_node server = 3
        front orders database (none) = 5
        orders worker virtual_node client = 2
        user front virtual_node client = 9
    "#]],
    );
    check(
        "traces_service_graph_request_failed_total",
        &["client", "server"],
        &expect![[r#"
        front cart = 3
        front foo.example.org = 2
        front ledger = 1
        front orders = 1
    "#]],
    );
}

/// The demands of Kiali that cost a whole edge when they are not met.
#[test]
fn no_series_that_kiali_would_drop() {
    let fixture = Fixture::of(CALLS);
    let lookup = fixture.lookup();
    let out = compute(&facts(&fixture, &lookup), &SeriesOptions::default(), &|name| name == "istio_requests");
    assert!(!out.series.is_empty());
    let sides = [
        "workload",
        "workload_namespace",
        "canonical_service",
        "canonical_revision",
        "cluster",
        "app",
        "version",
        "principal",
    ];
    for labels in out.series.keys() {
        let get = |name: &str| labels.get(name).unwrap_or_else(|| panic!("{name} is missing: {labels:?}"));
        for side in ["source", "destination"] {
            sides.iter().for_each(|name| assert!(!get(&format!("{side}_{name}")).is_empty()));
            if get(&format!("{side}_workload_namespace")) != "unknown" {
                assert_ne!(get(&format!("{side}_workload")), "unknown", "{labels:?}");
                assert_ne!(get(&format!("{side}_cluster")), "unknown", "{labels:?}");
            }
        }
        for name in [
            "destination_service",
            "destination_service_name",
            "destination_service_namespace",
            "request_protocol",
            "response_code",
            "response_flags",
            "reporter",
            "connection_security_policy",
        ] {
            assert!(!get(name).is_empty());
        }
        let service = get("destination_service_name");
        assert!(service.parse::<std::net::IpAddr>().is_err(), "{labels:?}");
        if service != "PassthroughCluster" {
            let start = format!("{service}.{}.", get("destination_service_namespace"));
            assert!(get("destination_service").starts_with(&start), "{labels:?}");
        }
    }
    // Both reporters of a pair agree in everything that Kiali compares.
    let of = |reporter: &str| {
        let ours = out.series.iter().filter(|(labels, _)| labels.get("reporter") == Some(reporter));
        ours.map(|(labels, list)| {
            (labels.filtered(|name| !matches!(name, "reporter" | "connection_security_policy")), list.clone())
        })
        .filter(|(labels, _)| {
            labels.get("source_workload") == Some("front")
                && labels.get("destination_workload") != Some("unknown")
        })
        .collect::<BTreeMap<_, _>>()
    };
    assert_eq!(of("source"), of("destination"));
}

#[test]
fn names_end_with_their_unit() {
    for family in FAMILIES {
        assert!(
            family.unit.is_empty() || family.name.ends_with(&format!("_{}", family.unit)),
            "{}",
            family.name
        );
    }
}

#[test]
fn openmetrics_begins_at_zero_and_ends() {
    let fixture = Fixture::of("pair a -> b via b:80 calls=3 at=0\npair a -> b via b:80 calls=4 at=10");
    let lookup = fixture.lookup();
    let text = openmetrics(&facts(&fixture, &lookup), &SeriesOptions::default(), &|name| {
        name == "traces_service_graph_request" || name == "traces_service_graph_request_server_seconds"
    })
    .unwrap();
    expect![[r##"
        # HELP traces_service_graph_request Requests between two services.
        # TYPE traces_service_graph_request counter
        traces_service_graph_request_total{client="a",server="b"} 0 -10
        traces_service_graph_request_total{client="a",server="b"} 0 0
        traces_service_graph_request_total{client="a",server="b"} 3 10
        traces_service_graph_request_total{client="a",server="b"} 7 20
        # HELP traces_service_graph_request_server_seconds Duration of requests as the server saw it.
        # TYPE traces_service_graph_request_server_seconds histogram
        # UNIT traces_service_graph_request_server_seconds seconds
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.1",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.1",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.1",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.1",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.2",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.2",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.2",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.2",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.4",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.4",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.4",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.4",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.8",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.8",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.8",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="0.8",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="1.6",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="1.6",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="1.6",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="1.6",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="3.2",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="3.2",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="3.2",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="3.2",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="6.4",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="6.4",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="6.4",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="6.4",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="12.8",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="12.8",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="12.8",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="12.8",server="b"} 7 20
        traces_service_graph_request_server_seconds_bucket{client="a",le="+Inf",server="b"} 0 -10
        traces_service_graph_request_server_seconds_bucket{client="a",le="+Inf",server="b"} 0 0
        traces_service_graph_request_server_seconds_bucket{client="a",le="+Inf",server="b"} 3 10
        traces_service_graph_request_server_seconds_bucket{client="a",le="+Inf",server="b"} 7 20
        traces_service_graph_request_server_seconds_count{client="a",server="b"} 0 -10
        traces_service_graph_request_server_seconds_count{client="a",server="b"} 0 0
        traces_service_graph_request_server_seconds_count{client="a",server="b"} 3 10
        traces_service_graph_request_server_seconds_count{client="a",server="b"} 7 20
        traces_service_graph_request_server_seconds_sum{client="a",server="b"} 0 -10
        traces_service_graph_request_server_seconds_sum{client="a",server="b"} 0 0
        traces_service_graph_request_server_seconds_sum{client="a",server="b"} 0.015 10
        traces_service_graph_request_server_seconds_sum{client="a",server="b"} 0.035 20
        # EOF
    "##]]
    .assert_eq(&text);
}

#[test]
fn promql_over_the_families() {
    use promql::source::{Limits, Unwatched};
    use promql::{EvalOptions, ParseOptions, SampleValue, Value, When, evaluate, parse};
    let query = r#"sum(rate(istio_requests_total{reporter="destination",destination_workload_namespace="shop"} [20s])) by (destination_workload,response_code) > 0"#;
    let tree = parse(query, ParseOptions::default()).unwrap();
    let fixture = Fixture::of(CALLS);
    let lookup = fixture.lookup();
    let source = ComputedSource::new(&facts(&fixture, &lookup), &SeriesOptions::default(), &[], i64::MAX);
    let limits = Limits::new(1 << 30, 1 << 30, &Unwatched);
    let found = evaluate(&tree, When::Instant(10_000), EvalOptions::default(), &source, &limits).unwrap();
    let Value::Vector(series) = found.value else { panic!("no vector") };
    let shown = series
        .iter()
        .map(|series| match &series.samples[0].1 {
            SampleValue::Float(rate) => format!("{:?} {rate:.2}\n", series.labels),
            SampleValue::Histogram(_) => "a histogram\n".to_owned(),
        })
        .collect::<String>();
    expect![[r#"
        {"destination_workload": "cart", "response_code": "200"} 0.30
        {"destination_workload": "cart", "response_code": "503"} 0.10
        {"destination_workload": "front", "response_code": "200"} 0.45
        {"destination_workload": "worker", "response_code": "200"} 0.10
    "#]]
    .assert_eq(&shown);
}
