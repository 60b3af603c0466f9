//! Line filters: substring, regular expression, pattern and address, plain and negated.
//!
//! The same compiled filters serve the pipeline and, through [`LineFilterSet::matches`], sources that
//! apply them themselves.

use memchr::memmem::Finder;
use regex::Regex;
use stdx::go::regex::{Anchoring, compile};

use super::ip::IpPattern;
use super::pattern::Pattern;
use crate::syntax::ast::{LineFilter, LineMatch, LineOp};

/// Adjacent line filters, all of which must hold.
#[derive(Debug, Clone)]
pub struct LineFilterSet {
    filters: Vec<Compiled>,
}

#[derive(Debug, Clone)]
struct Compiled {
    is_negative: bool,
    /// Any of them.
    alternatives: Vec<Test>,
}

#[derive(Debug, Clone)]
enum Test {
    Contains(Box<Finder<'static>>),
    Regex(Regex),
    Pattern(Pattern),
    Ip(IpPattern),
}

impl Test {
    fn new(op: LineOp, alternative: &LineMatch) -> Result<Self, String> {
        let text = &alternative.text;
        if alternative.is_ip {
            return match op {
                LineOp::Contains | LineOp::NotContains => IpPattern::parse(text).map(Self::Ip),
                _ => Err("ip: invalid operation".to_owned()),
            };
        }
        match op {
            LineOp::Contains | LineOp::NotContains => {
                Ok(Self::Contains(Box::new(Finder::new(text).into_owned())))
            }
            LineOp::Regex | LineOp::NotRegex => {
                compile(text, Anchoring::None).map(Self::Regex).map_err(|error| error.to_string())
            }
            LineOp::Pattern | LineOp::NotPattern => Pattern::for_filter(text).map(Self::Pattern),
        }
    }

    fn matches(&self, line: &str) -> bool {
        match self {
            Self::Contains(finder) => finder.find(line.as_bytes()).is_some(),
            Self::Regex(regex) => regex.is_match(line),
            Self::Pattern(pattern) => pattern.matches(line),
            Self::Ip(pattern) => pattern.matches(line),
        }
    }
}

impl LineFilterSet {
    /// Compiles the filters.
    pub fn new(filters: &[LineFilter]) -> Result<Self, String> {
        let compiled = filters.iter().map(|filter| {
            let tests: Result<_, String> =
                filter.alternatives.iter().map(|text| Test::new(filter.op, text)).collect();
            Ok(Compiled { is_negative: filter.op.is_negative(), alternatives: tests? })
        });
        Ok(Self { filters: compiled.collect::<Result<_, String>>()? })
    }

    /// Whether a line passes all of them.
    pub fn matches(&self, line: &str) -> bool {
        self.filters
            .iter()
            .all(|filter| filter.alternatives.iter().any(|test| test.matches(line)) != filter.is_negative)
    }

    /// The text that every passing line contains, if the first filter is a plain one, so that many lines
    /// can be searched at once.
    pub fn required_text(&self) -> Option<&[u8]> {
        match self.filters.first() {
            Some(Compiled { is_negative: false, alternatives }) => match alternatives.as_slice() {
                [Test::Contains(finder)] if !finder.needle().is_empty() => Some(finder.needle()),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether [`LineFilterSet::required_text`] is all that there is.
    pub fn is_required_text_only(&self) -> bool {
        self.filters.len() == 1 && self.required_text().is_some()
    }
}
