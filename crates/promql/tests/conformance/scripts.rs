//! Runs the evaluation scripts.
//!
//! Each instant evaluation is run as written, then with `@` on every selector at five other times, and
//! each of these again as a range around its time. The engine's options are those of the suite.

use std::collections::BTreeMap;

use model::histogram::CUSTOM_BUCKETS_SCHEMA;
use model::{Histogram, Labels, ResetHint};
use promql::ast::{At as Pin, Expr, ExprKind};
use promql::hist::{Bucket, FloatHistogram};
use promql::series::SeriesValue;
use promql::source::{Limits, MemorySource, Unwatched};
use promql::{
    EvalOptions, Outcome, ParseOptions, ResultSeries, SampleValue, Severity, Value, When, evaluate, parse,
};
use regex::Regex;
use testkit::conformance::Report;
use testkit::external::{Folder, find};

use crate::script::{At, Command, Eval, Load, Text, read};

/// Samples at a time, as in the suite of Prometheus.
const SAMPLES_MAX: usize = 10_000;

const OPTIONS: EvalOptions = EvalOptions {
    lookback_ms: 300_000,
    subquery_step_ms: 60_000,
    delayed_name_removal: true,
    use_start_timestamps: true,
    type_and_unit_labels: false,
};

/// Functions whose result depends on the time of evaluation.
const TIME_FUNCTIONS: &[&str] = &[
    "days_in_month",
    "day_of_month",
    "day_of_week",
    "day_of_year",
    "end",
    "hour",
    "minute",
    "month",
    "year",
    "predict_linear",
    "range",
    "start",
    "step",
    "time",
    "timestamp",
];

/// Runs all scripts.
pub fn run(report: &mut Report) {
    let Some(folder) = find(Folder::Oracles, "metrics/promqltest") else {
        return;
    };
    let mut paths: Vec<_> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "test"))
        .collect();
    paths.sort();
    for path in paths {
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let name = name.unwrap_or_default();
        let text =
            std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let mut source = MemorySource::with_chunk_samples(7);
        for command in read(&text) {
            match command {
                Command::Clear => source = MemorySource::with_chunk_samples(7),
                Command::Load(load) => fill(&mut source, &load),
                Command::Eval(eval) => Case { report, source: &source, name: &name, eval: &eval }.run(),
            }
        }
    }
}

fn fill(source: &mut MemorySource, load: &Load) {
    for (labels, values, starts) in &load.series {
        let mut stored: Option<FloatHistogram> = None;
        for (at, value) in values.iter().enumerate() {
            let time = at as i64 * load.step_ms;
            let start = starts.get(at).copied().flatten().map_or(0, |relative| time + relative);
            match value {
                SeriesValue::Omitted => {}
                SeriesValue::Float(value) => {
                    source.push_float(labels, time, start, *value);
                    stored = None;
                }
                SeriesValue::Histogram(value, _) => {
                    let mut histogram = Histogram::from(&**value);
                    histogram.reset_hint = stored_hint(stored.as_ref(), value);
                    stored = Some((**value).clone());
                    histogram.start_time_ms = start;
                    source.push_histogram(labels, time, histogram);
                }
            }
        }
    }
    if load.with_nhcb {
        fill_custom(source, load);
    }
}

/// The hint with which Prometheus' storage gives a histogram back: inside a chunk there is no reset,
/// at its start nothing is known, gauges stay gauges.
fn stored_hint(before: Option<&FloatHistogram>, h: &FloatHistogram) -> ResetHint {
    if h.hint == ResetHint::Gauge {
        return ResetHint::Gauge;
    }
    let Some(before) = before.filter(|before| before.hint != ResetHint::Gauge) else {
        return ResetHint::Unknown;
    };
    let mut compared = h.clone();
    if compared.hint == ResetHint::NotReset {
        compared.hint = ResetHint::Unknown;
    }
    let begins_chunk = compared.is_reset_after(before)
        || h.schema != before.schema
        || h.zero_threshold != before.zero_threshold
        || h.bounds != before.bounds
        || before.is_stale();
    if begins_chunk && !h.is_stale() { ResetHint::Unknown } else { ResetHint::NotReset }
}

