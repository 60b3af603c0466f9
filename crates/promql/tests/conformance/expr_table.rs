//! `parser_expr.json`: the tree with places, or all errors with texts and places.

use promql::ast::{
    At, Binary, Cardinality, Duration, DurationExpr, DurationKind, DurationOp, Expr, ExprKind, Extension,
    Selector,
};
use promql::token::TokenKind;
use promql::{Matcher, ParseOptions, Span, parse};
use serde_json::Value;
use testkit::conformance::Report;

use crate::go_value::{format, number, string};

/// Runs the table.
pub fn run(report: &mut Report) {
    for (at, case) in crate::table("parser_expr").iter().enumerate() {
        let input = string(&case["input"]);
        let parsed = parse(&input, ParseOptions::ALL);
        let ours = match &parsed {
            Ok(tree) => dump(tree),
            Err(errors) => errors
                .diagnostics
                .iter()
                .map(|d| format!("{}..{}: {}", d.span.start, d.span.end, d.message))
                .collect::<Vec<_>>()
                .join("; "),
        };
        let wanted = if case["fail"] == Value::Bool(true) {
            wanted_errors(&case["errors"])
        } else {
            wanted(&case["expected"])
        };
        // A failure without listed errors only has to fail.
        let passed = if wanted.is_empty() { parsed.is_err() } else { ours == wanted };
        let name = format!("{at}");
        report.case("metrics/prom_tables/parser_expr", &name, &input, passed, &ours, &wanted);
    }
}

fn wanted_errors(errors: &Value) -> String {
    let list = errors["_args"].as_array().cloned().unwrap_or_default();
    let one = |error: &Value| {
        let place = &error["PositionRange"];
        let at = |key: &str| place.get(key).map_or(0.0, number);
        let text = match error["Err"]["args"].as_array() {
            Some(args) => format(args),
            None => string(&error["Err"]),
        };
        format!("{}..{}: {text}", at("Start"), at("End"))
    };
    list.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn place(span: Span) -> String {
    format!("@{}-{}", span.start, span.end)
}

fn dump(expr: &Expr) -> String {
    let at = place(expr.span);
    match &expr.kind {
        ExprKind::Number(n) => format!("number({}{}){at}", n.value, duration_mark(n.is_duration)),
        ExprKind::String(s) => format!("string({:?}){at}", s.value),
        ExprKind::Selector(selector) => dump_selector(selector, at),
        ExprKind::Range(range) => format!(
            "range({}, {}, end {})",
            dump_selector(&range.selector, place(range.selector.span)),
            dump_duration(&range.range),
            expr.span.end
        ),
        ExprKind::Subquery(s) => format!(
            "subquery({}, {}, {}, {}, {}, end {})",
            dump(&s.expr),
            dump_duration(&s.range),
            s.step.as_ref().map_or_else(|| "0".to_owned(), dump_duration),
            dump_duration(&s.offset),
            dump_at(s.at),
            expr.span.end
        ),
        ExprKind::Paren(inner) => format!("paren({}){at}", dump(inner)),
        ExprKind::Unary(unary) => {
            let sign = if unary.is_negation { "SUB" } else { "ADD" };
            format!("unary({sign}, {})@{}", dump(&unary.expr), expr.span.start)
        }
        ExprKind::Binary(binary) => dump_binary(binary),
        ExprKind::Aggregate(a) => format!(
            "aggregate({}, {}, {}, {:?}, {}){at}",
            a.op.as_str(),
            dump(&a.expr),
            a.param.as_ref().map_or_else(String::new, dump),
            a.grouping,
            a.is_without
        ),
        ExprKind::Call(call) => format!(
            "call({}, [{}]){at}",
            call.function.name,
            call.args.iter().map(dump).collect::<Vec<_>>().join(", ")
        ),
        ExprKind::Invalid { .. } => "invalid".to_owned(),
    }
}

fn duration_mark(is_duration: bool) -> &'static str {
    if is_duration { "d" } else { "" }
}

fn dump_binary(binary: &Binary) -> String {
    let matching = binary.matching.as_ref().map_or_else(String::new, |m| {
        let card = match m.cardinality {
            Cardinality::OneToOne => "CardOneToOne",
            Cardinality::ManyToOne => "CardManyToOne",
            Cardinality::OneToMany => "CardOneToMany",
            Cardinality::ManyToMany => "CardManyToMany",
        };
        format!("{card} {:?} {} {:?} {:?} {:?}", m.labels, m.is_on, m.include, m.fill_left, m.fill_right)
    });
    format!(
        "binary({}, {}, {}, [{matching}], {})",
        binary.op.as_str(),
        dump(&binary.left),
        dump(&binary.right),
        binary.is_bool
    )
}

