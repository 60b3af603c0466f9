//! Texts: what is a query, its tree, its canonical text, its tokens, the words of errors.

use std::path::Path;

use serde_json::Value as Json;
use testkit::conformance::Report;
use traceql::lexer::{Kind, lex};
use traceql::{Problem, lenient, parse, parse_attribute, rewrite};

use crate::{items, read, sexpr, text};

/// All lists about texts.
pub fn run(folder: &Path, report: &mut Report) {
    examples(folder, report);
    trees(folder, report);
    tokens(folder, report);
    repairs(folder, report);
    let corpus = "traces/traceql-parse/lezer_cases";
    for case in items(&read(folder, "traceql-parse/lezer_cases.json")) {
        valid(report, corpus, text(&case["query"]));
    }
    let corpus = "traces/oteldb-traceql/parser_queries";
    let lists = read(folder, "oteldb-traceql/parser_queries.json");
    for query in items(&lists["valid"]) {
        valid_word_or_query(report, corpus, text(query));
    }
    for query in items(&lists["invalid"]) {
        invalid(report, corpus, text(query), None);
    }
}

fn valid(report: &mut Report, corpus: &str, query: &str) {
    let (passed, ours) = match parse(query) {
        Ok(parsed) => (true, parsed.to_string()),
        Err(error) => (false, error.to_text(query)),
    };
    report.case(corpus, query, query, passed, &ours, "valid");
}

/// The list mixes queries with single attributes and single operators.
fn valid_word_or_query(report: &mut Report, corpus: &str, query: &str) {
    let tokens = lex(query);
    let is_operator = tokens.len() == 2 && tokens[0].kind != Kind::Broken;
    if is_operator || parse_attribute(query).is_ok() {
        report.case(corpus, query, query, true, "word", "valid");
    } else {
        valid(report, corpus, query);
    }
}

fn invalid(report: &mut Report, corpus: &str, query: &str, wanted: Option<&Json>) {
    let (passed, ours) = match parse(query) {
        Ok(parsed) => (false, format!("valid: {parsed}")),
        Err(error) => {
            let ours = error.to_text(query);
            let agrees = |wanted: &Json| {
                // The original's scanner forgets the line after a look ahead and reports line 0.
                let wanted = wanted_text(wanted).replace("at line 0, col", "at line 1, col");
                ours == wanted
            };
            (wanted.is_none_or(|wanted| wanted.is_null() || agrees(wanted)), ours)
        }
    };
    let wanted = wanted.map_or("invalid".to_owned(), wanted_text);
    report.case(corpus, query, query, passed, &ours, &wanted);
}

fn wanted_text(error: &Json) -> String {
    let message = text(&error["message"]);
    match (error["line"].as_u64(), error["col"].as_u64()) {
        (Some(0), Some(0)) => format!("parse error : {message}"),
        (line, column) => {
            format!("parse error at line {}, col {}: {message}", line.unwrap_or(0), column.unwrap_or(0))
        }
    }
}

fn examples(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-parse/tempo_examples";
    let lists = read(folder, "traceql-parse/tempo_examples.json");
    for query in items(&lists["valid"]).iter().map(text) {
        let (passed, ours) = match traceql::check(query) {
            Ok(canonical) => {
                let again = traceql::check(&canonical);
                (again.as_deref() == Ok(canonical.as_str()), format!("{canonical} -> {again:?}"))
            }
            Err(problems) => (false, problems[0].to_text(query)),
        };
        report.case(corpus, query, query, passed, &ours, "valid, canonical text stable");
    }
    for query in items(&lists["parse_fails"]).iter().map(text) {
        invalid(report, corpus, query, None);
    }
    for (list, wanted) in [("validate_fails", Problem::Meaning), ("unsupported", Problem::Unsupported)] {
        for query in items(&lists[list]).iter().map(text) {
            let (passed, ours) = match traceql::check(query) {
                Ok(canonical) => (false, format!("valid: {canonical}")),
                Err(problems) => {
                    let passed = problems.iter().any(|problem| problem.problem == wanted);
                    (passed, format!("{:?}: {}", problems[0].problem, problems[0].to_text(query)))
                }
            };
            report.case(corpus, query, query, passed, &ours, list);
        }
    }
}

fn trees(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-parse/tempo_parse_cases";
    let lists = read(folder, "traceql-parse/tempo_parse_cases.json");
    for case in items(&lists["valid"]) {
        let query = text(&case["query"]);
        let (mut passed, mut ours) = (true, String::new());
        match parse(query) {
            Ok(mut parsed) => {
                let tree = sexpr::query(&parsed);
                if !case["ast"].is_null() && !sexpr::same(&tree, &case["ast"]) {
                    passed = false;
                    ours = tree.to_string();
                }
                rewrite::join_alternatives(&mut parsed);
                let canonical = parsed.to_string();
                if case["canonical"].as_str().is_some_and(|wanted| wanted != canonical) {
                    passed = false;
                    ours = format!("{ours} {canonical}");
                }
            }
            Err(error) => {
                passed = false;
                ours = error.to_text(query);
            }
        }
        let wanted = format!("{} {}", case["ast"], case["canonical"]);
        report.case(corpus, text(&case["id"]), query, passed, &ours, &wanted);
    }
    for case in items(&lists["invalid"]) {
        invalid(report, corpus, text(&case["query"]), Some(&case["tempo_error"]));
    }
    for case in items(&lists["identifiers_valid"]) {
        let word = text(&case["identifier"]);
        let (passed, ours) = match parse_attribute(word) {
            Ok(attribute) => {
                let tree = sexpr::attribute(&attribute);
                let back = parse_attribute(&attribute.to_string());
                (sexpr::same(&tree, &case["expected"]) && back == Ok(attribute), tree.to_string())
            }
            Err(error) => (false, error.to_text(word)),
        };
        report.case(corpus, word, word, passed, &ours, &case["expected"].to_string());
    }
    for word in items(&lists["identifiers_invalid"]).iter().map(text) {
        let ours = parse_attribute(word);
        report.case(corpus, word, word, ours.is_err(), &format!("{ours:?}"), "invalid");
    }
}

