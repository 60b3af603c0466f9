//! Ratios of this language within one run, one JSON object a line.
//!
//! Each figure is the best of several rounds, so that a busy machine disturbs little; both sides of
//! a ratio alternate within the rounds.

use std::hint::black_box;
use std::time::Instant;

use model::{SpanId, SpanKind, TraceId};
use traceql::ast::{AttributeScope, Body, StructuralOp};
use traceql::bits::Bits;
use traceql::columns::{Batch, Column, Field, Plain, TextColumn, TraceRows};
use traceql::lexer::lex;
use traceql::nested_set::{NestedSets, Node};
use traceql::parse;
use traceql::program::Rows;
use traceql::spansets::{Compiler, Spanset, Trace, run};
use traceql::structural::related;
use traceql::value::Patterns;

const ROUNDS: usize = 31;

fn main() {
    filter();
    text_filter();
    structural();
    nested_sets();
    parsing();
}

/// Seconds of the fastest of several runs of both sides, taken in turns.
fn best(mut ours: impl FnMut(), mut theirs: impl FnMut()) -> (f64, f64) {
    let mut fastest = (f64::INFINITY, f64::INFINITY);
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    };
    for _ in 0..ROUNDS {
        fastest.0 = fastest.0.min(time(&mut ours));
        fastest.1 = fastest.1.min(time(&mut theirs));
    }
    fastest
}

fn line(name: &str, measure: &str, value: f64, at_most: f64, detail: &str) {
    println!(
        "{{\"bench\":\"traceql\",\"name\":\"{name}\",\"measure\":\"{measure}\",\"value\":{value:.3},\"at_most\":{at_most},\"is_met\":{},\"detail\":\"{detail}\"}}",
        value <= at_most
    );
}

/// A small generator of numbers, the same in every run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// Spans of one piece, as a source hands them up.
const ROWS: usize = 8192;

fn batch(columns: Vec<Column>, durations: Vec<i64>) -> Batch {
    Batch {
        traces: vec![TraceRows { id: TraceId([1; 16]), rows: 0..ROWS }],
        span_ids: vec![SpanId::ZERO; ROWS],
        parent_ids: vec![None; ROWS],
        starts: vec![0; ROWS],
        durations,
        columns,
        every_attribute: Vec::new(),
    }
}

fn compiled(query: &str) -> (Vec<traceql::spansets::Step>, Vec<Field>) {
    let query = parse(query).expect("a query");
    let Body::Spansets(pipeline) = &query.body else {
        panic!("a search");
    };
    let mut compiler = Compiler::default();
    let (steps, _) = compiler.pipeline(pipeline).expect("steps");
    (steps, compiler.fields.as_slice().to_vec())
}

fn select(steps: &[traceql::spansets::Step], batch: &Batch, out: &mut Vec<u32>) {
    let patterns = Patterns::default();
    let trace = Trace { rows: Rows { batch, range: 0..ROWS, patterns: &patterns }, sets: None };
    let spansets = run(steps, &trace, vec![Spanset::all(ROWS)]).expect("no error");
    for spanset in &spansets {
        out.extend(spanset.rows.iter().map(|row| row as u32));
    }
}

fn filter() {
    let mut random = Random(88_172_645_463_325_252);
    let a: Vec<i64> = (0..ROWS).map(|_| (random.next() % 4) as i64).collect();
    let durations: Vec<i64> = (0..ROWS).map(|_| (random.next() % 200_000_000) as i64).collect();
    let (steps, fields) = compiled("{ .a = 1 && duration > 100ms }");
    let column = |field: &Field| match field {
        Field::Attribute(AttributeScope::Span, _) => Column::Int(Plain { values: a.clone(), present: None }),
        _ => Column::Absent,
    };
    let batch = batch(fields.iter().map(column).collect(), durations.clone());
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    let (fast, loop_) = best(
        || {
            for _ in 0..100 {
                ours.clear();
                select(&steps, black_box(&batch), &mut ours);
            }
        },
        || {
            for _ in 0..100 {
                plain.clear();
                let (a, durations) = (black_box(&a), black_box(&durations));
                for row in 0..ROWS {
                    if a[row] == 1 && durations[row] > 100_000_000 {
                        plain.push(row as u32);
                    }
                }
            }
        },
    );
    assert_eq!(ours, plain);
    let detail = format!("{:.0} M spans/s", 100.0 * ROWS as f64 / fast / 1e6);
    line("filter_int_and_duration", "times a plain loop", fast / loop_, 2.0, &detail);
}

