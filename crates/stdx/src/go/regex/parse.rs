//! Reads a pattern by the rules of Go's `regexp/syntax` with its Perl flags.
//!
//! In: a pattern. Out: the tree, or the error that Go gives. The parser keeps its own stack of open
//! groups, so that deep nesting costs memory and not the thread's stack; the tree's height is
//! limited as each node is made.

use std::collections::HashSet;

use super::ast::{Class, HEIGHT_MAX, Kind, Node, REPEAT_MAX};
use super::class;
use super::error::{ErrorCode, RegexError};

/// The flags `i`, `m`, `s`, `U`.
#[derive(Debug, Clone, Copy, Default)]
struct Flags {
    is_folded: bool,
    is_multi_line: bool,
    dot_takes_newline: bool,
    is_lazy: bool,
}

/// An open group, or the whole pattern.
struct Group {
    kind: GroupKind,
    /// The flags to return to when the group closes.
    flags_outside: Flags,
    branches: Vec<Node>,
    items: Vec<Node>,
}

enum GroupKind {
    Plain,
    Capture(Option<String>),
}

struct Parser<'p> {
    pattern: &'p str,
    rest: &'p str,
    flags: Flags,
    outer: Vec<Group>,
    group: Group,
    names: HashSet<&'p str>,
    /// The first group whose name the engine cannot hold; told once the pattern is known to be
    /// right by Go's rules.
    unsupported_name: Option<&'p str>,
}

impl Group {
    fn new(kind: GroupKind, flags_outside: Flags) -> Self {
        Self { kind, flags_outside, branches: Vec::new(), items: Vec::new() }
    }
}

pub(super) fn parse(pattern: &str) -> Result<Node, RegexError> {
    let mut parser = Parser {
        pattern,
        rest: pattern,
        flags: Flags::default(),
        outer: Vec::new(),
        group: Group::new(GroupKind::Plain, Flags::default()),
        names: HashSet::new(),
        unsupported_name: None,
    };
    // Where the repeat just before stands, to name both when a second one follows.
    let mut last_repeat = None;
    while !parser.rest.is_empty() {
        last_repeat = parser.step(last_repeat)?;
    }
    if !parser.outer.is_empty() {
        return Err(RegexError::new(ErrorCode::MissingParen, pattern));
    }
    let tree = parser.close_body()?;
    match parser.unsupported_name {
        Some(capture) => Err(RegexError::new(ErrorCode::UnsupportedGroupName, capture)),
        None => Ok(tree),
    }
}

