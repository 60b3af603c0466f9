//! Lists of query texts: verdict, error, tree, canonical and readable print, tokens.

use logql::parse as read;
use logql::syntax::ast::{
    Cardinality, Expr, ExprKind, FormatValue, LabelFilter, LabelFilterKind, LogExpr, LogRange, Matcher,
    Stage, StageKind,
};
use logql::syntax::format::format_within;
use logql::syntax::lexer::{is_function, lex as tokens};
use serde_json::{Value, json};
use testkit::conformance::Report;

use crate::load;

pub fn parse(report: &mut Report) {
    let corpus = "logs/logql_parse";
    let Some(list) = load(corpus) else {
        return;
    };
    for (index, case) in list["cases"].as_array().into_iter().flatten().enumerate() {
        let query = case["query"].as_str().unwrap_or("");
        let name = format!("{index} {}", case["source"].as_str().unwrap_or(""));
        let (ours, wanted) = judge(query, case);
        report.case(corpus, &name, query, ours == wanted, &ours, &wanted);
    }
}

/// Our result and the wanted one as texts that are equal if all that the case asserts holds.
fn judge(query: &str, case: &Value) -> (String, String) {
    let valid = case["valid"].as_bool().unwrap_or(false);
    let parsed = read(query);
    if let Some(first) = parsed.diagnostics.first() {
        let ours = first.to_string();
        let error = &case["error"];
        let is_right = !valid
            && match (error["msg"].as_str(), error["contains"].as_str()) {
                (Some(message), _) => {
                    message == first.message
                        && error["line"].as_u64().is_none_or(|line| line as usize == first.line)
                        && error["col"].as_u64().is_none_or(|column| column as usize == first.column)
                }
                (_, Some(part)) => ours.contains(part),
                _ => true,
            };
        let wanted = if is_right { ours.clone() } else { format!("valid={valid} {error}") };
        return (ours, wanted);
    }
    if !valid {
        return (format!("valid: {}", parsed.expr), case["error"].to_string());
    }
    let (mut ours, mut wanted) = (vec!["valid".to_owned()], vec!["valid".to_owned()]);
    let mut compare = |a: String, b: String| {
        ours.push(a);
        wanted.push(b);
    };
    if let Some(canonical) = case["canonical"].as_str() {
        compare(parsed.expr.to_string(), canonical.to_owned());
    }
    if let Some(pretty) = case["pretty"].as_str() {
        // The list was made with lines of 20 characters.
        compare(format_within(&parsed.expr, 20), pretty.to_owned());
    }
    if let Some(tree) = case.get("ast") {
        compare(flat(&expr(&parsed.expr)).to_string(), flat(tree).to_string());
    }
    // Reading the print again must give the same tree; compared by their prints, which have no places.
    let again = read(&parsed.expr.to_string());
    let second = again.diagnostics.first().map_or(again.expr.to_string(), ToString::to_string);
    compare(second, parsed.expr.to_string());
    (ours.join("\n"), wanted.join("\n"))
}

fn expr(node: &Expr) -> Value {
    match &node.kind {
        ExprKind::Log(log) => self::log(log),
        ExprKind::Literal(value) => json!({"k": "literal", "value": value}),
        ExprKind::Vector(value) => json!({"k": "vector", "value": value}),
        ExprKind::RangeAggregation(range) => json!({
            "k": "range_agg", "op": range.op.text(), "param": range.parameter,
            "grouping": grouping(range.grouping.as_ref()), "range": log_range(&range.range),
        }),
        ExprKind::VectorAggregation(vector) => json!({
            "k": "vector_agg", "op": vector.op.text(), "param": vector.parameter,
            "grouping": grouping(vector.grouping.as_ref()), "expr": expr(&vector.expr),
        }),
        ExprKind::Binary(binary) => json!({
            "k": "binop", "op": binary.op.text(),
            "opts": {
                "bool": binary.return_bool,
                "card": match binary.cardinality {
                    Cardinality::OneToOne => "one-to-one",
                    Cardinality::ManyToOne => "many-to-one",
                    Cardinality::OneToMany => "one-to-many",
                },
                "on": binary.on == Some(true), "labels": binary.labels, "include": binary.include,
            },
            "lhs": expr(&binary.left), "rhs": expr(&binary.right),
        }),
        ExprKind::LabelReplace(replace) => json!({
            "k": "label_replace", "expr": expr(&replace.expr), "dst": replace.target,
            "replacement": replace.replacement, "src": replace.source, "regex": replace.regex,
        }),
        ExprKind::Error => json!({"k": "error"}),
    }
}

fn grouping(grouping: Option<&logql::syntax::ast::Grouping>) -> Value {
    grouping.map_or(Value::Null, |by| json!({"without": by.without, "labels": by.names}))
}

fn matcher(matcher: &Matcher, kind: &str) -> Value {
    json!({"k": kind, "name": matcher.name, "op": matcher.op.text(), "value": matcher.value})
}

