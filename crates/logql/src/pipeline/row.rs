//! One entry on its way through the stages: its line, its labels in three categories, its error.
//!
//! A name resolves to the parsed value, else the one of structured metadata, else the stream's. Values
//! set by stages lie in one buffer that is used again for the next entry.

use std::borrow::Cow;
use std::sync::Arc;

use smallvec::SmallVec;

use super::names::{NameId, Names};
use crate::labels::LabelSet;

/// A pair of structured metadata.
pub type Pair = (Arc<str>, Arc<str>);

/// What may be wrong with an entry; the name is the value of `__error__`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// `json` or `unpack`
    Json,
    /// `logfmt`
    Logfmt,
    /// `unwrap`
    SampleExtraction,
    /// A label filter with a number, duration, size or address.
    LabelFilter,
    /// A template.
    TemplateFormat,
}

impl Fault {
    /// The value of `__error__`.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Json => "JSONParserErr",
            Self::Logfmt => "LogfmtParserErr",
            Self::SampleExtraction => "SampleExtractionErr",
            Self::LabelFilter => "LabelFilterErr",
            Self::TemplateFormat => "TemplateFormatErr",
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    name: NameId,
    start: u32,
    len: u32,
}

/// The suffix of a parsed name that the stream or the metadata have already.
pub const EXTRACTED: &str = "_extracted";

/// An entry between stages.
#[derive(Debug)]
pub struct Row<'a> {
    /// Time of the entry, in nanoseconds since the epoch.
    pub time_ns: i64,
    /// The line as the stages so far left it.
    pub line: Cow<'a, str>,
    stream: &'a LabelSet,
    metadata: &'a [Pair],
    parsed: SmallVec<[Slot; 16]>,
    values: String,
    hidden: SmallVec<[NameId; 4]>,
    error: Option<Cow<'static, str>>,
    details: Option<String>,
}

impl<'a> Row<'a> {
    /// A row for no entry yet; [`Row::reset`] gives it one.
    pub fn new(stream: &'a LabelSet) -> Self {
        Self {
            time_ns: 0,
            line: Cow::Borrowed(""),
            stream,
            metadata: &[],
            parsed: SmallVec::new(),
            values: String::new(),
            hidden: SmallVec::new(),
            error: None,
            details: None,
        }
    }

    /// Takes the next entry and forgets the last one.
    pub fn reset(&mut self, stream: &'a LabelSet, metadata: &'a [Pair], time_ns: i64, line: &'a str) {
        self.time_ns = time_ns;
        self.line = Cow::Borrowed(line);
        self.stream = stream;
        self.metadata = metadata;
        self.parsed.clear();
        self.values.clear();
        self.hidden.clear();
        self.error = None;
        self.details = None;
    }

    /// The value of a label; `None` when absent. Empty values count as present.
    pub fn get<'s>(&'s self, id: NameId, names: &'s Names) -> Option<&'s str> {
        match id {
            NameId::ERROR => return self.error.as_deref(),
            NameId::ERROR_DETAILS => return self.details.as_deref(),
            _ => {}
        }
        if let Some(value) = self.parsed_value(id) {
            return Some(value);
        }
        if self.hidden.contains(&id) {
            return None;
        }
        self.sent_value(names.text(id))
    }

    /// As [`Row::get`], by text.
    pub fn get_text<'s>(&'s self, name: &str, names: &'s Names) -> Option<&'s str> {
        match name {
            "__error__" => return self.error.as_deref(),
            "__error_details__" => return self.details.as_deref(),
            _ => {}
        }
        for slot in &self.parsed {
            if &**names.text(slot.name) == name {
                return Some(self.slot_text(*slot));
            }
        }
        if self.hidden.iter().any(|id| &**names.text(*id) == name) {
            return None;
        }
        self.sent_value(name)
    }

    fn slot_text(&self, slot: Slot) -> &str {
        &self.values[slot.start as usize..(slot.start + slot.len) as usize]
    }

    fn parsed_value(&self, id: NameId) -> Option<&str> {
        self.parsed.iter().find(|slot| slot.name == id).map(|slot| self.slot_text(*slot))
    }

    /// The value in metadata or stream, whatever the stages did. Metadata that has the name of a stream
    /// label is found under `<name>_extracted`.
    fn sent_value(&self, name: &str) -> Option<&str> {
        for (key, value) in self.metadata {
            if &**key == name {
                if self.stream.get(name).is_some() {
                    break;
                }
                return Some(value);
            }
            if let Some(stem) = name.strip_suffix(EXTRACTED)
                && &**key == stem
                && self.stream.get(stem).is_some()
            {
                return Some(value);
            }
        }
        self.stream.get(name)
    }

