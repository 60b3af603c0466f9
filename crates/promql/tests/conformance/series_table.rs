//! `parser_series.json`: the language of series in scripts.

use model::Labels;
use promql::series::{SeriesValue, parse_series};
use serde_json::Value;
use testkit::conformance::Report;

use crate::go_value::{number, string};

/// Runs the table.
pub fn run(report: &mut Report) {
    for (at, case) in crate::table("parser_series").iter().enumerate() {
        let input = string(&case["input"]);
        let parsed = parse_series(&input);
        let ours = match &parsed {
            Ok((labels, values)) => {
                format!("{labels:?} {}", values.iter().map(show).collect::<Vec<_>>().join(" "))
            }
            Err(errors) => errors.to_string(),
        };
        let must_fail = case["fail"] == Value::Bool(true);
        let wanted = if must_fail { "an error".to_owned() } else { wanted(case) };
        let passed = if must_fail { parsed.is_err() } else { ours == wanted };
        let corpus = "metrics/prom_tables/parser_series";
        report.case(corpus, &at.to_string(), &input, passed, &ours, &wanted);
    }
}

fn show(value: &SeriesValue) -> String {
    match value {
        SeriesValue::Omitted => "_".to_owned(),
        SeriesValue::Float(value) => value.to_string(),
        SeriesValue::Histogram(value, _) => value.to_string(),
    }
}

fn wanted(case: &Value) -> String {
    let pairs = case["expectedMetric"]["args"].as_array().cloned().unwrap_or_default();
    let labels = Labels::from_pairs(pairs.chunks(2).map(|pair| (string(&pair[0]), string(&pair[1]))));
    let values = case["expectedValues"]["args"].as_array().cloned().unwrap_or_default();
    let values: Vec<String> = values
        .iter()
        .map(|value| if value["_id"] == "none" { "_".to_owned() } else { number(value).to_string() })
        .collect();
    format!("{labels:?} {}", values.join(" "))
}
