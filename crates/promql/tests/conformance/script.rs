//! The scripts of Prometheus' evaluation tests: `load`, `clear`, `eval` and what is expected.
//!
//! In: a script. Out: its commands with line numbers. The format is described in Prometheus'
//! `promql/promqltest/README.md`.

use model::Labels;
use promql::duration::parse_duration;
use promql::series::{SeriesValue, parse_series};
use regex::Regex;

/// One command.
#[derive(Debug)]
pub enum Command {
    /// Drop all samples.
    Clear,
    /// Add samples.
    Load(Load),
    /// Evaluate and compare.
    Eval(Box<Eval>),
}

/// Series of one `load`.
#[derive(Debug, Default)]
pub struct Load {
    /// Between two samples, in milliseconds.
    pub step_ms: i64,
    /// Whether classic histograms are stored as native ones too.
    pub with_nhcb: bool,
    /// Labels, values, and for each sample its start time relative to its time.
    pub series: Vec<(Labels, Vec<SeriesValue>, Vec<Option<i64>>)>,
}

/// How texts of errors and annotations are compared.
#[derive(Debug)]
pub enum Text {
    /// Any text.
    Any,
    /// The whole text.
    Exact(String),
    /// A part of it matches.
    Pattern(Regex),
}

impl Text {
    /// Whether a text is the expected one.
    pub fn matches(&self, text: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Exact(exact) => exact == text,
            Self::Pattern(pattern) => pattern.is_match(text),
        }
    }
}

/// When a query is evaluated.
#[derive(Debug, Clone, Copy)]
pub enum At {
    Instant(i64),
    Range(i64, i64, i64),
}

/// One evaluation and what it gives.
#[derive(Debug)]
pub struct Eval {
    pub line: usize,
    pub at: At,
    pub query: String,
    pub fail: Option<Text>,
    pub is_ordered: bool,
    pub warnings: Vec<Text>,
    pub infos: Vec<Text>,
    pub no_warnings: bool,
    pub no_infos: bool,
    /// `expect range vector`: first time and step.
    pub range_vector: Option<(i64, i64)>,
    pub string: Option<String>,
    pub scalar: Option<f64>,
    pub series: Vec<(Labels, Vec<SeriesValue>)>,
}

fn duration(text: &str) -> i64 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let ms = parse_duration(text).unwrap_or_else(|_| {
        let seconds: f64 = text.parse().unwrap_or_else(|_| panic!("bad time {text}"));
        (seconds * 1000.0) as i64
    });
    sign * ms
}

fn captures<'t>(pattern: &str, line: &'t str) -> Option<Vec<&'t str>> {
    let regex = Regex::new(pattern).unwrap_or_else(|error| panic!("{pattern}: {error}"));
    let captures = regex.captures(line)?;
    Some((1..captures.len()).map(|at| captures.get(at).map_or("", |m| m.as_str())).collect())
}

/// Reads a script.
pub fn read(text: &str) -> Vec<Command> {
    let lines: Vec<&str> =
        text.lines().map(str::trim).map(|line| if line.starts_with('#') { "" } else { line }).collect();
    let mut commands = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let number = at + 1;
        at += 1;
        if line.is_empty() {
            continue;
        }
        let mut block = Vec::new();
        let word = line.split(|c: char| c == ' ' || c == '_').next().unwrap_or_default();
        if word != "clear" {
            while at < lines.len() && !lines[at].is_empty() {
                block.push(lines[at]);
                at += 1;
            }
        }
        match word.to_ascii_lowercase().as_str() {
            "clear" => commands.push(Command::Clear),
            "load" => commands.push(Command::Load(load(line, &block))),
            "eval" => commands.push(Command::Eval(Box::new(eval(number, line, &block)))),
            other => panic!("line {number}: unknown command {other}"),
        }
    }
    commands
}

