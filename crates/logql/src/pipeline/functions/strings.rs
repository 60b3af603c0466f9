//! Functions of text.

use stdx::go::template::{CallError, OUTPUT_BYTES_MAX, Value};
use stdx::go::text as go;

use super::{Called, Context, integer, text, texts};

/// Calls a function of this family; `None` if it is none.
pub(super) fn call<'v>(name: &str, args: &[Value<'v>], context: &Context<'_>) -> Option<Called<'v>> {
    let one = |f: fn(&str) -> String| texts::<1>(name, args).map(|[a]| Value::string(f(a)));
    let two = |f: fn(&str, &str) -> String| texts::<2>(name, args).map(|[a, b]| Value::string(f(a, b)));
    let test = |f: fn(&str, &str) -> bool| texts::<2>(name, args).map(|[a, b]| Value::Bool(f(a, b)));
    Some(match name {
        "ToLower" | "lower" => one(go::to_lower),
        "ToUpper" | "upper" => one(go::to_upper),
        "title" => one(go::title),
        "TrimSpace" | "trim" => one(|a| go::trim_space(a).to_owned()),
        "Trim" => two(|a, set| a.trim_matches(in_set(set)).to_owned()),
        "TrimLeft" => two(|a, set| a.trim_start_matches(in_set(set)).to_owned()),
        "TrimRight" => two(|a, set| a.trim_end_matches(in_set(set)).to_owned()),
        "TrimPrefix" => two(|a, prefix| a.strip_prefix(prefix).unwrap_or(a).to_owned()),
        "TrimSuffix" => two(|a, suffix| a.strip_suffix(suffix).unwrap_or(a).to_owned()),
        "trimAll" => two(|set, a| a.trim_matches(in_set(set)).to_owned()),
        "trimPrefix" => two(|prefix, a| a.strip_prefix(prefix).unwrap_or(a).to_owned()),
        "trimSuffix" => two(|suffix, a| a.strip_suffix(suffix).unwrap_or(a).to_owned()),
        "contains" => test(|part, a| a.contains(part)),
        "hasPrefix" => test(|prefix, a| a.starts_with(prefix)),
        "hasSuffix" => test(|suffix, a| a.ends_with(suffix)),
        "replace" => texts::<3>(name, args).and_then(|[old, new, a]| replace(a, old, new, -1)),
        "Replace" => match args {
            [a, old, new, count] => (|| replace(text(a)?, text(old)?, text(new)?, integer(count)?))(),
            _ => Err(CallError::arity(name, "4", args.len())),
        },
        "trunc" | "alignLeft" | "alignRight" | "indent" | "nindent" | "repeat" => match args {
            [count, a] => (|| counted(name, integer(count)?, text(a)?))(),
            _ => Err(CallError::arity(name, "2", args.len())),
        },
        "substr" => match args {
            [start, end, a] => (|| Ok(Value::string(substring(integer(start)?, integer(end)?, text(a)?))))(),
            _ => Err(CallError::arity(name, "3", args.len())),
        },
        "count" => texts::<2>(name, args).and_then(|[pattern, a]| {
            let regex = context.regexes.borrow_mut().get(pattern)?;
            Ok(Value::Int(regex.find_iter(a).count() as i64))
        }),
        "regexReplaceAll" | "regexReplaceAllLiteral" => {
            texts::<3>(name, args).and_then(|[pattern, a, replacement]| {
                let regex = context.regexes.borrow_mut().get(pattern)?;
                bounded(if name == "regexReplaceAll" {
                    let expand = |captures: &regex::Captures<'_>| {
                        let mut out = String::new();
                        stdx::go::regex::expand(replacement, captures, &mut out);
                        out
                    };
                    regex.replace_all(a, expand).into_owned()
                } else {
                    regex.replace_all(a, regex::NoExpand(replacement)).into_owned()
                })
            })
        }
        _ => return None,
    })
}

fn in_set(set: &str) -> impl Fn(char) -> bool + Copy {
    move |c| set.contains(c)
}

