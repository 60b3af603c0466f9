//! Input that wants to hurt: an error or a named limit, bounded memory, no panic.

use std::cell::Cell;

use logql::eval::Data;
use logql::source::Applied;
use logql::{
    Batch, Batches, Control, Error, LabelSet, MemorySource, Params, Request, Source, check, evaluate, parse,
};

fn first(text: &str) -> String {
    parse(text).diagnostics.first().map_or("valid".to_owned(), ToString::to_string)
}

fn source(line: &str) -> MemorySource {
    let mut source = MemorySource::new(100, false);
    let stream = source.add_stream(LabelSet::from_pairs([("app", "a")]));
    source.add(stream, 1_000_000_000, line, Vec::new());
    source
}

fn run(text: &str, source: &dyn Source, control: &Control<'_>) -> Result<Data, Error> {
    let expr = parse(text).into_result().unwrap();
    evaluate(&expr, &Params::instant(2_000_000_000), source, control).map(|answer| answer.data)
}

#[test]
fn nesting_is_bounded() {
    for (open, close) in
        [("(", ")"), ("sum(", ")"), ("label_replace(", ""), ("rate(", ")"), ("2^", ""), ("1+(", ")")]
    {
        let text = format!("{}1{}", open.repeat(20_000), close.repeat(20_000));
        assert_ne!(first(&text), "valid", "{open}");
    }
    assert!(first(&format!("{}1{}", "(".repeat(20_000), ")".repeat(20_000))).contains("nested too deeply"));
    let filter = format!("{{a=\"b\"}} | {}x=1{}", "(".repeat(20_000), ")".repeat(20_000));
    assert!(first(&filter).contains("nested too deeply"));
    let inner = format!("rate({}{{a=\"b\"}}[1m]{})", "(".repeat(20_000), ")".repeat(20_000));
    assert!(first(&inner).contains("nested too deeply"));
}

#[test]
fn chains_are_bounded() {
    let chain = |joint: &str| format!("{{a=\"b\"}} | x=1{}", format!("{joint}x=1").repeat(10_000));
    for joint in [" or ", " and ", ", ", " "] {
        assert!(first(&chain(joint)).contains("too many conditions"), "{joint}");
    }
    let sum = format!("vector(1){}", " + vector(1)".repeat(10_000));
    assert!(first(&sum).contains("too many operands") || first(&sum).contains("too long"));
    // As long as is allowed, it is printed, checked and dropped without trouble.
    let long = format!("{{a=\"b\"}} | x=1{}", " or x=1".repeat(990));
    assert!(check(&long).is_ok());
    let sum = format!("vector(1){}", " + vector(1)".repeat(990));
    assert!(run(&sum, &source("x"), &Control::default()).is_ok());
    let filter = format!("count_over_time({{app=\"a\"}} | x=1{} [1m])", ", x=1".repeat(990));
    assert!(run(&filter, &source("x"), &Control::default()).is_ok());
}

#[test]
fn long_texts_and_odd_numbers() {
    assert!(first(&" ".repeat(200_000)).contains("input size too long"));
    assert!(first("rate({a=\"b\"}[1e300s])").contains("unknown unit"));
    assert!(first("rate({a=\"b\"}[99999999999999999999y])").contains("not a valid duration"));
    assert!(first("rate({a=\"b\"}[300y])").contains("duration out of range"));
    assert!(first("topk(99999999999999999999, vector(1))").contains("invalid parameter"));
    assert_eq!(first("vector(1e300) * 1e300"), "valid");
    let far = "count_over_time({app=\"a\"}[290y] offset -2540400h)";
    assert!(run(far, &source("x"), &Control::default()).is_ok());
    assert!(run(&far.replace("-2540400h", "290y"), &source("x"), &Control::default()).is_ok());
}

#[test]
fn regular_expressions_are_bounded() {
    assert!(first("{a=~\"x{1001}\"}").contains("invalid repeat count"));
    let exploding = "{a=\"b\"} |~ `((a{1000}){1000}){1000}`";
    assert!(check(exploding).is_err());
    assert!(check("{a=\"b\"} |~ `(x+x+)+y`").is_ok());
    let slow = source(&"x".repeat(20_000));
    let text = "count_over_time({app=\"a\"} |~ `(x+x+)+y` [1m])";
    assert!(matches!(run(text, &slow, &Control::default()), Ok(Data::Vector(series)) if series.is_empty()));
}

#[test]
fn deep_json_is_an_error_of_the_line() {
    let deep = source(&format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000)));
    let error = run("count_over_time({app=\"a\"} | json [1m])", &deep, &Control::default()).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
    let text = "count_over_time({app=\"a\"} | json a=\"a.a.a\" [1m])";
    assert!(run(text, &deep, &Control::default()).is_ok());
}

#[test]
fn templates_are_bounded() {
    for template in [
        "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}",
        "{{ repeat 999999999 \"x\" }}",
        "{{ printf \"%1000000000d\" 1 }}",
        "{{ range $i := 1000000000 }}{{ range $j := 1000000000 }}x{{ end }}{{ end }}",
        "{{ nindent 1000000000 .app }}",
        "{{ alignLeft 1000000000 .app }}",
    ] {
        let text =
            format!("bytes_over_time({{app=\"a\"}} | line_format `{template}` | __error__!=\"x\" [1m])");
        match run(&text, &source("x"), &Control::default()) {
            Err(Error::Pipeline { .. }) => {}
            Ok(Data::Vector(series)) => assert!(series[0].values[0] < Some(2e6), "{template}"),
            other => panic!("{template}: {other:?}"),
        }
    }
}