fn log(log: &LogExpr) -> Value {
    let matchers: Vec<_> = log.matchers.iter().map(|one| matcher(one, "matcher")).collect();
    let selector = json!({"k": "selector", "matchers": matchers});
    if log.stages.is_empty() {
        return selector;
    }
    let stages: Vec<_> = log.stages.iter().map(stage).collect();
    json!({"k": "pipeline", "selector": selector, "stages": stages})
}

fn log_range(range: &LogRange) -> Value {
    let unwrap = range.unwrap.as_ref().map_or(Value::Null, |unwrap| {
        let filters: Vec<_> = unwrap.filters.iter().map(filter).collect();
        let conversion = unwrap.conversion.map(|conversion| conversion.text());
        json!({"k": "unwrap", "label": unwrap.label, "conv": conversion, "filters": filters})
    });
    json!({
        "k": "logrange", "log": log(&range.log), "range_ns": range.range_ns, "unwrap": unwrap,
        "offset_ns": range.offset_ns,
    })
}

fn stage(stage: &Stage) -> Value {
    let fields = |fields: &[logql::syntax::ast::Extraction]| -> Vec<Value> {
        fields.iter().map(|one| json!({"label": one.label, "expr": one.path})).collect()
    };
    match &stage.kind {
        StageKind::LineFilters(filters) => {
            let one = |filter: &logql::syntax::ast::LineFilter| {
                let part = |text: &logql::syntax::ast::LineMatch| {
                    let mut part = json!({"match": text.text});
                    if text.is_ip {
                        part["fn"] = json!("ip");
                    }
                    part
                };
                let mut value = part(&filter.alternatives[0]);
                value["op"] = json!(filter.op.text());
                if filter.alternatives.len() > 1 {
                    value["or"] = filter.alternatives[1..].iter().map(part).collect();
                }
                value
            };
            json!({"k": "linefilters", "chain": filters.iter().map(one).collect::<Vec<_>>()})
        }
        StageKind::LabelFilter(inner) => json!({"k": "labelfilter", "filter": filter(inner)}),
        StageKind::Json(list) if list.is_empty() => {
            json!({"k": "parser", "op": "json", "param": ""})
        }
        StageKind::Json(list) => json!({"k": "json_expr", "exprs": fields(list)}),
        StageKind::Logfmt { strict, keep_empty, fields: list } if list.is_empty() => {
            json!({"k": "logfmt", "strict": strict, "keep_empty": keep_empty})
        }
        StageKind::Logfmt { strict, keep_empty, fields: list } => json!({
            "k": "logfmt_expr", "exprs": fields(list), "strict": strict, "keep_empty": keep_empty
        }),
        StageKind::Regexp(text) => json!({"k": "parser", "op": "regexp", "param": text}),
        StageKind::Pattern(text) => json!({"k": "parser", "op": "pattern", "param": text}),
        StageKind::Unpack => json!({"k": "parser", "op": "unpack", "param": ""}),
        StageKind::LineFormat(text) => json!({"k": "line_format", "template": text}),
        StageKind::LabelFormat(formats) => {
            let one = |format: &logql::syntax::ast::LabelFormat| match &format.value {
                FormatValue::Label(name) => json!({"dst": format.target, "src": name}),
                FormatValue::Template(text) => json!({"dst": format.target, "template": text}),
            };
            json!({"k": "label_format", "formats": formats.iter().map(one).collect::<Vec<_>>()})
        }
        StageKind::Decolorize => json!({"k": "decolorize"}),
        StageKind::Drop(_) => json!({"k": "drop"}),
        StageKind::Keep(_) => json!({"k": "keep"}),
        StageKind::Error => json!({"k": "error"}),
    }
}

fn filter(node: &LabelFilter) -> Value {
    match &node.kind {
        LabelFilterKind::And(a, b) => json!({"k": "and", "l": filter(a), "r": filter(b)}),
        LabelFilterKind::Or(a, b) => json!({"k": "or", "l": filter(a), "r": filter(b)}),
        LabelFilterKind::Text(text) => matcher(text, "string"),
        LabelFilterKind::Number(name, op, value) => {
            json!({"k": "number", "name": name, "op": op.text(), "value": value})
        }
        LabelFilterKind::Duration(name, op, ns) => {
            json!({"k": "duration", "name": name, "op": op.text(), "ns": ns})
        }
        LabelFilterKind::Bytes(name, op, bytes) => {
            json!({"k": "bytes", "name": name, "op": op.text(), "bytes": bytes})
        }
        LabelFilterKind::Ip(name, negative, pattern) => {
            let op = if *negative { "!=" } else { "=" };
            json!({"k": "ip", "name": name, "op": op, "pattern": pattern})
        }
    }
}