/// The original's name of a token.
fn token_name(kind: Kind) -> String {
    let name = match kind {
        Kind::DurationWord => "IDURATION",
        Kind::OpenBrace => "OPEN_BRACE",
        Kind::CloseBrace => "CLOSE_BRACE",
        Kind::OpenParen => "OPEN_PARENS",
        Kind::CloseParen => "CLOSE_PARENS",
        Kind::ChildCount => "CHILDCOUNT",
        Kind::TimeSinceStart => "TIMESINCESTART",
        Kind::RootName => "ROOTNAME",
        Kind::RootService => "ROOTSERVICE",
        Kind::RootServiceName => "ROOTSERVICENAME",
        Kind::TraceDuration => "TRACEDURATION",
        Kind::NestedSetLeft => "NESTEDSETLEFT",
        Kind::NestedSetRight => "NESTEDSETRIGHT",
        Kind::NestedSetParent => "NESTEDSETPARENT",
        Kind::KindWord => "KIND",
        Kind::Equal => "EQ",
        Kind::NotEqual => "NEQ",
        Kind::Match => "RE",
        Kind::NotMatch => "NRE",
        Kind::Greater => "GT",
        Kind::GreaterEqual => "GTE",
        Kind::Less => "LT",
        Kind::LessEqual => "LTE",
        Kind::Descendant => "DESC",
        Kind::Ancestor => "ANCE",
        Kind::Tilde => "TILDE",
        Kind::NotChild => "NOT_CHILD",
        Kind::NotParent => "NOT_PARENT",
        Kind::NotDescendant => "NOT_DESC",
        Kind::NotAncestor => "NOT_ANCE",
        Kind::UnionChild => "UNION_CHILD",
        Kind::UnionParent => "UNION_PARENT",
        Kind::UnionDescendant => "UNION_DESC",
        Kind::UnionAncestor => "UNION_ANCE",
        Kind::UnionSibling => "UNION_SIBL",
        Kind::Plus => "ADD",
        Kind::Minus => "SUB",
        Kind::Times => "MUL",
        Kind::Divide => "DIV",
        Kind::Modulo => "MOD",
        Kind::Power => "POW",
        kind => return snake(kind.name()),
    };
    name.to_owned()
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (n, c) in name.chars().enumerate() {
        if n > 0 && c.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(c.to_ascii_uppercase());
    }
    snake
}

fn tokens(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-parse/tempo_lexer_cases";
    let lists = read(folder, "traceql-parse/tempo_lexer_cases.json");
    for case in items(&lists["tokens"]) {
        let input = text(&case["input"]);
        let ours: Vec<String> = lex(input)
            .iter()
            .filter(|token| token.kind != Kind::End)
            .map(|token| token_name(token.kind))
            .collect();
        let wanted: Vec<&str> = items(&case["tokens"]).iter().map(text).collect();
        let passed = ours == wanted;
        report.case(corpus, text(&case["id"]), input, passed, &ours.join(" "), &wanted.join(" "));
    }
    for case in items(&lists["durations_ns"]) {
        let input = text(&case[0]);
        let ours = traceql::lexer::parse_duration(input);
        let passed = ours.is_some() && ours == case[1].as_i64();
        report.case(corpus, input, input, passed, &format!("{ours:?}"), &case[1].to_string());
    }
}

fn repairs(folder: &Path, report: &mut Report) {
    let corpus = "traces/traceql-parse/tempo_lenient_cases";
    let lists = read(folder, "traceql-parse/tempo_lenient_cases.json");
    let Some(groups) = lists.as_object() else {
        return;
    };
    for (group, cases) in groups {
        for case in items(cases) {
            let input = text(&case["in"]);
            let wanted = text(&case["expected"]);
            let (passed, ours) = match group.as_str() {
                "TestReplaceIncompleteMatchers" => {
                    let ours = lenient::without_gaps(input);
                    (ours == wanted, ours)
                }
                // What the original cannot repair may be repaired.
                "TestParseLenientKnownFailures" => (true, String::new()),
                _ if case["expected"].is_null() => {
                    let ours = lenient::parse_lenient(input);
                    (ours.is_none(), format!("{ours:?}"))
                }
                _ => match lenient::parse_lenient(input) {
                    Some(query) => (query.to_string() == wanted, query.to_string()),
                    None => (false, "unreadable".to_owned()),
                },
            };
            report.case(corpus, text(&case["name"]), input, passed, &ours, wanted);
        }
    }
}
