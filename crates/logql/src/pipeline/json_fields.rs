//! The stage `json label="path", ...`: only the listed values become labels.
//!
//! A value that is missing or null gives an empty label, an object or array its text. Only the first
//! character of the line is checked; a malformed object gives what stands before the mistake.

use super::json_path::{Step, parse};
use super::json_scan::{block_end, push_string, string_end, unescape};
use super::names::{NameId, Names};
use super::needed::Needed;
use super::row::{EXTRACTED, Fault, Row};
use crate::syntax::ast::Extraction;

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct JsonFields {
    fields: Vec<Field>,
}

#[derive(Debug, Clone)]
struct Field {
    name: String,
    plain: NameId,
    extracted: NameId,
    path: Vec<Step>,
}

impl JsonFields {
    /// Reads the paths and leaves out labels that nothing needs.
    pub fn new(extractions: &[Extraction], needed: &Needed, names: &mut Names) -> Result<Self, String> {
        let mut fields = Vec::new();
        for extraction in extractions {
            let path = parse(&extraction.path)
                .map_err(|error| format!("cannot parse expression [{}]: {error}", extraction.path))?;
            let plain = names.intern(&extraction.label);
            let extracted = names.intern(&format!("{}{EXTRACTED}", extraction.label));
            if needed.wants(plain) || needed.wants(extracted) {
                fields.push(Field { name: extraction.label.clone(), plain, extracted, path });
            }
        }
        Ok(Self { fields })
    }

    /// Sets the labels of a line.
    pub fn apply(&self, row: &mut Row<'_>) {
        let line = std::mem::take(&mut row.line);
        let start = line.find(|c: char| !matches!(c, ' ' | '\t' | '\n' | '\r'));
        let Some(start) = start else {
            row.line = line;
            return;
        };
        if !line[start..].starts_with(['{', '[']) {
            row.fail(Fault::Json, || None);
        } else {
            for field in &self.fields {
                let value = find(&line[start..], &field.path);
                let id = if row.is_taken(&field.name) { field.extracted } else { field.plain };
                if !row.is_parsed(id) {
                    row.set_with(id, |out| push_value(value.unwrap_or(""), out));
                }
            }
        }
        row.line = line;
    }
}

/// Appends a raw value as a label shows it.
fn push_value(raw: &str, out: &mut String) {
    match raw.as_bytes() {
        [b'"', .., b'"'] => {
            let inner = &raw[1..raw.len() - 1];
            push_string(inner, inner.contains('\\'), out);
        }
        b"null" => {}
        _ => out.push_str(raw),
    }
}

/// The raw text of the first value at the path.
fn find<'a>(text: &'a str, path: &[Step]) -> Option<&'a str> {
    let mut text = text;
    for step in path {
        let mut members = Members::open(text)?;
        text = loop {
            let (key, value) = members.next()?;
            let is_it = match (step, key) {
                (Step::Key(wanted), Key::Name(raw, true)) => {
                    let mut name = String::new();
                    unescape(raw, &mut name).is_some() && name == *wanted
                }
                (Step::Key(wanted), Key::Name(raw, false)) => raw == wanted,
                (Step::Index(wanted), Key::Index(index)) => index == *wanted,
                _ => false,
            };
            if is_it {
                break value;
            }
        };
    }
    Some(text)
}

#[derive(Clone, Copy)]
enum Key<'a> {
    Name(&'a str, bool),
    Index(usize),
}

/// The members of an object or the elements of an array, raw.
struct Members<'a> {
    text: &'a str,
    at: usize,
    is_object: bool,
    index: usize,
}

impl<'a> Members<'a> {
    fn open(text: &'a str) -> Option<Self> {
        let is_object = match text.as_bytes().first()? {
            b'{' => true,
            b'[' => false,
            _ => return None,
        };
        Some(Self { text, at: 1, is_object, index: 0 })
    }

    fn skip_space(&mut self) -> Option<u8> {
        loop {
            match *self.text.as_bytes().get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                byte => return Some(byte),
            }
        }
    }

    fn next(&mut self) -> Option<(Key<'a>, &'a str)> {
        let bytes = self.text.as_bytes();
        let first = self.skip_space()?;
        let key = if self.is_object {
            if first != b'"' {
                return None;
            }
            let (end, is_escaped) = string_end(bytes, self.at + 1)?;
            let key = Key::Name(self.text.get(self.at + 1..end)?, is_escaped);
            self.at = end + 1;
            if self.skip_space()? != b':' {
                return None;
            }
            self.at += 1;
            key
        } else {
            Key::Index(self.index)
        };
        self.index += 1;
        let first = self.skip_space()?;
        let start = self.at;
        self.at = match first {
            b'"' => string_end(bytes, start + 1)?.0 + 1,
            b'{' => block_end(bytes, start, b'{', b'}')?,
            b'[' => block_end(bytes, start, b'[', b']')?,
            b'}' | b']' => return None,
            _ => {
                let ends = |byte: &u8| matches!(byte, b' ' | b'\n' | b'\r' | b'\t' | b',' | b'}' | b']');
                start + bytes[start..].iter().position(ends).unwrap_or(bytes.len() - start)
            }
        };
        let value = self.text.get(start..self.at)?;
        if self.skip_space() == Some(b',') {
            self.at += 1;
        }
        Some((key, value))
    }
}