fn text_filter() {
    let mut random = Random(1_234_567);
    let names = ["checkout", "payments", "search", "shipping"];
    let texts: Vec<&str> = (0..ROWS).map(|_| names[(random.next() % 4) as usize]).collect();
    let (steps, fields) = compiled("{ resource.service.name = \"search\" }");
    let texts_owned: Vec<std::sync::Arc<str>> = texts.iter().map(|text| (*text).into()).collect();
    let column = |_: &Field| Column::Text(TextColumn::of_texts(texts_owned.iter().cloned().map(Some)));
    let batch = batch(fields.iter().map(column).collect(), vec![0; ROWS]);
    let (mut ours, mut plain) = (Vec::new(), Vec::new());
    let (fast, loop_) = best(
        || {
            for _ in 0..100 {
                ours.clear();
                select(&steps, black_box(&batch), &mut ours);
            }
        },
        || {
            for _ in 0..100 {
                plain.clear();
                for (row, text) in black_box(&texts_owned).iter().enumerate() {
                    if &**text == "search" {
                        plain.push(row as u32);
                    }
                }
            }
        },
    );
    assert_eq!(ours, plain);
    line("filter_text", "times a plain loop", fast / loop_, 2.0, "");
}

/// A trace in which every span hangs on one of the 64 before it, as spans that follow each other do.
fn nodes(len: usize) -> Vec<Node> {
    let mut random = Random(42);
    let id = |n: usize| SpanId((n as u64 + 1).to_be_bytes());
    (0..len)
        .map(|n| Node {
            id: id(n),
            parent: (n > 0).then(|| id(n - 1 - (random.next() % n.clamp(1, 64) as u64) as usize)),
            kind: SpanKind::INTERNAL,
            start: n as i64,
        })
        .collect()
}

/// Nanoseconds a span at a small and a large size.
fn growth(name: &str, work: impl Fn(usize) -> Box<dyn FnMut()>) {
    const SMALL: usize = 8_000;
    const LARGE: usize = 64_000;
    let (mut small, large) = (work(SMALL), work(LARGE));
    let (small, large) = best(|| (0..LARGE / SMALL).for_each(|_| small()), large);
    let detail = format!("{:.1} ns a span at {LARGE} spans", large / LARGE as f64 * 1e9);
    line(name, "time a span, 64,000 spans over 8,000", large / small, 2.0, &detail);
}

fn structural() {
    for (name, op) in [
        ("structural_descendant", StructuralOp::Descendant),
        ("structural_ancestor", StructuralOp::Ancestor),
        ("structural_child", StructuralOp::Child),
        ("structural_sibling", StructuralOp::Sibling),
    ] {
        growth(name, |len| {
            let sets = NestedSets::of(&nodes(len));
            let lhs = Bits::from_fn(len, |row| row % 3 == 0);
            let rhs = Bits::from_fn(len, |row| row % 2 == 0);
            Box::new(move || {
                black_box(related(op, black_box(&sets), &lhs, &rhs));
            })
        });
    }
}

fn nested_sets() {
    growth("nested_set_numbers", |len| {
        let nodes = nodes(len);
        Box::new(move || {
            black_box(NestedSets::of(black_box(&nodes)));
        })
    });
}

/// A query of about this many bytes.
fn long_query(bytes: usize) -> String {
    let condition =
        "span.http.status_code >= 500 || resource.service.name = \"checkout\" && .a + 1 * 2 > 3.5";
    let filter = format!("{{ {condition} && duration > 100ms && name =~ \"GET.*\" }}");
    let count = bytes / (filter.len() + 4);
    vec![filter; count.max(1)].join(" && ")
}

fn parsing() {
    for bytes in [200, 4_000, 128_000] {
        let query = long_query(bytes);
        let repeat = 256_000 / query.len() + 1;
        let (parsed, lexed) = best(
            || (0..repeat).for_each(|_| drop(black_box(parse(black_box(&query)).expect("a query")))),
            || (0..repeat).for_each(|_| drop(black_box(lex(black_box(&query))))),
        );
        let speed = (repeat * query.len()) as f64 / parsed / 1e6;
        let detail = format!("{} bytes, {speed:.0} MB/s", query.len());
        line("parse", "times lexing", parsed / lexed, 5.0, &detail);
    }
    let (small, large) = (long_query(4_000), long_query(128_000));
    let repeat = large.len() / small.len();
    let (large_time, small_time) = best(
        || drop(black_box(parse(black_box(&large)).expect("a query"))),
        || (0..repeat).for_each(|_| drop(black_box(parse(black_box(&small)).expect("a query")))),
    );
    let ratio = large_time / small_time * (repeat * small.len()) as f64 / large.len() as f64;
    line("parse_is_linear", "time a byte, 128 kB over 4 kB", ratio, 1.5, "");
}
