//! Maps of small hand-written sets of rows, text in and text out.

use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::fixture::{Fixture, show};
use super::{detail, diff, frames};
use api::topology::Graph;

fn check(lines: &str, wanted: &Expect) {
    wanted.assert_eq(&Fixture::of(lines).show());
}

const SHOP: &str = "
server unknown -> gateway calls=10 errors=1
pair gateway -> auth/auth-api via auth-api.auth.svc.cluster.local:8000 calls=6
pair gateway -> chat/chat-api via chat-api.chat:8000 calls=4 errors=1
client auth/auth-api -> db:postgresql@pg:5432/users calls=12
client auth/auth-api -> cache:redis@redis:6379 calls=20
client auth/auth-api -> host:kauth.kakao.com:443 calls=3
client auth/auth-api -> host:foo.example.org:443 calls=2
client chat/chat-api -> host:api.openai.com:443 calls=4 errors=4 code=429
";

#[test]
fn a_small_system() {
    check(
        SHOP,
        &expect![[r#"
        cache:redis:redis:6379:: Cache `redis` by attribute in=20/0 out=0/0 host=redis system=redis
        database:postgresql:pg:5432:users: Database `users` by attribute in=12/0 out=0/0 host=pg system=postgresql
        host:api.openai.com:0 External `openai` by catalogue in=4/4 out=0/0 host=api.openai.com inbound HTTP 4xx 100 % >= 20 %
        host:foo.example.org:0 External `foo.example.org` by none in=2/0 out=0/0 host=foo.example.org [unnamed_host]
        host:kauth.kakao.com:0 External `kakao-oauth` by catalogue in=3/0 out=0/0 host=kauth.kakao.com
        service:auth:auth-api Service `auth-api` by spans in=6/0 out=37/0
        service:chat:chat-api Service `chat-api` by spans in=4/1 out=4/4 inbound HTTP 5xx 25 % >= 10 %
        service:default:gateway Service `gateway` by spans in=10/1 out=10/1 [root] inbound HTTP 5xx 10 % >= 10 %
        unknown:caller Unknown `unknown caller` by none in=0/0 out=10/1
        service:auth:auth-api -> cache:redis:redis:6379:: Database database 20/0 by client
        service:auth:auth-api -> database:postgresql:pg:5432:users: Database database 12/0 by client
        service:auth:auth-api -> host:foo.example.org:0 Call http 2/0 by client
        service:auth:auth-api -> host:kauth.kakao.com:0 Call http 3/0 by client
        service:chat:chat-api -> host:api.openai.com:0 Call http 4/4 by client
        service:default:gateway -> service:auth:auth-api Call http 6/0 by both
        service:default:gateway -> service:chat:chat-api Call http 4/1 by both
        unknown:caller -> service:default:gateway Call http 10/1 by server unpaired=10
    "#]],
    );
}

#[test]
fn failed_pairs_are_drawn_once() {
    // Five calls lost their context, two never arrived; three more come from somebody unknown.
    check(
        "
        client gateway -> host:auth-api:8000 calls=7 errors=2
        server unknown -> auth-api calls=8
        ",
        &expect![[r#"
            service:default:auth-api Service `auth-api` by spans in=8/0 out=0/0 [missing_context]
            service:default:gateway Service `gateway` by spans in=0/0 out=7/2 [root] outbound HTTP 5xx 28.6 % >= 10 %
            unknown:caller Unknown `unknown caller` by none in=0/0 out=1/0
            service:default:gateway -> service:default:auth-api Call http 7/2 by client unpaired=7
            unknown:caller -> service:default:auth-api Call http 1/0 by server unpaired=1
        "#]],
    );
}

#[test]
fn messages_go_through_topics() {
    let lines = "
        publish board -> logs calls=5
        consume logs -> worker calls=4
        consume logs -> audit calls=5
        ";
    check(
        lines,
        &expect![[r#"
            queue:kafka:logs Queue `logs` by attribute in=5/0 out=9/0 system=kafka
            service:default:audit Service `audit` by spans in=5/0 out=0/0
            service:default:board Service `board` by spans in=0/0 out=5/0 [root]
            service:default:worker Service `worker` by spans in=4/0 out=0/0
            queue:kafka:logs -> service:default:audit Consume messaging 5/0 by server
            queue:kafka:logs -> service:default:worker Consume messaging 4/0 by server
            service:default:board -> queue:kafka:logs Publish messaging 5/0 by client
        "#]],
    );
}

#[test]
fn middle_hops_without_spans() {
    // A proxy that drops the header, and one that passes it on.
    check(
        "
        server unknown -> gateway calls=14
        client gateway -> host:legacy-proxy.legacy.svc.cluster.local:80 calls=7
        server unknown -> board-api calls=7
        pair gateway -> shop via nginx.web:80 calls=7
        ",
        &expect![[r#"
            name:legacy:legacy-proxy Service `legacy-proxy` by kubernetes in=7/0 out=0/0 host=legacy-proxy.legacy.svc.cluster.local [uninstrumented_middle]
            service:default:board-api Service `board-api` by spans in=7/0 out=0/0
            service:default:gateway Service `gateway` by spans in=14/0 out=14/0 [root]
            service:default:shop Service `shop` by spans in=7/0 out=0/0
            unknown:caller Unknown `unknown caller` by none in=0/0 out=21/0
            service:default:gateway -> name:legacy:legacy-proxy Call http 7/0 by client
            service:default:gateway -> service:default:shop Call http 7/0 by both via nginx.web
            unknown:caller -> service:default:board-api Call http 7/0 by server unpaired=7
            unknown:caller -> service:default:gateway Call http 14/0 by server unpaired=14
            ! TOPO-02: legacy-proxy is called but sends no spans; its calls go on to service:default:board-api by the numbers
        "#]],
    );
}

#[test]
fn probes_and_setup_are_hidden_unless_asked_for() {
    let lines = "
        server unknown -> api calls=3
        server unknown -> api calls=100 class=probe
        client api -> db:mysql@db:3306/x calls=2
        client api -> db:mysql@db:3306/x calls=9 class=setup
        client api -> db:mysql@db:3306/x calls=9 class=poll
        ";
    check(
        lines,
        &expect![[r#"
        database:mysql:db:3306:x: Database `x` by attribute in=2/0 out=0/0 host=db system=mysql
        service:default:api Service `api` by spans in=3/0 out=2/0 [root]
        unknown:caller Unknown `unknown caller` by none in=0/0 out=3/0
        service:default:api -> database:mysql:db:3306:x: Database database 2/0 by client
        unknown:caller -> service:default:api Call http 3/0 by server unpaired=3
        ! single_service: only api sends spans, so there is no edge between services: its callers and the services that it calls send no spans here
    "#]],
    );
    let shown = Fixture::of(lines)
        .with(|request| {
            request.probes = true;
            request.setup = true;
        })
        .show();
    expect![[r#"
        database:mysql:db:3306:x: Database `x` by attribute in=11/0 out=0/0 host=db system=mysql
        service:default:api Service `api` by spans in=103/0 out=11/0 [root]
        unknown:caller Unknown `unknown caller` by none in=0/0 out=103/0
        service:default:api -> database:mysql:db:3306:x: Database database 11/0 by client
        unknown:caller -> service:default:api Call http 103/0 by server unpaired=103
        ! single_service: only api sends spans, so there is no edge between services: its callers and the services that it calls send no spans here
        ! classes: health checks or connection set-up are counted among the calls
    "#]].assert_eq(&shown);
}

#[test]
fn one_layer_measures_an_edge() {
    check(
        "
        pair a -> b via b:80 calls=95
        pair a -> b via b:80 calls=100 layer=proxy sec=mtls
        client a -> host:c:80 calls=10
        pair a -> c via c:80 calls=100 layer=proxy
        ",
        &expect![[r#"
            service:default:a Service `a` by spans in=0/0 out=195/0 [root]
            service:default:b Service `b` by spans in=95/0 out=0/0
            service:default:c Service `c` by spans in=100/0 out=0/0
            service:default:a -> service:default:b Call http 95/0 by both
            service:default:a -> service:default:c Call http 100/0 by proxy
        "#]],
    );
}

#[test]
fn other_types_of_graph() {
    let lines = "
        pair shop/front -> shop/cart@v1 via cart:80 calls=3 op=GET
        pair shop/front -> shop/cart@v2 via cart:80 calls=4 errors=4 op=POST
        client shop/front -> db:mysql@db:3306/x calls=2 op=SELECT
        ";
    for (graph, wanted) in [
        (
            Graph::Versioned,
            expect![[r#"
            database:mysql:db:3306:x: Database `x` by attribute in=2/0 out=0/0 host=db system=mysql
            service:shop:cart@version:v1 Service `cart` by spans in=3/0 out=0/0
            service:shop:cart@version:v2 Service `cart` by spans in=4/4 out=0/0 inbound HTTP 5xx 100 % >= 10 %
            service:shop:front@version:latest Service `front` by spans in=0/0 out=9/4 [root] outbound HTTP 5xx 57.1 % >= 10 %
            service:shop:front@version:latest -> database:mysql:db:3306:x: Database database 2/0 by client
            service:shop:front@version:latest -> service:shop:cart@version:v1 Call http 3/0 by both
            service:shop:front@version:latest -> service:shop:cart@version:v2 Call http 4/4 by both
        "#]],
        ),
        (
            Graph::Workload,
            expect![[r#"
            database:mysql:db:3306:x: Database `x` by attribute in=2/0 out=0/0 host=db system=mysql
            service:shop:cart@workload:cart Service `cart` by spans in=7/4 out=0/0 inbound HTTP 5xx 57.1 % >= 10 %
            service:shop:front@workload:front Service `front` by spans in=0/0 out=9/4 [root] outbound HTTP 5xx 57.1 % >= 10 %
            service:shop:front@workload:front -> database:mysql:db:3306:x: Database database 2/0 by client
            service:shop:front@workload:front -> service:shop:cart@workload:cart Call http 7/4 by both
        "#]],
        ),
        (
            Graph::Operation,
            expect![[r#"
            database:mysql:db:3306:x: Database `x` by attribute in=2/0 out=0/0 host=db system=mysql
            service:shop:cart Service `cart` by spans in=7/4 out=0/0 inbound HTTP 5xx 57.1 % >= 10 %
            service:shop:cart@operation:GET Service `GET` by spans in=3/0 out=0/0
            service:shop:cart@operation:POST Service `POST` by spans in=4/4 out=0/0 inbound HTTP 5xx 100 % >= 10 %
            service:shop:front Service `front` by spans in=0/0 out=9/4 [root] outbound HTTP 5xx 57.1 % >= 10 %
            service:shop:front -> database:mysql:db:3306:x: Database database 2/0 by client
            service:shop:front -> service:shop:cart@operation:GET Call http 3/0 by both
            service:shop:front -> service:shop:cart@operation:POST Call http 4/4 by both
        "#]],
        ),
        (
            Graph::Namespace,
            expect![[r#"
                database:mysql:db:3306:x: Database `x` by attribute in=2/0 out=0/0 host=db system=mysql
                namespace:shop Service `shop` by spans in=7/4 out=9/4 inbound HTTP 5xx 57.1 % >= 10 %
                namespace:shop -> database:mysql:db:3306:x: Database database 2/0 by client
                namespace:shop -> namespace:shop Call http 7/4 by both
            "#]],
        ),
    ] {
        wanted.assert_eq(&Fixture::of(lines).with(|request| request.graph = graph).show());
    }
}

#[test]
fn focus_and_namespaces() {
    let around = |hops| {
        Fixture::of(SHOP)
            .with(|request| {
                request.focus = "chat-api".to_owned();
                request.hops = hops;
            })
            .show()
    };
    expect![[r#"
        host:api.openai.com:0 External `openai` by catalogue in=4/4 out=0/0 host=api.openai.com inbound HTTP 4xx 100 % >= 20 %
        service:chat:chat-api Service `chat-api` by spans in=4/1 out=4/4 inbound HTTP 5xx 25 % >= 10 %
        service:default:gateway Service `gateway` by spans in=10/1 out=10/1 [root] inbound HTTP 5xx 10 % >= 10 %
        service:chat:chat-api -> host:api.openai.com:0 Call http 4/4 by client
        service:default:gateway -> service:chat:chat-api Call http 4/1 by both
    "#]].assert_eq(&around(1));
    let auth = Fixture::of(SHOP).with(|request| request.namespaces = vec!["auth".to_owned()]).draw();
    let names = auth.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>();
    expect![[r#"["redis", "users", "foo.example.org", "kakao-oauth", "auth-api", "gateway"] ["auth", "chat", "default"]"#]].assert_eq(&format!("{names:?} {:?}", auth.meta.namespaces));
}

#[test]
fn rules_rename_and_expectations_are_drawn() {
    let rules = "
externals:
  - { name: kakao, group: Kakao, match: [ '*.kakao.com' ] }
  - { name: users-db, match: [ 'pg:5432' ] }
  - { name: hidden, kind: ignore, match: [ foo.example.org ] }
expected:
  - { from: gateway, to: auth-api }
  - { from: chat-api, to: auth-api }
  - { from: chat-api, to: mailer }
";
    let mut fixture = Fixture::of(SHOP).named(rules);
    fixture.entries =
        "kind: ServiceEntry\nmetadata: { name: bank, namespace: pay }\nspec: { hosts: [ api.bank.example ] }"
            .to_owned();
    expect![[r#"
        cache:redis:redis:6379:: Cache `redis` by attribute in=20/0 out=0/0 host=redis system=redis
        host:api.openai.com:0 External `openai` by catalogue in=4/4 out=0/0 host=api.openai.com inbound HTTP 4xx 100 % >= 20 %
        name::mailer Service `mailer` by none in=0/0 out=0/0 [idle]
        named:database::users-db Database `users-db` by rule users-db in=12/0 out=0/0 host=pg system=postgresql
        named:external::kakao External `kakao` by rule kakao in=3/0 out=0/0 host=kauth.kakao.com
        named:external:pay:bank External `bank` by service entry bank in=0/0 out=0/0 host=api.bank.example [idle]
        service:auth:auth-api Service `auth-api` by spans in=6/0 out=35/0
        service:chat:chat-api Service `chat-api` by spans in=4/1 out=4/4 inbound HTTP 5xx 25 % >= 10 %
        service:default:gateway Service `gateway` by spans in=10/1 out=10/1 [root] inbound HTTP 5xx 10 % >= 10 %
        unknown:caller Unknown `unknown caller` by none in=0/0 out=10/1
        service:auth:auth-api -> cache:redis:redis:6379:: Database database 20/0 by client
        service:auth:auth-api -> named:database::users-db Database database 12/0 by client
        service:auth:auth-api -> named:external::kakao Call http 3/0 by client
        service:chat:chat-api -> host:api.openai.com:0 Call http 4/4 by client
        service:chat:chat-api -> name::mailer Call other 0/0 by none unseen 
        service:chat:chat-api -> service:auth:auth-api Call other 0/0 by none unseen 
        service:default:gateway -> service:auth:auth-api Call http 6/0 by both
        service:default:gateway -> service:chat:chat-api Call http 4/1 by both
        unknown:caller -> service:default:gateway Call http 10/1 by server unpaired=10
        ! rules: 2 calls to hosts that a rule ignores are not drawn
    "#]].assert_eq(&fixture.show());
}

#[test]
fn many_hosts_fold_and_too_many_services_fold_by_namespace() {
    let mut lines = String::new();
    for host in 0..60 {
        lines += &format!("client api -> host:h{host}.example.org:443 calls={}\n", 100 - host);
    }
    let map = Fixture::of(&lines).draw();
    let family = map
        .nodes
        .iter()
        .find(|node| node.members > 1)
        .map(|node| (node.name.clone(), node.members, node.inbound.calls));
    assert_eq!(family, Some(("Passthrough".to_owned(), 10, (41..=50).sum())));
    let mut lines = String::new();
    for service in 0..30 {
        lines += &format!(
            "pair ns{}/s{service} -> ns{}/s{} via x:1 calls=1\n",
            service % 3,
            (service + 1) % 3,
            service + 1
        );
    }
    let map = Fixture::of(&lines).with(|request| request.nodes_max = 20).draw();
    assert_eq!(map.nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["ns0", "ns1", "ns2"]);
    assert!(map.warnings.iter().any(|warning| warning.code == "folded"));
    assert_eq!(map.edges.iter().map(|edge| edge.calls).sum::<i64>(), 30);
}

#[test]
fn frames_detail_and_diff() {
    let fixture = Fixture::of(
        "pair a -> b via b:80 calls=5 at=0 op=GET\npair a -> b via b:80 calls=7 errors=2 at=30 op=POST ms=40",
    );
    let lookup = fixture.lookup();
    let facts = fixture.facts(&lookup);
    let replay = frames::frames(&fixture.request, &facts, 10_000_000_000);
    assert_eq!(replay.series[0].calls, [5, 0, 0, 7, 0, 0]);
    assert_eq!(replay.series[0].errors, [0, 0, 0, 2, 0, 0]);
    let edge = detail::edge(&fixture.request, &facts, "a", "service:default:b").unwrap();
    let operations =
        edge.operations.iter().map(|op| (op.operation.as_str(), op.traffic.calls)).collect::<Vec<_>>();
    assert_eq!(operations, [("POST", 7), ("GET", 5)]);
    assert_eq!(
        edge.views.iter().map(|view| view.observer.as_str()).collect::<Vec<_>>(),
        ["client", "server"]
    );
    assert_eq!(
        edge.codes.iter().map(|code| (code.code, code.calls)).collect::<Vec<_>>(),
        [(200, 10), (500, 2)]
    );
    let node = detail::node(&fixture.request, &facts, "b").unwrap();
    assert_eq!((node.callers.len(), node.callees.len(), node.series.calls.iter().sum::<i64>()), (1, 0, 12));
    assert!(detail::edge(&fixture.request, &facts, "b", "a").is_none());
    let later = Fixture::of("pair a -> b via b:80 calls=10 op=GET\npair a -> c via c:80 calls=400");
    let later_lookup = later.lookup();
    let difference = diff::diff((&fixture.request, &facts), (&later.request, &later.facts(&later_lookup)));
    let states = difference
        .edges
        .iter()
        .map(|edge| format!("{:?} {}", edge.state, edge.significant))
        .collect::<Vec<_>>();
    assert_eq!(states, ["New true", "Same false"]);
}

proptest! {
    /// Rows in another order, and split so that only their sums agree, give the same map.
    #[test]
    fn order_and_split_do_not_matter(seed in any::<u64>()) {
        let fixture = Fixture::of(SHOP);
        let mut shuffled = fixture.clone();
        let mut state = seed | 1;
        let mut random = move || { state ^= state << 13; state ^= state >> 7; state ^= state << 17; state };
        let rows = std::mem::take(&mut shuffled.rows);
        for row in rows {
            // A correction: more than there was, and the difference taken back.
            let mut extra = row.clone();
            extra.sums.exemplar = None;
            let mut back = extra.clone();
            back.sums = crate::EdgeSums::default();
            back.sums.subtract(&extra.sums);
            shuffled.rows.extend([row, extra, back]);
        }
        for at in (1..shuffled.rows.len()).rev() {
            shuffled.rows.swap(at, (random() % (at as u64 + 1)) as usize);
        }
        prop_assert_eq!(fixture.draw(), shuffled.draw());
    }
}

#[test]
fn one_service_says_why_it_has_no_edge() {
    let shown = show(&Fixture::of("server unknown -> only calls=3").draw());
    assert!(shown.contains("! single_service: only only sends spans"), "{shown}");
    let empty = Fixture::of("").draw();
    assert_eq!(empty.warnings[0].code, "no_data");
}