/// A classic histogram at one time.
#[derive(Default)]
struct Classic {
    buckets: Vec<(f64, f64)>,
    count: Option<f64>,
    sum: f64,
}

/// Stores classic histograms as native ones with custom bounds too.
fn fill_custom(source: &mut MemorySource, load: &Load) {
    let mut all: BTreeMap<(Labels, i64), Classic> = BTreeMap::new();
    for (labels, values, _) in &load.series {
        let name = labels.get("__name__").unwrap_or_default();
        let Some((base, suffix)) = ["_bucket", "_count", "_sum"]
            .iter()
            .find_map(|suffix| Some((name.strip_suffix(suffix)?, *suffix)))
        else {
            continue;
        };
        let bound = labels.get("le").and_then(|le| stdx::go::number::parse_float(le).ok());
        if suffix == "_bucket" && bound.is_none() {
            continue;
        }
        let mut key = labels.to_builder();
        key.set("__name__", base).remove("le");
        let key = key.finish();
        for (at, value) in values.iter().enumerate() {
            let SeriesValue::Float(value) = value else {
                continue;
            };
            let entry = all.entry((key.clone(), at as i64 * load.step_ms)).or_default();
            match suffix {
                "_bucket" => entry.buckets.push((bound.unwrap_or(f64::INFINITY), *value)),
                "_count" => entry.count = Some(*value),
                _ => entry.sum = *value,
            }
        }
    }
    let mut stored: Option<(Labels, FloatHistogram)> = None;
    for ((labels, time), mut classic) in all {
        if classic.buckets.iter().any(|(_, count)| count.is_nan()) {
            continue;
        }
        classic.buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
        let last = classic.buckets.last().map_or(0.0, |bucket| bucket.1);
        let count = classic.count.unwrap_or(last);
        let mut before = 0.0;
        let mut positive = Vec::new();
        let mut bounds = Vec::new();
        for (index, (bound, total)) in (0..).zip(&classic.buckets) {
            if bound.is_finite() {
                bounds.push(*bound);
                positive.push(Bucket { index, count: total - before });
                before = *total;
            }
        }
        positive.push(Bucket { index: bounds.len() as i32, count: count - before });
        positive.retain(|bucket| bucket.count != 0.0);
        let histogram = FloatHistogram {
            schema: CUSTOM_BUCKETS_SCHEMA,
            hint: ResetHint::Unknown,
            count,
            sum: classic.sum,
            positive,
            bounds: bounds.into(),
            ..FloatHistogram::default()
        };
        let before = stored.as_ref().filter(|(known, _)| *known == labels).map(|(_, h)| h);
        let mut native = Histogram::from(&histogram);
        native.reset_hint = stored_hint(before, &histogram);
        source.push_histogram(&labels, time, native);
        stored = Some((labels, histogram));
    }
}

struct Case<'c> {
    report: &'c mut Report,
    source: &'c MemorySource,
    name: &'c str,
    eval: &'c Eval,
}

