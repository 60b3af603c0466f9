//! Ratios of this crate to plain loops over the same bytes, measured in one run.
//!
//! Prints one JSON object a line: name, nanoseconds of ours and of the reference for the same work, their
//! ratio, and the most that it may be. Each side runs several times in turn; the fastest run counts.

use std::hint::black_box;
use std::time::Instant;

use logql::pipeline::logfmt_scan::Pairs;
use logql::pipeline::pattern::Pattern;
use logql::pipeline::row::Row;
use logql::pipeline::{Pipeline, Shown};
use logql::source::{Applied, Batches};
use logql::syntax::ast::ExprKind;
use logql::syntax::lexer::lex;
use logql::{Batch, Control, Error, LabelSet, Params, Request, Source, evaluate, parse};
use stdx::go::template::{CallError, Host, Template, Value};

const ROUNDS: usize = 15;

/// Runs both in turn and prints the ratio of the fastest runs.
fn compare(name: &str, at_most: f64, mut ours: impl FnMut() -> u64, mut reference: impl FnMut() -> u64) {
    let (mut best_ours, mut best_reference) = (u64::MAX, u64::MAX);
    for _ in 0..ROUNDS {
        let start = Instant::now();
        black_box(ours());
        best_ours = best_ours.min(start.elapsed().as_nanos() as u64);
        let start = Instant::now();
        black_box(reference());
        best_reference = best_reference.min(start.elapsed().as_nanos() as u64);
    }
    let ratio = best_ours as f64 / best_reference as f64;
    println!(
        "{{\"bench\":\"logql/{name}\",\"ours_ns\":{best_ours},\"reference_ns\":{best_reference},\"ratio\":{ratio:.3},\"at_most\":{at_most}}}"
    );
}

fn pipeline(stages: &str, shown: Shown) -> Pipeline {
    let expr = parse(&format!("{{app=\"a\"}} {stages}")).into_result().expect("the query is fixed");
    let ExprKind::Log(log) = expr.kind else {
        unreachable!("the query is a log query");
    };
    Pipeline::new(&log.stages, None, &shown, 0).expect("the stages are fixed")
}

/// Sends all lines through a pipeline; how many stayed and how long their lines are.
fn send(pipeline: &mut Pipeline, stream: &LabelSet, lines: &[String]) -> u64 {
    let mut row = Row::new(stream);
    let mut sum = 0;
    for line in lines {
        row.reset(stream, &[], 0, line);
        if pipeline.run(&mut row) {
            sum += 1 + row.line.len() as u64;
        }
    }
    sum
}

fn stream() -> LabelSet {
    LabelSet::from_pairs([("app", "a"), ("namespace", "shop"), ("pod", "a-7d9f")])
}

/// Lines of about 1 KiB with 24 members, two objects and an array.
fn json_lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|index| {
            let status = if index % 10 == 0 { 503 } else { 200 };
            let mut line = format!(
                "{{\"timestamp\":\"2026-11-21T20:49:{:02}.{:06}Z\",\"level\":\"info\",\"msg\":\"request handled by the upstream\",\"status\":{status}",
                index % 60, index
            );
            for field in 0..16 {
                line += &format!(",\"field_{field}\":\"value {field} of line {index}, somewhat longer\"");
            }
            line += &format!(
                ",\"http\":{{\"method\":\"GET\",\"path\":\"/api/v1/items/{index}\",\"bytes\":{}}},\"tags\":[\"a\",\"b\",{index}],\"ok\":true}}",
                index * 7
            );
            line
        })
        .collect()
}

fn logfmt_lines(count: usize) -> Vec<String> {
    (0..count)
        .map(|index| {
            format!(
                "ts=2026-11-21T20:49:00Z level=info msg=\"request handled\" method=GET path=/api/v1/items/{index} status=200 took={}ms bytes={} addr=10.0.0.{} trace=4bf92f3577b34da6",
                index % 500, index * 3, index % 250
            )
        })
        .collect()
}

