//! Queries as text, and small traces.

use std::sync::Arc;

use model::{AttrValue, Attrs, Event, Resource, Span, SpanId, SpanKind, StatusCode, TimeNs, TraceId};
use proptest::prelude::*;

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(words).prop_map(str::to_owned)
}

fn literal() -> impl Strategy<Value = String> + Clone {
    word(&[
        "1",
        "2",
        "-1",
        "0",
        "1.5",
        "2.0",
        "\"x\"",
        "`y`",
        "true",
        "false",
        "1ms",
        "3ns",
        "\"\"",
        "1e3",
        "\"back`quote\"",
    ])
}

fn attribute() -> impl Strategy<Value = String> + Clone {
    word(&[
        ".a",
        "span.a",
        "resource.a",
        ".b",
        "span.b",
        ".s",
        "span.s",
        "event.e",
        ".list",
        ".none",
        "span.\"a b\"",
    ])
}

/// Operand of arithmetic.
fn number() -> impl Strategy<Value = String> + Clone {
    let leaf = word(&["1", "2", "1.5", ".a", "span.b", "duration", "3ns", ".s", ".none"]);
    leaf.prop_recursive(2, 6, 2, |inner| {
        prop_oneof![
            (inner.clone(), word(&["+", "-", "*"]), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            (inner.clone(), word(&["+", "-", "*"]), inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.prop_map(|a| format!("-({a})")),
        ]
    })
}

fn comparison() -> impl Strategy<Value = String> + Clone {
    let op = word(&["=", "!=", "<", "<=", ">", ">="]);
    prop_oneof![
        3 => (attribute(), op.clone(), literal()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (literal(), op.clone(), attribute()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (attribute(), op.clone(), word(&[".a", ".b", "span.s", "resource.a"])).prop_map(|(a, op, b)| {
            // Two lists are an error of the query.
            let a = if a == ".list" || a == "event.e" { ".a".to_owned() } else { a };
            format!("{a} {op} {b}")
        }),
        1 => (number(), op.clone(), number()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (attribute(), word(&["=~", "!~"]), word(&["\"x|y\"", "\".*\"", "`x+`"]))
            .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
        1 => (attribute(), word(&["= nil", "!= nil"])).prop_map(|(a, test)| format!("{a} {test}")),
        1 => word(&[
            "kind = server", "kind != client", "status = error", "status != ok", "name = \"n1\"", "name =~ \"n.*\"",
            "duration > 4ns", "duration <= 4ns", "true", "false", ".t", "nestedSetParent < 0", "nestedSetLeft > 2",
            "span:childCount = 1", "rootName = \"n1\"", "traceDuration > 20ns", "event:name = \"n2\"",
        ]),
    ]
}

fn condition() -> impl Strategy<Value = String> + Clone {
    comparison().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            prop::collection::vec((word(&["&&", "||"]), inner.clone()), 1..4).prop_map(|parts| {
                let joined: String = parts.iter().map(|(op, part)| format!(" {op} {part}")).collect();
                format!("true{joined}")
            }),
            (inner.clone(), word(&["&&", "||"]), inner.clone())
                .prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (inner.clone(), word(&["&&", "||"]), inner.clone())
                .prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            inner.prop_map(|a| format!("!({a})")),
        ]
    })
}

/// `{ ... }`.
pub fn filter() -> impl Strategy<Value = String> + Clone {
    condition().prop_map(|condition| format!("{{ {condition} }}"))
}

/// `{ ... }` that selects some spans.
pub fn simple_filter() -> impl Strategy<Value = String> + Clone {
    word(&[
        "{ }",
        "{ .t }",
        "{ .a = 1 }",
        "{ kind = server }",
        "{ status = error }",
        "{ false }",
        "{ name = `n1` }",
    ])
}

/// Operators between spansets.
pub fn spanset_operator() -> impl Strategy<Value = &'static str> + Clone {
    prop::sample::select(
        &[
            "&&", "||", ">", "<", ">>", "<<", "~", "!>", "!<", "!>>", "!<<", "!~", "&>", "&<", "&>>", "&<<",
            "&~",
        ][..],
    )
}

/// Spansets and stages that no data make fail.
pub fn pipeline() -> impl Strategy<Value = String> + Clone {
    let spansets =
        (filter(), prop::collection::vec((spanset_operator(), filter()), 0..3)).prop_map(|(first, rest)| {
            let rest: String = rest.iter().map(|(op, filter)| format!(" {op} {filter}")).collect();
            format!("{first}{rest}")
        });
    let stage = word(&[
        "by(.a)",
        "by(span.b)",
        "by(kind)",
        "coalesce()",
        "count() > 1",
        "avg(duration) >= 3ns",
        "max(.a) != 2",
        "1 < sum(.b)",
        "min(span.a + 1) <= 2",
        "{ .a = 1 }",
        "select(.a, event:name)",
        "{ .t } || { .a > 0 }",
    ]);
    (spansets, prop::collection::vec(stage, 0..4)).prop_map(|(first, stages)| {
        let stages: String = stages.iter().map(|stage| format!(" | {stage}")).collect();
        format!("{first}{stages}")
    })
}

/// Metrics with everything that has values.
pub fn metrics() -> impl Strategy<Value = String> + Clone {
    let function = word(&[
        "rate()",
        "count_over_time()",
        "min_over_time(duration)",
        "max_over_time(.a)",
        "sum_over_time(.b)",
        "avg_over_time(duration)",
        "quantile_over_time(duration, 0.5, 0.9)",
        "histogram_over_time(.a)",
    ]);
    let by = word(&["", " by (.a)", " by (kind, span.s)", " by (.none)", " by (name)"]);
    (filter(), function, by).prop_map(|(filter, function, by)| format!("{filter} | {function}{by}"))
}

/// Everything that can be read, not all of it evaluated.
pub fn any_query() -> impl Strategy<Value = String> + Clone {
    let second = word(&["", " | topk(3)", " > 5", " | bottomk(1) <= 2.5", " != -1 | topk(2)"]);
    let hints = word(&["", " with(most_recent=true)", " with(sample=0.1, exemplars=5)", " with(a=`b`)"]);
    let scalars = word(&[
        "count() + 1 > sum(.a)",
        "(count() * 2) ^ 2 <= 3",
        "({ .a } | count()) > ({ .b } | by(.c) | max(duration))",
        "({ } | count()) + ({ } | avg(.a)) = 2 * 3",
        "1ms < avg(duration)",
        "min(parent.a) = 1",
    ]);
    let math = (metrics(), word(&["+", "-", "*", "/"]), metrics(), second.clone())
        .prop_map(|(a, op, b, second)| format!("({a}) {op} ({b}){second}"));
    let with_number =
        (metrics(), word(&["* 2", "+ 1 / 2.0", "- -1.5", "/ (1.0 / 0)", "* 3 + 1"]), second.clone())
            .prop_map(|(a, number, second)| format!("({a}) {number}{second}"));
    let number_with =
        (word(&["2 *", "1 + 2 *", "-1 -"]), metrics()).prop_map(|(number, a)| format!("{number} ({a})"));
    let compare = (filter(), filter(), word(&["", ", 5", ", 5, 10, 20"]))
        .prop_map(|(a, b, rest)| format!("{a} | compare({b}{rest})"));
    let piped =
        (pipeline(), spanset_operator(), pipeline()).prop_map(|(a, op, b)| format!("({a}) {op} ({b})"));
    let body = prop_oneof![
        4 => pipeline(),
        3 => (metrics(), second).prop_map(|(metrics, second)| format!("{metrics}{second}")),
        1 => scalars,
        1 => math,
        1 => with_number,
        1 => number_with,
        1 => compare,
        1 => piped,
    ];
    (body, hints).prop_map(|(body, hints)| format!("{body}{hints}"))
}

fn value() -> impl Strategy<Value = AttrValue> + Clone {
    prop_oneof![
        3 => (-1_i64..4).prop_map(AttrValue::Int),
        1 => prop::sample::select(&[1.0, 1.5, 2.0][..]).prop_map(AttrValue::Double),
        1 => any::<bool>().prop_map(AttrValue::Bool),
        2 => prop::sample::select(&["x", "y", "xx", ""][..]).prop_map(AttrValue::from),
        1 => Just(AttrValue::Empty),
    ]
}

fn pairs(keys: &'static [&'static str]) -> impl Strategy<Value = Attrs> + Clone {
    prop::collection::vec((prop::sample::select(keys), value()), 0..3).prop_map(|pairs| {
        let mut attributes = Attrs::new();
        for (key, value) in pairs {
            if attributes.get(key).is_none() {
                attributes.push(key, value);
            }
        }
        attributes
    })
}

