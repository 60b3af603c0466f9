//! `printer_roundtrip.json` and `prettier.json`: a query and its canonical text, in one line or many.

use promql::{LINE_BYTES_MAX, ParseOptions, parse};
use serde_json::Value;
use testkit::conformance::Report;

use crate::go_value::{number, string};

/// Runs both tables.
pub fn run(report: &mut Report) {
    for (table, corpus) in
        [("printer_roundtrip", "metrics/prom_tables/printer"), ("prettier", "metrics/prom_tables/prettier")]
    {
        for (at, case) in crate::table(table).iter().enumerate() {
            let input = string(&case["in"]);
            let wanted = case.get("out").filter(|out| !out.is_null()).map_or(input.clone(), string);
            let ours = match parse(&input, ParseOptions::ALL) {
                Err(errors) => errors.to_string(),
                Ok(tree) if table == "prettier" => {
                    let width = match &case["max_characters_per_line"] {
                        Value::Null => LINE_BYTES_MAX,
                        width => number(width) as usize,
                    };
                    tree.pretty_within(width)
                }
                Ok(tree) => tree.to_string(),
            };
            report.case(corpus, &at.to_string(), &input, ours == wanted, &ours, &wanted);
        }
    }
}
