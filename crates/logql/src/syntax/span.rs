//! Places in a query text.

/// A half-open range of bytes in the query text. An empty span marks a place between two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// First byte after the end.
    pub end: u32,
}

impl Span {
    /// The span from `start` to before `end`, both in bytes. A query is at most
    /// [`super::QUERY_BYTES_MAX`] long, so that both fit.
    pub const fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// From the beginning of `self` to the end of `last`.
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: if last.end > self.end { last.end } else { self.end } }
    }

    /// The text at this place; empty if the span does not fit the text.
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }

    /// Line and column of the first byte, both from 1, the column in characters.
    pub fn line_and_column(self, source: &str) -> (usize, usize) {
        let before = source.get(..self.start as usize).unwrap_or(source);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
        (line, before[line_start..].chars().count() + 1)
    }
}
