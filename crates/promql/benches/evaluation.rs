//! Ratios of the evaluator and the parser to plain loops, each pair measured in one run.
//!
//! `cargo bench -p promql` prints one JSON line a row: the times in milliseconds, their ratio, and the
//! ratio that must not be exceeded.

use std::hint::black_box;
use std::time::Instant;

use model::Labels;
use promql::lexer::Lexer;
use promql::source::{Limits, MemorySource, Unwatched};
use promql::token::TokenKind;
use promql::{EvalOptions, ParseOptions, Value, When, evaluate, parse};

const SERIES: usize = 2_000;
const SAMPLES: usize = 1_440;
const STEP_MS: i64 = 15_000;
const GROUPS: usize = 50;
/// Rounds of each pair; the fastest of each counts.
const ROUNDS: usize = 7;

struct Data {
    source: MemorySource,
    columns: Vec<(Vec<i64>, Vec<f64>)>,
}

/// Counters that rise by uneven amounts and are reset now and then.
fn data() -> Data {
    let mut source = MemorySource::with_chunk_samples(1 << 20);
    let mut columns = Vec::with_capacity(SERIES);
    let mut random = 0x2545_f491_4f6c_dd1d_u64;
    for number in 0..SERIES {
        let labels = Labels::from_pairs([
            ("__name__", "x_total"),
            ("g", &format!("g{:02}", number % GROUPS)),
            ("i", &format!("i{number:05}")),
        ]);
        let (mut times, mut values) = (Vec::new(), Vec::new());
        let mut value = 0.0;
        for at in 0..SAMPLES {
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            value = if random % 2_000 == 0 { 0.0 } else { value + (random % 97) as f64 };
            let time = at as i64 * STEP_MS + 1 + (number as i64 % 14_000);
            source.push_float(&labels, time, 0, value);
            times.push(time);
            values.push(value);
        }
        columns.push((times, values));
    }
    Data { source, columns }
}

/// The fastest of some rounds of two works, in milliseconds. The rounds alternate, so that a busy
/// machine slows both.
fn fastest(mut ours: impl FnMut(), mut base: impl FnMut()) -> (f64, f64) {
    let time = |work: &mut dyn FnMut()| {
        let begin = Instant::now();
        work();
        begin.elapsed().as_secs_f64() * 1e3
    };
    let mut best = (f64::INFINITY, f64::INFINITY);
    for _ in 0..ROUNDS {
        best.0 = best.0.min(time(&mut ours));
        best.1 = best.1.min(time(&mut base));
    }
    best
}

fn row(name: &str, (ours, base): (f64, f64), at_most: f64) {
    let ratio = ours / base;
    println!(
        "{{\"bench\":\"promql/{name}\",\"ours_ms\":{ours:.3},\"base_ms\":{base:.3},\
         \"ratio\":{ratio:.3},\"at_most\":{},\"ok\":{}}}",
        if at_most == f64::MAX { "null".to_owned() } else { at_most.to_string() },
        ratio <= at_most
    );
}

/// The plain loop: windows by two pointers, `compute` over each, sums by group.
fn plain(
    data: &Data,
    range_ms: i64,
    (start, end): (i64, i64),
    compute: impl Fn(&[i64], &[f64], i64, i64) -> Option<f64>,
) -> Vec<Vec<f64>> {
    let steps = ((end - start) / STEP_MS + 1) as usize;
    let mut sums = vec![vec![0.0; steps]; GROUPS];
    for (number, (times, values)) in data.columns.iter().enumerate() {
        let sums = &mut sums[number % GROUPS];
        let (mut low, mut high) = (0, 0);
        for (step, sum) in sums.iter_mut().enumerate() {
            let to = start + step as i64 * STEP_MS;
            let from = to - range_ms;
            while high < times.len() && times[high] <= to {
                high += 1;
            }
            while low < high && times[low] <= from {
                low += 1;
            }
            if let Some(value) = compute(&times[low..high], &values[low..high], from, to) {
                *sum += value;
            }
        }
    }
    sums
}

/// Prometheus' formula, looking at every sample of the window.
fn plain_rate(times: &[i64], values: &[f64], from: i64, to: i64) -> Option<f64> {
    if times.len() < 2 {
        return None;
    }
    let last = times.len() - 1;
    let mut change = values[last] - values[0];
    for at in 1..=last {
        if values[at] < values[at - 1] {
            change += values[at - 1];
        }
    }
    let sampled = (times[last] - times[0]) as f64 / 1e3;
    let average = sampled / last as f64;
    let threshold = average * 1.1;
    let mut to_start = (times[0] - from) as f64 / 1e3;
    let mut to_end = (to - times[last]) as f64 / 1e3;
    if to_start >= threshold {
        to_start = average / 2.0;
    }
    if change > 0.0 && values[0] >= 0.0 {
        to_start = to_start.min(sampled * (values[0] / change));
    }
    if to_end >= threshold {
        to_end = average / 2.0;
    }
    Some(change * ((sampled + to_start + to_end) / sampled) / ((to - from) as f64 / 1e3))
}

