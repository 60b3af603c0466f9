//! Properties over random queries and data: printing reads back, evaluation equals a naive evaluator in
//! any order and any pieces, and a range query is its instants.

use logql::eval::Data;
use logql::syntax::format::format_within;
use logql::{Control, Direction, LabelSet, MemorySource, Params, Series, evaluate, format, parse};
use proptest::prelude::*;

/// Query texts made of the grammar's pieces.
fn query() -> impl Strategy<Value = String> {
    let matcher = prop::sample::select(vec![
        r#"app="a""#,
        r#"app=~"a|b""#,
        r#"app="a", env!="prod""#,
        r#"app=~".+", x!~"y.*""#,
    ]);
    let stage = prop::sample::select(vec![
        r#"|= "x""#,
        r#"| decolorize != "x" or "y""#,
        r#"|~ "a.c" or ip("1.2.3.4")"#,
        r#"|> "<_> a <_>""#,
        "| json",
        r#"| json a="b.c[0]", d"#,
        "| logfmt --strict",
        "| logfmt --keep-empty a, b=\"c\"",
        "| regexp `(?P<m>\\w+)`",
        "| pattern `<m> <_> <n>`",
        "| unpack",
        "| decolorize",
        r#"| line_format "{{ .a | upper }}""#,
        r#"| label_format a=b, c="{{.d}}""#,
        r#"| drop a, b="c" | x="1""#,
        "| keep a, __error__ | decolorize",
        r#"| a="b" or c>5 and d<=2.5s"#,
        r#"| a==1.5e3, b!="x" or (c=~"d" e>=10KB)"#,
        r#"| a=ip("10.0.0.0/8")"#,
        "| x != -3",
        "| t < 1h2m3s",
        "| s > 1536B",
    ]);
    let log = (matcher, prop::collection::vec(stage, 0..4))
        .prop_map(|(matcher, stages)| format!("{{{matcher}}} {}", stages.join(" ")));
    let window =
        prop::sample::select(vec!["[5m]", "[1h30m] offset 2m", "[1w]", "[90s] offset -10s", "[500ms]"]);
    let range = (log.clone(), window, 0..6_usize).prop_map(|(log, window, kind)| match kind {
        0 => format!("count_over_time({log} {window})"),
        1 => format!("rate({log} | unwrap bytes(v) | __error__=\"\" {window})"),
        2 => format!("avg_over_time({log} | unwrap v {window}) by (app, env)"),
        3 => format!("quantile_over_time(0.95, {log} | unwrap duration(v) {window}) without (x)"),
        4 => format!("absent_over_time({log} {window})"),
        _ => format!("bytes_rate({log} {window})"),
    });
    let metric = range.prop_recursive(4, 16, 2, |inner| {
        prop_oneof![
            (
                inner.clone(),
                prop::sample::select(vec!["sum", "avg by (app)", "topk", "sort_desc", "max without ()"])
            )
                .prop_map(|(inner, op)| match op {
                    "topk" => format!("topk by (app)(3, {inner})"),
                    op => format!("{op} ({inner})"),
                }),
            (
                inner.clone(),
                inner.clone(),
                prop::sample::select(vec![
                    "+",
                    "-",
                    "*",
                    "/",
                    "%",
                    "^",
                    "and",
                    "or",
                    "unless",
                    ">",
                    "== bool",
                    "> bool on (app)",
                    "/ ignoring (app) group_left (x, y)",
                    "+ on (app) group_right (z)",
                ])
            )
                .prop_map(|(a, b, op)| format!("{a} {op} {b}")),
            (inner.clone(), inner.clone(), prop::sample::select(vec!["-", "^", "or"]))
                .prop_map(|(a, b, op)| format!("({a} {op} {b}) {op} ({b} {op} {a})")),
            (inner.clone(), -5..5_i32).prop_map(|(a, n)| format!("{a} * {n}")),
            inner.prop_map(|a| format!(r#"label_replace({a}, "x", "$1-${{2}}", "y", "(.*)")"#)),
        ]
    });
    prop_oneof![log, metric]
}

/// An entry of the naive evaluator, before it is a line.
#[derive(Debug, Clone)]
struct Sample {
    app: &'static str,
    level: &'static str,
    time_s: i64,
    value: i64,
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    let one = (
        prop::sample::select(vec!["a", "b", "c"]),
        prop::sample::select(vec!["info", "warn"]),
        0..60_i64,
        -20..20_i64,
    )
        .prop_map(|(app, level, time_s, value)| Sample { app, level, time_s, value });
    prop::collection::vec(one, 0..40)
}

fn source(samples: &[Sample], batch: usize, applies: bool) -> MemorySource {
    let mut source = MemorySource::new(batch, applies);
    let apps = ["a", "b", "c"];
    let streams = apps.map(|app| source.add_stream(LabelSet::from_pairs([("app", app)])));
    for sample in samples {
        let stream = streams[apps.iter().position(|app| *app == sample.app).unwrap()];
        let line = format!("lvl={} v={} mark", sample.level, sample.value);
        source.add(stream, sample.time_s * 1_000_000_000, line, Vec::new());
    }
    source
}

/// The value of a function over values sorted by time.
fn naive(op: &str, mut values: Vec<f64>, range_s: f64) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    match op {
        "count_over_time" => n,
        "rate" => n / range_s,
        "sum_over_time" => values.iter().sum(),
        "avg_over_time" => mean,
        "min_over_time" => values.iter().copied().fold(f64::INFINITY, f64::min),
        "max_over_time" => values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
        "stdvar_over_time" => values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n,
        _ => {
            values.sort_by(f64::total_cmp);
            let rank = 0.5 * (n - 1.0);
            let (low, high) = (rank.floor() as usize, rank.ceil() as usize);
            (values[low] + values[high]) / 2.0
        }
    }
}

const OPS: [&str; 8] = [
    "count_over_time",
    "rate",
    "sum_over_time",
    "avg_over_time",
    "min_over_time",
    "max_over_time",
    "stdvar_over_time",
    "quantile_over_time",
];

fn text_of(op: &str, range_s: i64, offset_s: i64) -> String {
    let head = r#"{app=~"a|b"} |= "mark" | logfmt | v >= -10 | drop v"#;
    let unwrapped = r#"{app=~"a|b"} |= "mark" | logfmt | v >= -10 | unwrap v"#;
    match op {
        "count_over_time" | "rate" => format!("{op}({head} [{range_s}s] offset {offset_s}s)"),
        "quantile_over_time" => format!("{op}(0.5, {unwrapped} [{range_s}s] offset {offset_s}s)"),
        _ => format!("{op}({unwrapped} [{range_s}s] offset {offset_s}s)"),
    }
}

fn run(text: &str, params: &Params, source: &MemorySource) -> Vec<Series> {
    let expr = parse(text).into_result().unwrap();
    match evaluate(&expr, params, source, &Control::default()).unwrap().data {
        Data::Matrix(series) | Data::Vector(series) => series,
        other => panic!("{other:?}"),
    }
}

fn show(series: &[Series]) -> Vec<String> {
    // Adding zero makes a zero of rounding errors positive.
    let rounded = |value: f64| (value * 1e6).round() / 1e6 + 0.0;
    let number = |value: &Option<f64>| value.map_or("-".to_owned(), |value| rounded(value).to_string());
    series
        .iter()
        .map(|one| format!("{} {:?}", one.labels, one.values.iter().map(number).collect::<Vec<_>>()))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// Guarantees: the canonical and the readable print read back to the same query.
    #[test]
    fn printing_reads_back(text in query(), width in 0..120_usize) {
        let parsed = parse(&text);
        prop_assert!(parsed.diagnostics.is_empty(), "{text}: {:?}", parsed.diagnostics);
        let canonical = parsed.expr.to_string();
        let again = parse(&canonical).into_result();
        prop_assert_eq!(again.as_ref().map(ToString::to_string), Ok(canonical.clone()), "{}", text);
        let pretty = parse(&format_within(&parsed.expr, width)).into_result();
        prop_assert_eq!(pretty.map(|expr| expr.to_string()), Ok(canonical), "{}", text);
    }

    /// Guarantees: answers are those of a naive evaluator, whatever the order and the pieces of the
    /// input and whatever the source applies.
    #[test]
    fn evaluation_is_naive(
        samples in samples(),
        op in prop::sample::select(OPS.to_vec()),
        (range_s, offset_s, step_s) in (1..30_i64, -5..10_i64, 1..20_i64),
        shuffle in any::<u64>(),
        batch in 1..10_usize,
    ) {
        let text = text_of(op, range_s, offset_s);
        let params = Params::range(0, 60_000_000_000, step_s * 1_000_000_000);
        let steps: Vec<i64> = (0..=60 / step_s).map(|step| step * step_s).collect();
        let mut wanted = Vec::new();
        for (app, level) in [("a", "info"), ("a", "warn"), ("b", "info"), ("b", "warn")] {
            let mut own: Vec<&Sample> = samples
                .iter()
                .filter(|s| s.app == app && s.level == level && s.value >= -10)
                .collect();
            own.sort_by_key(|s| s.time_s);
            let values: Vec<Option<f64>> = steps
                .iter()
                .map(|at| {
                    let window: Vec<f64> = own
                        .iter()
                        .filter(|s| s.time_s + offset_s > at - range_s && s.time_s + offset_s <= *at)
                        .map(|s| s.value as f64)
                        .collect();
                    (!window.is_empty()).then(|| naive(op, window, range_s as f64))
                })
                .collect();
            if values.iter().any(Option::is_some) {
                let labels = LabelSet::from_pairs([("app", app), ("lvl", level)]);
                wanted.push(Series { labels, values });
            }
        }
        let mut mixed = samples.clone();
        let mut seed = shuffle | 1;
        for index in (1..mixed.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            mixed.swap(index, (seed >> 33) as usize % (index + 1));
        }
        for applies in [false, true] {
            let ours = run(&text, &params, &source(&mixed, batch, applies));
            prop_assert_eq!(show(&ours), show(&wanted), "{} applies={}", text, applies);
        }
    }

    /// Guarantees: a log query gives the first entries in its direction that pass, whatever the order
    /// and the pieces of the input and whatever the source applies.
    #[test]
    fn logs_are_the_first_that_pass(
        samples in samples(),
        limit in 1..12_usize,
        is_forward in any::<bool>(),
        shape in 0..4_usize,
        batch in 1..10_usize,
    ) {
        let mut times = std::collections::BTreeSet::new();
        let samples: Vec<Sample> =
            samples.into_iter().filter(|sample| times.insert(sample.time_s)).collect();
        type Test = fn(&Sample) -> bool;
        let (stages, passes): (&str, Test) = match shape {
            0 => ("", |_| true),
            1 => ("|= \"mark\" | lvl=\"info\"", |s| s.level == "info"),
            2 => ("!= \"v=1\" | lvl=\"warn\" or app=\"a\" | logfmt | v > 0", |s| {
                !s.value.to_string().starts_with('1') && (s.level == "warn" || s.app == "a") && s.value > 0
            }),
            _ => ("| v_meta >= 0 | json | __error__!=\"\"", |s| s.value >= 0),
        };
        let mut data = MemorySource::new(batch, false);
        let mut applying = MemorySource::new(batch, true);
        for source in [&mut data, &mut applying] {
            for app in ["a", "b", "c"] {
                source.add_stream(LabelSet::from_pairs([("app", app)]));
            }
            for sample in &samples {
                let stream = usize::from(sample.app.as_bytes()[0] - b'a');
                let line = format!("lvl={} v={} mark", sample.level, sample.value);
                let pair = |name: &str, value: &str| (name.into(), value.into());
                let value = sample.value.to_string();
                let metadata = vec![pair("lvl", sample.level), pair("v_meta", &value)];
                source.add(stream, sample.time_s, line, metadata);
            }
        }
        let mut wanted: Vec<&Sample> =
            samples.iter().filter(|s| s.app != "c" && s.time_s < 50 && passes(s)).collect();
        wanted.sort_by_key(|s| if is_forward { s.time_s } else { -s.time_s });
        let mut wanted: Vec<i64> = wanted.iter().take(limit).map(|s| s.time_s).collect();
        wanted.sort_unstable();
        let text = format!("{{app=~\"a|b\"}} {stages}");
        let expr = parse(&text).into_result().unwrap();
        let mut params = Params::range(0, 50, 0);
        params.limit = limit;
        params.direction = if is_forward { Direction::Forward } else { Direction::Backward };
        for source in [&data, &applying] {
            let answer = evaluate(&expr, &params, source, &Control::default()).unwrap();
            let Data::Streams(streams) = answer.data else {
                panic!("no streams");
            };
            let mut ours: Vec<i64> =
                streams.iter().flat_map(|one| one.entries.iter().map(|entry| entry.time_ns)).collect();
            ours.sort_unstable();
            prop_assert_eq!(&ours, &wanted, "{}", text);
        }
    }

    /// Guarantees: a range query gives at each step what an instant query gives there, also through
    /// aggregations and binary operators.
    #[test]
    fn a_range_is_its_instants(
        samples in samples(),
        op in prop::sample::select(OPS.to_vec()),
        shape in 0..6_usize,
    ) {
        let inner = text_of(op, 10, 0);
        let text = match shape {
            0 => format!("sum by (app) ({inner})"),
            1 => format!("max ({inner}) - min ({inner})"),
            2 => format!("topk(1, {inner})"),
            3 => format!("{inner} > 1 or vector(7)"),
            4 => format!("{inner} / on (app, lvl) {inner}"),
            _ => format!("2 ^ ({inner} % 3)"),
        };
        let data = source(&samples, 7, false);
        let step = 7_000_000_000;
        let whole = run(&text, &Params::range(0, 60_000_000_000, step), &data);
        for index in 0..=8_usize {
            let at = run(&text, &Params::instant(index as i64 * step), &data);
            let cut: Vec<Series> = whole
                .iter()
                .filter(|one| one.values[index].is_some())
                .map(|one| Series { labels: one.labels.clone(), values: vec![one.values[index]] })
                .collect();
            prop_assert_eq!(show(&at), show(&cut), "{} at {}", text, index);
        }
    }

    /// Guarantees: no text makes the parser panic, and complaints lie inside the text.
    #[test]
    fn any_text_is_read(text in "[ -~\u{e9}\n]{0,60}", pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "(", ")", "a", "=", "\"x\"", "|", "|=", "[5m]", "json", "sum", "rate", "by", ",", "or", "and", "1",
        "-", "unwrap", "offset", "5m", "ip", "--strict", "on", "^", "#", "`", "label_format", "drop", "bool",
    ]), 0..30)) {
        for text in [text, pieces.join(" ")] {
            let parsed = parse(&text);
            for diagnostic in &parsed.diagnostics {
                prop_assert!(diagnostic.span.end as usize <= text.len(), "{text}: {diagnostic:?}");
            }
            let _ = logql::check(&text);
            let _ = format(&parsed.expr);
        }
    }

    /// Guarantees: no line makes a stage panic, and malformed JSON is told from whole one as the stage
    /// does it when all labels are wanted.
    #[test]
    fn any_line_is_read(line in "[ -~\u{e9}\n]{0,40}", pieces in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "[", "]", "\"a\"", "\"b\\n\"", ":", ",", "1", "true", "null", "\\", "\"", "=", " ", "k=v", "<", "é",
    ]), 0..20)) {
        for line in [line, pieces.concat()] {
            for stages in ["| json", "| json a=\"b[0].c\"", "| logfmt --strict --keep-empty", "| unpack", "| pattern `<a> <b>=<c>`",
                "| regexp `(?P<a>.)=(?P<b>.*)`", "|= ip(\"1.0.0.0/8\")", "| decolorize", "| line_format `{{ __line__ | trunc 3 }}`"] {
                let errors = |text: &str| {
                    let source = {
                        let mut source = MemorySource::new(1, false);
                        let stream = source.add_stream(LabelSet::from_pairs([("app", "a")]));
                        source.add(stream, 1, line.clone(), Vec::new());
                        source
                    };
                    let expr = parse(text).into_result().unwrap();
                    evaluate(&expr, &Params::instant(10), &source, &Control::default()).map(|a| a.data).map_err(|e| e.to_string())
                };
                let all = errors(&format!("count_over_time({{app=\"a\"}} {stages} [1m])"));
                let one = errors(&format!("sum by (zz) (count_over_time({{app=\"a\"}} {stages} [1m]))"));
                prop_assert_eq!(all.is_err(), one.is_err(), "{} <- {}", stages, line);
            }
        }
    }
}
