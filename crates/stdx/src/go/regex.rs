//! Go's regexps (RE2 syntax) on top of the `regex` crate.
//!
//! In: a pattern in Go's syntax. Out: a `regex::Regex` of the same meaning, or Go's error text. The
//! pattern is read by Go's rules into a small tree and printed again in the syntax of the `regex`
//! crate, so that whatever only Rust understands (`(?x)`, `[a&&b]`, `\<`, `\b{start}`) is a literal
//! or an error as in Go. Both engines search leftmost-first in linear time.
//!
//! Known differences: a group name that starts with a digit or stands twice is refused, because the
//! `regex` crate cannot hold it; Unicode classes may know letters newer than Go's Unicode 15.0; a
//! compiled program may take [`COMPILED_BYTES_MAX`], which is less than Go allows.

mod ast;
mod class;
mod emit;
mod empty;
mod error;
mod literal;
mod parse;

pub use empty::matches_empty;
pub use error::{ErrorCode, RegexError};
pub use literal::{ALTERNATIVES_MAX, literal_alternation, literal_prefix};

/// Bytes that a compiled pattern may take. Bounds memory and compile time per pattern; a
/// `\pL{1000}`, which would take more, is an error.
pub const COMPILED_BYTES_MAX: usize = 16 << 20;

/// Nesting of the printed pattern. Go's limit of 1000 is checked on the tree; printing adds a few
/// groups around a level, and this only has to stay above that.
const PRINTED_NESTING_MAX: u32 = 4_000;

/// Trees up to this height compile on the caller's stack. The compiler of the `regex` crate recurses
/// and was measured at 10 KiB a level in a debug build, so that 64 levels take 640 KiB.
const SHALLOW_HEIGHT_MAX: u32 = 64;

/// Stack for higher trees: 1000 levels of 10 KiB, three times over. Only what is touched is used.
const DEEP_STACK_BYTES: usize = 32 << 20;

/// Whether a match has to span the whole text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anchoring {
    /// A match may stand anywhere.
    None,
    /// As `^(?:pattern)$`. Error texts show the bare pattern. A dialect whose errors show the
    /// wrapper (Prometheus: `^(?s:pattern)$`) wraps the text itself and uses `None`.
    Full,
}

/// `syntax.Parse`: whether the pattern is right, without the cost of compiling it. A right pattern may
/// still be too large to compile.
pub fn validate(pattern: &str) -> Result<(), RegexError> {
    parse::parse(pattern).map(drop)
}

/// `regexp.Compile`.
pub fn compile(pattern: &str, anchoring: Anchoring) -> Result<::regex::Regex, RegexError> {
    build(pattern, anchoring, |translated| {
        ::regex::RegexBuilder::new(translated)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(PRINTED_NESTING_MAX)
            .build()
    })
}

/// As [`compile`], for text that may hold broken UTF-8. No class and no dot matches a broken byte,
/// where Go reads it as U+FFFD.
pub fn compile_bytes(pattern: &str, anchoring: Anchoring) -> Result<::regex::bytes::Regex, RegexError> {
    build(pattern, anchoring, |translated| {
        ::regex::bytes::RegexBuilder::new(translated)
            .size_limit(COMPILED_BYTES_MAX)
            .nest_limit(PRINTED_NESTING_MAX)
            .build()
    })
}

/// Parses, prints and compiles; a high tree goes to a thread of its own with a large stack.
fn build<R: Send>(
    pattern: &str,
    anchoring: Anchoring,
    compile: impl Fn(&str) -> Result<R, ::regex::Error> + Send,
) -> Result<R, RegexError> {
    let tree = parse::parse(pattern)?;
    let is_shallow = tree.height <= SHALLOW_HEIGHT_MAX;
    let work = move || {
        let translated = translate(&tree, anchoring);
        compile(&translated).map_err(|error| RegexError::from_engine(pattern, &error))
    };
    if is_shallow {
        return work();
    }
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("regex-compile".to_owned())
            .stack_size(DEEP_STACK_BYTES)
            .spawn_scoped(scope, work)
            .ok()
            .and_then(|thread| thread.join().ok())
            // No thread to be had: as if the limit were lower.
            .unwrap_or_else(|| Err(RegexError::new(ErrorCode::NestingDepth, pattern)))
    })
}

/// The pattern in the syntax of the `regex` crate with its default flags.
fn translate(tree: &ast::Node, anchoring: Anchoring) -> String {
    let mut out = String::new();
    match anchoring {
        Anchoring::None => emit::emit(tree, &mut out),
        Anchoring::Full => {
            out.push_str(r"\A(?:");
            emit::emit(tree, &mut out);
            out.push_str(r")\z");
        }
    }
    out
}

/// `regexp.QuoteMeta`.
pub fn quote_meta(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// `Regexp.Expand`: appends the template with `$1`, `$name`, `${name}` replaced by the groups of a
/// match, and `$$` by a dollar. An unknown or unmatched group is empty; a `$` before anything else
/// stands for itself.
pub fn expand(template: &str, captures: &::regex::Captures<'_>, out: &mut String) {
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = group_name(after) {
            let group = match group_number(name) {
                Some(index) => captures.get(index),
                None => captures.name(name),
            };
            out.push_str(group.map_or("", |group| group.as_str()));
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
}

/// The name after a `$`, and what follows it.
fn group_name(s: &str) -> Option<(&str, &str)> {
    let inner = s.strip_prefix('{').unwrap_or(s);
    let is_name = |c: char| c == '_' || super::text::is_letter(c) || super::text::is_digit(c);
    let end = inner.find(|c: char| !is_name(c)).unwrap_or(inner.len());
    let (name, tail) = inner.split_at(end);
    let tail = if s.starts_with('{') { tail.strip_prefix('}')? } else { tail };
    if name.is_empty() { None } else { Some((name, tail)) }
}

/// A group's index; a leading zero or an index from 10^8 on is a name to Go.
fn group_number(name: &str) -> Option<usize> {
    let is_index = name.bytes().all(|byte| byte.is_ascii_digit())
        && (name == "0" || !name.starts_with('0'))
        && name.len() <= 8;
    if is_index { name.parse().ok() } else { None }
}

#[cfg(test)]
mod tests;