    /// Whether the stream or the metadata have the name, so that a parser must not take it.
    pub fn is_taken(&self, name: &str) -> bool {
        self.stream.get(name).is_some() || self.metadata.iter().any(|(key, _)| &**key == name)
    }

    /// Whether a parser has set the label already; the first value stays.
    pub fn is_parsed(&self, id: NameId) -> bool {
        self.parsed.iter().any(|slot| slot.name == id)
    }

    /// Sets a parsed label.
    pub fn set(&mut self, id: NameId, value: &str) {
        self.set_with(id, |out| out.push_str(value));
    }

    /// Sets a parsed label to what `write` appends.
    pub fn set_with(&mut self, id: NameId, write: impl FnOnce(&mut String)) {
        let start = self.values.len();
        write(&mut self.values);
        match id {
            NameId::ERROR => self.error = Some(Cow::Owned(self.values.split_off(start))),
            NameId::ERROR_DETAILS => self.details = Some(self.values.split_off(start)),
            _ => {
                let len = (self.values.len() - start) as u32;
                let slot = Slot { name: id, start: start as u32, len };
                match self.parsed.iter_mut().find(|old| old.name == id) {
                    Some(old) => *old = slot,
                    None => self.parsed.push(slot),
                }
            }
        }
    }

    /// Appends a parsed label that is known not to be there yet.
    pub fn push_new(&mut self, id: NameId, value: &str) {
        let start = self.values.len() as u32;
        self.values.push_str(value);
        self.parsed.push(Slot { name: id, start, len: value.len() as u32 });
    }

    /// Number of parsed labels, for [`Row::truncate_parsed`].
    pub fn parsed_len(&self) -> usize {
        self.parsed.len()
    }

    /// Takes back parsed labels set since there were `len`.
    pub fn truncate_parsed(&mut self, len: usize) {
        self.parsed.truncate(len);
    }

    /// Removes a label in every category.
    pub fn remove(&mut self, id: NameId) {
        match id {
            NameId::ERROR => self.error = None,
            NameId::ERROR_DETAILS => self.details = None,
            _ => {
                self.parsed.retain(|slot| slot.name != id);
                if !self.hidden.contains(&id) {
                    self.hidden.push(id);
                }
            }
        }
    }

    /// Whether an error has been noted.
    pub fn has_error(&self) -> bool {
        self.error.is_some()
    }

    /// The value of `__error__`.
    pub fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// Notes an error; the first one stays.
    pub fn fail(&mut self, fault: Fault, details: impl FnOnce() -> Option<String>) {
        if self.error.is_none() {
            self.error = Some(Cow::Borrowed(fault.text()));
            self.details = details();
        }
    }

    /// Calls `visit` for each label with its category, in no particular order, errors included.
    pub fn each_label<'s>(
        &'s self,
        names: &'s Names,
        mut visit: impl FnMut(Category, Cow<'s, str>, &'s str),
    ) {
        let is_over = |name: &str| {
            self.hidden.iter().any(|id| &**names.text(*id) == name)
                || self.parsed.iter().any(|slot| &**names.text(slot.name) == name)
        };
        for (name, value) in self.stream.iter() {
            if !is_over(name) {
                visit(Category::Stream, Cow::Borrowed(name), value);
            }
        }
        for (name, value) in self.metadata {
            let name: Cow<'_, str> = if self.stream.get(name).is_some() {
                Cow::Owned(format!("{name}{EXTRACTED}"))
            } else {
                Cow::Borrowed(name)
            };
            if !is_over(&name) {
                visit(Category::Metadata, name, value);
            }
        }
        for slot in &self.parsed {
            visit(Category::Parsed, Cow::Borrowed(&**names.text(slot.name)), self.slot_text(*slot));
        }
        if let Some(error) = &self.error {
            visit(Category::Parsed, Cow::Borrowed("__error__"), error);
        }
        if let Some(details) = &self.details {
            visit(Category::Parsed, Cow::Borrowed("__error_details__"), details);
        }
    }

    /// The labels that stages set, in the order in which they did.
    pub fn each_parsed(&self, mut visit: impl FnMut(NameId, &str)) {
        for slot in &self.parsed {
            visit(slot.name, self.slot_text(*slot));
        }
    }

    /// The stream of the entry.
    pub fn stream(&self) -> &'a LabelSet {
        self.stream
    }

    /// The metadata of the entry.
    pub fn metadata(&self) -> &'a [Pair] {
        self.metadata
    }

    /// Whether no stage set or removed a label and there is no error.
    pub fn is_untouched(&self) -> bool {
        self.parsed.is_empty() && self.hidden.is_empty() && self.error.is_none()
    }
}

/// Where a label comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// The stream.
    Stream,
    /// Structured metadata.
    Metadata,
    /// A stage of the query.
    Parsed,
}
