//! Queries whose selects are given after line extraction: aggregation, binary operations, `interval`,
//! direction and limit.

use std::sync::Arc;

use logql::eval::Data;
use logql::source::{Applied, Batches};
use logql::syntax::ast::{Expr, ExprKind, MatchOp, Matcher, RangeOp, Unwrap};
use logql::{Batch, Control, Direction, Error, LabelSet, Params, Request, Source, Span, evaluate};
use serde_json::{Value, json};
use testkit::conformance::Report;

use crate::engine::{close, number};
use crate::load;
use crate::stages::{labels, text};

/// The label that carries a given sample.
const SAMPLE: &str = "__sample__";

pub fn run(report: &mut Report) {
    let corpus = "logs/engine_samples_v3.6";
    let Some(list) = load(corpus) else {
        return;
    };
    for case in list["cases"].as_array().into_iter().flatten() {
        let query = text(&case["query"]);
        let ours = answer(&query, case);
        let passed = judge(&ours, &case["expect"]);
        let shown = match &ours {
            Ok(data) => format!("{data:?}"),
            Err(message) => format!("error: {message}"),
        };
        report.case(corpus, &text(&case["id"]), &query, passed, &shown, &case["expect"].to_string());
    }
}

fn answer(query: &str, case: &Value) -> Result<Data, String> {
    let mut expr = logql::parse(query).into_result().map_err(|error| error.to_string())?;
    let mut next = 0;
    prepare(&mut expr, &mut next);
    let time = |key: &str| case[key].as_i64().unwrap_or(0);
    let mut params = if text(&case["type"]) == "instant" {
        Params::instant(time("time_ns"))
    } else {
        Params::range(time("start_ns"), time("end_ns"), time("step_ns"))
    };
    params.interval_ns = time("interval_ns");
    params.limit = case["limit"].as_u64().unwrap_or(0) as usize;
    params.direction =
        if text(&case["direction"]) == "forward" { Direction::Forward } else { Direction::Backward };
    let selects = case["selects"].as_array().cloned().unwrap_or_default();
    let source = Selects { selects, places: next, direction: params.direction };
    evaluate(&expr, &params, &source, &Control::default())
        .map(|answer| answer.data)
        .map_err(|error| error.to_string())
}

/// Takes the stages out of each selector, which the given data have behind them, and numbers it.
fn prepare(expr: &mut Expr, next: &mut usize) {
    let mut number = |matchers: &mut Vec<Matcher>| {
        matchers.insert(
            0,
            Matcher {
                name: "__select__".to_owned(),
                op: MatchOp::Regex,
                value: next.to_string(),
                span: Span::default(),
            },
        );
        *next += 1;
    };
    match &mut expr.kind {
        ExprKind::Log(log) => {
            log.stages.clear();
            number(&mut log.matchers);
        }
        ExprKind::RangeAggregation(range) => {
            range.range.log.stages.clear();
            number(&mut range.range.log.matchers);
            range.op = match range.op {
                RangeOp::Count | RangeOp::Bytes => RangeOp::Sum,
                RangeOp::BytesRate => RangeOp::Rate,
                other => other,
            };
            range.range.unwrap = Some(Unwrap {
                label: SAMPLE.to_owned(),
                conversion: None,
                filters: Vec::new(),
                span: Span::default(),
            });
        }
        ExprKind::VectorAggregation(vector) => prepare(&mut vector.expr, next),
        ExprKind::Binary(binary) => {
            prepare(&mut binary.left, next);
            prepare(&mut binary.right, next);
        }
        ExprKind::LabelReplace(replace) => prepare(&mut replace.expr, next),
        _ => {}
    }
}

struct Selects {
    selects: Vec<Value>,
    /// Selectors in the query.
    places: usize,
    direction: Direction,
}

