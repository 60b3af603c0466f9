//! Query parameters as Go's `net/url` and `net/http` read them.
//!
//! In: the raw text after `?`. Out: decoded names and values in order; of a repeated name the first value counts
//! unless all are asked for. A name that is absent reads as the empty text, as `Request.FormValue` does.

use std::borrow::Cow;

/// A part of a path with its percent signs undone; bytes that are no text become U+FFFD.
pub fn decode_path(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let digit = |byte: &u8| char::from(*byte).to_digit(16);
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = match after {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        // Two digits make a byte.
        bytes.push(escaped.map_or(*first, |(high, low)| (high << 4 | low) as u8));
        rest = if escaped.is_some() { &after[2..] } else { after };
    }
    Cow::Owned(String::from_utf8_lossy(&bytes).into_owned())
}

/// The parameters of one request.
#[derive(Debug, Clone, Default)]
pub struct Params(Vec<(String, String)>);

impl Params {
    /// From the text after `?`, if any.
    pub fn parse(query: Option<&str>) -> Self {
        let pairs = url::form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        Self(pairs.into_owned().collect())
    }

    /// The first value of a name, or the empty text.
    pub fn first(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    /// The first value of a name, if it was given.
    pub fn find(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// All names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// All values of a name in order.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_queries() {
        for (escaped, want) in
            [("a%2Fb+c&d", "a/b+c&d"), ("%", "%"), ("%4", "%4"), ("%zz%41", "%zzA"), ("%ff", "\u{fffd}")]
        {
            assert_eq!(decode_path(escaped), want);
        }
        let params = Params::parse(Some("a=1&b=x+y%26&a=2&c"));
        assert_eq!((params.first("a"), params.first("b"), params.first("d")), ("1", "x y&", ""));
        assert_eq!((params.find("c"), params.find("d")), (Some(""), None));
        assert_eq!(params.all("a").collect::<Vec<_>>(), ["1", "2"]);
    }
}
