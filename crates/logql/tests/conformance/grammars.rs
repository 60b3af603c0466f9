//! The small grammars: paths, patterns, keys, text functions, and samples of one line.

use logql::pipeline::json_path::{Step, parse as parse_path};
use logql::pipeline::line_filter::LineFilterSet;
use logql::pipeline::logfmt::parse_key;
use logql::pipeline::pattern::Pattern;
use logql::pipeline::{functions, label_format, regexp, sanitize};
use logql::syntax::ast::{FormatValue, LabelFormat, LineFilter, LineMatch, LineOp};
use logql::{Control, LabelSet, MemorySource, Params, evaluate};
use serde_json::{Value, json};
use testkit::conformance::Report;

use crate::load;
use crate::stages::text;

const CORPUS: &str = "logs/small_grammars";

pub fn run(report: &mut Report) {
    let Some(list) = load(CORPUS) else {
        return;
    };
    let mut each = |key: &str, judge: &dyn Fn(&Value) -> (String, String, String)| {
        for (index, case) in list[key].as_array().into_iter().flatten().enumerate() {
            let (subject, ours, wanted) = judge(case);
            report.case(CORPUS, &format!("{key} {index}"), &subject, ours == wanted, &ours, &wanted);
        }
    };
    each("json_path", &|case| {
        let expr = text(&case["expr"]);
        let (ours, wanted) = match parse_path(&expr) {
            Ok(steps) => {
                let steps: Vec<Value> = steps
                    .iter()
                    .map(|step| match step {
                        Step::Key(key) => json!(key),
                        Step::Index(index) => json!(index),
                    })
                    .collect();
                let path = case["path"].as_array().cloned().unwrap_or_default();
                (json!(steps), if case["error"].is_null() { json!(path) } else { case["error"].clone() })
            }
            Err(error) => (json!(error), case["error"].clone()),
        };
        (expr, ours.to_string(), wanted.to_string())
    });
    each("json_expr_invalid", &|case| {
        let expr = text(&case["expr"]);
        let ours = parse_path(&expr).err().unwrap_or_default();
        let wanted = text(&case["error"]);
        let ours = if ours.contains(&wanted) { wanted.clone() } else { ours };
        (expr, ours, wanted)
    });
    each("logfmt_path", &|case| {
        let expr = text(&case["expr"]);
        let ours = parse_key(&expr).err().unwrap_or_default();
        (expr, ours, text(&case["error"]))
    });
    each("pattern_match", &|case| {
        let (pattern, line) = (text(&case["pattern"]), text(&case["line"]));
        let mut captures = Vec::new();
        if let Ok(parser) = Pattern::for_parser(&pattern) {
            parser.extract(&line, |_, capture| captures.push(capture.to_owned()));
        }
        // The filter is asked with every capture unnamed.
        let unnamed = regex::Regex::new("<[a-zA-Z_][a-zA-Z0-9_]*>").unwrap();
        let filter = Pattern::for_filter(&unnamed.replace_all(&pattern, "<_>"));
        let matches = filter.is_ok_and(|filter| filter.matches(&line));
        let ours = json!({"captures": captures, "line_filter_matches": matches});
        let wanted = json!({
            "captures": case["captures"], "line_filter_matches": case["line_filter_matches"]
        });
        (format!("{pattern} <- {line}"), ours.to_string(), wanted.to_string())
    });
    let error_text = |error: &Value| match error {
        Value::Object(map) => map.get("msg").map(text).unwrap_or_default(),
        other => text(other),
    };
    each("pattern_parser_validity", &|case| {
        let pattern = text(&case["pattern"]);
        let ours = Pattern::for_parser(&pattern).err().unwrap_or_default();
        let wanted = error_text(&case["error"]);
        let ours = if ours.ends_with(&wanted) && !wanted.is_empty() { wanted.clone() } else { ours };
        (pattern, ours, wanted)
    });
    each("pattern_linefilter_validity", &|case| {
        let pattern = text(&case["pattern"]);
        let ours = Pattern::for_filter(&pattern).err().unwrap_or_default();
        (pattern, ours, error_text(&case["error"]))
    });
    each("pattern_literals", &|case| {
        let pattern = text(&case["pattern"]);
        let unnamed = pattern.replace("<foo>", "<_>");
        let literals: Vec<String> = Pattern::for_filter(&unnamed).map_or_else(
            |_| Vec::new(),
            |pattern| pattern.literals().map(|l| String::from_utf8_lossy(l).into_owned()).collect(),
        );
        let wanted = case["literals"].as_array().cloned().unwrap_or_default();
        (pattern, json!(literals).to_string(), json!(wanted).to_string())
    });
    each("sanitize_label_key", &|case| {
        let key = text(&case["key"]);
        (key.clone(), sanitize::label_name(&key), text(&case["want"]))
    });
    let number = |case: &Value, key: &str| case[key].as_i64().unwrap_or(0);
    each("fn_trunc", &|case| {
        let s = text(&case["s"]);
        (s.clone(), functions::truncate(number(case, "c"), &s), text(&case["want"]))
    });
    each("fn_alignLeft", &|case| {
        let s = text(&case["s"]);
        (s.clone(), functions::align_left(number(case, "c"), &s), text(&case["want"]))
    });
    each("fn_alignRight", &|case| {
        let s = text(&case["s"]);
        (s.clone(), functions::align_right(number(case, "c"), &s), text(&case["want"]))
    });
    each("fn_substr", &|case| {
        let s = text(&case["s"]);
        let ours = functions::substring(number(case, "start"), number(case, "end"), &s);
        (s, ours, text(&case["want"]))
    });
    each("regexp_parser_validity", &|case| {
        let pattern = text(&case["regexp"]);
        let ours = regexp::check(&pattern).is_err().to_string();
        (pattern, ours, case["error"].to_string())
    });
    each("label_format_validity", &|case| {
        let formats: Vec<LabelFormat> = case["formats"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|format| LabelFormat {
                target: text(&format["dst"]),
                value: FormatValue::Label(text(&format["src"])),
            })
            .collect();
        let ours = label_format::check_targets(&formats).is_err().to_string();
        (case["formats"].to_string(), ours, case["error"].to_string())
    });
    each("parse_labels", &|case| {
        // Label sets of streams are read by the receiver; as a selector the text must be valid too.
        let input = text(&case["input"]);
        let parsed = logql::parse(&input);
        let ours = parsed.diagnostics.first().map_or("valid".to_owned(), ToString::to_string);
        (input, ours, "valid".to_owned())
    });
    each("series_match_params", &|case| {
        let matchers: Vec<String> = case["match"].as_array().into_iter().flatten().map(text).collect();
        let wrong = matchers.iter().any(|one| !logql::parse(one).diagnostics.is_empty());
        (matchers.join(" "), wrong.to_string(), case["error"].to_string())
    });
    simplification(report, &list["regex_simplification"]);
    extraction(report, &list["sample_extraction"]);
}