fn json() {
    let (stream, lines) = (stream(), json_lines(2_000));
    let mut ours = pipeline(r#"|= "request" | json | status >= 500"#, Shown::Only(Vec::new()));
    compare(
        "contains_json_filter",
        0.4,
        || send(&mut ours, &stream, &lines),
        || lines.iter().filter(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()).count() as u64,
    );
}

fn logfmt() {
    let (stream, lines) = (stream(), logfmt_lines(5_000));
    let mut ours = pipeline("| logfmt | status = 200", Shown::Only(vec!["level".to_owned()]));
    compare(
        "logfmt",
        2.0,
        || send(&mut ours, &stream, &lines),
        || {
            let mut sum = 0;
            for line in &lines {
                let (mut level, mut status) = (None, None);
                for (key, value) in Pairs::new(line).flatten() {
                    match key {
                        "level" if level.is_none() => level = Some(value.text().to_owned()),
                        "status" if status.is_none() => status = value.text().parse::<f64>().ok(),
                        _ => {}
                    }
                }
                sum += u64::from(status == Some(200.0)) + level.map_or(0, |level| level.len() as u64);
            }
            sum
        },
    );
}

fn pattern() {
    let (stream, lines) = (stream(), logfmt_lines(5_000));
    let text =
        "ts=<ts> level=<level> msg=\"<msg>\" method=<method> path=<path> status=<status> took=<took> <_>";
    let mut ours = pipeline(&format!("| pattern `{text}`"), Shown::All);
    let parser = Pattern::for_parser(text).expect("the pattern is fixed");
    compare(
        "pattern",
        2.0,
        || send(&mut ours, &stream, &lines),
        || {
            let mut sum = 0;
            let mut labels: Vec<(usize, String)> = Vec::new();
            for line in &lines {
                labels.clear();
                parser.extract(line, |index, value| labels.push((index, value.to_owned())));
                sum += labels.len() as u64;
            }
            sum
        },
    );
}

fn regexp() {
    let (stream, lines) = (stream(), logfmt_lines(2_000));
    let text = "method=(?P<method>\\w+) path=(?P<path>\\S+) status=(?P<status>\\d+)";
    let mut ours = pipeline(&format!("| regexp `{text}`"), Shown::All);
    let regex = regex::Regex::new(text).expect("the pattern is fixed");
    compare(
        "regexp",
        2.0,
        || send(&mut ours, &stream, &lines),
        || {
            let mut sum = 0;
            for line in &lines {
                if let Some(captures) = regex.captures(line) {
                    let labels: Vec<String> = captures
                        .iter()
                        .skip(1)
                        .map(|group| group.map_or(String::new(), |group| group.as_str().to_owned()))
                        .collect();
                    sum += labels.len() as u64;
                }
            }
            sum
        },
    );
}

/// Labels for the template library alone.
struct Pair<'a>(&'a [(&'a str, &'a str)]);

impl Host for Pair<'_> {
    fn field(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| *key == name).map(|(_, value)| *value)
    }

    fn fields(&self) -> Vec<(String, String)> {
        Vec::new()
    }

    fn call<'v>(&'v self, _: &str, args: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        match args {
            [Value::String(text)] => Ok(Value::string(text.to_uppercase())),
            _ => Err(CallError::arity("upper", "1", args.len())),
        }
    }
}

fn template() {
    let (stream, lines) = (stream(), logfmt_lines(5_000));
    let text = "{{ .app }} {{ .namespace | upper }}{{ if eq .pod \"x\" }}!{{ end }} {{ .missing }}";
    let mut ours = pipeline(&format!("| line_format `{text}`"), Shown::All);
    let template = Template::parse("t", text, &|name| name == "upper").expect("the template is fixed");
    let labels: Vec<(&str, &str)> = stream.iter().collect();
    compare(
        "template",
        2.0,
        || send(&mut ours, &stream, &lines),
        || {
            let mut sum = 0;
            for _ in &lines {
                let mut out = String::new();
                sum += u64::from(template.execute(&Pair(&labels), &mut out).is_ok()) + out.len() as u64;
            }
            sum
        },
    );
}

/// Gives prepared batches away and takes used ones back, so that neither copies nor frees are measured.
struct Prepared(std::cell::RefCell<(Vec<Batch>, Vec<Batch>)>);