prop_compose! {
    fn span(id: u8)(
        trace in 1_u8..3,
        parent in prop_oneof![2 => Just(0_u8), 6 => 1_u8..9],
        start in 0_i64..110,
        duration in 0_i64..9,
        kind in 0..6,
        status in 0..3,
        name in prop::sample::select(&["n1", "n2", ""][..]),
        mut attributes in pairs(&["a", "b", "s"]),
        is_true in any::<bool>(),
        resource in pairs(&["a", "r"]),
        list in prop::collection::vec(-1_i64..4, 0..3),
        events in prop::collection::vec((prop::sample::select(&["n1", "n2"][..]), pairs(&["e"])), 0..3),
    ) -> Span {
        attributes.push("t", is_true);
        if !list.is_empty() {
            attributes.push("list", AttrValue::Array(list.into_iter().map(AttrValue::Int).collect()));
        }
        Span {
            trace_id: TraceId([trace; 16]),
            span_id: SpanId([0, 0, 0, 0, 0, 0, 0, id]),
            parent_span_id: (parent > 0).then_some(SpanId([0, 0, 0, 0, 0, 0, 0, parent])),
            start: TimeNs(start),
            duration_nano: duration,
            kind: SpanKind(kind),
            status_code: StatusCode(status),
            name: Arc::from(name),
            attributes,
            resource: Arc::new(Resource { attributes: resource, ..Resource::default() }),
            events: events
                .into_iter()
                .map(|(name, attributes)| Event { name: Arc::from(name), attributes, ..Event::default() })
                .collect(),
            ..Span::default()
        }
    }
}

/// Up to eight spans of two traces, with orphans, cycles and several roots.
pub fn spans() -> impl Strategy<Value = Vec<Span>> {
    (0_usize..9).prop_flat_map(|len| (1..=len as u8).map(span).collect::<Vec<_>>())
}

/// The same spans in two orders.
pub fn shuffled_spans() -> impl Strategy<Value = (Vec<Span>, Vec<Span>)> {
    spans().prop_flat_map(|spans| (Just(spans.clone()), Just(spans).prop_shuffle()))
}
