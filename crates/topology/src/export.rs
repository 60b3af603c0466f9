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

    const HOSTILE: &str = "pair shop/front -> shop/<b>\"x\" via x:1 calls=6 errors=3\nclient shop/front -> db:mysql@db:3306/=1+1 calls=2";

    #[test]
    fn texts_of_spans_are_escaped() {
        let map = Fixture::of(HOSTILE).draw();
        expect![""].assert_eq(&super::dot::dot(&map));
        expect![""].assert_eq(&super::mermaid::mermaid(&map));
        expect![""].assert_eq(&super::csv::csv(&map).replace("\r\n", "\n"));
    }

    #[test]
    fn dependencies_of_jaeger() {
        let fixture = Fixture::of("pair a -> b via b:80 calls=6\npair a -> a via a:80 calls=1\nclient a -> host:api.openai.com:443 calls=2");
        let lookup = fixture.lookup();
        let show = |externals| format!("{:?}\n", super::jaeger::dependencies(&fixture.rows, &lookup, externals));
        expect![[r#"
            [Dependency { parent: "a", child: "a", call_count: 1 }, Dependency { parent: "a", child: "b", call_count: 6 }]
            [Dependency { parent: "a", child: "a", call_count: 1 }, Dependency { parent: "a", child: "b", call_count: 6 }, Dependency { parent: "a", child: "openai", call_count: 2 }]
        "#]].assert_eq(&(show(false) + &show(true)));
    }
}