impl Case<'_> {
    fn run(&mut self) {
        let eval = self.eval;
        match eval.at {
            At::Range(start_ms, end_ms, step_ms) => {
                let when = When::Range { start_ms, end_ms, step_ms };
                self.check("", &eval.query, when, None);
            }
            At::Instant(time) => {
                self.instant(&eval.query, time, "");
                self.pinned(time);
            }
        }
    }

    /// As written and as a range.
    fn instant(&mut self, query: &str, time: i64, kind: &str) {
        self.check(kind, query, When::Instant(time), Some(time));
        let depends_on_range =
            Regex::new(r"(start|end|range|step)\(\)").is_ok_and(|regex| regex.is_match(query));
        let eval = self.eval;
        if eval.is_ordered || eval.string.is_some() || eval.range_vector.is_some() || depends_on_range {
            return;
        }
        let (start_ms, end_ms, step_ms) = (time - 60_000, time + 60_000, 60_000);
        let when = When::Range { start_ms, end_ms, step_ms };
        self.check(&format!("{kind}/range"), query, when, Some(time));
    }

    /// With `@ time` everywhere, at other times.
    fn pinned(&mut self, time: i64) {
        let eval = self.eval;
        let Ok(mut tree) = parse(&eval.query, ParseOptions::ALL) else {
            return;
        };
        if calls_time_function(&tree) {
            return;
        }
        pin(&mut tree, time);
        let query = tree.to_string();
        let times =
            if time == 0 { vec![-1000, 0, 1000] } else { vec![-10 * time, 0, time / 5, time, 10 * time] };
        for other in times {
            self.instant(&query, other, "/at");
        }
    }

    fn check(&mut self, kind: &str, query: &str, when: When, time: Option<i64>) {
        let limits = Limits::new(usize::MAX, SAMPLES_MAX, &Unwatched);
        let result = parse(query, ParseOptions::ALL).map_err(|errors| errors.to_string()).and_then(|tree| {
            evaluate(&tree, when, OPTIONS, self.source, &limits).map_err(|error| error.to_string())
        });
        let ours = match &result {
            Ok(outcome) => show(outcome, query),
            Err(error) => error.clone(),
        };
        let verdict = self.verdict(&result, query, when, time);
        let corpus = format!("metrics/promqltest{kind}");
        let name = format!("{}:{} {when:?}", self.name, self.eval.line);
        let wanted = verdict.clone().err().unwrap_or_default();
        self.report.case(&corpus, &name, query, verdict.is_ok(), &ours, &wanted);
    }

    fn verdict(
        &self,
        result: &Result<Outcome, String>,
        query: &str,
        when: When,
        time: Option<i64>,
    ) -> Result<(), String> {
        let eval = self.eval;
        let outcome = match (result, &eval.fail) {
            (Err(error), Some(text)) => {
                return if text.matches(error) { Ok(()) } else { Err(format!("{text:?}")) };
            }
            (Err(_), None) => return Err("no error".to_owned()),
            (Ok(_), Some(text)) => return Err(format!("an error {text:?}")),
            (Ok(outcome), None) => outcome,
        };
        // The positions are those of the query as written; the range is compared by its value alone.
        let is_again = query != eval.query || (time.is_some() && !matches!(when, When::Instant(_)));
        notes(&eval.warnings, eval.no_warnings, outcome, Severity::Warning, query, is_again)?;
        notes(&eval.infos, eval.no_infos, outcome, Severity::Info, query, is_again)?;
        match &outcome.value {
            Value::Scalar(_, value) => match eval.scalar {
                Some(wanted) if almost(wanted, *value) => Ok(()),
                wanted => Err(format!("scalar {wanted:?}")),
            },
            Value::String(_, text) => match &eval.string {
                Some(wanted) if wanted == text => Ok(()),
                wanted => Err(format!("string {wanted:?}")),
            },
            Value::Vector(series) => compare_vector(&eval.series, series, eval.is_ordered),
            Value::Matrix(series) => {
                if let Some((start, step)) = eval.range_vector {
                    return compare_matrix(&eval.series, series, start, step);
                }
                match (eval.at, when) {
                    (At::Range(start, _, step), _) => compare_matrix(&eval.series, series, start, step),
                    (At::Instant(_), _) => {
                        let time = time.ok_or("no time")?;
                        if let Some(wanted) = eval.scalar {
                            let found = series.first().and_then(|s| at(s, time));
                            return match found {
                                Some(SampleValue::Float(found)) if almost(wanted, *found) => Ok(()),
                                _ => Err(format!("{wanted} at {time}")),
                            };
                        }
                        let here: Vec<ResultSeries> = series
                            .iter()
                            .filter_map(|series| {
                                let value = at(series, time)?.clone();
                                let labels = series.labels.clone();
                                Some(ResultSeries { labels, samples: vec![(time, value)] })
                            })
                            .collect();
                        compare_vector(&eval.series, &here, false)
                    }
                }
            }
        }
    }
}

