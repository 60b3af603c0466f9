//! What holds for every query and all data: printing and parsing are inverse, a range is its instants,
//! the evaluator agrees with a naive one, and the splitting of samples into chunks does not matter.

use model::Labels;
use promql::source::{Limits, MemorySource, Unwatched};
use promql::{EvalOptions, ParseOptions, ResultSeries, SampleValue, Value, When, evaluate, parse};
use proptest::prelude::*;

fn duration() -> impl Strategy<Value = String> {
    prop_oneof![
        (1_u32..500).prop_map(|minutes| format!("{minutes}m")),
        (1_u32..90).prop_map(|seconds| format!("{seconds}s")),
        (1_u32..3).prop_map(|hours| format!("{hours}h30m")),
    ]
}

fn label_list() -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(vec!["a", "b", "job", "\"x.y\""]), 0..3)
        .prop_map(|labels| labels.join(", "))
}

fn selector() -> impl Strategy<Value = String> {
    let matcher = (
        prop::sample::select(vec!["a", "b", "\"x.y\""]),
        prop::sample::select(vec!["=", "!=", "=~", "!~"]),
        "[a-z|]{0,4}",
    )
        .prop_map(|(name, op, value)| format!("{name}{op}\"{value}\""));
    let modifiers = prop_oneof![
        Just(String::new()),
        duration().prop_map(|offset| format!(" offset {offset}")),
        (0_u32..5000).prop_map(|time| format!(" @ {time}")),
        Just(" @ end()".to_owned()),
    ];
    (prop::sample::select(vec!["x", "up", "foo:bar", "sum"]), prop::collection::vec(matcher, 0..3), modifiers)
        .prop_map(|(name, matchers, modifiers)| {
            let braces =
                if matchers.is_empty() { String::new() } else { format!("{{{}}}", matchers.join(",")) };
            format!("{name}{braces}{modifiers}")
        })
}

fn range() -> impl Strategy<Value = String> {
    (prop::sample::select(vec!["x", "up{a=\"b\"}"]), duration(), duration(), any::<bool>()).prop_map(
        |(series, range, step, is_subquery)| {
            if is_subquery { format!("{series}[{range}:{step}]") } else { format!("{series}[{range}]") }
        },
    )
}

fn query() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        selector(),
        (prop::sample::select(vec!["rate", "avg_over_time", "changes", "deriv"]), range())
            .prop_map(|(function, range)| format!("{function}({range})")),
    ];
    leaf.prop_recursive(4, 24, 3, |inner| {
        let op = prop::sample::select(vec![
            "+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<= bool", "and", "or", "unless",
        ]);
        let matching = prop_oneof![
            Just(String::new()),
            label_list().prop_map(|labels| format!("on({labels})")),
            label_list().prop_map(|labels| format!("ignoring({labels})")),
        ];
        prop_oneof![
            (inner.clone(), op, matching, inner.clone())
                .prop_map(|(left, op, matching, right)| format!("{left} {op} {matching} {right}")),
            inner.clone().prop_map(|inner| format!("({inner})")),
            inner.clone().prop_map(|inner| format!("-{inner}")),
            inner.clone().prop_map(|inner| format!("abs({inner})")),
            (inner.clone(), -9.0_f64..9.0).prop_map(|(inner, n)| format!("clamp_min({inner}, {n})")),
            (label_list(), inner.clone(), any::<bool>()).prop_map(|(labels, inner, is_without)| {
                let word = if is_without { "without" } else { "by" };
                format!("sum {word} ({labels}) ({inner})")
            }),
            inner.prop_map(|inner| format!("topk(3, {inner})")),
        ]
    })
}

/// Samples of three series: gaps, resets and both signs.
fn data() -> impl Strategy<Value = Vec<Vec<Option<f64>>>> {
    let sample = prop_oneof![
        3 => (0_i32..100).prop_map(|value| Some(f64::from(value) / 4.0)),
        1 => Just(None),
    ];
    prop::collection::vec(prop::collection::vec(sample, 20), 3)
}