fn series(line: &str) -> (Labels, Vec<SeriesValue>) {
    parse_series(line).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn load(line: &str, block: &[&str]) -> Load {
    let parts =
        captures(r"^load(?:_(with_nhcb))?\s+(.+?)$", line).unwrap_or_else(|| panic!("bad load {line}"));
    let mut load = Load { step_ms: duration(parts[1]), with_nhcb: !parts[0].is_empty(), series: Vec::new() };
    let mut starts = Vec::new();
    for line in block {
        if let Some(parts) = captures(r"^(.*)@st\s+(.*)$", line) {
            starts = parts[1].split_whitespace().flat_map(start_times).collect();
            continue;
        }
        let (labels, values) = series(line);
        // Of two lines with the same labels the later one counts.
        load.series.retain(|(known, _, _)| *known != labels);
        load.series.push((labels, values, std::mem::take(&mut starts)));
    }
    load
}

/// Start times relative to the samples: `_`, `_xN`, `-1m`, `-1mxN`, `-30s-1mxN`.
fn start_times(item: &str) -> Vec<Option<i64>> {
    let (body, times) = match item.split_once('x') {
        Some((body, times)) => {
            let times: usize = times.parse().unwrap_or_else(|_| panic!("bad start {item}"));
            (body, times)
        }
        None => (item, 0),
    };
    if body == "_" {
        return vec![None; times.max(1)];
    }
    let number = |text: &str| duration(text.strip_prefix('+').unwrap_or(text));
    let split = body.char_indices().skip(1).find(|(_, c)| matches!(c, '+' | '-'));
    let (first, step) = match split {
        Some((at, _)) => (number(&body[..at]), number(&body[at..])),
        None => (number(body), 0),
    };
    (0..=times as i64).map(|at| Some(first + at * step)).collect()
}

fn text_of(kind: &str, text: &str) -> Text {
    match kind {
        "msg" => Text::Exact(text.trim().to_owned()),
        "regex" => Text::Pattern(Regex::new(text.trim()).unwrap_or_else(|error| panic!("{text}: {error}"))),
        _ => Text::Any,
    }
}

fn eval(number: usize, line: &str, block: &[&str]) -> Eval {
    let instant = r"^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$";
    let range = r"^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$";
    let (word, at, query) = if let Some(parts) = captures(range, line) {
        let at = At::Range(duration(parts[1]), duration(parts[2]), duration(parts[3]));
        (parts[0], at, parts[4])
    } else if let Some(parts) = captures(instant, line) {
        let time = if parts[1].is_empty() { 0 } else { duration(parts[1]) };
        (parts[0], At::Instant(time), parts[2])
    } else {
        panic!("line {number}: bad eval {line}");
    };
    let mut eval = Eval {
        line: number,
        at,
        query: query.to_owned(),
        fail: (word == "fail").then_some(Text::Any),
        is_ordered: word == "ordered",
        warnings: if word == "warn" { vec![Text::Any] } else { Vec::new() },
        infos: if word == "info" { vec![Text::Any] } else { Vec::new() },
        no_warnings: false,
        no_infos: false,
        range_vector: None,
        string: None,
        scalar: None,
        series: Vec::new(),
    };
    for line in block {
        expectation(&mut eval, line);
    }
    eval
}

fn expectation(eval: &mut Eval, line: &str) {
    if let Some(parts) = captures(r"^expect\s+range\s+vector\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+)$", line)
    {
        eval.range_vector = Some((duration(parts[0]), duration(parts[2])));
    } else if let Some(parts) = captures(r"^expect\s+string\s+(.+)$", line) {
        let bytes = stdx::go::quote::unquote(parts[0])
            .unwrap_or_else(|_| parts[0].trim_matches('\'').as_bytes().to_vec());
        eval.string = Some(String::from_utf8_lossy(&bytes).into_owned());
    } else if let Some(parts) =
        captures(r"^expect\s+(ordered|fail|warn|no_warn|info|no_info)(?:\s+(regex|msg):(.+))?$", line)
    {
        let text = text_of(parts[1], parts[2]);
        match parts[0] {
            "ordered" => eval.is_ordered = true,
            "fail" => eval.fail = Some(text),
            "warn" => eval.warnings.push(text),
            "info" => eval.infos.push(text),
            "no_warn" => eval.no_warnings = true,
            _ => eval.no_infos = true,
        }
    } else if let Some(rest) = line.strip_prefix("expected_fail_message ") {
        eval.fail = Some(text_of("msg", rest));
    } else if let Some(rest) = line.strip_prefix("expected_fail_regexp ") {
        eval.fail = Some(text_of("regex", rest));
    } else if let Ok(number) = stdx::go::number::parse_float(line) {
        eval.scalar = Some(number);
    } else {
        eval.series.push(series(line));
    }
}
