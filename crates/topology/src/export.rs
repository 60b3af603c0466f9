//! The map in the formats of other tools.
//!
//! In: a map, or increments of computed families, or rows. Out: text. JSON is the map itself, as its type
//! serialises. Every text that came from a span is escaped for its format. Not here: pictures.

pub mod csv;
pub mod dot;
pub mod jaeger;
pub mod mermaid;
pub mod openmetrics;

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use crate::view::fixture::Fixture;

    const HOSTILE: &str = "pair shop/front -> shop/<b>\"x\" via x:1 calls=6 errors=3\nclient shop/front -> db:mysql@db:3306/+1 calls=2";

    #[test]
    fn texts_of_spans_are_escaped() {
        let map = Fixture::of(HOSTILE).draw();
        expect![[r#"
            digraph topology {
              rankdir=LR;
              node [fontname="sans-serif"];
              "database:mysql:db:3306:+1:" [label="+1", shape=cylinder];
              subgraph cluster_1 {
                label="shop";
                "service:shop:<b>\"x\"" [label="<b>\"x\"", shape=box];
                "service:shop:front" [label="front", shape=box];
              }
              "service:shop:front" -> "database:mysql:db:3306:+1:" [label="2/min p95 10.1ms"];
              "service:shop:front" -> "service:shop:<b>\"x\"" [label="6/min 50.0% err p95 10.1ms"];
            }
        "#]]
        .assert_eq(&super::dot::dot(&map));
        expect![[r##"
            flowchart LR
                n0[("+1")]
              subgraph b1["shop"]
                n1["#60;b#62;#34;x#34;"]
                n2["front"]
              end
              n2 -->|"2/min, p95 10.1ms"| n0
              n2 -->|"6/min, 50.0% err, p95 10.1ms"| n1
        "##]]
        .assert_eq(&super::mermaid::mermaid(&map));
        expect![[r#"
            source,source_kind,source_namespace,target,target_kind,target_namespace,target_host,kind,protocol,calls,errors,rate_per_second,error_ratio,p50_ns,p95_ns,p99_ns,observer,observed,source_id,target_id
            front,service,shop,'+1,database,,db,database,database,2,0,0.03333333333333333,0,9702014,10087762,10122784,client,true,service:shop:front,database:mysql:db:3306:+1:
            front,service,shop,"<b>""x""",service,shop,,call,http,6,3,0.1,0.5,9702014,10087762,10122784,both,true,service:shop:front,"service:shop:<b>""x"""
        "#]].assert_eq(&super::csv::csv(&map).replace("\r\n", "\n"));
    }

    #[test]
    fn dependencies_of_jaeger() {
        let fixture = Fixture::of(
            "pair a -> b via b:80 calls=6\npair a -> a via a:80 calls=1\nclient a -> host:api.openai.com:443 calls=2",
        );
        let lookup = fixture.lookup();
        let show =
            |externals| format!("{:?}\n", super::jaeger::dependencies(&fixture.rows, &lookup, externals));
        expect![[r#"
            [Dependency { parent: "a", child: "a", call_count: 1 }, Dependency { parent: "a", child: "b", call_count: 6 }]
            [Dependency { parent: "a", child: "a", call_count: 1 }, Dependency { parent: "a", child: "b", call_count: 6 }, Dependency { parent: "a", child: "openai", call_count: 2 }]
        "#]].assert_eq(&(show(false) + &show(true)));
    }
}