fn source(data: &[Vec<Option<f64>>], chunk_samples: usize) -> MemorySource {
    let mut source = MemorySource::with_chunk_samples(chunk_samples);
    for (number, samples) in data.iter().enumerate() {
        let instance = number.to_string();
        let group = (number % 2).to_string();
        let labels = Labels::from_pairs([("__name__", "x"), ("a", &instance), ("b", &group), ("job", "j")]);
        for (at, value) in samples.iter().enumerate() {
            if let Some(value) = value {
                source.push_float(&labels, at as i64 * 15_000 + number as i64 * 37, 0, *value);
            }
        }
    }
    source
}

fn run(query: &str, when: When, source: &MemorySource) -> Result<Vec<ResultSeries>, String> {
    let tree = parse(query, ParseOptions::ALL).map_err(|errors| errors.to_string())?;
    let limits = Limits::new(1 << 30, 1_000_000, &Unwatched);
    let outcome =
        evaluate(&tree, when, EvalOptions::default(), source, &limits).map_err(|error| error.to_string())?;
    Ok(match outcome.value {
        Value::Vector(series) | Value::Matrix(series) => series,
        Value::Scalar(..) | Value::String(..) => Vec::new(),
    })
}

fn bits(value: &SampleValue) -> u64 {
    match value {
        SampleValue::Float(value) => value.to_bits(),
        SampleValue::Histogram(_) => 0,
    }
}

/// The value of a series at a time.
fn at(series: &[ResultSeries], labels: &Labels, time: i64) -> Option<f64> {
    let series = series.iter().find(|series| series.labels == *labels)?;
    match series.samples.iter().find(|(at, _)| *at == time)?.1 {
        SampleValue::Float(value) => Some(value),
        SampleValue::Histogram(_) => None,
    }
}

fn naive(name: &str, window: &[(i64, f64)], from: i64, to: i64) -> Option<f64> {
    let (first, last) = (window.first()?, window.last()?);
    let values = || window.iter().map(|sample| sample.1);
    Some(match name {
        "sum_over_time" => values().sum(),
        "avg_over_time" => values().sum::<f64>() / window.len() as f64,
        "min_over_time" => values().fold(f64::INFINITY, f64::min),
        "max_over_time" => values().fold(f64::NEG_INFINITY, f64::max),
        "count_over_time" => window.len() as f64,
        "last_over_time" => last.1,
        "changes" => window.windows(2).filter(|pair| pair[0].1 != pair[1].1).count() as f64,
        "resets" => window.windows(2).filter(|pair| pair[1].1 < pair[0].1).count() as f64,
        _ => {
            if window.len() < 2 {
                return None;
            }
            let mut change = last.1 - first.1;
            let lost = window.windows(2).filter(|pair| pair[1].1 < pair[0].1).map(|pair| pair[0].1);
            change += lost.sum::<f64>();
            let seconds = |ms: i64| ms as f64 / 1000.0;
            let sampled = seconds(last.0 - first.0);
            let average = sampled / (window.len() - 1) as f64;
            let mut start = seconds(first.0 - from);
            let mut end = seconds(to - last.0);
            if start >= average * 1.1 {
                start = average / 2.0;
            }
            if end >= average * 1.1 {
                end = average / 2.0;
            }
            if change > 0.0 {
                start = start.min(sampled * first.1 / change);
            }
            change * (sampled + start + end) / sampled / seconds(to - from)
        }
    })
}

/// What a selector gives at a time: of each series its number and its last value of the last five minutes.
fn latest(data: &[Vec<Option<f64>>], time: i64) -> Vec<(usize, f64)> {
    let of = |(number, samples): (usize, &Vec<Option<f64>>)| {
        let is_seen = |at: &usize| {
            let at = *at as i64 * 15_000 + number as i64 * 37;
            at <= time && at > time - 300_000
        };
        let last = (0..samples.len()).filter(is_seen).filter_map(|at| samples[at]).next_back()?;
        Some((number, last))
    };
    data.iter().enumerate().filter_map(of).collect()
}