/// An error instead of a text that the output could not take.
fn bounded<'v>(text: String) -> Called<'v> {
    if text.len() > OUTPUT_BYTES_MAX {
        return Err(CallError::Failed(format!("result exceeds {OUTPUT_BYTES_MAX} bytes")));
    }
    Ok(Value::string(text))
}

/// `strings.Replace`; a negative count means all.
fn replace<'v>(a: &str, old: &str, new: &str, count: i64) -> Called<'v> {
    // The result is bounded before it is built: at most one replacement before each byte and at the end.
    if new.len().saturating_mul(a.len() + 1) > OUTPUT_BYTES_MAX
        && a.matches(old).count().saturating_mul(new.len()) > OUTPUT_BYTES_MAX
    {
        return Err(CallError::Failed(format!("result exceeds {OUTPUT_BYTES_MAX} bytes")));
    }
    Ok(Value::string(match usize::try_from(count) {
        Ok(count) => a.replacen(old, new, count),
        Err(_) => a.replace(old, new),
    }))
}

fn counted<'v>(name: &str, count: i64, a: &str) -> Called<'v> {
    let is_padding = matches!(name, "indent" | "nindent" | "alignLeft" | "alignRight");
    if is_padding && count > 65_536 {
        return Err(CallError::Failed("width exceeds 65536".to_owned()));
    }
    match name {
        "trunc" => Ok(Value::string(truncate(count, a))),
        "alignLeft" => Ok(Value::string(align_left(count, a))),
        "alignRight" => Ok(Value::string(align_right(count, a))),
        "repeat" => go::repeat(a, count, OUTPUT_BYTES_MAX)
            .map(Value::string)
            .map_err(|error| CallError::Failed(error.to_string())),
        _ => {
            let Ok(count) = usize::try_from(count) else {
                return Err(CallError::Failed("strings: negative Repeat count".to_owned()));
            };
            let lines = a.matches('\n').count() + 1;
            if lines.saturating_mul(count) > OUTPUT_BYTES_MAX {
                return Err(CallError::Failed(format!("result exceeds {OUTPUT_BYTES_MAX} bytes")));
            }
            let pad = " ".repeat(count);
            let indented = format!("{pad}{}", a.replace('\n', &format!("\n{pad}")));
            let head = if name == "nindent" { "\n" } else { "" };
            Ok(Value::string(format!("{head}{indented}")))
        }
    }
}

/// The first `count` characters, or for a negative count the last ones.
pub fn truncate(count: i64, a: &str) -> String {
    let length = a.chars().count();
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    if count >= 0 {
        a.chars().take(wanted).collect()
    } else {
        a.chars().skip(length.saturating_sub(wanted)).collect()
    }
}

/// The characters from `start` to before `end`; negative bounds mean the ends of the text.
pub fn substring(start: i64, end: i64, a: &str) -> String {
    let length = a.chars().count();
    let bound = |at: i64| usize::try_from(at).map(|at| at.min(length)).ok();
    let (start, end) = match (bound(start), bound(end)) {
        (None, None) => return String::new(),
        (None, Some(end)) => (0, end),
        (Some(start), None) => (start, length),
        (Some(start), Some(end)) => (start, end),
    };
    a.chars().skip(start).take(end.saturating_sub(start)).collect()
}

/// Exactly `count` characters: cut, or padded at the end. A negative count changes nothing.
pub fn align_left(count: i64, a: &str) -> String {
    let Ok(count) = usize::try_from(count) else {
        return a.to_owned();
    };
    let length = a.chars().count();
    let cut: String = a.chars().take(count).collect();
    cut + &" ".repeat(count.saturating_sub(length))
}

/// Exactly `count` characters: the last ones, or padded before them.
pub fn align_right(count: i64, a: &str) -> String {
    let Ok(count) = usize::try_from(count) else {
        return a.to_owned();
    };
    let length = a.chars().count();
    let pad = " ".repeat(count.saturating_sub(length));
    pad + &a.chars().skip(length.saturating_sub(count)).collect::<String>()
}