#[test]
fn memory_and_series_are_limited() {
    let mut many = MemorySource::new(1000, false);
    let stream = many.add_stream(LabelSet::from_pairs([("app", "a")]));
    for index in 0..50_000 {
        many.add(stream, 1_000_000_000 + index, format!("id={index}"), Vec::new());
    }
    let text = "count_over_time({app=\"a\"} | logfmt [1m])";
    let small = Control { memory_bytes_max: 1 << 20, ..Control::default() };
    assert!(matches!(run(text, &many, &small), Err(Error::Limit(_))));
    let few = Control { series_max: 500, ..Control::default() };
    let error = run(text, &many, &few).unwrap_err().to_string();
    assert!(error.starts_with("maximum number of series (500) reached for a single query"), "{error}");
    let partial = Control { series_max: 500, partial_on_series_max: true, ..Control::default() };
    assert!(matches!(run(text, &many, &partial), Ok(Data::Vector(series)) if series.len() == 500));
    let cancelled = Control { is_cancelled: &|| true, ..Control::default() };
    assert_eq!(run(text, &many, &cancelled), Err(Error::Cancelled));
    // A sum needs none of the labels and stays small.
    assert!(run("sum(count_over_time({app=\"a\"} | logfmt [1m]))", &many, &small).is_ok());
}

/// So many streams of one entry each, made as they are asked for.
struct Streams(usize);

struct StreamBatches {
    given: Cell<usize>,
    wanted: usize,
}

impl Source for Streams {
    fn open<'s>(&'s self, _request: &Request<'_>) -> Result<Box<dyn Batches + 's>, Error> {
        Ok(Box::new(StreamBatches { given: Cell::new(0), wanted: self.0 }))
    }
}

impl Batches for StreamBatches {
    fn applied(&self) -> Applied {
        Applied::default()
    }

    fn next_batch(&mut self, batch: &mut Batch) -> Result<bool, Error> {
        let given = self.given.get();
        let end = (given + 1_000).min(self.wanted);
        for number in given..end {
            let labels = LabelSet::from_pairs([("app", "a"), ("pod", &format!("{number:09}"))]);
            let stream = batch.add_stream(labels);
            batch.push(stream, 1_000_000_000 + number as i64, "line", &[]);
        }
        self.given.set(end);
        Ok(end > given)
    }
}

#[test]
fn a_million_series_meet_a_limit() {
    let count = "count_over_time({app=\"a\"}[1m])";
    let small = Control { memory_bytes_max: 1 << 20, ..Control::default() };
    for text in [count.to_owned(), format!("topk(5, {count})"), format!("{count} + {count}")] {
        assert!(matches!(run(&text, &Streams(usize::MAX), &small), Err(Error::Limit(_))), "{text}");
    }
    let few = Control { series_max: 500, ..Control::default() };
    assert!(matches!(run(count, &Streams(usize::MAX), &few), Err(Error::Limit(_))));
    // A sum needs none of the labels and counts them all in little memory.
    let sum = run(&format!("sum({count})"), &Streams(1_000_000), &small);
    assert!(matches!(&sum, Ok(Data::Vector(series)) if series[0].values == [Some(1e6)]), "{sum:?}");
}

#[test]
fn an_endless_query_can_be_cancelled() {
    let looks = Cell::new(0);
    let cancelled = || {
        looks.set(looks.get() + 1);
        looks.get() > 100
    };
    let control = Control { is_cancelled: &cancelled, ..Control::default() };
    let text = "sum(count_over_time({app=\"a\"} | logfmt | x=\"y\" [1m]))";
    assert_eq!(run(text, &Streams(usize::MAX), &control), Err(Error::Cancelled));
    looks.set(0);
    let expr = parse("{app=\"a\"} |= \"nothing\"").into_result().unwrap();
    let params = Params::range(0, i64::MAX, 0);
    assert_eq!(evaluate(&expr, &params, &Streams(usize::MAX), &control), Err(Error::Cancelled));
}

#[test]
fn ever_new_keys_are_forgotten() {
    let mut many = MemorySource::new(1000, false);
    let stream = many.add_stream(LabelSet::from_pairs([("app", "a")]));
    for index in 0..50_000 {
        let line =
            format!("key{index}=1 lvl={} other{index}=2", if index % 2 == 0 { "info" } else { "warn" });
        many.add(stream, 1_000_000_000 + index, line, Vec::new());
    }
    let counts = |text: &str| match run(text, &many, &Control::default()) {
        Ok(Data::Vector(series)) => series
            .iter()
            .map(|one| format!("{}={:?}", one.labels, one.values[0]))
            .collect::<Vec<_>>()
            .join(" "),
        other => format!("{other:?}"),
    };
    let wanted = "{lvl=\"info\"}=Some(25000.0) {lvl=\"warn\"}=Some(25000.0)";
    for text in [
        "sum by (lvl) (count_over_time({app=\"a\"} | logfmt [1m]))",
        "sum by (lvl) (count_over_time({app=\"a\"} | logfmt | line_format `{{ . }}` |= \"key\" [1m]))",
        "count_over_time({app=\"a\"} | logfmt | keep lvl [1m])",
    ] {
        assert_eq!(counts(text), wanted, "{text}");
    }
}