/// Operators between vectors, aggregations among them, spelled out at one time; the numbers are the label `a`,
/// their halves' rests the label `b`.
fn naive_operator(shape: usize, x: &[(usize, f64)]) -> Vec<(String, f64)> {
    let a = |number: usize| format!("a={number}");
    let group = |number: usize| x.iter().filter(move |(other, _)| other % 2 == number % 2).map(|(_, value)| *value);
    let grouped = |fold: &dyn Fn(Vec<f64>) -> f64| -> Vec<(String, f64)> {
        let groups = (0..2).map(|b| (format!("b={b}"), group(b).collect::<Vec<f64>>()));
        groups.filter(|(_, values)| !values.is_empty()).map(|(b, values)| (b, fold(values))).collect()
    };
    let each = |keep: &dyn Fn(usize, f64) -> Option<f64>| -> Vec<(String, f64)> {
        x.iter().filter_map(|(number, value)| Some((a(*number), keep(*number, *value)?))).collect()
    };
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    match shape {
        0 => grouped(&|values| values.iter().sum()),
        1 => grouped(&|values| mean(&values)),
        2 => grouped(&|values| values.into_iter().fold(f64::NEG_INFINITY, f64::max)),
        3 => grouped(&|values| values.len() as f64),
        4 => grouped(&|values| values.iter().map(|v| (v - mean(&values)).powi(2)).sum::<f64>() / values.len() as f64),
        5 => each(&|number, value| Some(value - group(number).sum::<f64>())),
        6 => each(&|_, value| (value > 10.0).then_some(value)),
        7 => each(&|_, value| Some(f64::from(u8::from(value <= 10.0)))),
        8 => each(&|number, value| (group(number).sum::<f64>() > 20.0).then_some(value)),
        9 => each(&|number, value| (group(number).sum::<f64>() <= 20.0).then_some(value)),
        // Those above ten as they are, all others doubled.
        10 => each(&|_, value| Some(if value > 10.0 { value } else { value * 2.0 })),
        _ => {
            let largest = x.iter().map(|(_, value)| *value).fold(f64::NEG_INFINITY, f64::max);
            // Of equal ones the first stays.
            let first = x.iter().find(|(_, value)| *value == largest);
            first.map(|(number, value)| (a(*number), *value)).into_iter().collect()
        }
    }
}

