//! Pairs `key=value` of a line, by the rules of the original's decoder.
//!
//! Bytes up to the space separate. A mistake gives an error at its place; reading can go on behind the
//! next separator.

/// A mistake; `position` is in bytes from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    position: usize,
    message: String,
}

impl std::fmt::Display for Mistake {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "logfmt syntax error at pos {} : {}", self.position, self.message)
    }
}

/// The value of a pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value<'a> {
    /// As it stands; a bare key has the empty value.
    Plain(&'a str),
    /// After escapes were read.
    Unescaped(String),
}

impl Value<'_> {
    /// Its text.
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Unescaped(text) => text,
        }
    }
}

/// Goes through a line.
#[derive(Debug)]
pub struct Pairs<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Pairs<'a> {
    /// From the start of a line.
    pub fn new(line: &'a str) -> Self {
        Self { line, at: 0 }
    }

    fn read_pair(&mut self) -> Option<Result<(&'a str, Value<'a>), Mistake>> {
        let bytes = self.line.as_bytes();
        while *bytes.get(self.at)? <= b' ' {
            self.at += 1;
        }
        let start = self.at;
        let mut is_ascii = true;
        while let Some(&byte) = bytes.get(self.at) {
            match byte {
                b'=' | 0..=b' ' => break,
                b'"' => return Some(Err(self.unexpected(b'"'))),
                0x80.. => is_ascii = false,
                _ => {}
            }
            self.at += 1;
        }
        let key = &self.line[start..self.at];
        if !is_ascii && key.contains('\u{fffd}') {
            return Some(Err(self.mistake("invalid key".to_owned())));
        }
        if bytes.get(self.at) != Some(&b'=') {
            return Some(Ok((key, Value::Plain(""))));
        }
        if key.is_empty() {
            return Some(Err(self.unexpected(b'=')));
        }
        self.at += 1;
        let value = match bytes.get(self.at) {
            None | Some(0..=b' ') => Ok(Value::Plain("")),
            Some(b'"') => self.quoted(),
            Some(_) => self.bare(),
        };
        Some(value.map(|value| (key, value)))
    }

    fn bare(&mut self) -> Result<Value<'a>, Mistake> {
        let start = self.at;
        let rest = &self.line.as_bytes()[start..];
        let is_end = |byte: &u8| *byte <= b' ' || *byte == b'=' || *byte == b'"';
        self.at = start + rest.iter().position(is_end).unwrap_or(rest.len());
        match self.line.as_bytes().get(self.at) {
            Some(&byte) if byte > b' ' => Err(self.unexpected(byte)),
            _ => Ok(Value::Plain(&self.line[start..self.at])),
        }
    }

    fn quoted(&mut self) -> Result<Value<'a>, Mistake> {
        let start = self.at + 1;
        let Some((end, is_escaped)) = super::json_scan::string_end(self.line.as_bytes(), start) else {
            self.at = self.line.len();
            return Err(self.mistake("unterminated quoted value".to_owned()));
        };
        self.at = end + 1;
        let inner = &self.line[start..end];
        if !is_escaped {
            return Ok(Value::Plain(inner));
        }
        match unquote(inner) {
            Some(text) => Ok(Value::Unescaped(text)),
            None => Err(self.mistake("invalid quoted value".to_owned())),
        }
    }

    fn unexpected(&mut self, byte: u8) -> Mistake {
        let shown = if byte == b'"' { "'\"'" } else { "'='" };
        self.mistake(format!("unexpected {shown}"))
    }

    /// A mistake here; goes on to the next separator.
    fn mistake(&mut self, message: String) -> Mistake {
        let mistake = Mistake { position: self.at + 1, message };
        let rest = &self.line.as_bytes()[self.at..];
        self.at += rest.iter().position(|byte| *byte <= b' ').unwrap_or(rest.len());
        mistake
    }
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(&'a str, Value<'a>), Mistake>;

    /// The next pair, or a mistake, behind which the next call goes on.
    fn next(&mut self) -> Option<Self::Item> {
        self.read_pair()
    }
}

/// A quoted value without its escapes, which are those of JSON and `\'`.
fn unquote(inner: &str) -> Option<String> {
    let mut out = String::with_capacity(inner.len());
    let inner = inner.replace("\\'", "'");
    super::json_scan::unescape(&inner, &mut out)?;
    Some(out)
}