struct Taken<'s>(&'s Prepared);

impl Source for Prepared {
    fn open<'s>(&'s self, _: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error> {
        Ok(Box::new(Taken(self)))
    }
}

impl Batches for Taken<'_> {
    fn applied(&self) -> Applied {
        Applied { matchers: true, range: true, ..Applied::default() }
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        let (full, used) = &mut *self.0.0.borrow_mut();
        used.push(std::mem::take(batch));
        match full.pop() {
            Some(next) => {
                *batch = next;
                Ok(true)
            }
            None => Ok(false),
        }
    }
}

/// Substring search through the whole evaluator: a needle of 8 bytes in 1 % of lines of 200 bytes.
fn contains() {
    let mut text = String::new();
    let mut lines = Vec::new();
    let mut seed = 7_u64;
    for index in 0..50_000 {
        let mut line = String::new();
        while line.len() < 200 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            line.push((b'a' + (seed >> 40) as u8 % 24) as char);
            if seed >> 60 == 0 {
                line.push(' ');
            }
        }
        if index % 100 == 0 {
            line.replace_range(90..98, "needlexy");
        }
        text += &line;
        lines.push(line);
    }
    let batches = || {
        lines
            .chunks(8192)
            .map(|chunk| {
                let mut batch = Batch::default();
                let stream = batch.add_stream(stream());
                for line in chunk {
                    batch.push(stream, 1_000_000_000, line, &[]);
                }
                batch
            })
            .collect::<Vec<_>>()
    };
    let expr = parse("sum(count_over_time({app=\"a\"} |= \"needlexy\" [1m]))").into_result().expect("fixed");
    let params = Params::instant(2_000_000_000);
    let mut prepared: Vec<Prepared> =
        (0..ROUNDS).map(|_| Prepared(std::cell::RefCell::new((batches(), Vec::new())))).collect();
    // The reference reads lines that no cache holds, as ours does.
    let mut texts: Vec<String> = (0..ROUNDS).map(|_| text.clone()).collect();
    let mut read = Vec::new();
    let finder = memchr::memmem::Finder::new("needlexy");
    let control = Control::default();
    compare(
        "contains",
        1.3,
        || {
            let source = prepared.pop().expect("as many as rounds");
            let answer = evaluate(&expr, &params, &source, &control).expect("the query is fixed");
            // Freeing the lines is the reference's business neither.
            std::mem::forget(source);
            answer.cost.entries
        },
        || {
            let text = texts.pop().expect("as many as rounds");
            let hits = finder.find_iter(text.as_bytes()).count() as u64;
            read.push(text);
            hits
        },
    );
}

fn parsing() {
    let query = r#"sum by (app, level) (rate({app="a", env=~"prod|stage"} |= "x" != "y" | json a="b.c", d | logfmt | level="error" or status>=500 and took<250ms | line_format "{{.a}}" | label_format b=c | unwrap duration(took) | __error__="" [5m] offset 1m)) / on (app) group_left (x) count_over_time({app="a"} [1h])"#;
    compare(
        "parse_to_lex",
        5.0,
        || (0..200).map(|_| parse(query).diagnostics.len() as u64).sum(),
        || (0..200).map(|_| lex(query).tokens.len() as u64).sum(),
    );
    let chain = |count: usize| {
        let mut text = "count_over_time({app=\"a\"}".to_owned();
        for index in 0..count {
            text += &format!(" |= \"some text {index}\" | label_{index}=\"value\"");
        }
        text + " [1m])"
    };
    let (short, long) = (chain(250), chain(2_500));
    assert!(long.len() > 100_000 && long.len() < 131_072);
    // Ten times the text in ten times the time: the ratio is of equal amounts of text.
    compare(
        "parse_linear",
        1.5,
        || parse(&long).diagnostics.len() as u64,
        || (0..10).map(|_| parse(&short).diagnostics.len() as u64).sum(),
    );
}

fn main() {
    json();
    contains();
    template();
    logfmt();
    pattern();
    regexp();
    parsing();
}