fn dump_selector(selector: &Selector, at: String) -> String {
    let matchers: Vec<String> = selector.matchers.iter().map(Matcher::to_string).collect();
    let extension = match selector.extension {
        Extension::None => "",
        Extension::Anchored => " anchored",
        Extension::Smoothed => " smoothed",
    };
    format!(
        "selector({:?}, {matchers:?}, {}, {}{extension}){at}",
        selector.name,
        dump_duration(&selector.offset),
        dump_at(selector.at)
    )
}

fn dump_at(at: Option<At>) -> String {
    match at {
        None => String::new(),
        Some(At::Time(ms)) => format!("at {ms}"),
        Some(At::Start) => "at START".to_owned(),
        Some(At::End) => "at END".to_owned(),
    }
}

fn dump_duration(duration: &Duration) -> String {
    match duration {
        Duration::Nanos(ns) => ns.to_string(),
        Duration::Expr(expr) => dump_duration_expr(expr),
    }
}

fn dump_duration_expr(expr: &DurationExpr) -> String {
    let wrapped = if expr.is_wrapped { " wrapped" } else { "" };
    let body = match &expr.kind {
        DurationKind::Number(n) => {
            return format!("number({}{}){}", n.value, duration_mark(n.is_duration), place(expr.span));
        }
        DurationKind::Step => format!("STEP, , @{}", expr.span.start),
        DurationKind::Range => format!("RANGE, , @{}", expr.span.start),
        DurationKind::Negate(inner) => {
            format!("SUB, , {}@{}", dump_duration_expr(inner), expr.span.start)
        }
        DurationKind::Plus(inner) => {
            format!("ADD, , {}@{}", dump_duration_expr(inner), expr.span.start)
        }
        DurationKind::Binary(op, left, right) => {
            let (name, start) = match op {
                DurationOp::Add => ("ADD", 0),
                DurationOp::Sub => ("SUB", 0),
                DurationOp::Mul => ("MUL", 0),
                DurationOp::Div => ("DIV", 0),
                DurationOp::Mod => ("MOD", 0),
                DurationOp::Pow => ("POW", 0),
                DurationOp::MinOf => ("MIN_OF", expr.span.start),
                DurationOp::MaxOf => ("MAX_OF", expr.span.start),
            };
            let (left, right) = (dump_duration_expr(left), dump_duration_expr(right));
            format!("{name}, {left}, {right}@{start}")
        }
    };
    format!("duration({body}{wrapped})")
}

fn wanted_place(value: &Value) -> String {
    let at = |key: &str| value["PosRange"].get(key).map_or(0.0, number);
    format!("@{}-{}", at("Start"), at("End"))
}

fn id(value: &Value) -> String {
    value["_id"].as_str().unwrap_or_default().trim_start_matches("parser.").to_owned()
}

