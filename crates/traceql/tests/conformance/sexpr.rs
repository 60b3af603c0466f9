//! Trees as the neutral lists in which the oracles keep them.

use serde_json::{Value as Json, json};
use traceql::ast::{
    Attribute, BinaryOp, Body, FieldExpr, FieldKind, MetricsExpr, MetricsFunction, MetricsKind, Pipeline,
    Query, ScalarExpr, ScalarKind, SecondStage, SpansetExpr, SpansetKind, Stage, UnaryOp,
};
use traceql::value::Value;

/// A whole query.
pub fn query(query: &Query) -> Json {
    let hints: Vec<Json> = query.hints.iter().map(|hint| json!([hint.name, value(&hint.value)])).collect();
    let mut root = match &query.body {
        Body::Spansets(pipeline) => json!(["root", self::pipeline(pipeline)]),
        Body::Metrics(expr) => metrics(expr),
    };
    if let (Some(list), false) = (root.as_array_mut(), hints.is_empty()) {
        let mut with = vec![json!("hints")];
        with.extend(hints);
        list.push(Json::Array(with));
    }
    root
}

/// A literal with its type.
pub fn value(value: &Value) -> Json {
    match value {
        Value::Nil => json!(["nil", null]),
        Value::Int(value) => json!(["int", value]),
        Value::Float(value) => json!(["float", value]),
        Value::Str(text) => json!(["string", &**text]),
        Value::Bool(value) => json!(["bool", value]),
        Value::Duration(ns) => json!(["duration_ns", ns]),
        Value::Status(status) => json!(["status", status.as_str()]),
        Value::Kind(kind) => json!(["kind", kind.as_str()]),
        Value::Array(items) => json!(["array", items.iter().map(self::value).collect::<Vec<_>>()]),
    }
}

/// An attribute or intrinsic.
pub fn attribute(attribute: &Attribute) -> Json {
    match attribute.intrinsic {
        Some(intrinsic) => json!(["intrinsic", intrinsic.name()]),
        None => {
            let word = if attribute.is_parent { "parent_attr" } else { "attr" };
            json!([word, attribute.scope.name(), &*attribute.name])
        }
    }
}

fn pipeline(pipeline: &Pipeline) -> Json {
    let mut list = vec![json!("pipeline")];
    list.extend(pipeline.stages.iter().map(stage));
    Json::Array(list)
}

fn stage(stage: &Stage) -> Json {
    match stage {
        Stage::Spansets(expr) => spansets(expr),
        Stage::ScalarFilter(filter) => {
            json!(["scalar_filter", filter.op.symbol(), scalar(&filter.lhs), scalar(&filter.rhs)])
        }
        Stage::By(expr, _) => json!(["by", field(expr)]),
        Stage::Coalesce(_) => json!(["coalesce"]),
        Stage::Select(attributes, _) => {
            let mut list = vec![json!("select")];
            list.extend(attributes.iter().map(attribute));
            Json::Array(list)
        }
    }
}

fn spansets(expr: &SpansetExpr) -> Json {
    match &expr.kind {
        SpansetKind::Filter(expr) => json!(["filter", field(expr)]),
        SpansetKind::Chain(first, rest) => rest.iter().fold(spansets(first), |lhs, (op, operand)| {
            json!(["spanset_op", op.symbol(), lhs, spansets(operand)])
        }),
        SpansetKind::Pipeline(pipeline) => self::pipeline(pipeline),
        SpansetKind::Missing => json!(["missing"]),
    }
}

fn field(expr: &FieldExpr) -> Json {
    match &expr.kind {
        FieldKind::Literal(literal) => value(literal),
        FieldKind::Attribute(attribute) => self::attribute(attribute),
        FieldKind::Unary(UnaryOp::Negate, operand) => json!(["un", "-", field(operand)]),
        FieldKind::Unary(UnaryOp::Not, operand) => json!(["un", "!", field(operand)]),
        FieldKind::Binary(op, lhs, rhs) => json!(["bin", op.symbol(), field(lhs), field(rhs)]),
        FieldKind::Logic(first, rest) => rest
            .iter()
            .fold(field(first), |lhs, (op, operand)| json!(["bin", op.symbol(), lhs, field(operand)])),
        FieldKind::Exists(operand, true) => json!(["un", "exists", field(operand)]),
        FieldKind::Exists(operand, false) => json!(["un", "not_exists", field(operand)]),
        FieldKind::Missing => json!(["missing"]),
    }
}

fn scalar(expr: &ScalarExpr) -> Json {
    match &expr.kind {
        ScalarKind::Number(number) => value(number),
        ScalarKind::Aggregate(function, argument) => {
            json!(["agg", function.name(), argument.as_ref().map(|expr| field(expr))])
        }
        ScalarKind::Arithmetic(op, lhs, rhs) => {
            json!(["scalar_op", op.symbol(), scalar(lhs), scalar(rhs)])
        }
        ScalarKind::Pipeline(pipeline, aggregate) => {
            let mut list = vec![json!("pipeline")];
            list.extend(pipeline.stages.iter().map(stage));
            list.push(scalar(aggregate));
            Json::Array(list)
        }
    }
}

fn metrics(expr: &MetricsExpr) -> Json {
    let mut tree = match &expr.kind {
        MetricsKind::Series(pipeline, stage) => {
            let function = &stage.function;
            let by: Vec<Json> = stage.by.iter().map(attribute).collect();
            let mut list = vec![
                json!("metrics"),
                json!(function.name()),
                function.attribute().map_or(Json::Null, attribute),
                Json::Array(by),
            ];
            if let MetricsFunction::QuantileOverTime(_, quantiles) = function {
                list.push(json!({ "q": quantiles }));
            }
            json!(["root", self::pipeline(pipeline), list])
        }
        MetricsKind::Math(op, lhs, rhs) => json!(["math", op.symbol(), metrics(lhs), metrics(rhs)]),
        MetricsKind::ScalarMath { op, number, is_left, expr } => {
            let side = if *is_left { "left" } else { "right" };
            json!(["scalar_math", op.symbol(), number_of(number), metrics(expr), side])
        }
    };
    if let (Some(list), false) = (tree.as_array_mut(), expr.stages.is_empty()) {
        let mut stages = vec![json!("stages")];
        stages.extend(expr.stages.iter().map(|stage| match stage {
            SecondStage::TopK(limit, _) => json!(["topk", limit]),
            SecondStage::BottomK(limit, _) => json!(["bottomk", limit]),
            SecondStage::Filter(op, value, _) => filter(*op, value),
        }));
        list.push(Json::Array(stages));
    }
    tree
}

fn filter(op: BinaryOp, value: &Value) -> Json {
    json!(["metric_filter", op.symbol(), number_of(value)])
}

fn number_of(value: &Value) -> Json {
    match value {
        Value::Int(value) => json!(value),
        value => json!(value.as_metric()),
    }
}

/// Whether two trees are the same, numbers by value.
pub fn same(a: &Json, b: &Json) -> bool {
    match (a, b) {
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        (Json::Number(x), Json::Number(y)) => x == y || x.as_f64() == y.as_f64(),
        _ => a == b,
    }
}