/// Sorted keys and plain numbers, so that both sides print alike; details that only one side has are
/// left out.
fn flat(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            // Scalars are folded while parsing; the list has the operands as its source had them.
            if map.get("k").and_then(Value::as_str) == Some("binop")
                && let (left, right) = (flat(&map["lhs"]), flat(&map["rhs"]))
                && let (Some(left), Some(right)) = (left["value"].as_f64(), right["value"].as_f64())
                && let Some(op) =
                    logql::syntax::ast::BinaryOp::ALL.iter().find(|op| Some(op.text()) == map["op"].as_str())
            {
                let value = logql::syntax::scalar::apply(*op, left, right);
                return json!({"k": "literal", "value": value});
            }
            let kind = map.get("k").and_then(Value::as_str).unwrap_or("");
            let mut pairs: Vec<_> = map
                .iter()
                .filter(|(key, _)| {
                    let is_text = matches!(key.as_str(), "dst" | "src" | "regex" | "replacement");
                    let is_set_operator = key.as_str() == "opts" && map["opts"]["card"] == "many-to-many";
                    !(kind == "label_replace" && is_text || kind == "binop" && is_set_operator)
                })
                .map(|(key, value)| (key.clone(), flat(value)))
                .collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(pairs.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(flat).collect()),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}

pub fn lex(report: &mut Report) {
    let corpus = "logs/logql_lex";
    let Some(list) = load(corpus) else {
        return;
    };
    for (index, case) in list["lex"].as_array().into_iter().flatten().enumerate() {
        let input = case["input"].as_str().unwrap_or("");
        let lexed = tokens(input);
        let ours: Vec<_> =
            lexed.tokens.iter().map(|token| token.kind.name()).filter(|name| *name != "$end").collect();
        let wanted: Vec<_> =
            case["tokens"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (ours, wanted) = (ours.join(" "), wanted.join(" "));
        report.case(corpus, &format!("lex {index}"), input, ours == wanted, &ours, &wanted);
    }
    for (index, case) in list["durations"].as_array().into_iter().flatten().enumerate() {
        let input = case["input"].as_str().unwrap_or("");
        let ours = format!("{:?}", logql::syntax::duration::parse_literal(input));
        let wanted = format!("{:?}", case["ns"].as_i64());
        report.case(corpus, &format!("duration {index}"), input, ours == wanted, &ours, &wanted);
    }
    for (index, case) in list["function_lookahead"].as_array().into_iter().flatten().enumerate() {
        let input = case["rest_of_input"].as_str().unwrap_or("");
        let ours = is_function(input);
        let wanted = case["is_function"].as_bool().unwrap_or(false);
        let name = format!("lookahead {index}");
        report.case(corpus, &name, input, ours == wanted, &ours.to_string(), &wanted.to_string());
    }
}

pub fn lezer(report: &mut Report) {
    let corpus = "logs/lezer_logql";
    let Some(list) = load(corpus) else {
        return;
    };
    for case in list["cases"].as_array().into_iter().flatten() {
        let query = case["query"].as_str().unwrap_or("");
        let parsed = read(query);
        let ours = parsed
            .diagnostics
            .first()
            .map_or_else(|| "valid".to_owned(), |first| format!("invalid: {first}"));
        let valid = !case["has_error_node"].as_bool().unwrap_or(false);
        let wanted = if valid { "valid" } else { "invalid" };
        let passed = ours.starts_with(wanted);
        report.case(corpus, case["name"].as_str().unwrap_or(""), query, passed, &ours, wanted);
    }
}

/// Verdicts of another implementation. It takes dots in names and the empty selector, which the original
/// refuses; such queries are not counted.
pub fn oteldb(report: &mut Report) {
    let corpus = "logs/oteldb_logql";
    let Some(list) = load(corpus) else {
        return;
    };
    let strings = list["parse_strings"].as_array().or_else(|| list["parse"].as_array());
    for (index, case) in strings.into_iter().flatten().enumerate() {
        let (Some(query), Some(valid)) = (case["query"].as_str(), case["valid"].as_bool()) else {
            continue;
        };
        let parsed = read(query);
        let ours = parsed
            .diagnostics
            .first()
            .map_or_else(|| "valid".to_owned(), |first| format!("invalid: {first}"));
        let wanted = if valid { "valid" } else { "invalid" };
        let passed = ours.starts_with(wanted);
        report.case(corpus, &index.to_string(), query, passed, &ours, wanted);
    }
}

/// Queries that other programs send or try, all of which must be valid unless said otherwise.
pub fn sent(report: &mut Report) {
    let mut judge = |corpus: &str, index: usize, query: &str, valid: bool| {
        let query = query
            .replace("${SELECTOR}", "{app=\"a\"}")
            .replace("${LABEL_NAME}", "app")
            .replace("${LABEL_VALUE}", "a")
            .replace("${RANGE}", "5m");
        let ours = match logql::check(&query) {
            Ok(_) => "valid".to_owned(),
            Err(complaints) => format!("invalid: {}", complaints[0]),
        };
        let wanted = if valid { "valid" } else { "invalid" };
        report.case(corpus, &index.to_string(), &query, ours.starts_with(wanted), &ours, wanted);
    };
    for corpus in ["logs/grafana_generated_queries", "logs/loki_bench_queries"] {
        let Some(list) = load(corpus) else {
            continue;
        };
        for (index, case) in list["queries"].as_array().into_iter().flatten().enumerate() {
            let valid = case["valid"].as_bool().unwrap_or(true);
            judge(corpus, index, case["query"].as_str().unwrap_or(""), valid);
        }
    }
}