fn labels(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(string).collect()
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

fn optional(value: &Value, show: impl Fn(&Value) -> String) -> String {
    if value.is_null() { String::new() } else { show(value) }
}

/// The operator of the language for a name of Prometheus' grammar.
fn operator(name: &str) -> String {
    let lexed = |text: &str| promql::lexer::Lexer::new(text).next_token().kind;
    let words = [
        "+",
        "-",
        "*",
        "/",
        "%",
        "^",
        "==",
        "!=",
        "<",
        "<=",
        ">",
        ">=",
        "</",
        ">/",
        "and",
        "or",
        "unless",
        "atan2",
        "sum",
        "avg",
        "count",
        "min",
        "max",
        "group",
        "stddev",
        "stdvar",
        "topk",
        "bottomk",
        "count_values",
        "quantile",
        "limitk",
        "limit_ratio",
    ];
    words
        .iter()
        .find(|word| {
            let kind: TokenKind = lexed(word);
            kind.grammar_name() == name
        })
        .map_or_else(|| name.to_owned(), |word| (*word).to_owned())
}

fn wanted(value: &Value) -> String {
    let at = wanted_place(value);
    match value["_t"].as_str().unwrap_or_default().trim_start_matches("parser.") {
        "NumberLiteral" => {
            let mark = duration_mark(is_true(&value["Duration"]));
            format!("number({}{mark}){at}", value.get("Val").map_or(0.0, number))
        }
        "StringLiteral" => format!("string({:?}){at}", string(&value["Val"])),
        "VectorSelector" => wanted_selector(value, at),
        "MatrixSelector" => format!(
            "range({}, {}, end {})",
            wanted(&value["VectorSelector"]),
            wanted_duration(value, "Range"),
            number(&value["EndPos"])
        ),
        "SubqueryExpr" => format!(
            "subquery({}, {}, {}, {}, {}, end {})",
            wanted(&value["Expr"]),
            wanted_duration(value, "Range"),
            wanted_duration(value, "Step"),
            wanted_duration(value, "OriginalOffset"),
            wanted_at(value),
            number(&value["EndPos"])
        ),
        "ParenExpr" => format!("paren({}){at}", wanted(&value["Expr"])),
        "UnaryExpr" => format!(
            "unary({}, {})@{}",
            id(&value["Op"]),
            wanted(&value["Expr"]),
            value.get("StartPos").map_or(0.0, number)
        ),
        "BinaryExpr" => {
            let m = &value["VectorMatching"];
            let fill = |side: &str| {
                let fill = &m["FillValues"][side];
                if fill.is_null() { None } else { Some(number(fill)) }
            };
            let matching = optional(m, |m| {
                let card = optional(&m["Card"], id);
                format!(
                    "{} {:?} {} {:?} {:?} {:?}",
                    if card.is_empty() { "CardOneToOne" } else { &card },
                    labels(&m["MatchingLabels"]),
                    is_true(&m["On"]),
                    labels(&m["Include"]),
                    fill("LHS"),
                    fill("RHS")
                )
            });
            format!(
                "binary({}, {}, {}, [{matching}], {})",
                operator(&id(&value["Op"])),
                wanted(&value["LHS"]),
                wanted(&value["RHS"]),
                is_true(&value["ReturnBool"])
            )
        }
        "AggregateExpr" => format!(
            "aggregate({}, {}, {}, {:?}, {}){at}",
            operator(&id(&value["Op"])),
            wanted(&value["Expr"]),
            optional(&value["Param"], wanted),
            labels(&value["Grouping"]),
            is_true(&value["Without"])
        ),
        "Call" => format!(
            "call({}, [{}]){at}",
            string(&value["Func"]["args"][0]),
            value["Args"]["_args"]
                .as_array()
                .into_iter()
                .flatten()
                .map(wanted)
                .collect::<Vec<_>>()
                .join(", ")
        ),
        "DurationExpr" => {
            let start = value.get("StartPos").map_or(0.0, number);
            let wrapped = if is_true(&value["Wrapped"]) { " wrapped" } else { "" };
            let (left, right) = (optional(&value["LHS"], wanted), optional(&value["RHS"], wanted));
            format!("duration({}, {left}, {right}@{start}{wrapped})", id(&value["Op"]))
        }
        other => panic!("unknown node {other}: {value}"),
    }
}

fn wanted_selector(value: &Value, at: String) -> String {
    let matcher = |value: &Value| {
        let args = &value["args"];
        let op = match id(&args[0]).as_str() {
            "labels.MatchEqual" => promql::MatchOp::Equal,
            "labels.MatchNotEqual" => promql::MatchOp::NotEqual,
            "labels.MatchRegexp" => promql::MatchOp::Regex,
            _ => promql::MatchOp::NotRegex,
        };
        Matcher::new(op, string(&args[1]), string(&args[2]))
            .map_or_else(|error| error, |matcher| matcher.to_string())
    };
    let matchers: Vec<String> =
        value["LabelMatchers"].as_array().into_iter().flatten().map(matcher).collect();
    let extension = match (is_true(&value["Anchored"]), is_true(&value["Smoothed"])) {
        (true, _) => " anchored",
        (_, true) => " smoothed",
        _ => "",
    };
    format!(
        "selector({:?}, {matchers:?}, {}, {}{extension}){at}",
        value.get("Name").map_or_else(String::new, string),
        wanted_duration(value, "OriginalOffset"),
        wanted_at(value)
    )
}

fn wanted_at(value: &Value) -> String {
    if !value["Timestamp"].is_null() {
        return format!("at {}", number(&value["Timestamp"]));
    }
    optional(&value["StartOrEnd"], |at| format!("at {}", id(at)))
}

fn wanted_duration(value: &Value, key: &str) -> String {
    let expr = &value[format!("{key}Expr")];
    if !expr.is_null() {
        return wanted(expr);
    }
    value.get(key).map_or(0.0, number).to_string()
}