/// The compensated mean.
fn plain_avg(_: &[i64], values: &[f64], _: i64, _: i64) -> Option<f64> {
    let (&first, others) = values.split_first()?;
    let (mut sum, mut rest) = (first, 0.0);
    for &value in others {
        let total: f64 = sum + value;
        if total.is_infinite() {
            rest = 0.0;
        } else if sum.abs() >= value.abs() {
            rest += (sum - total) + value;
        } else {
            rest += (value - total) + sum;
        }
        sum = total;
    }
    let count = values.len() as f64;
    Some(sum / count + rest / count)
}

fn query(data: &Data, text: &str, (start_ms, end_ms): (i64, i64)) -> Vec<Vec<f64>> {
    let tree = parse(text, ParseOptions::default()).unwrap_or_else(|error| panic!("{error}"));
    let limits = Limits::new(1 << 30, 50_000_000, &Unwatched);
    let when = When::Range { start_ms, end_ms, step_ms: STEP_MS };
    let outcome = evaluate(&tree, when, EvalOptions::default(), &data.source, &limits)
        .unwrap_or_else(|error| panic!("{error}"));
    let Value::Matrix(series) = outcome.value else {
        panic!("no matrix");
    };
    let number = |value: &promql::SampleValue| match value {
        promql::SampleValue::Float(value) => *value,
        promql::SampleValue::Histogram(_) => f64::NAN,
    };
    series.iter().map(|s| s.samples.iter().map(|(_, value)| number(value)).collect()).collect()
}

fn assert_same(ours: &[Vec<f64>], base: &[Vec<f64>]) {
    assert_eq!(ours.len(), base.len(), "groups");
    for (ours, base) in ours.iter().zip(base) {
        assert_eq!(ours.len(), base.len(), "steps");
        for (a, b) in ours.iter().zip(base) {
            assert!((a - b).abs() <= 1e-9 * (a.abs() + b.abs()), "{a} is not {b}");
        }
    }
}

fn evaluation() {
    let data = data();
    let end = SAMPLES as i64 * STEP_MS;
    let times = (3_600_000, end);
    let rate = |range: &str| format!("sum by (g) (rate(x_total[{range}]))");
    assert_same(&query(&data, &rate("5m"), times), &plain(&data, 300_000, times, plain_rate));
    let run = |text: &str| drop(black_box(query(&data, text, times)));
    let loops = |range_ms: i64, compute: fn(&[i64], &[f64], i64, i64) -> Option<f64>| {
        drop(black_box(plain(&data, range_ms, times, compute)));
    };
    let (short, long) = (rate("5m"), rate("1h"));
    row("rate_5m", fastest(|| run(&short), || loops(300_000, plain_rate)), 2.0);
    row("rate_1h_to_5m", fastest(|| run(&long), || run(&short)), 1.5);
    let avg = "sum by (g) (avg_over_time(x_total[1h]))";
    assert_same(&query(&data, avg, times), &plain(&data, 3_600_000, times, plain_avg));
    row("avg_over_time_1h", fastest(|| run(avg), || loops(3_600_000, plain_avg)), 1.2);
    // Not a target: twenty samples a window do not outweigh what a window costs.
    let avg = "sum by (g) (avg_over_time(x_total[5m]))";
    row("avg_over_time_5m", fastest(|| run(avg), || loops(300_000, plain_avg)), f64::MAX);
}

/// Queries of about so many bytes, with every part of the grammar.
fn text(bytes: usize) -> String {
    let part = "sum by (job, instance) (rate(http_requests_total{code=~\"5..\", job=\"api\"}[5m] \
                offset 1h)) / on (job) group_left (env) clamp_max(up{env!=\"dev\"} @ 1234.5, 10)";
    // Kept flat, because a chain of operators is a tree as high as it is long.
    let mut text = String::from("label_join(up, \"x\", \"-\"");
    while text.len() + part.len() < bytes {
        text.push_str(", ");
        text.push_str(part);
    }
    text.push(')');
    text
}

fn lex(text: &str) -> usize {
    let mut lexer = Lexer::new(text);
    let mut count = 0;
    while !matches!(lexer.next_token().kind, TokenKind::Eof | TokenKind::Error) {
        count += 1;
    }
    count
}

fn parsing() {
    // The arguments have the wrong type, which is found after all of them are parsed.
    let parse_all = |text: &str, times: usize| {
        for _ in 0..times {
            drop(black_box(parse(text, ParseOptions::ALL)));
        }
    };
    let lex_all = |text: &str, times: usize| {
        for _ in 0..times {
            black_box(lex(text));
        }
    };
    for (name, bytes) in [("parse_1kb_to_lex", 1 << 10), ("parse_128kb_to_lex", 128 << 10)] {
        let text = text(bytes);
        let times = (1 << 21) / bytes;
        row(name, fastest(|| parse_all(&text, times), || lex_all(&text, times)), 5.0);
    }
    // Linear, and a fifth more for the caches.
    let (whole, half) = (text(128 << 10), text(64 << 10));
    let both = fastest(|| parse_all(&whole, 16), || parse_all(&half, 32));
    row("parse_128kb_to_twice_64kb", both, 1.2);
}

fn main() {
    evaluation();
    parsing();
}