fn at(series: &ResultSeries, time: i64) -> Option<&SampleValue> {
    series.samples.iter().find(|(at, _)| *at == time).map(|(_, value)| value)
}

fn calls_time_function(expr: &Expr) -> bool {
    let is_one = matches!(&expr.kind, ExprKind::Call(call)
        if TIME_FUNCTIONS.contains(&call.function.name));
    is_one || expr.children().into_iter().any(calls_time_function)
}

/// Puts `@ time` on all selectors and subqueries that have none and are in no subquery with one.
fn pin(expr: &mut Expr, time: i64) {
    let fix = |at: &mut Option<Pin>| {
        if at.is_none() {
            *at = Some(Pin::Time(time));
        }
    };
    match &mut expr.kind {
        ExprKind::Selector(selector) => {
            if !selector.is_info_filter {
                fix(&mut selector.at);
            }
        }
        ExprKind::Range(range) => fix(&mut range.selector.at),
        ExprKind::Subquery(subquery) => {
            // What is inside a pinned subquery follows it.
            fix(&mut subquery.at);
        }
        ExprKind::Paren(inner) => pin(inner, time),
        ExprKind::Unary(unary) => pin(&mut unary.expr, time),
        ExprKind::Binary(binary) => {
            pin(&mut binary.left, time);
            pin(&mut binary.right, time);
        }
        ExprKind::Aggregate(aggregate) => {
            pin(&mut aggregate.expr, time);
            if let Some(param) = &mut aggregate.param {
                pin(param, time);
            }
        }
        ExprKind::Call(call) => {
            for arg in &mut call.args {
                pin(arg, time);
            }
        }
        ExprKind::Number(_) | ExprKind::String(_) | ExprKind::Invalid { .. } => {}
    }
}

fn notes(
    wanted: &[Text],
    none: bool,
    outcome: &Outcome,
    severity: Severity,
    query: &str,
    is_again: bool,
) -> Result<(), String> {
    if is_again {
        return Ok(());
    }
    let found = outcome.annotations.texts(severity, query);
    if none && !found.is_empty() {
        return Err(format!("no {severity:?}"));
    }
    if wanted.is_empty() {
        return Ok(());
    }
    if found.is_empty() {
        return Err(format!("{severity:?} {wanted:?}"));
    }
    let is_met = |text: &Text| found.iter().any(|found| text.matches(found));
    let is_wanted = |found: &String| wanted.iter().any(|text| text.matches(found));
    if wanted.iter().all(is_met) && found.iter().all(is_wanted) {
        return Ok(());
    }
    Err(format!("{severity:?} {wanted:?}, found {found:?}"))
}

fn almost(a: f64, b: f64) -> bool {
    let is_stale = |value: f64| value.to_bits() == model::sample::STALE_NAN_BITS;
    if is_stale(a) || is_stale(b) {
        return is_stale(a) && is_stale(b);
    }
    if (a.is_nan() && b.is_nan()) || a == b {
        return true;
    }
    let (sum, difference) = (a.abs() + b.abs(), (a - b).abs());
    if a == 0.0 || b == 0.0 || sum < f64::MIN_POSITIVE {
        return difference < 1e-6 * f64::MIN_POSITIVE;
    }
    difference / sum.min(f64::MAX) < 1e-6
}

fn same_histogram(wanted: &FloatHistogram, found: &FloatHistogram, has_hint: bool) -> bool {
    let (wanted, found) = (wanted.clone().compact(), found.clone().compact());
    let same_buckets = |a: &[Bucket], b: &[Bucket]| {
        a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.index == b.index && almost(a.count, b.count))
    };
    wanted.schema == found.schema
        && almost(wanted.count, found.count)
        && almost(wanted.sum, found.sum)
        && wanted.bounds == found.bounds
        && wanted.zero_threshold == found.zero_threshold
        && almost(wanted.zero_count, found.zero_count)
        && same_buckets(&wanted.positive, &found.positive)
        && same_buckets(&wanted.negative, &found.negative)
        && (!has_hint || wanted.hint == found.hint)
}

