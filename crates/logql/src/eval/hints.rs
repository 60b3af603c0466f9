//! What stages imply about entries as stored, beyond filters on stored lines and labels.
//!
//! Grafana's link from a trace to its logs sends `| label_format v=`{{ contains "ID" __line__ }}` |
//! v="true" OR trace_id="ID"`. Whatever passes has the text in its line or the label, which a source can
//! look up; without that each click would read everything.

use crate::pipeline::row::EXTRACTED;
use crate::source::Hint;
use crate::syntax::ast::{FormatValue, LabelFilter, LabelFilterKind, LabelFormat, MatchOp, Stage, StageKind};

/// Groups of hints; see [`crate::source::Request::hints`].
pub(super) fn hints(stages: &[Stage]) -> Vec<Vec<Hint>> {
    // Labels that mean "the line contains this text", set by the stages so far.
    let mut tests: Vec<(&str, String)> = Vec::new();
    let mut groups = Vec::new();
    for stage in stages {
        match &stage.kind {
            StageKind::LineFilters(_) => {}
            StageKind::LabelFormat(formats) if tests.is_empty() => {
                let read: Option<Vec<_>> = formats.iter().map(contains_test).collect();
                let Some(read) = read else {
                    break;
                };
                tests = read;
            }
            StageKind::LabelFilter(filter) => {
                let mut group = Vec::new();
                if !tests.is_empty() && collect(filter, &tests, &mut group) {
                    groups.push(group);
                }
            }
            // Behind any other stage neither line nor labels are those stored.
            _ => break,
        }
    }
    groups
}

/// The target and text of `target=`{{ contains "text" __line__ }}``.
fn contains_test(format: &LabelFormat) -> Option<(&str, String)> {
    let FormatValue::Template(template) = &format.value else {
        return None;
    };
    let inner = template.trim().strip_prefix("{{")?.strip_suffix("}}")?.trim();
    let literal = inner.strip_prefix("contains")?.strip_suffix("__line__")?.trim();
    let is_quoted = literal.len() >= 2 && literal.starts_with('"') && literal.ends_with('"');
    let text = stdx::go::quote::unquote_string(literal).ok().filter(|_| is_quoted)?;
    (template.trim() == template).then_some((format.target.as_str(), text))
}

/// Collects the alternatives of a condition; false if one of them says nothing.
fn collect(filter: &LabelFilter, tests: &[(&str, String)], group: &mut Vec<Hint>) -> bool {
    match &filter.kind {
        LabelFilterKind::Or(left, right) => collect(left, tests, group) && collect(right, tests, group),
        LabelFilterKind::Text(matcher) if matcher.op == MatchOp::Equal => {
            match tests.iter().find(|(target, _)| *target == matcher.name) {
                Some((_, text)) if matcher.value == "true" => {
                    group.push(Hint::LineContains(text.clone()));
                }
                // The label is always there, so that no entry passes by another value.
                Some(_) if matcher.value != "false" => {}
                Some(_) => return false,
                // Neither an absent label, nor the error, nor a name given to hidden metadata can be
                // looked up.
                None if matcher.value.is_empty()
                    || matcher.name.starts_with("__")
                    || matcher.name.ends_with(EXTRACTED) =>
                {
                    return false;
                }
                None => group.push(Hint::Label(matcher.name.clone(), matcher.value.clone())),
            }
            true
        }
        _ => false,
    }
}
