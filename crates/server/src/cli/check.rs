//! `throughline check query`: is this query right, and how is it written?
//!
//! In: one query of one language. Out: its canonical form, or each error with a caret under its place and what was expected; as JSON for
//! editors. It asks no server and reads no data.

use std::ops::Range;

use clap::{Args, Subcommand};
use serde_json::json;

use super::Failure;

/// What can be checked.
#[derive(Debug, Args)]
pub struct CheckFlags {
    #[command(subcommand)]
    subject: Subject,
}

#[derive(Debug, Subcommand)]
enum Subject {
    /// A query in one of the three languages.
    Query(QueryFlags),
}

/// The query and its language.
#[derive(Debug, Args)]
pub struct QueryFlags {
    #[command(flatten)]
    language: Language,
    /// Print JSON: `{"ok":true,"canonical":..}` or `{"ok":false,"diagnostics":[..]}`.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Language {
    /// A query in Prometheus' language.
    #[arg(long, value_name = "TEXT")]
    promql: Option<String>,
    /// A query in Loki's language.
    #[arg(long, value_name = "TEXT")]
    logql: Option<String>,
    /// A query in Tempo's language.
    #[arg(long, value_name = "TEXT")]
    traceql: Option<String>,
}

/// One complaint, the same for all languages.
#[derive(Debug)]
struct Complaint {
    /// Bytes of the query.
    place: Range<usize>,
    message: String,
    expected: Vec<String>,
}

/// Prints the verdict.
///
/// # Errors
/// When the query is wrong: the message shows where.
pub fn run(flags: &CheckFlags) -> Result<(), Failure> {
    let Subject::Query(flags) = &flags.subject;
    let (text, verdict) = judge(&flags.language);
    match (verdict, flags.json) {
        (Ok(canonical), false) => println!("{canonical}"),
        (Ok(canonical), true) => println!("{}", json!({"ok": true, "canonical": canonical})),
        (Err(complaints), false) => {
            let shown: Vec<String> = complaints.iter().map(|complaint| show(text, complaint)).collect();
            return Err(Failure::Failed(format!("the query is wrong\n{}", shown.join("\n"))));
        }
        (Err(complaints), true) => {
            let list: Vec<_> = complaints
                .iter()
                .map(|c| {
                    json!({"start": c.place.start, "end": c.place.end, "message": c.message, "expected": c.expected})
                })
                .collect();
            println!("{}", json!({"ok": false, "diagnostics": list}));
            return Err(Failure::Failed("the query is wrong".to_owned()));
        }
    }
    Ok(())
}

fn judge(language: &Language) -> (&str, Result<String, Vec<Complaint>>) {
    if let Some(text) = &language.promql {
        let verdict = promql::check(text).map_err(|found| {
            found
                .into_iter()
                .map(|d| Complaint {
                    place: d.span.start..d.span.end,
                    message: d.message,
                    expected: d.expected.into_iter().collect(),
                })
                .collect()
        });
        return (text, verdict);
    }
    if let Some(text) = &language.logql {
        let verdict = logql::check(text).map_err(|found| {
            found
                .into_iter()
                .map(|d| Complaint {
                    place: d.span.start as usize..d.span.end as usize,
                    message: d.message,
                    expected: d.expected,
                })
                .collect()
        });
        return (text, verdict);
    }
    let text = language.traceql.as_deref().unwrap_or_default();
    let verdict = traceql::check(text).map_err(|found| {
        found
            .into_iter()
            .map(|d| Complaint {
                place: d.span.start as usize..d.span.end as usize,
                message: d.message,
                expected: d.expected,
            })
            .collect()
    });
    (text, verdict)
}

/// The line of the query with carets under the place, the message, and what was expected.
fn show(text: &str, complaint: &Complaint) -> String {
    let floor = |mut at: usize| {
        at = at.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (floor(complaint.place.start), floor(complaint.place.end));
    let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
    let line = &text[line_start..line_end];
    let before = text[line_start..start].chars().count();
    let width = text[start..end.clamp(start, line_end)].chars().count().max(1);
    let mut shown = format!("  {line}\n  {}{} {}", " ".repeat(before), "^".repeat(width), complaint.message);
    if !complaint.expected.is_empty() {
        shown.push_str(&format!("\n  expected: {}", complaint.expected.join(", ")));
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caret_stands_under_the_place() {
        let complaint = Complaint {
            place: 4..6,
            message: "unexpected".to_owned(),
            expected: vec!["a number".to_owned()],
        };
        let shown = show("sum(\nfoo", &Complaint { place: 5..8, ..complaint });
        assert_eq!(shown, "  foo\n  ^^^ unexpected\n  expected: a number");
        let beyond = Complaint { place: 99..120, message: "end".to_owned(), expected: Vec::new() };
        assert_eq!(show("한", &beyond), "  한\n   ^ end");
    }

    #[test]
    fn each_language_has_its_canonical_form() {
        for (language, wanted) in [
            (
                Language { promql: Some("sum( foo )by(a)".to_owned()), logql: None, traceql: None },
                "sum by (a) (foo)",
            ),
            (Language { promql: None, logql: None, traceql: Some("{.a=1}".to_owned()) }, "{ .a = 1 }"),
        ] {
            assert_eq!(judge(&language).1.ok().as_deref(), Some(wanted));
        }
    }
}