fn same_value(wanted: &SeriesValue, found: &SampleValue) -> bool {
    match (wanted, found) {
        (SeriesValue::Float(wanted), SampleValue::Float(found)) => almost(*wanted, *found),
        (SeriesValue::Histogram(wanted, has_hint), SampleValue::Histogram(found)) => {
            same_histogram(wanted, found, *has_hint)
        }
        _ => false,
    }
}

fn compare_vector(
    wanted: &[(Labels, Vec<SeriesValue>)],
    found: &[ResultSeries],
    is_ordered: bool,
) -> Result<(), String> {
    let text = || {
        let one = |(labels, values): &(Labels, Vec<SeriesValue>)| format!("{labels:?} {values:?}");
        wanted.iter().map(one).collect::<Vec<_>>().join("; ")
    };
    if wanted.len() != found.len() {
        return Err(text());
    }
    for (place, (labels, values)) in wanted.iter().enumerate() {
        let series = if is_ordered {
            found.get(place).filter(|series| series.labels == *labels)
        } else {
            found.iter().find(|series| series.labels == *labels)
        };
        let value = series.and_then(|series| series.samples.first());
        match (values.first(), value) {
            (Some(wanted), Some((_, found))) if same_value(wanted, found) => {}
            _ => return Err(text()),
        }
    }
    Ok(())
}

fn compare_matrix(
    wanted: &[(Labels, Vec<SeriesValue>)],
    found: &[ResultSeries],
    start: i64,
    step: i64,
) -> Result<(), String> {
    let text = |labels: &Labels, values: &[SeriesValue]| Err(format!("{labels:?} {values:?}"));
    if found.windows(2).any(|pair| pair[0].labels > pair[1].labels) {
        return Err("sorted by labels".to_owned());
    }
    let mut count = 0;
    for (labels, values) in wanted {
        let points: Vec<(i64, &SeriesValue)> = values
            .iter()
            .enumerate()
            .filter(|(_, value)| !matches!(value, SeriesValue::Omitted))
            .map(|(at, value)| (start + at as i64 * step, value))
            .collect();
        let Some(series) = found.iter().find(|series| series.labels == *labels) else {
            return text(labels, values);
        };
        count += 1;
        let is_same = points.len() == series.samples.len()
            && points
                .iter()
                .zip(&series.samples)
                .all(|((time, wanted), (at, found))| time == at && same_value(wanted, found));
        if !is_same {
            return text(labels, values);
        }
    }
    if count == found.len() { Ok(()) } else { Err(format!("{count} series")) }
}

fn show(outcome: &Outcome, query: &str) -> String {
    let mut out = match &outcome.value {
        Value::Scalar(_, value) => format!("{value}"),
        Value::String(_, text) => text.clone(),
        Value::Vector(series) | Value::Matrix(series) => {
            let one = |series: &ResultSeries| {
                let points: Vec<String> = series
                    .samples
                    .iter()
                    .take(20)
                    .map(|(time, value)| match value {
                        SampleValue::Float(value) => format!("{value}@{time}"),
                        SampleValue::Histogram(h) => {
                            format!("{h}/{}/{}/{:?}@{time}", h.schema, h.zero_threshold, h.hint)
                        }
                    })
                    .collect();
                format!("{:?} {}", series.labels, points.join(" "))
            };
            series.iter().take(8).map(one).collect::<Vec<_>>().join("; ")
        }
    };
    for severity in [Severity::Warning, Severity::Info] {
        for note in outcome.annotations.texts(severity, query) {
            out.push_str(&format!(" [{note}]"));
        }
    }
    out
}