const OPERATORS: [&str; 12] = [
    "sum by (b) (x)",
    "avg without (a, job) (x)",
    "max by (b) (x)",
    "count by (b) (x)",
    "stdvar by (b) (x)",
    "x - on (b) group_left sum by (b) (x)",
    "x > 10",
    "x <= bool 10",
    "x and on (b) (sum by (b) (x) > 20)",
    "x unless on (b) (sum by (b) (x) > 20)",
    "x > 10 or x * 2",
    "topk(1, x)",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printing_and_parsing_are_inverse(query in query()) {
        if let Ok(tree) = parse(&query, ParseOptions::ALL) {
            let printed = tree.to_string();
            let again = parse(&printed, ParseOptions::ALL);
            prop_assert!(again.is_ok(), "{query} -> {printed}");
            if let Ok(again) = again {
                prop_assert_eq!(again.to_string(), printed.clone());
            }
            let pretty = tree.pretty_within(20);
            let again = parse(&pretty, ParseOptions::ALL).map(|tree| tree.to_string());
            prop_assert_eq!(again.ok(), Some(printed));
        }
    }

    #[test]
    fn any_text_gives_a_tree_or_errors(text in "\\PC{0,60}") {
        let parsed = parse(&text, ParseOptions::ALL);
        if let Err(errors) = parsed {
            prop_assert!(!errors.diagnostics.is_empty());
        }
    }

    #[test]
    fn words_of_the_language_give_a_tree_or_errors(
        words in prop::collection::vec(prop::sample::select(vec![
            "x", "(", ")", "[", "]", "{", "}", "5m", "1", "sum", "by", "on", "offset", "@", "+", "-",
            "\"s\"", ",", "=", "=~", ":", "and", "bool", "group_left", "start", "step", "min_of", "rate",
            "fill", "anchored", "#", "\n", "'",
        ]), 0..14)
    ) {
        let parsed = parse(&words.join(" "), ParseOptions::ALL);
        if let Err(errors) = parsed {
            prop_assert!(!errors.diagnostics.is_empty());
        }
    }

    #[test]
    fn a_range_is_its_instants(query in query(), data in data()) {
        let source = source(&data, 5);
        let (start_ms, end_ms, step_ms) = (60_000, 240_000, 45_000);
        // `topk` and pinned ends depend on the range itself.
        prop_assume!(!query.contains("end()"));
        let range = run(&query, When::Range { start_ms, end_ms, step_ms }, &source);
        let instants: Vec<_> = (0..=4)
            .map(|step| start_ms + step * step_ms)
            .map(|time| (time, run(&query, When::Instant(time), &source)))
            .collect();
        match range {
            // An error at any step is an error of the range.
            Err(_) => prop_assert!(instants.iter().any(|(_, instant)| instant.is_err()), "{query}"),
            Ok(range) => for (time, instant) in instants {
                let instant = match instant {
                    Ok(instant) => instant,
                    Err(error) => return Err(TestCaseError::fail(format!("{query}: {error}"))),
                };
                let points: usize = range.iter()
                    .filter(|series| series.samples.iter().any(|(at, _)| *at == time))
                    .count();
                prop_assert_eq!(points, instant.len(), "{} at {}", query, time);
                for series in &instant {
                    let found = range.iter().find(|other| other.labels == series.labels)
                        .and_then(|other| other.samples.iter().find(|(at, _)| *at == time));
                    let found = found.map(|(_, value)| bits(value));
                    prop_assert_eq!(found, series.samples.first().map(|(_, value)| bits(value)), "{}", query);
                }
            },
        }
    }

    #[test]
    fn windows_agree_with_a_naive_evaluator(data in data(), range_s in 16_i64..200, chunk in 1_usize..9) {
        let ours = source(&data, chunk);
        let (start_ms, end_ms, step_ms) = (30_000, 330_000, 20_000);
        let when = When::Range { start_ms, end_ms, step_ms };
        for name in ["rate", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time",
            "count_over_time", "last_over_time", "changes", "resets"]
        {
            let found = run(&format!("{name}(x[{range_s}s])"), when, &ours).map_err(TestCaseError::fail)?;
            for (labels, chunk) in ours.iter() {
                let labels = if name == "last_over_time" { labels.clone() } else {
                    labels.filtered(|label| label != "__name__")
                };
                for time in (start_ms..=end_ms).step_by(20_000) {
                    let from = time - range_s * 1000;
                    let window: Vec<(i64, f64)> = chunk.times_ms.iter().copied()
                        .zip(chunk.values.iter().copied())
                        .filter(|(at, _)| *at > from && *at <= time)
                        .collect();
                    let wanted = naive(name, &window, from, time);
                    let found = at(&found, &labels, time);
                    let is_same = match (found, wanted) {
                        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * (1.0 + a.abs() + b.abs()),
                        (None, None) => true,
                        _ => false,
                    };
                    prop_assert!(is_same, "{name} at {time}: {found:?} is not {wanted:?}");
                }
            }
        }
    }

    #[test]
    fn operators_agree_with_a_naive_evaluator(
        data in data(),
        shape in 0..OPERATORS.len(),
        time in 0_i64..700_000,
        chunk in 1_usize..9,
    ) {
        let found = run(OPERATORS[shape], When::Instant(time), &source(&data, chunk)).map_err(TestCaseError::fail)?;
        let key = |labels: &Labels| match (labels.get("a"), labels.get("b")) {
            (Some(a), _) => format!("a={a}"),
            (None, b) => format!("b={}", b.unwrap_or_default()),
        };
        let mut found: Vec<(String, f64)> = found
            .iter()
            .map(|series| (key(&series.labels), at(std::slice::from_ref(series), &series.labels, time)))
            .map(|(key, value)| (key, value.unwrap_or(f64::NAN)))
            .collect();
        let mut wanted = naive_operator(shape, &latest(&data, time));
        found.sort_by(|a, b| a.0.cmp(&b.0));
        wanted.sort_by(|a, b| a.0.cmp(&b.0));
        let is_same = |((a, x), (b, y)): (&(String, f64), &(String, f64))| {
            a == b && (x - y).abs() <= 1e-9 * (1.0 + x.abs() + y.abs())
        };
        let is_same = found.len() == wanted.len() && found.iter().zip(&wanted).all(is_same);
        prop_assert!(is_same, "{} at {time}: {found:?} is not {wanted:?}", OPERATORS[shape]);
    }

    #[test]
    fn chunks_do_not_matter(query in query(), data in data(), chunk in 1_usize..9) {
        let when = When::Range { start_ms: 0, end_ms: 300_000, step_ms: 30_000 };
        let whole = run(&query, when, &source(&data, 1000));
        let split = run(&query, when, &source(&data, chunk));
        prop_assert_eq!(format!("{whole:?}"), format!("{split:?}"));
    }
}