impl<'p> Parser<'p> {
    /// Reads one item; gives the text from a repeat on if the item was one.
    fn step(&mut self, last_repeat: Option<&'p str>) -> Result<Option<&'p str>, RegexError> {
        let before = self.rest;
        let mut chars = before.chars();
        let Some(c) = chars.next() else {
            return Ok(None);
        };
        let tail = chars.as_str();
        self.rest = tail;
        match c {
            '(' if tail.starts_with('?') => self.perl_group(before)?,
            '(' => self.open(GroupKind::Capture(None), self.flags),
            '|' => {
                let items = std::mem::take(&mut self.group.items);
                self.group.branches.push(self.checked(Node::concat(items))?);
            }
            ')' => self.close()?,
            '^' if self.flags.is_multi_line => self.push(Kind::BeginLine),
            '^' => self.push(Kind::BeginText),
            '$' if self.flags.is_multi_line => self.push(Kind::EndLine),
            '$' => self.push(Kind::EndText),
            '.' if self.flags.dot_takes_newline => self.push(Kind::AnyChar),
            '.' => self.push(Kind::AnyCharNotNewline),
            '[' => self.class(before)?,
            '*' => return self.repeat(before, last_repeat, Count::star()),
            '+' => return self.repeat(before, last_repeat, Count::plus()),
            '?' => return self.repeat(before, last_repeat, Count::question()),
            '{' => match counts(tail) {
                Some((count, tail)) => {
                    self.rest = tail;
                    return self.repeat(before, last_repeat, count);
                }
                None => self.literal('{'),
            },
            '\\' => self.backslash(before)?,
            _ => self.literal(c),
        }
        Ok(None)
    }

    fn push(&mut self, kind: Kind) {
        self.group.items.push(Node::leaf(kind));
    }

    fn literal(&mut self, c: char) {
        self.push(Kind::Literal { c, is_folded: self.flags.is_folded });
    }

    fn checked(&self, node: Node) -> Result<Node, RegexError> {
        if node.height > HEIGHT_MAX {
            return Err(RegexError::new(ErrorCode::NestingDepth, self.pattern));
        }
        Ok(node)
    }

    fn open(&mut self, kind: GroupKind, flags: Flags) {
        let inner = Group::new(kind, self.flags);
        self.outer.push(std::mem::replace(&mut self.group, inner));
        self.flags = flags;
    }

    fn close_body(&mut self) -> Result<Node, RegexError> {
        let items = std::mem::take(&mut self.group.items);
        let mut branches = std::mem::take(&mut self.group.branches);
        branches.push(self.checked(Node::concat(items))?);
        self.checked(Node::alternate(branches))
    }

    fn close(&mut self) -> Result<(), RegexError> {
        let body = self.close_body()?;
        let Some(outer) = self.outer.pop() else {
            return Err(RegexError::new(ErrorCode::UnexpectedParen, self.pattern));
        };
        let inner = std::mem::replace(&mut self.group, outer);
        self.flags = inner.flags_outside;
        let node = match inner.kind {
            GroupKind::Plain => body,
            GroupKind::Capture(name) => self.checked(Node::capture(name, body))?,
        };
        self.group.items.push(node);
        Ok(())
    }

    fn repeat(
        &mut self,
        before: &'p str,
        last_repeat: Option<&'p str>,
        count: Count,
    ) -> Result<Option<&'p str>, RegexError> {
        if count.is_counted && !count.is_in_range() {
            let shown = until(before, self.rest);
            return Err(RegexError::new(ErrorCode::InvalidRepeatSize, shown));
        }
        let mut is_greedy = !self.flags.is_lazy;
        if let Some(tail) = self.rest.strip_prefix('?') {
            self.rest = tail;
            is_greedy = !is_greedy;
        }
        if let Some(first) = last_repeat {
            let shown = until(first, self.rest);
            return Err(RegexError::new(ErrorCode::InvalidRepeatOp, shown));
        }
        let shown = until(before, self.rest);
        let Some(sub) = self.group.items.pop() else {
            return Err(RegexError::new(ErrorCode::MissingRepeatArgument, shown));
        };
        let node = if count.is_counted {
            Node::counted(sub, count.min, count.max, is_greedy)
        } else {
            Node::repeat(sub, count.min, count.max, is_greedy)
        };
        let node = self.checked(node)?;
        let is_multiple = count.min >= 2 || count.max.is_some_and(|max| max >= 2);
        if count.is_counted && is_multiple && node.repeats > REPEAT_MAX {
            return Err(RegexError::new(ErrorCode::InvalidRepeatSize, shown));
        }
        self.group.items.push(node);
        Ok(Some(before))
    }

    /// `(?flags)`, `(?flags:`, `(?P<name>`, `(?<name>`; `before` starts at the parenthesis.
    fn perl_group(&mut self, before: &'p str) -> Result<(), RegexError> {
        let name_start = [("(?P<", 4), ("(?<", 3)]
            .into_iter()
            .find(|&(mark, length)| before.starts_with(mark) && before.len() > length);
        if let Some((_, start)) = name_start {
            let Some(end) = before.find('>') else {
                return Err(RegexError::new(ErrorCode::InvalidNamedCapture, before));
            };
            let name = before.get(start..end).unwrap_or_default();
            let capture = &before[..=end];
            let is_valid = name.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
            if name.is_empty() || !is_valid {
                return Err(RegexError::new(ErrorCode::InvalidNamedCapture, capture));
            }
            if name.starts_with(|c: char| c.is_ascii_digit()) || !self.names.insert(name) {
                self.unsupported_name.get_or_insert(capture);
            }
            self.rest = &before[end + 1..];
            self.open(GroupKind::Capture(Some(name.to_owned())), self.flags);
            return Ok(());
        }
        let mut flags = self.flags;
        let mut is_setting = true;
        let mut has_flag = false;
        let mut chars = before.get(2..).unwrap_or_default().chars();
        while let Some(c) = chars.next() {
            match c {
                'i' => flags.is_folded = is_setting,
                'm' => flags.is_multi_line = is_setting,
                's' => flags.dot_takes_newline = is_setting,
                'U' => flags.is_lazy = is_setting,
                '-' if is_setting => {
                    is_setting = false;
                    has_flag = false;
                    continue;
                }
                ':' | ')' if is_setting || has_flag => {
                    self.rest = chars.as_str();
                    if c == ':' {
                        self.open(GroupKind::Plain, flags);
                    }
                    self.flags = flags;
                    return Ok(());
                }
                _ => break,
            }
            has_flag = true;
        }
        let shown = until(before, chars.as_str());
        Err(RegexError::new(ErrorCode::InvalidPerlOp, shown))
    }

