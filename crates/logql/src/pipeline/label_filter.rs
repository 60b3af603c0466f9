//! Conditions on labels.
//!
//! A text condition sees a missing label as the empty text. The others drop an entry without the label,
//! and keep one whose value cannot be read, with an error. They do not see `__error__`. An entry that
//! has an error already passes a condition on an address.

use regex::Regex;
use stdx::go::duration::parse_duration;
use stdx::go::number::parse_float;
use stdx::go::regex::{Anchoring, compile};

use super::ip::IpPattern;
use super::names::{NameId, Names};
use super::row::{Fault, Row};
use crate::syntax::ast::{CompareOp, LabelFilter, LabelFilterKind, MatchOp, Matcher};
use crate::syntax::bytes::parse_size;

/// A compiled condition.
#[derive(Debug, Clone)]
pub enum Condition {
    /// Both, from left to right.
    And(Box<Condition>, Box<Condition>),
    /// Either; the right one is not looked at if the left one holds.
    Or(Box<Condition>, Box<Condition>),
    /// A text.
    Text(NameId, TextTest),
    /// A number.
    Number(NameId, CompareOp, f64),
    /// Nanoseconds.
    Duration(NameId, CompareOp, i64),
    /// Bytes.
    Bytes(NameId, CompareOp, u64),
    /// An address, negated if `true`; a pattern that could not be read is an error on each entry.
    Ip(NameId, bool, Result<IpPattern, String>),
}

/// A text comparison.
#[derive(Debug, Clone)]
pub struct TextTest {
    is_negative: bool,
    pattern: TextPattern,
}

#[derive(Debug, Clone)]
enum TextPattern {
    Equal(String),
    Regex(Regex),
}

impl TextTest {
    /// Compiles a matcher of a pipeline; regular expressions are anchored at both ends.
    pub fn new(matcher: &Matcher) -> Result<Self, String> {
        let is_negative = matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex);
        let pattern = match matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => TextPattern::Equal(matcher.value.clone()),
            MatchOp::Regex | MatchOp::NotRegex => TextPattern::Regex(
                compile(&matcher.value, Anchoring::Full).map_err(|error| error.to_string())?,
            ),
        };
        Ok(Self { is_negative, pattern })
    }

    /// Compiles a matcher of a selector, where the dot matches line ends too.
    pub fn for_stream(matcher: &Matcher) -> Result<Self, String> {
        let is_regex = matches!(matcher.op, MatchOp::Regex | MatchOp::NotRegex);
        let value = if is_regex { format!("(?s:{})", matcher.value) } else { matcher.value.clone() };
        Self::new(&Matcher { value, ..matcher.clone() })
    }

    /// Whether a value satisfies it.
    pub fn holds(&self, value: &str) -> bool {
        let matches = match &self.pattern {
            TextPattern::Equal(text) => text == value,
            TextPattern::Regex(regex) => regex.is_match(value),
        };
        matches != self.is_negative
    }
}

impl Condition {
    /// Compiles a condition.
    pub fn new(filter: &LabelFilter, names: &mut Names) -> Result<Self, String> {
        Ok(match &filter.kind {
            LabelFilterKind::And(left, right) => {
                Self::And(Box::new(Self::new(left, names)?), Box::new(Self::new(right, names)?))
            }
            LabelFilterKind::Or(left, right) => {
                Self::Or(Box::new(Self::new(left, names)?), Box::new(Self::new(right, names)?))
            }
            LabelFilterKind::Text(matcher) => {
                Self::Text(names.intern(&matcher.name), TextTest::new(matcher)?)
            }
            LabelFilterKind::Number(name, op, value) => Self::Number(names.intern(name), *op, *value),
            LabelFilterKind::Duration(name, op, ns) => Self::Duration(names.intern(name), *op, *ns),
            LabelFilterKind::Bytes(name, op, bytes) => Self::Bytes(names.intern(name), *op, *bytes),
            LabelFilterKind::Ip(name, negative, pattern) => {
                Self::Ip(names.intern(name), *negative, IpPattern::parse(pattern))
            }
        })
    }

    /// Whether an entry stays.
    pub fn keeps(&self, row: &mut Row<'_>, names: &Names) -> bool {
        match self {
            Self::And(left, right) => left.keeps(row, names) && right.keeps(row, names),
            Self::Or(left, right) => left.keeps(row, names) || right.keeps(row, names),
            Self::Text(id, test) => test.holds(row.get(*id, names).unwrap_or("")),
            Self::Number(id, op, wanted) => read(row, *id, names, |text| {
                let number = parse_float(text).map_err(|error| error.to_string())?;
                Ok(op.holds(number, *wanted))
            }),
            Self::Duration(id, op, wanted) => read(row, *id, names, |text| {
                let ns = parse_duration(text).map_err(|error| error.to_string())?;
                Ok(op.holds(ns, *wanted))
            }),
            Self::Bytes(id, op, wanted) => {
                read(row, *id, names, |text| Ok(op.holds(parse_size(text)?, *wanted)))
            }
            Self::Ip(..) if row.has_error() => true,
            Self::Ip(id, is_negative, pattern) => read(row, *id, names, |text| match pattern {
                Ok(pattern) => Ok(pattern.matches(text) != *is_negative),
                Err(message) => Err(message.clone()),
            }),
        }
    }
}

/// Judges a value by `judge`, whose error keeps the entry.
fn read(
    row: &mut Row<'_>,
    id: NameId,
    names: &Names,
    judge: impl FnOnce(&str) -> Result<bool, String>,
) -> bool {
    let is_error = id == NameId::ERROR || id == NameId::ERROR_DETAILS;
    let Some(text) = row.get(id, names).filter(|_| !is_error) else {
        return false;
    };
    match judge(text) {
        Ok(holds) => holds,
        Err(message) => {
            row.fail(Fault::LabelFilter, || Some(message));
            true
        }
    }
}

/// Calls `visit` with the name of each label that a condition reads.
pub fn each_name<'a>(filter: &'a LabelFilter, visit: &mut impl FnMut(&'a str)) {
    match &filter.kind {
        LabelFilterKind::And(left, right) | LabelFilterKind::Or(left, right) => {
            each_name(left, visit);
            each_name(right, visit);
        }
        LabelFilterKind::Text(matcher) => visit(&matcher.name),
        LabelFilterKind::Number(name, ..)
        | LabelFilterKind::Duration(name, ..)
        | LabelFilterKind::Bytes(name, ..)
        | LabelFilterKind::Ip(name, ..) => visit(name),
    }
}