impl Source for Selects {
    fn open<'s>(&'s self, request: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error> {
        let (place, matchers) = match request.matchers {
            [place, rest @ ..] => (place.value.parse::<usize>().unwrap_or(0), rest),
            [] => (0, &[][..]),
        };
        // A select that stands several times in a query is given once.
        let is_same = |select: &&Value| {
            let parsed = logql::parse(&text(&select["selector"]));
            let mut found = None;
            logql::syntax::validate::each_log(&parsed.expr, &mut |log| {
                found.get_or_insert_with(|| log.matchers.clone());
            });
            let plain = |list: &[Matcher]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
            found.is_some_and(|found| plain(&found) == plain(matchers))
        };
        let select = self.selects.get(place).filter(|_| self.selects.len() == self.places);
        let select = select.or_else(|| self.selects.iter().find(is_same));
        let data = select.map_or(&Value::Null, |select| &select["data"]);
        let mut rows: Vec<(i64, usize, &Value, bool)> = Vec::new();
        for (stream, one) in data.as_array().into_iter().flatten().enumerate() {
            for (key, is_sample) in [("samples", true), ("entries", false)] {
                for row in one[key].as_array().into_iter().flatten() {
                    rows.push((row[0].as_i64().unwrap_or(0), stream, row, is_sample));
                }
            }
        }
        // One stream comes as it is given, in whatever order.
        match self.direction {
            _ if data.as_array().is_none_or(|streams| streams.len() < 2) => {}
            Direction::Forward => rows.sort_by_key(|row| row.0),
            Direction::Backward => rows.sort_by_key(|row| std::cmp::Reverse(row.0)),
        }
        let mut batch = Batch::default();
        let streams: Vec<LabelSet> = data
            .as_array()
            .into_iter()
            .flatten()
            .map(|one| {
                let parsed = logql::parse(&text(&one["labels"]));
                match parsed.expr.kind {
                    ExprKind::Log(log) => LabelSet::from_pairs(
                        log.matchers.iter().map(|matcher| (&matcher.name, &matcher.value)),
                    ),
                    _ => labels(&one["labels"]),
                }
            })
            .collect();
        for stream in streams {
            batch.add_stream(stream);
        }
        for (time_ns, stream, row, is_sample) in rows {
            if is_sample {
                let value = number(&row[1]).unwrap_or(f64::NAN).to_string();
                let pair = (Arc::from(SAMPLE), Arc::from(value));
                batch.push(stream as u32, time_ns, "", &[pair]);
            } else {
                batch.push(stream as u32, time_ns, &text(&row[1]), &[]);
            }
        }
        Ok(Box::new(Once(Some(batch))))
    }
}

struct Once(Option<Batch>);

impl Batches for Once {
    fn applied(&self) -> Applied {
        Applied { matchers: true, range: true, order: true, ..Applied::default() }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        match self.0.take() {
            Some(full) => {
                *batch = full;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

fn judge(ours: &Result<Data, String>, expect: &Value) -> bool {
    if let Some(error) = expect.get("error") {
        return ours
            .as_ref()
            .err()
            .is_some_and(|message| error.as_str().is_none_or(|wanted| message.contains(wanted)));
    }
    let Ok(data) = ours else {
        return false;
    };
    let result = expect["result"].as_array().cloned().unwrap_or_default();
    match (data, text(&expect["type"]).as_str()) {
        (Data::Scalar(value), "scalar") => close(Some(*value), number(&expect["v"])),
        (Data::Vector(series), "vector") => {
            series.len() == result.len()
                && result.iter().all(|want| {
                    let labels = labels(&want["labels"]);
                    series.iter().any(|one| one.labels == labels && close(one.values[0], number(&want["v"])))
                })
        }
        (Data::Matrix(series), "matrix") => {
            series.len() == result.len()
                && result.iter().all(|want| {
                    let labels = labels(&want["labels"]);
                    let points = want["points"].as_array().cloned().unwrap_or_default();
                    series.iter().any(|one| {
                        let ours: Vec<f64> = one.values.iter().copied().flatten().collect();
                        one.labels == labels
                            && ours.len() == points.len()
                            && ours
                                .iter()
                                .zip(&points)
                                .all(|(value, point)| close(Some(*value), number(&point[1])))
                    })
                })
        }
        (Data::Streams(streams), "streams") => {
            let ours: Vec<Value> = streams
                .iter()
                .map(|stream| {
                    let entries: Vec<Value> =
                        stream.entries.iter().map(|entry| json!([entry.time_ns, entry.line])).collect();
                    json!([stream.labels.to_string(), entries])
                })
                .collect();
            let wanted: Vec<Value> = result
                .iter()
                .map(|stream| {
                    let labels = match &stream["labels"] {
                        Value::String(labels) => labels.clone(),
                        other => labels(other).to_string(),
                    };
                    json!([labels, stream["entries"]])
                })
                .collect();
            ours.len() == wanted.len() && wanted.iter().all(|want| ours.contains(want))
        }
        _ => false,
    }
}