    /// What starts with a backslash outside a class.
    fn backslash(&mut self, before: &'p str) -> Result<(), RegexError> {
        let mut chars = before[1..].chars();
        let letter = chars.next();
        let tail = chars.as_str();
        let kind = match letter {
            Some('A') => Kind::BeginText,
            Some('z') => Kind::EndText,
            Some('b') => Kind::WordBoundary,
            Some('B') => Kind::NotWordBoundary,
            Some('Q') => {
                let (text, tail) = tail.split_once(r"\E").unwrap_or((tail, ""));
                for c in text.chars() {
                    self.literal(c);
                }
                self.rest = tail;
                return Ok(());
            }
            _ => {
                let mut items = ClassItems::default();
                if let Some(tail) = items.take_named(before)? {
                    self.rest = tail;
                    self.push(Kind::Class(items.finish(false, self.flags.is_folded)));
                } else {
                    let (c, tail) = escape(before)?;
                    self.rest = tail;
                    self.literal(c);
                }
                return Ok(());
            }
        };
        self.rest = tail;
        self.push(kind);
        Ok(())
    }

    /// A bracketed class; `before` starts at the bracket.
    fn class(&mut self, before: &'p str) -> Result<(), RegexError> {
        let inner = &before[1..];
        let is_negated = inner.starts_with('^');
        let mut rest = inner.strip_prefix('^').unwrap_or(inner);
        let mut items = ClassItems::default();
        let mut is_first = true;
        while is_first || !rest.starts_with(']') {
            is_first = false;
            if let Some(tail) = items.take_posix(rest)? {
                rest = tail;
                continue;
            }
            if let Some(tail) = items.take_named(rest)? {
                rest = tail;
                continue;
            }
            let start = rest;
            let (lo, tail) = class_char(rest, before)?;
            rest = tail;
            let mut hi = lo;
            if let Some(tail) = rest.strip_prefix('-')
                && !tail.is_empty()
                && !tail.starts_with(']')
            {
                (hi, rest) = class_char(tail, before)?;
                if hi < lo {
                    let shown = until(start, rest);
                    return Err(RegexError::new(ErrorCode::InvalidCharRange, shown));
                }
            }
            items.push_range(lo, hi);
        }
        self.rest = &rest[1..];
        self.push(Kind::Class(items.finish(is_negated, self.flags.is_folded)));
        Ok(())
    }
}

/// The part of `from` before `rest`, which is its tail.
fn until<'p>(from: &'p str, rest: &str) -> &'p str {
    &from[..from.len() - rest.len()]
}

/// The items of a class as they are read.
struct ClassItems {
    inside: String,
    plain: Option<Vec<(char, char)>>,
}

impl Default for ClassItems {
    fn default() -> Self {
        Self { inside: String::new(), plain: Some(Vec::new()) }
    }
}

impl ClassItems {
    fn push_range(&mut self, lo: char, hi: char) {
        self.inside.push_str(&format!(r"\x{{{:x}}}", u32::from(lo)));
        if hi != lo {
            self.inside.push_str(&format!(r"-\x{{{:x}}}", u32::from(hi)));
        }
        if let Some(plain) = &mut self.plain {
            plain.push((lo, hi));
        }
    }

    fn push_named(&mut self, ranges: &str, is_negated: bool) {
        let (open, close) = if is_negated { ("[^", "]") } else { ("", "") };
        for part in [open, ranges, close] {
            self.inside.push_str(part);
        }
        self.plain = None;
    }

    /// `[:name:]`; a `[:` without an end is two characters.
    fn take_posix<'p>(&mut self, s: &'p str) -> Result<Option<&'p str>, RegexError> {
        let Some((name, tail)) = s.strip_prefix("[:").and_then(|inner| inner.split_once(":]")) else {
            return Ok(None);
        };
        let is_negated = name.starts_with('^');
        let Some(ranges) = class::posix(name.strip_prefix('^').unwrap_or(name)) else {
            return Err(RegexError::new(ErrorCode::InvalidCharRange, until(s, tail)));
        };
        self.push_named(ranges, is_negated);
        Ok(Some(tail))
    }

    /// `\d`, `\pN`, `\p{Greek}` and their kin.
    fn take_named<'p>(&mut self, s: &'p str) -> Result<Option<&'p str>, RegexError> {
        let mut chars = s.chars();
        let (Some('\\'), Some(letter)) = (chars.next(), chars.next()) else {
            return Ok(None);
        };
        if let Some(ranges) = class::perl(letter.to_ascii_lowercase()) {
            self.push_named(ranges, letter.is_ascii_uppercase());
            return Ok(Some(chars.as_str()));
        }
        if !matches!(letter, 'p' | 'P') {
            return Ok(None);
        }
        let mut is_negated = letter == 'P';
        let (name, tail) = match chars.as_str().strip_prefix('{') {
            Some(inner) => match inner.split_once('}') {
                Some(split) => split,
                None => return Err(RegexError::new(ErrorCode::InvalidCharRange, s)),
            },
            None => {
                let all = chars.as_str();
                chars.next();
                (until(all, chars.as_str()), chars.as_str())
            }
        };
        let bare = match name.strip_prefix('^') {
            Some(bare) => {
                is_negated = !is_negated;
                bare
            }
            None => name,
        };
        let Some(ranges) = class::property(bare) else {
            return Err(RegexError::new(ErrorCode::InvalidCharRange, until(s, tail)));
        };
        self.push_named(ranges, is_negated);
        Ok(Some(tail))
    }

    fn finish(self, is_negated: bool, is_folded: bool) -> Class {
        Class { inside: self.inside, is_negated, is_folded, plain: self.plain }
    }
}

