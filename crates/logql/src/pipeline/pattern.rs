//! Patterns such as `<ip> - <_> "<method> <path>"`, for the parser and for the line filters `|>` `!>`.
//!
//! Both find each literal by its first occurrence and never go back. They differ otherwise: the parser
//! wants a leading literal at the start of the line and lets a capture without its literal take the
//! rest; the filter takes a leading literal anywhere and wants a byte before every other one.

use memchr::memmem::Finder;

/// A pattern, ready to run.
#[derive(Debug, Clone)]
pub struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    /// With its search prepared.
    Literal(Box<Finder<'static>>),
    /// `None` is `<_>`.
    Capture(Option<String>),
}

impl Pattern {
    /// A pattern of the parser stage.
    pub fn for_parser(text: &str) -> Result<Self, String> {
        let pattern = Self::read(text);
        if pattern.parts.is_empty() {
            return Err("parse error at line 1, col 1: syntax error: unexpected $end, expecting \
                        IDENTIFIER or LITERAL"
                .to_owned());
        }
        pattern.check_neighbours()?;
        let names: Vec<&String> = pattern.names().collect();
        if names.is_empty() {
            return Err("at least one capture is required".to_owned());
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return Err(format!("duplicate capture name ({name}): invalid expression"));
            }
        }
        Ok(pattern)
    }

    /// A pattern of a line filter.
    pub fn for_filter(text: &str) -> Result<Self, String> {
        let pattern = Self::read(text);
        if let Some(name) = pattern.names().next() {
            return Err(format!("named captures are not allowed: found '<{name}>'"));
        }
        pattern.check_neighbours()?;
        Ok(pattern)
    }

    fn read(text: &str) -> Self {
        let mut parts = Vec::new();
        let mut literal_start = 0;
        let mut at = 0;
        while let Some(offset) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
            let open = at + offset;
            at = open + 1;
            let tail = &text.as_bytes()[at..];
            let length =
                tail.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count();
            let is_name = length > 0 && !tail[0].is_ascii_digit() && tail.get(length) == Some(&b'>');
            if !is_name {
                continue;
            }
            push_literal(&mut parts, &text[literal_start..open]);
            let name = &text[at..at + length];
            parts.push(Part::Capture((name != "_").then(|| name.to_owned())));
            at += length + 1;
            literal_start = at;
        }
        push_literal(&mut parts, &text[literal_start..]);
        Self { parts }
    }

    fn check_neighbours(&self) -> Result<(), String> {
        for pair in self.parts.windows(2) {
            if let [Part::Capture(a), Part::Capture(b)] = pair {
                let name = |capture: &Option<String>| capture.clone().unwrap_or("_".to_owned());
                return Err(format!(
                    "found consecutive capture '<{}><{}>': invalid expression",
                    name(a),
                    name(b)
                ));
            }
        }
        Ok(())
    }

    /// The names of the captures, in order.
    pub fn names(&self) -> impl Iterator<Item = &String> {
        self.parts.iter().filter_map(|part| match part {
            Part::Capture(Some(name)) => Some(name),
            _ => None,
        })
    }

    /// The literals, in order.
    pub fn literals(&self) -> impl Iterator<Item = &[u8]> {
        self.parts.iter().filter_map(|part| match part {
            Part::Literal(finder) => Some(finder.needle()),
            Part::Capture(_) => None,
        })
    }

    /// Calls `capture` with the index of each named capture and its text. Captures after a missing
    /// literal are not called.
    pub fn extract<'l>(&self, line: &'l str, mut capture: impl FnMut(usize, &'l str)) {
        let mut parts = self.parts.as_slice();
        let mut at = 0;
        if let [Part::Literal(finder), rest @ ..] = parts {
            if !line.as_bytes().starts_with(finder.needle()) {
                return;
            }
            at = finder.needle().len();
            parts = rest;
        }
        let mut index = 0;
        while let [Part::Capture(name), rest @ ..] = parts {
            let tail = &line.as_bytes()[at..];
            let (found, width) = match rest.first() {
                Some(Part::Literal(finder)) => (finder.find(tail), finder.needle().len()),
                _ => (None, 0),
            };
            let end = at + found.unwrap_or(tail.len());
            if name.is_some() {
                // Literals are whole characters, so that the cut is between characters.
                capture(index, line.get(at..end).unwrap_or(""));
                index += 1;
            }
            if found.is_none() {
                return;
            }
            at = end + width;
            parts = rest.get(1..).unwrap_or(&[]);
        }
    }

    /// Whether the line filter `|>` takes the line.
    pub fn matches(&self, line: &str) -> bool {
        if self.parts.is_empty() {
            return line.is_empty();
        }
        let mut rest = line.as_bytes();
        for (index, part) in self.parts.iter().enumerate() {
            if let Part::Literal(finder) = part {
                let Some(found) = finder.find(rest) else {
                    return false;
                };
                if index > 0 && found == 0 {
                    return false;
                }
                rest = &rest[found + finder.needle().len()..];
            }
        }
        match self.parts.last() {
            Some(Part::Literal(_)) => rest.is_empty(),
            _ => !rest.is_empty(),
        }
    }
}

fn push_literal(parts: &mut Vec<Part>, text: &str) {
    if !text.is_empty() {
        parts.push(Part::Literal(Box::new(Finder::new(text).into_owned())));
    }
}