/// A regular expression as a line filter gives the verdict of the plain expression.
fn simplification(report: &mut Report, list: &Value) {
    for (index, case) in list["regexps"].as_array().into_iter().flatten().enumerate() {
        let pattern = text(&case["re"]);
        let negate = case["negate"].as_bool().unwrap_or(false);
        let op = if negate { LineOp::NotRegex } else { LineOp::Regex };
        let filter = LineFilter {
            op,
            alternatives: vec![LineMatch { text: pattern.clone(), is_ip: false }],
            span: logql::Span::default(),
        };
        let (mut ours, mut wanted) = (String::new(), String::new());
        match (LineFilterSet::new(&[filter]), regex::Regex::new(&pattern)) {
            (Ok(filter), Ok(regex)) => {
                for fixture in list["fixtures"].as_array().into_iter().flatten().map(text) {
                    ours += if filter.matches(&fixture) { "1" } else { "0" };
                    wanted += if regex.is_match(&fixture) != negate { "1" } else { "0" };
                }
            }
            _ => ours = "does not compile".to_owned(),
        }
        let name = format!("regex_simplification {index}");
        report.case(CORPUS, &name, &pattern, ours == wanted, &ours, &wanted);
    }
}

/// The sample that a query takes from one line.
fn extraction(report: &mut Report, list: &Value) {
    for (index, case) in list["cases"].as_array().into_iter().flatten().enumerate() {
        let query = text(&case["query"]);
        // Rates are per second over the window of a minute; the corpus has the plain sample.
        let expr = match logql::parse(&query).into_result() {
            Ok(expr) => expr,
            Err(error) => {
                report.case(
                    CORPUS,
                    &format!("sample_extraction {index}"),
                    &query,
                    false,
                    &error.to_string(),
                    "",
                );
                continue;
            }
        };
        let mut source = MemorySource::new(10, false);
        let stream = source.add_stream(crate::stages::labels(&list["stream"]));
        source.add(stream, 1_000_000_000, text(&case["line"]), Vec::new());
        let params = Params::instant(2_000_000_000);
        let answer = evaluate(&expr, &params, &source, &Control::default());
        let is_absent = query.starts_with("absent");
        let is_rate = query.contains("rate(");
        let ours = match answer.map(|answer| answer.data) {
            Ok(logql::eval::Data::Vector(series)) if is_absent => {
                json!({"ok": series.is_empty()})
            }
            Ok(logql::eval::Data::Vector(series)) => match series.first() {
                Some(one) => {
                    let value = one.values[0].unwrap_or(f64::NAN) * if is_rate { 60.0 } else { 1.0 };
                    json!({"ok": true, "value": (value * 1e6).round() / 1e6, "labels": one.labels.to_string()})
                }
                None => json!({"ok": false}),
            },
            Ok(other) => json!(format!("{other:?}")),
            Err(error) => json!(error.to_string()),
        };
        let ok = case["ok"].as_bool().unwrap_or(false);
        let wanted = if ok && !is_absent {
            json!({"ok": ok, "value": case["value"], "labels": case["labels"]})
        } else {
            json!({"ok": ok})
        };
        let name = format!("sample_extraction {index}");
        let (ours, wanted) = (ours.to_string(), wanted.to_string());
        report.case(CORPUS, &name, &query, ours == wanted, &ours, &wanted);
    }
    let _ = LabelSet::default();
}
