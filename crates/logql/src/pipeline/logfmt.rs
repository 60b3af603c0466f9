//! The stage `logfmt`, with or without a list of fields.
//!
//! The first of doubled keys stays. Without `--strict` malformed pairs are skipped; with it the first one
//! ends the line with an error. Empty values count with `--keep-empty` only; a listed field that the
//! line does not have gives an empty label.

use super::json::Wanted;
use super::json_scan::blank_replacements;
use super::logfmt_scan::Pairs;
use super::names::{NameId, Names};
use super::needed::Needed;
use super::row::{EXTRACTED, Fault, Row};
use super::sanitize::label_name;
use crate::syntax::ast::Extraction;

/// The stage, ready to run.
#[derive(Debug, Clone)]
pub struct Logfmt {
    strict: bool,
    keep_empty: bool,
    target: Target,
}

#[derive(Debug, Clone)]
enum Target {
    /// Every key that is needed.
    Keys(Wanted),
    /// The listed ones.
    Fields(Vec<Field>),
}

#[derive(Debug, Clone)]
struct Field {
    key: String,
    name: String,
    plain: NameId,
    extracted: NameId,
}

impl Logfmt {
    /// Prepares the stage.
    pub fn new(
        strict: bool,
        keep_empty: bool,
        extractions: &[Extraction],
        needed: &Needed,
        names: &mut Names,
    ) -> Result<Self, String> {
        if extractions.is_empty() {
            let target = Target::Keys(Wanted::new(needed, names));
            return Ok(Self { strict, keep_empty, target });
        }
        let mut fields = Vec::new();
        for extraction in extractions {
            let key = parse_key(&extraction.path)
                .map_err(|error| format!("cannot parse expression [{}]: {error}", extraction.path))?;
            let plain = names.intern(&extraction.label);
            let extracted = names.intern(&format!("{}{EXTRACTED}", extraction.label));
            if needed.wants(plain) || needed.wants(extracted) {
                fields.push(Field { key, name: extraction.label.clone(), plain, extracted });
            }
        }
        Ok(Self { strict, keep_empty, target: Target::Fields(fields) })
    }

    /// Sets the labels of a line.
    pub fn apply(&self, row: &mut Row<'_>, names: &mut Names) {
        let line = std::mem::take(&mut row.line);
        let mut mistake = None;
        for pair in Pairs::new(&line) {
            match pair {
                Ok((key, value)) => {
                    let text = value.text();
                    if text.is_empty() && !self.keep_empty {
                        continue;
                    }
                    self.each_label(key, row, names, |row, id| {
                        row.set_with(id, |out| {
                            let start = out.len();
                            out.push_str(text);
                            blank_replacements(out, start);
                        });
                    });
                }
                Err(error) if self.strict => {
                    mistake = Some(error);
                    break;
                }
                Err(_) => {}
            }
        }
        if let Some(error) = mistake {
            row.fail(Fault::Logfmt, || Some(error.to_string()));
        } else if let Target::Fields(fields) = &self.target {
            for field in fields {
                let id = if row.is_taken(&field.name) { field.extracted } else { field.plain };
                if !row.is_parsed(id) && row.get(field.plain, names).is_none() {
                    row.push_new(id, "");
                }
            }
        }
        row.line = line;
    }

    /// Calls `set` with each label that the value of a key goes to and that is not set yet.
    fn each_label<'a>(
        &self,
        key: &str,
        row: &mut Row<'a>,
        names: &mut Names,
        mut set: impl FnMut(&mut Row<'a>, NameId),
    ) {
        match &self.target {
            Target::Keys(wanted) => {
                if !wanted.may_want(key) {
                    return;
                }
                let is_clean = key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
                    && !key.starts_with(|c: char| c.is_ascii_digit());
                let sanitized;
                let name = if is_clean {
                    key
                } else {
                    sanitized = label_name(key);
                    sanitized.as_str()
                };
                if !name.is_empty()
                    && let Some(id) = wanted.label(name, row, names)
                {
                    set(row, id);
                }
            }
            Target::Fields(fields) => {
                for field in fields.iter().filter(|field| field.key == key) {
                    let id = if row.is_taken(&field.name) { field.extracted } else { field.plain };
                    if !row.is_parsed(id) {
                        set(row, id);
                    }
                }
            }
        }
    }
}

/// Reads a key as written in the query: a name, or anything in quotes.
pub fn parse_key(text: &str) -> Result<String, String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut width = c.len_utf8();
        if c == '"' {
            let tail = &rest[1..];
            let length = tail.find('"').unwrap_or(tail.len());
            keys.push(tail[..length].to_owned());
            width += length + usize::from(length < tail.len());
        } else if !matches!(c, ' ' | '\t' | '\n') {
            let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '/');
            if !is_part(c) {
                return Err(format!("unexpected char {c}"));
            }
            width = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            keys.push(rest[..width].to_owned());
        }
        rest = &rest[width..];
    }
    if keys.len() > 1 {
        return Err("syntax error: unexpected KEY".to_owned());
    }
    Ok(keys.pop().unwrap_or_default())
}