/// One end of a range; `whole` is the class from its bracket on.
fn class_char<'p>(s: &'p str, whole: &str) -> Result<(char, &'p str), RegexError> {
    let mut chars = s.chars();
    match chars.next() {
        None => Err(RegexError::new(ErrorCode::MissingBracket, whole)),
        Some('\\') => escape(s),
        Some(c) => Ok((c, chars.as_str())),
    }
}

/// An escape that stands for one character; `s` starts at the backslash.
fn escape(s: &str) -> Result<(char, &str), RegexError> {
    let mut chars = s.chars();
    chars.next();
    let Some(c) = chars.next() else {
        return Err(RegexError::new(ErrorCode::TrailingBackslash, ""));
    };
    let value = match c {
        '0'..='7' if c == '0' || chars.as_str().starts_with(|c: char| c.is_digit(8)) => {
            let mut value = c.to_digit(8);
            for _ in 0..2 {
                let Some(digit) = chars.clone().next().and_then(|c| c.to_digit(8)) else {
                    break;
                };
                chars.next();
                value = value.map(|value| value * 8 + digit);
            }
            value.and_then(char::from_u32)
        }
        'x' => hex_escape(&mut chars),
        'a' => Some('\x07'),
        'f' => Some('\x0c'),
        'n' => Some('\n'),
        'r' => Some('\r'),
        't' => Some('\t'),
        'v' => Some('\x0b'),
        _ if c.is_ascii() && !c.is_ascii_alphanumeric() => Some(c),
        _ => None,
    };
    match value {
        Some(value) => Ok((value, chars.as_str())),
        None => Err(RegexError::new(ErrorCode::InvalidEscape, until(s, chars.as_str()))),
    }
}

/// `HH` or `{H...}` after `\x`. Reads as far as Go does, so that the error shows the same text. A
/// surrogate, which Go takes and no text can hold, is refused.
fn hex_escape(chars: &mut std::str::Chars<'_>) -> Option<char> {
    let first = chars.next()?;
    if first != '{' {
        let high = first.to_digit(16);
        let low = chars.next()?.to_digit(16);
        return char::from_u32(high? * 16 + low?);
    }
    let mut value = None;
    loop {
        match chars.next()? {
            '}' => return value.and_then(char::from_u32),
            c => {
                let next = value.unwrap_or(0) * 16 + c.to_digit(16)?;
                if next > u32::from(char::MAX) {
                    return None;
                }
                value = Some(next);
            }
        }
    }
}

/// How often a repeat repeats; `max` is `None` if unbounded.
struct Count {
    min: u32,
    max: Option<u32>,
    /// True for braces, to which Go's limits apply.
    is_counted: bool,
}

impl Count {
    fn star() -> Self {
        Self { min: 0, max: None, is_counted: false }
    }

    fn plus() -> Self {
        Self { min: 1, max: None, is_counted: false }
    }

    fn question() -> Self {
        Self { min: 0, max: Some(1), is_counted: false }
    }

    fn is_in_range(&self) -> bool {
        let max = self.max.unwrap_or(self.min);
        self.min <= REPEAT_MAX && max <= REPEAT_MAX && self.min <= max
    }
}

/// `n}`, `n,}` or `n,m}` after a brace; anything else leaves the brace a literal.
fn counts(s: &str) -> Option<(Count, &str)> {
    let (min, tail) = number(s)?;
    let (max, tail) = match tail.strip_prefix(',') {
        None => (Some(min), tail),
        Some(tail) if tail.starts_with('}') => (None, tail),
        Some(tail) => {
            let (max, tail) = number(tail)?;
            (Some(max), tail)
        }
    };
    Some((Count { min, max, is_counted: true }, tail.strip_prefix('}')?))
}

/// Digits without a leading zero; a number too large to hold is `u32::MAX`.
fn number(s: &str) -> Option<(u32, &str)> {
    let end = s.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(s.len());
    let digits = &s[..end];
    if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
        return None;
    }
    Some((digits.parse().unwrap_or(u32::MAX), &s[end..]))
}
