//! `lexer.json`: kinds, places and texts of tokens.

use promql::lexer::Lexer;
use promql::token::TokenKind;
use serde_json::Value;
use testkit::conformance::Report;

use crate::go_value::string;

/// Runs the table.
pub fn run(report: &mut Report) {
    for group in crate::table("lexer") {
        let name = string(&group["name"]);
        for (at, case) in group["tests"].as_array().into_iter().flatten().enumerate() {
            let input = string(&case["input"]);
            let is_series = case["seriesDesc"] == Value::Bool(true);
            let (ours, has_failed) = lexed(&input, is_series);
            let must_fail = case["fail"] == Value::Bool(true);
            let wanted = if must_fail { "an error".to_owned() } else { wanted(&case["expected"]) };
            let passed = if must_fail { has_failed } else { ours == wanted };
            let case_name = format!("{name} {at}");
            let corpus = "metrics/prom_tables/lexer";
            report.case(corpus, &case_name, &input, passed, &ours, &wanted);
        }
    }
}

fn lexed(input: &str, is_series: bool) -> (String, bool) {
    let mut lexer = if is_series { Lexer::for_series(input) } else { Lexer::new(input) };
    let mut shown = Vec::new();
    let mut has_failed = false;
    loop {
        let token = lexer.next_token();
        let text = match token.kind {
            TokenKind::Eof => return (shown.join(" "), has_failed),
            TokenKind::Error => {
                has_failed = true;
                lexer.message()
            }
            _ => &input[token.span.start..token.span.end],
        };
        shown.push(format!("{}@{}{text:?}", token.kind.grammar_name(), token.span.start));
    }
}

fn wanted(tokens: &Value) -> String {
    let one = |token: &Value| {
        // A blank is shown with one character, whatever it is.
        format!("{}@{}{:?}", token[0]["_id"].as_str().unwrap_or_default(), token[1], string(&token[2]))
    };
    tokens.as_array().into_iter().flatten().map(one).collect::<Vec<_>>().join(" ")
}
