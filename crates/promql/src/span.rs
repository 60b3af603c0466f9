//! Places in a query text.
//!
//! In: byte offsets. Out: ranges, and the `line:column` that Prometheus prints in errors and
//! annotations (both from 1, the column counts bytes).

/// A range of bytes in a query, half open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    /// The first byte.
    pub start: usize,
    /// The byte after the last one.
    pub end: usize,
}

impl Span {
    /// From the first byte to the byte after the last one.
    pub const fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// From the start of this range to the end of `last`.
    pub const fn to(self, last: Self) -> Self {
        Self { start: self.start, end: last.end }
    }

    /// The start as `line:column`; the words that Prometheus uses where there is no such place.
    pub fn line_column(self, query: &str) -> String {
        if query.is_empty() {
            return "unknown position".to_owned();
        }
        let Some(before) = query.as_bytes().get(..self.start) else {
            return "invalid position".to_owned();
        };
        let line = before.iter().filter(|&&byte| byte == b'\n').count() + 1;
        let column = match before.iter().rposition(|&byte| byte == b'\n') {
            Some(at) => self.start - at,
            None => self.start + 1,
        };
        format!("{line}:{column}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_count_from_one() {
        let query = "sum(\n  x\n)";
        assert_eq!(Span::new(0, 1).line_column(query), "1:1");
        assert_eq!(Span::new(7, 8).line_column(query), "2:3");
        assert_eq!(Span::new(9, 10).line_column(query), "3:1");
        assert_eq!(Span::new(0, 0).line_column(""), "unknown position");
        assert_eq!(Span::new(99, 99).line_column(query), "invalid position");
    }
}
